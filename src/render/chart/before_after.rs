//! Before and after as a chart: for each provider both rates with their ranges on one scale, the difference with its range on
//! another, and the verdict beside them.

use super::{Form, Frame, Key, SMALL, description, footer, headline, legend, scene};
use crate::domain::compare::Verdict;
use crate::domain::finding::Placement;
use crate::domain::interval::{Interval, count};
use crate::render::figure::before_after::{BeforeAfter, Pair};
use crate::render::font::Fonts;
use crate::render::language::{Language, points};
use crate::render::scene::{Anchor, Area, Ink, Scene, Sheet, Type};
use crate::render::theme::Paint;

const AFTER: Paint = Paint::Placed(Placement::Inbox);
const BEFORE: Paint = Paint::Quiet;

/// A scale from left to right.
#[derive(Debug, Clone, PartialEq)]
struct Scale {
    /// Left and right edge of its field.
    field: (f64, f64),
    /// Its grid lines from the first to the last, with their words.
    steps: Vec<(f64, String)>,
    /// What it measures.
    title: &'static str,
}

impl Scale {
    fn across(&self, value: f64) -> f64 {
        let (Some((first, _)), Some((last, _))) = (self.steps.first(), self.steps.last()) else { return self.field.0 };
        self.field.0 + (self.field.1 - self.field.0) * (value - first) / (last - first)
    }

    /// Grid lines through fields of this height, the words below the last.
    fn draw(&self, sheet: &mut Sheet<'_>, frame: &Frame, tops: &[f64], bottom: f64) {
        for (value, words) in &self.steps {
            let x = self.across(*value);
            // Nought of a scale that has two sides.
            let is_zero = value.abs() < 1e-9 && self.steps.first().is_some_and(|(first, _)| *first < 0.0);
            let (half, paint) = if is_zero { (0.5, Paint::Quiet) } else { (0.33, Paint::Faint) };
            for top in tops {
                sheet.fill(Area { left: x - half, top: *top, right: x + half, bottom: top + frame.tall }, paint);
            }
            let x = x.min(frame.right() - sheet.width(words, SMALL) / 2.0);
            sheet.words(words.as_str(), (x, bottom + 13.0), Anchor::Middle, SMALL);
        }
        let middle = f64::midpoint(self.field.0, self.field.1);
        sheet.words(self.title, (middle, bottom + 29.0), Anchor::Middle, SMALL);
    }

    /// A value with its range.
    fn mark(&self, sheet: &mut Sheet<'_>, value: f64, range: Option<Interval>, y: f64, paint: Paint) {
        if let Some(Interval { lo, hi }) = range {
            let area = Area { left: self.across(lo), top: y - 3.5, right: self.across(hi), bottom: y + 3.5 };
            sheet.pill(area, 3.5, Ink::faded(paint, 0.35));
        }
        sheet.disc((self.across(value), y), 6.5, Paint::Paper);
        sheet.disc((self.across(value), y), 5.2, paint);
    }
}

/// The scales of rates and of differences, and where words begin beside them.
fn columns(figure: &BeforeAfter, form: Form, language: Language) -> (Scale, Scale, f64) {
    let (rates, differences, words) = match form {
        Form::Poster => ((160.0, 430.0), (472.0, 682.0), 706.0),
        Form::Wide => ((134.0, 404.0), (442.0, 642.0), 664.0),
        Form::Narrow => ((8.0, 196.0), (238.0, 346.0), 0.0),
    };
    let share = |share: f64| (share, if share < 1.0 { format!("{:.0}", share * 100.0) } else { "100 %".to_owned() });
    let rates = Scale {
        field: rates,
        steps: [0.0, 0.25, 0.5, 0.75, 1.0].map(share).to_vec(),
        title: language.words().axis_rate,
    };
    let differences = Scale {
        field: differences,
        steps: figure.scale.iter().map(|step| (*step, points(*step))).collect(),
        title: language.words().axis_difference,
    };
    (rates, differences, words)
}

/// Lays out a comparison.
pub(crate) fn before_after_scene(figure: &BeforeAfter, form: Form, language: Language, fonts: &Fonts) -> Scene {
    let mut frame = Frame::new(form);
    (frame.tall, frame.gap) = (56.0, 18.0);
    let (rates, differences, beside) = columns(figure, form, language);
    frame.field = rates.field;
    let words = language.words();
    let mut sheet = Sheet::new(fonts);
    let below = headline(&mut sheet, &frame, &figure.title, &figure.subtitle, figure.simulated, language);
    let keys = [(Key::Filled(BEFORE), words.before.to_owned()), (Key::Filled(AFTER), words.after.to_owned())];
    let start = legend(&mut sheet, &frame, &keys, below) + 12.0;
    let tops: Vec<f64> = (0..figure.rows.len()).map(|at| frame.top(start, at)).collect();
    let bottom = tops.last().copied().unwrap_or(start) + frame.tall;
    for scale in [&rates, &differences] {
        scale.draw(&mut sheet, &frame, &tops, bottom);
    }
    if let Some(last) = tops.last().filter(|_| tops.len() > 1) {
        // What is said of all together stands apart.
        let y = last - frame.head - frame.gap / 2.0;
        sheet.fill(Area { left: frame.margin, top: y - 0.33, right: frame.right(), bottom: y + 0.33 }, Paint::Faint);
    }
    for (pair, top) in figure.rows.iter().zip(&tops) {
        let paint = verdict_paint(pair.verdict);
        sheet.group(format!("{}: {}, {}", pair.title, pair.rates, pair.difference), |sheet| {
            for (side, y, paint) in [(pair.before, 0.3, BEFORE), (pair.after, 0.7, AFTER)] {
                if let Some((rate, range)) = side {
                    rates.mark(sheet, rate, range, top + frame.tall * y, paint);
                }
            }
            if let Some((difference, range)) = pair.shift {
                differences.mark(sheet, difference, Some(range), top + frame.tall * 0.5, paint);
            }
        });
        if frame.is_narrow() {
            words_above(&mut sheet, &frame, pair, *top, paint);
        } else {
            super::provider_name(&mut sheet, &frame, &pair.title, *top);
            words_beside(&mut sheet, &frame, pair, (beside, *top), paint);
        }
    }
    let height = footer(&mut sheet, &frame, &figure.footnote, bottom + 54.0);
    let said = |pair: &Pair| format!("{}: {}, {}, {}", pair.title, pair.said, pair.rates, pair.difference);
    let said: Vec<String> = std::iter::once(figure.subtitle.clone()).chain(figure.rows.iter().map(said)).collect();
    scene(sheet, &frame, &figure.title, description(figure.simulated, language, &said), height)
}

fn verdict_paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Better => Paint::Good,
        Verdict::Worse => Paint::Bad,
        Verdict::MaybeWorse | Verdict::MaybeBetter => Paint::Short,
        Verdict::NoClearChange | Verdict::TooFew => Paint::Quiet,
    }
}

/// The verdict as large as it fits.
fn verdict_set(sheet: &Sheet<'_>, words: &str, sizes: [f64; 3], paint: Paint, room: f64) -> Type {
    let sets = sizes.map(|size| Type::bold(size, paint));
    let fits = |set: &Type| sheet.width(words, *set) <= room;
    let [.., smallest] = sets;
    sets.into_iter().find(fits).unwrap_or(smallest)
}

fn words_above(sheet: &mut Sheet<'_>, frame: &Frame, pair: &Pair, top: f64, paint: Paint) {
    let room = frame.right() - frame.margin;
    sheet.fitting(&pair.title, (frame.margin, top - 34.0), Anchor::Start, Type::bold(14.0, Paint::Text), 200.0);
    let rates = Type::bold(13.0, Paint::Text);
    sheet.fitting(&pair.rates, (frame.right(), top - 34.0), Anchor::End, rates, 150.0);
    let verdict = [pair.said.as_str(), &pair.difference].join(" · ");
    let verdict = verdict.trim_end_matches(" · ");
    let set = verdict_set(sheet, verdict, [11.0, 10.5, 10.0], paint, room);
    sheet.fitting(verdict, (frame.margin, top - 15.0), Anchor::Start, set, room);
}

fn words_beside(sheet: &mut Sheet<'_>, frame: &Frame, pair: &Pair, (x, top): (f64, f64), paint: Paint) {
    let room = frame.right() - x;
    let set = verdict_set(sheet, &pair.said, [13.0, 12.0, 11.0], paint, room);
    let lines = [
        (pair.said.as_str(), set),
        (&pair.difference, Type::bold(11.0, Paint::Text)),
        (&[pair.rates.as_str(), &pair.basis].join(" · "), Type { size: 10.5, ..SMALL }),
    ];
    let lines: Vec<_> = lines.into_iter().filter(|(words, _)| !words.is_empty()).collect();
    let first = top + frame.tall / 2.0 - 9.0 * (count(lines.len()) - 1.0);
    for (at, (words, set)) in lines.into_iter().enumerate() {
        sheet.fitting(words, (x, first + 18.0 * count(at)), Anchor::Start, set, room);
    }
}
