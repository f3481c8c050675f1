//! From values to columns and back. A column that does not hold what was written there is a damaged database.

use std::time::Duration;

use jiff::Timestamp;

use super::StoreFault;
use crate::domain::run::RunId;
use crate::domain::sighting::{Tab, TabAnswer};

/// The most that is kept of a header section, in bytes.
pub(super) const HEADER_LIMIT: usize = 65_536;

/// A duration in milliseconds.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The duration that [`millis`] wrote.
pub(super) fn duration(millis: i64) -> Result<Duration, StoreFault> {
    u64::try_from(millis).map(Duration::from_millis).map_err(|_| damaged("duration", millis))
}

/// The moment that `Timestamp::as_millisecond` wrote.
pub(super) fn time(millis: i64) -> Result<Timestamp, StoreFault> {
    Timestamp::from_millisecond(millis).map_err(|_| damaged("time", millis))
}

/// The same for a column that may be NULL.
pub(super) fn maybe_time(millis: Option<i64>) -> Result<Option<Timestamp>, StoreFault> {
    millis.map(time).transpose()
}

/// A number of 32 bits.
pub(super) fn number(value: i64) -> Result<u32, StoreFault> {
    u32::try_from(value).map_err(|_| damaged("number", value))
}

/// The numbers of runs as SQLite's `json_each` takes them.
pub(super) fn list(runs: &[RunId]) -> String {
    let numbers: Vec<String> = runs.iter().map(|run| run.0.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// A value with a textual form of its own.
pub(super) fn parsed<T>(noun: &str, text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreFault> {
    parse(text).ok_or_else(|| damaged(noun, format_args!("{text:?}")))
}

fn damaged(noun: &str, value: impl std::fmt::Display) -> StoreFault {
    StoreFault::Damaged { what: format!("no {noun}: {value}") }
}

/// The two columns of a tab answer: its word, and why it could not be asked.
pub(super) fn tab_columns(answer: &TabAnswer) -> (&'static str, Option<&str>) {
    match answer {
        TabAnswer::NotApplicable => ("not_applicable", None),
        TabAnswer::Unknown => ("unknown", None),
        TabAnswer::Failed(why) => ("failed", Some(why)),
        TabAnswer::Known(tab) => (tab.word(), None),
    }
}

/// The answer that [`tab_columns`] wrote.
pub(super) fn tab_answer(word: &str, why: Option<String>) -> Result<TabAnswer, StoreFault> {
    match (word, why) {
        ("not_applicable", None) => Ok(TabAnswer::NotApplicable),
        ("unknown", None) => Ok(TabAnswer::Unknown),
        ("failed", Some(why)) => Ok(TabAnswer::Failed(why)),
        (word, _) => parsed("tab", word, Tab::of_word).map(TabAnswer::Known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tab_answer_is_read_back_and_nothing_else_is() {
        let known = Tab::ALL.map(TabAnswer::Known);
        let others = [TabAnswer::NotApplicable, TabAnswer::Unknown, TabAnswer::Failed("NO [LIMIT]".to_owned())];
        for answer in known.into_iter().chain(others) {
            let (word, why) = tab_columns(&answer);
            assert_eq!(tab_answer(word, why.map(str::to_owned)).unwrap(), answer);
        }
        for (word, why) in [("spam", None), ("failed", None), ("unknown", Some("why".to_owned()))] {
            assert!(matches!(tab_answer(word, why), Err(StoreFault::Damaged { .. })), "{word}");
        }
    }

    #[test]
    fn a_column_that_cannot_have_been_written_is_damage() {
        assert!(matches!(duration(-1), Err(StoreFault::Damaged { .. })));
        assert!(matches!(number(-1), Err(StoreFault::Damaged { .. })));
        assert!(matches!(number(1 << 32), Err(StoreFault::Damaged { .. })));
        assert!(matches!(time(i64::MAX), Err(StoreFault::Damaged { .. })));
        assert_eq!(duration(millis(Duration::from_millis(90_001))).unwrap(), Duration::from_millis(90_001));
    }
}
