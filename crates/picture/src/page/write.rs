//! The HTML page: one file, which needs no network, no server and no other file.
//!
//! The page holds the drawings as inline SVG, the data of all nodes as JSON, and a script. Its content security policy
//! forbids loading anything and allows this script alone, by its digest; names are data only.

use crate::export::{badge, svg};
use crate::layout::engine::LayoutEngine;
use crate::layout::layered::Layered;
use crate::layout::measure::Sizes;
use crate::model::text::xml;
use crate::page::expansions::Expansions;
use crate::page::timeline::{Timeline, difference, refused, widest_texts};
use crate::page::{data, digest, expansions};
use chainrule_base::error::Result;
use chainrule_base::files::write_file;
use chainrule_base::shown::{DRAWN, shown};
use std::borrow::Cow;
use std::path::Path;

impl Expansions {
    /// The pictures as one page, in which groups can be opened and closed; otherwise as
    /// [`Picture::to_html`](crate::Picture::to_html).
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
        let moments: Vec<(&str, &Expansions)> =
            self.moments.iter().map(|(label, pictures)| (label.as_str(), pictures)).collect();
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
    include_str!("assets/level.js"),
    include_str!("assets/view.js"),
    include_str!("assets/histogram.js"),
    include_str!("assets/panel.js"),
    include_str!("assets/steps.js"),
    include_str!("assets/groups.js"),
    include_str!("assets/search.js"),
    include_str!("assets/filter.js"),
    include_str!("assets/timeline.js"),
    include_str!("assets/page.js"),
);

/// Writes a page of one graph at several moments, all with the same expansions; the first of each is shown first.
fn write(moments: &[(&str, &Expansions)]) -> String {
    let shown: Vec<(Cow<'_, str>, Expansions)> =
        moments.iter().map(|(label, expansions)| (shown(label, DRAWN), expansions.for_display())).collect();
    let moments: Vec<(&str, &Expansions)> =
        shown.iter().map(|(label, expansions)| (&**label, expansions)).collect();
    let moments = &moments[..];
    let expansions = moments.first().map(|(_, expansions)| expansions.list.as_slice()).unwrap_or_default();
    let script = format!("\n{SCRIPT}");
    let style = format!("\n{}{}{STYLE}", svg::STYLE, badge::style(None));
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        digest::source(&script),
        digest::source(&style)
    );
    let title =
        expansions.iter().map(|expansion| expansion.picture.title.as_str()).find(|title| !title.is_empty());
    let title = xml(title.unwrap_or("computational graph"));
    let drawings: String = (0..expansions.len())
        .map(|index| {
            let pictures = expansions::pictures_at(moments, index);
            let wide = widest_texts(&pictures);
            let drawing = Layered::default().lay_out(&wide, &Sizes::of(&wide));
            let hidden = if index > 0 { " hidden" } else { "" };
            let svg = svg::write_inline(&expansions[index].picture, &wide, &drawing);
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
