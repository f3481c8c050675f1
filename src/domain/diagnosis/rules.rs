//! The rules: which pattern of the matrix means what.

use std::collections::BTreeSet;

use super::{Cell, Diagnosis, Evidence, Pattern, Returned, Standing, Trait};
use crate::domain::health::Thresholds;
use crate::domain::monitor::MISSING_WARN;
use crate::domain::reputation::Reputation;
use crate::domain::threshold::{Band, Measure};

/// Two providers are far apart when their rates differ by at least this and their intervals do not meet.
const FAR: f64 = 0.30;

/// Every diagnosis that the matrix allows; none when nothing is low. The cells of one stream stand together.
pub(crate) fn diagnose(cells: &[Cell], thresholds: Thresholds) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    for stream in streams(cells) {
        let own: Vec<&Cell> = cells.iter().filter(|cell| cell.stream == stream).collect();
        found.extend(providers(&own, thresholds));
    }
    found.extend(assignment(cells, thresholds));
    found.extend(control(cells, thresholds));
    if !cells.iter().any(|cell| cell.standing(thresholds) != Standing::TooFew) {
        found.push(Diagnosis {
            pattern: Pattern::TooLittle,
            evidence: Vec::new(),
            unsettled: Vec::new(),
            one_run: cells.iter().all(|cell| cell.runs < 2),
        });
    }
    found
}

/// What SES counted, where it surely lies beyond the guide's limits or rose three days running.
pub(super) fn returned(one: &Reputation, thresholds: Thresholds, confidence: f64) -> Vec<Diagnosis> {
    let rates = one.rates(confidence, thresholds);
    let told = rates.iter().flatten().filter_map(|rate| {
        let what = if rate.measure == Measure::Bounce { Returned::Bounces } else { Returned::Complaints };
        let rising = one.is_rising(rate.measure, confidence, thresholds);
        let pattern = Pattern::Returned { account: one.account.clone(), region: one.region.clone(), what, rising };
        let evidence =
            Evidence::Counted { hits: rate.hits, attempts: rate.attempts, rate: rate.rate, interval: rate.interval };
        let is_told = rising || rate.sure() > Band::Healthy;
        is_told.then(|| Diagnosis { pattern, evidence: vec![evidence], unsettled: Vec::new(), one_run: false })
    });
    told.collect()
}

/// The streams but for control messages.
fn streams(cells: &[Cell]) -> Vec<&str> {
    let mut names: Vec<&str> = cells.iter().filter(|cell| !cell.control).map(|cell| cell.stream.as_str()).collect();
    names.dedup();
    names
}

fn of(pattern: Pattern, cells: &[&Cell]) -> Diagnosis {
    Diagnosis {
        pattern,
        evidence: cells.iter().map(|cell| cell.evidence()).collect(),
        unsettled: Vec::new(),
        one_run: cells.iter().any(|cell| cell.runs < 2),
    }
}

fn low<'a>(cells: &[&'a Cell], thresholds: Thresholds) -> Vec<&'a Cell> {
    cells.iter().copied().filter(|cell| cell.standing(thresholds) == Standing::Low).collect()
}

/// What one stream's providers tell.
fn providers(cells: &[&Cell], thresholds: Thresholds) -> Vec<Diagnosis> {
    let standing = |cell: &&Cell| cell.standing(thresholds);
    let judged: Vec<&Cell> = cells.iter().copied().filter(|cell| standing(cell) != Standing::TooFew).collect();
    let low = low(&judged, thresholds);
    let mut found = Vec::new();
    if let Some(first) = low.first().filter(|_| judged.len() >= 2 && low.len() == judged.len()) {
        found.push(of(Pattern::Everywhere { stream: first.stream.clone() }, &judged));
    } else if let [only] = low[..]
        && judged.iter().any(|cell| standing(cell) == Standing::Well)
    {
        let pattern = Pattern::OneProvider { stream: only.stream.clone(), provider: only.title.clone() };
        let unsettled = judged.iter().filter(|cell| standing(cell) == Standing::Unsettled);
        let unsettled = unsettled.map(|cell| cell.title.clone()).collect();
        found.push(Diagnosis { unsettled, ..of(pattern, &judged) });
    }
    found.extend(far_apart(&judged));
    found.extend(lost(&judged));
    found.extend(yahoo_trails(&judged, thresholds));
    found
}

/// Best and worst provider far apart: filters that read the message differently.
fn far_apart(judged: &[&Cell]) -> Option<Diagnosis> {
    let rate = |cell: &&&Cell| cell.rate.unwrap_or(0.0);
    let best = judged.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let worst = judged.iter().min_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let is_far = rate(&best) - rate(&worst) >= FAR && worst.interval.hi < best.interval.lo;
    let pattern =
        Pattern::FarApart { stream: best.stream.clone(), best: best.title.clone(), worst: worst.title.clone() };
    is_far.then(|| of(pattern, &[best, worst]))
}

fn lost(judged: &[&Cell]) -> Option<Diagnosis> {
    let lost: Vec<&Cell> = judged.iter().copied().filter(|cell| cell.missing_low > MISSING_WARN).collect();
    let pattern = Pattern::Lost { stream: lost.first()?.stream.clone() };
    let missing = |cell: &&Cell| Evidence::Missing { provider: cell.title.clone(), low: cell.missing_low };
    Some(Diagnosis { evidence: lost.iter().map(missing).collect(), ..of(pattern, &lost) })
}

/// Said, never alarmed: Yahoo trails Gmail by several days.
fn yahoo_trails(judged: &[&Cell], thresholds: Thresholds) -> Option<Diagnosis> {
    let at = |name: &str| judged.iter().copied().find(|cell| cell.provider == name);
    let (gmail, yahoo) = (at("gmail")?, at("yahoo")?);
    let is_so = gmail.standing(thresholds) == Standing::Low && yahoo.standing(thresholds) != Standing::Low;
    is_so.then(|| of(Pattern::YahooTrails { stream: gmail.stream.clone() }, &[gmail, yahoo]))
}

/// Streams that are low at every provider while others are well: what only the low ones share.
fn assignment(cells: &[Cell], thresholds: Thresholds) -> Option<Diagnosis> {
    let (mut bad, mut good) = (Vec::new(), Vec::new());
    for name in streams(cells) {
        let own: Vec<&Cell> = cells.iter().filter(|cell| cell.stream == name).collect();
        let count = |wanted| own.iter().filter(|cell| cell.standing(thresholds) == wanted).count();
        let judged = own.len().saturating_sub(count(Standing::TooFew));
        let (low, well) = (count(Standing::Low), count(Standing::Well));
        if judged > 0 && low == judged {
            bad.push(own);
        } else if well > 0 && low == 0 {
            good.push(own);
        }
    }
    if bad.is_empty() || good.is_empty() {
        return None;
    }
    let (bad, good): (Vec<&Cell>, Vec<&Cell>) = (bad.concat(), good.concat());
    let shared: Vec<(Trait, String)> = [Trait::Region, Trait::ConfigurationSet, Trait::Identity]
        .into_iter()
        .filter_map(|one| {
            let bad: BTreeSet<_> = bad.iter().map(|cell| one.of(cell)).collect();
            let good: BTreeSet<_> = good.iter().map(|cell| one.of(cell)).collect();
            let only = bad.first().copied().flatten().filter(|_| bad.len() == 1 && bad.is_disjoint(&good))?;
            Some((one, only.to_owned()))
        })
        .collect();
    if shared.is_empty() {
        return None;
    }
    let named = |standing, cells: &[&Cell]| {
        let mut names: Vec<String> = cells.iter().map(|cell| cell.stream.clone()).collect();
        names.dedup();
        Evidence::Streams { standing, names }
    };
    let evidence = vec![named(Standing::Low, &bad), named(Standing::Well, &good)];
    Some(Diagnosis { evidence, ..of(Pattern::Shared(shared), &[bad, good].concat()) })
}

impl Trait {
    /// What a cell has of it.
    fn of(self, cell: &Cell) -> Option<&str> {
        match self {
            Self::Region => cell.region.as_deref(),
            Self::ConfigurationSet => cell.configuration_set.as_deref(),
            Self::Identity => Some(cell.identity.as_str()).filter(|identity| !identity.is_empty()),
        }
    }
}

/// A control message against the others.
fn control(cells: &[Cell], thresholds: Thresholds) -> Option<Diagnosis> {
    let controls: Vec<&Cell> = cells.iter().filter(|cell| cell.control).collect();
    let pairs: Vec<(&Cell, &Cell)> = cells
        .iter()
        .filter(|cell| !cell.control && cell.standing(thresholds) == Standing::Low)
        .filter_map(|cell| Some((cell, *controls.iter().find(|control| control.provider == cell.provider)?)))
        .collect();
    let where_control = |wanted: Standing| -> Vec<&Cell> {
        let chosen = pairs.iter().filter(|(_, control)| control.standing(thresholds) == wanted);
        chosen.flat_map(|(cell, control)| [*cell, *control]).collect()
    };
    let (arrives, fails) = (where_control(Standing::Well), where_control(Standing::Low));
    match (arrives.is_empty(), fails.is_empty()) {
        (false, true) => Some(of(Pattern::ControlArrives, &arrives)),
        (true, false) => Some(of(Pattern::ControlFails, &fails)),
        (true, true) | (false, false) => None,
    }
}
