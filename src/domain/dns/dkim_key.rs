//! A DKIM key record (RFC 6376 §3.6.1, RFC 8463 for Ed25519).
//!
//! The parser is total. The length of an RSA key is read out of the key itself, a `SubjectPublicKeyInfo` or, as some
//! publish it, the bare `RSAPublicKey` (RFC 8017 §A.1.1).

use super::record::{Tag, tags};

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// RSA, with the bits of its modulus.
    Rsa(usize),
    /// Ed25519.
    Ed25519,
    /// `p=` is empty: whoever signs with it is not to be believed.
    Revoked,
    /// It cannot be read; why.
    Unreadable(String),
}

/// A record as far as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRecord {
    /// The key.
    pub(crate) key: Key,
    /// The key as published, without white space.
    pub(crate) material: String,
    /// Whether `t=y` says that it is being tried out.
    pub(crate) testing: bool,
    /// What makes receivers turn it down, besides an unreadable key.
    pub(crate) faults: Vec<String>,
}

impl KeyRecord {
    /// Reads a record. Total.
    pub(crate) fn parse(text: &str) -> Self {
        let (tags, strays) = tags(text);
        let tag = |name: &str| tags.iter().find(|tag| tag.name == name).map(|tag| tag.value.as_str());
        let mut faults: Vec<String> = strays.iter().map(|stray| format!("\"{stray}\" is no tag")).collect();
        let names = text.split(';').filter_map(|part| part.split_once('=')).map(|(name, _)| name.trim());
        let capital = names.filter(|name| name.chars().any(|c| c.is_ascii_uppercase()));
        faults.extend(capital.map(|name| format!("{name}= is written in small letters (RFC 6376 §3.2)")));
        // A list in which a tag stands twice is no list (RFC 6376 §3.2).
        let stands_twice = |(at, tag): &(usize, &Tag)| tags.iter().take(*at).any(|before| before.name == tag.name);
        let twice = tags.iter().enumerate().filter(stands_twice);
        faults.extend(twice.map(|(_, tag)| format!("{}= stands twice", tag.name)));
        if let Some(version) = tag("v")
            && (version != "DKIM1" || tags.first().is_none_or(|first: &Tag| first.name != "v"))
        {
            faults.push("v= must be DKIM1 and stand first, or be left out".to_owned());
        }
        let list = |name: &str| tag(name).map(|value| value.split(':').map(|one| one.trim().to_ascii_lowercase()));
        if list("h").is_some_and(|mut hashes| !hashes.any(|hash| hash == "sha256")) {
            faults.push("h= does not allow sha256".to_owned());
        }
        if list("s").is_some_and(|mut services| !services.any(|service| service == "*" || service == "email")) {
            faults.push("s= does not allow email".to_owned());
        }
        let testing = list("t").is_some_and(|mut flags| flags.any(|flag| flag == "y"));
        let material: String = tag("p").unwrap_or_default().split_whitespace().collect();
        let kind = tag("k").unwrap_or("rsa").to_ascii_lowercase();
        let key = match tag("p") {
            None => Key::Unreadable("there is no p=".to_owned()),
            Some(_) if material.is_empty() => Key::Revoked,
            Some(_) => read(&kind, &material),
        };
        Self { key, material, testing, faults }
    }
}

fn read(kind: &str, material: &str) -> Key {
    // Some leave the padding out.
    let bare = material.trim_end_matches('=');
    let Ok(octets) = data_encoding::BASE64_NOPAD.decode(bare.as_bytes()) else {
        return Key::Unreadable("p= is no base64; part of it may have been lost when it was pasted".to_owned());
    };
    match kind {
        "rsa" => match modulus_bits(&octets) {
            Some(bits) => Key::Rsa(bits),
            None => Key::Unreadable("p= holds no RSA key; its beginning or end may have been lost".to_owned()),
        },
        "ed25519" if octets.len() == 32 => Key::Ed25519,
        "ed25519" => Key::Unreadable(format!("an Ed25519 key has 32 octets, this one {}", octets.len())),
        _ => Key::Unreadable(format!("k={kind} is a kind of key that receivers do not know")),
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// The bits of an RSA modulus.
fn modulus_bits(octets: &[u8]) -> Option<usize> {
    let (outer, rest) = element(octets, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    if let Some((_algorithm, rest)) = element(outer, SEQUENCE) {
        let (bits, rest) = element(rest, BIT_STRING)?;
        let key = bits.strip_prefix(&[0])?;
        let (key, behind) = element(key, SEQUENCE)?;
        return if rest.is_empty() && behind.is_empty() { integers(key) } else { None };
    }
    integers(outer)
}

/// Modulus and exponent, nothing else.
fn integers(key: &[u8]) -> Option<usize> {
    let (modulus, rest) = element(key, INTEGER)?;
    let (exponent, rest) = element(rest, INTEGER)?;
    let start = modulus.iter().position(|octet| *octet != 0)?;
    let significant = modulus.get(start..)?;
    let zeros = usize::try_from(significant.first()?.leading_zeros()).ok()?;
    if exponent.is_empty() || !rest.is_empty() {
        return None;
    }
    significant.len().checked_mul(8)?.checked_sub(zeros)
}

/// The contents of an element of DER with this tag, and what stands behind it.
fn element(octets: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = octets.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (octets.iter().fold(0_usize, |sum, octet| (sum << 8) | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests;
