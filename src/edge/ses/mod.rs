//! Amazon SES: the handoff of a probe, over its API or over SMTP, and what SES says of an account before the first send.
//!
//! One call to [`Sender::send`] puts one message on the wire at most once. Whether it may be sent again is the caller's
//! question, and every answer says enough to decide it: only what SES surely did not take is
//! [`Handoff::NotAccepted`]. Nothing here chooses a recipient, and no error carries a secret.

mod account;
mod answer;
mod api;
mod channel;
mod pace;
mod publication;
mod returns;
mod smtp;
mod suppression;

#[cfg(test)]
mod stub;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fail::fail_point;

pub(crate) use account::{IdentityStanding, Standing};
pub(crate) use api::ApiSender;
pub(crate) use pace::Pace;
pub(crate) use publication::Publication;
pub(crate) use smtp::{SmtpSender, SmtpSettings, smtp_headers};
pub(crate) use suppression::Suppression;

use crate::domain::handoff::{Handoff, Letter};

/// A way to SES.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each stream, behind a pointer")]
pub(crate) enum Sender {
    /// `SendEmail` of the API, version 2; shared by all streams of one region.
    Api(Arc<ApiSender>),
    /// The SMTP interface.
    Smtp(SmtpSender),
}

impl Sender {
    /// Hands one probe over, once.
    pub(crate) async fn send(&self, letter: &Letter) -> Handoff {
        match self {
            Self::Api(api) => api.send(letter).await,
            Self::Smtp(smtp) => smtp.send(letter).await,
        }
    }
}

/// How long a silent SES is waited for, in real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For a connection, with its TLS handshake.
    pub(crate) connect: Duration,
    /// For one answer.
    pub(crate) attempt: Duration,
    /// Between two tries of a question that changes nothing.
    pub(crate) pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        fail_point!("ses-patience", |millis| {
            let each = Duration::from_millis(millis.and_then(|text| text.parse().ok()).unwrap_or(1000));
            Self { connect: each, attempt: each, pause: each }
        });
        Self { connect: Duration::from_secs(5), attempt: Duration::from_secs(30), pause: Duration::from_secs(1) }
    }
}

/// Why a question about the account has no answer. The text is one sentence with its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SesFailure {
    /// SES could not be reached, or would not answer now.
    Unreachable(String),
    /// There are no credentials, or SES does not know them.
    Credentials(String),
    /// The credentials may send but not ask this.
    Denied(String),
    /// What answered does not know this question, as local stand-ins do.
    Unsupported(String),
}

impl SesFailure {
    /// A failure to obtain credentials, told by whoever holds them.
    pub(crate) fn credentials(why: &str) -> Self {
        Self::Credentials(why.to_owned())
    }

    /// Whether the same question may be answered later without anything being changed.
    #[cfg_attr(not(test), allow(dead_code, reason = "asked by the unattended runs that come with the schedule"))]
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

impl fmt::Display for SesFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unreachable(why) | Self::Credentials(why) | Self::Denied(why) | Self::Unsupported(why)) = self;
        out.write_str(why)
    }
}

impl std::error::Error for SesFailure {}

/// Foreign words on one line, without control characters and of bearable length.
fn one_line(text: &str) -> String {
    const MOST: usize = 300;
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = words.chars().take(MOST).collect();
    if short.len() < words.len() {
        short.push('…');
    }
    short
}

/// An error with its causes, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !parts.iter().any(|known| known.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    one_line(&parts.join(": "))
}

/// The error itself or one of its causes, if it is of this type.
fn cause<'a, E: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<E>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}
