//! The style sheet of the page, with the paints of the charts in both themes.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::render::theme::{Paint, Theme};

const SHEET: &str = include_str!("report.css");

/// The whole sheet on as few lines as it can stand on.
pub(super) fn sheet() -> String {
    let mut classes = String::new();
    for paint in Paint::ALL {
        let name = paint.name();
        // Writing to a String cannot fail.
        let _ = write!(
            classes,
            ".f-{name}{{fill:var(--{name})}}svg .s-{name}{{stroke:var(--{name})}}.b-{name}{{background:var(--{name})}}"
        );
    }
    let paints = |theme: Theme| {
        let one = |paint: Paint| format!("--{}:#{:06x}", paint.name(), paint.rgb(theme));
        Paint::ALL.map(one).join(";")
    };
    let sheet = SHEET.replace("LIGHT", &paints(Theme::Light)).replace("DARK", &paints(Theme::Dark));
    sheet.replace("PAINTS", &classes).lines().map(str::trim).collect()
}

/// What a content security policy calls the sheet by (Content Security Policy Level 3, hash-source).
pub(super) fn hash(sheet: &str) -> String {
    STANDARD.encode(Sha256::digest(sheet))
}
