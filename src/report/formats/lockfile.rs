//! Where a Cargo.lock lies, and on which line of it each package is.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::uri;

/// A Cargo.lock as formats point at it.
#[derive(Debug)]
pub struct Lockfile {
    path: String,
    below_root: bool,
    /// By name, version and source.
    lines: HashMap<(String, String, Option<String>), usize>,
}

impl Lockfile {
    /// The lockfile at `path`, which holds `text`. `root` is the folder that tools take names of files to start from. A
    /// text that is no lockfile has no lines: a finding is worth telling without.
    pub fn new(path: &Path, root: &Path, text: &str) -> Lockfile {
        let below = path.strip_prefix(root).ok();
        let path = match below {
            Some(below) => {
                let names = below.components().map(|name| name.as_os_str());
                let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
                names.join("/")
            }
            None => path.display().to_string(),
        };
        Lockfile {
            path,
            below_root: below.is_some(),
            lines: lines(text),
        }
    }

    /// As people and workflow commands name it: from the root on, with `/`; whole where it lies elsewhere.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether its path starts at the root.
    pub fn is_below_root(&self) -> bool {
        self.below_root
    }

    /// Its path as a relative reference, or as a URL where it does not lie below the root.
    pub fn uri(&self) -> String {
        if !self.below_root
            && let Ok(url) = Url::from_file_path(&self.path)
        {
            return url.into();
        }
        uri::of_path(&self.path)
    }

    /// The line of a package's name, from 1 on; the first one where it is not known.
    pub fn line(&self, name: &str, version: &str, source: Option<&str>) -> usize {
        let key = (
            name.to_owned(),
            version.to_owned(),
            source.map(str::to_owned),
        );
        self.lines.get(&key).copied().unwrap_or(1)
    }
}

fn lines(text: &str) -> HashMap<(String, String, Option<String>), usize> {
    #[derive(Deserialize)]
    struct Lock {
        #[serde(default)]
        package: Vec<Locked>,
        root: Option<Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        name: Spanned<String>,
        version: String,
        source: Option<String>,
    }
    let Ok(lock) = toml::from_str::<Lock>(text) else {
        return HashMap::new();
    };
    let (mut counted_to, mut line) = (0, 1);
    let mut packages: Vec<Locked> = lock.package.into_iter().chain(lock.root).collect();
    packages.sort_by_key(|locked| locked.name.span().start);
    packages
        .into_iter()
        .map(|locked| {
            let start = locked.name.span().start;
            let between = text.as_bytes().get(counted_to..start).unwrap_or_default();
            line += between.iter().filter(|byte| **byte == b'\n').count();
            counted_to = start;
            (
                (locked.name.into_inner(), locked.version, locked.source),
                line,
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_on_the_line_of_its_name() {
        let text = "# comment\nversion = 4\n\n\
            [[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n\
            [[package]]\nversion = \"1.0.0\"\nsource = \"registry+https://r.example/\"\nname = \"a\"\n\n\
            [[package]]\nname = \"a\"\nversion = \"2.0.0\"\n\n\
            [root]\nname = \"b\"\nversion = \"1.0.0\"\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let lockfile = Lockfile::new(Path::new("/w/Cargo.lock"), Path::new("/w"), &text);
            assert_eq!(lockfile.line("a", "1.0.0", None), 5);
            let source = Some("registry+https://r.example/");
            assert_eq!(lockfile.line("a", "1.0.0", source), 11);
            assert_eq!(lockfile.line("a", "2.0.0", None), 14);
            assert_eq!(lockfile.line("b", "1.0.0", None), 18);
            assert_eq!(lockfile.line("c", "1.0.0", None), 1);
        }
    }

    #[test]
    fn a_text_that_is_no_lockfile_has_no_lines() {
        let lockfile = Lockfile::new(Path::new("/w/Cargo.lock"), Path::new("/w"), "[[package");
        assert_eq!(lockfile.line("a", "1.0.0", None), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_starts_at_the_root_and_is_encoded() {
        for (path, root, expected, uri) in [
            ("/w/Cargo.lock", "/w", "Cargo.lock", "Cargo.lock"),
            (
                "/w/a b/ü%:,.lock",
                "/w/",
                "a b/ü%:,.lock",
                "a%20b/%C3%BC%25%3A%2C.lock",
            ),
            (
                "/w/sub/Cargo.lock",
                "/",
                "w/sub/Cargo.lock",
                "w/sub/Cargo.lock",
            ),
            (
                "/w/Cargo.lock",
                "/other",
                "/w/Cargo.lock",
                "file:///w/Cargo.lock",
            ),
        ] {
            let lockfile = Lockfile::new(Path::new(path), Path::new(root), "");
            assert_eq!(lockfile.path(), expected);
            assert_eq!(lockfile.uri(), uri);
            assert_eq!(lockfile.is_below_root(), root != "/other");
        }
    }
}
