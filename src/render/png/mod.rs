//! PNG: a [`Scene`] drawn. The same scene gives the same bytes everywhere: the font is built in, and nothing else is asked.

mod canvas;

use super::font::Fonts;
use super::scene::Scene;
use super::theme::Theme;

/// 144 pixels to the inch, so that a chart has its own size on screens of twice the usual density (PNG §11.3.4.3).
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

/// What a text chunk says of who drew an image (PNG §11.3.3.2).
const SOFTWARE: (&str, &str) = ("Software", "inboxed");

/// Whether an image was drawn here.
pub(crate) fn is_own_png(bytes: &[u8]) -> bool {
    let mark = format!("tEXt{}\0{}", SOFTWARE.0, SOFTWARE.1);
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.windows(mark.len()).any(|part| part == mark.as_bytes())
}

/// Draws a scene, two pixels for each of its units.
pub(crate) fn png(scene: &Scene, theme: Theme, fonts: &Fonts) -> Result<Vec<u8>, PngFault> {
    let (width, height, pixels) = canvas::paint(scene, theme, fonts)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: PIXELS_PER_METRE,
        yppu: PIXELS_PER_METRE,
        unit: png::Unit::Meter,
    }));
    encoder.add_itxt_chunk("Title".to_owned(), scene.title.clone())?;
    encoder.add_itxt_chunk("Description".to_owned(), scene.description.clone())?;
    encoder.add_text_chunk(SOFTWARE.0.to_owned(), SOFTWARE.1.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}
