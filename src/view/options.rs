//! What a drawing shows: the one set of options of [`Draw`](crate::Draw), of a var, and of
//! [`Builder`](crate::picture::Builder), of any graph.

use crate::graph::NodeId;
use chainrule_picture::Direction;
use std::collections::BTreeSet;

/// How much of the structure a picture shows.
///
/// Whatever is one box can be opened by name, with [`Builder::open`](crate::picture::Builder::open).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Level {
    /// Every node if there are at most 300; of more, as much as can be read.
    ///
    /// Repetitions are folded into one box with their count: scopes side by side that hold the same structure
    /// (`layer1 … layer48 ×48`), the steps of a loop, and the same few ops along a chain. Two repetitions are the same if
    /// their ops, attributes, shapes, constants and the arrows among them are, which is compared, not hashed. Scopes
    /// are folded from three on; ops without a scope from four on, and only if each operand comes from the same node
    /// every time, or from nodes an equal way apart.
    ///
    /// Then scopes are opened level by level, as long as no more than 300 nodes and boxes are visible. Where more than a
    /// hundred things stand side by side that neither have a scope nor repeat, they are cut into twenty stretches, about
    /// equally long, at places where few values cross: it is not known what belongs together there, but what is computed
    /// one after the other mostly does, and stretches never depend on each other in a circle.
    ///
    /// O(n log n) in the number of nodes.
    #[default]
    Auto,
    /// Every node; scopes are frames, one inside the other.
    Nodes,
    /// Every outermost scope is one box, with the arrows that cross its border; nodes of no scope stay as they are.
    Layers,
}

/// What a drawing shows, and how much of it.
#[derive(Debug, Clone)]
pub(in crate::view) struct Options {
    pub(in crate::view) title: String,
    pub(in crate::view) direction: Direction,
    pub(in crate::view) level: Level,
    /// The boxes that are opened, by name.
    pub(in crate::view) open: BTreeSet<String>,
    /// A node, and how many edges away from it others are drawn.
    pub(in crate::view) around: Option<(NodeId, usize)>,
    /// Whether recorded gradients and updates are drawn; unless it is said, if one of them is an output.
    pub(in crate::view) backward: Option<bool>,
    /// Whether values are drawn; unless it is said, those that are known.
    pub(in crate::view) values: Option<bool>,
    pub(in crate::view) shapes: bool,
    pub(in crate::view) health: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            title: String::new(),
            direction: Direction::default(),
            level: Level::default(),
            open: BTreeSet::new(),
            around: None,
            backward: None,
            values: None,
            shapes: true,
            health: false,
        }
    }
}

/// The methods by which a struct with `options` is told what a drawing shows.
macro_rules! setters {
    () => {
        /// A line above the drawing.
        pub fn title(mut self, title: impl Into<String>) -> Self {
            self.options.title = title.into();
            self
        }

        /// Which way the forward pass runs; from left to right unless it is said.
        pub fn direction(mut self, direction: chainrule_picture::Direction) -> Self {
            self.options.direction = direction;
            self
        }

        /// Every node, whole layers, or, unless it is said, as much as can be read.
        pub fn level(mut self, level: crate::view::options::Level) -> Self {
            self.options.level = level;
            self
        }

        /// Opens one box, and those around it: a scope by its path (`block1/attention`), which shows its own nodes and
        /// the scopes in it as boxes, in a frame; any other box by what
        /// [`Details::opens`](crate::picture::Details::opens) says. May be said of several. Of a folded repetition, a
        /// scope in it comes out by itself, and the rest stays folded.
        pub fn open(mut self, scope: impl Into<String>) -> Self {
            self.options.open.insert(scope.into());
            self
        }

        /// With or without the nodes that the reverse pass or an optimiser recorded. Unless it is said, they are drawn
        /// if one of them is an output.
        pub fn backward(mut self, show: bool) -> Self {
            self.options.backward = Some(show);
            self
        }

        /// With or without shapes; with them unless it is said.
        pub fn shapes(mut self, show: bool) -> Self {
            self.options.shapes = show;
            self
        }
    };
}
pub(in crate::view) use setters;
