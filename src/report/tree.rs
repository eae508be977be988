//! All paths to a package as a tree of dependents, drawn as `cargo tree --invert` draws it.

use std::collections::HashSet;

use cargo_util_terminal::style;

use crate::graph::path::Paths;
use crate::graph::{DependencyKind, Edge};
use crate::report::paragraph::{Margin, Paragraph};
use crate::report::path::{name, note};
use crate::report::{Page, push};

/// How deep a tree is drawn. No real graph is deeper; a made-up lockfile could fill the disk with spaces.
const DEEPEST: usize = 100;

/// What stands before the tree.
const INDENT: &str = "    ";

struct Symbols {
    down: &'static str,
    tee: &'static str,
    ell: &'static str,
}

const UNICODE: Symbols = Symbols {
    down: "│   ",
    tee: "├── ",
    ell: "└── ",
};

const ASCII: Symbols = Symbols {
    down: "|   ",
    tee: "|-- ",
    ell: "`-- ",
};

/// Adds who depends on a package, given as its position, who on those, and so on. What was drawn before is marked
/// `(*)` and not drawn again.
pub fn write(out: &mut String, paths: &Paths<'_>, package: usize, page: Page) {
    let symbols = if page.unicode { UNICODE } else { ASCII };
    // Whole lines, no width: a tree that is broken up is none.
    let page = Page {
        width: None,
        ..page
    };
    let mut drawn = HashSet::from([package]);
    // Not by recursion: how deep it goes is up to whoever made the graph.
    let mut levels = vec![Level::above(paths, package)];
    while let Some((level, below)) = levels.split_last_mut() {
        let Some(line) = level.lines.pop() else {
            levels.pop();
            continue;
        };
        let mut start = INDENT.to_owned();
        for level in below {
            start.push_str(if level.continues {
                symbols.down
            } else {
                "    "
            });
        }
        let (edge, last) = match line {
            Line::Table(table) => {
                let bold = style::HEADER;
                push(out, format_args!("{start}{bold}{table}{bold:#}\n"));
                continue;
            }
            Line::Dependent { edge, last } => (edge, last),
        };
        level.continues = !last;
        start.push_str(if last { symbols.ell } else { symbols.tee });
        let mut told = Paragraph::default();
        told.word(&name(&paths.graph.packages[edge.from]));
        note(&mut told, edge, false);
        let mut above = Level::above(paths, edge.from);
        if !above.lines.is_empty() && !drawn.insert(edge.from) {
            told.word("(*)");
            above.lines.clear();
        }
        if !above.lines.is_empty() && levels.len() >= DEEPEST {
            told.word("…");
            above.lines.clear();
        }
        let margin = Margin {
            first: &start,
            rest: INDENT,
        };
        told.write(out, margin, page);
        levels.push(above);
    }
}

/// The dependents of one package that are still to be drawn.
struct Level<'g> {
    /// The next one is the last.
    lines: Vec<Line<'g>>,
    /// After the dependent that is being drawn comes another one of the same table.
    continues: bool,
}

enum Line<'g> {
    /// `[dev-dependencies]`, above the dependents that name the package there.
    Table(&'static str),
    Dependent {
        edge: &'g Edge,
        /// It is the last one of its table.
        last: bool,
    },
}

impl<'g> Level<'g> {
    fn above(paths: &Paths<'g>, package: usize) -> Level<'g> {
        let mut lines = Vec::new();
        for (table, kinds) in [
            (None, [Some(DependencyKind::Normal), None]),
            (
                Some("[build-dependencies]"),
                [Some(DependencyKind::Build); 2],
            ),
            (Some("[dev-dependencies]"), [Some(DependencyKind::Dev); 2]),
        ] {
            let mut edges = paths
                .into(package)
                .filter(|edge| kinds.contains(&edge.kind))
                .peekable();
            if edges.peek().is_some() {
                lines.extend(table.map(Line::Table));
            }
            while let Some(edge) = edges.next() {
                let last = edges.peek().is_none();
                lines.push(Line::Dependent { edge, last });
            }
        }
        lines.reverse();
        Level {
            lines,
            continues: false,
        }
    }
}
