//! A drawing as a page: node by node, layer by layer, and each layer opened among the others.

use super::Draw;
use crate::error::Result;
use crate::picture::{Annotations, Level, Picture, Sheet, write_page};
use crate::tape::Tape;

/// A page carries a drawing for each layer that can be opened, up to this many layers.
const MOST_LAYERS: usize = 24;

impl Draw<'_> {
    /// The drawing as a page: as [`Picture::to_html`], and where the graph has name scopes, with a switch between every
    /// node and whole layers, each of which can be opened among the others.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (price, number) = (tape.leaf("price", 100.0), tape.leaf("number", 2.0));
    /// let total = price * number;
    /// let page = total.draw().gradients(&total.backward()).to_html()?;
    /// assert!(page.starts_with("<!doctype html>"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) returns.
    #[track_caller]
    pub fn to_html(&self) -> Result<String> {
        let (tape, annotations) = self.prepared()?;
        let shown = self.build(tape, annotations.clone())?;
        let scopes = self.scopes(tape);
        if scopes.is_empty() {
            return Ok(shown.to_html());
        }
        let name = |level| if level == Level::Layers { "Layers" } else { "Nodes" };
        let other = if self.level == Level::Layers { Level::Auto } else { Level::Layers };
        // A level that is too large to be drawn is left out; that which was asked for is not.
        let drawn = |level, open: &[String]| self.at(tape, &annotations, level, open);
        let other_drawn = drawn(other, &[]);
        // One layer alone, opened, is every node.
        let opened: Vec<(&String, Picture)> = match scopes.len() {
            2..=MOST_LAYERS => {
                let open = |scope| Some((scope, drawn(Level::Layers, std::slice::from_ref(scope))?));
                scopes.iter().filter_map(open).collect()
            }
            _ => Vec::new(),
        };
        let mut sheets = vec![Sheet { name: name(self.level), open: None, picture: &shown }];
        sheets.extend(other_drawn.iter().map(|picture| Sheet { name: name(other), open: None, picture }));
        let open = |(scope, picture)| Sheet { name: scope, open: Some(scope), picture };
        sheets.extend(opened.iter().map(|(scope, picture)| open((scope.as_str(), picture))));
        Ok(write_page(&sheets))
    }

    /// The same drawing at another level.
    fn at(&self, tape: &Tape, known: &Annotations, level: Level, open: &[String]) -> Option<Picture> {
        let draw = Self { level, open: open.to_vec(), ..self.clone() };
        draw.build(tape, known.clone()).ok()
    }

    /// The outermost scopes of what is drawn, in the order in which they come.
    fn scopes(&self, tape: &Tape) -> Vec<String> {
        let graph = tape.graph();
        let mut scopes: Vec<String> = Vec::new();
        for id in self.builder(&graph, Annotations::default()).selected() {
            let scope = graph.node(id).scope().split('/').next().unwrap_or("");
            if !scope.is_empty() && !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        scopes
    }
}
