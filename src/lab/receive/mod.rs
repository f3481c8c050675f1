//! A receiver: what it writes on top of a message when it takes it from SES and files it.
//!
//! [`stamp`] adds the trace fields (RFC 5321 §4.4), the Authentication-Results (RFC 8601) and the filter's own fields in
//! the dialect of each provider, in order and form as seen in received mail until autumn 2026. Hosts are those that the
//! providers have, because readers go by them; addresses are for documentation (RFC 5737, RFC 3849). It decides nothing:
//! where the message lands and what the checks came to is told to it. Only what follows from the message itself, the
//! signatures it bears and whether a domain is aligned, is read from it.

mod date;
mod facts;
mod google;
mod microsoft;
mod others;
mod yahoo;

use std::time::Duration;

use jiff::Timestamp;

use super::mailbox::Character;
use super::ses::Accepted;
use facts::Facts;
pub use microsoft::MicrosoftFilter;

/// How a provider writes its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Gmail and Google Workspace.
    Gmail,
    /// Outlook.com and Microsoft 365: Authentication-Results without an authserv-id.
    Outlook,
    /// Yahoo.
    Yahoo,
    /// AOL: Yahoo's servers, other hosts, all on one line.
    Aol,
    /// iCloud: one Authentication-Results for each method, each with an id of its own.
    ICloud,
    /// GMX: DKIM results only.
    Gmx,
    /// Zoho: DKIM results without a domain.
    Zoho,
    /// Fastmail: many methods, some of its own.
    Fastmail,
    /// By the book, with the fields of `SpamAssassin`.
    Plain,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 9] = [
        Self::Gmail,
        Self::Outlook,
        Self::Yahoo,
        Self::Aol,
        Self::ICloud,
        Self::Gmx,
        Self::Zoho,
        Self::Fastmail,
        Self::Plain,
    ];
}

impl From<Character> for Dialect {
    fn from(character: Character) -> Self {
        match character {
            Character::Gmail => Self::Gmail,
            Character::Outlook => Self::Outlook,
            Character::Yahoo => Self::Yahoo,
            Character::Plain => Self::Plain,
        }
    }
}

/// What the filter said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Let in.
    Inbox,
    /// Spam.
    Spam,
}

/// What SPF came to for the envelope sender (RFC 7208 §2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spf {
    /// Permitted.
    Pass,
    /// Neither.
    Neutral,
    /// Probably not permitted.
    SoftFail,
    /// Not permitted.
    Fail,
    /// No record.
    None,
    /// The DNS did not answer.
    TempError,
    /// The record is wrong.
    PermError,
}

impl Spf {
    /// The word of RFC 8601 §2.7.2.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Neutral => "neutral",
            Self::SoftFail => "softfail",
            Self::Fail => "fail",
            Self::None => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// What became of the signature of the sender's own domain. The one of amazonses.com always passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dkim {
    /// Verified.
    Pass,
    /// Does not verify.
    Fail,
    /// Could not be judged.
    Neutral,
    /// The key could not be fetched.
    TempError,
    /// There is no key, or a wrong one.
    PermError,
}

impl Dkim {
    /// The word of RFC 8601 §2.7.1.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// The policy of a DMARC record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Report only.
    None,
    /// Treat with suspicion.
    Quarantine,
    /// Refuse.
    Reject,
}

impl Policy {
    /// The word in the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// The encryption of the connection from SES.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tls {
    /// Such as `TLS1_3`.
    pub version: &'static str,
    /// Such as `TLS_AES_128_GCM_SHA256`.
    pub cipher: &'static str,
    /// Its strength.
    pub bits: u16,
}

impl Tls {
    /// TLS 1.3, as SES has it.
    pub const V1_3: Self = Self { version: "TLS1_3", cipher: "TLS_AES_128_GCM_SHA256", bits: 128 };
    /// TLS 1.2.
    pub const V1_2: Self = Self { version: "TLS1_2", cipher: "ECDHE-RSA-AES128-GCM-SHA256", bits: 128 };
}

/// One delivery as a receiver sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// How it writes.
    pub dialect: Dialect,
    /// What its filter said.
    pub verdict: Verdict,
    /// SPF of the envelope sender.
    pub spf: Spf,
    /// The sender's own signature, where the message bears one.
    pub dkim: Dkim,
    /// The DMARC policy of the sender's domain; `None` without a record.
    pub policy: Option<Policy>,
    /// When its border server took the message.
    pub received_at: Timestamp,
    /// From there to the mailbox.
    pub filing: Duration,
    /// The encryption; `None` for a connection in the clear.
    pub tls: Option<Tls>,
    /// What Microsoft's filter wrote down; of use in its dialect only.
    pub microsoft: MicrosoftFilter,
}

impl Receiver {
    /// Everything passes, under a policy of `none`, and takes a second to be filed.
    pub fn new(dialect: impl Into<Dialect>, verdict: Verdict, received_at: Timestamp) -> Self {
        Self {
            dialect: dialect.into(),
            verdict,
            spf: Spf::Pass,
            dkim: Dkim::Pass,
            policy: Some(Policy::None),
            received_at,
            filing: Duration::from_secs(1),
            tls: Some(Tls::V1_3),
            microsoft: MicrosoftFilter::of(verdict),
        }
    }

    /// When the message is in the mailbox.
    pub fn filed_at(&self) -> Timestamp {
        self.received_at.checked_add(self.filing).unwrap_or(Timestamp::MAX)
    }

    /// What the checks come to for this message.
    pub fn authentication(&self, accepted: &Accepted) -> Authentication {
        Facts::of(accepted, self).authentication()
    }
}

/// What follows from the checks for the domain in From (RFC 9989).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentication {
    /// SPF passes for a domain of the same organization.
    pub spf_aligned: bool,
    /// A signature passes for a domain of the same organization.
    pub dkim_aligned: bool,
    /// The outcome of DMARC; `None` without a record.
    pub dmarc: Option<bool>,
}

/// The message as it lies in the mailbox.
pub fn stamp(accepted: &Accepted, receiver: &Receiver) -> Vec<u8> {
    let facts = Facts::of(accepted, receiver);
    let (above, below) = match receiver.dialect {
        Dialect::Gmail => (google::above(&facts), String::new()),
        Dialect::Outlook => (microsoft::above(&facts), microsoft::below(&facts)),
        Dialect::Yahoo | Dialect::Aol => (yahoo::above(&facts), String::new()),
        Dialect::ICloud | Dialect::Gmx | Dialect::Zoho | Dialect::Fastmail | Dialect::Plain => {
            (others::above(&facts), String::new())
        }
    };
    let end = accepted.message.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 2);
    let (header, rest) = accepted.message.split_at_checked(end.unwrap_or_default()).unwrap_or_default();
    [above.as_bytes(), header, below.as_bytes(), rest].concat()
}

#[cfg(test)]
mod tests;
