//! What the configuration means: `inboxed.toml`, the seed lists it names and the provider presets, checked as a whole
//! before any work is done.
//!
//! Every fault is one sentence with file, line, key and remedy; all faults of all files are told at once.

mod preset;
mod reader;
mod seed;
mod settings;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::provider::{Provider, ProviderName};
pub(crate) use reader::Fault;
use reader::{Section, Source, TextOrTexts};
pub(crate) use seed::ConfiguredSeed;
pub(crate) use settings::{Judging, Running, Ses};
pub(crate) use stream::{Stream, Transport};

use crate::domain::health::Thresholds;
use crate::secret::SecretSource;

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file it was read from.
    pub(crate) file: PathBuf,
    /// The database.
    pub(crate) database: PathBuf,
    /// Where reports go.
    pub(crate) reports: PathBuf,
    /// Amazon SES.
    pub(crate) ses: Ses,
    /// How a run goes.
    pub(crate) run: Running,
    /// How findings are judged.
    pub(crate) judge: Judging,
    /// When a rate is a warning or critical.
    pub(crate) thresholds: Thresholds,
    /// All presets, ours and the user's, by name.
    pub(crate) providers: BTreeMap<ProviderName, Arc<Provider>>,
    /// The seeds, in the order of the files.
    pub(crate) seeds: Vec<ConfiguredSeed>,
    /// The streams, in the order of the file.
    pub(crate) streams: Vec<Stream>,
}

/// All faults of a configuration.
#[derive(Debug)]
pub(crate) struct Faults(Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            write!(out, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// What the main file says, with the patterns of further files still to be followed.
struct MainFile {
    database: PathBuf,
    reports: PathBuf,
    ses: Ses,
    run: Running,
    judge: Judging,
    thresholds: Thresholds,
    streams: Vec<Stream>,
    seeds: Vec<String>,
    providers: Vec<String>,
}

impl Config {
    /// Reads and checks the configuration at `file` and everything it names.
    pub(crate) fn load(file: &Path) -> Result<Self, Faults> {
        let base = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut faults = Vec::new();
        let main = read_file(file, "run `inboxed init` to write one", &mut faults, |top| Some(read_main(top, base)));
        let Some(main) = main else { return Err(Faults(faults)) };
        let mut providers = preset::built_in().map_err(|fault| Faults(vec![fault]))?;
        for path in matching(file, base, "providers", &main.providers, &mut faults) {
            if let Some(own) = read_file(&path, "check its permissions", &mut faults, preset::read) {
                providers.insert(own.name.clone(), Arc::new(own));
            }
        }
        let mut seeds = Vec::new();
        for path in matching(file, base, "seeds", &main.seeds, &mut faults) {
            let read = |top: &Section<'_>| Some(seed::read(top, &path, &providers));
            seeds.extend(read_file(&path, "check its permissions", &mut faults, read).unwrap_or_default());
        }
        seed::refuse_doubles(&seeds, &mut faults);
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        Ok(Self {
            file: file.to_owned(),
            database: main.database,
            reports: main.reports,
            ses: main.ses,
            run: main.run,
            judge: main.judge,
            thresholds: main.thresholds,
            providers,
            seeds,
            streams: main.streams,
        })
    }
}

/// Reads one file by `take`; faults of the file go to `faults`.
fn read_file<T>(
    file: &Path,
    remedy: &str,
    faults: &mut Vec<Fault>,
    take: impl FnOnce(&Section<'_>) -> Option<T>,
) -> Option<T> {
    let source = match Source::read(file, remedy) {
        Ok(source) => source,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let taken = source.parse().and_then(|table| {
        let top = Section::top(&source, &table);
        let taken = take(&top);
        top.finish();
        taken
    });
    faults.extend(source.into_faults());
    taken
}

fn read_main(top: &Section<'_>, base: &Path) -> MainFile {
    let path = |key, default: &str| base.join(top.text(key).unwrap_or_else(|| default.to_owned()));
    let main = MainFile {
        database: path("database", "inboxed.db"),
        reports: path("reports", "reports"),
        ses: settings::ses(top),
        run: settings::running(top),
        judge: settings::judging(top),
        thresholds: settings::thresholds(top),
        streams: stream::read(top, base),
        seeds: top.texts("seeds").unwrap_or_else(|| vec!["seeds/*.toml".to_owned()]),
        providers: top.texts("providers").unwrap_or_default(),
    };
    // A place of a later verb: checked, so that a mistake is found today.
    path("tokens", "tokens");
    settings::check_later_sections(top);
    main
}

/// The files that a list of patterns names, each once, sorted within a pattern.
fn matching(file: &Path, base: &Path, key: &str, patterns: &[String], faults: &mut Vec<Fault>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    let mut fault = |what| faults.push(Fault { file: file.to_owned(), line: None, what });
    for pattern in patterns {
        let full = base.join(pattern);
        let found = match glob::glob(&full.to_string_lossy()) {
            Ok(paths) => paths.filter_map(Result::ok).filter(|path| path.is_file()).collect::<Vec<_>>(),
            Err(error) => {
                fault(format!("{key}: \"{pattern}\" is no file pattern: {}", error.msg));
                continue;
            }
        };
        if found.is_empty() && !pattern.contains(['*', '?', '[']) {
            fault(format!("{key}: {} does not exist; create it or take it out of the list", full.display()));
        }
        files.extend(found.into_iter().filter(|path| seen.insert(path.clone())));
    }
    files
}

/// Where a secret lies. A secret written into the file itself is refused, and not repeated.
fn secret(section: &Section<'_>, base: &Path) -> Option<SecretSource> {
    if section.keys().iter().any(|key| key == "secret") && section.is_text("secret") {
        section.refuse_text("secret");
        return None;
    }
    let source = section.section("secret")?;
    let mut found = Vec::new();
    match source.text_or_texts("command") {
        Some(TextOrTexts::Text(line)) => match shell_words::split(&line) {
            Ok(words) => found.push(SecretSource::Command(words)),
            Err(error) => source.fault_of("command", format!("cannot be split into words: {error}")),
        },
        Some(TextOrTexts::Texts(words)) => found.push(SecretSource::Command(words)),
        None => {}
    }
    found.extend(source.text("env").map(SecretSource::Env));
    found.extend(source.text("file").map(|path| SecretSource::File(base.join(path))));
    found.extend(source.text("keyring").map(SecretSource::Keyring));
    source.finish();
    match (found.pop(), found.is_empty()) {
        (Some(SecretSource::Command(words)), true) if words.is_empty() => {
            source.fault_of("command", "is empty; name the program to run");
            None
        }
        (Some(one), true) => Some(one),
        (Some(_), false) => {
            source.fault("names more than one place; keep one of command, env, file, keyring");
            None
        }
        (None, _) => {
            source.fault("names no place; write one of command, env, file, keyring");
            None
        }
    }
}

#[cfg(test)]
mod tests;
