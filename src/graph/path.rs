//! How the workspace comes by a package: the paths from its members along the edges of a graph.

use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use super::{Edge, Graph, Scope};

/// The most packages of a path. Longer ones are not listed: no real graph has them, and a made-up lockfile could fill
/// memory with them.
pub const LONGEST: usize = 256;

/// How many partial paths are looked at for one package.
const PATIENCE: usize = 10_000;

/// A way from a root of a graph to one of its packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Positions in [`Graph::packages`], the root first.
    pub packages: Vec<usize>,
    /// Positions in [`Graph::edges`], one less than packages: each leads from a package to the next.
    pub edges: Vec<usize>,
}

/// The paths of one graph, whose edges are known.
#[derive(Debug)]
pub struct Paths<'g> {
    pub graph: &'g Graph,
    /// Made for the first package that is asked about, as most graphs are asked about none.
    ways: OnceCell<Ways>,
}

/// What paths are found with.
#[derive(Debug)]
struct Ways {
    /// The edges to each package, sorted by the name of their dependents.
    into: Vec<Vec<usize>>,
    /// For each package and each of [`SCOPES`] how near the roots are.
    near: Vec<[Option<Near>; SCOPES.len()]>,
    is_root: Vec<bool>,
    /// The place of each package among all, sorted by name, so that equal paths always come in the same order.
    places: Vec<usize>,
}

/// The scopes that a path can have: that of its weakest edge.
const SCOPES: [Scope; 3] = [Scope::Runtime, Scope::Build, Scope::Dev];

/// What is lacking on the way, then the number of edges.
type Near = (usize, usize);

/// What a path costs: the lesser is the better one. What is lacking, the scope, and the number of edges.
type Cost = (usize, Scope, usize);

impl<'g> Paths<'g> {
    pub fn new(graph: &'g Graph) -> Paths<'g> {
        Paths {
            graph,
            ways: OnceCell::new(),
        }
    }

    fn ways(&self) -> &Ways {
        self.ways.get_or_init(|| Ways::new(self.graph))
    }

    /// At most `most` paths to a package, given as its position, the best first: those that lack the least, and of these
    /// first those of the strongest scope, then the shortest. Paths that lack more than the first are left out, so that a
    /// package of the build has only paths of the build.
    pub fn to(&self, package: usize, most: usize) -> Vec<Path> {
        // From the package back to the roots. How near they are is known exactly, so the best way is always the next.
        let ways = self.ways();
        let mut steps = Vec::new();
        let mut open = BinaryHeap::new();
        let mut found = Vec::new();
        let mut least = None;
        let start = Step {
            package,
            edge: None,
            behind: None,
            cost: (0, Scope::Runtime, 0),
        };
        self.push(start, &mut steps, &mut open);
        for _ in 0..PATIENCE {
            let Some(Reverse((cost, _, _, step, complete))) = open.pop() else {
                break;
            };
            if cost.2 >= LONGEST || *least.get_or_insert(cost.0) < cost.0 {
                break;
            }
            if complete {
                found.push(path(&steps, step));
                if found.len() == most {
                    break;
                }
                continue;
            }
            let at = steps[step].package;
            if let Some(cost) = self.root_cost(at) {
                let cost = joined(cost, steps[step].cost);
                open.push(Reverse((cost, 0, ways.places[at], step, true)));
            }
            for &edge in &ways.into[at] {
                let Edge { from, lacks, .. } = &self.graph.edges[edge];
                if visited(&steps, step, *from) {
                    continue;
                }
                let before = (lacks.len(), self.graph.edges[edge].scope(), 1);
                let next = Step {
                    package: *from,
                    edge: Some(edge),
                    behind: Some(step),
                    cost: joined(before, steps[step].cost),
                };
                self.push(next, &mut steps, &mut open);
            }
        }
        found
    }

    /// The edges to a package, sorted by the name of the dependents. To a package of the build only those of the build.
    pub fn into(&self, package: usize) -> impl Iterator<Item = &'g Edge> {
        let unbuilt = self.graph.packages[package].is_unbuilt();
        self.ways().into[package]
            .iter()
            .map(|edge| &self.graph.edges[*edge])
            .filter(move |edge| unbuilt || self.graph.is_built(edge))
    }

    fn push(&self, step: Step, steps: &mut Vec<Step>, open: &mut Open) {
        let ways = self.ways();
        let ahead = SCOPES
            .into_iter()
            .zip(ways.near[step.package])
            .filter_map(|(scope, near)| near.map(|(lacks, edges)| (lacks, scope, edges)))
            .map(|ahead| (joined(ahead, step.cost), ahead.2))
            .min();
        if let Some((cost, edges)) = ahead {
            open.push(Reverse((
                cost,
                edges,
                ways.places[step.package],
                steps.len(),
                false,
            )));
            steps.push(step);
        }
    }

    fn root_cost(&self, package: usize) -> Option<Cost> {
        self.ways().is_root[package].then(|| (root_lacks(self.graph, package), Scope::Runtime, 0))
    }
}

impl Ways {
    /// Visits each edge of `graph` a few times.
    fn new(graph: &Graph) -> Ways {
        let mut order: Vec<usize> = (0..graph.packages.len()).collect();
        order.sort_by_key(|position| {
            let package = &graph.packages[*position];
            (&package.name, &package.version, &package.source.id)
        });
        let mut places = vec![0; order.len()];
        for (place, position) in order.into_iter().enumerate() {
            places[position] = place;
        }
        let mut into = vec![Vec::new(); graph.packages.len()];
        for (position, edge) in graph.edges.iter().enumerate() {
            into[edge.to].push(position);
        }
        for edges in &mut into {
            edges.sort_by_key(|edge| places[graph.edges[*edge].from]);
        }
        let mut is_root = vec![false; graph.packages.len()];
        for root in &graph.roots {
            is_root[*root] = true;
        }
        Ways {
            into,
            near: near(graph),
            is_root,
            places,
        }
    }
}

/// One package of a way that is being looked for, from its end.
struct Step {
    package: usize,
    /// The edge to the package behind.
    edge: Option<usize>,
    /// The step of the package behind, as a position. None at the end of the way.
    behind: Option<usize>,
    /// Of the way from this package to its end.
    cost: Cost,
}

/// Steps by the cost of the best way through them, of equals first what is nearest to the roots, so that one way is
/// finished before the next is begun. Then the place of the step's package, its position, and whether the way is complete.
type Open = BinaryHeap<Reverse<(Cost, usize, usize, usize, bool)>>;

fn joined(one: Cost, other: Cost) -> Cost {
    (one.0 + other.0, one.1.max(other.1), one.2 + other.2)
}

fn visited(steps: &[Step], mut step: usize, package: usize) -> bool {
    loop {
        if steps[step].package == package {
            return true;
        }
        match steps[step].behind {
            Some(behind) => step = behind,
            None => return false,
        }
    }
}

fn path(steps: &[Step], mut step: usize) -> Path {
    let mut path = Path {
        packages: Vec::new(),
        edges: Vec::new(),
    };
    loop {
        path.packages.push(steps[step].package);
        path.edges.extend(steps[step].edge);
        match steps[step].behind {
            Some(behind) => step = behind,
            None => return path,
        }
    }
}

/// A member that is not built itself would have to be.
fn root_lacks(graph: &Graph, root: usize) -> usize {
    usize::from(graph.packages[root].is_unbuilt())
}

/// For each package and each scope of the way how near the roots are.
fn near(graph: &Graph) -> Vec<[Option<Near>; SCOPES.len()]> {
    let mut out = vec![Vec::new(); graph.packages.len()];
    for edge in &graph.edges {
        out[edge.from].push(edge);
    }
    let mut near = vec![[None; SCOPES.len()]; graph.packages.len()];
    let mut done = HashSet::new();
    let mut open: BinaryHeap<Reverse<(Near, usize, usize)>> = graph
        .roots
        .iter()
        .map(|root| Reverse(((root_lacks(graph, *root), 0), *root, 0)))
        .collect();
    while let Some(Reverse((so_far, package, scope))) = open.pop() {
        if !done.insert((package, scope)) {
            continue;
        }
        near[package][scope] = Some(so_far);
        for edge in &out[package] {
            let behind = SCOPES
                .iter()
                .position(|scope| *scope == edge.scope())
                .map_or(scope, |position| position.max(scope));
            if !done.contains(&(edge.to, behind)) {
                let next = (so_far.0 + edge.lacks.len(), so_far.1 + 1);
                open.push(Reverse((next, edge.to, behind)));
            }
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::package;
    use super::super::{DependencyKind, Lack, Usage};
    use super::*;

    fn graph(packages: usize, edges: &[(usize, usize)]) -> Graph {
        Graph {
            packages: (0..packages)
                .map(|name| package(&format!("p{name}"), true))
                .collect(),
            edges: edges
                .iter()
                .map(|(from, to)| Edge {
                    from: *from,
                    to: *to,
                    kind: Some(DependencyKind::Normal),
                    ..Edge::default()
                })
                .collect(),
            roots: vec![0],
            ..Graph::default()
        }
    }

    fn to(graph: &Graph, package: usize) -> Vec<Vec<usize>> {
        let paths = Paths::new(graph).to(package, 10);
        paths.into_iter().map(|path| path.packages).collect()
    }

    #[test]
    fn the_shortest_comes_first_and_equals_by_name() {
        let graph = graph(5, &[(0, 2), (2, 4), (0, 1), (1, 4), (0, 3), (3, 1), (0, 4)]);
        assert_eq!(
            to(&graph, 4),
            [vec![0, 4], vec![0, 1, 4], vec![0, 2, 4], vec![0, 3, 1, 4]]
        );
        assert_eq!(to(&graph, 0), [[0]]);
    }

    #[test]
    fn a_longer_path_of_a_stronger_scope_comes_first() {
        let mut graph = graph(4, &[(0, 3), (0, 1), (1, 2), (2, 3)]);
        graph.edges[0].kind = Some(DependencyKind::Dev);
        assert_eq!(to(&graph, 3), [vec![0, 1, 2, 3], vec![0, 3]]);
    }

    #[test]
    fn only_the_paths_that_lack_the_least_are_listed() {
        let mut graph = graph(4, &[(0, 3), (0, 1), (1, 3), (0, 2), (2, 3)]);
        graph.edges[0].lacks = vec![Lack::Feature, Lack::Platform];
        graph.edges[1].lacks = vec![Lack::Feature];
        graph.packages[3].usage = Some(Usage {
            scope: Scope::Unbuilt,
            direct: false,
        });
        graph.edges[4].lacks = vec![Lack::Dev];
        assert_eq!(to(&graph, 3), [[0, 1, 3], [0, 2, 3]]);
        graph.edges[4].lacks.clear();
        assert_eq!(to(&graph, 3), [[0, 2, 3]]);
    }

    #[test]
    fn a_member_that_is_not_built_is_lacking_itself() {
        let mut graph = graph(3, &[(0, 2), (1, 0), (1, 2)]);
        graph.roots = vec![0, 1];
        graph.packages[0].usage = Some(Usage {
            scope: Scope::Unbuilt,
            direct: false,
        });
        assert_eq!(to(&graph, 2), [vec![1, 2], vec![1, 0, 2]]);
    }

    #[test]
    fn what_nothing_leads_to_has_no_path() {
        assert!(to(&graph(3, &[(1, 2), (2, 1)]), 2).is_empty());
    }

    #[test]
    fn made_up_graphs_end() {
        // Of each ten packages every one depends on every one of the next ten.
        let layers: Vec<(usize, usize)> = (0..500)
            .flat_map(|from| (0..10).map(move |to| (from, (from / 10 + 1) * 10 + to)))
            .collect();
        let layers = graph(510, &layers);
        assert_eq!(to(&layers, 500).len(), 10);
        // Longer than any path that is listed.
        let long: Vec<(usize, usize)> = (0..100_000).map(|from| (from, from + 1)).collect();
        let long = graph(100_001, &long);
        assert!(to(&long, 100_000).is_empty());
        assert_eq!(to(&long, LONGEST - 1).len(), 1);
        // In which nearly every way comes back to itself.
        let knot: Vec<(usize, usize)> = (0..60)
            .flat_map(|from| (0..60).map(move |to| (from, to)))
            .filter(|(from, to)| from != to)
            .collect();
        assert_eq!(to(&graph(60, &knot), 59).len(), 10);
    }

    /// All ways from a root to a package that go nowhere twice, with what they cost.
    fn by_hand(graph: &Graph, package: usize) -> Vec<(Cost, Vec<usize>)> {
        fn go(
            graph: &Graph,
            package: usize,
            way: &[usize],
            cost: Cost,
            all: &mut Vec<(Cost, Vec<usize>)>,
        ) {
            let at = way[way.len() - 1];
            if at == package {
                all.push((cost, way.to_vec()));
                return;
            }
            for edge in graph.edges.iter().filter(|edge| edge.from == at) {
                if !way.contains(&edge.to) {
                    let way = [way, &[edge.to]].concat();
                    let cost = joined(cost, (edge.lacks.len(), edge.scope(), 1));
                    go(graph, package, &way, cost, all);
                }
            }
        }
        let mut all = Vec::new();
        for root in &graph.roots {
            let cost = (root_lacks(graph, *root), Scope::Runtime, 0);
            go(graph, package, &[*root], cost, &mut all);
        }
        let least = all.iter().map(|(cost, _)| cost.0).min();
        all.retain(|(cost, _)| Some(cost.0) == least);
        all.sort();
        all
    }

    fn any_graph() -> impl Strategy<Value = Graph> {
        let edge = (0..6usize, 0..6usize, 0..3usize, 0..3usize);
        (
            proptest::collection::vec(edge, 0..16),
            proptest::collection::vec(any::<bool>(), 6),
            proptest::collection::btree_set(0..6usize, 1..3),
        )
            .prop_map(|(edges, built, roots)| {
                let kinds = [
                    DependencyKind::Normal,
                    DependencyKind::Build,
                    DependencyKind::Dev,
                ];
                let mut known = HashSet::new();
                Graph {
                    packages: built
                        .iter()
                        .enumerate()
                        .map(|(name, built)| package(&format!("p{name}"), *built))
                        .collect(),
                    edges: edges
                        .into_iter()
                        .filter(|(from, to, ..)| from != to && known.insert((*from, *to)))
                        .map(|(from, to, kind, lacks)| Edge {
                            from,
                            to,
                            kind: Some(kinds[kind]),
                            lacks: vec![Lack::Feature; lacks],
                            ..Edge::default()
                        })
                        .collect(),
                    roots: roots.into_iter().collect(),
                    ..Graph::default()
                }
            })
    }

    proptest! {
        #[test]
        fn paths_are_those_found_by_hand(graph in any_graph()) {
            let paths = Paths::new(&graph);
            for package in 0..graph.packages.len() {
                let expected = by_hand(&graph, package);
                let found = paths.to(package, usize::MAX);
                let cost = |path: &Path| {
                    let start = (root_lacks(&graph, path.packages[0]), Scope::Runtime, 0);
                    path.edges.iter().map(|edge| &graph.edges[*edge]).fold(start, |cost, edge| {
                        joined(cost, (edge.lacks.len(), edge.scope(), 1))
                    })
                };
                let costs: Vec<Cost> = found.iter().map(cost).collect();
                let expected_costs: Vec<Cost> = expected.iter().map(|(cost, _)| *cost).collect();
                prop_assert_eq!(costs, expected_costs);
                let mut ways: Vec<Vec<usize>> = found.into_iter().map(|path| path.packages).collect();
                let mut expected: Vec<Vec<usize>> = expected.into_iter().map(|(_, way)| way).collect();
                ways.sort();
                expected.sort();
                prop_assert_eq!(ways, expected);
            }
        }
    }
}
