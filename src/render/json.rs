//! JSON: the documents that `run`, `sweep`, `show` and `runs` print for other programs.
//!
//! The names are a contract. Times are RFC 3339 in UTC with `Z`, rates are 0…1 or null. Strings hold exactly what was seen; the
//! characters a terminal obeys are written as `\u` escapes, which every reader turns back.
//!
//! `tab` says what is known of a copy in an inbox with tabs: `primary`, `promotions`, `updates`, `social`, `forums`, or
//! `unknown` when no search found it or the search failed (then `placement` is null with `why`, unless promotions count as
//! inbox). It is null where no tab applies: a provider without tabs, another folder, a probe that was not seen.

mod evidence;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::diagnosis::diagnosis_value;
use super::plain::is_hostile;
use super::report::{AuthWords, Judged, RunReport, RunTallies, Tallies};
use crate::domain::diagnosis::Diagnoses;
use crate::domain::finding::{Finding, Placement};
use crate::domain::health::Thresholds;
use crate::domain::probe::SesId;
use crate::domain::run::{Label, Run};
use crate::domain::sighting::TabAnswer;
use crate::domain::stream::StreamName;
use crate::domain::tally::Tally;
use evidence::TestimonyObject;
pub(crate) use evidence::inspect_document;

#[derive(Serialize)]
struct RunDocument<'a> {
    run: RunObject<'a>,
    probes: Vec<ProbeObject<'a>>,
    tally: TallyObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnosis: Option<serde_json::Value>,
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
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
    #[serde(flatten)]
    testimony: Option<TestimonyObject<'a>>,
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

impl<'a> AuthObject<'a> {
    fn of(auth: &'a AuthWords) -> Self {
        Self {
            spf: auth.spf.as_deref(),
            dkim: auth.dkim.as_deref(),
            dmarc: auth.dmarc.as_deref(),
            aligned: auth.aligned,
        }
    }
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
    /// The verdict on the stream taken alone, by the rule behind the exit code.
    health: &'static str,
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
    n_eff: f64,
    worst: Option<f64>,
    best: Option<f64>,
}

/// The document of one run, with what it and those before it allow to say where that is asked for.
pub(crate) fn run_document(report: &RunReport, diagnoses: Option<&Diagnoses>) -> serde_json::Result<String> {
    let (all, streams) = (report.tallies(), report.tallies_by_stream());
    let tally = tally_object(&all, &streams, report.thresholds);
    document(&RunDocument {
        run: run_object(&report.run),
        probes: report.probes.iter().map(probe_object).collect(),
        tally,
        diagnosis: diagnoses.map(diagnosis_value),
    })
}

/// The document of one run with everything that the headers of its probes testify.
pub(crate) fn story_document(report: &RunReport) -> serde_json::Result<String> {
    let (all, streams) = (report.tallies(), report.tallies_by_stream());
    let told = |judged| {
        let judged: &Judged = judged;
        let testimony = judged.testimony.as_ref().map(|one| TestimonyObject::of(&one.testimony, &one.remarks));
        ProbeObject { testimony, ..probe_object(judged) }
    };
    document(&RunDocument {
        run: run_object(&report.run),
        probes: report.probes.iter().map(told).collect(),
        tally: tally_object(&all, &streams, report.thresholds),
        diagnosis: None,
    })
}

/// The document of several runs, in the order given.
pub(crate) fn runs_document(runs: &[RunTallies]) -> serde_json::Result<String> {
    let with_tally = runs.iter().map(|one| RunWithTally {
        run: run_object(&one.run),
        tally: tally_object(&one.all, &one.streams, one.thresholds),
    });
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
        imported: run.imported,
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
        folder: evidence.map(|seen| seen.folder.to_string()).filter(|folder| !folder.is_empty()),
        first_seen_at: evidence.filter(|_| !probe.is_told()).map(|seen| moment(seen.first_seen_at)),
        arrived_at: evidence.and_then(|seen| seen.arrived_at).map(moment),
        latency_ms: judged.latency().and_then(|latency| u64::try_from(latency.as_millis()).ok()),
        moved: evidence.is_some_and(|seen| seen.moved),
        late: late.map(|late| LateObject { folder: late.folder.to_string(), at: moment(late.at) }),
        ses_message_id: probe.ses_id.as_ref().map(SesId::as_str),
        auth: AuthObject::of(&judged.auth),
        stamps: &judged.stamps,
        why: finding.why(),
        testimony: None,
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

fn tally_object<'a, Name: Borrow<StreamName>>(
    all: &'a Tallies,
    streams: &'a [(Name, Tallies)],
    thresholds: Thresholds,
) -> TallyObject<'a> {
    let by_stream = |(name, tallies): &'a (Name, Tallies)| {
        (
            name.borrow().as_str(),
            StreamTally {
                health: tallies.health(thresholds).word(),
                all: counts(&tallies.all),
                providers: by_provider(tallies),
            },
        )
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
        n_eff: tally.pooled.effective,
        worst: tally.share.worst(),
        best: tally.share.best(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::folder::FolderName;
    use crate::render::report::AuthWords;
    use crate::render::samples::{bad_day, report};

    fn parsed(report: &RunReport) -> Value {
        serde_json::from_str(&run_document(report, None).unwrap()).unwrap()
    }

    #[test]
    fn a_run_document_holds_every_name_of_the_contract() {
        let mut report = report(&[("news", "anna@gmail.com", "gmail", "promotions", 4)]);
        let document = parsed(&report);
        assert_eq!(
            document,
            json!({
                "run": {
                    "id": 12, "label": "after-dkim", "streams": ["news"], "started_at": "2026-11-24T06:00:00Z",
                    "ended_at": "2026-11-24T06:15:40Z", "state": "complete"
                },
                "probes": [{
                    "stream": "news", "seed": "anna@gmail.com", "provider": "gmail", "state": "accepted",
                    "placement": "promotions", "tab": "promotions", "folder": "INBOX",
                    "first_seen_at": "2026-11-24T06:00:06.345Z", "arrived_at": "2026-11-24T06:00:04Z",
                    "latency_ms": 3000, "moved": false, "late": null, "ses_message_id": "0107019a-0001-000000",
                    "auth": {"spf": null, "dkim": null, "dmarc": null, "aligned": null}, "stamps": {}, "why": null
                }],
                "tally": {
                    "all": {
                        "inbox": 0, "promotions": 1, "spam": 0, "elsewhere": 0, "missing": 0, "pending": 0,
                        "unmeasured": 0, "n": 1, "rate": 0.0, "interval": [0.0, document["tally"]["all"]["interval"][1]],
                        "n_eff": 1.0, "worst": 0.0, "best": 0.0
                    },
                    "providers": {"gmail": document["tally"]["all"]}
                }
            })
        );
        report.run.simulated = true;
        report.run.ended_at = None;
        report.run.label = None;
        let probe = &mut report.probes[0];
        probe.auth = AuthWords { spf: Some("pass".to_owned()), aligned: Some(false), ..AuthWords::default() };
        probe.stamps.insert("SCL".to_owned(), "5".to_owned());
        let document = parsed(&report);
        assert_eq!(document["run"]["simulated"], true);
        assert_eq!((&document["run"]["ended_at"], &document["run"]["label"]), (&Value::Null, &Value::Null));
        assert_eq!(
            document["probes"][0]["auth"],
            json!({"spf": "pass", "dkim": null, "dmarc": null, "aligned": false})
        );
        assert_eq!(document["probes"][0]["stamps"], json!({"SCL": "5"}));
    }

    #[test]
    fn each_finding_has_its_placement_tab_folder_and_reason() {
        let null = Value::Null;
        for (word, placement, tab, folder, why) in [
            ("inbox", json!("inbox"), null.clone(), json!("INBOX"), ""),
            ("updates", json!("inbox"), json!("updates"), json!("INBOX"), ""),
            ("indesirable", json!("spam"), null.clone(), json!("Courrier indésirable"), ""),
            ("untold", null.clone(), json!("unknown"), json!("INBOX"), "its tab could not be asked"),
            ("missing", json!("missing"), null.clone(), null.clone(), "in no folder"),
            ("pending", null.clone(), null.clone(), null.clone(), "not seen yet"),
            ("refused", null.clone(), null.clone(), null.clone(), "suppression list"),
        ] {
            let document = parsed(&report(&[("news", "anna@gmail.com", "gmail", word, 4)]));
            let probe = &document["probes"][0];
            assert_eq!((&probe["placement"], &probe["tab"], &probe["folder"]), (&placement, &tab, &folder), "{word}");
            assert!(probe["why"].as_str().unwrap_or("").contains(why), "{word}: {}", probe["why"]);
            assert_eq!(document["tally"]["all"]["rate"].is_null(), placement.is_null(), "{word}");
            assert_eq!(document["tally"]["all"]["n"] == 0, placement.is_null(), "{word}");
            let open = [&document["tally"]["all"]["worst"], &document["tally"]["all"]["best"]];
            assert_eq!(open == [&json!(0.0), &json!(1.0)], placement.is_null(), "{word}");
        }
        let document = parsed(&report(&[
            ("news", "a@x.example", "yahoo", "late", 4),
            ("news", "b@x.example", "yahoo", "moved", 0),
        ]));
        assert_eq!(document["probes"][0]["late"], json!({"folder": "Junk", "at": "2026-11-24T06:00:04Z"}));
        assert_eq!(document["probes"][1]["moved"], true);
        assert_eq!(document["probes"][1]["latency_ms"], null, "arrived before it was sent: unknown, never negative");
    }

    #[test]
    fn several_streams_are_also_counted_apart() {
        let one = parsed(&bad_day());
        assert!(one["tally"].get("streams").is_none());
        let rows = [("news", "a@x.example", "gmail", "inbox", 3), ("bills", "a@x.example", "gmail", "spam", 3)];
        let document = parsed(&report(&rows));
        let tally = &document["tally"];
        assert_eq!(tally["all"]["n"], 2);
        assert_eq!(tally["all"]["n_eff"], 1.0, "both answers come from one mailbox");
        assert_eq!(tally["streams"]["news"]["all"]["rate"], 1.0);
        assert_eq!(tally["streams"]["bills"]["providers"]["gmail"]["spam"], 1);
    }

    #[test]
    fn a_stranger_s_name_is_exact_for_programs_and_harmless_on_a_terminal() {
        let hostile = "a\x1b[2J\u{9b}31m\u{202e}b\u{200b}\u{7f}\u{e0041}\"\\\n重要";
        let mut report = report(&[("news", "anna@gmail.com", "gmail", "spam", 4)]);
        let Finding::Found(evidence) = &mut report.probes[0].finding else { unreachable!() };
        evidence.folder = FolderName::from_wire(hostile);
        let written = run_document(&report, None).unwrap();
        assert!(written.chars().all(|c| c == '\n' || !is_hostile(c)), "{written:?}");
        assert!(written.contains("重要"), "what is readable stays readable");
        let document: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(document["probes"][0]["folder"], hostile);
    }

    #[test]
    fn the_history_is_a_list_of_runs_each_with_its_tally() {
        let document: Value = serde_json::from_str(&runs_document(&[RunTallies::of(bad_day())]).unwrap()).unwrap();
        let run = &document["runs"][0];
        assert_eq!((&run["id"], &run["tally"]["all"]["n"]), (&json!(12), &json!(26)));
        assert_eq!(run["tally"]["providers"]["outlook"]["unmeasured"], 2);
        assert_eq!(runs_document(&[]).unwrap(), "{\n  \"runs\": []\n}\n");
    }
}
