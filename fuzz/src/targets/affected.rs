//! Requirements and versions: ours, the crate `rustsec` and a naive reading say the same.

use super::advisory::around;
use crate::database::parse::{Parsed, parse};
use crate::draw::Draw;
use crate::naive::meets;
use crate::quiet::quietly;

pub(super) fn run(data: &[u8]) {
    let mut draw = Draw(data);
    let mut lists = [0, 1].map(|_| (0..draw.below(4)).map(|_| draw.requirement()).collect());
    let [patched, unaffected]: &mut [Vec<String>; 2] = &mut lists;
    let text = format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"foo\"\ndate = \"2024-01-02\"\n\
         [versions]\npatched = {patched:?}\nunaffected = {unaffected:?}\n```\n\n# Title\n\nText.\n"
    );
    let theirs = quietly(|| text.parse::<rustsec::Advisory>().ok()).flatten();
    let ours = match (parse(text.as_bytes(), "foo", "RUSTSEC-2024-0001"), &theirs) {
        (Ok(Parsed::Advisory(ours)), Some(_)) => ours,
        (Ok(_), _) => panic!("`rustsec` does not read it"),
        (Err(reason), Some(_)) if !reason.contains("cannot read it") => {
            panic!("`rustsec` reads it: {reason}")
        }
        (Err(_), _) => return,
    };
    let Some(theirs) = theirs else { return };

    let requirements: Vec<_> = patched.iter().chain(&*unaffected).collect();
    let bounds = ours.ranges.iter().flat_map(|range| {
        let bounds = [&range.introduced, &range.fixed];
        bounds.into_iter().flatten()
    });
    let mut versions: Vec<_> = bounds.flat_map(around).collect();
    while !draw.is_empty() {
        versions.push(draw.version());
    }
    for version in versions {
        let expected = theirs.versions.is_vulnerable(&version);
        assert_eq!(ours.affects(&version), expected, "{version} of {text}");
        let met = requirements
            .iter()
            .any(|requirement| meets(&version, requirement));
        assert_eq!(!met, expected, "{version} of {text}");
    }
}
