use serde_json::json;

use super::*;
use crate::edge::ses::api::tests::sender;
use crate::edge::ses::stub::{Act, Request, Stub};

fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

async fn standing(
    custom: bool,
    act: impl Fn(&Request, usize) -> Act + Send + Sync + 'static,
) -> (Result<Standing, SesFailure>, usize) {
    let stub = Stub::new(act).await;
    let standing = sender(&stub.url, custom).standing().await;
    assert!(stub.requests().iter().all(|request| request.line == "GET /v2/email/account"));
    (standing, stub.requests().len())
}

#[tokio::test]
async fn an_account_is_told_as_ses_tells_it() {
    let full = json!({
        "ProductionAccessEnabled": false, "SendingEnabled": true, "EnforcementStatus": "HEALTHY",
        "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 150.0},
    });
    let (told, asked) = standing(false, move |_, _| Act::ok(&full.to_string())).await;
    let expected = Standing {
        sandbox: Some(true),
        sending_enabled: Some(true),
        quota_left: Some(50.0),
        max_send_rate: Some(1.0),
        enforcement: Some("HEALTHY".to_owned()),
        notes: Vec::new(),
    };
    assert_eq!((told, asked), (Ok(expected), 1));
    let unlimited = json!({"SendQuota": {"Max24HourSend": -1.0, "SentLast24Hours": 9.0}});
    let (told, _) = standing(false, move |_, _| Act::ok(&unlimited.to_string())).await;
    assert_eq!(told.unwrap().quota_left, Some(f64::INFINITY));
}

#[tokio::test]
async fn what_an_account_does_not_tell_stays_unknown_and_is_noted() {
    let (told, _) = standing(true, |_, _| Act::ok("{}")).await;
    let told = told.unwrap();
    assert_eq!(Standing { notes: Vec::new(), ..told.clone() }, Standing::default());
    assert_eq!(told.notes.len(), 1);
    let rows = [
        (false, Act::error(403, "AccessDeniedException"), 1),
        (true, Act::Answer(404, None, "not found".to_owned()), 1),
        (true, Act::Answer(405, None, String::new()), 1),
        (true, Act::Answer(501, None, String::new()), 1),
        (true, Act::Answer(500, None, String::new()), 3),
    ];
    for (custom, act, requests) in rows {
        let answer = act.clone();
        let (told, asked) = standing(custom, move |_, _| answer.clone()).await;
        let told = told.unwrap();
        assert_eq!((told.sandbox, told.notes.len(), asked), (None, 1, requests), "{act:?}: {told:?}");
    }
}

#[tokio::test]
async fn a_question_is_asked_again_where_that_may_help_and_only_there() {
    let rows = [
        (Act::error(429, "TooManyRequestsException"), 3, true),
        (Act::Answer(503, None, String::new()), 3, true),
        (Act::Hang, 1, true),
        (Act::Close, 1, true),
        (Act::ok("<html>"), 1, true),
        (Act::error(403, "UnrecognizedClientException"), 1, false),
        (Act::error(403, "ExpiredTokenException"), 1, false),
    ];
    for (act, requests, temporary) in rows {
        let answer = act.clone();
        let (told, asked) = standing(false, move |_, _| answer.clone()).await;
        let failure = told.unwrap_err();
        assert_eq!((asked, failure.is_temporary()), (requests, temporary), "{act:?}: {failure:?}");
        assert_eq!(matches!(failure, SesFailure::Credentials(_)), !temporary, "{failure:?}");
    }
    let (told, asked) = standing(false, |_, before| {
        if before < 2 { Act::Answer(503, None, String::new()) } else { Act::ok(r#"{"SendingEnabled":false}"#) }
    })
    .await;
    assert_eq!((told.unwrap().sending_enabled, asked), (Some(false), 3));
    let refused = sender("http://127.0.0.1:1", false).standing().await.unwrap_err();
    assert!(refused.is_temporary(), "{refused:?}");
}

#[tokio::test]
async fn an_identity_is_looked_for_as_address_domain_and_domains_above() {
    let pending = r#"{"VerifiedForSendingStatus":false,"VerificationStatus":"PENDING"}"#;
    let verified = r#"{"VerifiedForSendingStatus":true,"VerificationStatus":"SUCCESS"}"#;
    let rows: [(&'static str, &'static str, &str, usize); 4] = [
        ("news%40mail.shop.example", verified, "verified", 1),
        ("shop.example", verified, "verified", 3),
        ("mail.shop.example", pending, "mail.shop.example is PENDING", 3),
        ("nothing", verified, "SES knows none of news@mail.shop.example, mail.shop.example, shop.example", 3),
    ];
    for (known, answer, expected, requests) in rows {
        let stub = Stub::new(move |request, _| {
            let found = request.line == format!("GET /v2/email/identities/{known}");
            if found { Act::ok(answer) } else { Act::error(404, "NotFoundException") }
        })
        .await;
        let told = match sender(&stub.url, false).identity("News@mail.shop.example").await {
            IdentityStanding::Verified => "verified".to_owned(),
            IdentityStanding::Unverified { why } => why,
            IdentityStanding::Unknown(note) => format!("unknown: {note}"),
        };
        assert!(told.starts_with(expected), "{told}");
        assert_eq!(stub.requests().len(), requests, "{known}");
    }
    for act in [Act::error(403, "AccessDeniedException"), Act::Answer(404, None, "no".to_owned()), Act::ok("{}")] {
        let answer = act.clone();
        let stub = Stub::new(move |_, _| answer.clone()).await;
        let told = sender(&stub.url, true).identity("news@shop.example").await;
        assert!(matches!(told, IdentityStanding::Unknown(_)), "{act:?}: {told:?}");
        assert_eq!(stub.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_sandbox_delivers_to_verified_addresses_and_domains_from_every_page() {
    let page = |entries: Value, next: Option<&str>| json!({"EmailIdentities": entries, "NextToken": next}).to_string();
    let first = page(
        json!([
            {"IdentityName": "anna@gmail.com", "IdentityType": "EMAIL_ADDRESS", "SendingEnabled": true, "VerificationStatus": "SUCCESS"},
            {"IdentityName": "bert@gmail.com", "IdentityType": "EMAIL_ADDRESS", "SendingEnabled": false, "VerificationStatus": "PENDING"},
        ]),
        Some("more"),
    );
    let second =
        page(json!([{"IdentityName": "Shop.example", "IdentityType": "DOMAIN", "SendingEnabled": true}]), None);
    let stub =
        Stub::new(move |request, _| Act::ok(if request.body.contains("\"more\"") { &second } else { &first })).await;
    let seeds = ["Anna@gmail.com", "bert@gmail.com", "carl@gmail.com", "dora@mail.shop.example"].map(address);
    let verified = sender(&stub.url, false).verified_among(&seeds).await.unwrap();
    assert_eq!(verified, [seeds[0].clone(), seeds[3].clone()].into());
    assert_eq!(stub.requests().len(), 2);
}

#[tokio::test]
async fn where_listing_is_denied_each_seed_is_asked_for() {
    let stub = Stub::new(|request, _| match request.line.as_str() {
        "GET /v2/email/identities/anna%40gmail.com" => Act::ok(r#"{"VerifiedForSendingStatus":true}"#),
        "POST /v2/email/list-identities" => Act::error(403, "AccessDeniedException"),
        _ => Act::error(404, "NotFoundException"),
    })
    .await;
    let seeds = ["anna@gmail.com", "bert@gmail.com"].map(address);
    let verified = sender(&stub.url, false).verified_among(&seeds).await.unwrap();
    assert_eq!(verified, [seeds[0].clone()].into());
    let denied = Stub::new(|_, _| Act::error(403, "AccessDeniedException")).await;
    assert!(sender(&denied.url, false).verified_among(&seeds).await.is_err());
}
