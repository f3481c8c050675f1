//! What a server says it can do (RFC 3501 §7.2.1).

use std::collections::BTreeSet;

use imap_proto::Capability;

/// Capabilities, in capital letters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Capabilities(BTreeSet<String>);

impl Capabilities {
    /// As the parser read them.
    pub(super) fn of(list: &[Capability<'_>]) -> Self {
        let word = |capability: &Capability<'_>| match capability {
            Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
            Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
            Capability::Atom(atom) => atom.to_ascii_uppercase(),
        };
        Self(list.iter().map(word).collect())
    }

    /// Whether this one is among them.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.0.contains(capability)
    }
}
