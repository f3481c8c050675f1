//! DNS on the page: what a sender's domain published last, and what changed.

use super::DomainFigures;
use crate::domain::dns::answer::Answer;
use crate::domain::dns::snapshot::{Entry, Place};
use crate::render::language::{Language, filled};
use crate::render::plain::plain;

/// Most columns of one record.
const WIDEST: usize = 600;

/// One domain.
pub(super) struct DomainView {
    pub(super) state: String,
    /// Part, name, records.
    pub(super) records: Vec<(String, String, String)>,
    pub(super) changes_caption: String,
    /// When, part, name, what.
    pub(super) changes: Vec<(String, String, String, String)>,
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
    let changes = figures.changes.iter().rev().flat_map(|change| {
        let when = format!("{} – {}", language.day(change.window.from), language.day_and_year(change.window.until));
        change.differences.iter().map(move |difference| {
            let what = language.difference(difference);
            let name = plain(difference.question.name.as_str(), WIDEST);
            (when.clone(), language.place(difference.place).to_owned(), name, plain(&what, WIDEST))
        })
    });
    DomainView {
        state,
        records: records
            .into_iter()
            .map(|(place, name, said)| (language.place(place).to_owned(), name, said))
            .collect(),
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
