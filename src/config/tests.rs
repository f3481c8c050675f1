use std::fs;
use std::path::Path;

use super::*;

const STREAM: &str = "[[stream]]\nname = \"news\"\nmessage = \"m.eml\"\n";
const SEED: &str = "[[seed]]\naddress = \"anna@gmail.com\"\nprovider = \"gmail\"\nsecret = { env = \"P\" }\n";

/// Loads a configuration made of these files; the directory is left out of the sentences.
fn load(main: &str, seeds: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("seeds")).unwrap();
    fs::write(path("m.eml"), "From: a@shop.example\r\n\r\nhello\r\n").unwrap();
    fs::write(path("inboxed.toml"), main).unwrap();
    fs::write(path("seeds/a.toml"), seeds).unwrap();
    let shorten = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
    Config::load(&path("inboxed.toml")).map_err(|faults| shorten(faults.to_string()))
}

#[test]
fn every_fault_names_file_line_key_and_remedy() {
    let seed = |extra: &str| format!("{SEED}{extra}\n");
    let rows: [(&str, String, &str); 14] = [
        ("datebase = \"x\"\n", seed(""), "inboxed.toml:1: unknown key `datebase`; did you mean `database`?"),
        ("[run]\nwait = 15\n", seed(""), "inboxed.toml:2: run.wait: must be a text in quotes, not an integer"),
        (
            "[run]\nwait = \"15 min\"\n",
            seed(""),
            "inboxed.toml:2: run.wait: '15 min' is not a duration; write a number and s, m, h, d or w, such as 90s or 15m",
        ),
        ("[ses\n", seed(""), "inboxed.toml:1: not valid TOML: "),
        (
            "[thresholds]\ninbox_warn = 1.5\n",
            seed(""),
            "inboxed.toml:2: thresholds.inbox_warn: must be a number from 0 to 1",
        ),
        (
            "[thresholds]\ninbox_crit = 0.9\n",
            seed(""),
            "inboxed.toml:1: thresholds: inbox_crit must not be above inbox_warn",
        ),
        (
            "seeds = [\"none.toml\"]\n",
            seed(""),
            "inboxed.toml: seeds: none.toml does not exist; create it or take it out of the list",
        ),
        ("[[stream]]\nname = \"news\"\n", seed(""), "inboxed.toml:1: [[stream]] 1: `message` is missing"),
        (
            "[[stream]]\nname = \"news\"\nmessage = \"x.eml\"\n",
            seed(""),
            "inboxed.toml:3: [[stream]] 1.message: x.eml does not exist; give the path of an .eml file",
        ),
        ("", seed("junc = \"Bulk\""), "seeds/a.toml:5: unknown key `[[seed]] 1.junc`; did you mean `junk`?"),
        (
            "",
            SEED.replace("gmail\"", "gmial\""),
            "seeds/a.toml:3: [[seed]] 1.provider: there is no provider \"gmial\"; did you mean \"gmail\"?",
        ),
        (
            "",
            format!("{SEED}\n{}", SEED.replace("anna", "ANNA")),
            "seeds/a.toml:6: ANNA@gmail.com is listed twice, first at seeds/a.toml:1; a seed may be listed once",
        ),
        (
            "",
            SEED.replace("gmail\"", "generic\""),
            "seeds/a.toml:1: [[seed]] 1: `host` is missing: the preset generic names none",
        ),
        (
            "",
            SEED.replace("env = \"P\"", ""),
            "seeds/a.toml:4: [[seed]] 1.secret: names no place; write one of command, env, file, keyring",
        ),
    ];
    for (main, seeds, sentence) in rows {
        let found = load(main, &seeds).map(|_| ()).unwrap_err();
        assert!(found.starts_with(sentence), "{main}{seeds}\n found: {found}\nwanted: {sentence}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let found = load("", &SEED.replace("{ env = \"P\" }", "\"hunter2\"")).map(|_| ()).unwrap_err();
    assert!(found.starts_with("seeds/a.toml:4: [[seed]] 1.secret: a secret must not stand in this file"), "{found}");
    assert!(!found.contains("hunter2"));
}

#[test]
fn all_faults_are_told_at_once() {
    let found = load("[ses]\nregion = \"Frankfurt\"\n[run]\nmax_connections = 0\n", SEED).map(|_| ()).unwrap_err();
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[test]
fn a_preset_fills_what_a_seed_leaves_open_and_an_explicit_key_wins() {
    let config = load(STREAM, &format!("{SEED}host = \"127.0.0.1\"\nport = 1993\n")).unwrap();
    let seed = &config.seeds.first().unwrap().seed;
    assert_eq!((seed.host.as_str(), seed.port, seed.login.as_str()), ("127.0.0.1", 1993, "anna@gmail.com"));
    let config = load(STREAM, SEED).unwrap();
    assert_eq!(config.seeds.first().unwrap().seed.host, "imap.gmail.com");
    assert_eq!(config.streams.first().unwrap().transport, Transport::Api);
}

#[test]
fn the_documented_file_is_accepted() {
    let main = format!(
        "database = \"inboxed.db\"\nseeds = [\"seeds/*.toml\"]\nproviders = [\"providers/*.toml\"]\ntokens = \"tokens\"\n\
         reports = \"reports\"\n[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"http://127.0.0.1:4579\"\n[run]\n\
         wait = \"15m\"\nmax_connections = 200\n[dns]\nresolver = \"127.0.0.1:5353\"\n[judge]\n\
         promotions_as_inbox = false\nconfidence = 0.95\n[thresholds]\ninbox_warn = 0.80\ninbox_crit = 0.60\n\
         spam_warn = 0.10\nspam_crit = 0.20\n[weights]\ngmail = 0.5\n[schedule]\nevery = \"7d\"\nat = \"Mon 06:00\"\n\
         zone = \"Europe/Berlin\"\n[[alert]]\nkind = \"webhook\"\nurl = {{ env = \"ALERT_URL\" }}\n\
         on = [\"threshold\", \"recovery\", \"seed\", \"dns\", \"unjudged\"]\n{STREAM}kind = \"marketing\"\n\
         from = \"News <news@shop.example>\"\ntransport = \"ses-api\"\nconfiguration_set = \"marketing\"\n\
         region = \"us-east-1\"\ncontrol = false\ntag = \"header\"\n"
    );
    let config = load(&main, SEED).unwrap();
    assert_eq!(config.run.wait.as_secs(), 900);
    assert_eq!(config.streams.len(), 1);
}

#[test]
fn every_preset_compiled_in_is_without_fault_and_knows_its_spam_folder_or_asks_for_special_use() {
    let presets = preset::built_in().unwrap();
    assert_eq!(presets.len(), 12);
    for (name, provider) in presets {
        assert_eq!(provider.host.is_none(), name.as_str() == "generic");
        assert!(!provider.sign_in_help.is_empty(), "{}", name.as_str());
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/providers/gmail.toml").is_file());
}
