//! JSON: the documents that `run`, `sweep`, `show` and `runs` print for other programs.
//!
//! The names are a contract. Times are RFC 3339 in UTC with `Z`, rates are 0…1 or null. Strings hold exactly what was seen; the
//! characters a terminal obeys are written as `\u` escapes, which every reader turns back.
//!
//! `tab` says what is known of a copy in an inbox with tabs: `primary`, `promotions`, `updates`, `social`, `forums`, or
//! `unknown` when no search found it or the search failed (then `placement` is null with `why`, unless promotions count as
//! inbox). It is null where no tab applies: a provider without tabs, another folder, a probe that was not seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::plain::is_hostile;
use super::report::{Judged, RunReport, Tallies};
use crate::domain::finding::{Finding, Placement};
use crate::domain::probe::SesId;
use crate::domain::run::{Label, Run};
use crate::domain::sighting::TabAnswer;
use crate::domain::stream::StreamName;
use crate::domain::tally::Tally;

#[derive(Serialize)]
struct RunDocument<'a> {
    run: RunObject<'a>,
    probes: Vec<ProbeObject<'a>>,
    tally: TallyObject<'a>,
}

#[derive(Serialize)]
struct RunsDocument<'a> {
    runs: Vec<RunWithTally<'a>>,
}

#[derive(Serialize)]
struct RunWithTally<'a> {
    #[serde(flatten)]
    run: RunObject<'a>,
    tally: TallyObject<'a>,
}

#[derive(Serialize)]
struct RunObject<'a> {
    id: i64,
    label: Option<&'a str>,
    streams: Vec<&'a str>,
    started_at: String,
    ended_at: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
}

#[derive(Serialize)]
struct ProbeObject<'a> {
    stream: &'a str,
    seed: &'a str,
    provider: &'a str,
    state: &'static str,
    placement: Option<&'static str>,
    tab: Option<&'static str>,
    folder: Option<String>,
    first_seen_at: Option<String>,
    arrived_at: Option<String>,
    latency_ms: Option<u64>,
    moved: bool,
    late: Option<LateObject>,
    ses_message_id: Option<&'a str>,
    auth: AuthObject<'a>,
    stamps: &'a BTreeMap<String, String>,
    why: Option<String>,
}

#[derive(Serialize)]
struct LateObject {
    folder: String,
    at: String,
}

#[derive(Serialize)]
struct AuthObject<'a> {
    spf: Option<&'a str>,
    dkim: Option<&'a str>,
    dmarc: Option<&'a str>,
    aligned: Option<bool>,
}

#[derive(Serialize)]
struct TallyObject<'a> {
    all: Counts,
    providers: BTreeMap<&'a str, Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    streams: Option<BTreeMap<&'a str, StreamTally<'a>>>,
}

#[derive(Serialize)]
struct StreamTally<'a> {
    all: Counts,
    providers: BTreeMap<&'a str, Counts>,
}

#[derive(Serialize)]
struct Counts {
    inbox: usize,
    promotions: usize,
    spam: usize,
    elsewhere: usize,
    missing: usize,
    pending: usize,
    unmeasured: usize,
    n: usize,
    rate: Option<f64>,
    interval: [f64; 2],
}

/// The document of one run.
pub(crate) fn run_document(report: &RunReport) -> serde_json::Result<String> {
    let (all, streams) = (report.tallies(), report.tallies_by_stream());
    let tally = tally_object(&all, &streams);
    document(&RunDocument {
        run: run_object(&report.run),
        probes: report.probes.iter().map(probe_object).collect(),
        tally,
    })
}

/// The document of several runs, in the order given.
pub(crate) fn runs_document(reports: &[RunReport]) -> serde_json::Result<String> {
    let counted: Vec<_> = reports.iter().map(|one| (&one.run, one.tallies(), one.tallies_by_stream())).collect();
    let with_tally = counted
        .iter()
        .map(|(run, all, streams)| RunWithTally { run: run_object(run), tally: tally_object(all, streams) });
    document(&RunsDocument { runs: with_tally.collect() })
}

/// Indented JSON, ended by a newline. Outside strings JSON is ASCII (RFC 8259 §2), so whatever a terminal could obey stands in
/// a string, where `\u` escapes are allowed (§7).
pub(crate) fn document(value: &impl Serialize) -> serde_json::Result<String> {
    let written = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(written.len().saturating_add(1));
    for c in written.chars() {
        if c != '\n' && is_hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    Ok(safe)
}

/// RFC 3339 in UTC, to the millisecond, without a fraction where there is none.
pub(crate) fn moment(at: Timestamp) -> String {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at).to_string()
}

fn run_object(run: &Run) -> RunObject<'_> {
    RunObject {
        id: run.id.0,
        label: run.label.as_ref().map(Label::as_str),
        streams: run.streams.iter().map(StreamName::as_str).collect(),
        started_at: moment(run.started_at),
        ended_at: run.ended_at.map(moment),
        state: run.state.word(),
        simulated: run.simulated,
    }
}

fn probe_object(judged: &Judged) -> ProbeObject<'_> {
    let (probe, finding) = (&judged.probe, &judged.finding);
    let (evidence, late) = match finding {
        Finding::Found(evidence) => (Some(evidence), None),
        Finding::Missing { late, .. } => (None, late.as_ref()),
        Finding::Pending | Finding::Unmeasured { .. } => (None, None),
    };
    ProbeObject {
        stream: probe.stream.as_str(),
        seed: probe.seed.as_str(),
        provider: probe.provider.as_str(),
        state: probe.state.word(),
        placement: finding.placement().map(Placement::word),
        tab: evidence.and_then(|seen| tab_word(&seen.tab)),
        folder: evidence.map(|seen| seen.folder.to_string()),
        first_seen_at: evidence.map(|seen| moment(seen.first_seen_at)),
        arrived_at: evidence.and_then(|seen| seen.arrived_at).map(moment),
        latency_ms: judged.latency().and_then(|latency| u64::try_from(latency.as_millis()).ok()),
        moved: evidence.is_some_and(|seen| seen.moved),
        late: late.map(|late| LateObject { folder: late.folder.to_string(), at: moment(late.at) }),
        ses_message_id: probe.ses_id.as_ref().map(SesId::as_str),
        auth: AuthObject {
            spf: judged.auth.spf.as_deref(),
            dkim: judged.auth.dkim.as_deref(),
            dmarc: judged.auth.dmarc.as_deref(),
            aligned: judged.auth.aligned,
        },
        stamps: &judged.stamps,
        why: finding.why(),
    }
}

/// The word of the contract; `None` where no tab applies.
pub(crate) fn tab_word(tab: &TabAnswer) -> Option<&'static str> {
    match tab {
        TabAnswer::NotApplicable => None,
        TabAnswer::Known(tab) => Some(tab.word()),
        TabAnswer::Unknown | TabAnswer::Failed(_) => Some("unknown"),
    }
}

fn tally_object<'a>(all: &'a Tallies, streams: &'a [(&StreamName, Tallies)]) -> TallyObject<'a> {
    let by_stream = |(name, tallies): &'a (&StreamName, Tallies)| {
        (name.as_str(), StreamTally { all: counts(&tallies.all), providers: by_provider(tallies) })
    };
    TallyObject {
        all: counts(&all.all),
        providers: by_provider(all),
        streams: (streams.len() > 1).then(|| streams.iter().map(by_stream).collect()),
    }
}

fn by_provider(tallies: &Tallies) -> BTreeMap<&str, Counts> {
    tallies.providers.iter().map(|one| (one.provider.name.as_str(), counts(&one.tally))).collect()
}

fn counts(tally: &Tally) -> Counts {
    Counts {
        inbox: tally.count(Placement::Inbox),
        promotions: tally.count(Placement::Promotions),
        spam: tally.count(Placement::Spam),
        elsewhere: tally.count(Placement::Elsewhere),
        missing: tally.count(Placement::Missing),
        pending: tally.pending,
        unmeasured: tally.unmeasured,
        n: tally.measured(),
        rate: tally.rate,
        interval: [tally.interval.lo, tally.interval.hi],
    }
}
