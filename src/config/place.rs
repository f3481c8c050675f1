//! Where a secret lies: the table `{ command = … }`, `{ env = … }`, `{ file = … }` or `{ keyring = … }`.
//!
//! A secret written into the file itself is refused, and never repeated.

use std::path::Path;

use super::reader::{Section, TextOrTexts};
use crate::secret::SecretSource;

/// The four ways to name a place.
const PLACES: &str = "{ command = \"…\" }, { env = \"…\" }, { file = \"…\" } or { keyring = \"…\" }";

/// The place of the secret under `key`; `None` when there is none, or a fault was noted.
pub(super) fn place_of(section: &Section<'_>, key: &'static str, base: &Path) -> Option<SecretSource> {
    if section.is_text(key) {
        section
            .fault_of(key, format!("holds a secret, which must not stand in this file; write where it lies: {PLACES}"));
        return None;
    }
    let table = section.section(key)?;
    let mut found = Vec::new();
    found.extend(command(&table).map(SecretSource::Command));
    found.extend(variable(&table).map(SecretSource::Env));
    found.extend(table.path("file", base).map(SecretSource::File));
    found.extend(table.line_of("keyring").map(SecretSource::Keyring));
    let named = ["command", "env", "file", "keyring"].into_iter().filter(|name| table.has(name)).count();
    table.finish();
    if named != 1 {
        let what = if named == 0 { "names no place" } else { "names more than one place" };
        table.fault(format!("{what}; write exactly one of {PLACES}"));
        return None;
    }
    found.pop()
}

/// The place of a secret that must be there.
pub(super) fn required_place(section: &Section<'_>, key: &'static str, base: &Path) -> Option<SecretSource> {
    if !section.has(key) {
        section.missing(key, "{ env = \"…\" }");
    }
    place_of(section, key, base)
}

/// A program and its arguments: an array, or a text split as a POSIX shell splits words.
pub(super) fn command(section: &Section<'_>) -> Option<Vec<String>> {
    let words = match section.text_or_texts("command")? {
        TextOrTexts::Text(line) => shell_words::split(&line),
        TextOrTexts::Texts(words) => Ok(words),
    };
    let Ok(words) = words else {
        section.fault_of("command", "has a quote that is not closed; close it, or write an array of words");
        return None;
    };
    if words.first().is_none_or(String::is_empty) {
        section.fault_of("command", "is empty; name the program to run");
        return None;
    }
    if words.iter().any(|word| word.contains('\0')) {
        section.fault_of("command", "holds a NUL, which no argument may; take it out");
        return None;
    }
    Some(words)
}

/// The name of an environment variable. One of another shape may be the secret itself and is not repeated.
fn variable(section: &Section<'_>) -> Option<String> {
    let name = section.text("env")?;
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some(name);
    }
    section.fault_of("env", "is not a variable's name; write letters, digits and _ only, such as SEED_ANNA");
    None
}
