//! Secrets in files that a service manager hands over: the file itself counts as long as it can be read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use inboxed::lab::mailbox::Character;

use crate::scenario::{PASSWORD, Scenario};

const SEED: &str = "anna@plain.example";

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_secret_comes_from_its_file_and_from_the_manager_s_copy_where_the_file_is_gone() {
    let mut scenario = Scenario::new(|_, _| {});
    scenario.seed(SEED, Character::Plain, "secret = { file = \"../seed.secret\" }\n");
    let file = scenario.path().join("seed.secret");
    write(&file, PASSWORD, 0o600);
    let unit = scenario.call("", &["schedule", "print", "--kind", "systemd", "--daemon", "--quiet"]);
    let named = unit.stdout.lines().find_map(|line| line.strip_prefix("LoadCredential=secret-")).unwrap();
    let name = format!("secret-{}", named.split_once(':').unwrap().0);
    let default = format!("SetCredential={name}:\\x00");
    assert!(
        unit.stdout.lines().any(|line| line == default),
        "a file that is gone keeps no service from starting: {unit:?}"
    );
    let directory = scenario.path().join("credentials");
    std::fs::create_dir(&directory).unwrap();
    let copy = directory.join(name);

    // What `check` says of the seed.
    let found = |told: &str| {
        let mut command = scenario.command(&["check", "--json"]);
        let ended = crate::scenario::Ended::of(command.env("CREDENTIALS_DIRECTORY", &directory).output().unwrap());
        let document = ended.json();
        let checks = document["checks"].as_array().unwrap();
        let seed = checks.iter().find(|check| check["part"] == "seed").unwrap_or_else(|| panic!("{told}: {document}"));
        (seed["verdict"].as_str().unwrap().to_owned(), seed["found"].as_str().unwrap().to_owned())
    };
    write(&copy, "an older password", 0o440);
    assert_eq!(found("the file is newer than the copy").0, "ok");
    write(&file, PASSWORD, 0o644);
    write(&copy, PASSWORD, 0o440);
    let (verdict, why) = found("a fault of the file is not hidden by the copy");
    assert!(verdict == "critical" && why.contains("chmod 600"), "{why}");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(found("the file is gone, the copy is there").0, "ok");
    write(&copy, "\0", 0o440);
    let (verdict, why) = found("the file was gone when the service began");
    assert!(verdict == "critical" && why.contains("No such file or directory"), "{why}");
}
