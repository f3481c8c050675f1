//! Canaries: secrets of every source are looked for in everything that the program leaves behind, in every form.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use inboxed::lab::fault::{Action, Rule, Verb};
use inboxed::lab::mailbox::{Character, Mailboxes, NewAccount, Role};
use inboxed::lab::ses::Accepted;

use crate::scenario::Scenario;

/// By source. Each holds what quoting, base64 and percent-encoding change.
const SOURCES: [&str; 9] = ["env", "file", "command", "echo", "client", "access", "aws", "smtp", "hook"];

fn canary(source: &str) -> String {
    match source {
        // A token is what RFC 6750 lets it be, an address what fits into one.
        "access" | "hook" => format!("Kan4ry-{source}-Zq7xW9vL2m"),
        _ => format!("Kan4ry/{source}+7 &\"x\\Zq7xW9vL2m"),
    }
}

/// Every form in which a secret may show: as it is, quoted, percent-encoded, and in base64 wherever in a text it begins.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![
        secret.as_bytes().to_vec(),
        secret.replace('\\', "\\\\").replace('"', "\\\"").into_bytes(),
        percent.replace('+', "%20").into_bytes(),
        percent.clone().into_bytes(),
        percent.to_ascii_lowercase().into_bytes(),
    ];
    for before in 0..3 {
        let text = [vec![b'.'; before], secret.as_bytes().to_vec()].concat();
        let whole = STANDARD.encode(text);
        // Letters at the ends depend on the neighbours.
        let inner = whole.trim_end_matches('=').to_owned();
        forms.push(inner.as_bytes()[if before == 0 { 0 } else { 4 }..inner.len() - 3].to_vec());
    }
    forms
}

fn assert_free(what: &str, bytes: &[u8]) {
    for source in SOURCES {
        for form in forms(&canary(source)) {
            let found = bytes.windows(form.len()).position(|window| window == form);
            assert!(found.is_none(), "{source} as {:?} in {what}", String::from_utf8_lossy(&form));
        }
    }
}

/// An authorization server that gives everybody the same token.
fn token_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut piece) = (Vec::new(), [0; 4096]);
            while !is_whole(&request) {
                match stream.read(&mut piece) {
                    Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
                    _ => break,
                }
            }
            let body =
                format!("{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}", canary("access"));
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length";
            // Who hung up wants no answer.
            let _unheard = stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    port
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let lower = head.to_ascii_lowercase();
    let length =
        lower.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|n| n.trim().parse().unwrap());
    body.len() >= length.unwrap_or(0)
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn deliver(mailboxes: &Mailboxes, accepted: Accepted) {
    let Accepted { recipient, message, accepted_at, .. } = accepted;
    mailboxes.deliver(&recipient, Role::Inbox, None, message, accepted_at).unwrap();
}

/// Seeds for every way in, and servers that say back what they were told.
fn set_up() -> Scenario {
    let mut scenario = Scenario::new(deliver);
    scenario.account.change(|settings| settings.smtp_password = canary("smtp"));
    scenario.by_smtp();
    let main = scenario.path().join("inboxed.toml");
    let alert = "[[alert]]\nkind = \"webhook\"\nurl = { env = \"HOOK\" }\non = [\"threshold\", \"seed\"]\n";
    fs::write(&main, fs::read_to_string(&main).unwrap() + alert).unwrap();
    private(&scenario.path().join("file.secret"), &canary("file"));
    private(&scenario.path().join("command.secret"), &canary("command"));
    let token_port = token_server();
    let oauth = format!(
        "auth = \"oauth\"\n[seed.oauth]\nflow = \"app\"\nclient_id = \"client\"\nclient_secret = {{ env = \"CLIENT\" }}\n\
         token_url = \"http://127.0.0.1:{token_port}/token\"\nscopes = [\"mail\"]\n"
    );
    let command = "secret = { command = [\"cat\", \"command.secret\"] }\n";
    for (address, character, source, further) in [
        ("anna@gmail.example", Character::Gmail, "env", "secret = { env = \"ENV\" }\n"),
        ("bert@yahoo.example", Character::Yahoo, "file", "secret = { file = \"../file.secret\" }\n"),
        ("carla@plain.example", Character::Plain, "command", command),
        ("dora@outlook.example", Character::Outlook, "access", oauth.as_str()),
        ("emil@outlook.example", Character::Outlook, "none", oauth.as_str()),
        ("frieda@plain.example", Character::Plain, "echo", "secret = { env = \"ECHO\" }\n"),
        ("gustav@plain.example", Character::Plain, "echo", "secret = { env = \"ECHO\" }\n"),
        ("hanna@plain.example", Character::Plain, "echo", "secret = { env = \"ECHO\" }\n"),
        ("ida@plain.example", Character::Plain, "none", "secret = { keyring = \"nobody's\" }\n"),
    ] {
        scenario.seed(address, character, further);
        let token = (source == "access").then(|| canary("access"));
        scenario.lab.mailboxes.open(NewAccount { token, ..NewAccount::new(character, address, &canary(source)) });
    }
    let secret = canary("echo");
    let plain = |login: &str| STANDARD.encode(format!("\0{login}\0{secret}"));
    let echo = format!("what is {secret} or {} or {}", STANDARD.encode(&secret), plain("frieda@plain.example"));
    let faults = &scenario.lab.faults;
    let refusal = Action::No(format!("[AUTHENTICATIONFAILED] {echo}"));
    faults.add(Rule::on(Verb::Authenticate, refusal).for_login("frieda@plain.example"));
    faults.add(Rule::on(Verb::List, Action::Bad(echo.clone())).for_login("gustav@plain.example"));
    faults.add(Rule::on(Verb::Authenticate, Action::Bye(echo)).for_login("hanna@plain.example"));
    scenario
}

/// Calls the program with everything logged, and watches the argument lists of all processes meanwhile.
fn call(scenario: &Scenario, arguments: &[&str]) -> Output {
    let mut command = scenario.command(arguments);
    command.env("INBOXED_LOG", "trace").env("PATH", "/usr/bin:/bin").env("AWS_SECRET_ACCESS_KEY", canary("aws"));
    for (variable, source) in [("ENV", "env"), ("ECHO", "echo"), ("CLIENT", "client"), ("SMTP", "smtp")] {
        command.env(variable, canary(source));
    }
    command.env("HOOK", format!("https://127.0.0.1:9/{}", canary("hook")));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut seen = 0_usize;
            while !over.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").unwrap().flatten() {
                    let Ok(arguments) = fs::read(process.path().join("cmdline")) else { continue };
                    if arguments.windows(7).any(|window| window == b"inboxed") {
                        seen += 1;
                    }
                    assert_free("an argument list", &arguments);
                }
            }
            seen
        });
        let output = command.output().unwrap();
        over.store(true, Ordering::Relaxed);
        assert!(watching.join().unwrap() > 0, "no argument list was read");
        output
    })
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn no_secret_of_any_source_shows_anywhere_in_any_form() {
    let scenario = set_up();
    let mut logged = 0;
    for arguments in [
        &["check", "--json"][..],
        &["check", "-vv"],
        &["run", "--wait", "3s"],
        &["sweep", "last", "--json"],
        &["show", "last", "frieda@plain.example"],
        &["seeds", "list"],
        &["report"],
        &["run", "--dry-run"],
        &["seeds", "import", "file.secret"],
    ] {
        let output = call(&scenario, arguments);
        let told = format!("{arguments:?} (exit {:?})", output.status.code());
        assert_free(&format!("standard output of {told}"), &output.stdout);
        assert_free(&format!("standard error of {told}"), &output.stderr);
        logged += output.stderr.len();
        if arguments[0] == "check" && arguments.contains(&"--json") {
            let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let seeds = document["seeds"].as_array().unwrap();
            let words: Vec<&str> = seeds.iter().map(|seed| seed["sign_in"].as_str().unwrap()).collect();
            // Every way was gone: four that lead in, and those that fail in the hands of an echo.
            let failed = ["token_refused", "wrong_password", "signed_in", "unavailable", "secret_unreadable"];
            assert_eq!(words, [&["signed_in"; 4][..], &failed].concat(), "{document}");
            assert!(String::from_utf8_lossy(&output.stdout).contains("what is … or … or …"), "{document}");
        }
    }
    assert!(logged > 1_000, "nothing was logged");
    let mut left = Vec::new();
    files(scenario.path(), &mut left);
    assert!(left.iter().any(|path| path.ends_with("inboxed.db")), "{left:?}");
    for path in left {
        assert_free("a file's name", path.display().to_string().as_bytes());
        if path.extension().is_none_or(|ending| ending != "secret") {
            assert_free(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

#[test]
fn the_search_finds_a_canary_in_each_of_its_forms() {
    let secret = canary("env");
    for text in [
        secret.clone(),
        secret.replace('\\', "\\\\").replace('"', "\\\""),
        STANDARD.encode(format!("\0anna@gmail.example\0{secret}")),
        STANDARD.encode(format!("x{secret}")),
        format!("Basic {}", STANDARD.encode(format!("id:{secret}"))),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ] {
        assert!(std::panic::catch_unwind(|| assert_free("a text", text.as_bytes())).is_err(), "{text}");
    }
    assert_free("a text", b"Kan4ry");
}
