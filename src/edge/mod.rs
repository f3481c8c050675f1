//! What talks to the outside: they talk, they never decide.

#[cfg(test)]
mod certified;
pub(crate) mod clock;
pub(crate) mod descriptors;
pub(crate) mod exporter;
pub(crate) mod hidden;
pub(crate) mod http;
pub(crate) mod imap;
pub(crate) mod notify;
pub(crate) mod oauth;
pub(crate) mod resolver;
pub(crate) mod service;
pub(crate) mod ses;
pub(crate) mod store;
