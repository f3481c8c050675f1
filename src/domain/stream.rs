//! A stream: the sender under judgement, with its From, its message, its configuration set and its region.

use std::fmt;

/// The name of a stream: a letter, then letters, digits, `.`, `_`, `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamName(String);

impl StreamName {
    /// `None` for a name of another shape.
    pub(crate) fn new(name: &str) -> Option<Self> {
        super::run::is_plain_name(name).then(|| Self(name.to_owned()))
    }

    /// The name as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What sort of mail the stream carries; some rules of the guide differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamKind {
    /// Newsletters and campaigns.
    Marketing,
    /// Receipts, alerts, passwords.
    Transactional,
    /// Cold mail.
    Outreach,
}

impl StreamKind {
    /// The word of the configuration and of the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Transactional => "transactional",
            Self::Outreach => "outreach",
        }
    }
}

/// How a probe carries its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagMode {
    /// In the header `X-Inboxed-Probe`.
    Header,
    /// Not at all: the message stays as it is, and only the id that SES returned can find it.
    None,
}
