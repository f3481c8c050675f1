//! Real name servers: Knot holds the zones, Unbound looks them up, and the program asks Unbound.
//!
//! The zones hold one sender for each case, good and bad. Unbound follows CNAMEs, cuts what does not fit, and gives up as
//! resolvers do: SERVFAIL for a circle of CNAMEs and for a zone whose server refuses, silence for one that says nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;

use inboxed::lab::Clock;
use inboxed::lab::ses::{Identity, SesAccount, SesServer, SesSettings, dkim_tokens};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::Server;
use super::daemon::Daemon;

mod cases;
mod peers;

pub(super) use cases::{CASES, Case};

/// The two servers, and SES to tell what each sender should publish.
pub(super) struct Names {
    _knot: Daemon,
    _unbound: Daemon,
    /// Takes questions and answers none.
    _silent: UdpSocket,
    runtime: Runtime,
    _ses: SesServer,
    pub(super) resolver: u16,
    directory: TempDir,
}

impl Names {
    /// Starts them with these senders, or says that `test` is left out for want of one of them.
    pub(super) fn start(test: &str, cases: &[Case]) -> Option<Self> {
        let (knot, unbound) = (Server::Knot.program(test)?, Server::Unbound.program(test)?);
        let directory = tempfile::Builder::new().prefix("inboxed-names-").tempdir().unwrap();
        let root = directory.path();
        let mut complaint = String::new();
        // Another process may take a free port before they do.
        for _ in 0..5 {
            let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
            let (authority, resolver) = (free_port(), free_port());
            let fill = |text: &str| {
                text.replace("{dir}", root.to_str().unwrap())
                    .replace("{authority}", &authority.to_string())
                    .replace("{resolver}", &resolver.to_string())
                    .replace("{silent}", &silent.local_addr().unwrap().port().to_string())
            };
            fs::write(root.join("example.zone"), zone(cases)).unwrap();
            fs::write(root.join("amazonses.zone"), amazon()).unwrap();
            fs::write(root.join("knot.conf"), fill(include_str!("../../real/knot.conf"))).unwrap();
            fs::write(root.join("unbound.conf"), fill(include_str!("../../real/unbound.conf"))).unwrap();
            let mut command = Command::new(&knot);
            command.arg("-c").arg(root.join("knot.conf"));
            let knot = Daemon::start(command, "server started");
            let mut command = Command::new(&unbound);
            command.arg("-d").arg("-c").arg(root.join("unbound.conf"));
            let unbound = Daemon::start(command, "start of service");
            match (knot, unbound) {
                (Ok((knot, _)), Ok((unbound, _))) => {
                    let (runtime, ses) = ses(cases);
                    configure(root, &ses, resolver);
                    return Some(Self {
                        _knot: knot,
                        _unbound: unbound,
                        _silent: silent,
                        runtime,
                        _ses: ses,
                        resolver,
                        directory,
                    });
                }
                (Err(log), _) | (_, Err(log)) => complaint = log,
            }
        }
        panic!("{complaint}");
    }

    /// `dns check` of one sender: its exit code and its document.
    pub(super) fn check(&self, domain: &str) -> (i32, Value) {
        let _inside = self.runtime.enter();
        let ended = Command::new(env!("CARGO_BIN_EXE_inboxed"))
            .args(["dns", "check", domain, "--json"])
            .current_dir(self.directory.path())
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .unwrap();
        let document = serde_json::from_slice(&ended.stdout);
        (ended.status.code().unwrap(), document.unwrap_or_else(|error| panic!("{domain}: {error} in {ended:?}")))
    }
}

/// A port that is free for UDP and TCP.
fn free_port() -> u16 {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = udp.local_addr().unwrap().port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn ses(cases: &[Case]) -> (Runtime, SesServer) {
    let runtime = Runtime::new().unwrap();
    let identity = |case: &Case| Identity::domain(&case.domain()).with_mail_from(&format!("bounce.{}", case.domain()));
    let settings = SesSettings { identities: cases.iter().map(identity).collect(), ..SesSettings::default() };
    let account = SesAccount::new(settings, Clock::system(), std::sync::Arc::new(|_| {}));
    let server = runtime.block_on(SesServer::start(account)).unwrap();
    (runtime, server)
}

fn configure(root: &std::path::Path, ses: &SesServer, resolver: u16) {
    let config = format!(
        "[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"{}\"\n[dns]\nresolver = \"127.0.0.1:{resolver}\"\n",
        ses.endpoint_url()
    );
    fs::write(root.join("inboxed.toml"), config).unwrap();
}

/// The zone of all senders. A sender's own lines replace the usual ones of the same owner and type.
fn zone(cases: &[Case]) -> String {
    let mut text = String::from("$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 900\n@ NS ns\nns A 127.0.0.1\n");
    text.push_str(&keys_of_others());
    for case in cases {
        let domain = case.domain();
        let tokens = dkim_tokens(&domain);
        let mut lines: Vec<String> = vec![
            "@ TXT \"v=spf1 -all\"".to_owned(),
            "bounce TXT \"v=spf1 include:amazonses.com ~all\"".to_owned(),
            "bounce MX 10 feedback-smtp.eu-central-1.amazonses.com.".to_owned(),
            format!("_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@{domain}\""),
        ];
        lines.extend(tokens.iter().map(|token| format!("{token}._domainkey CNAME {token}.dkim.amazonses.com.")));
        let key = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let own: Vec<String> = case.lines.iter().map(|line| filled(line, &domain, &tokens[0])).collect();
        let replaced: Vec<String> = own.iter().map(|line| key(line.trim_start_matches('-'))).collect();
        let aliased: Vec<&str> =
            own.iter().filter(|line| line.contains(" CNAME ")).filter_map(|line| line.split(' ').next()).collect();
        lines.retain(|line| {
            let owner = line.split(' ').next().unwrap();
            // Beside a CNAME there is nothing else, and the other way round.
            let begun = own.iter().any(|own| own.starts_with(&format!("{owner} ")));
            let crossed = aliased.contains(&owner) || (line.contains(" CNAME ") && begun);
            !crossed && !replaced.contains(&key(line))
        });
        lines.extend(own.into_iter().filter(|line| !line.starts_with('-')));
        writeln!(text, "$ORIGIN {domain}.\n{}", lines.join("\n")).unwrap();
    }
    text
}

/// `{d}` is the sender's domain, `{t}` the first token of its DKIM, `{2048}` a key of that length in strings of 255.
fn filled(line: &str, domain: &str, token: &str) -> String {
    let mut line = line.replace("{d}", domain).replace("{t}", token);
    for (bits, key) in keys() {
        let text = format!("v=DKIM1; k=rsa; p={key}");
        let strings: Vec<&str> = text.as_bytes().chunks(255).map(|part| std::str::from_utf8(part).unwrap()).collect();
        line = line.replace(&format!("{{{bits}}}"), &format!("\"{}\"", strings.join("\" \"")));
    }
    line
}

fn keys() -> BTreeMap<&'static str, &'static str> {
    include_str!("../../real/dkim-keys.txt").lines().map(|line| line.split_once(' ').unwrap()).collect()
}

/// Names that several senders lead to.
fn keys_of_others() -> String {
    let mut text = String::from(
        "$ORIGIN others.example.\nempty TXT \"verification=1\"\nplain TXT \"v=spf1 ip4:198.51.100.0/24 -all\"\n\
         bundle TXT \"v=spf1 include:amazonses.com include:plain.others.example -all\"\n\
         soft TXT \"v=spf1 ~include:amazonses.com -all\"\nopen TXT \"v=spf1 include:amazonses.com +all\"\n\
         twice TXT \"v=spf1 -all\"\ntwice TXT \"v=spf1 ~all\"\n\
         round TXT \"v=spf1 include:about.others.example -all\"\nabout TXT \"v=spf1 include:round.others.example -all\"\n\
         ring1 CNAME ring2\nring2 CNAME ring1\nreports TXT \"nothing to do with reports\"\n\
         sender-dmarc-agreed.example._report._dmarc.agreed TXT \"v=DMARC1;\"\n",
    );
    for number in 0..12 {
        writeln!(text, "host{number} A 192.0.2.{number}").unwrap();
    }
    text
}

fn amazon() -> String {
    let key = keys()["2048"];
    let (one, other) = key.split_at(200);
    format!(
        "$ORIGIN amazonses.com.\n$TTL 900\n@ SOA ns hostmaster 1 3600 600 86400 900\n@ NS ns\nns A 127.0.0.1\n\
         @ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n*.dkim TXT \"p={one}\" \"{other}\"\n"
    )
}

/// The checks of a document by id, each as its verdict and what was found.
pub(super) fn found(document: &Value) -> Vec<(String, String, String)> {
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = document["checks"].as_array().unwrap().iter();
    checks.map(|check| (text(check, "id"), text(check, "verdict"), text(check, "found"))).collect()
}

#[test]
fn every_sender_is_judged_by_what_real_name_servers_answer() {
    let Some(names) = Names::start("DNS checks against Knot and Unbound", CASES) else { return };
    let mut complaints = Vec::new();
    for case in CASES {
        let (code, document) = names.check(&case.domain());
        if code != case.exit {
            complaints.push(format!("{}: exit {code}, not {}: {document:#}", case.name, case.exit));
        }
        for (id, verdict, part) in case.told {
            let found = found(&document);
            if !found.iter().any(|(one, how, what)| one == id && how == verdict && what.contains(part)) {
                complaints.push(format!("{}: no {id} {verdict} {part:?} in {found:#?}", case.name));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
