//! SPF (RFC 7208): of the MAIL FROM domain, which receivers evaluate, and of the domain in From, where many look for it.

use super::{Check, Verdict, txt_line};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::spf::{Mechanism, Qualifier, SpfRecord};
use crate::domain::dns::spf_tree::{MOST_LOOKUPS, MOST_VOIDS, SpfTree};
use crate::domain::dns::subject::is_amazon;
use crate::domain::dns::survey::Survey;

/// What lets SES send.
const SES: &str = "amazonses.com";

pub(super) fn checks(survey: &Survey) -> Vec<Check> {
    let mut checks = Vec::new();
    for mail_from in &survey.subject.mail_from {
        checks.extend(of_mail_from(survey, &mail_from.domain));
    }
    if !survey.subject.mail_from.iter().any(|mail_from| mail_from.domain == survey.subject.domain) {
        checks.push(of_from(survey));
    }
    checks
}

/// The record that receivers evaluate.
fn of_mail_from(survey: &Survey, domain: &DomainName) -> Vec<Check> {
    let tree = survey.spf(domain);
    let mended = mended(domain, &tree.own);
    let [text] = tree.own.as_slice() else { return vec![no_record_check(domain, &tree, mended)] };
    let record = SpfRecord::parse(text);
    let mut checks = vec![record_check(domain, &tree, &record, text, &mended)];
    checks.push(lookup_check(domain, &tree));
    checks.extend(all_check(domain, &record, &tree, &mended));
    checks.extend(term_checks(&tree, &record));
    checks
}

/// There is none, or there are several, or nobody could say.
fn no_record_check(domain: &DomainName, tree: &SpfTree, mended: String) -> Check {
    let why = "SPF is evaluated at the MAIL FROM domain, and Gmail, Outlook and Yahoo want it to pass";
    if !tree.unanswered.is_empty() {
        return Check::new("spf", Verdict::Unanswered, tree.unanswered.join("; "), why);
    }
    if !tree.open.is_empty() {
        return Check::new("spf", Verdict::Unanswered, format!("TXT {domain}: it was not asked"), why);
    }
    let found = if tree.faults.is_empty() {
        format!("{domain} publishes no SPF record")
    } else {
        let texts = if tree.own.is_empty() { String::new() } else { format!(": {}", tree.own.join(" | ")) };
        format!("{}{texts}", tree.faults.join("; "))
    };
    Check::new("spf", Verdict::Critical, found, why).publish(mended)
}

fn record_check(domain: &DomainName, tree: &SpfTree, record: &SpfRecord, text: &str, mended: &str) -> Check {
    if !tree.faults.is_empty() {
        let found = format!("{domain}: {text}: {}", tree.faults.join("; "));
        return Check::new(
            "spf",
            Verdict::Critical,
            found,
            "receivers give up with a permanent error: SPF fails for all mail",
        )
        .publish(mended);
    }
    let lets_ses_send = tree.included.iter().any(is_amazon);
    if lets_ses_send {
        return Check::new("spf", Verdict::Ok, format!("{domain}: {text}"), "one record, and it lets SES send");
    }
    if !tree.unanswered.is_empty() {
        let found = format!("{domain}: {text}: {}", tree.unanswered.join("; "));
        let why = "whether the record lets SES send depends on what nobody answered";
        return Check::new("spf", Verdict::Unanswered, found, why);
    }
    let passes_all = record.all() == Some(Qualifier::Pass);
    let verdict = if passes_all { Verdict::Warning } else { Verdict::Critical };
    let found = format!("{domain}: {text}: it does not include {SES}");
    Check::new("spf", verdict, found, "SES sends this mail, and the record does not name it: SPF does not pass")
        .publish(mended)
}

/// How many questions an evaluation asks.
fn lookup_check(domain: &DomainName, tree: &SpfTree) -> Check {
    let id = "spf.lookups";
    let found = format!(
        "{domain}: {} of {MOST_LOOKUPS} lookups, {} of {MOST_VOIDS} that find nothing",
        tree.lookups,
        tree.voids.len()
    );
    let why = "past ten lookups, or two that find nothing, receivers give up with a permanent error (RFC 7208 §4.6.4)";
    if tree.lookups > MOST_LOOKUPS {
        return Check::new(id, Verdict::Critical, found, format!("{why}; take out includes that are no longer needed"));
    }
    if tree.voids.len() > MOST_VOIDS {
        let found = format!("{found}: {}", tree.voids.join("; "));
        return Check::new(id, Verdict::Critical, found, format!("{why}; take these terms out"));
    }
    if !tree.unanswered.is_empty() {
        let found = format!("{found}, without what nobody answered: {}", tree.unanswered.join("; "));
        return Check::new(id, Verdict::Unanswered, found, why);
    }
    if !tree.voids.is_empty() {
        let found = format!("{found}: {}", tree.voids.join("; "));
        return Check::new(id, Verdict::Warning, found, format!("{why}; take these terms out"));
    }
    if tree.lookups == MOST_LOOKUPS {
        return Check::new(id, Verdict::Warning, found, format!("{why}; one more include of a provider breaks it"));
    }
    let found = if tree.unfollowed.is_empty() {
        found
    } else {
        format!("{found}; not followed, as only a message fills the macros in: {}", tree.unfollowed.join(" "))
    };
    Check::new(id, Verdict::Ok, found, why)
}

fn all_check(domain: &DomainName, record: &SpfRecord, tree: &SpfTree, mended: &str) -> Option<Check> {
    let (verdict, found, why) = match record.all() {
        Some(Qualifier::Fail | Qualifier::SoftFail) => return None,
        Some(Qualifier::Pass) => {
            (Verdict::Critical, "+all", "everybody may send as you, and filters hold it against you")
        }
        Some(Qualifier::Neutral) => (Verdict::Warning, "?all", "the record says nothing of anybody else"),
        // The record that redirect leads to has its own.
        None if record.redirect.is_some() && tree.faults.is_empty() => return None,
        None => (Verdict::Warning, "no all", "the record says nothing of anybody else"),
    };
    Some(Check::new("spf.all", verdict, format!("{domain}: {found}"), why).publish(mended))
}

fn term_checks(tree: &SpfTree, record: &SpfRecord) -> Vec<Check> {
    let mut checks = Vec::new();
    if !tree.redundant.is_empty() {
        let names = tree.redundant.iter().map(DomainName::as_str).collect::<Vec<_>>().join(", ");
        let why = "each costs lookups again; another include already brings it along";
        checks.push(Check::new("spf.redundant", Verdict::Warning, format!("included more than once: {names}"), why));
    }
    if !tree.pointers.is_empty() {
        let why = "ptr is slow and unreliable, should not be published (RFC 7208 §5.5), and some receivers ignore it";
        checks.push(Check::new("spf.ptr", Verdict::Warning, format!("terms {}", tree.pointers.join(" ")), why));
    }
    let networks = record.terms.iter().filter(|term| matches!(term.mechanism, Mechanism::Network(_))).count();
    if networks > MOST_NETWORKS {
        let why = "includes written out as addresses (flattened) go stale when a provider moves; SES's addresses do";
        checks.push(Check::new("spf.flattened", Verdict::Warning, format!("{networks} networks in one record"), why));
    }
    if !record.oddities.is_empty() {
        let why = "it has no effect";
        checks.push(Check::new("spf.odd", Verdict::Warning, record.oddities.join("; "), why));
    }
    checks
}

/// More networks than this in one record look like includes that somebody wrote out.
const MOST_NETWORKS: usize = 12;

/// The record of the domain in From, which SES's mail is not judged by once there is a MAIL FROM domain.
fn of_from(survey: &Survey) -> Check {
    let domain = &survey.subject.domain;
    let tree = survey.spf(domain);
    let why = "SPF of mail through SES is evaluated at the MAIL FROM domain, not here; other mail from this domain is";
    if tree.own.is_empty() && tree.unanswered.is_empty() && tree.faults.is_empty() {
        return Check::new("spf.from", Verdict::Info, format!("{domain} publishes no SPF record"), why);
    }
    let text = tree.own.join(" | ");
    if tree.lookups > MOST_LOOKUPS || tree.voids.len() > MOST_VOIDS || !tree.faults.is_empty() {
        let mut faults = tree.faults.clone();
        if tree.lookups > MOST_LOOKUPS || tree.voids.len() > MOST_VOIDS {
            faults.push(format!("{} lookups, {} that find nothing", tree.lookups, tree.voids.len()));
        }
        let found = format!("{domain}: {text}: {}", faults.join("; "));
        return Check::new("spf.from", Verdict::Warning, found, format!("{why}, and this record is a permanent error"));
    }
    if !tree.unanswered.is_empty() {
        return Check::new("spf.from", Verdict::Unanswered, tree.unanswered.join("; "), why);
    }
    Check::new("spf.from", Verdict::Info, format!("{domain}: {text}"), why)
}

/// A record that keeps every good term of these, includes SES, and ends as they did or in `~all`.
fn mended(domain: &DomainName, texts: &[String]) -> String {
    let mut terms: Vec<String> = vec![format!("include:{SES}")];
    let mut all = "~all";
    for text in texts {
        let record = SpfRecord::parse(text);
        if record.all() == Some(Qualifier::Fail) {
            all = "-all";
        }
        for term in record.terms {
            let is_kept = !matches!(term.mechanism, Mechanism::All | Mechanism::Ptr(_));
            if is_kept && !terms.contains(&term.written) {
                terms.push(term.written);
            }
        }
    }
    txt_line(domain, &format!("v=spf1 {} {all}", terms.join(" ")))
}
