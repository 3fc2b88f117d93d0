//! The HTML page: one file, which needs no network, no server and no other file.
//!
//! The page holds the drawings as inline SVG, the data of all nodes as JSON, and a script. Its content security policy
//! forbids loading anything and allows this script alone, by its digest; names are data only.

use crate::export::{badge, svg};
use crate::model::picture::Picture;
use crate::model::text::xml;
use crate::page::carried::{Carried, Page, joined};
use crate::page::state::PageState;
use crate::page::timeline::{Timeline, difference, refused};
use crate::page::{data, digest};
use chainrule_base::error::Result;
use chainrule_base::files::write_file;
use chainrule_base::shown::{DRAWN, shown};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

impl Page {
    /// The page, as [`Picture::to_html`](crate::Picture::to_html); if it carries its program, groups can be opened and closed
    /// in it.
    pub fn to_html(&self) -> String {
        write(&[("", self)])
    }
}

impl Timeline {
    /// The page, as [`Picture::to_html`](crate::Picture::to_html), with a slider over the moments, and a plot of the
    /// output over them if that is a number.
    ///
    /// # Errors
    ///
    /// If there is no moment, or the pictures do not all have the same nodes, arrows and groups.
    pub fn to_html(&self) -> Result<String> {
        let Some((_, first)) = self.moments.first() else {
            return Err(refused("there is no moment; add pictures with `moment`".to_owned()));
        };
        for (label, pictures) in &self.moments {
            if let Some(problem) = difference(first, pictures) {
                return Err(refused(format!(
                    "the moment `{label}` has {problem} than the first; draw the same vars each time"
                )));
            }
        }
        let moments: Vec<(&str, &Page)> =
            self.moments.iter().map(|(label, page)| (label.as_str(), page)).collect();
        Ok(write(&moments))
    }

    /// Writes the page to a file, atomically as [`Picture::save`](crate::Picture::save).
    ///
    /// # Errors
    ///
    /// As [`to_html`](Self::to_html); and if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_file(path.as_ref(), self.to_html()?.as_bytes())
    }
}

const TEMPLATE: &str = include_str!("assets/page.html");
const STYLE: &str = include_str!("assets/page.css");
/// The script, concatenated in the order in which it runs.
const SCRIPT: &str = concat!(
    include_str!("assets/graph/level.js"),
    include_str!("assets/program/program.js"),
    include_str!("assets/graph/view.js"),
    include_str!("assets/graph/histogram.js"),
    include_str!("assets/graph/panel.js"),
    include_str!("assets/program/grid.js"),
    include_str!("assets/program/edit.js"),
    include_str!("assets/program/paths.js"),
    include_str!("assets/graph/steps.js"),
    include_str!("assets/graph/predict.js"),
    include_str!("assets/graph/groups.js"),
    include_str!("assets/graph/search.js"),
    include_str!("assets/graph/filter.js"),
    include_str!("assets/graph/timeline.js"),
    include_str!("assets/program/playground.js"),
    include_str!("assets/program/address.js"),
    include_str!("assets/graph/page.js"),
);

/// The program that pages carry: `crates/page`, compiled to WebAssembly and compressed by `crates/page/build.sh`.
#[cfg(not(target_family = "wasm"))]
const PROGRAM: &[u8] = include_bytes!("assets/page.wasm.gz");
/// The program itself writes no pages.
#[cfg(target_family = "wasm")]
const PROGRAM: &[u8] = &[];

/// Writes a page of one graph at several moments; the first is shown first.
fn write(moments: &[(&str, &Page)]) -> String {
    let Some(&(_, first)) = moments.first() else { return String::new() };
    let labels: Vec<Cow<'_, str>> = moments.iter().map(|(label, _)| shown(label, DRAWN)).collect();
    let pictures: Vec<Picture> = moments.iter().map(|(_, page)| page.picture.clone()).collect();
    let PageState { svg, data: state } = PageState::of(&pictures);
    let named: Vec<(&str, &Picture)> = labels.iter().map(|label| &**label).zip(&pictures).collect();
    // A page with a program unpacks its data anyway.
    let (state, program, carried) = match &first.carried {
        Some(Carried { scene, .. }) => {
            (None, text_of("program", PROGRAM), carried(state.as_bytes(), scene, moments))
        }
        None => (Some(&*state), String::new(), String::new()),
    };
    let data = data::write(state, first, &named);
    let script = format!("\n{SCRIPT}");
    let style = format!("\n{}{}{STYLE}", svg::STYLE, badge::style(None));
    let policy = format!(
        "default-src 'none'; script-src '{}'{}; style-src '{}'; base-uri 'none'; form-action 'none'",
        digest::source(&script),
        if program.is_empty() { "" } else { " 'wasm-unsafe-eval'" },
        digest::source(&style)
    );
    let title = &pictures[0].for_display().title;
    let title = xml(if title.is_empty() { "computational graph" } else { title });
    let drawing = format!("<div class=\"drawing\">\n{svg}</div>\n");
    let part = |name: &str| match name {
        "policy" => policy.as_str(),
        "title" => &title,
        "style" => &style,
        "drawing" => &drawing,
        "data" => &data,
        "carried" => &carried,
        "program" => &program,
        "script" => &script,
        _ => "",
    };
    fill(TEMPLATE, part)
}

/// The data of the page's first state, and those of its program: the scene, and the numbers of each moment.
fn carried(state: &[u8], scene: &[u8], moments: &[(&str, &Page)]) -> String {
    let numbers = moments.iter().filter_map(|(_, page)| Some(page.carried.as_ref()?.numbers.as_slice()));
    let parts: Vec<&[u8]> = [state, scene].into_iter().chain(numbers).collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to a vector cannot fail.
    let packed = packed.write_all(&joined(&parts)).and_then(|()| packed.finish()).unwrap_or_default();
    text_of("carried", &packed)
}

/// Compressed bytes as the content of an element that a browser does not run.
fn text_of(id: &str, bytes: &[u8]) -> String {
    format!("<script type=\"text/plain\" id=\"{id}\">{}</script>\n", digest::base64(bytes))
}

/// Replaces every `{{name}}` of the template; replacements are not expanded again.
fn fill<'a>(template: &'a str, part: impl Fn(&str) -> &'a str) -> String {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        page.push_str(part(name));
        rest = after;
    }
    page.push_str(rest);
    page
}
