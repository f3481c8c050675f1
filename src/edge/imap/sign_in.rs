//! Signing in (RFC 3501 §6.2, RFC 4616, RFC 4959).
//!
//! One attempt, never a second way after a refusal: mailboxes get locked. What a busy server says is never taken for a
//! wrong password, and no words of the server are passed on with the password in them.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;

use super::failure::{ImapFailure, said};
use super::line::{Command, Event, Line, quoted};
use super::reply::{Reply, Verdict};
use super::{Access, Credential};

/// Codes that tell a wrong credential (RFC 5530 §3).
const REFUSING: [&str; 4] = ["AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED"];
/// Codes that tell a server in trouble.
const BUSY: [&str; 6] = ["UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "THROTTLED", "OVERQUOTA"];
/// Words by which servers without codes tell the same.
const BUSY_WORDS: [&str; 12] = [
    "too many",
    "simultaneous",
    "try again",
    "temporar",
    "throttl",
    "unavailable",
    "suggested backoff",
    "internal error",
    "timed out",
    "server error",
    "connection limit",
    "exceeded",
];

/// How the credential travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// AUTHENTICATE PLAIN with the credential in the same line.
    PlainAtOnce,
    /// AUTHENTICATE PLAIN, the credential when asked for.
    Plain,
    /// LOGIN.
    Login,
}

/// Signs in. The line knows the server's capabilities afterwards, if it told them.
pub(super) async fn sign_in(line: &mut Line, access: &Access) -> Result<(), ImapFailure> {
    let Credential::Password(password) = &access.credential;
    let password = password.expose_secret();
    let login = access.seed.login.as_str();
    if [login, password].iter().any(|text| text.contains(['\0', '\r', '\n'])) {
        return Err(impossible(access, "the login or the password holds a line break"));
    }
    let mut ignore = |_: Event<'_>| Ok(());
    let plain = login.is_ascii() && password.is_ascii();
    if line.capabilities().is_none() && !plain {
        line.flight("CAPABILITY", &[Command::new("CAPABILITY")?], &mut ignore).await?;
    }
    let unknown = line.capabilities().is_none();
    let token = STANDARD.encode(format!("\0{login}\0{password}"));
    let mut commands = Vec::new();
    let mut answers = VecDeque::new();
    match choose(line, plain) {
        None => return Err(impossible(access, "the server takes no password (LOGINDISABLED)")),
        Some(Way::PlainAtOnce) => {
            commands.push(Command::new(format!("AUTHENTICATE PLAIN {token}"))?);
            // A server that overlooks the first response asks for it again.
            answers.push_back(Command::new(token.clone())?);
        }
        Some(Way::Plain) => {
            commands.push(Command::new("AUTHENTICATE PLAIN")?);
            answers.push_back(Command::new(token.clone())?);
        }
        Some(Way::Login) => {
            if unknown {
                commands.push(Command::new("CAPABILITY")?);
            }
            commands.push(Command::new(format!("LOGIN {} {}", quoted(login), quoted(password)))?);
        }
    }
    let replies = line.converse("the sign-in", &commands, answers, &mut ignore).await.map_err(|failure| {
        // A BYE instead of an answer says nothing about the password.
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other failure repeats a word of the server")]
        match failure {
            ImapFailure::Bye { said } => ImapFailure::SignInUnavailable { said: discreet(&said, password, &token) },
            ImapFailure::Throttled { said, wait } => {
                ImapFailure::Throttled { said: discreet(&said, password, &token), wait }
            }
            ImapFailure::Protocol { why } => ImapFailure::Protocol { why: discreet(&why, password, &token) },
            other => other,
        }
    })?;
    let Some(reply) = replies.last() else {
        return Err(ImapFailure::Protocol { why: "the sign-in was not answered".to_owned() });
    };
    let reply = Reply { text: discreet(&reply.text, password, &token), ..reply.clone() };
    outcome(access, &reply, line.can("LOGINDISABLED"))
}

/// The way to sign in; `None` when the server forbids every one we have.
fn choose(line: &Line, plain: bool) -> Option<Way> {
    if line.capabilities().is_none() {
        return Some(Way::Login);
    }
    let offers_plain = line.can("AUTH=PLAIN");
    match (offers_plain, line.can("SASL-IR"), line.can("LOGINDISABLED")) {
        (true, true, _) => Some(Way::PlainAtOnce),
        (true, false, disabled) if disabled || !plain => Some(Way::Plain),
        (_, _, true) => None,
        (_, _, false) => Some(Way::Login),
    }
}

fn outcome(access: &Access, reply: &Reply, disabled: bool) -> Result<(), ImapFailure> {
    let words = said(&reply.text);
    let hollow = reply.text.contains("[Error=") || reply.text.contains("WrongServerException");
    match reply.verdict {
        Verdict::Ok if hollow => Err(ImapFailure::SignInUnavailable { said: words }),
        Verdict::Ok => Ok(()),
        Verdict::No | Verdict::Bad if reply.backoff().is_some() || reply.has_code("THROTTLED") => {
            Err(ImapFailure::Throttled { said: words, wait: reply.backoff() })
        }
        Verdict::No if REFUSING.iter().any(|code| reply.has_code(code)) => Err(refused(access, words)),
        Verdict::No if is_busy(reply) => Err(ImapFailure::SignInUnavailable { said: words }),
        Verdict::No if disabled => Err(impossible(access, "the server takes no password (LOGINDISABLED)")),
        Verdict::No => Err(refused(access, words)),
        Verdict::Bad => Err(ImapFailure::SignInUnavailable { said: words }),
    }
}

fn is_busy(reply: &Reply) -> bool {
    BUSY.iter().any(|code| reply.has_code(code)) || BUSY_WORDS.iter().any(|words| reply.says(words))
}

fn refused(access: &Access, said: String) -> ImapFailure {
    let login = access.seed.login.clone();
    ImapFailure::SignInRefused { login, said, help: access.provider.sign_in_help.clone() }
}

fn impossible(access: &Access, why: &str) -> ImapFailure {
    let login = access.seed.login.clone();
    ImapFailure::SignInImpossible { login, why: why.to_owned(), help: access.provider.sign_in_help.clone() }
}

/// Some servers say back what they did not understand.
fn discreet(text: &str, password: &str, token: &str) -> String {
    let mut text = text.replace(token, "…");
    for secret in [password, &password.replace('\\', "\\\\").replace('"', "\\\"")] {
        if !secret.is_empty() {
            text = text.replace(secret, "…");
        }
    }
    text
}
