//! DMARC (RFC 9989): the record that governs the domain, its tags, and whether reports can arrive (RFC 9990 §4).

use super::{Check, Verdict, txt_line};
use crate::domain::dns::answer::{Answer, RecordType};
use crate::domain::dns::discovery::Discovery;
use crate::domain::dns::dmarc::{DmarcRecord, Whose, consents, is_record};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::policy::Policy;
use crate::domain::dns::survey::Survey;

pub(super) fn checks(survey: &Survey) -> Vec<Check> {
    let domain = &survey.subject.domain;
    let discovery = survey.dmarc();
    let mut checks = ignored_checks(domain, &discovery);
    match &discovery.record {
        Some((owner, text)) => checks.extend(record_checks(survey, &discovery, owner, text)),
        None if !discovery.unanswered.is_empty() => {
            let why = "a record may be there or not; mail is judged by it";
            checks.push(Check::new("dmarc", Verdict::Unanswered, discovery.silence(), why));
        }
        None if checks.is_empty() => {
            let found = format!("no DMARC record for {domain}, nor above it");
            let why = "Gmail, Outlook and Yahoo want one of every bulk sender; p=none is enough to begin with";
            let check = Check::new("dmarc", Verdict::Critical, found, why);
            checks.push(check.publish(first_record(&domain.organisation())));
        }
        None => {}
    }
    checks
}

/// Records that receivers ignore. Where one that is as near to the domain governs it all the same, they only concern other
/// names; what lies above the organization is not the sender's to mend.
fn ignored_checks(domain: &DomainName, discovery: &Discovery) -> Vec<Check> {
    let organisation = domain.organisation();
    let is_own = |owner: &DomainName| owner.is_at_or_below(&organisation);
    let judged = |owner: &DomainName, found: String, why: &str, publish: String| {
        let governs = discovery.record.as_ref().filter(|(governing, _)| governing.is_at_or_below(owner));
        let (verdict, why) = match governs {
            Some((governing, _)) => {
                (Verdict::Warning, format!("{why}; mail from {domain} is judged by the record of {governing} instead"))
            }
            None => (Verdict::Critical, why.to_owned()),
        };
        Check::new("dmarc", verdict, found, why).publish(publish)
    };
    let several = discovery.several.iter().filter(|(owner, _)| is_own(owner)).map(|(owner, texts)| {
        let found = format!("_dmarc.{owner} holds {} records, and only one may be", texts.len());
        let why = "receivers ignore them all, as if there were none (RFC 9989 §4.10)";
        judged(owner, found, why, joined(owner, texts))
    });
    let misspelt = discovery.misspelt.iter().filter(|(owner, _)| is_own(owner)).map(|(owner, text)| {
        let found = format!("_dmarc.{owner}: {text}");
        let why = "it is no DMARC record: it must begin with v=DMARC1; spelt exactly so, and receivers ignore it";
        judged(owner, found, why, corrected(owner, text))
    });
    several.chain(misspelt).collect()
}

/// One record for several: the strictest of them, which nobody published to be ignored, with the reports of another where
/// it asks for none.
fn joined(owner: &DomainName, texts: &[String]) -> String {
    let policy = |text: &String| DmarcRecord::parse(text).policy;
    // Of equally strict ones the first.
    let Some(strictest) = texts.iter().rev().max_by_key(|text| policy(text)) else { return first_record(owner) };
    let mut addresses = texts.iter().flat_map(|text| DmarcRecord::parse(text).reports);
    let reports = addresses.next().map_or_else(String::new, |address| format!("; rua=mailto:{address}"));
    corrected(owner, &format!("{strictest}{reports}"))
}

fn first_record(owner: &DomainName) -> String {
    owner.below("_dmarc").map_or_else(String::new, |name| {
        txt_line(&name, &format!("v=DMARC1; p=none; rua=mailto:dmarc@{}", owner.organisation()))
    })
}

/// A record with the version put right and the policies that were meant. Of a tag that stands twice the first is kept, and
/// one that no receiver would read as it is written is left out.
pub(super) fn corrected(owner: &DomainName, text: &str) -> String {
    let (tags, _) = crate::domain::dns::record::tags(text);
    let mut kept: Vec<(&str, String)> = Vec::new();
    for tag in &tags {
        let name = tag.name.as_str();
        if matches!(name, "v" | "pct" | "rf" | "ri") || kept.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let value = match name {
            "p" | "sp" | "np" => Policy::meant(&tag.value).map_or("none", Policy::word).to_owned(),
            "rua" | "ruf" => addresses(&tag.value),
            _ => tag.value.clone(),
        };
        if is_read(name, &value) {
            kept.push((name, value));
        }
    }
    if !kept.iter().any(|(name, _)| *name == "p") {
        kept.insert(0, ("p", "none".to_owned()));
    }
    let tags: Vec<String> = kept.iter().map(|(name, value)| format!("; {name}={value}")).collect();
    owner.below("_dmarc").map_or_else(String::new, |name| txt_line(&name, &format!("v=DMARC1{}", tags.concat())))
}

/// Whether receivers read a tag as it is written.
fn is_read(name: &str, value: &str) -> bool {
    let policy = if name == "p" { "" } else { "; p=none" };
    !value.is_empty() && DmarcRecord::parse(&format!("v=DMARC1{policy}; {name}={value}")).faults.is_empty()
}

/// Addresses with their scheme, those that are any.
fn addresses(value: &str) -> String {
    let with_scheme = |address: &str| {
        let address = address.trim().split('!').next().unwrap_or_default();
        if address.contains(':') { address.to_owned() } else { format!("mailto:{address}") }
    };
    value.split(',').map(with_scheme).filter(|address| is_read("rua", address)).collect::<Vec<_>>().join(",")
}

fn record_checks(survey: &Survey, discovery: &Discovery, owner: &DomainName, text: &str) -> Vec<Check> {
    let record = DmarcRecord::parse(text);
    let domain = &survey.subject.domain;
    let mut checks = Vec::new();
    checks.extend(silence_check(domain, discovery, owner));
    let whose = if owner == domain { String::new() } else { format!(", which governs {domain} too") };
    let shown = format!("_dmarc.{owner}: {text}{whose}");
    checks.push(if record.faults.is_empty() {
        Check::new("dmarc", Verdict::Ok, shown, "one record, and every tag of it is understood")
    } else {
        let (verdict, applied) = match record.applied(Whose::Own) {
            None => {
                (Verdict::Critical, "receivers do not apply it at all: it is as if there were no record".to_owned())
            }
            Some(_) if !record.invalid.is_empty() => {
                (Verdict::Critical, "receivers apply it as p=none, whatever was meant".to_owned())
            }
            Some((_, policy)) => {
                (Verdict::Warning, format!("receivers apply p={} and skip the rest that is wrong", policy.word()))
            }
        };
        let found = format!("{shown}: {}", record.faults.join("; "));
        Check::new("dmarc", verdict, found, applied).publish(corrected(owner, text))
    });
    if !record.oddities.is_empty() {
        let why = "receivers that go by RFC 9989 ignore them";
        checks.push(Check::new("dmarc.tags", Verdict::Warning, record.oddities.join("; "), why));
    }
    checks.extend(policy_check(survey, owner, &record));
    if record.strict_spf || record.strict_dkim {
        checks.push(alignment_check(survey, &record));
    }
    checks.extend(report_checks(survey, owner, &record));
    checks
}

/// Names without an answer whose record, if there is one, would govern: nearer ones, and those up to the organization.
fn silence_check(domain: &DomainName, discovery: &Discovery, owner: &DomainName) -> Option<Check> {
    if owner == domain {
        return None;
    }
    let organisation = domain.organisation();
    let counts = |name: &DomainName| name.is_at_or_below(owner) || name.is_at_or_below(&organisation);
    let told: Vec<&str> =
        discovery.unanswered.iter().filter(|(name, _)| counts(name)).map(|(_, told)| told.as_str()).collect();
    let why = format!("a record there would govern {domain} instead of that of {owner}");
    (!told.is_empty()).then(|| Check::new("dmarc", Verdict::Unanswered, told.join("; "), why))
}

/// How the domain of a survey stands to the one whose record governs it.
pub(super) fn whose(survey: &Survey, owner: &DomainName) -> Whose {
    let domain = &survey.subject.domain;
    if owner == domain {
        return Whose::Own;
    }
    let reply = survey.reply(domain, RecordType::Txt);
    let is_missing = reply.is_some_and(|reply| matches!(reply.answer, Answer::Absent { name_exists: false, .. }));
    if is_missing { Whose::BelowAndMissing } else { Whose::Below }
}

/// What the policy asks for, and what the next step is.
fn policy_check(survey: &Survey, owner: &DomainName, record: &DmarcRecord) -> Option<Check> {
    let domain = &survey.subject.domain;
    let whose = whose(survey, owner);
    let (tag, policy) = record.applied(whose)?;
    let testing = if record.testing { ", and t=y asks receivers to try it out only" } else { "" };
    let missing = if whose == Whose::BelowAndMissing { ", a name that DNS does not know" } else { "" };
    let found = format!("{tag}={} for {domain}{missing}{testing}", policy.word());
    let why = match policy {
        Policy::None => {
            "it meets what the providers ask for and protects nobody; once mail passes steadily, go on to quarantine, then \
             to reject"
        }
        Policy::Quarantine => "forged mail goes to spam; once mail passes steadily, reject refuses it",
        Policy::Reject => "forged mail is refused",
    };
    let verdict = if policy == Policy::None || record.testing { Verdict::Info } else { Verdict::Ok };
    Some(Check::new("dmarc.policy", verdict, found, why))
}

/// Strict alignment asks for the very domain, which a MAIL FROM domain of SES never is.
fn alignment_check(survey: &Survey, record: &DmarcRecord) -> Check {
    let domain = &survey.subject.domain;
    let mut found = Vec::new();
    let mut verdict = Verdict::Info;
    let spf_may_align = !record.strict_spf && survey.subject.mail_from.iter().any(|one| survey.aligns(&one.domain));
    if record.strict_spf {
        found.push("aspf=s: a MAIL FROM domain, always a subdomain, never aligns".to_owned());
        verdict = Verdict::Warning;
    }
    if record.strict_dkim {
        let exact = |name: &DomainName| name.as_str().ends_with(&format!("._domainkey.{domain}"));
        let signs_exactly = survey.subject.selectors.iter().any(|selector| exact(&selector.name));
        found.push(format!("adkim=s: only d={domain} aligns"));
        if !signs_exactly && !survey.subject.selectors.is_empty() {
            verdict = if spf_may_align { Verdict::Warning } else { Verdict::Critical };
        }
    }
    let why = "strict alignment wants the very domain in From; relaxed alignment is content with the organization";
    Check::new("dmarc.alignment", verdict, found.join("; "), why)
}

fn report_checks(survey: &Survey, owner: &DomainName, record: &DmarcRecord) -> Vec<Check> {
    if record.reports.is_empty() {
        let why = "without aggregate reports nobody tells you who sends as you, and whether it passes";
        return vec![
            Check::new("dmarc.reports", Verdict::Warning, "no address in rua", why)
                .publish(format!("add to the record: rua=mailto:dmarc@{}", owner.organisation())),
        ];
    }
    let mut checks = Vec::new();
    for (address, name) in consents(owner, record) {
        let why =
            "a report is only sent to another organization that says in its own DNS that it wants it (RFC 9990 §4)";
        let Some(reply) = survey.reply(&name, RecordType::Txt) else {
            checks.push(Check::new("dmarc.reports", Verdict::Unanswered, format!("{name}: it was not asked"), why));
            continue;
        };
        let consents = reply.texts().iter().any(|text| is_record(text));
        checks.push(match &reply.answer {
            Answer::Unanswered(why_not) => {
                Check::new("dmarc.reports", Verdict::Unanswered, format!("{name}: {why_not}"), why)
            }
            Answer::Records(_) if consents => {
                Check::new("dmarc.reports", Verdict::Ok, format!("{address} takes reports about {owner}"), why)
            }
            Answer::Records(_) | Answer::Absent { .. } => {
                let found = format!("{address} has not said that it takes reports about {owner}: nothing at {name}");
                Check::new("dmarc.reports", Verdict::Warning, found, why).publish(txt_line(&name, "v=DMARC1;"))
            }
        });
    }
    if checks.is_empty() {
        let found = format!("reports go to {}", record.reports.join(", "));
        checks.push(Check::new(
            "dmarc.reports",
            Verdict::Ok,
            found,
            "they tell who sends as you, and whether it passes",
        ));
    }
    checks
}
