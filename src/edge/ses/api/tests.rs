use aws_sdk_sesv2::config::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;

use super::*;
use crate::domain::seed::Address;
use crate::edge::ses::stub::{Act, SHORT, Stub};

const ID: &str = r#"{"MessageId":"0107019aa-b-000000"}"#;

fn builder(url: &str) -> Builder {
    Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(url)
        .http_client(http_client())
}

/// A sender with credentials of its own, so that no test reads the environment.
pub(in super::super) fn sender(url: &str, custom: bool) -> ApiSender {
    let credentials =
        Credentials::new("AKIDEXAMPLE", "s3cret-access-key", Some("s3ssion-token".to_owned()), None, "test");
    ApiSender::from_config(builder(url).credentials_provider(credentials), custom, SHORT)
}

fn letter() -> Letter {
    Letter {
        sender: "news@shop.example".to_owned(),
        seed: Address::new("anna@gmail.com").unwrap(),
        bytes: b"From: news@shop.example\r\nTo: someone-else@shop.example\r\n\r\nBody \xc3\xa4\r\n".to_vec(),
        configuration_set: Some("marketing".to_owned()),
        tags: vec![("inboxed-run".to_owned(), "7".to_owned())],
    }
}

fn kind(handoff: &Handoff) -> (&'static str, String) {
    match handoff {
        Handoff::Accepted(id) => ("accepted", id.as_str().to_owned()),
        Handoff::Refused { why } => ("refused", why.clone()),
        Handoff::NotAccepted { why, retry_after: Some(_) } => ("later", why.clone()),
        Handoff::NotAccepted { why, retry_after: None } => ("stop", why.clone()),
        Handoff::Unknown { why } => ("unknown", why.clone()),
    }
}

#[tokio::test]
async fn every_fault_leaves_one_request_and_the_right_handoff() {
    let rows = [
        (Act::ok(ID), "accepted"),
        (Act::Drip(ID.to_owned()), "accepted"),
        (Act::ok("{}"), "unknown"),
        (Act::ok(""), "unknown"),
        (Act::ok(r#"{"MessageId":"not an id\r\n"}"#), "unknown"),
        (Act::ok("<html>welcome</html>"), "unknown"),
        (Act::Answer(202, None, "<html>".to_owned()), "unknown"),
        (Act::Close, "unknown"),
        (Act::Reset, "unknown"),
        (Act::Cut, "unknown"),
        (Act::Hang, "unknown"),
        (Act::Answer(500, None, String::new()), "unknown"),
        (Act::error(500, "InternalFailure"), "unknown"),
        (Act::error(503, "ServiceUnavailable"), "unknown"),
        (Act::Answer(502, None, "<html>bad gateway</html>".to_owned()), "unknown"),
        (Act::Answer(429, None, String::new()), "later"),
        (Act::error(429, "TooManyRequestsException"), "later"),
        (Act::error(400, "MessageRejected"), "refused"),
        (Act::error(404, "NotFoundException"), "refused"),
        (Act::error(400, "SendingPausedException"), "stop"),
        (
            Act::Answer(400, None, r#"{"__type":"com.amazonaws.ses#MailFromDomainNotVerifiedException"}"#.to_owned()),
            "refused",
        ),
        (Act::Answer(400, None, "<html>bad request</html>".to_owned()), "refused"),
        (Act::Answer(408, None, String::new()), "unknown"),
    ];
    for (act, expected) in rows {
        let told = act.clone();
        let stub = Stub::new(move |_, _| told.clone()).await;
        let handoff = sender(&stub.url, true).send(&letter()).await;
        let (kind, why) = kind(&handoff);
        assert_eq!(kind, expected, "{act:?}: {handoff:?}");
        assert!(!why.contains('\n') && !why.contains("s3cret") && !why.contains("s3ssion"), "{why}");
        assert_eq!(stub.requests().len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn the_call_names_one_seed_and_carries_the_message_as_it_is() {
    let stub = Stub::new(|_, _| Act::ok(ID)).await;
    let handoff = sender(&stub.url, true).send(&letter()).await;
    assert_eq!(handoff, Handoff::Accepted(SesId::new("0107019aa-b-000000").unwrap()));
    let request = stub.requests().remove(0);
    assert_eq!(request.line, "POST /v2/email/outbound-emails");
    assert!(request.head.contains("/eu-central-1/ses/aws4_request"), "{}", request.head);
    let expected = serde_json::json!({
        "FromEmailAddress": "news@shop.example",
        "Destination": {"ToAddresses": ["anna@gmail.com"]},
        "Content": {"Raw": {"Data": STANDARD.encode(letter().bytes)}},
        "EmailTags": [{"Name": "inboxed-run", "Value": "7"}],
        "ConfigurationSetName": "marketing",
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&request.body).unwrap(), expected);
}

#[tokio::test]
async fn without_a_connection_nothing_was_taken() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let plain = Stub::new(|_, _| Act::ok(ID)).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rows = [
        format!("http://127.0.0.1:{port}"),
        "http://no-such-host.invalid:1".to_owned(),
        plain.url.replace("http:", "https:"),
        format!("https://{}", silent.local_addr().unwrap()),
    ];
    for url in rows {
        let handoff = sender(&url, true).send(&letter()).await;
        assert_eq!(kind(&handoff).0, "later", "{url}: {handoff:?}");
        assert!(kind(&handoff).1.contains("endpoint_url"), "{handoff:?}");
    }
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn a_connection_that_was_closed_in_between_is_replaced_and_still_each_probe_leaves_once() {
    let stub = Stub::new(|_, _| Act::AnswerAndClose(ID.to_owned())).await;
    let sender = sender(&stub.url, true);
    for sent in 1..=3 {
        let handoff = sender.send(&letter()).await;
        // Whether the close was seen before the next request is a matter of time; a second copy never is.
        assert!(matches!(kind(&handoff).0, "accepted" | "unknown"), "{handoff:?}");
        assert!(stub.requests().len() <= sent);
    }
}

#[tokio::test]
async fn without_credentials_nothing_leaves_and_the_remedy_is_told() {
    let stub = Stub::new(|_, _| Act::ok(ID)).await;
    let sender = ApiSender::from_config(builder(&stub.url), true, SHORT);
    for _ in 0..2 {
        let (kind, why) = kind(&sender.send(&letter()).await);
        assert_eq!(kind, "refused");
        assert!(why.contains("AWS_PROFILE"), "{why}");
    }
    let failure = sender.standing().await.unwrap_err();
    assert!(matches!(&failure, SesFailure::Credentials(why) if why.contains("AWS_PROFILE")), "{failure:?}");
    assert!(stub.requests().is_empty());
}

#[tokio::test]
async fn connecting_takes_the_region_and_the_endpoint_it_is_given() {
    let sender = ApiSender::connect(Some("us-east-1"), Some("http://127.0.0.1:1"), Patience::default()).await;
    assert_eq!(sender.client.config().region(), Some(&Region::new("us-east-1")));
    assert!(sender.custom && sender.unprepared.get().is_none());
    assert_eq!(sender.client.config().retry_config().map(RetryConfig::max_attempts), Some(1));
}
