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
