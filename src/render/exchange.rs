//! Results as files: every finding as a row of CSV or an object of JSON, and back again without loss.
//!
//! The columns are a contract: `run_id,label,stream,started_at,seed,provider,state,placement,tab,folder,arrived_at,
//! latency_ms,why`. Where the lab answered some of the runs, `simulated` follows as the last one and tells which: a file of
//! real results alone never has it, and a file without it tells of real ones. A file to import needs `started_at`, `stream`, `seed`, `provider` and `placement`; what is not measured
//! has an empty placement.
//!
//! CSV is that of RFC 4180. A cell that a spreadsheet would take for a formula is written with `'` before it, as is one that
//! begins with `'`; a character that a terminal obeys is written as `\u{…}`, as is a backslash before `u{`. Reading undoes
//! exactly that.

mod cell;
mod reading;

use serde::Serialize;

use super::json::{document, moment, tab_word};
use super::report::{Judged, RunReport};
use crate::domain::finding::{Finding, Placement};
use crate::domain::probe::ProbeState;
use crate::domain::run::Label;
use crate::domain::sighting::TabAnswer;
use crate::domain::told::{Told, ToldRow};

pub(crate) use cell::guarded;
pub(crate) use reading::{Results, Wrong};

/// The columns, in their order. The last stands only where a row says yes to it.
const COLUMNS: [&str; 14] = [
    "run_id",
    "label",
    "stream",
    "started_at",
    "seed",
    "provider",
    "state",
    "placement",
    "tab",
    "folder",
    "arrived_at",
    "latency_ms",
    "why",
    "simulated",
];
/// Those that no file may lack.
const NEEDED: [&str; 5] = ["started_at", "stream", "seed", "provider", "placement"];

/// What the probes of a run amount to, as rows.
pub(crate) fn rows_of(report: &RunReport) -> Vec<ToldRow> {
    let run = &report.run;
    let row = |(line, judged): (usize, &Judged)| {
        let evidence = match &judged.finding {
            Finding::Found(evidence) => Some(evidence),
            Finding::Missing { .. } | Finding::Pending | Finding::Unmeasured { .. } => None,
        };
        let probe = &judged.probe;
        let told = Told {
            stream: probe.stream.clone(),
            seed: probe.seed.clone(),
            provider: probe.provider.clone(),
            started_at: run.started_at,
            state: Some(probe.state),
            placement: judged.finding.placement(),
            tab: evidence.map_or(TabAnswer::NotApplicable, |evidence| evidence.tab.clone()),
            folder: evidence.map(|evidence| evidence.folder.to_string()),
            arrived_at: evidence.and_then(|evidence| evidence.arrived_at),
            latency_ms: judged.latency().and_then(|latency| u64::try_from(latency.as_millis()).ok()),
            why: judged.finding.why(),
        };
        ToldRow { line, run: Some(run.id), label: run.label.clone(), simulated: run.simulated, told }
    };
    (1..).zip(&report.probes).map(row).collect()
}

/// One row as its cells, in the order of the columns; an empty one is not told.
fn cells(row: &ToldRow) -> [String; 14] {
    let told = &row.told;
    [
        row.run.map(|run| run.0.to_string()).unwrap_or_default(),
        row.label.as_ref().map(|label| label.as_str().to_owned()).unwrap_or_default(),
        told.stream.as_str().to_owned(),
        moment(told.started_at),
        told.seed.as_str().to_owned(),
        told.provider.as_str().to_owned(),
        told.state.map(|state| state.word().to_owned()).unwrap_or_default(),
        told.placement.map(|placement| placement.word().to_owned()).unwrap_or_default(),
        tab_word(&told.tab).unwrap_or_default().to_owned(),
        told.folder.clone().unwrap_or_default(),
        told.arrived_at.map(moment).unwrap_or_default(),
        told.latency_ms.map(|latency| latency.to_string()).unwrap_or_default(),
        told.why.clone().unwrap_or_default(),
        row.simulated.to_string(),
    ]
}

/// The rows as CSV with its header.
pub(crate) fn csv_of(rows: &[ToldRow]) -> anyhow::Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let width = if rows.iter().any(|row| row.simulated) { COLUMNS.len() } else { COLUMNS.len().saturating_sub(1) };
    writer.write_record(COLUMNS.iter().take(width))?;
    for row in rows {
        writer.write_record(cells(row).iter().take(width).map(|cell| guarded(cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(String::from_utf8(bytes)?)
}

#[derive(Serialize)]
struct ResultsDocument<'a> {
    results: Vec<ResultObject<'a>>,
}

#[derive(Serialize)]
struct ResultObject<'a> {
    run_id: Option<i64>,
    label: Option<&'a str>,
    stream: &'a str,
    started_at: String,
    seed: &'a str,
    provider: &'a str,
    state: Option<&'static str>,
    placement: Option<&'static str>,
    tab: Option<&'static str>,
    folder: Option<&'a str>,
    arrived_at: Option<String>,
    latency_ms: Option<u64>,
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    simulated: bool,
}

/// The rows as one JSON document.
pub(crate) fn json_of(rows: &[ToldRow]) -> serde_json::Result<String> {
    document(&ResultsDocument { results: rows.iter().map(result_object).collect() })
}

fn result_object(row: &ToldRow) -> ResultObject<'_> {
    let told = &row.told;
    ResultObject {
        run_id: row.run.map(|run| run.0),
        label: row.label.as_ref().map(Label::as_str),
        stream: told.stream.as_str(),
        started_at: moment(told.started_at),
        seed: told.seed.as_str(),
        provider: told.provider.as_str(),
        state: told.state.map(ProbeState::word),
        placement: told.placement.map(Placement::word),
        tab: tab_word(&told.tab),
        folder: told.folder.as_deref(),
        arrived_at: told.arrived_at.map(moment),
        latency_ms: told.latency_ms,
        why: told.why.as_deref(),
        simulated: row.simulated,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::domain::provider::ProviderName;
    use crate::render::plain::is_hostile;
    use crate::render::samples::report;

    fn preset(name: &str) -> Option<ProviderName> {
        ProviderName::new(&name.to_ascii_lowercase())
    }

    /// What an import reads of a text: its rows, and the columns that nobody knows.
    fn read(text: &str) -> Result<(Vec<ToldRow>, Vec<String>), Wrong> {
        let mut results = Results::open(Cursor::new(text), &preset)?;
        let (gathered, _) = results.outlines(&|_| None)?.gather();
        let mut rows = Vec::new();
        for run in &gathered.runs {
            let read = results.rows(gathered.rows(run))?.into_iter();
            let (label, simulated) = (&run.label, run.simulated);
            rows.extend(read.map(|(line, told)| ToldRow { line, run: run.id, label: label.clone(), simulated, told }));
        }
        rows.sort_by_key(|row| row.line);
        Ok((rows, results.unknown))
    }

    fn wrong(text: &str) -> Wrong {
        read(text).unwrap_err()
    }

    #[test]
    fn what_is_written_is_read_back_to_the_last_byte_whatever_a_stranger_wrote() {
        let mut report = report(&[
            ("news", "anna@gmail.com", "gmail", "updates", 4),
            ("news", "bert@gmail.com", "gmail", "elsewhere", 4),
            ("news", "carl@gmail.com", "yahoo", "missing", 4),
            ("news", "dora@gmail.com", "yahoo", "refused", 4),
            ("bills", "anna@gmail.com", "gmail", "pending", 4),
        ]);
        for hostile in
            ["=1+1", "'=x", "''", "a\"b,c\r\nd", "\\u{1b}", "\u{1b}[2J\u{202e}", "\\\\u{", "-", "Q&-A", "@x;y"]
        {
            report.probes[3].finding = Finding::Unmeasured { why: hostile.to_owned() };
            let Finding::Found(evidence) = &mut report.probes[0].finding else { unreachable!() };
            evidence.folder = crate::domain::folder::FolderName::from_text(hostile);
            let rows = rows_of(&report);
            let csv = csv_of(&rows).unwrap();
            assert!(csv.chars().all(|c| matches!(c, '\r' | '\n') || !is_hostile(c)), "{csv:?}");
            assert_eq!(csv.lines().count(), 6, "one line for each row");
            assert!(!csv.contains(",=") && !csv.contains(",@"), "{csv}");
            let (back, _) = read(&csv).unwrap();
            assert_eq!(csv_of(&back).unwrap(), csv);
            assert_eq!(back[0].told, rows[0].told, "{hostile}");
            assert_eq!(back[3].told.why.as_deref(), Some(hostile));
            let json = json_of(&rows).unwrap();
            let (back, _) = read(&json).unwrap();
            assert_eq!(json_of(&back).unwrap(), json);
            assert_eq!(back[0].told, rows[0].told, "{hostile}");
        }
    }

    #[test]
    fn what_the_lab_answered_is_told_by_a_column_that_real_results_do_not_have() {
        let real = report(&[("news", "anna@gmail.com", "gmail", "inbox", 4)]);
        let mut lab = real.clone();
        lab.run.simulated = true;
        lab.run.id = crate::domain::run::RunId(13);
        let real = rows_of(&real);
        let csv = csv_of(&real).unwrap();
        assert_eq!(
            csv.lines().next(),
            Some("run_id,label,stream,started_at,seed,provider,state,placement,tab,folder,arrived_at,latency_ms,why")
        );
        assert!(!json_of(&real).unwrap().contains("simulated"));
        let both = [real, rows_of(&lab)].concat();
        for written in [csv_of(&both).unwrap(), json_of(&both).unwrap()] {
            let (back, unknown) = read(&written).unwrap();
            assert_eq!(back.iter().map(|row| row.simulated).collect::<Vec<_>>(), [false, true], "{written}");
            assert_eq!(unknown, Vec::<String>::new());
        }
        let csv = csv_of(&both).unwrap();
        let last: Vec<&str> = csv.lines().map(|line| line.rsplit(',').next().unwrap()).collect();
        assert_eq!(last, ["simulated", "false", "true"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn another_tool_s_history_needs_five_columns() {
        let text = "\u{feff}Placement;provider;SEED;stream;started_at;campaign\n\
                    Inbox;Gmail;anna@gmail.com;news;2026-01-05;x\n;gmail;bert@gmail.com;news;2026-01-05 06:30:00.1239;y\n";
        let (rows, unknown) = read(text).unwrap();
        assert_eq!(unknown, ["campaign"]);
        let told: Vec<_> = rows.iter().map(|row| (row.line, row.told.placement, moment(row.told.started_at))).collect();
        assert_eq!(
            told,
            [
                (2, Some(Placement::Inbox), "2026-01-05T00:00:00Z".to_owned()),
                (3, None, "2026-01-05T06:30:00.123Z".to_owned()),
            ]
        );
        let json = r#"[{"stream": "news", "seed": "anna@gmail.com", "provider": "gmail", "placement": null,
                        "started_at": "2026-01-05T06:30:00+01:00", "latency_ms": 5}]"#;
        let (rows, _) = read(json).unwrap();
        assert_eq!(rows[0].told.latency_ms, Some(5));
        assert_eq!(moment(rows[0].told.started_at), "2026-01-05T05:30:00Z");
    }

    #[test]
    fn every_wrong_row_is_told_by_its_line_and_column() {
        let head = "run_id,label,stream,started_at,seed,provider,placement,latency_ms,tab,state,simulated\n";
        for (row, column) in [
            ("0,,news,2026-01-05,a@x.example,gmail,inbox,,,,", "run_id"),
            ("x,,news,2026-01-05,a@x.example,gmail,inbox,,,,", "run_id"),
            (",last,news,2026-01-05,a@x.example,gmail,inbox,,,,", "label"),
            (",,,2026-01-05,a@x.example,gmail,inbox,,,,", "stream"),
            (",,news,yesterday,a@x.example,gmail,inbox,,,,", "started_at"),
            (",,news,2026-01-05,a-x.example,gmail,inbox,,,,", "seed"),
            (",,news,2026-01-05,a@x.example,g mail,inbox,,,,", "provider"),
            (",,news,2026-01-05,a@x.example,gmail,delivered,,,,", "placement"),
            (",,news,2026-01-05,a@x.example,gmail,inbox,-3,,,", "latency_ms"),
            (",,news,2026-01-05,a@x.example,gmail,inbox,,left,,", "tab"),
            (",,news,2026-01-05,a@x.example,gmail,inbox,,,sent,", "state"),
            (",,news,2026-01-05,a@x.example,gmail,inbox,,,,perhaps", "simulated"),
            (",,news,2026-01-05,a@x.example", "has 5 cells"),
        ] {
            let wrong = wrong(&format!("{head}{row}\n,,news,2026-01-05,b@x.example,gmail,inbox,,,,\n"));
            assert!(matches!(&wrong[..], [(2, what)] if what.starts_with(column)), "{row}: {wrong:?}");
        }
        assert_eq!(
            wrong("seed,placement\n")[0],
            (
                1,
                "lacks started_at, stream, provider; every result needs started_at, stream, seed, provider, placement"
                    .to_owned()
            )
        );
        assert_eq!(wrong("[{}, 3]").iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(wrong("{\"results\": 3}")[0].0, 1);
        assert_eq!(wrong("[{]")[0].0, 1);
    }
}
