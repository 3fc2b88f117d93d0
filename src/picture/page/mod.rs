//! A picture as a page to walk through: one file, which needs no network, no server and no other file.
//!
//! The page holds the drawings as inline SVG, what is known of every node as JSON, and a script. A content security
//! policy lets nothing be loaded and no script run but this one, by its digest; all names are data.

mod data;
mod digest;
mod json;

use super::layout::Layout;
use super::measure::Sizes;
use super::model::Picture;
use super::text::xml;
use super::{Dagre, mark, svg};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The script's parts, in the order in which they are read.
const SCRIPT: &str = concat!(
    include_str!("level.js"),
    include_str!("view.js"),
    include_str!("panel.js"),
    include_str!("steps.js"),
    include_str!("page.js"),
);

/// One of the drawings that a page holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet<'a> {
    /// The name of its level, on the switch between them.
    pub(crate) name: &'a str,
    /// The scope that is open in it, among whole layers.
    pub(crate) open: Option<&'a str>,
    pub(crate) picture: &'a Picture,
}

/// Writes a page of drawings of one graph; the first is shown first.
pub(crate) fn write(sheets: &[Sheet<'_>]) -> String {
    let script = format!("\n{SCRIPT}");
    let style = format!("\n{}{}{STYLE}", svg::STYLE, mark::style(None));
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        digest::source(&script),
        digest::source(&style)
    );
    let title = sheets.iter().map(|sheet| sheet.picture.title.as_str()).find(|title| !title.is_empty());
    let title = xml(title.unwrap_or("computational graph"));
    let drawings: String = (sheets.iter().enumerate())
        .map(|(index, &Sheet { picture, .. })| {
            let drawing = Dagre::default().lay_out(picture, &Sizes::of(picture));
            let hidden = if index > 0 { " hidden" } else { "" };
            format!("<div class=\"drawing\"{hidden}>\n{}</div>\n", svg::write_inline(picture, &drawing))
        })
        .collect();
    let data = data::write(sheets);
    let part = |name: &str| match name {
        "policy" => policy.as_str(),
        "title" => &title,
        "style" => &style,
        "drawings" => &drawings,
        "data" => &data,
        "script" => &script,
        _ => "",
    };
    fill(TEMPLATE, part)
}

/// The template with every `{{name}}` replaced once: what is put in is not looked at again.
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

#[cfg(test)]
mod tests;
