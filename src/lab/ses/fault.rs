//! Faults: what the sending half of the lab shall do wrong, at which moment and how often.
//!
//! Rules are looked at in the order in which they were added; the first that fits is used up by one and decides.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::journal::Operation;
use crate::lab::turns::Turns;

/// What the SES API does instead of, or to, its answer.
///
/// `delivered` says whether SES takes the message all the same. What it would refuse it refuses also then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SesFault {
    /// Closes the connection when the head of the request is there, and reads no further. Such a request is not in the
    /// journal, and no rule for a recipient can strike so early.
    CloseBeforeRead,
    /// Closes the connection when the whole request is there, without a byte of an answer.
    CloseAfterRequest {
        /// Whether SES took the message.
        delivered: bool,
    },
    /// Takes the message and closes the connection in the middle of the answer.
    CutBody,
    /// Says nothing and keeps the connection open.
    Hang {
        /// Whether SES took the message.
        delivered: bool,
    },
    /// Answers with an error.
    Status {
        /// The HTTP status.
        status: u16,
        /// The name of the error; empty for an answer that does not look like one of AWS.
        code: String,
        /// Its words.
        message: String,
        /// Whether SES took the message.
        delivered: bool,
    },
    /// Takes the message and answers 200 with `{}`.
    OkWithoutId,
    /// Takes the message and answers 200 with something that is no JSON.
    OkGarbage,
    /// Answers properly, but so much later, in real time. A message is taken at once.
    Slow(Duration),
}

impl SesFault {
    /// Whether it strikes before the request has been read.
    pub(super) fn is_early(&self) -> bool {
        *self == Self::CloseBeforeRead
    }

    /// The account sends faster than it may.
    pub fn throttled() -> Self {
        Self::refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
    }

    /// The account has used up its 24 hours.
    pub fn quota_used_up() -> Self {
        Self::refusal(429, "TooManyRequestsException", "Daily message quota exceeded.")
    }

    /// An error of this name, and the message is not taken.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        Self::Status { status, code: code.to_owned(), message: message.to_owned(), delivered: false }
    }

    /// Whether SES takes the message.
    pub(super) fn takes_message(&self) -> bool {
        match self {
            Self::CloseBeforeRead => false,
            Self::CloseAfterRequest { delivered } | Self::Hang { delivered } | Self::Status { delivered, .. } => {
                *delivered
            }
            Self::CutBody | Self::OkWithoutId | Self::OkGarbage | Self::Slow(_) => true,
        }
    }
}

/// The moments of a submission at which the SMTP server may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SmtpStep {
    /// A new connection, before the greeting (on the port with implicit TLS after the handshake).
    Connect,
    /// EHLO and HELO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH, when the credentials are there.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before the message.
    Data,
    /// The final dot.
    Dot,
    /// QUIT.
    Quit,
}

/// What the SMTP server does instead of its reply. `delivered` matters after the final dot only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmtpFault {
    /// Replies so and does not do what was asked. After a reply that begins with 421 it closes the connection.
    Reply(String),
    /// Closes the connection without a word.
    Close {
        /// Whether SES took the message.
        delivered: bool,
    },
    /// Says nothing more and keeps the connection open.
    Hang {
        /// Whether SES took the message.
        delivered: bool,
    },
    /// Replies properly, but so much later, in real time.
    Slow(Duration),
    /// Takes the message and replies `250 Ok` without an id.
    OkWithoutId,
}

impl SmtpFault {
    /// The account sends faster than it may.
    pub fn throttled() -> Self {
        Self::Reply("454 Throttling failure: Maximum sending rate exceeded.".to_owned())
    }
}

/// When a server misbehaves, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule<M, F> {
    moment: M,
    fault: F,
    recipient: Option<String>,
    turns: Turns,
}

impl<M, F> Rule<M, F> {
    /// Each time this moment comes, whoever the mail is for.
    pub fn on(moment: M, fault: F) -> Self {
        Self { moment, fault, recipient: None, turns: Turns::default() }
    }

    /// Only for mail to this address. Never true before the address has been named.
    #[must_use]
    pub fn for_recipient(mut self, address: &str) -> Self {
        self.recipient = Some(address.to_owned());
        self
    }

    /// Not the first `count` times.
    #[must_use]
    pub fn after(mut self, count: u32) -> Self {
        self.turns.skip(count);
        self
    }

    /// Only `count` times.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.turns.limit(count);
        self
    }

    /// Once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }
}

#[derive(Debug)]
struct State<M, F> {
    rules: Vec<Rule<M, F>>,
    strikes: u64,
}

/// The rules in force. Clones are the same rules.
#[derive(Debug, Clone)]
pub struct Rules<M, F>(Arc<Mutex<State<M, F>>>);

/// The rules of the SES API.
pub type SesFaults = Rules<Operation, SesFault>;
/// The rules of the SMTP server.
pub type SmtpFaults = Rules<SmtpStep, SmtpFault>;

impl<M, F> Default for Rules<M, F> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { rules: Vec::new(), strikes: 0 })))
    }
}

impl<M: PartialEq, F: Clone> Rules<M, F> {
    /// No rules: the server behaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule behind those there are.
    pub fn add(&self, rule: Rule<M, F>) {
        self.lock().rules.push(rule);
    }

    /// Takes back every rule.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// How often a rule has struck so far: a test of a fault makes sure that the fault happened.
    pub fn strikes(&self) -> u64 {
        self.lock().strikes
    }

    /// The fault to commit now, if any.
    pub(in crate::lab) fn strike(&self, moment: &M, recipient: Option<&str>) -> Option<F> {
        self.strike_with(moment, recipient, |_| true)
    }

    /// The same, among faults of one kind only; the others are not used up.
    pub(in crate::lab) fn strike_with(
        &self,
        moment: &M,
        recipient: Option<&str>,
        kind: impl Fn(&F) -> bool,
    ) -> Option<F> {
        let mut state = self.lock();
        for rule in state.rules.iter_mut().filter(|rule| kind(&rule.fault)) {
            let meant = rule.recipient.as_deref();
            let for_them = meant.is_none_or(|meant| recipient.is_some_and(|to| to.eq_ignore_ascii_case(meant)));
            if rule.moment != *moment || !for_them || !rule.turns.comes() {
                continue;
            }
            let fault = rule.fault.clone();
            state.strikes += 1;
            return Some(fault);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, State<M, F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_at_its_moment_and_recipient_only_and_as_often_as_told() {
        let faults = SmtpFaults::new();
        faults.add(Rule::on(SmtpStep::Rcpt, SmtpFault::throttled()).for_recipient("Anna@x.example").after(1).once());
        let struck: Vec<bool> = [
            (SmtpStep::Rcpt, Some("anna@x.example")),
            (SmtpStep::Data, Some("anna@x.example")),
            (SmtpStep::Rcpt, Some("bert@x.example")),
            (SmtpStep::Rcpt, None),
            (SmtpStep::Rcpt, Some("anna@x.example")),
            (SmtpStep::Rcpt, Some("anna@x.example")),
        ]
        .into_iter()
        .map(|(step, recipient)| faults.strike(&step, recipient).is_some())
        .collect();
        assert_eq!(struck, [false, false, false, false, true, false]);
        assert_eq!(faults.strikes(), 1);
    }
}
