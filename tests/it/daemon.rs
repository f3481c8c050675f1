//! The daemon through the real binary: one run when it is due, a clean end at any moment, and what it tells systemd.

use std::os::unix::net::UnixDatagram;
use std::process::Child;
use std::time::Duration;

use inboxed::lab::fault::{Action, Faults, Rule, Verb};
use inboxed::lab::mailbox::{Character, Mailboxes, Role};
use inboxed::lab::ses::Accepted;
use rustix::process::{Pid, Signal, kill_process};

use crate::scenario::{Ended, Scenario};

/// No step of these tests takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// So many signs of life, three a second, and nothing else: it hangs.
const MOST_SIGNS: usize = 100;

/// A rhythm whose period began long ago and ends in years, so that no test meets its end.
const RARE: &str = "wait = \"6s\"\n[schedule]\nevery = \"520w\"\nzone = \"UTC\"\n";

/// A daemon with the notification socket of its service manager.
struct Waiting {
    child: Child,
    socket: UnixDatagram,
}

impl Waiting {
    fn start(scenario: &Scenario, name: &str) -> Self {
        let path = scenario.path().join(name);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = scenario.command(&["daemon", "--json"]);
        let child = command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "600000").spawn().unwrap();
        Self { child, socket }
    }

    /// Reads what the daemon tells its service manager until this is said; everything up to there.
    fn until(&self, said: &str) -> String {
        let mut all = String::new();
        let mut buffer = [0; 4096];
        while !all.contains(said) {
            let length =
                self.socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{error}: no {said:?} in {all:?}"));
            all.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
            // Its signs of life alone would go on for ever.
            assert!(all.matches("WATCHDOG=1").count() < MOST_SIGNS, "no {said:?} in {all:?}");
        }
        all
    }

    /// Asks it to stop, and waits for its end.
    fn stop(self) -> (Ended, String) {
        kill_process(Pid::from_raw(self.child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
        let said = self.until("STOPPING=1");
        (Ended::of(self.child.wait_with_output().unwrap()), said)
    }
}

fn into_the_inbox(mailboxes: &Mailboxes, accepted: &Accepted) {
    let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
    mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at).unwrap();
}

fn states(scenario: &Scenario) -> Vec<String> {
    let runs = scenario.call("", &["runs", "--json"]).json();
    runs["runs"].as_array().unwrap().iter().map(|run| run["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_daemon_makes_the_run_that_is_due_once_tells_its_manager_and_ends_cleanly() {
    let mut scenario = Scenario::new(|mailboxes, accepted| into_the_inbox(mailboxes, &accepted));
    scenario.configure(RARE, "name = \"news\"\nmessage = \"m.eml\"\n");
    scenario.seed("anna@plain.example", Character::Plain, "");
    let daemon = Waiting::start(&scenario, "first");
    let said = daemon.until("STATUS=next run ");
    assert!(said.contains("READY=1") && said.contains("STATUS=run of "), "{said}");
    daemon.until("WATCHDOG=1");
    // What a timer starts meanwhile finds the period taken, and the lock free.
    let timer = scenario.call("", &["run", "--scheduled", "--json"]);
    assert_eq!((timer.code, &timer.json()["scheduled"]["made"]), (Some(0), &false.into()), "{timer:?}");
    let (ended, _) = daemon.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["made"].as_array().unwrap().len(), 1);
    let again = Waiting::start(&scenario, "second");
    let said = again.until("STATUS=next run ");
    assert!(!said.contains("STATUS=run of "), "{said}");
    assert_eq!(again.stop().0.json()["made"].as_array().unwrap().len(), 0);
    assert_eq!(states(&scenario), ["complete"]);
    assert_eq!(scenario.account.journal().sends_to("anna@plain.example"), 1);
}

#[test]
fn a_period_is_owed_again_when_no_seed_could_be_reached_and_spent_when_all_refuse() {
    let faults = Faults::default();
    let mut scenario = Scenario::new(|mailboxes, accepted| into_the_inbox(mailboxes, &accepted));
    let told = scenario.path().join("told");
    let alert = format!("[[alert]]\nkind = \"command\"\ncommand = [\"tee\", \"-a\", \"{}\"]\n", told.display());
    scenario.configure(RARE, &format!("name = \"news\"\nmessage = \"m.eml\"\n{alert}"));
    scenario.seed_apart("anna@plain.example", Character::Plain, false, &faults);
    // A network that is not up yet when the machine wakes: all three tries fail, twice.
    for strikes in [3, 6] {
        faults.add(Rule::on(Verb::Greeting, Action::Cut).times(3));
        let ended = scenario.call("", &["run", "--scheduled", "--json"]);
        assert_eq!((ended.code, faults.strikes()), (Some(65), strikes), "{ended:?}");
        assert!(states(&scenario).is_empty(), "nothing was sent and nothing seen");
        // Due long ago and still not made: that is told once.
        let told = std::fs::read_to_string(&told).unwrap();
        assert_eq!(told.matches("unjudged/period-").count(), 1, "{told}");
    }
    // A start that is killed before anything has left owes the run, too.
    let ended = scenario.call("baseline-committed=panic", &["run", "--scheduled", "--json"]);
    assert_eq!(ended.signal, Some(9), "{ended:?}");
    // The next one finds a network that only stutters.
    faults.add(Rule::on(Verb::Greeting, Action::Cut).times(2));
    let ended = scenario.call("", &["run", "--scheduled", "--json"]);
    assert_eq!((ended.json()["probes"][0]["placement"].as_str(), faults.strikes()), (Some("inbox"), 8), "{ended:?}");
    assert_eq!(scenario.account.journal().sends_to("anna@plain.example"), 1);
    let ended = scenario.call("", &["run", "--scheduled", "--json"]);
    assert_eq!(ended.json()["scheduled"]["made"], false, "{ended:?}");

    let mut refused = Scenario::new(|mailboxes, accepted| into_the_inbox(mailboxes, &accepted));
    refused.configure(RARE, "name = \"news\"\nmessage = \"m.eml\"\n");
    refused.seed("anna@plain.example", Character::Plain, "secret = { env = \"WRONG\" }\n");
    let ended = refused.call("", &["run", "--scheduled", "--json"]);
    assert_eq!(ended.code, Some(65), "{ended:?}");
    assert_eq!(states(&refused), ["complete"], "a password does not mend itself: the run tells of it");
    let ended = refused.call("", &["run", "--scheduled", "--json"]);
    assert_eq!(ended.json()["scheduled"]["made"], false, "{ended:?}");
}

#[test]
fn asked_to_stop_in_the_middle_of_a_run_the_daemon_ends_and_its_next_start_finishes_the_run() {
    let mut scenario = Scenario::new(|_, _| {});
    scenario.configure(RARE, "name = \"news\"\nmessage = \"m.eml\"\n");
    scenario.seed("anna@plain.example", Character::Plain, "");
    let daemon = Waiting::start(&scenario, "first");
    daemon.until("STATUS=run of ");
    while scenario.account.journal().sends_to("anna@plain.example") == 0 {
        daemon.until("WATCHDOG=1");
    }
    let (ended, _) = daemon.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(states(&scenario), ["interrupted"]);
    let again = Waiting::start(&scenario, "second");
    let said = again.until("STATUS=next run ");
    assert!(said.contains("STATUS=finishing a run") && !said.contains("STATUS=run of "), "{said}");
    assert_eq!(again.stop().0.code, Some(0));
    assert_eq!(states(&scenario), ["complete"]);
    assert_eq!(scenario.account.journal().sends_to("anna@plain.example"), 1, "nothing is sent twice");
}

#[test]
fn a_daemon_with_a_faulty_configuration_does_not_start() {
    let mut scenario = Scenario::new(|mailboxes, accepted| into_the_inbox(mailboxes, &accepted));
    scenario.configure("[schedule]\nevery = \"often\"\n", "name = \"news\"\nmessage = \"m.eml\"\n");
    let refused = scenario.call("", &["daemon"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(65), ""), "{refused:?}");
    assert!(refused.stderr.contains("schedule.every"), "{refused:?}");
}

#[test]
fn a_changed_configuration_holds_at_once_and_a_faulty_one_leaves_the_last() {
    let mut scenario = Scenario::new(|mailboxes, accepted| into_the_inbox(mailboxes, &accepted));
    let stream = "name = \"news\"\nmessage = \"m.eml\"\n";
    scenario.configure(RARE, stream);
    scenario.seed("anna@plain.example", Character::Plain, "");
    let daemon = Waiting::start(&scenario, "first");
    daemon.until("STATUS=next run ");
    // The same period by another zone, so that none is owed anew.
    scenario.configure(&RARE.replace("UTC", "Asia/Tokyo"), stream);
    daemon.until("STATUS=the configuration was read anew");
    let said = daemon.until(" JST");
    assert!(said.contains("STATUS=next run "), "{said}");
    let (ended, _) = daemon.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
