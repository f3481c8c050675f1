//! A scenario: the program with a directory of its own, and the lab as everything outside of it.
//!
//! A test says which seeds there are, where their mail lands and what goes wrong, calls the program, and asks the lab's
//! journals what really happened.

#![cfg_attr(not(feature = "failpoints"), allow(dead_code, reason = "most who use it need fail points"))]

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use inboxed::lab::ca::{Certificate, Identity};
use inboxed::lab::dns::{DnsServer, DnsZone};
use inboxed::lab::fault::Faults;
use inboxed::lab::imap::journal::Journal;
use inboxed::lab::imap::{ImapServer, ImapSettings};
use inboxed::lab::mailbox::{Character, Mailboxes, NewAccount};
use inboxed::lab::ses::{Accepted, SesAccount, SesServer, SesSettings};
use inboxed::lab::smtp::SmtpServer;
use inboxed::lab::{Clock, Lab};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What every seed signs in with.
pub(crate) const PASSWORD: &str = "canary of the seeds";
/// What the SES API is signed with.
const AWS_SECRET: &str = "canary of the account";

/// The presets of the lab's characters, without limits that only a real provider needs.
const PRESETS: [(Character, &str); 4] = [
    (Character::Gmail, "tabs = true\n"),
    (Character::Outlook, "spam_threshold = true\n[folders]\njunk = [\"Junk Email\"]\ntrash = [\"Deleted Items\"]\n"),
    (Character::Yahoo, "[folders]\njunk = [\"Bulk\"]\n"),
    (Character::Plain, ""),
];

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) directory: TempDir,
    pub(crate) lab: Lab,
    pub(crate) account: SesAccount,
    endpoint: String,
    seeds: String,
    own_servers: Vec<ImapServer>,
    _ses: SesServer,
    other_ses: Option<SesServer>,
    dns: DnsServer,
    smtp: Option<SmtpServer>,
    runtime: Runtime,
}

/// How one call of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Scenario {
    /// A program with one stream over the API and no seed yet. `deliver` files what SES accepts.
    pub(crate) fn new(deliver: impl Fn(&Mailboxes, Accepted) + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let directory = tempfile::Builder::new().prefix("inboxed-scenario-").tempdir().unwrap();
        let (lab, account, ses, dns) = runtime.block_on(async {
            let clock = Clock::system();
            let lab = Lab::start(clock.clone()).await.unwrap();
            let mailboxes = lab.mailboxes.clone();
            let settings = SesSettings { max_send_rate: 200.0, ..SesSettings::with_domains(&["shop.example"]) };
            let account = SesAccount::new(settings, clock, Arc::new(move |accepted| deliver(&mailboxes, accepted)));
            let ses = SesServer::start(account.clone()).await.unwrap();
            // It knows no name, and says so at once.
            let dns = DnsServer::start(DnsZone::new()).await.unwrap();
            (lab, account, ses, dns)
        });
        for inner in ["seeds", "providers"] {
            std::fs::create_dir(directory.path().join(inner)).unwrap();
        }
        for (character, rest) in PRESETS {
            let word = character.word();
            let preset = format!(
                "name = \"lab-{word}\"\ntitle = \"{word}\"\nmax_connections = 5000\nmailbox_sign_ins = 5000\n{rest}"
            );
            std::fs::write(directory.path().join(format!("providers/{word}.toml")), preset).unwrap();
        }
        std::fs::write(directory.path().join("ca.pem"), lab.ca_pem()).unwrap();
        std::fs::write(directory.path().join("m.eml"), "From: news@shop.example\nSubject: news\n\nhello\n").unwrap();
        let endpoint = ses.endpoint_url();
        let mut scenario = Self {
            directory,
            lab,
            account,
            endpoint,
            seeds: String::new(),
            own_servers: Vec::new(),
            _ses: ses,
            other_ses: None,
            dns,
            smtp: None,
            runtime,
        };
        scenario.configure("", "name = \"news\"\nmessage = \"m.eml\"\n");
        scenario
    }

    /// Writes the main configuration: lines of `[run]`, and the stream.
    pub(crate) fn configure(&mut self, run: &str, stream: &str) {
        let main = format!(
            "providers = [\"providers/*.toml\"]\n[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"{}\"\n[dns]\nresolver = \"{}\"\n[run]\n{run}\
             [[stream]]\n{stream}",
            self.endpoint,
            self.dns.address()
        );
        std::fs::write(self.directory.path().join("inboxed.toml"), main).unwrap();
    }

    /// What the world publishes.
    pub(crate) fn zone(&self) -> &DnsZone {
        self.dns.zone()
    }

    /// Sends over SMTP instead.
    pub(crate) fn by_smtp(&mut self) {
        let server = self.runtime.block_on(SmtpServer::start(self.account.clone(), self.identity().tls())).unwrap();
        let stream = format!(
            "name = \"news\"\nmessage = \"m.eml\"\ntransport = \"ses-smtp\"\n[stream.smtp]\nhost = \"127.0.0.1\"\nport = {}\n\
             tls = \"starttls\"\nuser = \"{}\"\nsecret = {{ env = \"SMTP\" }}\nca_file = \"ca.pem\"\n",
            server.starttls_port(),
            self.account.settings().smtp_user,
        );
        self.smtp = Some(server);
        self.configure("", &stream);
    }

    /// Another SES answers from now on. What was under way to the first one still arrives there.
    pub(crate) fn with_another_ses(&mut self) -> SesAccount {
        let account = SesAccount::new(SesSettings::default(), Clock::system(), Arc::new(|_| {}));
        let server = self.runtime.block_on(SesServer::start(account.clone())).unwrap();
        self.endpoint = server.endpoint_url();
        self.other_ses = Some(server);
        self.configure("", "name = \"news\"\nmessage = \"m.eml\"\n");
        account
    }

    /// Opens a mailbox and makes it a seed, at the lab's own server of this character. `further` lines may follow.
    pub(crate) fn seed(&mut self, address: &str, character: Character, further: &str) {
        let port = self.lab.imap(character).port();
        self.lab.mailboxes.open(NewAccount::new(character, address, PASSWORD));
        self.add_seed(address, character, port, further);
    }

    /// Many seeds at once.
    pub(crate) fn seeds(&mut self, seeds: impl Iterator<Item = (String, Character)>) {
        for (address, character) in seeds {
            let port = self.lab.imap(character).port();
            self.lab.mailboxes.open(NewAccount::new(character, &address, PASSWORD));
            self.note_seed(&address, character, port, "");
        }
        self.write_seeds();
    }

    /// The same at a server of its own, whose faults are these. With `starttls` the connection begins in the clear.
    pub(crate) fn seed_apart(&mut self, address: &str, character: Character, starttls: bool, faults: &Faults) {
        self.lab.mailboxes.open(NewAccount::new(character, address, PASSWORD));
        let settings = ImapSettings { name: address.to_owned(), ..ImapSettings::of(character) };
        let (port, starttls_port) = self.server(settings, Certificate::Good, faults, Journal::counting_only());
        let (port, further) = if starttls { (starttls_port, "tls = \"starttls\"\n") } else { (port, "") };
        self.add_seed(address, character, port, further);
    }

    /// A further server; its ports with TLS from the first byte and with STARTTLS.
    pub(crate) fn server(
        &mut self,
        settings: ImapSettings,
        certificate: Certificate,
        faults: &Faults,
        journal: Journal,
    ) -> (u16, u16) {
        let identity = self.lab.authority.certify(certificate).unwrap();
        let started = ImapServer::start(settings, self.lab.mailboxes.clone(), faults.clone(), journal, identity);
        let server = self.runtime.block_on(started).unwrap();
        let ports = (server.port(), server.starttls_port());
        self.own_servers.push(server);
        ports
    }

    fn identity(&self) -> Identity {
        self.lab.authority.certify(Certificate::Good).unwrap()
    }

    fn add_seed(&mut self, address: &str, character: Character, port: u16, further: &str) {
        self.note_seed(address, character, port, further);
        self.write_seeds();
    }

    fn write_seeds(&self) {
        std::fs::write(self.directory.path().join("seeds/lab.toml"), &self.seeds).unwrap();
    }

    fn note_seed(&mut self, address: &str, character: Character, port: u16, further: &str) {
        let provider = format!("lab-{}", character.word());
        self.note_seed_of(address, &provider, port, further);
    }

    /// Adds a seed of any provider's to the list; its mailbox is the test's business.
    pub(crate) fn list_seed(&mut self, address: &str, provider: &str, port: u16, further: &str) {
        self.note_seed_of(address, provider, port, further);
        self.write_seeds();
    }

    fn note_seed_of(&mut self, address: &str, provider: &str, port: u16, further: &str) {
        let secret = if further.contains("secret = ") { "" } else { "secret = { env = \"PW\" }\n" };
        writeln!(
            self.seeds,
            "[[seed]]\naddress = \"{address}\"\nprovider = \"{provider}\"\nhost = \"127.0.0.1\"\nport = {port}\nca_file = \
             \"../ca.pem\"\n{secret}{further}"
        )
        .unwrap();
    }

    /// A call of the program that has not begun.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inboxed"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("AWS_ACCESS_KEY_ID", "AKIALABLABLABLABLAB0")
            .env("AWS_SECRET_ACCESS_KEY", AWS_SECRET)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("PW", PASSWORD)
            .env("WRONG", "canary that is wrong")
            .env("SMTP", self.account.settings().smtp_password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Calls the program, with these fail points.
    pub(crate) fn call(&self, points: &str, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).env("FAILPOINTS", points).output().unwrap())
    }

    /// The directory of the program.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Ended {
    /// What a process left. No secret is in it.
    pub(crate) fn of(output: Output) -> Self {
        let ended = Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ended.stdout.contains("canary") && !ended.stderr.contains("canary"), "a secret in {ended:?}");
        ended
    }

    /// The one document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// The probe of one seed in a document; there is one.
pub(crate) fn probe<'a>(document: &'a Value, seed: &str) -> &'a Value {
    let probes: Vec<&Value> =
        document["probes"].as_array().unwrap().iter().filter(|probe| probe["seed"] == seed).collect();
    let [probe] = probes[..] else { panic!("{} probes of {seed} in {document}", probes.len()) };
    probe
}

/// A tenth of a big count, or all of it where `INBOXED_LONG` asks for that.
pub(crate) fn tenth_of(all: usize) -> usize {
    if std::env::var_os("INBOXED_LONG").is_some() { all } else { all / 10 }
}

/// Works on all items, so many at a time. The first panic is everybody's.
pub(crate) fn side_by_side<T: Sync>(at_once: usize, items: &[T], work: impl Fn(&T) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}
