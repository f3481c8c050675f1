//! moto as SES: it refuses senders whose identity is not verified, and keeps every message that it accepts.
//!
//! moto 5.2 knows SendEmail, the identities and the configuration sets of SES v2. GetAccount and the suppression list
//! are unknown to it: it answers 404 with a page of HTML.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::Server;
use super::daemon::Daemon;
use super::http::exchange;

/// A running instance, ended on drop.
#[derive(Debug)]
pub(super) struct Moto {
    port: u16,
    _daemon: Daemon,
}

/// A message that moto accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// The id it gave to the sender.
    pub(super) id: String,
    /// The envelope's recipients. moto names each one again that the To header names, so this is a set.
    pub(super) recipients: BTreeSet<String>,
    /// The envelope's sender.
    pub(super) source: String,
    /// The message as it came.
    pub(super) raw: String,
}

impl Moto {
    /// Starts an instance, or says that `test` is left out for want of moto.
    pub(super) fn start(test: &str) -> Option<Self> {
        let mut command = Command::new(Server::Moto.program(test)?);
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("NO_COLOR", "1");
        let (daemon, line) = Daemon::start(command, "Running on http://127.0.0.1:").unwrap();
        let port = line.trim_end().rsplit(':').next().unwrap().parse().unwrap();
        Some(Self { port, _daemon: daemon })
    }

    /// The value of `endpoint_url`.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a domain or an address one that may send.
    pub(super) fn verify(&self, identity: &str) {
        let body = json!({ "EmailIdentity": identity }).to_string();
        assert_eq!(exchange(self.port, "POST", "/v2/email/identities", &body).0, 200);
    }

    /// Every message accepted so far, in order.
    pub(super) fn sent(&self) -> Vec<Sent> {
        let (status, body) = exchange(self.port, "GET", "/moto-api/data.json", "");
        assert_eq!(status, 200);
        let data: Value = serde_json::from_str(&body).unwrap();
        let messages = data["ses"]["RawMessage"].as_array().cloned().unwrap_or_default();
        messages.iter().map(Sent::read).collect()
    }
}

impl Sent {
    fn read(message: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&message["id"]),
            recipients: message["destinations"].as_array().unwrap().iter().map(text).collect(),
            source: text(&message["source"]),
            raw: text(&message["raw_data"]),
        }
    }
}

#[test]
fn only_a_verified_sender_gets_a_message_in_and_it_is_kept_to_the_byte() {
    let Some(moto) = Moto::start("the moto fixture") else { return };
    let send = |from: &str| {
        let body = json!({
            "FromEmailAddress": from,
            "Destination": { "ToAddresses": ["u01@seed.example"] },
            "Content": { "Raw": { "Data": "VG86IHUwMUBzZWVkLmV4YW1wbGUNClN1YmplY3Q6IGhpDQoNCmhpDQo=" } },
        });
        exchange(moto.port, "POST", "/v2/email/outbound-emails", &body.to_string())
    };
    moto.verify("shop.example");
    let (status, answer) = send("news@other.example");
    assert!(status == 400 && answer.contains("MessageRejected"), "{status} {answer}");
    assert_eq!(moto.sent(), []);

    let (status, answer) = send("News <news@shop.example>");
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let expected = Sent {
        id: answer["MessageId"].as_str().unwrap().to_owned(),
        recipients: BTreeSet::from(["u01@seed.example".to_owned()]),
        source: "News <news@shop.example>".to_owned(),
        raw: "To: u01@seed.example\r\nSubject: hi\r\n\r\nhi\r\n".to_owned(),
    };
    assert_eq!(moto.sent(), [expected]);
    for (path, status) in [
        ("/v2/email/account", 404),
        ("/v2/email/suppression/addresses", 404),
        ("/v2/email/identities/shop.example", 200),
        ("/v2/email/identities/other.example", 404),
    ] {
        assert_eq!(exchange(moto.port, "GET", path, "").0, status, "{path}");
    }
}
