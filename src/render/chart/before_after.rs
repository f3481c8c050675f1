//! Before and after as a chart: for each provider both rates with their ranges on one scale, and the verdict beside them.

use super::{Form, Frame, Key, SMALL, description, footer, headline, legend, scene};
use crate::domain::compare::Verdict;
use crate::domain::finding::Placement;
use crate::domain::interval::{Interval, count};
use crate::render::figure::before_after::{BeforeAfter, Pair};
use crate::render::font::Fonts;
use crate::render::language::Language;
use crate::render::scene::{Anchor, Area, Ink, Scene, Sheet, Type};
use crate::render::theme::Paint;

const AFTER: Paint = Paint::Placed(Placement::Inbox);
const BEFORE: Paint = Paint::Quiet;

/// Lays out a comparison.
pub(crate) fn before_after_scene(figure: &BeforeAfter, form: Form, language: Language, fonts: &Fonts) -> Scene {
    let mut frame = Frame::new(form);
    (frame.tall, frame.gap) = (58.0, 14.0);
    frame.field = match form {
        Form::Poster => (160.0, 600.0),
        Form::Wide => (134.0, 574.0),
        Form::Narrow => (8.0, 352.0),
    };
    let words = language.words();
    let mut sheet = Sheet::new(fonts);
    let below = headline(&mut sheet, &frame, &figure.title, &figure.subtitle, figure.simulated, language);
    let keys = [(Key::Filled(BEFORE), words.before.to_owned()), (Key::Filled(AFTER), words.after.to_owned())];
    let start = legend(&mut sheet, &frame, &keys, below) + 12.0;
    let across = |share: f64| frame.field.0 + (frame.field.1 - frame.field.0) * share;
    let tops: Vec<f64> = (0..figure.rows.len()).map(|at| frame.top(start, at)).collect();
    let bottom = tops.last().copied().unwrap_or(start) + frame.tall;
    for (share, words) in [(0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100 %")] {
        let x = across(share);
        for top in &tops {
            sheet.fill(Area { left: x - 0.33, top: *top, right: x + 0.33, bottom: top + frame.tall }, Paint::Faint);
        }
        let x = x.min(frame.right() - sheet.width(words, SMALL) / 2.0);
        sheet.words(words, (x, bottom + 13.0), Anchor::Middle, SMALL);
    }
    for (pair, top) in figure.rows.iter().zip(&tops) {
        draw_pair(&mut sheet, &frame, pair, *top, &across);
    }
    let height = footer(&mut sheet, &frame, &figure.footnote, bottom + 38.0);
    let said = |pair: &Pair| format!("{}: {}, {}, {}", pair.title, pair.said, pair.rates, pair.difference);
    let said: Vec<String> = std::iter::once(figure.subtitle.clone()).chain(figure.rows.iter().map(said)).collect();
    scene(sheet, &frame, &figure.title, description(figure.simulated, language, &said), height)
}

fn draw_pair(sheet: &mut Sheet<'_>, frame: &Frame, pair: &Pair, top: f64, across: &impl Fn(f64) -> f64) {
    let (upper, lower) = (top + frame.tall * 0.32, top + frame.tall * 0.68);
    sheet.group(format!("{}: {}", pair.title, pair.rates), |sheet| {
        for (side, y, paint) in [(pair.before, upper, BEFORE), (pair.after, lower, AFTER)] {
            if let Some((rate, range)) = side {
                if let Some(Interval { lo, hi }) = range {
                    let range = Area { left: across(lo), top: y - 3.5, right: across(hi), bottom: y + 3.5 };
                    sheet.pill(range, 3.5, Ink::faded(paint, 0.3));
                }
                sheet.disc((across(rate), y), 6.5, Paint::Paper);
                sheet.disc((across(rate), y), 5.2, paint);
            }
        }
    });
    let paint = match pair.verdict {
        Verdict::Better => Paint::Good,
        Verdict::Worse => Paint::Bad,
        Verdict::MaybeWorse | Verdict::MaybeBetter => Paint::Short,
        Verdict::NoClearChange | Verdict::TooFew => Paint::Quiet,
    };
    if frame.is_narrow() {
        let room = frame.right() - frame.margin;
        sheet.fitting(&pair.title, (frame.margin, top - 34.0), Anchor::Start, Type::bold(14.0, Paint::Text), 200.0);
        let set = Type::bold(13.0, Paint::Text);
        sheet.fitting(&pair.rates, (frame.right(), top - 34.0), Anchor::End, set, 150.0);
        let verdict = [pair.said.as_str(), &pair.difference].join(" · ");
        return sheet.fitting(&verdict, (frame.margin, top - 15.0), Anchor::Start, Type::bold(10.5, paint), room);
    }
    super::provider_name(sheet, frame, &pair.title, top);
    let x = frame.beside() + 6.0;
    let room = frame.width - 6.0 - x;
    let verdict = Type::bold(13.0, paint);
    let lines = [
        (pair.said.as_str(), verdict),
        (&pair.rates, Type::bold(12.0, Paint::Text)),
        (&[pair.difference.as_str(), &pair.basis].join(" · "), Type { size: 10.5, ..SMALL }),
    ];
    for (at, (words, set)) in lines.into_iter().enumerate() {
        sheet.fitting(words.trim_start_matches(" · "), (x, top + 11.0 + 18.0 * count(at)), Anchor::Start, set, room);
    }
}
