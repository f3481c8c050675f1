//! A comparison as a JSON document: the names of the statistics' specification, with the runs of each side beside them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::CompareReport;
use super::streams::{StreamsObject, streams_object};
use crate::domain::compare::Judgement;
use crate::domain::dns::change::Change;
use crate::domain::overall::Contrast;
use crate::domain::run::RunId;
use crate::domain::sample::{Flank, Sample};
use crate::domain::shift::Shift;
use crate::render::json::{document, moment};

#[derive(Serialize)]
struct CompareDocument<'a> {
    stream: &'a str,
    before: Vec<i64>,
    after: Vec<i64>,
    promotions_as_inbox: bool,
    confidence: f64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
    change: Option<ChangeObject<'a>>,
    providers: Vec<ProviderObject<'a>>,
    overall: OverallObject,
    scope: &'static str,
    overall_change: OverallChange,
    contrasts: Vec<ContrastObject<'a>>,
    streams: Option<StreamsObject<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    domain: &'a str,
    from: String,
    until: String,
    settled_at: String,
    differences: Vec<String>,
}

#[derive(Serialize)]
struct ProviderObject<'a> {
    provider: &'a str,
    weight: f64,
    p_adjusted: Option<f64>,
    word: &'static str,
    lo: f64,
    hi: f64,
    unseen_drop: Option<f64>,
    unseen_rise: Option<f64>,
    sentence: String,
    before: FlankObject,
    after: FlankObject,
    change: ShiftObject,
    left_out: Vec<i64>,
}

#[derive(Serialize)]
struct FlankObject {
    good: usize,
    n: usize,
    unmeasured: usize,
    rate: Option<f64>,
    interval: [f64; 2],
    n_eff: f64,
    worst: Option<f64>,
    best: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct ShiftObject {
    paired: usize,
    unpaired: usize,
    runs_before: usize,
    runs_after: usize,
    before: Option<f64>,
    after: Option<f64>,
    diff: Option<f64>,
    p_seed_exact: Option<f64>,
    p_seed: Option<f64>,
    p_run: Option<f64>,
    p: Option<f64>,
    lo: f64,
    hi: f64,
}

#[derive(Serialize)]
struct OverallObject {
    p: Option<f64>,
    word: &'static str,
    lo: f64,
    hi: f64,
    unseen_drop: Option<f64>,
    unseen_rise: Option<f64>,
    sentence: String,
}

#[derive(Serialize)]
struct OverallChange {
    paired: usize,
    before: Option<f64>,
    after: Option<f64>,
    diff: Option<f64>,
    p_seed: Option<f64>,
    p_run: Option<f64>,
    p: Option<f64>,
    lo: f64,
    hi: f64,
}

#[derive(Serialize)]
struct ContrastObject<'a> {
    provider: &'a str,
    diff: Option<f64>,
    p_seed: Option<f64>,
    p_run: Option<f64>,
    p: Option<f64>,
}

/// The comparison as a document: the names of the statistics' specification, and the runs of each side.
pub(crate) fn comparison_document(report: &CompareReport) -> serde_json::Result<String> {
    let comparison = &report.comparison;
    let change = &comparison.overall_change;
    let ids = |runs: &BTreeSet<RunId>| runs.iter().map(|run| run.0).collect();
    let judged = report.samples.iter().zip(&comparison.shifts).zip(&comparison.providers).zip(&report.weights);
    document(&CompareDocument {
        stream: report.stream.as_str(),
        before: ids(&report.before),
        after: ids(&report.after),
        promotions_as_inbox: report.rules.promotions_as_inbox,
        confidence: report.confidence,
        simulated: report.simulated,
        change: report.change.as_ref().map(change_object),
        providers: judged
            .map(|(((sample, shift), judgement), weight)| provider_object(report, sample, shift, judgement, *weight))
            .collect(),
        overall: OverallObject {
            p: comparison.overall.p,
            word: comparison.overall.verdict.word(),
            lo: comparison.overall.interval.lo,
            hi: comparison.overall.interval.hi,
            unseen_drop: comparison.overall.unseen_drop(),
            unseen_rise: comparison.overall.unseen_rise(),
            sentence: report.overall_words(),
        },
        scope: comparison.scope.word(),
        overall_change: OverallChange {
            paired: change.paired,
            before: change.before,
            after: change.after,
            diff: change.diff,
            p_seed: change.p_seed,
            p_run: change.p_run,
            p: change.p,
            lo: change.interval.lo,
            hi: change.interval.hi,
        },
        contrasts: report.samples.iter().zip(&comparison.contrasts).map(contrast_object).collect(),
        streams: report.streams.as_ref().map(|streams| streams_object(report, streams)),
        notes: &report.notes,
    })
}

fn contrast_object<'a>((sample, contrast): (&'a Sample, &Contrast)) -> ContrastObject<'a> {
    let Contrast { diff, p_seed, p_run, p } = *contrast;
    ContrastObject { provider: &sample.provider, diff, p_seed, p_run, p }
}

fn change_object(change: &Change) -> ChangeObject<'_> {
    ChangeObject {
        domain: change.domain.as_str(),
        from: moment(change.window.from),
        until: moment(change.window.until),
        settled_at: moment(change.settled_at()),
        differences: change.differences.iter().map(crate::domain::dns::change::Difference::words).collect(),
    }
}

fn provider_object<'a>(
    report: &CompareReport,
    sample: &'a Sample,
    shift: &Shift,
    judgement: &Judgement,
    weight: f64,
) -> ProviderObject<'a> {
    ProviderObject {
        provider: &sample.provider,
        weight,
        p_adjusted: judgement.p,
        word: judgement.verdict.word(),
        lo: judgement.interval.lo,
        hi: judgement.interval.hi,
        unseen_drop: judgement.unseen_drop(),
        unseen_rise: judgement.unseen_rise(),
        sentence: report.shift_words(shift, judgement),
        before: flank_object(&sample.before),
        after: flank_object(&sample.after),
        change: shift_object(shift),
        left_out: sample.left_out.iter().map(|run| run.0).collect(),
    }
}

pub(super) fn shift_object(shift: &Shift) -> ShiftObject {
    ShiftObject {
        paired: shift.paired,
        unpaired: shift.unpaired,
        runs_before: shift.runs_before,
        runs_after: shift.runs_after,
        before: shift.before,
        after: shift.after,
        diff: shift.diff,
        p_seed_exact: shift.p_seed_exact,
        p_seed: shift.p_seed,
        p_run: shift.p_run,
        p: shift.p,
        lo: shift.interval.lo,
        hi: shift.interval.hi,
    }
}

fn flank_object(flank: &Flank) -> FlankObject {
    FlankObject {
        good: flank.share.good,
        n: flank.share.measured,
        unmeasured: flank.share.unmeasured,
        rate: flank.share.rate(),
        interval: [flank.all.interval.lo, flank.all.interval.hi],
        n_eff: flank.all.effective,
        worst: flank.share.worst(),
        best: flank.share.best(),
    }
}
