//! Languages: every word of a chart and of the page, once for each language, with the forms of numbers and dates.
//!
//! A sentence with gaps names them (`{n} probes`), so that each language orders them as it likes; a test holds the languages to
//! the same gaps.

mod diagnosis;
mod facts;
mod stamp;
mod words;

use std::time::Duration;

use jiff::Timestamp;

pub(crate) use words::Words;

pub(crate) use crate::domain::language::Language;

use super::words as plain_words;
use crate::domain::finding::Placement;
use crate::domain::interval::Interval;
use crate::domain::sighting::Tab;

impl Language {
    /// Its words.
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::English => &words::ENGLISH,
            Self::German => &words::GERMAN,
        }
    }

    /// A placement as a heading.
    pub(crate) fn placement(self, placement: Placement) -> &'static str {
        let words = self.words();
        match placement {
            Placement::Inbox => words.inbox,
            Placement::Promotions => words.promotions,
            Placement::Spam => words.spam,
            Placement::Elsewhere => words.elsewhere,
            Placement::Missing => words.missing,
        }
    }

    /// A day without its year: `3 Nov`, `3. Nov.`.
    pub(crate) fn day(self, at: Timestamp) -> String {
        match self {
            Self::English => plain_words::day(at),
            Self::German => format!("{}. {}", at.strftime("%-d"), self.month(at)),
        }
    }

    /// A day with its year.
    pub(crate) fn day_and_year(self, at: Timestamp) -> String {
        format!("{} {}", self.day(at), at.strftime("%Y"))
    }

    /// The first of two days without what it shares with the last, which is written with its year: `9`, `9.`, `30 Oct`.
    pub(crate) fn day_until(self, first: Timestamp, last: Timestamp) -> String {
        let same = |format: &str| first.strftime(format).to_string() == last.strftime(format).to_string();
        if !same("%Y") {
            return self.day_and_year(first);
        }
        match self {
            _ if !same("%m") || same("%d") => self.day(first),
            Self::English => first.strftime("%-d").to_string(),
            Self::German => first.strftime("%-d.").to_string(),
        }
    }

    /// A day in fewer letters: `3.11.`, with its year `3.11.26`; `None` where the usual form is the shortest.
    pub(crate) fn short_day(self, at: Timestamp, with_year: bool) -> Option<String> {
        match self {
            Self::English => None,
            Self::German => Some(at.strftime(if with_year { "%-d.%-m.%y" } else { "%-d.%-m." }).to_string()),
        }
    }

    /// A month with its year: `Nov 2026`.
    pub(crate) fn month_and_year(self, at: Timestamp) -> String {
        format!("{} {}", self.month(at), at.strftime("%Y"))
    }

    /// A day and a time to the minute.
    pub(crate) fn minute(self, at: Timestamp) -> String {
        format!("{}, {} UTC", self.day_and_year(at), at.strftime("%H:%M"))
    }

    fn month(self, at: Timestamp) -> &'static str {
        let month = at.strftime("%-m").to_string().parse::<usize>().unwrap_or(1);
        self.words().months.get(month.saturating_sub(1)).copied().unwrap_or("")
    }

    /// A duration in its two largest units.
    pub(crate) fn span(self, duration: Duration) -> String {
        self.decimals(plain_words::span(duration))
    }

    /// A count with its noun.
    pub(crate) fn counted(self, n: usize, noun: Noun) -> String {
        let (one, many) = noun.of(self.words());
        format!("{} {}", self.number(n), if n == 1 { one } else { many })
    }

    /// A whole number; from five digits on in groups of three: `20,000`, `20.000`.
    pub(crate) fn number(self, n: impl std::fmt::Display) -> String {
        let digits = n.to_string();
        if digits.len() < 5 {
            return digits;
        }
        let mark = match self {
            Self::English => ',',
            Self::German => '.',
        };
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
                grouped.push(mark);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A share of which hundredths of a percent count: `0.08 %`, `0,08 %`.
    pub(crate) fn small_percent(self, share: f64) -> String {
        let percent = share * 100.0;
        let text = if percent > 0.0 && percent < 0.005 { "<0.01 %".to_owned() } else { format!("{percent:.2} %") };
        self.decimals(text)
    }

    /// A change in points with its noun: `+21 points`, `+1 point`.
    pub(crate) fn in_points(self, change: f64) -> String {
        let (words, change) = (self.words(), points(change));
        let sentence = if matches!(change.as_str(), "+1" | "−1") { words.point } else { words.points };
        filled(sentence, &[("change", &change)])
    }

    /// A figure with its decimals, as the language marks them.
    fn decimals(self, text: String) -> String {
        match self {
            Self::English => text,
            Self::German => text.replace('.', ","),
        }
    }

    /// A tab of Gmail, as Gmail calls it.
    pub(crate) fn tab(self, tab: Tab) -> &'static str {
        let words = self.words();
        match tab {
            Tab::Primary => words.tab_primary,
            Tab::Promotions => words.promotions,
            Tab::Social => words.tab_social,
            Tab::Updates => words.tab_updates,
            Tab::Forums => words.tab_forums,
        }
    }
}

/// An interval as whole percent: `65–99 %`.
pub(crate) fn range(interval: Interval) -> String {
    let (lo, hi) = ((interval.lo * 100.0).round(), (interval.hi * 100.0).round());
    if (hi - lo).abs() < 0.5 { format!("{lo:.0} %") } else { format!("{lo:.0}–{hi:.0} %") }
}

/// A change in points with its sign: `+21`, `−4`.
pub(crate) fn points(change: f64) -> String {
    let points = (change * 100.0).round();
    if points == 0.0 {
        "0".to_owned()
    } else if points > 0.0 {
        format!("+{points:.0}")
    } else {
        format!("−{:.0}", points.abs())
    }
}

/// A noun that is counted, as a choice from the words of a language: one of it, many of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noun(fn(&Words) -> (&'static str, &'static str));

impl Noun {
    /// Runs.
    pub(crate) const RUN: Self = Self(|words| words.run);
    /// Seeds.
    pub(crate) const SEED: Self = Self(|words| words.seed);
    /// Probes.
    pub(crate) const PROBE: Self = Self(|words| words.probe);
    /// Stamps.
    pub(crate) const STAMP: Self = Self(|words| words.stamp);
    /// Hops.
    pub(crate) const HOP: Self = Self(|words| words.hop);

    fn of(self, words: &Words) -> (&'static str, &'static str) {
        (self.0)(words)
    }
}

/// A sentence with its gaps filled.
pub(crate) fn filled(sentence: &str, gaps: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(sentence.len());
    let mut rest = sentence;
    // What fills a gap may itself hold braces; it is never looked through again.
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match gaps.iter().find(|(gap, _)| *gap == name) {
            Some((_, filling)) => text.push_str(filling),
            None => text.extend(["{", name, "}"]),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn gaps_are_filled_once_and_in_any_order() {
        assert_eq!(filled("{a} of {b}", &[("b", "{a}"), ("a", "1")]), "1 of {a}");
        assert_eq!(filled("no {gap}, {", &[]), "no {gap}, {");
    }

    #[test]
    fn german_writes_dates_numbers_and_units_its_own_way() {
        let moment = at("2026-03-03T06:05:00Z");
        assert_eq!(Language::English.minute(moment), "3 Mar 2026, 06:05 UTC");
        assert_eq!(Language::German.minute(moment), "3. März 2026, 06:05 UTC");
        assert_eq!(Language::German.span(Duration::from_millis(3_500)), "3,5 s");
        assert_eq!(Language::German.counted(1, Noun::RUN), "1 Lauf");
        assert_eq!(Language::German.counted(2, Noun::RUN), "2 Läufe");
        assert_eq!(Language::German.small_percent(0.0008), "0,08 %");
        assert_eq!(Language::German.small_percent(0.000_01), "<0,01 %");
        assert_eq!(Language::English.small_percent(0.0), "0.00 %");
        for (n, shown) in [(7, "7"), (9_999, "9999"), (20_000, "20.000"), (1_234_567, "1.234.567")] {
            assert_eq!(Language::German.number(n), shown);
            assert_eq!(Language::English.number(n), shown.replace('.', ","));
        }
        assert_eq!(Language::German.in_points(0.01), "+1 Punkt");
        assert_eq!(Language::English.in_points(-0.012), "−1 point");
        assert_eq!(Language::English.in_points(0.21), "+21 points");
        assert_eq!(points(-0.041), "−4");
        assert_eq!(points(-0.001), "0");
        assert_eq!(range(Interval { lo: 0.648, hi: 0.99 }), "65–99 %");
    }

    #[test]
    fn both_languages_have_words_for_everything_and_the_same_gaps() {
        let gaps = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(gap, _)| gap.to_owned()).collect()
        };
        let (english, german) = (Language::English.words().all(), Language::German.words().all());
        assert_eq!(english.len(), german.len());
        for ((name, english), (_, german)) in english.iter().zip(&german) {
            assert!(!english.trim().is_empty() && !german.trim().is_empty(), "{name}");
            assert_eq!(gaps(english), gaps(german), "{name}: {english} / {german}");
        }
        let same = english.iter().zip(&german).filter(|((_, one), (_, other))| one == other).count();
        assert!(same < english.len() / 5, "{same} of {} are not translated", english.len());
    }
}
