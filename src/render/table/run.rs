//! One run as `run`, `sweep` and `show RUN` print it.

use super::grid::{Entry, Grid, Side};
use super::listing::{Item, listing};
use super::verdict::{Closing, alone, verdict};
use super::{Screen, Tone, headline};
use crate::domain::finding::{Finding, Placement, Rules};
use crate::domain::health::{ENOUGH, Health, Thresholds};
use crate::domain::interval::count;
use crate::domain::share::is_good;
use crate::domain::tally::Tally;
use crate::render::plain::plain;
use crate::render::report::{Judged, ProviderTally, RunReport, Standing, Tallies, good};
use crate::render::words::{counted, percent, range, share, span};

/// From this width on a table also draws its ranges and gives every count its share.
const WIDE: usize = 118;
/// Share of unmeasured probes above which a rate is told with what it could have been (the statistics' §1).
const MANY_UNMEASURED: f64 = 0.2;

/// The whole table.
pub(crate) fn run_table(report: &RunReport, closing: Closing, screen: Screen) -> String {
    let tallies = report.tallies();
    let mut parts = vec![headline(report, screen), summary(report, &tallies.all, screen) + &alone_line(report, screen)];
    parts.push(placements(report, &tallies, screen));
    let streams = report.tallies_by_stream();
    if streams.len() > 1 {
        for (stream, tallies) in &streams {
            let title = screen.paint(Tone::Strong, &format!("Stream {stream}"));
            parts.push(format!("{title}\n{}", placements(report, tallies, screen)));
        }
    }
    parts.extend(apart(report, &tallies, screen));
    parts.extend(arrivals(report, screen));
    parts.extend(super::why::why(report, screen));
    parts.extend(listings(report, screen));
    if closing == Closing::Showing {
        parts.extend(super::why::lines(report, screen));
    }
    parts.push(screen.paragraph(Tone::Quiet, setting_words(report.rules), "") + &verdict(report, closing, screen));
    parts.join("\n")
}

/// Which setting the figures follow.
pub(super) fn setting_words(rules: Rules) -> &'static str {
    if rules.promotions_as_inbox {
        "Promotions count as inbox (promotions_as_inbox = true)."
    } else {
        "Promotions do not count as inbox (promotions_as_inbox = false)."
    }
}

/// The one figure that everybody asks for first.
fn summary(report: &RunReport, all: &Tally, screen: Screen) -> String {
    let (good, n) = (good(all, report.rules), all.measured());
    let (tone, words) = match all.rate {
        Some(rate) if n >= ENOUGH => {
            let share = share(rate, good, n, all.interval, report.confidence);
            (rate_tone(report.thresholds, all), format!("Inbox {share}"))
        }
        Some(_) => (Tone::Usual, format!("Inbox {good} of {n}: too few measured for a rate")),
        None => (Tone::Warning, "Nothing could be measured yet".to_owned()),
    };
    screen.paragraph(if tone == Tone::Usual { Tone::Strong } else { tone }, &words, "")
}

/// The streams that the figure over all of them may hide.
fn alone_line(report: &RunReport, screen: Screen) -> String {
    let said = alone(report);
    said.map_or_else(String::new, |(worst, words)| {
        screen.paragraph(if worst == Health::Critical { Tone::Bad } else { Tone::Warning }, &words, "")
    })
}

/// The tone of an inbox rate.
pub(super) fn rate_tone(thresholds: Thresholds, tally: &Tally) -> Tone {
    match Standing::of(tally, thresholds) {
        Standing::Good => Tone::Good,
        Standing::Short => Tone::Warning,
        Standing::Bad => Tone::Bad,
        Standing::TooFew => Tone::Usual,
        Standing::Unmeasured => Tone::Quiet,
    }
}

/// Providers by placement. Where a terminal is too narrow, placements that never occurred are left out.
fn placements(report: &RunReport, tallies: &Tallies, screen: Screen) -> String {
    let others: Vec<Placement> = Placement::ALL.into_iter().skip(1).collect();
    let mut grid = placement_grid(report, tallies, &others, screen);
    if grid.width() > screen.columns() {
        let occurred: Vec<Placement> = others.into_iter().filter(|one| tallies.all.count(*one) > 0).collect();
        grid = placement_grid(report, tallies, &occurred, screen);
    }
    grid.fit(screen.columns(), &[(0, 6)]);
    grid.draw(screen)
}

fn placement_grid(report: &RunReport, tallies: &Tallies, others: &[Placement], screen: Screen) -> Grid {
    let drawn = screen.width.is_some_and(|width| width >= WIDE);
    let shares = screen.columns() >= WIDE;
    let range = format!("{} range", percent(report.confidence));
    let mut header = vec![("provider", Side::Left), ("inbox", Side::Right), ("probes", Side::Right)];
    header.push((range.as_str(), Side::Right));
    header.extend(drawn.then_some(("0 %     50 %    100 %", Side::Left)));
    header.extend(others.iter().map(|placement| (placement.word(), Side::Right)));
    let mut grid = Grid::new(header);
    let all = (tallies.providers.len() > 1).then_some((Tone::Strong, "all", &tallies.all));
    let rows = tallies.providers.iter().map(|one| (Tone::Usual, one.provider.title.as_str(), &one.tally));
    for (tone, title, tally) in rows.chain(all) {
        let mut row = vec![Entry::new(tone, plain(title, 32))];
        row.extend(rate_entries(report, tally));
        row.extend(drawn.then(|| Entry::new(rate_tone(report.thresholds, tally), track(report, tally))));
        row.extend(others.iter().map(|placement| count_entry(tally, *placement, shares)));
        grid.row(row);
    }
    grid
}

/// Rate, counts and range; the first and the last only over enough probes.
fn rate_entries(report: &RunReport, tally: &Tally) -> [Entry; 3] {
    let n = tally.measured();
    let counts = Entry::usual(format!("{} of {n}", good(tally, report.rules)));
    match tally.rate {
        Some(rate) if n >= ENOUGH => [
            Entry::new(rate_tone(report.thresholds, tally), percent(rate)),
            counts,
            Entry::usual(range(tally.interval)),
        ],
        Some(_) => [Entry::usual(""), counts, Entry::new(Tone::Quiet, "too few")],
        None => [Entry::usual(""), Entry::new(Tone::Quiet, "–"), Entry::new(Tone::Quiet, without_rate(tally))],
    }
}

/// Why nothing is measured: some of it may still be found, or nobody could look.
pub(super) fn without_rate(tally: &Tally) -> &'static str {
    if tally.pending > 0 { "pending" } else { "unmeasured" }
}

/// One count; a dash where nothing was measured, because 0 would be a claim.
fn count_entry(tally: &Tally, placement: Placement, shares: bool) -> Entry {
    let (n, x) = (tally.measured(), tally.count(placement));
    match x {
        _ if n == 0 => Entry::new(Tone::Quiet, "–"),
        0 => Entry::new(Tone::Quiet, "0"),
        _ if shares && n >= ENOUGH => Entry::usual(format!("{x} ({})", percent(count(x) / count(n)))),
        _ => Entry::usual(x.to_string()),
    }
}

/// The range drawn from 0 to 100 %, the rate as a dot, the warning threshold as a dotted line.
fn track(report: &RunReport, tally: &Tally) -> String {
    const LAST: usize = 20;
    let Some(rate) = tally.rate.filter(|_| tally.measured() >= ENOUGH) else { return String::new() };
    let place = |share: f64| (0..=LAST).find(|at| count(*at) + 0.5 > share * count(LAST)).unwrap_or(LAST);
    let (lo, hi, dot) = (place(tally.interval.lo), place(tally.interval.hi), place(rate));
    let threshold = place(report.thresholds.inbox_warn);
    let mark = |at: usize| match at {
        at if at == dot => '●',
        at if (lo..=hi).contains(&at) => '━',
        at if at == threshold => '┊',
        _ => '·',
    };
    (0..=LAST).map(mark).collect()
}

/// What no rate counts: probes unmeasured or still watched for.
fn apart(report: &RunReport, tallies: &Tallies, screen: Screen) -> Option<String> {
    let mut text = String::new();
    for (what, number) in [
        ("Not measured", (|tally: &Tally| tally.unmeasured) as fn(&Tally) -> usize),
        ("Still watched for", |tally: &Tally| tally.pending),
    ] {
        if number(&tallies.all) == 0 {
            continue;
        }
        let where_from: Vec<String> = tallies
            .providers
            .iter()
            .filter(|one| number(&one.tally) > 0)
            .map(|one| format!("{} {}", one.provider.title, number(&one.tally)))
            .collect();
        let of = counted(report.probes.len(), "probe");
        let line =
            format!("{what}: {} of {of} ({}). No rate counts them.", number(&tallies.all), where_from.join(", "));
        text.push_str(&screen.paragraph(Tone::Warning, &line, ""));
    }
    for ProviderTally { provider, tally } in &tallies.providers {
        let (n, lost) = (count(tally.measured()), count(tally.unmeasured));
        if n > 0.0 && lost / (n + lost) > MANY_UNMEASURED {
            let good = count(good(tally, report.rules));
            let (worst, best) = (percent(good / (n + lost)), percent((good + lost) / (n + lost)));
            let line = format!("{}: had all been measured, inbox would be {worst} to {best}.", provider.title);
            text.push_str(&screen.paragraph(Tone::Usual, &line, ""));
        }
    }
    (!text.is_empty()).then_some(text)
}

/// How long probes took, by provider.
fn arrivals(report: &RunReport, screen: Screen) -> Option<String> {
    let arrivals = report.arrivals();
    if arrivals.is_empty() {
        return None;
    }
    let (left, right) = (Side::Left, Side::Right);
    let mut grid = Grid::new([
        ("arrival", left),
        ("median", right),
        ("slowest", right),
        ("known for", right),
        ("slowest seed", left),
    ]);
    for (provider, arrival, slowest) in arrivals {
        grid.row(vec![
            Entry::usual(plain(&provider.title, 32)),
            Entry::usual(span(arrival.median)),
            Entry::usual(span(arrival.slowest)),
            Entry::usual(counted(arrival.known, "probe")),
            Entry::usual(plain(slowest, 254)),
        ]);
    }
    grid.fit(screen.columns(), &[(4, 16), (0, 6)]);
    Some(grid.draw(screen))
}

/// Every probe that is not simply in the inbox.
fn listings(report: &RunReport, screen: Screen) -> Vec<String> {
    let all = report.probes.len();
    let mut away = Vec::new();
    let (mut unmeasured, mut pending, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    for judged in &report.probes {
        match judged.finding.placement() {
            Some(placement) if is_good(placement, report.rules) => {
                moved.extend(is_moved(&judged.finding).then(|| item(judged, Entry::usual(placement.word()))));
            }
            Some(placement) => {
                let tone = if placement == Placement::Promotions { Tone::Usual } else { Tone::Bad };
                away.push((placement, item(judged, Entry::new(tone, placement.word()))));
            }
            None if judged.finding == Finding::Pending => pending.push(item(judged, Entry::usual("pending"))),
            None => unmeasured.push(item(judged, Entry::new(Tone::Warning, "unmeasured"))),
        }
    }
    away.sort_by(|(a, one), (b, other)| (order(report, one), a).cmp(&(order(report, other), b)));
    let away: Vec<Item<'_>> = away.into_iter().map(|(_, item)| item).collect();
    for items in [&mut unmeasured, &mut pending] {
        items.sort_by(|one, other| (order(report, one), &one.why).cmp(&(order(report, other), &other.why)));
    }
    [
        (format!("Not counted as inbox: {} of {}", away.len(), counted(all, "probe")), away),
        (format!("In the inbox, but moved: {}", moved.len()), moved),
        (format!("Not measured: {}", unmeasured.len()), unmeasured),
        (format!("Still watched for: {}", pending.len()), pending),
    ]
    .into_iter()
    .filter_map(|(title, items)| listing(report, &title, &items, screen))
    .collect()
}

/// The place of a probe's provider in the report.
fn order(report: &RunReport, item: &Item<'_>) -> usize {
    let name = &item.judged.probe.provider;
    report.providers.iter().position(|provider| provider.name == *name).unwrap_or(usize::MAX)
}

fn is_moved(finding: &Finding) -> bool {
    matches!(finding, Finding::Found(evidence) if evidence.moved)
}

fn item(judged: &Judged, word: Entry) -> Item<'_> {
    let folder = match &judged.finding {
        Finding::Found(evidence) => Some(evidence.folder.to_string()).filter(|folder| !folder.is_empty()),
        Finding::Missing { .. } | Finding::Pending | Finding::Unmeasured { .. } => None,
    };
    let mut said: Vec<String> = judged.finding.why().into_iter().collect();
    if is_moved(&judged.finding) {
        said.push("looks saw it in different folders".to_owned());
    }
    Item { judged, word, folder, why: (!said.is_empty()).then(|| said.join("; ")) }
}
