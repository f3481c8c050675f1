//! IMAP servers of the lab: RFC 3501 with what Gmail, Outlook and Yahoo make of it, over TLS on loopback.
//!
//! A server shows the mailboxes of its own character and no others, on two ports: TLS from the first byte, and
//! STARTTLS. It takes pipelined commands in order, answers each in full, commits the faults it is told to and writes
//! everything into the journal. Commands that change a mailbox are carried out where that is simple, because a client
//! that sends one should be caught by what it did as well as by the journal's list of sins.

mod answer;
mod command;
mod fetch;
mod folders;
pub mod journal;
mod manners;
mod search;
mod sequence;
mod session;
mod sign_in;
mod sins;
mod wire;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::LabError;
use super::ca::Identity;
use super::fault::Faults;
use super::mailbox::{Character, Mailboxes};
use journal::Journal;

/// How a server is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImapSettings {
    /// Its name in the journal and in fault rules.
    pub name: String,
    /// Its manners, and whose mailboxes it shows.
    pub character: Character,
    /// How many sessions one login may have at once.
    pub max_sessions: Option<usize>,
    /// How many messages one FETCH answers at most (RFC 9738).
    pub message_limit: Option<usize>,
    /// Whether messages have no numbers and are shown by `UIDFETCH` (RFC 9586), as Yahoo does on request.
    pub uid_only: bool,
}

impl ImapSettings {
    /// The usual settings: 15 sessions for each login at Gmail, 1000 messages for each FETCH at Yahoo.
    pub fn of(character: Character) -> Self {
        Self {
            name: character.word().to_owned(),
            character,
            max_sessions: (character == Character::Gmail).then_some(15),
            message_limit: (character == Character::Yahoo).then_some(1000),
            uid_only: false,
        }
    }
}

/// What the sessions of one server share.
#[derive(Debug)]
struct Shared {
    settings: ImapSettings,
    mailboxes: Mailboxes,
    faults: Faults,
    journal: Journal,
    identity: Identity,
}

/// A server that runs until it is dropped; then its ports and connections close.
#[derive(Debug)]
pub struct ImapServer {
    port: u16,
    starttls_port: u16,
    listening: [JoinHandle<()>; 2],
}

impl ImapServer {
    /// Listens on two free ports of 127.0.0.1, in the runtime of the caller.
    pub async fn start(
        settings: ImapSettings,
        mailboxes: Mailboxes,
        faults: Faults,
        journal: Journal,
        identity: Identity,
    ) -> Result<Self, LabError> {
        let shared = Arc::new(Shared { settings, mailboxes, faults, journal, identity });
        let (implicit, starttls) = (listener().await?, listener().await?);
        let port = implicit.local_addr().map_err(LabError::Listen)?.port();
        let starttls_port = starttls.local_addr().map_err(LabError::Listen)?.port();
        let listening =
            [tokio::spawn(serve(implicit, Arc::clone(&shared), true)), tokio::spawn(serve(starttls, shared, false))];
        Ok(Self { port, starttls_port, listening })
    }

    /// The port with TLS from the first byte.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port that begins in the clear and offers STARTTLS.
    pub fn starttls_port(&self) -> u16 {
        self.starttls_port
    }
}

impl Drop for ImapServer {
    fn drop(&mut self) {
        // Each task owns its listener and, in a set, the tasks of its connections.
        self.listening.iter().for_each(JoinHandle::abort);
    }
}

async fn listener() -> Result<TcpListener, LabError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(LabError::Listen)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, implicit: bool) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((tcp, _)) => {
                let _harmless = tcp.set_nodelay(true);
                connections.spawn(session::serve(tcp, Arc::clone(&shared), implicit));
            }
            // Out of file descriptors: the clients that are there will give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

#[cfg(test)]
mod tests;
