//! The tagged answer to one command, and the response codes that stand in its text.
//!
//! Codes are read out of the text (RFC 3501 §7.1, RFC 5530, RFC 9738), because servers put them in front, behind or
//! into words, and a parser knows only those of its day.

use std::time::Duration;

use super::capability::Capabilities;
use crate::domain::standing::LONGEST_QUIET;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Done.
    Ok,
    /// Not done.
    No,
    /// Not understood.
    Bad,
}

/// A server stopped before the end of what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// The last UID that it dealt with, if it says so.
    pub(super) last: Option<u32>,
}

/// A tagged answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// How it ended.
    pub(super) verdict: Verdict,
    /// The words, with the codes that the parser left in them.
    pub(super) text: String,
    /// Capabilities that came as a code.
    pub(super) capabilities: Option<Capabilities>,
}

impl Reply {
    /// NO with these words.
    pub(super) fn no(text: &str) -> Self {
        Self { verdict: Verdict::No, text: text.to_owned(), capabilities: None }
    }

    /// Whether the command was done.
    pub(super) fn is_ok(&self) -> bool {
        self.verdict == Verdict::Ok
    }

    /// The contents of all brackets in the text.
    fn codes(&self) -> impl Iterator<Item = &str> {
        self.text.split('[').skip(1).filter_map(|rest| rest.split_once(']').map(|(code, _)| code))
    }

    /// Whether it carries this code.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.codes().any(|found| found.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(code)))
    }

    /// Whether its words contain this, in any case.
    pub(super) fn says(&self, words: &str) -> bool {
        self.text.to_ascii_lowercase().contains(words)
    }

    /// Where the server cut its answer short (`MESSAGELIMIT`, RFC 9738 §3.1).
    pub(super) fn message_limit(&self) -> Option<Cut> {
        let code = self.codes().find(|code| code.to_ascii_uppercase().starts_with("MESSAGELIMIT"))?;
        Some(Cut { last: code.split(' ').nth(2).and_then(|uid| uid.parse().ok()) })
    }

    /// Whether the server asks for fewer requests.
    pub(super) fn is_throttled(&self) -> bool {
        self.has_code("THROTTLED")
            || self.has_code("OVERQUOTA")
            || self.says("throttled")
            || self.says("bandwidth limit")
            || self.backoff().is_some()
    }

    /// Whether the server says that it cannot do it just now (RFC 5530 §3).
    pub(super) fn is_passing(&self) -> bool {
        self.is_throttled()
            || ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"].iter().any(|code| self.has_code(code))
            || ["try again", "temporar", "unavailable", "internal error", "timed out"]
                .iter()
                .any(|words| self.says(words))
    }

    /// Outlook's `Suggested Backoff Time: n milliseconds`.
    pub(super) fn backoff(&self) -> Option<Duration> {
        let lower = self.text.to_ascii_lowercase();
        let (_, after) = lower.split_once("suggested backoff time:")?;
        let digits: String = after.trim_start().chars().take_while(char::is_ascii_digit).collect();
        let wished = digits.parse().map_or(LONGEST_QUIET, Duration::from_millis);
        Some(wished.min(LONGEST_QUIET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_wherever_they_stand() {
        for (text, code, there) in [
            ("[UNAVAILABLE] later", "unavailable", true),
            ("Success [THROTTLED]", "THROTTLED", true),
            ("[AUTHENTICATIONFAILED] (#AUTH901) no", "AUTHENTICATIONFAILED", true),
            ("[ALERT] [LIMIT] x", "LIMIT", true),
            ("THROTTLED without brackets", "THROTTLED", false),
            ("[UNAVAILABLE", "UNAVAILABLE", false),
            ("[UNAVAILABLEX] y", "UNAVAILABLE", false),
        ] {
            assert_eq!(Reply::no(text).has_code(code), there, "{text}");
        }
    }

    #[test]
    fn the_message_limit_names_the_last_uid_that_was_dealt_with() {
        assert_eq!(Reply::no("[MESSAGELIMIT 1000 23221] partial").message_limit(), Some(Cut { last: Some(23_221) }));
        assert_eq!(Reply::no("[MESSAGELIMIT 1000] partial").message_limit(), Some(Cut { last: None }));
        assert_eq!(Reply::no("done").message_limit(), None);
    }

    #[test]
    fn a_wished_pause_is_honoured_up_to_five_minutes() {
        for (text, pause) in [
            ("Suggested Backoff Time: 30000 milliseconds", Some(30_000)),
            ("suggested backoff time: 99999999999 milliseconds", Some(300_000)),
            ("suggested backoff time: 99999999999999999999999", Some(300_000)),
            ("no hint", None),
        ] {
            assert_eq!(Reply::no(text).backoff(), pause.map(Duration::from_millis), "{text}");
        }
    }
}
