//! Reading TOML so that every fault names its file, its line and its key, and so that all faults are named at once.

use std::cell::RefCell;
use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::slips::{self, slip};

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
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(fault(format!("cannot be read: {error}; {remedy}")))
            }
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                Err(fault("cannot be read: it is a directory; name a file".to_owned()))
            }
            Err(error) => Err(fault(format!("cannot be read: {error}"))),
        }
    }

    /// Parses the text; a syntax error is a fault and no table.
    pub(crate) fn parse(&self) -> Option<Spanned<DeTable<'_>>> {
        DeTable::parse(&self.text)
            .map_err(|error| {
                let at = error.span().map_or(0, |span| span.start);
                let line = self.text.lines().nth(self.line(at).saturating_sub(1)).unwrap_or_default();
                let what = slip(line, error.message()).unwrap_or_else(|| error.message().replace('\n', "; "));
                self.fault_at(at, format!("not valid TOML: {what}"));
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

    /// Whether the file begins with this text.
    pub(crate) fn file_begins_with(&self, text: &str) -> bool {
        self.source.text.starts_with(text)
    }

    /// Whether a key stands in the table.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
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
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
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

    /// Notes that a key is missing, with an example of what to write.
    pub(crate) fn missing(&self, key: &'static str, example: &str) {
        self.source.fault_at(self.span.start, format!("{}: is missing; write {key} = {example}", self.name(key)));
    }

    /// A text of a certain shape that must be there.
    pub(crate) fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        shape: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if !self.has(key) {
            self.missing(key, example);
            return None;
        }
        self.shaped(key, shape, parse)
    }

    /// A text on one line that is not empty.
    pub(crate) fn line_of(&self, key: &'static str) -> Option<String> {
        self.shaped(key, "a text on one line that is not empty", one_line)
    }

    /// A path, relative to `base`.
    pub(crate) fn path(&self, key: &'static str, base: &Path) -> Option<PathBuf> {
        self.line_of(key).map(|path| base.join(path))
    }

    /// A file that must exist, relative to `base`.
    pub(crate) fn existing_file(&self, key: &'static str, base: &Path, remedy: &str) -> Option<PathBuf> {
        let path = self.path(key, base)?;
        if path.is_file() {
            return Some(path);
        }
        let what = if path.exists() { "is not a file" } else { "does not exist" };
        self.fault_of(key, format!("{} {what}; {remedy}", path.display()));
        None
    }

    /// One word out of a list.
    pub(crate) fn word<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.shaped(key, &format!("one of {}", all.join(", ")), |text| {
            words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
        })
    }

    /// A text of a certain shape; `shape` is told to the user whose text has another.
    pub(crate) fn shaped<T>(&self, key: &'static str, shape: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            // What stands between a colon and an @ may be a password.
            let shown = if text.contains('@') && text.contains(':') {
                "it".to_owned()
            } else {
                format!("\"{}\"", text.escape_debug())
            };
            self.fault_of(key, format!("{shown} is not {shape}"));
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
        let number = self.typed(key, "a number from 0 to 1", number)?;
        if !(0.0..=1.0).contains(&number) {
            self.fault_of(key, "must be a number from 0 to 1");
            return None;
        }
        Some(number)
    }

    /// A duration such as `15m`.
    pub(crate) fn duration(&self, key: &'static str) -> Option<Duration> {
        let text = self.typed(key, "a duration in quotes, such as \"15m\"", DeValue::as_str)?;
        crate::cli::duration(text).map_err(|what| self.fault_of(key, what)).ok()
    }

    /// A list of texts, each with its line.
    pub(crate) fn texts_with_lines(&self, key: &'static str) -> Option<Vec<(String, usize)>> {
        self.typed(key, "a list of texts, such as [\"…\"]", |value| {
            let text = |one: &Spanned<DeValue<'_>>| {
                one.get_ref().as_str().map(|text| (text.to_owned(), self.source.line(one.span().start)))
            };
            value.as_array()?.iter().map(text).collect()
        })
    }

    /// A list of texts, each on one line and not empty.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        let texts = self.texts_with_lines(key)?;
        if texts.iter().any(|(text, _)| one_line(text).is_none()) {
            self.fault_of(key, "holds a text that is empty or has a control character; take it out");
            return None;
        }
        Some(texts.into_iter().map(|(text, _)| text).collect())
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
        let table = self.typed(key, "a table", DeValue::as_table)?;
        Some(Section::new(self.source, self.name(key), table, self.find(key)?.span()))
    }

    /// A list of tables, `[[key]]`.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let path = self.name(key);
        let wanted = format!("a list of tables, each headed [[{path}]]");
        let Some(list) = self.typed(key, &wanted, DeValue::as_array) else { return Vec::new() };
        let table = |one: &'a Spanned<DeValue<'a>>| {
            let Some(table) = one.get_ref().as_table() else {
                self.source.fault_at(one.span().start, format!("{path}: must be {wanted}"));
                return None;
            };
            Some(Section::new(self.source, path.clone(), table, one.span()))
        };
        list.iter().filter_map(table).collect()
    }

    /// A table of shares under names of the user's choice, each with its line.
    pub(crate) fn shares(&self, key: &'static str) -> Vec<(String, usize, f64)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut shares = Vec::new();
        for (name, value) in section.table {
            if let Some(share) = number(value.get_ref()).filter(|share| (0.0..=1.0).contains(share)) {
                shares.push((name.get_ref().to_string(), self.source.line(value.span().start), share));
            } else {
                let home =
                    slips::home(name.get_ref(), &section.path).map(|home| format!("; {home}")).unwrap_or_default();
                section.fault_of(name.get_ref(), format!("must be a number from 0 to 1{home}"));
            }
        }
        shares
    }

    /// A table of tables under names of the user's choice, each with its line.
    pub(crate) fn named_sections(&self, key: &'static str) -> Vec<(String, usize, Section<'a>)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut named = Vec::new();
        for (name, value) in section.table {
            let (name, line) = (name.get_ref().to_string(), self.source.line(value.span().start));
            match value.get_ref().as_table() {
                Some(table) => {
                    let path = section.name(&name);
                    named.push((name, line, Section::new(self.source, path, table, value.span())));
                }
                None => section.fault_of(&name, "must be a table"),
            }
        }
        named
    }

    /// A table of texts under names of the user's choice, each on one line.
    pub(crate) fn pairs(&self, key: &'static str) -> Vec<(String, String)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        let mut pairs = Vec::new();
        for (name, value) in section.table {
            match value.get_ref().as_str().and_then(one_line) {
                Some(text) => pairs.push((name.get_ref().to_string(), text)),
                None => section.fault_of(name.get_ref(), "must be a text on one line that is not empty"),
            }
        }
        pairs
    }

    /// Whether a value is a plain text.
    pub(crate) fn is_text(&self, key: &'static str) -> bool {
        self.value(key).is_some_and(|value| value.get_ref().is_str())
    }

    /// Names every key that nothing asked for, with the nearest one that exists.
    pub(crate) fn finish(&self) {
        let known = self.known.borrow();
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let near = || {
                nearest(key.get_ref(), known.iter().copied()).map_or_else(
                    || format!("the keys here are {}", known.join(", ")),
                    |nearest| format!("did you mean `{nearest}`?"),
                )
            };
            let remedy = slips::home(key.get_ref(), &self.path).unwrap_or_else(near);
            self.source.fault_at(key.span().start, format!("{}: unknown key; {remedy}", self.name(key.get_ref())));
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

/// A number, whole or not.
fn number(value: &DeValue<'_>) -> Option<f64> {
    let text = value
        .as_float()
        .map(toml::de::DeFloat::as_str)
        .or_else(|| value.as_integer().filter(|whole| whole.radix() == 10).map(toml::de::DeInteger::as_str))?;
    text.replace('_', "").parse().ok()
}

/// A text that is not empty and ends no line.
pub(crate) fn one_line(text: &str) -> Option<String> {
    (!text.trim().is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn article(kind: &str) -> String {
    match kind {
        "string" => "a text".to_owned(),
        "integer" | "array" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}
