//! Which fields the receiver wrote: those above its border's Received line.
//!
//! The line is looked for from the top, where nobody but the receiver can write, and only the receiver's own hosts may
//! stand above it. A line of the same name further down, below another host's, is the sender's invention, or an earlier
//! delivery's.

use super::Field;
use super::fields::quoted;
use crate::domain::authres::parse;
use crate::domain::provider::Provider;
use crate::domain::receiver::{Receiver, any_fits};
use crate::domain::road::Hop;

/// Most headers of results that are read.
const MOST_HEADERS: usize = 64;
/// Most ignored results that are told one by one.
const MOST_TOLD: usize = 5;

/// How far down the receiver's own fields reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trust {
    /// Fields above this one are the receiver's; 0 where its border was not found.
    pub(super) end: usize,
    /// How many Received lines, from the top, are the receiver's.
    pub(super) hops: usize,
    /// Its Authentication-Results right below its border's line, where it writes them there.
    results_below: Option<usize>,
    /// Its Received-SPF there.
    spf_below: Option<usize>,
}

impl Trust {
    pub(super) fn of(fields: &[Field<'_>], hops: &[(usize, Hop)], receiver: &Receiver) -> Self {
        debug_assert!(hops.iter().all(|(at, _)| *at < fields.len()), "hops are fields");
        let nothing = Self { end: 0, hops: 0, results_below: None, spf_below: None };
        let fits = |hop: &Hop| hop.by.as_deref().is_some_and(|by| any_fits(&receiver.border, by));
        let Some(found) = hops.iter().position(|(_, hop)| fits(hop)) else { return nothing };
        // Below a host that is not the receiver's, or that is not behind its border, anybody can have written the line.
        if !hops.iter().take(found).all(|(_, hop)| is_of(receiver, hop) && took_it_inside(receiver, hop)) {
            return nothing;
        }
        let is_inner = |hop: &Hop| hop.from.as_deref().is_some_and(|from| any_fits(&receiver.inner, from));
        // The line below an inner one is the receiver's as well, whatever it calls itself there.
        let border = match hops.get(found) {
            Some((_, hop)) if is_inner(hop) => found.saturating_add(1),
            _ => found,
        };
        let Some((end, _)) = hops.get(border) else { return nothing };
        let mut trust = Self { end: *end, hops: border.saturating_add(1), ..nothing };
        if receiver.results_below {
            trust.look_below(fields);
        }
        trust
    }

    /// Finds the receiver's own fields right below its line: the first of each name, and nothing else between. A second one
    /// is the sender's first field.
    fn look_below(&mut self, fields: &[Field<'_>]) {
        for (at, field) in fields.iter().enumerate().skip(self.end.saturating_add(1)) {
            if field.is("Received-SPF") && self.spf_below.is_none() {
                self.spf_below = Some(at);
            } else if field.is("Authentication-Results") && self.results_below.is_none() {
                self.results_below = Some(at);
            } else {
                break;
            }
        }
    }

    /// The receiver's own Received-SPF.
    pub(super) fn received_spf<'a>(&self, fields: &'a [Field<'_>]) -> Option<&'a str> {
        let above = fields.iter().take(self.end).find(|field| field.is("Received-SPF"));
        let below = self.spf_below.and_then(|at| fields.get(at));
        above.or(below).map(|field| field.value.as_ref())
    }

    /// Whether the border was found.
    pub(super) fn is_known(self) -> bool {
        self.hops > 0
    }

    pub(super) fn what_is_unknown(self, provider: &Provider, unknown: &mut Vec<String>) {
        if self.is_known() {
            return;
        }
        let what = "authentication, stamps and sending address";
        unknown.push(if provider.receiver.is_known() {
            format!(
                "{what}: no Received line of {}'s border is there, or one of an unknown host or from one stands above it, so \
                 that nothing can be told to be its own",
                provider.title
            )
        } else {
            format!(
                "{what}: nothing is known of the headers that this provider writes, so that its own cannot be told from the \
                 sender's; a preset of yours can say so under [headers]"
            )
        });
    }
}

/// Whether a line is of one of the receiver's hosts, or names none.
fn is_of(receiver: &Receiver, hop: &Hop) -> bool {
    let named = hop.by.as_deref().filter(|by| by.parse::<std::net::IpAddr>().is_err());
    named.is_none_or(|by| any_fits(&receiver.own, by) || any_fits(&receiver.border, by))
}

/// Whether a host took the message from another one of the receiver's, as those behind the border do. One that took it from a
/// stranger is a border, whatever name it goes by now, and all below its line is the stranger's.
fn took_it_inside(receiver: &Receiver, hop: &Hop) -> bool {
    let is_its = |host: &str| {
        let at_home =
            host.parse::<std::net::IpAddr>().map_or(host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback());
        at_home || [&receiver.own, &receiver.border, &receiver.inner].into_iter().any(|hosts| any_fits(hosts, host))
    };
    [&hop.from, &hop.helo].into_iter().flatten().all(|host| is_its(host))
}

/// The values of the receiver's own Authentication-Results, from the top.
pub(super) fn own_results<'a>(fields: &'a [Field<'_>], trust: &Trust, receiver: &Receiver) -> Vec<&'a str> {
    let results = fields.iter().take(trust.end).filter(|field| field.is("Authentication-Results"));
    let below = trust.results_below.and_then(|at| fields.get(at)).map(|field| field.value.as_ref());
    let below = below.filter(|value| is_as_sealed(value, fields, trust, receiver));
    let mut own = results.map(|field| field.value.as_ref()).chain(below).filter(|value| is_own(value, receiver));
    if receiver.nameless { own.next().into_iter().collect() } else { own.take(MOST_HEADERS).collect() }
}

/// Whether results agree with those that the receiver sealed above its line (RFC 8617 §4.1.1), if it sealed any. There
/// nobody else can write.
fn is_as_sealed(value: &str, fields: &[Field<'_>], trust: &Trust, receiver: &Receiver) -> bool {
    let sealed = fields.iter().take(trust.end).filter(|field| field.is("ARC-Authentication-Results"));
    let mut sealed = sealed.filter_map(|field| field.value.split_once(';')).map(|(_, results)| parse(results));
    let of_receiver = |id: &Option<String>| id.as_deref().is_some_and(|id| any_fits(&receiver.authserv_ids, id));
    let Some(sealed) = sealed.find(|sealed| of_receiver(&sealed.authserv_id)) else { return true };
    parse(value).results == sealed.results
}

/// Whether results are under the receiver's id, or without any where it writes none.
fn is_own(value: &str, receiver: &Receiver) -> bool {
    match parse(value).authserv_id {
        Some(id) => any_fits(&receiver.authserv_ids, &id),
        None => receiver.nameless,
    }
}

/// What is said of results that are not the receiver's, or cannot be told to be.
pub(super) fn ignored(fields: &[Field<'_>], trust: &Trust, provider: &Provider) -> Vec<String> {
    let title = &provider.title;
    let own = own_results(fields, trust, &provider.receiver);
    let all = fields.iter().enumerate().filter(|(_, field)| field.is("Authentication-Results"));
    let others = all.filter(|(_, field)| !own.iter().any(|own| std::ptr::eq(*own, field.value.as_ref())));
    let mut told: Vec<String> = Vec::new();
    let mut more = 0_usize;
    for (at, field) in others {
        if told.len() >= MOST_TOLD {
            more = more.saturating_add(1);
            continue;
        }
        let id = parse(&field.value).authserv_id;
        let who = id.as_deref().map_or_else(|| "without an id".to_owned(), |id| format!("of {}", quoted(id)));
        let claims = is_own(&field.value, &provider.receiver);
        let why = match (trust.is_known(), at < trust.end) {
            (false, _) => "nothing shows who wrote them".to_owned(),
            (true, false) if trust.results_below == Some(at) && claims => {
                format!("they differ from what {title} sealed above its own Received line")
            }
            (true, true) if claims => format!("{title} writes one header, and this is another one"),
            (true, true) => format!("that is no name of {title}'s"),
            (true, false) if claims => {
                format!("they stand below {title}'s own Received line and only claim to be its own")
            }
            (true, false) => format!("they stand below {title}'s own Received line: another server's, or the sender's"),
        };
        told.push(format!("Authentication-Results {who} are ignored: {why}"));
    }
    if more > 0 {
        told.push(format!("{more} more Authentication-Results are ignored"));
    }
    told
}

/// The provider that took this message, by the hosts in its Received lines; `None` where the topmost ones are nobody's
/// that is known.
///
/// A message that went through a known provider on its way to an unknown one is not ascribed to it. Where several presets fit, the one that knows the domain
/// of the mailbox wins, then the first.
pub(crate) fn guess<'p>(raw: &[u8], providers: impl IntoIterator<Item = &'p Provider>) -> Option<&'p Provider> {
    let fields = super::fields(raw);
    let hops = super::hops(&fields, &mut Vec::new());
    let mailbox = fields.iter().find(|field| field.is("Delivered-To") || field.is("X-Apparently-To") || field.is("To"));
    let mailbox = mailbox.map(|field| field.value.to_ascii_lowercase()).unwrap_or_default();
    let received = |provider: &Provider| {
        let trust = Trust::of(&fields, &hops, &provider.receiver);
        let border = trust.hops.checked_sub(1).and_then(|at| hops.get(at));
        // The line below an inner one may name a host, which then is of this provider.
        border.is_some_and(|(_, hop)| is_of(&provider.receiver, hop))
    };
    let knows = |provider: &Provider| provider.domains.iter().any(|domain| mailbox.contains(&format!("@{domain}")));
    let fitting: Vec<&Provider> = providers.into_iter().filter(|provider| received(provider)).collect();
    fitting.iter().find(|provider| knows(provider)).or(fitting.first()).copied()
}
