//! The smallest IMAP client that can check a fixture: one command, one answer, over TLS.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::dovecot::{Dovecot, address, password};

/// No answer of a healthy local server takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A signed-in session.
#[derive(Debug)]
pub(super) struct Session {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Session {
    /// Signs a seed in over implicit TLS (RFC 8314 §3).
    pub(super) fn sign_in(dovecot: &Dovecot, seed: usize) -> Self {
        let mut session = Self { stream: encrypt(connect(dovecot.imaps()), dovecot) };
        let greeting = session.read_until(|text| text.ends_with("\r\n"));
        assert!(greeting.starts_with("* OK [CAPABILITY IMAP4rev1 "), "{greeting}");
        session.login(seed);
        session
    }

    /// Signs a seed in over STARTTLS (RFC 9051 §6.2.1).
    pub(super) fn sign_in_by_starttls(dovecot: &Dovecot, seed: usize) -> Self {
        let mut plain = connect(dovecot.starttls());
        plain.write_all(b"a STARTTLS\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.windows(5).any(|bytes| bytes == b"\na OK") || !answer.ends_with(b"\n") {
            let mut byte = [0];
            plain.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        let mut session = Self { stream: encrypt(plain, dovecot) };
        session.login(seed);
        session
    }

    fn login(&mut self, seed: usize) {
        let password = password(seed).replace('\\', "\\\\").replace('"', "\\\"");
        self.exchange(&format!("LOGIN {} \"{password}\"", address(seed)));
    }

    /// Signs out, and waits until the server has let go.
    pub(super) fn sign_out(mut self) {
        self.exchange("LOGOUT");
        let mut rest = Vec::new();
        // How it ends the connection is its business.
        let _ended = self.stream.read_to_end(&mut rest);
    }

    /// Sends one command and returns everything up to its tagged OK; anything but OK fails the test.
    pub(super) fn exchange(&mut self, command: &str) -> String {
        self.stream.write_all(format!("a {command}\r\n").as_bytes()).unwrap();
        let answer = self.read_until(|text| {
            let last = text.trim_end_matches("\r\n").rsplit("\r\n").next();
            text.ends_with("\r\n") && last.is_some_and(|line| line.starts_with("a "))
        });
        assert!(answer.starts_with("a OK") || answer.contains("\r\na OK"), "{command}: {answer}");
        answer
    }

    fn read_until(&mut self, is_whole: impl Fn(&str) -> bool) -> String {
        let mut answer = Vec::new();
        loop {
            let mut part = [0; 4096];
            let length = self.stream.read(&mut part).unwrap();
            let text = String::from_utf8_lossy(&answer).into_owned();
            assert!(length > 0, "the connection ended after {text:?}");
            answer.extend(&part[..length]);
            let text = String::from_utf8_lossy(&answer);
            if is_whole(&text) {
                return text.into_owned();
            }
        }
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn encrypt(stream: TcpStream, dovecot: &Dovecot) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&fs::read(dovecot.ca_file()).unwrap()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(connection, stream)
}
