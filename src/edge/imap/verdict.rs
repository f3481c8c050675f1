//! What a server's answer to a sign-in means (RFC 3501 §6.2, RFC 5530).
//!
//! Codes that tell a server in trouble are believed first, then the texts that are known, then codes that refuse: a busy
//! server is never taken for a wrong password. Texts of single providers stand in their presets.

use super::reply::{Reply, Verdict};
use crate::domain::provider::Provider;
use crate::domain::seed::AuthKind;
use crate::domain::sign_in::SignIn;

/// Codes of a server in trouble.
const BUSY: [(&str, SignIn); 6] = [
    ("THROTTLED", SignIn::Throttled),
    ("OVERQUOTA", SignIn::Throttled),
    ("UNAVAILABLE", SignIn::Unavailable),
    ("INUSE", SignIn::Unavailable),
    ("SERVERBUG", SignIn::Unavailable),
    ("LIMIT", SignIn::TooManyConnections),
];

/// Codes that refuse (RFC 5530 §3, RFC 2221). What AUTHENTICATIONFAILED refuses depends on the credential.
const REFUSING: [(&str, SignIn); 5] = [
    ("AUTHORIZATIONFAILED", SignIn::Blocked),
    ("CONTACTADMIN", SignIn::Blocked),
    ("EXPIRED", SignIn::PasswordExpired),
    ("PRIVACYREQUIRED", SignIn::NoWay),
    ("REFERRAL", SignIn::NoWay),
];

/// Words that mean the same wherever they are said.
const KNOWN_TEXTS: [(&str, SignIn); 18] = [
    ("application-specific password", SignIn::AppPasswordNeeded),
    ("app-specific password", SignIn::AppPasswordNeeded),
    ("app password required", SignIn::AppPasswordNeeded),
    ("not enabled for imap", SignIn::ImapOff),
    ("imap access is disabled", SignIn::ImapOff),
    ("imap is disabled", SignIn::ImapOff),
    ("imap is not enabled", SignIn::ImapOff),
    ("imap not enabled", SignIn::ImapOff),
    ("to enable imap", SignIn::ImapOff),
    ("enable imap", SignIn::ImapOff),
    ("basic authentication is disabled", SignIn::BasicAuthDisabled),
    ("basicauthblocked", SignIn::BasicAuthDisabled),
    ("web login required", SignIn::Blocked),
    ("via your web browser", SignIn::Blocked),
    ("account is locked", SignIn::Blocked),
    ("account has been locked", SignIn::Blocked),
    ("authenticated but not connected", SignIn::NotConnected),
    ("unsupported authentication mechanism", SignIn::NoWay),
];

/// Words by which servers without codes tell that they are in trouble.
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

/// Words of a refusal that passes by itself, beside CONTACTADMIN: that code Dovecot puts before every reason that an
/// administrator wrote (`nologin`), maintenance among them.
const PASSING_WORDS: [&str; 4] = ["try again", "temporar", "unavailable", "maintenance"];

/// Whether words complain of the number of connections.
pub(super) fn tells_of_connections(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let counts = ["too many", "simultaneous", "maximum", "limit", "exceeded"];
    (text.contains("connection") || text.contains("session")) && counts.iter().any(|word| text.contains(word))
}

/// What the tagged answer means. `aside` is what the server said untagged before it. `disabled` tells whether it had
/// announced LOGINDISABLED.
pub(super) fn verdict(provider: &Provider, auth: AuthKind, reply: &Reply, aside: &str, disabled: bool) -> SignIn {
    let text = format!("{} {aside}", reply.text).to_ascii_lowercase();
    match reply.verdict {
        Verdict::Ok => hollow(provider, &text),
        Verdict::No | Verdict::Bad if reply.backoff().is_some() => SignIn::Throttled,
        Verdict::Bad => busy(reply, &text).or_else(|| known(provider, &text)).unwrap_or(SignIn::Unavailable),
        Verdict::No => busy(reply, &text)
            .or_else(|| known(provider, &text))
            .or_else(|| passing(reply, &text))
            .or_else(|| refused(provider, auth, reply))
            .or_else(|| BUSY_WORDS.iter().any(|words| text.contains(words)).then_some(SignIn::Unavailable))
            .or(disabled.then_some(SignIn::NoWay))
            .unwrap_or_else(|| plain_refusal(provider, auth)),
    }
}

/// Outlook says OK and puts into the text that it is none.
fn hollow(provider: &Provider, text: &str) -> SignIn {
    if text.contains("[error=") || text.contains("wrongserverexception") {
        return known(provider, text).unwrap_or(SignIn::Unavailable);
    }
    SignIn::Done
}

fn busy(reply: &Reply, text: &str) -> Option<SignIn> {
    let code = BUSY.iter().find(|(code, _)| reply.has_code(code)).map(|(_, outcome)| *outcome);
    let refuses = reply.has_code("AUTHENTICATIONFAILED") || REFUSING.iter().any(|(code, _)| reply.has_code(code));
    if code.is_some() || !refuses || reply.has_code("CONTACTADMIN") {
        return tells_of_connections(text).then_some(SignIn::TooManyConnections).or(code);
    }
    None
}

fn passing(reply: &Reply, text: &str) -> Option<SignIn> {
    let passes = reply.has_code("CONTACTADMIN") && PASSING_WORDS.iter().any(|words| text.contains(words));
    passes.then_some(SignIn::Unavailable)
}

fn known(provider: &Provider, text: &str) -> Option<SignIn> {
    let own = provider.refusals.iter().find(|(words, _)| text.contains(words.as_str())).map(|(_, outcome)| *outcome);
    own.or_else(|| KNOWN_TEXTS.iter().find(|(words, _)| text.contains(words)).map(|(_, outcome)| *outcome))
}

fn refused(provider: &Provider, auth: AuthKind, reply: &Reply) -> Option<SignIn> {
    if reply.has_code("AUTHENTICATIONFAILED") {
        return Some(plain_refusal(provider, auth));
    }
    REFUSING.iter().find(|(code, _)| reply.has_code(code)).map(|(_, outcome)| *outcome)
}

fn plain_refusal(provider: &Provider, auth: AuthKind) -> SignIn {
    match auth {
        AuthKind::OAuth => SignIn::TokenRefused,
        AuthKind::Password if provider.takes_passwords => SignIn::WrongPassword,
        AuthKind::Password => SignIn::BasicAuthDisabled,
    }
}
