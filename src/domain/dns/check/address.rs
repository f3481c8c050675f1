//! The names of the sending addresses: each has one, and it leads back (RFC 1912 §2.1).

use std::net::IpAddr;

use super::{Check, Verdict};
use crate::domain::dns::answer::{Answer, RecordType, Value};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::survey::Survey;

const WHY: &str = "Gmail defers or refuses mail from addresses without a name that leads back; for the shared addresses of \
                   SES Amazon sees to it, for dedicated ones with names of your own you do";

pub(super) fn checks(survey: &Survey) -> Vec<Check> {
    if survey.subject.addresses.is_empty() {
        let found = "not known: no run has seen yet which address SES sends from";
        return vec![Check::new("ptr", Verdict::Info, found, WHY)];
    }
    survey.subject.addresses.iter().map(|address| check(survey, *address)).collect()
}

fn check(survey: &Survey, address: IpAddr) -> Check {
    let reply = DomainName::of_pointer(address).and_then(|name| survey.reply(&name, RecordType::Ptr));
    let Some(reply) = reply else {
        return Check::new("ptr", Verdict::Unanswered, format!("{address}: its name was not asked"), WHY);
    };
    let hosts: Vec<&DomainName> = reply
        .values()
        .filter_map(|value| match value {
            Value::Pointer(host) => Some(host),
            Value::Address(_) | Value::Alias(_) | Value::Exchange(..) | Value::Text(_) => None,
        })
        .collect();
    match &reply.answer {
        Answer::Unanswered(why) => Check::new("ptr", Verdict::Unanswered, format!("{address}: {why}"), WHY),
        Answer::Absent { .. } => Check::new("ptr", Verdict::Critical, format!("{address} has no name"), WHY),
        Answer::Records(_) => forward(survey, address, &hosts),
    }
}

/// Whether one of the names leads back.
fn forward(survey: &Survey, address: IpAddr, hosts: &[&DomainName]) -> Check {
    let kind = if address.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
    let mut silent = Vec::new();
    for host in hosts {
        match survey.reply(host, kind) {
            Some(reply) if reply.values().any(|value| *value == Value::Address(address)) => {
                return Check::new("ptr", Verdict::Ok, format!("{address} is {host}, and {host} is {address}"), WHY);
            }
            Some(reply) => silent.extend(reply.unanswered().map(|why| format!("{host}: {why}"))),
            None => silent.push(format!("{host} was not asked")),
        }
    }
    let names = hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>().join(", ");
    if silent.is_empty() {
        return Check::new(
            "ptr",
            Verdict::Critical,
            format!("{address} is {names}, which does not lead back to it"),
            WHY,
        );
    }
    Check::new("ptr", Verdict::Unanswered, format!("{address} is {names}; {}", silent.join("; ")), WHY)
}
