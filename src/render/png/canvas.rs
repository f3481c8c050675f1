//! A canvas: shapes and text in pixels of the finished image.
//!
//! plotters' bitmap backend draws without smoothing, so everything is drawn three times as large and averaged down.

use plotters::backend::BitMapBackend;
use plotters_backend::{BackendColor, DrawingBackend as _};

use super::PngFault;
use super::text::{Fonts, Weight};

/// How many times larger the canvas is than the image.
const OVERSAMPLING: u32 = 3;
/// Bytes of a pixel.
const RGB: usize = 3;
/// Height of a capital letter of Noto Sans over its em; text is centred on half of it.
const CAPITAL: f64 = 0.714;

/// A colour, with how much of it covers what lies below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink {
    rgb: (u8, u8, u8),
    cover: f64,
}

impl Ink {
    pub(super) const fn new(rgb: u32) -> Self {
        let [_, r, g, b] = rgb.to_be_bytes();
        Self { rgb: (r, g, b), cover: 1.0 }
    }

    pub(super) fn fade(self, cover: f64) -> Self {
        Self { cover: self.cover * cover, ..self }
    }

    fn backend(self) -> BackendColor {
        BackendColor { alpha: self.cover, rgb: self.rgb }
    }
}

/// Where a text stands relative to its point. Vertically its capitals are centred on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) ink: Ink,
}

/// A box by its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// The surface.
pub(super) struct Canvas<'a> {
    backend: BitMapBackend<'a>,
    pub(super) fonts: &'a Fonts,
}

type Drawn = Result<(), PngFault>;

impl Canvas<'_> {
    /// A white image that `draw` drew on, as rows of RGB.
    pub(super) fn paint(
        width: u32,
        height: u32,
        fonts: &Fonts,
        draw: impl FnOnce(&mut Canvas<'_>) -> Drawn,
    ) -> Result<Vec<u8>, PngFault> {
        let (wide, high) = (width * OVERSAMPLING, height * OVERSAMPLING);
        let row = RGB * usize::try_from(wide).unwrap_or(0);
        let mut large = vec![u8::MAX; row * usize::try_from(high).unwrap_or(0)];
        let mut canvas = Canvas { backend: BitMapBackend::with_buffer(&mut large, (wide, high)), fonts };
        draw(&mut canvas)?;
        drop(canvas);
        Ok(averaged(&large, row))
    }

    pub(super) fn fill(&mut self, area: Area, ink: Ink) -> Drawn {
        let (from, to) = ((large(area.left), large(area.top)), (large(area.right), large(area.bottom)));
        let drawn = self.backend.draw_rect(from, to, &ink.backend(), true);
        drawn.map_err(|error| PngFault::Drawing(error.to_string()))
    }

    pub(super) fn disc(&mut self, (x, y): (f64, f64), radius: f64, ink: Ink) -> Drawn {
        let radius = u32::try_from(large(radius)).unwrap_or(0);
        let drawn = self.backend.draw_circle((large(x), large(y)), radius, &ink.backend(), true);
        drawn.map_err(|error| PngFault::Drawing(error.to_string()))
    }

    pub(super) fn polygon(&mut self, corners: &[(f64, f64)], ink: Ink) -> Drawn {
        let corners: Vec<(i32, i32)> = corners.iter().map(|(x, y)| (large(*x), large(*y))).collect();
        let drawn = self.backend.fill_polygon(corners, &ink.backend());
        drawn.map_err(|error| PngFault::Drawing(error.to_string()))
    }

    /// A box with round corners.
    pub(super) fn pill(&mut self, area: Area, radius: f64, ink: Ink) -> Drawn {
        let (left, right) = (area.left + radius, area.right - radius);
        self.fill(Area { left, right, ..area }, ink)?;
        self.fill(Area { top: area.top + radius, bottom: area.bottom - radius, ..area }, ink)?;
        for x in [left, right] {
            for y in [area.top + radius, area.bottom - radius] {
                self.disc((x, y), radius, ink)?;
            }
        }
        Ok(())
    }

    /// A level line of dashes.
    pub(super) fn dashes(&mut self, (left, right): (f64, f64), y: f64, thick: f64, ink: Ink) -> Drawn {
        const DASH: f64 = 11.0;
        const GAP: f64 = 7.0;
        let mut at = left;
        while at < right {
            let area = Area { left: at, top: y - thick / 2.0, right: (at + DASH).min(right), bottom: y + thick / 2.0 };
            self.fill(area, ink)?;
            at += DASH + GAP;
        }
        Ok(())
    }

    /// Thin diagonal lines that fill a box.
    pub(super) fn hatch(&mut self, area: Area, ink: Ink) -> Drawn {
        const STEP: f64 = 9.0;
        const THICK: f64 = 1.6;
        let mut sum = area.left + area.top + STEP / 2.0;
        while sum < area.right + area.bottom {
            let (x0, x1) = (area.left.max(sum - area.bottom), area.right.min(sum - area.top));
            if x1 - x0 > 1.0 {
                let (from, to) = ((x0, sum - x0), (x1, sum - x1));
                self.polygon(&[from, (from.0 + THICK, from.1), (to.0 + THICK, to.1), to], ink)?;
            }
            sum += STEP;
        }
        Ok(())
    }

    /// One line of text.
    pub(super) fn text(&mut self, text: &str, (x, y): (f64, f64), anchor: Anchor, set: Type) -> Drawn {
        let times = f64::from(OVERSAMPLING);
        let size = set.size * times;
        let width = self.fonts.width(text, size, set.weight);
        let start = match anchor {
            Anchor::Start => x * times,
            Anchor::Middle => x * times - width / 2.0,
            Anchor::End => x * times - width,
        };
        let baseline = y * times + size * CAPITAL / 2.0;
        for glyph in self.fonts.outlines(text, size, set.weight, start, baseline) {
            let bounds = glyph.px_bounds();
            let (left, top) = (large_pixel(bounds.min.x), large_pixel(bounds.min.y));
            let mut fault = None;
            glyph.draw(|dx, dy, cover| {
                let at = (left.saturating_add_unsigned(dx), top.saturating_add_unsigned(dy));
                if let Err(error) =
                    self.backend.draw_pixel(at, set.ink.fade(f64::from(cover.clamp(0.0, 1.0))).backend())
                {
                    fault = Some(PngFault::Drawing(error.to_string()));
                }
            });
            fault.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// Width of a text.
    pub(super) fn width(&self, text: &str, set: Type) -> f64 {
        self.fonts.width(text, set.size, set.weight)
    }

    /// The longest beginning of a text that fits.
    pub(super) fn fitting(&self, text: &str, set: Type, width: f64) -> String {
        self.fonts.fitting(text, set.size, set.weight, width)
    }
}

/// A place on the image as a pixel of the canvas.
#[expect(clippy::cast_possible_truncation, reason = "places on a canvas are far within the range of i32")]
fn large(place: f64) -> i32 {
    (place * f64::from(OVERSAMPLING)).round() as i32
}

#[expect(clippy::cast_possible_truncation, reason = "places on a canvas are far within the range of i32")]
fn large_pixel(place: f32) -> i32 {
    place as i32
}

/// Averages squares of pixels; `row` is the length of a large row in bytes.
fn averaged(large: &[u8], row: usize) -> Vec<u8> {
    let times = usize::try_from(OVERSAMPLING).unwrap_or(1);
    let square = u16::try_from(times * times).unwrap_or(1);
    let mut small = Vec::with_capacity(large.len() / (times * times));
    let mut sums = vec![0_u16; row / times];
    for band in large.chunks_exact(row * times) {
        sums.fill(0);
        for line in band.chunks_exact(row) {
            for (sums, pixels) in sums.chunks_exact_mut(RGB).zip(line.chunks_exact(RGB * times)) {
                for pixel in pixels.chunks_exact(RGB) {
                    for (sum, part) in sums.iter_mut().zip(pixel) {
                        *sum += u16::from(*part);
                    }
                }
            }
        }
        // The mean of bytes is a byte.
        small.extend(sums.iter().map(|sum| u8::try_from((sum + square / 2) / square).unwrap_or(u8::MAX)));
    }
    small
}
