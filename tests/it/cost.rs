//! What the harvest costs: round trips, bytes and memory for each seed, counted by the lab and not by a clock.
//!
//! The benchmark prints the figures for up to a thousand seeds; `economy` holds the aims on a few.

use std::sync::{Arc, Mutex, OnceLock};

use inboxed::lab::imap::journal::{Connection, Journal};
use inboxed::lab::mailbox::{Character, Mailboxes, Role, Tab};
use inboxed::lab::ses::Accepted;
use rustix::process::Pid;

use crate::scenario::{Ended, Scenario};

/// What one run cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Most connections that stood at once.
    pub(crate) peak: usize,
    /// Sessions signed in to.
    pub(crate) sessions: usize,
    /// Waits for the server, for each seed, from the end of the TLS handshake to the end of the first full look, which is
    /// the baseline: greeting, sign-in, folders, one flight. The most of any seed.
    pub(crate) first_trips: u64,
    /// Bytes both ways up to there, on average.
    pub(crate) first_bytes: u64,
    /// Looks after the baseline, over all seeds.
    pub(crate) looks: u64,
    /// Waits for the server for each of them, on average; with a session of its own it includes signing in again.
    pub(crate) look_trips: f64,
    /// Bytes both ways for each of them, on average.
    pub(crate) look_bytes: u64,
    /// Resident memory of the program with all sessions open that it may keep, in KiB.
    pub(crate) resident: u64,
}

/// The journal and the program's memory at the moment when the first probe is handed over: all baselines are taken.
struct Halfway {
    connections: Vec<Connection>,
    resident: u64,
}

/// Runs once over so many seeds with at most so many connections.
pub(crate) fn measure(character: Character, seeds: usize, connections: usize) -> Cost {
    let process: Arc<OnceLock<Pid>> = Arc::default();
    let halfway: Arc<Mutex<Option<Halfway>>> = Arc::default();
    let journal: Arc<OnceLock<Journal>> = Arc::default();
    let deliver = {
        let (process, halfway, journal) = (Arc::clone(&process), Arc::clone(&halfway), Arc::clone(&journal));
        move |mailboxes: &Mailboxes, accepted: Accepted| {
            halfway.lock().unwrap().get_or_insert_with(|| Halfway {
                connections: journal.wait().connections(),
                resident: resident(*process.wait()),
            });
            let (role, tab) = (Role::Inbox, (character == Character::Gmail).then_some(Tab::Primary));
            mailboxes.deliver(&accepted.recipient, role, tab, accepted.message, accepted.accepted_at).unwrap();
        }
    };
    let mut scenario = Scenario::new(deliver);
    scenario.seeds((0..seeds).map(|number| (format!("seed{number}@{}.example", character.word()), character)));
    scenario.configure(&format!("max_connections = {connections}\n"), "name = \"news\"\nmessage = \"m.eml\"\n");
    journal.set(scenario.lab.journal.clone()).unwrap();
    let child = scenario.command(&["run", "--wait", "2m", "--json"]).spawn().unwrap();
    process.set(Pid::from_raw(child.id().cast_signed()).unwrap()).unwrap();
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert!(matches!(ended.code, Some(0 | 3)), "{:?} {}", ended.code, ended.stderr);
    let found = ended.json()["tally"]["all"]["inbox"].as_u64();
    assert_eq!(found, Some(seeds as u64), "every probe was found");
    let halfway = halfway.lock().unwrap().take().unwrap();
    cost(&scenario.lab.journal, &halfway, seeds)
}

fn cost(journal: &Journal, halfway: &Halfway, seeds: usize) -> Cost {
    let all = journal.connections();
    let bytes = |connections: &[Connection]| connections.iter().map(|one| one.bytes_in + one.bytes_out).sum::<u64>();
    let trips = |connections: &[Connection]| connections.iter().map(waits).sum::<u64>();
    let examines = |connections: &[Connection]| connections.iter().map(looks_in).sum::<u64>();
    // A session that was signed out at once had its baseline all the same.
    let first_trips = halfway.connections.iter().map(waits).max().unwrap_or_default();
    let looks = examines(&all) - examines(&halfway.connections);
    let goodbyes = all.iter().filter(|one| one.commands.iter().any(|command| command.ends_with(" LOGOUT"))).count();
    let look_trips = trips(&all) - trips(&halfway.connections);
    let look_bytes = bytes(&all) - bytes(&halfway.connections);
    assert!(goodbyes <= all.len());
    Cost {
        peak: journal.connection_count().peak,
        sessions: all.iter().filter(|one| one.login.is_some()).count(),
        first_trips,
        first_bytes: bytes(&halfway.connections) / seeds as u64,
        looks,
        look_trips: ratio(look_trips, looks),
        look_bytes: look_bytes / looks.max(1),
        resident: halfway.resident,
    }
}

/// How often the client waited for the server on this connection, LOGOUT apart. The journal counts a wait when the
/// client's next bytes come, so that the last one is counted by the LOGOUT behind it, or not yet.
fn waits(connection: &Connection) -> u64 {
    let has_ended = connection.commands.iter().any(|command| command.ends_with(" LOGOUT"));
    connection.round_trips + u64::from(!has_ended)
}

/// Full passes over the folders on this connection: each opens the spam folder once.
fn looks_in(connection: &Connection) -> u64 {
    let opens = |command: &&String| {
        ["\"Junk\"", "\"[Gmail]/Spam\""].iter().any(|name| command.ends_with(&format!("EXAMINE {name}")))
    };
    connection.commands.iter().filter(opens).count() as u64
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Resident memory of a process in KiB, as Linux tells it; 0 elsewhere.
fn resident(process: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
