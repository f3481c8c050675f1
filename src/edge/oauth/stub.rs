//! An authorization server for tests that answers whatever it is told to.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::tokens::tests::tokens;
use super::{Grant, Issuer, OAuthFault, TokenStore, Tokens};
use crate::domain::oauth::{Flow, Registration};
use crate::domain::seed::Address;
use crate::edge::clock::Clock;
use crate::edge::http::{Http, HttpSettings};
use crate::secret::Secret;

/// What it answers, one after the other, the last one again and again; and the bodies that it was sent.
#[derive(Debug, Clone, Default)]
pub(in crate::edge) struct Script {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Script {
    pub(in crate::edge) fn answers(&self, answers: &[(u16, &str)]) {
        *self.answers.lock().unwrap() = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
    }

    pub(in crate::edge) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }
}

/// The server; its address.
pub(in crate::edge) async fn server(script: &Script) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let script = script.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let script = script.clone();
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).await.unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).await.unwrap();
                script.heard.lock().unwrap().push(String::from_utf8(body).unwrap());
                let (status, body) = {
                    let mut answers = script.answers.lock().unwrap();
                    let next = answers.pop_front().unwrap();
                    if answers.is_empty() {
                        answers.push_back(next.clone());
                    }
                    next
                };
                let head = format!(
                    "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                stream.shutdown().await.ok();
            });
        }
    });
    origin
}

pub(in crate::edge) fn answer(access: &str, refresh: Option<&str>, life: u64) -> String {
    let refresh = refresh.map(|refresh| format!(",\"refresh_token\":\"{refresh}\"")).unwrap_or_default();
    format!(
        "{{\"access_token\":\"{access}\",\"token_type\":\"Bearer\",\"expires_in\":{life}{refresh},\"scope\":\"a b\"}}"
    )
}

pub(in crate::edge) fn seed() -> Address {
    Address::new("anna@shop.example").unwrap()
}

pub(in crate::edge) fn issuer(origin: &str, flow: Flow, clock: &Clock) -> Issuer {
    let registration = Registration {
        flow,
        client_id: "client-1".to_owned(),
        auth_url: Some(format!("{origin}/auth")),
        token_url: format!("{origin}/token"),
        device_url: Some(format!("{origin}/device")),
        scopes: vec!["mail".to_owned()],
        parameters: Vec::new(),
        redirect: "http://127.0.0.1".to_owned(),
    };
    let secret = (flow == Flow::App).then(|| Secret::from("client canary"));
    Issuer::new(registration, secret, Http::new(&HttpSettings::default()).unwrap(), clock.clone())
}

pub(in crate::edge) async fn grant(origin: &str, directory: &Path, clock: &Clock) -> Result<Grant, OAuthFault> {
    let store = TokenStore::new(directory, false, &seed());
    Grant::of_seed(seed(), issuer(origin, Flow::Device, clock), store).await
}

pub(in crate::edge) async fn keep(origin: &str, directory: &Path, refresh: &str, life: Option<i64>) {
    let tokens = Tokens { token_url: format!("{origin}/token"), ..tokens(refresh, "access-0", life) };
    TokenStore::new(directory, false, &seed()).keep(&tokens).await.unwrap();
}

/// It stands at the moment at which the kept tokens came.
pub(in crate::edge) fn clock() -> Clock {
    Clock::simulated("2026-11-24T06:00:00Z".parse().unwrap(), 1.0)
}
