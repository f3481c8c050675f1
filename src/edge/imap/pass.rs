//! What one look brings together: copies, faults, and the server's wish to be left alone.

use std::time::Duration;

use jiff::Timestamp;

use super::failure::ImapFailure;
use super::reply::Reply;
use super::visit::Visit;
use crate::domain::look::{Copy, Look};

/// How long a server is left alone that threw in `[THROTTLED]` and did what it was asked.
const GENTLE_WAIT: Duration = Duration::from_secs(30);
/// Most faults that a sentence names.
const MOST_NAMED: usize = 3;

/// What one look brought together.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// The copies seen.
    pub(super) copies: Vec<Copy>,
    /// What was not read, while the session lived.
    pub(super) failures: Vec<String>,
    /// What ended the session.
    failure: Option<ImapFailure>,
    /// How long the server wants to be left alone.
    pub(super) leave_alone: Option<Duration>,
    /// Whether the session cannot be used again although everything was read.
    pub(super) session_lost: bool,
    /// Whether the folders are to be listed anew.
    pub(super) lists: bool,
}

impl Pass {
    /// The look failed as a whole.
    pub(super) fn fail(&mut self, failure: &ImapFailure) {
        self.leave_alone = self.leave_alone.max(failure.leave_alone());
        self.failure = Some(failure.clone());
    }

    /// The session was dead: its failures say nothing, the copies it showed stay.
    pub(super) fn begin_again(&mut self) {
        self.failures.clear();
    }

    /// Adds copies; a later view of the same copy replaces an earlier one.
    pub(super) fn add(&mut self, copies: Vec<Copy>) {
        for copy in copies {
            let same = |known: &Copy| {
                known.sighting.folder == copy.sighting.folder
                    && known.sighting.uid == copy.sighting.uid
                    && known.uid_validity == copy.uid_validity
            };
            self.copies.retain(|known| !same(known));
            self.copies.push(copy);
        }
    }

    /// Notes who asks for fewer requests.
    pub(super) fn hear(&mut self, visits: &[Visit]) {
        let replies = visits.iter().flat_map(|visit| visit.examined.iter().chain(visit.replies.iter().flatten()));
        for reply in replies.filter(|reply| Reply::is_throttled(reply)) {
            self.leave_alone = self.leave_alone.max(Some(reply.backoff().unwrap_or(GENTLE_WAIT)));
        }
    }

    /// The look, in one sentence where it failed.
    pub(super) fn into_look(self, began_at: Timestamp, ended_at: Timestamp) -> Look {
        let temporary = self.failure.as_ref().is_none_or(ImapFailure::is_temporary);
        let failed = match &self.failure {
            Some(failure) => Some(failure.told()),
            None if self.failures.is_empty() => None,
            None => {
                let mut sentence: Vec<String> = self.failures.iter().take(MOST_NAMED).cloned().collect();
                let more = self.failures.len().saturating_sub(MOST_NAMED);
                if more > 0 {
                    sentence.push(format!("and {more} more such faults"));
                }
                Some(sentence.join("; "))
            }
        };
        Look {
            began_at,
            ended_at,
            temporary: failed.is_some() && temporary,
            failed,
            leave_alone: self.leave_alone,
            copies: self.copies,
        }
    }
}
