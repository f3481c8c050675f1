//! A survey of a sender's DNS: what has been answered so far, and what has to be asked next.
//!
//! Asking is a conversation: the includes of an SPF record, the names of an address and the consent of another domain to
//! reports are known only once something else was answered. [`Survey::open_questions`] gives the next questions, until
//! there are none; whoever asks them may stop at any time and leave the rest unanswered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::answer::{Question, RecordType, Reply, Value};
use super::discovery::{self, Discovery, discover};
use super::dmarc::{DmarcRecord, consents};
use super::name::DomainName;
use super::snapshot::{Entry, Place, Snapshot};
use super::spf_tree::{SpfTree, walk};
use super::subject::{Selector, Subject};

/// Most questions of one survey: a hostile chain of includes must not keep it going.
const MOST_QUESTIONS: usize = 250;

/// A survey under way.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// Whose DNS it is.
    pub(crate) subject: Subject,
    replies: BTreeMap<Question, Reply>,
    also: BTreeMap<Question, Place>,
}

impl Survey {
    /// A survey in which nothing is answered. `also` are the names of the sender's last snapshot.
    pub(crate) fn new(subject: Subject, also: BTreeMap<Question, Place>) -> Self {
        Self { subject, replies: BTreeMap::new(), also }
    }

    /// The survey that a snapshot is the facts of, so that it can be judged again. Of what is known of the sender only that
    /// counts which the snapshot asked about. Names in `retired` were asked about for the sake of an earlier snapshot: they are
    /// the sender's only if something else names them.
    pub(crate) fn recalled(snapshot: &Snapshot, mut known: Subject, retired: &BTreeSet<Question>) -> Self {
        let asked = |name: &DomainName, kind| snapshot.entries.contains_key(&Question::new(name.clone(), kind));
        known.mail_from.retain(|one| asked(&one.domain, RecordType::Mx));
        known.selectors.retain(|one| asked(&one.name, RecordType::Txt));
        known.addresses.retain(|one| DomainName::of_pointer(*one).is_some_and(|name| asked(&name, RecordType::Ptr)));
        for (question, entry) in snapshot.entries.iter().filter(|(question, _)| !retired.contains(question)) {
            let name = question.name.clone();
            match entry.place {
                Place::MailFromMx => known.add_mail_from(name, None),
                Place::Dkim => known.add_selector(Selector { name, target: None, in_use: false }),
                Place::SpfFrom
                | Place::SpfMailFrom
                | Place::Dmarc
                | Place::Bimi
                | Place::MtaSts
                | Place::TlsRpt
                | Place::Behind => {}
            }
        }
        let replies = snapshot.entries.iter().map(|(question, entry)| (question.clone(), entry.reply.clone()));
        Self { subject: known, replies: replies.collect(), also: BTreeMap::new() }
    }

    /// What to ask next; empty when everything is answered that is worth asking.
    pub(crate) fn open_questions(&self) -> Vec<Question> {
        let room = MOST_QUESTIONS.saturating_sub(self.replies.len());
        let mut open: Vec<Question> = self.wanted().into_keys().collect();
        open.retain(|question| !self.replies.contains_key(question));
        open.truncate(room);
        open
    }

    /// Takes an answer.
    pub(crate) fn answer(&mut self, question: Question, reply: Reply) {
        self.replies.insert(question, reply);
    }

    /// The answer to a question; `None` when it was not asked.
    pub(crate) fn reply(&self, name: &DomainName, kind: RecordType) -> Option<&Reply> {
        self.replies.get(&Question::new(name.clone(), kind))
    }

    /// The SPF record of a domain, followed as far as the answers reach.
    pub(crate) fn spf(&self, domain: &DomainName) -> SpfTree {
        walk(&|question| self.replies.get(question), domain)
    }

    /// The DMARC record that governs the sender, as far as the answers reach.
    pub(crate) fn dmarc(&self) -> Discovery {
        discover(&|question| self.replies.get(question), &self.subject.domain)
    }

    /// Whether a name aligns with the domain in From when alignment is relaxed: both belong to one organization, which ends
    /// where a DMARC record says so by `psd`, else where the public suffix list has it (RFC 9989 §4.10.2).
    pub(crate) fn aligns(&self, name: &DomainName) -> bool {
        match self.dmarc().organisation {
            Some(organisation) => name.is_at_or_below(&organisation),
            None => name.organisation() == self.subject.domain.organisation(),
        }
    }

    /// The survey as facts: every answer with the part it plays.
    pub(crate) fn snapshot(&self, taken_at: Timestamp) -> Snapshot {
        let wanted = self.wanted();
        let entries = self.replies.iter().map(|(question, reply)| {
            let place = wanted.get(question).copied().unwrap_or(Place::Behind);
            (question.clone(), Entry { place, reply: reply.clone() })
        });
        Snapshot { domain: self.subject.domain.clone(), taken_at, entries: entries.collect() }
    }

    /// Every question that is worth asking by what is known, with its part. The first part that names a question has it.
    fn wanted(&self) -> BTreeMap<Question, Place> {
        let mut wanted = BTreeMap::new();
        let mut want = |name: Option<DomainName>, kind, place| {
            if let Some(name) = name {
                wanted.entry(Question::new(name, kind)).or_insert(place);
            }
        };
        let domain = &self.subject.domain;
        for mail_from in &self.subject.mail_from {
            want(Some(mail_from.domain.clone()), RecordType::Txt, Place::SpfMailFrom);
            want(Some(mail_from.domain.clone()), RecordType::Mx, Place::MailFromMx);
        }
        want(Some(domain.clone()), RecordType::Txt, Place::SpfFrom);
        for selector in &self.subject.selectors {
            want(Some(selector.name.clone()), RecordType::Txt, Place::Dkim);
        }
        let organisation = domain.organisation();
        for step in discovery::walk(domain) {
            let place = if step.is_at_or_below(&organisation) { Place::Dmarc } else { Place::Behind };
            want(step.below("_dmarc"), RecordType::Txt, place);
        }
        for owner in [domain, &organisation] {
            want(owner.below("default._bimi"), RecordType::Txt, Place::Bimi);
        }
        want(domain.below("_mta-sts"), RecordType::Txt, Place::MtaSts);
        want(domain.below("_smtp._tls"), RecordType::Txt, Place::TlsRpt);
        for address in &self.subject.addresses {
            want(DomainName::of_pointer(*address), RecordType::Ptr, Place::Behind);
        }
        for question in self.questions_behind() {
            want(Some(question.name), question.kind, Place::Behind);
        }
        for (question, place) in &self.also {
            want(Some(question.name.clone()), question.kind, *place);
        }
        wanted
    }
}

impl Survey {
    /// What other answers lead to: the records that SPF includes, the addresses of the names of addresses, the consent of
    /// other domains to reports.
    fn questions_behind(&self) -> Vec<Question> {
        let domain = &self.subject.domain;
        let domains = self.subject.mail_from.iter().map(|mail_from| &mail_from.domain).chain([domain]);
        let mut behind: Vec<Question> = domains.flat_map(|domain| self.spf(domain).open).collect();
        for address in &self.subject.addresses {
            let pointer = DomainName::of_pointer(*address);
            let reply = pointer.and_then(|name| self.replies.get(&Question::new(name, RecordType::Ptr)));
            let kind = if address.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
            behind.extend(reply.into_iter().flat_map(Reply::values).filter_map(|value| match value {
                Value::Pointer(host) => Some(Question::new(host.clone(), kind)),
                Value::Address(_) | Value::Alias(_) | Value::Exchange(..) | Value::Text(_) => None,
            }));
        }
        if let Some((owner, text)) = self.dmarc().record {
            let consents = consents(&owner, &DmarcRecord::parse(&text));
            behind.extend(consents.into_iter().map(|(_, name)| Question::new(name, RecordType::Txt)));
        }
        behind
    }
}

#[cfg(test)]
mod tests;
