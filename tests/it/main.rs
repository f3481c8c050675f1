//! The program as its user and its servers see it: one binary, one module for each subject.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on says so by panicking"
)]

mod demo;
mod real;
mod tidy;
