//! The outbox by simulated hours: a receiver that is down for a while is told once it is up, and nobody is told old news.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::domain::provider::ProviderName;
use crate::domain::seed::Address;
use crate::edge::clock::Clock;
use crate::edge::store::NewRun;
use crate::render::table::Screen;

/// A receiver: its answers one after the other, the last for ever, and how many requests it got.
async fn receiver(answers: &[&'static str]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (kept, mut answers) = (Arc::clone(&heard), VecDeque::from(answers.to_vec()));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut got = Vec::new();
            // The body is the last of it and ends in a brace; a GET has none.
            while !(got.ends_with(b"}") || got.starts_with(b"GET") && got.ends_with(b"\r\n\r\n")) {
                let mut chunk = [0; 4096];
                let length = stream.read(&mut chunk).await.unwrap();
                got.extend_from_slice(&chunk[..length]);
            }
            kept.lock().unwrap().push(String::from_utf8(got).unwrap());
            let answer = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] };
            let text = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(text.as_bytes()).await.unwrap();
        }
    });
    (port, heard)
}

/// A configuration with these receivers, and a complete run of which nothing could be measured.
async fn place(alerts: &str, clock: &Clock) -> (TempDir, Context, Store) {
    let directory = tempfile::tempdir().unwrap();
    let config_path = directory.path().join("inboxed.toml");
    std::fs::write(&config_path, format!("[schedule]\nzone = \"UTC\"\n{alerts}")).unwrap();
    let store = Store::open(&directory.path().join("inboxed.db")).await.unwrap();
    let anna = Address::new("anna@gmail.com").unwrap();
    let new = NewRun {
        label: None,
        streams: Vec::new(),
        seeds: vec![(anna.clone(), ProviderName::new("gmail").unwrap())],
        wait: Duration::from_mins(15),
        simulated: true,
        started_at: clock.now(),
    };
    let (run, _) = store.plan_run(&new, &[1; 32]).await.unwrap();
    store.close_run(run, clock.now()).await.unwrap();
    let event = NewEvent {
        key: "unjudged/run-1".to_owned(),
        occasion: "unjudged",
        run: Some(run),
        document: event_document(
            &Event { key: "unjudged/run-1".to_owned(), occasion: Occasion::Unjudged, ..heartbeat(run) },
            Some(run),
            clock.now(),
        ),
        receivers: receivers(&Config::load(&config_path).unwrap())
            .iter()
            .filter(|(_, alert)| hears(alert, Occasion::Unjudged))
            .map(|(name, _)| name.clone())
            .collect(),
    };
    store.note_events(&[event], clock.now()).await.unwrap();
    let context = Context {
        config_path,
        json: false,
        screen: Screen { width: None, colour: false },
        clock: clock.clone(),
        progress: false,
        quiet: true,
        simulated: false,
    };
    (directory, context, store)
}

fn clock() -> Clock {
    Clock::simulated("2026-11-27T12:00:00Z".parse().unwrap(), 1.0)
}

fn hook(directory: &std::path::Path, name: &str, port: u16, kind: &str) -> String {
    let file = directory.join(name);
    std::fs::write(&file, format!("http://127.0.0.1:{port}/{name}")).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    format!("[[alert]]\nkind = \"{kind}\"\nurl = {{ file = \"{}\" }}\n", file.display())
}

#[tokio::test]
async fn a_receiver_that_was_down_is_told_once_when_it_is_up() {
    let (clock, secrets) = (clock(), tempfile::tempdir().unwrap());
    let (port, heard) =
        receiver(&["503 Later", "429 Slow\r\nretry-after: 600", "302 Found\r\nlocation: /", "200 OK"]).await;
    let (_directory, context, store) = place(&hook(secrets.path(), "hook", port, "webhook"), &clock).await;
    let count = || heard.lock().unwrap().len();
    settle(&context, false).await;
    assert_eq!(count(), 1);
    settle(&context, false).await;
    assert_eq!(count(), 1, "not again at once");
    for (minutes, requests) in [(1, 2), (2, 2), (8, 3), (1, 3), (4, 4), (60, 4)] {
        clock.advance(Duration::from_mins(minutes));
        settle(&context, false).await;
        assert_eq!(count(), requests, "after {minutes} min more");
    }
    let bodies = heard.lock().unwrap().clone();
    let id = |request: &String| {
        let body = request.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str::<serde_json::Value>(body).unwrap()["id"].as_i64().unwrap()
    };
    assert!(bodies.iter().all(|body| id(body) == id(&bodies[0])), "the same event keeps its number");
    assert_eq!(store.waiting_deliveries(Timestamp::MIN).await.unwrap().pending, 0);
}

#[tokio::test]
async fn after_a_day_it_is_no_news_any_more() {
    let (clock, secrets) = (clock(), tempfile::tempdir().unwrap());
    let (port, heard) = receiver(&["503 Later"]).await;
    let (_directory, context, store) = place(&hook(secrets.path(), "hook", port, "webhook"), &clock).await;
    for _ in 0..60 {
        settle(&context, false).await;
        clock.advance(Duration::from_mins(30));
    }
    let tries = heard.lock().unwrap().len();
    assert!((20..40).contains(&tries), "{tries} tries in a day");
    let waiting = store.waiting_deliveries(Timestamp::MIN).await.unwrap();
    assert_eq!((waiting.pending, waiting.given_up), (0, 1));
}

#[tokio::test]
async fn quiet_hours_hold_back_and_a_heartbeat_is_for_its_monitor_alone() {
    let (clock, secrets) = (clock(), tempfile::tempdir().unwrap());
    let ((port, heard), (pulse, beats)) = (receiver(&["200 OK"]).await, receiver(&["200 OK"]).await);
    let alerts = hook(secrets.path(), "hook", port, "slack")
        + "quiet = \"11:00-13:00\"\n"
        + &hook(secrets.path(), "pulse", pulse, "heartbeat");
    let (_directory, context, _store) = place(&alerts, &clock).await;
    settle(&context, false).await;
    assert_eq!((heard.lock().unwrap().len(), beats.lock().unwrap().len()), (0, 1));
    clock.advance(Duration::from_mins(61));
    settle(&context, false).await;
    settle(&context, false).await;
    assert_eq!((heard.lock().unwrap().len(), beats.lock().unwrap().len()), (1, 1));
    assert!(heard.lock().unwrap()[0].contains("{\"text\":"));
    assert!(beats.lock().unwrap()[0].starts_with("GET /pulse "));
}

#[tokio::test]
async fn a_command_reads_the_event_from_its_standard_input() {
    let (clock, out) = (clock(), tempfile::tempdir().unwrap());
    let file = out.path().join("heard");
    let alerts = format!("[[alert]]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"cat > {}\"]\n", file.display());
    let (_directory, context, store) = place(&alerts, &clock).await;
    settle(&context, false).await;
    let heard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(heard["key"], "unjudged/run-1");
    assert_eq!(store.waiting_deliveries(Timestamp::MIN).await.unwrap().pending, 0);
}
