//! The servers under a client that knows nothing but TLS and lines.

mod faults;
mod manners;
mod oracle;
mod session;

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::lab::mailbox::{Character, NewAccount, Role};
use crate::lab::{Clock, Lab};

const MESSAGE: &[u8] =
    b"Return-Path: <0102@bounce.shop.example>\r\nSubject: a\r\n folded\r\nX-Inboxed-Probe: tag\r\n\r\nBody\r\n";

fn now() -> Timestamp {
    "2026-03-02T06:00:00Z".parse().unwrap()
}

/// A lab whose time stands still, with one mailbox at each provider: `gmail@lab.example`, password `s"e\cret`.
async fn lab() -> Lab {
    let lab = Lab::start(Clock::simulated(now(), 0.0)).await.unwrap();
    for character in Character::ALL {
        lab.mailboxes.open(NewAccount::new(character, &address(character), "s\"e\\cret"));
    }
    lab
}

fn address(character: Character) -> String {
    format!("{}@lab.example", character.word())
}

/// Three messages: two in the inbox, one in spam.
fn fill(lab: &Lab, character: Character) {
    for place in [Role::Inbox, Role::Inbox, Role::Junk] {
        lab.mailboxes.deliver(&address(character), place, None, MESSAGE, now()).unwrap();
    }
}

fn connector(lab: &Lab) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(lab.ca_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn handshake(lab: &Lab, port: u16) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    connector(lab).connect(ServerName::try_from("localhost").unwrap(), tcp).await
}

/// A client over any stream.
struct Client<S> {
    stream: S,
    read: Vec<u8>,
}

impl Client<TlsStream<TcpStream>> {
    /// Connects and reads the greeting.
    async fn connect(lab: &Lab, character: Character) -> (Self, String) {
        let mut client = Self::over(handshake(lab, lab.imap(character).port()).await.unwrap());
        let greeting = client.line().await.unwrap();
        (client, greeting)
    }

    /// Connects and signs in.
    async fn sign_in(lab: &Lab, character: Character) -> Self {
        let (mut client, _) = Self::connect(lab, character).await;
        let login = format!("L LOGIN \"{}\" \"s\\\"e\\\\cret\"", address(character));
        let said = client.ask(&login).await;
        assert!(said.contains("L OK"), "{said}");
        client
    }
}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Client<S> {
    fn over(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
    }

    /// All lines up to the one that bears the tag.
    async fn until(&mut self, tag: &str) -> String {
        let mut said = String::new();
        loop {
            let line = self.line().await.unwrap_or_else(|error| panic!("{error} after {said:?}"));
            said.push_str(&line);
            if line.starts_with(&format!("{tag} ")) {
                return said;
            }
        }
    }

    /// Says one command and reads its answer.
    async fn ask(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n")).await;
        self.until(command.split(' ').next().unwrap()).await
    }

    /// All that comes until the connection ends, and how it ends: `closed`, or the kind of the error.
    async fn rest(&mut self) -> (String, String) {
        let end = loop {
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) => break "closed".to_owned(),
                Ok(_) => {}
                Err(error) => break format!("{:?}", error.kind()),
            }
        };
        (String::from_utf8_lossy(&self.read).into_owned(), end)
    }
}
