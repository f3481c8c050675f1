//! What the configuration means: `inboxed.toml`, the seed lists it names and the provider presets, checked as a whole
//! before any work is done.
//!
//! Every fault is one sentence with file, line, key and remedy; all faults of all files are told at once. A file without
//! streams or seeds is no fault here: the verbs that need them say so.

mod oauth;
mod place;
mod preset;
mod reader;
pub(crate) mod region;
mod schedule;
mod seed;
mod settings;
mod sheet;
mod slips;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::health::Thresholds;
use crate::domain::provider::{Provider, ProviderName};
use crate::domain::seed::{Address, Seed};
pub(crate) use oauth::{OAuth, Tokens};
pub(crate) use reader::Fault;
use reader::{Section, Source};
pub(crate) use schedule::{Alert, Channel, Schedule};
pub(crate) use seed::ConfiguredSeed;
use settings::{Dns, Judging, Running, Ses};
pub(crate) use sheet::{Sheet, SheetRow};
pub(crate) use stream::{Stream, Transport};

/// The first line of a configuration that `demo` wrote and may write again.
pub(crate) const DEMO_MARK: &str = "# Written by `inboxed demo`: simulated, and written anew by the next demo.";

/// Presets by name.
pub(crate) type Providers = BTreeMap<ProviderName, Arc<Provider>>;

/// Our own presets, for verbs that need no configuration.
pub(crate) fn presets() -> Result<Providers, Faults> {
    preset::built_in().map_err(|fault| Faults(vec![fault]))
}

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file it was read from.
    pub(crate) file: PathBuf,
    /// Whether a demo wrote it: whatever it names beyond files was the demo's lab.
    pub(crate) of_demo: bool,
    /// The database.
    pub(crate) database: PathBuf,
    /// Amazon SES.
    pub(crate) ses: Ses,
    /// How a run goes.
    pub(crate) run: Running,
    /// How findings are judged.
    pub(crate) judge: Judging,
    /// When a rate is a warning or critical.
    pub(crate) thresholds: Thresholds,
    /// All presets, ours and the user's, by name; one of the user's replaces ours of the same name.
    pub(crate) providers: BTreeMap<ProviderName, Arc<Provider>>,
    /// The seeds, in the order of the files.
    pub(crate) seeds: Vec<ConfiguredSeed>,
    /// The patterns of the files that list them.
    seed_patterns: Vec<String>,
    /// The streams, in the order of the file.
    pub(crate) streams: Vec<Stream>,
    /// Where OAuth tokens are kept.
    pub(crate) tokens: Tokens,
    /// What the user wrote about OAuth for all seeds of a provider.
    pub(crate) oauth: BTreeMap<ProviderName, OAuth>,
    /// Where reports are written.
    pub(crate) reports: PathBuf,
    /// How DNS is asked.
    pub(crate) dns: Dns,
    /// Traffic shares for the overall figure; empty means equal.
    pub(crate) weights: BTreeMap<ProviderName, f64>,
    /// When a run is due.
    pub(crate) schedule: Option<Schedule>,
    /// Who hears of what a run found.
    pub(crate) alerts: Vec<Alert>,
}

/// All faults of a configuration, in the order of files and lines.
#[derive(Debug)]
pub(crate) struct Faults(Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > 1 {
            write!(out, "the configuration has {} faults", self.0.len())?;
        }
        for fault in &self.0 {
            if self.0.len() > 1 {
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
    of_demo: bool,
    database: PathBuf,
    tokens: Tokens,
    oauth: Vec<(String, usize, OAuth)>,
    reports: PathBuf,
    ses: Ses,
    run: Running,
    dns: Dns,
    judge: Judging,
    thresholds: Thresholds,
    weights: Vec<(String, usize, f64)>,
    schedule: Option<Schedule>,
    alerts: Vec<Alert>,
    streams: Vec<Stream>,
    seeds: Vec<(String, usize)>,
    providers: Vec<(String, usize)>,
}

impl Config {
    /// What the user wrote about OAuth for a seed: its own words first, then those for all seeds of its provider.
    pub(crate) fn oauth_of(&self, seed: &ConfiguredSeed) -> OAuth {
        let own = seed.oauth.clone().unwrap_or_default();
        self.oauth.get(&seed.seed.provider).map_or_else(|| own.clone(), |shared| own.or(shared))
    }

    /// The first of several seeds that sign in to the mailbox of this one, as addresses of one person's do; `None` where it
    /// is the only one.
    pub(crate) fn first_of_mailbox(&self, seed: &Seed) -> Option<Address> {
        let mailbox = self.mailbox_of(seed);
        let same = |other: &Seed| other.host.eq_ignore_ascii_case(&seed.host) && self.mailbox_of(other) == mailbox;
        let of_mailbox = self.seeds.iter().map(|other| &other.seed).filter(|other| same(other));
        let addresses: BTreeSet<&Address> = of_mailbox.map(|other| &other.address).collect();
        addresses.first().filter(|_| addresses.len() > 1).map(|first| (*first).clone())
    }

    /// Each mailbox that several seeds sign in to, in one sentence for all; `None` where no seed shares one.
    pub(crate) fn shared_mailboxes(&self) -> Option<String> {
        let mut mailboxes: BTreeMap<(String, String), BTreeSet<&Address>> = BTreeMap::new();
        for ConfiguredSeed { seed, .. } in &self.seeds {
            let mailbox = (seed.host.to_ascii_lowercase(), self.mailbox_of(seed));
            mailboxes.entry(mailbox).or_default().insert(&seed.address);
        }
        let of_one = |addresses: &BTreeSet<&Address>| {
            addresses.iter().map(|address| address.as_str()).collect::<Vec<_>>().join(" and ")
        };
        let shared: Vec<String> = mailboxes.values().filter(|addresses| addresses.len() > 1).map(of_one).collect();
        (!shared.is_empty())
            .then(|| format!("one mailbox is one witness, and here it counts as several: {}", shared.join("; ")))
    }

    /// The mailbox that a seed signs in to, as its provider tells them apart.
    fn mailbox_of(&self, seed: &Seed) -> String {
        let provider = self.providers.get(&seed.provider);
        provider.map_or_else(|| seed.login.to_lowercase(), |provider| provider.mailbox_of(&seed.login))
    }

    /// Reads and checks the configuration at `file` and everything it names.
    pub(crate) fn load(file: &Path) -> Result<Self, Faults> {
        let base = base_of(file);
        let mut faults = Vec::new();
        let main = read_file(file, "run `inboxed init` to write one", &mut faults, |top| Some(read_main(top, base)));
        let Some(main) = main else { return Err(Faults(faults)) };
        let providers = providers(&Patterns { file, base, key: "providers" }, &main.providers, &mut faults)?;
        let mut seeds = Vec::new();
        for path in (Patterns { file, base, key: "seeds" }).files(&main.seeds, &mut faults) {
            let read = |top: &Section<'_>| Some(seed::read(top, &path, &providers));
            seeds.extend(read_file(&path, "check its permissions", &mut faults, read).unwrap_or_default());
        }
        seed::refuse_doubles(&seeds, &mut faults);
        let (oauth, wrong) = by_provider(main.oauth, &providers);
        let fault = |(line, what)| Fault { file: file.to_owned(), line: Some(line), what };
        faults.extend(wrong.into_iter().map(fault));
        let (weights, wrong) = settings::weights(&main.weights, &providers);
        faults.extend(wrong.into_iter().map(fault));
        if !faults.is_empty() {
            faults.sort_by_key(|fault| (fault.file != file, fault.file.clone(), fault.line));
            return Err(Faults(faults));
        }
        tracing::info!(file = %file.display(), streams = main.streams.len(), seeds = seeds.len(), "configuration read");
        Ok(Self {
            file: file.to_owned(),
            of_demo: main.of_demo,
            database: main.database,
            ses: main.ses,
            run: main.run,
            judge: main.judge,
            thresholds: main.thresholds,
            providers,
            seeds,
            seed_patterns: main.seeds.into_iter().map(|(pattern, _)| pattern).collect(),
            streams: main.streams,
            tokens: main.tokens,
            oauth,
            reports: main.reports,
            dns: main.dns,
            weights,
            schedule: main.schedule,
            alerts: main.alerts,
        })
    }
}

impl Config {
    /// The patterns of the files that list the seeds, as they were written.
    pub(crate) fn seed_patterns(&self) -> &[String] {
        &self.seed_patterns
    }

    /// The list that imported seeds are added to: `imported.toml` where a pattern of `seeds` takes such a file, else the
    /// first file that is named outright.
    pub(crate) fn import_list(&self) -> Result<PathBuf, Faults> {
        let base = base_of(&self.file);
        let wild = |pattern: &str| pattern.contains(['*', '?', '[']);
        let imported = self.seed_patterns.iter().filter(|pattern| wild(pattern)).find_map(|pattern| {
            let candidate = Path::new(pattern).with_file_name("imported.toml");
            let fits = glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_path(&candidate));
            (fits && !wild(&candidate.to_string_lossy())).then_some(candidate)
        });
        let outright = || self.seed_patterns.iter().find(|pattern| !wild(pattern)).map(PathBuf::from);
        let place = |list: PathBuf| if base == Path::new(".") { list } else { base.join(list) };
        imported.or_else(outright).map(place).ok_or_else(|| {
            let what = "seeds: names no file that imported seeds could go to; add \"seeds/*.toml\" to the list";
            Faults(vec![Fault { file: self.file.clone(), line: None, what: what.to_owned() }])
        })
    }
}

/// The directory that relative paths of the main file are relative to.
fn base_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The faults of any text, read as each kind of file of ours: lines and sentences.
pub(crate) fn try_text(file: &Path, text: &str) -> Vec<(Option<usize>, String)> {
    static PRESETS: std::sync::OnceLock<BTreeMap<ProviderName, Arc<Provider>>> = std::sync::OnceLock::new();
    let presets = PRESETS.get_or_init(|| preset::built_in().unwrap_or_default());
    let base = Path::new("trial");
    let kinds: [&dyn Fn(&Section<'_>); 3] =
        [&|top| drop(read_main(top, base)), &|top| drop(seed::read(top, file, presets)), &|top| {
            drop(preset::read(top));
        }];
    let mut faults = Vec::new();
    for read in kinds {
        let source = Source::new(file, text.to_owned());
        if let Some(table) = source.parse() {
            let top = Section::top(&source, &table);
            read(&top);
            top.finish();
        }
        faults.extend(source.into_faults().into_iter().map(|fault| (fault.line, fault.what)));
    }
    faults
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
    let path = |key, default: &str| top.path(key, base).unwrap_or_else(|| base.join(default));
    MainFile {
        of_demo: top.file_begins_with(DEMO_MARK),
        database: path("database", "inboxed.db"),
        seeds: top.texts_with_lines("seeds").unwrap_or_else(|| vec![("seeds/*.toml".to_owned(), 1)]),
        providers: top.texts_with_lines("providers").unwrap_or_default(),
        tokens: oauth::tokens(top, base),
        oauth: oauth::by_provider(top, base),
        reports: path("reports", "reports"),
        ses: settings::ses(top),
        run: settings::running(top),
        dns: settings::dns(top),
        judge: settings::judging(top),
        thresholds: settings::thresholds(top),
        weights: top.shares("weights"),
        schedule: schedule::schedule(top),
        alerts: schedule::alerts(top, base),
        streams: stream::read(top, base),
    }
}

/// Our presets and the user's.
fn providers(
    patterns: &Patterns<'_>,
    written: &[(String, usize)],
    faults: &mut Vec<Fault>,
) -> Result<BTreeMap<ProviderName, Arc<Provider>>, Faults> {
    let mut providers = preset::built_in().map_err(|fault| Faults(vec![fault]))?;
    let mut own: BTreeMap<ProviderName, PathBuf> = BTreeMap::new();
    for path in patterns.files(written, faults) {
        let Some(provider) = read_file(&path, "check its permissions", faults, preset::read) else { continue };
        let name = provider.name.clone();
        if let Some(other) = own.insert(name.clone(), path.clone()) {
            let what = format!("name: {} is the name of {} too; rename one of them", name.as_str(), other.display());
            faults.push(Fault { file: path, line: None, what });
        }
        providers.insert(name, Arc::new(provider));
    }
    Ok(providers)
}

/// What was written about OAuth by provider, with what is wrong in it by line.
fn by_provider(
    written: Vec<(String, usize, OAuth)>,
    providers: &BTreeMap<ProviderName, Arc<Provider>>,
) -> (BTreeMap<ProviderName, OAuth>, Vec<(usize, String)>) {
    let mut oauth = BTreeMap::new();
    let mut wrong = Vec::new();
    for (word, line, choice) in written {
        match ProviderName::new(&word).filter(|name| providers.contains_key(name)) {
            Some(name) => {
                oauth.insert(name, choice);
            }
            None => wrong.push((line, format!("oauth.{word}: {}", settings::no_provider(&word, providers)))),
        }
    }
    (oauth, wrong)
}

/// A list of file patterns in the main file.
struct Patterns<'a> {
    file: &'a Path,
    base: &'a Path,
    key: &'static str,
}

impl Patterns<'_> {
    /// The files that the patterns name, sorted within a pattern. A file that two patterns name is a fault: its seeds would
    /// be read twice, or the list does not say what its author thinks.
    fn files(&self, patterns: &[(String, usize)], faults: &mut Vec<Fault>) -> Vec<PathBuf> {
        let mut named: BTreeMap<PathBuf, &str> = BTreeMap::new();
        let mut files = Vec::new();
        for (pattern, line) in patterns {
            let found = self.matches(pattern);
            let mut fault = |what: String| {
                let what = format!("{}: {what}", self.key);
                faults.push(Fault { file: self.file.to_owned(), line: Some(*line), what });
            };
            let found = found.unwrap_or_else(|what| {
                fault(what);
                Vec::new()
            });
            for path in found {
                // A file may be spelled in several ways; one that cannot be resolved is complained about when it is read.
                let real = path.canonicalize().unwrap_or_else(|_| path.clone());
                if let Some(first) = named.get(&real) {
                    let what = format!("\"{first}\" and \"{pattern}\" both name {}; keep one of them", path.display());
                    fault(what);
                } else {
                    named.insert(real, pattern);
                    files.push(path);
                }
            }
        }
        files
    }

    fn matches(&self, pattern: &str) -> Result<Vec<PathBuf>, String> {
        // Only what the user wrote is a pattern: the directory of the configuration may have brackets in its name.
        let base = glob::Pattern::escape(&self.base.to_string_lossy());
        let full = Path::new(&base).join(pattern);
        let found = glob::glob(&full.to_string_lossy())
            .map_err(|error| format!("\"{}\" is no file pattern: {}; correct it", pattern.escape_debug(), error.msg))?
            .collect::<Result<Vec<PathBuf>, _>>()
            .map_err(|error| {
                format!("{} cannot be read: {}; check its permissions", error.path().display(), error.error())
            })?;
        if found.is_empty() && !pattern.contains(['*', '?', '[']) {
            let path = self.base.join(pattern);
            return Err(format!("{} does not exist; create it or take it out of the list", path.display()));
        }
        Ok(found.into_iter().filter(|path| !path.is_dir()).collect())
    }
}

#[cfg(test)]
mod tests;
