//! Results as files: every finding as a row of CSV or an object of JSON, and back again without loss.
//!
//! The columns are a contract: `run_id,label,stream,started_at,seed,provider,state,placement,tab,folder,arrived_at,
//! latency_ms,why`. A file to import needs `started_at`, `stream`, `seed`, `provider` and `placement`; what is not measured
//! has an empty placement.
//!
//! CSV is that of RFC 4180. A cell that a spreadsheet would take for a formula is written with `'` before it, as is one that
//! begins with `'`; a character that a terminal obeys is written as `\u{…}`, as is a backslash before `u{`. Reading undoes
//! exactly that.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::json::{document, moment, tab_word};
use super::plain::is_hostile;
use super::report::{Judged, RunReport};
use crate::domain::finding::{Finding, Placement};
use crate::domain::probe::ProbeState;
use crate::domain::provider::ProviderName;
use crate::domain::run::{Label, RunId};
use crate::domain::seed::Address;
use crate::domain::sighting::{Tab, TabAnswer};
use crate::domain::stream::StreamName;
use crate::domain::told::{Told, ToldRow};

/// The columns, in their order.
const COLUMNS: [&str; 13] = [
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
];
/// Those that no file may lack.
const NEEDED: [&str; 5] = ["started_at", "stream", "seed", "provider", "placement"];

/// Largest number of a run that a file may give: there must be room for the runs to come.
const MOST_RUNS: i64 = 1_000_000_000_000;

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
        ToldRow { line, run: Some(run.id), label: run.label.clone(), told }
    };
    (1..).zip(&report.probes).map(row).collect()
}

/// One row as its cells, in the order of the columns; an empty one is not told.
fn cells(row: &ToldRow) -> [String; 13] {
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
    ]
}

/// The rows as CSV with its header.
pub(crate) fn csv_of(rows: &[ToldRow]) -> anyhow::Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(cells(row).iter().map(|cell| guarded(cell)))?;
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
    }
}

/// A cell that neither a spreadsheet nor a terminal obeys.
fn guarded(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    if cell.starts_with(is_guarded) {
        out.push('\'');
    }
    let mut rest = cell.chars();
    while let Some(c) = rest.next() {
        if is_hostile(c) || (c == '\\' && rest.as_str().starts_with("u{")) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// What [`guarded`] was given.
fn unguarded(cell: &str) -> String {
    let plain = cell.strip_prefix('\'').filter(|rest| rest.starts_with(is_guarded)).unwrap_or(cell);
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some((before, after)) = rest.split_once("\\u{") {
        out.push_str(before);
        let escaped = after.split_once('}').and_then(|(hex, then)| Some((character(hex)?, then)));
        if let Some((c, then)) = escaped {
            out.push(c);
            rest = then;
        } else {
            out.push_str("\\u{");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// What a formula may begin with, and the mark itself. Tabs and carriage returns never come out as they are.
fn is_guarded(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\'')
}

fn character(hex: &str) -> Option<char> {
    let is_hex = !hex.is_empty() && hex.len() <= 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(hex, 16).ok().filter(|_| is_hex).and_then(char::from_u32)
}

/// What a file of results holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Results {
    /// Its rows, in order.
    pub(crate) rows: Vec<ToldRow>,
    /// Columns that nobody here knows, left unread.
    pub(crate) unknown: Vec<String>,
}

/// What is wrong with a file, by line; JSON counts its objects instead.
pub(crate) type Wrong = Vec<(usize, String)>;

/// Reads CSV, or JSON where the text begins as such: all rows, or everything that is wrong with them. `provider` finds the
/// name of a preset for what a file calls a provider.
pub(crate) fn read(text: &str, provider: &dyn Fn(&str) -> Option<ProviderName>) -> Result<Results, Wrong> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with(['{', '[']) { read_json(text, provider) } else { read_csv(text, provider) }
}

fn read_csv(text: &str, provider: &dyn Fn(&str) -> Option<ProviderName>) -> Result<Results, Wrong> {
    let head = text.lines().next().unwrap_or_default();
    // A spreadsheet of a country with a decimal comma writes semicolons.
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(|name| name.trim().to_ascii_lowercase()).collect(),
        Err(error) => return Err(vec![(1, error.to_string())]),
    };
    missing_columns(|name| header.iter().any(|known| known == name))?;
    let unknown = header.iter().filter(|name| !COLUMNS.contains(&name.as_str())).cloned().collect();
    let places: Vec<Option<usize>> = COLUMNS.iter().map(|name| header.iter().position(|known| known == name)).collect();
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                wrong.push((usize::try_from(line).unwrap_or(0), error.to_string()));
                break;
            }
        };
        let line = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
        if record.len() != header.len() {
            wrong.push((line, format!("has {} cells where the header has {}", record.len(), header.len())));
            continue;
        }
        let cell = |name: &str| {
            let place =
                COLUMNS.iter().position(|known| *known == name).and_then(|at| places.get(at).copied().flatten());
            place.and_then(|place| record.get(place)).filter(|cell| !cell.is_empty()).map(unguarded)
        };
        take(row(line, &cell, provider), line, &mut rows, &mut wrong);
    }
    if wrong.is_empty() { Ok(Results { rows, unknown }) } else { Err(wrong) }
}

fn read_json(text: &str, provider: &dyn Fn(&str) -> Option<ProviderName>) -> Result<Results, Wrong> {
    let value: Value = serde_json::from_str(text).map_err(|error| vec![(error.line(), error.to_string())])?;
    let objects = value.as_array().or_else(|| value.get("results")?.as_array());
    let Some(objects) = objects else {
        return Err(vec![(1, "is neither a list of objects nor an object with a list `results`".to_owned())]);
    };
    let (mut rows, mut wrong, mut unknown) = (Vec::new(), Vec::new(), Vec::<String>::new());
    for (number, object) in (1..).zip(objects) {
        let Some(object) = object.as_object() else {
            wrong.push((number, "is no object".to_owned()));
            continue;
        };
        if let Err(missing) = missing_columns(|name| object.contains_key(name)) {
            wrong.extend(missing.into_iter().map(|(_, what)| (number, what)));
            continue;
        }
        for name in object.keys() {
            if !COLUMNS.contains(&name.as_str()) && !unknown.contains(name) {
                unknown.push(name.clone());
            }
        }
        let cell = |name: &str| match object.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
        };
        take(row(number, &cell, provider), number, &mut rows, &mut wrong);
    }
    if wrong.is_empty() { Ok(Results { rows, unknown }) } else { Err(wrong) }
}

fn take(read: Result<ToldRow, String>, line: usize, rows: &mut Vec<ToldRow>, wrong: &mut Wrong) {
    match read {
        Ok(row) => rows.push(row),
        Err(what) => wrong.push((line, what)),
    }
}

fn missing_columns(has: impl Fn(&str) -> bool) -> Result<(), Wrong> {
    let missing: Vec<&str> = NEEDED.into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(vec![(1, format!("lacks {}; every result needs {}", missing.join(", "), NEEDED.join(", ")))])
}

fn row(
    line: usize,
    cell: &dyn Fn(&str) -> Option<String>,
    provider: &dyn Fn(&str) -> Option<ProviderName>,
) -> Result<ToldRow, String> {
    let needed = |name: &str| cell(name).ok_or_else(|| format!("{name}: is empty"));
    let run = optional(cell, "run_id", "a whole number from 1 on", |text| {
        text.parse().ok().filter(|id| (1..=MOST_RUNS).contains(id)).map(RunId)
    })?;
    let label_shape = "a label: a letter, then letters, digits, '.', '_' or '-', without '..', and not 'last'";
    let (stream, seed, named) = (needed("stream")?, needed("seed")?, needed("provider")?);
    let words = Placement::ALL.map(Placement::word).join(", ");
    let told = Told {
        stream: StreamName::new(&stream).ok_or_else(|| {
            not("stream", &stream, "a stream's name: a letter, then letters, digits, '.', '_' or '-'")
        })?,
        seed: Address::new(&seed).ok_or_else(|| not("seed", &seed, "an e-mail address"))?,
        provider: provider(&named).ok_or_else(|| {
            not("provider", &named, "a provider: lower-case letters, digits, '.' and '-', such as gmail")
        })?,
        started_at: time("started_at", &needed("started_at")?)?,
        state: optional(cell, "state", "planned, sending, accepted, refused, not_accepted or unknown", |text| {
            ProbeState::of_word(&text.to_ascii_lowercase())
        })?,
        placement: optional(cell, "placement", &format!("{words}, nor empty for what was not measured"), |text| {
            Placement::of_word(&text.to_ascii_lowercase())
        })?,
        tab: optional(cell, "tab", "primary, promotions, social, updates, forums or unknown", |text| {
            match text.to_ascii_lowercase().as_str() {
                "unknown" => Some(TabAnswer::Unknown),
                word => Tab::of_word(word).map(TabAnswer::Known),
            }
        })?
        .unwrap_or(TabAnswer::NotApplicable),
        folder: cell("folder"),
        arrived_at: cell("arrived_at").map(|text| time("arrived_at", &text)).transpose()?,
        latency_ms: optional(cell, "latency_ms", "a whole number of milliseconds", |text| {
            text.parse().ok().filter(|latency| *latency <= i64::MAX.unsigned_abs())
        })?,
        why: cell("why"),
    };
    Ok(ToldRow { line, run, label: optional(cell, "label", label_shape, Label::new)?, told })
}

fn optional<T>(
    cell: &dyn Fn(&str) -> Option<String>,
    name: &str,
    shape: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    let Some(text) = cell(name) else { return Ok(None) };
    parse(text.trim()).map(Some).ok_or_else(|| not(name, &text, shape))
}

fn not(name: &str, text: &str, shape: &str) -> String {
    format!("{name}: \"{}\" is not {shape}", super::plain::plain(text, 60))
}

/// A moment to the millisecond: RFC 3339, or without an offset, or a day alone, which are UTC.
fn time(name: &str, text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let utc = |civil: DateTime| civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let civil = || text.parse::<DateTime>().ok().or_else(|| Some(text.parse::<Date>().ok()?.at(0, 0, 0, 0)));
    let at = text.parse::<Timestamp>().ok().or_else(|| civil().and_then(utc));
    at.and_then(|at| Timestamp::from_millisecond(at.as_millisecond()).ok())
        .ok_or_else(|| not(name, text, "a time such as 2026-11-24T06:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::report;

    fn preset(name: &str) -> Option<ProviderName> {
        ProviderName::new(&name.to_ascii_lowercase())
    }

    fn wrong(text: &str) -> Vec<(usize, String)> {
        read(text, &preset).unwrap_err()
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
            let back = read(&csv, &preset).unwrap();
            assert_eq!(csv_of(&back.rows).unwrap(), csv);
            assert_eq!(back.rows[0].told, rows[0].told, "{hostile}");
            assert_eq!(back.rows[3].told.why.as_deref(), Some(hostile));
            let json = json_of(&rows).unwrap();
            let back = read(&json, &preset).unwrap();
            assert_eq!(json_of(&back.rows).unwrap(), json);
            assert_eq!(back.rows[0].told, rows[0].told, "{hostile}");
        }
    }

    proptest::proptest! {
        #[test]
        fn guarding_a_cell_is_undone_exactly(cell in "[-='@\\\\u{}0-9a-f\t\r\n\u{1b}\u{202e}é]{0,12}") {
            proptest::prop_assert_eq!(unguarded(&guarded(&cell)), cell);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = read(&text, &preset);
        }
    }

    #[test]
    fn another_tool_s_history_needs_five_columns() {
        let text = "\u{feff}Placement;provider;SEED;stream;started_at;campaign\n\
                    Inbox;Gmail;anna@gmail.com;news;2026-01-05;x\n;gmail;bert@gmail.com;news;2026-01-05 06:30:00.1239;y\n";
        let results = read(text, &preset).unwrap();
        assert_eq!(results.unknown, ["campaign"]);
        let told: Vec<_> =
            results.rows.iter().map(|row| (row.line, row.told.placement, moment(row.told.started_at))).collect();
        assert_eq!(
            told,
            [
                (2, Some(Placement::Inbox), "2026-01-05T00:00:00Z".to_owned()),
                (3, None, "2026-01-05T06:30:00.123Z".to_owned()),
            ]
        );
        let json = r#"[{"stream": "news", "seed": "anna@gmail.com", "provider": "gmail", "placement": null,
                        "started_at": "2026-01-05T06:30:00+01:00", "latency_ms": 5}]"#;
        let results = read(json, &preset).unwrap();
        assert_eq!(results.rows[0].told.latency_ms, Some(5));
        assert_eq!(moment(results.rows[0].told.started_at), "2026-01-05T05:30:00Z");
    }

    #[test]
    fn every_wrong_row_is_told_by_its_line_and_column() {
        let head = "run_id,label,stream,started_at,seed,provider,placement,latency_ms,tab,state\n";
        for (row, column) in [
            ("0,,news,2026-01-05,a@x.example,gmail,inbox,,,", "run_id"),
            ("x,,news,2026-01-05,a@x.example,gmail,inbox,,,", "run_id"),
            (",last,news,2026-01-05,a@x.example,gmail,inbox,,,", "label"),
            (",,,2026-01-05,a@x.example,gmail,inbox,,,", "stream"),
            (",,news,yesterday,a@x.example,gmail,inbox,,,", "started_at"),
            (",,news,2026-01-05,a-x.example,gmail,inbox,,,", "seed"),
            (",,news,2026-01-05,a@x.example,g mail,inbox,,,", "provider"),
            (",,news,2026-01-05,a@x.example,gmail,delivered,,,", "placement"),
            (",,news,2026-01-05,a@x.example,gmail,inbox,-3,,", "latency_ms"),
            (",,news,2026-01-05,a@x.example,gmail,inbox,,left,", "tab"),
            (",,news,2026-01-05,a@x.example,gmail,inbox,,,sent", "state"),
            (",,news,2026-01-05,a@x.example", "has 5 cells"),
        ] {
            let wrong = wrong(&format!("{head}{row}\n,,news,2026-01-05,b@x.example,gmail,inbox,,,\n"));
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
