//! PNG: a [`Figure`] drawn. The same figure gives the same bytes everywhere: the font is built in, and nothing else is asked.

mod canvas;
mod text;
mod trend;

use super::figure::Figure;
use canvas::Canvas;
use text::Fonts;

/// Width of every chart, in pixels.
const WIDTH: u32 = 1920;
/// 144 pixels to the inch, so that a chart is 13⅓ inches wide on paper (PNG §11.3.4.3, pixels per metre).
const PIXELS_PER_METRE: u32 = 5669;

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PngFault {
    /// The built-in font could not be read.
    #[error("read the built-in font")]
    Font(#[from] ab_glyph::InvalidFont),
    /// The drawing surface refused.
    #[error("draw the chart: {0}")]
    Drawing(String),
    /// The image could not be encoded.
    #[error("encode the chart as PNG")]
    Encoding(#[from] png::EncodingError),
}

/// Draws a trend.
pub(crate) fn trend_png(figure: &Figure) -> Result<Vec<u8>, PngFault> {
    let fonts = Fonts::new()?;
    let height = trend::height(figure, &fonts);
    let pixels = Canvas::paint(WIDTH, height, &fonts, |canvas| trend::draw(canvas, figure))?;
    encode(&pixels, WIDTH, height, figure)
}

fn encode(pixels: &[u8], width: u32, height: u32, figure: &Figure) -> Result<Vec<u8>, PngFault> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let pixels_per_metre = PIXELS_PER_METRE;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: pixels_per_metre,
        yppu: pixels_per_metre,
        unit: png::Unit::Meter,
    }));
    encoder.add_itxt_chunk("Title".to_owned(), figure.title.clone())?;
    let simulated = if figure.simulated { "Simulated: the lab answered, no real provider. " } else { "" };
    encoder.add_itxt_chunk("Description".to_owned(), format!("{simulated}{}", figure.subtitle))?;
    encoder.add_text_chunk("Software".to_owned(), "inboxed".to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::finding::Rules;
    use crate::render::figure::{TrendChange, TrendRow, TrendSettings};
    use crate::render::samples::{THRESHOLDS, at, bad_day, three};

    fn figure(runs: i64, words: &str) -> Figure {
        let mut rows = Vec::new();
        for run in 0..runs {
            let mut report = bad_day();
            report.run.id.0 = run;
            report.run.started_at = at(run * 86_400_000);
            rows.extend(TrendRow::of(&report, None));
        }
        let changes: Vec<_> =
            (0..runs).map(|run| TrendChange { at: at(run * 86_400_000 - 1), words: words.to_owned() }).collect();
        let rules = Rules { promotions_as_inbox: false };
        let (providers, stream) = (&three()[..], None);
        let settings = TrendSettings { providers, stream, rules, thresholds: THRESHOLDS, confidence: 0.95 };
        Figure::placement(&rows, &changes, &settings)
    }

    /// Width, height and pixels of a PNG.
    fn decoded(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        (frame.width, frame.height, pixels)
    }

    #[test]
    fn a_chart_is_a_png_of_its_size_with_its_colours_and_the_same_bytes_each_time() {
        let figure = figure(3, "DKIM key changed");
        let bytes = trend_png(&figure).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        let (width, height, pixels) = decoded(&bytes);
        assert_eq!((width, height), (WIDTH, trend::height(&figure, &Fonts::new().unwrap())));
        let colours: BTreeSet<&[u8]> = pixels.chunks_exact(3).collect();
        for (what, colour) in [
            ("paper", [0xFF, 0xFF, 0xFF]),
            ("inbox", [0x1F, 0x6F, 0xA8]),
            ("promotions", [0x93, 0xC6, 0xE8]),
            ("elsewhere", [0xEF, 0xBE, 0x4E]),
            ("spam", [0xD9, 0x54, 0x1E]),
            ("missing", [0x42, 0x46, 0x4F]),
            ("text", [0x1B, 0x1F, 0x27]),
        ] {
            assert!(colours.contains(&colour[..]), "{what} is nowhere on the chart");
        }
        assert_eq!(trend_png(&figure).unwrap(), bytes);
    }

    #[test]
    fn simulated_runs_are_marked_in_the_picture_and_in_the_file() {
        let real = figure(1, "");
        let simulated = Figure { simulated: true, ..real.clone() };
        let bytes = trend_png(&simulated).unwrap();
        let says = |bytes: &[u8]| bytes.windows(9).any(|window| window == b"Simulated");
        assert!(says(&bytes));
        let real = trend_png(&real).unwrap();
        assert!(!says(&real));
        assert_ne!(decoded(&bytes).2, decoded(&real).2);
    }

    #[test]
    fn no_count_of_runs_and_no_name_breaks_a_chart() {
        let long = "重要 ".repeat(200);
        for (runs, words) in [(0, ""), (1, "x"), (60, long.as_str())] {
            let figure = figure(runs, words);
            let bytes = trend_png(&figure).unwrap();
            let (width, height, pixels) = decoded(&bytes);
            assert_eq!(width, WIDTH, "{runs}");
            assert!((400..4000).contains(&height), "{runs}: {height}");
            assert!(pixels.iter().any(|part| *part != 0xFF), "{runs}: blank");
        }
    }
}
