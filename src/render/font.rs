//! The built-in font: glyphs laid out with their bearings and kerning at sub-pixel places, which plotters' own text does not do.

use ab_glyph::{Font as _, FontRef, GlyphId, InvalidFont, OutlinedGlyph, PxScale, ScaleFont as _};

/// Height of a line of Noto Sans over its em: the scale of `ab_glyph` is the former, sizes here are the latter.
const LINE_HEIGHT: f64 = 1.362;

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Noto Sans, built in.
#[derive(Debug)]
pub(crate) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    pub(crate) fn new() -> Result<Self, InvalidFont> {
        Ok(Self {
            regular: FontRef::try_from_slice(notosans::REGULAR_TTF)?,
            bold: FontRef::try_from_slice(notosans::BOLD_TTF)?,
        })
    }

    fn of(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// Width of a text of this em size.
    pub(crate) fn width(&self, text: &str, size: f64, weight: Weight) -> f64 {
        self.layout(text, size, weight).1
    }

    /// Whether the font has a glyph for every character.
    pub(crate) fn has_all(&self, text: &str, weight: Weight) -> bool {
        text.chars().all(|c| self.of(weight).glyph_id(c) != GlyphId(0))
    }

    /// The longest beginning of `text` that fits, with `…` where something was cut off.
    pub(crate) fn fitting(&self, text: &str, size: f64, weight: Weight, width: f64) -> String {
        if self.width(text, size, weight) <= width {
            return text.to_owned();
        }
        let (placed, _) = self.layout(text, size, weight);
        let room = width - self.width("…", size, weight);
        // One glyph for each character, so that the first that begins too far to the right is the first to go.
        let fitting = placed.iter().skip(1).take_while(|(_, start)| *start <= room).count();
        let mut kept: String = text.chars().take(fitting).collect();
        loop {
            let cut = format!("{}…", kept.trim_end());
            if self.width(&cut, size, weight) <= width {
                return cut;
            }
            if kept.pop().is_none() {
                return String::new();
            }
        }
    }

    /// A text broken between words into lines that fit, `most` of them; what is left over is cut.
    pub(crate) fn wrapped(&self, text: &str, size: f64, weight: Weight, width: f64, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"), size, weight) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                Some(_) | None => lines.push(word.to_owned()),
            }
        }
        if lines.len() > most {
            let rest = lines.split_off(most.saturating_sub(1)).join(" ");
            lines.push(rest);
        }
        lines.iter().map(|line| self.fitting(line, size, weight, width)).collect()
    }

    /// The glyphs of a text whose baseline starts at (`x`, `y`).
    pub(crate) fn outlines(&self, text: &str, size: f64, weight: Weight, x: f64, y: f64) -> Vec<OutlinedGlyph> {
        let font = self.of(weight);
        let placed = self.layout(text, size, weight).0.into_iter();
        placed
            .filter_map(|(glyph, advance)| {
                let at = ab_glyph::point(narrow(x + advance), narrow(y));
                font.outline_glyph(glyph.with_scale_and_position(scale(size), at))
            })
            .collect()
    }

    /// Each glyph with its distance from the start, and the whole width.
    fn layout(&self, text: &str, size: f64, weight: Weight) -> (Vec<(GlyphId, f64)>, f64) {
        let font = self.of(weight).as_scaled(scale(size));
        let mut width = 0.0;
        let mut before: Option<GlyphId> = None;
        let mut placed = Vec::new();
        for c in text.chars() {
            let glyph = match font.glyph_id(c) {
                GlyphId(0) => font.glyph_id('\u{fffd}'),
                known => known,
            };
            width += before.map_or(0.0, |before| f64::from(font.kern(before, glyph)));
            placed.push((glyph, width));
            width += f64::from(font.h_advance(glyph));
            before = Some(glyph);
        }
        (placed, width)
    }
}

fn scale(size: f64) -> PxScale {
    PxScale::from(narrow(size * LINE_HEIGHT))
}

#[expect(clippy::cast_possible_truncation, reason = "places on a canvas are far within the range of f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}
