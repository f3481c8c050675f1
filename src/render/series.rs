//! The figures of a report for other programs: CSV (RFC 4180) and JSON, one row for each stream, run and provider.
//!
//! Times are RFC 3339 in UTC, rates 0…1 and empty or null where nothing was measured, never 0. A cell of words that a
//! spreadsheet would take for a formula begins with `'`.

use serde_json::{Value, json};

use super::diagnosis::diagnosis_value;
use super::exchange::guarded;
use super::figure::before_after::{Pair, Rate};
use super::figure::trend::TrendRow;
use super::json::{document, moment};
use super::page::StreamFigures;
use crate::domain::diagnosis::Diagnoses;
use crate::domain::finding::Placement;

/// The columns of the CSV.
const COLUMNS: [&str; 18] = [
    "stream",
    "run_id",
    "started_at",
    "simulated",
    "provider",
    "inbox",
    "promotions",
    "spam",
    "elsewhere",
    "missing",
    "pending",
    "unmeasured",
    "n",
    "rate",
    "lo",
    "hi",
    "median_latency_ms",
    "slowest_latency_ms",
];

/// The CSV of a report.
pub(crate) fn series_csv(streams: &[&StreamFigures]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for figures in streams {
        for row in &figures.rows {
            let (tally, number) = (&row.counts.tally, |value: f64| value.to_string());
            let mut cells = vec![
                guarded(figures.stream.as_str()),
                row.run.0.to_string(),
                moment(row.at),
                row.simulated.to_string(),
                guarded(row.counts.provider.name.as_str()),
            ];
            cells.extend(Placement::ALL.map(|placement| tally.count(placement).to_string()));
            let measured = tally.measured() > 0;
            let end = |value: f64| if measured { number(value) } else { String::new() };
            cells.extend([tally.pending, tally.unmeasured, tally.measured()].map(|count| count.to_string()));
            cells.extend([tally.rate.map(number).unwrap_or_default(), end(tally.interval.lo), end(tally.interval.hi)]);
            let (median, slowest) = latencies(row);
            cells.extend([median, slowest].map(|millis| millis.map(|one| one.to_string()).unwrap_or_default()));
            writer.write_record(cells)?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn latencies(row: &TrendRow) -> (Option<u64>, Option<u64>) {
    let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).ok();
    row.arrival.map_or((None, None), |arrival| (millis(arrival.median), millis(arrival.slowest)))
}

/// The JSON of a report.
pub(crate) fn series_document(streams: &[&StreamFigures], diagnoses: &Diagnoses) -> serde_json::Result<String> {
    let streams: Vec<Value> = streams.iter().map(|one| stream_json(one)).collect();
    document(&json!({ "streams": streams, "diagnosis": diagnosis_value(diagnoses) }))
}

fn stream_json(figures: &StreamFigures) -> Value {
    let changes = figures.domains.iter().flat_map(|domain| &domain.changes).map(|change| {
        let differences: Vec<String> =
            change.differences.iter().map(crate::domain::dns::change::Difference::words).collect();
        json!({
            "domain": change.domain.as_str(), "from": moment(change.window.from), "until": moment(change.window.until),
            "words": change.words(), "differences": differences,
        })
    });
    json!({
        "stream": figures.stream.as_str(),
        "simulated": figures.trend.simulated,
        "as_of": moment(figures.as_of),
        "promotions_as_inbox": figures.rules.promotions_as_inbox,
        "confidence": figures.confidence,
        "rows": figures.rows.iter().map(row_json).collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
        "comparison": figures.before_after.as_ref().map(|pair| pair.rows.iter().map(pair_json).collect::<Vec<_>>()),
    })
}

fn row_json(row: &TrendRow) -> Value {
    let tally = &row.counts.tally;
    let (median, slowest) = latencies(row);
    json!({
        "run_id": row.run.0, "started_at": moment(row.at), "provider": row.counts.provider.name.as_str(),
        "inbox": tally.count(Placement::Inbox), "promotions": tally.count(Placement::Promotions),
        "spam": tally.count(Placement::Spam), "elsewhere": tally.count(Placement::Elsewhere),
        "missing": tally.count(Placement::Missing), "pending": tally.pending, "unmeasured": tally.unmeasured,
        "n": tally.measured(), "rate": tally.rate, "interval": [tally.interval.lo, tally.interval.hi],
        "median_latency_ms": median, "slowest_latency_ms": slowest,
    })
}

/// Providers by their names, which no language changes, and all of them together as `null`.
fn pair_json(pair: &Pair) -> Value {
    let side = |side: Option<Rate>| {
        side.map(|(rate, range)| json!({ "rate": rate, "interval": range.map(|range| [range.lo, range.hi]) }))
    };
    json!({
        "provider": pair.provider, "before": side(pair.before), "after": side(pair.after),
        "difference": pair.shift.map(|(diff, range)| json!({ "change": diff, "interval": [range.lo, range.hi] })),
        "verdict": pair.verdict.word(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::language::Language;
    use crate::render::page::samples::{figures, of, week};
    use crate::render::samples::diagnoses;

    #[test]
    fn the_csv_has_a_row_for_each_run_and_provider_and_nothing_for_what_is_not_known() {
        let text = String::from_utf8(series_csv(&[&figures().figures]).unwrap()).unwrap();
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines[0], COLUMNS.join(","));
        assert_eq!(lines.len(), 1 + 3 * 4, "a header, then four runs of three providers");
        assert!(lines.iter().all(|line| line.split(',').count() == COLUMNS.len()), "{text}");
        assert!(
            lines[1].starts_with("newsletter,1,2026-11-24T06:00:00Z,false,gmail,11,1,0,0,0,0,0,12,0.91"),
            "{}",
            lines[1]
        );
        let mut nothing = figures().figures;
        for row in &mut nothing.rows {
            row.counts.tally = crate::domain::tally::Tally::of([], nothing.rules, 0.95);
            row.arrival = None;
        }
        let text = String::from_utf8(series_csv(&[&nothing]).unwrap()).unwrap();
        assert!(text.contains("gmail,0,0,0,0,0,0,0,0,,,,,\r\n"), "{text}");
    }

    #[test]
    fn the_document_holds_the_same_figures() {
        let text = series_document(&[&figures().figures], &diagnoses([38, 27, 39])).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let stream = &document["streams"][0];
        assert_eq!((&stream["stream"], &stream["as_of"]), (&json!("newsletter"), &json!("2026-12-15T06:00:00Z")));
        assert_eq!(stream["rows"].as_array().unwrap().len(), 12);
        assert_eq!((&stream["rows"][0]["n"], &stream["rows"][0]["provider"]), (&json!(12), &json!("gmail")));
        assert_eq!(stream["comparison"][0]["verdict"], "no_clear_change");
        assert_eq!(document["diagnosis"], diagnosis_value(&diagnoses([38, 27, 39])));
    }

    #[test]
    fn a_comparison_names_providers_as_the_rows_do_in_every_language() {
        let reports: Vec<_> = (1..=4).map(week).collect();
        let compared = |language| {
            let sample = of(&reports, "shop.example", "v=spf1 -all", language);
            let text = series_document(&[&sample.figures], &diagnoses([38, 27, 39])).unwrap();
            serde_json::from_str::<Value>(&text).unwrap()["streams"][0]["comparison"].clone()
        };
        let english = compared(Language::English);
        let names: Vec<&Value> = english.as_array().unwrap().iter().map(|one| &one["provider"]).collect();
        assert_eq!(names, [&json!("gmail"), &json!("outlook"), &json!("yahoo"), &Value::Null]);
        assert_eq!(english, compared(Language::German));
    }
}
