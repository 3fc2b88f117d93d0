//! PNG and PDF.

use super::*;
use crate::export::raster::tree;
use crate::model::text::{width, xml};

/// Some samples of every sort; all of them would take their time.
fn some() -> Vec<(&'static str, Picture)> {
    let mut some = samples::all();
    let kept = ["g_backward", "apples", "net_layers", "softmax", "order_down"];
    some.retain(|(name, _)| kept.contains(name));
    some.extend([("nasty", nasty()), ("empty", Picture::default())]);
    some
}

/// The glyphs of the texts of an SVG: for each text which font sets it and where each glyph stands.
fn glyphs(svg: &str) -> Vec<Vec<(String, f32)>> {
    fn collect(group: &usvg::Group, tree: &usvg::Tree, out: &mut Vec<Vec<(String, f32)>>) {
        for node in group.children() {
            match node {
                usvg::Node::Group(group) => collect(group, tree, out),
                usvg::Node::Text(text) => {
                    let glyphs = text.layouted().iter().flat_map(|span| &span.positioned_glyphs);
                    let font = |id| tree.fontdb().face(id).map(|face| face.post_script_name.clone());
                    out.push(glyphs.map(|g| (font(g.font).unwrap_or_default(), g.transform().tx)).collect());
                }
                _ => {}
            }
        }
    }
    let tree = tree("test", svg).expect("it is SVG");
    let mut out = Vec::new();
    collect(tree.root(), &tree, &mut out);
    out
}

#[test]
fn the_built_in_font_has_the_signs_of_drawings_and_the_widths_that_are_counted_with() {
    let signs = "×−±¬÷√≤≥≠≈·²³¹∂µ∞∑∇∏ᵀ–—…→←▶◀ⁿˣᵖ⁻⁴₁éü";
    let letters = (' '..='~').chain('Α'..='ω').filter(|&c| c != '\u{3a2}' && c != ' ');
    let letters: Vec<char> = letters.chain(signs.chars()).collect();
    let texts: String = (letters.iter())
        .map(|c| format!("<text font-size=\"1000\">{0}{0}</text>", xml(&c.to_string())))
        .collect();
    let found =
        glyphs(&format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">{texts}</svg>"));
    assert_eq!(found.len(), letters.len());
    for (c, found) in letters.into_iter().zip(found) {
        let [(font, first), (_, second)] = &found[..] else { panic!("{c}: {found:?}") };
        assert_eq!(font, "Arimo-Regular", "{c}");
        let (counted, found) = (width(&c.to_string(), 1000.0) as f32, second - first);
        let known = c.is_ascii() || ('Α'..='ω').contains(&c) || "×−÷√≤≥≠≈²³¹∂µ∞·".contains(c);
        let narrower = if known { 1.0 } else { 350.0 };
        assert!(
            found < counted + 1.0 && found > counted - narrower,
            "{c} is {found} wide, and not {counted}"
        );
    }
}

#[test]
fn slanted_and_bold_texts_have_fonts_of_their_own_and_installed_ones_do_not_count() {
    let style = "<style>.a{font-style:italic;font-family:'DejaVu Sans'}.b{font-weight:bold}.c{font-weight:500}</style>";
    let texts = ["a", "b", "c"].map(|class| format!("<text class=\"{class}\">x</text>")).concat();
    let svg =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">{style}{texts}</svg>");
    let fonts: Vec<String> = glyphs(&svg).into_iter().map(|text| text[0].0.clone()).collect();
    assert_eq!(fonts, ["Arimo-Italic", "Arimo-Bold", "Arimo-Regular"]);
}

#[cfg(feature = "png")]
mod png {
    use super::*;

    #[test]
    fn an_image_has_the_size_of_the_drawing_and_is_the_same_every_time() {
        for (name, picture) in some() {
            let png = picture.to_png(1.0).expect(name);
            assert!(png == picture.to_png(1.0).expect(name), "{name} is another file the second time");
            let image = resvg::tiny_skia::Pixmap::decode_png(&png).expect("it is PNG");
            let svg = picture.to_svg();
            let size = format!("width=\"{}\" height=\"{}\"", image.width(), image.height());
            assert!(svg.contains(&size), "{name}: {size}");
            let inked = image.pixels().iter().filter(|p| p.red() < 128 && p.alpha() == 255).count();
            assert!(inked > 20 || picture.nodes.is_empty(), "{name}: {inked} dark pixels");
        }
    }

    #[test]
    fn a_scale_that_gives_no_image_is_refused() {
        let picture = samples::apples_and_oranges();
        let width = |scale| {
            let png = picture.to_png(scale).expect("it fits");
            resvg::tiny_skia::Pixmap::decode_png(&png).expect("it is PNG").width()
        };
        assert!(width(2.0).abs_diff(2 * width(1.0)) <= 1 && width(1e-3) == 1);
        for scale in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let problem = picture.to_png(scale).expect_err("no such scale").to_string();
            assert!(problem.contains("has to be positive"), "{problem}");
        }
        let problem = picture.to_png(1e6).expect_err("too large").to_string();
        assert!(problem.contains("a side has 1 to 16384"), "{problem}");
    }
}

#[cfg(feature = "pdf")]
#[test]
fn a_page_has_the_size_of_the_drawing_and_no_date() {
    for (name, picture) in some() {
        let pdf = picture.to_pdf().expect(name);
        assert!(pdf == picture.to_pdf().expect(name), "{name} is another file the second time");
        let text = String::from_utf8_lossy(&pdf);
        let svg = picture.to_svg();
        let part = |after: &str| {
            let rest = svg.split_once(after).expect("it has a size").1;
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let page = format!("/MediaBox [0 0 {} {}]", part(" width=\""), part(" height=\""));
        assert!(text.contains(&page), "{name}: {page}");
        assert!(!text.contains("Date") && text.ends_with("%%EOF"), "{name}");
    }
}
