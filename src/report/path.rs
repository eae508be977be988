//! Paths in words: how the workspace comes by a package, and what would bring one into a build.

use crate::graph::path::Path;
use crate::graph::{DependencyKind, Edge, Graph, Lack, Package};
use crate::report::paragraph::Paragraph;
use crate::report::{Page, Untrusted};

/// How many features are named where there is a choice.
const MOST_FEATURES: usize = 3;

/// How many packages of a path are named.
const MOST_PACKAGES: usize = 20;

/// ``shop 0.1.0 (feature `tls`) → webkit 1.2.0 → ring 0.16.0``: in parentheses where in the manifest of the one package
/// the next one is named.
pub(super) fn told(graph: &Graph, path: &Path, page: Page) -> Paragraph {
    let arrow = arrow(page);
    let mut told = Paragraph::default();
    let skipped = path.packages.len().saturating_sub(MOST_PACKAGES);
    for (place, position) in path.packages.iter().enumerate() {
        // The end is worth more than the way to it.
        if skipped > 0 && (1..=skipped).contains(&place) {
            if place == 1 {
                told.word(&format!("{arrow} {skipped} more"));
            }
            continue;
        }
        let name = name(&graph.packages[*position]);
        if place == 0 {
            told.word(&name);
        } else {
            told.word(&format!("{arrow} {name}"));
        }
        if let Some(edge) = path.edges.get(place) {
            note(&mut told, &graph.edges[*edge], true);
        }
    }
    told
}

fn arrow(page: Page) -> &'static str {
    if page.unicode { "→" } else { "->" }
}

/// `webkit 1.2.0`.
pub(super) fn name(package: &Package) -> String {
    format!(
        "{} {}",
        Untrusted(&package.name),
        Untrusted(&package.version.to_string())
    )
}

/// Adds where the manifest of the dependent names the dependency, in parentheses. Nothing where it is plainly a
/// dependency. `with_table` tells whether the table is worth a word.
pub(super) fn note(told: &mut Paragraph, edge: &Edge, with_table: bool) {
    let table = match edge.kind {
        Some(DependencyKind::Build) => Some("build-dependencies".to_owned()),
        Some(DependencyKind::Dev) => Some("dev-dependencies".to_owned()),
        Some(DependencyKind::Normal) | None => None,
    };
    let mut notes: Vec<String> = table.into_iter().filter(|_| with_table).collect();
    notes.extend(
        edge.renamed
            .as_ref()
            .map(|name| format!("as `{}`", Untrusted(name))),
    );
    if !edge.features.is_empty() {
        notes.push(features(edge));
        if edge.by_default && edge.lacks.is_empty() {
            notes.push("on by default".to_owned());
        }
    }
    let last = notes.len().saturating_sub(1);
    for (place, note) in notes.iter().enumerate() {
        let open = if place == 0 { "(" } else { "" };
        let close = if place == last { ")" } else { "," };
        told.word(&format!("{open}{note}{close}"));
    }
}

/// ``feature `tls` ``.
fn features(edge: &Edge) -> String {
    // Of a feature that is lacking, any one will do.
    let and = if edge.lacks.contains(&Lack::Feature) {
        " or "
    } else {
        ", "
    };
    let named = edge.features.iter();
    listed(
        named.map(|feature| format!("`{}`", Untrusted(feature))),
        and,
    )
}

/// ``feature `secure` of shop``.
fn switches(graph: &Graph, edge: &Edge) -> String {
    let named = edge.turned_on_by.iter().map(|switch| {
        format!(
            "`{}` of {}",
            Untrusted(&switch.feature),
            Untrusted(&graph.packages[switch.package].name)
        )
    });
    listed(named, " or ")
}

/// The first few of a list of features.
fn listed(all: impl ExactSizeIterator<Item = String>, and: &str) -> String {
    let count = all.len();
    let noun = if count == 1 { "feature" } else { "features" };
    let named: Vec<String> = all.take(MOST_FEATURES).collect();
    let more = count - named.len();
    let more = match more {
        0 => String::new(),
        more => format!("{and}{more} more"),
    };
    format!("{noun} {}{more}", named.join(and))
}

/// What would bring the package at the end of `path` into the build: ``comes in with feature `tls` of shop``. None is the
/// path of a package that nothing in the workspace leads to.
pub(super) fn brought_in(graph: &Graph, path: Option<&Path>) -> Paragraph {
    let mut ways = Vec::new();
    let mut unused = None;
    if let Some(path) = path {
        let root = path.packages.first().map(|root| &graph.packages[*root]);
        if let Some(root) = root.filter(|root| root.is_unbuilt()) {
            ways.push(format!("with package `{}`", Untrusted(&root.name)));
        }
        for edge in path.edges.iter().map(|edge| &graph.edges[*edge]) {
            let way = way(graph, edge);
            if !way.is_empty() {
                ways.push(way);
            }
            if edge.lacks.contains(&Lack::Use) {
                unused = Some(edge);
            }
        }
    }
    let text = match unused {
        _ if !ways.is_empty() => format!("comes in {}", ways.join(" and ")),
        // Such as the build-dependency of a package that has no build script.
        Some(edge) => format!(
            "comes in with nothing: {} is built without {}",
            Untrusted(&graph.packages[edge.from].name),
            Untrusted(&graph.packages[edge.to].name)
        ),
        None => "comes in with nothing: it is only in Cargo.lock".to_owned(),
    };
    Paragraph::spaced(&text)
}

/// What the build lacks for one edge, empty for nothing.
fn way(graph: &Graph, edge: &Edge) -> String {
    let from = Untrusted(&graph.packages[edge.from].name);
    let mut ways = Vec::new();
    for lack in &edge.lacks {
        match lack {
            Lack::Feature if edge.features.is_empty() => {}
            Lack::Feature if !edge.turned_on_by.is_empty() => {
                ways.push(format!("with {}", switches(graph, edge)));
            }
            Lack::Feature => ways.push(format!("with {} of {from}", features(edge))),
            Lack::Platform => {
                if let Some(platform) = &edge.platform {
                    ways.push(format!("on {}", Untrusted(platform)));
                }
            }
            Lack::Dev => ways.push(format!("as a dev-dependency of {from}")),
            Lack::Use => {}
        }
    }
    ways.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Switch;
    use crate::graph::tests::package;

    /// `a`, `b`, `c` and so on, each with an edge to the next one.
    fn chain(built: usize, edges: Vec<Edge>) -> (Graph, Path) {
        let mut graph = Graph {
            packages: (0..=edges.len())
                .map(|at| package(&char::from(b'a' + at as u8).to_string(), at < built))
                .collect(),
            ..Graph::default()
        };
        let path = Path {
            packages: (0..=edges.len()).collect(),
            edges: (0..edges.len()).collect(),
        };
        for (from, edge) in edges.into_iter().enumerate() {
            let to = from + 1;
            graph.edges.push(Edge { from, to, ..edge });
        }
        (graph, path)
    }

    fn shown(told: Paragraph) -> String {
        let mut out = String::new();
        told.write_line(&mut out, page(true));
        out
    }

    fn path_shown((graph, path): &(Graph, Path), unicode: bool) -> String {
        shown(told(graph, path, page(unicode)))
    }

    fn page(unicode: bool) -> Page {
        Page {
            width: None,
            unicode,
            links: false,
        }
    }

    fn features(names: &[&str]) -> Edge {
        Edge {
            features: names.iter().map(ToString::to_string).collect(),
            ..Edge::default()
        }
    }

    #[test]
    fn a_path_tells_where_manifests_name_the_next_package() {
        let chain = chain(
            9,
            vec![
                Edge::default(),
                Edge {
                    kind: Some(DependencyKind::Dev),
                    by_default: true,
                    renamed: Some("other".to_owned()),
                    ..features(&["x"])
                },
                features(&["p", "q", "r", "s"]),
            ],
        );
        assert_eq!(
            path_shown(&chain, true),
            "a 1.0.0 → b 1.0.0 (dev-dependencies, as `other`, feature `x`, on by default) → \
             c 1.0.0 (features `p`, `q`, `r`, 1 more) → d 1.0.0"
        );
        assert!(path_shown(&chain, false).starts_with("a 1.0.0 -> b 1.0.0 "));
    }

    #[test]
    fn hostile_names_are_harmless() {
        let red = "\u{1b}[31m";
        let edge = Edge {
            renamed: Some(red.to_owned()),
            platform: Some(red.to_owned()),
            lacks: vec![Lack::Feature, Lack::Platform],
            ..features(&[red])
        };
        let (mut graph, path) = chain(1, vec![edge]);
        graph.packages[0].name = red.to_owned();
        let switch = Switch {
            package: 0,
            feature: red.to_owned(),
        };
        for turned_on_by in [vec![], vec![switch]] {
            graph.edges[0].turned_on_by = turned_on_by;
            let in_words = shown(brought_in(&graph, Some(&path)));
            assert_eq!(
                in_words,
                r"comes in with feature `\u{1b}[31m` of \u{1b}[31m on \u{1b}[31m"
            );
        }
        assert_eq!(
            path_shown(&(graph, path), true),
            r"\u{1b}[31m 1.0.0 (as `\u{1b}[31m`, feature `\u{1b}[31m`) → b 1.0.0"
        );
    }

    #[test]
    fn of_a_long_path_the_end_is_told() {
        let edges = vec![Edge::default(); 25];
        let told = path_shown(&chain(99, edges), true);
        assert!(told.starts_with("a 1.0.0 → 6 more → h 1.0.0 → "), "{told}");
        assert!(told.ends_with(" → z 1.0.0"), "{told}");
    }

    #[test]
    fn all_that_is_lacking_is_told() {
        let lacking = |lacks: &[Lack], edge: Edge| Edge {
            lacks: lacks.to_vec(),
            platform: Some("cfg(windows)".to_owned()),
            ..edge
        };
        for (built, edges, expected) in [
            (
                1,
                vec![lacking(&[Lack::Feature], features(&["x", "y"]))],
                "comes in with features `x` or `y` of a",
            ),
            (
                1,
                vec![
                    lacking(&[Lack::Feature, Lack::Platform], features(&["x"])),
                    lacking(&[Lack::Platform], Edge::default()),
                ],
                "comes in with feature `x` of a on cfg(windows) and on cfg(windows)",
            ),
            (
                0,
                vec![lacking(&[Lack::Dev], Edge::default())],
                "comes in with package `a` and as a dev-dependency of a",
            ),
            (
                1,
                vec![lacking(&[Lack::Use], Edge::default())],
                "comes in with nothing: a is built without b",
            ),
        ] {
            let (graph, path) = chain(built, edges);
            assert_eq!(shown(brought_in(&graph, Some(&path))), expected);
        }
        assert_eq!(
            shown(brought_in(&Graph::default(), None)),
            "comes in with nothing: it is only in Cargo.lock"
        );
    }
}
