//! Streams side by side, in words and as a part of the document.

use serde::Serialize;

use super::CompareReport;
use super::document::{ShiftObject, shift_object};
use crate::domain::compare::Verdict;
use crate::domain::overall::Contrast;
use crate::domain::scope::Scope;
use crate::domain::streams::{Ranked, StreamShift, Streams};

impl CompareReport {
    /// Which stream declined, in one sentence; `None` where the runs hold but one.
    pub(crate) fn streams_words(&self) -> Option<String> {
        self.streams.as_ref().map(scope_words)
    }
}

fn scope_words(streams: &Streams) -> String {
    let worse = streams.rows.iter().filter(|one| one.judgement.verdict == Verdict::Worse);
    let declined = worse.map(|one| one.stream.as_str()).collect::<Vec<_>>().join(", ");
    match streams.scope {
        Scope::Undetermined => {
            "Whether one stream moved alone cannot be told: fewer than two have 5 mailboxes and 3 runs to go by."
                .to_owned()
        }
        Scope::None => "No stream is known to have declined.".to_owned(),
        Scope::Unlocated => "A decline, but the stream is not settled.".to_owned(),
        Scope::AtLeast => format!("The stream {declined} declined; whether others did is not settled."),
        Scope::Single => format!(
            "Only the stream {declined} declined, in the same mailboxes: look at its own set-up first (DKIM, MAIL FROM, \
             configuration set, dedicated IP)."
        ),
        Scope::Several => format!("The streams {declined} declined; the others did not decline as much."),
        Scope::Systemic => {
            "All streams declined: look at what they share, then at who declined among the providers.".to_owned()
        }
    }
}

#[derive(Serialize)]
pub(super) struct StreamsObject<'a> {
    scope: &'static str,
    sentence: String,
    word: &'static str,
    streams: Vec<StreamObject<'a>>,
    screen: Vec<RankedObject<'a>>,
}

#[derive(Serialize)]
struct StreamObject<'a> {
    stream: &'a str,
    p_adjusted: Option<f64>,
    word: &'static str,
    lo: f64,
    hi: f64,
    unseen_drop: Option<f64>,
    unseen_rise: Option<f64>,
    sentence: String,
    change: ShiftObject,
    contrast: ContrastObject,
}

#[derive(Serialize)]
struct ContrastObject {
    diff: Option<f64>,
    p_seed: Option<f64>,
    p_run: Option<f64>,
    p: Option<f64>,
}

#[derive(Serialize)]
struct RankedObject<'a> {
    stream: &'a str,
    provider: &'a str,
    paired: usize,
    before: Option<f64>,
    after: Option<f64>,
    diff: Option<f64>,
    p: f64,
    q: f64,
}

pub(super) fn streams_object<'a>(report: &CompareReport, streams: &'a Streams) -> StreamsObject<'a> {
    StreamsObject {
        scope: streams.scope.word(),
        sentence: scope_words(streams),
        word: streams.overall.verdict.word(),
        streams: streams.rows.iter().map(|one| stream_object(report, one)).collect(),
        screen: streams.screen.iter().map(ranked_object).collect(),
    }
}

fn stream_object<'a>(report: &CompareReport, one: &'a StreamShift) -> StreamObject<'a> {
    let Contrast { diff, p_seed, p_run, p } = one.contrast;
    let judgement = &one.judgement;
    StreamObject {
        stream: one.stream.as_str(),
        p_adjusted: judgement.p,
        word: judgement.verdict.word(),
        lo: judgement.interval.lo,
        hi: judgement.interval.hi,
        unseen_drop: judgement.unseen_drop(),
        unseen_rise: judgement.unseen_rise(),
        sentence: report.shift_words(&one.shift, judgement),
        change: shift_object(&one.shift),
        contrast: ContrastObject { diff, p_seed, p_run, p },
    }
}

fn ranked_object(one: &Ranked) -> RankedObject<'_> {
    let shift = &one.shift;
    RankedObject {
        stream: one.stream.as_str(),
        provider: &one.provider,
        paired: shift.paired,
        before: shift.before,
        after: shift.after,
        diff: shift.diff,
        p: one.p,
        q: one.q,
    }
}
