//! Changes: what a sender published differently from one snapshot to the next, and when it happened.
//!
//! Only what the sender publishes itself can change: SPF at the From and the MAIL FROM domain, DKIM names, DMARC, the MX
//! of the MAIL FROM domain, BIMI, MTA-STS, TLS-RPT. Records are compared as sorted sets in their normal form, so that
//! order, white space, TTL and the splitting of texts are no change. A question that nobody could answer says nothing:
//! the last answer stands until the next one. A name that was not asked before has no earlier answer to differ from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::answer::Question;
use super::name::DomainName;
use super::snapshot::{Place, Published, Snapshot};

/// The time within which a change happened: after the one moment and not after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Window {
    /// When the old records were last seen.
    pub(crate) from: Timestamp,
    /// When the new ones were first seen.
    pub(crate) until: Timestamp,
}

/// One name whose records differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The part it plays.
    pub(crate) place: Place,
    /// The name, and the type of its records.
    pub(crate) question: Question,
    /// What was published.
    pub(crate) before: Published,
    /// What is published since.
    pub(crate) after: Published,
    /// For how many seconds the old answer might be remembered; `None` when it was not told.
    pub(crate) ttl: Option<u32>,
}

impl Difference {
    /// The difference in one line: `DKIM x._domainkey.shop.example: added CNAME x.dkim.amazonses.com`.
    pub(crate) fn words(&self) -> String {
        let mut words = format!("{} {}: ", self.place.title(), self.question.name);
        let (gone, come) = (written(&self.before), written(&self.after));
        // Writing to a String cannot fail.
        let _ = match (self.before.is_empty(), self.after.is_empty()) {
            (true, _) => write!(words, "added {come}"),
            (false, true) => write!(words, "removed {gone}"),
            (false, false) => write!(words, "was {gone}, is {come}"),
        };
        words
    }
}

fn written(records: &Published) -> String {
    if records.is_empty() { "nothing".to_owned() } else { records.iter().cloned().collect::<Vec<_>>().join(" and ") }
}

/// Everything that was first seen to differ in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The domain in From of the snapshots.
    pub(crate) domain: DomainName,
    /// When it happened. It begins with the earliest of the differences: where a name could not be asked in between, the
    /// change may be as old as that.
    pub(crate) window: Window,
    /// The differences, by part and name; never none.
    pub(crate) differences: Vec<Difference>,
}

impl Change {
    /// For how long after the change resolvers might give the old answers: the longest TTL of them, zero where none was
    /// told.
    pub(crate) fn ttl(&self) -> Duration {
        let longest = self.differences.iter().filter_map(|difference| difference.ttl).max();
        Duration::from_secs(longest.unwrap_or(0).into())
    }

    /// From when on every receiver sees the new records: the end of the window and the TTL of the old ones.
    pub(crate) fn settled_at(&self) -> Timestamp {
        self.window.until.checked_add(self.ttl()).unwrap_or(Timestamp::MAX)
    }

    /// The change in one line: the parts that changed, such as `DKIM, SPF of the MAIL FROM domain`.
    pub(crate) fn words(&self) -> String {
        let mut places: Vec<Place> = self.differences.iter().map(|difference| difference.place).collect();
        places.dedup();
        places.into_iter().map(Place::title).collect::<Vec<_>>().join(", ")
    }
}

/// Questions whose records were taken away, and not put back since; the changes are the oldest first.
pub(crate) fn retired(changes: &[Change]) -> BTreeSet<Question> {
    let mut retired = BTreeSet::new();
    for difference in changes.iter().flat_map(|change| &change.differences) {
        if difference.after.is_empty() {
            retired.insert(difference.question.clone());
        } else {
            retired.remove(&difference.question);
        }
    }
    retired
}

/// The changes in a series of snapshots of one domain, the oldest first. The snapshots may come in any order.
pub(crate) fn changes(snapshots: &[Snapshot]) -> Vec<Change> {
    let mut snapshots: Vec<&Snapshot> = snapshots.iter().collect();
    snapshots.sort_by_key(|snapshot| snapshot.taken_at);
    let mut known: BTreeMap<&Question, Known> = BTreeMap::new();
    let mut changes = Vec::new();
    for snapshot in snapshots {
        let mut from = snapshot.taken_at;
        let mut differences = Vec::new();
        for (question, entry) in &snapshot.entries {
            let Some(published) = entry.published() else { continue };
            let now = Known { published, seen_at: snapshot.taken_at, ttl: entry.ttl() };
            let Some(before) = known.insert(question, now.clone()) else { continue };
            if before.published == now.published {
                // A resolver that remembers tells what is left of a TTL; the longest that was ever told is nearest to it.
                if let Some(known) = known.get_mut(question) {
                    known.ttl = before.ttl.max(now.ttl);
                }
                continue;
            }
            from = from.min(before.seen_at);
            differences.push(Difference {
                place: entry.place,
                question: question.clone(),
                before: before.published,
                after: now.published,
                ttl: before.ttl,
            });
        }
        if !differences.is_empty() {
            differences.sort_by_key(|difference| difference.place);
            let window = Window { from, until: snapshot.taken_at };
            changes.push(Change { domain: snapshot.domain.clone(), window, differences });
        }
    }
    changes
}

/// The last answer to a question.
#[derive(Debug, Clone)]
struct Known {
    published: Published,
    seen_at: Timestamp,
    ttl: Option<u32>,
}

#[cfg(test)]
mod tests;
