//! One state of a page: a drawing with the data that its script needs.

use crate::export::svg;
use crate::layout::engine::LayoutEngine;
use crate::layout::layered::Layered;
use crate::layout::measure::Sizes;
use crate::model::picture::Picture;
use crate::page::data;
use crate::page::timeline::widest_texts;

/// A drawing of one picture at several moments, all with the same nodes, arrows and groups, as a page shows it.
///
/// The page's script asks for a new state whenever a group is opened or closed. It is made by the same code in the page,
/// which carries it as WebAssembly, as here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageState {
    /// The drawing, with the numbers of the first moment, for the middle of a page that has the style of drawings.
    pub svg: String,
    /// What is known of nodes, arrows and groups, and their numbers at each moment, as JSON.
    pub data: String,
}

impl PageState {
    /// The state of a picture at its moments, of which there is at least one. The layout is made for the widest number at
    /// each place, so that nothing moves.
    pub fn of(moments: &[Picture]) -> PageState {
        let moments: Vec<Picture> = moments.iter().map(prepared).collect();
        let Some(first) = moments.first() else { return PageState::default() };
        let all: Vec<&Picture> = moments.iter().collect();
        let wide = widest_texts(&all);
        let drawing = Layered::default().lay_out(&wide, &Sizes::of(&wide));
        PageState { svg: svg::write_inline(first, &wide, &drawing), data: data::state(&all) }
    }

    /// The numbers of the moments alone, as the list `moments` of [`data`](Self::data): the drawing stays.
    pub fn numbers(moments: &[Picture]) -> String {
        let moments: Vec<Picture> = moments.iter().map(prepared).collect();
        data::moments(&moments.iter().collect::<Vec<_>>())
    }
}

/// A picture with all texts prepared for display, and without frames that are nested too deep.
pub(crate) fn prepared(picture: &Picture) -> Picture {
    picture.for_display().shallow().into_owned()
}
