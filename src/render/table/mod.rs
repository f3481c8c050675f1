//! Tables for people: one run, one probe's story, the history.
//!
//! A terminal gives its width and wants lines that fit; a pipe has none and gets every row on one line, uncut, so that it can be
//! searched. Colour only repeats what the words say.

mod checks;
mod comparison;
mod diagnosis;
mod evidence;
mod forecast;
mod grid;
mod inspect;
mod listing;
mod run;
mod runs;
mod seeds;
mod story;
mod trend;
mod verdict;
mod why;

use std::time::Duration;

use anstyle::{AnsiColor, Style};

pub(crate) use checks::{CheckLine, Verdict, checks_table};
pub(crate) use comparison::comparison_table;
pub(crate) use diagnosis::diagnosis_table;
pub(crate) use forecast::forecast_table;
pub(crate) use inspect::{Ascribed, inspect_table};
pub(crate) use run::run_table;
pub(crate) use runs::runs_table;
pub(crate) use seeds::{SeedLine, seeds_table};
pub(crate) use story::{Story, story_table};
pub(crate) use trend::trend_table;
pub(crate) use verdict::{Closing, alone};

use super::plain::{columns, wrap};
use super::report::RunReport;
use super::words::{day_and_year, second, span, time_of_day};
use crate::domain::run::{Run, RunState};
use crate::domain::stream::StreamName;

/// What the reader sees it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Columns of the terminal; `None` for a pipe or a file.
    pub(crate) width: Option<usize>,
    /// Whether colour may be used.
    pub(crate) colour: bool,
}

/// How a piece of text is meant; a colour or a weight where those are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Usual,
    Strong,
    Quiet,
    Good,
    Warning,
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Usual => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
            Self::Warning => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
            Self::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        }
    }
}

impl Screen {
    /// Text in a tone, for a single line.
    fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || tone == Tone::Usual || text.is_empty() {
            return text.to_owned();
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }

    /// Columns to fill; a pipe has as many as anything needs.
    fn columns(self) -> usize {
        self.width.unwrap_or(usize::MAX)
    }

    /// A paragraph in a tone, broken between words; every line but the first is indented.
    fn paragraph(self, tone: Tone, text: &str, indent: &str) -> String {
        let lines = wrap(text, self.columns().saturating_sub(indent.len()));
        let painted = lines.iter().enumerate().map(|(at, line)| {
            let indent = if at == 0 { "" } else { indent };
            format!("{indent}{}\n", self.paint(tone, line))
        });
        painted.collect()
    }
}

/// A text whose lines are broken for a terminal where they are too long: between words, and indented under their own
/// beginning. A table's lines fit already, and those in colour are such.
pub(crate) fn fitted(text: &str, screen: Screen) -> String {
    const FURTHER: usize = 2;
    let Some(width) = screen.width else { return text.to_owned() };
    let mut fitted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        if columns(body) <= width || body.contains('\u{1b}') {
            fitted.push_str(line);
            continue;
        }
        let blanks = body.chars().take_while(|c| *c == ' ').count();
        let indent = blanks.saturating_add(FURTHER).min(width / 2);
        let mut taken = 0;
        for word in body.split_inclusive(' ') {
            let wide = columns(word.trim_end());
            if taken > indent && taken + wide > width {
                fitted.truncate(fitted.trim_end_matches(' ').len());
                fitted.push('\n');
                fitted.push_str(&" ".repeat(indent));
                taken = indent;
            }
            fitted.push_str(word);
            taken += columns(word);
        }
        fitted.push_str(end);
    }
    fitted
}

/// The first lines of every table about one run.
fn headline(report: &RunReport, screen: Screen) -> String {
    let run = &report.run;
    let mut title = screen.paint(Tone::Strong, &name(run));
    if run.simulated {
        title.push_str("  ");
        title.push_str(&screen.paint(Tone::Warning, "[simulated: the lab answered, no real provider]"));
    }
    if run.imported {
        title.push_str("  ");
        title.push_str(&screen.paint(Tone::Warning, "[imported: as it was told, without looks of our own]"));
    }
    let streams: Vec<&str> = run.streams.iter().map(StreamName::as_str).collect();
    let mut facts = vec![streams.join(", ")];
    facts.extend(times(run));
    facts.push(run.state.word().to_owned());
    format!("{title}\n{}", screen.paragraph(Tone::Quiet, &facts.join(" · "), ""))
}

/// When a run took place and how long it took.
fn times(run: &Run) -> Vec<String> {
    let Some(end) = run.ended_at else { return vec![format!("begun {}", second(run.started_at))] };
    let until = if day_and_year(run.started_at) == day_and_year(end) {
        format!("{} UTC", time_of_day(end))
    } else {
        second(end)
    };
    let mut times = vec![format!("{} to {until}", second(run.started_at).trim_end_matches(" UTC"))];
    if let Ok(took) = Duration::try_from(end.duration_since(run.started_at)) {
        times.push(span(Duration::from_secs(took.as_secs())));
    }
    times
}

/// What a run is called: its number and its label.
fn name(run: &Run) -> String {
    match &run.label {
        Some(label) => format!("Run {} · {}", run.id.0, label.as_str()),
        None => format!("Run {}", run.id.0),
    }
}

/// The tone of a run's state.
fn state_tone(state: RunState) -> Tone {
    match state {
        RunState::Running | RunState::Interrupted => Tone::Warning,
        RunState::Complete => Tone::Usual,
    }
}

#[cfg(test)]
mod tests;
