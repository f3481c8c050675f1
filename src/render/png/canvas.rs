//! A canvas: the shapes of a scene as pixels.
//!
//! plotters' bitmap backend draws without smoothing, so everything is drawn three times as large and averaged down, one band of
//! rows after the other so that a tall chart takes no more memory than a flat one.

use plotters::backend::BitMapBackend;
use plotters_backend::{BackendColor, DrawingBackend as _};

use super::PngFault;
use crate::render::font::Fonts;
use crate::render::scene::{Anchor, Area, CAPITAL, Ink, Scene, Shape, Type, hatching};
use crate::render::theme::{Paint, Theme};

/// Pixels of the image for one unit of the scene.
pub(super) const PIXELS: u32 = 2;
/// How many times larger the canvas is than the image.
const OVERSAMPLING: u32 = 3;
/// Bytes of a pixel.
const RGB: usize = 3;
/// Rows of the image in one band.
const BAND: u32 = 96;
/// Pixels of the canvas for one unit of the scene.
const TIMES: f64 = (PIXELS * OVERSAMPLING) as f64;

type Drawn = Result<(), PngFault>;

/// A scene as rows of RGB.
pub(super) fn paint(scene: &Scene, theme: Theme, fonts: &Fonts) -> Result<(u32, u32, Vec<u8>), PngFault> {
    let (width, height) = (pixels(scene.width), pixels(scene.height));
    let row = RGB * size(width * OVERSAMPLING);
    let paper = rgb(Paint::Paper, theme);
    let mut image = Vec::with_capacity(RGB * size(width) * size(height));
    let mut top = 0;
    while top < height {
        let rows = BAND.min(height - top);
        let high = rows * OVERSAMPLING;
        let mut large: Vec<u8> = [paper.0, paper.1, paper.2].repeat(size(width * OVERSAMPLING) * size(high));
        let first = f64::from(top * OVERSAMPLING);
        let backend = BitMapBackend::with_buffer(&mut large, (width * OVERSAMPLING, high));
        let mut canvas = Canvas { backend, first, high: f64::from(high), fonts, theme };
        for shape in &scene.shapes {
            canvas.draw(shape)?;
        }
        drop(canvas);
        averaged(&large, row, &mut image);
        top += rows;
    }
    Ok((width, height, image))
}

/// One band of rows.
struct Canvas<'a> {
    backend: BitMapBackend<'a>,
    /// Its first row, counted over the whole canvas.
    first: f64,
    /// How many rows it has.
    high: f64,
    fonts: &'a Fonts,
    theme: Theme,
}

impl Canvas<'_> {
    fn draw(&mut self, shape: &Shape) -> Drawn {
        match shape {
            Shape::Box { area, round, ink } if *round > 0.0 => self.pill(*area, *round, *ink),
            Shape::Box { area, ink, .. } => self.fill(*area, *ink),
            Shape::Disc { at, radius, ink } => self.disc(*at, *radius, *ink),
            Shape::Line { points, thick, ink } => self.line(points, *thick, *ink),
            Shape::Dashes { ends, y, rhythm, thick, ink } => {
                let mut at = ends.0;
                while at < ends.1 {
                    let (top, bottom) = (y - thick / 2.0, y + thick / 2.0);
                    self.fill(Area { left: at, top, right: (at + rhythm.0).min(ends.1), bottom }, *ink)?;
                    at += (rhythm.0 + rhythm.1).max(0.5);
                }
                Ok(())
            }
            Shape::Hatch { area, ink } => {
                for (from, to) in hatching(*area) {
                    self.line(&[from, to], 0.8, *ink)?;
                }
                Ok(())
            }
            Shape::Words { words, at, anchor, set } => self.words(words, *at, *anchor, *set),
            Shape::Group { shapes, .. } => shapes.iter().try_for_each(|shape| self.draw(shape)),
        }
    }

    /// Whether rows between two heights of the scene lie in this band.
    fn holds(&self, top: f64, bottom: f64) -> bool {
        bottom * TIMES >= self.first - 1.0 && top * TIMES <= self.first + self.high + 1.0
    }

    fn fill(&mut self, area: Area, ink: Ink) -> Drawn {
        if !self.holds(area.top, area.bottom) {
            return Ok(());
        }
        let row = |y: f64| whole(y * TIMES - self.first);
        let from = (whole(area.left * TIMES), row(area.top));
        let to = (whole(area.right * TIMES), row(area.bottom));
        self.rect(from, to, ink)
    }

    fn rect(&mut self, from: (i32, i32), to: (i32, i32), ink: Ink) -> Drawn {
        let colour = BackendColor { alpha: ink.cover, rgb: rgb(ink.paint, self.theme) };
        let drawn = self.backend.draw_rect(from, to, &colour, true);
        drawn.map_err(|error| PngFault::Drawing(error.to_string()))
    }

    /// Fills, row by row, what `span` says of each row's middle, in pixels of the canvas.
    fn rows(&mut self, top: f64, bottom: f64, ink: Ink, span: impl Fn(f64) -> Option<(f64, f64)>) -> Drawn {
        let (top, bottom) = ((top - self.first).max(0.0), (bottom - self.first).min(self.high));
        for row in whole(top.floor())..whole(bottom.ceil()) {
            if let Some((left, right)) = span(f64::from(row) + 0.5 + self.first) {
                self.rect((whole(left), row), (whole(right), row.saturating_add(1)), ink)?;
            }
        }
        Ok(())
    }

    fn disc(&mut self, at: (f64, f64), radius: f64, ink: Ink) -> Drawn {
        let (x, y, radius) = (at.0 * TIMES, at.1 * TIMES, radius * TIMES);
        self.rows(y - radius, y + radius, ink, |row| {
            let half = (radius * radius - (row - y) * (row - y)).max(0.0).sqrt();
            (half > 0.0).then_some((x - half, x + half))
        })
    }

    fn pill(&mut self, area: Area, round: f64, ink: Ink) -> Drawn {
        let large = |place: f64| place * TIMES;
        let (left, right, round) = (large(area.left), large(area.right), large(round));
        let (top, bottom) = (large(area.top), large(area.bottom));
        self.rows(top, bottom, ink, |row| {
            let beyond = (top + round - row).max(row - (bottom - round)).max(0.0);
            let inset = round - (round * round - beyond * beyond).max(0.0).sqrt();
            Some((left + inset, right - inset))
        })
    }

    /// Each piece of a line is a box on its side; discs join them.
    fn line(&mut self, points: &[(f64, f64)], thick: f64, ink: Ink) -> Drawn {
        let half = thick / 2.0;
        for (from, to) in points.iter().zip(points.iter().skip(1)) {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = dx.hypot(dy);
            if length <= 0.0 || !self.holds(from.1.min(to.1) - half, from.1.max(to.1) + half) {
                continue;
            }
            let (nx, ny) = (-dy / length * half, dx / length * half);
            let corners = [
                (from.0 + nx, from.1 + ny),
                (to.0 + nx, to.1 + ny),
                (to.0 - nx, to.1 - ny),
                (from.0 - nx, from.1 - ny),
            ];
            self.convex(&corners.map(|(x, y)| (x * TIMES, y * TIMES)), ink)?;
        }
        for at in points.iter().skip(1).rev().skip(1) {
            self.disc(*at, half, ink)?;
        }
        Ok(())
    }

    fn convex(&mut self, corners: &[(f64, f64)], ink: Ink) -> Drawn {
        let top = corners.iter().map(|(_, y)| *y).fold(f64::MAX, f64::min);
        let bottom = corners.iter().map(|(_, y)| *y).fold(f64::MIN, f64::max);
        self.rows(top, bottom, ink, |row| {
            let edges = corners.iter().zip(corners.iter().cycle().skip(1));
            let crossed = edges.filter(|(from, to)| (from.1 <= row) != (to.1 <= row));
            let places = crossed.map(|(from, to)| from.0 + (row - from.1) / (to.1 - from.1) * (to.0 - from.0));
            places.fold(None, |span: Option<(f64, f64)>, x| {
                Some(span.map_or((x, x), |(left, right)| (left.min(x), right.max(x))))
            })
        })
    }

    fn words(&mut self, words: &str, (x, y): (f64, f64), anchor: Anchor, set: Type) -> Drawn {
        if !self.holds(y - set.size, y + set.size) {
            return Ok(());
        }
        let size = set.size * TIMES;
        let width = self.fonts.width(words, size, set.weight);
        let start = match anchor {
            Anchor::Start => x * TIMES,
            Anchor::Middle => x * TIMES - width / 2.0,
            Anchor::End => x * TIMES - width,
        };
        let baseline = y * TIMES + size * CAPITAL / 2.0 - self.first;
        let rgb = rgb(set.paint, self.theme);
        for glyph in self.fonts.outlines(words, size, set.weight, start, baseline) {
            let bounds = glyph.px_bounds();
            if f64::from(bounds.max.y) < 0.0 || f64::from(bounds.min.y) > self.high {
                continue;
            }
            let (left, top) = (whole(f64::from(bounds.min.x)), whole(f64::from(bounds.min.y)));
            let mut fault = None;
            glyph.draw(|dx, dy, cover| {
                let at = (left.saturating_add_unsigned(dx), top.saturating_add_unsigned(dy));
                let colour = BackendColor { alpha: f64::from(cover.clamp(0.0, 1.0)), rgb };
                if let Err(error) = self.backend.draw_pixel(at, colour) {
                    fault = Some(PngFault::Drawing(error.to_string()));
                }
            });
            fault.map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}

fn rgb(paint: Paint, theme: Theme) -> (u8, u8, u8) {
    let [_, r, g, b] = paint.rgb(theme).to_be_bytes();
    (r, g, b)
}

/// A length of the scene in pixels of the image.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chart is some thousand pixels high")]
fn pixels(length: f64) -> u32 {
    (length * f64::from(PIXELS)).round() as u32
}

#[expect(clippy::cast_possible_truncation, reason = "places on a canvas are far within the range of i32")]
fn whole(place: f64) -> i32 {
    place.round() as i32
}

fn size(pixels: u32) -> usize {
    usize::try_from(pixels).unwrap_or(0)
}

/// Averages squares of pixels; `row` is the length of a large row in bytes.
fn averaged(large: &[u8], row: usize, image: &mut Vec<u8>) {
    let times = size(OVERSAMPLING);
    let square = u16::try_from(times * times).unwrap_or(1);
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
        image.extend(sums.iter().map(|sum| u8::try_from((sum + square / 2) / square).unwrap_or(u8::MAX)));
    }
}
