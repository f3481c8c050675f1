//! A seed: a mailbox of ours at a provider.

use std::path::PathBuf;

pub(crate) use super::address::Address;
use super::provider::{ProviderName, Tls};

/// Which address family a connection may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IpFamily {
    /// Whatever the resolver gives, IPv6 and IPv4 in turn.
    #[default]
    Any,
    /// IPv4 only: Outlook is known to sign in and then refuse every command over IPv6.
    V4,
}

/// How a seed proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthKind {
    /// A password or an app password.
    Password,
    /// OAuth 2.0.
    OAuth,
}

/// A seed with everything its preset left open filled in. Its secret is kept apart (`crate::secret`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seed {
    /// The address mail is sent to, and the seed's name everywhere.
    pub(crate) address: Address,
    /// Its provider's preset.
    pub(crate) provider: ProviderName,
    /// What to sign in as.
    pub(crate) login: String,
    /// How it signs in.
    pub(crate) auth: AuthKind,
    /// IMAP host.
    pub(crate) host: String,
    /// IMAP port.
    pub(crate) port: u16,
    /// Encryption of the connection.
    pub(crate) tls: Tls,
    /// Trust only the certificate authorities of this PEM file, instead of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Address family of the connection.
    pub(crate) ip: IpFamily,
    /// The spam folder's name as a person reads it, when the owner named it.
    pub(crate) junk: Option<String>,
    /// Free labels.
    pub(crate) labels: Vec<String>,
}
