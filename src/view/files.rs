//! Drawings in files, by Graphviz, in the browser and in notebooks.

use crate::error::Result;
use crate::graph::{NodeId, Origin};
use crate::tape::{Tape, Var};
use crate::view::draw::Draw;
use chainrule_picture::{Format, show_page, write_file};
use std::path::{Path, PathBuf};

impl Draw<'_> {
    /// Writes the drawing to a file in the format of its extension, as [`Picture::save`](crate::picture::Picture::save)
    /// does: `.svg`, `.html`, `.dot`, `.gv`, `.mmd`, `.json`, and `.png` and `.pdf` with the features of these names.
    ///
    /// # Errors
    ///
    /// As [`picture`](Self::picture); and if no format has the extension, the feature for it is not enabled, or the file
    /// cannot be written.
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match Format::of(path)? {
            // With expandable groups, which a single picture does not have.
            Format::Html => self.to_html()?.into_bytes(),
            format => self.picture()?.bytes(format)?,
        };
        write_file(path, &bytes)
    }

    /// The drawing as SVG: see [`Picture::to_svg`](crate::picture::Picture::to_svg).
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let price = tape.leaf("apple", 100.0) * 2.0;
    /// assert!(price.draw().to_svg()?.starts_with("<svg"));
    /// assert!(price.draw().to_dot()?.starts_with("digraph"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`picture`](Self::picture).
    #[track_caller]
    pub fn to_svg(&self) -> Result<String> {
        Ok(self.picture()?.to_svg())
    }

    /// The drawing in Graphviz's language: see [`Picture::to_dot`](crate::picture::Picture::to_dot).
    ///
    /// # Errors
    ///
    /// As [`picture`](Self::picture).
    #[track_caller]
    pub fn to_dot(&self) -> Result<String> {
        Ok(self.picture()?.to_dot())
    }

    /// The drawing as a flowchart of Mermaid's: see [`Picture::to_mermaid`](crate::picture::Picture::to_mermaid).
    ///
    /// # Errors
    ///
    /// As [`picture`](Self::picture).
    #[track_caller]
    pub fn to_mermaid(&self) -> Result<String> {
        Ok(self.picture()?.to_mermaid())
    }

    /// Renders the picture to a file with Graphviz's `dot`, if it is installed: see
    /// [`Picture::graphviz`](crate::picture::Picture::graphviz).
    ///
    /// # Errors
    ///
    /// As [`picture`](Self::picture) and [`Picture::graphviz`](crate::picture::Picture::graphviz).
    #[track_caller]
    pub fn graphviz(&self, path: impl AsRef<Path>) -> Result<()> {
        self.picture()?.graphviz(path)
    }

    /// Opens the drawing in the user's browser, as the page that [`to_html`](Self::to_html) makes, and returns its file: a
    /// new one in the system's folder for temporary files, which is not deleted.
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
    /// As [`picture`](Self::picture); and if the file cannot be written, or no program opens it, as on a machine without a
    /// screen: the message then names the file.
    #[track_caller]
    pub fn show(&self) -> Result<PathBuf> {
        show_page(&self.options.title, &self.to_html()?)
    }

    /// Shows the drawing below a notebook cell: see
    /// [`Picture::evcxr_display`](crate::picture::Picture::evcxr_display). If there is an error, prints it instead.
    pub fn evcxr_display(&self) {
        match self.picture() {
            Ok(picture) => picture.evcxr_display(),
            Err(problem) => println!("{problem}"),
        }
    }
}

impl Tape {
    /// A drawing of the whole forward computation.
    ///
    /// Its outputs are the forward nodes without forward consumers; leaves only if there are no others. Nodes of reverse
    /// passes and optimisers are not drawn unless [`Draw::backward`] asks for them.
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
    /// If the tape is empty or too large to be drawn whole; and as [`Draw::show`].
    #[track_caller]
    pub fn show(&self) -> Result<PathBuf> {
        self.draw_all().show()
    }

    /// Shows [`draw_all`](Tape::draw_all) below a notebook cell: see [`Draw::evcxr_display`].
    pub fn evcxr_display(&self) {
        self.draw_all().evcxr_display();
    }

    /// The forward nodes without forward consumers; leaves only if there are no others.
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
    /// Shows [`draw`](Var::draw) below a notebook cell: see [`Draw::evcxr_display`].
    pub fn evcxr_display(&self) {
        self.draw().evcxr_display();
    }
}
