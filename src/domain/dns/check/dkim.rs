//! DKIM (RFC 6376): the three names of Easy DKIM and where they lead, or a key of one's own, and the keys themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Verdict};
use crate::domain::dns::answer::{Answer, RecordType, Reply, Value};
use crate::domain::dns::dkim_key::{Key, KeyRecord};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::subject::{Selector, is_amazon};
use crate::domain::dns::survey::Survey;

/// Bits of a good RSA key.
const GOOD_BITS: usize = 2048;
/// Bits of the longest RSA key that every receiver verifies (RFC 8301 §3.2).
const MOST_BITS: usize = 4096;
/// Bits below which receivers do not believe it (RFC 8301 §3.2).
const LEAST_BITS: usize = 1024;

pub(super) fn checks(survey: &Survey) -> Vec<Check> {
    let selectors = &survey.subject.selectors;
    if selectors.is_empty() {
        let found = "not known: neither SES nor an earlier run told the names of its keys";
        let why = "without DKIM of your own domain DMARC rests on SPF alone; let SES be asked, or make a run";
        return vec![Check::new("dkim", Verdict::Info, found, why)];
    }
    let mut checks: Vec<Check> = selectors.iter().map(|selector| selector_check(survey, selector)).collect();
    if !checks.is_empty() && checks.iter().all(|check| check.verdict == Verdict::Info) {
        let found = "none of the names that SES gave holds a key";
        checks.push(Check::new("dkim", Verdict::Critical, found, "no signature of this domain can be verified"));
    }
    let domain = &survey.subject.domain;
    if !selectors.iter().any(|selector| survey.aligns(&signer(&selector.name))) {
        let signers = selectors.iter().map(|selector| signer(&selector.name).to_string()).collect::<BTreeSet<_>>();
        let found = format!("signed by {}", signers.into_iter().collect::<Vec<_>>().join(", "));
        let why = format!("a signature only counts for DMARC when its d= belongs to the organization of {domain}");
        // DMARC then rests on SPF alone, where that can align.
        let spf_aligns = survey.subject.mail_from.iter().any(|mail_from| survey.aligns(&mail_from.domain));
        let verdict = if spf_aligns { Verdict::Warning } else { Verdict::Critical };
        checks.push(Check::new("dkim.aligned", verdict, found, why));
    }
    checks
}

fn selector_check(survey: &Survey, selector: &Selector) -> Check {
    let name = &selector.name;
    let why = "the signature cannot be verified without its key; Gmail, Outlook and Yahoo want DKIM to pass";
    let Some(reply) = survey.reply(name, RecordType::Txt) else {
        return Check::new("dkim", Verdict::Unanswered, format!("{name}: it was not asked"), why);
    };
    let wanted = selector.target.as_ref().map(|target| format!("{name}. IN CNAME {target}."));
    let with_record = |check: Check| match &wanted {
        Some(record) => check.publish(record.clone()),
        None => check,
    };
    if reply.is_circle() {
        return with_record(Check::new(
            "dkim",
            Verdict::Critical,
            format!("the CNAMEs of {name} lead in a circle"),
            why,
        ));
    }
    let alias = reply.aliases.first().and_then(|alias| match &alias.value {
        Value::Alias(target) => Some(target),
        Value::Address(_) | Value::Exchange(..) | Value::Pointer(_) | Value::Text(_) => None,
    });
    let leads_to = |target: &DomainName| {
        reply.aliases.iter().any(|alias| matches!(&alias.value, Value::Alias(name) if name == target))
    };
    if let (Some(target), Some(alias)) = (&selector.target, alias)
        && !leads_to(target)
    {
        let found = format!("{name}: CNAME {alias}, and SES names {target}");
        return with_record(Check::new("dkim", Verdict::Critical, found, why));
    }
    match &reply.answer {
        Answer::Unanswered(why_not) => Check::new("dkim", Verdict::Unanswered, format!("{name}: {why_not}"), why),
        Answer::Absent { .. } => with_record(absent(selector, alias, why)),
        Answer::Records(_) => found(selector, alias, reply),
    }
}

/// There is no key.
fn absent(selector: &Selector, alias: Option<&DomainName>, why: &str) -> Check {
    let name = &selector.name;
    match alias {
        // SES fills two of the three places only when it changes keys.
        Some(alias) if is_amazon(alias) && !selector.in_use => {
            let found = format!("{name}: CNAME {alias}, where no key is published at present");
            let why = "SES keeps places free for the next keys; as long as another of the three holds one, all is well";
            Check::new("dkim", Verdict::Info, found, why)
        }
        Some(alias) => {
            let found = format!("{name}: CNAME {alias}, where no key is published");
            Check::new("dkim", Verdict::Critical, found, why)
        }
        None => Check::new("dkim", Verdict::Critical, format!("{name}: nothing is published"), why),
    }
}

/// There is a key, or several.
fn found(selector: &Selector, alias: Option<&DomainName>, reply: &Reply) -> Check {
    let name = &selector.name;
    let way = alias.map(|alias| format!("CNAME {alias}, ")).unwrap_or_default();
    let texts = reply.texts();
    if texts.len() > 1 {
        let found = format!("{name}: {way}{} records, and only one may be", texts.len());
        return Check::new(
            "dkim",
            Verdict::Critical,
            found,
            "which of them receivers take is undefined (RFC 6376 §3.6.2.2)",
        );
    }
    let record = KeyRecord::parse(&texts.concat());
    let testing = if record.testing { ", t=y" } else { "" };
    let said = |words: &str| format!("{name}: {way}{words}{testing}");
    if !record.faults.is_empty() {
        return Check::new("dkim", Verdict::Critical, said(&record.faults.join("; ")), "receivers turn the key down");
    }
    let no_alias = selector.target.is_some() && alias.is_none();
    let (verdict, words, why) = match &record.key {
        Key::Revoked if selector.in_use => {
            (Verdict::Critical, "p= is empty: the key is revoked".to_owned(), "mail was signed with it, and fails")
        }
        Key::Revoked => {
            (Verdict::Warning, "p= is empty: the key is revoked".to_owned(), "whatever is signed with it fails")
        }
        Key::Unreadable(what) => (Verdict::Critical, what.clone(), "receivers cannot verify the signature"),
        Key::Rsa(bits) if *bits < LEAST_BITS => (
            Verdict::Critical,
            format!("RSA {bits} bits"),
            "receivers do not believe RSA keys below 1024 bits (RFC 8301 §3.2)",
        ),
        Key::Rsa(bits) if *bits < GOOD_BITS => {
            (Verdict::Warning, format!("RSA {bits} bits"), "1024 bits are the least that is accepted; SES offers 2048")
        }
        Key::Rsa(bits) if *bits > MOST_BITS => (
            Verdict::Warning,
            format!("RSA {bits} bits"),
            "receivers need not verify RSA keys above 4096 bits (RFC 8301 §3.2)",
        ),
        Key::Ed25519 => (
            Verdict::Warning,
            "Ed25519".to_owned(),
            "Gmail, Outlook and Yahoo verify RSA only; publish an RSA key as well",
        ),
        Key::Rsa(bits) if no_alias => {
            let why = "SES changes keys behind the CNAME; a copy of the key instead of it fails at the next change";
            (Verdict::Warning, format!("RSA {bits} bits, published without the CNAME"), why)
        }
        Key::Rsa(bits) if record.testing => (
            Verdict::Warning,
            format!("RSA {bits} bits"),
            "t=y asks receivers to treat the mail as if it were unsigned",
        ),
        Key::Rsa(bits) => (Verdict::Ok, format!("RSA {bits} bits"), "the key is there and long enough"),
    };
    let check = Check::new("dkim", verdict, said(&words), why);
    match &selector.target {
        Some(target) if no_alias => check.publish(format!("{name}. IN CNAME {target}.")),
        _ => check,
    }
}

/// The domain that signs with a key: what stands behind `_domainkey`.
fn signer(name: &DomainName) -> DomainName {
    let behind = name.as_str().split_once("._domainkey.").and_then(|(_, domain)| DomainName::new(domain));
    behind.unwrap_or_else(|| name.clone())
}

/// Keys that more than one domain publishes.
pub(super) fn shared(surveys: &[Survey]) -> Vec<(Vec<DomainName>, Check)> {
    let mut owners: BTreeMap<String, BTreeSet<DomainName>> = BTreeMap::new();
    for survey in surveys {
        for selector in &survey.subject.selectors {
            let Some(reply) = survey.reply(&selector.name, RecordType::Txt) else { continue };
            for text in reply.texts() {
                let material = KeyRecord::parse(&text).material;
                if !material.is_empty() {
                    owners.entry(material).or_default().insert(signer(&selector.name));
                }
            }
        }
    }
    let several = owners.into_values().filter(|domains| domains.len() > 1);
    several
        .map(|domains| {
            let names = domains.iter().map(DomainName::as_str).collect::<Vec<_>>().join(" and ");
            let why = "whoever holds the key of one domain signs for the others; give each domain keys of its own";
            let check = Check::new("dkim.shared", Verdict::Warning, format!("the same key at {names}"), why);
            (domains.into_iter().collect(), check)
        })
        .collect()
}
