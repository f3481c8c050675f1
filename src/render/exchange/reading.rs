//! Reading results: a file is gone through twice, first for its faults and its outline, then run by run, so that a file of
//! any length takes little room. JSON has to be held as a whole.

use std::io::{Read, Seek, SeekFrom};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::cell::unguarded;
use super::{COLUMNS, NEEDED};
use crate::domain::finding::Placement;
use crate::domain::outline::{Outline, Outlines};
use crate::domain::probe::ProbeState;
use crate::domain::provider::ProviderName;
use crate::domain::run::{Label, RunId};
use crate::domain::seed::Address;
use crate::domain::sighting::{Tab, TabAnswer};
use crate::domain::stream::StreamName;
use crate::domain::told::{Told, ToldRow};
use crate::render::plain::plain;

/// Largest number of a run that a file may give: there must be room for the runs to come.
const MOST_RUNS: i64 = 1_000_000_000_000;

/// Octets of a file that tell what kind of file it is.
const BEGINNING: u64 = 65_536;

/// What is wrong with a file, by line; JSON counts its objects instead.
pub(crate) type Wrong = Vec<(usize, String)>;

/// Finds the name of a preset for what a file calls a provider.
type Preset<'a> = &'a dyn Fn(&str) -> Option<ProviderName>;

/// A file of results.
pub(crate) struct Results<'a, R> {
    rows: Rows<R>,
    preset: Preset<'a>,
    /// Columns that nobody here knows, left unread.
    pub(crate) unknown: Vec<String>,
}

enum Rows<R> {
    Table(Box<Table<R>>),
    /// Objects of JSON, read.
    List(Vec<ToldRow>),
}

struct Table<R> {
    reader: csv::Reader<R>,
    /// What parts its cells.
    delimiter: u8,
    /// Where the file ends, if its last line does not.
    open_end: Option<u64>,
    /// Where each of [`COLUMNS`] stands.
    places: Vec<Option<usize>>,
    width: usize,
}

impl<'a, R: Read + Seek> Results<'a, R> {
    /// Opens CSV, or JSON where the text begins as such.
    pub(crate) fn open(mut source: R, preset: Preset<'a>) -> Result<Self, Wrong> {
        let fault = |error: std::io::Error| vec![(1, error.to_string())];
        let mut beginning = Vec::new();
        source.by_ref().take(BEGINNING).read_to_end(&mut beginning).map_err(fault)?;
        source.seek(SeekFrom::Start(0)).map_err(fault)?;
        let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&beginning).trim_ascii_start();
        if text.starts_with(b"{") || text.starts_with(b"[") {
            let (rows, unknown) = list(source, preset)?;
            return Ok(Self { rows: Rows::List(rows), preset, unknown });
        }
        let delimiter = delimiter(text.split(|byte| *byte == b'\n').next().unwrap_or_default());
        let open_end = open_end(&mut source).map_err(fault)?;
        let mut settings = csv::ReaderBuilder::new();
        settings.delimiter(delimiter).flexible(true);
        if text.contains(&b'\n') {
            // At a carriage return the reader would place the next row before the line feed, and so count a line too few. What
            // is left of it is taken off the cell.
            settings.terminator(csv::Terminator::Any(b'\n'));
        }
        let mut reader = settings.from_reader(source);
        let header: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(|name| name.trim().to_ascii_lowercase()).collect(),
            Err(error) => return Err(vec![(1, words(&error))]),
        };
        missing_columns(|name| header.iter().any(|known| known == name))?;
        let unknown = header.iter().filter(|name| !COLUMNS.contains(&name.as_str())).cloned().collect();
        let places = COLUMNS.iter().map(|name| header.iter().position(|known| known == name)).collect();
        let table = Table { reader, delimiter, open_end, places, width: header.len() };
        Ok(Self { rows: Rows::Table(Box::new(table)), preset, unknown })
    }

    /// Goes through all rows: their outline, or everything that is wrong with them, in itself or by `fault`.
    pub(crate) fn outlines(&mut self, fault: &dyn Fn(&ToldRow) -> Option<String>) -> Result<Outlines, Wrong> {
        let (mut outlines, mut wrong) = (Outlines::default(), Wrong::new());
        let mut take = |row: &ToldRow, place, wrong: &mut Wrong| match fault(row) {
            Some(fault) => wrong.push((row.line, fault)),
            None => outlines.add(row, place),
        };
        match &mut self.rows {
            Rows::List(rows) => {
                for (place, row) in (0..).zip(rows.iter()) {
                    take(row, place, &mut wrong);
                }
            }
            Rows::Table(table) => {
                let mut record = csv::StringRecord::new();
                let mut last = None;
                while let Some(place) = table.next(&mut record, &mut wrong) {
                    last = record.position().map(|position| (position.byte(), table.line_of(&record)));
                    match place.and_then(|place| Ok((place, table.row(&record, self.preset)?))) {
                        Ok((place, row)) => take(&row, place, &mut wrong),
                        Err(fault) => wrong.push(fault),
                    }
                }
                if let Some((place, line)) = last
                    && table.is_cut_off(place).map_err(|error| vec![(line, error.to_string())])?
                {
                    let what =
                        "a quote that is opened here is not closed up to the end of the file; is the file cut off?";
                    wrong.push((line, what.to_owned()));
                }
            }
        }
        if wrong.is_empty() { Ok(outlines) } else { Err(wrong) }
    }

    /// Reads rows once more, each with its line.
    pub(crate) fn rows(&mut self, outlines: &[Outline]) -> Result<Vec<(usize, Told)>, Wrong> {
        let changed = |line| vec![(line, "it changed while it was read; import it again".to_owned())];
        let mut record = csv::StringRecord::new();
        let read = |outline: &Outline| {
            let row = match &mut self.rows {
                Rows::List(rows) => usize::try_from(outline.place).ok().and_then(|place| rows.get(place).cloned()),
                Rows::Table(table) => {
                    table.seek(outline).map_err(|error| vec![(outline.line, words(&error))])?;
                    let place = table.next(&mut record, &mut Wrong::new());
                    place.and_then(Result::ok).and_then(|_| table.row(&record, self.preset).ok())
                }
            };
            let row = row.filter(|row| outline.is_of(row)).ok_or_else(|| changed(outline.line))?;
            Ok((outline.line, row.told))
        };
        outlines.iter().map(read).collect()
    }
}

impl<R: Read + Seek> Table<R> {
    /// Reads the next record and tells where it begins; `None` at the end, and where reading cannot go on, which is noted.
    fn next(&mut self, record: &mut csv::StringRecord, wrong: &mut Wrong) -> Option<Result<u64, (usize, String)>> {
        loop {
            match self.reader.read_record(record) {
                Ok(false) => return None,
                // An empty line that ends with a carriage return.
                Ok(true) if record.len() == 1 && record.get(0) == Some("\r") => {}
                Ok(true) if record.len() != self.width => {
                    let fault = format!("has {} cells where the header has {}", record.len(), self.width);
                    return Some(Err((self.line_of(record), fault)));
                }
                Ok(true) => return Some(Ok(record.position().map_or(0, csv::Position::byte))),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    wrong.push((usize::try_from(line).unwrap_or(0), words(&error)));
                    return None;
                }
            }
        }
    }

    /// The line on which the record that was read last begins. The reader places it right behind the one before, so that
    /// empty lines in between do not count; but it knows where it ended.
    fn line_of(&self, record: &csv::StringRecord) -> usize {
        let end = self.reader.position();
        let inside = record.iter().map(|cell| cell.matches('\n').count()).sum();
        let has_end = self.open_end != Some(end.byte());
        usize::try_from(end.line()).unwrap_or(0).saturating_sub(inside).saturating_sub(usize::from(has_end))
    }

    /// Whether the last record, which begins here, ends within quotes: then it swallows what is written behind it.
    fn is_cut_off(&mut self, place: u64) -> std::io::Result<bool> {
        let mut text = Vec::new();
        let source = self.reader.get_mut();
        source.seek(SeekFrom::Start(place))?;
        source.read_to_end(&mut text)?;
        text.extend_from_slice(b"\n\n.");
        let mut reader =
            csv::ReaderBuilder::new().delimiter(self.delimiter).has_headers(false).flexible(true).from_reader(&*text);
        Ok(reader.byte_records().count() < 2)
    }

    fn row(&self, record: &csv::StringRecord, preset: Preset<'_>) -> Result<ToldRow, (usize, String)> {
        let line = self.line_of(record);
        let cell = |name: &str| {
            let at = COLUMNS.iter().position(|known| *known == name);
            let place = at.and_then(|at| self.places.get(at).copied().flatten());
            let place = place.and_then(|place| record.get(place)).map(|cell| cell.strip_suffix('\r').unwrap_or(cell));
            place.filter(|cell| !cell.is_empty()).map(unguarded)
        };
        row(line, &cell, preset).map_err(|what| (line, what))
    }

    /// Goes to where a row begins; rows that follow each other are read on.
    fn seek(&mut self, outline: &Outline) -> csv::Result<()> {
        let mut position = csv::Position::new();
        position.set_byte(outline.place).set_line(u64::try_from(outline.line).unwrap_or(0));
        self.reader.seek(position)
    }
}

/// What parts the cells: a spreadsheet of a country with a decimal comma writes semicolons, and what is copied out of one
/// has tabs.
fn delimiter(head: &[u8]) -> u8 {
    let count = |wanted: u8| head.split(|byte| *byte == wanted).skip(1).count();
    [b'\t', b';', b','].into_iter().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

/// How long a source is whose last line has no end, which is then at its beginning again.
fn open_end(source: &mut (impl Read + Seek)) -> std::io::Result<Option<u64>> {
    let length = source.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        source.seek(SeekFrom::Start(length.saturating_sub(1)))?;
        source.read_exact(&mut last)?;
    }
    source.seek(SeekFrom::Start(0))?;
    Ok((last != [b'\n']).then_some(length))
}

/// A fault of CSV in words.
fn words(error: &csv::Error) -> String {
    if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) {
        return "is not UTF-8; save the file as UTF-8".to_owned();
    }
    error.to_string()
}

/// The rows of a list of objects, with the keys that nobody here knows.
fn list(mut source: impl Read, preset: Preset<'_>) -> Result<(Vec<ToldRow>, Vec<String>), Wrong> {
    let mut octets = Vec::new();
    source.read_to_end(&mut octets).map_err(|error| vec![(1, error.to_string())])?;
    let text = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&octets);
    let value: Value = serde_json::from_slice(text).map_err(|error| vec![(error.line(), error.to_string())])?;
    drop(octets);
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
        take(row(number, &cell, preset), number, &mut rows, &mut wrong);
    }
    if wrong.is_empty() { Ok((rows, unknown)) } else { Err(wrong) }
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

fn row(line: usize, cell: &dyn Fn(&str) -> Option<String>, preset: Preset<'_>) -> Result<ToldRow, String> {
    let needed = |name: &str| cell(name).ok_or_else(|| format!("{name}: is empty"));
    let run = optional(cell, "run_id", "a whole number from 1 to 1000000000000", |text| {
        text.parse().ok().filter(|id| (1..=MOST_RUNS).contains(id)).map(RunId)
    })?;
    let label_shape =
        "a label: a letter, then letters, digits, '.', '_' or '-', without '..', 64 characters at most, and not 'last'";
    let (stream, seed, named) = (needed("stream")?, needed("seed")?, needed("provider")?);
    let words = Placement::ALL.map(Placement::word).join(", ");
    let told = Told {
        stream: StreamName::new(&stream).ok_or_else(|| {
            not(
                "stream",
                &stream,
                "a stream's name: a letter, then letters, digits, '.', '_' or '-', 64 characters at most",
            )
        })?,
        seed: Address::new(&seed).ok_or_else(|| not("seed", &seed, "an e-mail address"))?,
        provider: preset(&named).ok_or_else(|| {
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
    let label = optional(cell, "label", label_shape, Label::new)?;
    let simulated = optional(cell, "simulated", "true or false", |text| text.to_ascii_lowercase().parse().ok())?;
    told.contradiction().map_or(Ok(()), Err)?;
    Ok(ToldRow { line, run, label, simulated: simulated.unwrap_or(false), told })
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
    format!("{name}: \"{}\" is not {shape}", plain(text, 60))
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
