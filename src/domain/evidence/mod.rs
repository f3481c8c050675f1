//! Evidence: everything that the header of one received message testifies, and what it leaves open.
//!
//! [`testify`] is pure and total: any bytes give a [`Testimony`]. Only what the receiver itself wrote counts: results
//! under its own id above its own Received line (`receiver`), stamps where it writes them. Results that stand anywhere
//! else are the sender's word about itself; they change nothing and are noted. What could not be known is said.

mod auth;
pub(crate) mod fields;
mod remark;
mod trust;

use std::collections::BTreeMap;

use super::identity::Identity;
use super::provider::Provider;
use super::road::{Hop, MOST_HOPS, Road, date, outgoing, road};
use super::stamp::{Stamp, stamps};
pub(crate) use auth::{Auth, Check};
use fields::{Field, fields};
pub(crate) use remark::remarks;
pub(crate) use trust::guess;
use trust::{Trust, ignored};

/// Most that is read of a header section, in bytes; no provider takes a longer one.
pub(crate) const HEADER_LIMIT: usize = 256 * 1024;
/// Most stamps kept.
const MOST_STAMPS: usize = 256;

/// What the header of one message testifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Testimony {
    /// What SPF, DKIM and DMARC came to.
    pub(crate) auth: Auth,
    /// The filter's own verdicts, in the order of the header.
    pub(crate) stamps: Vec<Stamp>,
    /// Every name of the message.
    pub(crate) identity: Identity,
    /// How it came.
    pub(crate) road: Road,
    /// What is odd about the header, one sentence each.
    pub(crate) oddities: Vec<String>,
    /// What the header cannot tell, one sentence each.
    pub(crate) unknown: Vec<String>,
}

impl Testimony {
    /// The stamps by name. A name that occurs again with another value gets the name of its field before it.
    pub(crate) fn stamp_map(&self) -> BTreeMap<String, String> {
        let mut map: BTreeMap<String, String> = BTreeMap::new();
        for stamp in &self.stamps {
            match map.get(&stamp.name) {
                None => drop(map.insert(stamp.name.clone(), stamp.value.clone())),
                Some(value) if *value == stamp.value => {}
                Some(_) => drop(map.insert(format!("{}: {}", stamp.field, stamp.name), stamp.value.clone())),
            }
        }
        map
    }
}

/// What cannot be checked of a message that no Received line stands in.
const NOT_RECEIVED: &str = "authentication, signatures, stamps and road: nobody has received this message yet, so nothing was \
                            checked; send it to a mailbox and inspect the source that is saved there";

/// Reads the header section of one message as `provider` received it. `cut` says that the section is longer than `raw`.
pub(crate) fn testify(raw: &[u8], cut: bool, provider: &Provider) -> Testimony {
    let (raw, cut) = match raw.get(..HEADER_LIMIT) {
        Some(kept) if kept.len() < raw.len() => (kept, true),
        _ => (raw, cut),
    };
    let fields = fields(raw);
    let mut oddities = Vec::new();
    let mut unknown = Vec::new();
    let hops = hops(&fields, &mut oddities);
    let trust = Trust::of(&fields, &hops, &provider.receiver);
    let mut identity = Identity::read(&fields, trust.end);
    let auth = Auth::of(&fields, &trust, provider, &identity, &mut oddities);
    let written_by_receivers = ["Received", "Received-SPF", "Authentication-Results"];
    let was_received = fields.iter().any(|field| written_by_receivers.iter().any(|name| field.is(name)));
    // One that was never sent has no signature yet: SES makes it.
    let was_sent = was_received || !identity.signatures.is_empty();
    if let Some(list) = identity.unsubscribe.as_mut().filter(|_| was_sent) {
        list.signed = auth.unsubscribe_signed(&identity.signatures);
    }
    oddities.extend(ignored(&fields, &trust, provider));
    let mut stamps = own_stamps(&fields, &trust, provider, &mut oddities);
    stamps.extend(auth.compauth());
    let dated_at = fields.iter().find(|field| field.is("Date")).and_then(|field| date(&field.value));
    let mut road = road(hops.into_iter().map(|(_, hop)| hop).collect(), trust.hops, dated_at);
    road.claimed_ip = fields.iter().find(|field| field.is("X-SES-Outgoing")).and_then(|field| outgoing(&field.value));
    road.sending_ip = road.sending_ip.or_else(|| auth.client_ip());
    road.loops.extend(delivered_twice(&fields, trust.end));
    odd_road(&road, &mut oddities);
    odd_identity(&identity, &mut oddities);
    if was_received {
        trust.what_is_unknown(provider, &mut unknown);
    } else {
        unknown.push(NOT_RECEIVED.to_owned());
    }
    if trust.is_known() {
        what_is_unknown(&auth, &stamps, &road, provider, &mut unknown);
    }
    if cut {
        unknown.push("what stands below: the header section is longer than what was read of it".to_owned());
    }
    Testimony { auth, stamps, identity, road, oddities, unknown }
}

/// The Received lines from the top down, with their place among the fields.
fn hops(fields: &[Field<'_>], oddities: &mut Vec<String>) -> Vec<(usize, Hop)> {
    let received = fields.iter().enumerate().filter(|(_, field)| field.is("Received"));
    let hops: Vec<_> = received.clone().take(MOST_HOPS).map(|(at, field)| (at, Hop::read(&field.value))).collect();
    if received.count() > MOST_HOPS {
        oddities.push(format!(
            "more than {MOST_HOPS} Received lines: a loop (RFC 5321 §6.3); only the upper ones were read"
        ));
    }
    hops
}

/// The receiver's own stamps. Above its border line all are its own; below the sender's fields those count that stand
/// behind the last Return-Path, where Microsoft writes; a sender's look the same and stand above it.
fn own_stamps(fields: &[Field<'_>], trust: &Trust, provider: &Provider, oddities: &mut Vec<String>) -> Vec<Stamp> {
    let receiver = &provider.receiver;
    if !trust.is_known() {
        return Vec::new();
    }
    let below = fields.iter().rposition(|field| field.is("Return-Path")).filter(|_| receiver.stamps_below);
    let is_stamp = |field: &Field<'_>| receiver.stamps.iter().any(|name| field.is(name));
    let mut read = Vec::new();
    for (at, field) in fields.iter().enumerate().filter(|(_, field)| is_stamp(field)) {
        if at < trust.end || below.is_some_and(|below| at > below && below > trust.end) {
            read.extend(stamps(&field.name, &field.value));
        } else {
            let name = fields::quoted(&field.name);
            oddities.push(format!("{name} is ignored: it stands where {} does not write", provider.title));
        }
        if read.len() > MOST_STAMPS {
            oddities.push("more stamps than are kept".to_owned());
            read.truncate(MOST_STAMPS);
            break;
        }
    }
    oddities.truncate(MOST_ODDITIES);
    read
}

/// Most oddities that are told.
const MOST_ODDITIES: usize = 50;

/// A mailbox that the message was delivered to twice, as a forwarding loop does.
fn delivered_twice(fields: &[Field<'_>], _trusted: usize) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    for field in fields.iter().filter(|field| field.is("Delivered-To")).take(MOST_HOPS) {
        let address = fields::unfolded(&field.value).to_ascii_lowercase();
        if seen.contains(&address) {
            return Some(address);
        }
        seen.push(address);
    }
    None
}

fn odd_road(road: &Road, oddities: &mut Vec<String>) {
    for host in road.loops.iter().take(3) {
        oddities.push(format!("a loop: the message passed {} twice", fields::quoted(host)));
    }
    if let (Some(sending), Some(claimed)) = (road.sending_ip, road.claimed_ip)
        && sending != claimed
    {
        oddities.push(format!(
            "SES says that it sent from {claimed}, the receiver took it from {sending}: somebody forwarded it"
        ));
    }
    let mut before = None;
    for hop in &road.hops {
        if let (Some(before), Some(at)) = (before, hop.at)
            && at < before
        {
            let by = hop.by.as_deref().map_or_else(|| "a hop".to_owned(), fields::quoted);
            oddities.push(format!(
                "{by} took the message before the hop below it let go of it: clocks disagree, the delay is unknown"
            ));
        }
        before = hop.at.or(before);
    }
}

fn odd_identity(identity: &Identity, oddities: &mut Vec<String>) {
    if identity.froms > 1 {
        oddities
            .push(format!("From names {} senders: no domain can be aligned with it (RFC 9989 §4.4)", identity.froms));
    }
}

fn what_is_unknown(auth: &Auth, stamps: &[Stamp], road: &Road, provider: &Provider, unknown: &mut Vec<String>) {
    let title = &provider.title;
    if auth.sources.is_empty() {
        unknown
            .push(format!("what SPF, DKIM and DMARC came to: {title} wrote no results that can be told to be its own"));
    } else {
        for (method, missing) in
            [("SPF", auth.spf.is_none()), ("DKIM", auth.dkim.is_empty()), ("DMARC", auth.dmarc.is_none())]
        {
            if missing {
                let hint =
                    if method == "DMARC" { "; most leave it out where From's domain has no DMARC record" } else { "" };
                unknown.push(format!("what {method} came to: {title} wrote no result of it{hint}"));
            }
        }
    }
    if auth.dkim.iter().any(|check| check.domain.is_none() && matches!(check.word, Some("pass" | "fail"))) {
        unknown.push(format!(
            "which signature the DKIM result is about: {title} names no domain and the message bears several"
        ));
    }
    if stamps.is_empty() {
        unknown.push(match &provider.receiver.silent {
            Some(why) => format!("the filter's verdict: {why}"),
            None => format!("the filter's verdict: no stamp of {title} was found"),
        });
    }
    if road.sending_ip.is_none() {
        unknown.push("the address it was sent from: the border's Received line names none".to_owned());
    }
    if road.encrypted.is_none() {
        unknown.push("whether the connection was encrypted: the border's Received line does not say".to_owned());
    }
    // A failed DMARC is the receiver's word; without one, relaxed alignment rests on the list alone.
    if auth.aligned.is_some() && auth.dmarc.as_ref().is_none_or(|check| !matches!(check.word, Some("pass" | "fail"))) {
        unknown.push(
            "whether the receiver draws the organisation's border where the public suffix list does: a DMARC record with \
             psd= could draw it elsewhere (RFC 9989 §4.10)"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests;
