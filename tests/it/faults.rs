//! IMAP servers that fail at every command the program sends, in every way: what could not be looked at is never called
//! missing or spam, and no other seed's finding changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use inboxed::lab::fault::{Action, Faults, Rule, Verb};
use inboxed::lab::mailbox::{Character, Mailboxes, Role, Tab};
use inboxed::lab::ses::Accepted;
use serde_json::Value;

use crate::scenario::{Scenario, probe};

/// A short deadline in place of the real one, so that a hanging server costs seconds; long enough for a busy machine.
const POINTS: &str = "imap-patience=return(3000)";

/// When a server begins to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// From the first connection on.
    Always,
    /// Once the seed's probe has left: its baseline is good, its looks are not.
    Sent,
    /// The same, after the connection was cut: what fails is the way back in.
    SentAndCut,
    /// Once, when the probe has left: the next look is good.
    SentOnce,
}

/// One seed at a server of its own with one fault.
#[derive(Debug, Clone)]
struct Cell {
    seed: String,
    character: Character,
    starttls: bool,
    verb: Verb,
    action: Action,
    since: Since,
    faults: Faults,
}

fn actions() -> [Action; 9] {
    [
        Action::No("[UNAVAILABLE] later".to_owned()),
        Action::Bad("what".to_owned()),
        Action::Bye("gone".to_owned()),
        Action::Cut,
        Action::Reset,
        Action::Hang,
        Action::WrongTag,
        Action::StaleTag,
        Action::OkWithoutData,
    ]
}

/// Where a seed's mail lands: each place in turn, so that a wrong finding has something to be wrong about.
fn landing(seed: &str) -> (Role, Option<Tab>) {
    let character = seed.split('-').next().unwrap_or_default();
    let number: usize = seed.split(['-', '@']).nth(1).and_then(|number| number.parse().ok()).unwrap_or_default();
    match (number % 3, character) {
        (0, "gmail") => (Role::Inbox, Some(Tab::Promotions)),
        (1, _) => (Role::Junk, None),
        (_, "gmail") => (Role::Inbox, Some(Tab::Primary)),
        _ => (Role::Inbox, None),
    }
}

fn truth(seed: &str) -> &'static str {
    match landing(seed) {
        (Role::Junk, _) => "spam",
        (_, Some(Tab::Promotions)) => "promotions",
        _ => "inbox",
    }
}

impl Cell {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command can be done without")]
    /// Whether this fault, committed on the way in, does no harm: the program can do without the answer.
    fn is_harmless(&self) -> bool {
        let answered = matches!(self.action, Action::No(_) | Action::Bad(_) | Action::OkWithoutData);
        match self.verb {
            Verb::Capability | Verb::Id => answered && !self.starttls,
            // Without data the answer to a sign-in is still OK; a greeting is never NO to a client that asks nothing.
            Verb::Login | Verb::Authenticate | Verb::Greeting => self.action == Action::OkWithoutData,
            Verb::StartTls => matches!(self.action, Action::OkWithoutData),
            Verb::Logout => true,
            _ => false,
        }
    }

    fn arm(&self) {
        let rule = || Rule::on(self.verb, self.action.clone());
        if self.since == Since::SentAndCut {
            self.faults.add(Rule::on(Verb::Examine, Action::Cut).once());
        }
        self.faults.add(if self.since == Since::SentOnce { rule().once() } else { rule() });
    }

    fn check(&self, document: &Value) {
        let probe = probe(document, &self.seed);
        let told = format!("{self:?}");
        let placement = probe["placement"].as_str();
        assert!(
            placement.is_none() || placement == Some(truth(&self.seed)) || self.hides_the_tab(placement),
            "{told}: {probe}"
        );
        if placement.is_none() {
            assert!(probe["why"].as_str().is_some_and(|why| !why.is_empty()), "{told}: {probe}");
        }
        assert!(
            self.faults.strikes() > 0 || self.verb == Verb::Search && truth(&self.seed) == "spam",
            "{told}: did not happen"
        );
        if self.is_harmless() || self.since == Since::SentOnce && self.verb != Verb::Search {
            assert_eq!(placement, Some(truth(&self.seed)), "{told}: {probe}");
            return;
        }
        match (self.since, self.verb) {
            // The seed got no mail.
            (Since::Always, Verb::Fetch | Verb::Search) => {}
            (Since::Always, _) => {
                assert_eq!((placement, &probe["state"]), (None, &Value::from("planned")), "{told}: {probe}");
            }
            (
                Since::Sent | Since::SentAndCut,
                Verb::Examine | Verb::List | Verb::Login | Verb::Authenticate | Verb::Greeting,
            ) => {
                assert_eq!((placement, &probe["state"]), (None, &Value::from("accepted")), "{told}: {probe}");
            }
            _ => {}
        }
    }

    /// Five good answers without a hit are a tab that is unknown, which is an inbox; a server that says OK and leaves the
    /// hits out cannot be told from that.
    fn hides_the_tab(&self, placement: Option<&str>) -> bool {
        self.verb == Verb::Search && self.action == Action::OkWithoutData && placement == Some("inbox")
    }
}

fn cells(rows: &[(Character, bool, Verb, Since)]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for &(character, starttls, verb, since) in rows {
        for action in actions() {
            if verb == Verb::Handshake && !matches!(action, Action::Cut | Action::Reset | Action::Hang) {
                continue;
            }
            let seed = format!("{}-{}@lab.example", character.word(), cells.len());
            cells.push(Cell { seed, character, starttls, verb, action, since, faults: Faults::new() });
        }
    }
    cells
}

/// The seeds whose servers behave, one for each character.
fn healthy() -> impl Iterator<Item = (String, Character)> {
    Character::ALL
        .into_iter()
        .zip(1000..)
        .map(|(character, number)| (format!("{}-{number}@lab.example", character.word()), character))
}

/// Runs once; the findings of the healthy seeds, without what differs from run to run.
fn run(cells: &[Cell]) -> Vec<Value> {
    let later: BTreeMap<String, Cell> = cells.iter().map(|cell| (cell.seed.clone(), cell.clone())).collect();
    let later = Arc::new(Mutex::new(later));
    let deliver = move |mailboxes: &Mailboxes, accepted: Accepted| {
        let cell = later.lock().unwrap().remove(&accepted.recipient);
        if let Some(cell) = cell.filter(|cell| cell.since != Since::Always) {
            cell.arm();
        }
        let (role, tab) = landing(&accepted.recipient);
        mailboxes.deliver(&accepted.recipient, role, tab, accepted.message, accepted.accepted_at).unwrap();
    };
    let mut scenario = Scenario::new(deliver);
    for (seed, character) in healthy() {
        scenario.seed(&seed, character, "");
    }
    for cell in cells {
        scenario.seed_apart(&cell.seed, cell.character, cell.starttls, &cell.faults);
        if cell.since == Since::Always {
            cell.arm();
        }
    }
    scenario.configure("max_connections = 1000\n", "name = \"news\"\nmessage = \"m.eml\"\n");
    let ended = scenario.call(POINTS, &["run", "--json", "--wait", "6s"]);
    assert!(matches!(ended.code, Some(0..=3)), "{:?} {}", ended.code, ended.stderr);
    let document = ended.json();
    assert_eq!(document["run"]["state"], "complete");
    for cell in cells {
        cell.check(&document);
    }
    let sends = scenario.account.journal().sends();
    assert!(sends.values().all(|&times| times == 1), "{sends:?}");
    healthy()
        .map(|(seed, _)| {
            let mut finding = probe(&document, &seed).clone();
            for volatile in ["first_seen_at", "arrived_at", "latency_ms", "ses_message_id"] {
                assert!(!finding[volatile].take().is_null(), "{volatile} of {document}");
            }
            finding
        })
        .collect()
}

fn check(rows: &[(Character, bool, Verb, Since)]) {
    let undisturbed = run(&[]);
    for (finding, (seed, _)) in undisturbed.iter().zip(healthy()) {
        assert_eq!(finding["placement"], truth(&seed), "{finding}");
    }
    let disturbed = run(&cells(rows));
    assert_eq!(
        disturbed.iter().map(Value::to_string).collect::<Vec<_>>(),
        undisturbed.iter().map(Value::to_string).collect::<Vec<_>>()
    );
}

#[test]
fn a_server_that_fails_from_the_start_makes_its_own_seed_unmeasured_and_no_other() {
    let (plain, gmail) = (Character::Plain, Character::Gmail);
    check(&[
        (plain, false, Verb::Handshake, Since::Always),
        (plain, false, Verb::Greeting, Since::Always),
        (plain, false, Verb::Authenticate, Since::Always),
        (plain, false, Verb::Id, Since::Always),
        (plain, false, Verb::List, Since::Always),
        (plain, false, Verb::Examine, Since::Always),
        (plain, false, Verb::Fetch, Since::Always),
        (gmail, false, Verb::Capability, Since::Always),
        (gmail, false, Verb::Login, Since::Always),
        (gmail, false, Verb::Search, Since::Always),
        (gmail, true, Verb::StartTls, Since::Always),
        (Character::Outlook, false, Verb::List, Since::Always),
        (Character::Yahoo, false, Verb::Fetch, Since::Always),
        (plain, false, Verb::Logout, Since::Always),
    ]);
}

#[test]
fn a_server_that_fails_once_the_probe_has_left_never_makes_it_missing() {
    let (plain, gmail) = (Character::Plain, Character::Gmail);
    check(&[
        (plain, false, Verb::Examine, Since::Sent),
        (plain, false, Verb::Fetch, Since::Sent),
        (gmail, false, Verb::Search, Since::Sent),
        (gmail, false, Verb::Fetch, Since::Sent),
        (plain, false, Verb::Greeting, Since::SentAndCut),
        (plain, false, Verb::Authenticate, Since::SentAndCut),
        (plain, false, Verb::List, Since::SentAndCut),
        (gmail, false, Verb::Login, Since::SentAndCut),
        (plain, false, Verb::Examine, Since::SentOnce),
        (plain, false, Verb::Fetch, Since::SentOnce),
        (gmail, false, Verb::Search, Since::SentOnce),
        (plain, false, Verb::Logout, Since::Sent),
    ]);
}
