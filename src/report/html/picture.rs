//! The graph as the page draws it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::layout::{Column, HEIGHT, lay_out};
use super::mark;
use super::text::visible;
use crate::advisory::Kind;
use crate::graph::path::Paths;
use crate::graph::{DependencyKind, Edge, Graph, Package, Scope};
use crate::report::json::Report;

/// What the script of the page is given.
#[derive(Debug, Serialize)]
pub(super) struct Picture {
    packages: Vec<Node>,
    findings: Vec<Finding>,
    /// From the smallest to the largest.
    views: Vec<View>,
    /// The position of the view that is shown first.
    start: usize,
    /// The outline of each kind's mark.
    marks: BTreeMap<&'static str, &'static str>,
    /// The height of a box, in pixels.
    height: i64,
}

/// A package. All text can be seen.
#[derive(Debug, Serialize)]
struct Node {
    name: String,
    version: String,
    /// Name and version as they fit into a box.
    label: [String; 2],
    source: Option<String>,
    scope: &'static str,
    member: bool,
    features: Vec<String>,
    /// Positions in the list of findings.
    findings: Vec<usize>,
}

/// A finding, as the picture tells it.
#[derive(Debug, Serialize)]
struct Finding {
    /// A position in the list of packages, null where the graph has no such package.
    package: Option<usize>,
    kind: &'static str,
    id: Option<String>,
    title: Option<String>,
}

/// Some of the packages, and how they are drawn, in pixels.
#[derive(Debug, Serialize)]
struct View {
    name: &'static str,
    boxes: Vec<Box>,
    edges: Vec<Line>,
    columns: Vec<[i64; 2]>,
    width: i64,
    height: i64,
}

#[derive(Debug, Serialize)]
struct Box {
    /// A position in the list of packages.
    package: usize,
    /// A position in the list of columns.
    column: usize,
    /// Of its middle.
    y: i64,
    width: i64,
}

#[derive(Debug, Serialize)]
struct Line {
    /// Positions in the list of boxes.
    from: usize,
    to: usize,
    kind: &'static str,
    /// The heights at which it passes the columns between.
    route: Vec<i64>,
}

/// The most packages that all paths to findings are shown of at first. Of more than these one sees little.
const MOST_AT_FIRST: usize = 40;

/// The most columns of a name and of a version in a box.
const LABEL: [usize; 2] = [26, 14];

/// The width of a character in a box, in tenths of a pixel: a little more than common fonts have.
const TENTHS: usize = 74;

impl Picture {
    pub(super) fn new(graph: &Graph, report: &Report<'_>) -> Picture {
        // By name, so that the page does not depend on the order in which cargo came by them.
        let mut order: Vec<usize> = (0..graph.packages.len()).collect();
        order.sort_by_key(|position| identity(&graph.packages[*position]));
        let positions: HashMap<_, usize> = order
            .iter()
            .map(|position| (identity(&graph.packages[*position]), *position))
            .collect();
        let mut places = vec![0; order.len()];
        for (place, position) in order.iter().enumerate() {
            places[*position] = place;
        }
        let mut packages: Vec<Node> = order
            .iter()
            .map(|position| Node::new(&graph.packages[*position]))
            .collect();
        let mut found = BTreeSet::new();
        let mut findings = Vec::new();
        for (number, info) in report.findings.iter().enumerate() {
            let position = positions.get(&(info.package, info.version, info.source));
            if let Some(position) = position {
                found.insert(*position);
                packages[places[*position]].findings.push(number);
            }
            findings.push(Finding {
                package: position.map(|position| places[*position]),
                kind: info.kind,
                id: info.id.map(visible),
                title: info.title.as_deref().map(visible),
            });
        }
        let paths = Paths::new(graph);
        let view = |name, part: Part| View::new(name, graph, &packages, &places, &part);
        let shortest = view("shortest", shortest(&paths, &found));
        let all = view("paths", leading_to(&paths, &found));
        let every = Part {
            packages: (0..graph.packages.len()).collect(),
            edges: (0..graph.edges.len()).collect(),
        };
        let every = view("all", every);
        let crowded = all.boxes.len() > MOST_AT_FIRST;
        let mut views = Vec::new();
        if !found.is_empty() {
            // Where one path leads to each, the two are the same.
            if shortest.edges.len() < all.edges.len() {
                views.push(shortest);
            }
            views.push(all);
        }
        let start = usize::from(views.len() > 1 && !crowded);
        views.push(every);
        Picture {
            packages,
            findings,
            views,
            start,
            marks: Kind::ALL
                .map(|kind| (kind.as_str(), mark::outline(kind)))
                .into(),
            height: HEIGHT,
        }
    }
}

type Identity<'a> = (&'a str, &'a semver::Version, Option<&'a str>);

fn identity(package: &Package) -> Identity<'_> {
    (
        &package.name,
        &package.version,
        package.source.id.as_deref(),
    )
}

impl Node {
    fn new(package: &Package) -> Node {
        let name = visible(&package.name);
        let version = visible(&package.version.to_string());
        Node {
            label: [shortened(&name, LABEL[0]), shortened(&version, LABEL[1])],
            name,
            version,
            source: package.source.id.as_deref().map(visible),
            scope: package.scope().as_str(),
            member: package.member,
            features: package
                .features
                .iter()
                .flatten()
                .map(|feature| visible(feature))
                .collect(),
            findings: Vec::new(),
        }
    }

    /// The width of the box, in pixels.
    fn width(&self) -> i64 {
        let columns = self.label[0].width() + 1 + self.label[1].width();
        let mark = if self.findings.is_empty() { 0 } else { 18 };
        i64::try_from(20 + mark + (columns * TENTHS).div_ceil(10)).unwrap_or(i64::MAX)
    }
}

/// Text cut to so many columns.
fn shortened(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut columns = 1;
    let fits = |c: &char| {
        columns += c.width().unwrap_or(0);
        columns <= most
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// Some packages of a graph and some of its edges, as positions.
#[derive(Default)]
struct Part {
    packages: BTreeSet<usize>,
    edges: BTreeSet<usize>,
}

/// The best path to each package.
fn shortest(paths: &Paths<'_>, found: &BTreeSet<usize>) -> Part {
    let mut part = Part::default();
    for package in found {
        part.packages.insert(*package);
        for path in paths.to(*package, 1) {
            part.packages.extend(path.packages);
            part.edges.extend(path.edges);
        }
    }
    part
}

/// Everything that lies on a path to one of the packages.
fn leading_to(paths: &Paths<'_>, found: &BTreeSet<usize>) -> Part {
    let positions: HashMap<(usize, usize), usize> = paths
        .graph
        .edges
        .iter()
        .enumerate()
        .map(|(position, edge)| ((edge.from, edge.to), position))
        .collect();
    let mut part = Part {
        packages: found.clone(),
        edges: BTreeSet::new(),
    };
    let mut open: Vec<usize> = found.iter().copied().collect();
    while let Some(package) = open.pop() {
        for edge in paths.into(package) {
            part.edges.insert(positions[&(edge.from, edge.to)]);
            if part.packages.insert(edge.from) {
                open.push(edge.from);
            }
        }
    }
    part
}

impl View {
    /// `places` tells which of `nodes` each package of `graph` is.
    fn new(
        name: &'static str,
        graph: &Graph,
        nodes: &[Node],
        places: &[usize],
        part: &Part,
    ) -> View {
        let packages: BTreeSet<usize> = part.packages.iter().map(|at| places[*at]).collect();
        let boxes: HashMap<usize, usize> = packages
            .iter()
            .enumerate()
            .map(|(place, package)| (*package, place))
            .collect();
        let mut edges: Vec<&Edge> = part.edges.iter().map(|edge| &graph.edges[*edge]).collect();
        let ends = |edge: &Edge| (boxes[&places[edge.from]], boxes[&places[edge.to]]);
        edges.sort_by_key(|edge| ends(edge));
        let ends: Vec<(usize, usize)> = edges.iter().map(|edge| ends(edge)).collect();
        let widths: Vec<i64> = packages.iter().map(|at| nodes[*at].width()).collect();
        let layout = lay_out(&widths, &ends);
        View {
            name,
            boxes: packages
                .iter()
                .zip(&layout.places)
                .zip(&widths)
                .map(|((package, place), width)| Box {
                    package: *package,
                    column: place.column,
                    y: place.y,
                    width: *width,
                })
                .collect(),
            edges: edges
                .iter()
                .zip(ends)
                .zip(layout.routes)
                .map(|((edge, (from, to)), route)| Line {
                    from,
                    to,
                    kind: kind(graph, edge),
                    route,
                })
                .collect(),
            columns: layout
                .columns
                .iter()
                .map(|Column { x, width }| [*x, *width])
                .collect(),
            width: layout.width,
            height: layout.height,
        }
    }
}

/// How an edge is drawn.
fn kind(graph: &Graph, edge: &Edge) -> &'static str {
    if !graph.is_built(edge) {
        return Scope::Unbuilt.as_str();
    }
    edge.kind.unwrap_or(DependencyKind::Normal).as_str()
}
