//! Signing in (RFC 3501 §6.2, RFC 4616, RFC 4959).
//!
//! One attempt, never a second way after a refusal: mailboxes get locked. What a busy server says is never taken for a
//! wrong password, and no words of the server are passed on with the password in them.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imap_proto::Response;
use secrecy::{ExposeSecret as _, SecretString};

use super::Access;
use super::failure::ImapFailure;
use super::line::{Command, Event, Line, quoted};
use super::reply::Reply;
use super::said::said;
use super::verdict::verdict;
use crate::domain::seed::AuthKind;
use crate::domain::sign_in::SignIn;

/// What to do where there is no way in.
const WAYS: &str = "ask the provider how programs sign in: this one has passwords (PLAIN, LOGIN) and OAuth (OAUTHBEARER, \
                    XOAUTH2)";
/// What to do where the server names another one (RFC 2221).
const REFERRED: &str = "set `host` in the seed to the server that it names, if that is your provider's";

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
pub(super) async fn sign_in(line: &mut Line, access: &Access, secret: &SecretString) -> Result<(), ImapFailure> {
    let password = secret.expose_secret();
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
    line.hide(&SecretString::from(token.clone()));
    line.hide(secret);
    let mut commands = Vec::new();
    let mut answers = VecDeque::new();
    match choose(line, plain) {
        None => return Err(without_password(line, access, "the server takes no password (LOGINDISABLED)".to_owned())),
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
    let mut aside = String::new();
    let mut listen = |event: Event<'_>| {
        // Gmail explains some refusals in an untagged NO before the tagged one.
        if let Event::Data(Response::Data { outcome, .. }) = event {
            aside.push(' ');
            aside.push_str(outcome.information.as_deref().unwrap_or_default());
        }
        Ok(())
    };
    let replies = line.converse("the sign-in", &commands, answers, &mut listen).await.map_err(|failure| {
        // A BYE instead of an answer says nothing about the password.
        if let ImapFailure::Bye { said } = &failure {
            return unjudged(access, failure.sign_in(), said.clone());
        }
        failure
    })?;
    let Some(reply) = replies.last() else {
        return Err(ImapFailure::Protocol { why: "the sign-in was not answered".to_owned() });
    };
    let judged = judge(access, AuthKind::Password, reply, &aside, line.can("LOGINDISABLED"));
    judged.map_err(|failure| {
        if let ImapFailure::SignInRefused { outcome: SignIn::NoWay, said, .. } = &failure
            && !line.can("AUTH=PLAIN")
        {
            return without_password(line, access, said.clone());
        }
        failure
    })
}

/// The server has no way in by a password; perhaps it has one by a token.
fn without_password(line: &Line, access: &Access, said: String) -> ImapFailure {
    if line.can("AUTH=OAUTHBEARER") || line.can("AUTH=XOAUTH2") {
        return refused(access, SignIn::BasicAuthDisabled, said);
    }
    let (outcome, login, help) = (SignIn::NoWay, access.seed.login.clone(), WAYS.to_owned());
    ImapFailure::SignInRefused { outcome, login, said, help }
}

/// What the answer to a sign-in means. `aside` is what the server said untagged before it.
pub(super) fn judge(
    access: &Access,
    auth: AuthKind,
    reply: &Reply,
    aside: &str,
    disabled: bool,
) -> Result<(), ImapFailure> {
    let outcome = verdict(&access.provider, auth, reply, aside, disabled);
    if outcome == SignIn::Done { Ok(()) } else { Err(refusal(access, outcome, reply)) }
}

/// The failure that an outcome is, with the server's words.
pub(super) fn refusal(access: &Access, outcome: SignIn, reply: &Reply) -> ImapFailure {
    let said = said(&reply.text);
    if outcome == SignIn::Throttled {
        return ImapFailure::Throttled { said, wait: reply.backoff() };
    }
    if matches!(outcome, SignIn::Unavailable | SignIn::TooManyConnections | SignIn::NotConnected) {
        return unjudged(access, outcome, said);
    }
    let mut failure = refused(access, outcome, said);
    if let (true, ImapFailure::SignInRefused { help, .. }) = (reply.has_code("REFERRAL"), &mut failure) {
        REFERRED.clone_into(help);
    }
    failure
}

/// A refusal, or the want of a way to sign in.
pub(super) fn refused(access: &Access, outcome: SignIn, said: String) -> ImapFailure {
    let (login, help) = (access.seed.login.clone(), access.provider.remedy(outcome).to_owned());
    ImapFailure::SignInRefused { outcome, login, said, help }
}

/// The server judged nothing.
pub(super) fn unjudged(access: &Access, outcome: SignIn, said: String) -> ImapFailure {
    let help = access.provider.remedy(outcome).to_owned();
    ImapFailure::SignInUnavailable { outcome, login: access.seed.login.clone(), said, help }
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

fn impossible(access: &Access, why: &str) -> ImapFailure {
    refused(access, SignIn::NoWay, why.to_owned())
}
