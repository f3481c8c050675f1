//! What talks to the outside: they talk, they never decide.

pub(crate) mod clock;
#[cfg_attr(not(test), expect(dead_code, reason = "signing in by OAuth, alerts and policies will ask by it"))]
pub(crate) mod http;
pub(crate) mod imap;
pub(crate) mod oauth;
pub(crate) mod resolver;
pub(crate) mod service;
pub(crate) mod ses;
pub(crate) mod store;
