//! Lockfiles as cargo writes them, read line by line.
//!
//! A TOML parser takes several times as long, and of many lockfiles most of the time. Cargo writes but few of the things
//! that TOML knows. Whatever is not plainly one of those is left to the parser, also what is wrong: this reads a text as the
//! parser would, or not at all.

use std::borrow::Cow;
use std::str::Lines;

use super::{Locked, Lockfile, Text};

/// What `text` says. None where the parser has to be asked.
pub(super) fn read(text: &str) -> Option<Lockfile<'_>> {
    let mut lines = text.lines();
    let mut lockfile = Lockfile {
        version: None,
        package: Vec::new(),
        root: None,
    };
    // Before the first package.
    loop {
        match lines.next() {
            None => return Some(lockfile),
            Some("") => {}
            Some("[[package]]") => break,
            Some(line) if line.starts_with('#') => line.bytes().all(is_plain).then_some(())?,
            Some(line) => set(
                &mut lockfile.version,
                number(line.strip_prefix("version = ")?)?,
            )?,
        }
    }
    loop {
        let (package, last) = package(&mut lines)?;
        lockfile.package.push(package);
        if last {
            return Some(lockfile);
        }
    }
}

/// Reads what stands below `[[package]]`, up to the next one, and whether there is none.
fn package<'t>(lines: &mut Lines<'t>) -> Option<(Locked<'t>, bool)> {
    let (mut name, mut version, mut source, mut checksum) = (None, None, None, None);
    let mut dependencies = None;
    let last = loop {
        let (key, value) = match lines.next() {
            None => break true,
            Some("[[package]]") => break false,
            Some("") => continue,
            Some(line) => {
                let (key, value) = line.split_once(' ')?;
                (key, value.strip_prefix("= ")?)
            }
        };
        match key {
            "name" => set(&mut name, string(value)?)?,
            "version" => set(&mut version, string(value)?)?,
            "source" => set(&mut source, string(value)?)?,
            "checksum" => set(&mut checksum, string(value)?)?,
            "dependencies" if value == "[" => set(&mut dependencies, list(lines)?)?,
            _ => return None,
        }
    };
    let package = Locked {
        name: name?.to_owned(),
        version: text(version?),
        source: source.map(text),
        dependencies: dependencies.unwrap_or_default(),
    };
    Some((package, last))
}

/// Reads the rest of an array with a string on each line.
fn list<'t>(lines: &mut Lines<'t>) -> Option<Vec<Text<'t>>> {
    let mut list = Vec::new();
    loop {
        match lines.next()? {
            "]" => return Some(list),
            line => list.push(text(string(line.strip_prefix(' ')?.strip_suffix(',')?)?)),
        }
    }
}

/// What a quoted string says. None for one with escapes.
fn string(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    let means_itself = |byte| is_plain(byte) && byte != b'"' && byte != b'\\';
    inner.bytes().all(means_itself).then_some(inner)
}

fn text(string: &str) -> Text<'_> {
    Text(Cow::Borrowed(string))
}

/// A small number without a sign.
fn number(value: &str) -> Option<i64> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let small = !value.starts_with('0') && value.len() < 5;
    (digits && small).then(|| value.parse().ok())?
}

/// Whether this is a character that may stand anywhere.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

/// Sets what may be set but once.
fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lockfile of this repository, which cargo wrote.
    const OURS: &str = include_str!("../../../Cargo.lock");

    fn parsed(text: &str) -> Result<Lockfile<'_>, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn what_cargo_writes_is_read_without_the_parser() {
        let read = read(OURS).unwrap();
        assert!(read.package.len() > 300);
        assert_eq!(read, parsed(OURS).unwrap());
        let on_windows = OURS.replace('\n', "\r\n");
        assert_eq!(super::read(&on_windows).unwrap(), read);
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        let plain = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n]\n";
        assert!(read(plain).is_some());
        for (part, other) in [
            ("version = 4", "version = 04"),
            ("version = 4", "version = 4\nversion = 4"),
            ("version = 4", "version = +4"),
            ("version = 4", "version = "),
            ("version = 4", "version = 99999999999999999999"),
            ("version = 4", "\u{feff}version = 4"),
            ("version = 4", "# \u{7}\nversion = 4"),
            ("version = 4", "[root]"),
            ("[[package]]", "[[package]] # one"),
            ("\"a\"", "'a'"),
            ("\"a\"", "\"\"\"a\"\"\""),
            ("\"a\"", "\"a\\u0062\""),
            ("\"a\"", "\"\u{fc}\""),
            ("\"a\"", "\"a\tb\""),
            ("\"a\"", "\""),
            ("\"a\"", "\"a\" # one"),
            ("name = \"a\"\n", ""),
            ("name = \"a\"\n", "name = \"a\"\nname = \"a\"\n"),
            ("name = \"a\"\n", "name = \"a\"\nlicense = \"a\"\n"),
            (" \"b\",\n", " \"b\"\n"),
            (" \"b\",\n", " \"b\", \"c\",\n"),
            ("]\n", ""),
            ("]\n", "]\n\n[metadata]\n"),
        ] {
            let text = plain.replacen(part, other, 1);
            assert_ne!(text, plain);
            assert_eq!(read(&text), None, "{text}");
        }
    }

    /// Lines that a lockfile may have, and some that are nearly so.
    fn line() -> impl Strategy<Value = String> {
        let sound = [
            "",
            "# made by hand",
            "version = 4",
            "[[package]]",
            "name = \"a\"",
            "version = \"1.0.0\"",
            "source = \"sparse+https://r.example/\"",
            "checksum = \"00\"",
            "dependencies = [",
            " \"b 1.0.0\",",
            "]",
        ];
        prop_oneof![
            8 => prop::sample::select(sound.to_vec()).prop_map(str::to_owned),
            1 => "[a-z]{0,2}[ =\"#'\\[\\],\\\\\t\u{1}\u{e9}]{0,4}[a-z0-9]{0,2}[\"\\],]{0,2}",
            1 => "(name|version|source|dependencies|x) = [\"'\\[]?[a-z0-9 \\\\\"]{0,3}[\"'\\]]?,?",
        ]
    }

    /// A package with its lines in any order, some of which are missing.
    fn block() -> impl Strategy<Value = Vec<String>> {
        let lines = [
            "name = \"a\"",
            "version = \"1.0.0\"",
            "source = \"s\"",
            "dependencies = [\n \"b\",\n \"c 1.0.0\",\n]",
        ];
        prop::sample::subsequence(lines.to_vec(), 2..=4)
            .prop_shuffle()
            .prop_map(|lines| {
                let head = std::iter::once("[[package]]");
                head.chain(lines).map(str::to_owned).collect()
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn what_is_read_is_what_the_parser_reads(
            blocks in prop::collection::vec(
                prop_oneof![4 => block(), 1 => prop::collection::vec(line(), 0..6)], 0..5),
            newline in prop::sample::select(vec!["\n", "\r\n", "\r"]),
            extra in line(),
            place in 0..30_usize,
        ) {
            let mut lines: Vec<String> = blocks.concat();
            if place < lines.len() {
                lines.insert(place, extra);
            }
            let text = lines.join(newline);
            if let Some(read) = read(&text) {
                prop_assert_eq!(Ok(read), parsed(&text));
            }
        }

        #[test]
        fn a_lockfile_that_something_happened_to_is_read_as_the_parser_does(
            start in 0..60_000_usize,
            cut in 0..40_usize,
            put in "[ -~\n\r\t\u{0}\u{7f}\u{85}\u{2028}]{0,4}",
        ) {
            let part: String = OURS.chars().skip(start).take(3000).collect();
            let at = part.len() / 2;
            let text = format!("version = 4\n\n[[package]]\n{}{put}{}", &part[..at], &part[at + cut..]);
            if let Some(read) = read(&text) {
                prop_assert_eq!(Ok(read), parsed(&text));
            }
        }
    }
}
