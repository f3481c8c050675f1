//! A question to DNS and what came back. Three outcomes are kept apart: there are records, there are none, nobody said.
//!
//! RFC 1034 and RFC 1035 for the records, RFC 2308 for the two ways of there being none.

use std::fmt;
use std::net::IpAddr;

use super::name::DomainName;

/// The types of record that this program asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RecordType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name for the owner.
    Cname,
    /// A mail exchange.
    Mx,
    /// The name of an address.
    Ptr,
    /// Text.
    Txt,
}

impl RecordType {
    const ALL: [Self; 6] = [Self::A, Self::Aaaa, Self::Cname, Self::Mx, Self::Ptr, Self::Txt];

    /// The word of zone files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ptr => "PTR",
            Self::Txt => "TXT",
        }
    }

    /// The type that [`RecordType::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Question {
    /// Of whom.
    pub(crate) name: DomainName,
    /// What.
    pub(crate) kind: RecordType,
}

impl Question {
    /// A question.
    pub(crate) fn new(name: DomainName, kind: RecordType) -> Self {
        Self { name, kind }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind.word(), self.name)
    }
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME.
    Alias(DomainName),
    /// MX; `None` as host says that no mail is taken (RFC 7505 §3).
    Exchange(u16, Option<DomainName>),
    /// PTR.
    Pointer(DomainName),
    /// TXT, its strings joined without anything between them (RFC 7208 §3.3).
    Text(Vec<u8>),
}

impl Value {
    /// Its type.
    pub(crate) fn kind(&self) -> RecordType {
        match self {
            Self::Address(IpAddr::V4(_)) => RecordType::A,
            Self::Address(IpAddr::V6(_)) => RecordType::Aaaa,
            Self::Alias(_) => RecordType::Cname,
            Self::Exchange(..) => RecordType::Mx,
            Self::Pointer(_) => RecordType::Ptr,
            Self::Text(_) => RecordType::Txt,
        }
    }

    /// The octets that stand for it in a database; together with its type they give it back.
    pub(crate) fn octets(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Address(_) | Self::Alias(_) | Self::Exchange(..) | Self::Pointer(_) => self.to_string().into_bytes(),
        }
    }

    /// The value that [`Value::octets`] wrote.
    pub(crate) fn of_octets(kind: RecordType, octets: Vec<u8>) -> Option<Self> {
        if kind == RecordType::Txt {
            return Some(Self::Text(octets));
        }
        let text = String::from_utf8(octets).ok()?;
        let value = match kind {
            RecordType::A | RecordType::Aaaa => Self::Address(text.parse().ok()?),
            RecordType::Cname => Self::Alias(DomainName::new(&text)?),
            RecordType::Ptr => Self::Pointer(DomainName::new(&text)?),
            RecordType::Mx => {
                let (preference, host) = text.split_once(' ')?;
                let host = if host == "." { None } else { Some(DomainName::new(host)?) };
                Self::Exchange(preference.parse().ok()?, host)
            }
            RecordType::Txt => return None,
        };
        (value.kind() == kind).then_some(value)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(out, "{address}"),
            Self::Alias(name) | Self::Pointer(name) => write!(out, "{name}"),
            Self::Exchange(preference, Some(host)) => write!(out, "{preference} {host}"),
            Self::Exchange(preference, None) => write!(out, "{preference} ."),
            Self::Text(text) => out.write_str(&String::from_utf8_lossy(text)),
        }
    }
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Whose it is.
    pub(crate) owner: DomainName,
    /// For how many seconds it may be remembered.
    pub(crate) ttl: u32,
    /// What it says.
    pub(crate) value: Value,
}

/// What DNS says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Records of the type asked for, in any order; never none.
    Records(Vec<Record>),
    /// There are none.
    Absent {
        /// Whether the name has records of another type (NODATA, not NXDOMAIN; RFC 2308 §2).
        name_exists: bool,
        /// For how many seconds that may be remembered, where it was told (RFC 2308 §5).
        ttl: Option<u32>,
    },
    /// Nobody could say: a time-out, a failure of a server, a refusal. There may be records or not.
    Unanswered(String),
}

/// An answer, with the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The CNAMEs from the name asked for to the name that the answer is about; empty as a rule.
    pub(crate) aliases: Vec<Record>,
    /// The answer at their end.
    pub(crate) answer: Answer,
}

impl Reply {
    /// An answer under the name asked for itself.
    pub(crate) fn direct(answer: Answer) -> Self {
        Self { aliases: Vec::new(), answer }
    }

    /// The values of the answer; empty when there are none or nobody could say.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        let records = match &self.answer {
            Answer::Records(records) => records.as_slice(),
            Answer::Absent { .. } | Answer::Unanswered(_) => &[],
        };
        records.iter().map(|record| &record.value)
    }

    /// The texts of the answer, with octets that are no UTF-8 made visible.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.values().filter(|value| value.kind() == RecordType::Txt).map(Value::to_string).collect()
    }

    /// Why nobody could say.
    pub(crate) fn unanswered(&self) -> Option<&str> {
        match &self.answer {
            Answer::Unanswered(why) => Some(why),
            Answer::Records(_) | Answer::Absent { .. } => None,
        }
    }

    /// Whether the CNAMEs lead back to one of themselves.
    pub(crate) fn is_circle(&self) -> bool {
        let end = self.aliases.last().map(|alias| &alias.value);
        self.aliases.iter().any(|alias| matches!(end, Some(Value::Alias(target)) if alias.owner == *target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_from_its_octets_and_no_other_does() {
        let name = || DomainName::new("a.example").unwrap();
        for value in [
            Value::Address("192.0.2.1".parse().unwrap()),
            Value::Address("2001:db8::1".parse().unwrap()),
            Value::Alias(name()),
            Value::Exchange(10, Some(name())),
            Value::Exchange(0, None),
            Value::Pointer(name()),
            Value::Text((0..=255).collect()),
            Value::Text(Vec::new()),
        ] {
            assert_eq!(Value::of_octets(value.kind(), value.octets()), Some(value));
        }
        for (kind, octets) in [
            (RecordType::A, "2001:db8::1"),
            (RecordType::Aaaa, "x"),
            (RecordType::Mx, "10"),
            (RecordType::Mx, "70000 a.example"),
            (RecordType::Cname, ""),
        ] {
            assert_eq!(Value::of_octets(kind, octets.into()), None, "{octets}");
        }
    }

    #[test]
    fn a_circle_of_aliases_is_seen() {
        let alias = |owner, target| Record {
            owner: DomainName::new(owner).unwrap(),
            ttl: 60,
            value: Value::Alias(DomainName::new(target).unwrap()),
        };
        let reply = |aliases| Reply { aliases, answer: Answer::Unanswered("a circle".to_owned()) };
        assert!(reply(vec![alias("a", "b"), alias("b", "a")]).is_circle());
        assert!(reply(vec![alias("a", "a")]).is_circle());
        assert!(!reply(vec![alias("a", "b"), alias("b", "c")]).is_circle());
        assert!(!reply(Vec::new()).is_circle());
    }
}
