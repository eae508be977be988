//! What lies in the columns of a picture, in which order and at which heights.

use std::collections::HashMap;

use super::layout::{GAP, HEIGHT};

/// The height that an edge takes where it passes a column by, in pixels.
const STRAND: i64 = 4;

/// How often the order within the columns is improved, from left to right and back.
const SWEEPS: usize = 12;

/// How often the heights are improved, likewise.
const PULLS: usize = 10;

/// What lies in the columns: boxes, and behind them the strands, places where edges pass a column by.
///
/// The edges to one box run along one strand, as soon as they meet: a picture of many edges to the same few packages is
/// clearer so, and there are at most as many strands in a column as there are boxes to its right.
pub(super) struct Layers {
    /// Of each column what lies in it, from top to bottom.
    pub(super) order: Vec<Vec<usize>>,
    column: Vec<usize>,
    pub(super) tall: Vec<i64>,
    /// What each leads to in the next column, and what leads to it from the one before.
    right: Vec<Vec<usize>>,
    left: Vec<Vec<usize>>,
    /// Of each edge the strands that it takes.
    pub(super) routes: Vec<Vec<usize>>,
    boxes: usize,
}

impl Layers {
    pub(super) fn new(columns: &[usize], edges: &[(usize, usize)]) -> Layers {
        let count = columns.iter().max().map_or(0, |last| last + 1);
        let boxes = columns.len();
        let mut layers = Layers {
            order: vec![Vec::new(); count],
            column: columns.to_vec(),
            tall: vec![HEIGHT; boxes],
            right: Vec::new(),
            left: Vec::new(),
            routes: Vec::with_capacity(edges.len()),
            boxes,
        };
        // By the column and the box that the edge ends at.
        let mut strands: HashMap<(usize, usize), usize> = HashMap::new();
        let mut steps = Vec::new();
        for (from, to) in edges {
            // From left to right, also where the edge leads back.
            let (start, end) = if columns[*from] <= columns[*to] {
                (*from, *to)
            } else {
                (*to, *from)
            };
            let between = (columns[start] + 1)..columns[end];
            let route: Vec<usize> = between
                .map(|column| {
                    *strands.entry((column, end)).or_insert_with(|| {
                        layers.column.push(column);
                        layers.tall.push(STRAND);
                        layers.column.len() - 1
                    })
                })
                .collect();
            if start != end {
                let mut at = start;
                for next in route.iter().copied().chain([end]) {
                    steps.push((at, next));
                    at = next;
                }
            }
            layers.routes.push(route);
        }
        steps.sort_unstable();
        steps.dedup();
        layers.right = vec![Vec::new(); layers.column.len()];
        layers.left = layers.right.clone();
        for (from, to) in steps {
            layers.right[from].push(to);
            layers.left[to].push(from);
        }
        for (at, column) in layers.column.iter().enumerate() {
            layers.order[*column].push(at);
        }
        layers
    }

    /// How many edges leave a column.
    pub(super) fn crowd(&self, column: usize) -> i64 {
        let edges: usize = self.order[column]
            .iter()
            .map(|at| self.right[*at].len())
            .sum();
        i64::try_from(edges).unwrap_or(i64::MAX / 4)
    }

    /// Orders each column by where the neighbours lie, again and again, and keeps the order with the fewest crossings.
    pub(super) fn untangle(&mut self) {
        let mut best = self.order.clone();
        let mut fewest = self.crossings();
        let mut places = vec![0.0; self.column.len()];
        for sweep in 0..SWEEPS {
            if fewest == 0 {
                break;
            }
            let count = self.order.len();
            for turn in 1..count {
                if sweep % 2 == 0 {
                    self.sort_column(turn, turn - 1, &mut places);
                } else {
                    self.sort_column(count - 1 - turn, count - turn, &mut places);
                }
            }
            let crossings = self.crossings();
            if crossings < fewest {
                fewest = crossings;
                best.clone_from(&self.order);
            }
        }
        self.order = best;
    }

    /// Orders a column by the mean place of the neighbours in `by`, the column beside it. What has none there stays about
    /// where it is.
    fn sort_column(&mut self, column: usize, by: usize, places: &mut [f64]) {
        for (position, at) in self.order[by].iter().enumerate() {
            places[*at] = position as f64;
        }
        let scale = self.order[by].len() as f64 / self.order[column].len().max(1) as f64;
        let beside = if by < column { &self.left } else { &self.right };
        let mut keyed: Vec<(f64, usize)> = self.order[column]
            .iter()
            .enumerate()
            .map(|(position, at)| {
                let neighbours = &beside[*at];
                let key = if neighbours.is_empty() {
                    position as f64 * scale
                } else {
                    neighbours.iter().map(|at| places[*at]).sum::<f64>() / neighbours.len() as f64
                };
                (key, *at)
            })
            .collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.order[column] = keyed.into_iter().map(|(_, at)| at).collect();
    }

    /// How many pairs of edges cross.
    pub(super) fn crossings(&self) -> u64 {
        let mut place = vec![0; self.column.len()];
        for order in &self.order {
            for (position, at) in order.iter().enumerate() {
                place[*at] = position;
            }
        }
        let mut crossings = 0;
        for (column, order) in self.order.iter().enumerate() {
            let Some(next) = self.order.get(column + 1) else {
                continue;
            };
            // Edges in the order of their starts cross where their ends are in another one.
            let mut passed = Counter::new(next.len());
            let mut ends = Vec::new();
            for at in order {
                ends.clear();
                ends.extend(self.right[*at].iter().map(|to| place[*to]));
                crossings += ends.iter().map(|end| passed.behind(*end)).sum::<u64>();
                ends.iter().for_each(|end| passed.add(*end));
            }
        }
        crossings
    }

    /// The middle of everything, in the order of the columns and with the room that it needs.
    pub(super) fn heights(&self) -> Vec<i64> {
        let mut y = vec![0.0; self.column.len()];
        for order in &self.order {
            self.place(order, &vec![(0.0, 1.0); order.len()], &mut y);
        }
        for turn in 0..PULLS {
            let mut columns: Vec<usize> = (0..self.order.len()).collect();
            if turn % 2 == 1 {
                columns.reverse();
            }
            for column in columns {
                let order = &self.order[column];
                let wishes: Vec<(f64, f64)> = order.iter().map(|at| self.wish(*at, &y)).collect();
                self.place(order, &wishes, &mut y);
            }
        }
        let mut whole = vec![0; y.len()];
        for order in &self.order {
            let mut least = i64::MIN;
            for (position, at) in order.iter().enumerate() {
                whole[*at] = (y[*at].round() as i64).max(least);
                if let Some(below) = order.get(position + 1) {
                    least = whole[*at] + self.distance(*at, *below);
                }
            }
        }
        whole
    }

    /// The least distance between the middles of two that lie one above the other.
    fn distance(&self, above: usize, below: usize) -> i64 {
        (self.tall[above] + self.tall[below]) / 2 + GAP
    }

    /// Where something would best lie for its edges to be straight, and how much it matters.
    fn wish(&self, at: usize, y: &[f64]) -> (f64, f64) {
        /// Keeps what has no neighbours where it is.
        const INERTIA: f64 = 0.1;
        let mut sum = y[at] * INERTIA;
        let mut weight = INERTIA;
        for other in self.left[at].iter().chain(&self.right[at]) {
            // Strands above all should be straight.
            let strand = at >= self.boxes && *other >= self.boxes;
            let pull = if strand { 8.0 } else { 1.0 };
            sum += y[*other] * pull;
            weight += pull;
        }
        (sum / weight, weight)
    }

    /// Puts what lies in a column as near as can be to where it wishes to be, without a change of the order.
    ///
    /// With the room that everything above needs taken off each height, what is left has only to rise, and the nearest rise
    /// is found by having neighbours that are in the wrong order meet at their mean.
    fn place(&self, order: &[usize], wishes: &[(f64, f64)], y: &mut [f64]) {
        struct Block {
            mean: f64,
            weight: f64,
            size: usize,
        }
        let mut offsets = Vec::with_capacity(order.len());
        let mut offset = 0;
        let mut blocks: Vec<Block> = Vec::new();
        for (position, (wished, weight)) in wishes.iter().enumerate() {
            if position > 0 {
                offset += self.distance(order[position - 1], order[position]);
            }
            offsets.push(offset as f64);
            let mut block = Block {
                mean: wished - offset as f64,
                weight: *weight,
                size: 1,
            };
            while let Some(above) = blocks.pop_if(|above| above.mean > block.mean) {
                let weight = above.weight + block.weight;
                block.mean = (above.mean * above.weight + block.mean * block.weight) / weight;
                block.weight = weight;
                block.size += above.size;
            }
            blocks.push(block);
        }
        let means = blocks
            .iter()
            .flat_map(|block| std::iter::repeat_n(block.mean, block.size));
        for ((at, offset), mean) in order.iter().zip(offsets).zip(means) {
            y[*at] = mean + offset;
        }
    }
}

/// Counts numbers, and how many of them are greater than another one.
struct Counter {
    /// A Fenwick tree.
    sums: Vec<u64>,
    all: u64,
}

impl Counter {
    fn new(numbers: usize) -> Counter {
        Counter {
            sums: vec![0; numbers + 1],
            all: 0,
        }
    }

    fn add(&mut self, number: usize) {
        let mut at = number + 1;
        while let Some(sum) = self.sums.get_mut(at) {
            *sum += 1;
            at += at & at.wrapping_neg();
        }
        self.all += 1;
    }

    /// How many are greater than `number`.
    fn behind(&self, number: usize) -> u64 {
        let mut at = number + 1;
        let mut upto = 0;
        while at > 0 {
            upto += self.sums[at];
            at -= at & at.wrapping_neg();
        }
        self.all - upto
    }
}
