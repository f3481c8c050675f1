//! A diagnosis: where the trouble lies, with its evidence, its doubt and the next step of the guide.
//!
//! It reads the matrix of streams and providers over the last runs. Not seen is never cleared: a provider counts as well
//! only when its whole interval says so, and one that is neither low nor well is told as not settled. One run alone is a
//! reason to make another one, and every diagnosis from it says so.

use std::collections::BTreeSet;

use super::health::{ENOUGH, Thresholds};
use super::interval::Interval;
use super::monitor::MISSING_WARN;

/// Two providers are far apart when their rates differ by at least this and their intervals do not meet.
const FAR: f64 = 0.30;

/// One stream at one provider over the last runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    /// The stream.
    pub(crate) stream: String,
    /// Whether it is the plain message that tells content from reputation.
    pub(crate) control: bool,
    /// The domain in From.
    pub(crate) identity: String,
    /// The configuration set, if it has one.
    pub(crate) configuration_set: Option<String>,
    /// The region, where one is named.
    pub(crate) region: Option<String>,
    /// The provider's preset.
    pub(crate) provider: String,
    /// What tables call it.
    pub(crate) title: String,
    /// Measured probes.
    pub(crate) measured: usize,
    /// The share in the inbox; `None` over none.
    pub(crate) rate: Option<f64>,
    /// Its interval.
    pub(crate) interval: Interval,
    /// Lower end of the interval of the share that lies nowhere.
    pub(crate) missing_low: f64,
}

/// How a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Surely below the warning threshold.
    Low,
    /// Surely not far below it.
    Well,
    /// Neither is sure.
    Unsettled,
    /// Too few probes were measured.
    TooFew,
}

impl Standing {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Well => "well",
            Self::Unsettled => "unsettled",
            Self::TooFew => "too_few",
        }
    }
}

impl Cell {
    /// How it stands.
    pub(crate) fn standing(&self, thresholds: Thresholds) -> Standing {
        let Some(rate) = self.rate.filter(|_| self.measured >= ENOUGH) else { return Standing::TooFew };
        if self.interval.hi < thresholds.inbox_warn {
            Standing::Low
        } else if rate >= thresholds.inbox_warn && self.interval.lo >= thresholds.inbox_crit {
            Standing::Well
        } else {
            Standing::Unsettled
        }
    }

    fn figure(&self) -> String {
        let rate = self.rate.map_or("–".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        format!(
            "{} at {}: {rate} of {} in the inbox (range {:.0} to {:.0})",
            self.stream,
            self.title,
            self.measured,
            self.interval.lo * 100.0,
            self.interval.hi * 100.0
        )
    }
}

/// What the trouble comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// One provider's own judgement of this sender.
    Behaviour,
    /// The domain's reputation, or what all providers see alike.
    DomainTrust,
    /// What only some streams share: identity, configuration set or region.
    Assignment,
    /// The message itself.
    Content,
    /// Not the message: a plain one fares no better.
    Reputation,
    /// Mail that is taken and lies nowhere.
    Dropped,
    /// Yahoo usually follows Gmail by some days.
    Trailing,
    /// Too little was measured.
    Unknown,
}

impl Cause {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Behaviour => "behaviour",
            Self::DomainTrust => "domain_trust",
            Self::Assignment => "assignment",
            Self::Content => "content",
            Self::Reputation => "reputation",
            Self::Dropped => "dropped",
            Self::Trailing => "trailing",
            Self::Unknown => "unknown",
        }
    }
}

/// One diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// The cause.
    pub(crate) cause: Cause,
    /// It in one sentence.
    pub(crate) says: String,
    /// What it rests on.
    pub(crate) evidence: Vec<String>,
    /// What speaks against it.
    pub(crate) doubt: String,
    /// What to do next.
    pub(crate) next: &'static str,
}

/// Every diagnosis that the matrix allows; none when nothing is low. `runs` is how many runs it rests on.
pub(crate) fn diagnose(cells: &[Cell], runs: usize, thresholds: Thresholds) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    let mut streams: Vec<&str> = cells.iter().filter(|cell| !cell.control).map(|cell| cell.stream.as_str()).collect();
    streams.dedup();
    let of = |stream: &str| cells.iter().filter(|cell| cell.stream == stream).collect::<Vec<_>>();
    for stream in &streams {
        found.extend(providers(&of(stream), thresholds));
    }
    found.extend(assignment(cells, thresholds));
    found.extend(control(cells, thresholds));
    let is_known = |cell: &Cell| cell.standing(thresholds) != Standing::TooFew;
    if !cells.iter().any(is_known) {
        found.push(Diagnosis {
            cause: Cause::Unknown,
            says: "too little was measured to say anything".to_owned(),
            evidence: Vec::new(),
            doubt: "nothing is concluded from fewer than five measured probes at a provider".to_owned(),
            next: "run `inboxed check`, mend the seeds that cannot be read, and make another run",
        });
    }
    if runs < 2 {
        for one in &mut found {
            one.doubt = format!("this rests on one run alone; make another a week later before acting. {}", one.doubt);
        }
    }
    found
}

fn low<'a>(cells: &[&'a Cell], thresholds: Thresholds) -> Vec<&'a Cell> {
    cells.iter().copied().filter(|cell| cell.standing(thresholds) == Standing::Low).collect()
}

/// What one stream's providers tell.
fn providers(cells: &[&Cell], thresholds: Thresholds) -> Vec<Diagnosis> {
    let judged: Vec<&Cell> =
        cells.iter().copied().filter(|cell| cell.standing(thresholds) != Standing::TooFew).collect();
    let low = low(&judged, thresholds);
    let unsettled: Vec<&str> = judged
        .iter()
        .filter(|cell| cell.standing(thresholds) == Standing::Unsettled)
        .map(|cell| cell.title.as_str())
        .collect();
    let open = if unsettled.is_empty() { String::new() } else { format!("not settled: {}", unsettled.join(", ")) };
    let evidence = || judged.iter().map(|cell| cell.figure()).collect::<Vec<_>>();
    let mut found = Vec::new();
    if judged.len() >= 2 && low.len() == judged.len() {
        found.push(Diagnosis {
            cause: Cause::DomainTrust,
            says: format!(
                "{}: every provider files it low: the trust in the domain, or what all see alike",
                low_name(&low)
            ),
            evidence: evidence(),
            doubt: "a fault of DNS or of the message shows the same way".to_owned(),
            next: "run `inboxed dns check`, then pause cold mail for 72 hours and follow `inboxed recover`",
        });
    } else if let [only] = low[..] {
        let well = judged.iter().filter(|cell| cell.standing(thresholds) == Standing::Well).count();
        if well > 0 {
            found.push(Diagnosis {
                cause: Cause::Behaviour,
                says: format!(
                    "{}: only {} files it low: that provider's own judgement of this sender, from engagement and volume",
                    only.stream, only.title
                ),
                evidence: evidence(),
                doubt: if open.is_empty() { "seeds do not open or answer; readers there may see better".to_owned() } else { open },
                next: "before anything technical look at complaints, at readers who do not open, and at jumps in volume there",
            });
        }
    }
    found.extend(far_apart(&judged));
    found.extend(dropped(&judged));
    found.extend(trailing(&judged, thresholds));
    found
}

fn low_name(low: &[&Cell]) -> String {
    low.first().map_or(String::new(), |cell| cell.stream.clone())
}

/// Best and worst provider far apart: filters that read the message differently.
fn far_apart(judged: &[&Cell]) -> Option<Diagnosis> {
    let rate = |cell: &&&Cell| cell.rate.unwrap_or(0.0);
    let best = judged.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let worst = judged.iter().min_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let is_far = rate(&best) - rate(&worst) >= FAR && worst.interval.hi < best.interval.lo;
    is_far.then(|| Diagnosis {
        cause: Cause::Content,
        says: format!(
            "{}: {} and {} are far apart: filters read this message differently",
            best.stream, best.title, worst.title
        ),
        evidence: vec![best.figure(), worst.figure()],
        doubt: "one provider's opinion of the sender looks the same; a control stream tells them apart".to_owned(),
        next: "send the same mail as plain text without links from a `control = true` stream, and compare",
    })
}

fn dropped(judged: &[&Cell]) -> Option<Diagnosis> {
    let lost: Vec<&&Cell> = judged.iter().filter(|cell| cell.missing_low > MISSING_WARN).collect();
    let first = lost.first()?;
    Some(Diagnosis {
        cause: Cause::Dropped,
        says: format!("{}: mail that SES took lies nowhere", first.stream),
        evidence: lost
            .iter()
            .map(|cell| format!("{}: surely more than {:.0} % missing", cell.title, cell.missing_low * 100.0))
            .collect(),
        doubt: "it may be held back and come later; `inboxed sweep` looks again".to_owned(),
        next: "look at bounces and the suppression list in SES, and at blocklists that name the sending address",
    })
}

/// Said, never alarmed: Yahoo trails Gmail by several days.
fn trailing(judged: &[&Cell], thresholds: Thresholds) -> Option<Diagnosis> {
    let at = |name: &str| judged.iter().find(|cell| cell.provider == name);
    let (gmail, yahoo) = (at("gmail")?, at("yahoo")?);
    let is_so = gmail.standing(thresholds) == Standing::Low && yahoo.standing(thresholds) != Standing::Low;
    is_so.then(|| Diagnosis {
        cause: Cause::Trailing,
        says: format!("{}: Yahoo usually follows Gmail by several days", gmail.stream),
        evidence: vec![gmail.figure(), yahoo.figure()],
        doubt: "Yahoo may stay as it is".to_owned(),
        next: "look at Yahoo again in the next run before calling it well",
    })
}

/// What a stream is sent by.
type Trait = fn(&Cell) -> Option<&str>;

/// Streams that are low at most providers while others are well: what only the low ones share.
fn assignment(cells: &[Cell], thresholds: Thresholds) -> Option<Diagnosis> {
    let mut low_streams = Vec::new();
    let mut well_streams = Vec::new();
    let mut names: Vec<&str> = cells.iter().filter(|cell| !cell.control).map(|cell| cell.stream.as_str()).collect();
    names.dedup();
    for name in names {
        let own: Vec<&Cell> = cells.iter().filter(|cell| cell.stream == name).collect();
        let judged = own.iter().filter(|cell| cell.standing(thresholds) != Standing::TooFew).count();
        let low = low(&own, thresholds).len();
        let well = own.iter().filter(|cell| cell.standing(thresholds) == Standing::Well).count();
        match own.first() {
            Some(first) if judged > 0 && low == judged => low_streams.push(*first),
            Some(first) if well > 0 && low == 0 => well_streams.push(*first),
            Some(_) | None => {}
        }
    }
    if low_streams.is_empty() || well_streams.is_empty() {
        return None;
    }
    let traits: [(&str, Trait); 3] = [
        ("region", |cell| cell.region.as_deref()),
        ("configuration set", |cell| cell.configuration_set.as_deref()),
        ("identity", |cell| Some(cell.identity.as_str())),
    ];
    let shared: Vec<String> = traits
        .iter()
        .filter_map(|(word, value)| {
            let bad: BTreeSet<_> = low_streams.iter().map(|cell| value(cell)).collect();
            let good: BTreeSet<_> = well_streams.iter().map(|cell| value(cell)).collect();
            let only = bad.first().copied().flatten().filter(|_| bad.len() == 1 && bad.is_disjoint(&good))?;
            Some(format!("{word} {only}"))
        })
        .collect();
    if shared.is_empty() {
        return None;
    }
    let list = |cells: &[&Cell]| cells.iter().map(|cell| cell.stream.as_str()).collect::<Vec<_>>().join(", ");
    Some(Diagnosis {
        cause: Cause::Assignment,
        says: format!(
            "only what is sent with {} is low: its DNS or the addresses assigned to it",
            shared.join(" and ")
        ),
        evidence: vec![format!("low: {}", list(&low_streams)), format!("well: {}", list(&well_streams))],
        doubt: "these streams may also differ in their message and their readers".to_owned(),
        next: "run `inboxed dns check` for that identity: DKIM, MAIL FROM and, with dedicated addresses, their names",
    })
}

/// A control message against the others.
fn control(cells: &[Cell], thresholds: Thresholds) -> Option<Diagnosis> {
    let controls: Vec<&Cell> = cells.iter().filter(|cell| cell.control).collect();
    let pairs: Vec<(&Cell, &Cell)> = cells
        .iter()
        .filter(|cell| !cell.control && cell.standing(thresholds) == Standing::Low)
        .filter_map(|cell| Some((cell, *controls.iter().find(|control| control.provider == cell.provider)?)))
        .collect();
    let figures = |wanted: Standing| {
        pairs
            .iter()
            .filter(|(_, control)| control.standing(thresholds) == wanted)
            .flat_map(|(cell, control)| [cell.figure(), control.figure()])
            .collect::<Vec<_>>()
    };
    let (content, reputation) = (figures(Standing::Well), figures(Standing::Low));
    if !content.is_empty() && reputation.is_empty() {
        return Some(Diagnosis {
            cause: Cause::Content,
            says: "the plain control message arrives where the other does not: it is the content".to_owned(),
            evidence: content,
            doubt: "the control must leave by the same identity, configuration set and region to prove it".to_owned(),
            next: "take out links, tracking and images one by one, and make a run after each",
        });
    }
    (!reputation.is_empty() && content.is_empty()).then(|| Diagnosis {
        cause: Cause::Reputation,
        says: "the plain control message fares no better: it is the reputation, not the content".to_owned(),
        evidence: reputation,
        doubt: "a control message with a link of the same domain is none".to_owned(),
        next: "leave the text alone; check DNS, then follow `inboxed recover`",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::interval::{count, wilson};

    const GUIDE: Thresholds = Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 };

    fn cell(stream: &str, provider: &str, good: usize) -> Cell {
        Cell {
            stream: stream.to_owned(),
            control: stream == "plain",
            identity: "shop.example".to_owned(),
            configuration_set: None,
            region: Some(if stream == "west" { "us-west-2" } else { "eu-central-1" }.to_owned()),
            provider: provider.to_owned(),
            title: provider.to_owned(),
            measured: 40,
            rate: Some(count(good) / 40.0),
            interval: wilson(count(good), 40.0, 0.95),
            missing_low: 0.0,
        }
    }

    #[track_caller]
    fn check(cells: &[Cell], wanted: &[Cause]) -> Vec<Diagnosis> {
        let found = diagnose(cells, 3, GUIDE);
        assert_eq!(found.iter().map(|one| one.cause).collect::<Vec<_>>(), wanted, "{found:#?}");
        found
    }

    #[test]
    fn each_rule_speaks_where_its_pattern_shows_and_only_there() {
        let news = |good: [usize; 3]| -> Vec<Cell> {
            ["gmail", "outlook", "yahoo"]
                .iter()
                .zip(good)
                .map(|(provider, good)| cell("news", provider, good))
                .collect()
        };
        check(&news([39, 38, 39]), &[]);
        check(&news([27, 38, 39]), &[Cause::Behaviour, Cause::Trailing]);
        check(&news([38, 27, 39]), &[Cause::Behaviour]);
        check(&news([22, 21, 20]), &[Cause::DomainTrust]);
        check(&news([10, 38, 39]), &[Cause::Behaviour, Cause::Content, Cause::Trailing]);
        // Neither low nor well: nobody is accused and nobody cleared.
        check(&news([31, 31, 31]), &[]);
        let doubt = &check(&news([22, 38, 31]), &[Cause::Behaviour, Cause::Content, Cause::Trailing])[0].doubt;
        assert_eq!(doubt, "not settled: yahoo");
        let few = Cell { measured: 4, ..cell("news", "gmail", 2) };
        check(&[few], &[Cause::Unknown]);
        let lost = Cell { missing_low: 0.15, ..cell("news", "gmail", 34) };
        check(&[lost], &[Cause::Dropped]);
    }

    #[test]
    fn what_only_the_low_streams_share_is_named() {
        let cells = [
            cell("news", "gmail", 39),
            cell("news", "yahoo", 38),
            cell("west", "gmail", 20),
            cell("west", "yahoo", 21),
        ];
        let found = check(&cells, &[Cause::DomainTrust, Cause::Assignment]);
        assert!(found[1].says.contains("region us-west-2") && !found[1].says.contains("identity"), "{found:#?}");
    }

    #[test]
    fn a_control_message_separates_content_from_reputation() {
        let with = |good| {
            vec![
                cell("news", "gmail", 20),
                cell("news", "yahoo", 21),
                cell("plain", "gmail", good),
                cell("plain", "yahoo", good),
            ]
        };
        check(&with(39), &[Cause::DomainTrust, Cause::Content]);
        check(&with(20), &[Cause::DomainTrust, Cause::Reputation]);
        check(&with(31), &[Cause::DomainTrust]);
    }

    #[test]
    fn one_run_is_a_reason_for_another_one() {
        let cells = [cell("news", "gmail", 20), cell("news", "yahoo", 21)];
        let found = diagnose(&cells, 1, GUIDE);
        assert!(found.iter().all(|one| one.doubt.starts_with("this rests on one run alone")), "{found:#?}");
    }
}
