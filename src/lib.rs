//! `inboxed` finds out where mail sent through Amazon SES landed.

mod cli;
mod command;
mod config;
mod domain;
mod edge;
pub mod lab;
mod render;
mod secret;
