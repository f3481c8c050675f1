//! DNS on the page: what a sender's domain published last, and what changed.

use std::collections::BTreeSet;

use super::{DomainFigures, parts};
use crate::domain::dns::answer::Answer;
use crate::domain::dns::check::{Check, Verdict};
use crate::domain::dns::snapshot::{Entry, Place};
use crate::render::language::{Language, Words, filled};
use crate::render::plain::plain;

/// Most columns of one record.
const WIDEST: usize = 600;

/// One domain.
pub(super) struct DomainView {
    pub(super) state: String,
    /// Part, name, records.
    pub(super) records: Vec<(String, Vec<String>, Vec<String>)>,
    pub(super) checks_caption: String,
    pub(super) checks: Vec<CheckView>,
    pub(super) changes_caption: String,
    /// When, part, name, what.
    pub(super) changes: Vec<(String, String, Vec<String>, Vec<String>)>,
}

/// One check.
pub(super) struct CheckView {
    pub(super) tone: &'static str,
    pub(super) verdict: &'static str,
    pub(super) id: &'static str,
    pub(super) found: Vec<String>,
    /// Why it matters; empty where nothing is to be done.
    pub(super) why: Vec<String>,
    pub(super) publish: Vec<String>,
}

/// How a verdict is coloured and called, the gravest first.
fn standing(verdict: Verdict, words: &Words) -> (u8, &'static str, &'static str) {
    match verdict {
        Verdict::Critical => (0, "bad", words.critical),
        Verdict::Unanswered => (1, "quiet", words.dns_unanswered),
        Verdict::Warning => (2, "short", words.warning),
        Verdict::Ok => (3, "good", words.dns_good),
        Verdict::Info => (4, "quiet", words.dns_told),
    }
}

fn check_view(check: &Check, words: &Words) -> CheckView {
    let (_, tone, verdict) = standing(check.verdict, words);
    let is_well = matches!(check.verdict, Verdict::Ok | Verdict::Info);
    let publish = check.publish.iter().filter(|_| !is_well).flat_map(|records| records.lines());
    CheckView {
        tone,
        verdict,
        id: check.id,
        found: parts(&plain(&check.found, WIDEST)),
        why: if is_well { Vec::new() } else { parts(&plain(&check.why, WIDEST)) },
        // A record that is to be copied is never cut.
        publish: publish.map(|record| plain(record, usize::MAX)).collect(),
    }
}

/// What is to be done about the DNS of a domain: what fails, and what could be better.
pub(super) fn to_do(figures: &DomainFigures, language: Language) -> (Option<String>, Option<String>) {
    let words = language.words();
    let line = |verdict: Verdict, sentence: &str| {
        let ids: BTreeSet<&str> =
            figures.checks.iter().filter(|check| check.verdict == verdict).map(|check| check.id).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let gaps = [("domain", figures.domain.as_str()), ("checks", &ids.join(", "))];
        (!ids.is_empty()).then(|| filled(sentence, &gaps))
    };
    (line(Verdict::Critical, words.act_dns_crit), line(Verdict::Warning, words.act_dns_warn))
}

/// A domain as the page tells it.
pub(super) fn domain_view(figures: &DomainFigures, language: Language) -> DomainView {
    let words = language.words();
    let domain = figures.domain.as_str();
    let state = match &figures.snapshot {
        Some(snapshot) => {
            let date = language.minute(snapshot.taken_at);
            filled(words.dns_state, &[("domain", domain), ("date", &date)])
        }
        None => filled(words.dns_never, &[("domain", domain)]),
    };
    let own = figures.snapshot.iter().flat_map(|snapshot| &snapshot.entries);
    let mut records: Vec<(Place, String, String)> = own
        .filter(|(_, entry)| entry.place != Place::Behind)
        .map(|(question, entry)| (entry.place, question.name.as_str().to_owned(), published(entry, language)))
        .collect();
    records.sort();
    let date = figures.snapshot.as_ref().map(|snapshot| language.minute(snapshot.taken_at)).unwrap_or_default();
    let mut checks: Vec<&Check> = figures.checks.iter().collect();
    checks.sort_by_key(|check| standing(check.verdict, words).0);
    let changes = figures.changes.iter().rev().flat_map(|change| {
        let when = format!("{} – {}", language.day(change.window.from), language.day_and_year(change.window.until));
        change.differences.iter().map(move |difference| {
            let what = language.difference(difference);
            let name = plain(difference.question.name.as_str(), WIDEST);
            (when.clone(), language.place(difference.place).to_owned(), parts(&name), parts(&plain(&what, WIDEST)))
        })
    });
    DomainView {
        state,
        records: records
            .into_iter()
            .map(|(place, name, said)| (language.place(place).to_owned(), parts(&name), parts(&said)))
            .collect(),
        checks_caption: filled(words.dns_checked, &[("domain", domain), ("date", &date)]),
        checks: checks.into_iter().map(|check| check_view(check, words)).collect(),
        changes_caption: filled(words.dns_changes, &[("domain", domain)]),
        changes: changes.collect(),
    }
}

fn published(entry: &Entry, language: Language) -> String {
    let words = language.words();
    let said = match (entry.published(), &entry.reply.answer) {
        (Some(records), _) if !records.is_empty() => records.into_iter().collect::<Vec<_>>().join(" | "),
        (_, Answer::Unanswered(why)) => format!("{}: {why}", words.dns_unanswered),
        _ => words.dns_nothing.to_owned(),
    };
    plain(&said, WIDEST)
}
