//! The journal: what clients really asked of SES, through its API or over SMTP, and what became of each message.
//!
//! Passwords are never written down. Times are by the lab's clock, and a request is written down when it is there in
//! full, before its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// What SES can be asked, as far as the lab knows it, and one moment before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A new connection, of use in fault rules only: it may be closed, or left hanging.
    Connection,
    /// A message, through the API (`SendEmail`) or over SMTP.
    SendEmail,
    /// `GetAccount`.
    GetAccount,
    /// `ListEmailIdentities`.
    ListEmailIdentities,
    /// `GetEmailIdentity`.
    GetEmailIdentity,
    /// `ListSuppressedDestinations`.
    ListSuppressedDestinations,
    /// `GetSuppressedDestination`.
    GetSuppressedDestination,
    /// `GetSendStatistics` of the first version of the API.
    GetSendStatistics,
    /// Anything else.
    Other,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What was asked.
    pub operation: Operation,
    /// The request line of the API, or `SMTP`.
    pub request: String,
    /// The region whose endpoint was meant.
    pub region: String,
    /// Everybody in the envelope.
    pub recipients: Vec<String>,
    /// The message as it came, before SES touched it; empty where there is none.
    pub message: Arc<[u8]>,
    /// When it was there in full.
    pub at: Timestamp,
    /// The id that SES gave the message if it took it, whether or not the client was told.
    pub id: Option<String>,
    /// Whether it was handed on for delivery.
    pub delivered: bool,
    /// The status that was answered, of HTTP or SMTP; `None` where the client got no answer.
    pub status: Option<u16>,
}

/// Marks a request whose outcome is still to be written down.
#[derive(Debug, Clone, Copy)]
pub(in crate::lab) struct Entry(usize);

/// One SMTP connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SmtpSession {
    /// Whether TLS was there in the end.
    pub encrypted: bool,
    /// Every command as it came, credentials replaced by `***`.
    pub commands: Vec<String>,
    /// Who signed in.
    pub user: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    sessions: Vec<SmtpSession>,
    connections: usize,
}

/// The journal of the servers of one account. Clones are the same journal.
#[derive(Debug, Clone, Default)]
pub struct SesJournal(Arc<Mutex<State>>);

impl SesJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every request in the order in which they came.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Every request of one kind.
    pub fn calls_of(&self, operation: Operation) -> Vec<Call> {
        self.lock().calls.iter().filter(|call| call.operation == operation).cloned().collect()
    }

    /// How many requests of one kind came.
    pub fn count(&self, operation: Operation) -> usize {
        self.lock().calls.iter().filter(|call| call.operation == operation).count()
    }

    /// How many requests to send there were for each address, whatever became of them: the proof that none was
    /// repeated.
    pub fn sends(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.lock().calls.iter().filter(|call| call.operation == Operation::SendEmail) {
            for recipient in &call.recipients {
                *counts.entry(recipient.clone()).or_default() += 1;
            }
        }
        counts
    }

    /// How many requests to send to this address there were.
    pub fn sends_to(&self, recipient: &str) -> usize {
        self.sends().get(recipient).copied().unwrap_or_default()
    }

    /// Everybody a message was handed on to.
    pub fn delivered_to(&self) -> BTreeSet<String> {
        let state = self.lock();
        state.calls.iter().filter(|call| call.delivered).flat_map(|call| call.recipients.iter().cloned()).collect()
    }

    /// The most requests to send that came within any one second of the lab's clock.
    pub fn busiest_second(&self) -> usize {
        let mut times: Vec<Timestamp> = self.calls_of(Operation::SendEmail).iter().map(|call| call.at).collect();
        times.sort_unstable();
        let within = |from: &Timestamp| {
            let end = from.checked_add(Duration::from_secs(1)).unwrap_or(Timestamp::MAX);
            times.iter().filter(|&time| time >= from && *time < end).count()
        };
        times.iter().map(within).max().unwrap_or_default()
    }

    /// How many connections the API accepted.
    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    /// Every SMTP connection in the order in which they were accepted.
    pub fn smtp_sessions(&self) -> Vec<SmtpSession> {
        self.lock().sessions.clone()
    }

    pub(in crate::lab) fn connected(&self) {
        self.lock().connections += 1;
    }

    pub(in crate::lab) fn open(&self, call: Call) -> Entry {
        let mut state = self.lock();
        state.calls.push(call);
        Entry(state.calls.len() - 1)
    }

    pub(in crate::lab) fn taken(&self, entry: Entry, id: &str, delivered: bool) {
        self.change(entry, |call| {
            call.id = Some(id.to_owned());
            call.delivered = delivered;
        });
    }

    pub(in crate::lab) fn answered(&self, entry: Entry, status: u16) {
        self.change(entry, |call| call.status = Some(status));
    }

    pub(in crate::lab) fn smtp_connected(&self) -> usize {
        let mut state = self.lock();
        state.sessions.push(SmtpSession::default());
        state.sessions.len() - 1
    }

    pub(in crate::lab) fn smtp(&self, session: usize, note: impl FnOnce(&mut SmtpSession)) {
        if let Some(session) = self.lock().sessions.get_mut(session) {
            note(session);
        }
    }

    fn change(&self, entry: Entry, note: impl FnOnce(&mut Call)) {
        if let Some(call) = self.lock().calls.get_mut(entry.0) {
            note(call);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(recipient: &str, millisecond: i64) -> Call {
        Call {
            operation: Operation::SendEmail,
            request: "SMTP".to_owned(),
            region: "eu-west-1".to_owned(),
            recipients: vec![recipient.to_owned()],
            message: Arc::from(&b""[..]),
            at: Timestamp::from_millisecond(millisecond).unwrap(),
            id: None,
            delivered: false,
            status: None,
        }
    }

    #[test]
    fn requests_are_counted_by_recipient_and_by_second() {
        let journal = SesJournal::new();
        assert_eq!(journal.busiest_second(), 0);
        for (recipient, millisecond) in [("a", 0), ("b", 600), ("a", 999), ("c", 1000), ("c", 1599), ("d", 5000)] {
            journal.open(send(recipient, millisecond));
        }
        assert_eq!(journal.busiest_second(), 4, "from 600 to 1599");
        assert_eq!((journal.sends_to("a"), journal.sends_to("d"), journal.sends_to("x")), (2, 1, 0));
        assert!(journal.delivered_to().is_empty());
    }
}
