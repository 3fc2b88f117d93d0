//! Drawings looked at: in files, by Graphviz, in the browser, in notebooks.

use crate::error::Result;
use crate::graph::{NodeId, Origin};
use crate::tape::{Tape, Var};
use crate::view::draw::Draw;
use chainrule_picture::{Format, show_page, write_file};
use std::path::{Path, PathBuf};

impl Draw<'_> {
    /// Writes the drawing to a file by its ending, as [`Picture::save`](crate::picture::Picture::save) does: `.svg`,
    /// `.html`, `.dot`, `.gv`, `.mmd`, `.json`, and `.png` and `.pdf` with the features of these names.
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) returns; and if the ending is another, the feature for it is not enabled, or the
    /// file cannot be written.
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match Format::of(path)? {
            // With the levels that a single picture does not have.
            Format::Html => self.to_html()?.into_bytes(),
            format => self.picture()?.bytes(format)?,
        };
        write_file(path, &bytes)
    }

    /// Has Graphviz's `dot`, if it is installed, draw the picture into a file: see
    /// [`Picture::graphviz`](crate::picture::Picture::graphviz).
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) and [`Picture::graphviz`](crate::picture::Picture::graphviz) return.
    #[track_caller]
    pub fn graphviz(&self, path: impl AsRef<Path>) -> Result<()> {
        self.picture()?.graphviz(path)
    }

    /// Opens the drawing in the user's browser, as the page that [`to_html`](Self::to_html) makes, and returns the
    /// file that holds it: a new one in the system's folder for temporary files, which stays there.
    ///
    /// ```no_run
    /// let tape = chainrule::Tape::new();
    /// let price = tape.leaf("apple", 100.0) * 2.0;
    /// price.draw().gradients(&price.backward()).show()?;
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What [`picture`](Self::picture) returns; and if the file cannot be written, or nothing opens it, as on a machine
    /// without a screen: the message names the file.
    #[track_caller]
    pub fn show(&self) -> Result<PathBuf> {
        show_page(&self.options.title, &self.to_html()?)
    }

    /// Shows the drawing below the cell of a notebook: see
    /// [`Picture::evcxr_display`](crate::picture::Picture::evcxr_display). What cannot be drawn is told instead.
    pub fn evcxr_display(&self) {
        match self.picture() {
            Ok(picture) => picture.evcxr_display(),
            Err(problem) => println!("{problem}"),
        }
    }
}

impl Tape {
    /// A drawing of the whole computation: of all that was recorded forwards.
    ///
    /// Its outputs are the nodes that no other such node uses; leaves are among them only if there is nothing else. What
    /// a reverse pass or an optimiser recorded is left out unless [`Draw::backward`] is said.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let (x, y) = (tape.leaf("x", 2.0), tape.leaf("y", 3.0));
    /// let (sum, product) = (x + y, x * y);
    /// assert_eq!(tape.draw_all().picture()?, tape.draw(&[sum, product]).picture()?);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn draw_all(&self) -> Draw<'_> {
        self.draw(&self.ends())
    }

    /// Opens [`draw_all`](Tape::draw_all) in the user's browser: see [`Draw::show`].
    ///
    /// ```no_run
    /// let tape = chainrule::Tape::new();
    /// let price = tape.leaf("apple", 100.0) * 2.0;
    /// tape.show()?;
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the tape is empty or too large to be drawn whole; and what [`Draw::show`] returns.
    #[track_caller]
    pub fn show(&self) -> Result<PathBuf> {
        self.draw_all().show()
    }

    /// Shows [`draw_all`](Tape::draw_all) below the cell of a notebook: see [`Draw::evcxr_display`].
    pub fn evcxr_display(&self) {
        self.draw_all().evcxr_display();
    }

    /// The nodes recorded forwards that no other of them uses; leaves only if there is nothing else.
    fn ends(&self) -> Vec<Var<'_>> {
        let graph = self.graph();
        let forward = || graph.nodes().filter(|node| node.origin() == Origin::Forward);
        let mut used = vec![false; graph.len()];
        forward().for_each(|node| node.inputs().iter().for_each(|input| used[input.index()] = true));
        let ends: Vec<_> = forward().filter(|node| !used[node.id().index()]).collect();
        let ops = ends.iter().any(|node| node.leaf().is_none());
        let ends = ends.into_iter().filter(|node| !ops || node.leaf().is_none());
        let ends: Vec<NodeId> = ends.map(|node| node.id()).collect();
        ends.into_iter().filter_map(|id| self.var(id)).collect()
    }
}

impl Var<'_> {
    /// Shows [`draw`](Var::draw) below the cell of a notebook: see [`Draw::evcxr_display`].
    pub fn evcxr_display(&self) {
        self.draw().evcxr_display();
    }
}
