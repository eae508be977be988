//! One entry of `advisory.ignore`: a finding that somebody has looked at and decided to live with, why, and for how long.
//!
//! An entry is checked as it is read, whichever file it stands in: an [`Ignore`] that exists is sound.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, anyhow, bail};
use cargo_util_schemas::core::PartialVersion;
use cargo_util_schemas::manifest::PackageName;
use jiff::civil::Date;
use semver::Version;
use serde::Deserialize;
use toml_edit::{InlineTable, Table, Value};

use crate::report::Untrusted;

/// The keys of an entry, in the order in which they are written.
pub const KEYS: [&str; 6] = ["id", "package", "reason", "until", "while", "via"];

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Ignore {
    pub what: What,
    /// Why it is ignored. Never blank.
    pub reason: String,
    /// The last day on which the entry holds. None where it holds for good.
    pub until: Option<Date>,
    /// What has to be true beside. None where nothing has.
    pub condition: Option<While>,
    /// The name of a crate: only paths that lead through it are covered.
    pub via: Option<String>,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An advisory, by its id or an alias.
    Id(String),
    /// A package. Without a version, every version of it.
    Package {
        name: String,
        version: Option<PartialVersion>,
    },
}

/// The values of `while`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum While {
    /// As long as no release is free of the advisory.
    Unfixable,
    /// As long as the package is only in Cargo.lock.
    Unbuilt,
}

impl Ignore {
    /// The entry with these fields, of which each is one of [`KEYS`].
    ///
    /// # Errors
    ///
    /// When they make no sound entry.
    pub fn from_fields(fields: &[(&str, &str)]) -> anyhow::Result<Ignore> {
        let field = |key| {
            let field = fields.iter().find(|(known, _)| *known == key);
            field.map(|(_, value)| (*value).to_owned())
        };
        Ignore::try_from(Raw {
            id: field("id"),
            package: field("package"),
            reason: field("reason"),
            until: field("until"),
            condition: field("while"),
            via: field("via"),
        })
    }

    /// Whether the last day of the entry is over.
    pub fn has_expired(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// The keys that are set, each with its value, as they are written.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let what = match self.what {
            What::Id(_) => "id",
            What::Package { .. } => "package",
        };
        let mut fields = vec![
            (what, self.what.to_string()),
            ("reason", self.reason.clone()),
        ];
        fields.extend(self.until.map(|until| ("until", until.to_string())));
        fields.extend(self.condition.map(|word| ("while", word.to_string())));
        fields.extend(self.via.clone().map(|via| ("via", via)));
        fields
    }

    /// The entry as one of an array: `{ id = "...", reason = "..." }`.
    pub fn to_inline_table(&self) -> InlineTable {
        let fields = self.fields().into_iter();
        fields
            .map(|(key, value)| (key, Value::from(value)))
            .collect()
    }

    /// The entry as one of an array of tables.
    pub fn to_table(&self) -> Table {
        self.to_inline_table().into_table()
    }
}

impl What {
    /// Reads the id of an advisory.
    ///
    /// # Errors
    ///
    /// When no advisory can have it.
    pub fn id(text: &str) -> anyhow::Result<What> {
        let may_be_id = !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        if !may_be_id {
            bail!(
                "`{}` is not the id of an advisory; give one such as `RUSTSEC-2020-0071`, or an alias such as \
                 `CVE-2020-26235` or `GHSA-wcg3-cvx6-7396`",
                Untrusted(text)
            );
        }
        Ok(What::Id(text.to_owned()))
    }

    /// Reads `NAME` or `NAME@VERSION`, of whose version parts may be left out from the end.
    ///
    /// # Errors
    ///
    /// When one of the two is not what it has to be.
    pub fn package(text: &str) -> anyhow::Result<What> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((name, version)) => (name, Some(version)),
        };
        let name = crate_name(name)?;
        let version = version.map(|version| {
            version.parse().map_err(|_| {
                anyhow!(
                    "`{}` is not a version; allowed are whole ones such as `1.2.3` and their beginnings such as `1.2`",
                    Untrusted(version)
                )
            })
        });
        Ok(What::Package {
            name,
            version: version.transpose()?,
        })
    }

    /// Whether this is about the advisory `id`, which has these aliases too.
    pub fn names_advisory<'a>(&self, id: &str, aliases: impl IntoIterator<Item = &'a str>) -> bool {
        match self {
            What::Id(named) => {
                named.eq_ignore_ascii_case(id)
                    || aliases
                        .into_iter()
                        .any(|alias| named.eq_ignore_ascii_case(alias))
            }
            What::Package { .. } => false,
        }
    }

    /// Whether this is about that version of the package `name`. `0.1` is every `0.1.x`; a pre-release has to be named whole;
    /// build metadata counts where it is given.
    pub fn names_package(&self, package: &str, found: &Version) -> bool {
        match self {
            What::Id(_) => false,
            What::Package { name, version } => {
                name == package && version.as_ref().is_none_or(|named| named.matches(found))
            }
        }
    }
}

/// As it is written. Foreign text, as the whole entry is.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Id(id) => f.write_str(id),
            What::Package {
                name,
                version: None,
            } => f.write_str(name),
            What::Package {
                name,
                version: Some(version),
            } => write!(f, "{name}@{version}"),
        }
    }
}

impl While {
    pub const ALL: [While; 2] = [While::Unfixable, While::Unbuilt];

    pub fn as_str(self) -> &'static str {
        match self {
            While::Unfixable => "unfixable",
            While::Unbuilt => "unbuilt",
        }
    }
}

impl fmt::Display for While {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for While {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> anyhow::Result<While> {
        let known = While::ALL.into_iter().find(|known| known.as_str() == word);
        known.ok_or_else(|| {
            anyhow!(
                "bad value `{}` for `while`; allowed are {}",
                Untrusted(word),
                While::ALL.map(|known| format!("`{known}`")).join(", ")
            )
        })
    }
}

/// Reads the value of `until`.
///
/// # Errors
///
/// When it is no day, or written in another way than `YYYY-MM-DD`.
pub fn day(text: &str) -> anyhow::Result<Date> {
    text.parse()
        .ok()
        .filter(|day: &Date| day.to_string() == text && day.year() >= 0)
        .with_context(|| {
            format!(
                "bad value `{}` for `until`; allowed is a day such as `2027-01-31`",
                Untrusted(text)
            )
        })
}

/// Reads the value of `reason`.
///
/// # Errors
///
/// When it says nothing.
pub fn reason(text: &str) -> anyhow::Result<String> {
    if text.trim().is_empty() {
        bail!("`reason` is blank; say why the finding can be ignored");
    }
    Ok(text.to_owned())
}

/// Reads the name of a crate.
///
/// # Errors
///
/// When no crate can have it.
pub fn crate_name(text: &str) -> anyhow::Result<String> {
    match PackageName::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => bail!(
            "`{}` is not the name of a crate; allowed are letters, digits, `-` and `_`",
            Untrusted(text)
        ),
    }
}

/// An entry before it is checked.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as `{ id = \"RUSTSEC-2020-0071\", reason = \"...\" }`"
)]
struct Raw {
    id: Option<String>,
    package: Option<String>,
    reason: Option<String>,
    until: Option<String>,
    #[serde(rename = "while")]
    condition: Option<String>,
    via: Option<String>,
}

impl TryFrom<Raw> for Ignore {
    type Error = anyhow::Error;

    fn try_from(raw: Raw) -> anyhow::Result<Ignore> {
        let what = match (&raw.id, &raw.package) {
            (Some(id), None) => What::id(id)?,
            (None, Some(package)) => What::package(package)?,
            (Some(_), Some(_)) => {
                bail!("both `id` and `package` are set; an entry is about one of them")
            }
            (None, None) => bail!(
                "neither `id` nor `package` is set; say what is ignored, such as `id = \"RUSTSEC-2020-0071\"`"
            ),
        };
        let Some(text) = raw.reason else {
            bail!(
                "`reason` is not set for `{}`; say why the finding can be ignored",
                Untrusted(&what.to_string())
            );
        };
        Ok(Ignore {
            what,
            reason: reason(&text)?,
            until: raw.until.as_deref().map(day).transpose()?,
            condition: raw.condition.as_deref().map(str::parse).transpose()?,
            via: raw.via.as_deref().map(crate_name).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Ignore, String> {
        toml::from_str(toml).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn an_entry_is_written_as_it_was_read() {
        for toml in [
            "id = \"RUSTSEC-2020-0071\"\nreason = \"no local time is read\"\nuntil = \"2027-01-31\"\n",
            "package = \"gone@1.0.0\"\nreason = \"the yank was a mistake\"\n",
            "package = \"gone@1.0.0-rc.1+build\"\nreason = \"a\"\n",
            "package = \"gone@0.1\"\nreason = \"a\"\n",
            "package = \"gone\"\nreason = \"a \\\"b\\\" c\"\n",
            "id = \"CVE-2020-26235\"\nreason = \"a\"\nwhile = \"unfixable\"\nvia = \"chrono\"\n",
            "id = \"cve-2020-26235\"\nreason = \"a\"\nwhile = \"unbuilt\"\n",
        ] {
            let entry = read(toml).unwrap();
            let table = entry.to_table();
            let inline = entry.to_inline_table().to_string();

            assert_eq!(table.len(), toml.lines().count());
            assert_eq!(read(&table.to_string()), Ok(entry.clone()));
            assert!(table.iter().is_sorted_by_key(|(key, _)| place(key)));
            let line = toml::from_str::<toml::Table>(&format!("entry = {inline}")).unwrap();
            assert_eq!(line["entry"].clone().try_into(), Ok(entry));
        }
    }

    fn place(key: &str) -> Option<usize> {
        KEYS.iter().position(|known| *known == key)
    }

    #[test]
    fn a_bad_entry_says_what_is_wrong_and_what_is_allowed() {
        let reason = "reason = 'a'";
        for (toml, expected) in [
            (
                "",
                "neither `id` nor `package` is set; say what is ignored, such as `id = \"RUSTSEC-2020-0071\"`",
            ),
            (
                "id = 'A-1'\npackage = 'b'",
                "both `id` and `package` are set; an entry is about one of them",
            ),
            (
                "id = 'A-1'",
                "`reason` is not set for `A-1`; say why the finding can be ignored",
            ),
            (
                "id = 'A-1'\nreason = ' \t'",
                "`reason` is blank; say why the finding can be ignored",
            ),
            (
                &format!("id = ''\n{reason}"),
                "`` is not the id of an advisory; give one such as `RUSTSEC-2020-0071`, or an alias such as \
                 `CVE-2020-26235` or `GHSA-wcg3-cvx6-7396`",
            ),
            (
                &format!("id = \"A\\u001b[2J\"\n{reason}"),
                "`A\\u{1b}[2J` is not the id of an advisory; give one such as `RUSTSEC-2020-0071`, or an alias such as \
                 `CVE-2020-26235` or `GHSA-wcg3-cvx6-7396`",
            ),
            (
                &format!("package = '@1'\n{reason}"),
                "`` is not the name of a crate; allowed are letters, digits, `-` and `_`",
            ),
            (
                &format!("package = '../a'\n{reason}"),
                "`../a` is not the name of a crate; allowed are letters, digits, `-` and `_`",
            ),
            (
                &format!("package = 'a@^1'\n{reason}"),
                "`^1` is not a version; allowed are whole ones such as `1.2.3` and their beginnings such as `1.2`",
            ),
            (
                &format!("package = 'a@'\n{reason}"),
                "`` is not a version; allowed are whole ones such as `1.2.3` and their beginnings such as `1.2`",
            ),
            (
                &format!("id = 'A-1'\nuntil = '2027-02-30'\n{reason}"),
                "bad value `2027-02-30` for `until`; allowed is a day such as `2027-01-31`",
            ),
            (
                &format!("id = 'A-1'\nuntil = '20270131'\n{reason}"),
                "bad value `20270131` for `until`; allowed is a day such as `2027-01-31`",
            ),
            (
                &format!("id = 'A-1'\nuntil = '2027-01-31T00:00'\n{reason}"),
                "bad value `2027-01-31T00:00` for `until`; allowed is a day such as `2027-01-31`",
            ),
            (
                &format!("id = 'A-1'\nuntil = '-000001-01-31'\n{reason}"),
                "bad value `-000001-01-31` for `until`; allowed is a day such as `2027-01-31`",
            ),
            (
                &format!("id = 'A-1'\nwhile = 'fixable'\n{reason}"),
                "bad value `fixable` for `while`; allowed are `unfixable`, `unbuilt`",
            ),
            (
                &format!("id = 'A-1'\nvia = 'a@1'\n{reason}"),
                "`a@1` is not the name of a crate; allowed are letters, digits, `-` and `_`",
            ),
            (
                &format!("id = 'A-1'\nbecause = 'b'\n{reason}"),
                "unknown field `because`, expected one of `id`, `package`, `reason`, `until`, `while`, `via`",
            ),
        ] {
            assert_eq!(read(toml), Err(expected.to_owned()), "{toml}");
        }
    }

    #[test]
    fn an_id_names_an_advisory_by_its_aliases_too_in_any_case() {
        let aliases = ["CVE-2020-26235", "GHSA-wcg3-cvx6-7396"];
        for (id, expected) in [
            ("RUSTSEC-2020-0071", true),
            ("rustsec-2020-0071", true),
            ("cve-2020-26235", true),
            ("GHSA-WCG3-CVX6-7396", true),
            ("RUSTSEC-2020-007", false),
            ("CVE-2020-2623", false),
        ] {
            let what = What::id(id).unwrap();
            assert_eq!(
                what.names_advisory("RUSTSEC-2020-0071", aliases),
                expected,
                "{id}"
            );
            assert!(!what.names_package(id, &Version::new(1, 0, 0)));
        }
    }

    #[test]
    fn a_package_names_the_versions_that_begin_as_it_says() {
        for (package, version, expected) in [
            ("gone", "1.0.0", true),
            ("gone", "1.0.0-rc.1", true),
            ("other", "1.0.0", false),
            ("gone@1", "1.9.9", true),
            ("gone@0.1", "0.1.7", true),
            ("gone@0.1", "0.2.0", false),
            ("gone@0.1", "0.10.0", false),
            ("gone@1.0.0", "1.0.0", true),
            ("gone@1.0.0", "1.0.0+build", true),
            ("gone@1.0.0+build", "1.0.0+build", true),
            ("gone@1.0.0+other", "1.0.0+build", false),
            ("gone@1.0", "1.0.0-rc.1", false),
            ("gone@1.0.0", "1.0.0-rc.1", false),
            ("gone@1.0.0-rc.1", "1.0.0-rc.1", true),
            ("gone@1.0.0-rc.1", "1.0.0-rc.2", false),
            ("gone@1.0.0-rc.1", "1.0.0", false),
        ] {
            let what = What::package(package).unwrap();
            let version = version.parse().unwrap();
            assert_eq!(
                what.names_package("gone", &version),
                expected,
                "{package} {version}"
            );
            assert!(!what.names_advisory("gone", ["gone"]));
        }
    }

    #[test]
    fn the_last_day_belongs_to_the_time_of_an_entry() {
        let entry = read("id = 'A-1'\nreason = 'a'\nuntil = '2027-01-31'").unwrap();
        for (today, expected) in [
            ("2027-01-30", false),
            ("2027-01-31", false),
            ("2027-02-01", true),
        ] {
            assert_eq!(entry.has_expired(today.parse().unwrap()), expected);
        }
        let lasting = read("id = 'A-1'\nreason = 'a'").unwrap();
        assert!(!lasting.has_expired(Date::MAX));
    }
}
