//! Alerts through the real binary: a receiver that fails in any way is no run's business, and no secret is shown.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use inboxed::lab::mailbox::{Character, Role};
use inboxed::lab::ses::{Accepted, Returned};
use serde_json::Value;

use crate::scenario::{Ended, Scenario};

/// What stands in the address and must not be seen anywhere else.
const TOKEN: &str = "canary/T0KEN";

/// What a receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// Takes it, once it is told to answer.
    Takes,
    /// Never answers.
    Hangs,
    /// Says this, and what follows the head.
    Says(&'static str, usize),
}

/// A receiver with its own port.
struct Hook {
    port: u16,
    requests: Receiver<String>,
    answer: Sender<()>,
}

impl Hook {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ((sender, requests), (answer, told)) = (channel(), channel());
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                sender.send(request(&stream)).unwrap();
                match manner {
                    Manner::Takes => {
                        // Whoever goes away without answering lets the receiver answer, too.
                        let _gone = told.recv();
                        let _gone = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
                    }
                    Manner::Hangs => kept.push(stream),
                    Manner::Says(head, length) => {
                        let head = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n");
                        // The other side may hang up as soon as it has seen enough.
                        let _gone =
                            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![b'x'; length]));
                    }
                }
            }
        });
        Self { port, requests, answer }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{TOKEN}?key={TOKEN}", self.port)
    }
}

/// One request: its head and its body.
fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).unwrap();
    }
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

/// Two seeds, one of which cannot be signed in to: a run that cannot be judged.
fn scenario(url: &str) -> Scenario {
    let mut scenario = Scenario::new(|mailboxes, accepted| {
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at).unwrap();
    });
    scenario.seed("anna@plain.example", Character::Plain, "");
    scenario.seed("bert@plain.example", Character::Plain, "secret = { env = \"WRONG\" }\n");
    let secret = scenario.path().join("hook.secret");
    std::fs::write(&secret, url).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let alert = "[[alert]]\nkind = \"webhook\"\nurl = { file = \"hook.secret\" }\n[run]\nwait = \"5s\"\n";
    scenario.configure(alert, "name = \"news\"\nmessage = \"m.eml\"\n");
    // The lines of `[run]` come after its head, which would be doubled.
    let file = scenario.path().join("inboxed.toml");
    let text = std::fs::read_to_string(&file).unwrap().replacen("[run]\n[[alert]]", "[[alert]]", 1);
    std::fs::write(file, text).unwrap();
    scenario
}

/// What a run says, without what differs from one to the next.
fn said(ended: &Ended) -> (Option<i32>, Vec<(String, Value)>) {
    assert!(!ended.stderr.contains("T0KEN") && !ended.stdout.contains("T0KEN"), "{ended:?}");
    let document = ended.json();
    let probes = document["probes"].as_array().unwrap();
    (ended.code, probes.iter().map(|probe| (probe["seed"].to_string(), probe["placement"].clone())).collect())
}

#[test]
fn a_receiver_that_is_down_slow_busy_elsewhere_or_endless_leaves_the_run_as_it_is() {
    let wanted = (
        Some(3),
        vec![
            ("\"anna@plain.example\"".to_owned(), Value::from("inbox")),
            ("\"bert@plain.example\"".to_owned(), Value::Null),
        ],
    );
    let manners = [
        (None, 1, "could not be reached"),
        (Some(Manner::Hangs), 1, ""),
        (Some(Manner::Says("429 Too Many Requests\r\nretry-after: 120", 0)), 1, "it answered 429"),
        (Some(Manner::Says("503 Service Unavailable", 0)), 1, "it answered 503"),
        (Some(Manner::Says("302 Found\r\nlocation: http://127.0.0.1:1/", 0)), 1, "a redirect is not followed"),
        (Some(Manner::Says("200 OK", 50_000_000)), 0, ""),
    ];
    std::thread::scope(|scope| {
        for (manner, pending, reason) in manners {
            let wanted = wanted.clone();
            scope.spawn(move || {
                let hook = manner.map(Hook::start);
                // Nobody listens at port 1 of this machine.
                let url = hook.as_ref().map_or(format!("http://127.0.0.1:1/{TOKEN}"), Hook::url);
                let scenario = scenario(&url);
                let ended = scenario.call("", &["run", "--json"]);
                assert_eq!(said(&ended), wanted, "{manner:?}: {ended:?}");
                assert!(ended.stderr.contains(reason), "{manner:?}: {ended:?}");
                let status = scenario.call("", &["status", "--json"]);
                assert_eq!(status.code, Some(3), "{status:?}");
                assert_eq!(status.json()["alerts"]["pending"], pending, "{manner:?}: {}", status.stdout);
                assert!(!status.stdout.contains("T0KEN"), "{status:?}");
                let database = std::fs::read(scenario.path().join("inboxed.db")).unwrap();
                assert!(!String::from_utf8_lossy(&database).contains("T0KEN"), "an address in the database");
            });
        }
    });
}

#[test]
fn the_run_is_printed_before_anybody_is_told_and_each_event_is_told_once() {
    let hook = Hook::start(Manner::Takes);
    let scenario = scenario(&hook.url());
    let mut child = scenario.command(&["run", "--json"]).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while serde_json::from_str::<Value>(&printed).is_err() {
        assert_ne!(stdout.read_line(&mut printed).unwrap(), 0, "{printed}");
    }
    // The whole document is here, and the receiver has not answered yet.
    let got = hook.requests.recv().unwrap();
    hook.answer.send(()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let (head, body) = got.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /canary/T0KEN"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["occasion"], &body["run"], &body["source"]), (&"unjudged".into(), &1.into(), &"inboxed".into()));
    assert_eq!(body["title"], "run 1: 1 of 2 probes could not be judged");
    assert!(body["id"].as_i64().unwrap() > 0);

    // The same run, looked at again, is nothing new.
    assert_eq!(scenario.call("", &["sweep", "last", "--json"]).code, Some(3));
    assert!(hook.requests.try_recv().is_err());
    assert_eq!(scenario.call("", &["status", "--json"]).json()["alerts"]["pending"], 0);

    hook.answer.send(()).unwrap();
    let tested = scenario.call("", &["alerts", "test", "--json"]);
    assert_eq!((tested.code, &tested.json()["alerts"][0]["delivered"]), (Some(0), &true.into()), "{tested:?}");
    let receiver = tested.json()["alerts"][0]["receiver"].as_str().unwrap().to_owned();
    assert!(receiver.starts_with("webhook file ") && receiver.ends_with("hook.secret"), "{receiver}");
    assert!(hook.requests.recv().unwrap().contains("\"occasion\":\"test\""));
}

#[test]
fn a_test_that_reaches_nobody_says_so_and_one_without_receivers_is_refused() {
    let scenario = scenario(&format!("http://127.0.0.1:1/{TOKEN}"));
    let tested = scenario.call("", &["alerts", "test"]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
    assert!(
        tested.stdout.starts_with("NOT delivered  webhook file ") && !tested.stdout.contains("T0KEN"),
        "{tested:?}"
    );
    let without = Scenario::new(|_, _| {});
    assert_eq!(without.call("", &["alerts", "test"]).code, Some(65));
}

/// A scenario in which one of two seeds cannot be signed in to, and these are told.
fn telling(alerts: &str, deliver: impl Fn(&Accepted) + Send + Sync + 'static) -> Scenario {
    let mut scenario = Scenario::new(move |mailboxes, accepted| {
        deliver(&accepted);
        let (bytes, at) = (accepted.message.clone(), accepted.accepted_at);
        // A person's mailbox is none of the lab's.
        let _other = mailboxes.deliver(&accepted.recipient, Role::Inbox, None, bytes, at);
    });
    scenario.seed("anna@plain.example", Character::Plain, "");
    scenario.seed("bert@plain.example", Character::Plain, "secret = { env = \"WRONG\" }\n");
    scenario.configure("wait = \"5s\"\n", &format!("name = \"news\"\nmessage = \"m.eml\"\n{alerts}"));
    scenario
}

/// A receiver whose address stands in a file of its own.
fn at_hook(scenario_alert: &str, hook: &Hook) -> String {
    format!("[[alert]]\nkind = \"{scenario_alert}\"\nurl = {{ command = [\"printf\", \"%s\", \"{}\"] }}\n", hook.url())
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn slack_teams_and_a_person_s_mailbox_each_get_the_same_event_in_their_own_form() {
    let (slack, teams) = (Hook::start(Manner::Says("200 OK", 2)), Hook::start(Manner::Says("202 Accepted", 0)));
    let mailed = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&mailed);
    let email = "[[alert]]\nkind = \"email\"\nto = \"ops@shop.example\"\n";
    let alerts = at_hook("slack", &slack) + &at_hook("teams", &teams) + email;
    let scenario = telling(&alerts, move |accepted| {
        if accepted.recipient == "ops@shop.example" {
            kept.lock().unwrap().push(String::from_utf8(accepted.message.clone()).unwrap());
        }
    });
    let ended = scenario.call("", &["run", "--json"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let title = "run 1: 1 of 2 probes could not be judged";

    let text = body(&slack.requests.recv().unwrap())["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with(&format!("*Warning* {title}\n")) && text.contains("To do: "), "{text}");
    let card = body(&teams.requests.recv().unwrap());
    assert_eq!(card["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
    let blocks = card["attachments"][0]["content"]["body"].as_array().unwrap();
    assert_eq!(blocks[0]["text"], format!("Warning: {title}"));
    assert!(blocks.len() >= 3 && blocks.iter().all(|block| block["type"] == "TextBlock"), "{card}");

    let mails = mailed.lock().unwrap().clone();
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert!(
        mail.contains(&format!("Subject: inboxed: {title}")) && mail.contains("Auto-Submitted: auto-generated"),
        "{mail}"
    );
    assert!(mail.contains("ops@shop.example") && mail.contains("news@shop.example"), "{mail}");
    assert_eq!(scenario.call("", &["status", "--json"]).json()["alerts"]["pending"], 0);
    // Told once: a sweep of the same run tells nobody again.
    assert_eq!(scenario.call("", &["sweep", "last", "--json"]).code, Some(3));
    assert_eq!(scenario.account.journal().sends_to("ops@shop.example"), 1);
    assert!(slack.requests.try_recv().is_err() && teams.requests.try_recv().is_err());
}

#[cfg(feature = "failpoints")]
#[test]
fn an_address_that_does_not_come_in_time_is_told_as_that_and_tried_again() {
    let slow = "[[alert]]\nkind = \"webhook\"\nurl = { command = \"sleep 600\" }\n";
    let scenario = telling(slow, |_| {});
    let ended = scenario.call("alert-patience=return(200)", &["run", "--json"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let why =
        "to webhook command sleep not delivered: its secret (command sleep) cannot be read: it took longer than 0.2 s";
    assert!(ended.stderr.contains(why), "{ended:?}");
    assert_eq!(scenario.call("", &["status", "--json"]).json()["alerts"]["pending"], 1);
    let tested = scenario.call("alert-patience=return(200)", &["alerts", "test"]);
    assert!(tested.code == Some(1) && tested.stdout.contains("it took longer than 0.2 s"), "{tested:?}");
}

#[test]
fn what_was_imported_is_no_sign_of_life_and_hides_no_run_that_was_made() {
    let (hook, heart) = (Hook::start(Manner::Says("200 OK", 0)), Hook::start(Manner::Says("200 OK", 0)));
    let scenario = telling(&(at_hook("webhook", &hook) + &at_hook("heartbeat", &heart)), |_| {});
    assert_eq!(scenario.call("", &["run", "--json"]).code, Some(3));
    assert_eq!(body(&hook.requests.recv().unwrap())["run"], 1);
    assert!(heart.requests.recv().unwrap().starts_with("GET /canary/T0KEN"));

    let now: jiff::Timestamp = scenario.call("", &["status", "--json"]).json()["at"].as_str().unwrap().parse().unwrap();
    let import = |hours: i64| {
        let at = now + jiff::SignedDuration::from_hours(hours);
        let file = scenario.path().join("told.csv");
        let rows = format!(
            "started_at,stream,seed,provider,placement\n{now},news,a@x.example,gmail,inbox\n{at},news,b@x.example,gmail,inbox\n"
        );
        std::fs::write(&file, rows).unwrap();
        scenario.call("", &["import", "told.csv", "--json"])
    };
    let refused = import(25);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(65), ""), "{refused:?}");
    assert!(
        refused.stderr.contains("line 3: started_at: ") && refused.stderr.contains(" is still to come"),
        "{refused:?}"
    );
    assert_eq!(import(20).code, Some(0));
    assert_eq!(scenario.call("", &["status", "--json"]).json()["run"]["id"], 1, "the newest run that was made");

    // The next run is told, though the imported one lies later.
    let made = scenario.call("", &["run", "--json"]);
    let id = made.json()["run"]["id"].clone();
    assert_eq!(body(&hook.requests.recv().unwrap())["run"], id);
    assert!(heart.requests.recv().unwrap().starts_with("GET "));
    assert!(
        hook.requests.try_recv().is_err() && heart.requests.try_recv().is_err(),
        "and nothing was told of the imported one"
    );
    assert_eq!(scenario.call("", &["status", "--json"]).json()["run"]["id"], id);
}

#[test]
fn bounces_that_cross_their_threshold_are_told_once() {
    let hook = Hook::start(Manner::Says("200 OK", 0));
    let alert = at_hook("webhook", &hook) + "on = [\"threshold\", \"recovery\"]\n";
    let scenario = telling(&alert, |_| {});
    let returned = |bounces| {
        let point = Returned { days_ago: 1, attempts: 10_000, bounces, complaints: 0 };
        scenario.account.change(|settings| settings.returned = vec![point]);
        assert_eq!(scenario.call("", &["run", "--json"]).code, Some(3));
    };
    let told = || {
        hook.requests.try_iter().map(|request| body(&request)["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    returned(50);
    assert_eq!(told(), [""; 0]);
    returned(300);
    assert_eq!(told(), ["SES in eu-central-1: the bounces have crossed their threshold"]);
    returned(310);
    assert_eq!(told(), [""; 0], "that was told");
}
