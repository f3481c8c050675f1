//! The address of a seed.

use std::borrow::Cow;
use std::fmt;

use super::dns::name::DomainName;

/// The address of a seed, as configured: one `@`, no white space, nothing that ends a line or leaves the envelope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address(String);

impl Address {
    /// An addr-spec that is safe in an envelope (RFC 5321 §4.1.2, dot-string local parts only), its domain in any script.
    /// Not every one of them can be sent to: see [`Self::undeliverable`].
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
        let domain_fits = domain_fits || (!domain.is_ascii() && a_labels(domain).is_some());
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

    /// The part behind the last `@`, as DNS compares it: in lower case, each label outside ASCII in its `xn--` form.
    pub(crate) fn domain(&self) -> String {
        let written = self.on_the_wire();
        written.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_ascii_lowercase())
    }

    /// The address as servers take it: a domain outside ASCII in its `xn--` form (RFC 5890 §2.3.2.1), which is the only one
    /// that SES takes; all else as configured.
    pub(crate) fn on_the_wire(&self) -> Cow<'_, str> {
        let domain = self.0.rsplit_once('@').filter(|(_, domain)| !domain.is_ascii());
        match domain.and_then(|(local, domain)| Some((local, a_labels(domain)?))) {
            Some((local, domain)) => Cow::Owned(format!("{local}@{domain}")),
            None => Cow::Borrowed(&self.0),
        }
    }

    /// What two spellings of one address have in common.
    pub(crate) fn folded(&self) -> String {
        self.on_the_wire().to_lowercase()
    }

    /// Why SES delivers to no such address, and what to do; `None` where it does.
    pub(crate) fn undeliverable(&self) -> Option<&'static str> {
        if !self.local_part().is_ascii() {
            return Some(
                "has letters outside ASCII before its @, and SES delivers to no such address (it speaks no SMTPUTF8); take \
                 a mailbox whose name is plain",
            );
        }
        (!self.on_the_wire().is_ascii()).then_some("has a domain that no domain name can be; correct it")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The `xn--` form of a domain in any script (UTS 46).
fn a_labels(domain: &str) -> Option<String> {
    let is_letter = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let is_written = domain.chars().all(|c| is_letter(c) && !c.is_whitespace() && !c.is_control());
    let name = DomainName::typed(domain).filter(|_| is_written)?;
    Some(name.as_str().to_owned())
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

    #[test]
    fn a_domain_in_any_script_is_sent_in_ascii_and_both_spellings_are_one() {
        for (text, sent, domain) in [
            ("u02@München.example", "u02@xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("u02@mu\u{308}nchen.example", "u02@xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("U02@xn--mnchen-3ya.example", "U02@xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("a@हिन्दी.example", "a@xn--j2bd4cyah0f.example", "xn--j2bd4cyah0f.example"),
            ("a@Shop.Example", "a@Shop.Example", "shop.example"),
        ] {
            let address = Address::new(text).unwrap();
            assert_eq!((address.as_str(), &*address.on_the_wire(), address.domain().as_str()), (text, sent, domain));
            assert_eq!((address.folded(), address.undeliverable()), (sent.to_lowercase(), None), "{text}");
        }
        let local = Address::new("ünö@seed.example").unwrap();
        assert!(local.undeliverable().unwrap().contains("SMTPUTF8"));
        for bad in ["a@mün chen.example", "a@mün%2echen.example", "a@mün_chen.example", "a@mün\u{202e}.example", "a@ü"]
        {
            assert!(Address::new(bad).is_none_or(|address| address.undeliverable().is_some()), "{bad}");
        }
    }
}
