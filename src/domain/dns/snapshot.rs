//! A snapshot: what DNS said about one domain at one moment, each answer with the part it plays.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::answer::{Answer, Question, Record, Reply, Value};
use super::name::DomainName;
use super::record::{is_spf, normalised};

/// The part that the records of a name play for a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// SPF of the domain in From.
    SpfFrom,
    /// SPF of the MAIL FROM domain, the one that receivers evaluate.
    SpfMailFrom,
    /// MX of the MAIL FROM domain.
    MailFromMx,
    /// A DKIM key, or the CNAME to it.
    Dkim,
    /// DMARC, at the domain or above it.
    Dmarc,
    /// BIMI.
    Bimi,
    /// MTA-STS.
    MtaSts,
    /// TLS-RPT.
    TlsRpt,
    /// Not the sender's own: what includes lead to, addresses and their names, other domains' consent to reports.
    Behind,
}

impl Place {
    const ALL: [Self; 9] = [
        Self::SpfFrom,
        Self::SpfMailFrom,
        Self::MailFromMx,
        Self::Dkim,
        Self::Dmarc,
        Self::Bimi,
        Self::MtaSts,
        Self::TlsRpt,
        Self::Behind,
    ];

    /// The word of databases and of JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SpfFrom => "spf_from",
            Self::SpfMailFrom => "spf_mail_from",
            Self::MailFromMx => "mail_from_mx",
            Self::Dkim => "dkim",
            Self::Dmarc => "dmarc",
            Self::Bimi => "bimi",
            Self::MtaSts => "mta_sts",
            Self::TlsRpt => "tls_rpt",
            Self::Behind => "behind",
        }
    }

    /// The place that [`Place::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.word() == word)
    }

    /// How people call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::SpfFrom => "SPF of the From domain",
            Self::SpfMailFrom => "SPF of the MAIL FROM domain",
            Self::MailFromMx => "MX of the MAIL FROM domain",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::Bimi => "BIMI",
            Self::MtaSts => "MTA-STS",
            Self::TlsRpt => "TLS-RPT",
            Self::Behind => "not the sender's own",
        }
    }
}

/// One answer of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its part.
    pub(crate) place: Place,
    /// The answer.
    pub(crate) reply: Reply,
}

/// What a sender publishes under one name, in the form in which it is compared; empty when there is nothing.
pub(crate) type Published = BTreeSet<String>;

impl Entry {
    /// What the sender itself publishes here; `None` when nobody could say, or when it is not the sender's.
    ///
    /// A CNAME is what is published where there is one: what lies at its end is another's to change. Among the texts of
    /// a domain only its SPF records count.
    pub(crate) fn published(&self) -> Option<Published> {
        if let Some(alias) = self.reply.aliases.first() {
            return (self.place != Place::Behind).then(|| Published::from([format!("CNAME {}", alias.value)]));
        }
        let records = match (self.place, &self.reply.answer) {
            (Place::Behind, _) | (_, Answer::Unanswered(_)) => return None,
            (_, Answer::Absent { .. }) => &[][..],
            (_, Answer::Records(records)) => records,
        };
        let counts = |record: &&Record| match (self.place, &record.value) {
            (Place::SpfFrom | Place::SpfMailFrom, value @ Value::Text(_)) => is_spf(&value.to_string()),
            (_, Value::Text(_) | Value::Exchange(..) | Value::Alias(_) | Value::Address(_) | Value::Pointer(_)) => true,
        };
        Some(records.iter().filter(counts).map(|record| normalised(&record.value)).collect())
    }

    /// For how many seconds the sender's own answer may be remembered; `None` when it was not told.
    pub(crate) fn ttl(&self) -> Option<u32> {
        if let Some(alias) = self.reply.aliases.first() {
            return Some(alias.ttl);
        }
        match &self.reply.answer {
            Answer::Records(records) => records.iter().map(|record| record.ttl).max(),
            Answer::Absent { ttl, .. } => *ttl,
            Answer::Unanswered(_) => None,
        }
    }
}

/// What DNS said about one domain at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The domain in From.
    pub(crate) domain: DomainName,
    /// When the first question was asked.
    pub(crate) taken_at: Timestamp,
    /// The answers.
    pub(crate) entries: BTreeMap<Question, Entry>,
}

impl Snapshot {
    /// The sender's own names in it: they are asked again next time even if nothing names them any more, so that a
    /// record that was taken away is seen to be gone. Once that was seen, such a name is not asked any more.
    pub(crate) fn own_questions(&self) -> impl Iterator<Item = (&Question, Place)> {
        let own = self.entries.iter().filter(|(_, entry)| entry.place != Place::Behind);
        let there = own.filter(|(_, entry)| entry.published().is_none_or(|records| !records.is_empty()));
        there.map(|(question, entry)| (question, entry.place))
    }
}
