//! The options of a drawing, which [`Draw`](crate::Draw) and [`Builder`](crate::picture::Builder) share.

use crate::graph::NodeId;
use chainrule_picture::Direction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The level of detail of a picture.
///
/// Every box can be opened by name, with [`Builder::open`](crate::picture::Builder::open).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Every node if there are at most 300; in larger graphs, nodes are collapsed into boxes until the picture is readable.
    ///
    /// Repetitions are folded into one box with their count: neighbouring scopes of the same structure
    /// (`layer1 … layer48 ×48`), the steps of a loop, and the same few ops along a chain. Two repetitions are the same if
    /// their ops, attributes, shapes, constants and the arrows among them are equal, which is compared, not hashed. Three
    /// scopes are folded; ops without a scope from four repetitions on, and only if each operand comes from the same node
    /// every time, or from nodes at equal distances.
    ///
    /// Then scopes are opened level by level, as long as at most 300 nodes and boxes are visible. More than a hundred
    /// neighbours that neither have a scope nor repeat are split into twenty chunks of about equal length where few values
    /// cross: nothing says what belongs together there, but nodes computed one after the other mostly do, and chunks never
    /// depend on each other cyclically.
    ///
    /// O(n log n) in the number of nodes.
    #[default]
    Auto,
    /// Every node; scopes are frames, one inside the other.
    Nodes,
    /// Every outermost scope is one box, with the arrows that cross its border; nodes without a scope stay as they are.
    Layers,
}

/// The options of a drawing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::view) struct Options {
    pub(in crate::view) title: String,
    /// Left to right by default, or whichever fits better if there is a limit to the width.
    pub(in crate::view) direction: Option<Direction>,
    pub(in crate::view) max_width: Option<u32>,
    pub(in crate::view) level: Level,
    /// The open boxes, by name.
    pub(in crate::view) open: BTreeSet<String>,
    /// Whether no other box opens by itself.
    pub(in crate::view) only: bool,
    /// The centre and the radius in edges of the neighbourhood that is drawn.
    pub(in crate::view) around: Option<(NodeId, usize)>,
    /// Whether recorded gradients and updates are drawn; by default, if one of them is an output.
    pub(in crate::view) backward: Option<bool>,
    /// Whether values are drawn; by default, those that are known.
    pub(in crate::view) values: Option<bool>,
    pub(in crate::view) shapes: bool,
    pub(in crate::view) health: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            title: String::new(),
            direction: None,
            max_width: None,
            level: Level::default(),
            open: BTreeSet::new(),
            only: false,
            around: None,
            backward: None,
            values: None,
            shapes: true,
            health: false,
        }
    }
}

/// The setters of a struct with `options`.
macro_rules! setters {
    () => {
        /// A line above the drawing.
        pub fn title(mut self, title: impl Into<String>) -> Self {
            self.options.title = title.into();
            self
        }

        /// The direction of the forward pass; from left to right by default, or, if there is a
        /// [`max_width`](Self::max_width), from top to bottom where that fits it in less room.
        pub fn direction(mut self, direction: chainrule_picture::Direction) -> Self {
            self.options.direction = Some(direction);
            self
        }

        /// The widest that the drawing may be, in pixels of its own scale, such as the width of a column of text: a wider
        /// one is folded into rows, as a text is into lines, and its arrows turn into the gutters between them.
        pub fn max_width(mut self, pixels: u32) -> Self {
            self.options.max_width = Some(pixels);
            self
        }

        /// The level of detail; [`Level::Auto`](crate::picture::Level::Auto) by default.
        pub fn level(mut self, level: crate::view::options::Level) -> Self {
            self.options.level = level;
            self
        }

        /// Opens one box, and the boxes around it: a scope by its path (`block1/attention`), which shows its own nodes and
        /// its inner scopes as boxes, in a frame; any other box by its
        /// [`Details::opens`](crate::picture::Details::opens). Can be called several times. A scope inside a folded
        /// repetition is opened alone, and the rest stays folded.
        pub fn open(mut self, scope: impl Into<String>) -> Self {
            self.options.open.insert(scope.into());
            self
        }

        /// Opens exactly these boxes and those around them, as [`open`](Self::open) does, and closes all others, also those
        /// that [`Level::Auto`](crate::picture::Level::Auto) and [`Level::Nodes`](crate::picture::Level::Nodes) would show
        /// open. A page draws this for the groups that its reader has opened.
        pub fn open_only<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
            self.options.open = scopes.into_iter().map(Into::into).collect();
            self.options.only = true;
            self
        }

        /// Whether nodes of the reverse pass and of optimisers are drawn; by default, if one of them is an output.
        pub fn backward(mut self, show: bool) -> Self {
            self.options.backward = Some(show);
            self
        }

        /// Whether shapes are shown; true by default.
        pub fn shapes(mut self, show: bool) -> Self {
            self.options.shapes = show;
            self
        }
    };
}
pub(in crate::view) use setters;
