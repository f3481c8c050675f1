//! Canaries: secrets of every source are looked for in everything that the program leaves behind, in every form.
//!
//! Sources are passwords (environment, file, command, keyring), the OAuth client's secret, access and refresh tokens and the
//! device's code, AWS keys of the environment and of a profile with their session token, the SMTP password, and the
//! addresses of webhooks. Places are the two outputs with everything logged, argument lists of all processes, the
//! database, reports and every other file by name and by content, what SES was sent and what a webhook was told.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use inboxed::lab::fault::{Action, Rule, Verb};
use inboxed::lab::mailbox::{Character, Mailboxes, NewAccount, Role};
use inboxed::lab::ses::{self, Accepted, Operation, SesFault, SmtpFault, SmtpStep};
use serde_json::{Value, json};

use crate::real::keyring::Keyring;
use crate::scenario::Scenario;

/// By source. Each holds what quoting, base64 and percent-encoding change, as far as its place allows.
const SOURCES: [&str; 14] = [
    "env", "file", "command", "keyring", "echo", "client", "access", "refresh", "device", "aws", "session", "profile",
    "smtp", "hook",
];

/// The variables that hold some of them.
const VARIABLES: [(&str, &str); 6] = [
    ("ENV", "env"),
    ("ECHO", "echo"),
    ("CLIENT", "client"),
    ("SMTP", "smtp"),
    ("AWS_SECRET_ACCESS_KEY", "aws"),
    ("AWS_SESSION_TOKEN", "session"),
];

fn canary(source: &str) -> String {
    match source {
        // A token is what RFC 6750 lets it be, an address what fits into one, and a profile has lines of its own.
        "access" | "hook" | "session" | "profile" => format!("Kan4ry-{source}-Zq7xW9vL2m"),
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

/// All forms of all sources.
static FORMS: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    SOURCES.iter().flat_map(|source| forms(&canary(source)).into_iter().map(move |form| (*source, form))).collect()
});

fn assert_free(what: &str, bytes: &[u8]) {
    assert_free_but(&[], what, bytes);
}

/// The same where some sources have their place.
fn assert_free_but(excepted: &[&str], what: &str, bytes: &[u8]) {
    for (source, form) in FORMS.iter().filter(|(source, _)| !excepted.contains(source)) {
        let first = form[0];
        let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(at, _)| at);
        for at in starts {
            assert!(!bytes[at..].starts_with(form), "{source} as {:?} in {what}", String::from_utf8_lossy(form));
        }
    }
}

/// One request: its head and its body.
fn request(stream: &mut TcpStream) -> String {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let lower = head.to_ascii_lowercase();
    let length =
        lower.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|n| n.trim().parse().unwrap());
    body.len() >= length.unwrap_or(0)
}

/// Answers each request with a status and a body.
fn serve(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (status, body) = answer(&request(&mut stream));
            let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close");
            // Who hung up wants no answer.
            let _unheard =
                stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    port
}

/// An authorization server that gives everybody the same tokens, for a second; at `/echo`, and when it is `sour`, it
/// refuses and says back what it was told.
fn token_server(sour: Arc<AtomicBool>) -> u16 {
    serve(move |request| {
        let (head, form) = request.split_once("\r\n\r\n").unwrap_or_default();
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
        if head.starts_with("POST /device ") {
            let device = json!({
                "device_code": canary("device"), "user_code": "ABCD-EFGH", "expires_in": 600, "interval": 1,
                "verification_uri": "http://127.0.0.1/there",
            });
            return (200, device.to_string());
        }
        if head.starts_with("POST /echo ") || sour.load(Ordering::SeqCst) {
            let basic = head.lines().find_map(|line| line.strip_prefix("authorization: Basic ")).unwrap_or_default();
            let told = field("refresh_token").or(field("client_secret")).unwrap_or_else(|| canary("client"));
            let words = format!("what is {told} or {basic}?\nsecond line");
            let body = json!({"error": "invalid_grant", "error_description": words}).to_string();
            // Some escape more than they must.
            return (400, body.replace('/', "\\/").replace('+', "\\u002b"));
        }
        let mut tokens = json!({"access_token": canary("access"), "token_type": "Bearer", "expires_in": 3600});
        if field("grant_type").is_some_and(|kind| kind != "client_credentials") {
            tokens["refresh_token"] = canary("refresh").into();
            tokens["expires_in"] = 1.into();
        }
        (200, tokens.to_string())
    })
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn deliver(mailboxes: &Mailboxes, accepted: Accepted) {
    let Accepted { recipient, message, accepted_at, .. } = accepted;
    mailboxes.deliver(&recipient, Role::Inbox, None, message, accepted_at).unwrap();
}

/// The program with a secret from every source, and servers that say back what they were told.
struct Bench {
    scenario: Scenario,
    keyring: Option<Keyring>,
    sour: Arc<AtomicBool>,
    /// What the webhooks were told.
    told: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new(keyring: Option<Keyring>) -> Self {
        let (sour, told) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<String>>>::default());
        let mut scenario = Scenario::new(deliver);
        scenario.account.change(|settings| settings.smtp_password = canary("smtp"));
        scenario.by_smtp();
        let book = Arc::clone(&told);
        let hook = serve(move |request| {
            book.lock().unwrap().push(request.to_owned());
            // Some receivers say back what they were sent.
            (200, request.to_owned())
        });
        private(&scenario.path().join("hook.secret"), &format!("http://127.0.0.1:{hook}/{0}?key={0}", canary("hook")));
        private(&scenario.path().join("down.secret"), &format!("https://127.0.0.1:9/{0}?key={0}", canary("hook")));
        private(&scenario.path().join("file.secret"), &canary("file"));
        private(&scenario.path().join("command.secret"), &canary("command"));
        fs::create_dir(scenario.path().join(".aws")).unwrap();
        let profile =
            format!("[shop]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {}\n", canary("profile"));
        private(&scenario.path().join(".aws/credentials"), &profile);
        let main = scenario.path().join("inboxed.toml");
        let place = if keyring.is_some() { "tokens = \"keyring\"\n" } else { "" };
        let further = "[[stream]]\nname = \"api\"\nmessage = \"m.eml\"\n\
            [[alert]]\nkind = \"webhook\"\nurl = { file = \"hook.secret\" }\n\
            [[alert]]\nkind = \"heartbeat\"\nurl = { file = \"hook.secret\" }\n\
            [[alert]]\nkind = \"slack\"\nurl = { file = \"down.secret\" }\n\
            [[alert]]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"cat >> told.txt\"]\n";
        fs::write(&main, format!("{place}{}{further}", fs::read_to_string(&main).unwrap())).unwrap();
        let bench = Self { scenario, keyring, sour, told };
        bench.with_seeds()
    }

    fn with_seeds(mut self) -> Self {
        let port = token_server(Arc::clone(&self.sour));
        let oauth = |flow: &str, token: &str| {
            format!(
                "auth = \"oauth\"\n[seed.oauth]\nflow = \"{flow}\"\nclient_id = \"client\"\nclient_secret = {{ env = \"CLIENT\" \
                 }}\ntoken_url = \"http://127.0.0.1:{port}/{token}\"\ndevice_url = \"http://127.0.0.1:{port}/device\"\n\
                 scopes = [\"mail\"]\n"
            )
        };
        let (app, device, echo) = (oauth("app", "token"), oauth("device", "token"), oauth("app", "echo"));
        let (of_echo, of_keyring) = ("secret = { env = \"ECHO\" }\n", "secret = { keyring = \"ida\" }\n");
        for (address, character, source, further) in [
            ("anna@gmail.example", Character::Gmail, "env", "secret = { env = \"ENV\" }\n"),
            ("bert@yahoo.example", Character::Yahoo, "file", "secret = { file = \"../file.secret\" }\n"),
            (
                "carla@plain.example",
                Character::Plain,
                "command",
                "secret = { command = [\"cat\", \"command.secret\"] }\n",
            ),
            ("dora@outlook.example", Character::Outlook, "access", app.as_str()),
            ("emil@outlook.example", Character::Outlook, "none", app.as_str()),
            ("frieda@plain.example", Character::Plain, "echo", of_echo),
            ("gustav@plain.example", Character::Plain, "echo", of_echo),
            ("hanna@plain.example", Character::Plain, "echo", of_echo),
            ("ida@plain.example", Character::Plain, "keyring", of_keyring),
            ("jana@outlook.example", Character::Outlook, "access", device.as_str()),
            ("karl@outlook.example", Character::Outlook, "access", echo.as_str()),
        ] {
            self.scenario.seed(address, character, further);
            let token = (source == "access").then(|| canary("access"));
            let account = NewAccount { token, ..NewAccount::new(character, address, &canary(source)) };
            self.scenario.lab.mailboxes.open(account);
        }
        if let Some(keyring) = &self.keyring {
            keyring.store("ida", &canary("keyring"));
        }
        let secret = canary("echo");
        let plain = |login: &str| STANDARD.encode(format!("\0{login}\0{secret}"));
        let echo = format!("what is {secret} or {} or {}", STANDARD.encode(&secret), plain("frieda@plain.example"));
        let faults = &self.scenario.lab.faults;
        let refusal = Action::No(format!("[AUTHENTICATIONFAILED] {echo}"));
        faults.add(Rule::on(Verb::Authenticate, refusal).for_login("frieda@plain.example"));
        faults.add(Rule::on(Verb::List, Action::Bad(echo.clone())).for_login("gustav@plain.example"));
        faults.add(Rule::on(Verb::Authenticate, Action::Bye(echo)).for_login("hanna@plain.example"));
        self
    }

    /// Calls the program with everything logged, by the keys of the environment or those of the profile. Nothing shows in
    /// its outputs, nor meanwhile in the argument list of any process.
    fn call(&self, arguments: &[&str], by_profile: bool) -> Output {
        let mut command = self.scenario.command(arguments);
        command.env("INBOXED_LOG", "trace").env("PATH", "/usr/bin:/bin");
        command.envs(VARIABLES.map(|(variable, source)| (variable, canary(source))));
        command.envs(self.keyring.iter().flat_map(Keyring::environment));
        if by_profile {
            command.env("AWS_PROFILE", "shop");
            for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
                command.env_remove(variable);
            }
        }
        let over = AtomicBool::new(false);
        let output = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch_argument_lists(&over));
            let output = command.output().unwrap();
            over.store(true, Ordering::Relaxed);
            assert!(watching.join().unwrap() > 0, "no argument list was read");
            output
        });
        let told = format!("{arguments:?} (exit {:?})", output.status.code());
        assert_free(&format!("standard output of {told}"), &output.stdout);
        assert_free(&format!("standard error of {told}"), &output.stderr);
        assert!(output.status.code().is_some_and(|code| code != 70 && code != 64), "{told}: {output:?}");
        output
    }

    /// The outcomes of the sign-ins in a check, by the seeds' order.
    fn check(&self, by_profile: bool) -> (Vec<String>, Value) {
        let document: Value =
            serde_json::from_slice(&self.call(&["check", "--json", "--again"], by_profile).stdout).unwrap();
        let seeds = document["seeds"].as_array().unwrap();
        (seeds.iter().map(|seed| seed["sign_in"].as_str().unwrap().to_owned()).collect(), document)
    }
}

/// Reads all argument lists again and again; how many of them were the program's.
fn watch_argument_lists(over: &AtomicBool) -> usize {
    let mut seen = 0;
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
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Whether a file is one of the places where a secret belongs.
fn is_of_secrets(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "secret")
        || path.ends_with(".aws/credentials")
        || path.extension().is_some_and(|ending| ending == "json") && path.parent().unwrap().ends_with("tokens")
}

fn go_through(bench: &Bench) {
    // A person consents: the tokens of jana come by a device's code.
    let sign_in = bench.call(&["seeds", "sign-in", "jana@outlook.example", "--json"], false);
    assert_eq!(sign_in.status.code(), Some(0), "{sign_in:?}");
    let in_keyring = bench.keyring.is_some();
    // Every way was gone: those that lead in, and those that fail in the hands of an echo.
    let by_keyring = if in_keyring { "signed_in" } else { "secret_unreadable" };
    let failed = ["token_refused", "wrong_password", "signed_in", "unavailable", by_keyring, "signed_in"];
    let wanted = [&["signed_in"; 4][..], &failed, &["consent_withdrawn"]].concat();
    for by_profile in [false, true] {
        let (words, document) = bench.check(by_profile);
        assert_eq!(words, wanted, "{document}");
        let told = document.to_string();
        assert!(told.contains("what is … or … or …") && told.contains("what is … or …?"), "{document}");
        assert_eq!(bench.call(&["check", "-vv"], by_profile).status.code(), Some(1));
    }
    let account = &bench.scenario.account;
    for (arguments, by_profile) in [
        (&["run", "--wait", "4s"][..], false),
        (&["run", "api", "--wait", "4s", "--json"], true),
        (&["sweep", "last", "--json"], false),
        (&["show", "last", "frieda@plain.example"], false),
        (&["runs", "--json"], false),
        (&["seeds", "list", "--json"], false),
        (&["report", "--lang", "de", "--show"], false),
        (&["status", "--metrics", "inboxed.prom"], false),
        (&["diagnose"], false),
        (&["compare", "--before", "1", "--after", "2"], false),
        (&["alerts", "test"], false),
        (&["export"], false),
        (&["backup", "copy.db"], false),
        (&["schedule", "print"], false),
        (&["schedule", "print", "--kind", "cron"], false),
        (&["run", "--dry-run"], false),
        (&["seeds", "import", "file.secret"], false),
        (&["inspect", "file.secret"], false),
        (&["import", "command.secret"], false),
    ] {
        let output = bench.call(arguments, by_profile);
        assert!(
            arguments[0] != "run" || output.status.code() == Some(3) || output.status.code() == Some(0),
            "{output:?}"
        );
        if arguments == ["export"] {
            fs::write(bench.scenario.path().join("export.csv"), &output.stdout).unwrap();
        }
    }
    if !in_keyring {
        // Nothing of a keyring gets near a report, which takes long to draw.
        assert_eq!(bench.call(&["report"], false).status.code(), Some(0));
    }
    let journal = account.journal();
    assert!(journal.smtp_sessions().iter().any(|session| session.user.is_some()), "SMTP was signed in to");
    assert!(journal.calls_of(Operation::SendEmail).iter().any(|call| call.request != "SMTP"), "the API was used");

    // Servers that repeat what they were sent: SES what it could not verify, SMTP and OAuth what they refuse.
    let canonical = format!("x-amz-security-token:{}\n{}", canary("session"), canary("aws"));
    let words = format!("The signature does not match.\n\nThe Canonical String should have been\n'{canonical}'");
    account
        .faults()
        .add(ses::Rule::on(Operation::GetAccount, SesFault::refusal(403, "SignatureDoesNotMatch", &words)).once());
    assert_eq!(bench.call(&["check"], false).status.code(), Some(2), "it cannot send");
    let echo = format!("535 what is {} or {}", canary("smtp"), STANDARD.encode(canary("smtp")));
    account.smtp_faults().add(ses::Rule::on(SmtpStep::Auth, SmtpFault::Reply(echo)));
    bench.call(&["run", "news", "--wait", "3s", "--json"], false);
    assert!(account.faults().strikes() == 1 && account.smtp_faults().strikes() > 0);
    bench.sour.store(true, Ordering::SeqCst);
    // Whether her token has run out by now or not, it must be renewed.
    bench.scenario.lab.mailboxes.set_token("jana@outlook.example", Some("another")).unwrap();
    let (words, document) = bench.check(false);
    assert_eq!(words[9], "consent_withdrawn", "{document}");
}

/// What is left when all is over, by name and by content, and what others were told.
fn look_around(bench: &Bench) {
    let mut left = Vec::new();
    files(bench.scenario.path(), &mut left);
    let ends = |ending: &str| left.iter().any(|path| path.to_string_lossy().ends_with(ending));
    for ending in ["inboxed.db", "inboxed.db.key", "copy.db", "export.csv", "inboxed.prom", "told.txt"] {
        assert!(ends(ending), "no {ending} among {left:?}");
    }
    assert!(
        bench.keyring.is_some() || [".html", ".png", ".csv", ".json"].iter().all(|ending| ends(ending)),
        "{left:?}"
    );
    let kept = left.iter().find(|path| path.parent().unwrap().ends_with("tokens") && is_of_secrets(path));
    assert_eq!(kept.is_some(), bench.keyring.is_none(), "{left:?}");
    for path in &left {
        assert_free("a file's name", path.display().to_string().as_bytes());
        if !is_of_secrets(path) {
            assert_free(&path.display().to_string(), &fs::read(path).unwrap());
        }
    }
    if let Some(kept) = kept {
        assert!(fs::read_to_string(kept).unwrap().contains(&canary("access")), "there they belong");
        assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    if let Some(keyring) = &bench.keyring {
        assert!(SOURCES.iter().all(|source| !keyring.shows(&canary(source))), "the keyring encrypts");
    }
    for call in bench.scenario.account.journal().calls() {
        assert_free("a message for SES", &call.message);
        assert_free("a question to SES", call.request.as_bytes());
    }
    let told = bench.told.lock().unwrap();
    assert!(
        told.iter().any(|request| request.starts_with("POST "))
            && told.iter().any(|request| request.starts_with("GET "))
    );
    for request in told.iter() {
        let (line, rest) = request.split_once("\r\n").unwrap();
        assert_eq!(line.matches(&canary("hook")).count(), 2, "the address with its path and query: {line}");
        assert_free("what a webhook is told", rest.as_bytes());
    }
}

#[test]
fn no_secret_of_any_source_shows_anywhere_in_any_form() {
    let bench = Bench::new(None);
    go_through(&bench);
    look_around(&bench);
}

#[test]
fn nor_does_one_that_the_keyring_keeps() {
    let Some(keyring) = Keyring::start("secrets and tokens of a keyring") else { return };
    let bench = Bench::new(Some(keyring));
    go_through(&bench);
    look_around(&bench);
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
