//! A stream: the sender under judgement, with its From, its message, its configuration set and its region.

use std::fmt;

/// The name of a stream: a letter, then letters, digits, `.`, `_`, `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamName(String);

impl StreamName {
    /// `None` for a name of another shape.
    pub(crate) fn new(name: &str) -> Option<Self> {
        is_plain_name(name).then(|| Self(name.to_owned()))
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

/// Whether a name is a letter followed by letters, digits, `.`, `_` and `-`, 64 characters at most.
pub(crate) fn is_plain_name(text: &str) -> bool {
    text.len() <= 64
        && text.chars().next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
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

    /// The kind that [`StreamKind::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Marketing, Self::Transactional, Self::Outreach].into_iter().find(|kind| kind.word() == word)
    }
}

/// The way on which a stream's probes reach SES.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportKind {
    /// The `SendEmail` call.
    SesApi,
    /// SMTP.
    SesSmtp,
}

impl TransportKind {
    /// The word of the configuration and of the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SesApi => "ses-api",
            Self::SesSmtp => "ses-smtp",
        }
    }

    /// The transport that [`TransportKind::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::SesApi, Self::SesSmtp].into_iter().find(|kind| kind.word() == word)
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

impl TagMode {
    /// The word of the configuration and of the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::None => "none",
        }
    }

    /// The mode that [`TagMode::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Header, Self::None].into_iter().find(|mode| mode.word() == word)
    }
}
