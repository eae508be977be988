//! One advisory file's text to a checked [`Advisory`], or the reason why not.
//!
//! The crate `rustsec` reads the file, so that a file means here what it means to `cargo audit`. It is
//! written for files that its own linter has passed and can panic on others; such a panic is caught,
//! kept off the terminal, and becomes a reason like any other.
//!
//! A profile of the program with `panic = "abort"` would turn these reasons into crashes.

mod front_matter;

pub use front_matter::{MAX_DEPTH, MAX_FRONT_MATTER, MAX_REQUIREMENTS};

use crate::advisory::{Advisory, Kind, MAX_LIST, Range, Registry, Severity};
use rustsec::SourceId;
use rustsec::advisory::{Category, Informational, Metadata};
use semver::VersionReq;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// Bytes of one file. The longest real one has 10,000.
pub const MAX_FILE: usize = 256 * 1024;
/// Bytes of one requirement, printed.
pub const MAX_REQUIREMENT: usize = 256;

/// What a sound file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    Advisory(Box<Advisory>),
    /// Taken back by RustSec: it must never match.
    Withdrawn,
}

/// Reads one file. `package` and `id` are what its path says, and the file has to agree.
///
/// # Errors
/// One line saying what is wrong with the file. It may quote the file, so it is foreign text.
pub fn parse(bytes: &[u8], package: &str, id: &str) -> Result<Parsed, String> {
    if bytes.len() > MAX_FILE {
        return Err(too_long());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    front_matter::check(text)?;
    quietly(|| read(text, package, id)).map_err(|reason| one_line(&reason))
}

pub(super) fn too_long() -> String {
    format!("it is longer than {} KiB", MAX_FILE / 1024)
}

fn read(text: &str, package: &str, id: &str) -> Result<Parsed, String> {
    let record: rustsec::Advisory = text
        .parse()
        .map_err(|error: rustsec::Error| error.to_string())?;
    let meta = &record.metadata;
    if meta.id.as_str() != id {
        return Err(format!("its id is `{}`", meta.id));
    }
    if meta.package.as_str() != package {
        return Err(format!("its package is `{}`", meta.package));
    }
    if !matches!(meta.collection, None | Some(rustsec::Collection::Crates)) {
        return Err("it does not belong to the collection `crates`".to_owned());
    }
    if meta.withdrawn.is_some() {
        return Ok(Parsed::Withdrawn);
    }

    let versions = &record.versions;
    front_matter::check_count(versions.patched().len() + versions.unaffected().len())?;
    let patched = requirements(versions.patched())?;
    let unaffected = requirements(versions.unaffected())?;
    let ranges = rustsec::osv::ranges_for_advisory(versions)
        .into_iter()
        .map(|range| Range {
            introduced: range.introduced,
            fixed: range.fixed,
        })
        .collect();

    let affected = record.affected.clone().unwrap_or_default();
    let advisory = Advisory {
        id: id.to_owned(),
        package: package.to_owned(),
        kind: kind(meta),
        title: meta.title.clone(),
        description: meta.description.clone(),
        date: format!(
            "{:04}-{:02}-{:02}",
            meta.date.year(),
            meta.date.month(),
            meta.date.day()
        ),
        url: meta.url.as_ref().map(ToString::to_string),
        references: meta.references.iter().map(ToString::to_string).collect(),
        aliases: meta.aliases.iter().map(ToString::to_string).collect(),
        related: meta.related.iter().map(ToString::to_string).collect(),
        cvss: meta.cvss.as_ref().map(ToString::to_string),
        severity: record.severity().map(severity),
        patched,
        unaffected,
        affected_os: affected
            .os
            .iter()
            .map(|os| os.as_str().to_owned())
            .collect(),
        affected_arch: affected
            .arch
            .iter()
            .map(|arch| arch.as_str().to_owned())
            .collect(),
        affected_functions: affected
            .functions
            .iter()
            .map(|(path, versions)| function(path, versions))
            .collect(),
        registry: registry(meta.source.as_ref()),
        ranges,
    };
    if advisory.lists().iter().any(|list| list.len() > MAX_LIST) {
        return Err(format!("one of its lists is over the limit of {MAX_LIST}"));
    }
    Ok(Parsed::Advisory(Box::new(advisory)))
}

/// The kind of an advisory. Malicious code stays malicious, whatever else the advisory calls it, and
/// an `informational` word that nobody knows yet is a notice, so that it can be seen at all.
fn kind(meta: &Metadata) -> Kind {
    let malicious = meta.categories.contains(&Category::Malicious)
        || meta
            .aliases
            .iter()
            .any(|id| id.as_str().starts_with("MAL-"));
    match &meta.informational {
        _ if malicious => Kind::Malicious,
        None => Kind::Vulnerability,
        Some(Informational::Unsound) => Kind::Unsound,
        Some(Informational::Unmaintained) => Kind::Unmaintained,
        Some(_) => Kind::Notice,
    }
}

fn severity(severity: rustsec::advisory::Severity) -> Severity {
    use rustsec::advisory::Severity as Cvss;
    match severity {
        Cvss::Critical => Severity::Critical,
        Cvss::High => Severity::High,
        Cvss::Medium => Severity::Medium,
        Cvss::Low => Severity::Low,
        Cvss::None => Severity::None,
    }
}

/// The requirements as the crate `semver` prints them. A number that cannot be counted up would wrap
/// round where `rustsec` looks for the next version.
fn requirements(requirements: &[VersionReq]) -> Result<Vec<String>, String> {
    requirements
        .iter()
        .map(|requirement| {
            let too_big = requirement.comparators.iter().any(|comparator| {
                [Some(comparator.major), comparator.minor, comparator.patch]
                    .contains(&Some(u64::MAX))
            });
            let text = requirement.to_string();
            if text.len() > MAX_REQUIREMENT {
                return Err(format!(
                    "it has a version requirement over {MAX_REQUIREMENT} bytes"
                ));
            }
            if too_big {
                return Err(format!("`{text}` has a number that is too big"));
            }
            Ok(text)
        })
        .collect()
}

fn function(path: &rustsec::advisory::affected::FunctionPath, versions: &[VersionReq]) -> String {
    let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
    format!("{path} ({})", versions.join(" || "))
}

/// RustSec takes a missing source for crates.io. The sparse address of crates.io is the same registry,
/// though `rustsec` would tell the two apart.
fn registry(source: Option<&SourceId>) -> Registry {
    match source {
        Some(source) if !source.is_default_registry() => Registry::Other(source.to_string()),
        _ => Registry::CratesIo,
    }
}

/// Runs `read`; a panic in it becomes an error and leaves no trace on stderr.
fn quietly<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    // The hook belongs to the whole process: ours steps aside for every other panic.
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.with(Cell::get) {
                others(info);
            }
        }));
    });

    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    QUIET.set(before);
    result.unwrap_or_else(|_| Err("the crate `rustsec` cannot read it".to_owned()))
}

/// The first 200 characters, on one line.
pub(super) fn one_line(reason: &str) -> String {
    let words: Vec<_> = reason.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(front_matter: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"bar\"\ndate = \"2024-01-02\"\n\
             {front_matter}\n```\n\n# Title\n\nText.\n"
        )
    }

    pub(super) fn parsed(front_matter: &str) -> Result<Advisory, String> {
        match parse(file(front_matter).as_bytes(), "bar", "RUSTSEC-2024-0001")? {
            Parsed::Advisory(advisory) => Ok(*advisory),
            Parsed::Withdrawn => Err("withdrawn".to_owned()),
        }
    }

    #[test]
    fn kinds() {
        let versions = "\n[versions]\npatched = []";
        for (fields, expected) in [
            ("", Kind::Vulnerability),
            ("informational = \"unsound\"", Kind::Unsound),
            ("informational = \"unmaintained\"", Kind::Unmaintained),
            ("informational = \"notice\"", Kind::Notice),
            ("informational = \"a word of next year\"", Kind::Notice),
            ("categories = [\"malicious\"]", Kind::Malicious),
            (
                "categories = [\"malicious\"]\ninformational = \"notice\"",
                Kind::Malicious,
            ),
            ("aliases = [\"MAL-2024-1\"]", Kind::Malicious),
        ] {
            let advisory = parsed(&format!("{fields}{versions}")).unwrap();
            assert_eq!(advisory.kind, expected, "{fields}");
        }
    }

    #[test]
    fn fields_are_taken_over() {
        let advisory = parsed(
            "url = \"https://example.com/a\"\naliases = [\"CVE-2024-1\"]\n\
             cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n\
             [affected]\nos = [\"windows\"]\narch = [\"x86_64\"]\n\
             functions = { \"bar::baz\" = [\"< 1\", \">= 2\"] }\n\
             [versions]\npatched = [\">= 1.2.3\"]\nunaffected = [\"<1\"]",
        )
        .unwrap();
        assert_eq!(advisory.title, "Title");
        assert_eq!(advisory.description, "Text.");
        assert_eq!(advisory.date, "2024-01-02");
        assert_eq!(advisory.severity, Some(Severity::Critical));
        assert_eq!(advisory.patched, [">=1.2.3"]);
        assert_eq!(advisory.unaffected, ["<1"]);
        assert_eq!(advisory.affected_os, ["windows"]);
        assert_eq!(advisory.affected_arch, ["x86_64"]);
        assert_eq!(advisory.affected_functions, ["bar::baz (<1 || >=2)"]);
        assert_eq!(advisory.registry, Registry::CratesIo);
        assert!(advisory.affects(&"1.0.0".parse().unwrap()));
        assert!(!advisory.affects(&"1.2.3".parse().unwrap()));
    }

    #[test]
    fn sources() {
        let source = |source: &str| {
            parsed(&format!("source = \"{source}\"\n[versions]\npatched = []"))
                .unwrap()
                .registry
        };
        assert_eq!(source(&SourceId::default().to_string()), Registry::CratesIo);
        assert_eq!(
            source("sparse+https://registry.example"),
            Registry::Other("sparse+https://registry.example/".to_owned())
        );
    }

    #[test]
    fn bad_files_have_a_reason() {
        let many: String = (0..65).map(|n| format!("\"={n}\",")).collect();
        let very_many: String = (0..5_000).map(|n| format!("\"={n}\",")).collect();
        let long = "0".repeat(300);
        for (front_matter, expected) in [
            ("[versions", "TOML parse error"),
            ("withdrawn = 7\n[versions]\npatched = []", "withdrawn"),
            ("cvss = \"CVSS:9.9/AV:N\"\n[versions]\npatched = []", "CVSS"),
            // It panics: both requirements start at 1.0.0, yet do not overlap.
            (
                "[versions]\npatched = [\"=1.0.0\", \">1.0.0\"]",
                "the crate `rustsec` cannot read it",
            ),
            ("[versions]\npatched = [\"<2\", \">1\"]", "Overlapping"),
            (
                &format!("[versions]\npatched = [\">=1.0.{}\"]", u64::MAX),
                "a number that is too big",
            ),
            // Counting it up panics or wraps round, depending on how this was built.
            (
                &format!("[versions]\npatched = [\">1.0.{}\"]", u64::MAX),
                "",
            ),
            (
                &format!("[versions]\npatched = [{many}]"),
                "65 version requirements",
            ),
            (
                &format!("[versions]\npatched = [{very_many}]"),
                "5000 version requirements",
            ),
            (&"\n".repeat(MAX_FRONT_MATTER), "longer than 64 KiB"),
            (
                &format!("[versions]\npatched = [\">1.0.0-a{long}\"]"),
                "over 256 bytes",
            ),
        ] {
            let reason = parsed(front_matter).unwrap_err();
            assert!(reason.contains(expected), "{reason} instead of {expected}");
            assert!(reason.len() <= 800 && !reason.contains('\n'), "{reason}");
        }
        for (bytes, expected) in [
            ("".as_bytes(), "does not start"),
            // 20 bytes end within a character, where `rustsec` would cut.
            ("äääääääääää and some more".as_bytes(), "does not start"),
            (b"```toml\n[advisory]", "does not end"),
            (b"```toml\n\xff\n```\n# T\n", "not UTF-8"),
            (&vec![b' '; MAX_FILE + 1], "longer than 256 KiB"),
        ] {
            let reason = parse(bytes, "bar", "RUSTSEC-2024-0001").unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }

    /// The longest requirement that is taken, and the most of them; and one more of each.
    #[test]
    fn requirements_are_limited_to_the_byte() {
        let of = |bytes: usize| format!(">=1.0.0-{}", "a".repeat(bytes - ">=1.0.0-".len()));
        let versions = |list: &[String]| parsed(&format!("[versions]\npatched = {list:?}"));
        assert!(versions(&[of(MAX_REQUIREMENT)]).is_ok());
        let reason = versions(&[of(MAX_REQUIREMENT + 1)]).unwrap_err();
        assert_eq!(reason, "it has a version requirement over 256 bytes");

        let many = |count: usize| (0..count).map(|n| format!("=1.0.{n}")).collect::<Vec<_>>();
        assert_eq!(versions(&many(64)).unwrap().patched.len(), 64);
        let reason = versions(&many(65)).unwrap_err();
        assert_eq!(
            reason,
            "it has 65 version requirements, over the limit of 64"
        );
        // Together they are limited, not each list.
        let unaffected: Vec<_> = (0..32).map(|n| format!("=2.0.{n}")).collect();
        let patched = many(33);
        let reason = parsed(&format!(
            "[versions]\npatched = {patched:?}\nunaffected = {unaffected:?}"
        ));
        assert!(reason.unwrap_err().contains("65 version requirements"));
    }

    #[test]
    fn lists_are_limited() {
        let references = |count: usize| {
            let list = "\"a:b\",".repeat(count);
            parsed(&format!("references = [{list}]\n[versions]\npatched = []"))
        };
        assert_eq!(references(MAX_LIST).unwrap().references.len(), MAX_LIST);
        let reason = references(MAX_LIST + 1).unwrap_err();
        assert_eq!(reason, "one of its lists is over the limit of 4096");
    }

    #[test]
    fn a_file_agrees_with_its_path() {
        let text = file("[versions]\npatched = []");
        let reason = |package, id| parse(text.as_bytes(), package, id).unwrap_err();
        assert!(reason("foo", "RUSTSEC-2024-0001").contains("its package is `bar`"));
        assert!(reason("bar", "RUSTSEC-2024-0002").contains("its id is `RUSTSEC-2024-0001`"));
    }

    #[test]
    fn withdrawn() {
        let text = file("withdrawn = \"2024-02-03\"\n[versions]\npatched = []");
        assert_eq!(
            parse(text.as_bytes(), "bar", "RUSTSEC-2024-0001"),
            Ok(Parsed::Withdrawn)
        );
    }
}
