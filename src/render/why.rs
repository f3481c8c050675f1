//! Why it landed there, for each provider in one sentence: how many in spam, how many aligned, what the filter stamped.

use super::report::{Judged, RunReport};
use crate::domain::finding::Placement;
use crate::domain::provider::ProviderName;
use crate::domain::stamp::Stamp;
use crate::domain::tally::Tally;

/// A sentence for each provider of whose probes some header was read: `Outlook: 4 of 12 in spam; all 12 aligned; SCL 5,
/// CAT SPM in those 4.`
pub(crate) fn whys(report: &RunReport) -> Vec<String> {
    let tallies = report.tallies();
    let sentence = |title: &str, name: &ProviderName, tally: &Tally| {
        let here: Vec<&Judged> = report.probes.iter().filter(|judged| judged.probe.provider == *name).collect();
        let read: Vec<&Judged> = here.into_iter().filter(|judged| judged.testimony.is_some()).collect();
        if read.is_empty() {
            return None;
        }
        let (n, spam) = (tally.measured(), tally.count(Placement::Spam));
        let missing = tally.count(Placement::Missing);
        let lost = if missing == 0 { String::new() } else { format!(", {missing} missing") };
        let spammed = if spam == 0 { "none".to_owned() } else { spam.to_string() };
        let whole = missing > 0 && read.len() == n.saturating_sub(missing);
        let mut parts = vec![format!("{spammed} of {n} in spam{lost}")];
        parts.push(aligned(&read, if whole { " that arrived" } else { "" }));
        let is_spam = |judged: &&&Judged| judged.finding.placement() == Some(Placement::Spam);
        let spammed: Vec<&Judged> = read.iter().filter(is_spam).copied().collect();
        if !spammed.is_empty() {
            parts.push(stamped(&spammed));
        }
        Some(format!("{title}: {}.", parts.join("; ")))
    };
    let providers = tallies.providers.iter();
    providers.filter_map(|one| sentence(&one.provider.title, &one.provider.name, &one.tally)).collect()
}

/// How many are aligned, of those whose header was read. `which` says that these are fewer than were sent, and why.
fn aligned(read: &[&Judged], which: &str) -> String {
    let all = read.len();
    let count = |wanted: Option<bool>| read.iter().filter(|judged| judged.auth.aligned == wanted).count();
    let (yes, no, unknown) = (count(Some(true)), count(Some(false)), count(None));
    let mut said = match (yes, all) {
        _ if unknown == all => "alignment not known".to_owned(),
        (yes, all) if yes == all => format!("all {all}{which} aligned"),
        (0, all) => format!("none of {all}{which} aligned"),
        (yes, all) => format!("{yes} of {all}{which} aligned"),
    };
    if unknown > 0 && unknown < all {
        said = format!("{said}, {unknown} not known");
    }
    let failed = read.iter().filter(|judged| judged.auth.dmarc.as_deref() == Some("fail")).count();
    if no > 0 && failed > 0 {
        said = format!("{said}, DMARC fail in {failed}");
    }
    said
}

/// The stamps that tell something, on the copies in spam: those of all of them first, then those that stand on the same
/// ones together.
fn stamped(spammed: &[&Judged]) -> String {
    let all = spammed.len();
    let mut borne: Vec<(String, Vec<usize>)> = Vec::new();
    for (at, judged) in spammed.iter().enumerate() {
        for brief in briefs(judged) {
            match borne.iter_mut().find(|(other, _)| *other == brief) {
                Some((_, by)) => by.push(at),
                None => borne.push((brief, vec![at])),
            }
        }
    }
    let mut groups: Vec<(Vec<usize>, Vec<String>)> = Vec::new();
    for (brief, by) in borne {
        match groups.iter_mut().find(|(other, _)| *other == by) {
            Some((_, briefs)) => briefs.push(brief),
            None => groups.push((by, vec![brief])),
        }
    }
    groups.sort_by_key(|(by, _)| std::cmp::Reverse(by.len()));
    let words = |(by, briefs): &(Vec<usize>, Vec<String>)| {
        let count = match by.len() {
            1 if all == 1 => "that one".to_owned(),
            count if count == all => format!("those {count}"),
            count => count.to_string(),
        };
        format!("{} in {count}", briefs.join(", "))
    };
    let parts: Vec<String> = groups.iter().take(6).map(words).collect();
    if parts.is_empty() { "no stamp says why".to_owned() } else { parts.join("; ") }
}

/// The stamps of one probe that tell something, in a few words each.
pub(crate) fn briefs(judged: &Judged) -> Vec<String> {
    let stamps = judged.testimony.iter().flat_map(|told| &told.testimony.stamps);
    let mut briefs: Vec<String> = stamps.filter_map(Stamp::brief).collect();
    briefs.dedup();
    briefs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::testify;
    use crate::domain::provider::Provider;
    use crate::render::samples::report;

    /// The preset of a receiver that stamps like Microsoft.
    fn outlook() -> std::sync::Arc<Provider> {
        let presets = crate::config::presets().unwrap();
        let name = ProviderName::new("outlook").unwrap();
        std::sync::Arc::clone(&presets[&name])
    }

    fn header(aligned: bool, scl: u8, cat: &str) -> String {
        let results = if aligned { "dmarc=pass" } else { "dmarc=fail" };
        format!(
            "Authentication-Results: {results} action=none header.from=shop.example\r\nReceived: from a.example (192.0.2.1) by \
             x.mail.protection.outlook.com; x\r\nFrom: a@shop.example\r\nReturn-Path: a@b.example\r\n\
             X-Forefront-Antispam-Report: SCL:{scl};SFV:SPM;CAT:{cat};\r\n\r\n"
        )
    }

    #[test]
    fn a_provider_is_summed_up_in_one_sentence() {
        let seeds: Vec<String> = (0..12).map(|at| format!("s{at}@x.example")).collect();
        let rows: Vec<_> = seeds
            .iter()
            .enumerate()
            .map(|(at, seed)| ("news", seed.as_str(), "outlook", if at < 4 { "spam" } else { "inbox" }, 3))
            .collect();
        let mut report = report(&rows);
        assert_eq!(whys(&report), Vec::<String>::new(), "no header was read");
        let told = |report: &mut RunReport, header: &dyn Fn(usize) -> String| {
            for (at, judged) in report.probes.iter_mut().enumerate() {
                judged.tell(testify(header(at).as_bytes(), false, &outlook()), Vec::new());
            }
            whys(report)
        };
        let spam = |at: usize| if at < 4 { (5, "SPM") } else { (1, "NONE") };
        assert_eq!(
            told(&mut report, &|at| header(true, spam(at).0, spam(at).1)),
            ["Outlook: 4 of 12 in spam; all 12 aligned; SCL 5, CAT SPM in those 4."]
        );
        assert_eq!(
            told(&mut report, &|at| header(
                at == 11,
                if at == 0 { 9 } else { 5 },
                if at == 0 { "HSPM" } else { "SPM" }
            )),
            ["Outlook: 4 of 12 in spam; 1 of 12 aligned, DMARC fail in 11; SCL 5, CAT SPM in 3; SCL 9, CAT HSPM in 1."]
        );
        report.probes[11].testimony = None;
        assert_eq!(
            told(&mut report, &|_| "From: a@shop.example\r\n\r\n".to_owned()),
            ["Outlook: 4 of 12 in spam; alignment not known; no stamp says why."]
        );
    }

    #[test]
    fn what_is_missing_stands_beside_the_two_counts_that_it_makes_differ() {
        let seeds: Vec<String> = (0..12).map(|at| format!("s{at}@x.example")).collect();
        let placed = |at: usize| if at == 11 { "missing" } else { "inbox" };
        let row = |(at, seed)| ("news", String::as_str(seed), "outlook", placed(at), 3);
        let mut report = report(&seeds.iter().enumerate().map(row).collect::<Vec<_>>());
        for judged in report.probes.iter_mut().take(11) {
            judged.tell(testify(header(true, 1, "NONE").as_bytes(), false, &outlook()), Vec::new());
        }
        assert_eq!(whys(&report), ["Outlook: none of 12 in spam, 1 missing; all 11 that arrived aligned."]);
        report.probes[10].testimony = None;
        assert_eq!(whys(&report), ["Outlook: none of 12 in spam, 1 missing; all 10 aligned."], "one was not read");
    }
}
