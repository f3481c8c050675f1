//! Which DMARC record governs a domain, and how far its organization reaches (RFC 9989 §4.10).

use super::answer::{Question, RecordType, Reply};
use super::dmarc::{DmarcRecord, is_record, means_to_be};
use super::name::DomainName;

/// Most names on the walk up the tree for a record (RFC 9989 §4.10).
const LONGEST_WALK: usize = 8;

/// The record that governs a domain, and what stands in the way of knowing it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Discovery {
    /// The domain that publishes it, its text, and whether it is the domain's own.
    pub(crate) record: Option<(DomainName, String)>,
    /// Names with several records, with those: receivers ignore them all (RFC 9989 §4.10).
    pub(crate) several: Vec<(DomainName, Vec<String>)>,
    /// Texts that mean to be a record and are none.
    pub(crate) misspelt: Vec<(DomainName, String)>,
    /// Names that nobody answered, with why; each may hide a record.
    pub(crate) unanswered: Vec<(DomainName, String)>,
    /// Where the organization ends, when a record says so by `psd`; receivers go by the names themselves otherwise.
    pub(crate) organisation: Option<DomainName>,
}

impl Discovery {
    /// What stands in the way of knowing the record that governs a domain, in words.
    pub(crate) fn silence(&self) -> String {
        self.unanswered.iter().map(|(_, told)| told.as_str()).collect::<Vec<_>>().join("; ")
    }
}

/// Walks up the tree (RFC 9989 §4.10). The domain's own record governs it; without one that of the organization does: the
/// highest on the way, unless a record says by `psd` where the organization ends.
pub(crate) fn discover<'a>(reply: &impl Fn(&Question) -> Option<&'a Reply>, domain: &DomainName) -> Discovery {
    let mut discovery = Discovery::default();
    let mut found: Vec<(DomainName, String)> = Vec::new();
    let mut suffix = None;
    for step in walk(domain) {
        let Some(name) = step.below("_dmarc") else { continue };
        let question = Question::new(name, RecordType::Txt);
        let Some(reply) = reply(&question) else { continue };
        if let Some(why) = reply.unanswered() {
            discovery.unanswered.push((step.clone(), format!("TXT {}: {why}", question.name)));
            continue;
        }
        let texts = reply.texts();
        let records: Vec<&String> = texts.iter().filter(|text| is_record(text)).collect();
        let wrong = texts.iter().filter(|text| !is_record(text) && means_to_be(text));
        discovery.misspelt.extend(wrong.map(|text| (step.clone(), text.clone())));
        match records.as_slice() {
            [] => {}
            [text] => {
                let psd = DmarcRecord::parse(text).psd;
                found.push((step.clone(), (*text).clone()));
                if psd == 'n' {
                    discovery.organisation = Some(step);
                    break;
                }
                if psd == 'y' && step != *domain {
                    discovery.organisation = domain.last_labels(step.labels().count().saturating_add(1));
                    suffix = Some(step);
                    break;
                }
            }
            several => discovery.several.push((step.clone(), several.iter().copied().cloned().collect())),
        }
    }
    let of = |owner: &DomainName| found.iter().find(|(step, _)| step == owner).cloned();
    let above = match (&discovery.organisation, &suffix) {
        // That of a public suffix only counts where the organization has none.
        (Some(organisation), Some(suffix)) => of(organisation).or_else(|| of(suffix)),
        _ => found.last().cloned(),
    };
    discovery.record = of(domain).or(above);
    discovery
}

/// The domains whose `_dmarc` name is asked, from the domain itself up to the top (RFC 9989 §4.10): of a name of more
/// than eight labels the middle is skipped, so that there are never more than eight.
pub(crate) fn walk(domain: &DomainName) -> Vec<DomainName> {
    let mut walk = vec![domain.clone()];
    let labels = domain.labels().count();
    let from = if labels > LONGEST_WALK { LONGEST_WALK - 1 } else { labels.saturating_sub(1) };
    walk.extend((1..=from).rev().filter_map(|count| domain.last_labels(count)));
    walk
}
