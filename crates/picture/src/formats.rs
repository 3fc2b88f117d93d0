//! Exports of a picture in every format, and the format of a file by its extension.

use crate::export::{dot, graphviz, mermaid, notebook, show, svg};
use crate::layout::engine::LayoutEngine;
use crate::layout::layered::Layered;
use crate::layout::measure::Sizes;
use crate::model::picture::Picture;
use crate::page::carried::Page;
use chainrule_base::error::Result;
use chainrule_base::files::write::{refused, write_file};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file format of a picture, chosen by the extension of the file: see [`Format::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Scalable Vector Graphics, `.svg`.
    Svg,
    /// A page, `.html`.
    Html,
    /// Graphviz, `.dot` and `.gv`.
    Dot,
    /// A Mermaid flowchart, `.mmd`.
    Mermaid,
    /// The picture as data, `.json`.
    Json,
    /// A raster image, `.png`, with the feature of this name.
    Png,
    /// A document, `.pdf`, with the feature of this name.
    Pdf,
}

const ENDINGS: [(&str, Format); 8] = [
    ("svg", Format::Svg),
    ("html", Format::Html),
    ("dot", Format::Dot),
    ("gv", Format::Dot),
    ("mmd", Format::Mermaid),
    ("json", Format::Json),
    ("png", Format::Png),
    ("pdf", Format::Pdf),
];

impl Format {
    /// The format of a file by its extension, in any case.
    ///
    /// # Errors
    ///
    /// If no format has this extension, or the feature for it is not enabled.
    pub fn of(path: &Path) -> Result<Format> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("");
        let known = ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending));
        let Some(&(_, format)) = known else {
            return Err(refused(format!("{} does not end in {}", path.display(), endings())));
        };
        match format.missing() {
            None => Ok(format),
            Some(feature) => Err(refused(format!(
                "{} needs the feature `{feature}` of the crate, which is not enabled; without it a file ends in {}",
                path.display(),
                endings()
            ))),
        }
    }

    /// The feature that the format needs and this build lacks.
    fn missing(self) -> Option<&'static str> {
        match self {
            Format::Png if cfg!(not(feature = "png")) => Some("png"),
            Format::Pdf if cfg!(not(feature = "pdf")) => Some("pdf"),
            Format::Svg | Format::Html | Format::Dot | Format::Mermaid | Format::Json => None,
            Format::Png | Format::Pdf => None,
        }
    }
}

/// The extensions that this build can write, as a list in words.
fn endings() -> String {
    let known = ENDINGS.iter().filter(|(_, format)| format.missing().is_none());
    let known: Vec<String> = known.map(|(ending, _)| format!(".{ending}")).collect();
    match known.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

impl Picture {
    /// The picture as SVG: one self-contained file on a white background, for light and dark pages.
    ///
    /// Colours are set by classes below `.chainrule`, so that a page that embeds the drawing can override them; nodes have
    /// their ids in `data-id`, edges the ids of their ends in `data-from` and `data-to`.
    pub fn to_svg(&self) -> String {
        self.to_svg_with(&Layered::default())
    }

    /// The same with another layout.
    pub fn to_svg_with(&self, layout: &impl LayoutEngine) -> String {
        let picture = self.for_display();
        let picture = picture.shallow();
        let picture = picture.with_leaves_at_uses();
        svg::write(&picture, &layout.lay_out(&picture, &Sizes::of(&picture)))
    }

    /// The picture as a page: one self-contained HTML file, which opens from disk and loads nothing.
    ///
    /// The drawing can be panned, zoomed and searched; a panel shows what is known of each node; and the page steps through
    /// the forward pass and then the backward pass, node by node, with the numbers of the drawing.
    pub fn to_html(&self) -> String {
        Page::from(self.clone()).to_html()
    }

    /// The picture in Graphviz's DOT language, for `dot -Tsvg` and its like.
    pub fn to_dot(&self) -> String {
        dot::write(&self.for_display())
    }

    /// The picture as a Mermaid flowchart, which forges render from a `mermaid` code block in Markdown.
    ///
    /// Kinds differ by outline, values and gradients stand at the arrows after `▶` and `◀`, and names are escaped. Mermaid
    /// itself draws up to 500 arrows and 50,000 characters unless a page sets other limits: a larger picture is rolled up,
    /// groups first, and its title says so.
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// let text = picture.to_mermaid();
    /// assert!(text.starts_with("flowchart LR\n  n0([\"x\"]):::input\n  n1((\"exp\")):::op\n"), "{text}");
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    pub fn to_mermaid(&self) -> String {
        mermaid::write(&self.for_display())
    }

    /// Writes the picture to a file, in the format of its extension: `.svg`, `.html`, `.dot` or `.gv`, `.mmd` (Mermaid),
    /// `.json`; `.png`, at twice the size, with the feature `png`; `.pdf` with the feature `pdf`.
    ///
    /// The write is atomic: the bytes go to a temporary file in the same folder, which then replaces the old file.
    /// Symbolic links are followed, also to a file that does not exist yet. A process that is killed meanwhile leaves its
    /// temporary file, `.chainrule-…tmp`; the next save in the folder removes it, or, where it cannot be seen which
    /// processes run, the next save an hour later.
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// let path = std::env::temp_dir().join("chainrule-doc-picture.mmd");
    /// picture.save(&path)?;
    /// assert!(std::fs::read_to_string(path).is_ok_and(|text| text.starts_with("flowchart LR\n")));
    /// let problem = picture.save("picture.bmp").unwrap_err().to_string();
    /// assert!(problem.contains("picture.bmp does not end in .svg, .html,"));
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If no format has the extension, the feature for it is not enabled, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_file(path, &self.bytes(Format::of(path)?)?)
    }

    /// The bytes of a file in one format.
    ///
    /// # Errors
    ///
    /// If the feature for the format is not enabled, or as `to_png` and `to_pdf`.
    pub fn bytes(&self, format: Format) -> Result<Vec<u8>> {
        Ok(match format {
            Format::Svg => self.to_svg().into_bytes(),
            Format::Html => self.to_html().into_bytes(),
            Format::Dot => self.to_dot().into_bytes(),
            Format::Mermaid => self.to_mermaid().into_bytes(),
            Format::Json => self.to_json().into_bytes(),
            #[cfg(feature = "png")]
            Format::Png => self.to_png(2.0)?,
            #[cfg(feature = "pdf")]
            Format::Pdf => self.to_pdf()?,
            #[cfg(not(all(feature = "png", feature = "pdf")))]
            other => return Err(refused(format!("this build does not write {other:?}"))),
        })
    }

    /// Opens the picture in the user's browser, as the page that [`to_html`](Picture::to_html) makes, and returns the
    /// file that holds it.
    ///
    /// The file is new, in the system's folder for temporary files and named after the title, and is not deleted.
    ///
    /// ```no_run
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// picture.show()?;
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or no program opens it, as on a machine without a screen; the message then names
    /// the file.
    pub fn show(&self) -> Result<PathBuf> {
        show::show_page(&self.title, &self.to_html())
    }

    /// Shows the picture below a notebook cell; the Rust kernel evcxr calls it for a cell that ends in a picture.
    ///
    /// It prints the SVG between the marker lines of evcxr. Several drawings in one notebook do not interfere: they define
    /// no ids and share one style.
    ///
    /// ```
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// picture.evcxr_display();
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    pub fn evcxr_display(&self) {
        print!("{}", notebook::output(&self.to_svg()));
    }

    /// Renders [`to_dot`](Picture::to_dot) with Graphviz's `dot`, if it is installed, to a file: `.svg`, `.pdf` or `.png`.
    ///
    /// [`save`](Picture::save) needs no other program; this is for those who want Graphviz's layout.
    ///
    /// ```no_run
    /// # use chainrule_picture::{NodeKind, Picture};
    /// let mut picture = Picture::new("");
    /// let x = picture.add_node(NodeKind::Input, "", "x");
    /// let exp = picture.add_node(NodeKind::Op, "exp", "");
    /// picture.add_edge(x, exp);
    /// picture.graphviz("exp.pdf")?;
    /// # Ok::<(), chainrule_picture::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the extension is another or the file cannot be written; if `dot` fails, with its output. If there is no `dot`,
    /// its input is written next to the file, as `exp.pdf.dot`, and the error says so.
    pub fn graphviz(&self, path: impl AsRef<Path>) -> Result<()> {
        graphviz::render(&self.to_dot(), OsStr::new("dot"), path.as_ref())
    }
}
