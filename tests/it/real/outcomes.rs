//! Every way in which a sign-in to Dovecot can end: its word, its sentence and its remedy, and that none of them ends a run.
//!
//! The lab's servers say what providers were seen to say; Dovecot says it in words and codes of its own, and puts
//! CONTACTADMIN before whatever an administrator wrote. It is believed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::certificates::Flaw;
use super::dovecot::{Ailment, Answer, Dovecot, Options, address};
use super::imap::Session;
use super::program::{Ended, Program};
use super::ses::Endpoint;

/// Seeds with which nothing is wrong: as many as a rate needs.
const HEALTHY: usize = 5;
/// A seed whose password is wrong.
const WRONG: usize = 6;
/// The first of the seeds of [`cases`].
const FIRST: usize = 7;

/// What a user is told whose seed is not at fault.
const BUSY: &str = "nothing is wrong with the seed; it is tried again by itself";

/// What Dovecot is told to say to a seed, its preset, the outcome's word, and pieces of what the user is told.
type Case = (Answer, &'static str, &'static str, [&'static str; 2]);

fn cases() -> Vec<Case> {
    use Answer::{Behind, Disabled, Elsewhere, Expired, Failure, Lost, Reason};
    vec![
        (
            Expired,
            "generic",
            "password_expired",
            ["\u{201c}[EXPIRED] Password expired\u{201d}", "set a new password at the provider"],
        ),
        (
            Disabled,
            "generic",
            "blocked",
            ["the provider blocks the sign-in as", "[CONTACTADMIN] Login disabled for this user"],
        ),
        (Failure, "generic", "unavailable", ["cannot take a sign-in at the moment: \u{201c}[UNAVAILABLE]", BUSY]),
        (Behind, "generic", "unavailable", ["[UNAVAILABLE] Account is temporarily unavailable", BUSY]),
        (Lost, "generic", "unavailable", ["the connection was lost", ""]),
        (Elsewhere, "generic", "no_way", ["imap.other.example", "set `host` in the seed to the server that it names"]),
        (
            Reason(
                "Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)",
            ),
            "gmail",
            "app_password_needed",
            ["needs an app password", "myaccount.google.com/apppasswords"],
        ),
        (
            Reason("IMAP access is disabled for your domain. Please contact your domain administrator. (Failure)"),
            "google-workspace",
            "imap_off",
            ["IMAP is switched off for", "Admin console"],
        ),
        (
            Reason(
                "Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)",
            ),
            "gmail",
            "blocked",
            ["the provider blocks the sign-in as", "nothing is wrong with the app password"],
        ),
        (
            Reason("Basic authentication is disabled."),
            "outlook",
            "basic_auth_disabled",
            ["the provider takes no password over IMAP from", "set auth = \"oauth\""],
        ),
        (
            Reason("User is authenticated but not connected."),
            "outlook",
            "not_connected",
            ["was accepted but the mailbox is not connected", "Let devices and apps use IMAP"],
        ),
        (
            Reason("Request is throttled. Suggested Backoff Time: 1000 milliseconds"),
            "outlook",
            "throttled",
            ["the server asks for fewer requests", "1000 milliseconds"],
        ),
        (
            Reason("[LIMIT] Too many sessions"),
            "yahoo",
            "too_many_connections",
            ["too many connections are open", "Yahoo takes few"],
        ),
        (
            Reason("Mailbox server is down for maintenance"),
            "generic",
            "unavailable",
            ["[CONTACTADMIN] Mailbox server is down for maintenance", BUSY],
        ),
    ]
}

/// Addresses at which no verified encryption comes about.
const AILMENTS: [(Ailment, &str, &str); 8] = [
    (Ailment::Certificate(Flaw::WrongName), "certificate_wrong_name", "is for another name; check `host`"),
    (Ailment::Certificate(Flaw::Expired), "certificate_expired", "has expired"),
    (
        Ailment::Certificate(Flaw::NotYetValid),
        "certificate_not_yet_valid",
        "is not valid yet; check this machine's clock",
    ),
    (Ailment::Certificate(Flaw::SelfSigned), "certificate_untrusted", "not signed by a trusted authority"),
    (
        Ailment::Certificate(Flaw::OtherAuthority),
        "certificate_untrusted",
        "name its authority's certificate as `ca_file`",
    ),
    (Ailment::Certificate(Flaw::ClientOnly), "certificate_invalid", "was not issued for a server"),
    (Ailment::Certificate(Flaw::OfAnAuthority), "certificate_invalid", "make it anew with basicConstraints=CA:FALSE"),
    (Ailment::NoTls, "no_encryption", "does not switch to encryption"),
];

fn ailing() -> Vec<(Ipv4Addr, Ailment)> {
    (2..).map(|last| Ipv4Addr::new(127, 0, 0, last)).zip(AILMENTS.map(|(ailment, ..)| ailment)).collect()
}

/// Where a seed's server is, as its configuration says it.
fn at(dovecot: &Dovecot, host: &str, tls: &str) -> String {
    let port = if tls == "implicit" { dovecot.imaps() } else { dovecot.starttls() };
    let ca_file = dovecot.ca_file();
    format!("host = \"{host}\"\nport = {port}\ntls = \"{tls}\"\nca_file = \"{}\"\n", ca_file.display())
}

/// Word and pieces of the sentence by address.
type Wanted = BTreeMap<String, (&'static str, Vec<&'static str>)>;

/// Dovecot with a seed of each kind, and other Dovecots that have other manners.
struct Bench {
    program: Program,
    dovecot: Arc<Dovecot>,
    endpoint: Endpoint,
    sent: Arc<Mutex<Vec<String>>>,
    wanted: Wanted,
    /// Servers that only have to be there.
    _others: Vec<Dovecot>,
    _held: Session,
}

impl Bench {
    fn start(test: &str) -> Option<Self> {
        let answers: Vec<(usize, Answer)> = (FIRST..).zip(cases().into_iter().map(|(answer, ..)| answer)).collect();
        let places = ailing();
        let options = Options {
            seeds: FIRST + answers.len(),
            folders: &["Junk"],
            special_use: &[("Junk", "\\Junk")],
            answers: &answers,
            places: &places,
            ..Options::default()
        };
        let dovecot = Arc::new(Dovecot::start(test, &options)?);
        let other = Options { seeds: 1, folders: &["Junk"], special_use: &[("Junk", "\\Junk")], ..Options::default() };
        let of = |settings| Options { settings, ..other.clone() };
        let tokens_only =
            Dovecot::start_with_issuer(test, &of("auth_mechanisms = xoauth2"), "xoauth2", "http://127.0.0.1:9/")?;
        let challenge_only = Dovecot::start(test, &of("auth_mechanisms = cram-md5"))?;
        let full = Dovecot::start(test, &of("mail_max_userip_connections = 1"))?;
        let held = Session::sign_in(&full, 1);

        let (sent, provider) = (Arc::new(Mutex::new(Vec::new())), Arc::downgrade(&dovecot));
        let book = Arc::clone(&sent);
        let endpoint = Endpoint::start(move |accepted| {
            let [recipient] = &accepted.recipients[..] else { panic!("{accepted:?}") };
            let seed = (1..=WRONG).find(|seed| address(*seed) == *recipient).unwrap();
            provider.upgrade().unwrap().deliver(seed, "INBOX", &accepted.delivered());
            book.lock().unwrap().push(recipient.clone());
        });
        let streams = [("newsletter", "News <news@shop.example>")];
        let mut program = Program::new(&endpoint.url(), &streams, &dovecot, WRONG, |_| "");
        program.hurry(&["gmail", "google-workspace", "outlook", "yahoo"]);
        program.forget_password(WRONG);
        let mut wanted = Wanted::new();
        wanted.insert(
            address(WRONG),
            ("wrong_password", vec!["was refused: \u{201c}[AUTHENTICATIONFAILED]", "check login and password"]),
        );
        for ((seed, _), (answer, preset, word, pieces)) in answers.iter().zip(cases()) {
            let tls = if seed % 2 == 0 { "starttls" } else { "implicit" };
            program.list(&address(*seed), preset, *seed, &at(&dovecot, "127.0.0.1", tls));
            // Dovecot 2.4 knows no referrals any more, and tells the reason alone.
            let told = match (answer, dovecot.is_old()) {
                (Answer::Elsewhere, false) => ("blocked", vec!["It has moved"]),
                _ => (word, pieces.to_vec()),
            };
            wanted.insert(address(*seed), told);
        }
        for ((place, ailment), (_, word, sentence)) in places.iter().zip(AILMENTS) {
            let tls = if matches!(ailment, Ailment::NoTls) { "starttls" } else { "implicit" };
            let name = format!("at-{place}@seed.example");
            program.list(&name, "generic", 1, &at(&dovecot, &place.to_string(), tls));
            wanted.insert(name, (word, vec![sentence]));
        }
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let to_the_clear_port = at(&dovecot, "127.0.0.1", "starttls").replace("\"starttls\"", "\"implicit\"");
        for (name, rest, word, sentence) in [
            ("tokens", at(&tokens_only, "127.0.0.1", "implicit"), "basic_auth_disabled", "set auth = \"oauth\""),
            (
                "challenges",
                at(&challenge_only, "127.0.0.1", "starttls"),
                "no_way",
                "ask the provider how programs sign in",
            ),
            (
                "full",
                at(&full, "127.0.0.1", "implicit"),
                "too_many_connections",
                "Maximum number of connections from user+IP",
            ),
            ("down", format!("host = \"127.0.0.1\"\nport = {closed}\n"), "unreachable", "could not be reached"),
            ("clear", to_the_clear_port, "no_encryption", "does not speak TLS; check `port` and `tls`"),
        ] {
            let name = format!("{name}@seed.example");
            program.list(&name, "generic", 1, &rest);
            wanted.insert(name, (word, vec![sentence]));
        }
        let others = vec![tokens_only, challenge_only, full];
        Some(Self { program, dovecot, endpoint, sent, wanted, _others: others, _held: held })
    }

    fn run(&self) -> (Ended, Value) {
        let run = self.program.run(&["run", "--json", "--wait", "8s"]);
        let document = run.json();
        (run, document)
    }
}

/// What `check --json` says of a seed.
fn checked<'a>(document: &'a Value, address: &str) -> &'a Value {
    document["seeds"].as_array().unwrap().iter().find(|seed| seed["address"] == address).unwrap()
}

fn probe<'a>(document: &'a Value, address: &str) -> &'a Value {
    document["probes"].as_array().unwrap().iter().find(|probe| probe["seed"] == address).unwrap()
}

/// Outcomes by which the provider said nothing about the credential.
const PASSING: [&str; 5] = ["unavailable", "throttled", "too_many_connections", "not_connected", "unreachable"];

/// Outcomes after the second of which a seed is left alone.
const REFUSED: [&str; 4] = ["wrong_password", "password_expired", "app_password_needed", "basic_auth_disabled"];

#[test]
fn each_outcome_at_dovecot_has_its_word_its_sentence_and_its_remedy_and_ends_no_run() {
    let Some(mut bench) = Bench::start("how sign-ins to Dovecot end") else { return };
    let check = bench.program.run(&["check", "--json"]);
    assert_eq!(check.code, Some(1), "some seeds are unusable: {check:?}");
    let document = check.json();
    for seed in 1..=HEALTHY {
        assert_eq!(checked(&document, &address(seed))["sign_in"], "signed_in", "{document}");
    }
    let mut words = BTreeSet::new();
    for (address, (word, pieces)) in &bench.wanted {
        let seed = checked(&document, address);
        assert_eq!((&seed["sign_in"], &seed["verdict"]), (&json!(word), &json!("critical")), "{seed}");
        let why = seed["why"].as_str().unwrap();
        for piece in pieces {
            assert!(why.contains(piece), "{piece:?} is not in {why}");
        }
        assert!(!PASSING.contains(word) || !why.contains("password"), "{why}");
        words.insert(*word);
    }
    assert_eq!(words.len(), 18, "{words:?}");

    // The run finds the others, and tells why it has nothing of these.
    let (run, document) = bench.run();
    assert_eq!(run.code, Some(0), "five of five are in the inbox: {run:?}");
    assert_eq!(document["run"]["state"], "complete");
    for seed in 1..=HEALTHY {
        assert_eq!(probe(&document, &address(seed))["placement"], "inbox", "{document}");
    }
    for (address, (word, pieces)) in &bench.wanted {
        let probe = probe(&document, address);
        assert_eq!((&probe["placement"], &probe["state"]), (&Value::Null, &json!("planned")), "{probe}");
        let why = probe["why"].as_str().unwrap();
        assert!(why.contains(&format!("{word}: ")), "{word} is not in {why}");
        assert!(pieces.iter().all(|piece| why.contains(piece)), "{pieces:?} in {why}");
    }
    let tally = &document["tally"]["all"];
    assert_eq!((&tally["inbox"], &tally["n"], &tally["missing"]), (&json!(5), &json!(5), &json!(0)), "{tally}");
    assert_eq!(tally["unmeasured"], bench.wanted.len(), "{tally}");
    let healthy: Vec<String> = (1..=HEALTHY).map(address).collect();
    let sent = |bench: &Bench| {
        let mut sent = std::mem::take(&mut *bench.sent.lock().unwrap());
        sent.sort();
        sent
    };
    assert_eq!(sent(&bench), healthy, "who cannot be read gets no mail");

    // A credential that was refused twice is left alone; what passes by itself is tried each time.
    let (_, document) = bench.run();
    for (address, (word, _)) in &bench.wanted {
        let why = probe(&document, address)["why"].as_str().unwrap();
        let wanted = if REFUSED.contains(word) { "left_alone" } else { word };
        assert!(why.contains(&format!("{wanted}: ")), "{wanted} is not in {why}");
        assert!(wanted != "left_alone" || why.contains("2 times in a row"), "{why}");
    }
    for ((answer, _, word, _), seed) in cases().iter().zip(FIRST..) {
        let asked = bench.dovecot.asked(seed);
        assert!(if REFUSED.contains(word) { asked == 2 } else { asked >= 3 }, "{answer:?}: {asked} times");
    }
    assert_eq!(bench.dovecot.asked(WRONG), 2, "a third time could lock it");
    assert_eq!(sent(&bench), healthy);

    // Another secret opens the door again.
    bench.program.recall_password(WRONG);
    let (_, document) = bench.run();
    assert_eq!(probe(&document, &address(WRONG))["placement"], "inbox", "{document}");
    assert_eq!(sent(&bench).len(), HEALTHY + 1);
    assert_eq!(bench.endpoint.unexpected(), [""; 0]);
}

#[test]
fn a_seed_whose_connections_are_all_taken_is_read_as_soon_as_one_is_free() {
    let test = "too many connections at Dovecot";
    let settings = "mail_max_userip_connections = 1";
    let options =
        Options { seeds: 1, folders: &["Junk"], special_use: &[("Junk", "\\Junk")], settings, ..Options::default() };
    let Some(dovecot) = Dovecot::start(test, &options) else { return };
    let program = Program::new("http://127.0.0.1:9", &[("news", "News <news@shop.example>")], &dovecot, 1, |_| "");
    let sign_in = || checked(&program.run(&["check", "--json"]).json(), &address(1))["sign_in"].clone();
    let held = Session::sign_in(&dovecot, 1);
    // More often than a wrong password may be tried.
    for _ in 0..3 {
        assert_eq!(sign_in(), "too_many_connections");
    }
    held.sign_out();
    assert_eq!(sign_in(), "signed_in");
}

#[test]
fn a_run_of_which_no_seed_is_left_sends_nothing_and_says_why_of_each() {
    let test = "a run without a seed that can be read";
    let answers = [(1, Answer::Disabled), (2, Answer::Failure)];
    let options = Options {
        seeds: 2,
        folders: &["Junk"],
        special_use: &[("Junk", "\\Junk")],
        answers: &answers,
        ..Options::default()
    };
    let Some(dovecot) = Dovecot::start(test, &options) else { return };
    let endpoint = Endpoint::start(|accepted| panic!("{accepted:?} was sent"));
    let program = Program::new(&endpoint.url(), &[("news", "News <news@shop.example>")], &dovecot, 2, |_| "");
    assert_eq!(program.run(&["check"]).code, Some(2));
    let run = program.run(&["run", "--wait", "3s"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(65), ""), "{run:?}");
    for (seed, word) in [(1, "blocked"), (2, "unavailable")] {
        assert!(run.stderr.contains(&format!("{}: {word}: ", address(seed))), "{run:?}");
    }
    assert!(run.stderr.contains("no seed can be used, so nothing was sent"), "{run:?}");
}
