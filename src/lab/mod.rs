//! The provider lab: mailbox providers on loopback that speak the real protocols and can be told to misbehave.
//!
//! The lab stands behind `demo` and the tests, and nothing else uses it. A [`Lab`] is a made-up certificate authority
//! ([`ca`]), mailboxes in memory ([`mailbox`]), one IMAP server for each kind of provider ([`imap`]), a list of faults
//! to commit ([`fault`]) and a journal of all that clients did ([`imap::journal`]). A test fills the mailboxes, arms
//! faults, runs the program and then asks the journal and a snapshot of the mailboxes what really happened.
//!
//! What it never does: it listens nowhere but on 127.0.0.1, sends nothing anywhere, writes no file, reads no
//! configuration, asks no system clock (mail arrives by [`Clock`]; only patience with a slow client and the pace of a
//! drip are real time), and shares no code with the client that it tests: folders, tabs and commands are spelled out
//! here a second time, so that a misreading of the protocol on one side meets another reading on the other.

pub mod ca;
pub mod dns;
pub mod fault;
pub mod imap;
pub mod mailbox;
pub mod receive;
pub mod ses;
pub mod smtp;
mod turns;

use std::io;

use thiserror::Error;

pub use crate::edge::clock::Clock;

use ca::{Authority, Certificate};
use fault::Faults;
use imap::journal::Journal;
use imap::{ImapServer, ImapSettings};
use mailbox::Mailboxes;
use mailbox::character::Character;

/// Why the lab could not do what it was asked.
#[derive(Debug, Error)]
pub enum LabError {
    /// A certificate could not be made.
    #[error("cannot make a certificate for the lab: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A certificate was made and TLS refuses to serve it.
    #[error("cannot serve TLS in the lab: {0}")]
    Tls(#[from] rustls::Error),
    /// No port on loopback could be had.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// No mailbox of the lab has this address.
    #[error("the lab has no mailbox {0}")]
    NoSuchMailbox(String),
    /// The mailbox has no such folder.
    #[error("mailbox {mailbox} of the lab has no folder {folder}")]
    NoSuchFolder {
        /// The mailbox's address.
        mailbox: String,
        /// The role or name that was asked for.
        folder: String,
    },
    /// The mailbox does not hold this message (any more, or yet).
    #[error("mailbox {0} of the lab does not hold that message")]
    NoSuchMessage(String),
}

/// Everything at once: mailboxes, one IMAP server for each [`Character`], and what they share.
///
/// The servers stop when the lab is dropped.
#[derive(Debug)]
pub struct Lab {
    /// What time it is in the lab.
    pub clock: Clock,
    /// Who signed the servers' certificates.
    pub authority: Authority,
    /// Every mailbox at every provider.
    pub mailboxes: Mailboxes,
    /// What the IMAP servers shall do wrong.
    pub faults: Faults,
    /// What clients did to the IMAP servers.
    pub journal: Journal,
    gmail: ImapServer,
    outlook: ImapServer,
    yahoo: ImapServer,
    plain: ImapServer,
}

impl Lab {
    /// Starts the lab: empty mailboxes, no faults, an empty journal.
    pub async fn start(clock: Clock) -> Result<Self, LabError> {
        let authority = Authority::new()?;
        let mailboxes = Mailboxes::new(clock.clone());
        let (faults, journal) = (Faults::new(), Journal::new());
        let identity = authority.certify(Certificate::Good)?;
        let open = |character| {
            let settings = ImapSettings::of(character);
            ImapServer::start(settings, mailboxes.clone(), faults.clone(), journal.clone(), identity.clone())
        };
        let (gmail, outlook) = (open(Character::Gmail).await?, open(Character::Outlook).await?);
        let (yahoo, plain) = (open(Character::Yahoo).await?, open(Character::Plain).await?);
        Ok(Self { clock, authority, mailboxes, faults, journal, gmail, outlook, yahoo, plain })
    }

    /// The IMAP server of this kind of provider.
    pub fn imap(&self, character: Character) -> &ImapServer {
        match character {
            Character::Gmail => &self.gmail,
            Character::Outlook => &self.outlook,
            Character::Yahoo => &self.yahoo,
            Character::Plain => &self.plain,
        }
    }

    /// The PEM file that a client must trust to reach the servers.
    pub fn ca_pem(&self) -> &str {
        self.authority.ca_pem()
    }
}
