//! Secrets: what never prints.

use secrecy::SecretString;

/// A password or client secret, readable only where it is handed to a server.
pub(crate) type Secret = SecretString;
