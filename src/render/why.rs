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
        let mut parts = vec![if spam == 0 { format!("none of {n} in spam") } else { format!("{spam} of {n} in spam") }];
        parts.push(aligned(&read));
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

/// How many are aligned, of those whose header was read.
fn aligned(read: &[&Judged]) -> String {
    let all = read.len();
    let count = |wanted: Option<bool>| read.iter().filter(|judged| judged.auth.aligned == wanted).count();
    let (yes, no, unknown) = (count(Some(true)), count(Some(false)), count(None));
    let mut said = match (yes, all) {
        _ if unknown == all => "alignment not known".to_owned(),
        (yes, all) if yes == all => format!("all {all} aligned"),
        (0, all) => format!("none of {all} aligned"),
        (yes, all) => format!("{yes} of {all} aligned"),
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

/// The stamps that tell something, on the copies in spam: common ones first.
fn stamped(spammed: &[&Judged]) -> String {
    let all = spammed.len();
    let mut counted: Vec<(String, usize)> = Vec::new();
    for brief in spammed.iter().flat_map(|judged| briefs(judged)) {
        match counted.iter_mut().find(|(other, _)| *other == brief) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counted.push((brief, 1)),
        }
    }
    let common: Vec<&str> =
        counted.iter().filter(|(_, count)| *count == all).map(|(brief, _)| brief.as_str()).collect();
    let mut parts = Vec::new();
    if !common.is_empty() {
        let those = if all == 1 { "in that one".to_owned() } else { format!("in those {all}") };
        parts.push(format!("{} {those}", common.join(", ")));
    }
    let others = counted.iter().filter(|(_, count)| *count < all).take(6);
    parts.extend(others.map(|(brief, count)| format!("{brief} in {count}")));
    if parts.is_empty() { "no stamp says why".to_owned() } else { parts.join(", ") }
}

/// The stamps of one probe that tell something, in a few words each.
pub(crate) fn briefs(judged: &Judged) -> Vec<String> {
    let stamps = judged.testimony.iter().flat_map(|told| &told.testimony.stamps);
    let mut briefs: Vec<String> = stamps.filter_map(Stamp::brief).collect();
    briefs.dedup();
    briefs
}
