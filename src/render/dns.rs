//! DNS for people and for programs: snapshots, and the changes between them. What strangers published is made harmless.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::json::{document, moment};
use super::plain::plain;
use super::words::{SIMULATED, counted, second, span};
use crate::domain::dns::answer::{Answer, Record};
use crate::domain::dns::change::{Change, Difference};
use crate::domain::dns::check::{Check, Verdict};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::snapshot::{Entry, Place, Published, Snapshot};

/// The checks of one domain.
#[derive(Debug)]
pub(crate) struct Examined {
    /// The domain.
    pub(crate) domain: DomainName,
    /// What was found.
    pub(crate) checks: Vec<Check>,
    /// What could not be asked of SES or read of earlier runs.
    pub(crate) notes: Vec<String>,
}

/// `dns check`.
pub(crate) fn check_text(examined: &[Examined]) -> String {
    let mut text = String::new();
    for (at, one) in examined.iter().enumerate() {
        line(&mut text, &format!("{}{}", if at == 0 { "" } else { "\n" }, one.domain));
        for note in &one.notes {
            line(&mut text, &format!("  note: {note}"));
        }
        for check in &one.checks {
            let found = plain(&check.found, WIDEST);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {:<10}  {:<15}  {found}", check.verdict.word(), check.id);
            if matches!(check.verdict, Verdict::Ok | Verdict::Info) {
                continue;
            }
            line(&mut text, &format!("{INDENT}{}", check.why));
            for (at, record) in check.publish.iter().flat_map(|records| records.lines()).enumerate() {
                line(&mut text, &format!("{INDENT}{}{record}", if at == 0 { "publish: " } else { "         " }));
            }
        }
    }
    text
}

/// Under the words of a check.
const INDENT: &str = "                               ";

/// `dns check --json`: the document of the one domain, or a list of them.
pub(crate) fn check_document(examined: &[Examined]) -> serde_json::Result<String> {
    let domains = examined.iter().map(|one| {
        let checks = one.checks.iter().map(|check| {
            json!({
                "id": check.id, "verdict": check.verdict.word(), "found": check.found, "why": check.why,
                "publish": check.publish,
            })
        });
        json!({ "domain": one.domain.as_str(), "checks": checks.collect::<Vec<_>>(), "notes": one.notes })
    });
    match domains.collect::<Vec<_>>().as_slice() {
        [one] => document(one),
        all => document(&json!({ "domains": all })),
    }
}

/// Most columns of one record in a text.
const WIDEST: usize = 600;

/// A snapshot just taken.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The snapshot.
    pub(crate) snapshot: Snapshot,
    /// What it shows to have changed.
    pub(crate) change: Option<Change>,
    /// What could not be asked of SES or read of earlier runs.
    pub(crate) notes: Vec<String>,
}

/// The snapshots of one domain.
#[derive(Debug)]
pub(crate) struct History {
    /// The domain.
    pub(crate) domain: DomainName,
    /// How many snapshots there are.
    pub(crate) snapshots: usize,
    /// Whether a run that the lab answered took one of them.
    pub(crate) simulated: bool,
    /// When the first was taken.
    pub(crate) first: Option<Timestamp>,
    /// When the last was taken.
    pub(crate) last: Option<Timestamp>,
    /// The changes between them, the oldest first.
    pub(crate) changes: Vec<Change>,
}

/// `dns snapshot`.
pub(crate) fn snapshot_text(taken: &[Taken]) -> String {
    let mut text = String::new();
    for one in taken {
        let entries = &one.snapshot.entries;
        let silent = entries.values().filter(|entry| entry.reply.unanswered().is_some()).count();
        line(
            &mut text,
            &format!(
                "{} at {}: {}, {silent} unanswered",
                one.snapshot.domain,
                second(one.snapshot.taken_at),
                counted(entries.len(), "question")
            ),
        );
        for (question, entry) in entries.iter().filter(|(_, entry)| entry.place != Place::Behind) {
            line(&mut text, &format!("  {question}  {}", answer_words(entry)));
        }
        for note in &one.notes {
            line(&mut text, &format!("  note: {note}"));
        }
        match &one.change {
            Some(change) => change_lines(&mut text, change),
            None => line(&mut text, "  no change since the last snapshot"),
        }
    }
    text
}

fn answer_words(entry: &Entry) -> String {
    let alias = entry.reply.aliases.first().map(|alias| format!("CNAME {}, there ", alias.value)).unwrap_or_default();
    let answer = match &entry.reply.answer {
        Answer::Records(records) => {
            records.iter().map(|record| record.value.to_string()).collect::<Vec<_>>().join(" | ")
        }
        Answer::Absent { .. } => "nothing".to_owned(),
        Answer::Unanswered(why) => format!("unanswered: {why}"),
    };
    alias + &answer
}

/// `dns snapshot --json`.
pub(crate) fn snapshot_document(taken: &[Taken]) -> serde_json::Result<String> {
    let domains = taken.iter().map(|one| {
        let entries = one.snapshot.entries.iter().map(|(question, entry)| {
            let (records, why) = match &entry.reply.answer {
                Answer::Records(records) => (records.iter().map(record_json).collect(), Json::Null),
                Answer::Absent { .. } => (json!([]), Json::Null),
                Answer::Unanswered(why) => (Json::Null, json!(why)),
            };
            let aliases: Vec<Json> = entry.reply.aliases.iter().map(record_json).collect();
            json!({
                "name": question.name.as_str(), "type": question.kind.word(), "place": entry.place.word(),
                "aliases": aliases, "records": records, "why": why,
            })
        });
        json!({
            "domain": one.snapshot.domain.as_str(), "taken_at": moment(one.snapshot.taken_at),
            "answers": entries.collect::<Vec<_>>(), "change": one.change.as_ref().map(change_json), "notes": one.notes,
        })
    });
    document(&json!({ "snapshots": domains.collect::<Vec<_>>() }))
}

fn record_json(record: &Record) -> Json {
    json!({ "owner": record.owner.as_str(), "ttl": record.ttl, "value": record.value.to_string() })
}

/// `dns diff`.
pub(crate) fn diff_text(histories: &[History]) -> String {
    let mut text = String::new();
    for history in histories {
        let span = match (history.first, history.last) {
            (Some(first), Some(last)) if first != last => format!(" from {} to {}", second(first), second(last)),
            (Some(first), _) => format!(" at {}", second(first)),
            (None, _) => String::new(),
        };
        let summary = format!("{}: {}{span}", history.domain, counted(history.snapshots, "snapshot"));
        line(
            &mut text,
            &match (history.snapshots, history.changes.len()) {
                (0, _) => format!("{summary}; every run takes one, and so does `inboxed dns snapshot`"),
                (1, _) => format!("{summary}; a change shows between two"),
                (_, 0) => format!("{summary}, no change"),
                (_, changes) => format!("{summary}, {}", counted(changes, "change")),
            },
        );
        if history.simulated {
            line(&mut text, SIMULATED);
        }
        for change in &history.changes {
            change_lines(&mut text, change);
        }
    }
    text
}

/// One change: when, what, and how long the old answers live on.
fn change_lines(text: &mut String, change: &Change) {
    let (from, until) = (second(change.window.from), second(change.window.until));
    line(text, &format!("\n  between {from} and {until}: {}", change.words()));
    for difference in &change.differences {
        line(text, &format!("    {}", difference.words()));
    }
    let told = change.differences.iter().any(|difference| difference.ttl.is_some());
    line(
        text,
        &if told {
            format!(
                "    The old answers may be remembered for {}: every receiver sees the new ones from {} on.",
                span(change.ttl()),
                second(change.settled_at())
            )
        } else {
            "    How long the old answers may be remembered was not told.".to_owned()
        },
    );
}

/// `dns diff --json`.
pub(crate) fn diff_document(histories: &[History]) -> serde_json::Result<String> {
    let domains = histories.iter().map(|history| {
        json!({
            "domain": history.domain.as_str(), "snapshots": history.snapshots, "simulated": history.simulated,
            "first": history.first.map(moment), "last": history.last.map(moment),
            "changes": history.changes.iter().map(change_json).collect::<Vec<_>>(),
        })
    });
    match domains.collect::<Vec<_>>().as_slice() {
        [one] => document(one),
        all => document(&json!({ "domains": all })),
    }
}

fn change_json(change: &Change) -> Json {
    json!({
        "from": moment(change.window.from), "until": moment(change.window.until),
        "ttl_seconds": change.ttl().as_secs(), "settled_at": moment(change.settled_at()), "words": change.words(),
        "differences": change.differences.iter().map(difference_json).collect::<Vec<_>>(),
    })
}

fn difference_json(difference: &Difference) -> Json {
    let list = |records: &Published| records.iter().cloned().collect::<Vec<_>>();
    json!({
        "place": difference.place.word(), "name": difference.question.name.as_str(),
        "type": difference.question.kind.word(), "before": list(&difference.before),
        "after": list(&difference.after), "ttl_seconds": difference.ttl,
    })
}

fn line(text: &mut String, words: &str) {
    let lead = words.strip_prefix('\n').map_or("", |_| "\n");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{lead}{}", indented(words.trim_start_matches('\n')));
}

/// The words made harmless, their indent kept.
fn indented(words: &str) -> String {
    let rest = words.trim_start_matches(' ');
    format!("{}{}", " ".repeat(words.len().saturating_sub(rest.len())), plain(rest, WIDEST))
}
