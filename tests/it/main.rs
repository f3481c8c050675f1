//! The program as its user and its servers see it: one binary, one module for each subject.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on says so by panicking"
)]

mod addresses;
mod alerts;
mod canaries;
mod command_line;
mod cost;
mod credentials;
mod daemon;
mod demo;
mod dialogue;
mod dns;
mod dry_run;
mod economy;
mod imports;
// These need the program to have fail points: to die at, and to wait less long for a server that hangs.
#[cfg(feature = "failpoints")]
mod faults;
mod first_steps;
#[cfg(feature = "failpoints")]
mod handoffs;
mod history;
mod inspect;
mod keeping;
#[cfg(feature = "failpoints")]
mod killed;
mod real;
mod recover;
mod scenario;
mod sending;
#[cfg(feature = "failpoints")]
mod sign_ins;
mod starters;
mod status;
mod tidy;
mod verdicts;
mod watching;
