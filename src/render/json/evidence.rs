//! What the header of one message testifies, as `inspect` and `show RUN SEED` write it.
//!
//! `auth` and `stamps` are those of a probe in a run's document. A time that is not known is null, never 0.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{AuthObject, document, moment};
use crate::domain::evidence::{Check, Testimony};
use crate::domain::identity::{Identity, Named, Unsubscribe};
use crate::domain::provider::Provider;
use crate::domain::road::{Hop, Road};
use crate::render::report::AuthWords;

#[derive(Serialize)]
struct InspectDocument<'a> {
    provider: &'a str,
    auth: AuthObject<'a>,
    stamps: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    rest: TestimonyObject<'a>,
}

/// Everything of a testimony beyond `auth` and `stamps`.
#[derive(Serialize)]
pub(super) struct TestimonyObject<'a> {
    checks: Vec<CheckObject<'a>>,
    identity: IdentityObject<'a>,
    road: RoadObject<'a>,
    oddities: &'a [String],
    unknown: &'a [String],
    remarks: &'a [String],
}

#[derive(Serialize)]
struct CheckObject<'a> {
    method: &'static str,
    result: Option<&'a str>,
    written: &'a str,
    domain: Option<&'a str>,
    selector: Option<&'a str>,
    alignment: &'static str,
    policy: Option<&'a str>,
    said: Option<&'a str>,
}

#[derive(Serialize)]
struct IdentityObject<'a> {
    from: Option<&'a str>,
    domain: Option<&'a str>,
    organisation: Option<&'a str>,
    return_path: Option<NamedObject<'a>>,
    message_id: Option<NamedObject<'a>>,
    reply_to: Vec<NamedObject<'a>>,
    sender: Option<NamedObject<'a>>,
    signatures: Vec<SignatureObject<'a>>,
    list_unsubscribe: Option<&'a [String]>,
    one_click: Option<bool>,
    one_click_signed: Option<bool>,
}

#[derive(Serialize)]
struct NamedObject<'a> {
    text: &'a str,
    domain: Option<&'a str>,
    alignment: &'static str,
}

#[derive(Serialize)]
struct SignatureObject<'a> {
    domain: Option<&'a str>,
    selector: Option<&'a str>,
    alignment: &'static str,
}

#[derive(Serialize)]
struct RoadObject<'a> {
    sending_ip: Option<String>,
    claimed_ip: Option<String>,
    helo: Option<&'a str>,
    tls: Option<&'a str>,
    encrypted: Option<bool>,
    dated_at: Option<String>,
    taken_at: Option<String>,
    took_ms: Option<u64>,
    loops: &'a [String],
    hops: Vec<HopObject<'a>>,
}

#[derive(Serialize)]
struct HopObject<'a> {
    from: Option<&'a str>,
    helo: Option<&'a str>,
    ip: Option<String>,
    by: Option<&'a str>,
    with: Option<&'a str>,
    tls: Option<&'a str>,
    cipher: Option<&'a str>,
    at: Option<String>,
    delay_ms: Option<u64>,
    trusted: bool,
}

/// The document of `inspect`.
pub(crate) fn inspect_document(
    testimony: &Testimony,
    remarks: &[String],
    provider: &Provider,
) -> serde_json::Result<String> {
    let (auth, stamps) = (AuthWords::of(testimony), testimony.stamp_map());
    document(&InspectDocument {
        provider: provider.name.as_str(),
        auth: AuthObject::of(&auth),
        stamps: &stamps,
        rest: TestimonyObject::of(testimony, remarks),
    })
}

impl<'a> TestimonyObject<'a> {
    pub(super) fn of(testimony: &'a Testimony, remarks: &'a [String]) -> Self {
        let auth = &testimony.auth;
        let spf = auth.spf.iter().map(|one| check("spf", one));
        let dkim = auth.dkim.iter().map(|one| check("dkim", one));
        let dmarc = auth.dmarc.iter().map(|one| check("dmarc", one));
        Self {
            checks: spf.chain(dkim).chain(dmarc).collect(),
            identity: identity(&testimony.identity),
            road: road(&testimony.road),
            oddities: &testimony.oddities,
            unknown: &testimony.unknown,
            remarks,
        }
    }
}

fn check<'a>(method: &'static str, check: &'a Check) -> CheckObject<'a> {
    CheckObject {
        method,
        result: check.word,
        written: &check.written,
        domain: check.domain.as_deref(),
        selector: check.selector.as_deref(),
        alignment: check.alignment.word(),
        policy: check.policy.as_deref(),
        said: check.said.as_deref(),
    }
}

fn identity(identity: &Identity) -> IdentityObject<'_> {
    let list = identity.unsubscribe.as_ref();
    let signatures = identity.signatures.iter().map(|one| SignatureObject {
        domain: one.domain.as_deref(),
        selector: one.selector.as_deref(),
        alignment: one.alignment.word(),
    });
    IdentityObject {
        from: identity.from.as_deref(),
        domain: identity.domain.as_deref(),
        organisation: identity.organisation.as_deref(),
        return_path: identity.return_path.as_ref().map(named),
        message_id: identity.message_id.as_ref().map(named),
        reply_to: identity.reply_to.iter().map(named).collect(),
        sender: identity.sender.as_ref().map(named),
        signatures: signatures.collect(),
        list_unsubscribe: list.map(|list: &Unsubscribe| list.uris.as_slice()),
        one_click: list.map(|list| list.one_click),
        one_click_signed: list.filter(|list| list.one_click).and_then(|list| list.signed),
    }
}

fn named(named: &Named) -> NamedObject<'_> {
    NamedObject { text: &named.text, domain: named.domain.as_deref(), alignment: named.alignment.word() }
}

fn road(road: &Road) -> RoadObject<'_> {
    RoadObject {
        sending_ip: road.sending_ip.map(|ip| ip.to_string()),
        claimed_ip: road.claimed_ip.map(|ip| ip.to_string()),
        helo: road.helo.as_deref(),
        tls: road.tls.as_deref(),
        encrypted: road.encrypted,
        dated_at: road.dated_at.map(moment),
        taken_at: road.taken_at.map(moment),
        took_ms: road.took.and_then(millis),
        loops: &road.loops,
        hops: road.hops.iter().map(hop).collect(),
    }
}

fn hop(hop: &Hop) -> HopObject<'_> {
    HopObject {
        from: hop.from.as_deref(),
        helo: hop.helo.as_deref(),
        ip: hop.ip.map(|ip| ip.to_string()),
        by: hop.by.as_deref(),
        with: hop.with.as_deref(),
        tls: hop.tls.as_deref(),
        cipher: hop.cipher.as_deref(),
        at: hop.at.map(moment),
        delay_ms: hop.delay.and_then(millis),
        trusted: hop.trusted,
    }
}

fn millis(duration: Duration) -> Option<u64> {
    u64::try_from(duration.as_millis()).ok()
}
