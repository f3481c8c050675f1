//! The custom MAIL FROM domain: exactly one MX, that of the region that SES sends from.

use super::{Check, Verdict};
use crate::domain::dns::answer::{Answer, RecordType, Value};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::subject::MailFrom;
use crate::domain::dns::survey::Survey;

pub(super) fn checks(survey: &Survey) -> Vec<Check> {
    let subject = &survey.subject;
    let mut checks: Vec<Check> = subject.mail_from.iter().map(|mail_from| exchange_check(survey, mail_from)).collect();
    if checks.is_empty() {
        let why = "SPF can only align with From where SES sends under a MAIL FROM domain of yours; else DMARC rests on DKIM \
                   alone";
        checks.push(if subject.amazon_mail_from {
            let found = "no MAIL FROM domain is set: the return path is Amazon's";
            let wanted = format!("bounce.{}", subject.domain);
            let region = "REGION";
            Check::new("mail_from", Verdict::Warning, found, why).publish(format!(
                "{wanted}. IN MX 10 feedback-smtp.{region}.amazonses.com.\n{wanted}. IN TXT \"v=spf1 include:amazonses.com \
                 ~all\"\nand set {wanted} as custom MAIL FROM domain of {} in SES; REGION is the one you send from",
                subject.domain
            ))
        } else {
            let found = "not known: neither SES nor an earlier run told which MAIL FROM domain is used";
            Check::new("mail_from", Verdict::Info, found, why)
        });
    } else if subject.amazon_mail_from {
        let found = "some mail left under Amazon's own return path lately";
        let why = "SES falls back to its own domain while the MX of yours is not found; SPF does not align then";
        checks.push(Check::new("mail_from.used", Verdict::Warning, found, why));
    }
    for mail_from in &subject.mail_from {
        if !survey.aligns(&mail_from.domain) {
            let found = format!("{} does not belong to the organization of {}", mail_from.domain, subject.domain);
            let why = "SPF passes but does not align with From, so that DMARC rests on DKIM alone";
            checks.push(Check::new("mail_from.aligned", Verdict::Warning, found, why));
        }
    }
    checks
}

fn exchange_check(survey: &Survey, mail_from: &MailFrom) -> Check {
    let domain = &mail_from.domain;
    let wanted = mail_from.region.as_ref().map(|region| format!("feedback-smtp.{region}.amazonses.com"));
    // A domain that serves several regions has the host of one of them, which passes bounces on to the others.
    let of_domain = survey.subject.mail_from.iter().filter(|other| other.domain == *domain);
    let hosts_of_regions: Vec<String> =
        of_domain.filter_map(|other| Some(format!("feedback-smtp.{}.amazonses.com", other.region.as_ref()?))).collect();
    let record = format!("{domain}. IN MX 10 {}.", wanted.as_deref().unwrap_or("feedback-smtp.REGION.amazonses.com"));
    let why = "SES uses the MAIL FROM domain only while it finds exactly one MX there, its own; otherwise it falls back to \
               amazonses.com, or refuses to send";
    let Some(reply) = survey.reply(domain, RecordType::Mx) else {
        return Check::new("mail_from", Verdict::Unanswered, format!("MX {domain}: it was not asked"), why);
    };
    if reply.is_circle() {
        return Check::new("mail_from", Verdict::Critical, format!("the CNAMEs of {domain} lead in a circle"), why)
            .publish(record);
    }
    let hosts: Vec<Option<&DomainName>> = reply
        .values()
        .filter_map(|value| match value {
            Value::Exchange(_, host) => Some(host.as_ref()),
            Value::Address(_) | Value::Alias(_) | Value::Pointer(_) | Value::Text(_) => None,
        })
        .collect();
    let told = reply.values().map(Value::to_string).collect::<Vec<_>>().join(", ");
    let (verdict, found) = match (&reply.answer, hosts.as_slice()) {
        (Answer::Unanswered(why_not), _) => (Verdict::Unanswered, format!("MX {domain}: {why_not}")),
        (Answer::Absent { .. }, _) => (Verdict::Critical, format!("{domain} has no MX")),
        (Answer::Records(_), [Some(host)])
            if hosts_of_regions.is_empty() || hosts_of_regions.iter().any(|wanted| host.as_str() == wanted) =>
        {
            if is_feedback(host) {
                return Check::new("mail_from", Verdict::Ok, format!("{domain}: MX {told}"), why);
            }
            (Verdict::Critical, format!("{domain}: MX {told}, which is not Amazon's"))
        }
        (Answer::Records(_), [Some(host)]) if is_feedback(host) => {
            (Verdict::Critical, format!("{domain}: MX {told}, which is another region's"))
        }
        (Answer::Records(_), [_]) => (Verdict::Critical, format!("{domain}: MX {told}, which is not Amazon's")),
        (Answer::Records(_), several) => {
            (Verdict::Critical, format!("{domain}: {} MX records, and only one may be: {told}", several.len()))
        }
    };
    let check = Check::new("mail_from", verdict, found, why);
    if verdict == Verdict::Unanswered { check } else { check.publish(record) }
}

fn is_feedback(host: &DomainName) -> bool {
    host.as_str().starts_with("feedback-smtp.") && host.as_str().ends_with(".amazonses.com")
}
