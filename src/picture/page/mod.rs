//! A picture as a page to walk through: one file, which needs no network, no server and no other file.
//!
//! The page holds the drawings as inline SVG, what is known of every node as JSON, and a script. A content security
//! policy lets nothing be loaded and no script run but this one, by its digest; all names are data.

mod data;
mod digest;

use super::layout::Layout;
use super::measure::Sizes;
use super::model::Picture;
use super::openings::Openings;
use super::text::xml;
use super::{Layered, film, mark, svg};
use crate::shown::{DRAWN, shown};
use std::borrow::Cow;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The script's parts, in the order in which they are read.
const SCRIPT: &str = concat!(
    include_str!("level.js"),
    include_str!("view.js"),
    include_str!("histogram.js"),
    include_str!("panel.js"),
    include_str!("steps.js"),
    include_str!("groups.js"),
    include_str!("search.js"),
    include_str!("filter.js"),
    include_str!("film.js"),
    include_str!("page.js"),
);

/// Writes a page of drawings of one graph at some moments, all of the same openings; the first of each is shown first.
pub(super) fn write(moments: &[(&str, &Openings)]) -> String {
    let shown: Vec<(Cow<'_, str>, Openings)> =
        moments.iter().map(|(label, openings)| (shown(label, DRAWN), openings.shown())).collect();
    let moments: Vec<(&str, &Openings)> =
        shown.iter().map(|(label, openings)| (&**label, openings)).collect();
    let moments = &moments[..];
    let openings = moments.first().map(|(_, openings)| openings.list.as_slice()).unwrap_or_default();
    let script = format!("\n{SCRIPT}");
    let style = format!("\n{}{}{STYLE}", svg::STYLE, mark::style(None));
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        digest::source(&script),
        digest::source(&style)
    );
    let title = openings.iter().map(|opening| opening.picture.title.as_str()).find(|title| !title.is_empty());
    let title = xml(title.unwrap_or("computational graph"));
    let drawings: String = (0..openings.len())
        .map(|index| {
            let pictures = pictures_at(moments, index);
            let room = film::room(&pictures);
            let drawing = Layered::default().lay_out(&room, &Sizes::of(&room));
            let hidden = if index > 0 { " hidden" } else { "" };
            let svg = svg::write_inline(&openings[index].picture, &room, &drawing);
            format!("<div class=\"drawing\"{hidden}>\n{svg}</div>\n")
        })
        .collect();
    let data = data::write(moments);
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

/// The pictures of one opening, moment by moment.
fn pictures_at<'a>(moments: &[(&str, &'a Openings)], index: usize) -> Vec<&'a Picture> {
    moments.iter().filter_map(|(_, openings)| Some(&openings.list.get(index)?.picture)).collect()
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
