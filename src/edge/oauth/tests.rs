//! Grants against an authorization server that can be made to answer anything.

use std::path::Path;
use std::sync::Mutex;

use secrecy::ExposeSecret as _;

use super::stub::{self, Script, answer, clock, grant, issuer, keep, seed, server};
use super::{Bearer, Grant, OAuthFault, Prompt, TokenStore};
use crate::domain::oauth::Flow;
use crate::domain::sign_in::SignIn;

async fn kept_refresh(directory: &Path) -> String {
    let tokens = TokenStore::new(directory, false, &seed()).load().await.unwrap().unwrap();
    tokens.refresh.unwrap().expose_secret().to_owned()
}

fn shown(bearer: &Bearer) -> String {
    bearer.token().expose_secret().to_owned()
}

#[tokio::test]
async fn however_many_ask_an_ended_token_is_renewed_once_and_stored_first() {
    let (script, dir, clock) = (Script::default(), tempfile::tempdir().unwrap(), clock());
    let directory = dir.path().join("tokens");
    let origin = server(&script).await;
    script.answers(&[(200, &answer("access-1", Some("refresh-1"), 3600)), (200, &answer("access-2", None, 3600))]);
    keep(&origin, &directory, "refresh-0", Some(0)).await;
    // Two processes and ten askers in each.
    let grants = [(); 2].map(|()| grant(&origin, &directory, &clock));
    let grants = futures_util::future::try_join_all(grants).await.unwrap();
    let asked = (0..20).map(|number| grants[number % 2].bearer(None));
    for bearer in futures_util::future::join_all(asked).await {
        assert_eq!(shown(&bearer.unwrap()), "access-1");
    }
    assert_eq!(script.heard(), ["grant_type=refresh_token&refresh_token=refresh-0&client_id=client-1"]);
    assert_eq!(kept_refresh(&directory).await, "refresh-1");

    // Refused by the mailbox: one more renewal for all who hold the refused one. No new refresh token: the old one stays.
    let refused = grants[0].bearer(None).await.unwrap();
    let asked = (0..10).map(|number| grants[number % 2].bearer(Some(&refused)));
    for bearer in futures_util::future::join_all(asked).await {
        assert_eq!(shown(&bearer.unwrap()), "access-2");
    }
    assert_eq!(script.heard(), ["grant_type=refresh_token&refresh_token=refresh-1&client_id=client-1"]);
    assert_eq!(kept_refresh(&directory).await, "refresh-1");

    // Refused again although new: renewing is over.
    let renewed = grants[0].bearer(None).await.unwrap();
    grants[0].give_up(&renewed).await;
    assert_eq!(grants[0].bearer(Some(&renewed)).await.unwrap_err().sign_in(), SignIn::TokenRefused);
    assert_eq!(script.heard(), Vec::<String>::new());

    // Before its end, it is renewed.
    clock.advance(std::time::Duration::from_secs(3500));
    script.answers(&[(200, &answer("access-3", None, 3600))]);
    assert_eq!(shown(&grants[1].bearer(None).await.unwrap()), "access-3");
    // The next run uses what is stored.
    assert_eq!(shown(&grant(&origin, &directory, &clock).await.unwrap().bearer(None).await.unwrap()), "access-3");
    assert_eq!(script.heard().len(), 1);
}

#[tokio::test]
async fn a_server_in_trouble_withdraws_no_consent() {
    let (script, dir, clock) = (Script::default(), tempfile::tempdir().unwrap(), clock());
    let directory = dir.path().join("tokens");
    let origin = server(&script).await;
    keep(&origin, &directory, "refresh-0", Some(0)).await;
    let grant = grant(&origin, &directory, &clock).await.unwrap();
    for (status, body) in [
        (500, "oops"),
        (503, "{\"error\":\"invalid_grant\"}"),
        (429, "{\"error\":\"invalid_grant\"}"),
        (400, "{\"error\":\"temporarily_unavailable\"}"),
        (200, "<html>canary</html>"),
        (200, "{\"access_token\":\"canary\"}"),
        (200, ""),
        (400, "canary"),
        (302, ""),
    ] {
        script.answers(&[(status, body)]);
        let fault = grant.bearer(None).await.unwrap_err();
        assert!(fault.is_temporary() && fault.sign_in() == SignIn::Unavailable, "{status} {body}: {fault:?}");
        assert!(!format!("{fault} {fault:?}").contains("canary"), "{fault:?}");
        assert_eq!(kept_refresh(&directory).await, "refresh-0");
    }
    script.answers(&[(200, &answer("access-1", None, 3600))]);
    assert_eq!(shown(&grant.bearer(None).await.unwrap()), "access-1");
}

#[tokio::test]
async fn a_withdrawn_consent_is_asked_about_once_until_somebody_signs_in_again() {
    let (script, dir, clock) = (Script::default(), tempfile::tempdir().unwrap(), clock());
    let directory = dir.path().join("tokens");
    let origin = server(&script).await;
    let fault = grant(&origin, &directory, &clock).await.unwrap_err();
    assert_eq!(fault.to_string(), "it is not signed in yet; run `inboxed seeds sign-in anna@shop.example`");
    keep(&origin, &directory, "refresh-0", Some(0)).await;
    let grant = grant(&origin, &directory, &clock).await.unwrap();
    script.answers(&[(400, "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been revoked.\"}")]);
    for _ in 0..3 {
        let fault = grant.bearer(None).await.unwrap_err();
        assert_eq!((fault.sign_in(), fault.is_temporary()), (SignIn::ConsentWithdrawn, false));
        assert_eq!(fault.to_string(), "the OAuth server says invalid_grant: \u{201c}Token has been revoked\u{201d}");
    }
    assert_eq!(script.heard().len(), 1);
    keep(&origin, &directory, "refresh-9", Some(0)).await;
    script.answers(&[(200, &answer("access-9", None, 3600))]);
    assert_eq!(shown(&grant.bearer(None).await.unwrap()), "access-9");
    // Tokens of another client or server are sent nowhere.
    keep("http://127.0.0.1:1", &directory, "refresh-9", Some(0)).await;
    script.heard();
    let fault = stub::grant(&origin, &directory, &clock).await.unwrap_err();
    assert!(fault.to_string().starts_with("its tokens were given to another OAuth client"), "{fault}");
    assert_eq!(script.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn tokens_that_cannot_be_stored_are_given_to_nobody_and_not_lost() {
    let (script, dir, clock) = (Script::default(), tempfile::tempdir().unwrap(), clock());
    let directory = dir.path().join("tokens");
    let origin = server(&script).await;
    script.answers(&[(200, &answer("access-1", Some("refresh-1"), 3600)), (400, "{\"error\":\"invalid_grant\"}")]);
    keep(&origin, &directory, "refresh-0", Some(0)).await;
    // A directory stands where the new file would be written.
    let file = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "json")).unwrap();
    let grant = grant(&origin, &directory, &clock).await.unwrap();
    let new = file.with_extension("new");
    let lock = TokenStore::new(&directory, false, &seed()).lock().await.unwrap();
    std::fs::create_dir(&new).unwrap();
    drop(lock);
    let fault = grant.bearer(None).await.unwrap_err();
    assert!(matches!(fault, OAuthFault::Store(_)), "{fault:?}");
    std::fs::remove_dir(&new).unwrap();
    assert_eq!(kept_refresh(&directory).await, "refresh-0");
    assert_eq!(shown(&grant.bearer(None).await.unwrap()), "access-1");
    assert_eq!(kept_refresh(&directory).await, "refresh-1");
}

#[tokio::test]
async fn a_client_by_itself_keeps_nothing_and_asks_with_its_secret() {
    let (script, clock) = (Script::default(), clock());
    let origin = server(&script).await;
    script.answers(&[(200, &answer("access-1", None, 60))]);
    let grant = Grant::of_client(issuer(&origin, Flow::App, &clock));
    for _ in 0..3 {
        assert_eq!(shown(&grant.bearer(None).await.unwrap()), "access-1");
    }
    assert_eq!(script.heard(), ["grant_type=client_credentials&scope=mail"]);
    clock.advance(std::time::Duration::from_secs(55));
    grant.bearer(None).await.unwrap();
    assert_eq!(script.heard().len(), 1);
    assert!(!format!("{grant:?}").contains("canary") && !format!("{grant:?}").contains("access-1"), "{grant:?}");
}

#[tokio::test]
async fn a_device_code_is_asked_for_until_it_is_typed_in_declined_or_run_out() {
    let refused = |word: &str| (400, format!("{{\"error\":\"{word}\"}}"));
    let cases = [
        ((200, answer("access-1", Some("refresh-1"), 60)), "signed in"),
        (refused("access_denied"), "the consent was declined"),
        (refused("authorization_declined"), "the consent was declined"),
        (refused("expired_token"), "the code ran out"),
        (refused("invalid_client"), "the OAuth server says invalid_client; check client_id"),
    ];
    // Side by side, as each takes the seconds that lie between two questions.
    futures_util::future::join_all(cases.map(|(last, wanted)| async move {
        let script = Script::default();
        let origin = server(&script).await;
        let issuer = issuer(&origin, Flow::Device, &clock());
        let code = "{\"device_code\":\"d-1\",\"user_code\":\"ABCD\",\"verification_uri\":\"https://x.example/go\",\
                    \"expires_in\":900,\"interval\":0}";
        let pending = "{\"error\":\"authorization_pending\"}";
        script.answers(&[(200, code), (400, pending), (503, "busy"), (last.0, &last.1)]);
        let prompts = Mutex::new(Vec::new());
        let signed_in = issuer.sign_in("anna", |prompt| prompts.lock().unwrap().push(prompt.clone())).await;
        let found = signed_in.map_or_else(|fault| fault.to_string(), |_| "signed in".to_owned());
        assert!(found.starts_with(wanted), "{wanted}: {found}");
        let address = "https://x.example/go".to_owned();
        let prompt = Prompt::Device { address, complete: None, code: "ABCD".to_owned(), minutes: 15 };
        assert_eq!(*prompts.lock().unwrap(), [prompt]);
        let heard = script.heard();
        assert_eq!((heard.len(), heard[0].as_str()), (4, "scope=mail&client_id=client-1"));
        assert!(heard[3].contains("device_code&device_code=d-1&client_id=client-1"), "{heard:?}");
    }))
    .await;
}
