//! A stack of panels over one axis of time, one below the other, with changes marked across all of them.

use super::{Frame, Key, USUAL, dates, description, flags, footer, headline, legend, scene};
use crate::render::figure::trend::Remark;
use crate::render::figure::{AxisDate, Mark};
use crate::render::font::Fonts;
use crate::render::language::Language;
use crate::render::scene::{Anchor, Scene, Sheet};

/// What stands around the panels.
pub(super) struct Stack<'a> {
    /// The headline.
    pub(super) title: &'a str,
    /// The line below it.
    pub(super) subtitle: &'a str,
    /// Whether any run was simulated.
    pub(super) simulated: bool,
    /// What the colours mean.
    pub(super) keys: Vec<(Key, String)>,
    /// How many runs there are.
    pub(super) slots: usize,
    /// Dates, by slot.
    pub(super) dates: &'a [AxisDate],
    /// Changes.
    pub(super) marks: &'a [Mark],
    /// How to read it.
    pub(super) footnote: &'a str,
    /// Height of what stands below each field and above the dates.
    pub(super) below: f64,
    /// Whether the lines of changes lie above what is drawn, or below it.
    pub(super) above: bool,
    /// What each panel says.
    pub(super) panels: Vec<String>,
}

impl Stack<'_> {
    /// Lays out everything; `draw` draws the panel of a number whose field begins at a height.
    pub(super) fn scene(
        self,
        frame: &Frame,
        language: Language,
        fonts: &Fonts,
        draw: impl Fn(&mut Sheet<'_>, usize, f64),
    ) -> Scene {
        let mut sheet = Sheet::new(fonts);
        let below = headline(&mut sheet, frame, self.title, self.subtitle, self.simulated, language);
        let below = legend(&mut sheet, frame, &self.keys, below);
        let flags = flags::placed(fonts, frame, self.marks, self.slots);
        let start = below + flags::height(&flags);
        let tops: Vec<f64> = (0..self.panels.len()).map(|at| frame.top(start, at)).collect();
        if !self.above {
            flags::draw(&mut sheet, frame, &flags, below, &tops);
        }
        for (at, top) in tops.iter().enumerate() {
            draw(&mut sheet, at, *top);
        }
        if self.above {
            flags::draw(&mut sheet, frame, &flags, below, &tops);
        }
        let bottom = tops.last().copied().unwrap_or(start) + frame.tall;
        dates(&mut sheet, frame, self.dates, self.slots, bottom + self.below + 18.0);
        if self.panels.is_empty() {
            let at = (frame.field.0, start + frame.tall / 2.0);
            sheet.words(language.words().nothing_asked, at, Anchor::Start, USUAL);
        }
        let height = footer(&mut sheet, frame, self.footnote, bottom + self.below + 42.0);
        let said: Vec<String> = std::iter::once(self.subtitle.to_owned()).chain(self.panels).collect();
        scene(sheet, frame, self.title, description(self.simulated, language, &said), height)
    }
}

/// What a panel says to those who cannot see it.
pub(super) fn said(title: &str, headline: &str, remarks: &[Remark]) -> String {
    let remarks: Vec<&str> = remarks.iter().map(|remark| remark.words.as_str()).collect();
    format!("{title}: {headline}, {}", remarks.join(", "))
}
