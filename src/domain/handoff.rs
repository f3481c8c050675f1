//! A handoff: what SES answered to one probe.

use std::time::Duration;

use super::probe::SesId;
use super::seed::Address;

/// A composed probe, ready for SES.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Letter {
    /// The envelope sender: the address in From.
    pub(crate) sender: String,
    /// The envelope's one recipient. It is never taken from a header.
    pub(crate) seed: Address,
    /// The message, with CRLF line ends.
    pub(crate) bytes: Vec<u8>,
    /// The configuration set, if the stream has one.
    pub(crate) configuration_set: Option<String>,
    /// SES message tags, name and value, of `A-Za-z0-9_-`.
    pub(crate) tags: Vec<(String, String)>,
}

/// How one call to SES ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Handoff {
    /// SES took the message and gave its id.
    Accepted(SesId),
    /// SES answered that it will not send this message.
    Refused {
        /// Its words, with the remedy.
        why: String,
    },
    /// The message surely was not taken; sending it again cannot make two.
    NotAccepted {
        /// What happened.
        why: String,
        /// How long to wait before the next try; `None` when trying again in this run is pointless for any probe
        /// (sending paused, daily quota reached).
        retry_after: Option<Duration>,
    },
    /// The message may or may not have been taken. It is never sent again.
    Unknown {
        /// What happened.
        why: String,
    },
}
