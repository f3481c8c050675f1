//! Sign-ins through the binary: every outcome has its word, its sentence and its remedy, and none ends a run.

use std::collections::BTreeMap;

use inboxed::lab::ca::Certificate;
use inboxed::lab::fault::{Action, Faults, Rule, Verb};
use inboxed::lab::imap::ImapSettings;
use inboxed::lab::mailbox::{Character, Mailboxes, NewAccount, Role};
use inboxed::lab::receive::{Receiver, Verdict, stamp};
use inboxed::lab::ses::Accepted;
use serde_json::{Value, json};

use crate::scenario::{PASSWORD, Scenario, probe};

const HEALTHY: &str = "healthy@plain.example";

fn deliver(mailboxes: &Mailboxes, accepted: Accepted) {
    let Accepted { recipient, message, accepted_at, .. } = accepted;
    mailboxes.deliver(&recipient, Role::Inbox, None, message, accepted_at).unwrap();
}

/// What a server does to a sign-in.
enum Does {
    /// Nothing; our password is wrong.
    Judges,
    /// This to LOGIN or AUTHENTICATE, whichever is used.
    Answers(Action),
    /// This to LIST, the first command behind the sign-in.
    Lists(Action),
}

fn no(text: &str) -> Does {
    Does::Answers(Action::No(text.to_owned()))
}

fn raw(text: &str) -> Does {
    Does::Answers(Action::Raw(text.as_bytes().to_vec()))
}

/// Preset, the server's manners, what it does, the outcome's word, and two pieces of what the user is told.
type Case = (&'static str, Character, Does, &'static str, &'static str, &'static str);

fn cases() -> Vec<Case> {
    let mut cases = google_cases();
    cases.extend(microsoft_cases());
    cases.extend(other_cases());
    cases
}

/// What a user is told whose seed is not at fault.
const BUSY: &str = "nothing is wrong with the seed; it is tried again by itself";

fn google_cases() -> Vec<Case> {
    use Character::Gmail;
    vec![
        (
            "gmail",
            Gmail,
            Does::Judges,
            "wrong_password",
            "Invalid credentials (Failure)",
            "myaccount.google.com/apppasswords",
        ),
        (
            "gmail",
            Gmail,
            no(
                "[ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)",
            ),
            "app_password_needed",
            "needs an app password",
            "myaccount.google.com/apppasswords",
        ),
        (
            "gmail",
            Gmail,
            no("[ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page. (Failure)"),
            "imap_off",
            "IMAP is switched off for",
            "Forwarding and POP/IMAP > Enable IMAP",
        ),
        (
            "google-workspace",
            Gmail,
            no("[ALERT] IMAP access is disabled for your domain. Please contact your domain administrator. (Failure)"),
            "imap_off",
            "IMAP is switched off for",
            "Admin console",
        ),
        (
            "gmail",
            Gmail,
            raw(
                "* NO [WEBALERT https://accounts.google.example/x] Web login required.\r\n<tag> NO [ALERT] Please log in via \
                 your web browser: https://support.google.example/78754 (Failure)\r\n",
            ),
            "blocked",
            "the provider blocks the sign-in as",
            "nothing is wrong with the app password",
        ),
        (
            "gmail",
            Gmail,
            no("[ALERT] Too many simultaneous connections. (Failure)"),
            "too_many_connections",
            "too many connections are open",
            "Gmail allows 15 connections",
        ),
    ]
}

fn microsoft_cases() -> Vec<Case> {
    use Character::Outlook;
    vec![
        (
            "outlook",
            Outlook,
            raw("<tag> NO Basic authentication is disabled.\r\n* BYE Connection closed. 14\r\n"),
            "basic_auth_disabled",
            "the provider takes no password over IMAP",
            "set auth = \"oauth\"",
        ),
        ("outlook", Outlook, Does::Judges, "basic_auth_disabled", "LOGIN failed", "app passwords included"),
        (
            "outlook",
            Outlook,
            Does::Lists(Action::Bad("User is authenticated but not connected.".to_owned())),
            "not_connected",
            "was accepted but the mailbox is not connected",
            "Let devices and apps use IMAP; if it is on,",
        ),
        (
            "microsoft-365",
            Outlook,
            Does::Lists(Action::Bad("User is authenticated but not connected.".to_owned())),
            "not_connected",
            "not connected",
            "Exchange admin center",
        ),
        (
            "outlook",
            Outlook,
            Does::Answers(Action::outlook_throttle(92_415)),
            "throttled",
            "the server asks for fewer requests",
            "Suggested Backoff Time: 92415 milliseconds",
        ),
        (
            "outlook",
            Outlook,
            Does::Answers(Action::OkWithText("[Error=\"WrongServerException Server=x\"] LOGIN completed.".to_owned())),
            "unavailable",
            "cannot take a sign-in at the moment",
            BUSY,
        ),
    ]
}

fn other_cases() -> Vec<Case> {
    use Character::{Plain, Yahoo};
    vec![
        ("yahoo", Yahoo, Does::Judges, "wrong_password", "(#AUTH901)", "Generate app password"),
        ("aol", Yahoo, Does::Judges, "wrong_password", "(#AUTH901)", "AOL takes an app password"),
        ("yahoo", Yahoo, no("[UNAVAILABLE] (#AUTH012) LOGIN Invalid credentials?"), "unavailable", "(#AUTH012)", BUSY),
        ("yahoo", Yahoo, no("[SERVERBUG] LOGIN Server error"), "unavailable", "cannot take a sign-in", BUSY),
        (
            "yahoo",
            Yahoo,
            Does::Answers(Action::Bye("Too many connections from you".to_owned())),
            "too_many_connections",
            "too many connections are open",
            "Yahoo takes few sessions at once",
        ),
        (
            "gmx",
            Plain,
            no("authentication failed"),
            "wrong_password_or_imap_off",
            "the provider does not tell",
            "gmx.net",
        ),
        ("web.de", Plain, no("authentication failed"), "wrong_password_or_imap_off", "does not tell", "web.de"),
        (
            "zoho",
            Plain,
            no("[ALERT] You are yet to enable IMAP for your account. Please contact your administrator (Failure)"),
            "imap_off",
            "IMAP is switched off for",
            "Zoho Mail > Settings",
        ),
        ("icloud", Plain, Does::Judges, "wrong_password", "was refused", "account.apple.com"),
        (
            "generic",
            Plain,
            no("[EXPIRED] Password is too old"),
            "password_expired",
            "has expired",
            "set a new password",
        ),
        ("generic", Plain, no("[AUTHORIZATIONFAILED] Not you"), "blocked", "blocks the sign-in", "administrator"),
        ("generic", Plain, no("[CONTACTADMIN] Ask"), "blocked", "blocks the sign-in", "administrator"),
        ("generic", Plain, no("[PRIVACYREQUIRED] Not here"), "no_way", "there is no way to sign in", "check login"),
        ("generic", Plain, no("[INUSE] Later"), "unavailable", "cannot take a sign-in", BUSY),
        (
            "generic",
            Plain,
            Does::Answers(Action::Bad("What?".to_owned())),
            "unavailable",
            "cannot take a sign-in",
            BUSY,
        ),
        ("generic", Plain, Does::Answers(Action::Cut), "unavailable", "the connection was lost", ""),
    ]
}

/// Seeds whose connection never comes to a sign-in: by the certificate, the word, and a piece of the sentence.
const CERTIFICATES: [(Certificate, &str, &str); 6] = [
    (Certificate::WrongHost, "certificate_wrong_name", "is for another name; check `host`"),
    (Certificate::Expired, "certificate_expired", "has expired"),
    (Certificate::NotYetValid, "certificate_not_yet_valid", "is not valid yet; check this machine's clock"),
    (Certificate::SelfSigned, "certificate_untrusted", "not signed by a trusted authority"),
    (Certificate::OtherAuthority, "certificate_untrusted", "not signed by a trusted authority"),
    (Certificate::ClientOnly, "certificate_invalid", "was not issued for a server"),
];

/// What a seed should be told: its word and pieces of its sentence.
type Wanted = BTreeMap<String, (&'static str, Vec<&'static str>)>;

fn set_up(scenario: &mut Scenario) -> Wanted {
    let mut wanted = Wanted::new();
    for (number, (preset, character, does, word, sentence, remedy)) in cases().into_iter().enumerate() {
        let address = format!("s{number:02}@{}.example", preset.replace('.', "-"));
        scenario.lab.mailboxes.open(NewAccount::new(character, &address, PASSWORD));
        let port = scenario.lab.imap(character).port();
        let faults = &scenario.lab.faults;
        let mut further = "";
        match does {
            Does::Judges => further = "secret = { env = \"WRONG\" }\n",
            Does::Lists(action) => faults.add(Rule::on(Verb::List, action).for_login(&address)),
            Does::Answers(action) => {
                for verb in [Verb::Login, Verb::Authenticate] {
                    faults.add(Rule::on(verb, action.clone()).for_login(&address));
                }
            }
        }
        scenario.list_seed(&address, preset, port, further);
        wanted.insert(address, (word, vec![sentence, remedy]));
    }
    for (number, (certificate, word, sentence)) in CERTIFICATES.into_iter().enumerate() {
        let address = format!("c{number:02}@plain.example");
        let settings = ImapSettings::of(Character::Plain);
        let (port, starttls_port) =
            scenario.server(settings, certificate, &Faults::new(), scenario.lab.journal.clone());
        let (port, tls) = if number % 2 == 0 { (port, "") } else { (starttls_port, "tls = \"starttls\"\n") };
        scenario.list_seed(&address, "generic", port, tls);
        wanted.insert(address, (word, vec![sentence]));
    }
    for (name, verb, words, word, sentence) in [
        ("smtp", Verb::Greeting, "220 mx.example ESMTP\r\n", "not_imap", "did not greet as an IMAP server"),
        ("preauth", Verb::Greeting, "* PREAUTH hello\r\n", "not_imap", "which proves no mailbox"),
        ("full", Verb::Greeting, "* BYE Too many connections\r\n", "too_many_connections", "ended the connection"),
        ("clear", Verb::Handshake, "* OK no TLS here\r\n", "no_encryption", "does not speak TLS"),
    ] {
        let address = format!("{name}@plain.example");
        let faults = Faults::new();
        faults.add(Rule::on(verb, Action::Raw(words.as_bytes().to_vec())));
        let settings = ImapSettings::of(Character::Plain);
        let (port, _) = scenario.server(settings, Certificate::Good, &faults, scenario.lab.journal.clone());
        scenario.list_seed(&address, "generic", port, "");
        wanted.insert(address, (word, vec![sentence]));
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    scenario.list_seed("gone@plain.example", "generic", nobody, "");
    wanted.insert("gone@plain.example".to_owned(), ("unreachable", vec!["could not be reached"]));
    let port = scenario.lab.imap(Character::Plain).port();
    scenario.list_seed("unset@plain.example", "generic", port, "secret = { env = \"NOT_SET\" }\n");
    wanted.insert("unset@plain.example".to_owned(), ("secret_unreadable", vec!["the variable NOT_SET is not set"]));
    scenario.seed(HEALTHY, Character::Plain, "");
    wanted
}

#[test]
fn every_outcome_has_its_word_its_sentence_and_its_remedy_and_ends_no_run() {
    let mut scenario = Scenario::new(deliver);
    let wanted = set_up(&mut scenario);
    let check = scenario.call("", &["check", "--json"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    let document = check.json();
    let mut words: Vec<&str> = Vec::new();
    for (address, (word, pieces)) in &wanted {
        let seed = document["seeds"].as_array().unwrap().iter().find(|seed| seed["address"] == **address).unwrap();
        assert_eq!(seed["sign_in"], *word, "{seed}");
        assert_eq!(seed["verdict"], "critical", "{seed}");
        let why = seed["why"].as_str().unwrap();
        for piece in pieces {
            assert!(why.contains(piece), "{piece:?} is not in {why}");
        }
        let passes = ["unavailable", "throttled", "too_many_connections", "not_connected", "unreachable"];
        assert!(!passes.contains(word) || !why.contains("password"), "{why}");
        words.push(*word);
    }
    words.sort_unstable();
    words.dedup();
    assert!(words.len() >= 19, "{words:?}");

    // One table line each, in plain words.
    let run = scenario.call("", &["run", "--json", "--wait", "4s"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let document = run.json();
    assert_eq!(probe(&document, HEALTHY)["placement"], "inbox");
    assert_eq!(document["run"]["state"], "complete");
    for (address, (word, _)) in &wanted {
        let probe = probe(&document, address);
        assert_eq!((&probe["placement"], &probe["state"]), (&Value::Null, &json!("planned")), "{probe}");
        let why = probe["why"].as_str().unwrap();
        assert!(*word == "secret_unreadable" || why.contains(&format!("{word}: ")), "{word} is not in {why}");
    }
    let sent: Vec<String> = scenario.account.journal().sends().into_keys().collect();
    assert_eq!(sent, [HEALTHY], "who cannot be read gets no mail");
    assert_eq!(scenario.lab.journal.sins(), []);
}

#[test]
fn a_refused_seed_is_left_alone_after_two_sign_ins_until_its_secret_changes() {
    let mut scenario = Scenario::new(deliver);
    scenario.seed("anna@plain.example", Character::Plain, "secret = { env = \"WRONG\" }\n");
    scenario.seed(HEALTHY, Character::Plain, "");
    let refused = || scenario.lab.journal.sign_ins().iter().filter(|sign_in| !sign_in.accepted).count();
    let outcome = |arguments: &[&str]| {
        let document = scenario.call("", arguments).json();
        let seed = document["seeds"].as_array().unwrap().iter().find(|seed| seed["address"] == "anna@plain.example");
        let seed = seed.unwrap().clone();
        (seed["sign_in"].as_str().unwrap().to_owned(), seed["why"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(outcome(&["check", "--json"]).0, "wrong_password");
    // The run's sign-in is the second refusal, and the run goes on.
    let run = scenario.call("", &["run", "--json", "--wait", "3s"]).json();
    assert_eq!(probe(&run, HEALTHY)["placement"], "inbox");
    assert_eq!(refused(), 2);
    for _ in 0..3 {
        let (word, why) = outcome(&["check", "--json"]);
        assert_eq!(word, "left_alone");
        assert!(why.contains("was refused 2 times in a row, last at 20"), "{why}");
        assert!(
            why.ends_with(
                "put the new secret in place, or run `inboxed check --again` if you set it right at the provider"
            ),
            "{why}"
        );
    }
    let run = scenario.call("", &["run", "--json", "--wait", "3s"]).json();
    assert!(probe(&run, "anna@plain.example")["why"].as_str().unwrap().contains("left_alone: "), "{run}");
    assert_eq!(refused(), 2, "more would lock it");
    assert_eq!(outcome(&["check", "--json", "--again"]).0, "wrong_password");
    assert_eq!(refused(), 3);
    let mut command = scenario.command(&["check", "--json"]);
    let mended = command.env("WRONG", PASSWORD).output().unwrap();
    assert_eq!(mended.status.code(), Some(0), "{}", String::from_utf8_lossy(&mended.stdout));
    assert_eq!(refused(), 3);
}

#[test]
fn check_shows_folders_tabs_newest_mail_the_last_run_and_who_is_no_fair_witness() {
    let deliver = |mailboxes: &Mailboxes, accepted: Accepted| {
        let character = if accepted.recipient.contains("outlook") { Character::Outlook } else { Character::Gmail };
        let mut receiver = Receiver::new(character, Verdict::Inbox, accepted.accepted_at);
        if accepted.recipient.starts_with("safe") {
            receiver.microsoft.sfv = "SFE".to_owned();
        }
        let (bytes, at) = (stamp(&accepted, &receiver), receiver.filed_at());
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at).unwrap();
    };
    let mut scenario = Scenario::new(deliver);
    let seeds = [
        ("plain@gmail.example", "gmail", Character::Gmail),
        ("replied@gmail.example", "gmail", Character::Gmail),
        ("plain@outlook.example", "outlook", Character::Outlook),
        ("safe@outlook.example", "outlook", Character::Outlook),
    ];
    // Our own presets, for more sign-ins than a provider likes.
    for preset in ["gmail", "outlook"] {
        let ours = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("seeds/providers/{preset}.toml"));
        let text = format!("mailbox_sign_ins = 100\n{}", std::fs::read_to_string(ours).unwrap());
        std::fs::write(scenario.path().join(format!("providers/{preset}.toml")), text).unwrap();
    }
    for (address, preset, character) in seeds {
        let port = scenario.lab.imap(character).port();
        scenario.lab.mailboxes.open(NewAccount::new(character, address, PASSWORD));
        scenario.list_seed(address, preset, port, "");
    }
    let run = scenario.call("", &["run", "--json", "--wait", "3s"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    let mailboxes = &scenario.lab.mailboxes;
    let replied = mailboxes.account("replied@gmail.example").unwrap().folder("INBOX").unwrap().copies[0].id;
    for flag in ["\\Answered", "\\Flagged"] {
        mailboxes.flag_message("replied@gmail.example", replied, flag).unwrap();
    }
    let before = mailboxes.snapshot();
    let check = scenario.call("", &["check", "--json"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let document = check.json();
    let seed = |address: &str| {
        document["seeds"].as_array().unwrap().iter().find(|seed| seed["address"] == address).unwrap().clone()
    };
    let gmail = seed("plain@gmail.example");
    let roles: Vec<_> = gmail["folders"].as_array().unwrap().iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["inbox", "junk", "archive", "trash"], "{gmail}");
    assert_eq!(
        (&gmail["sign_in"], &gmail["verdict"], &gmail["tabs"]),
        (&json!("signed_in"), &json!("ok"), &json!("not_seen"))
    );
    assert_eq!(
        gmail["last_run"],
        json!({"run": 1, "results": [{"stream": "news", "placement": "inbox", "why": null}]})
    );
    assert!(gmail["newest_mail"].as_str().unwrap().starts_with("20"), "{gmail}");
    assert_eq!(gmail["warnings"], json!([]));
    let outlook = seed("plain@outlook.example");
    assert_eq!((&outlook["verdict"], &outlook["tabs"]), (&json!("ok"), &json!("not_offered")));
    assert_eq!(
        outlook["folders"][1],
        json!({"name": "Junk Email", "role": "junk", "found_by": "name", "messages": 0, "why": null})
    );
    let replied = seed("replied@gmail.example");
    assert_eq!(replied["verdict"], "warning");
    let told = replied["warnings"].as_array().unwrap();
    assert!(told[0].as_str().unwrap().starts_with("a probe of an earlier run was answered; leave"), "{replied}");
    assert!(told[1].as_str().unwrap().starts_with("a probe of an earlier run was starred; leave"), "{replied}");
    let safe = seed("safe@outlook.example");
    assert_eq!(
        (&safe["verdict"], &safe["warnings"]),
        (&json!("warning"), &json!(["the sender is on this mailbox's list of safe senders"]))
    );
    let table = scenario.call("", &["check"]).stdout;
    let line = table.lines().find(|line| line.contains("safe@outlook.example")).unwrap();
    assert!(line.starts_with("warning   seed     safe@outlook.example"), "{line}");
    assert!(line.contains("no fair witness: the sender is on this mailbox's list of safe senders; signed in; junk is Junk Email (by its name)"), "{line}");
    assert!(line.ends_with("last run (1): inbox"), "{line}");
    assert_eq!(before.differences(&scenario.lab.mailboxes.snapshot()), [""; 0], "looking marks nothing");
    assert_eq!(scenario.lab.journal.sins(), []);
}

#[test]
fn two_addresses_of_one_mailbox_are_told_to_be_one_witness_and_one_refusal_is_both_s() {
    let mut scenario = Scenario::new(deliver);
    scenario.seed("anna@plain.example", Character::Plain, "");
    let port = scenario.lab.imap(Character::Plain).port();
    let alias = "login = \"anna@plain.example\"\n";
    scenario.list_seed("anna+shop@plain.example", "lab-plain", port, alias);
    let check = scenario.call("", &["check", "--json"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let document = check.json();
    let warnings: Vec<&Value> = document["seeds"].as_array().unwrap().iter().map(|seed| &seed["warnings"]).collect();
    let told = json!(["its mailbox is that of anna+shop@plain.example, and one mailbox is one witness"]);
    assert_eq!(warnings, [&json!([]), &told], "{document}");

    let check = scenario.command(&["check", "--json"]).env("PW", "canary that is wrong").output().unwrap();
    let document: Value = serde_json::from_slice(&check.stdout).unwrap();
    let of = |document: &Value| {
        let seeds = document["seeds"].as_array().unwrap();
        seeds.iter().map(|seed| seed["sign_in"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of(&document), ["wrong_password"; 2], "{document}");
    let check = scenario.command(&["check", "--json"]).env("PW", "canary that is wrong").output().unwrap();
    assert_eq!(of(&serde_json::from_slice(&check.stdout).unwrap()), ["left_alone"; 2]);
    let refused = scenario.lab.journal.sign_ins().iter().filter(|sign_in| !sign_in.accepted).count();
    assert_eq!(refused, 2, "two for the mailbox, not for each seed");
}

/// Two hundred seeds out of a sheet, at four providers of which one does not answer.
#[test]
fn two_hundred_seeds_are_checked_at_once_and_a_provider_that_hangs_holds_up_no_other() {
    const MOST: usize = 12;
    let mut scenario = Scenario::new(deliver);
    scenario.configure(&format!("max_connections = {MOST}\n"), "name = \"news\"\nmessage = \"m.eml\"\n");
    let providers = [
        ("gmail", Character::Gmail, 7, 70),
        ("outlook", Character::Outlook, 5, 60),
        ("yahoo", Character::Yahoo, 3, 50),
        // It might take the whole pool for itself.
        ("plain", Character::Plain, 50, 20),
    ];
    let mut sheet = String::from("address,provider,login,auth,secret,labels\n");
    for (word, character, limit, count) in providers {
        let port = scenario.lab.imap(character).port();
        let junk = match character {
            Character::Outlook => "[folders]\njunk = [\"Junk Email\"]\n",
            Character::Gmail | Character::Yahoo | Character::Plain => "",
        };
        let preset = format!(
            "name = \"lab-{word}\"\ntitle = \"{word}\"\nhost = \"127.0.0.1\"\nport = {port}\nmax_connections = {limit}\ndomains = \
             [\"{word}.example\"]\n{junk}"
        );
        std::fs::write(scenario.path().join(format!("providers/{word}.toml")), preset).unwrap();
        for number in 0..count {
            let address = format!("s{number:03}@{word}.example");
            scenario.lab.mailboxes.open(NewAccount::new(character, &address, PASSWORD));
            sheet.extend([address.as_str(), ",,,,env:PW,\n"]);
        }
    }
    std::fs::write(scenario.path().join("seeds.csv"), sheet).unwrap();
    let imported = scenario.call("", &["seeds", "import", "seeds.csv", "--json"]);
    assert_eq!(imported.json()["added"].as_array().unwrap().len(), 200);
    let again = scenario.call("", &["seeds", "import", "seeds.csv", "--json"]).json();
    assert_eq!((again["added"].as_array().unwrap().len(), again["unchanged"].as_array().unwrap().len()), (0, 200));

    let (journal, faults) = (scenario.lab.journal.clone(), scenario.lab.faults.clone());
    faults.add(Rule::on(Verb::Authenticate, Action::Hold).at_server("plain"));
    let mut command = scenario.command(&["check", "--json"]);
    // The system's authorities are the lab's: an imported seed names none of its own.
    command.env("SSL_CERT_FILE", scenario.path().join("ca.pem"));
    let checking = std::thread::spawn(move || command.output().unwrap());
    let others = || journal.sign_ins().iter().filter(|sign_in| sign_in.accepted && sign_in.server != "plain").count();
    while others() < 180 && !checking.is_finished() {
        std::thread::yield_now();
    }
    // All others had their turn while not one of the hanging provider's was let go.
    assert_eq!(others(), 180);
    assert!(!checking.is_finished());
    faults.release();
    let ended = checking.join().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    let document: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let seeds = document["seeds"].as_array().unwrap();
    assert_eq!(seeds.len(), 200);
    assert!(seeds.iter().all(|seed| seed["sign_in"] == "signed_in"), "{document}");
    for (word, _, limit, count) in providers {
        let connections = journal.connection_count_at(word);
        assert!(connections.peak <= limit, "{word}: {connections:?}");
        assert_eq!(connections.total, count, "{word}: one connection for each seed");
    }
    assert!(journal.connection_count().peak <= MOST, "{:?}", journal.connection_count());
}
