//! A domain name as DNS compares it: lower case, ASCII, without the final dot (RFC 1035 §2.3).

use std::fmt;
use std::net::IpAddr;

/// Most octets of a name written with dots (RFC 1035 §2.3.4).
const LONGEST: usize = 253;
/// Most octets of a label.
const LONGEST_LABEL: usize = 63;

/// A domain name below the root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DomainName(String);

impl DomainName {
    /// A name as records hold it; `None` for the root and for what no name can be.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            (1..=LONGEST_LABEL).contains(&label.len()) && label.chars().all(|c| c.is_ascii_graphic() && c != '.')
        };
        (text.len() <= LONGEST && text.split('.').all(is_label)).then(|| Self(text.to_ascii_lowercase()))
    }

    /// A domain as people type it: of two labels or more, and in any script (RFC 5891).
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let text = text.trim();
        let ascii = if text.is_ascii() {
            text.to_owned()
        } else {
            match url::Host::parse(text) {
                Ok(url::Host::Domain(ascii)) => ascii,
                Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => return None,
            }
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name = Self::new(&ascii)?;
        let is_domain = name.labels().count() >= 2 && name.0.chars().all(is_host) && name.0.parse::<IpAddr>().is_err();
        is_domain.then_some(name)
    }

    /// The domain of an e-mail address.
    pub(crate) fn of_address(address: &str) -> Option<Self> {
        Self::typed(address.rsplit_once('@')?.1)
    }

    /// The name under which the host of an address is looked up (RFC 1035 §3.5, RFC 3596 §2.5).
    pub(crate) fn of_pointer(address: IpAddr) -> Option<Self> {
        let text = match address {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(v6) => {
                let octets = v6.octets();
                let nibbles = octets.iter().rev().map(|octet| format!("{:x}.{:x}", octet & 15, octet >> 4));
                format!("{}.ip6.arpa", nibbles.collect::<Vec<_>>().join("."))
            }
        };
        Self::new(&text)
    }

    /// The name as DNS writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its labels, the host first.
    pub(crate) fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether it lies in a domain that is reserved for examples and tests, so that nobody can own it (RFC 2606 §2 and §3).
    pub(crate) fn is_for_examples(&self) -> bool {
        let mut labels = self.labels().rev();
        match (labels.next(), labels.next()) {
            (Some("example" | "test" | "invalid" | "localhost"), _) => true,
            (Some("com" | "net" | "org"), Some(second)) => second == "example",
            (_, _) => false,
        }
    }

    /// `prefix.name`; `None` when that is too long.
    pub(crate) fn below(&self, prefix: &str) -> Option<Self> {
        Self::new(&format!("{prefix}.{}", self.0))
    }

    /// The name with its last `count` labels only.
    pub(crate) fn last_labels(&self, count: usize) -> Option<Self> {
        let skip = self.labels().count().checked_sub(count)?;
        Self::new(&self.labels().skip(skip).collect::<Vec<_>>().join("."))
    }

    /// Whether it is this name or lies below it.
    pub(crate) fn is_at_or_below(&self, other: &Self) -> bool {
        self == other || self.0.strip_suffix(other.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }

    /// The domain that somebody registered, by the public suffix list; a public suffix itself is its own.
    pub(crate) fn organisation(&self) -> Self {
        psl::domain_str(&self.0).and_then(Self::new).unwrap_or_else(|| self.clone())
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_for_examples_is_known_by_its_end() {
        for (name, wanted) in [
            ("shop.example", true),
            ("News.Example.COM", true),
            ("a.test", true),
            ("shop.de", false),
            ("example.de", false),
            ("myexample.com", false),
            ("example.shop", false),
        ] {
            assert_eq!(DomainName::typed(name).unwrap().is_for_examples(), wanted, "{name}");
        }
    }

    #[test]
    fn a_name_is_lower_case_without_its_final_dot_and_never_too_long() {
        let long = ["a".repeat(63).as_str(); 4].join(".");
        for (text, name) in [
            ("Shop.Example.", Some("shop.example")),
            ("_dmarc.shop.example", Some("_dmarc.shop.example")),
            ("example", Some("example")),
            ("", None),
            (".", None),
            ("a..b", None),
            ("a b", None),
            ("ä.example", None),
            (&"x".repeat(64), None),
            (&long, None),
        ] {
            assert_eq!(DomainName::new(text).as_ref().map(DomainName::as_str), name, "{text}");
        }
    }

    #[test]
    fn people_may_type_any_script_but_no_address_and_no_single_label() {
        for (text, name) in [
            (" Bücher.example ", Some("xn--bcher-kva.example")),
            ("news.shop.example", Some("news.shop.example")),
            ("localhost", None),
            ("192.0.2.1", None),
            ("http://shop.example", None),
            ("shop.example;rm", None),
        ] {
            assert_eq!(DomainName::typed(text).as_ref().map(DomainName::as_str), name, "{text}");
        }
        assert_eq!(DomainName::of_address("a@b@Shop.example").unwrap().as_str(), "shop.example");
        assert_eq!(DomainName::of_address("shop.example"), None);
    }

    #[test]
    fn pointers_parents_and_organisations() {
        let name = |text| DomainName::new(text).unwrap();
        assert_eq!(DomainName::of_pointer("192.0.2.7".parse().unwrap()).unwrap().as_str(), "7.2.0.192.in-addr.arpa");
        let v6 = DomainName::of_pointer("2001:db8::1".parse().unwrap()).unwrap();
        assert!(v6.as_str().starts_with("1.0.0.0.") && v6.as_str().ends_with(".8.b.d.0.1.0.0.2.ip6.arpa"), "{v6}");
        assert_eq!(name("a.b.shop.co.uk").organisation().as_str(), "shop.co.uk");
        assert_eq!(name("co.uk").organisation().as_str(), "co.uk");
        assert_eq!(name("bounce.shop.example").organisation().as_str(), "shop.example");
        assert_eq!(name("a.b.c.d").last_labels(2), Some(name("c.d")));
        assert!(name("a.shop.example").is_at_or_below(&name("shop.example")));
        assert!(!name("ashop.example").is_at_or_below(&name("shop.example")));
    }
}
