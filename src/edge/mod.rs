//! What talks to the outside: they talk, they never decide.

pub(crate) mod clock;
pub(crate) mod imap;
pub(crate) mod ses;
pub(crate) mod store;
