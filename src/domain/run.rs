//! A run: one round of probes, its number, its label and its state.

use jiff::Timestamp;

use super::stream::{StreamName, is_plain_name};

/// The number of a run. Numbers are never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunId(pub(crate) i64);

/// A label: `[A-Za-z][A-Za-z0-9._-]*`, not `last`, without `..`. Several runs may bear the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label(String);

impl Label {
    /// `None` for a text of another shape.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (is_plain_name(text) && text != "last" && !text.contains("..")).then(|| Self(text.to_owned()))
    }

    /// The label as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the user names one run: RUN of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunChoice {
    /// By number.
    Id(RunId),
    /// `last` is 0, `last~N` is N runs before it.
    Last(u32),
    /// By a label that exactly one run bears.
    Label(Label),
}

impl RunChoice {
    /// `None` for what is neither a number, `last`, `last~N` nor a label.
    pub(crate) fn new(text: &str) -> Option<Self> {
        if let Some(back) = text.strip_prefix("last~") {
            let is_number = back.bytes().all(|byte| byte.is_ascii_digit());
            return back.parse().ok().filter(|_| is_number).map(Self::Last);
        }
        if text == "last" {
            return Some(Self::Last(0));
        }
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
            return text.parse().ok().map(|id| Self::Id(RunId(id)));
        }
        Label::new(text).map(Self::Label)
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunState {
    /// A process is at work on it now.
    Running,
    /// Its closing look is stored.
    Complete,
    /// No process is at work on it and it never closed: `sweep` finishes it.
    Interrupted,
}

impl RunState {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A run, without its probes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// Its number.
    pub(crate) id: RunId,
    /// Its label.
    pub(crate) label: Option<Label>,
    /// The streams it asked about, in the order of the configuration.
    pub(crate) streams: Vec<StreamName>,
    /// When its plan was committed.
    pub(crate) started_at: Timestamp,
    /// When its closing look was stored; `None` until then.
    pub(crate) ended_at: Option<Timestamp>,
    /// Where it stands.
    pub(crate) state: RunState,
    /// Whether the lab answered instead of real providers.
    pub(crate) simulated: bool,
    /// Whether another tool, or another database, told of it: then there are no looks behind its findings.
    pub(crate) imported: bool,
    /// How long each probe is watched.
    pub(crate) wait: std::time::Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_number_last_or_label() {
        for (text, choice) in [
            ("7", Some(RunChoice::Id(RunId(7)))),
            ("last", Some(RunChoice::Last(0))),
            ("last~3", Some(RunChoice::Last(3))),
            ("before-dkim", Label::new("before-dkim").map(RunChoice::Label)),
            ("last~x", None),
            ("", None),
            ("a..b", None),
            ("1a", None),
            ("-x", None),
        ] {
            assert_eq!(RunChoice::new(text), choice, "{text}");
        }
    }
}
