//! The thresholds with what the guide asks for, and the meaning of the words.

use super::unbroken;
use crate::domain::health::{ENOUGH, Thresholds};
use crate::render::language::{Language, filled};
use crate::render::plain::plain;
use crate::render::report::RunReport;
use crate::render::words::percent;

/// Measure, healthy, warning, critical, what to do.
pub(super) fn rows(report: &RunReport, language: Language) -> Vec<(String, String, String, String, &'static str)> {
    let words = language.words();
    let Thresholds { inbox_warn, inbox_crit, spam_warn, spam_crit } = report.thresholds;
    let one = |sentence: &str, limit: f64| unbroken(&filled(sentence, &[("limit", &percent(limit))]));
    let two = |sentence: &str, low: f64, high: f64| {
        unbroken(&filled(sentence, &[("low", &percent(low)), ("high", &percent(high))]))
    };
    let mut rows = vec![(
        words.measure_inbox.to_owned(),
        one(words.at_least, inbox_warn),
        two(words.between_down, inbox_crit, inbox_warn),
        one(words.less_than, inbox_crit),
        words.inbox_action,
    )];
    let asked = |name| report.probes.iter().any(|judged| judged.probe.provider == name);
    let watched = report.providers.iter().filter(|one| one.spam_threshold && asked(one.name.clone()));
    let watched: Vec<String> = watched.map(|one| plain(&one.title, 40)).collect();
    if !watched.is_empty() {
        rows.push((
            filled(words.measure_spam, &[("providers", &watched.join(", "))]),
            one(words.at_most, spam_warn),
            two(words.between_up, spam_warn, spam_crit),
            one(words.more_than, spam_crit),
            words.spam_action,
        ));
    }
    rows
}

/// When a threshold counts as crossed.
pub(super) fn note(language: Language) -> String {
    filled(language.words().thresholds_note, &[("n", &ENOUGH.to_string())])
}

/// Every word with its meaning.
pub(super) fn definitions(confidence: f64, language: Language) -> Vec<(&'static str, String)> {
    let words = language.words();
    let meanings = vec![
        (words.inbox, words.def_inbox.to_owned()),
        (words.promotions, words.def_promotions.to_owned()),
        (words.spam, words.def_spam.to_owned()),
        (words.elsewhere, words.def_elsewhere.to_owned()),
        (words.missing, words.def_missing.to_owned()),
        (words.not_measured, words.def_not_measured.to_owned()),
        (words.col_rate, words.def_rate.to_owned()),
        (words.term_range, filled(words.def_range, &[("confidence", &percent(confidence))])),
        (words.term_stamp, words.def_stamp.to_owned()),
        (words.term_verdict, words.def_verdict.to_owned()),
        (words.term_seed, words.def_seed.to_owned()),
    ];
    meanings.into_iter().map(|(word, meaning)| (word, unbroken(&meaning))).collect()
}
