//! SVG: a [`Scene`] written down, to stand inside a page.
//!
//! Paints are classes, so that the page's style sheet colours it for light and dark; nothing in it is script, style or address.

use std::fmt::Write as _;

use super::font::{Fonts, Weight};
use super::scene::{Anchor, Area, CAPITAL, Ink, Scene, Shape, Type, hatching};

/// A scene as one `svg` element. `name` is unique in the page and becomes part of its ids; `class` tells the style sheet what
/// it is.
pub(crate) fn svg(scene: &Scene, name: &str, class: &str, fonts: &Fonts) -> String {
    let (width, height) = (number(scene.width), number(scene.height));
    let mut text = format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{name}-t {name}-d\">\
         <title id=\"{name}-t\">{}</title><desc id=\"{name}-d\">{}</desc>",
        escaped(&scene.title),
        escaped(&scene.description),
    );
    for shape in &scene.shapes {
        push(&mut text, shape, fonts);
    }
    text.push_str("</svg>");
    text
}

fn push(text: &mut String, shape: &Shape, fonts: &Fonts) {
    // Writing to a String cannot fail.
    let _ = match shape {
        Shape::Box { area, round, ink } => push_box(text, *area, *round, *ink),
        Shape::Disc { at, radius, ink } => write!(
            text,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}/>",
            number(at.0),
            number(at.1),
            number(*radius),
            fill(*ink)
        ),
        Shape::Line { points, thick, ink } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
            write!(
                text,
                "<polyline points=\"{}\" stroke-width=\"{}\"{}/>",
                points.join(" "),
                number(*thick),
                stroke(*ink)
            )
        }
        Shape::Dashes { ends, y, rhythm, thick, ink } => write!(
            text,
            "<path d=\"M{} {}H{}\" stroke-dasharray=\"{} {}\" stroke-width=\"{}\"{}/>",
            number(ends.0),
            number(*y),
            number(ends.1),
            number(rhythm.0),
            number(rhythm.1),
            number(*thick),
            stroke(*ink)
        ),
        Shape::Hatch { area, ink } => {
            let mut path = String::new();
            for ((x0, y0), (x1, y1)) in hatching(*area) {
                let _ = write!(path, "M{} {}L{} {}", number(x0), number(y0), number(x1), number(y1));
            }
            write!(text, "<path d=\"{path}\" stroke-width=\"0.8\"{}/>", stroke(*ink))
        }
        Shape::Words { words, at, anchor, set } => push_words(text, words, *at, *anchor, *set, fonts),
        Shape::Group { says, shapes } => {
            let _ = write!(text, "<g><title>{}</title>", escaped(says));
            for shape in shapes {
                push(text, shape, fonts);
            }
            write!(text, "</g>")
        }
    };
}

fn push_box(text: &mut String, area: Area, round: f64, ink: Ink) -> std::fmt::Result {
    let (width, height) = (area.right - area.left, area.bottom - area.top);
    if width <= 0.0 || height <= 0.0 {
        return Ok(());
    }
    let round = if round > 0.0 { format!(" rx=\"{}\"", number(round)) } else { String::new() };
    write!(
        text,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{round}{}/>",
        number(area.left),
        number(area.top),
        number(width),
        number(height),
        fill(ink)
    )
}

fn push_words(
    text: &mut String,
    words: &str,
    at: (f64, f64),
    anchor: Anchor,
    set: Type,
    fonts: &Fonts,
) -> std::fmt::Result {
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = match set.weight {
        Weight::Regular => "",
        Weight::Bold => " font-weight=\"700\"",
    };
    // The reader's font may be wider than the one that measured: the words keep the room they were given.
    let length = if words.chars().count() > 3 && fonts.has_all(words, set.weight) {
        let width = number(fonts.width(words, set.size, set.weight));
        format!(" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"")
    } else {
        String::new()
    };
    write!(
        text,
        "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{anchor}{weight}{length}{}>{}</text>",
        number(at.0),
        number(at.1 + set.size * CAPITAL / 2.0),
        number(set.size),
        fill(Ink::from(set.paint)),
        escaped(words)
    )
}

fn fill(ink: Ink) -> String {
    let cover = if ink.cover < 1.0 { format!(" fill-opacity=\"{}\"", number(ink.cover)) } else { String::new() };
    format!(" class=\"f-{}\"{cover}", ink.paint.name())
}

fn stroke(ink: Ink) -> String {
    let cover = if ink.cover < 1.0 { format!(" stroke-opacity=\"{}\"", number(ink.cover)) } else { String::new() };
    format!(" class=\"s-{}\"{cover}", ink.paint.name())
}

/// A number to two places, as short as it can be.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text that stands between tags or in an attribute. What no document may hold (XML 1.0 §2.2) has become visible before.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::Placement;
    use crate::render::font::Fonts;
    use crate::render::scene::Sheet;
    use crate::render::theme::Paint;

    #[test]
    fn a_scene_becomes_classes_titles_and_escaped_words() {
        let fonts = Fonts::new().unwrap();
        let mut sheet = Sheet::new(&fonts);
        let area = Area { left: 1.0, top: 2.0, right: 11.0, bottom: 7.5 };
        sheet.group("24 Nov: <b>", |sheet| sheet.fill(area, Paint::Placed(Placement::Spam)));
        sheet.words("<&>", (3.0, 4.0), Anchor::End, Type::bold(10.0, Paint::Text));
        sheet.fill(Area { right: 1.0, ..area }, Paint::Text);
        sheet.line(vec![(0.0, 0.0), (-0.001, 1.005)], 1.5, Ink::faded(Paint::Quiet, 0.5));
        let scene = Scene {
            title: "T & t".to_owned(),
            description: "D".to_owned(),
            width: 360.0,
            height: 20.0,
            shapes: sheet.shapes,
        };
        assert_eq!(
            svg(&scene, "c1", "wide", &fonts),
            "<svg class=\"wide\" viewBox=\"0 0 360 20\" role=\"img\" aria-labelledby=\"c1-t c1-d\"><title \
             id=\"c1-t\">T &amp; t</title><desc id=\"c1-d\">D</desc><g><title>24 Nov: &lt;b&gt;</title><rect x=\"1\" \
             y=\"2\" width=\"10\" height=\"5.5\" class=\"f-spam\"/></g><text x=\"3\" y=\"7.57\" font-size=\"10\" \
             text-anchor=\"end\" font-weight=\"700\" class=\"f-text\">&lt;&amp;&gt;</text><polyline \
             points=\"0,0 0,1\" stroke-width=\"1.5\" class=\"s-quiet\" stroke-opacity=\"0.5\"/></svg>"
        );
    }
}
