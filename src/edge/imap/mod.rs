//! The harvest: what a seed's IMAP server says about its folders (RFC 3501, RFC 9051).
//!
//! One [`Mailbox`] stands for one seed during a run. It takes a baseline before the send and looks through all folders
//! afterwards. It reads only: EXAMINE and PEEK, never SELECT or STORE, so that nothing in a seed is marked or moved. It
//! never decides where a probe landed, and it never turns "could not look" into "nothing there": whatever was not read
//! to the server's own tagged OK is a failure with its reason.
//!
//! In reading order: `transport` connects and encrypts, `guard` lets only sane answers through, `line` sends a flight of
//! commands and reads until each has its own tagged answer, `sign_in` proves who we are, `verdict` says what a
//! refusal means, `folders` gives roles,
//! `reading` judges what came back of one folder, `session` puts these together, `pool` bounds the connections,
//! `door` remembers how sign-ins went.

mod baseline;
mod bearer;
mod capability;
mod door;
mod failure;
mod fetched;
mod folders;
mod frame;
mod guard;
mod header;
mod line;
mod mailbox;
mod mend;
mod pass;
mod pool;
mod reading;
mod reply;
mod roll;
mod said;
#[cfg(test)]
mod server;
mod session;
mod sign_in;
mod survey;
mod tabs;
#[cfg(test)]
mod tests;
mod tls;
mod tls_fault;
mod transport;
pub(crate) mod trial;
mod verdict;
mod visit;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::domain::provider::Provider;
use crate::domain::seed::{Address, Seed};
use crate::edge::oauth::Grant;

pub(crate) use door::Door;
pub(crate) use failure::ImapFailure;
pub(crate) use folders::Found;
pub(crate) use mailbox::Mailbox;
pub(crate) use pool::Pool;
pub(crate) use survey::{Survey, SurveyedFolder, Tabs};
#[cfg(test)]
pub(crate) use tls_fault::TlsFault;

/// What proves who we are.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// A password or an app password.
    Password(SecretString),
    /// Access tokens, renewed as they end.
    Bearer(Arc<Grant>),
}

/// Everything it takes to sign in to one seed.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// The seed.
    pub(crate) seed: Seed,
    /// Its provider's preset.
    pub(crate) provider: Arc<Provider>,
    /// Its secret.
    pub(crate) credential: Credential,
    /// The first of several seeds whose mailbox is one and the same; `None` where it has no other.
    pub(crate) shared: Option<Address>,
}

/// How long a silent server is waited for, in real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For the name to be looked up, for the connection to stand, and for the TLS handshake, each.
    pub(crate) connect: Duration,
    /// For the greeting.
    pub(crate) greeting: Duration,
    /// For the tagged answer to one command after the one before it was answered. Not for a byte: a server that drips
    /// its answer runs out of time too.
    pub(crate) command: Duration,
    /// For all commands of one flight together.
    pub(crate) flight: Duration,
    /// For the answer to LOGOUT.
    pub(crate) logout: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            greeting: Duration::from_secs(30),
            command: Duration::from_mins(1),
            flight: Duration::from_mins(5),
            logout: Duration::from_secs(2),
        }
    }
}
