//! What a page's script calls: texts in and out through the module's memory.
//!
//! The script asks for room with [`room`], writes bytes there, and hands them over with [`open_page`] or [`answer`]. What
//! comes back is a place in memory: the length of the reply's data, the length of its drawing, each four bytes, and the two
//! texts one after another. It stays there until the next call.
#![allow(unsafe_code, reason = "places in memory come from the script")]

use chainrule::picture::{LivePage, Reply};
use std::cell::RefCell;

#[derive(Default)]
struct Module {
    request: Vec<u8>,
    reply: Vec<u8>,
    page: Option<LivePage>,
}

thread_local! {
    static MODULE: RefCell<Module> = RefCell::default();
}

/// Room for a request of `length` bytes; the script writes it before the next call.
#[unsafe(no_mangle)]
pub extern "C" fn room(length: usize) -> *mut u8 {
    MODULE.with_borrow_mut(|module| {
        module.request = vec![0; length];
        module.request.as_mut_ptr()
    })
}

/// Reads the data of the page, which were written to the room.
#[unsafe(no_mangle)]
pub extern "C" fn open_page() -> *const u8 {
    MODULE.with_borrow_mut(|module| {
        let opened = LivePage::read(&std::mem::take(&mut module.request));
        let reply = match opened {
            Ok(page) => {
                module.page = Some(page);
                Reply { data: "{}".to_owned(), svg: String::new() }
            }
            Err(problem) => Reply::refused(&problem),
        };
        module.put(&reply)
    })
}

/// Answers the request that was written to the room.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    MODULE.with_borrow_mut(|module| {
        let request = std::mem::take(&mut module.request);
        let reply = match (String::from_utf8(request), &mut module.page) {
            (Ok(request), Some(page)) => page.answer(&request),
            (Err(problem), _) => Reply::refused(&problem.to_string()),
            (_, None) => Reply::refused("no page was opened"),
        };
        module.put(&reply)
    })
}

impl Module {
    fn put(&mut self, reply: &Reply) -> *const u8 {
        self.reply.clear();
        for text in [&reply.data, &reply.svg] {
            self.reply.extend((text.len() as u32).to_le_bytes());
        }
        self.reply.extend(reply.data.bytes().chain(reply.svg.bytes()));
        self.reply.as_ptr()
    }
}
