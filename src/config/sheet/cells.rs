//! The lines and cells of a sheet, as spreadsheets write them.

use csv::ByteRecord;

use crate::config::reader::nearest;

/// The columns.
pub(super) const COLUMNS: [&str; 6] = ["address", "provider", "login", "auth", "secret", "labels"];

/// The line of a record. The reader places it right behind the last one: before line ends and empty lines in between.
pub(super) fn line_of(text: &[u8], position: &csv::Position) -> usize {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let ends = text.get(start..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    usize::try_from(position.line()).unwrap_or(usize::MAX).saturating_add(ends.filter(|byte| **byte == b'\n').count())
}

/// Whether the last record, which begins here, ends within quotes: then it swallows what is written behind it.
pub(super) fn is_cut_off(text: &[u8], place: u64, delimiter: u8) -> bool {
    let last = text.get(usize::try_from(place).unwrap_or(usize::MAX)..).unwrap_or_default();
    let longer = [last, b"\n\n."].concat();
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(&*longer);
    reader.byte_records().count() < 2
}

/// What parts the cells, the text without a line that says so, and how many lines that is. Excel parts by a semicolon
/// where a comma is the decimal sign, and reads a first line such as `sep=;`.
pub(super) fn delimiter(text: &[u8]) -> (u8, &[u8], usize) {
    let first_line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let told = first_line.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
    if let Some(told) = told.filter(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\r')) {
        return (told, text.get(first_line.len().saturating_add(1)..).unwrap_or_default(), 1);
    }
    let count = |wanted: u8| first_line.split(|&byte| byte == wanted).skip(1).count();
    let most = [b',', b';', b'\t'].into_iter().rev().max_by_key(|&wanted| count(wanted));
    (most.filter(|&byte| count(byte) > 0).unwrap_or(b','), text, 0)
}

/// The names of the columns. A first line that is none may hold secrets, so that only names next to known ones are said.
pub(super) fn header(record: &ByteRecord) -> Result<Vec<&'static str>, String> {
    let all = COLUMNS.join(",");
    let written: Vec<String> =
        record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_ascii_lowercase()).collect();
    if !written.iter().any(|name| name == "address") {
        return Err(format!("the first line must name the columns, at least `address`: {all}"));
    }
    let mut columns = Vec::new();
    for (place, name) in written.iter().enumerate() {
        let Some(known) = COLUMNS.into_iter().find(|column| column == name) else {
            let remedy = nearest(name, COLUMNS)
                .map_or_else(|| format!("the columns are {all}"), |nearest| format!("did you mean `{nearest}`?"));
            return Err(format!("column {} is called \"{}\"; {remedy}", place.saturating_add(1), name.escape_debug()));
        };
        if columns.contains(&known) {
            return Err(format!("two columns are called {known}; take one out"));
        }
        columns.push(known);
    }
    Ok(columns)
}

/// The cells of one row.
pub(super) struct Cells<'a> {
    pub(super) columns: &'a [&'static str],
    pub(super) record: &'a ByteRecord,
    pub(super) line: usize,
}

impl Cells<'_> {
    /// A cell; empty where the row ends before it.
    pub(super) fn get(&self, column: &str) -> &str {
        let place = self.columns.iter().position(|name| *name == column);
        let cell = place.and_then(|place| self.record.get(place)).unwrap_or_default();
        std::str::from_utf8(cell).unwrap_or_default()
    }

    /// What keeps the row from being read.
    pub(super) fn check(&self) -> Result<(), String> {
        let (found, named) = (self.record.len(), self.columns.len());
        if self.record.iter().any(|cell| std::str::from_utf8(cell).is_err()) {
            return Err("it is not UTF-8 text; save the sheet as \"CSV UTF-8\"".to_owned());
        }
        if self.record.iter().any(|cell| cell.iter().any(u8::is_ascii_control)) {
            return Err(
                "a cell holds a line break or a control character; if a quote is not closed, all rows up to the \
                        next quote are part of that cell"
                    .to_owned(),
            );
        }
        if found > named {
            return Err(format!(
                "it has {found} cells, but the first line names {named} columns; put cells that hold the separator into \
                 quotes"
            ));
        }
        Ok(())
    }
}
