//! Signing in by an access token, and what a refusal of it leads to.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::{access, clock, patience, sought};
use crate::domain::sign_in::SignIn;
use crate::edge::imap::server::Server;
use crate::edge::imap::{Credential, Door, Mailbox, Pool};
use crate::edge::oauth::stub::{self, Script, answer};

/// A mailbox whose tokens were just stored, its IMAP server and its authorization server.
struct Bench {
    server: Server,
    script: Script,
    mailbox: Mailbox,
    _dir: TempDir,
}

async fn bench(capabilities: &str) -> Bench {
    let (server, script, dir) = (Server::start().await, Script::default(), tempfile::tempdir().unwrap());
    server.world().greeting = format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] ready\r\n");
    let origin = stub::server(&script).await;
    let directory = dir.path().join("tokens");
    stub::keep(&origin, &directory, "refresh-0", Some(3600)).await;
    script.answers(&[(200, &answer("access-1", None, 3600)), (200, &answer("access-2", None, 3600))]);
    let mut access = access(&server);
    let grant = stub::grant(&origin, &directory, &stub::clock()).await.unwrap();
    access.credential = Credential::Bearer(Arc::new(grant));
    let mailbox = Mailbox::new(access, Pool::new(1, clock(), Door::fleeting()), clock(), patience());
    Bench { server, script, mailbox, _dir: dir }
}

impl Bench {
    /// The lines of all sign-ins so far.
    fn sign_ins(&self) -> Vec<String> {
        let lines = std::mem::take(&mut self.server.world().lines);
        let others = ["ID", "LIST", "EXAMINE", "UID", "LOGOUT"];
        lines.into_iter().filter(|line| !others.iter().any(|verb| line.contains(&format!(" {verb}")))).collect()
    }
}

fn x_oauth2(token: &str) -> String {
    STANDARD.encode(format!("user=anna@stub.example\u{1}auth=Bearer {token}\u{1}\u{1}"))
}

fn oauth_bearer(token: &str, port: u16) -> String {
    let fields = format!("host=localhost\u{1}port={port}\u{1}auth=Bearer {token}");
    STANDARD.encode(format!("n,a=anna@stub.example,\u{1}{fields}\u{1}\u{1}"))
}

#[tokio::test]
async fn the_mechanism_follows_from_what_the_server_offers() {
    for (capabilities, wanted) in [
        ("AUTH=PLAIN AUTH=XOAUTH2 SASL-IR", vec![format!("i1 AUTHENTICATE XOAUTH2 {}", x_oauth2("access-0"))]),
        ("AUTH=XOAUTH2 AUTH=OAUTHBEARER SASL-IR", vec!["i1 AUTHENTICATE OAUTHBEARER BEARER".to_owned()]),
        ("AUTH=XOAUTH2", vec!["i1 AUTHENTICATE XOAUTH2".to_owned(), x_oauth2("access-0")]),
        ("AUTH=OAUTHBEARER", vec!["i1 AUTHENTICATE OAUTHBEARER".to_owned(), "BEARER".to_owned()]),
        ("AUTH=PLAIN SASL-IR", vec![]),
    ] {
        let bench = bench(capabilities).await;
        if !capabilities.contains("SASL-IR") {
            bench.server.twist("AUTHENTICATE", "+ \r\n");
            bench.server.twist_some("", 0, 1, "i1 OK in\r\n");
        }
        let outcome = bench.mailbox.baseline().await;
        let bearer = oauth_bearer("access-0", bench.server.port);
        let wanted: Vec<String> =
            wanted.into_iter().map(|line| line.replace("BEARER BEARER", &format!("BEARER {bearer}"))).collect();
        let wanted: Vec<String> =
            wanted.into_iter().map(|line| if line == "BEARER" { bearer.clone() } else { line }).collect();
        let sign_ins: Vec<String> = bench.sign_ins().into_iter().filter(|line| !line.ends_with("CAPABILITY")).collect();
        assert_eq!(sign_ins, wanted, "{capabilities}");
        match outcome {
            Ok(_) => assert!(!wanted.is_empty()),
            Err(failure) => assert_eq!((failure.sign_in(), wanted.len()), (SignIn::NoWay, 0), "{failure}"),
        }
        assert_eq!(bench.script.heard(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_error_challenge_is_answered_and_the_token_renewed_once() {
    let challenge = STANDARD.encode("{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}");
    for (mechanism, answered) in [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")] {
        for refusals in [1, 2] {
            let bench = bench(&format!("AUTH={mechanism} SASL-IR")).await;
            bench.server.twist_some("AUTHENTICATE", 0, refusals, &format!("+ {challenge}\r\n"));
            bench.server.twist_some("AUTHENTICATE", 0, usize::MAX, "{truth}");
            for verb in ["ID", "LIST", "EXAMINE", "UID", "LOGOUT", "CAPABILITY"] {
                bench.server.twist(verb, "{truth}");
            }
            bench.server.twist_some("", 0, refusals, "i1 NO AUTHENTICATE failed access-0.\r\n");
            let outcome = bench.mailbox.baseline().await;
            let sign_ins = bench.sign_ins();
            let tokens = ["access-0", "access-1"].map(|token| match mechanism {
                "XOAUTH2" => x_oauth2(token),
                _ => oauth_bearer(token, bench.server.port),
            });
            let [old, new] = tokens.map(|token| format!("i1 AUTHENTICATE {mechanism} {token}"));
            let mut wanted = vec![old, answered.to_owned(), new.clone()];
            wanted.extend((refusals == 2).then(|| answered.to_owned()));
            assert_eq!(sign_ins, wanted, "{mechanism} {refusals}");
            assert_eq!(bench.script.heard().len(), 1, "{mechanism}: one renewal");
            if refusals == 1 {
                assert!(outcome.is_ok(), "{outcome:?}");
                continue;
            }
            let failure = outcome.unwrap_err();
            let words = "the access token of anna@stub.example was refused: \u{201c}AUTHENTICATE failed access-0. (status \
                         \u{201c}invalid_token\u{201d}, scope \u{201c}mail\u{201d})\u{201d}; run `inboxed seeds sign-in \
                         anna@stub.example`";
            assert_eq!((failure.sign_in(), failure.to_string().as_str()), (SignIn::TokenRefused, words));
            // Renewing did not help, and is not tried again; then the mailbox is left alone until somebody consents anew.
            bench.server.twist("AUTHENTICATE", "{tag} NO no\r\n");
            bench.server.world().twists.reverse();
            assert_eq!(bench.mailbox.baseline().await.unwrap_err().sign_in(), SignIn::TokenRefused);
            assert_eq!((bench.sign_ins(), bench.script.heard()), (vec![new], vec![]), "{mechanism}");
            assert_eq!(bench.mailbox.baseline().await.unwrap_err().sign_in(), SignIn::LeftAlone);
            assert_eq!((bench.sign_ins(), bench.script.heard()), (vec![], vec![]), "{mechanism}");
        }
    }
}

#[tokio::test]
async fn a_token_that_ends_in_mid_session_costs_one_renewal_and_one_sign_in() {
    let bench = bench("AUTH=XOAUTH2 SASL-IR").await;
    bench.mailbox.baseline().await.unwrap();
    assert_eq!(bench.sign_ins().len(), 1);
    bench.server.twist_some("EXAMINE", 0, 1, "* BYE Session invalidated - AccessTokenExpired\r\n\u{4}");
    let look = bench.mailbox.look(&sought()).await;
    assert!(look.failed.is_none(), "{look:?}");
    assert_eq!(bench.sign_ins(), [format!("i1 AUTHENTICATE XOAUTH2 {}", x_oauth2("access-1"))]);
    assert_eq!(bench.script.heard().len(), 1);
}

#[tokio::test]
async fn what_says_nothing_about_the_token_renews_nothing() {
    for answer in ["{tag} NO [UNAVAILABLE] later\r\n", "* BYE overloaded\r\n\u{4}", "{tag} BAD what\r\n", "\u{4}"] {
        let bench = bench("AUTH=XOAUTH2 SASL-IR").await;
        bench.server.twist("AUTHENTICATE", answer);
        let failure = bench.mailbox.baseline().await.unwrap_err();
        assert!(failure.is_temporary(), "{answer}: {failure}");
        assert_eq!((bench.sign_ins().len(), bench.script.heard().len()), (1, 0), "{answer}");
    }
}

#[tokio::test]
async fn without_a_token_no_mailbox_is_troubled() {
    for (status, body, outcome, words) in [
        (
            400,
            "{\"error\":\"invalid_grant\"}",
            SignIn::ConsentWithdrawn,
            "the consent to read anna@stub.example was withdrawn or has run out: the OAuth server says invalid_grant; run \
             `inboxed seeds sign-in anna@shop.example`",
        ),
        (503, "", SignIn::Unavailable, "127.0.0.1 answered with status 503"),
    ] {
        let bench = bench("AUTH=XOAUTH2 SASL-IR").await;
        bench.server.twist("AUTHENTICATE", "{tag} NO no\r\n");
        bench.script.answers(&[(status, body)]);
        let failure = bench.mailbox.baseline().await.unwrap_err();
        assert_eq!((failure.sign_in(), failure.is_temporary()), (outcome, status == 503), "{failure}");
        let words = words.replace("anna@shop.example", "anna@stub.example");
        assert!(failure.to_string().contains(&words), "{failure}");
        assert_eq!(bench.sign_ins().len(), 1, "only with the token that it had");
    }
}
