//! The rules of the house that no compiler knows, read out of the sources.
//!
//! Each rule is a function from text to complaints, and is itself tested on text that breaks it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file below the top of the repository.
struct Source {
    /// Its path from there, such as `src/domain/seed.rs`.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The names of its module from the top of the crate: `domain`, `seed`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path).trim_end_matches(".rs");
        let module: Vec<&str> = path.trim_end_matches("/mod").split('/').collect();
        if matches!(module.as_slice(), ["lib" | "main"]) { Vec::new() } else { module }
    }

    /// Its lines of code with their numbers: no comments, and nothing of its unit tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_tests = self.module().last() == Some(&"tests");
        let lines = self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        let code = lines.map(|line| before_comment(line).trim()).enumerate();
        code.filter(move |(_, line)| !is_tests && !line.is_empty()).map(|(index, line)| (index + 1, line))
    }

    fn complaint(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// A line up to its `//`, unless that belongs to an address such as `https://…`.
fn before_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The top of the repository.
fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file below these directories that ends in one of `endings`.
fn sources(directories: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut waiting: Vec<PathBuf> = directories.iter().map(|directory| top().join(directory)).collect();
    let mut sources = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.ends_with("fuzz/target") {
            continue;
        }
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(top()).unwrap().to_str().unwrap();
        // This file quotes what it forbids.
        if name != "tests/it/tidy.rs" && endings.iter().any(|ending| name.ends_with(ending)) {
            // What is not text has no line to complain about.
            if let Ok(text) = fs::read_to_string(&path) {
                sources.push(Source::new(name, &text));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

/// Fails the test with every complaint about every source.
fn check(sources: &[Source], rule: impl Fn(&Source) -> Vec<String>) {
    assert!(!sources.is_empty(), "nothing was read");
    let complaints: Vec<String> = sources.iter().flat_map(rule).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What a module at the top may not name, with everything below it.
fn strangers(module: &[&str]) -> &'static [&'static str] {
    match module.first() {
        Some(&"domain") => &["edge", "render", "command", "config", "cli", "secret", "lab"],
        Some(&"edge") => &["render", "command", "config", "cli", "lab"],
        Some(&"render") => &["edge", "command", "config", "cli", "secret", "lab"],
        Some(&"lab") => &["render", "command", "config", "cli", "secret"],
        Some(&"cli") => &["edge", "render", "command", "config", "secret", "lab"],
        Some(&"config" | &"secret") => &["edge", "render", "command", "lab"],
        Some(&"command") if module.get(1) == Some(&"demo") => &[],
        Some(&"command") => &["lab"],
        _ => &[],
    }
}

/// The names at the top of the crate that a line of code reaches, by `crate::` or by enough `super::`.
fn reached<'a>(line: &'a str, module: &[&str]) -> Vec<&'a str> {
    // At the top itself `super` leads nowhere.
    let root = if module.is_empty() { "crate::".to_owned() } else { "super::".repeat(module.len()) };
    let roots = ["crate::", &root];
    let paths = roots.iter().flat_map(|root| line.match_indices(root).map(|(at, found)| &line[at + found.len()..]));
    let names = paths.flat_map(first_names);
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// `seed` of `seed::Address`; `cli` and `edge` of `{cli, edge::{clock, ses}}`.
fn first_names(path: &str) -> Vec<&str> {
    let Some(group) = path.strip_prefix('{') else { return first_word(path).into_iter().collect() };
    let mut depth = 0;
    let mut names = Vec::new();
    for part in group.split_inclusive([',', '{', '}']) {
        if depth == 0 {
            names.extend(first_word(part.trim()));
        }
        match part.chars().last() {
            Some('{') => depth += 1,
            Some('}') if depth == 0 => break,
            Some('}') => depth -= 1,
            _ => {}
        }
    }
    names
}

fn first_word(text: &str) -> Option<&str> {
    text.split(|letter: char| !is_word(letter)).next().filter(|word| !word.is_empty())
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn arrows(source: &Source) -> Vec<String> {
    let module = source.module();
    let forbidden = strangers(&module);
    // An import may run over several lines; its statement is one.
    let statements = statements(source);
    let complaints = statements.iter().flat_map(|(line, statement)| {
        let reached = reached(statement, &module).into_iter().filter(|name| forbidden.contains(name));
        reached.map(|name| source.complaint(*line, &format!("{} may not know {name}", module[0]))).collect::<Vec<_>>()
    });
    complaints.collect()
}

/// Lines of code, with those of an unfinished `use` joined.
fn statements(source: &Source) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (number, line) in source.code() {
        match statements.last_mut() {
            Some((_, statement)) if is_open => statement.push_str(line),
            _ => statements.push((number, line.to_owned())),
        }
        let (_, statement) = &statements[statements.len() - 1];
        let is_import = statement.starts_with("use ") || (statement.starts_with("pub") && statement.contains(" use "));
        is_open = is_import && !statement.ends_with(';');
    }
    statements
}

#[test]
fn imports_follow_the_arrows() {
    let complaints = |path: &str, text: &str| arrows(&Source::new(path, text)).len();
    for (path, text, wanted) in [
        ("src/domain/seed.rs", "use crate::edge::clock::Clock;", 1),
        ("src/domain/seed.rs", "use super::super::edge::clock::Clock;", 1),
        ("src/domain/dns/spf.rs", "use super::super::super::{cli, domain::seed, edge};", 2),
        ("src/domain/mod.rs", "use super::config::Config;", 1),
        ("src/domain/seed.rs", "use crate::{\n    domain::{edge, seed},\n    render::json,\n};", 1),
        ("src/domain/seed.rs", "fn f() { crate::cli::parse() }", 1),
        ("src/domain/seed.rs", "// crate::cli knows\nuse super::provider::Tls;", 0),
        ("src/edge/store/mod.rs", "use crate::render::json;", 1),
        ("src/edge/store/mod.rs", "use crate::domain::run::Run;", 0),
        ("src/edge/store/mod.rs", "#[cfg(test)]\nmod tests { use crate::lab::Lab; }", 0),
        ("src/render/json.rs", "use crate::edge::store::Store;", 1),
        ("src/command/run.rs", "use crate::lab::Lab;", 1),
        ("src/command/demo.rs", "use crate::lab::Lab;", 0),
        ("src/command/demo/weeks.rs", "use crate::lab::Lab;", 0),
        ("src/command/run.rs", "use crate::{edge, render};", 0),
        ("src/lib.rs", "use crate::cli::Cli;", 0),
    ] {
        assert_eq!(complaints(path, text), wanted, "{path}: {text}");
    }
    check(&sources(&["src"], &[".rs"]), arrows);
}

/// What a sweep is made of, and what of the program knows a way to send.
const SWEEP: [&str; 5] = ["sweep", "watch", "board", "field", "outcome"];
const SENDS: [&str; 6] = ["edge::ses", "ses::", "super::send", "super::run", "super::preflight", "lettre"];

#[test]
fn a_sweep_reaches_nothing_that_sends() {
    let reaches = |source: &Source| -> Vec<String> {
        let lines = source.code().flat_map(|(number, line)| SENDS.iter().map(move |word| (number, line, word)));
        let found = lines.filter(|(_, line, word)| line.contains(**word));
        found.map(|(number, _, word)| source.complaint(number, &format!("a sweep has no use for {word}"))).collect()
    };
    assert_eq!(reaches(&Source::new("src/command/sweep.rs", "use crate::edge::ses::Sender;")).len(), 2);
    let all = sources(&["src/command"], &[".rs"]);
    let sweep: Vec<Source> = all
        .into_iter()
        .filter(|source| SWEEP.iter().any(|name| source.path == format!("src/command/{name}.rs")))
        .collect();
    assert_eq!(sweep.len(), SWEEP.len());
    check(&sweep, reaches);
}

/// Words that a module may not write in its code, each with where it may stand all the same.
const KEPT_APART: [(&str, &[&str]); 9] = [
    ("Timestamp::now", &["src/edge/clock.rs"]),
    ("Zoned::now", &["src/edge/clock.rs"]),
    ("SystemTime", &["src/edge/clock.rs"]),
    // Patience with a silent peer is real time, which only those who talk to peers have need of.
    ("Instant::now", &["src/edge/", "src/lab/"]),
    ("std::env", &["src/main.rs", "src/lib.rs", "src/cli.rs", "src/secret.rs"]),
    ("env::var", &["src/main.rs", "src/lib.rs", "src/cli.rs", "src/secret.rs"]),
    ("sqlx::", &["src/edge/store/"]),
    ("aws_sdk_sesv2::", &["src/edge/ses/"]),
    ("async_imap::", &["src/edge/imap/"]),
];

/// What the domain has no use for: files, sockets, threads, wire formats.
const IMPURE: [&str; 9] = [
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::thread",
    "std::io",
    "tokio::",
    "serde",
    "async fn",
];

fn surroundings(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in source.code() {
        for (word, places) in KEPT_APART {
            if line.contains(word) && !places.iter().any(|place| source.path.starts_with(place)) {
                complaints.push(source.complaint(number, &format!("{word} belongs into {}", places.join(" or "))));
            }
        }
        if source.module().first() == Some(&"domain") {
            let impure = IMPURE.into_iter().filter(|word| line.contains(word));
            complaints
                .extend(impure.map(|word| source.complaint(number, &format!("the domain has no use for {word}"))));
        }
    }
    complaints
}

#[test]
fn only_their_own_modules_ask_for_time_environment_files_and_sockets() {
    let complaints = |path: &str, text: &str| surroundings(&Source::new(path, text)).len();
    for (path, text, wanted) in [
        ("src/domain/run.rs", "let now = jiff::Timestamp::now();", 1),
        ("src/edge/clock.rs", "let now = Timestamp::now();", 0),
        ("src/command/watch.rs", "let until = Instant::now() + gap;", 1),
        ("src/edge/imap/line.rs", "let until = Instant::now() + patience;", 0),
        ("src/config.rs", "let home = std::env::var(\"HOME\");", 2),
        ("src/secret.rs", "std::env::var(name)", 0),
        ("src/command/run.rs", "sqlx::query(SQL)", 1),
        ("src/domain/run.rs", "#[derive(serde::Serialize)]", 1),
        ("src/domain/run.rs", "//! Derives no serde, asks no Timestamp::now().\n", 0),
        ("src/command/run.rs", "#[cfg(test)]\nmod tests { Timestamp::now(); }", 0),
    ] {
        assert_eq!(complaints(path, text), wanted, "{path}: {text}");
    }
    check(&sources(&["src"], &[".rs"]), surroundings);
}

/// Endings that say nothing about what a thing is.
const EMPTY_NAMES: [&str; 6] = ["Manager", "Helper", "Util", "Handler", "Info", "Data"];

fn names(source: &Source) -> Vec<String> {
    let mut complaints: Vec<String> = Vec::new();
    let is_empty = |name: &str| {
        let name = name.to_ascii_lowercase();
        let singular = name.strip_suffix('s').unwrap_or(&name);
        EMPTY_NAMES.iter().any(|empty| singular.ends_with(&empty.to_ascii_lowercase()))
    };
    if source.module().last().is_some_and(|module| is_empty(module)) {
        complaints.push(source.complaint(1, "the module's name says nothing"));
    }
    for (index, line) in source.text.lines().enumerate() {
        let words: Vec<&str> =
            before_comment(line).split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            // A type within an impl is named by the trait, which may be another crate's.
            if pair[0] == "type" && line.starts_with(' ') {
                continue;
            }
            let what = match pair[0] {
                "struct" | "enum" | "trait" | "type" | "mod" | "union" if is_empty(pair[1]) => "says nothing",
                "fn" if pair[1].starts_with("get_") => "needs no get_",
                _ => continue,
            };
            complaints.push(source.complaint(index + 1, &format!("the name {} {what}", pair[1])));
        }
    }
    complaints
}

#[test]
fn names_say_what_a_thing_is() {
    let complaints = |path: &str, text: &str| names(&Source::new(path, text)).len();
    for (path, text, wanted) in [
        ("src/edge/ses/mod.rs", "pub(crate) struct SendManager;", 1),
        ("src/edge/ses/mod.rs", "enum RunInfo { A }", 1),
        ("src/edge/ses/mod.rs", "mod utils;", 1),
        ("src/edge/ses/mod.rs", "type SeedData = u8;", 1),
        ("src/edge/handler.rs", "", 1),
        ("src/edge/ses/mod.rs", "pub(crate) async fn get_quota() {}", 1),
        ("src/edge/ses/mod.rs", "struct Quota; fn quota() {} fn target_get() {}", 0),
        ("src/edge/ses/mod.rs", "// struct RunInfo was here, fn get_it too", 0),
    ] {
        assert_eq!(complaints(path, text), wanted, "{path}: {text}");
    }
    check(&sources(&["src", "tests", "benches", "fuzz"], &[".rs"]), names);
}

/// Marks of unfinished work, and switches that hide a test. In two parts, so that a search of the sources finds none.
const UNFINISHED: [&str; 8] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("to", "do!("),
    concat!("unim", "plemented!("),
    concat!("#[ign", "ore"),
    concat!("should_", "panic"),
    concat!("for ", "now,"),
];

/// Where directories of one machine begin.
const MACHINE: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!("C:", "\\Users"),
];

fn leftovers(source: &Source) -> Vec<String> {
    let marks = UNFINISHED.iter().chain(&MACHINE);
    let lines = source.text.lines().enumerate();
    lines
        .flat_map(|(index, line)| {
            let found = marks.clone().filter(move |mark| line.contains(**mark));
            found.map(move |mark| source.complaint(index + 1, &format!("{mark:?} is unfinished or of one machine")))
        })
        .collect()
}

#[test]
fn nothing_is_left_unfinished_and_nothing_names_a_machine() {
    for mark in UNFINISHED.iter().chain(&MACHINE) {
        let text = format!("a line\nanother with {mark}x)\n");
        assert_eq!(leftovers(&Source::new("src/a.rs", &text)).len(), 1, "{mark}");
    }
    assert!(leftovers(&Source::new("src/a.rs", "let network = \"and/or\";")).is_empty());
    let endings = [".rs", ".toml", ".sql", ".md", ".conf", ".txt", ".html", ".css", "/run"];
    check(
        &sources(&["src", "tests", "seeds", "migrations", "benches", "fuzz", ".ci", "README.md"], &endings),
        leftovers,
    );
}

/// Citations are written `RFC 8601 §2.2`, or `RFC 8601` for the whole of it.
fn citations(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let comment = &line[before_comment(line).len()..];
        for (at, found) in comment.match_indices("RFC").chain(comment.match_indices("Rfc")) {
            let is_word_start = !comment[..at].ends_with(is_word);
            if is_word_start && !(found == "RFC" && is_citation(&comment[at + 3..])) {
                complaints.push(source.complaint(index + 1, "cite as RFC nnnn §x"));
            }
        }
        for (at, sign) in comment.match_indices('§') {
            if !comment[at + sign.len()..].starts_with(|letter: char| letter.is_ascii_alphanumeric()) {
                complaints.push(source.complaint(index + 1, "§ stands right before its number"));
            }
        }
    }
    complaints
}

/// What follows `RFC` in a citation.
fn is_citation(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix(' ') else { return false };
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let after = &rest[number.len()..];
    let spelt_out = [" section", " Section", " sec.", ", section", ", Section", ", §", "§", "#"];
    (3..=5).contains(&number.len())
        && !after.starts_with(is_word)
        && !spelt_out.iter().any(|form| after.starts_with(form))
}

#[test]
fn citations_have_one_form() {
    let complaints = |text: &str| citations(&Source::new("src/a.rs", text)).len();
    for good in [
        "//! Results (RFC 8601 §2.2), folders (RFC 6154).",
        "/// RFC 3501 §5.1.3 and RFC 9051 §9.",
        "let stamp = \"RFC2822\"; // a string is no citation",
        "/// As in RFC 5321 §A.1",
    ] {
        assert_eq!(complaints(good), 0, "{good}");
    }
    for bad in [
        "//! RFC8601 §2.2",
        "/// RFC-8601",
        "// RFC 8601 section 2.2",
        "// RFC 8601, Section 2.2",
        "// RFC 8601, §2.2",
        "// RFC 8601 § 2.2",
        "// Rfc 8601 §2",
        "// an RFC about it",
    ] {
        assert_eq!(complaints(bad), 1, "{bad}");
    }
    check(&sources(&["src", "tests"], &[".rs"]), citations);
}

/// The packages of a lock file, by name and version.
fn packages(lock: &str) -> Vec<(String, String)> {
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    packages.map(|package| (text(package, "name"), text(package, "version"))).collect()
}

#[test]
fn there_is_one_tls_stack_and_one_runtime() {
    let packages = packages(&fs::read_to_string(top().join("Cargo.lock")).unwrap());
    assert!(packages.iter().any(|(name, _)| name == "aws-sdk-sesv2"), "the lock file was not understood");
    let banned = ["openssl", "openssl-sys", "native-tls", "boring", "aws-lc-rs", "aws-lc-sys", "async-std", "smol"];
    let found: Vec<_> = packages.iter().filter(|(name, _)| banned.contains(&name.as_str())).collect();
    assert!(found.is_empty(), "{found:?}");
    for (name, wanted) in [("rustls", "0.23."), ("hyper", "1."), ("tokio-rustls", "0.26."), ("ring", "0.17.")] {
        let versions: Vec<&str> =
            packages.iter().filter(|(other, _)| other == name).map(|(_, version)| version.as_str()).collect();
        assert!(matches!(versions[..], [only] if only.starts_with(wanted)), "{name} {versions:?}");
    }
}
