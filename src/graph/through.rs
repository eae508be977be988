//! Whether all ways to a package lead through others.

use super::Graph;

/// Whether there are paths to the package at position `to`, and all of them lead through a package with one of these
/// `names`, which may be where a path begins. A path to a package of the build is part of the build, as in
/// [`super::path::Paths`].
///
/// The edges of `graph` have to be filled in, as far as to say what leads where.
pub fn leads_only_through(graph: &Graph, to: usize, names: &[&str]) -> bool {
    let links = Links::new(graph, to);
    let passes = |position: usize| {
        position == to || !names.contains(&graph.packages[position].name.as_str())
    };
    links.reach(graph, to, |_| true) && !links.reach(graph, to, passes)
}

/// What each package leads to, as lists in one piece: builds are asked this.
struct Links {
    /// For each package the place of its first link.
    first: Vec<Option<usize>>,
    /// Where each link leads, and the place of the next one of the same package.
    links: Vec<(usize, Option<usize>)>,
}

impl Links {
    /// Those of which a path to the package at position `to` may consist.
    fn new(graph: &Graph, to: usize) -> Links {
        let unbuilt = graph.packages[to].is_unbuilt();
        let mut links = Links {
            first: vec![None; graph.packages.len()],
            links: Vec::with_capacity(graph.edges.len()),
        };
        let edges = graph.edges.iter();
        for edge in edges.filter(|edge| unbuilt || graph.is_built(edge)) {
            let next = links.first[edge.from].replace(links.links.len());
            links.links.push((edge.to, next));
        }
        links
    }

    /// Whether a path over packages that `may_pass` leads to `to`.
    fn reach(&self, graph: &Graph, to: usize, may_pass: impl Fn(usize) -> bool) -> bool {
        let mut seen = vec![false; graph.packages.len()];
        let mut open: Vec<usize> = graph.roots.clone();
        while let Some(position) = open.pop() {
            if std::mem::replace(&mut seen[position], true) || !may_pass(position) {
                continue;
            }
            if position == to {
                return true;
            }
            let mut link = self.first[position];
            while let Some(place) = link {
                let (leads_to, next) = self.links[place];
                open.push(leads_to);
                link = next;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::Edge;
    use crate::graph::tests::package;

    /// Packages with one letter each, and edges between them. The first one is the root.
    fn graph(names: &str, edges: &[&str]) -> Graph {
        let place = |name: char| names.find(name).unwrap();
        Graph {
            packages: names
                .chars()
                .map(|name| package(&name.to_string(), true))
                .collect(),
            edges: edges
                .iter()
                .map(|edge| {
                    let mut ends = edge.chars().map(place);
                    Edge {
                        from: ends.next().unwrap(),
                        to: ends.next().unwrap(),
                        ..Edge::default()
                    }
                })
                .collect(),
            roots: vec![0],
            ..Graph::default()
        }
    }

    #[test]
    fn every_way_has_to_lead_through_one_of_the_names() {
        let graph = graph("abcdx", &["ab", "ac", "bx", "cd", "dx"]);
        for (names, expected) in [
            (&["b"][..], false),
            (&["d"], false),
            (&["b", "d"], true),
            (&["b", "c"], true),
            (&["a"], true),
            (&["x"], false),
            (&[], false),
            (&["elsewhere"], false),
        ] {
            assert_eq!(leads_only_through(&graph, 4, names), expected, "{names:?}");
        }
    }

    #[test]
    fn where_no_way_is_known_none_leads_through() {
        let graph = graph("abx", &["bx", "xb"]);
        assert!(!leads_only_through(&graph, 2, &["b"]));
    }

    #[test]
    fn a_package_in_no_build_is_reached_by_edges_of_none() {
        let mut graph = graph("abx", &["ab", "bx"]);
        graph.edges[1].lacks = vec![crate::graph::Lack::Feature];
        assert!(!leads_only_through(&graph, 2, &["b"]));
        graph.packages[2] = package("x", false);
        assert!(leads_only_through(&graph, 2, &["b"]));
    }

    /// Each path that goes to no package twice, by trying all of them.
    fn paths(graph: &Graph, to: usize) -> Vec<Vec<usize>> {
        let mut complete = Vec::new();
        let mut open: Vec<Vec<usize>> = graph.roots.iter().map(|root| vec![*root]).collect();
        while let Some(path) = open.pop() {
            let last = path[path.len() - 1];
            if last == to {
                complete.push(path);
                continue;
            }
            for edge in graph.edges.iter().filter(|edge| edge.from == last) {
                let is_open = graph.packages[to].is_unbuilt() || graph.is_built(edge);
                if is_open && !path.contains(&edge.to) {
                    open.push([path.as_slice(), &[edge.to]].concat());
                }
            }
        }
        complete
    }

    const NAMES: &str = "abcdef";

    prop_compose! {
        fn any_graph()(
            built in prop::collection::vec(any::<bool>(), NAMES.len()),
            edges in prop::collection::vec((0..NAMES.len(), 0..NAMES.len(), prop::bool::weighted(0.2)), 0..14),
            roots in prop::sample::subsequence((0..NAMES.len()).collect::<Vec<_>>(), 1..3),
        ) -> Graph {
            let mut graph = graph(NAMES, &[]);
            for (name, (known, built)) in NAMES.chars().zip(graph.packages.iter_mut().zip(built)) {
                *known = package(&name.to_string(), built);
            }
            graph.edges = edges.into_iter().map(|(from, to, lacks)| Edge {
                from,
                to,
                lacks: lacks.then_some(crate::graph::Lack::Feature).into_iter().collect(),
                ..Edge::default()
            }).collect();
            graph.roots = roots;
            graph
        }
    }

    proptest! {
        #[test]
        fn it_is_as_if_all_paths_were_tried(
            graph in any_graph(),
            to in 0..NAMES.len(),
            names in prop::sample::subsequence(vec!["a", "b", "c", "d", "e", "f", "g"], 0..4),
        ) {
            let paths = paths(&graph, to);
            let is_covered = |path: &Vec<usize>| {
                let mut before = path.iter().filter(|position| **position != to);
                before.any(|position| names.contains(&graph.packages[*position].name.as_str()))
            };
            let expected = !paths.is_empty() && paths.iter().all(is_covered);
            prop_assert_eq!(leads_only_through(&graph, to, &names), expected, "{:?}", paths);
        }
    }
}
