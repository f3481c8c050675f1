//! The vocabulary, without I/O: one noun per file.
//!
//! Nothing here asks a clock, opens a file, reads a variable or derives a serialisation. Facts come in as values,
//! judgements go out as values, and the same facts give the same judgement on every machine and in every year.

pub(crate) mod dns;
pub(crate) mod finding;
pub(crate) mod folder;
pub(crate) mod handoff;
pub(crate) mod health;
pub(crate) mod interval;
pub(crate) mod latency;
pub(crate) mod look;
pub(crate) mod message;
pub(crate) mod probe;
pub(crate) mod provider;
pub(crate) mod run;
pub(crate) mod seed;
pub(crate) mod sighting;
pub(crate) mod sign_in;
pub(crate) mod stream;
pub(crate) mod tally;
