//! An SES endpoint that hands every accepted message to the test, which decides where it lands.
//!
//! It is no part of the lab on purpose: what the program sends is read here by eyes that have not seen how the program
//! writes it. It answers the calls of the SES v2 API that a run may make and notes any other.

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::http::Request;

/// A message that the endpoint accepted.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    /// The id that the sender was told.
    pub(super) id: String,
    /// The envelope's sender.
    pub(super) from: String,
    /// The envelope's recipients: To, Cc and Bcc.
    pub(super) recipients: Vec<String>,
    /// The message as it came.
    pub(super) raw: Vec<u8>,
}

impl Accepted {
    /// The message as it arrives: SES puts its own id into Message-ID and Return-Path, and receivers add a trace.
    pub(super) fn delivered(&self) -> Vec<u8> {
        let head = format!(
            "Return-Path: <{id}@eu-central-1.amazonses.com>\r\n\
             Received: from a1-1.smtp-out.eu-central-1.amazonses.com (a1-1.smtp-out.eu-central-1.amazonses.com \
             [192.0.2.1])\r\n\tby mx.seed.example with ESMTPS id 1;\r\n\tMon, 2 Nov 2026 06:00:01 +0000\r\n\
             Date: Mon, 2 Nov 2026 06:00:00 +0000\r\n\
             Message-ID: <{id}@eu-central-1.amazonses.com>\r\n",
            id = self.id
        );
        [head.as_bytes(), &self.raw].concat()
    }
}

/// A running endpoint, ended on drop.
#[derive(Debug)]
pub(super) struct Endpoint {
    port: u16,
    ended: Arc<AtomicBool>,
    unexpected: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    /// Starts an endpoint. `accept` is called for each message before its sender gets the answer.
    pub(super) fn start(accept: impl Fn(Accepted) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint =
            Self { port: listener.local_addr().unwrap().port(), ended: Arc::default(), unexpected: Arc::default() };
        let desk = Arc::new(Desk { accept, count: AtomicU64::new(0), unexpected: Arc::clone(&endpoint.unexpected) });
        let ended = Arc::clone(&endpoint.ended);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let desk = Arc::clone(&desk);
                thread::spawn(move || desk.serve(stream));
            }
        });
        endpoint
    }

    /// The value of `endpoint_url`.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Calls that nothing in a run should need.
    pub(super) fn unexpected(&self) -> Vec<String> {
        self.unexpected.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // One last connection wakes the listener, so that it sees that it has ended.
        let _woken = TcpStream::connect(("127.0.0.1", self.port));
    }
}

struct Desk<F> {
    accept: F,
    count: AtomicU64,
    unexpected: Arc<Mutex<Vec<String>>>,
}

impl<F: Fn(Accepted)> Desk<F> {
    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(request) = Request::read(&mut reader) {
            let (status, body) = self.answer(&request);
            let body = body.to_string();
            let kind = if status == 404 { "x-amzn-ErrorType: NotFoundException\r\n" } else { "" };
            let answer = format!(
                "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\n{kind}Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            if stream.write_all(answer.as_bytes()).is_err() || request.is_last {
                break;
            }
        }
    }

    fn answer(&self, request: &Request) -> (u16, Value) {
        let path = request.path.split('?').next().unwrap();
        let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method.as_str(), steps.as_slice()) {
            ("POST", ["v2", "email", "outbound-emails"]) => (200, json!({ "MessageId": self.take(&request.body) })),
            ("GET", ["v2", "email", "account"]) => (200, account()),
            ("GET", ["v2", "email", "identities", _]) => (200, identity()),
            ("GET", ["v2", "email", "configuration-sets", name]) => (200, json!({ "ConfigurationSetName": name })),
            ("GET", ["v2", "email", "suppression", "addresses"]) => {
                (200, json!({ "SuppressedDestinationSummaries": [] }))
            }
            ("GET", ["v2", "email", "suppression", "addresses", _]) => {
                (404, json!({ "message": "the address is not on the suppression list" }))
            }
            // The one call of the first version of the API; it is not answered here.
            ("GET", [""]) => (404, json!({ "message": "no statistics" })),
            _ => {
                self.unexpected.lock().unwrap().push(format!("{} {path}", request.method));
                (404, json!({ "message": "no such call" }))
            }
        }
    }

    fn take(&self, body: &[u8]) -> String {
        let call: Value = serde_json::from_slice(body).unwrap();
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let id = format!("0107019a4b5c{number:04x}-{number:08x}-1f2e-4d3c-8b5a-697887960000-000000");
        let recipients = ["ToAddresses", "CcAddresses", "BccAddresses"]
            .iter()
            .filter_map(|list| call["Destination"][list].as_array())
            .flatten()
            .map(|address| address.as_str().unwrap().to_owned())
            .collect();
        let raw = STANDARD.decode(call["Content"]["Raw"]["Data"].as_str().unwrap()).unwrap();
        let from = call["FromEmailAddress"].as_str().unwrap_or_default().to_owned();
        (self.accept)(Accepted { id: id.clone(), from, recipients, raw });
        id
    }
}

/// An account out of the sandbox that may send as fast as a test likes.
fn account() -> Value {
    json!({
        "DedicatedIpAutoWarmupEnabled": true,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": true,
        "SendingEnabled": true,
        "SendQuota": { "Max24HourSend": 50000.0, "MaxSendRate": 100.0, "SentLast24Hours": 0.0 },
        "SuppressionAttributes": { "SuppressedReasons": ["BOUNCE", "COMPLAINT"] },
    })
}

fn identity() -> Value {
    json!({
        "IdentityType": "DOMAIN",
        "FeedbackForwardingStatus": true,
        "VerifiedForSendingStatus": true,
        "VerificationStatus": "SUCCESS",
        "DkimAttributes": { "SigningEnabled": true, "Status": "SUCCESS" },
        "MailFromAttributes": { "BehaviorOnMxFailure": "USE_DEFAULT_VALUE" },
    })
}

#[test]
fn an_accepted_message_reaches_the_test_as_it_was_sent_and_arrives_with_the_id_of_ses() {
    let (sender, accepted) = std::sync::mpsc::channel();
    let endpoint = Endpoint::start(move |message| sender.send(message).unwrap());
    let call = json!({
        "FromEmailAddress": "news@shop.example",
        "Destination": { "ToAddresses": ["u01@seed.example"], "BccAddresses": ["eve@shop.example"] },
        "Content": { "Raw": { "Data": STANDARD.encode("Subject: hi\r\n\r\nhi\r\n") } },
    });
    let exchange = |method, path: &str, body: &str| super::http::exchange(endpoint.port, method, path, body);
    let (status, answer) = exchange("POST", "/v2/email/outbound-emails", &call.to_string());
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let message = accepted.try_recv().unwrap();
    assert_eq!((status, answer), (200, json!({ "MessageId": message.id })));
    assert_eq!(
        (message.from.as_str(), message.raw.as_slice()),
        ("news@shop.example", &b"Subject: hi\r\n\r\nhi\r\n"[..])
    );
    assert_eq!(message.recipients, ["u01@seed.example", "eve@shop.example"]);
    let delivered = String::from_utf8(message.delivered()).unwrap();
    let id = format!("\r\nMessage-ID: <{}@eu-central-1.amazonses.com>\r\n", message.id);
    assert!(delivered.contains(&id) && delivered.ends_with("\r\nSubject: hi\r\n\r\nhi\r\n"), "{delivered}");

    assert_eq!(exchange("GET", "/v2/email/account", "").0, 200);
    assert_eq!(exchange("GET", "/v2/email/suppression/addresses/u01%40seed.example", "").0, 404);
    assert_eq!(endpoint.unexpected(), [""; 0]);
    assert_eq!(exchange("PUT", "/v2/email/account/sending", "{}").0, 404);
    assert_eq!(endpoint.unexpected(), ["PUT /v2/email/account/sending"]);
}
