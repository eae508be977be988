//! What a registry answers, read and judged. All of it is foreign.
//!
//! # Form
//!
//! The file about a package in cargo's sparse index: a line for each version, each an object of JSON. Whether a version is
//! yanked is told by the field `yanked`, which the description of the format does not let a line go without. Cargo takes a
//! line that has none for "not yanked". Here that would be an answer that nobody has given, so it is none.
//!
//! # Doubt
//!
//! A file counts only if each of its lines is understood and is about the package that was asked for, so that neither a page
//! of a proxy nor half a file can say "not yanked". A version that several lines are about is yanked if one of them says so.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use semver::Version;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::yank::Said;

/// A version and whether it is yanked.
pub type Release = (Version, bool);

/// Bytes of a line. Crates with a feature for each of their modules have 200,000.
const MOST_LINE: usize = 1024 * 1024;

/// What a line has to have. The rest is passed over, as a format that grows needs it.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    vers: Cow<'a, str>,
    yanked: bool,
    /// Of these, that they are there: a line without one of them is not that of a version that anybody could build with.
    #[serde(rename = "deps")]
    _deps: IgnoredAny,
    #[serde(rename = "features")]
    _features: IgnoredAny,
    #[serde(rename = "cksum")]
    _cksum: IgnoredAny,
}

/// What a registry says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    /// Where its packages are: no page of a proxy has that.
    #[serde(rename = "dl")]
    pub(super) downloads: String,
    #[serde(rename = "auth-required", default)]
    pub(super) auth_required: bool,
}

impl Config {
    /// Reads the file `config.json`.
    pub(super) fn read(body: &[u8]) -> Option<Config> {
        object(std::str::from_utf8(body).ok()?).ok()
    }
}

/// The versions that the registry's file about the package `name` has, in its order.
///
/// # Errors
///
/// If there is none, and if one line at least is not understood or is about another package.
pub fn releases(body: &[u8], name: &str) -> anyhow::Result<Vec<Release>> {
    const NONE: &str = "its answer is no part of an index";
    let body = std::str::from_utf8(body).context(NONE)?;
    let mut releases = Vec::new();
    for line in body.trim_matches(is_blank).split('\n') {
        if line.len() > MOST_LINE {
            bail!(
                "a line of its answer is longer than {} KiB",
                MOST_LINE / 1024
            );
        }
        let line: Line<'_> = object(line).context(NONE)?;
        if line.name != name {
            bail!("it answers about `{}`, not `{name}`", line.name);
        }
        let version = Version::parse(&line.vers)
            .with_context(|| format!("its answer has the version `{}`", line.vers))?;
        releases.push((version, line.yanked));
    }
    Ok(releases)
}

/// What the `releases` of a registry mean for a package of which these versions are `locked`.
pub fn said(releases: &[Release], locked: &BTreeSet<Version>, now: Timestamp) -> Said {
    let there: BTreeSet<&Version> = releases.iter().map(|(version, _)| version).collect();
    let yanked: BTreeSet<&Version> = releases
        .iter()
        .filter(|(_, yanked)| *yanked)
        .map(|(version, _)| version)
        .collect();
    let gone = locked.iter().filter(|version| !there.contains(version));
    Said {
        asked: now,
        yanked: yanked.into_iter().cloned().collect(),
        vanished: gone.cloned().collect(),
    }
}

/// An object of JSON. An array with the same values in the order of our fields would do for `serde`.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> anyhow::Result<T> {
    if !text.trim_start_matches(is_blank).starts_with('{') {
        bail!("it is not an object");
    }
    Ok(serde_json::from_str(text)?)
}

/// What may stand between values of JSON.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, version: &str, rest: &str) -> String {
        format!(
            "{{\"name\":\"{name}\",\"vers\":\"{version}\",\"deps\":[],\"features\":{{}},\"cksum\":\"{}\"{rest}}}\n",
            "0".repeat(64)
        )
    }

    fn there(version: &str) -> String {
        line("a", version, ",\"yanked\":false")
    }

    fn read(text: &str) -> anyhow::Result<Vec<Release>> {
        releases(text.as_bytes(), "a")
    }

    fn told(text: &str) -> Vec<String> {
        let releases = read(text).unwrap();
        let told = releases
            .iter()
            .map(|(version, yanked)| format!("{version} {yanked}"));
        told.collect()
    }

    #[test]
    fn a_line_is_a_version() {
        let text = [
            there("1.0.0"),
            line(
                "a",
                "1.1.0-rc.1+b",
                ",\"yanked\":true,\"v\":2,\"links\":null,\"new\":{}",
            ),
            there("2.0.0"),
        ]
        .concat();
        let expected = ["1.0.0 false", "1.1.0-rc.1+b true", "2.0.0 false"];
        assert_eq!(told(&text), expected);
        assert_eq!(told(&text.replace('\n', "\r\n")), expected);
        assert_eq!(told(&format!("\n{text}\r\n\n")), expected);
        let escaped = text
            .replace("yanked", "yan\\u006bed")
            .replace('a', "\\u0061");
        assert_eq!(told(&escaped.replace("\\u0061", "a")), expected);
    }

    #[test]
    fn what_is_not_understood_to_the_last_line_says_nothing() {
        let good = there("1.0.0");
        assert!(read(&good).is_ok());
        let fields = |rest: &str| line("a", "1.0.0", rest);
        let long = fields(&format!(
            ",\"yanked\":false,\"new\":\"{}\"",
            "x".repeat(MOST_LINE)
        ));
        let array = format!(
            "[\"a\", \"1.0.0\", false, [], {{}}, \"{}\"]\n",
            "0".repeat(64)
        );
        for bad in [
            String::new(),
            "\n\n".to_owned(),
            "<!DOCTYPE html><title>Sign in</title>".to_owned(),
            format!("{good}<html>"),
            format!("{good}\n{good}"),
            format!("{good}{}", &good[..good.len() / 2]),
            format!("{good}{}", line("b", "1.0.0", ",\"yanked\":false")),
            line("A", "1.0.0", ",\"yanked\":false"),
            there("one"),
            there("1.0"),
            there(" 1.0.0"),
            fields(""),
            fields(",\"yanked\":\"no\""),
            fields(",\"yanked\":null"),
            fields(",\"yanked\":0"),
            fields(",\"Yanked\":false"),
            fields(",\"yanked\":false,\"yanked\":true"),
            fields(",\"yanked\":true,\"yanked\":false"),
            fields(",\"yanked\":true,\"yan\\u006bed\":false"),
            fields(",\"yanked\":false,\"vers\":\"1.0.1\""),
            fields(",\"yanked\":false,\"name\":\"a\""),
            good.replace("\"deps\":[],", ""),
            good.replace("\"features\":{},", ""),
            good.replace("\"cksum\"", "\"sum\""),
            good.replacen('\n', &good, 1),
            good.replacen('\n', "\0\n", 1),
            format!("{good}\0"),
            format!("{good}\u{c}"),
            format!("\u{feff}{good}"),
            array,
            long,
        ] {
            assert!(read(&bad).is_err(), "{bad:.200}");
        }
        for at in 0..good.len() - 2 {
            assert!(read(&good[..at]).is_err(), "{at}");
        }
        let bytes = fields(",\"yanked\":false,\"new\":\"?\"").replace('?', "\u{e4}");
        assert!(releases(bytes.as_bytes(), "a").is_ok());
        let mut bytes = bytes.into_bytes();
        bytes.retain(|byte| *byte != 0xc3);
        assert!(releases(&bytes, "a").is_err(), "it is not UTF-8");
    }

    #[test]
    fn what_is_locked_and_not_there_has_vanished() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        let releases = [
            (version("1.1.0"), true),
            (version("1.0.0"), true),
            (version("1.2.0"), false),
            (version("1.2.1+a"), false),
        ];
        let locked = ["1.0.0", "1.0.1", "1.2.0", "1.2.1+b"].map(version).into();

        let said = said(&releases, &locked, Timestamp::UNIX_EPOCH);

        assert_eq!(said.yanked, [version("1.0.0"), version("1.1.0")]);
        assert_eq!(said.vanished, [version("1.0.1"), version("1.2.1+b")]);
    }

    #[test]
    fn a_version_with_two_lines_is_yanked_if_one_says_so() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        for lines in [[true, false], [false, true]] {
            let releases = lines.map(|yanked| (version("1.0.0"), yanked));
            let said = said(&releases, &BTreeSet::new(), Timestamp::UNIX_EPOCH);
            assert_eq!(said.yanked, [version("1.0.0")]);
        }
    }

    #[test]
    fn a_registry_says_where_its_packages_are() {
        let read = |text: &str| {
            let config = Config::read(text.as_bytes())?;
            Some((config.downloads, config.auth_required))
        };
        assert_eq!(
            read("{\"dl\":\"https://r.example\",\"api\":null}"),
            Some(("https://r.example".to_owned(), false))
        );
        assert_eq!(
            read("{\"dl\":\"d\",\"auth-required\":true}"),
            Some(("d".to_owned(), true))
        );
        for none in ["", "{}", "[\"d\"]", "{\"dl\":1}", "\"d\"", "<html>"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
