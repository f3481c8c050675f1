//! `inspect` as its user sees it, over messages in the form of every provider that a preset knows.
//!
//! Each `.eml` below `tests/data/headers/PROVIDER/` stands beside the document that `inspect --json` must print of it. They
//! were written by us after headers seen until autumn 2026; domains and addresses are for documentation.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use inboxed::{Done, Exit, run};
use serde_json::Value;

fn headers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/headers")
}

/// Presets whose headers are those of another one: only their owner can tell them apart.
const SIBLINGS: [&str; 1] = ["microsoft-365"];

/// Every fixture with the name of its directory.
fn fixtures() -> Vec<(String, PathBuf)> {
    let mut fixtures = Vec::new();
    for provider in fs::read_dir(headers()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = provider.file_name().unwrap().to_str().unwrap().to_owned();
        let files = fs::read_dir(&provider).unwrap().map(|entry| entry.unwrap().path());
        fixtures.extend(files.filter(|file| file.extension().unwrap() == "eml").map(|file| (name.clone(), file)));
    }
    fixtures.sort();
    fixtures
}

/// Runs `inspect` where no configuration lies.
fn inspect(words: &[&str]) -> Done {
    let words = ["inboxed", "--config", "nowhere/inboxed.toml", "inspect"].iter().chain(words);
    run(words.map(OsString::from))
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn every_fixture_gives_its_document_and_a_harmless_page() {
    let mut differences = Vec::new();
    for (provider, file) in fixtures() {
        let mut words = vec!["--json", file.to_str().unwrap()];
        if SIBLINGS.contains(&provider.as_str()) {
            words.extend(["--provider", &provider]);
        }
        let done = inspect(&words);
        assert_eq!((done.exit, done.stderr.as_str()), (Exit::Ok, ""), "{}", file.display());
        assert!(!done.stdout.contains(is_hostile), "{}", file.display());
        let document: Value = serde_json::from_str(&done.stdout).unwrap();
        let wanted = fs::read_to_string(file.with_extension("json")).unwrap_or_default();
        if serde_json::from_str::<Value>(&wanted).ok().as_ref() != Some(&document) {
            differences.push(format!("{}\n{}", file.display(), done.stdout));
        }
        assert_eq!(document["provider"], provider, "{}", file.display());
        let page = inspect(&[file.to_str().unwrap()]).stdout;
        assert!(page.starts_with("Received by ") && !page.contains(is_hostile), "{page:?}");
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_preset_that_knows_its_headers_has_a_fixture() {
    let presets = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/providers");
    let known: BTreeSet<String> = fs::read_dir(presets)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| fs::read_to_string(file).unwrap().contains("\n[headers]\n"))
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(known.len() >= 11, "{known:?}");
    let shown: BTreeSet<String> = fixtures().into_iter().map(|(provider, _)| provider).collect();
    let missing: Vec<_> = known.difference(&shown).filter(|name| *name != "google-workspace").collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_provider_may_be_named_and_a_wrong_name_lists_the_known_ones() {
    let file = headers().join("gmail/aligned.eml");
    let file = file.to_str().unwrap();
    let named = inspect(&["--json", "--provider", "google-workspace", file]);
    let document: Value = serde_json::from_str(&named.stdout).unwrap();
    assert_eq!((&document["provider"], &document["auth"]["aligned"]), (&"google-workspace".into(), &true.into()));
    let other: Value = serde_json::from_str(&inspect(&["--json", "--provider", "yahoo", file]).stdout).unwrap();
    assert_eq!(other["auth"], serde_json::json!({"spf": null, "dkim": null, "dmarc": null, "aligned": null}));
    let wrong = inspect(&["--provider", "gmial", file]);
    assert_eq!((wrong.exit, wrong.stdout.as_str()), (Exit::BadInput, ""));
    assert!(wrong.stderr.contains("known are aol, fastmail"), "{}", wrong.stderr);
}

#[test]
fn what_is_no_message_is_65_with_one_sentence() {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("empty", &b""[..]), ("blank", b"\r\n\r\nbody"), ("binary", &[0xff; 5000]), ("text", b"hello\nworld\n")]
    {
        let file = directory.path().join(name);
        fs::write(&file, bytes).unwrap();
        let done = inspect(&[file.to_str().unwrap()]);
        assert_eq!((done.exit, done.stdout.as_str()), (Exit::BadInput, ""), "{name}");
        assert!(done.stderr.contains("this is no mail message"), "{}", done.stderr);
    }
    for file in [directory.path(), &directory.path().join("absent")] {
        let done = inspect(&[file.to_str().unwrap()]);
        assert_eq!(done.exit, Exit::BadInput);
        assert!(done.stderr.starts_with("inboxed: read "), "{}", done.stderr);
    }
}

#[test]
fn a_message_comes_by_standard_input_too_and_a_long_one_is_read_to_its_cap() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_inboxed"))
        .env_clear()
        .args(["inspect", "-", "--json", "--config", "nowhere/inboxed.toml"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut message = fs::read(headers().join("outlook/aligned.eml")).unwrap();
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 2;
    message.truncate(end);
    message.extend("X-More: y\r\n".repeat(100_000).bytes());
    // It stops reading at its cap, so that the pipe may break.
    let _ = child.stdin.take().unwrap().write_all(&message);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let document: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(document["auth"]["aligned"], true);
    assert!(document["unknown"].to_string().contains("longer than what was read"), "{}", document["unknown"]);
}
