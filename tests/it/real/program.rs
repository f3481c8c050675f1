//! The program with a directory of its own: its configuration, its seeds, and nothing else of this machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::dovecot::{Dovecot, address, password};

/// No run of these tests takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// A key of nobody's, in the form of one.
const AWS_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A message with bare line feeds and with headers that only SES may set.
const MESSAGE: &str = "From: Somebody <somebody@shop.example>\n\
    To: list@shop.example\n\
    Subject: =?utf-8?q?Die_Woche_f=C3=BCr_Sie?=\n\
    Message-ID: <draft@shop.example>\n\
    Date: Thu, 1 Jan 2026 00:00:00 +0000\n\
    MIME-Version: 1.0\n\
    Content-Type: text/plain; charset=utf-8\n\
    Content-Transfer-Encoding: 8bit\n\
    \n\
    Grüße aus dem Laden.\n";

/// A configured program.
#[derive(Debug)]
pub(super) struct Program {
    directory: TempDir,
    passwords: Vec<(String, String)>,
}

/// How one call of the program ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Program {
    /// Streams by name and From, to the first `seeds` seeds of `dovecot`, half of them over STARTTLS. `extra` gives a
    /// seed further lines of configuration.
    pub(super) fn new(
        endpoint: &str,
        streams: &[(&str, &str)],
        dovecot: &Dovecot,
        seeds: usize,
        extra: impl Fn(usize) -> &'static str,
    ) -> Self {
        let directory = tempfile::Builder::new().prefix("inboxed-program-").tempdir().unwrap();
        let mut config = format!(
            "[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"{endpoint}\"\n[dns]\nresolver = \"127.0.0.1:9\"\n"
        );
        config.insert_str(0, "database = \"inboxed.db\"\nseeds = [\"seeds/*.toml\"]\n");
        for (name, from) in streams {
            let stream = ["[[stream]]", "kind = \"marketing\"", "message = \"messages/week.eml\""].join("\n");
            writeln!(config, "{stream}\nname = \"{name}\"\nfrom = \"{from}\"").unwrap();
        }
        let mut list = String::new();
        let mut passwords = Vec::new();
        for seed in 1..=seeds {
            let (host, port, tls) = if seed.is_multiple_of(2) {
                ("localhost", dovecot.starttls(), "starttls")
            } else {
                ("127.0.0.1", dovecot.imaps(), "implicit")
            };
            let (address, variable) = (address(seed), format!("SEED_{seed:02}"));
            let ca_file = dovecot.ca_file();
            writeln!(
                list,
                "[[seed]]\naddress = \"{address}\"\nprovider = \"generic\"\nauth = \"password\"\nhost = \"{host}\"\n\
                 port = {port}\ntls = \"{tls}\"\nca_file = \"{}\"\nsecret = {{ env = \"{variable}\" }}\n{}\n",
                ca_file.display(),
                extra(seed)
            )
            .unwrap();
            passwords.push((variable, password(seed)));
        }
        let root = directory.path();
        fs::create_dir(root.join("seeds")).unwrap();
        fs::create_dir(root.join("messages")).unwrap();
        fs::write(root.join("inboxed.toml"), config).unwrap();
        fs::write(root.join("seeds/list.toml"), list).unwrap();
        fs::write(root.join("messages/week.eml"), MESSAGE).unwrap();
        Self { directory, passwords }
    }

    /// Lets a test sign in more often than these providers like; all else of their presets stays as it is.
    pub(super) fn hurry(&self, presets: &[&str]) {
        let root = self.directory.path();
        let main = fs::read_to_string(root.join("inboxed.toml")).unwrap();
        fs::write(root.join("inboxed.toml"), format!("providers = [\"providers/*.toml\"]\n{main}")).unwrap();
        fs::create_dir(root.join("providers")).unwrap();
        for preset in presets {
            let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("seeds/providers/{preset}.toml"));
            let text = format!("mailbox_sign_ins = 100\n{}", fs::read_to_string(ours).unwrap());
            fs::write(root.join(format!("providers/{preset}.toml")), text).unwrap();
        }
    }

    /// Lists one more seed, whose mailbox is that of seed `mailbox` at some server: `rest` says where.
    pub(super) fn list(&mut self, address: &str, provider: &str, mailbox: usize, rest: &str) {
        let list = self.directory.path().join("seeds/list.toml");
        let mut text = fs::read_to_string(&list).unwrap();
        let variable = format!("SEED_{:02}", self.passwords.len() + 1);
        let login = super::dovecot::address(mailbox);
        writeln!(
            text,
            "[[seed]]\naddress = \"{address}\"\nprovider = \"{provider}\"\nauth = \"password\"\nlogin = \"{login}\"\n\
             secret = {{ env = \"{variable}\" }}\n{rest}\n"
        )
        .unwrap();
        fs::write(list, text).unwrap();
        self.passwords.push((variable, password(mailbox)));
    }

    /// Gives a seed a password that its provider does not know.
    pub(super) fn forget_password(&mut self, seed: usize) {
        "forgotten".clone_into(&mut self.passwords[seed - 1].1);
    }

    /// Gives it the right one again.
    pub(super) fn recall_password(&mut self, seed: usize) {
        self.passwords[seed - 1].1 = password(seed);
    }

    /// Runs the program to its end, with credentials that are good for nothing outside these tests.
    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        let child = Command::new(env!("CARGO_BIN_EXE_inboxed"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", AWS_SECRET)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.passwords.iter().map(|(variable, password)| (variable, password)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let process = Pid::from_raw(child.id().cast_signed()).unwrap();
        let (ended, waiting) = channel::<()>();
        let guard = thread::spawn(move || {
            if waiting.recv_timeout(PATIENCE).is_err_and(|error| error == RecvTimeoutError::Timeout) {
                let _gone = kill_process(process, Signal::KILL);
            }
        });
        let output = child.wait_with_output().unwrap();
        drop(ended);
        guard.join().unwrap();
        let ended = Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in self.passwords.iter().map(|(_, password)| password.as_str()).chain([AWS_SECRET]) {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{secret:?} in {ended:?}");
        }
        ended
    }
}

impl Ended {
    /// The one document on standard output.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}
