//! The journal: what clients really did to the IMAP servers of the lab.
//!
//! Passwords and tokens are never written down. Bytes are those of IMAP, without TLS. A round trip is counted each time
//! a server that had said something had to wait for the client's next bytes: pipelined commands are one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// One connection, from accept to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The server's name.
    pub server: String,
    /// Who signed in, once somebody has.
    pub login: Option<String>,
    /// Every command as it came, literals inside, secrets replaced by `***`.
    pub commands: Vec<String>,
    /// How many commands came (counted also when they are not kept).
    pub command_count: u64,
    /// How often the server had answered and waited for the client.
    pub round_trips: u64,
    /// Bytes from the client.
    pub bytes_in: u64,
    /// Bytes to the client.
    pub bytes_out: u64,
    /// When it was accepted, by the lab's clock.
    pub opened_at: Timestamp,
    /// Whether it is over.
    pub closed: bool,
}

/// One attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The server's name.
    pub server: String,
    /// The login that was tried.
    pub login: String,
    /// When, by the lab's clock.
    pub at: Timestamp,
    /// Whether the server let them in.
    pub accepted: bool,
}

/// Something that no client of a seed may do: it changes the mailbox, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sin {
    /// The server's name.
    pub server: String,
    /// Who did it, if signed in.
    pub login: Option<String>,
    /// The command.
    pub command: String,
}

/// How many there are and were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Now.
    pub now: usize,
    /// The most at any one moment.
    pub peak: usize,
    /// Ever.
    pub total: usize,
}

impl Count {
    fn up(&mut self) {
        self.now += 1;
        self.total += 1;
        self.peak = self.peak.max(self.now);
    }

    fn down(&mut self) {
        self.now = self.now.saturating_sub(1);
    }
}

#[derive(Debug, Default)]
struct State {
    forgetful: bool,
    next: u64,
    connections: BTreeMap<u64, Connection>,
    sign_ins: Vec<SignIn>,
    sins: Vec<Sin>,
    everywhere: Count,
    servers: BTreeMap<String, Count>,
    sessions: BTreeMap<(String, String), Count>,
}

/// The journal of one or several servers. Clones are the same journal.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<State>>);

impl Journal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty journal that counts commands and keeps none, and drops what it knew of a connection when that closes:
    /// for measurements in which the journal's own memory would show.
    pub fn counting_only() -> Self {
        Self(Arc::new(Mutex::new(State { forgetful: true, ..State::default() })))
    }

    /// Every connection in the order in which they were accepted.
    pub fn connections(&self) -> Vec<Connection> {
        self.lock().connections.values().cloned().collect()
    }

    /// The connections on which this login signed in.
    pub fn connections_of(&self, login: &str) -> Vec<Connection> {
        let state = self.lock();
        state.connections.values().filter(|connection| connection.login.as_deref() == Some(login)).cloned().collect()
    }

    /// Every command, connection by connection.
    pub fn commands(&self) -> Vec<String> {
        self.lock().connections.values().flat_map(|connection| connection.commands.clone()).collect()
    }

    /// Every attempt to sign in, in order.
    pub fn sign_ins(&self) -> Vec<SignIn> {
        self.lock().sign_ins.clone()
    }

    /// Every sin, in order.
    pub fn sins(&self) -> Vec<Sin> {
        self.lock().sins.clone()
    }

    /// Connections at all servers together.
    pub fn connection_count(&self) -> Count {
        self.lock().everywhere
    }

    /// Connections at the server of this name.
    pub fn connection_count_at(&self, server: &str) -> Count {
        self.lock().servers.get(server).copied().unwrap_or_default()
    }

    /// Sessions in which this login was signed in at the server of this name.
    pub fn session_count(&self, server: &str, login: &str) -> Count {
        self.lock().sessions.get(&(server.to_owned(), login.to_owned())).copied().unwrap_or_default()
    }

    /// Round trips over all connections.
    pub fn round_trips(&self) -> u64 {
        self.lock().connections.values().map(|connection| connection.round_trips).sum()
    }

    /// Forgets the past. Connections that are open stay, with what they did from now on.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.connections.retain(|_, connection| !connection.closed);
        for connection in state.connections.values_mut() {
            connection.commands.clear();
            (connection.command_count, connection.round_trips) = (0, 0);
            (connection.bytes_in, connection.bytes_out) = (0, 0);
        }
        state.sign_ins.clear();
        state.sins.clear();
        let State { everywhere, servers, sessions, .. } = &mut *state;
        for count in servers.values_mut().chain(sessions.values_mut()).chain([everywhere]) {
            (count.total, count.peak) = (count.now, count.now);
        }
    }

    /// Opens the entry of a new connection.
    pub(super) fn open(&self, server: &str, at: Timestamp) -> Entry {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        let connection = Connection {
            server: server.to_owned(),
            login: None,
            commands: Vec::new(),
            command_count: 0,
            round_trips: 0,
            bytes_in: 0,
            bytes_out: 0,
            opened_at: at,
            closed: false,
        };
        state.connections.insert(id, connection);
        state.everywhere.up();
        state.servers.entry(server.to_owned()).or_default().up();
        Entry { journal: self.clone(), id, server: server.to_owned(), login: None, closed: false }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pen with which one connection writes its part of the journal. Dropping it closes the entry.
#[derive(Debug)]
pub(super) struct Entry {
    journal: Journal,
    id: u64,
    server: String,
    login: Option<String>,
    closed: bool,
}

impl Entry {
    fn write(&self, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.journal.lock().connections.get_mut(&self.id) {
            change(connection);
        }
    }

    pub(super) fn received(&self, bytes: usize) {
        self.write(|connection| connection.bytes_in += bytes as u64);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.write(|connection| connection.bytes_out += bytes as u64);
    }

    pub(super) fn round_trip(&self) {
        self.write(|connection| connection.round_trips += 1);
    }

    pub(super) fn command(&self, text: String) {
        let forgetful = self.journal.lock().forgetful;
        self.write(|connection| {
            connection.command_count += 1;
            if !forgetful {
                connection.commands.push(text);
            }
        });
    }

    pub(super) fn sin(&self, command: String) {
        let sin = Sin { server: self.server.clone(), login: self.login.clone(), command };
        self.journal.lock().sins.push(sin);
    }

    /// Notes an attempt to sign in that was refused.
    pub(super) fn refused(&self, login: &str, at: Timestamp) {
        let (server, login) = (self.server.clone(), login.to_owned());
        self.journal.lock().sign_ins.push(SignIn { server, login, at, accepted: false });
    }

    /// Notes an attempt to sign in with the right secret, unless `limit` sessions of this login are open already.
    pub(super) fn sign_in(&mut self, login: &str, at: Timestamp, limit: Option<usize>) -> bool {
        let mut state = self.journal.lock();
        let count = state.sessions.entry((self.server.clone(), login.to_owned())).or_default();
        let accepted = limit.is_none_or(|limit| count.now < limit);
        if accepted {
            count.up();
            if let Some(connection) = state.connections.get_mut(&self.id) {
                connection.login = Some(login.to_owned());
            }
            self.login = Some(login.to_owned());
        }
        let (server, login) = (self.server.clone(), login.to_owned());
        state.sign_ins.push(SignIn { server, login, at, accepted });
        accepted
    }

    /// Closes the entry: the client has been told, or left.
    pub(super) fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let mut state = self.journal.lock();
        state.everywhere.down();
        if let Some(count) = state.servers.get_mut(&self.server) {
            count.down();
        }
        let session = self.login.clone().map(|login| (self.server.clone(), login));
        if let Some(count) = session.and_then(|session| state.sessions.get_mut(&session)) {
            count.down();
        }
        if state.forgetful {
            state.connections.remove(&self.id);
        } else if let Some(connection) = state.connections.get_mut(&self.id) {
            connection.closed = true;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.close();
    }
}
