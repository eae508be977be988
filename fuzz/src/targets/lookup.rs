//! Databases that are compiled, and a graph that is looked up in the result: what is found is what a search through the
//! advisories one by one finds, and the same databases make the same bytes.

use crate::advisory::{Advisory, RegistryRef};
use crate::check::check;
use crate::database::Snapshot;
use crate::draw::{Draw, PACKAGES};
use crate::graph::{Graph, Package, Platform, PlatformSet, Yanked};
use crate::index::{Error, Index, Source as From, Verify, compile};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::rc::Rc;

pub(super) fn run(data: &[u8]) {
    let mut draw = Draw(data);
    let count = 1 + draw.below(3);
    let snapshots: Vec<_> = (0..count)
        .map(|place| draw.snapshot(&format!("https://{place}.example/db")))
        .collect();
    let graph = graph(&mut draw);
    let sources: Vec<_> = snapshots
        .iter()
        .map(|snapshot| From {
            snapshot,
            checked: Timestamp::UNIX_EPOCH,
        })
        .collect();
    let now = Timestamp::UNIX_EPOCH;

    let bytes = match compile(&sources, None, now) {
        Err(Error::Empty) => {
            assert!(chosen(&snapshots).is_empty());
            return;
        }
        bytes => bytes.expect("nothing is over a limit"),
    };

    let again = compile(&sources, None, now).expect("as before");
    assert!(bytes == again, "two compiles differ");
    let index = Index::from_bytes(&bytes, Verify::All).expect("it was just made");
    let chosen = chosen(&snapshots);
    assert_eq!(index.advisories(), chosen.len());
    let all: Vec<_> = index
        .entries()
        .map(|entry| {
            index
                .details(&entry.expect("it is sound"))
                .expect("it is sound")
        })
        .collect();
    assert!(all.iter().eq(chosen.iter().copied()));

    let hits = check(&graph, &index).expect("the index is sound");
    let mut found: Vec<_> = hits
        .findings(&graph)
        .iter()
        .map(|finding| (finding.position, finding.id().map(str::to_owned)))
        .collect();
    found.sort();
    assert_eq!(found, expected(&graph, &chosen));
}

/// The packages of a build for up to two platforms.
fn graph(draw: &mut Draw<'_>) -> Graph {
    let mut graph = Graph::default();
    graph.platforms.extend((0..draw.below(3)).map(|_| Platform {
        os: draw.os(),
        arch: draw.arch(),
    }));
    for _ in 0..draw.below(24) {
        let registry = draw.flag().then(|| draw.registry());
        let name = match draw.below(9) {
            8 => "unheard-of",
            place => PACKAGES[place],
        };
        let mut platforms = PlatformSet::default();
        for platform in 0..graph.platforms.len() {
            if draw.flag() {
                platforms.insert(platform);
            }
        }
        graph.packages.push(Package {
            name: name.to_owned(),
            version: draw.version(),
            source: Rc::new(crate::graph::Source { id: None, registry }),
            member: false,
            yanked: draw.pick(&[Yanked::No, Yanked::Yes, Yanked::Unknown]),
            platforms: draw.flag().then_some(platforms),
            usage: None,
            features: None,
        });
    }
    graph
}

/// What goes into an index, by package and id: of several databases with the same record the first counts.
fn chosen(snapshots: &[Snapshot]) -> Vec<&Advisory> {
    let mut seen = BTreeSet::new();
    let mut chosen = Vec::new();
    for snapshot in snapshots {
        let records = snapshot
            .advisories
            .iter()
            .map(|advisory| (&advisory.package, &advisory.id, Some(advisory)));
        let withdrawn = snapshot
            .withdrawn
            .iter()
            .map(|withdrawn| (&withdrawn.package, &withdrawn.id, None));
        for (package, id, advisory) in records.chain(withdrawn) {
            if seen.insert((package, id)) {
                chosen.extend(advisory);
            }
        }
    }
    chosen.sort_by_key(|advisory| (&advisory.package, &advisory.id));
    chosen
}

fn expected(graph: &Graph, advisories: &[&Advisory]) -> Vec<(usize, Option<String>)> {
    let mut expected = Vec::new();
    for (position, package) in graph.packages.iter().enumerate() {
        if package.yanked == Yanked::Yes {
            expected.push((position, None));
        }
        for advisory in advisories {
            let registry = package.source.registry.as_ref().map(|r| r.borrow());
            if advisory.package == package.name
                && registry.is_some_and(|r: RegistryRef<'_>| r == advisory.registry.borrow())
                && advisory.affects(&package.version)
                && concerns(advisory, graph, package)
            {
                expected.push((position, Some(advisory.id.clone())));
            }
        }
    }
    expected.sort();
    expected
}

fn concerns(advisory: &Advisory, graph: &Graph, package: &Package) -> bool {
    let Some(set) = package.platforms else {
        return true;
    };
    let in_list = |list: &[String], word: &String| list.is_empty() || list.contains(word);
    (0..graph.platforms.len()).any(|place| {
        let platform = &graph.platforms[place];
        set.contains(place)
            && in_list(&advisory.affected_os, &platform.os)
            && in_list(&advisory.affected_arch, &platform.arch)
    })
}
