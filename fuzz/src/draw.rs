//! Values that are drawn from the bytes of a fuzzer. A change of one byte changes little of what is drawn.

use crate::advisory::{Advisory, Kind, Range, Registry, Severity};
use crate::database::{Snapshot, Withdrawn};
use semver::{BuildMetadata, Prerelease, Version};

/// Names that share beginnings of the eight bytes by which the index tells most names apart.
pub const PACKAGES: [&str; 8] = [
    "a",
    "ab",
    "abcdefg",
    "abcdefgh",
    "abcdefghi",
    "abcdefghj",
    "_",
    "zz-top",
];

const PRES: [&str; 12] = [
    "", "", "", "", "0", "1", "alpha", "alpha.0", "alpha.1", "rc.1", "rc.10", "0a",
];
const BUILDS: [&str; 6] = ["", "", "", "0", "01", "a.1"];
const OSES: [&str; 3] = ["linux", "windows", "macos"];
const ARCHES: [&str; 2] = ["x86_64", "aarch64"];

/// The bytes that are left. Once there are none, all that is drawn is the first of what is possible.
pub struct Draw<'a>(pub &'a [u8]);

impl<'a> Draw<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&byte, rest)) => {
                self.0 = rest;
                byte
            }
            None => 0,
        }
    }

    /// Less than `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn number(&mut self) -> u64 {
        match self.byte() {
            254 => u64::MAX - 1,
            255 => u64::from(self.byte()) << 24,
            small => u64::from(small % 5),
        }
    }

    pub fn version(&mut self) -> Version {
        let numbers = [self.number(), self.number(), self.number()];
        let [major, minor, patch] = numbers;
        Version {
            pre: Prerelease::new(self.pick(&PRES)).expect("it is one"),
            build: BuildMetadata::new(self.pick(&BUILDS)).expect("it is one"),
            ..Version::new(major, minor, patch)
        }
    }

    /// `>=1.2.3-rc.1, <2` and the like.
    pub fn requirement(&mut self) -> String {
        const OPERATORS: [&[&str]; 11] = [
            &[">="],
            &["<"],
            &[">=", "<"],
            &[">"],
            &["<="],
            &["="],
            &["^"],
            &["~"],
            &[">", "<"],
            &[">", "<="],
            &[">=", "<="],
        ];
        let operators = self.pick(&OPERATORS);
        let parts = operators.iter().map(|operator| {
            let count = 3 - self.below(3);
            let numbers: Vec<_> = (0..count).map(|_| self.number().to_string()).collect();
            let pre = match (count, self.pick(&PRES)) {
                (1 | 2, _) | (_, "") => String::new(),
                (_, pre) => format!("-{pre}"),
            };
            format!("{operator}{}{pre}", numbers.join("."))
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    pub fn registry(&mut self) -> Registry {
        match self.below(4) {
            0 | 1 => Registry::CratesIo,
            2 => Registry::Other("sparse+https://a.example/".to_owned()),
            _ => Registry::Other("registry+https://b.example/".to_owned()),
        }
    }

    fn range(&mut self) -> Range {
        let shape = self.below(4);
        Range {
            introduced: (shape & 1 == 1).then(|| self.version()),
            fixed: (shape & 2 == 2).then(|| self.version()),
        }
    }

    fn list(&mut self, of: &[&str]) -> Vec<String> {
        (0..self.below(3))
            .map(|_| self.pick(of).to_owned())
            .collect()
    }

    pub fn os(&mut self) -> String {
        self.pick(&OSES).to_owned()
    }

    pub fn arch(&mut self) -> String {
        self.pick(&ARCHES).to_owned()
    }

    fn advisory(&mut self) -> Advisory {
        let package = self.pick(&PACKAGES).to_owned();
        let number = self.below(24);
        Advisory {
            id: format!("RUSTSEC-2024-{number:04}"),
            package,
            kind: self.pick(&Kind::ALL),
            title: format!("title {number}"),
            description: "x".repeat(self.below(40)),
            date: format!("2024-01-{:02}", 1 + self.below(28)),
            url: self.flag().then(|| "https://a.example/".to_owned()),
            references: self.list(&["https://b.example/", ""]),
            aliases: self.list(&["CVE-2024-1", "GHSA-a"]),
            related: self.list(&["CVE-2024-2"]),
            cvss: None,
            severity: self.flag().then(|| self.pick(&Severity::ALL)),
            patched: self.list(&[">=1.0.0", "<0.1.0"]),
            unaffected: self.list(&["<0.1.0"]),
            affected_os: self.list(&OSES),
            affected_arch: self.list(&ARCHES),
            affected_functions: self.list(&["a::b (<1)"]),
            registry: self.registry(),
            ranges: (0..self.below(4)).map(|_| self.range()).collect(),
        }
    }

    /// A database as it may be read: its records are sorted and unique.
    pub fn snapshot(&mut self, url: &str) -> Snapshot {
        let mut advisories: Vec<_> = (0..self.below(24)).map(|_| self.advisory()).collect();
        let key = |advisory: &Advisory| (advisory.package.clone(), advisory.id.clone());
        advisories.sort_by_key(key);
        advisories.dedup_by_key(|advisory| key(advisory));
        let mut withdrawn: Vec<_> = (0..self.below(4))
            .map(|_| Withdrawn {
                package: self.pick(&PACKAGES).to_owned(),
                id: format!("RUSTSEC-2024-{:04}", self.below(24)),
            })
            .filter(|withdrawn| {
                advisories.iter().all(|advisory| {
                    (&advisory.package, &advisory.id) != (&withdrawn.package, &withdrawn.id)
                })
            })
            .collect();
        withdrawn.sort();
        withdrawn.dedup();
        Snapshot {
            url: url.to_owned(),
            commit: None,
            committed: None,
            descends: None,
            published: None,
            appeared: Vec::new(),
            advisories,
            quarantined: Vec::new(),
            withdrawn,
        }
    }
}
