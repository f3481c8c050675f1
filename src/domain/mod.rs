//! The vocabulary, without I/O: one noun per file.
//!
//! Nothing here asks a clock, opens a file, reads a variable or derives a serialisation. Facts come in as values,
//! judgements go out as values, and the same facts give the same judgement on every machine and in every year.

pub(crate) mod account;
pub(crate) mod address;
pub(crate) mod alert;
pub(crate) mod authres;
pub(crate) mod compare;
pub(crate) mod diagnosis;
pub(crate) mod dns;
pub(crate) mod evidence;
pub(crate) mod family;
pub(crate) mod finding;
pub(crate) mod folder;
pub(crate) mod handoff;
pub(crate) mod health;
pub(crate) mod identity;
pub(crate) mod interval;
pub(crate) mod language;
pub(crate) mod latency;
pub(crate) mod look;
pub(crate) mod message;
pub(crate) mod monitor;
pub(crate) mod oauth;
pub(crate) mod outline;
pub(crate) mod overall;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod provider;
pub(crate) mod quantile;
pub(crate) mod receiver;
pub(crate) mod recovery;
pub(crate) mod reputation;
pub(crate) mod road;
pub(crate) mod run;
pub(crate) mod sample;
pub(crate) mod schedule;
pub(crate) mod scope;
pub(crate) mod seed;
pub(crate) mod selection;
pub(crate) mod share;
pub(crate) mod shift;
pub(crate) mod sighting;
pub(crate) mod sign_flip;
pub(crate) mod sign_in;
pub(crate) mod stamp;
pub(crate) mod standing;
pub(crate) mod stream;
pub(crate) mod streams;
pub(crate) mod tally;
pub(crate) mod threshold;
pub(crate) mod told;
pub(crate) mod trend;

#[cfg(test)]
mod tests;
