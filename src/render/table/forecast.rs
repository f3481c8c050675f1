//! A forecast as `plan` prints it.

use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone};
use crate::render::forecast::{Forecast, ProviderForecast};
use crate::render::plain::plain;
use crate::render::words::{SIMULATED, counted, percent};

/// What can be seen today, what it takes to see the drop, and what more seeds cannot buy.
pub(crate) fn forecast_table(forecast: &Forecast, screen: Screen) -> String {
    // A hundredth of a point is nobody's question, and the float's own last digits are none at all.
    let drop = (forecast.drop * 10_000.0).round() / 100.0;
    let points = if (drop - 1.0).abs() < f64::EPSILON { "point" } else { "points" };
    let title = format!("To see a drop of {drop} {points} with a chance of {}", percent(forecast.power));
    let mut text = screen.paint(Tone::Strong, &title);
    if forecast.simulated {
        text.push_str("  ");
        text.push_str(&screen.paint(Tone::Warning, SIMULATED));
    }
    text.push_str("\n\n");
    let (left, right) = (Side::Left, Side::Right);
    let mut grid = Grid::new([
        ("provider", left),
        ("seeds", right),
        ("rate", right),
        ("own swing", right),
        ("seen, 4 + 4 runs", right),
        ("seen, 8 + 8 runs", right),
        ("seeds needed, 4 + 4", right),
        ("8 + 8", right),
        ("runs needed", right),
    ]);
    for one in &forecast.providers {
        let mark = |is_known: bool| if is_known { "" } else { "*" };
        let mut row = vec![
            Entry::usual(plain(&one.title, 24)),
            Entry::usual(one.design.seeds.to_string()),
            Entry::usual(format!("{}{}", percent(one.design.rate), mark(one.rate_is_known))),
            Entry::usual(format!("±{:.0}{}", one.design.tau * 100.0, mark(one.tau_is_known))),
        ];
        row.extend(one.smallest.iter().map(|(_, drop)| {
            Entry::usual(drop.map_or("nothing".to_owned(), |drop| format!("{:.0} points", drop * 100.0)))
        }));
        row.extend(
            one.seeds_needed
                .iter()
                .map(|(_, seeds)| Entry::usual(seeds.map_or("no number".to_owned(), |seeds| seeds.to_string()))),
        );
        row.push(Entry::usual(one.runs_needed.map_or("over 52 + 52".to_owned(), |runs| format!("{runs} + {runs}"))));
        grid.row(row);
    }
    grid.fit(screen.columns(), &[(0, 8)]);
    text.push_str(&grid.draw(screen));
    text.push('\n');
    for note in notes(forecast) {
        text.push_str(&screen.paragraph(Tone::Quiet, &note, "  "));
    }
    text
}

fn notes(forecast: &Forecast) -> Vec<String> {
    let mut notes = vec![
        "“Seen”: the smallest drop that today's seeds show with that chance; “needed”: for the drop that was asked for."
            .to_owned(),
    ];
    notes.push(
        "“Own swing”: how far weeks differ by themselves (standard deviation in points), beyond the chance of few probes; ±0 where \
         that chance explains all of it. The spread in `status` has the chance in it."
            .to_owned(),
    );
    if forecast.providers.iter().any(|one| !one.rate_is_known || !one.tau_is_known) {
        notes.push(
            "* No history tells, so a usual figure stands in; the own swing takes 8 runs of a stream.".to_owned(),
        );
    }
    let floor = |one: &ProviderForecast| format!("{:.1} at {}", one.floor * 100.0, plain(&one.title, 64));
    let floors: Vec<String> = forecast.providers.iter().map(floor).collect();
    notes.push(format!(
        "What more seeds cannot buy: all mailboxes of a provider move together from week to week. With 4 + 4 runs that alone \
         leaves an error in points of {}, however many seeds there are; only more runs make it smaller.",
        floors.join(", ")
    ));
    let alarm = |one: &ProviderForecast| {
        let title = plain(&one.title, 64);
        match one.alarm {
            Some(weeks) => {
                format!("{} at {title}", counted(usize::try_from(weeks).unwrap_or(usize::MAX), "week"))
            }
            None => format!("never at {title}"),
        }
    };
    notes.push(format!(
        "With one run a week the alarm tells of that drop after: {}.",
        forecast.providers.iter().map(alarm).collect::<Vec<_>>().join(", ")
    ));
    if let Some(stream) = &forecast.stream {
        notes.push(format!("History: {} of the stream {stream}.", counted(forecast.runs, "complete run")));
    }
    notes
}
