//! `compare`: two sets of runs of one stream, or the runs around its latest change of DNS.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use jiff::Timestamp;

use super::judgement::{open_to_read, shown};
use super::placements::Placements;
use super::{Context, Failure, Outcome};
use crate::Exit;
use crate::cli::CompareArgs;
use crate::config::Config;
use crate::domain::compare::{Comparison, Verdict};
use crate::domain::dns::change::Change;
use crate::domain::overall::traffic_shares;
use crate::domain::run::{Run, RunId, RunState};
use crate::domain::sample::{Sample, samples};
use crate::domain::selection::{Selection, Turn, around_last};
use crate::domain::shift::{Answers, Side};
use crate::domain::stream::StreamName;
use crate::domain::streams::{StreamSample, Streams};
use crate::edge::store::{Store, StoreFault};
use crate::render::comparison::{CompareReport, change_words, comparison_document, runs_words};
use crate::render::report::ShownProvider;
use crate::render::table::comparison_table;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &CompareArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(context).await?;
    let runs = store.runs(u32::MAX, store.holder_run()).await.map_err(Failure::internal)?;
    let chosen = if let (Some(before), Some(after)) = (&args.before, &args.after) {
        by_selection(&runs, before, after, args.stream.as_ref())?
    } else {
        let stream = the_stream(&runs.iter().collect::<Vec<_>>(), args.stream.as_ref())?;
        let chosen = around_change(&store, &runs, &stream).await.map_err(Failure::internal)?;
        chosen.map_err(|nothing| Failure::bad_input(anyhow!(nothing_words(&nothing, &stream))))?
    };
    let now = context.clock.now();
    let mut report = compared(&store, &config, &runs, chosen, now).await.map_err(Failure::internal)?;
    report.streams = side_by_side(&store, &config, &runs, &report, now).await.map_err(Failure::internal)?;
    let text = if context.json {
        comparison_document(&report).map_err(Failure::internal)?
    } else {
        comparison_table(&report, context.screen)
    };
    Ok(Outcome { exit: exit(&report.comparison), stdout: text })
}

/// What is to be compared.
struct Chosen {
    stream: StreamName,
    before: BTreeSet<RunId>,
    after: BTreeSet<RunId>,
    between: BTreeSet<RunId>,
    change: Option<Change>,
    notes: Vec<String>,
}

fn by_selection(
    runs: &[Run],
    before: &Selection,
    after: &Selection,
    stream: Option<&StreamName>,
) -> Result<Chosen, Failure> {
    let meant = |side: &str, selection: &Selection| {
        selection.of(runs).map_err(|why| Failure::bad_input(anyhow!("--{side} {selection}: {why}; see `inboxed runs`")))
    };
    let (mut before_ids, mut after_ids) = (meant("before", before)?, meant("after", after)?);
    let both: BTreeSet<RunId> = before_ids.intersection(&after_ids).copied().collect();
    if !both.is_empty() {
        return Err(Failure::bad_input(anyhow!(
            "{} would be on both sides: --before {before} and --after {after} must have no run in common",
            runs_words(&both)
        )));
    }
    let selected: Vec<&Run> =
        runs.iter().filter(|run| before_ids.contains(&run.id) || after_ids.contains(&run.id)).collect();
    let stream = the_stream(&selected, stream)?;
    let mut notes = Vec::new();
    let mut drop = |why: &str, is_out: &dyn Fn(&Run) -> bool, sides: [&mut BTreeSet<RunId>; 2]| {
        let out: BTreeSet<RunId> = selected.iter().filter(|run| is_out(run)).map(|run| run.id).collect();
        if !out.is_empty() {
            notes.push(format!("Left out, {why}: {}.", runs_words(&out)));
        }
        for side in sides {
            side.retain(|id| !out.contains(id));
        }
    };
    drop("not complete", &|run| run.state != RunState::Complete, [&mut before_ids, &mut after_ids]);
    let without = format!("without the stream {stream}");
    let is_strange = |run: &Run| run.state == RunState::Complete && !run.streams.contains(&stream);
    drop(&without, &is_strange, [&mut before_ids, &mut after_ids]);
    for (side, selection, ids) in [("before", before, &before_ids), ("after", after, &after_ids)] {
        if ids.is_empty() {
            return Err(Failure::bad_input(anyhow!(
                "--{side} {selection}: no complete run of the stream {stream} is left to compare; {}",
                notes.join(" ")
            )));
        }
    }
    Ok(Chosen { stream, before: before_ids, after: after_ids, between: BTreeSet::new(), change: None, notes })
}

/// The stream that is meant, where there is but one or one is named.
fn the_stream(runs: &[&Run], named: Option<&StreamName>) -> Result<StreamName, Failure> {
    let streams: BTreeSet<&StreamName> = runs.iter().flat_map(|run| &run.streams).collect();
    let listed = || streams.iter().map(|stream| stream.as_str()).collect::<Vec<_>>().join(", ");
    match (named, streams.iter().next()) {
        (Some(named), _) if streams.contains(named) => Ok(named.clone()),
        (Some(named), Some(_)) => {
            Err(Failure::bad_input(anyhow!("no such run has the stream {named}; there are {}", listed())))
        }
        (None, Some(only)) if streams.len() == 1 => Ok((*only).clone()),
        (None, Some(_)) => {
            Err(Failure::bad_input(anyhow!("there are several streams, name one with --stream: {}", listed())))
        }
        (_, None) => Err(Failure::bad_input(anyhow!("there are no runs to compare yet; `inboxed run` makes one"))),
    }
}

/// Why there is nothing to compare around the last change of a stream's DNS.
#[derive(Debug)]
pub(crate) enum Nothing {
    /// No change is known.
    Unchanged,
    /// No complete run lies before this one, within reach and after any earlier one.
    Before(Change),
    /// No complete run has begun since.
    After(Change),
}

/// The runs around the last change of a stream's DNS, compared. `runs` are all there are.
pub(crate) async fn around_last_change(
    store: &Store,
    config: &Config,
    runs: &[Run],
    stream: &StreamName,
    now: Timestamp,
) -> Result<Result<CompareReport, Nothing>, StoreFault> {
    match around_change(store, runs, stream).await? {
        Ok(chosen) => compared(store, config, runs, chosen, now).await.map(Ok),
        Err(nothing) => Ok(Err(nothing)),
    }
}

fn nothing_words(nothing: &Nothing, stream: &StreamName) -> String {
    match nothing {
        Nothing::Unchanged => format!(
            "no change of DNS is known for the stream {stream}: each run records what DNS says, and two records that differ \
             make a change; name the runs with --before and --after"
        ),
        Nothing::Before(change) => format!(
            "{} No complete run of the stream {stream} lies before it, within eight weeks and after any earlier change",
            change_words(change)
        ),
        Nothing::After(change) => format!(
            "{} No complete run of the stream {stream} has begun since then: make some, then compare",
            change_words(change)
        ),
    }
}

async fn around_change(
    store: &Store,
    runs: &[Run],
    stream: &StreamName,
) -> Result<Result<Chosen, Nothing>, StoreFault> {
    let changes = store.dns_changes_of_stream(stream).await?;
    let turn = |change: &Change| Turn { from: change.window.from, settled_at: change.settled_at() };
    let turns: Vec<Turn> = changes.iter().map(turn).collect();
    let of_stream: Vec<Run> = runs.iter().filter(|run| run.streams.contains(stream)).cloned().collect();
    let (Some((before, after)), Some(change)) = (around_last(&turns, &of_stream), changes.into_iter().next_back())
    else {
        return Ok(Err(Nothing::Unchanged));
    };
    if before.is_empty() {
        return Ok(Err(Nothing::Before(change)));
    }
    if after.is_empty() {
        return Ok(Err(Nothing::After(change)));
    }
    let is_between = |run: &&Run| {
        run.state == RunState::Complete && run.started_at > change.window.from && run.started_at < change.settled_at()
    };
    let between: BTreeSet<RunId> = of_stream.iter().filter(is_between).map(|run| run.id).collect();
    let mut notes = Vec::new();
    if !between.is_empty() {
        notes.push(format!("Left out, begun while the change was under way: {}.", runs_words(&between)));
    }
    Ok(Ok(Chosen { stream: stream.clone(), before, after, between, change: Some(change), notes }))
}

/// The runs of both sides in the order of time, each with its side.
fn on_both_sides<'a>(runs: &'a [Run], before: &BTreeSet<RunId>, after: &BTreeSet<RunId>) -> Vec<(&'a Run, Side)> {
    let side_of = |run: &Run| {
        let before = before.contains(&run.id).then_some(Side::Before);
        before.or_else(|| after.contains(&run.id).then_some(Side::After))
    };
    let mut found: Vec<(&Run, Side)> = runs.iter().filter_map(|run| Some((run, side_of(run)?))).collect();
    found.sort_by_key(|(run, _)| (run.started_at, run.id));
    found
}

/// Where a provider stands in the order in which they are shown.
fn rank(providers: &[ShownProvider], name: &str) -> usize {
    providers.iter().position(|shown| shown.name.as_str() == name).unwrap_or(providers.len())
}

/// All streams of the compared runs; `None` where they hold but one.
async fn side_by_side(
    store: &Store,
    config: &Config,
    runs: &[Run],
    report: &CompareReport,
    now: Timestamp,
) -> Result<Option<Streams>, StoreFault> {
    let compared_runs = on_both_sides(runs, &report.before, &report.after);
    let meant: Vec<&Run> = compared_runs.iter().map(|(run, _)| *run).collect();
    let places: Vec<(RunId, Side)> = compared_runs.iter().map(|(run, side)| (run.id, *side)).collect();
    let names = meant.iter().flat_map(|run| &run.streams).filter(|stream| **stream != report.stream);
    let others: BTreeSet<&StreamName> = names.collect();
    if others.is_empty() {
        return Ok(None);
    }
    let placements = Placements::read_each(store, config, &meant, &others, now).await?;
    let order = |name: &str| rank(&report.providers, name);
    let of = |placements: &Placements| samples(placements.probes(), &places, report.rules, report.confidence, &order);
    let mut streams: BTreeMap<&StreamName, Vec<Sample>> =
        placements.iter().map(|(stream, placements)| (stream, of(placements))).collect();
    streams.insert(&report.stream, report.samples.clone());
    let streams: Vec<StreamSample> =
        streams.into_iter().map(|(stream, samples)| StreamSample { stream: stream.clone(), samples }).collect();
    let sides: Vec<Side> = places.iter().map(|(_, side)| *side).collect();
    Ok(Streams::of(&streams, &sides, report.confidence))
}

async fn compared(
    store: &Store,
    config: &Config,
    runs: &[Run],
    chosen: Chosen,
    now: Timestamp,
) -> Result<CompareReport, StoreFault> {
    let compared_runs = on_both_sides(runs, &chosen.before, &chosen.after);
    let places: Vec<(RunId, Side)> = compared_runs.iter().map(|(run, side)| (run.id, *side)).collect();
    let meant: Vec<&Run> = compared_runs.iter().map(|(run, _)| *run).collect();
    let placements = Placements::read(store, config, &meant, &chosen.stream, now).await?;
    let providers = shown(config);
    let (rules, confidence) = (config.judge.rules, config.judge.confidence);
    let samples = samples(placements.probes(), &places, rules, confidence, &|name| rank(&providers, name));
    let names: Vec<&str> = samples.iter().map(|sample| sample.provider.as_str()).collect();
    let weights = traffic_shares(&config.weights, &names);
    let answers: Vec<Answers> = samples.iter().map(|sample| sample.answers.clone()).collect();
    let sides: Vec<Side> = places.iter().map(|(_, side)| *side).collect();
    let comparison = Comparison::of(&answers, &sides, &weights, 1.0 - confidence);
    let mut notes = chosen.notes;
    notes.extend(without_share(config, &samples, &weights, &providers));
    if compared_runs.iter().any(|(run, _)| run.imported) {
        notes.push("Some runs were imported: their placements are as another tool told them.".to_owned());
    }
    if compared_runs.iter().any(|(run, _)| run.simulated) && compared_runs.iter().any(|(run, _)| !run.simulated) {
        notes.push("Simulated runs are compared with real ones here.".to_owned());
    }
    Ok(CompareReport {
        stream: chosen.stream,
        before: chosen.before,
        after: chosen.after,
        between: chosen.between,
        change: chosen.change,
        simulated: compared_runs.iter().any(|(run, _)| run.simulated),
        samples,
        weights,
        comparison,
        streams: None,
        providers,
        rules,
        confidence,
        notes,
    })
}

/// That providers are left without a share of the traffic, because those named in `[weights]` take all of it.
fn without_share(config: &Config, samples: &[Sample], weights: &[f64], providers: &[ShownProvider]) -> Option<String> {
    let is_named = |sample: &Sample| config.weights.keys().any(|name| name.as_str() == sample.provider);
    let left_out = samples.iter().zip(weights).filter(|(sample, weight)| **weight <= 0.0 && !is_named(sample));
    let title = |(sample, _): (&Sample, &f64)| {
        let shown = providers.iter().find(|shown| shown.name.as_str() == sample.provider);
        shown.map_or_else(|| sample.provider.clone(), |shown| shown.title.clone())
    };
    let titles: Vec<String> = left_out.map(title).collect();
    (!titles.is_empty()).then(|| {
        format!(
            "Not counted over all: {}; the providers named in [weights] share all of the traffic already.",
            titles.join(", ")
        )
    })
}

/// A provider that surely got worse is critical even where the figure over all is not.
fn exit(comparison: &Comparison) -> Exit {
    let verdicts = || comparison.providers.iter().chain([&comparison.overall]).map(|judgement| judgement.verdict);
    if verdicts().any(|verdict| verdict == Verdict::Worse) {
        Exit::Critical
    } else if comparison.overall.verdict == Verdict::TooFew {
        Exit::TooFew
    } else if verdicts().any(|verdict| verdict == Verdict::MaybeWorse) {
        Exit::Warning
    } else {
        Exit::Ok
    }
}
