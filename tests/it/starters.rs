//! What starts the runs, where no such program is at hand: a crontab that is edited, and a property list that is parsed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::real::Server;

/// A user with a `crontab` of his own that keeps its table in a file, as the real one does.
struct User {
    directory: TempDir,
    config: PathBuf,
}

impl User {
    fn new(place: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join(place);
        std::fs::create_dir(&home).unwrap();
        let config = home.join("inboxed.toml");
        std::fs::write(&config, "seeds = []\n").unwrap();
        let program = "#!/bin/sh\nif [ \"$1\" = -l ]; then\n  [ -z \"$BROKEN\" ] || { echo 'you may not use crontab' >&2; exit 1; }\n  \
                       [ -f \"$HOME/table\" ] || { echo 'no crontab for tester' >&2; exit 1; }\n  cat \"$HOME/table\"\nelse\n  cp \"$1\" \
                       \"$HOME/table\" && echo set >> \"$HOME/sets\"\nfi\n";
        let crontab = directory.path().join("crontab");
        std::fs::write(&crontab, program).unwrap();
        std::fs::set_permissions(&crontab, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory, config }
    }

    fn call(&self, words: &[&str], broken: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_inboxed"))
            .arg("--config")
            .arg(&self.config)
            .args(words)
            .env_clear()
            .env("HOME", self.directory.path())
            .env("PATH", format!("{}:/usr/bin:/bin", self.directory.path().display()))
            .env("BROKEN", broken)
            .output()
            .unwrap()
    }

    fn install(&self, further: &[&str]) -> String {
        let ended = self.call(&[&["schedule", "install", "--kind", "cron", "--quiet"], further].concat(), "");
        assert!(ended.status.success(), "{ended:?}");
        String::from_utf8(ended.stdout).unwrap()
    }

    fn table(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("table")).unwrap_or_default()
    }

    /// How often the crontab was written.
    fn writes(&self) -> usize {
        std::fs::read_to_string(self.directory.path().join("sets")).map_or(0, |text| text.lines().count())
    }
}

#[test]
fn a_crontab_gets_our_lines_once_and_keeps_every_other() {
    let user = User::new("mine");
    let foreign = "MAILTO=ops\n# a comment\n\n0 3 * * 1 backup --all \\% \"x\"\n";
    std::fs::write(user.directory.path().join("table"), foreign).unwrap();
    assert!(user.install(&[]).starts_with("written: the crontab"));
    let first = user.table();
    let ours = first.strip_prefix(foreign).unwrap_or_else(|| panic!("{first}"));
    assert_eq!(ours.lines().count(), 2, "{ours}");
    assert!(ours.contains("run --scheduled"), "{ours}");

    assert!(user.install(&[]).starts_with("unchanged: the crontab"));
    assert_eq!((user.table(), user.writes()), (first.clone(), 1), "a second time changes nothing");
    user.install(&["--name", "other"]);
    assert!(user.table().starts_with(&first) && user.table().lines().count() == first.lines().count() + 2);
}

#[test]
fn an_empty_crontab_is_begun_and_one_that_cannot_be_read_is_left_alone() {
    let user = User::new("mine");
    user.install(&[]);
    assert_eq!(user.table().lines().count(), 2);
    let before = user.table();
    let refused = user.call(&["schedule", "install", "--kind", "cron", "--name", "other"], "yes");
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(65), &b""[..]), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("you may not use crontab"), "{refused:?}");
    assert_eq!((user.table(), user.writes()), (before, 1));
}

#[test]
fn a_property_list_says_the_same_to_whoever_parses_it() {
    let name = "a_property_list_says_the_same_to_whoever_parses_it";
    let place = "a & b <c> \"d\" 'e' – ü";
    let user = User::new(place);
    let printed = user.call(&["schedule", "print", "--kind", "launchd", "--quiet"], "");
    assert!(printed.status.success(), "{printed:?}");
    let Some(python) = Server::DnsPeers.program(name) else { return };
    let file = user.directory.path().join("agent.plist");
    std::fs::write(&file, &printed.stdout).unwrap();
    let words = "import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
    let parsed = Command::new(python).args(["-c", words]).arg(&file).output().unwrap();
    assert!(parsed.status.success(), "{parsed:?}");
    let list: serde_json::Value = serde_json::from_slice(&parsed.stdout).unwrap();
    let program: Vec<&str> =
        list["ProgramArguments"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let [_, config_flag, config, "--quiet", "run", "--scheduled"] = program[..] else { panic!("{program:?}") };
    assert_eq!((config_flag, config), ("--config", user.config.to_str().unwrap()));
    assert_eq!(list["WorkingDirectory"], user.config.parent().unwrap().to_str().unwrap());
    assert_eq!((&list["RunAtLoad"], &list["Label"]), (&true.into(), &"inboxed".into()));
    assert!(list["StartCalendarInterval"]["Minute"].as_u64().unwrap() < 60, "{list}");
}
