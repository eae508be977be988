//! Answers made by hand.

use std::path::Path;

use cargo_advisory::report::formats::{Checked, Content, Document, Lockfile};
use cargo_advisory::report::json::{
    DatabaseInfo, FindingInfo, IgnoreInfo, IndexInfo, ProblemInfo, Report, StepInfo, YanksInfo,
};
use jiff::Timestamp;
use semver::Version;
use serde_json::Value;

pub(crate) const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The day on which the databases of these answers were looked at.
pub(crate) const CHECKED: &str = "2024-05-06T07:08:09Z";

/// Text that tries to break out of everything.
pub(crate) fn hostile() -> String {
    let text = "a\r\n::error::x\n##[error]y ]]> | `b` ``` <script>alert(1)</script> %0A::stop %25 @everyone @org/team \
                #1 GH-2 org/repo#3 [click](https://evil.example) ![i](x) www.evil.example https://evil.example \
                mail@evil.example {0} \\ \\| ** __ ~~ &amp; &#64; \u{202e}\u{200b}\u{1b}[2J\u{85}\u{2028} </code><!-- -->";
    format!("{text} {}", "é".repeat(50_000))
}

/// A vulnerability of `package` 1.0.0, in a build of `app`.
pub(crate) fn finding(package: &'static str, id: &'static str) -> FindingInfo<'static> {
    FindingInfo {
        kind: "vulnerability",
        id: Some(id),
        vanished: false,
        package,
        version: version("1.0.0"),
        source: Some(CRATES_IO),
        scope: "runtime",
        level: "warn",
        severity: Some("critical"),
        score: Some(9.8),
        cvss: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
        title: Some("Everything leaks out".to_owned()),
        date: Some("2020-01-02".to_owned()),
        appeared: Some("2020-01-03".parse().unwrap()),
        grace_until: None,
        url: Some("https://leaks.example/1".to_owned()),
        aliases: vec!["CVE-2020-0001".to_owned(), "GHSA-aaaa-bbbb-cccc".to_owned()],
        patched: vec![">=1.0.1".to_owned()],
        unaffected: Vec::new(),
        features: None,
        paths: vec![vec![step("app", None), step(package, Some(CRATES_IO))]],
        remedy: None,
        ignore: None,
        action: Some(format!(
            "`cargo advisory fix` moves {package} from 1.0.0 to 1.0.1"
        )),
    }
}

/// A yank of `package` 1.0.0.
pub(crate) fn yank(package: &'static str) -> FindingInfo<'static> {
    FindingInfo {
        kind: "yanked",
        id: None,
        severity: None,
        score: None,
        cvss: None,
        title: None,
        date: None,
        appeared: None,
        url: None,
        aliases: Vec::new(),
        patched: Vec::new(),
        action: None,
        ..finding(package, "")
    }
}

/// A finding of which all that others write is hostile.
pub(crate) fn hostile_finding() -> FindingInfo<'static> {
    let text: &'static str = hostile().leak();
    FindingInfo {
        id: Some(text),
        package: text,
        version: version("1.0.0-rc.1+build"),
        source: Some("sparse+https://r.example/|\n::error::"),
        cvss: Some(text.to_owned()),
        title: Some(text.to_owned()),
        url: Some("https://leaks.example/##[error]|)<b>`\"&copy;".to_owned()),
        aliases: vec![text.to_owned(), text.to_owned()],
        patched: vec![text.to_owned()],
        paths: vec![vec![step(text, None), step(text, Some(text))]],
        action: Some(text.to_owned()),
        ..finding("", "")
    }
}

pub(crate) fn step(package: &'static str, source: Option<&'static str>) -> StepInfo<'static> {
    StepInfo {
        package,
        version: version("1.0.0"),
        source,
        kind: None,
        renamed: None,
        features: &[],
        by_default: false,
        turned_on_by: Vec::new(),
        platform: None,
        lacks: Vec::new(),
    }
}

pub(crate) fn version(version: &str) -> &'static Version {
    Box::leak(Box::new(version.parse().unwrap()))
}

pub(crate) fn ignored(finding: FindingInfo<'static>, reason: &'static str) -> FindingInfo<'static> {
    FindingInfo {
        ignore: Some(IgnoreInfo {
            id: finding.id.map(str::to_owned),
            package: None,
            reason,
            until: Some("2027-01-31".parse().unwrap()),
            condition: None,
            via: None,
            set_in: ".cargo/config.toml",
        }),
        ..finding
    }
}

/// The answer for a workspace of three packages in which this was found.
pub(crate) fn report(findings: Vec<FindingInfo<'static>>) -> Report<'static> {
    Report {
        lockfile: None,
        index: IndexInfo {
            databases: vec![DatabaseInfo {
                url: "https://db.example/advisories",
                commit: None,
                committed: None,
                checked: CHECKED.parse().unwrap(),
                made_of: &[],
            }],
            advisories: 1,
        },
        packages: 3,
        findings,
        ignored: Vec::new(),
        stale_ignores: Vec::new(),
        unchecked: Vec::new(),
        yanks: YanksInfo {
            known: 3,
            unknown: 0,
            asked: None,
        },
        problems: Vec::new(),
    }
}

pub(crate) fn problem(message: &str) -> ProblemInfo {
    ProblemInfo {
        code: "quarantined",
        message: message.to_owned(),
    }
}

/// One answer about the Cargo.lock of a repository.
pub(crate) fn content(report: Report<'static>) -> Content<'static> {
    Content {
        checked: vec![checked(report, "Cargo.lock")],
        failures: Vec::new(),
        now: Timestamp::UNIX_EPOCH,
    }
}

/// An answer about the lockfile at `path` of a repository, which names `leaky` 1.0.0 on line 4.
pub(crate) fn checked(report: Report<'static>, path: &str) -> Checked<'static> {
    let text = format!(
        "version = 4\n\n[[package]]\nname = \"leaky\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\n"
    );
    let root = Path::new(if cfg!(windows) { "C:/repo" } else { "/repo" });
    Checked {
        report,
        lockfile: Lockfile::new(&root.join(path), root, &text),
    }
}

/// The document of one answer.
pub(crate) fn rendered(format: Document, report: Report<'static>) -> String {
    format.render(&content(report))
}

/// A document of JSON, after a look at its bytes: they are on one line and nothing that a log would act upon.
#[track_caller]
pub(crate) fn parsed(text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    assert!(text.ends_with('\n'), "{text}");
    assert!(!text.contains("##["), "{text}");
    assert!(
        !text.trim_end().chars().any(|c| c.is_ascii_control()),
        "{text}"
    );
    serde_json::from_str(text).unwrap()
}
