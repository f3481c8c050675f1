//! BIMI, MTA-STS (RFC 8461) and TLS-RPT (RFC 8460): told as information, as none of them decides on placement.

use super::dmarc::whose;
use super::{Check, Verdict};
use crate::domain::dns::answer::{Answer, RecordType, Reply};
use crate::domain::dns::dmarc::DmarcRecord;
use crate::domain::dns::name::DomainName;
use crate::domain::dns::policy::Policy;
use crate::domain::dns::record::tags;
use crate::domain::dns::survey::Survey;

pub(super) fn checks(survey: &Survey) -> Vec<Check> {
    let domain = &survey.subject.domain;
    let inbound = "it protects mail to the domain, and has no bearing on where your mail lands";
    let mut checks = vec![bimi(survey)];
    for (id, prefix, version, title) in
        [("mta_sts", "_mta-sts", "STSv1", "MTA-STS"), ("tls_rpt", "_smtp._tls", "TLSRPTv1", "TLS-RPT")]
    {
        let Some(name) = domain.below(prefix) else { continue };
        let found = one_record(survey.reply(&name, RecordType::Txt), &name, version, title);
        checks.push(Check::new(id, Verdict::Info, found, inbound));
    }
    checks
}

/// What is said about a record of which there is one, begun with its version.
fn one_record(reply: Option<&Reply>, name: &DomainName, version: &str, title: &str) -> String {
    let Some(reply) = reply else { return format!("{name}: it was not asked") };
    match &reply.answer {
        Answer::Unanswered(why) => format!("{name}: {why}"),
        Answer::Absent { .. } => format!("no {title}"),
        Answer::Records(_) => {
            let texts = reply.texts();
            let fits = |text: &&String| tags(text).0.first().is_some_and(|tag| tag.name == "v" && tag.value == version);
            match texts.iter().filter(fits).collect::<Vec<_>>().as_slice() {
                [text] => format!("{name}: {text}"),
                [] => format!("{name}: {}, which is no {title} record", texts.join(" | ")),
                several => format!("{name}: {} records, and only one may be", several.len()),
            }
        }
    }
}

/// BIMI needs a DMARC policy that is enforced, and for Gmail and Apple a certificate.
fn bimi(survey: &Survey) -> Check {
    let domain = &survey.subject.domain;
    let organisation = domain.organisation();
    let why = "a logo beside your mail at some providers; it has no bearing on where it lands";
    let names = [domain, &organisation].into_iter().filter_map(|domain| domain.below("default._bimi"));
    let mut found = None;
    for name in names {
        let Some(reply) = survey.reply(&name, RecordType::Txt) else { continue };
        let told = one_record(Some(reply), &name, "BIMI1", "BIMI");
        match &reply.answer {
            Answer::Absent { .. } => {}
            Answer::Unanswered(_) => return Check::new("bimi", Verdict::Info, told, why),
            Answer::Records(_) => {
                found = Some((told, reply.texts().concat()));
                break;
            }
        }
    }
    let Some((mut told, text)) = found else { return Check::new("bimi", Verdict::Info, "no BIMI", why) };
    let record = survey.dmarc().record;
    let applied = record.and_then(|(owner, text)| DmarcRecord::parse(&text).applied(whose(survey, &owner)));
    if applied.is_none_or(|(_, policy)| policy == Policy::None) {
        told.push_str("; no provider shows it without DMARC at quarantine or reject");
    }
    let (tags, _) = tags(&text);
    let has = |name: &str| tags.iter().any(|tag| tag.name == name && !tag.value.is_empty());
    if has("l") && !has("a") {
        told.push_str("; without a certificate (a=) Gmail and Apple do not show it");
    }
    Check::new("bimi", Verdict::Info, told, why)
}
