//! An SPF record, term by term (RFC 7208 §4.6 and §5).
//!
//! The parser is total: it gives every term it understood, and a complaint for every one it did not. Nothing is
//! evaluated for an address here; [`super::spf_tree`] counts what an evaluation would ask.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::name::DomainName;

/// What a match of a mechanism means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qualifier {
    /// `+`, or none.
    Pass,
    /// `-`.
    Fail,
    /// `~`.
    SoftFail,
    /// `?`.
    Neutral,
}

impl Qualifier {
    /// The result of a match (RFC 7208 §4.6.2).
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
        }
    }
}

/// A mechanism.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// Every sender.
    All,
    /// Whoever the record of this domain lets pass.
    Include(String),
    /// The addresses of this domain, or of one's own.
    A(Option<String>),
    /// The mail exchanges of this domain, or of one's own.
    Mx(Option<String>),
    /// Addresses whose name lies below this domain, or one's own.
    Ptr(Option<String>),
    /// A network.
    Network(String),
    /// Whoever makes this name exist.
    Exists(String),
}

/// One term of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// As it is written.
    pub(crate) written: String,
    /// What a match means.
    pub(crate) qualifier: Qualifier,
    /// What matches.
    pub(crate) mechanism: Mechanism,
}

/// A record as far as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SpfRecord {
    /// Its mechanisms, in order.
    pub(crate) terms: Vec<Term>,
    /// `redirect=`.
    pub(crate) redirect: Option<String>,
    /// What makes the record one that no receiver evaluates, in words; empty for a good record.
    pub(crate) faults: Vec<String>,
    /// What is odd but harmless.
    pub(crate) oddities: Vec<String>,
    /// The qualifier of the first `all`.
    all: Option<Qualifier>,
    /// Whether `exp=` was read.
    explained: bool,
}

/// Whether a text is an SPF record: `v=spf1` and then a blank or nothing (RFC 7208 §4.5).
pub(crate) fn is_record(text: &str) -> bool {
    let mut parts = text.splitn(2, ' ');
    parts.next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
}

impl SpfRecord {
    /// Reads a record. Total.
    pub(crate) fn parse(text: &str) -> Self {
        let mut record = Self::default();
        if !is_record(text) {
            record.faults.push("it does not begin with \"v=spf1 \"".to_owned());
        }
        if !text.chars().all(|c| (' '..='~').contains(&c)) {
            record.faults.push("it holds characters that are not printable ASCII".to_owned());
        }
        for written in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
            record.read(written);
        }
        record
    }

    /// The qualifier of the first `all`.
    pub(crate) fn all(&self) -> Option<Qualifier> {
        self.all
    }

    fn read(&mut self, written: &str) {
        let end_of_name = written.find([':', '/', '=']).unwrap_or(written.len());
        let (name, rest) = written.split_at_checked(end_of_name).unwrap_or((written, ""));
        if let Some(value) = rest.strip_prefix('=') {
            self.modifier(written, name, value);
            return;
        }
        let (qualifier, name) = qualified(name);
        match mechanism(&name.to_ascii_lowercase(), rest) {
            Ok(mechanism) => {
                if self.all().is_some() {
                    self.oddities.push(format!("\"{written}\" stands behind \"all\" and is never reached"));
                }
                if mechanism == Mechanism::All {
                    self.all = self.all.or(Some(qualifier));
                }
                self.terms.push(Term { written: written.to_owned(), qualifier, mechanism });
            }
            Err(what) => self.faults.push(format!("\"{written}\": {what}")),
        }
    }

    fn modifier(&mut self, written: &str, name: &str, value: &str) {
        let is_name = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !is_name {
            self.faults.push(format!("\"{written}\": it is neither a mechanism nor a modifier"));
            return;
        }
        match name.to_ascii_lowercase().as_str() {
            "redirect" if self.redirect.is_some() => {
                self.faults.push("\"redirect\" stands twice".to_owned());
            }
            "redirect" => match domain_spec(value) {
                Ok(()) => self.redirect = Some(value.to_owned()),
                Err(what) => self.faults.push(format!("\"{written}\": {what}")),
            },
            "exp" if self.explained => self.faults.push("\"exp\" stands twice".to_owned()),
            "exp" => {
                self.explained = true;
                if let Err(what) = domain_spec(value) {
                    self.faults.push(format!("\"{written}\": {what}"));
                }
            }
            "include" | "a" | "mx" | "ptr" | "ip4" | "ip6" | "exists" | "all" => {
                self.faults.push(format!("\"{written}\": write \":\" instead of \"=\" behind {name}"));
            }
            // Other modifiers mean nothing (RFC 7208 §6), but have to be well written all the same.
            _ if macros(value).is_err() => {
                self.faults.push(format!("\"{written}\" holds a macro that is not well written"));
            }
            _ => self.oddities.push(format!("\"{written}\" is a modifier that no receiver knows")),
        }
    }
}

fn qualified(name: &str) -> (Qualifier, &str) {
    let signs = [('+', Qualifier::Pass), ('-', Qualifier::Fail), ('~', Qualifier::SoftFail), ('?', Qualifier::Neutral)];
    let found = signs.into_iter().find_map(|(sign, qualifier)| Some((qualifier, name.strip_prefix(sign)?)));
    found.unwrap_or((Qualifier::Pass, name))
}

/// `rest` begins with what ended the name: `:`, `/`, or nothing.
fn mechanism(name: &str, rest: &str) -> Result<Mechanism, String> {
    let argument = rest.strip_prefix(':');
    let needed = || argument.filter(|text| !text.is_empty()).ok_or_else(|| format!("{name} needs a \":\" and a value"));
    match name {
        "all" if rest.is_empty() => Ok(Mechanism::All),
        "all" => Err("all takes no value".to_owned()),
        "include" | "exists" => {
            let domain = needed()?;
            domain_spec(domain)?;
            let domain = domain.to_owned();
            Ok(if name == "include" { Mechanism::Include(domain) } else { Mechanism::Exists(domain) })
        }
        "a" | "mx" => {
            let text = argument.unwrap_or(rest);
            // Within a macro a "/" is a delimiter (RFC 7208 §7.1).
            let plain = text.rfind('}').map_or(0, |at| at.saturating_add(1));
            let slash = text.get(plain..).and_then(|behind| behind.find('/')).map(|at| plain.saturating_add(at));
            let (domain, length) = slash.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
            if argument.is_some() && domain.is_empty() {
                return Err(format!("{name} has a \":\" and no domain"));
            }
            dual_length(length)?;
            let domain = if domain.is_empty() { None } else { Some(domain.to_owned()) };
            domain.as_deref().map_or(Ok(()), domain_spec)?;
            Ok(if name == "a" { Mechanism::A(domain) } else { Mechanism::Mx(domain) })
        }
        "ptr" => {
            if rest.is_empty() {
                return Ok(Mechanism::Ptr(None));
            }
            let domain = needed()?;
            domain_spec(domain)?;
            Ok(Mechanism::Ptr(Some(domain.to_owned())))
        }
        "ip4" => network(needed()?, 32, |address| address.parse::<Ipv4Addr>().is_ok()),
        "ip6" => network(needed()?, 128, |address| address.parse::<Ipv6Addr>().is_ok()),
        _ => Err(nearest_mechanism(name)),
    }
}

/// Whether a network, as a record writes it, holds an address.
pub(crate) fn holds(network: &str, address: IpAddr) -> bool {
    let (start, length) = network.split_once('/').map_or((network, None), |(start, length)| (start, Some(length)));
    let octets = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let Ok(start) = start.parse::<IpAddr>() else { return false };
    let ((start, bits), (address, of_address)) = (octets(start), octets(address));
    let length = length.map_or(Some(bits), |length| length.parse().ok()).filter(|length| *length <= bits);
    let Some(length) = length else { return false };
    let differ = (start ^ address).leading_zeros();
    bits == of_address && differ >= length
}

/// Names that are often written instead of a mechanism.
fn nearest_mechanism(name: &str) -> String {
    let meant = match name {
        "ip" | "ipv4" | "i4" => "ip4",
        "ipv6" => "ip6",
        "inc" | "includes" | "inlcude" | "incude" => "include",
        "mxs" => "mx",
        _ => return format!("there is no mechanism \"{name}\""),
    };
    format!("there is no mechanism \"{name}\"; write {meant}")
}

fn network(text: &str, most: u8, is_address: impl Fn(&str) -> bool) -> Result<Mechanism, String> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    if !is_address(address) {
        return Err("it is no address of that kind".to_owned());
    }
    if let Some(length) = length {
        prefix_length(length, most)?;
    }
    Ok(Mechanism::Network(text.to_owned()))
}

/// `/24`, `//64` or `/24//64` (RFC 7208 §5.6).
fn dual_length(text: &str) -> Result<(), String> {
    let Some(text) = text.strip_prefix('/') else { return Ok(()) };
    if let Some(six) = text.strip_prefix('/') {
        return prefix_length(six, 128);
    }
    match text.split_once("//") {
        Some((four, six)) => prefix_length(four, 32).and(prefix_length(six, 128)),
        None => prefix_length(text, 32),
    }
}

fn prefix_length(text: &str, most: u8) -> Result<(), String> {
    let is_number =
        !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    match text.parse::<u8>() {
        Ok(length) if is_number && length <= most => Ok(()),
        _ => Err(format!("\"/{text}\" is no length of a network; it goes from /0 to /{most}")),
    }
}

/// Whether macros are well written, and whether what has none is a domain of two labels or more (RFC 7208 §7.1).
fn domain_spec(text: &str) -> Result<(), String> {
    if text.contains('%') {
        macros(text)?;
        // Either a macro stands at the end, or the last label of a name does.
        let bare = text.strip_suffix('.').unwrap_or(text);
        let ends_well = bare.ends_with('}') || bare.rsplit_once('.').is_some_and(|(_, last)| is_top_label(last));
        return if ends_well { Ok(()) } else { Err(format!("\"{text}\" does not end in a domain")) };
    }
    match DomainName::new(text) {
        Some(name) if name.labels().count() >= 2 && name.labels().next_back().is_some_and(is_top_label) => Ok(()),
        _ => Err(format!("\"{text}\" is no domain")),
    }
}

/// The last label of a domain: letters, digits and hyphens, not digits alone (RFC 7208 §7.1).
fn is_top_label(label: &str) -> bool {
    label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !label.chars().all(|c| c.is_ascii_digit())
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// `%{d2r.}`, `%%`, `%_`, `%-`.
fn macros(text: &str) -> Result<(), String> {
    let wrong = || format!("\"{text}\" holds a macro that is not well written");
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('%') {
        if let Some(behind) = behind.strip_prefix(['%', '_', '-']) {
            rest = behind;
            continue;
        }
        let (inside, behind) = behind.strip_prefix('{').and_then(|inside| inside.split_once('}')).ok_or_else(wrong)?;
        let mut letters = inside.chars();
        let is_known = letters.next().is_some_and(|letter| "slodiphvSLODIPHV".contains(letter));
        let digits = letters.as_str();
        let tail = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        // How many labels are kept: at least one (RFC 7208 §7.3).
        let number = digits.strip_suffix(tail).unwrap_or_default();
        let keeps_none = !number.is_empty() && number.chars().all(|c| c == '0');
        let tail = tail.strip_prefix(['r', 'R']).unwrap_or(tail);
        if !is_known || keeps_none || !tail.chars().all(|c| ".-+,/_=".contains(c)) {
            return Err(wrong());
        }
        rest = behind;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
