//! What one message's header testifies, as a person reads it: what to do about it first, then the facts behind it.

use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone};
use crate::domain::evidence::{Check, Testimony};
use crate::domain::identity::{Alignment, Identity, Named};
use crate::domain::road::{Hop, Road};
use crate::domain::stamp::Stamp;
use crate::render::plain::{columns, plain};
use crate::render::words::{counted, second, span, time_of_day};

/// Longest word of a stranger's in a table, in columns.
const WORD: usize = 64;
/// Longest sentence, in columns.
const SENTENCE: usize = 400;
/// Most stamps, hops and sentences shown; JSON has all of them.
const MOST: usize = 40;

/// The parts of a testimony, each ended by a line end.
pub(super) fn evidence(testimony: &Testimony, remarks: &[String], screen: Screen) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend(sentences("What this says", remarks, Tone::Usual, screen));
    parts.extend(checks(testimony, screen));
    parts.extend(stamps(testimony, screen));
    parts.push(identity(&testimony.identity, screen));
    parts.extend(road(&testimony.road, screen));
    parts.extend(sentences("Odd", &testimony.oddities, Tone::Warning, screen));
    parts.extend(sentences("Not known", &testimony.unknown, Tone::Quiet, screen));
    parts
}

/// Sentences under a title, one to a paragraph.
fn sentences(title: &str, said: &[String], tone: Tone, screen: Screen) -> Option<String> {
    if said.is_empty() {
        return None;
    }
    let mut text = format!("{}\n", screen.paint(Tone::Strong, title));
    for sentence in said.iter().take(MOST) {
        text.push_str(&screen.paragraph(tone, &format!("- {}", plain(sentence, SENTENCE)), "  "));
    }
    text.push_str(&more(said.len(), screen));
    Some(text)
}

/// How many things were left out.
fn more(len: usize, screen: Screen) -> String {
    match len.saturating_sub(MOST) {
        0 => String::new(),
        left_out => screen.paragraph(Tone::Quiet, &format!("… and {left_out} more (--json has them all)"), ""),
    }
}

/// SPF, DKIM and DMARC: the result, the domain, and whether that is aligned with From.
fn checks(testimony: &Testimony, screen: Screen) -> Option<String> {
    let auth = &testimony.auth;
    let mut grid = Grid::new([
        ("check", Side::Left),
        ("result", Side::Left),
        ("domain", Side::Left),
        ("aligned with From", Side::Left),
        ("said", Side::Left),
    ]);
    let rows = auth.spf.iter().map(|one| ("SPF", one));
    let rows = rows.chain(auth.dkim.iter().map(|one| ("DKIM", one))).chain(auth.dmarc.iter().map(|one| ("DMARC", one)));
    let mut count = 0_usize;
    for (name, check) in rows.take(MOST) {
        count = count.saturating_add(1);
        grid.row(row(name, check));
    }
    if count == 0 {
        return None;
    }
    grid.fit(screen.columns(), &[(4, 10), (2, 16)]);
    let (tone, aligned) = match auth.aligned {
        Some(true) => (Tone::Good, "Aligned: something that passed belongs to the domain in From."),
        Some(false) => (Tone::Bad, "Not aligned: nothing that passed belongs to the domain in From."),
        None => (Tone::Warning, "Aligned or not: not known."),
    };
    let title = screen.paint(Tone::Strong, "Authentication, as the receiver found it");
    Some(format!("{title}\n{}{}", grid.draw(screen), screen.paragraph(tone, aligned, "")))
}

fn row(name: &str, check: &Check) -> Vec<Entry> {
    let tone = match check.word {
        Some("pass") => Tone::Good,
        Some("fail" | "softfail" | "permerror" | "policy") => Tone::Bad,
        Some(_) | None => Tone::Warning,
    };
    let domain = check.domain.as_deref().map_or_else(|| "–".to_owned(), |domain| plain(domain, WORD));
    let domain = match &check.selector {
        Some(selector) => format!("{domain} ({})", plain(selector, 16)),
        None => domain,
    };
    let said = match (&check.policy, &check.said) {
        (Some(policy), _) => plain(policy, WORD),
        (None, Some(said)) => plain(said, 72),
        (None, None) => String::new(),
    };
    let mut aligned = if name == "DMARC" { Entry::usual("") } else { alignment(check.alignment) };
    if check.word != Some("pass") {
        // Alignment of what did not pass is worth nothing.
        aligned.tone = Tone::Quiet;
    }
    vec![
        Entry::usual(name),
        Entry::new(tone, plain(&check.written, 20)),
        Entry::usual(domain),
        aligned,
        Entry::new(Tone::Quiet, said),
    ]
}

fn alignment(alignment: Alignment) -> Entry {
    match alignment {
        Alignment::Same => Entry::new(Tone::Good, "yes, same domain"),
        Alignment::Organisation => Entry::new(Tone::Good, "yes, same organisation"),
        Alignment::Different => Entry::new(Tone::Bad, "no"),
        Alignment::Unknown => Entry::new(Tone::Quiet, "not known"),
    }
}

/// Every stamp with its meaning.
fn stamps(testimony: &Testimony, screen: Screen) -> Option<String> {
    if testimony.stamps.is_empty() {
        return None;
    }
    let mut grid = Grid::new([("stamp", Side::Left), ("value", Side::Left), ("means", Side::Left)]);
    let (mut known, others): (Vec<&Stamp>, Vec<&Stamp>) =
        testimony.stamps.iter().partition(|one| one.meaning.is_some());
    known.sort_by_key(|stamp| stamp.brief().is_none());
    for stamp in known.iter().take(MOST) {
        let tone = if stamp.brief().is_some() { Tone::Strong } else { Tone::Usual };
        let means = stamp.meaning.as_deref().unwrap_or_default();
        grid.row(vec![
            Entry::new(tone, plain(&stamp.name, 40)),
            Entry::usual(plain(&stamp.value, 48)),
            Entry::usual(means),
        ]);
    }
    grid.fit(screen.columns(), &[(1, 12), (2, 16), (0, 8)]);
    let mut text = format!("{}\n", screen.paint(Tone::Strong, "Stamps of the receiver's filter"));
    if !known.is_empty() {
        text.push_str(&grid.draw(screen));
        text.push_str(&more(known.len(), screen));
    }
    if !others.is_empty() {
        let others =
            others.iter().take(MOST).map(|stamp| format!("{} {}", plain(&stamp.name, 40), plain(&stamp.value, 40)));
        let line = format!("Of no known meaning: {}.", others.collect::<Vec<_>>().join("; "));
        text.push_str(&screen.paragraph(Tone::Quiet, &line, ""));
    }
    Some(text)
}

/// Every name of the message, side by side.
fn identity(identity: &Identity, screen: Screen) -> String {
    let mut grid = Grid::new([("identity", Side::Left), ("is", Side::Left), ("aligned with From", Side::Left)]);
    let from = match (&identity.from, identity.froms) {
        (Some(from), _) => plain(from, WORD),
        (None, 0) => "absent".to_owned(),
        (None, froms) => counted(froms, "sender"),
    };
    grid.row(vec![Entry::new(Tone::Strong, "From"), Entry::usual(from), Entry::usual("")]);
    let mut name = |what: &str, named: &Named| {
        grid.row(vec![Entry::usual(what), Entry::usual(address(named)), alignment(named.alignment)]);
    };
    for (what, named) in [("Return-Path", &identity.return_path), ("Sender", &identity.sender)] {
        if let Some(named) = named {
            name(what, named);
        }
    }
    for reply in identity.reply_to.iter().take(3) {
        name("Reply-To", reply);
    }
    for signature in identity.signatures.iter().take(5) {
        let domain = signature.domain.as_deref().map_or_else(|| "–".to_owned(), |domain| plain(domain, WORD));
        grid.row(vec![Entry::usual("DKIM d="), Entry::usual(domain), alignment(signature.alignment)]);
    }
    if let Some(id) = &identity.message_id {
        let amazons = id.domain.as_deref().is_some_and(crate::domain::identity::is_amazons);
        let aligned = if amazons { Entry::new(Tone::Quiet, "SES writes its own") } else { alignment(id.alignment) };
        let domain = id.domain.as_deref().unwrap_or(&id.text);
        grid.row(vec![Entry::usual("Message-ID"), Entry::usual(plain(domain, WORD)), aligned]);
    }
    if let Some(list) = &identity.unsubscribe {
        let click = match (list.one_click, list.signed) {
            (true, Some(true)) => Entry::new(Tone::Good, "one click, signed"),
            (true, Some(false)) => Entry::new(Tone::Warning, "one click, not signed"),
            (true, None) => Entry::new(Tone::Quiet, "one click, signature not judged"),
            (false, _) => Entry::new(Tone::Warning, "no one-click"),
        };
        let uri = list.uris.first().map_or_else(|| "no address".to_owned(), |uri| plain(uri, WORD));
        grid.row(vec![Entry::usual("List-Unsubscribe"), Entry::usual(uri), click]);
    }
    grid.fit(screen.columns(), &[(1, 16)]);
    format!("{}\n{}", screen.paint(Tone::Strong, "Identity: what the message calls its sender"), grid.draw(screen))
}

/// An address whose domain stays whole: the local part of a return path is long and says nothing.
fn address(named: &Named) -> String {
    match named.text.rsplit_once('@') {
        Some((local, domain)) if local.len() > 20 => format!("{}@{}", plain(local, 12), plain(domain, WORD)),
        _ => plain(&named.text, WORD),
    }
}

/// The hops with their delays, and how the receiver's border took the message.
fn road(road: &Road, screen: Screen) -> Option<String> {
    if road.hops.is_empty() {
        return None;
    }
    let mut grid = Grid::new([
        ("taken at", Side::Left),
        ("after", Side::Right),
        ("from", Side::Left),
        ("by", Side::Left),
        ("with", Side::Left),
    ]);
    for hop in road.hops.iter().take(MOST) {
        grid.row(hop_row(hop));
    }
    grid.fit(screen.columns(), &[(4, 8), (2, 14), (3, 14)]);
    let mut text = format!("{}\n{}", screen.paint(Tone::Strong, "Road"), grid.draw(screen));
    text.push_str(&more(road.hops.len(), screen));
    let mut facts = Vec::new();
    facts.extend(road.sending_ip.map(|ip| format!("sent from {ip}")));
    facts.extend(road.helo.as_deref().map(|helo| format!("called itself {}", plain(helo, WORD))));
    facts.push(match (&road.tls, road.encrypted) {
        (Some(tls), _) => plain(tls, WORD),
        (None, Some(true)) => "encrypted".to_owned(),
        (None, Some(false)) => "not encrypted".to_owned(),
        (None, None) => "encryption not told".to_owned(),
    });
    facts.extend(road.taken_at.map(|at| format!("taken {}", second(at))));
    facts.extend(road.took.map(|took| format!("{} from Date to the last hop", span(took))));
    let sentence = if road.hops.iter().any(|hop| hop.trusted) { "At the border: " } else { "" };
    if !sentence.is_empty() {
        text.push_str(&screen.paragraph(Tone::Usual, &format!("{sentence}{}.", facts.join(", ")), ""));
    }
    Some(text)
}

fn hop_row(hop: &Hop) -> Vec<Entry> {
    let word = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), |text| plain(text, WORD));
    let tone = if hop.trusted { Tone::Usual } else { Tone::Quiet };
    let from = match (&hop.from, hop.ip) {
        (Some(from), Some(ip)) if *from != ip.to_string() && columns(from) < WORD => {
            format!("{} [{ip}]", plain(from, WORD))
        }
        (None, Some(ip)) => ip.to_string(),
        (_, _) => word(&hop.from),
    };
    let with = match (&hop.with, &hop.tls) {
        (Some(with), Some(tls)) => format!("{with}, {tls}"),
        (Some(with), None) => with.clone(),
        (None, Some(tls)) => tls.clone(),
        (None, None) => String::new(),
    };
    let by = if hop.trusted { word(&hop.by) } else { format!("{} (claimed)", word(&hop.by)) };
    vec![
        Entry::new(tone, hop.at.map_or_else(|| "–".to_owned(), time_of_day)),
        Entry::new(tone, hop.delay.map_or_else(String::new, span)),
        Entry::new(tone, from),
        Entry::new(tone, by),
        Entry::new(tone, plain(&with, WORD)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::{remarks, testify};
    use crate::domain::provider::ProviderName;
    use crate::render::plain::is_hostile;

    /// A fixture as its provider received it, on a terminal so wide.
    fn shown(provider: &str, what: &str, width: usize) -> String {
        let path = format!("{}/tests/data/headers/{provider}/{what}.eml", env!("CARGO_MANIFEST_DIR"));
        let presets = crate::config::presets().unwrap();
        let preset = &presets[&ProviderName::new(provider).unwrap()];
        let testimony = testify(&std::fs::read(path).unwrap(), false, preset);
        let screen = Screen { width: Some(width), colour: false };
        evidence(&testimony, &remarks(&testimony, None, None), screen).join("\n")
    }

    #[test]
    fn the_page_fits_the_terminal_and_is_harmless() {
        for (provider, what) in [
            ("outlook", "forged"),
            ("gmail", "aligned"),
            ("yahoo", "perm-fail"),
            ("generic", "hostile-words"),
            ("fastmail", "many-methods"),
        ] {
            for width in [80, 100, 140] {
                for line in shown(provider, what, width).lines() {
                    assert!(columns(line) <= width, "{provider} {what}: {} at {width}: {line}", columns(line));
                    assert!(!line.chars().any(is_hostile), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn what_to_do_comes_first_and_what_is_not_known_last() {
        let page = shown("outlook", "junked-and-not-aligned", 100);
        let titles = ["What this says", "Authentication, as", "Stamps of the", "Identity: what", "Road"];
        let places: Vec<_> = titles.iter().map(|title| page.find(title).unwrap()).collect();
        assert!(places.is_sorted() && places[0] == 0, "{page}");
        for words in [
            "Not aligned: nothing that passed belongs to the domain in From.",
            "switch on Easy DKIM for shop.example",
            "failed DMARC under a policy of quarantine or reject",
            "SES writes its own",
            "Of no known meaning: SFS (13230040)",
            "At the border: sent from 192.0.2.79",
        ] {
            assert!(page.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{words} in {page}");
        }
        assert!(shown("gmail", "aligned", 100).contains("Gmail writes none"), "Gmail stamps nothing, and that is said");
    }
}
