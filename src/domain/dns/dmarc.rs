//! A DMARC record (RFC 9989 §4.7).
//!
//! The parser is total.

use super::name::DomainName;
use super::policy::Policy;
use super::record::tags;

/// A record as far as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DmarcRecord {
    /// `p`; `None` when it is missing or no policy.
    pub(crate) policy: Option<Policy>,
    /// `sp`, for names below.
    pub(crate) below: Option<Policy>,
    /// `np`, for names below that do not exist.
    pub(crate) missing: Option<Policy>,
    /// Those of `p`, `sp` and `np` that are there and no policy.
    pub(crate) invalid: Vec<String>,
    /// `psd`: `y`, `n` or `u`.
    pub(crate) psd: char,
    /// `t=y`: the policy is to be tried out and not applied.
    pub(crate) testing: bool,
    /// `adkim=s`.
    pub(crate) strict_dkim: bool,
    /// `aspf=s`.
    pub(crate) strict_spf: bool,
    /// The addresses in `rua`.
    pub(crate) reports: Vec<String>,
    /// The addresses in `ruf`.
    pub(crate) failures: Vec<String>,
    /// What is wrong, in words: receivers read these tags otherwise than they were meant, or not at all.
    pub(crate) faults: Vec<String>,
    /// What is obsolete or unknown, in words.
    pub(crate) oddities: Vec<String>,
}

/// Whether a text is a DMARC record: `v=DMARC1` first, spelt exactly so (RFC 9989 §4.8).
pub(crate) fn is_record(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    first.split_once('=').is_some_and(|(name, value)| name.trim().eq_ignore_ascii_case("v") && value.trim() == "DMARC1")
}

/// Whether a text means to be one.
pub(crate) fn means_to_be(text: &str) -> bool {
    let start: String = text.chars().filter(|c| !c.is_whitespace() && *c != '"').take(7).collect();
    start.eq_ignore_ascii_case("v=dmarc")
}

/// How a domain stands to the one whose record governs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// It is that domain.
    Own,
    /// It lies below it.
    Below,
    /// It lies below it, and DNS says that there is no such name (RFC 8020).
    BelowAndMissing,
}

impl DmarcRecord {
    /// Reads a record. Total.
    pub(crate) fn parse(text: &str) -> Self {
        let mut record = Self {
            policy: None,
            below: None,
            missing: None,
            invalid: Vec::new(),
            psd: 'u',
            testing: false,
            strict_dkim: false,
            strict_spf: false,
            reports: Vec::new(),
            failures: Vec::new(),
            faults: Vec::new(),
            oddities: Vec::new(),
        };
        if !is_record(text) {
            record.faults.push("it does not begin with \"v=DMARC1;\"".to_owned());
        }
        let (tags, strays) = tags(text);
        record
            .faults
            .extend(strays.iter().map(|stray| format!("\"{stray}\" is no tag; write name=value; and a semicolon")));
        let mut seen: Vec<&str> = Vec::new();
        for tag in &tags {
            if seen.contains(&tag.name.as_str()) {
                record.faults.push(format!("{} stands twice", tag.name));
                continue;
            }
            seen.push(&tag.name);
            record.read(&tag.name, &tag.value);
        }
        if !seen.contains(&"p") {
            record.faults.push("p is missing".to_owned());
        }
        record
    }

    /// The policy that receivers apply to mail from a domain that stands so to the one that publishes the record; `None`
    /// when they do as if there were no record. Without a valid `p`, or with an invalid `sp` or `np`, they apply the
    /// record only where it asks for reports, and then as `none` (RFC 9989 §4.10.1).
    pub(crate) fn applied(&self, whose: Whose) -> Option<(&'static str, Policy)> {
        let Some(own) = self.policy.filter(|_| self.invalid.is_empty()) else {
            return (!self.reports.is_empty()).then_some(("p", Policy::None));
        };
        let below = self.below.map_or(("p", own), |below| ("sp", below));
        Some(match whose {
            Whose::Own => ("p", own),
            Whose::Below => below,
            Whose::BelowAndMissing => self.missing.map_or(below, |missing| ("np", missing)),
        })
    }

    fn read(&mut self, name: &str, value: &str) {
        match name {
            "v" => {}
            "p" => self.policy = self.policy_in(name, value),
            "sp" => self.below = self.policy_in(name, value),
            "np" => self.missing = self.policy_in(name, value),
            "psd" => self.psd = self.letter(name, value, &['y', 'n', 'u'], 'u'),
            "t" => self.testing = self.letter(name, value, &['y', 'n'], 'n') == 'y',
            "adkim" => self.strict_dkim = self.letter(name, value, &['r', 's'], 'r') == 's',
            "aspf" => self.strict_spf = self.letter(name, value, &['r', 's'], 'r') == 's',
            "rua" => self.reports = self.addresses(name, value),
            "ruf" => self.failures = self.addresses(name, value),
            "fo" => {
                if !value.split(':').all(|one| matches!(one.trim(), "0" | "1" | "d" | "s")) {
                    self.faults.push(format!("fo={value} is none of 0, 1, d and s"));
                }
            }
            "pct" if value.trim() == "100" => {
                self.oddities.push("pct no longer means anything; leave it out".to_owned());
            }
            "pct" => self.oddities.push(format!(
                "pct={value} no longer means anything: receivers apply the policy to all mail; t=y asks them to try it out"
            )),
            "rf" | "ri" => self.oddities.push(format!("{name} no longer means anything; leave it out")),
            _ => self.oddities.push(format!("{name} is a tag that receivers ignore")),
        }
    }

    fn policy_in(&mut self, name: &str, value: &str) -> Option<Policy> {
        let policy = Policy::of_word(value);
        if policy.is_none() {
            self.invalid.push(name.to_owned());
            let meant = Policy::meant(value).map_or_else(
                || "it is none, quarantine or reject".to_owned(),
                |meant| format!("write {name}={}", meant.word()),
            );
            self.faults.push(format!("{name}={value} is no policy; {meant}"));
        }
        policy
    }

    fn letter(&mut self, name: &str, value: &str, known: &[char], otherwise: char) -> char {
        let mut letters = value.chars().map(|c| c.to_ascii_lowercase());
        match (letters.next(), letters.next()) {
            (Some(letter), None) if known.contains(&letter) => letter,
            _ => {
                let known = known.iter().map(char::to_string).collect::<Vec<_>>().join(", ");
                self.faults.push(format!("{name}={value} is none of {known}, and read as {otherwise}"));
                otherwise
            }
        }
    }

    fn addresses(&mut self, name: &str, value: &str) -> Vec<String> {
        let mut addresses = Vec::new();
        for uri in value.split(',').map(str::trim).filter(|uri| !uri.is_empty()) {
            let scheme: String = uri.chars().take(7).collect();
            let address = uri.get(7..).filter(|_| scheme.eq_ignore_ascii_case("mailto:"));
            let Some(address) = address else {
                let fault = if uri.contains('@') && !uri.contains(':') {
                    format!("{name}={uri} lacks its scheme; write mailto:{uri}")
                } else {
                    format!("{name}={uri} is no mailto: address, and no report goes there")
                };
                self.faults.push(fault);
                continue;
            };
            let (address, size) =
                address.split_once('!').map_or((address, None), |(address, size)| (address, Some(size)));
            if size.is_some() {
                self.oddities.push(format!("the size behind {address} no longer means anything"));
            }
            if DomainName::of_address(address).is_some() {
                addresses.push(address.to_owned());
            } else {
                self.faults.push(format!("{name}={uri} names no address"));
            }
        }
        addresses
    }
}

/// The names under which other domains have to consent to reports, for the record of `domain` (RFC 9990 §4).
pub(crate) fn consents(domain: &DomainName, record: &DmarcRecord) -> Vec<(String, DomainName)> {
    let own = domain.organisation();
    let addresses = record.reports.iter().chain(&record.failures);
    let mut consents: Vec<(String, DomainName)> = addresses
        .filter_map(|address| {
            let host = DomainName::of_address(address).filter(|host| host.organisation() != own)?;
            Some((address.clone(), host.below(&format!("{domain}._report._dmarc"))?))
        })
        .collect();
    consents.dedup();
    consents
}

#[cfg(test)]
mod tests;
