//! Text on a canvas: glyphs laid out with their bearings and kerning at sub-pixel places, which plotters' own text does not do.

use ab_glyph::{Font as _, FontRef, GlyphId, InvalidFont, OutlinedGlyph, PxScale, ScaleFont as _};

/// Height of a line of Noto Sans over its em: the scale of `ab_glyph` is the former, sizes here are the latter.
const LINE_HEIGHT: f64 = 1.362;

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// Noto Sans, built in.
pub(super) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Fonts {
    pub(super) fn new() -> Result<Self, InvalidFont> {
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
    pub(super) fn width(&self, text: &str, size: f64, weight: Weight) -> f64 {
        self.layout(text, size, weight).1
    }

    /// The longest beginning of `text` that fits, with `…` where something was cut off.
    pub(super) fn fitting(&self, text: &str, size: f64, weight: Weight, width: f64) -> String {
        if self.width(text, size, weight) <= width {
            return text.to_owned();
        }
        let mut kept: String = text.to_owned();
        while kept.pop().is_some() {
            let cut = format!("{}…", kept.trim_end());
            if self.width(&cut, size, weight) <= width {
                return cut;
            }
        }
        String::new()
    }

    /// The glyphs of a text whose baseline starts at (`x`, `y`).
    pub(super) fn outlines(&self, text: &str, size: f64, weight: Weight, x: f64, y: f64) -> Vec<OutlinedGlyph> {
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
