//! Why a seed could not be read, in one sentence with the remedy where there is one.
//!
//! A refused sign-in, a server that asks for patience and a lost connection are kept apart: the first must not be
//! repeated (mailboxes get locked), the others may.

use std::time::Duration;

use jiff::Timestamp;

use super::reply::Reply;
use super::said::said;
use super::tls_fault::TlsFault;
use super::verdict::tells_of_connections;
use crate::domain::sign_in::SignIn;
use crate::domain::standing::Refused;

/// How long a server that throttles without saying for how long is left alone.
const UNNAMED_WAIT: Duration = Duration::from_mins(1);

/// Why a seed could not be read. What a server said is kept short and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImapFailure {
    /// The resolver says that there is no such host.
    #[error("there is no host named {host}; check `host` of the seed")]
    NoSuchHost {
        /// The host.
        host: String,
    },
    /// The resolver gave no answer.
    #[error("the address of {host} could not be looked up: {why}")]
    Unresolved {
        /// The host.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// No address of the host took the connection.
    #[error("{host} port {port} could not be reached: {why}")]
    NotReached {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the last address said.
        why: String,
    },
    /// The seed's own authorities cannot be read.
    #[error("the `ca_file` {path} cannot be used: {why}")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Encryption failed; no credential was sent.
    #[error("no verified encrypted connection to {host}: {fault}")]
    Tls {
        /// The host.
        host: String,
        /// What is wrong.
        fault: TlsFault,
    },
    /// STARTTLS was not offered, was refused or was tampered with; no credential was sent.
    #[error("{host} does not switch to encryption: {why}; try `tls = \"implicit\"` with `port = 993` in the seed")]
    StartTls {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// PREAUTH (RFC 3501 §7.1.4): whose mailbox this is was never proven.
    #[error("{host} greeted as if already signed in, which proves no mailbox; check `host` and `port` of the seed")]
    PreAuth {
        /// The host.
        host: String,
    },
    /// The greeting is not one of IMAP.
    #[error("{host} did not greet as an IMAP server: {said}; check `host` and `port` of the seed")]
    Greeting {
        /// The host.
        host: String,
        /// What it said.
        said: String,
    },
    /// BYE (RFC 3501 §7.1.5).
    #[error("the server ended the connection: {said}")]
    Bye {
        /// Its words.
        said: String,
    },
    /// The server judged the sign-in and refused it, or it cannot be tried at all.
    #[error("{}: {said}; {help}", outcome.sentence(login))]
    SignInRefused {
        /// What it means.
        outcome: SignIn,
        /// Who we said we are.
        login: String,
        /// The server's words.
        said: String,
        /// What to do.
        help: String,
    },
    /// The server judged nothing: it says so itself, or it let us in and then not to the mailbox.
    #[error("{}: {said}; {help}", outcome.sentence(login))]
    SignInUnavailable {
        /// What it means.
        outcome: SignIn,
        /// Who we said we are.
        login: String,
        /// The server's words.
        said: String,
        /// What to do.
        help: String,
    },
    /// We did not try: this credential was refused twice in a row, and a third time could lock the mailbox.
    #[error(
        "{} {} times in a row, last at {} ({}), so it is left alone until its secret changes; {help}; then put the new \
         secret in place, or run `inboxed check --again` if you set it right at the provider",
        refused.outcome.sentence(login), refused.times, clock_time(refused.at), refused.said
    )]
    LeftAlone {
        /// Who we would say we are.
        login: String,
        /// The last refusal.
        refused: Box<Refused>,
        /// What to do.
        help: String,
    },
    /// We did not try: the server asked to be left alone for longer than is waited here.
    #[error("the server of {login} asked to be left alone until {until}; try again after that")]
    Quiet {
        /// Whose server.
        login: String,
        /// Until when.
        until: String,
        /// How long that is from now on.
        wait: Duration,
    },
    /// We did not try: that we do could not be noted.
    #[error("no sign-in was tried, as it could not be noted: {why}")]
    Unremembered {
        /// Why.
        why: String,
    },
    /// No folder could be made out to be spam, so nothing but good news could ever be seen.
    #[error("{}", no_junk(named.as_deref(), seen))]
    NoJunkFolder {
        /// The name that the seed gives.
        named: Option<String>,
        /// The folders that are there.
        seen: String,
    },
    /// Inbox or spam folder cannot be opened.
    #[error("the folder {folder} cannot be opened: {said}")]
    Unopenable {
        /// The folder.
        folder: String,
        /// The server's words.
        said: String,
    },
    /// NO or BAD to a command without which nothing can be read.
    #[error("the server refused {command}: {said}")]
    Refused {
        /// The command.
        command: &'static str,
        /// The server's words.
        said: String,
    },
    /// An answer that is not IMAP, or not an answer to what was asked.
    #[error("the server's answer cannot be understood: {why}")]
    Protocol {
        /// What is wrong with it.
        why: String,
    },
    /// An answer beyond what is taken from any server.
    #[error("the server's answer is beyond all bounds: {why}")]
    Limit {
        /// Which bound.
        why: String,
    },
    /// No answer in time.
    #[error("no answer to {what} in time")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// Whether not one byte came.
        silent: bool,
    },
    /// The connection is gone.
    #[error("the connection was lost: {why}")]
    Lost {
        /// How.
        why: String,
    },
    /// The server asks to be left alone.
    #[error("the server asks for fewer requests: {said}")]
    Throttled {
        /// Its words.
        said: String,
        /// For how long, if it said so.
        wait: Option<Duration>,
    },
    /// A defect of this program; the look says nothing.
    #[error("reading the mailbox stopped at a defect of this program; please report it")]
    Crashed,
}

fn no_junk(named: Option<&str>, seen: &str) -> String {
    match named {
        Some(named) => format!(
            "the seed names {} as its spam folder, but there is no such folder; there are: {seen}; correct `junk` in the \
             seed",
            said(named)
        ),
        None => format!(
            "no spam folder could be made out among: {seen}; name it in the seed, as in `junk = \"Spam\"`, or make the \
             provider show it over IMAP"
        ),
    }
}

impl ImapFailure {
    /// Whether it may pass by itself.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Unresolved { .. }
            | Self::NotReached { .. }
            | Self::Bye { .. }
            | Self::SignInUnavailable { .. }
            | Self::Quiet { .. }
            | Self::Unremembered { .. }
            | Self::Unopenable { .. }
            | Self::Refused { .. }
            | Self::Protocol { .. }
            | Self::Limit { .. }
            | Self::Timeout { .. }
            | Self::Lost { .. }
            | Self::Throttled { .. }
            | Self::Crashed => true,
            Self::Tls { fault, .. } => matches!(fault, TlsFault::Stalled | TlsFault::Broken(_)),
            Self::NoSuchHost { .. }
            | Self::CaFile { .. }
            | Self::StartTls { .. }
            | Self::PreAuth { .. }
            | Self::Greeting { .. }
            | Self::SignInRefused { .. }
            | Self::LeftAlone { .. }
            | Self::NoJunkFolder { .. } => false,
        }
    }

    /// Whether the same may well succeed in a moment. What already waited for its full time is not tried again.
    pub(crate) fn is_brief(&self) -> bool {
        let waited = matches!(self, Self::Timeout { .. } | Self::Tls { fault: TlsFault::Stalled, .. } | Self::Crashed);
        self.is_temporary() && !waited
    }

    /// How long the server asked to be left alone.
    pub(crate) fn leave_alone(&self) -> Option<Duration> {
        match self {
            Self::Throttled { wait, .. } => Some(wait.unwrap_or(UNNAMED_WAIT)),
            Self::SignInUnavailable { outcome: SignIn::NotConnected | SignIn::TooManyConnections, .. } => {
                Some(UNNAMED_WAIT)
            }
            Self::Quiet { wait, .. } => Some(*wait),
            Self::NoSuchHost { .. }
            | Self::Unresolved { .. }
            | Self::NotReached { .. }
            | Self::CaFile { .. }
            | Self::Tls { .. }
            | Self::StartTls { .. }
            | Self::PreAuth { .. }
            | Self::Greeting { .. }
            | Self::Bye { .. }
            | Self::SignInRefused { .. }
            | Self::SignInUnavailable { .. }
            | Self::LeftAlone { .. }
            | Self::Unremembered { .. }
            | Self::NoJunkFolder { .. }
            | Self::Unopenable { .. }
            | Self::Refused { .. }
            | Self::Protocol { .. }
            | Self::Limit { .. }
            | Self::Timeout { .. }
            | Self::Lost { .. }
            | Self::Crashed => None,
        }
    }

    /// How the sign-in came out. A failure behind the sign-in leaves it as it was: done.
    pub(crate) fn sign_in(&self) -> SignIn {
        match self {
            Self::SignInRefused { outcome, .. } | Self::SignInUnavailable { outcome, .. } => *outcome,
            Self::NoSuchHost { .. } | Self::Unresolved { .. } | Self::NotReached { .. } => SignIn::Unreachable,
            Self::CaFile { .. } => SignIn::SecretUnreadable,
            Self::Tls { fault, .. } => fault.sign_in(),
            Self::StartTls { .. } => SignIn::NoEncryption,
            Self::PreAuth { .. } | Self::Greeting { .. } => SignIn::NotImap,
            Self::Throttled { .. } | Self::Quiet { .. } => SignIn::Throttled,
            Self::LeftAlone { .. } => SignIn::LeftAlone,
            Self::Bye { said } if tells_of_connections(said) => SignIn::TooManyConnections,
            Self::Bye { .. }
            | Self::Protocol { .. }
            | Self::Limit { .. }
            | Self::Timeout { .. }
            | Self::Lost { .. }
            | Self::Unremembered { .. }
            | Self::Crashed => SignIn::Unavailable,
            Self::NoJunkFolder { .. } | Self::Unopenable { .. } | Self::Refused { .. } => SignIn::Done,
        }
    }

    /// The sentence, headed by the outcome's word where the sign-in failed.
    pub(crate) fn told(&self) -> String {
        let outcome = self.sign_in();
        if outcome == SignIn::Done { self.to_string() } else { format!("{}: {self}", outcome.word()) }
    }

    /// The server's words, where it refused; else nothing.
    pub(super) fn words(&self) -> String {
        if let Self::SignInRefused { said, .. } = self { said.clone() } else { String::new() }
    }

    /// The same failure with the server's words changed by `edit`.
    pub(super) fn reworded(mut self, edit: impl Fn(&mut String)) -> Self {
        match &mut self {
            Self::Greeting { said, .. }
            | Self::Bye { said }
            | Self::SignInRefused { said, .. }
            | Self::SignInUnavailable { said, .. }
            | Self::Unopenable { said, .. }
            | Self::Refused { said, .. }
            | Self::Throttled { said, .. }
            | Self::StartTls { why: said, .. }
            | Self::Protocol { why: said }
            | Self::Limit { why: said }
            | Self::Lost { why: said } => edit(said),
            Self::NoSuchHost { .. }
            | Self::Unresolved { .. }
            | Self::NotReached { .. }
            | Self::CaFile { .. }
            | Self::Tls { .. }
            | Self::PreAuth { .. }
            | Self::LeftAlone { .. }
            | Self::Quiet { .. }
            | Self::Unremembered { .. }
            | Self::NoJunkFolder { .. }
            | Self::Timeout { .. }
            | Self::Crashed => {}
        }
        self
    }

    /// Whether the server ended the session because its access token has ended (Outlook: `AccessTokenExpired`).
    pub(super) fn tells_of_token(&self) -> bool {
        matches!(self, Self::Bye { said } if said.to_ascii_lowercase().contains("accesstokenexpired"))
    }

    /// Whether a session that was kept open is dead, so that a new one may well succeed at once.
    pub(super) fn is_dead_session(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Bye { .. } | Self::Timeout { silent: true, .. })
    }

    /// The failure that a command's NO or BAD means, outside of signing in.
    pub(super) fn refused(command: &'static str, reply: &Reply) -> Self {
        if reply.is_throttled() {
            return Self::Throttled { said: said(&reply.text), wait: reply.backoff() };
        }
        Self::Refused { command, said: said(&reply.text) }
    }

    /// The failure that a BYE means.
    pub(super) fn bye(text: &str) -> Self {
        let reply = Reply::no(text);
        if reply.is_throttled() {
            return Self::Throttled { said: said(text), wait: reply.backoff() };
        }
        Self::Bye { said: said(text) }
    }
}

/// A moment as a sentence names it.
pub(super) fn clock_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_be_left_alone_is_not_a_refusal() {
        let reply = Reply::no("Request is throttled. Suggested Backoff Time: 92415 milliseconds");
        let failure = ImapFailure::refused("LIST", &reply);
        assert_eq!(failure.leave_alone(), Some(Duration::from_millis(92_415)));
        assert!(failure.is_temporary());
        assert_eq!(ImapFailure::bye("[THROTTLED] slow down").leave_alone(), Some(UNNAMED_WAIT));
        assert_eq!(ImapFailure::bye("Connection closed. 14").leave_alone(), None);
    }
}
