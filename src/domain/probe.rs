//! A probe: one tagged test message for one seed, and the handoff: what SES answered to it.
//!
//! A probe is known by two keys, the tag that we add and the id that SES returns. Either finds it, and both are bound
//! to the seed it was sent to.

use std::fmt;

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::provider::ProviderName;
use super::run::RunId;
use super::seed::Address;
use super::stream::StreamName;

/// The header that carries a tag.
pub(crate) const TAG_HEADER: &str = "X-Inboxed-Probe";

/// Row number of a probe in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProbeId(pub(crate) i64);

/// 26 characters of base32 from a keyed hash over run, stream and seed: 130 bits that nobody outside can guess.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(String);

impl Tag {
    /// Length in characters.
    pub(crate) const LENGTH: usize = 26;

    /// The tag of one probe. `key` is the run's own random key.
    pub(crate) fn derive(key: &[u8; 32], run: RunId, stream: &StreamName, seed: &Address) -> Self {
        // HMAC takes keys of any length (RFC 2104 §2), so the error branch cannot be reached; an empty tag would match
        // nothing, because parsing refuses it.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Self(String::new()) };
        for part in [run.0.to_string().as_bytes(), stream.as_str().as_bytes(), seed.as_str().as_bytes()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let mut text = data_encoding::BASE32_NOPAD.encode(&mac.finalize().into_bytes());
        text.truncate(Self::LENGTH);
        Self(text.to_ascii_lowercase())
    }

    /// A tag as read from a header or the database; `None` unless it has exactly the shape of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits =
            text.len() == Self::LENGTH && text.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b));
        fits.then(|| Self(text.to_owned()))
    }

    /// The tag's characters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tag {
    /// Only the first characters: a log that shows a whole tag would let its reader forge a probe.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Tag({}…)", self.0.chars().take(4).collect::<String>())
    }
}

/// The id that SES returned: the local part of the delivered Message-ID and Return-Path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SesId(String);

impl SesId {
    /// Letters, digits and `-`, up to 128 of them; `None` for what SES would never return.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let fits = (1..=128).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The id's characters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far the sending of a probe came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProbeState {
    /// Written down; nothing left this machine.
    Planned,
    /// Claimed: the call may or may not have left. After a crash this reads as [`ProbeState::Unknown`].
    Sending,
    /// SES took it and gave its id, or it was seen in its seed.
    Accepted,
    /// SES answered that it will not send it.
    Refused,
    /// It surely did not reach SES, or SES surely turned it away for the moment.
    NotAccepted,
    /// The call's outcome is not known. It is never repeated; a sighting settles it.
    Unknown,
}

impl ProbeState {
    /// The word of the JSON contract and of the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::NotAccepted => "not_accepted",
            Self::Unknown => "unknown",
        }
    }

    /// The state that [`ProbeState::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Planned, Self::Sending, Self::Accepted, Self::Refused, Self::NotAccepted, Self::Unknown]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// A probe with what is known of its handoff.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probe {
    /// Row number.
    pub(crate) id: ProbeId,
    /// The stream it asks about.
    pub(crate) stream: StreamName,
    /// The seed it was meant for.
    pub(crate) seed: Address,
    /// That seed's provider at the time of the run.
    pub(crate) provider: ProviderName,
    /// Its tag.
    pub(crate) tag: Tag,
    /// Whether the message carries the tag; without it only the SES id can find it.
    pub(crate) tagged: bool,
    /// How far its sending came.
    pub(crate) state: ProbeState,
    /// Why it was not sent or not taken, in one sentence; `None` when there is nothing to explain.
    pub(crate) why: Option<String>,
    /// When the last claim was committed, just before the call; `None` while planned.
    pub(crate) claimed_at: Option<Timestamp>,
    /// When SES answered; `None` when it never did.
    pub(crate) handed_at: Option<Timestamp>,
    /// The id that SES returned.
    pub(crate) ses_id: Option<SesId>,
}

impl Probe {
    /// Whether another tool told of it, so that it has no look, tag or time of watching of ours. Its number is none of ours.
    pub(crate) fn is_told(&self) -> bool {
        self.id.0 < 0
    }

    /// The moment from which arrival is counted: the handoff, or the claim where no answer came.
    pub(crate) fn sent_at(&self) -> Option<Timestamp> {
        self.handed_at.or(self.claimed_at)
    }

    /// When watching for it ends; `None` for a probe that never left.
    pub(crate) fn deadline(&self, wait: std::time::Duration) -> Option<Timestamp> {
        let left = matches!(self.state, ProbeState::Accepted | ProbeState::Unknown | ProbeState::Sending);
        self.sent_at().filter(|_| left).and_then(|at| at.checked_add(wait).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_depends_on_key_run_stream_and_seed_and_is_read_back() {
        let seed = Address::new("anna@gmail.com").unwrap();
        let other = Address::new("bert@gmail.com").unwrap();
        let stream = StreamName::new("news").unwrap();
        let tag = Tag::derive(&[7; 32], RunId(1), &stream, &seed);
        assert_eq!(Tag::parse(tag.as_str()), Some(tag.clone()));
        assert_ne!(tag, Tag::derive(&[8; 32], RunId(1), &stream, &seed));
        assert_ne!(tag, Tag::derive(&[7; 32], RunId(2), &stream, &seed));
        assert_ne!(tag, Tag::derive(&[7; 32], RunId(1), &stream, &other));
        assert!(!format!("{tag:?}").contains(tag.as_str()));
        for bad in ["", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxy", "abcdefghijklmnopqrstuvwxy1"] {
            assert_eq!(Tag::parse(bad), None, "{bad}");
        }
    }
}
