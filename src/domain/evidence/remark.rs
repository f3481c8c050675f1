//! Remarks: what a person who answers for deliverability would say about one testimony, one sentence each.

use super::{Check, Testimony};
use crate::domain::finding::Placement;
use crate::domain::identity::{Alignment, Identity, Signature, is_amazons};
use crate::domain::stamp::Stamp;
use crate::domain::stream::StreamKind;

/// What should be said, the gravest first. `kind` is the stream's, where the message is known to be of one, and
/// `placement` where it landed, where that was seen.
pub(crate) fn remarks(testimony: &Testimony, kind: Option<StreamKind>, placement: Option<Placement>) -> Vec<String> {
    let mut remarks = Vec::new();
    let from = testimony.identity.domain.as_deref().unwrap_or("the domain in From");
    dmarc(testimony, from, &mut remarks);
    aligned_and_junked(testimony, from, placement, &mut remarks);
    dkim(testimony, from, &mut remarks);
    spf(testimony, from, &mut remarks);
    identity(&testimony.identity, from, &mut remarks);
    unsubscribe(&testimony.identity, kind, &mut remarks);
    road(testimony, &mut remarks);
    let contaminated = testimony.stamps.iter().filter_map(Stamp::contaminates);
    remarks.extend(contaminated.map(|why| format!("This mailbox is no fair witness: {why}.")));
    remarks
}

fn dmarc(testimony: &Testimony, from: &str, remarks: &mut Vec<String>) {
    let auth = &testimony.auth;
    let Some(check) = &auth.dmarc else { return };
    let policy = check.policy.as_deref().map_or_else(String::new, |policy| format!(" ({policy})"));
    match check.word {
        Some("fail") => {
            let seems = auth
                .spf
                .iter()
                .chain(&auth.dkim)
                .any(|one| one.word == Some("pass") && one.alignment == Alignment::Organisation);
            remarks.push(if seems {
                format!("DMARC failed for {from}{policy} although a subdomain passed: its record asks for strict alignment, or the receiver draws the organisation narrower.")
            } else {
                format!("DMARC failed for {from}{policy}: neither SPF nor a signature passed for a domain of its own.")
            });
        }
        Some("none") => remarks.push(format!(
            "{from} has no DMARC record that the receiver found; Gmail, Yahoo and Microsoft ask bulk senders for one."
        )),
        Some("temperror" | "permerror") => {
            remarks.push(format!("DMARC could not be checked for {from}: its record did not answer or is faulty."));
        }
        _ => {}
    }
}

/// Authentication is not the reason where it is in order; then it is the filter's view of sender or content.
fn aligned_and_junked(testimony: &Testimony, from: &str, placement: Option<Placement>, remarks: &mut Vec<String>) {
    let stamps = &testimony.stamps;
    let says_spam = |stamp: &Stamp| {
        let grave = ["spam", "spam for sure", "delivered to junk", "bulk mail", "spoofed sender"];
        stamp.meaning.as_deref().is_some_and(|meaning| grave.contains(&meaning))
    };
    let junked = placement.map_or_else(|| stamps.iter().any(says_spam), |placement| placement == Placement::Spam);
    if !junked || testimony.auth.aligned != Some(true) {
        return;
    }
    let is_bulk = stamps.iter().any(|stamp| stamp.name == "CAT" && stamp.value == "BULK");
    remarks.push(if is_bulk {
        format!(
            "It is spam although {from} is authenticated: the filter took it for bulk mail, which follows the complaints of \
             recipients."
        )
    } else {
        format!(
            "It is spam although {from} is authenticated: the reason is the reputation of {from} or of the sending address, or \
             the content. A control stream with a plain message tells the two apart."
        )
    });
}

fn dkim(testimony: &Testimony, from: &str, remarks: &mut Vec<String>) {
    let checks = &testimony.auth.dkim;
    let own = |check: &&Check| check.alignment.is_aligned() == Some(true);
    for check in checks.iter().filter(own).filter(|check| check.word != Some("pass")).take(3) {
        let domain = check.domain.as_deref().unwrap_or(from);
        let selector = check.selector.as_deref().map_or_else(String::new, |one| format!(" (selector {one})"));
        let said = check.said.as_deref().map_or_else(String::new, |said| format!(": {}", super::fields::quoted(said)));
        remarks.push(format!("The signature of {domain}{selector} came to \"{}\"{said}.", check.written));
    }
    let passed = |check: &&Check| check.word == Some("pass");
    let amazons_alone = checks.iter().any(|check| passed(&check) && check.domain.as_deref().is_some_and(is_amazons));
    if amazons_alone && !checks.iter().any(|check| own(&check)) {
        remarks.push(format!(
            "Only Amazon's own signature (amazonses.com) verified. It stands on all mail that SES sends and proves nothing about \
             {from}: switch on Easy DKIM for {from}."
        ));
    }
}

fn spf(testimony: &Testimony, from: &str, remarks: &mut Vec<String>) {
    let Some(check) = &testimony.auth.spf else { return };
    let domain = check.domain.as_deref().unwrap_or("an unnamed domain");
    match (check.word, check.alignment) {
        (Some("pass"), Alignment::Different) if is_amazons(domain) => remarks.push(format!(
            "SPF passed for {domain}, Amazon's shared return path, and proves nothing about {from}: set a custom MAIL FROM domain \
             below {from}."
        )),
        (Some("pass"), Alignment::Different) => {
            remarks.push(format!("SPF passed for {domain}, which is not {from}'s: it proves nothing about {from}."));
        }
        (Some("pass") | None, _) => {}
        (Some(_), _) => {
            let said = check.said.as_deref().map_or_else(String::new, |said| format!(": {}", super::fields::quoted(said)));
            remarks.push(format!("SPF came to \"{}\" for {domain}{said}.", check.written));
        }
    }
}

fn identity(identity: &Identity, from: &str, remarks: &mut Vec<String>) {
    let others: Vec<&str> = identity
        .reply_to
        .iter()
        .chain(&identity.sender)
        .filter(|one| one.alignment == Alignment::Different)
        .filter_map(|one| one.domain.as_deref())
        .collect();
    if let Some(domain) = others.first() {
        remarks.push(format!(
            "Reply-To or Sender leads to {domain}, not to {from}: every header should confirm one identity."
        ));
    }
}

fn unsubscribe(identity: &Identity, kind: Option<StreamKind>, remarks: &mut Vec<String>) {
    match (&identity.unsubscribe, kind) {
        (Some(_), Some(StreamKind::Transactional)) => remarks.push(
            "List-Unsubscribe on transactional mail: it marks the mail as bulk and may cost placement; leave it out.".to_owned(),
        ),
        (None, Some(StreamKind::Marketing)) => remarks.push(
            "No List-Unsubscribe on marketing mail: Gmail and Yahoo demand it of bulk senders, with one click (RFC 8058).".to_owned(),
        ),
        (Some(list), _) if !list.one_click => {
            remarks.push("List-Unsubscribe offers no one-click way (RFC 8058): it takes an https address and List-Unsubscribe-Post.".to_owned());
        }
        (Some(list), _) if list.signed == Some(false) => {
            let own = || identity.signatures.iter().filter(|one| one.alignment.is_aligned() == Some(true));
            let why = if own().next().is_none() {
                "the message bears no signature of it"
            } else if own().any(Signature::covers_unsubscribe) {
                "the one that names both fields failed"
            } else {
                "its h= does not name both fields"
            };
            remarks.push(format!(
                "The one-click unsubscribe is covered by no verified signature of the sender's own domain, as RFC 8058 §4 \
                 demands: {why}."
            ));
        }
        (Some(_) | None, _) => {}
    }
}

fn road(testimony: &Testimony, remarks: &mut Vec<String>) {
    let road = &testimony.road;
    if road.encrypted == Some(false) {
        remarks
            .push("The receiver took it over a connection in the clear; Gmail demands TLS of bulk senders.".to_owned());
    }
    if road.tls.as_deref().is_some_and(|tls| ["SSL ", "TLS 1.0", "TLS 1.1"].iter().any(|old| tls.starts_with(old))) {
        remarks.push("The connection used a version of TLS that is out of use (RFC 8996).".to_owned());
    }
}
