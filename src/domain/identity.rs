//! The identity of a message: every name it goes by, side by side, and whether they belong to one organisation.
//!
//! That a domain was verified and that it is the sender's own are two facts. A signature of amazonses.com verifies on all
//! mail that SES sends, whoever sent it, and proves nothing about the domain in From. Whether a domain is aligned follows
//! RFC 9989 §4.4: strictly if it is the same, relaxed if it has the same organisational domain. That is found by the
//! public suffix list; the tree walk of RFC 9989 §4.10 can draw the line elsewhere where a record says `psd=`.

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;

use super::authres::domain_of;
use super::evidence::fields::{Field, unfolded};

/// Most signatures and addresses that are looked at.
const MOST: usize = 20;

/// How a domain stands to the one in From.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alignment {
    /// The same domain: strict alignment.
    Same,
    /// Another domain of the same organisation: relaxed alignment.
    Organisation,
    /// Another organisation.
    Different,
    /// One of the two domains is not known.
    Unknown,
}

impl Alignment {
    /// The word in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Same => "strict",
            Self::Organisation => "relaxed",
            Self::Different => "none",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is aligned at all; `None` where that is not known.
    pub(crate) fn is_aligned(self) -> Option<bool> {
        match self {
            Self::Same | Self::Organisation => Some(true),
            Self::Different => Some(false),
            Self::Unknown => None,
        }
    }

    /// How `domain` stands to the domain in From.
    pub(crate) fn of(domain: Option<&str>, from: Option<&str>) -> Self {
        let (Some(domain), Some(from)) = (domain, from) else { return Self::Unknown };
        let (domain, from) = (ascii(domain), ascii(from));
        if domain == from {
            return Self::Same;
        }
        match (organisation(&domain), organisation(&from)) {
            (Some(one), Some(other)) if one == other => Self::Organisation,
            _ => Self::Different,
        }
    }
}

/// The domain in lower case and in its `xn--` form (RFC 5891 §4), in which alignment is compared.
fn ascii(domain: &str) -> Cow<'_, str> {
    if domain.is_ascii() {
        return Cow::Owned(domain.to_ascii_lowercase());
    }
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) => Cow::Owned(ascii),
        _ => Cow::Owned(domain.to_lowercase()),
    }
}

/// The organisational domain: the one below a public suffix. `None` for a public suffix itself and for what is no domain.
pub(crate) fn organisation(domain: &str) -> Option<String> {
    if domain.len() > 253 || domain.split('.').any(str::is_empty) {
        return None;
    }
    psl::domain_str(domain).map(str::to_owned)
}

/// Whether a domain is Amazon's own, which every sender shares.
pub(crate) fn is_amazons(domain: &str) -> bool {
    domain == "amazonses.com" || domain.ends_with(".amazonses.com")
}

/// A name with how it stands to From.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The address or id as written.
    pub(crate) text: String,
    /// Its domain, in lower case.
    pub(crate) domain: Option<String>,
    /// How that stands to the domain in From.
    pub(crate) alignment: Alignment,
}

/// A DKIM signature that the message bears (RFC 6376 §3.5), whether it verifies or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Who signs: d=.
    pub(crate) domain: Option<String>,
    /// The selector: s=.
    pub(crate) selector: Option<String>,
    /// How d= stands to the domain in From.
    pub(crate) alignment: Alignment,
    /// The signed fields, h=, in lower case.
    pub(crate) signed: Vec<String>,
    /// The beginning of b=, by which results name it (RFC 6008 §4).
    pub(crate) b: String,
}

/// List-Unsubscribe (RFC 2369 §3.2) and List-Unsubscribe-Post (RFC 8058).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Unsubscribe {
    /// The addresses to leave by, as written.
    pub(crate) uris: Vec<String>,
    /// Whether one click is offered: a Post field and an https address.
    pub(crate) one_click: bool,
    /// Whether a signature that is aligned with From and verified covers both fields, as RFC 8058 §4 demands; `None`
    /// where one covers them and nothing tells whether it verified.
    pub(crate) signed: Option<bool>,
}

impl Signature {
    /// Whether it covers both fields of the one-click way.
    pub(crate) fn covers_unsubscribe(&self) -> bool {
        let has = |name: &str| self.signed.iter().any(|signed| signed == name);
        has("list-unsubscribe") && has("list-unsubscribe-post")
    }
}

/// Every name of one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    /// The address in From; `None` where there is none or there are several.
    pub(crate) from: Option<String>,
    /// Its domain.
    pub(crate) domain: Option<String>,
    /// The organisation's domain, by the public suffix list.
    pub(crate) organisation: Option<String>,
    /// How many addresses From holds.
    pub(crate) froms: usize,
    /// The envelope sender as the receiver noted it.
    pub(crate) return_path: Option<Named>,
    /// The id; for mail sent through SES always Amazon's.
    pub(crate) message_id: Option<Named>,
    /// Where answers go.
    pub(crate) reply_to: Vec<Named>,
    /// The address in Sender.
    pub(crate) sender: Option<Named>,
    /// The signatures in order.
    pub(crate) signatures: Vec<Signature>,
    /// How to leave the list; `None` without List-Unsubscribe.
    pub(crate) unsubscribe: Option<Unsubscribe>,
}

impl Identity {
    /// Reads the names. `trusted` is how many fields from the top the receiver wrote.
    pub(crate) fn read(fields: &[Field<'_>], trusted: usize) -> Self {
        let all = |name: &'static str| fields.iter().filter(move |field| field.is(name));
        let from: Vec<String> = all("From").take(MOST).flat_map(|field| addresses(&field.value)).collect();
        let only = match from.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        let domain = only.as_deref().filter(|address| address.contains('@')).and_then(domain_of);
        let named = |text: String| {
            let own = Some(text.as_str()).filter(|text| text.contains('@')).and_then(domain_of);
            Named { alignment: Alignment::of(own.as_deref(), domain.as_deref()), text, domain: own }
        };
        // The receiver writes it on top; Microsoft writes it below the sender's fields.
        let own = fields.iter().take(trusted).find(|field| field.is("Return-Path"));
        let return_path =
            own.or_else(|| fields.iter().rfind(|field| field.is("Return-Path"))).map(|field| bare(&field.value));
        let addresses_of = |name| all(name).take(1).flat_map(|field| addresses(&field.value)).map(&named);
        let signatures: Vec<Signature> =
            all("DKIM-Signature").take(MOST).map(|field| signature(&field.value, domain.as_deref())).collect();
        let unsubscribe = unsubscribe(fields);
        Self {
            organisation: domain.as_deref().and_then(|domain| organisation(&ascii(domain))),
            froms: from.len(),
            return_path: return_path.filter(|path| !path.is_empty()).map(&named),
            message_id: all("Message-ID").next().map(|field| named(bare(&field.value))),
            reply_to: addresses_of("Reply-To").collect(),
            sender: addresses_of("Sender").next(),
            signatures,
            unsubscribe,
            from: only,
            domain,
        }
    }
}

/// What stands in angle brackets, or all of it.
fn bare(value: &str) -> String {
    let value = unfolded(value);
    let inner = value.split_once('<').map_or(value.as_str(), |(_, rest)| rest);
    inner.split('>').next().unwrap_or_default().trim().chars().take(998).collect()
}

/// The addresses of an address field, names left out.
fn addresses(value: &str) -> Vec<String> {
    let line = format!("{}\n", unfolded(value));
    let parsed = MessageStream::new(line.as_bytes()).parse_address();
    let Some(found) = parsed.as_address() else { return Vec::new() };
    let addresses = found.iter().filter_map(|one| one.address.as_ref()).take(MOST);
    addresses.map(|address| address.trim().to_owned()).filter(|address| !address.is_empty()).collect()
}

fn signature(value: &str, from: Option<&str>) -> Signature {
    let tag = |name: &str| {
        let mut tags = value.split(';').filter_map(|tag| tag.split_once('='));
        let found = tags.find(|(tag, _)| tag.trim() == name).map(|(_, value)| value);
        found.map(|value| value.split_ascii_whitespace().collect::<String>()).filter(|value| !value.is_empty())
    };
    let domain = tag("d").as_deref().and_then(domain_of);
    let signed = tag("h").map(|names| names.split(':').map(str::to_ascii_lowercase).take(200).collect());
    Signature {
        alignment: Alignment::of(domain.as_deref(), from),
        domain,
        selector: tag("s"),
        signed: signed.unwrap_or_default(),
        b: tag("b").unwrap_or_default().chars().take(16).collect(),
    }
}

fn unsubscribe(fields: &[Field<'_>]) -> Option<Unsubscribe> {
    let list = fields.iter().find(|field| field.is("List-Unsubscribe"))?;
    let value = unfolded(&list.value);
    let uris = value.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(uri, _)| uri.trim().to_owned());
    let uris: Vec<String> = uris.take(MOST).collect();
    let post = fields.iter().find(|field| field.is("List-Unsubscribe-Post"));
    let https = uris.iter().any(|uri| uri.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")));
    let asks = post.is_some_and(|field| unfolded(&field.value).eq_ignore_ascii_case("List-Unsubscribe=One-Click"));
    Some(Unsubscribe { one_click: asks && https, signed: None, uris })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::fields::fields;

    #[test]
    fn alignment_is_strict_relaxed_or_none() {
        for (domain, from, wanted) in [
            ("shop.example", "shop.example", Alignment::Same),
            ("SHOP.example", "shop.EXAMPLE", Alignment::Same),
            ("bounce.shop.example", "shop.example", Alignment::Organisation),
            ("shop.example", "news.shop.example", Alignment::Organisation),
            ("a.shop.co.uk", "b.shop.co.uk", Alignment::Organisation),
            ("shop.co.uk", "other.co.uk", Alignment::Different),
            ("amazonses.com", "shop.example", Alignment::Different),
            ("eu-central-1.amazonses.com", "shop.example", Alignment::Different),
            ("notshop.example", "shop.example", Alignment::Different),
            ("shop.example.evil.example", "shop.example", Alignment::Different),
            ("xn--mnchen-3ya.example", "m\u{fc}nchen.example", Alignment::Same),
            // Two customers of one hosting suffix are two organisations.
            ("one.github.io", "two.github.io", Alignment::Different),
            ("co.uk", "shop.co.uk", Alignment::Different),
            ("", "shop.example", Alignment::Different),
            ("..", "..x", Alignment::Different),
        ] {
            assert_eq!(Alignment::of(Some(domain), Some(from)), wanted, "{domain} {from}");
        }
        assert_eq!(Alignment::of(None, Some("shop.example")), Alignment::Unknown);
        assert!(is_amazons("us-east-2.amazonses.com") && !is_amazons("notamazonses.com"));
    }

    #[test]
    fn all_names_of_a_message_stand_side_by_side() {
        let raw = "Return-Path: <0102-x@bounce.shop.example>\r\nReceived: x\r\nDKIM-Signature: v=1; a=rsa-sha256; d=shop.example;\r\n \
                   s=sel; h=From:To:\r\n\tList-Unsubscribe:List-Unsubscribe-Post; b=AbCd\r\n EfGhIj\r\nFrom: =?utf-8?q?N=C3=A4ws?= \
                   <News@Shop.example>\r\nReply-To: help@desk.example, two@shop.example\r\nMessage-ID: \
                   <0102-x@eu-central-1.amazonses.com>\r\nList-Unsubscribe: <mailto:u@shop.example>,\r\n \
                   <HTTPS://shop.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n";
        let identity = Identity::read(&fields(raw.as_bytes()), 1);
        assert_eq!(identity.from.as_deref(), Some("News@Shop.example"));
        assert_eq!(identity.domain.as_deref(), Some("shop.example"));
        let path = identity.return_path.unwrap();
        assert_eq!((path.domain.as_deref(), path.alignment), (Some("bounce.shop.example"), Alignment::Organisation));
        assert_eq!(identity.message_id.unwrap().alignment, Alignment::Different);
        let replies: Vec<_> = identity.reply_to.iter().map(|one| (one.text.as_str(), one.alignment)).collect();
        assert_eq!(replies, [("help@desk.example", Alignment::Different), ("two@shop.example", Alignment::Same)]);
        let signature = &identity.signatures[0];
        assert_eq!((signature.domain.as_deref(), signature.selector.as_deref()), (Some("shop.example"), Some("sel")));
        assert_eq!((signature.b.as_str(), signature.alignment), ("AbCdEfGhIj", Alignment::Same));
        let unsubscribe = identity.unsubscribe.unwrap();
        assert_eq!(unsubscribe.uris, ["mailto:u@shop.example", "HTTPS://shop.example/u"]);
        assert!(unsubscribe.one_click && signature.covers_unsubscribe());
    }

    #[test]
    fn two_senders_are_no_sender() {
        for raw in ["From: a@x.example, b@y.example\r\n\r\n", "From: a@x.example\r\nFrom: b@y.example\r\n\r\n"] {
            let identity = Identity::read(&fields(raw.as_bytes()), 0);
            assert_eq!((identity.from, identity.domain, identity.froms), (None, None, 2), "{raw}");
        }
        let none = Identity::read(&fields(b"Subject: x\r\n\r\n"), 0);
        assert_eq!(none, Identity::default());
    }
}
