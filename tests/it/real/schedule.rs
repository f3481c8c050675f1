//! What other programs say of the units: systemd reads its files, cron its line, and the line does its work.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use inboxed::lab::mailbox::{Character, Role};
use serde_json::Value;

use super::Server;
use crate::scenario::{Ended, Scenario};

const SEED: &str = "anna@plain.example";

/// A configuration whose secrets all lie in files, in a directory with a name that needs quoting.
fn scenario() -> Scenario {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at).unwrap();
    });
    scenario.seed(SEED, Character::Plain, "secret = { file = \"../seed.secret\" }\n");
    let secret = scenario.path().join("seed.secret");
    std::fs::write(&secret, "canary of the seeds\n").unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, private).unwrap();
    std::fs::create_dir_all(scenario.path().join(".aws")).unwrap();
    let credentials =
        "[default]\naws_access_key_id = AKIALABLABLABLABLAB0\naws_secret_access_key = canary of the account\n";
    std::fs::write(scenario.path().join(".aws/credentials"), credentials).unwrap();
    scenario
}

fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn systemd_reads_the_units_and_finds_little_to_fear_in_them() {
    let Some(analyze) = Server::Systemd.program("systemd_reads_the_units_and_finds_little_to_fear_in_them") else {
        return;
    };
    let scenario = scenario();
    for (scope, words) in
        [("user", &[][..]), ("user", &["--daemon"]), ("system", &["--system"]), ("system", &["--system", "--daemon"])]
    {
        let dir = scenario.path().join(format!("units {}", words.concat()));
        let dir_word = dir.to_str().unwrap();
        let ended = scenario.call("", &[&["schedule", "install", "--dir", dir_word, "--json"], words].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let document = ended.json();
        assert_eq!(document["scope"], scope);
        let files: Vec<PathBuf> =
            document["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().into()).collect();
        assert_eq!(files.len(), if words.contains(&"--daemon") { 1 } else { 2 });
        let manager = format!("--{scope}");
        // Complaints about other units of this machine are not ours.
        let verified = Command::new(&analyze)
            .args([&manager, "verify", "--recursive-errors=no", "--man=no"])
            .env("XDG_RUNTIME_DIR", scenario.path())
            .args(&files)
            .output();
        let said = succeeded(&verified.unwrap());
        assert!(!said.contains("inboxed.") && !said.contains("ignoring"), "{said}");
        let rated = Command::new(&analyze)
            .args(["security", "--offline=true", "--threshold=50", "--no-pager"])
            .arg(&files[0])
            .output()
            .unwrap();
        succeeded(&rated);
        let again = scenario.call("", &[&["schedule", "install", "--dir", dir_word, "--json"], words].concat());
        let done = again.json()["done"].to_string();
        assert!(done.contains("unchanged") && !done.contains("written"), "{done}");
    }
    let service = std::fs::read_to_string(scenario.path().join("units /inboxed.service")).unwrap();
    assert!(service.contains("LoadCredential=secret-") && service.contains("SetCredential=aws:#"), "{service}");
}

/// The runs of the database.
fn runs(scenario: &Scenario) -> Vec<Value> {
    let ended = scenario.call("", &["runs", "--json"]);
    ended.json()["runs"].as_array().unwrap().clone()
}

#[test]
fn cron_takes_the_line_and_in_its_empty_environment_the_line_makes_one_run() {
    let Some(crontab) = Server::Cron.program("cron_takes_the_line_and_in_its_empty_environment_the_line_makes_one_run")
    else {
        return;
    };
    let scenario = scenario();
    let file = scenario.path().join("100% mine.crontab");
    let printed = scenario.call("", &["schedule", "print", "--kind", "cron", "--quiet"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""), "{printed:?}");
    std::fs::write(&file, &printed.stdout).unwrap();
    let listed = accept(&crontab, &file);
    assert_eq!(listed, printed.stdout);

    let line = listed.lines().find(|line| !line.starts_with('#')).unwrap();
    let command = line.splitn(6, ' ').nth(5).unwrap().replace("\\%", "%");
    let start = || {
        let started = Command::new("/bin/sh")
            .args(["-c", &command])
            .env_clear()
            .env("HOME", scenario.path())
            .env("LOGNAME", "nobody")
            .env("SHELL", "/bin/sh")
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .output();
        Ended::of(started.unwrap())
    };
    let first = start();
    // One seed is too few for a verdict.
    assert_eq!(first.code, Some(3), "{first:?}");
    assert!(first.stdout.contains("inbox"), "{first:?}");
    let second = start();
    assert_eq!((second.code, second.stdout.as_str(), second.stderr.as_str()), (Some(0), "", ""));
    let made = runs(&scenario);
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!((&made[0]["state"], &made[0]["tally"]["all"]["inbox"]), (&"complete".into(), &1.into()));
    assert_eq!(scenario.account.journal().sends_to("anna@plain.example"), 1);
}

/// Gives the file to cron, and what cron then has. As root it is somebody's who has no crontab of his own.
fn accept(crontab: &Path, file: &Path) -> String {
    let who: &[&str] = if rustix::process::geteuid().is_root() { &["-u", "nobody"] } else { &[] };
    let call = |words: &[&str]| Command::new(crontab).args(who).args(words).output().unwrap();
    assert!(!call(&["-l"]).status.success(), "there is a crontab already, which this test leaves alone");
    succeeded(&call(&[file.to_str().unwrap()]));
    let listed = String::from_utf8(call(&["-l"]).stdout).unwrap();
    succeeded(&call(&["-r"]));
    listed
}
