//! The address of a seed.

use std::fmt;

/// The address of a seed, as configured: one `@`, no white space, nothing that ends a line or leaves the envelope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address(String);

impl Address {
    /// An addr-spec that is safe in an envelope (RFC 5321 §4.1.2, dot-string local parts only).
    pub(crate) fn new(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let domain_fits = domain.len() <= 253
            && domain.split('.').count() >= 2
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        (local_fits && domain_fits).then(|| Self(text.to_owned()))
    }

    /// The address as configured.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the last `@`.
    pub(crate) fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(self.0.as_str(), |(local, _)| local)
    }

    /// The part behind the last `@`, in lower case.
    pub(crate) fn domain(&self) -> String {
        self.0.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_ascii_lowercase())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_mailbox_and_nothing_that_escapes_the_envelope() {
        for good in ["anna@gmail.com", "a.b+c@sub.example.co.uk", "o'hara@shop.example"] {
            assert!(Address::new(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "anna",
            "@x.example",
            "anna@",
            "anna@localhost",
            "a b@x.example",
            "a@x.example>\r\nRCPT",
            "a@b@c.example",
            ".a@x.example",
            "a@-x.example",
            "a,b@x.example",
            "<a@x.example>",
        ] {
            assert!(Address::new(bad).is_none(), "{bad}");
        }
    }
}
