//! Random pictures, the same in every run.

use chainrule::picture::{Direction, Group, NodeKind, Picture, PictureEdge, PictureNode};

/// A node of a random picture: its kind, a text, how far back its operands are, digits, and how its group goes on.
pub(crate) type Grown = (u8, u8, Vec<usize>, u8, u8);

/// A picture with nested groups of nodes that follow each other, and arrows that only lead on.
pub(crate) fn grown(nodes: &[Grown], downwards: bool) -> Picture {
    let direction = if downwards { Direction::TopToBottom } else { Direction::LeftToRight };
    let mut picture = Picture { direction, ..Picture::default() };
    let mut stack: Vec<usize> = Vec::new();
    for (index, (kind, text, operands, digits, step)) in nodes.iter().enumerate() {
        match step % 8 {
            0 | 1 if stack.len() < 3 => {
                let id = format!("cluster_{}", picture.groups.len());
                let label = "frame".repeat(usize::from(step % 3));
                picture.groups.push(Group { id, label, parent: stack.last().copied() });
                stack.push(picture.groups.len() - 1);
            }
            2..=4 => drop(stack.pop()),
            _ => {}
        }
        let leaf = operands.is_empty() || index == 0;
        let kinds = if leaf {
            [NodeKind::Input, NodeKind::Parameter, NodeKind::Constant]
        } else {
            [NodeKind::Op, NodeKind::Op, NodeKind::Layer]
        };
        let word = |length: u8| "abcdefghijklmnop"[..usize::from(length % 17)].to_owned();
        picture.nodes.push(PictureNode {
            id: format!("n{index}"),
            kind: kinds[usize::from(kind % 3)],
            symbol: word(text % 5),
            name: (text % 3 == 0).then(|| word(*text)),
            gradient: (text % 2 == 0).then(|| word(*text)),
            group: stack.last().copied(),
            ..PictureNode::default()
        });
        if leaf {
            continue;
        }
        for (operand, back) in operands.iter().enumerate() {
            picture.edges.push(PictureEdge {
                from: index - 1 - back % index,
                to: index,
                operand,
                value: (digits % 3 > 0).then(|| word(*digits)),
                gradient: (digits % 5 > 2).then(|| word(digits / 2)),
                ..PictureEdge::default()
            });
        }
    }
    picture
}

/// Nodes by the bytes of a generator, the same in every run; `dense` ones have up to five operands, often one node
/// several times.
pub(crate) fn random(seed: u64, most: usize, dense: bool) -> (Vec<Grown>, bool) {
    let mut state = seed;
    // SplitMix64 of Steele, Lea and Flood (2014).
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize
    };
    let nodes = (0..1 + next() % most).map(|_| {
        let count = next() % if dense { 6 } else { 4 };
        let mut operands: Vec<usize> =
            (0..count).map(|_| if next() % 5 < 4 { next() % 4 } else { next() % 60 }).collect();
        if dense && next() % 3 == 0 {
            operands.fill(next() % 4);
        }
        (next() as u8, next() as u8, operands, next() as u8, next() as u8)
    });
    (nodes.collect(), seed.is_multiple_of(2))
}
