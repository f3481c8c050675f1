//! `dns` through the real binary, against the lab's DNS and SES.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use inboxed::lab::Clock;
use inboxed::lab::dns::{DnsFault, DnsServer, DnsZone};
use inboxed::lab::mailbox::{Character, Role};
use inboxed::lab::receive::{Receiver, Verdict, stamp};
use inboxed::lab::ses::journal::Operation;
use inboxed::lab::ses::{Identity, SesAccount, SesServer, SesSettings, dkim_tokens};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::scenario::Scenario;

const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoxcuYSXt0CW52CXMbtFCOklZPCx05oPg2G5VPfDZdGE9/8rQf1Qfm6wufnk3d+XGp6ekZ05X4lY65W7xe41r6HXIUcfpsJ+Mz9SgU0/QvdT02tkQp6oqK5A5f2o8zjs7Ys7amWaFX3ImBGeqvkq4VWJ1GvVqJN7LTW3q6pO8xy5YjvcLm1/662uAMy+c0st0nmj76QqLZugfG+1JUsX+3/UZhBxgNTTbrb/vVKSNloZ/LymFwb7O51AbIQBhYFX0vS6DVvhSlFYeHgjtp+WbJ24MXu9X8SdvFSkvHWFToquk36o+2Qp399Vm8ddke2gI+CipkiotsrTRoKJOVbYuwwIDAQAB";

/// A sender that publishes everything, and the program configured to ask about it.
struct Sender {
    runtime: Runtime,
    dns: DnsServer,
    _ses: SesServer,
    directory: TempDir,
}

impl Sender {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (dns, ses) = runtime.block_on(async {
            let identity = Identity::domain("shop.example").with_mail_from("bounce.shop.example");
            let settings = SesSettings { identities: vec![identity], ..SesSettings::default() };
            let account = SesAccount::new(settings, Clock::system(), std::sync::Arc::new(|_| {}));
            (DnsServer::start(DnsZone::new()).await.unwrap(), SesServer::start(account).await.unwrap())
        });
        publish(dns.zone());
        let directory = tempfile::tempdir().unwrap();
        let config = format!(
            "[ses]\nregion = \"eu-central-1\"\nendpoint_url = \"{}\"\n[dns]\nresolver = \"{}\"\n",
            ses.endpoint_url(),
            dns.address()
        );
        std::fs::write(directory.path().join("inboxed.toml"), config).unwrap();
        Self { runtime, dns, _ses: ses, directory }
    }

    fn zone(&self) -> &DnsZone {
        self.dns.zone()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        // The servers go on meanwhile: they have threads of their own.
        let _inside = self.runtime.enter();
        call(self.directory.path(), arguments)
    }

    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        serde_json::from_slice(&ended.stdout).unwrap()
    }
}

fn call(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inboxed"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap()
}

/// Everything that a sender must publish.
pub(crate) fn publish(zone: &DnsZone) {
    zone.txt("shop.example", "v=spf1 -all")
        .txt("bounce.shop.example", "v=spf1 include:amazonses.com ~all")
        .mx("bounce.shop.example", 10, "feedback-smtp.eu-central-1.amazonses.com")
        .txt("amazonses.com", "v=spf1 ip4:192.0.2.0/24 -all")
        .txt("_dmarc.shop.example", "v=DMARC1; p=reject; rua=mailto:dmarc@shop.example");
    for token in dkim_tokens("shop.example") {
        zone.cname(&format!("{token}._domainkey.shop.example"), &format!("{token}.dkim.amazonses.com"))
            .txt(&format!("{token}.dkim.amazonses.com"), &format!("p={KEY}"));
    }
}

fn verdicts(document: &Value, id: &str) -> Vec<String> {
    let checks = document["checks"].as_array().unwrap();
    let of_id = checks.iter().filter(|check| check["id"] == id);
    of_id.map(|check| check["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn dns_check_ends_with_the_worst_verdict_and_never_takes_silence_for_absence() {
    let sender = Sender::new();
    let check = ["dns", "check", "shop.example"];
    let told = sender.json(&check, 0);
    assert_eq!(told["domain"], "shop.example");
    assert_eq!(verdicts(&told, "dkim"), ["ok", "ok", "ok"]);
    assert_eq!((verdicts(&told, "spf"), verdicts(&told, "mail_from")), (vec!["ok".to_owned()], vec!["ok".to_owned()]));
    for check in told["checks"].as_array().unwrap() {
        let keys: Vec<&String> = check.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "verdict", "found", "why", "publish"]);
    }

    let token = &dkim_tokens("shop.example")[0];
    sender.zone().fault(&format!("{token}._domainkey.shop.example"), Some(DnsFault::ServFail));
    let told = sender.json(&check, 3);
    assert!(verdicts(&told, "dkim").contains(&"unanswered".to_owned()), "{told:#}");
    sender.zone().fault(&format!("{token}._domainkey.shop.example"), None);

    sender.zone().remove("_dmarc.shop.example").txt("_dmarc.shop.example", "v=DMARC1; p=reject; pct=50");
    assert_eq!(verdicts(&sender.json(&check, 1), "dmarc.tags"), ["warning"]);

    sender.zone().remove("_dmarc.shop.example").txt("_dmarc.shop.example", "v=DMARC1; p=ablehnen\u{1b}[2J");
    let told = sender.json(&check, 2);
    assert_eq!(verdicts(&told, "dmarc"), ["critical"]);
    let text = String::from_utf8(sender.run(&check).stdout).unwrap();
    assert!(text.contains("publish: _dmarc.shop.example. IN TXT") && !text.contains('\u{1b}'), "{text}");
    let places: std::collections::BTreeSet<usize> =
        text.lines().filter_map(|line| line.find("  RSA 2048 bits")).collect();
    assert!(
        places.len() <= 1 && text.contains("\n  critical    dmarc            "),
        "the columns stand aligned: {text}"
    );
}

#[test]
fn dns_diff_tells_each_change_between_two_snapshots_and_no_other() {
    let sender = Sender::new();
    let (snapshot, diff) = (["dns", "snapshot", "shop.example"], ["dns", "diff", "shop.example"]);
    assert_eq!(sender.json(&diff, 0)["snapshots"], 0);
    sender.json(&snapshot, 0);
    // What is behind an include is Amazon's to change, and silence is no change.
    sender.zone().remove("amazonses.com").txt("amazonses.com", "v=spf1 ip4:198.51.100.0/24 -all");
    sender.zone().fault("_dmarc.shop.example", Some(DnsFault::Refused));
    assert_eq!(sender.json(&snapshot, 0)["snapshots"][0]["change"], Value::Null);
    sender.zone().fault("_dmarc.shop.example", None);
    sender.zone().remove("_dmarc.shop.example").txt("_dmarc.shop.example", "v=DMARC1; p=none");
    let taken = sender.json(&snapshot, 0);
    assert_eq!(taken["snapshots"][0]["change"]["differences"][0]["place"], "dmarc");
    let told = sender.json(&diff, 0);
    assert_eq!((&told["snapshots"], told["changes"].as_array().unwrap().len()), (&3.into(), 1));
    let change = &told["changes"][0];
    assert_eq!((&change["from"], &change["until"]), (&told["first"], &told["last"]), "the second one heard nothing");
    assert_eq!(change["ttl_seconds"], 300);
    assert_eq!(change["differences"][0]["after"][0], "v=DMARC1; p=none");
    let text = String::from_utf8(sender.run(&diff).stdout).unwrap();
    assert!(text.contains("was v=DMARC1; p=reject; rua=mailto:dmarc@shop.example, is v=DMARC1; p=none"), "{text}");
    assert!(text.contains("may be remembered for 5 min"), "{text}");
}

/// The configuration with another resolver.
fn asking(config: &str, resolver: SocketAddr) -> String {
    let line = |line: &str| {
        if line.starts_with("resolver = ") { format!("resolver = \"{resolver}\"\n") } else { format!("{line}\n") }
    };
    config.lines().map(line).collect()
}

#[test]
fn what_ses_does_not_tell_is_known_from_the_copies_that_the_last_run_saw() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let receiver = Receiver::new(Character::Plain, Verdict::Inbox, accepted.accepted_at);
        let bytes = stamp(&accepted, &receiver);
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, receiver.filed_at()).unwrap();
    });
    scenario.seed("anna@plain.example", Character::Plain, "");
    let dns = Runtime::new().unwrap();
    let server = dns.block_on(DnsServer::start(DnsZone::new())).unwrap();
    publish(server.zone());
    for ip in 10..14 {
        let host = format!("out{ip}.amazonses.com");
        server.zone().ptr(&format!("{ip}.2.0.192.in-addr.arpa"), &host).address(&host, [192, 0, 2, ip].into());
    }
    let file = scenario.path().join("inboxed.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, asking(&config, server.address())).unwrap();
    scenario.account.change(|settings| {
        settings.identities = vec![Identity::domain("shop.example").with_mail_from("bounce.shop.example")];
    });
    let ran = scenario.call("", &["run", "--json"]);
    assert_eq!(ran.json()["probes"][0]["placement"], "inbox", "{ran:?}");
    assert_eq!(scenario.call("", &["dns", "diff", "--json"]).json()["snapshots"], 1, "every run takes one");

    scenario.account.change(|settings| {
        settings.unimplemented.insert(Operation::GetEmailIdentity, 404);
    });
    let told = scenario.call("", &["dns", "check", "--json"]);
    let (code, told) = (told.code, told.json());
    assert_eq!(code, Some(0), "{told:#}");
    for (id, part) in [
        ("spf", "bounce.shop.example: v=spf1 include:amazonses.com"),
        ("mail_from", "feedback-smtp.eu-central-1"),
        ("dkim", "RSA 2048 bits"),
        ("ptr", "is 192.0.2.1"),
    ] {
        let found = told["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap();
        assert_eq!(found["verdict"], "ok", "{found}");
        assert!(found["found"].as_str().unwrap().contains(part), "{found}");
    }
    assert_eq!(verdicts(&told, "dkim").len(), 1, "one of the three has signed so far");

    server.zone().remove("_dmarc.shop.example");
    let lines = scenario.call("", &["check", "--json"]).json();
    let dns: Vec<&Value> = lines["checks"].as_array().unwrap().iter().filter(|line| line["part"] == "dns").collect();
    let [line] = dns[..] else { panic!("{dns:?}") };
    assert_eq!((&line["name"], &line["verdict"]), (&"shop.example".into(), &"critical".into()));
    assert!(line["found"].as_str().unwrap().contains("publish _dmarc.shop.example. IN TXT"), "{line}");
}

#[test]
fn a_dns_that_says_nothing_neither_fails_a_run_nor_holds_it_up() {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let at = accepted.accepted_at;
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, accepted.message, at).unwrap();
    });
    scenario.seed("anna@plain.example", Character::Plain, "");
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let file = scenario.path().join("inboxed.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, asking(&config, silent.local_addr().unwrap())).unwrap();
    let ran = scenario.call("", &["run", "--json"]);
    assert_eq!(ran.json()["probes"][0]["placement"], "inbox", "{ran:?}");
    let told = scenario.call("", &["dns", "diff", "--json"]).json();
    assert_eq!((&told["snapshots"], told["changes"].as_array().unwrap().len()), (&1.into(), 0));
}
