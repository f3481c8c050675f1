//! The sections of `inboxed.toml` that are no lists: `[ses]`, `[run]`, `[dns]`, `[judge]`, `[thresholds]`, `[weights]`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use super::reader::{Section, nearest};
use super::region::region;
use crate::domain::finding::Rules;
use crate::domain::health::Thresholds;
use crate::domain::provider::{Provider, ProviderName};

/// `[ses]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ses {
    /// The region; `None` leaves it to the AWS chain.
    pub(crate) region: Option<String>,
    /// A local stand-in instead of Amazon.
    pub(crate) endpoint_url: Option<String>,
}

/// `[run]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    /// How long each probe is watched.
    pub(crate) wait: Duration,
    /// Most IMAP connections at once.
    pub(crate) max_connections: usize,
}

/// `[dns]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Dns {
    /// The resolver to ask; `None` asks the system's.
    pub(crate) resolver: Option<SocketAddr>,
}

/// `[judge]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judging {
    /// The rules of findings and rates.
    pub(crate) rules: Rules,
    /// Confidence of every interval.
    pub(crate) confidence: f64,
}

pub(super) fn ses(top: &Section<'_>) -> Ses {
    let Some(section) = top.section("ses") else { return Ses::default() };
    let endpoint_url = section.shaped("endpoint_url", PRIVATE, private_address);
    let ses = Ses { region: region(&section), endpoint_url };
    section.finish();
    ses
}

/// An `http` or `https` address. One with a user name may hold a password and is refused.
fn web_address(text: &str) -> Option<String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain =
        !host.is_empty() && !rest.contains('@') && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
    is_plain.then(|| text.to_owned())
}

/// What a private address looks like, for the user.
pub(super) const PRIVATE: &str =
    "an address without a user name that starts with https://; only this very machine may be http://";

/// A web address to which everything travels encrypted, or does not leave this machine.
pub(super) fn private_address(text: &str) -> Option<String> {
    let address = web_address(text)?;
    let url = Url::parse(&address.replace("{tenant}", "t")).ok()?;
    let is_local = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    (url.scheme() == "https" || is_local).then_some(address)
}

pub(super) fn running(top: &Section<'_>) -> Running {
    let mut running = Running { wait: Duration::from_mins(15), max_connections: 200 };
    let Some(section) = top.section("run") else { return running };
    match section.duration("wait") {
        Some(Duration::ZERO) => section.fault_of("wait", "must be longer than 0s; write one such as \"15m\""),
        Some(wait) => running.wait = wait,
        None => {}
    }
    if let Some(most) = section.whole("max_connections", 1..=10_000) {
        running.max_connections = usize::try_from(most).unwrap_or(running.max_connections);
    }
    section.finish();
    running
}

pub(super) fn dns(top: &Section<'_>) -> Dns {
    let Some(section) = top.section("dns") else { return Dns::default() };
    let shape = "an address with a port; write one such as \"127.0.0.1:5353\"";
    let resolver = section.shaped("resolver", shape, |text| {
        text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53)))
    });
    section.finish();
    Dns { resolver }
}

pub(super) fn judging(top: &Section<'_>) -> Judging {
    let mut judging = Judging { rules: Rules { promotions_as_inbox: false }, confidence: 0.95 };
    let Some(section) = top.section("judge") else { return judging };
    if let Some(switch) = section.flag("promotions_as_inbox") {
        judging.rules.promotions_as_inbox = switch;
    }
    match section.share("confidence") {
        Some(confidence) if (0.5..=0.9999).contains(&confidence) => judging.confidence = confidence,
        Some(_) => section.fault_of("confidence", "must be between 0.5 and 0.9999; write one such as 0.95"),
        None => {}
    }
    section.finish();
    judging
}

pub(super) fn thresholds(top: &Section<'_>) -> Thresholds {
    let guide = Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 };
    let Some(section) = top.section("thresholds") else { return guide };
    let own = Thresholds {
        inbox_warn: section.share("inbox_warn").unwrap_or(guide.inbox_warn),
        inbox_crit: section.share("inbox_crit").unwrap_or(guide.inbox_crit),
        spam_warn: section.share("spam_warn").unwrap_or(guide.spam_warn),
        spam_crit: section.share("spam_crit").unwrap_or(guide.spam_crit),
    };
    if own.inbox_crit > own.inbox_warn {
        let (warn, crit) = (own.inbox_warn, own.inbox_crit);
        let (key, what) = if section.has("inbox_crit") {
            ("inbox_crit", format!("{crit} is above inbox_warn, {warn}"))
        } else {
            ("inbox_warn", format!("{warn} is below inbox_crit, {crit}"))
        };
        section.fault_of(key, format!("{what}; a rate turns critical below a warning"));
    }
    if own.spam_crit < own.spam_warn {
        let (warn, crit) = (own.spam_warn, own.spam_crit);
        let (key, what) = if section.has("spam_crit") {
            ("spam_crit", format!("{crit} is below spam_warn, {warn}"))
        } else {
            ("spam_warn", format!("{warn} is above spam_crit, {crit}"))
        };
        section.fault_of(key, format!("{what}; a share turns critical above a warning"));
    }
    section.finish();
    own
}

/// `[weights]` by provider, with what is wrong in them by line: which providers there are is known only after their files
/// are read.
pub(super) fn weights(
    written: &[(String, usize, f64)],
    providers: &BTreeMap<ProviderName, Arc<Provider>>,
) -> (BTreeMap<ProviderName, f64>, Vec<(usize, String)>) {
    let mut weights = BTreeMap::new();
    let mut wrong = Vec::new();
    for (word, line, share) in written {
        match ProviderName::new(word).filter(|name| providers.contains_key(name)) {
            Some(name) => {
                weights.insert(name, *share);
            }
            None => wrong.push((*line, format!("weights.{word}: {}", no_provider(word, providers)))),
        }
    }
    if let Some((_, line, _)) = written.first()
        && written.iter().all(|(_, _, share)| *share <= 0.0)
    {
        wrong.push((
            *line,
            "weights: all are 0; give at least one provider a share, or take the section out".to_owned(),
        ));
    }
    (weights, wrong)
}

/// The sentence about a provider that does not exist.
pub(super) fn no_provider(word: &str, providers: &BTreeMap<ProviderName, Arc<Provider>>) -> String {
    let known = providers.keys().map(ProviderName::as_str);
    let remedy = nearest(word, known.clone()).map_or_else(
        || format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        |nearest| format!("did you mean \"{nearest}\"?"),
    );
    format!("there is no provider \"{}\"; {remedy}", word.escape_debug())
}
