//! What the header of a copy testifies, on the page: the filter's verdict in plain sight, everything else in a fold.
//!
//! What stands where follows from what a stamp tells a reader ([`Stamp::weight`]), never from who wrote it; a stamp that nobody
//! has seen before stands in the fold.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::domain::evidence::Check;
use crate::domain::road::{Hop, Road};
use crate::domain::stamp::{Stamp, verdicts};
use crate::render::language::{Language, Noun, filled};
use crate::render::plain::plain;
use crate::render::report::Judged;
use crate::render::words::time_of_day;

/// Most columns of a stamp's value in plain sight.
const GIST: usize = 60;
/// Most columns of a name or a word.
const WORD: usize = 64;
/// Most columns of a value in the fold.
const WIDEST: usize = 160;
/// Most lines of one kind in the fold.
const MOST: usize = 40;

/// What can be unfolded below a probe.
pub(super) struct FoldView {
    /// What it holds.
    pub(super) title: String,
    /// As it was written, and what it means.
    pub(super) lines: Vec<(String, String)>,
    /// How much was left out.
    pub(super) more: Option<String>,
}

/// The stamps of a probe, in the order of the header where that is known.
fn stamps(judged: &Judged) -> Vec<Cow<'_, Stamp>> {
    match &judged.testimony {
        Some(told) => told.testimony.stamps.iter().map(Cow::Borrowed).collect(),
        None => judged.stamps.iter().map(|(name, value)| Cow::Owned(Stamp::new(name, name, value))).collect(),
    }
}

/// The filter's verdict and how the message came, in one line; empty where the header says neither. `in_words` tells what
/// the stamps mean.
pub(super) fn verdict(judged: &Judged, in_words: bool, language: Language) -> String {
    let stamps = stamps(judged);
    let stamps: Vec<&Stamp> = stamps.iter().map(AsRef::as_ref).collect();
    let said = |stamp: &&Stamp| {
        let code = format!("{} {}", plain(&stamp.name, WORD), plain(stamp.gist(), GIST));
        match stamp.meaning.as_deref().filter(|_| in_words) {
            Some(english) => format!("{code} ({})", language.meaning(english)),
            None => code,
        }
    };
    let mut parts: Vec<String> = verdicts(&stamps).iter().map(said).collect();
    if let Some(told) = &judged.testimony {
        parts.extend(border(&told.testimony.road, language));
    }
    parts.join(" · ")
}

/// How the receiver's border took the message: `from 192.0.2.10, TLS 1.3`.
fn border(road: &Road, language: Language) -> Option<String> {
    let words = language.words();
    let from = road.sending_ip.map(|address| filled(words.taken_from, &[("address", &address.to_string())]));
    let tls = match (&road.tls, road.encrypted) {
        (Some(tls), _) => Some(plain(tls.split(',').next().unwrap_or_default(), GIST)),
        (None, Some(true)) => Some(words.encrypted.to_owned()),
        (None, Some(false)) => Some(words.unencrypted.to_owned()),
        (None, None) => None,
    };
    let facts: Vec<String> = [from, tls].into_iter().flatten().collect();
    (!facts.is_empty()).then(|| facts.join(", "))
}

/// Everything that the header says: results, stamps with their meanings, hops. `None` where it says nothing.
pub(super) fn fold(judged: &Judged, run: &str, language: Language) -> Option<FoldView> {
    let mut stamps = stamps(judged);
    let mut lines = Vec::new();
    let mut title = Vec::new();
    let mut left_out = stamps.len().saturating_sub(MOST);
    if let Some(told) = &judged.testimony {
        let auth = &told.testimony.auth;
        let results = auth.spf.iter().map(|one| ("SPF", one));
        let results = results.chain(auth.dkim.iter().map(|one| ("DKIM", one)));
        let results = results.chain(auth.dmarc.iter().map(|one| ("DMARC", one)));
        lines.extend(results.take(MOST).map(|(name, one)| (result(name, one), said(one))));
    }
    if !stamps.is_empty() {
        title.push(language.counted(stamps.len(), Noun::STAMP));
    }
    // Within one weight the order of the header stays.
    stamps.sort_by_key(|stamp| stamp.weight());
    lines.extend(stamps.iter().take(MOST).map(|stamp| {
        let means = stamp.meaning.as_deref().map(|english| language.meaning(english)).unwrap_or_default();
        (format!("{} {}", plain(&stamp.name, WORD), plain(&stamp.value, WIDEST)), means.to_owned())
    }));
    if let Some(told) = judged.testimony.as_ref().filter(|told| !told.testimony.road.hops.is_empty()) {
        let hops = &told.testimony.road.hops;
        title.push(language.counted(hops.len(), Noun::HOP));
        left_out = left_out.saturating_add(hops.len().saturating_sub(MOST));
        lines.extend(hops.iter().take(MOST).map(|hop| (road(hop), passed(hop, language))));
    }
    let seed = judged.probe.seed.as_str();
    let more = [("n", language.number(left_out)), ("run", run.to_owned()), ("seed", plain(seed, WIDEST))];
    let more = more.each_ref().map(|(gap, filling)| (*gap, filling.as_str()));
    (!title.is_empty()).then(|| FoldView {
        title: title.join(", "),
        lines,
        more: (left_out > 0).then(|| filled(language.words().fold_more, &more)),
    })
}

/// One result with the domain that it is about.
fn result(name: &str, check: &Check) -> String {
    let domain = check.domain.as_deref().map(|domain| format!(" {}", plain(domain, WORD))).unwrap_or_default();
    format!("{name} {}{domain}", plain(&check.written, 20))
}

/// What the receiver added to a result.
fn said(check: &Check) -> String {
    let said = check.policy.as_ref().or(check.said.as_ref());
    said.map(|said| plain(said, WIDEST)).unwrap_or_default()
}

/// From where to where a hop led.
fn road(hop: &Hop) -> String {
    let named = |ip: &IpAddr| hop.from.as_ref().is_none_or(|from| *from != ip.to_string());
    let from = match (&hop.from, hop.ip.filter(named)) {
        (Some(from), Some(ip)) => format!("{} [{ip}]", plain(from, WORD)),
        (None, Some(ip)) => ip.to_string(),
        (Some(from), None) => plain(from, WORD),
        (None, None) => "–".to_owned(),
    };
    format!("{from} → {}", hop.by.as_deref().map_or_else(|| "–".to_owned(), |by| plain(by, WORD)))
}

/// When and how a hop was passed, and whether the receiver itself says so.
fn passed(hop: &Hop, language: Language) -> String {
    let words = language.words();
    let mut parts = Vec::new();
    parts.extend(hop.at.map(|at| format!("{} UTC", time_of_day(at))));
    parts.extend(hop.delay.map(|delay| filled(words.hop_after, &[("span", &language.span(delay))])));
    parts.extend(hop.with.as_deref().map(|with| plain(with, WORD)));
    parts.extend(hop.tls.as_deref().map(|tls| plain(tls, WORD)));
    if !hop.trusted {
        parts.push(words.hop_claimed.to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::page::tests::received;

    #[test]
    fn the_verdict_stands_in_plain_sight_and_what_nobody_can_read_in_the_fold() {
        let row = |provider: &str, what: &str, in_words: bool| {
            let judged = received(provider, what);
            let fold = fold(&judged, "12", Language::English).unwrap();
            let lines: Vec<String> = fold.lines.iter().map(|(code, means)| format!("{code}: {means}")).collect();
            (verdict(&judged, in_words, Language::English), fold.title, lines.join("\n"))
        };
        let (plain_sight, title, all) = row("outlook", "aligned", false);
        assert_eq!(
            plain_sight,
            "SCL 1 · SFV NSPM · CAT NONE · BCL 0 · compauth pass reason=100 · from 192.0.2.79, TLS 1.3"
        );
        assert_eq!(title, "21 stamps, 3 hops");
        for line in [
            "SPF pass bounce.shop.example: ",
            "SCL 1: not spam",
            "SFS (13230040)(69100299015): \n",
            "ARA 14566002|461199028|47200799021: \n",
            "CTRY DE: country that the sending address is ascribed to",
        ] {
            assert!(all.contains(line), "{line} in {all}");
        }
        let order: Vec<_> = ["SCL 1", "CIP 192", "SFS (", "→"].iter().map(|one| all.find(one)).collect();
        assert!(order.is_sorted() && order.iter().all(Option::is_some), "verdicts first, hops last: {all}");

        let (plain_sight, _, _) = row("outlook", "junked-and-not-aligned", true);
        assert!(plain_sight.starts_with("SCL 5 (spam) · SFV SPM (the filter found it to be spam) · CAT SPM (spam)"));
        let (plain_sight, _, all) = row("yahoo", "aligned", true);
        assert!(!plain_sight.contains("YMail") && plain_sight.starts_with("from 192.0.2."), "{plain_sight}");
        assert!(all.contains("X-YMailISG aBcDeFgHiJ.kLmNoPqRsT_uVwXyZ 0123456789: opaque"), "{all}");
        let (plain_sight, _, _) = row("gmx", "one-header-each", false);
        assert!(plain_sight.starts_with("X-UI-Filterresults notjunk:1 · "), "{plain_sight}");
    }

    #[test]
    fn germans_read_what_stamps_mean_in_german() {
        let judged = received("outlook", "junked-and-not-aligned");
        assert!(
            verdict(&judged, true, Language::German)
                .starts_with("SCL 5 (Spam) · SFV SPM (der Filter hielt sie für Spam)")
        );
        let fold = fold(&judged, "12", Language::German).unwrap();
        assert!(fold.lines.iter().any(|(code, means)| code == "DIR INB" && means == "eingehend"));
    }

    #[test]
    fn a_stamp_that_nobody_has_seen_before_stands_in_the_fold_and_thousands_are_counted() {
        let mut judged = received("yahoo", "aligned");
        judged.testimony = None;
        judged.stamps = (0..100).map(|n| (format!("X-New-{n:03}"), "v".to_owned())).collect();
        assert_eq!(verdict(&judged, true, Language::English), "");
        let view = fold(&judged, "12", Language::English).unwrap();
        assert_eq!((view.title.as_str(), view.lines.len()), ("100 stamps", MOST));
        assert_eq!(view.lines[0], ("X-New-000 v".to_owned(), String::new()));
        assert_eq!(view.more.unwrap(), "and 60 more: inboxed show 12 anna@seed.example");
        judged.stamps.clear();
        assert!(fold(&judged, "12", Language::English).is_none(), "there is nothing to unfold");
    }
}
