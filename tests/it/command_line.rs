//! What holds for every verb: one document with `--json`, and variables that are set to nothing are not set.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::scenario::Ended;

fn call(place: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inboxed"));
    command.args(arguments).current_dir(place).env_clear().envs(variables.iter().copied());
    Ended::of(command.output().unwrap())
}

#[test]
fn the_manual_and_the_completions_are_one_document_where_one_is_wanted() {
    let place = tempfile::tempdir().unwrap();
    let json = |arguments: &[&str]| {
        let ended = call(place.path(), &[], &[arguments, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.json()
    };
    let plain = |arguments: &[&str]| call(place.path(), &[], arguments).stdout;
    let completions = json(&["completions", "bash"]);
    assert_eq!(completions["shell"], "bash");
    assert_eq!(completions["script"].as_str().unwrap(), plain(&["completions", "bash"]));
    let pages = json(&["man"]);
    let pages = pages["pages"].as_array().unwrap();
    let text = |page: &Value| page["page"].as_str().unwrap().to_owned();
    assert_eq!(pages.iter().map(text).collect::<String>(), plain(&["man"]));
    assert_eq!(json(&["man", "pages"])["directory"], "pages");
    for page in pages {
        assert!(place.path().join("pages").join(page["name"].as_str().unwrap()).is_file(), "{page}");
    }
}

#[test]
fn a_variable_that_is_set_to_nothing_counts_as_not_set() {
    let place = tempfile::tempdir().unwrap();
    let said = call(place.path(), &[("INBOXED_CONFIG", "")], &["runs"]);
    assert_eq!(said.code, Some(65), "{said:?}");
    assert!(said.stderr.starts_with("inboxed: inboxed.toml: "), "{said:?}");
    assert_eq!(call(place.path(), &[], &["init"]).code, Some(0));
    let variables = [("HOME", ""), ("XDG_CONFIG_HOME", ""), ("AWS_SHARED_CREDENTIALS_FILE", "")];
    let with = call(place.path(), &variables, &["schedule", "print", "--kind", "systemd"]);
    let without = call(place.path(), &[], &["schedule", "print", "--kind", "systemd"]);
    assert_eq!((with.code, &with.stdout, &with.stderr), (without.code, &without.stdout, &without.stderr));
    let typed = call(place.path(), &[], &["runs", "--config", ""]);
    assert_eq!(typed.code, Some(64), "what is typed is meant: {typed:?}");
}

#[test]
fn a_label_that_is_too_long_is_told_the_limit() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(call(place.path(), &[], &["init"]).code, Some(0));
    let long = "a".repeat(65);
    let said = call(place.path(), &[], &["run", "--label", &long]);
    assert_eq!((said.code, said.stderr.contains("64 characters at most")), (Some(64), true), "{said:?}");
    let rows = format!(
        "label,started_at,stream,seed,provider,placement\n{long},2026-01-05T06:00:00Z,news,a@x.example,gmail,inbox\n"
    );
    std::fs::write(place.path().join("rows.csv"), rows).unwrap();
    let said = call(place.path(), &[], &["import", "rows.csv"]);
    assert_eq!((said.code, said.stderr.contains("64 characters at most")), (Some(65), true), "{said:?}");
}
