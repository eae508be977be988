//! Where the boxes of a picture lie: in columns, so that every edge leads from one column to a later one.
//!
//! The usual four steps, each in about the time that it takes to sort: [`columns`] gives each box a column, [`Layers`] has
//! the edges that pass columns by take a place in them, the order within the columns is sought that has the fewest crossings,
//! and heights are found that leave the edges as straight as that order allows. Nothing depends on anything but the input:
//! the same graph is always the same picture.

use std::collections::VecDeque;

use super::layers::Layers;

/// The height of a box, in pixels.
pub const HEIGHT: i64 = 26;

/// The least room between two boxes that lie one above the other, in pixels.
pub const GAP: i64 = 8;

/// The least room between two columns, in pixels. Edges bend there.
pub const AISLE: i64 = 52;

/// A picture, in pixels from its upper left corner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// One for each box, in their order.
    pub places: Vec<Place>,
    /// One for each edge, in their order: the heights at which it passes the columns between its ends, from left to right.
    pub routes: Vec<Vec<i64>>,
    /// From left to right.
    pub columns: Vec<Column>,
    pub width: i64,
    pub height: i64,
}

/// Where a box lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// A position in [`Layout::columns`].
    pub column: usize,
    /// Of its middle.
    pub y: i64,
}

/// Its boxes begin at its left side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub x: i64,
    pub width: i64,
}

/// Lays out boxes of these `widths`. An edge is two positions among them, and leads from the first to the second; only
/// where the edges go round in a circle some of them lead back.
pub fn lay_out(widths: &[i64], edges: &[(usize, usize)]) -> Layout {
    let columns = columns(widths.len(), edges);
    let mut layers = Layers::new(&columns, edges);
    layers.untangle();
    let heights = layers.heights();
    let top = (0..layers.tall.len())
        .map(|at| heights[at] - layers.tall[at] / 2)
        .min()
        .unwrap_or(0);
    let bottom = (0..layers.tall.len())
        .map(|at| heights[at] + layers.tall[at] / 2)
        .max()
        .unwrap_or(0);
    let mut x = 0;
    let mut placed: Vec<Column> = Vec::new();
    for (column, order) in layers.order.iter().enumerate() {
        let boxes = order.iter().filter(|at| **at < widths.len());
        let width = boxes.map(|at| widths[*at]).max().unwrap_or(0);
        placed.push(Column { x, width });
        // Where many edges meet they need room to bend.
        let edges = layers.crowd(column);
        x += width + AISLE + (2 * edges).min(AISLE);
    }
    Layout {
        places: (0..widths.len())
            .map(|at| Place {
                column: columns[at],
                y: heights[at] - top,
            })
            .collect(),
        routes: layers
            .routes
            .iter()
            .map(|route| route.iter().map(|at| heights[*at] - top).collect())
            .collect(),
        width: placed.last().map_or(0, |last| last.x + last.width),
        columns: placed,
        height: bottom - top,
    }
}

/// The column of each box.
fn columns(boxes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let forward = without_circles(boxes, edges);
    let mut out = vec![Vec::new(); boxes];
    let mut into = vec![0_usize; boxes];
    for (from, to) in &forward {
        out[*from].push(*to);
        into[*to] += 1;
    }
    // As far to the left as what leads to it allows.
    let mut of = vec![0; boxes];
    let mut waiting = into.clone();
    let mut ready: VecDeque<usize> = (0..boxes).filter(|at| into[*at] == 0).collect();
    let mut sorted = Vec::with_capacity(boxes);
    while let Some(at) = ready.pop_front() {
        sorted.push(at);
        for to in &out[at] {
            of[*to] = of[*to].max(of[at] + 1);
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                ready.push_back(*to);
            }
        }
    }
    // Back to the right where that shortens more edges than it stretches.
    for at in sorted.into_iter().rev() {
        if into[at] > 0 && out[at].len() > into[at] {
            let nearest = out[at].iter().map(|to| of[*to]).min();
            of[at] = nearest.map_or(of[at], |nearest| nearest - 1);
        }
    }
    of
}

/// The edges, those turned round that would close a circle. Without those that lead nowhere.
fn without_circles(boxes: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        /// On the way that is being gone.
        Open,
        Done,
    }
    let mut out = vec![Vec::new(); boxes];
    let mut is_start = vec![true; boxes];
    for (position, (from, to)) in edges.iter().enumerate() {
        if from != to {
            out[*from].push(position);
            is_start[*to] = false;
        }
    }
    let mut forward = Vec::with_capacity(edges.len());
    let mut seen = vec![Seen::Not; boxes];
    let starts = (0..boxes).filter(|at| is_start[*at]);
    for start in starts.chain(0..boxes) {
        if seen[start] != Seen::Not {
            continue;
        }
        seen[start] = Seen::Open;
        let mut way = vec![(start, 0)];
        while let Some((at, next)) = way.last_mut() {
            let Some(edge) = out[*at].get(*next) else {
                seen[*at] = Seen::Done;
                way.pop();
                continue;
            };
            *next += 1;
            let (from, to) = edges[*edge];
            match seen[to] {
                Seen::Open => forward.push((to, from)),
                Seen::Done => forward.push((from, to)),
                Seen::Not => {
                    forward.push((from, to));
                    seen[to] = Seen::Open;
                    way.push((to, 0));
                }
            }
        }
    }
    forward
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn boxes(count: usize) -> Vec<i64> {
        vec![100; count]
    }

    fn columns_of(layout: &Layout) -> Vec<usize> {
        layout.places.iter().map(|place| place.column).collect()
    }

    /// The boxes of a column from top to bottom.
    fn down(layout: &Layout, column: usize) -> Vec<usize> {
        let mut boxes: Vec<usize> = (0..layout.places.len())
            .filter(|at| layout.places[*at].column == column)
            .collect();
        boxes.sort_by_key(|at| layout.places[*at].y);
        boxes
    }

    #[test]
    fn nothing_takes_no_room() {
        assert_eq!(lay_out(&[], &[]), Layout::default());
    }

    #[test]
    fn one_box_is_its_own_picture() {
        let layout = lay_out(&[70], &[]);
        assert_eq!((layout.width, layout.height), (70, HEIGHT));
        assert_eq!(layout.places[0].y, HEIGHT / 2);
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let layout = lay_out(&boxes(4), &[(0, 1), (1, 2), (2, 3)]);
        assert_eq!(columns_of(&layout), [0, 1, 2, 3]);
        assert_eq!(layout.height, HEIGHT);
    }

    #[test]
    fn the_longest_way_to_a_box_tells_its_column() {
        let layout = lay_out(&boxes(4), &[(0, 3), (0, 1), (1, 2), (2, 3)]);
        assert_eq!(columns_of(&layout), [0, 1, 2, 3]);
        assert_eq!(layout.routes[0].len(), 2);
    }

    #[test]
    fn what_leads_to_much_moves_near_it() {
        // 4 is needed by one package, and needs two that lie far to the right.
        let edges = [
            (0, 1),
            (1, 2),
            (2, 3),
            (0, 4),
            (4, 5),
            (4, 6),
            (3, 5),
            (3, 6),
        ];
        assert_eq!(columns_of(&lay_out(&boxes(7), &edges))[4], 3);
    }

    #[test]
    fn edges_that_need_not_cross_do_not() {
        let edges = [(0, 5), (0, 4), (1, 3), (1, 4), (2, 3)];
        let layout = lay_out(&boxes(6), &edges);
        let (left, right) = (down(&layout, 0), down(&layout, 1));
        let place = |all: &[usize], at: usize| all.iter().position(|other| *other == at).unwrap();
        for (from, to) in edges {
            for (other_from, other_to) in edges {
                let starts = place(&left, from) < place(&left, other_from);
                let ends = place(&right, to) > place(&right, other_to);
                assert!(!(starts && ends), "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn edges_to_one_box_share_their_way() {
        let layout = lay_out(&boxes(5), &[(0, 1), (1, 2), (2, 3), (0, 3), (4, 3), (4, 1)]);
        assert_eq!(layout.routes[3], layout.routes[4]);
    }

    #[test]
    fn a_circle_has_one_edge_that_leads_back() {
        let layout = lay_out(&boxes(3), &[(0, 1), (1, 2), (2, 0)]);
        assert_eq!(columns_of(&layout), [0, 1, 2]);
        assert_eq!(layout.routes[2].len(), 1);
    }

    #[test]
    fn large_graphs_take_little_time() {
        let count: usize = 5_000;
        let edges: Vec<(usize, usize)> = (1..count)
            .flat_map(|to| {
                // Like packages: most are needed by a few near them, some by many.
                let few = [to / 2, to * 3 / 4, to * 2 / 3];
                let common = (to % 3 == 0).then_some((to * 31 % (to / 2 + 1), to));
                few.into_iter().map(move |from| (from, to)).chain(common)
            })
            .collect();
        let began = Instant::now();

        let layout = lay_out(&boxes(count), &edges);

        assert_eq!(layout.places.len(), count);
        assert!(
            // Some seventy times what it takes without optimization, for the machine may be busy.
            began.elapsed() < Duration::from_secs(20),
            "took {:?}",
            began.elapsed()
        );
    }

    #[test]
    fn the_longest_chain_does_not_exhaust_the_stack() {
        let edges: Vec<(usize, usize)> = (1..20_000).map(|to| (to - 1, to)).collect();
        let layout = lay_out(&boxes(20_000), &edges);
        assert_eq!(layout.columns.len(), 20_000);
    }

    fn any_graph() -> impl Strategy<Value = (Vec<i64>, Vec<(usize, usize)>)> {
        (1..24_usize).prop_flat_map(|count| {
            (
                proptest::collection::vec(10..200_i64, count),
                proptest::collection::vec((0..count, 0..count), 0..60),
            )
        })
    }

    proptest! {
        #[test]
        fn nothing_overlaps((widths, edges) in any_graph()) {
            let layout = lay_out(&widths, &edges);
            for (at, place) in layout.places.iter().enumerate() {
                prop_assert!(widths[at] <= layout.columns[place.column].width);
                prop_assert!(place.y >= HEIGHT / 2 && place.y + HEIGHT / 2 <= layout.height);
                for other in &layout.places[at + 1..] {
                    if other.column == place.column {
                        prop_assert!((other.y - place.y).abs() >= HEIGHT + GAP);
                    }
                }
            }
            for pair in layout.columns.windows(2) {
                prop_assert!(pair[0].x + pair[0].width + AISLE <= pair[1].x);
            }
        }

        #[test]
        fn edges_pass_the_columns_between_their_ends_and_no_box((widths, edges) in any_graph()) {
            let layout = lay_out(&widths, &edges);
            for ((from, to), route) in edges.iter().zip(&layout.routes) {
                let (from, to) = (layout.places[*from].column, layout.places[*to].column);
                let (first, last) = (from.min(to), from.max(to));
                prop_assert_eq!(route.len(), (last - first).saturating_sub(1));
                for (step, y) in route.iter().enumerate() {
                    let column = first + 1 + step;
                    let beside = layout.places.iter().filter(|place| place.column == column);
                    for place in beside {
                        prop_assert!((place.y - y).abs() >= HEIGHT / 2 + GAP);
                    }
                }
            }
        }

        #[test]
        fn without_circles_every_edge_leads_to_a_later_column((widths, edges) in any_graph()) {
            let edges: Vec<(usize, usize)> = edges
                .into_iter()
                .filter(|(from, to)| from != to)
                .map(|(from, to)| (from.min(to), from.max(to)))
                .collect();
            let layout = lay_out(&widths, &edges);
            for (from, to) in &edges {
                prop_assert!(layout.places[*from].column < layout.places[*to].column);
            }
            prop_assert_eq!(layout, lay_out(&widths, &edges));
        }

        #[test]
        fn the_ends_of_an_edge_are_in_different_columns((widths, edges) in any_graph()) {
            let layout = lay_out(&widths, &edges);
            for (from, to) in edges.iter().filter(|(from, to)| from != to) {
                prop_assert_ne!(layout.places[*from].column, layout.places[*to].column);
            }
        }

        #[test]
        fn crossings_are_counted_as_by_hand(ends in proptest::collection::vec((0..6_usize, 6..12_usize), 0..20)) {
            let columns = [vec![0; 6], vec![1; 6]].concat();
            let layers = Layers::new(&columns, &ends);
            let mut unique = ends.clone();
            unique.sort_unstable();
            unique.dedup();
            let by_hand = unique
                .iter()
                .flat_map(|one| unique.iter().map(move |other| (one, other)))
                .filter(|(one, other)| one.0 < other.0 && one.1 > other.1)
                .count();
            prop_assert_eq!(layers.crossings(), by_hand as u64);
        }
    }
}
