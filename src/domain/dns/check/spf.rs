//! SPF (RFC 7208): of the MAIL FROM domain, which receivers evaluate, and of the domain in From, where many look for it.

use super::{Check, Verdict, txt_line};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::spf::{Mechanism, Qualifier, SpfRecord, holds};
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
    let mended = mended(domain, &tree);
    let [text] = tree.own.as_slice() else { return vec![no_record_check(domain, &tree, mended)] };
    let record = SpfRecord::parse(text);
    let mut checks = vec![record_check(survey, domain, &tree, text, &mended)];
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

fn record_check(survey: &Survey, domain: &DomainName, tree: &SpfTree, text: &str, mended: &str) -> Check {
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
    match tree.ses {
        Some(Qualifier::Pass) if !tree.later.is_empty() => {
            let found = format!("{domain}: {text}: for mail that is not from SES: {}", tree.later.join("; "));
            let why = "mail from SES passes before that; all other mail ends in a permanent error";
            return Check::new("spf", Verdict::Warning, found, why).publish(mended);
        }
        Some(Qualifier::Pass) => {
            return Check::new("spf", Verdict::Ok, format!("{domain}: {text}"), "one record, and it lets SES send");
        }
        Some(sign) => {
            let found = format!("{domain}: {text}: {SES} is named, and its mail ends in {}", sign.word());
            let why = "only an include without a sign, or with +, lets SES send (RFC 7208 §4.6.2)";
            return Check::new("spf", Verdict::Critical, found, why).publish(mended);
        }
        None => {}
    }
    if !tree.unanswered.is_empty() {
        let found = format!("{domain}: {text}: {}", tree.unanswered.join("; "));
        let why = "whether the record lets SES send depends on what nobody answered";
        return Check::new("spf", Verdict::Unanswered, found, why);
    }
    if tree.may_pass {
        let found = format!("{domain}: {text}: not followed: {}", tree.unfollowed.join(" "));
        let why =
            "whether the record lets SES send depends on macros that only a message fills in; a test run shows it";
        return Check::new("spf", Verdict::Unanswered, found, why);
    }
    let found = format!("{domain}: {text}: it does not include {SES}");
    let addresses = &survey.subject.addresses;
    let is_named = |address| tree.networks.iter().any(|network| holds(network, address));
    if !addresses.is_empty() && addresses.iter().copied().all(is_named) {
        let found = format!("{found}, only addresses that SES sent from lately");
        let why = "SES sends from other addresses whenever it wants to, and SPF does not pass from them";
        return Check::new("spf", Verdict::Warning, found, why).publish(mended);
    }
    let verdict = if tree.all == Some(Qualifier::Pass) { Verdict::Warning } else { Verdict::Critical };
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
    let is_met = tree.ses != Some(Qualifier::Pass) || tree.ses_lookups > MOST_LOOKUPS || tree.ses_voids > MOST_VOIDS;
    let why = if is_met || (tree.lookups <= MOST_LOOKUPS && tree.voids.len() <= MOST_VOIDS) {
        "past ten lookups, or two that find nothing, receivers give up with a permanent error (RFC 7208 §4.6.4)"
    } else {
        "past ten lookups, or two that find nothing, receivers give up with a permanent error (RFC 7208 §4.6.4); mail from SES \
         matches before that, but who checks the whole record calls it invalid, and all other mail fails"
    };
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
    let is_whole = [&tree.faults, &tree.later, &tree.unanswered, &tree.unfollowed].into_iter().all(Vec::is_empty);
    let (verdict, found, why) = match tree.all {
        Some(Qualifier::Fail | Qualifier::SoftFail) => return None,
        Some(Qualifier::Pass) => {
            (Verdict::Critical, "+all", "everybody may send as you, and filters hold it against you")
        }
        Some(Qualifier::Neutral) => (Verdict::Warning, "?all", "the record says nothing of anybody else"),
        // The record that redirect leads to may have its own.
        None if record.redirect.is_some() && !is_whole => return None,
        None => (Verdict::Warning, "no all", "the record says nothing of anybody else"),
    };
    match &record.redirect {
        Some(target) if record.all().is_none() => {
            let found = format!("{domain}: {found} behind redirect={target}");
            Some(Check::new("spf.all", verdict, found, why))
        }
        _ => Some(Check::new("spf.all", verdict, format!("{domain}: {found}"), why).publish(mended)),
    }
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
    let has_faults = !(tree.faults.is_empty() && tree.later.is_empty());
    if tree.lookups > MOST_LOOKUPS || tree.voids.len() > MOST_VOIDS || has_faults {
        let mut faults = [tree.faults.clone(), tree.later.clone()].concat();
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

/// A record that lets SES send, keeps every good term of the domain's own records that is reached, and ends as they did or
/// in `~all`. What a `redirect` let pass still passes.
fn mended(domain: &DomainName, tree: &SpfTree) -> String {
    let records: Vec<SpfRecord> = tree.own.iter().map(|text| SpfRecord::parse(text)).collect();
    let mut terms: Vec<String> = vec![format!("include:{SES}")];
    let mut redirects: Vec<&str> = Vec::new();
    for record in &records {
        for term in record.terms.iter().take_while(|term| term.mechanism != Mechanism::All) {
            let names_ses = matches!(&term.mechanism, Mechanism::Include(target) if is_ses(target));
            let is_good =
                !names_ses && !matches!(term.mechanism, Mechanism::Ptr(_)) && !tree.broken.contains(&term.written);
            if is_good && !terms.contains(&term.written) {
                terms.push(term.written.clone());
            }
        }
        let is_good = |target: &&str| !is_ses(target) && !tree.broken.contains(&format!("redirect={target}"));
        let redirect = record.redirect.as_deref().filter(|_| record.all().is_none()).filter(is_good);
        redirects.extend(redirect);
    }
    let ends: Vec<Qualifier> = records.iter().filter_map(SpfRecord::all).collect();
    let end = match redirects.as_slice() {
        [only] if ends.is_empty() => format!("redirect={only}"),
        several => {
            terms.extend(several.iter().map(|target| format!("include:{target}")));
            if ends.contains(&Qualifier::Fail) { "-all" } else { "~all" }.to_owned()
        }
    };
    txt_line(domain, &format!("v=spf1 {} {end}", terms.join(" ")))
}

fn is_ses(target: &str) -> bool {
    DomainName::new(target).is_some_and(|target| is_amazon(&target))
}
