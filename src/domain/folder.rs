//! A folder of a seed and the role it plays there.
//!
//! Roles come from SPECIAL-USE attributes (RFC 6154 §2), else from the provider's table of names; a seed's own override
//! beats both. A role is never guessed from what a folder holds.

use std::fmt;

/// What a folder is for. The order is the order of precedence when one probe is seen in several folders during one
/// look: spam before inbox, the inbox before elsewhere, and an archive copy counts only when it is the only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// The provider's spam folder (`\Junk`).
    Junk,
    /// INBOX (RFC 3501 §5.1), whatever tab the provider's web page shows it under.
    Inbox,
    /// WEB.DE's `Unbekannt` and its like: senders that the provider does not know, neither inbox nor spam.
    Unknown,
    /// Any folder without a special meaning; a filter put the mail there.
    Other,
    /// The trash (`\Trash`).
    Trash,
    /// All mail or an archive (`\All`, `\Archive`): at Gmail every message outside spam and trash has a copy here.
    Archive,
}

impl Role {
    /// The word stored in the database and printed in tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Junk => "junk",
            Self::Inbox => "inbox",
            Self::Unknown => "unknown-sender",
            Self::Other => "other",
            Self::Trash => "trash",
            Self::Archive => "archive",
        }
    }

    /// The role that [`Role::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        [Self::Junk, Self::Inbox, Self::Unknown, Self::Other, Self::Trash, Self::Archive]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// The name of a folder as the server spells it on the wire (modified UTF-7, RFC 3501 §5.1.3), unescaped and unquoted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FolderName(String);

impl FolderName {
    /// Takes the name as it stands on the wire.
    pub(crate) fn from_wire(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name that people read as `text`: what is displayed is `text` again.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.replace('&', "&-"))
    }

    /// The name as it must be sent back to the server.
    pub(crate) fn wire(&self) -> &str {
        &self.0
    }

    /// INBOX is the one name that is compared without regard to case (RFC 3501 §5.1).
    pub(crate) fn is_inbox(&self) -> bool {
        self.0.eq_ignore_ascii_case("INBOX")
    }
}

impl fmt::Display for FolderName {
    /// The name as a person reads it, decoded from modified UTF-7; a name that is no valid modified UTF-7 is shown as
    /// it is on the wire.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&decode_modified_utf7(&self.0).unwrap_or_else(|| self.0.clone()))
    }
}

/// Modified UTF-7 (RFC 3501 §5.1.3) to text; `None` for what is not modified UTF-7.
fn decode_modified_utf7(wire: &str) -> Option<String> {
    let mut text = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((plain, shifted)) = rest.split_once('&') {
        text.push_str(plain);
        let (encoded, after) = shifted.split_once('-')?;
        if encoded.is_empty() {
            text.push('&');
        } else {
            text.push_str(&decode_shifted(encoded)?);
        }
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// One run of modified base64 (`,` instead of `/`, no padding) holding UTF-16 in network order.
fn decode_shifted(encoded: &str) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&base64::alphabet::IMAP_MUTF7, lenient);
    let bytes = engine.decode(encoded).ok()?;
    // Half a unit is no text, and nothing in base64 is no name.
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    if pairs.is_empty() {
        return None;
    }
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_localised_name_is_shown_as_its_reader_knows_it() {
        for (wire, shown) in [
            ("INBOX", "INBOX"),
            ("Courrier ind&AOk-sirable", "Courrier indésirable"),
            ("[Gmail]/&kc2JgQ-", "[Gmail]/重要"),
            ("Q&-A", "Q&A"),
            ("half&2D-", "half&2D-"),
            ("broken&AOk", "broken&AOk"),
            ("broken&*-", "broken&*-"),
        ] {
            assert_eq!(FolderName::from_wire(wire).to_string(), shown);
        }
    }

    #[test]
    fn every_role_is_read_back_from_its_word() {
        for role in [Role::Junk, Role::Inbox, Role::Unknown, Role::Other, Role::Trash, Role::Archive] {
            assert_eq!(Role::of_word(role.word()), Some(role));
        }
        assert_eq!(Role::of_word("spam"), None);
    }
}
