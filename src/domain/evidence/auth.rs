//! What the receiver's own results come to: verified, and aligned with From, as two facts.

use std::net::IpAddr;

use super::Field;
use super::trust::{Trust, own_results};
use crate::domain::authres::{MethodResult, Oddity, ReceivedSpf, parse, received_spf};
use crate::domain::identity::{Alignment, Identity, Signature};
use crate::domain::provider::Provider;
use crate::domain::stamp::Stamp;

/// One check of the receiver's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// The word of RFC 8601 §2.7; `None` where the receiver wrote none that amounts to one.
    pub(crate) word: Option<&'static str>,
    /// The word as the receiver wrote it.
    pub(crate) written: String,
    /// The domain it is about.
    pub(crate) domain: Option<String>,
    /// The selector of a signature.
    pub(crate) selector: Option<String>,
    /// How the domain stands to the one in From.
    pub(crate) alignment: Alignment,
    /// What was said beside it.
    pub(crate) said: Option<String>,
    /// The policy that was found or applied, where that is said: `p=NONE`, `action=quarantine`.
    pub(crate) policy: Option<String>,
}

/// What SPF, DKIM and DMARC came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Auth {
    /// The ids of the headers that were believed; `(none)` for one without.
    pub(crate) sources: Vec<String>,
    /// Every result in them, in order.
    pub(crate) results: Vec<MethodResult>,
    /// SPF, of MAIL FROM.
    pub(crate) spf: Option<Check>,
    /// Each signature.
    pub(crate) dkim: Vec<Check>,
    /// DMARC, of From.
    pub(crate) dmarc: Option<Check>,
    /// Whether SPF or DKIM passed for a domain that is aligned with From; `None` where that is not known.
    pub(crate) aligned: Option<bool>,
    /// What Received-SPF says, as the second source.
    received: Option<ReceivedSpf>,
}

impl Auth {
    pub(super) fn of(
        fields: &[Field<'_>],
        trust: &Trust,
        provider: &Provider,
        identity: &Identity,
        oddities: &mut Vec<String>,
    ) -> Self {
        let mut auth = Self::default();
        for value in own_results(fields, trust, &provider.receiver) {
            let header = parse(value);
            for oddity in &header.oddities {
                oddities.push(format!("{}'s Authentication-Results: {}", provider.title, Oddity::word(*oddity)));
            }
            auth.sources.push(header.authserv_id.unwrap_or_else(|| "(none)".to_owned()));
            auth.results.extend(header.results);
        }
        auth.received = trust.received_spf(fields).map(received_spf);
        let first = |method| auth.of_method(method).next().map(|result| check(result, identity));
        let spf = auth.spf_of_mail_from(identity).map(|result| check(result, identity));
        let (spf, dmarc) = (spf.or_else(|| auth.second_spf(identity)), first("dmarc"));
        let dkim = auth.of_method("dkim").map(|result| signed(result, identity)).collect();
        (auth.spf, auth.dkim, auth.dmarc) = (spf, dkim, dmarc);
        auth.aligned = auth.alignment();
        for result in auth.results.iter().filter(|one| ["spf", "dkim", "dmarc"].contains(&one.method.as_str())) {
            if result.word().is_none() {
                let word = super::fields::quoted(&result.result);
                oddities.push(format!("{}={word} is no result that is known", result.method));
            }
        }
        auth
    }

    fn of_method<'a>(&'a self, method: &'static str) -> impl Iterator<Item = &'a MethodResult> {
        self.results.iter().filter(move |result| result.method == method)
    }

    /// The result of SPF about MAIL FROM. One about HELO stands for it only where MAIL FROM is empty (RFC 7208 §2.4).
    fn spf_of_mail_from(&self, identity: &Identity) -> Option<&MethodResult> {
        let of = |name| move |one: &&MethodResult| one.property("smtp", name).is_some();
        let named = self.of_method("spf").find(of("mailfrom"));
        let silent = || self.of_method("spf").find(|one| !of("helo")(one));
        let helo = || self.of_method("spf").next().filter(|_| identity.return_path.is_none());
        named.or_else(silent).or_else(helo)
    }

    /// SPF as Received-SPF tells it, where the results leave it out, as GMX does.
    fn second_spf(&self, identity: &Identity) -> Option<Check> {
        let received = self.received.as_ref()?;
        let written = received.result.clone();
        let named = received.pair("envelope-from").or_else(|| received.pair("smtp.mailfrom"));
        let domain = named.and_then(crate::domain::authres::domain_of);
        let domain = domain.or_else(|| identity.return_path.as_ref().and_then(|path| path.domain.clone()));
        Some(Check {
            word: crate::domain::authres::rfc_word(&written),
            written,
            alignment: Alignment::of(domain.as_deref(), identity.domain.as_deref()),
            domain,
            selector: None,
            said: received.comment.clone(),
            policy: None,
        })
    }

    /// What DKIM came to in one word: that of the sender's own signature if there is one, else the best of the others.
    pub(crate) fn dkim_word(&self) -> Option<&'static str> {
        let rank = |check: &&Check| {
            let own = check.alignment.is_aligned() == Some(true);
            (own, check.word == Some("pass"), check.word.is_some())
        };
        self.dkim.iter().max_by_key(rank).and_then(|check| check.word)
    }

    /// Whether anything aligned passed. DMARC's pass or fail is the receiver's own word on it, and knows the domain's
    /// wishes (`adkim=s`); without one it follows from the checks.
    fn alignment(&self) -> Option<bool> {
        match self.dmarc.as_ref().and_then(|check| check.word) {
            Some("pass") => return Some(true),
            Some("fail") => return Some(false),
            _ => {}
        }
        let passes = |check: &Check| match (check.word, check.alignment.is_aligned()) {
            (Some("pass"), aligned) => aligned,
            // What could not be found out is open, unless it was about another's domain anyway (RFC 8601 §2.7).
            (Some("temperror"), aligned) if aligned != Some(false) => None,
            (Some(_), _) => Some(false),
            (None, _) => None,
        };
        let dkim: Vec<Option<bool>> = self.dkim.iter().map(passes).collect();
        let spf = self.spf.as_ref().and_then(passes);
        if spf == Some(true) || dkim.contains(&Some(true)) {
            return Some(true);
        }
        let all_known = spf.is_some() && !dkim.is_empty() && dkim.iter().all(Option::is_some);
        all_known.then_some(false)
    }

    /// Whether a signature verified that is aligned with From and covers the fields of List-Unsubscribe; `None` where the
    /// receiver's results do not tell.
    pub(super) fn unsubscribe_signed(&self, signatures: &[Signature]) -> Option<bool> {
        let covers = |one: &Signature| one.alignment.is_aligned() == Some(true) && one.covers_unsubscribe();
        let covering = signatures.iter().enumerate().filter(|(_, one)| covers(one));
        let verified: Vec<Option<bool>> = covering.map(|(at, _)| self.verified(at, signatures)).collect();
        if verified.contains(&Some(true)) {
            return Some(true);
        }
        verified.iter().all(|one| *one == Some(false)).then_some(false)
    }

    /// Whether one signature verified; `None` where no result is surely about it, or it could not be checked.
    fn verified(&self, at: usize, signatures: &[Signature]) -> Option<bool> {
        let words: Vec<Option<&str>> =
            self.of_method("dkim").filter(|one| about(one, signatures) == Some(at)).map(MethodResult::word).collect();
        if words.contains(&Some("pass")) {
            return Some(true);
        }
        let failed = |word: Option<&str>| matches!(word, Some("fail" | "permerror" | "policy" | "neutral"));
        (!words.is_empty() && words.iter().copied().all(failed)).then_some(false)
    }

    /// The address that connected, as the results or Received-SPF name it.
    pub(super) fn client_ip(&self) -> Option<IpAddr> {
        let received = self.received.as_ref().and_then(|one| one.pair("client-ip"));
        let said = self.of_method("spf").flat_map(|result| &result.comments);
        let said = said.into_iter().find_map(|comment| comment.strip_prefix("sender IP is "));
        let address = |text: &str| text.trim().parse().ok();
        received.and_then(address).or_else(|| said.and_then(address))
    }

    /// Microsoft's composite verdict, as a stamp.
    pub(super) fn compauth(&self) -> Option<Stamp> {
        let result = self.of_method("compauth").next()?;
        let reason = result.reason.as_ref().map(|reason| format!(" reason={reason}")).unwrap_or_default();
        Some(Stamp::new("Authentication-Results", "compauth", &format!("{}{reason}", result.result)))
    }
}

fn check(result: &MethodResult, identity: &Identity) -> Check {
    let domain = result.domain();
    Check {
        word: result.word(),
        written: result.result.clone(),
        selector: result.property("header", "s").map(str::to_owned),
        alignment: Alignment::of(domain.as_deref(), identity.domain.as_deref()),
        domain,
        said: result.comments.first().or(result.reason.as_ref()).cloned(),
        policy: policy(result),
    }
}

/// A DKIM result, with the signature that it is about where it can be found in the message: by the beginning of b=
/// (RFC 6008 §4), by domain and selector, by domain, or because the message bears only that one.
fn signed(result: &MethodResult, identity: &Identity) -> Check {
    let mut check = check(result, identity);
    let signatures = &identity.signatures;
    let b = result.property("header", "b").filter(|b| b.len() >= 4);
    let by_b = |one: &&Signature| b.is_some_and(|b| one.b.starts_with(b));
    let same = |one: &&Signature| check.domain.is_some() && one.domain == check.domain;
    let by_selector = |one: &&Signature| same(one) && check.selector.is_some() && one.selector == check.selector;
    let only = match signatures.as_slice() {
        [only] if check.domain.is_none() => Some(only),
        _ => None,
    };
    let of = |fits: &dyn Fn(&&Signature) -> bool| signatures.iter().find(|one| fits(one));
    let checked = matches!(check.word, Some(word) if word != "none");
    let found = of(&by_b).or_else(|| of(&by_selector)).or_else(|| of(&same)).or(only).filter(|_| checked);
    if let Some(signature) = found.cloned() {
        if check.domain.is_none() {
            check.alignment = signature.alignment;
            check.domain = signature.domain;
        }
        check.selector = check.selector.or(signature.selector);
    }
    check
}

/// The one signature that a DKIM result is surely about: by the beginning of b=, else by domain and selector as far as
/// they are told; `None` where several fit, as they do when somebody copies a signature.
fn about(result: &MethodResult, signatures: &[Signature]) -> Option<usize> {
    let only = |fits: &dyn Fn(&Signature) -> bool| {
        let mut found = signatures.iter().enumerate().filter(|(_, one)| fits(one)).map(|(at, _)| at);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    };
    if let Some(b) = result.property("header", "b").filter(|b| b.len() >= 4) {
        let b = b.get(..16).unwrap_or(b);
        return only(&|one| one.b.starts_with(b));
    }
    let (domain, selector) = (result.domain(), result.property("header", "s"));
    only(&|one| {
        (domain.is_none() || one.domain == domain) && (selector.is_none() || one.selector.as_deref() == selector)
    })
}

/// The policy in a DMARC result: a property, or Google's and Yahoo's `p=…` in the comment.
fn policy(result: &MethodResult) -> Option<String> {
    if result.method != "dmarc" {
        return None;
    }
    let named = |ptype, name| result.property(ptype, name).map(str::to_owned);
    let said = result.comments.iter().find(|comment| comment.contains("p="));
    let asked = said.and_then(|comment| {
        let mut words = comment.split([' ', ',']);
        words.find_map(|word| word.trim().strip_prefix("p=")).map(str::to_ascii_lowercase)
    });
    asked
        .or_else(|| named("policy", "published-domain-policy"))
        .or_else(|| named("policy", "dmarc"))
        .map(|p| format!("p={}", p.to_ascii_lowercase()))
        .or_else(|| named("", "action").map(|action| format!("action={action}")))
}
