//! What a registry answers about a package: an error, or what a naive reading makes of it, which takes nothing for "not
//! yanked" that does not say so.
//!
//! The first line is the name of the package and the versions of it that are locked.

use crate::memory::{peak_of, time_of};
use crate::yanks::answer::{Release, releases, said};
use crate::yanks::{config, kept};
use jiff::Timestamp;
use semver::Version;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// For 64 KiB at the most, in a build with all checks of a fuzzer.
const LIMIT: Duration = Duration::from_millis(200);
/// What is held for each byte of a body, and beside. The shortest line has some 70 bytes.
const PER_BYTE: usize = 4;
const MORE: usize = 64 * 1024;

pub(super) fn run(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (first, body) = data.split_at(end.unwrap_or(data.len()));
    let body = body.strip_prefix(b"\n").unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let mut words = first.split(' ');
    let name = words.next().unwrap_or_default();
    let locked: BTreeSet<Version> = words.filter_map(|word| word.parse().ok()).collect();

    let ((ours, peak), time) = time_of(|| peak_of(|| releases(body, name)));

    assert!(time <= LIMIT, "it took {time:?}");
    let most = body.len() * PER_BYTE + MORE;
    assert!(peak <= most, "{peak} bytes are held for {}", body.len());
    match (ours, naive(body, name)) {
        (Err(_), None) => {}
        (Ok(ours), Some(naive)) => agree(&ours, &naive, &locked),
        (ours, naive) => panic!("{ours:?}, but naively {naive:?}"),
    }
    let dl_and_auth = |fields: &Fields| {
        let auth = fields.at_most_one("auth-required").ok()?;
        let auth = auth.map_or(Some(false), Value::as_bool)?;
        Some((fields.one("dl")?.as_str()?.to_owned(), auth))
    };
    assert_eq!(config(body), object(body).as_ref().and_then(dl_and_auth));
}

fn agree(ours: &[Release], naive: &[(String, bool)], locked: &BTreeSet<Version>) {
    let told: Vec<_> = ours
        .iter()
        .map(|(version, yanked)| (version.to_string(), *yanked))
        .collect();
    assert_eq!(told, naive);
    assert!(!naive.is_empty(), "no line, and no error");
    let answer = kept::Answer::new(None, None, ours);
    assert_eq!(answer.releases().as_deref(), Some(ours), "{answer:?}");

    let said = said(ours, locked, Timestamp::UNIX_EPOCH);

    assert!(said.yanked.is_sorted_by(|a, b| a < b));
    assert!(said.vanished.is_sorted_by(|a, b| a < b));
    for version in locked {
        let text = version.to_string();
        let mut lines = naive.iter().filter(|(version, _)| *version == text);
        let yanked = naive.contains(&(text.clone(), true));
        assert_eq!(said.yanked.contains(version), yanked, "{version}");
        let vanished = lines.next().is_none();
        assert_eq!(said.vanished.contains(version), vanished, "{version}");
    }
    for version in &said.yanked {
        assert!(naive.contains(&(version.to_string(), true)), "{version}");
    }
}

/// The versions in order, each with its `yanked`. None if one line is in doubt.
fn naive(body: &[u8], name: &str) -> Option<Vec<(String, bool)>> {
    let is_blank = |line: &&[u8]| line.iter().all(|byte| b" \t\r".contains(byte));
    let mut lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    while lines.last().is_some_and(is_blank) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| is_blank(line)).count();
    let lines = lines.split_off(blank);
    if lines.is_empty() {
        return None;
    }
    let read = |line: &[u8]| {
        let fields = object(line)?;
        for needed in ["deps", "features", "cksum"] {
            fields.one(needed)?;
        }
        if fields.one("name")?.as_str()? != name {
            return None;
        }
        let version = fields.one("vers")?.as_str()?.to_owned();
        Version::parse(&version).ok()?;
        Some((version, fields.one("yanked")?.as_bool()?))
    };
    lines.into_iter().map(read).collect()
}

fn object(text: &[u8]) -> Option<Fields> {
    let text = std::str::from_utf8(text).ok()?;
    serde_json::from_str(text).ok()
}

/// The fields of an object as they are written, also where two have one name.
struct Fields(Vec<(String, Value)>);

impl Fields {
    fn at_most_one(&self, key: &str) -> Result<Option<&Value>, ()> {
        let mut found = self.0.iter().filter(|(known, _)| known == key);
        match (found.next(), found.next()) {
            (first, None) => Ok(first.map(|(_, value)| value)),
            (_, Some(_)) => Err(()),
        }
    }

    fn one(&self, key: &str) -> Option<&Value> {
        self.at_most_one(key).ok().flatten()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let known = ["name", "vers", "yanked", "dl", "auth-required"];
                    let value = if known.contains(&key.as_str()) {
                        map.next_value()?
                    } else {
                        // What is passed over may be more than a number or a text can hold.
                        map.next_value::<serde::de::IgnoredAny>()?;
                        Value::Null
                    };
                    fields.push((key, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(All)
    }
}
