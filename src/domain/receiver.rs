//! A receiver: how to tell what a provider itself wrote on a message from what the sender wrote.
//!
//! A header section grows upwards: whoever hands a message on writes above what was there (RFC 5321 §4.4). The provider's
//! own border server writes a Received line when it takes a message from outside; what stands above that line is the
//! provider's, what stands below it is anybody's. A border server deletes foreign results that bear its own id
//! (RFC 8601 §5), but nothing here relies on it.
//!
//! Gmail is the exception: it writes Received-SPF and one Authentication-Results right below its own line, on top of what
//! the sender wrote. There only the first of each counts, and only if it agrees with what Gmail sealed above the line.

/// A host or an id with `*` for any run of characters, compared in ASCII without regard to case: a letter that only looks
/// like another one never fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern(String);

impl HostPattern {
    /// A pattern of letters, digits, `.`, `-`, `_`, `:` and `*`, at least one of them no `*`.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:*".contains(c));
        let says_something = text.chars().any(|c| c.is_ascii_alphanumeric());
        (fits && says_something && text.len() <= 253).then(|| Self(text.to_ascii_lowercase()))
    }

    /// Whether a host fits.
    pub(crate) fn fits(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| host.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

/// Whether one of these patterns fits.
pub(crate) fn any_fits(patterns: &[HostPattern], host: &str) -> bool {
    patterns.iter().any(|pattern| pattern.fits(host))
}

/// What is known of the headers that a provider writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Receiver {
    /// The ids under which it writes Authentication-Results (RFC 8601 §2.5).
    pub(crate) authserv_ids: Vec<HostPattern>,
    /// Whether it writes them without an id, as Microsoft does: then only the topmost one counts.
    pub(crate) nameless: bool,
    /// Whether it writes its one Authentication-Results below its border's Received line, right behind it, as Gmail does.
    pub(crate) results_below: bool,
    /// Names that its border servers give themselves in Received.
    pub(crate) border: Vec<HostPattern>,
    /// Peers whose line is not the border's yet: the next Received below is. Only for providers that write there the
    /// peer's address as they see it, never a name that the peer gave itself.
    pub(crate) inner: Vec<HostPattern>,
    /// Names of its hosts behind the border: only they, and hosts without a name, may stand above the border's line.
    pub(crate) own: Vec<HostPattern>,
    /// Fields in which its filter writes its verdict.
    pub(crate) stamps: Vec<String>,
    /// Whether those stand below the sender's own fields, behind a Return-Path.
    pub(crate) stamps_below: bool,
    /// Why there is no such verdict to be read; `None` where there is.
    pub(crate) silent: Option<String>,
}

impl Receiver {
    /// Whether anything can be ascribed to this provider.
    pub(crate) fn is_known(&self) -> bool {
        !self.border.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_hosts_and_no_lookalike() {
        for (pattern, host, fits) in [
            ("mx.google.com", "mx.google.com", true),
            ("mx.google.com", "MX.Google.COM", true),
            ("mx.google.com", "mx.google.com.evil.example", false),
            ("mx.google.com", "evil.mx.google.com", false),
            ("mx.google.com", "mx.g\u{43e}\u{43e}gle.com", false),
            ("mx.google.com", "mx.google.com\u{200b}", false),
            ("mx.google.com", "mx.goog\u{130}le.com", false),
            ("atlas*.yahoo.com", "atlas206.aol.mail.xx1.yahoo.com", true),
            ("atlas*.yahoo.com", "atlas.yahoo.com", true),
            ("atlas*.yahoo.com", "atlas.evil.example", false),
            ("atlas*.yahoo.com", "atlas.notyahoo.com.example", false),
            ("mx.zohomail.*", "mx.zohomail.eu", true),
            ("*icloudmta*", "p00-icloudmta-smtpin-us", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("aa*aa", "aaa", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("2002:*", "2002:a05::1", true),
        ] {
            assert_eq!(HostPattern::new(pattern).unwrap().fits(host), fits, "{pattern} {host}");
        }
        for bad in ["", "*", "mx google", "*.*", "é.example"] {
            assert_eq!(HostPattern::new(bad), None, "{bad}");
        }
    }
}
