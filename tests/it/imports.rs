//! `seeds import` through the binary: what is taken, what is refused, and that nothing else changes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("inboxed.toml", config.as_bytes());
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Exit code, standard output, standard error.
    fn call(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inboxed"));
        let ended = command.current_dir(self.path()).env_clear().args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
    }

    fn seeds(&self) -> Value {
        let (code, stdout, stderr) = self.call(&["seeds", "list", "--json"]);
        assert_eq!(code, 0, "{stderr}");
        serde_json::from_str(&stdout).unwrap()
    }

    /// Every file, with its bytes.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut waiting = vec![self.path().to_owned()];
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    files.push((path.display().to_string(), fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}

const SHEET: &str = "address,provider,login,auth,secret,labels\n\
    anna@gmail.com,,,,env:ANNA,b2c;old\n\
    bert@shop.example,google-workspace,bert,password,\"command:pass show \"\"seeds bert\"\"\",\n\
    carla@outlook.com,,,,,\n\
    dora@yahoo.com,,,,file:secrets/dora,\n";

#[test]
fn a_sheet_becomes_seeds_and_the_second_import_changes_nothing() {
    let place = Place::new("seeds = [\"seeds/*.toml\"]\n");
    place.write("lists/new.csv", SHEET.as_bytes());
    let (code, stdout, stderr) = place.call(&["seeds", "import", "lists/new.csv"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(
        stdout,
        "added anna@gmail.com: gmail (guessed from its domain)\nadded bert@shop.example: google-workspace\nadded \
         carla@outlook.com: outlook (guessed from its domain)\nadded dora@yahoo.com: yahoo (guessed from its domain)\n4 seeds \
         added to seeds/imported.toml, 0 there already\n"
    );
    let seeds = place.seeds();
    let shown: Vec<_> = seeds["seeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seed| (&seed["address"], &seed["login"], &seed["auth"], &seed["secret"], &seed["labels"]))
        .map(|(address, login, auth, secret, labels)| json!([address, login, auth, secret, labels]))
        .collect();
    assert_eq!(
        shown,
        [
            json!(["anna@gmail.com", "anna@gmail.com", "password", "env ANNA", ["b2c", "old"]]),
            json!(["bert@shop.example", "bert", "password", "command pass", []]),
            json!(["carla@outlook.com", "carla@outlook.com", "oauth", null, []]),
            // A path of the sheet is that of the sheet's directory, also when seen from the list's.
            json!(["dora@yahoo.com", "dora@yahoo.com", "password", "file seeds/../lists/secrets/dora", []]),
        ]
    );
    let before = place.files();
    let (code, stdout, _) = place.call(&["seeds", "import", "lists/new.csv"]);
    assert_eq!((code, stdout.as_str()), (0, "0 seeds added to seeds/imported.toml, 4 there already\n"));
    let (_, stdout, _) = place.call(&["seeds", "import", "lists/new.csv", "--json"]);
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((document["added"].as_array().unwrap().len(), document["unchanged"].as_array().unwrap().len()), (0, 4));
    assert_eq!(place.files(), before);
}

#[test]
fn wrong_rows_are_named_and_the_good_ones_kept() {
    let list = "# mine\n[[seed]]\naddress = \"anna@gmail.com\"  # the first\nprovider = \"gmail\"\nsecret = { env = \"OTHER\" }";
    let place = Place::new("seeds = [\"seeds/*.toml\"]\n");
    place.write("seeds/imported.toml", list.as_bytes());
    fs::set_permissions(place.path().join("seeds/imported.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    let sheet =
        SHEET.replace("file:secrets/dora", "hunter2") + "emil@gmail.com,,,,env:EMIL,\nEMIL@gmail.com,,,,env:EMIL,\n";
    place.write("new.csv", sheet.as_bytes());
    let (code, stdout, stderr) = place.call(&["seeds", "import", "new.csv", "--json"]);
    assert_eq!((code, stdout.as_str()), (65, ""));
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines[0], "inboxed: new.csv: 3 rows left out; 3 seeds added to seeds/imported.toml, 0 there already");
    for (line, wanted) in lines[1..].iter().zip([
        "  new.csv:2: anna@gmail.com is a seed already, at seeds/imported.toml:2, with another secret; change it there, or",
        "  new.csv:5: secret: must say where it lies and must not be the secret itself",
        "  new.csv:7: EMIL@gmail.com stands in line 6 already",
    ]) {
        assert!(line.starts_with(wanted), "{line}");
    }
    assert!(!stderr.contains("hunter2"));
    let written = place.read("seeds/imported.toml");
    // What was there stays byte for byte, comments and all.
    assert!(written.starts_with(&format!("{list}\n\n[[seed]]\naddress = \"bert@shop.example\"\n")), "{written}");
    assert!(!written.contains("hunter2"));
    let mode = fs::metadata(place.path().join("seeds/imported.toml")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);
    assert_eq!(place.seeds()["seeds"].as_array().unwrap().len(), 4);
}

#[test]
fn a_sheet_that_was_cut_off_within_quotes_is_told() {
    let place = Place::new("seeds = [\"seeds/*.toml\"]\n");
    place.write("cut.csv", b"address,secret\r\nanna@gmail.com,env:A\r\nbert@gmail.com,\"env:B");
    let (code, _, stderr) = place.call(&["seeds", "import", "cut.csv"]);
    assert_eq!(code, 65);
    assert!(stderr.contains("cut.csv:3: a quote that is opened here is not closed"), "{stderr}");
    assert_eq!(place.seeds()["seeds"].as_array().unwrap().len(), 1);
}

#[test]
fn the_list_is_one_that_the_configuration_reads() {
    for (patterns, wanted) in [
        ("[\"seeds/*.toml\"]", Some("seeds/imported.toml")),
        ("[\"a.toml\", \"more/[a-z]*.toml\"]", Some("more/imported.toml")),
        ("[\"a.toml\"]", Some("a.toml")),
        ("[\"seeds/x*.toml\"]", None),
    ] {
        let place = Place::new(&format!("seeds = {patterns}\n"));
        place.write("a.toml", b"# empty so far\n");
        place.write("new.csv", b"address,secret\nanna@gmail.com,env:A\n");
        let before = place.files();
        let (code, _, stderr) = place.call(&["seeds", "import", "new.csv"]);
        if let Some(list) = wanted {
            assert_eq!(code, 0, "{patterns}: {stderr}");
            assert!(place.read(list).contains("anna@gmail.com"), "{patterns}");
            assert_eq!(place.seeds()["seeds"].as_array().unwrap().len(), 1, "{patterns}");
        } else {
            assert_eq!(code, 65);
            assert!(stderr.contains("names no file that imported seeds could go to; add \"seeds/*.toml\""), "{stderr}");
            assert_eq!(place.files(), before);
        }
    }
}

#[test]
fn a_sheet_that_cannot_be_read_changes_nothing() {
    let place = Place::new("");
    place.write("empty.csv", b"");
    place.write("headless.csv", b"anna@gmail.com,hunter2\n");
    let before = place.files();
    for (file, wanted) in [
        ("none.csv", "inboxed: none.csv: cannot be read: No such file or directory"),
        ("empty.csv", "inboxed: empty.csv: it is empty; its first line names the columns"),
        ("headless.csv", "inboxed: headless.csv:1: the first line must name the columns"),
    ] {
        let (code, stdout, stderr) = place.call(&["seeds", "import", file]);
        assert_eq!((code, stdout.as_str()), (65, ""), "{file}");
        assert!(stderr.starts_with(wanted) && !stderr.contains("hunter2"), "{stderr}");
    }
    assert_eq!(place.files(), before);
}
