//! Signing in by OAuth, from the first consent to the end of it, against servers that others wrote: oidc-provider gives the
//! tokens, and Dovecot asks it whose they are before it opens a mailbox (RFC 7662).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use super::dovecot::{Dovecot, Options, address};
use super::issuer::{Browser, Issuer};
use super::keyring::Keyring;
use super::ses::{Accepted, Endpoint};

/// The client's secret, which must be seen nowhere.
const APP_SECRET: &str = "canary of the app";

/// The fourth seed is opened by a client by itself, the others by their owners' consent.
const APP_SEED: usize = 4;

/// Both servers, and the program with a directory of its own.
struct Bench {
    issuer: Issuer,
    dovecot: Arc<Dovecot>,
    directory: TempDir,
    /// What else the program finds in its environment.
    environment: Vec<(&'static str, String)>,
}

/// How a call of the program ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    signal: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// What `check` says of a seed: how it signed in, and the sentence.
    fn seed(&self, seed: usize) -> (String, String) {
        let document = self.json();
        let rows = document["checks"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == address(seed).as_str()).unwrap();
        (row["sign_in"].as_str().unwrap_or_default().to_owned(), row["found"].as_str().unwrap().to_owned())
    }
}

impl Bench {
    fn start(test: &str, mechanism: &str) -> Option<Self> {
        let issuer = Issuer::start(test)?;
        let options =
            Options { seeds: 4, folders: &["Junk"], special_use: &[("Junk", "\\Junk")], ..Options::default() };
        let dovecot = Dovecot::start_with_issuer(test, &options, mechanism, &issuer.introspection_url())?;
        let directory = tempfile::Builder::new().prefix("inboxed-oauth-").tempdir().unwrap();
        let bench = Self { issuer, dovecot: Arc::new(dovecot), directory, environment: Vec::new() };
        bench.configure("http://127.0.0.1:9");
        Some(bench)
    }

    fn configure(&self, ses: &str) {
        let root = self.directory.path();
        for part in ["seeds", "providers", "messages"] {
            fs::create_dir_all(root.join(part)).unwrap();
        }
        let main = format!(
            "seeds = [\"seeds/*.toml\"]\nproviders = [\"providers/*.toml\"]\n[ses]\nregion = \"eu-central-1\"\n\
             endpoint_url = \"{ses}\"\n[dns]\nresolver = \"127.0.0.1:9\"\n[run]\nmax_connections = 1\n[oauth.tests]\nclient_id = \"inboxed-tests\"\n\
             [[stream]]\nname = \"news\"\nkind = \"marketing\"\nfrom = \"News <news@shop.example>\"\n\
             message = \"messages/week.eml\"\n"
        );
        fs::write(root.join("inboxed.toml"), main).unwrap();
        let provider = format!(
            "name = \"tests\"\ntitle = \"Tests\"\nmailbox_sign_ins = 1000\n[oauth]\nauth_url = \"{}\"\ntoken_url = \"{}\"\n\
             device_url = \"{}\"\nscopes = [\"openid\", \"mail\", \"offline_access\"]\napp_scopes = [\"mail\"]\n\
             [oauth.parameters]\nprompt = \"consent\"\n",
            self.issuer.url("/auth"),
            self.issuer.url("/token"),
            self.issuer.url("/device/auth"),
        );
        fs::write(root.join("providers/tests.toml"), provider).unwrap();
        fs::write(root.join("messages/week.eml"), "From: News <news@shop.example>\nSubject: week\n\nHello.\n").unwrap();
        for seed in 1..=APP_SEED {
            self.list(seed);
        }
    }

    fn list(&self, seed: usize) {
        let own =
            "[seed.oauth]\nflow = \"app\"\nclient_id = \"inboxed-app\"\nclient_secret = { env = \"APP_SECRET\" }\n";
        let own = if seed == APP_SEED { own } else { "" };
        let text = format!(
            "[[seed]]\naddress = \"{}\"\nprovider = \"tests\"\nauth = \"oauth\"\nhost = \"127.0.0.1\"\nport = {}\n\
             ca_file = \"{}\"\n{own}",
            address(seed),
            self.dovecot.imaps(),
            self.dovecot.ca_file().display(),
        );
        fs::write(self.directory.path().join(format!("seeds/{seed}.toml")), text).unwrap();
    }

    /// Leaves only these seeds in the lists.
    fn only(&self, seeds: &[usize]) {
        for seed in (1..=APP_SEED).filter(|seed| !seeds.contains(seed)) {
            fs::remove_file(self.directory.path().join(format!("seeds/{seed}.toml"))).ok();
        }
    }

    /// Calls the program. `heed` gets each line on standard error as it comes.
    fn call(&self, points: &str, arguments: &[&str], mut heed: impl FnMut(&str)) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_inboxed"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("APP_SECRET", APP_SECRET)
            .env("FAILPOINTS", points)
            .env("INBOXED_LOG", "trace")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = String::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap) {
            heed(&line);
            stderr.extend([&line, "\n"]);
        }
        let output = child.wait_with_output().unwrap();
        let (code, signal) = (output.status.code(), output.status.signal());
        let ended = Ended { code, signal, stdout: String::from_utf8(output.stdout).unwrap(), stderr };
        let mut secrets = vec![APP_SECRET.to_owned()];
        secrets
            .extend((1..APP_SEED).filter_map(|seed| self.tokens(seed)).flat_map(|(access, refresh)| [access, refresh]));
        for secret in secrets {
            assert!(!ended.stdout.contains(&secret) && !ended.stderr.contains(&secret), "{secret} in {ended:?}");
        }
        ended
    }

    fn check(&self) -> Ended {
        self.call("", &["check", "--json"], |_| {})
    }

    /// Signs a seed in: its owner, or `somebody` else, consents in a browser.
    fn sign_in(&self, seed: usize, somebody: usize, flow: &str) -> Ended {
        let seed = address(seed);
        let mut page = None;
        let ended = self.call("", &["seeds", "sign-in", &seed, "--flow", flow, "--json"], |line| {
            let at = if flow == "device" { line.strip_prefix("or open ") } else { Some(line.trim()) };
            if let Some(at) = at.filter(|at| at.starts_with("http://")) {
                page = Some(Browser::default().consent(at, &address(somebody)));
            }
        });
        match flow {
            "device" => assert!(page.unwrap().contains("Sign-in Success"), "{ended:?}"),
            "loopback" => assert!(page.unwrap().contains("Your consent has arrived"), "{ended:?}"),
            _ => assert_eq!(page, None),
        }
        ended
    }

    /// The stored access and refresh token of a seed.
    fn tokens(&self, seed: usize) -> Option<(String, String)> {
        let file = self.token_file(seed)?;
        let document: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let text = |key: &str| document[key].as_str().unwrap().to_owned();
        Some((text("access_token"), text("refresh_token")))
    }

    fn token_file(&self, seed: usize) -> Option<PathBuf> {
        let files = fs::read_dir(self.directory.path().join("tokens")).ok()?.map(|entry| entry.unwrap().path());
        let is_of = |name: &str| name.starts_with(&address(seed)) && name.split('.').next_back() == Some("json");
        files.into_iter().find(|file| is_of(file.file_name().unwrap().to_str().unwrap()))
    }

    /// Ends a seed's access token at the server, which the program does not know.
    fn end_access(&self, seed: usize) {
        self.issuer.revoke(&self.tokens(seed).unwrap().0);
    }
}

#[test]
fn three_flows_lead_into_dovecot_by_either_mechanism() {
    for mechanism in ["oauthbearer", "xoauth2"] {
        let Some(bench) = Bench::start("signing in by OAuth", mechanism) else { return };
        for (seed, flow) in [(1, "device"), (2, "loopback"), (APP_SEED, "app")] {
            let ended = bench.sign_in(seed, seed, flow);
            assert_eq!(ended.code, Some(0), "{mechanism} {flow}: {ended:?}");
            let document = ended.json();
            assert_eq!((&document["seed"], &document["flow"]), (&address(seed).into(), &flow.into()), "{document}");
            assert_eq!((&document["junk"], &document["renewable"]), (&"Junk".into(), &true.into()), "{document}");
            let file = bench.token_file(seed);
            assert_eq!(file.is_some(), flow != "app", "what a client can ask for at any time is not kept");
            if let Some(file) = file {
                assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
        // The consent of one does not open the mailbox of another, and says so.
        let wrong = bench.sign_in(3, 1, "loopback");
        assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(65), ""), "{wrong:?}");
        let words = format!("{} has consented, but its mailbox does not open: the access token of", address(3));
        assert!(wrong.stderr.contains(&words), "{wrong:?}");
        let checked = bench.check();
        for (seed, wanted) in [(1, "signed_in"), (2, "signed_in"), (APP_SEED, "signed_in")] {
            assert_eq!(checked.seed(seed).0, wanted, "{mechanism}: {checked:?}");
        }
        let log = bench.dovecot.log();
        for (seed, method) in [(1, mechanism), (2, mechanism), (APP_SEED, mechanism)] {
            let method = format!("user=<{}>, method={}", address(seed), method.to_uppercase());
            assert!(log.contains(&method), "{method} in {log}");
        }
    }
}

#[test]
fn a_run_goes_on_when_its_tokens_end_in_the_middle() {
    let test = "tokens that end in the middle of a run";
    let Some(bench) = Bench::start(test, "xoauth2") else { return };
    bench.only(&[1, 2]);
    for seed in [1, 2] {
        assert_eq!(bench.sign_in(seed, seed, "loopback").code, Some(0));
    }
    let before = bench.issuer.token_requests();
    let bench = Arc::new(bench);
    let provider = Arc::downgrade(&bench);
    // By the time SES takes a message, the seed it is for has been signed in to, and its token ends. With one connection
    // for two seeds, whose session had to make room signs in anew for its look.
    let ses = Endpoint::start(move |accepted: Accepted| {
        let bench = provider.upgrade().unwrap();
        let seed = if accepted.recipients == [address(1)] { 1 } else { 2 };
        bench.end_access(seed);
        bench.dovecot.deliver(seed, if seed == 1 { "INBOX" } else { "Junk" }, &accepted.delivered());
    });
    bench.configure(&ses.url());
    bench.only(&[1, 2]);
    let run = bench.call("", &["run", "--json", "--wait", "40s"], |_| {});
    let document = run.json();
    for (seed, placement) in [(1, "inbox"), (2, "spam")] {
        let probes = document["probes"].as_array().unwrap();
        let probe = probes.iter().find(|probe| probe["seed"] == address(seed).as_str()).unwrap();
        assert_eq!(probe["placement"], placement, "{run:?}");
    }
    // Each token ended once. Whether both seeds signed in anew depends on whose session was kept when the looks began.
    let renewals = bench.issuer.token_requests() - before;
    assert!((1..=2).contains(&renewals), "{renewals} renewals: {run:?}");
}

#[test]
fn a_kill_around_a_renewal_loses_no_consent_that_was_written_down() {
    let Some(bench) = Bench::start("kills around a renewal", "oauthbearer") else { return };
    bench.only(&[1]);
    assert_eq!(bench.sign_in(1, 1, "loopback").code, Some(0));
    // Written beside or already in its place: the rotated token is used from then on, and no other is asked for.
    for point in ["tokens-written", "tokens-saved"] {
        let (_, old) = bench.tokens(1).unwrap();
        bench.end_access(1);
        let before = bench.issuer.token_requests();
        let killed = bench.call(&format!("{point}=panic"), &["check", "--json"], |_| {});
        assert_eq!(killed.signal, Some(9), "{point}: {killed:?}");
        let checked = bench.check();
        assert_eq!(checked.seed(1).0, "signed_in", "{point}: {checked:?}");
        assert_eq!(bench.issuer.token_requests() - before, 1, "{point}");
        assert_ne!(bench.tokens(1).unwrap().1, old, "{point}");
    }
    // Before a byte of the answer was written, nobody can know it. This server takes the old token for a stolen one then.
    bench.end_access(1);
    let killed = bench.call("tokens-answered=panic", &["check", "--json"], |_| {});
    assert_eq!(killed.signal, Some(9), "{killed:?}");
    let (outcome, sentence) = bench.check().seed(1);
    assert_eq!(outcome, "consent_withdrawn", "{sentence}");
    let words = format!(
        "the OAuth server says invalid_grant: \u{201c}grant request is invalid\u{201d}; run `inboxed seeds sign-in {}`",
        address(1)
    );
    assert!(sentence.contains(&words), "{sentence}");
    assert_eq!(bench.sign_in(1, 1, "loopback").code, Some(0), "signing in again mends it");
    assert_eq!(bench.check().seed(1).0, "signed_in");
}

#[test]
fn a_server_in_trouble_is_waited_for_and_a_withdrawn_consent_is_not() {
    let Some(bench) = Bench::start("an authorization server in trouble", "xoauth2") else { return };
    bench.only(&[1, 3]);
    assert_eq!(bench.sign_in(1, 1, "loopback").code, Some(0));
    let kept = bench.tokens(1).unwrap();
    bench.end_access(1);
    for status in [500, 503, 429] {
        bench.issuer.trouble(Some(status));
        let checked = bench.check();
        let (outcome, sentence) = checked.seed(1);
        assert_eq!(outcome, "unavailable", "{checked:?}");
        assert!(sentence.contains(&format!("127.0.0.1 answered with status {status}")), "{sentence}");
        assert_eq!(bench.tokens(1).unwrap(), kept, "nothing was stored");
    }
    bench.issuer.trouble(None);
    assert_eq!(bench.check().seed(1).0, "signed_in");
    let (_, sentence) = bench.check().seed(3);
    assert!(
        sentence.ends_with(&format!("it is not signed in yet; run `inboxed seeds sign-in {}`", address(3))),
        "{sentence}"
    );
    // The owner takes the consent back.
    let (access, refresh) = bench.tokens(1).unwrap();
    bench.issuer.revoke(&refresh);
    bench.issuer.revoke(&access);
    let (outcome, sentence) = bench.check().seed(1);
    assert_eq!(outcome, "consent_withdrawn", "{sentence}");
    assert!(sentence.contains(&format!("run `inboxed seeds sign-in {}`", address(1))), "{sentence}");
}

#[test]
fn a_withdrawn_consent_ends_no_run_and_is_asked_about_twice() {
    let Some(bench) = Bench::start("a consent withdrawn before a run", "oauthbearer") else { return };
    let bench = Arc::new(bench);
    let provider = Arc::downgrade(&bench);
    let ses = Endpoint::start(move |accepted: Accepted| {
        let seed = if accepted.recipients == [address(1)] { 1 } else { 2 };
        provider.upgrade().unwrap().dovecot.deliver(seed, "INBOX", &accepted.delivered());
    });
    bench.configure(&ses.url());
    bench.only(&[1, 2]);
    for seed in [1, 2] {
        assert_eq!(bench.sign_in(seed, seed, "loopback").code, Some(0));
    }
    let (access, refresh) = bench.tokens(1).unwrap();
    bench.issuer.revoke(&refresh);
    bench.issuer.revoke(&access);
    let run = || {
        let ended = bench.call("", &["run", "--json", "--wait", "20s"], |_| {});
        let document = ended.json();
        let probe = |seed: usize| {
            let probes = document["probes"].as_array().unwrap();
            probes.iter().find(|probe| probe["seed"] == address(seed).as_str()).unwrap().clone()
        };
        (ended.code, probe(1), probe(2))
    };
    let renewals = |before: usize| bench.issuer.token_requests() - before;
    let before = bench.issuer.token_requests();
    for (turn, word) in ["consent_withdrawn", "consent_withdrawn", "left_alone"].into_iter().enumerate() {
        let (code, withdrawn, healthy) = run();
        assert_eq!((code, &healthy["placement"]), (Some(3), &"inbox".into()), "{turn}: {healthy}");
        assert_eq!((&withdrawn["placement"], &withdrawn["state"]), (&Value::Null, &"planned".into()), "{withdrawn}");
        let why = withdrawn["why"].as_str().unwrap();
        assert!(why.contains(&format!("{word}: ")), "{turn}: {why}");
        assert!(why.contains("run `inboxed seeds sign-in"), "{turn}: {why}");
    }
    assert_eq!(renewals(before), 2, "the server that refused was left alone, too");
    assert_eq!(bench.sign_in(1, 1, "loopback").code, Some(0));
    let (_, again, healthy) = run();
    assert_eq!((&again["placement"], &healthy["placement"]), (&"inbox".into(), &"inbox".into()), "{again}");
}

#[test]
fn the_keyring_keeps_tokens_and_secrets_and_its_absence_is_said() {
    let test = "tokens and secrets in the keyring";
    let (Some(keyring), Some(mut bench)) = (Keyring::start(test), Bench::start(test, "xoauth2")) else { return };
    let root = bench.directory.path().to_owned();
    let main = fs::read_to_string(root.join("inboxed.toml")).unwrap();
    fs::write(root.join("inboxed.toml"), format!("tokens = \"keyring\"\n{main}")).unwrap();
    let list = root.join(format!("seeds/{APP_SEED}.toml"));
    let seed = fs::read_to_string(&list).unwrap().replace("env = \"APP_SECRET\"", "keyring = \"the app's\"");
    fs::write(&list, seed).unwrap();
    bench.only(&[1, APP_SEED]);

    // On a machine without a keyring.
    let (_, sentence) = bench.check().seed(1);
    let words = "the tokens cannot be kept in the keyring: there is no keyring in this session (";
    assert!(sentence.contains(words) && sentence.contains("; set tokens = \"tokens\" in inboxed.toml"), "{sentence}");
    let (_, sentence) = bench.check().seed(APP_SEED);
    assert!(sentence.contains("use command, env or file where there is no keyring"), "{sentence}");

    bench.environment.extend(keyring.environment());
    let (_, sentence) = bench.check().seed(APP_SEED);
    let words = "run `secret-tool store --label=inboxed service inboxed username 'the app'\\''s'`";
    assert!(sentence.contains(words), "{sentence}");
    keyring.store("the app's", APP_SECRET);
    let ended = bench.sign_in(1, 1, "loopback");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["tokens"], format!("keyring oauth {}", address(1)), "{ended:?}");
    let checked = bench.check();
    for seed in [1, APP_SEED] {
        assert_eq!(checked.seed(seed).0, "signed_in", "{checked:?}");
    }
    assert_eq!(bench.token_file(1), None);
    assert!(!keyring.shows(APP_SECRET) && !keyring.shows("access_token"), "the keyring encrypts");
}
