//! The summary of a stream: its verdict, what changed and what to do, after the deliverability guide.

use super::{StreamFigures, StreamPage, unbroken};
use crate::domain::compare::Verdict as Shifted;
use crate::domain::finding::Finding;
use crate::domain::health::{ENOUGH, Health, Thresholds, health};
use crate::domain::interval::count;
use crate::domain::monitor::Signal;
use crate::domain::provider::ProviderName;
use crate::domain::tally::Tally;
use crate::domain::trend::WeekState;
use crate::render::language::{Language, Noun, filled, range};
use crate::render::plain::plain;
use crate::render::report::{ProviderTally, Standing};
use crate::render::words::percent;

/// The verdict on the last run.
pub(super) struct VerdictView {
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
    pub(super) lines: Vec<String>,
}

/// One provider's figure of the last run.
pub(super) struct Tile {
    pub(super) name: String,
    pub(super) tone: &'static str,
    pub(super) figure: String,
    pub(super) remarks: Vec<(String, bool)>,
}

/// The providers of the stream's last run.
fn tallies(page: &StreamPage<'_>) -> Vec<ProviderTally> {
    let by_stream = page.last.tallies_by_stream();
    let here = by_stream.into_iter().find(|(name, _)| **name == page.figures.stream);
    here.map(|(_, tallies)| tallies.providers).unwrap_or_default()
}

/// Which thresholds of a tally are crossed: inbox, spam.
fn crossed(one: &ProviderTally, inbox: f64, spam: f64) -> (bool, bool) {
    let above = |(_, interval): (f64, crate::domain::interval::Interval)| interval.lo > spam;
    (one.tally.interval.hi < inbox, one.provider.spam_threshold && one.tally.spam.is_some_and(above))
}

/// The verdict with what it rests on, and what is doubtful or was not measured.
pub(super) fn verdict(page: &StreamPage<'_>, language: Language) -> VerdictView {
    let words = language.words();
    let limits = page.last.thresholds;
    let tallies = tallies(page);
    let health = health(tallies.iter().map(|one| (&one.tally, one.provider.spam_threshold)), limits);
    let (tone, word) = match health {
        Health::TooFew => ("quiet", words.not_judged),
        Health::Healthy => ("good", words.healthy),
        Health::Warning => ("short", words.warning),
        Health::Critical => ("bad", words.critical),
    };
    let alarms = alarms(page, language);
    let mut lines: Vec<String> = alarms.iter().map(|alarm| alarm.says.clone()).collect();
    let (tone, word) = match alarms.iter().map(|alarm| alarm.state == WeekState::Critical).max() {
        // The gravest is said; what the last run says for itself follows.
        Some(is_critical) if !matches!(health, Health::Warning | Health::Critical) => {
            (if is_critical { "bad" } else { "short" }, words.trend_alarm)
        }
        Some(_) | None => (tone, word),
    };
    lines.extend(match health {
        Health::TooFew => vec![filled(words.not_judged_says, &[("n", &ENOUGH.to_string())])],
        Health::Healthy if alarms.is_empty() => vec![words.healthy_says.to_owned()],
        Health::Healthy => vec![words.healthy_alone.to_owned()],
        Health::Warning | Health::Critical => Vec::new(),
    });
    for one in tallies.iter().filter(|one| one.tally.measured() >= ENOUGH) {
        lines.extend(crossings(one, limits, language));
    }
    for one in &tallies {
        lines.extend(doubts(one, limits, language));
    }
    VerdictView { tone, word, lines: lines.iter().map(|line| unbroken(line)).collect() }
}

/// A trend that stands in alarm.
struct Alarm<'a> {
    provider: &'a ProviderName,
    signal: Signal,
    state: WeekState,
    says: String,
}

/// The trends of the stream that stand in alarm, the gravest first.
fn alarms<'a>(page: &StreamPage<'a>, language: Language) -> Vec<Alarm<'a>> {
    let words = language.words();
    let mut alarms: Vec<Alarm<'a>> = Vec::new();
    for series in page.trends {
        // The figures count from where the account was last empty, weeks before the alarm began.
        let since = series.spell_since().or_else(|| series.alarm_since());
        let Some((state, week)) = series.alarm().zip(since) else { continue };
        let spell = series.spell().filter(|spell| spell.measured > 0);
        let rate = spell.map(|spell| count(spell.good) / count(spell.measured));
        let (sentence, rate) = match series.signal {
            Signal::Inbox => (words.alarm_inbox, rate),
            Signal::Spam => (words.alarm_spam, rate.map(|clean| 1.0 - clean)),
            Signal::Missing => (words.alarm_missing, None),
        };
        let name = title(page, &series.provider);
        let probes = language.counted(spell.map_or(0, |spell| spell.measured), Noun::PROBE);
        let share = rate.map(percent).unwrap_or_default();
        let week = week.to_string();
        let gaps = [("provider", name.as_str()), ("week", &week), ("share", &share), ("probes", &probes)];
        let says = filled(sentence, &gaps);
        alarms.push(Alarm { provider: &series.provider, signal: series.signal, state, says });
    }
    alarms.sort_by_key(|alarm| alarm.state != WeekState::Critical);
    alarms
}

/// What a provider is called.
fn title(page: &StreamPage<'_>, name: &ProviderName) -> String {
    let known = page.last.providers.iter().find(|one| one.name == *name);
    plain(known.map_or(name.as_str(), |one| one.title.as_str()), crate::render::figure::NAME)
}

fn crossings(one: &ProviderTally, limits: Thresholds, language: Language) -> Vec<String> {
    let words = language.words();
    let name = plain(&one.provider.title, crate::render::figure::NAME);
    let says = |sentence: &str, range: String, limit: f64| {
        filled(sentence, &[("provider", name.as_str()), ("range", range.as_str()), ("limit", &percent(limit))])
    };
    let (inbox, spam) = crossed(one, limits.inbox_warn, limits.spam_warn);
    let (inbox_bad, spam_bad) = crossed(one, limits.inbox_crit, limits.spam_crit);
    let mut lines = Vec::new();
    if inbox {
        let limit = if inbox_bad { limits.inbox_crit } else { limits.inbox_warn };
        lines.push(says(words.inbox_below, range(one.tally.interval), limit));
    }
    if let Some((_, interval)) = one.tally.spam.filter(|_| spam) {
        let limit = if spam_bad { limits.spam_crit } else { limits.spam_warn };
        lines.push(says(words.spam_above, range(interval), limit));
    }
    lines
}

/// A rate below the threshold whose range reaches it, and probes that could not be measured: no verdict, but worth a line.
fn doubts(one: &ProviderTally, limits: Thresholds, language: Language) -> Vec<String> {
    let (words, limit) = (language.words(), limits.inbox_warn);
    let name = plain(&one.provider.title, crate::render::figure::NAME);
    let Tally { unmeasured, interval, rate, .. } = &one.tally;
    let n = one.tally.measured();
    let mut lines = Vec::new();
    if let Some(rate) = rate.filter(|rate| *rate < limit && n >= ENOUGH && interval.hi >= limit) {
        let (share, limit, range) = (percent(rate), percent(limit), range(*interval));
        let gaps = [("provider", name.as_str()), ("share", &share), ("limit", &limit), ("range", &range)];
        lines.push(filled(words.doubt, &gaps));
    }
    if *unmeasured > 0 {
        let all = language.counted(n + unmeasured + one.tally.pending, Noun::PROBE);
        let gaps = [("provider", name.as_str()), ("n", &language.number(unmeasured)), ("all", &all)];
        lines.push(filled(words.open_range, &gaps));
    }
    lines
}

/// The last run in large figures, below what all of them are.
pub(super) fn tiles(figures: &StreamFigures) -> (Option<String>, Vec<Tile>) {
    let tone = |standing| match standing {
        Standing::Good => "good",
        Standing::Short => "short",
        Standing::Bad => "bad",
        Standing::TooFew | Standing::Unmeasured => "quiet",
    };
    let panels = &figures.trend.panels;
    let first = panels.first().and_then(|panel| panel.remarks.first());
    let shared =
        first.filter(|shared| panels.len() > 1 && panels.iter().all(|one| one.remarks.first() == Some(shared)));
    let tile = |panel: &crate::render::figure::trend::Panel| Tile {
        name: panel.title.clone(),
        tone: tone(panel.standing),
        figure: unbroken(&panel.headline),
        remarks: panel
            .remarks
            .iter()
            .filter(|remark| Some(*remark) != shared)
            .map(|remark| (unbroken(&remark.words), remark.alarm))
            .collect(),
    };
    (shared.map(|remark| remark.words.clone()), panels.iter().map(tile).collect())
}

/// What changed: placement around the latest change of DNS, and the changes themselves.
pub(super) struct ChangedView {
    /// Around what; empty where nothing is compared.
    pub(super) around: String,
    /// All providers together first, then each.
    pub(super) shifts: Vec<ShiftView>,
    /// The changes, and why nothing is compared where nothing is.
    pub(super) lines: Vec<String>,
    /// What must not be read into it.
    pub(super) caution: Option<&'static str>,
}

/// How the rate shifted at one provider, or over all.
pub(super) struct ShiftView {
    pub(super) name: String,
    pub(super) said: String,
    pub(super) tone: &'static str,
    pub(super) rates: String,
    pub(super) difference: String,
}

/// DNS changes, and what placement did around the latest of them.
pub(super) fn changed(figures: &StreamFigures, language: Language) -> ChangedView {
    let words = language.words();
    let mut lines: Vec<String> = Vec::new();
    let mut changes: Vec<_> = figures.domains.iter().flat_map(|domain| &domain.changes).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.window.until));
    for change in changes.into_iter().take(3) {
        let (date, said) = (language.day_and_year(change.window.until), language.change(change));
        let gaps = [("date", date.as_str()), ("domain", change.domain.as_str()), ("words", &said)];
        lines.push(unbroken(&filled(words.dns_changed, &gaps)));
    }
    if lines.is_empty() {
        lines.push(words.dns_unchanged.to_owned());
    }
    lines.extend(figures.uncompared.map(unbroken));
    let tone = |verdict| match verdict {
        Shifted::Better => "good",
        Shifted::Worse => "bad",
        Shifted::MaybeBetter | Shifted::MaybeWorse | Shifted::NoClearChange | Shifted::TooFew => "",
    };
    let pairs = figures.before_after.as_ref().map(|pair| pair.rows.as_slice()).unwrap_or_default();
    let mut shifts: Vec<ShiftView> = pairs
        .iter()
        .map(|row| ShiftView {
            name: row.title.clone(),
            said: row.said.clone(),
            tone: tone(row.verdict),
            rates: unbroken(&row.rates),
            difference: unbroken(&row.difference),
        })
        .collect();
    // The row over all comes last in the picture.
    if shifts.len() > 1 {
        shifts.rotate_right(1);
    }
    let is_clear = pairs.iter().any(|row| matches!(row.verdict, Shifted::Better | Shifted::Worse));
    ChangedView {
        around: figures.before_after.as_ref().map(|pair| pair.title.clone()).unwrap_or_default(),
        shifts,
        lines,
        caution: is_clear.then_some(words.not_the_cause),
    }
}

/// What the guide asks for, given what the last run shows, the gravest first.
pub(super) fn to_do(page: &StreamPage<'_>, language: Language) -> Vec<String> {
    let (words, limits) = (language.words(), page.last.thresholds);
    let tallies = tallies(page);
    let (mut first, mut then) = (Vec::new(), Vec::new());
    let here = || page.last.probes.iter().filter(|judged| judged.probe.stream == page.figures.stream);
    let probes =
        |sentence: &str, n: usize| (n > 0).then(|| filled(sentence, &[("probes", &language.counted(n, Noun::PROBE))]));
    let misaligned = here().filter(|judged| judged.auth.aligned == Some(false)).count();
    first.extend(probes(words.act_misaligned, misaligned));
    let dns = page.figures.domains.iter().map(|domain| super::dns::to_do(domain, language));
    let (broken, improvable): (Vec<_>, Vec<_>) = dns.unzip();
    first.extend(broken.into_iter().flatten());
    let mut doubtful: Vec<String> = Vec::new();
    for one in tallies.iter().filter(|one| one.tally.measured() >= ENOUGH) {
        let name = plain(&one.provider.title, crate::render::figure::NAME);
        let limit = percent(limits.inbox_warn);
        let act = |sentence: &str| filled(sentence, &[("provider", &name), ("limit", &limit)]);
        let (inbox, spam) = crossed(one, limits.inbox_warn, limits.spam_warn);
        let (inbox_bad, spam_bad) = crossed(one, limits.inbox_crit, limits.spam_crit);
        if inbox_bad {
            first.push(act(words.act_inbox_crit));
        } else if inbox {
            then.push(act(words.act_inbox_warn));
        }
        if spam_bad {
            first.push(act(words.act_spam_crit));
        } else if spam {
            then.push(act(words.act_spam_warn));
        }
        if !inbox && one.tally.rate.is_some_and(|rate| rate < limits.inbox_warn) {
            doubtful.push(name);
        }
    }
    for alarm in alarms(page, language) {
        let name = title(page, alarm.provider);
        let (limit, is_critical) = (percent(limits.inbox_warn), alarm.state == WeekState::Critical);
        let sentence = match (alarm.signal, is_critical) {
            (Signal::Inbox, true) => words.act_inbox_crit,
            (Signal::Inbox, false) => words.act_inbox_warn,
            (Signal::Spam, true) => words.act_spam_crit,
            (Signal::Spam, false) => words.act_spam_warn,
            (Signal::Missing, _) => words.act_missing,
        };
        let line = filled(sentence, &[("provider", &name), ("limit", &limit)]);
        doubtful.retain(|one| *one != name || alarm.signal == Signal::Missing);
        let lines = if is_critical { &mut first } else { &mut then };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut lines = first;
    lines.extend(then);
    lines.extend(improvable.into_iter().flatten());
    let unmeasured = here().filter(|judged| matches!(judged.finding, Finding::Unmeasured { .. })).count();
    lines.extend(probes(words.act_unmeasured, unmeasured));
    if !doubtful.is_empty() {
        lines.push(filled(words.act_wait, &[("providers", &doubtful.join(", "))]));
    }
    if lines.is_empty() {
        lines.push(words.act_none.to_owned());
    }
    lines.iter().map(|line| unbroken(line)).collect()
}
