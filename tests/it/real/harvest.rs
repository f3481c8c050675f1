//! A whole run over fifty-two seeds on Dovecot, where the truth is known because the test itself put the mail there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::dovecot::{Dovecot, Options, Snapshot, address};
use super::program::Program;
use super::ses::{Accepted, Endpoint};

/// How long a slow provider holds a message back: several looks, and well before the deadline.
const SLOW: Duration = Duration::from_secs(3);

/// What becomes of a seed's probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It lands in each of these folders at once.
    Lands(&'static [&'static str]),
    /// It lands in the inbox after a while.
    Slow,
    /// It is lost, and a message with an invented tag comes in its place.
    Forged,
    /// It is lost, and another seed's probe comes in its place.
    Strayed,
    /// It is lost, or comes when the run is over.
    Lost,
    /// The program does not get in, so that nothing may be sent.
    Unreadable,
}

/// The truth about each seed.
fn fate(seed: usize) -> Fate {
    match seed {
        1..=16 => Fate::Lands(&["INBOX"]),
        17 | 18 => Fate::Lands(&["Archive", "INBOX"]),
        19 | 20 => Fate::Slow,
        21..=32 => Fate::Lands(&[]),
        33 | 34 => Fate::Lands(&["INBOX", "Junk"]),
        35..=37 => Fate::Lands(&["Newsletters"]),
        38 | 39 => Fate::Lands(&["Werbung/M&APw-nchen"]),
        40..=42 => Fate::Lands(&["Trash"]),
        43..=45 => Fate::Lands(&["Archive"]),
        46 => Fate::Forged,
        47 => Fate::Strayed,
        48..=50 => Fate::Lost,
        _ => Fate::Unreadable,
    }
}

/// The folder that a seed's provider uses for spam: with a special-use attribute, by a name that is known, or by one
/// that only the owner can tell.
fn junk(seed: usize) -> Option<&'static str> {
    match seed {
        27..=29 => Some("Spam"),
        30..=32 => Some("Post vom Amt"),
        52 => None,
        _ => Some("Junk"),
    }
}

/// What the program should say: the placement, and the folder as a person reads it.
fn expected(seed: usize) -> (Option<&'static str>, Option<&'static str>) {
    match fate(seed) {
        Fate::Lands(["Archive", "INBOX"] | ["INBOX"]) | Fate::Slow => (Some("inbox"), Some("INBOX")),
        Fate::Lands([] | ["INBOX", "Junk"]) => (Some("spam"), junk(seed)),
        Fate::Lands(["Werbung/M&APw-nchen"]) => (Some("elsewhere"), Some("Werbung/München")),
        Fate::Lands(folders) => (Some("elsewhere"), Some(folders[0])),
        Fate::Forged | Fate::Strayed | Fate::Lost => (Some("missing"), None),
        Fate::Unreadable => (None, None),
    }
}

/// The provider: takes what SES accepted, puts it where fate wants it, and remembers what it did.
struct Provider {
    dovecot: Arc<Dovecot>,
    book: Mutex<Book>,
    slow: Sender<(usize, Vec<u8>)>,
}

#[derive(Default)]
struct Book {
    accepted: Vec<Accepted>,
    /// Seed, folder, name and bytes of each message put into a mailbox.
    deliveries: Vec<(usize, String, String, Vec<u8>)>,
}

impl Provider {
    fn open(dovecot: Arc<Dovecot>) -> Arc<Self> {
        let (slow, waiting) = channel();
        let provider = Arc::new(Self { dovecot, book: Mutex::default(), slow });
        let held = Arc::downgrade(&provider);
        thread::spawn(move || {
            hold_back(&waiting, |(seed, message)| {
                if let Some(provider) = held.upgrade() {
                    provider.deliver(seed, "INBOX", &message);
                }
            });
        });
        provider
    }

    fn take(&self, accepted: &Accepted) {
        let message = accepted.delivered();
        let seed = seed_of(&accepted.recipients);
        let stray = {
            let mut book = self.book.lock().unwrap();
            let stray = book.accepted.last().map(Accepted::delivered);
            book.accepted.push(accepted.clone());
            stray
        };
        match fate(seed) {
            Fate::Lands([]) => self.deliver(seed, junk(seed).unwrap(), &message),
            Fate::Lands(folders) => folders.iter().for_each(|folder| self.deliver(seed, folder, &message)),
            Fate::Slow => self.slow.send((seed, message)).unwrap(),
            Fate::Forged => self.deliver(seed, "INBOX", &forge(&accepted.raw)),
            Fate::Strayed => {
                if let Some(stray) = stray {
                    self.deliver(seed, "INBOX", &stray);
                }
            }
            Fate::Lost | Fate::Unreadable => {}
        }
    }

    fn deliver(&self, seed: usize, folder: &str, message: &[u8]) {
        let name = self.dovecot.deliver(seed, folder, message);
        self.book.lock().unwrap().deliveries.push((seed, folder.to_owned(), name, message.to_owned()));
    }

    fn accepted(&self) -> Vec<Accepted> {
        self.book.lock().unwrap().accepted.clone()
    }

    /// What a seed must hold if nobody but this provider has touched it since `before`.
    fn untouched(&self, seed: usize, before: &Snapshot) -> Snapshot {
        let mut expected = before.clone();
        for (owner, folder, name, message) in &self.book.lock().unwrap().deliveries {
            if *owner == seed {
                expected.expect(folder, name.clone(), message);
            }
        }
        expected
    }
}

/// Hands each item on once it has waited for [`SLOW`]; ends, without the rest, when nobody can send any more.
fn hold_back<T>(waiting: &Receiver<T>, hand_on: impl Fn(T)) {
    while let Ok(item) = waiting.recv() {
        let mut held = vec![item];
        loop {
            match waiting.recv_timeout(SLOW) {
                Ok(item) => held.push(item),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        held.into_iter().for_each(&hand_on);
    }
}

fn seed_of(recipients: &[String]) -> usize {
    let [only] = recipients else { panic!("one probe for {recipients:?}") };
    (1..=52).find(|seed| address(*seed) == *only).unwrap_or_else(|| panic!("mail for {only}, who is no seed"))
}

/// The value of a header that must be there exactly once.
fn header<'a>(raw: &'a str, name: &str) -> &'a str {
    let (head, _) = raw.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    let values: Vec<&str> = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect();
    let [value] = values[..] else { panic!("{} {name} headers in {raw}", values.len()) };
    value
}

fn forge(raw: &[u8]) -> Vec<u8> {
    let raw = std::str::from_utf8(raw).unwrap();
    raw.replace(header(raw, "X-Inboxed-Probe"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ").into_bytes()
}

fn set_up() -> Option<Arc<Dovecot>> {
    let options = Options {
        seeds: 52,
        folders: &["Archive", "Trash", "Newsletters", "Werbung", "Werbung/M&APw-nchen"],
        special_use: &[("Junk", "\\Junk"), ("Archive", "\\Archive"), ("Trash", "\\Trash")],
        ..Options::default()
    };
    let dovecot = Dovecot::start("a run over fifty-two seeds", &options)?;
    for seed in 1..=52 {
        if let Some(junk) = junk(seed) {
            dovecot.create(seed, junk);
        }
        dovecot.keep(seed, "INBOX", b"Subject: an old letter\r\n\r\nread long ago\r\n", "S");
        dovecot.deliver(seed, "INBOX", b"Subject: a new letter\r\n\r\nnot read yet\r\n");
        dovecot.deliver(seed, "Archive", b"X-Inboxed-Probe: NOTOFTHISRUNATALLXXXXXXXXX\r\n\r\nan older run's\r\n");
    }
    Some(Arc::new(dovecot))
}

/// Each message went to one seed, as SES wants it, with a tag of its own.
fn check_messages(accepted: &[Accepted]) {
    let mut tags = BTreeSet::new();
    for message in accepted {
        let raw = std::str::from_utf8(&message.raw).unwrap();
        assert!(message.from.contains("news@shop.example"), "{message:?}");
        assert_eq!(raw.matches('\n').count(), raw.matches("\r\n").count(), "a bare line feed in {raw:?}");
        assert_eq!(header(raw, "To").trim_matches(['<', '>']), message.recipients[0]);
        assert!(header(raw, "From").contains("news@shop.example"), "{raw}");
        assert_eq!(header(raw, "Subject"), "=?utf-8?q?Die_Woche_f=C3=BCr_Sie?=");
        assert!(raw.ends_with("\r\n\r\nGrüße aus dem Laden.\r\n"), "{raw}");
        for removed in ["\r\nMessage-ID:", "\r\nDate:"] {
            assert!(!raw.contains(removed), "{removed:?} in {raw}");
        }
        let tag = header(raw, "X-Inboxed-Probe");
        let is_base32 = tag.chars().all(|letter| letter.is_ascii_alphanumeric());
        assert!(tag.len() == 26 && is_base32 && tags.insert(tag.to_owned()), "tag {tag:?}");
    }
}

/// The probes of a document, by the address of their seed.
fn probes(document: &Value) -> BTreeMap<String, Value> {
    let probes = document["probes"].as_array().unwrap();
    let by_seed: BTreeMap<_, _> =
        probes.iter().map(|probe| (probe["seed"].as_str().unwrap().to_owned(), probe.clone())).collect();
    assert_eq!(by_seed.len(), probes.len(), "one probe for each seed");
    by_seed
}

fn check_findings(document: &Value, ids: &BTreeMap<String, String>) {
    let probes = probes(document);
    assert_eq!(probes.len(), 52);
    for seed in 1..=52 {
        let probe = &probes[&address(seed)];
        let (placement, folder) = expected(seed);
        assert_eq!(probe["placement"].as_str(), placement, "{probe}");
        if placement.is_some() {
            assert_eq!(probe["state"], "accepted", "{probe}");
            assert_eq!(probe["ses_message_id"].as_str(), Some(ids[&address(seed)].as_str()), "{probe}");
        } else {
            assert_ne!(probe["state"], "accepted", "{probe}");
            assert!(probe["why"].as_str().is_some_and(|why| !why.is_empty()), "{probe}");
        }
        if placement != Some("missing") {
            assert_eq!(probe["folder"].as_str(), folder, "{probe}");
        }
        let is_slow = probe["latency_ms"].as_i64().is_some_and(|latency| latency >= 1000);
        assert!(is_slow || fate(seed) != Fate::Slow, "a message that was held back for {SLOW:?}: {probe}");
    }
}

fn check_tally(tally: &Value) {
    for (count, wanted) in [
        ("inbox", 20),
        ("promotions", 0),
        ("spam", 14),
        ("elsewhere", 11),
        ("missing", 5),
        ("pending", 0),
        ("unmeasured", 2),
        ("n", 50),
    ] {
        assert_eq!(tally[count], wanted, "{count} in {tally}");
    }
    // 20 of 50 by Wilson at 95 %, computed elsewhere.
    let near = |value: &Value, wanted: f64| value.as_f64().is_some_and(|value| (value - wanted).abs() < 1e-9);
    assert!(near(&tally["rate"], 0.4), "{tally}");
    assert!(near(&tally["interval"][0], 0.276_083_897_302_565_44), "{tally}");
    assert!(near(&tally["interval"][1], 0.538_185_622_524_106_4), "{tally}");
}

#[test]
fn a_run_finds_every_probe_where_it_lies_and_leaves_no_trace() {
    let Some(dovecot) = set_up() else { return };
    let provider = Provider::open(Arc::clone(&dovecot));
    // Only this function owns the servers, so that they end with it.
    let post = Arc::downgrade(&provider);
    let endpoint = Endpoint::start(move |accepted| {
        if let Some(provider) = post.upgrade() {
            provider.take(&accepted);
        }
    });
    let only_the_owner_knows = |seed| if junk(seed) == Some("Post vom Amt") { "junk = \"Post vom Amt\"" } else { "" };
    let streams = [("newsletter", "News <news@shop.example>")];
    let mut program = Program::new(&endpoint.url(), &streams, &dovecot, 52, only_the_owner_knows);
    program.forget_password(51);
    let before: Vec<Snapshot> = (1..=52).map(|seed| dovecot.snapshot(seed)).collect();
    let check_untouched = || {
        for (seed, before) in (1..=52).zip(&before) {
            assert_eq!(dovecot.snapshot(seed), provider.untouched(seed, before), "{}", address(seed));
        }
    };

    let run = program.run(&["run", "--json", "--wait", "8s"]);
    assert_eq!(run.code, Some(2), "four in ten is critical: {run:?}");
    let document = run.json();
    let accepted = provider.accepted();
    check_messages(&accepted);
    let ids: BTreeMap<_, _> = accepted.iter().map(|mail| (mail.recipients[0].clone(), mail.id.clone())).collect();
    let readable: BTreeSet<_> = (1..=50).map(address).collect();
    assert_eq!(ids.keys().cloned().collect::<BTreeSet<_>>(), readable);
    assert_eq!(accepted.len(), 50, "one message for each seed that can be read");
    check_findings(&document, &ids);
    check_tally(&document["tally"]["all"]);
    check_tally(&document["tally"]["providers"]["generic"]);
    assert_eq!(document["run"]["state"], "complete");
    assert_eq!(document["run"]["streams"], json!(["newsletter"]));
    check_untouched();

    // Two messages come after all, and one look more sees them without touching the verdict.
    for (seed, folder) in [(49, "INBOX"), (50, "Junk")] {
        let message = accepted.iter().find(|mail| seed_of(&mail.recipients) == seed).unwrap();
        provider.deliver(seed, folder, &message.delivered());
    }
    let sweep = program.run(&["sweep", "last", "--json"]);
    assert_eq!(sweep.code, Some(2), "{sweep:?}");
    let document = sweep.json();
    check_findings(&document, &ids);
    check_tally(&document["tally"]["all"]);
    let probes = probes(&document);
    for seed in 1..=52 {
        let late = &probes[&address(seed)]["late"]["folder"];
        let wanted = match seed {
            49 => json!("INBOX"),
            50 => json!("Junk"),
            _ => Value::Null,
        };
        assert_eq!(*late, wanted, "{}", address(seed));
    }
    check_untouched();
    assert_eq!(provider.accepted().len(), 50, "a sweep never sends");
    assert_eq!(endpoint.unexpected(), [""; 0]);
}
