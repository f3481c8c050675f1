//! Reading TOML so that every fault names its file, its line and its key, and so that all faults are named at once.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One fault of a configuration file: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The file.
    pub(crate) file: PathBuf,
    /// The line, from 1; `None` when the file as a whole is at fault.
    pub(crate) line: Option<usize>,
    /// The sentence.
    pub(crate) what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.file.display(), self.what),
            None => write!(out, "{}: {}", self.file.display(), self.what),
        }
    }
}

/// The text of one file, with the faults found in it so far.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file.
    pub(crate) file: PathBuf,
    text: String,
    faults: RefCell<Vec<Fault>>,
}

impl Source {
    /// Takes a file's text.
    pub(crate) fn new(file: &Path, text: String) -> Self {
        Self { file: file.to_owned(), text, faults: RefCell::default() }
    }

    /// Reads the file.
    pub(crate) fn read(file: &Path, remedy: &str) -> Result<Self, Fault> {
        let fault = |what| Fault { file: file.to_owned(), line: None, what };
        match std::fs::read(file) {
            Ok(bytes) => String::from_utf8(bytes)
                .map(|text| Self::new(file, text))
                .map_err(|_| fault("it is not UTF-8 text; save it as UTF-8".to_owned())),
            Err(error) => Err(fault(format!("cannot be read: {error}; {remedy}"))),
        }
    }

    /// Parses the text; a syntax error is a fault and no table.
    pub(crate) fn parse(&self) -> Option<Spanned<DeTable<'_>>> {
        DeTable::parse(&self.text)
            .map_err(|error| {
                let at = error.span().map_or(0, |span| span.start);
                self.fault_at(at, format!("not valid TOML: {}", error.message().replace('\n', "; ")));
            })
            .ok()
    }

    /// The line in which a byte lies, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1)
    }

    /// Notes a fault at a byte.
    pub(crate) fn fault_at(&self, at: usize, what: String) {
        let line = Some(self.line(at));
        self.faults.borrow_mut().push(Fault { file: self.file.clone(), line, what });
    }

    /// All faults, in the order of their lines.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.line);
        faults
    }
}

/// One table of a file. What is asked for is known; [`Section::finish`] names what else stands there.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    source: &'a Source,
    path: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// The file's top level.
    pub(crate) fn top(source: &'a Source, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self::new(source, String::new(), table.get_ref(), table.span())
    }

    fn new(source: &'a Source, path: String, table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self { source, path, table, span, known: RefCell::default() }
    }

    /// `file:line` of the table.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.source.file.display(), self.source.line(self.span.start))
    }

    /// The keys that stand in the table.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.table.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// Notes a fault of the table as a whole.
    pub(crate) fn fault(&self, what: impl fmt::Display) {
        let path = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        self.source.fault_at(self.span.start, format!("{path}{what}"));
    }

    /// Notes a fault of one value.
    pub(crate) fn fault_of(&self, key: &str, what: impl fmt::Display) {
        let at = self.find(key).map_or(self.span.start, |value| value.span().start);
        self.source.fault_at(at, format!("{}: {what}", self.name(key)));
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn find(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().push(key);
        self.find(key)
    }

    fn typed<T>(&self, key: &'static str, wanted: &str, take: impl FnOnce(&'a DeValue<'a>) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let taken = take(value.get_ref());
        if taken.is_none() {
            self.fault_of(key, format!("must be {wanted}, not {}", article(value.get_ref().type_str())));
        }
        taken
    }

    /// A text.
    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        self.typed(key, "a text in quotes", |value| value.as_str().map(str::to_owned))
    }

    /// A text that must be there.
    pub(crate) fn required(&self, key: &'static str) -> Option<String> {
        if self.find(key).is_none() {
            self.known.borrow_mut().push(key);
            self.fault(format!("`{key}` is missing"));
            return None;
        }
        self.text(key)
    }

    /// A text of a certain shape; `shape` is told to the user whose text has another.
    pub(crate) fn shaped<T>(&self, key: &'static str, shape: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.fault_of(key, format!("\"{}\" is not {shape}", text.escape_debug()));
        }
        parsed
    }

    /// Yes or no.
    pub(crate) fn flag(&self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A whole number within a range.
    pub(crate) fn whole(&self, key: &'static str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let number = self.typed(key, "a whole number", |value| {
            let digits = value.as_integer()?;
            u64::from_str_radix(digits.as_str(), digits.radix()).ok().or(Some(u64::MAX))
        })?;
        if !range.contains(&number) {
            self.fault_of(key, format!("must be a whole number from {} to {}", range.start(), range.end()));
            return None;
        }
        Some(number)
    }

    /// A share, 0…1.
    pub(crate) fn share(&self, key: &'static str) -> Option<f64> {
        let number = self.typed(key, "a number from 0 to 1", |value| {
            let text = value
                .as_float()
                .map(toml::de::DeFloat::as_str)
                .or_else(|| value.as_integer().map(toml::de::DeInteger::as_str))?;
            text.replace('_', "").parse::<f64>().ok()
        })?;
        if !(0.0..=1.0).contains(&number) {
            self.fault_of(key, "must be a number from 0 to 1");
            return None;
        }
        Some(number)
    }

    /// A duration such as `15m`.
    pub(crate) fn duration(&self, key: &'static str) -> Option<Duration> {
        let text = self.text(key)?;
        crate::cli::duration(&text).map_err(|what| self.fault_of(key, what)).ok()
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.typed(key, "a list of texts", |value| {
            value.as_array()?.iter().map(|one| one.get_ref().as_str().map(str::to_owned)).collect()
        })
    }

    /// A text, or a list of texts.
    pub(crate) fn text_or_texts(&self, key: &'static str) -> Option<TextOrTexts> {
        self.typed(key, "a text or a list of texts", |value| {
            if let Some(text) = value.as_str() {
                return Some(TextOrTexts::Text(text.to_owned()));
            }
            let texts: Option<Vec<String>> =
                value.as_array()?.iter().map(|one| one.get_ref().as_str().map(str::to_owned)).collect();
            texts.map(TextOrTexts::Texts)
        })
    }

    /// A table.
    pub(crate) fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let span = self.find(key)?.span();
        let table = self.typed(key, "a table", DeValue::as_table)?;
        Some(Section::new(self.source, self.name(key), table, span))
    }

    /// A list of tables, `[[key]]`.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(list) = self.typed(key, "written as [[…]]", DeValue::as_array) else { return Vec::new() };
        let table = |(index, one): (usize, &'a Spanned<DeValue<'a>>)| {
            let path = format!("[[{}]] {}", self.name(key), index.saturating_add(1));
            let Some(table) = one.get_ref().as_table() else {
                self.source.fault_at(one.span().start, format!("{path}: must be a table"));
                return None;
            };
            Some(Section::new(self.source, path, table, one.span()))
        };
        list.iter().enumerate().filter_map(table).collect()
    }

    /// Checks that every value is a share; the keys are free.
    pub(crate) fn check_shares(&self) {
        for (key, value) in self.table {
            let number = value.get_ref();
            let text = number
                .as_float()
                .map(toml::de::DeFloat::as_str)
                .or_else(|| number.as_integer().map(toml::de::DeInteger::as_str));
            let share = text.and_then(|text| text.parse::<f64>().ok());
            if !share.is_some_and(|share| (0.0..=1.0).contains(&share)) {
                self.fault_of(key.get_ref(), "must be a number from 0 to 1");
            }
        }
    }

    /// Whether a value is a plain text.
    pub(crate) fn is_text(&self, key: &str) -> bool {
        self.find(key).is_some_and(|value| value.get_ref().is_str())
    }

    /// Refuses a secret written as a plain text, without repeating it.
    pub(crate) fn refuse_text(&self, key: &'static str) {
        self.known.borrow_mut().push(key);
        let remedy =
            "write where it lies: { command = \"…\" }, { env = \"…\" }, { file = \"…\" } or { keyring = \"…\" }";
        self.fault_of(key, format!("a secret must not stand in this file; {remedy}"));
    }

    /// Names every key that nothing asked for, with the nearest one that exists.
    pub(crate) fn finish(&self) {
        let known = self.known.borrow();
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let nearest = nearest(key.get_ref(), known.iter().copied());
            let remedy = nearest.map_or_else(
                || format!("; known keys: {}", known.join(", ")),
                |nearest| format!("; did you mean `{nearest}`?"),
            );
            self.source.fault_at(key.span().start, format!("unknown key `{}`{remedy}", self.name(key.get_ref())));
        }
    }
}

/// A text, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextOrTexts {
    /// One text.
    Text(String),
    /// Several.
    Texts(Vec<String>),
}

/// The known word nearest to what was written, if one is near.
pub(crate) fn nearest<'w>(written: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(written, word), word))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

fn article(kind: &str) -> String {
    match kind {
        "string" => "a text".to_owned(),
        "integer" | "array" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}
