//! The subject of a survey: the domain in From, and the names under which SES sends for it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::name::DomainName;

/// A custom MAIL FROM domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MailFrom {
    /// The domain.
    pub(crate) domain: DomainName,
    /// The region that SES sends from; `None` when it is not known.
    pub(crate) region: Option<String>,
}

/// A name under which a DKIM key is to be found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selector {
    /// `selector._domainkey.domain`.
    pub(crate) name: DomainName,
    /// Where its CNAME has to lead (Easy DKIM); `None` for a key of one's own, or when nobody told.
    pub(crate) target: Option<DomainName>,
    /// Whether a signature of the last run bore it; others may be waiting for their turn.
    pub(crate) in_use: bool,
}

/// What is known of a sender before DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The domain in From.
    pub(crate) domain: DomainName,
    /// Its MAIL FROM domains, one for each region that it sends from.
    pub(crate) mail_from: BTreeSet<MailFrom>,
    /// Whether it is known that mail leaves under Amazon's own MAIL FROM domain.
    pub(crate) amazon_mail_from: bool,
    /// Its DKIM names.
    pub(crate) selectors: BTreeSet<Selector>,
    /// Addresses that its mail came from lately.
    pub(crate) addresses: BTreeSet<IpAddr>,
    /// Where this is known from, and what could not be asked, in sentences.
    pub(crate) notes: Vec<String>,
}

/// Most DKIM names, MAIL FROM domains or addresses of one subject: what strangers' headers name is bounded.
const MOST: usize = 16;

impl Subject {
    /// A subject of which nothing but its domain is known.
    pub(crate) fn new(domain: DomainName) -> Self {
        Self {
            domain,
            mail_from: BTreeSet::new(),
            amazon_mail_from: false,
            selectors: BTreeSet::new(),
            addresses: BTreeSet::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a MAIL FROM domain; Amazon's own is noted as such.
    pub(crate) fn add_mail_from(&mut self, domain: DomainName, region: Option<&str>) {
        if is_amazon(&domain) {
            self.amazon_mail_from = true;
        } else if self.mail_from.len() < MOST {
            let told = self.mail_from.iter().any(|known| known.domain == domain && known.region.is_some());
            if region.is_none() && told {
                return;
            }
            self.mail_from.remove(&MailFrom { domain: domain.clone(), region: None });
            self.mail_from.insert(MailFrom { domain, region: region.map(str::to_owned) });
        }
    }

    /// Adds a DKIM name. The same name told twice keeps what either knew.
    pub(crate) fn add_selector(&mut self, selector: Selector) {
        let known = self.selectors.iter().find(|known| known.name == selector.name).cloned();
        let merged = match known {
            Some(known) => {
                self.selectors.remove(&known);
                let target = known.target.or(selector.target);
                Selector { target, in_use: known.in_use || selector.in_use, ..selector }
            }
            None if self.selectors.len() >= MOST => return,
            None => selector,
        };
        self.selectors.insert(merged);
    }

    /// Adds what the headers of a received message tell of its way: the envelope sender, the signatures, the address that
    /// SES sent it from.
    pub(crate) fn add_headers(&mut self, headers: &[u8], region: Option<&str>) {
        let text = String::from_utf8_lossy(headers);
        for (name, value) in fields(&text) {
            match name.as_str() {
                "return-path" => {
                    let address = value.trim().trim_start_matches('<').trim_end_matches('>');
                    if let Some(domain) = DomainName::of_address(address) {
                        self.add_mail_from(domain, region);
                    }
                }
                "dkim-signature" => self.add_signature(&value),
                "x-ses-outgoing" => {
                    // `2026.11.26-192.0.2.10`
                    let address = value.trim().split_once('-').and_then(|(_, address)| address.parse().ok());
                    if let Some(address) = address
                        && self.addresses.len() < MOST
                    {
                        self.addresses.insert(address);
                    }
                }
                _ => {}
            }
        }
    }

    fn add_signature(&mut self, value: &str) {
        let (tags, _) = super::record::tags(value);
        let tag = |name: &str| tags.iter().find(|tag| tag.name == name).map(|tag| tag.value.as_str());
        let (Some(domain), Some(selector)) = (tag("d").and_then(DomainName::typed), tag("s")) else { return };
        // Amazon's own signature stands beside each of ours, and its keys are no business of the sender.
        if domain.organisation() != self.domain.organisation() {
            return;
        }
        if let Some(name) = domain.below(&format!("{selector}._domainkey")) {
            self.add_selector(Selector { name, target: None, in_use: true });
        }
    }
}

/// Whether a domain is one of those that SES sends under by itself.
pub(crate) fn is_amazon(domain: &DomainName) -> bool {
    domain.organisation().as_str() == "amazonses.com"
}

/// Header fields with their values unfolded, names in lower case (RFC 5322 §2.2). Only the first of each delivery's
/// Return-Path is the last hop's own; later ones were there before.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let mut seen = false;
    fields.retain(|(name, _)| name != "return-path" || !std::mem::replace(&mut seen, true));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: &[u8] = b"Return-Path: <0107-x@bounce.shop.example>\r\n\
        DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt;\r\n\ts=q3token; d=shop.example; h=From;\r\n b=AAAA\r\n\
        DKIM-Signature: v=1; s=ug7nbtf; d=amazonses.com; b=BBBB\r\n\
        X-SES-Outgoing: 2026.11.26-192.0.2.10\r\n\
        Return-Path: <forged@evil.example>\r\n\
        Subject: d=evil.example\r\n";

    fn name(text: &str) -> DomainName {
        DomainName::new(text).unwrap()
    }

    #[test]
    fn the_headers_of_a_received_message_tell_the_way_it_came() {
        let mut subject = Subject::new(name("shop.example"));
        subject.add_headers(HEADERS, Some("eu-central-1"));
        let mail_from = MailFrom { domain: name("bounce.shop.example"), region: Some("eu-central-1".to_owned()) };
        assert_eq!(subject.mail_from, BTreeSet::from([mail_from]));
        assert!(!subject.amazon_mail_from);
        let selector = Selector { name: name("q3token._domainkey.shop.example"), target: None, in_use: true };
        assert_eq!(subject.selectors, BTreeSet::from([selector]));
        assert_eq!(subject.addresses, BTreeSet::from(["192.0.2.10".parse().unwrap()]));
    }

    #[test]
    fn what_two_sources_know_of_one_name_is_put_together() {
        let mut subject = Subject::new(name("shop.example"));
        let target = Some(name("q3token.dkim.amazonses.com"));
        let selector =
            Selector { name: name("q3token._domainkey.shop.example"), target: target.clone(), in_use: false };
        subject.add_selector(selector.clone());
        subject.add_headers(HEADERS, None);
        subject.add_mail_from(name("bounce.shop.example"), Some("us-east-1"));
        subject.add_mail_from(name("bounce.shop.example"), None);
        assert_eq!(subject.selectors, BTreeSet::from([Selector { in_use: true, ..selector }]));
        assert_eq!(subject.mail_from.len(), 1);
        subject.add_mail_from(name("eu-central-1.amazonses.com"), None);
        assert!(subject.amazon_mail_from && subject.mail_from.len() == 1);
    }

    #[test]
    fn headers_of_a_stranger_neither_fail_nor_grow_without_bound() {
        let mut subject = Subject::new(name("shop.example"));
        subject.add_headers(b"\xff\xfe: \x00\r\n : \r\nDKIM-Signature\r\nReturn-Path: <>\r\n", None);
        let many: Vec<String> = (0..99).map(|n| format!("DKIM-Signature: s=s{n}; d=shop.example\r\n")).collect();
        let many = many.concat();
        subject.add_headers(many.as_bytes(), None);
        assert_eq!((subject.selectors.len(), subject.mail_from.len()), (MOST, 0));
    }
}
