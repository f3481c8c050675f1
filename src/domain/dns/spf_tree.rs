//! What it takes to evaluate an SPF record: every record that it leads to, and how many questions that asks of DNS.
//!
//! RFC 7208 §4.6.4 allows ten terms that ask, and two of them that find nothing; past that a receiver gives up with a
//! permanent error. Counted is the longest evaluation, that of a sender whom no term but the last one matches. Macros
//! that depend on the single message are counted and not followed.

use std::collections::BTreeSet;

use super::answer::{Answer, Question, RecordType, Reply};
use super::name::DomainName;
use super::spf::{Mechanism, Qualifier, SpfRecord, Term, is_record};
use super::subject::is_amazon;

/// Most terms that may ask.
pub(crate) const MOST_LOOKUPS: usize = 10;
/// Most of them that may find nothing.
pub(crate) const MOST_VOIDS: usize = 2;
/// Most mail exchanges of one `mx` term.
const MOST_EXCHANGES: usize = 10;
/// Where counting stops: what is so far beyond the limit need not be known to the last term.
const ENOUGH: usize = 40;

/// An evaluation, counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpfTree {
    /// The texts of the domain itself that are SPF records.
    pub(crate) own: Vec<String>,
    /// The terms that ask.
    pub(crate) lookups: usize,
    /// Those that find nothing, in words.
    pub(crate) voids: Vec<String>,
    /// What has to be asked to go on.
    pub(crate) open: Vec<Question>,
    /// What nobody answered, in words.
    pub(crate) unanswered: Vec<String>,
    /// What ends the evaluation in a permanent error, besides too many questions.
    pub(crate) faults: Vec<String>,
    /// The same, where the evaluation of mail from SES never comes: a term before it matches (RFC 7208 §4.6).
    pub(crate) later: Vec<String>,
    /// The terms that ask before the evaluation of mail from SES ends.
    pub(crate) ses_lookups: usize,
    /// Those of them that find nothing.
    pub(crate) ses_voids: usize,
    /// Every domain whose record is included, at any depth.
    pub(crate) included: BTreeSet<DomainName>,
    /// Domains that are included more than once.
    pub(crate) redundant: BTreeSet<DomainName>,
    /// Terms with macros that only a message can fill in.
    pub(crate) unfollowed: Vec<String>,
    /// Terms `ptr`, which no one should use (RFC 7208 §5.5).
    pub(crate) pointers: Vec<String>,
    /// What the first term that stands for SES, at any depth, makes of its mail; `None` when there is no such term.
    pub(crate) ses: Option<Qualifier>,
    /// The `all` at the end of the evaluation, that of the record that `redirect` leads to included.
    pub(crate) all: Option<Qualifier>,
    /// Networks whose mail passes.
    pub(crate) networks: Vec<String>,
    /// Whether one of the terms in `unfollowed` may let somebody pass.
    pub(crate) may_pass: bool,
    /// The terms of the domain's own record, as written, that lead to a fault.
    pub(crate) broken: BTreeSet<String>,
}

/// How the evaluation of one record ends for mail that SES sends.
#[derive(Debug, Clone, Copy, Default)]
struct Ending {
    /// What the first term that stands for SES says.
    ses: Option<Qualifier>,
    /// What `all` says.
    all: Option<Qualifier>,
}

impl Ending {
    fn passes(self) -> bool {
        self.ses.or(self.all) == Some(Qualifier::Pass)
    }
}

/// Follows the record of a domain as far as the answers reach.
pub(crate) fn walk<'a>(reply: &impl Fn(&Question) -> Option<&'a Reply>, domain: &DomainName) -> SpfTree {
    let mut walk = Walk {
        reply,
        origin: domain.clone(),
        tree: SpfTree::default(),
        path: Vec::new(),
        passing: true,
        reached: true,
    };
    let ending = walk.domain(domain, None);
    SpfTree { ses: ending.ses, all: ending.all, ..walk.tree }
}

struct Walk<'f, F> {
    reply: &'f F,
    origin: DomainName,
    tree: SpfTree,
    path: Vec<DomainName>,
    /// Whether what matches now makes mail pass: every include on the way is one of those who pass.
    passing: bool,
    /// Whether the evaluation of mail from SES comes here: no term before this one matched it.
    reached: bool,
}

impl<'a, F: Fn(&Question) -> Option<&'a Reply>> Walk<'_, F> {
    /// The record of a domain; `term` led to it.
    fn domain(&mut self, domain: &DomainName, term: Option<&str>) -> Ending {
        let mut ending = Ending::default();
        if self.path.contains(domain) {
            let led = term.unwrap_or_default();
            self.fault(format!("\"{led}\" leads back to {domain}, in a circle"));
            return ending;
        }
        if self.tree.lookups > ENOUGH {
            return ending;
        }
        let question = Question::new(domain.clone(), RecordType::Txt);
        let Some(reply) = self.answered(question) else { return ending };
        let texts: Vec<String> = reply.texts().into_iter().filter(|text| is_record(text)).collect();
        let led = term.map(|term| format!("\"{term}\": ")).unwrap_or_default();
        match texts.as_slice() {
            [] if term.is_some() => self.fault(format!("{led}{domain} publishes no SPF record")),
            [] => {}
            [_, _, ..] => {
                self.fault(format!("{led}{domain} publishes {} SPF records, and only one may be", texts.len()));
            }
            [text] => {
                let record = SpfRecord::parse(text);
                for fault in &record.faults {
                    self.fault(format!("{led}{fault}"));
                }
                self.path.push(domain.clone());
                ending = self.record(domain, &record);
                self.path.pop();
            }
        }
        if term.is_none() {
            self.tree.own = texts;
        }
        ending
    }

    fn record(&mut self, domain: &DomainName, record: &SpfRecord) -> Ending {
        let reached = self.reached;
        let ending = self.terms(domain, record);
        self.reached = reached;
        ending
    }

    fn terms(&mut self, domain: &DomainName, record: &SpfRecord) -> Ending {
        let mut ending = Ending::default();
        for term in &record.terms {
            if term.mechanism == Mechanism::All {
                return Ending { all: Some(term.qualifier), ..ending };
            }
            let (outer, faults) = (self.passing, self.count_of_faults());
            self.passing = outer && term.qualifier == Qualifier::Pass;
            if self.stands_for_ses(domain, term) {
                ending.ses = ending.ses.or(Some(term.qualifier));
                self.reached = false;
            }
            self.passing = outer;
            self.note_broken(&term.written, faults);
        }
        // Beside an "all" it means nothing (RFC 7208 §6.1).
        if let Some(target) = &record.redirect {
            self.count_lookup();
            let (written, faults) = (format!("redirect={target}"), self.count_of_faults());
            if let Some(target) = self.filled_in(target, domain, &written) {
                let behind = self.domain(&target, Some(&written));
                let amazon = is_amazon(&target).then_some(Qualifier::Pass);
                ending = Ending { ses: ending.ses.or(behind.ses).or(amazon), all: behind.all };
            }
            self.note_broken(&written, faults);
        }
        ending
    }

    /// Follows a term, and says whether it matches mail that SES sends: one that includes what SES publishes of itself, or
    /// a record that lets SES pass (RFC 7208 §5.2).
    fn stands_for_ses(&mut self, domain: &DomainName, term: &Term) -> bool {
        match &term.mechanism {
            Mechanism::Network(network) if self.passing => self.tree.networks.push(network.clone()),
            Mechanism::All | Mechanism::Network(_) => {}
            Mechanism::Include(target) => {
                self.count_lookup();
                let Some(target) = self.filled_in(target, domain, &term.written) else { return false };
                if !self.tree.included.insert(target.clone()) {
                    self.tree.redundant.insert(target.clone());
                }
                return self.domain(&target, Some(&term.written)).passes() || is_amazon(&target);
            }
            Mechanism::A(target) => self.asks(RecordType::A, target.as_deref(), domain, &term.written),
            Mechanism::Mx(target) => self.asks(RecordType::Mx, target.as_deref(), domain, &term.written),
            Mechanism::Exists(target) => self.asks(RecordType::A, Some(target), domain, &term.written),
            Mechanism::Ptr(_) => {
                self.count_lookup();
                self.tree.pointers.push(term.written.clone());
            }
        }
        false
    }

    fn count_lookup(&mut self) {
        self.tree.lookups += 1;
        self.tree.ses_lookups += usize::from(self.reached);
    }

    fn fault(&mut self, fault: String) {
        if self.reached { &mut self.tree.faults } else { &mut self.tree.later }.push(fault);
    }

    fn count_of_faults(&self) -> usize {
        self.tree.faults.len() + self.tree.later.len()
    }

    /// Notes a term of the domain's own record when following it added to the faults.
    fn note_broken(&mut self, written: &str, faults: usize) {
        if self.path.len() == 1 && self.count_of_faults() > faults {
            self.tree.broken.insert(written.to_owned());
        }
    }

    /// A term that asks for addresses or mail exchanges.
    fn asks(&mut self, kind: RecordType, target: Option<&str>, domain: &DomainName, written: &str) {
        self.count_lookup();
        let target = target.map_or_else(|| Some(domain.clone()), |target| self.filled_in(target, domain, written));
        let Some(target) = target else { return };
        if self.tree.lookups > ENOUGH {
            return;
        }
        let question = Question::new(target.clone(), kind);
        let Some(reply) = self.answered(question) else { return };
        match &reply.answer {
            Answer::Absent { .. } => {
                self.tree.voids.push(format!("\"{written}\": {target} has no {}", kind.word()));
                self.tree.ses_voids += usize::from(self.reached);
            }
            Answer::Records(records) if kind == RecordType::Mx && records.len() > MOST_EXCHANGES => {
                let many = records.len();
                self.fault(format!("\"{written}\": {target} has {many} mail exchanges, more than ten"));
            }
            Answer::Records(_) | Answer::Unanswered(_) => {}
        }
    }

    /// The answer to a question; what is missing is noted.
    fn answered(&mut self, question: Question) -> Option<&'a Reply> {
        let Some(reply) = (self.reply)(&question) else {
            if !self.tree.open.contains(&question) {
                self.tree.open.push(question);
            }
            return None;
        };
        if reply.is_circle() {
            self.fault(format!("the CNAMEs of {} lead in a circle", question.name));
            return None;
        }
        if let Some(why) = reply.unanswered() {
            self.tree.unanswered.push(format!("{question}: {why}"));
            return None;
        }
        Some(reply)
    }

    /// A domain with the macros filled in that the domain itself fills in.
    fn filled_in(&mut self, text: &str, domain: &DomainName, written: &str) -> Option<DomainName> {
        let mut text = text.to_owned();
        for (letter, value) in [("d", domain), ("o", &self.origin)] {
            for macro_ in [format!("%{{{letter}}}"), format!("%{{{}}}", letter.to_ascii_uppercase())] {
                text = text.replace(&macro_, value.as_str());
            }
        }
        let name = if text.contains('%') { None } else { DomainName::new(&text) };
        if name.is_none() {
            self.tree.unfollowed.push(written.to_owned());
            self.tree.may_pass |= self.passing;
        }
        name
    }
}

#[cfg(test)]
mod tests;
