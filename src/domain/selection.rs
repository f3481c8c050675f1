//! A selection: which runs are meant, as SEL of the command line or as those around a change of DNS.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::run::{Run, RunChoice, RunId, RunState};

/// One part of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A run by number or age, or all runs that bear a label.
    Runs(RunChoice),
    /// Runs that began on these days (UTC), both included; `None` is open.
    Days(Option<Date>, Option<Date>),
}

/// Runs as the user names them: parts separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    parts: Vec<Part>,
    written: String,
}

impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written)
    }
}

impl Selection {
    /// Reads a selection; the error is a sentence about the part that is none.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(|part| read_part(part.trim())).collect::<Result<_, _>>()?;
        Ok(Self { parts, written: text.to_owned() })
    }

    /// The runs that are meant, out of all there are, the newest first. The error is a sentence about the part that means
    /// none.
    pub(crate) fn of(&self, runs: &[Run]) -> Result<BTreeSet<RunId>, String> {
        let mut chosen = BTreeSet::new();
        for part in &self.parts {
            let found: Vec<RunId> = match part {
                Part::Runs(RunChoice::Id(id)) => runs.iter().map(|run| run.id).filter(|one| one == id).collect(),
                Part::Runs(RunChoice::Last(back)) => {
                    let back = usize::try_from(*back).unwrap_or(usize::MAX);
                    runs.get(back).map(|run| run.id).into_iter().collect()
                }
                Part::Runs(RunChoice::Label(label)) => {
                    runs.iter().filter(|run| run.label.as_ref() == Some(label)).map(|run| run.id).collect()
                }
                Part::Days(first, last) => {
                    let is_meant = |run: &&Run| {
                        let day = run.started_at.to_zoned(TimeZone::UTC).date();
                        first.is_none_or(|first| day >= first) && last.is_none_or(|last| day <= last)
                    };
                    runs.iter().filter(is_meant).map(|run| run.id).collect()
                }
            };
            if found.is_empty() {
                return Err(match part {
                    Part::Runs(RunChoice::Id(id)) => format!("there is no run {}", id.0),
                    Part::Runs(RunChoice::Last(back)) => {
                        format!("there is no run last~{back}; {} are stored", runs.len())
                    }
                    Part::Runs(RunChoice::Label(label)) => format!("no run bears the label {}", label.as_str()),
                    Part::Days(first, last) => {
                        let written = |day: &Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
                        format!("no run began on {}..{} (UTC)", written(first), written(last))
                    }
                });
            }
            chosen.extend(found);
        }
        Ok(chosen)
    }
}

fn read_part(text: &str) -> Result<Part, String> {
    let wrong = || {
        format!(
            "\"{}\" names no runs: write numbers, last, last~N, a label or YYYY-MM-DD..YYYY-MM-DD, separated by commas",
            text.escape_debug()
        )
    };
    if let Some(numbers) = numbers_of(text) {
        return Err(format!("\"{text}\": `..` stands between days; for runs write their numbers: {numbers}"));
    }
    let Some((first, last)) = text.split_once("..") else {
        return RunChoice::new(text).map(Part::Runs).ok_or_else(wrong);
    };
    let day = |text: &str| match text {
        "" => Ok(None),
        _ if text.len() == 10 => text.parse::<Date>().map(Some).map_err(|_| wrong()),
        _ => Err(wrong()),
    };
    let (first, last) = (day(first)?, day(last)?);
    if let (Some(begin), Some(end)) = (first, last)
        && begin > end
    {
        return Err(format!("{begin}..{end} ends before it begins: write the earlier day first"));
    }
    Ok(Part::Days(first, last))
}

/// What `1..6` or `1-6` was to mean, as it is written: `1,2,3,4,5,6`; with an ellipsis where that is long.
fn numbers_of(text: &str) -> Option<String> {
    const SHOWN: u64 = 12;
    let (first, last) = text.split_once("..").or_else(|| text.split_once('-'))?;
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.len() < 9);
    let (first, last) = (number(first)?, number(last)?);
    if first >= last {
        return None;
    }
    let listed = |from: u64, to: u64| (from..=to).map(|one| one.to_string()).collect::<Vec<_>>().join(",");
    Some(if last - first < SHOWN { listed(first, last) } else { format!("{},…,{last}", listed(first, first + 2)) })
}

/// How far a comparison reaches on each side of a change: eight weeks.
const REACH: Duration = Duration::from_hours(8 * 7 * 24);

/// When something changed, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// When the old state was last seen.
    pub(crate) from: Timestamp,
    /// From when on every receiver sees the new one.
    pub(crate) settled_at: Timestamp,
}

/// The complete runs before and after the last of these turns (the oldest first): up to eight weeks on each side, never
/// across another turn, and none that began while the state was in doubt.
pub(crate) fn around_last(turns: &[Turn], runs: &[Run]) -> Option<(BTreeSet<RunId>, BTreeSet<RunId>)> {
    let (last, earlier) = turns.split_last()?;
    let reach = SignedDuration::try_from(REACH).ok()?;
    // An earlier change may have settled after the last one began: then nothing before is beyond doubt.
    let earliest = earlier.iter().map(|turn| turn.settled_at).max();
    let begin = last.from.checked_sub(reach).ok().into_iter().chain(earliest).max();
    let end = last.settled_at.checked_add(reach).ok();
    let ids = |is_meant: &dyn Fn(Timestamp) -> bool| {
        let complete = runs.iter().filter(|run| run.state == RunState::Complete);
        complete.filter(|run| is_meant(run.started_at)).map(|run| run.id).collect::<BTreeSet<_>>()
    };
    let before = ids(&|at| at <= last.from && begin.is_none_or(|begin| at >= begin));
    let after = ids(&|at| at >= last.settled_at && end.is_none_or(|end| at <= end));
    Some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Label;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + n * 86_400).unwrap()
    }

    /// Runs on these days after 1 January 2026, numbered from 1 on, the newest first.
    fn runs(days: &[i64]) -> Vec<Run> {
        let run = |(id, at): (i64, &i64)| Run {
            id: RunId(id),
            label: Label::new(if id % 2 == 0 { "even" } else { "odd" }),
            streams: Vec::new(),
            started_at: day(*at),
            ended_at: Some(day(*at)),
            state: RunState::Complete,
            simulated: false,
            imported: false,
            wait: Duration::ZERO,
        };
        let mut runs: Vec<Run> = (1..).zip(days).map(run).collect();
        runs.reverse();
        runs
    }

    fn numbers(ids: &BTreeSet<RunId>) -> Vec<i64> {
        ids.iter().map(|id| id.0).collect()
    }

    #[test]
    fn runs_are_meant_by_number_age_label_and_day() {
        let runs = runs(&[0, 1, 2, 3, 4]);
        for (text, wanted) in [
            ("2", &[2][..]),
            ("last", &[5]),
            ("last~4", &[1]),
            ("even", &[2, 4]),
            ("1,last,last~0", &[1, 5]),
            ("2026-01-02..2026-01-03", &[2, 3]),
            ("2026-01-04..", &[4, 5]),
            ("..2026-01-01", &[1]),
            ("..2026-01-01, odd", &[1, 3, 5]),
        ] {
            assert_eq!(numbers(&Selection::new(text).unwrap().of(&runs).unwrap()), wanted, "{text}");
        }
        for (text, wanted) in [
            ("9", "there is no run 9"),
            ("1,never", "no run bears the label never"),
            ("last~5", "there is no run last~5; 5 are stored"),
            ("2027-01-01..", "no run began on 2027-01-01.. (UTC)"),
        ] {
            assert_eq!(Selection::new(text).unwrap().of(&runs).unwrap_err(), wanted, "{text}");
        }
        for text in ["", "1,", "a b", "2026-1-1..", "2026-02-30..", "2026-01-02..2026-01-01", "1..3", "last~x"] {
            assert!(Selection::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_of_numbers_is_refused_with_the_list_to_write() {
        for (text, list) in [("1..6", "1,2,3,4,5,6"), ("7-9", "7,8,9"), ("1..300", "1,2,3,…,300"), ("last,2..3", "2,3")]
        {
            let why = Selection::new(text).unwrap_err();
            assert!(why.ends_with(&format!("for runs write their numbers: {list}")), "{why}");
        }
        for text in ["6..1", "1..", "1..x", "99999999999..999999999999"] {
            assert!(Selection::new(text).unwrap_err().contains("names no runs"), "{text}");
        }
    }

    #[test]
    fn runs_around_a_change_stay_clear_of_its_window_and_of_other_changes() {
        let weeks: Vec<i64> = (0..24).map(|week| week * 7).collect();
        let runs = runs(&weeks);
        let turn = |from: i64, settled: i64| Turn { from: day(from), settled_at: day(settled) };
        // The change lies between the runs of week 11 and week 12, and takes until then to settle.
        let (before, after) = around_last(&[turn(77, 84)], &runs).unwrap();
        assert_eq!((numbers(&before), numbers(&after)), ((4..=12).collect(), (13..=21).collect()));
        let (before, after) = around_last(&[turn(50, 62), turn(77, 85)], &runs).unwrap();
        assert_eq!((numbers(&before), numbers(&after)), (vec![10, 11, 12], (14..=21).collect()));
        let (before, _) = around_last(&[turn(50, 80), turn(77, 85)], &runs).unwrap();
        assert!(before.is_empty());
        assert_eq!(around_last(&[], &runs), None);
        let mut open = runs.clone();
        for run in &mut open {
            run.state = RunState::Interrupted;
        }
        assert!(around_last(&[turn(77, 84)], &open).unwrap().0.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_selection_or_told_why_not(text in "\\PC{0,40}") {
            if let Err(why) = Selection::new(&text) {
                proptest::prop_assert!(!why.is_empty());
            }
        }
    }
}
