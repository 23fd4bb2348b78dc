//! The places of the tables in a diagram: in layers, so that foreign keys point to the left.

use std::collections::VecDeque;

/// The size of a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// The space between layers, in which the lines run, and between the boxes of a layer.
const BETWEEN_LAYERS: f64 = 90.0;
const BETWEEN_BOXES: f64 = 28.0;
/// How often the boxes of each layer are put in the order of their neighbours.
const ROUNDS: usize = 8;

/// Returns the upper left corner of each box and the size of the whole. `edges` are pairs of a child and its parent.
pub(super) fn layout(sizes: &[Size], edges: &[(usize, usize)]) -> (Vec<Point>, Size) {
    let edges: Vec<(usize, usize)> =
        edges.iter().copied().filter(|(child, parent)| child != parent).collect();
    let layers = ordered(layers(sizes.len(), &edges), &edges);
    let mut places = vec![Point::default(); sizes.len()];
    let mut whole = Size { width: 0.0, height: 0.0 };
    let mut x = 0.0;
    for layer in &layers {
        let width = layer.iter().map(|&at| sizes[at].width).fold(0.0, f64::max);
        let mut y = 0.0;
        for &at in layer {
            places[at] = Point { x, y };
            y += sizes[at].height + BETWEEN_BOXES;
        }
        whole = Size { width: x + width, height: whole.height.max(y - BETWEEN_BOXES) };
        x += width + BETWEEN_LAYERS;
    }
    let alone: Vec<usize> =
        (0..sizes.len()).filter(|at| !edges.iter().any(|(a, b)| a == at || b == at)).collect();
    place_in_rows(&alone, sizes, &mut places, &mut whole);
    (places, whole)
}

/// Puts the boxes without lines in rows below the others.
fn place_in_rows(boxes: &[usize], sizes: &[Size], places: &mut [Point], whole: &mut Size) {
    let area: f64 = boxes.iter().map(|&at| sizes[at].width * sizes[at].height).sum();
    let wanted = whole.width.max((area * 2.0).sqrt());
    let (mut x, mut height) = (0.0, 0.0_f64);
    let mut y = if whole.height > 0.0 { whole.height + BETWEEN_BOXES } else { 0.0 };
    for &at in boxes {
        if x > 0.0 && x + sizes[at].width > wanted {
            y += height + BETWEEN_BOXES;
            (x, height) = (0.0, 0.0);
        }
        places[at] = Point { x, y };
        x += sizes[at].width + BETWEEN_BOXES;
        height = height.max(sizes[at].height);
        whole.width = whole.width.max(x - BETWEEN_BOXES);
        whole.height = y + height;
    }
}

/// The boxes with lines, each in a layer behind those of its parents. A cycle is cut where it is met first.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut waits: Vec<usize> = vec![0; count];
    for (child, _) in edges {
        waits[*child] += 1;
    }
    let mut layer_of = vec![0_usize; count];
    let mut is_placed = vec![false; count];
    let mut ready: VecDeque<usize> = (0..count).filter(|&at| waits[at] == 0).collect();
    let mut left = count;
    while left > 0 {
        // In a cycle nothing is ready: the box goes on that waits for the fewest.
        let next = ready
            .pop_front()
            .or_else(|| (0..count).filter(|&at| !is_placed[at]).min_by_key(|&at| (waits[at], at)));
        let Some(at) = next else { break };
        if std::mem::replace(&mut is_placed[at], true) {
            continue;
        }
        left -= 1;
        for &(child, _) in edges.iter().filter(|(_, parent)| *parent == at) {
            if is_placed[child] {
                continue;
            }
            layer_of[child] = layer_of[child].max(layer_of[at] + 1);
            waits[child] = waits[child].saturating_sub(1);
            if waits[child] == 0 {
                ready.push_back(child);
            }
        }
    }
    let mut layers: Vec<Vec<usize>> = Vec::new();
    for at in (0..count).filter(|at| edges.iter().any(|(a, b)| a == at || b == at)) {
        layers.resize_with(layers.len().max(layer_of[at] + 1), Vec::new);
        layers[layer_of[at]].push(at);
    }
    layers
}

/// Orders each layer by the places of its neighbours, so that fewer lines cross.
fn ordered(mut layers: Vec<Vec<usize>>, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    for round in 0..ROUNDS {
        for at in 0..layers.len() {
            let at = if round % 2 == 0 { at } else { layers.len() - 1 - at };
            let places: Vec<(usize, usize)> =
                layers.iter().flat_map(|layer| layer.iter().copied().enumerate()).collect();
            let place =
                |table: usize| places.iter().find(|(_, other)| *other == table).map(|(place, _)| *place);
            let centre = |table: usize| {
                let near: Vec<usize> = edges
                    .iter()
                    .filter_map(|&(a, b)| match table {
                        _ if a == table => place(b),
                        _ if b == table => place(a),
                        _ => None,
                    })
                    .collect();
                #[expect(clippy::cast_precision_loss, reason = "a diagram has few tables")]
                let mean = near.iter().sum::<usize>() as f64 / near.len().max(1) as f64;
                mean
            };
            layers[at].sort_by(|&a, &b| centre(a).total_cmp(&centre(b)).then(a.cmp(&b)));
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Size = Size { width: 100.0, height: 50.0 };

    fn overlap(a: Point, b: Point) -> bool {
        (a.x - b.x).abs() < BOX.width && (a.y - b.y).abs() < BOX.height
    }

    #[test]
    fn no_two_boxes_overlap_and_parents_are_on_the_left() {
        let edges = [(1, 0), (2, 0), (3, 1), (3, 2), (4, 4), (5, 6), (6, 5)];
        let (places, whole) = layout(&[BOX; 9], &edges);
        for a in 0..places.len() {
            assert!(places[a].x + BOX.width <= whole.width && places[a].y + BOX.height <= whole.height);
            for b in 0..a {
                assert!(!overlap(places[a], places[b]), "{a} {b} {places:?}");
            }
        }
        assert!(places[0].x < places[1].x && places[1].x < places[3].x, "{places:?}");
    }

    #[test]
    fn an_empty_database_has_an_empty_diagram() {
        assert_eq!(layout(&[], &[]), (Vec::new(), Size { width: 0.0, height: 0.0 }));
    }
}
