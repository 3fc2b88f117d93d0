//! Files of a picture: the format by the ending of a name, and a write that succeeds or changes nothing.

use super::aside::Aside;
use super::model::Picture;
use crate::error::{Error, Result};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a file of a picture can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Svg,
    Html,
    Dot,
    Mermaid,
    Json,
    Png,
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

/// So many links are followed, as systems do.
const LINKS: usize = 40;
/// How often a file is written anew if it vanishes while it is written.
const TRIES: usize = 3;

impl Format {
    /// The format that a file's name asks for.
    ///
    /// # Errors
    ///
    /// If there is none with this ending, or this build does not have it.
    pub(crate) fn of(path: &Path) -> Result<Format> {
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

    /// The feature that this build would need.
    fn missing(self) -> Option<&'static str> {
        match self {
            Format::Png if cfg!(not(feature = "png")) => Some("png"),
            Format::Pdf if cfg!(not(feature = "pdf")) => Some("pdf"),
            Format::Svg | Format::Html | Format::Dot | Format::Mermaid | Format::Json => None,
            Format::Png | Format::Pdf => None,
        }
    }
}

/// The endings that this build can write, as a list in words.
fn endings() -> String {
    let known = ENDINGS.iter().filter(|(_, format)| format.missing().is_none());
    let known: Vec<String> = known.map(|(ending, _)| format!(".{ending}")).collect();
    match known.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

impl Picture {
    /// Writes the picture to a file, in the format that the file's ending names: `.svg`, `.html`, `.dot` or `.gv`, `.mmd`
    /// (Mermaid), `.json`; `.png`, at twice the size, with the feature `png`; `.pdf` with the feature `pdf`.
    ///
    /// What was in the file stays until the new bytes are complete: they are written to a file beside it, which then
    /// takes its place. Of a link, that is the file that it leads to, which need not be there. A process that is killed
    /// meanwhile leaves the file beside it, `.chainrule-…tmp`; the next one that saves a file in the folder removes it, and
    /// where it cannot be seen which processes run, one that saves an hour later.
    ///
    /// ```
    /// let tape = chainrule::Tape::new();
    /// let picture = tape.leaf("x", 1.0).exp().draw().picture()?;
    /// let path = std::env::temp_dir().join("chainrule-doc-picture.mmd");
    /// picture.save(&path)?;
    /// assert!(std::fs::read_to_string(path).is_ok_and(|text| text.starts_with("flowchart LR\n")));
    /// let problem = picture.save("picture.bmp").unwrap_err().to_string();
    /// assert!(problem.contains("picture.bmp does not end in .svg, .html,"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the ending is another, the feature for it is not enabled, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write(path, &self.bytes(Format::of(path)?)?)
    }

    /// The picture in one format.
    pub(crate) fn bytes(&self, format: Format) -> Result<Vec<u8>> {
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
}

/// Writes a file whole, or leaves what was there.
///
/// # Errors
///
/// If it cannot be written; the message names the file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes).map_err(|e| refused(format!("{} cannot be written: {e}", path.display())))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &end_of_links(path)?;
    let present = fs::metadata(path).ok();
    if present.as_ref().is_some_and(|present| present.is_file() && present.permissions().readonly()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    // A device or a pipe has no place that another file could take.
    if present.as_ref().is_some_and(|present| !present.is_file() && !present.is_dir()) {
        return fs::write(path, bytes);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut tries = 0;
    loop {
        let (aside, mut file) = Aside::in_folder(folder)?;
        file.write_all(bytes).and_then(|()| file.sync_all())?;
        drop(file);
        if let Some(present) = present.as_ref().filter(|present| present.is_file()) {
            fs::set_permissions(aside.path(), present.permissions())?;
        }
        match aside.take_place_of(path) {
            // Someone who does not see this process took the file for one that was left.
            Err(e) if e.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

/// The file that a path leads to over links; it need not be there.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::canonicalize(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        match fs::read_link(&path) {
            // What a link says counts from its own folder.
            Ok(next) => path = path.parent().map_or(next.clone(), |folder| folder.join(&next)),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it is a link that leads to no end"))
}

fn refused(problem: String) -> Error {
    Error::Argument { what: "save", problem }
}
