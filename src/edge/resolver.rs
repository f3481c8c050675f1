//! The resolver: questions to DNS, and answers that keep three outcomes apart.
//!
//! It asks the system's name servers or the one that is configured, over UDP and, where an answer does not fit, over TCP.
//! It has no memory: each answer is as fresh as the server's own, with the TTL that is left there. `SERVFAIL`, `REFUSED`,
//! a time-out and a circle of CNAMEs are no answers; only NXDOMAIN and NODATA say that there is no record. CNAMEs on the
//! way are told, also where nothing is found at their end.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{self, Name, RData};
use hickory_resolver::{Resolver as Hickory, TokioResolver};

use crate::domain::dns::answer::{Answer, Question, Record, RecordType, Reply, Value};
use crate::domain::dns::name::DomainName;

/// Most questions at once. One connection of the library takes 32.
const AT_ONCE: usize = 12;
/// How long a silent server is waited for; it is asked twice.
const SILENCE: Duration = Duration::from_secs(2);
/// Most CNAMEs that are followed, as most resolvers have it.
const LONGEST_CHAIN: usize = 8;
/// Most records of one answer that are taken, and most octets of one text: what is published is bounded. A part of an
/// answer is none.
const MOST_RECORDS: usize = 500;
const LONGEST_TEXT: usize = 65_535;

/// A way to DNS.
#[derive(Clone)]
pub(crate) struct Resolver {
    hickory: TokioResolver,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Resolver")
    }
}

impl Resolver {
    /// A resolver that asks this server, or the system's own; the error says why the latter are not known.
    pub(crate) fn new(server: Option<SocketAddr>) -> Result<Self, String> {
        Self::with_patience(server, SILENCE)
    }

    /// The same with another patience for a silent server.
    pub(crate) fn with_patience(server: Option<SocketAddr>, silence: Duration) -> Result<Self, String> {
        let mut builder = match server {
            Some(server) => Hickory::builder_with_config(only(server), TokioRuntimeProvider::default()),
            None => Hickory::builder_tokio().map_err(|error| {
                format!("the system's name servers are not known: {error}; set `resolver` under [dns]")
            })?,
        };
        *builder.options_mut() = options(silence);
        let hickory = builder.build().map_err(|error| format!("prepare to ask DNS: {error}"))?;
        Ok(Self { hickory })
    }

    /// Asks all of these, several at a time; answers come in any order.
    pub(crate) fn ask_all(&self, questions: Vec<Question>) -> impl Stream<Item = (Question, Reply)> {
        futures_util::stream::iter(questions)
            .map(move |question| async move {
                let reply = self.ask(&question).await;
                (question, reply)
            })
            .buffer_unordered(AT_ONCE)
    }

    /// Asks one question.
    pub(crate) async fn ask(&self, question: &Question) -> Reply {
        let (aliases, answer) = self.lookup(&question.name, question.kind).await;
        if matches!(answer, Answer::Records(_)) || question.kind == RecordType::Cname {
            return Reply { aliases, answer };
        }
        // The library forgets the CNAMEs on the way to nothing, and takes a circle of them for nothing.
        let aliases = self.chain(&question.name).await;
        let reply = Reply { aliases, answer };
        if reply.is_circle() || reply.aliases.len() >= LONGEST_CHAIN {
            let why = if reply.is_circle() { "its CNAMEs lead in a circle" } else { "its CNAMEs come to no end" };
            return Reply { answer: Answer::Unanswered(why.to_owned()), ..reply };
        }
        reply
    }

    /// The CNAMEs from a name on, until one leads nowhere further, back, or could not be asked.
    async fn chain(&self, from: &DomainName) -> Vec<Record> {
        let mut chain: Vec<Record> = Vec::new();
        let mut next = from.clone();
        while chain.len() < LONGEST_CHAIN && !chain.iter().any(|alias| alias.owner == next) {
            let (_, Answer::Records(records)) = self.lookup(&next, RecordType::Cname).await else { break };
            let Some(alias) = records.into_iter().find(|record| record.owner == next) else { break };
            let Value::Alias(target) = &alias.value else { break };
            next = target.clone();
            chain.push(alias);
        }
        chain
    }

    async fn lookup(&self, name: &DomainName, kind: RecordType) -> (Vec<Record>, Answer) {
        // With the final dot no search domain of the system is tried.
        let Ok(asked) = Name::from_ascii(format!("{name}.")) else {
            return (Vec::new(), Answer::Unanswered("it is no name that DNS can be asked for".to_owned()));
        };
        match self.hickory.lookup(asked, type_of(kind)).await {
            Ok(lookup) => sorted(name, kind, lookup.answers()),
            Err(error) => (Vec::new(), outcome(&error)),
        }
    }
}

/// The records of an answer, apart from the CNAMEs that led to them.
fn sorted(name: &DomainName, kind: RecordType, answers: &[rr::Record]) -> (Vec<Record>, Answer) {
    let of_kind = answers.iter().filter(|record| record.record_type() == type_of(kind)).count();
    let known: Vec<Record> = answers.iter().filter_map(record).collect();
    let mut aliases: Vec<Record> = Vec::new();
    if kind != RecordType::Cname {
        let mut next = name.clone();
        while aliases.len() < LONGEST_CHAIN {
            let leads_on = |record: &&Record| record.owner == next && matches!(record.value, Value::Alias(_));
            let Some(alias) = known.iter().find(leads_on) else { break };
            if let Value::Alias(target) = &alias.value {
                next = target.clone();
            }
            aliases.push(alias.clone());
        }
    }
    let records: Vec<Record> = known.into_iter().filter(|record| record.value.kind() == kind).collect();
    if records.is_empty() {
        return (aliases, Answer::Unanswered("the answer holds no record that can be read".to_owned()));
    }
    // A record that is left out would be taken for one that is not published.
    if records.len() != of_kind {
        return (aliases, Answer::Unanswered("the answer holds a record that cannot be read".to_owned()));
    }
    if of_kind > MOST_RECORDS {
        let why = format!("the answer holds {of_kind} records, more than {MOST_RECORDS}");
        return (aliases, Answer::Unanswered(why));
    }
    (aliases, Answer::Records(records))
}

fn record(record: &rr::Record) -> Option<Record> {
    let name = |name: &Name| DomainName::new(&name.to_ascii());
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other type is asked for, and the library may add some")]
    let value = match &record.data {
        RData::A(address) => Value::Address(IpAddr::V4(address.0)),
        RData::AAAA(address) => Value::Address(IpAddr::V6(address.0)),
        RData::CNAME(target) => Value::Alias(name(&target.0)?),
        RData::PTR(host) => Value::Pointer(name(&host.0)?),
        RData::MX(mx) if mx.exchange.is_root() => Value::Exchange(mx.preference, None),
        RData::MX(mx) => Value::Exchange(mx.preference, Some(name(&mx.exchange)?)),
        RData::TXT(text) => {
            let mut joined: Vec<u8> = text.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
            joined.truncate(LONGEST_TEXT);
            Value::Text(joined)
        }
        _ => return None,
    };
    Some(Record { owner: name(&record.name)?, ttl: record.ttl, value })
}

/// What a failure of the library means. Everything that does not say that there is no record leaves the question open.
#[expect(clippy::wildcard_enum_match_arm, reason = "every failure that is not named leaves the question open")]
fn outcome(error: &NetError) -> Answer {
    let why = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            // A server that does not look names up itself names others instead (RFC 2308 §2.1).
            ResponseCode::NoError if none.soa.is_none() && none.ns.is_some() => {
                "the name server only names other servers; it has to be one that looks names up (recursion)".to_owned()
            }
            ResponseCode::NXDomain => return Answer::Absent { name_exists: false, ttl: none.negative_ttl },
            ResponseCode::NoError => return Answer::Absent { name_exists: true, ttl: none.negative_ttl },
            code => format!("the name server answered {}", code.to_str()),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::ServFail)) => {
            "the name server answered SERVFAIL: it could not find out".to_owned()
        }
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => {
            "the name server refused to answer (REFUSED)".to_owned()
        }
        NetError::Timeout => "the name server did not answer in time".to_owned(),
        NetError::Truncated => "the answer does not fit, over TCP neither".to_owned(),
        other => format!("the name server could not be asked: {other}"),
    };
    Answer::Unanswered(why)
}

fn type_of(kind: RecordType) -> rr::RecordType {
    match kind {
        RecordType::A => rr::RecordType::A,
        RecordType::Aaaa => rr::RecordType::AAAA,
        RecordType::Cname => rr::RecordType::CNAME,
        RecordType::Mx => rr::RecordType::MX,
        RecordType::Ptr => rr::RecordType::PTR,
        RecordType::Txt => rr::RecordType::TXT,
    }
}

fn only(server: SocketAddr) -> ResolverConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, connections.to_vec())])
}

fn options(silence: Duration) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.cache_size = 0;
    options.timeout = silence;
    options.attempts = 1;
    options.use_hosts_file = ResolveHosts::Never;
    options.preserve_intermediates = true;
    options
}

#[cfg(test)]
mod tests;
