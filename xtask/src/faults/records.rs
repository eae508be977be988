//! Advisories that are not as they should be.

use std::fs;

use anyhow::Result;

use super::Stage;
use super::process;
use super::said::{Index, Said, whole};
use super::trial::{Trial, holds};
use super::world::{App, World, advisory};

const ID: &str = "RUSTSEC-2020-0001";

/// Lines of `[advisory]` that were added to a good advisory.
const FIELDS: [&str; 24] = [
    // What broke others: a new version of CVSS, and words that no release knew yet.
    "cvss = \"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N\"",
    "cvss = \"CVSS:5.0/AV:N\"",
    "cvss = \"CVSS:3.1/AV:N\"",
    "cvss = \"\"",
    "cvss = 9.8",
    "informational = 1",
    "categories = [\"a-word-of-tomorrow\"]",
    "categories = \"malicious\"",
    "categories = [1]",
    "a-field-of-tomorrow = \"x\"",
    "a-field-of-tomorrow = { a = [1, { b = 2 }] }",
    "aliases = [\"\"]",
    "aliases = [\"A-2026-1\"]",
    "aliases = 1",
    "aliases = [\"CVE-1\", \"CVE-1\"]",
    "related = [\"GHSA-xxxx\"]",
    "keywords = [\"\\u001b[2J\"]",
    "references = [\"not a url\"]",
    "url = \"javascript:alert(1)\"",
    "url = \"\"",
    "withdrawn = 7",
    "withdrawn = \"tomorrow\"",
    "source = \"git+x\"",
    "yanked = \"yes\"",
];

/// What stands instead of `patched = []`.
const VERSIONS: [&str; 16] = [
    "",
    "patched = [\"\"]",
    "patched = [\"?\"]",
    "patched = \">= 2\"",
    "patched = [2]",
    "patched = [\">= 1.0.18446744073709551616\"]",
    "patched = [\"< 2\", \"> 1\"]",
    "patched = [\"=1.0.0\", \">1.0.0\"]",
    "patched = [\">= 2\"]\npatched = [\">= 3\"]",
    "patched = [\"^2, ^3\"]",
    "patched = [\">= 2.0.0-alpha.\"]",
    "patched = [\">= 02\"]",
    "patched = [\"*.1\"]",
    "patched = []\nunaffected = [\"\"]",
    "patched = []\nunaffected = [\"< 0.0.0\", \"< 0\"]",
    "patched = []\na-list-of-tomorrow = [\"*\"]",
];

/// What stands instead of the whole text.
fn texts() -> Vec<(String, Vec<u8>)> {
    let good = advisory("leaky", ID);
    let with = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let mut texts: Vec<(String, Vec<u8>)> = [
        ("nothing", Vec::new()),
        ("one byte", b"x".to_vec()),
        ("zeros", vec![0; 4096]),
        (
            "no UTF-8",
            with("What", "\u{fffd}")
                .into_iter()
                .map(|byte| if byte == 0xef { 0xff } else { byte })
                .collect(),
        ),
        (
            "a mark of byte order",
            [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        ),
        (
            "other ends of lines",
            good.replace('\n', "\r\n").into_bytes(),
        ),
        ("no title", with("# `leaky` can be attacked", "")),
        (
            "a title that is hostile",
            with("can be attacked", "\u{1b}[2J\u{202e}::error::x"),
        ),
        ("no description", with("What happens.", "")),
        ("no end of the TOML", with("\n```\n", "\n")),
        ("no TOML", with("```toml", "```")),
        ("no table", with("[advisory]", "")),
        ("another table", with("[advisory]", "[advisory-2]")),
        ("no id", with("id = ", "i = ")),
        ("another id", with(ID, "RUSTSEC-2020-0007")),
        ("an id that is a path", with(ID, "../../RUSTSEC-2020-0001")),
        ("no package", with("package = ", "p = ")),
        (
            "another package",
            with("package = \"leaky\"", "package = \"clean\""),
        ),
        (
            "a package that is a path",
            with("package = \"leaky\"", "package = \"../leaky\""),
        ),
        ("no date", with("date = \"2020-01-01\"", "")),
        ("a date that is none", with("2020-01-01", "2020-13-41")),
        ("a date far ahead", with("2020-01-01", "9999-12-31")),
        (
            "a file that is too long",
            [good.as_bytes(), &vec![b'x'; 300 * 1024]].concat(),
        ),
        (
            "TOML that is too long",
            with("date =", &format!("#{}\ndate =", "x".repeat(70_000))),
        ),
        (
            "TOML that is deep",
            with("date =", &format!("x = {}\ndate =", "[".repeat(10_000))),
        ),
        (
            "a hundred requirements",
            with(
                "patched = []",
                &format!(
                    "patched = {:?}",
                    (2..102).map(|n| format!("={n}")).collect::<Vec<_>>()
                ),
            ),
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into();
    for field in FIELDS {
        let text = with("date =", &format!("{field}\ndate ="));
        texts.push((format!("`{field}`"), text));
    }
    for versions in VERSIONS {
        let text = with("patched = []", versions);
        texts.push((format!("`{versions}`"), text));
    }
    texts
}

/// Row 12.
pub fn malformed(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    let good = advisory("leaky", ID);
    let path = format!("advisory-db/crates/leaky/{ID}.md");
    for (name, text) in texts() {
        trial.case(&format!("an advisory with {name}"), || {
            fs::write(world.root.join(&path), &text)?;
            is_not_overlooked(&world)
        })?;
    }
    // A kind that nobody knows yet is a notice, which is allowed unless the user says otherwise.
    for word in ["a-word-of-tomorrow", ""] {
        trial.case(&format!("an advisory of the kind `{word}`"), || {
            let text = good.replacen("date =", &format!("informational = \"{word}\"\ndate ="), 1);
            fs::write(world.root.join(&path), text)?;
            world.updates()?;
            let mut build = world.cargo(App::Insecure, "check --deny-advisories");
            build.env("CARGO_ADVISORY_NOTICE", "warn");
            let ended = whole(process::run(build)?)?;
            holds!(
                ended.status == Ok(101) && ended.stderr.contains("leaky 1.0.0"),
                "it is overlooked: {}",
                ended.text()
            );
            Ok(())
        })?;
    }
    // Nothing that one bit of the TOML can say makes an advisory harmless.
    let end = good.find("# `leaky`").unwrap_or(good.len()) as u64;
    for _ in 0..if trial.plan.quick { 5 } else { 60 } {
        let at = trial.below(end) as usize;
        let bit = trial.below(8);
        trial.case(
            &format!("an advisory with bit {bit} of byte {at} flipped"),
            || {
                let mut text = good.clone().into_bytes();
                text[at] ^= 1 << bit;
                fs::write(world.root.join(&path), text)?;
                is_not_overlooked(&world)
            },
        )?;
    }
    fs::write(world.root.join(&path), &good)?;

    // Whom this concerns cannot be told, so it may be anybody.
    let strange = world.advisories().join("crates/not a crate");
    trial.case("a folder that is named as no crate is", || {
        fs::create_dir(&strange)?;
        fs::write(strange.join("RUSTSEC-2020-0003.md"), &good)?;
        world.updates()?;
        let said = (world.builds(App::Clean)?, world.denies(App::Clean)?);
        holds!(
            matches!(said, (Said::Note(_), Said::Refused(_))),
            "a build and a denial say {said:?}"
        );
        fs::remove_dir_all(&strange)?;
        world.updates()?;
        world.says(Index::Sound)
    })
}

/// The other advisory is there all the same, `leaky` is never clean, and who does not use it has no part in this.
fn is_not_overlooked(world: &World) -> Result<()> {
    world.updates()?;
    let other = "advisory explain RUSTSEC-2020-0002";
    let explained = whole(process::run(world.cargo(App::Clean, other))?)?;
    holds!(
        explained.status == Ok(0),
        "a good advisory is gone, too: {}",
        explained.text()
    );
    let insecure = (world.builds(App::Insecure)?, world.denies(App::Insecure)?);
    let is_told = match &insecure {
        (Said::Found, Said::Denied) => true,
        (Said::Note(note), Said::Refused(error)) => {
            note.contains("leaky") && error.contains("leaky")
        }
        _ => false,
    };
    let clean = (world.builds(App::Clean)?, world.denies(App::Clean)?);
    holds!(
        is_told,
        "it is overlooked: a build and a denial say {insecure:?}"
    );
    holds!(
        clean == (Said::Nothing, Said::Nothing),
        "of the clean project a build and a denial say {clean:?}"
    );
    Ok(())
}
