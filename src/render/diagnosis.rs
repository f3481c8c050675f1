//! A diagnosis for the end of a run, and as JSON.

use serde_json::{Value, json};

use super::json::moment;
use super::language::Language;
use super::plain::plain;
use crate::domain::account::Account;
use crate::domain::diagnosis::{Cause, Diagnoses, Diagnosis};
use crate::domain::health::Thresholds;
use crate::domain::reputation::{Reputation, ReturnRate};

/// Longest line of it.
const LINE: usize = 300;

/// The object of the JSON contract.
pub(crate) fn diagnosis_value(diagnoses: &Diagnoses) -> Value {
    let cells = diagnoses.matrix.iter().map(|cell| {
        json!({
            "stream": cell.stream, "provider": cell.provider, "region": cell.region, "identity": cell.identity,
            "configuration_set": cell.configuration_set, "control": cell.control, "runs": cell.runs, "n": cell.measured,
            "rate": cell.rate, "interval": [cell.interval.lo, cell.interval.hi],
            "standing": cell.standing(diagnoses.thresholds).word(),
        })
    });
    let (english, found) = (Language::English, diagnoses.found.iter());
    let found = found.map(|one| {
        json!({
            "cause": one.cause().word(), "says": english.diagnosis(one), "evidence": english.evidence(one),
            "doubt": english.doubt(one), "next": english.next_step(one),
        })
    });
    let sending = diagnoses.reputations.iter();
    let sending = sending.map(|one| sending_value(one, diagnoses.confidence, diagnoses.thresholds));
    json!({
        "runs": diagnoses.runs, "simulated": diagnoses.simulated, "matrix": cells.collect::<Vec<_>>(), "diagnoses": found.collect::<Vec<_>>(),
        "sending": sending.collect::<Vec<_>>(),
    })
}

/// What SES counted in one region; rates are null where it counted nothing or could not be asked.
pub(crate) fn sending_value(one: &Reputation, confidence: f64, thresholds: Thresholds) -> Value {
    let rate = |rate: &ReturnRate| {
        json!({
            "count": rate.hits, "rate": rate.rate, "interval": [rate.interval.lo, rate.interval.hi],
            "band": rate.band().word(), "surely": rate.sure().word(),
            "rising": one.is_rising(rate.measure, confidence, thresholds),
        })
    };
    let rates = one.rates(confidence, thresholds);
    let [bounces, complaints] =
        rates.as_ref().map_or([None, None], |[bounces, complaints]| [Some(bounces), Some(complaints)]);
    json!({
        "account": one.account.as_ref().map(Account::as_str), "region": one.region, "asked_at": moment(one.asked_at), "why": one.unanswered,
        "n": bounces.map(|rate| rate.attempts), "bounces": bounces.map(rate), "complaints": complaints.map(rate),
    })
}

/// The end of a run's table: the first diagnosis and its next step; empty where nothing is low. That too little was
/// measured the table says itself.
pub(crate) fn diagnosis_lines(diagnoses: &Diagnoses) -> String {
    let told: Vec<&Diagnosis> = diagnoses.found.iter().filter(|one| one.cause() != Cause::Unknown).collect();
    let Some((first, others)) = told.split_first() else { return String::new() };
    let english = Language::English;
    let rests = if first.one_run { "diagnosis, from one run alone" } else { "diagnosis" };
    let more = match others.len() {
        0 => "inboxed diagnose has the evidence and the doubt".to_owned(),
        n => format!("inboxed diagnose has the evidence, the doubt and {n} more"),
    };
    format!("\n{rests}: {}\n  next: {}; {more}\n", plain(&english.diagnosis(first), LINE), english.next_step(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::diagnoses;
    use crate::render::table::{Screen, diagnosis_table};

    fn diagnosis_text(diagnoses: &Diagnoses) -> String {
        diagnosis_table(diagnoses, Screen { width: None, colour: false })
    }

    #[test]
    fn a_run_ends_with_the_first_diagnosis_its_next_step_and_how_many_more_there_are() {
        let [many, one, none] = [[22, 21, 20], [38, 27, 39], [39, 39, 38]].map(diagnoses);
        let ended = |found: &Diagnoses| diagnosis_lines(found).lines().map(str::to_owned).collect::<Vec<_>>();
        let [blank, says, next] = &ended(&one)[..] else { panic!("{:?}", ended(&one)) };
        assert_eq!(blank, "");
        assert!(says.starts_with("diagnosis, from one run alone: newsletter: only Outlook files it low: "), "{says}");
        assert!(next.starts_with("  next: before anything technical") && next.ends_with("and the doubt"), "{next}");
        assert_eq!(diagnosis_lines(&none), "");
        let mut trailing = diagnoses([10, 39, 39]);
        trailing.matrix.clear();
        assert!(diagnosis_lines(&trailing).contains("the doubt and 2 more\n"), "{}", diagnosis_lines(&trailing));
        assert!(diagnosis_lines(&many).contains("every provider files it low"));
    }

    #[test]
    fn text_and_document_hold_the_same_and_nothing_that_a_terminal_obeys() {
        let mut found = diagnoses([10, 39, 39]);
        let text = diagnosis_text(&found);
        let heads = text.lines().next().unwrap();
        assert!(heads.starts_with("stands  stream ") && heads.ends_with("region"), "{text}");
        assert!(!text.contains("unsettled"), "all of it is low or well: {text}");
        let open = diagnosis_text(&diagnoses([31, 39, 39]));
        assert!(
            open.contains("\nunsettled: the range holds 80 %") && open.contains("\nnothing is surely low\n"),
            "{open}"
        );
        let value = diagnosis_value(&found);
        assert_eq!(value["simulated"], false);
        assert_eq!(value["runs"], 1);
        assert_eq!(value["matrix"][0]["standing"], "low");
        let told = value["diagnoses"].as_array().unwrap();
        assert_eq!(
            told.iter().map(|one| one["cause"].as_str().unwrap()).collect::<Vec<_>>(),
            ["behaviour", "content", "trailing"]
        );
        for one in told {
            for key in ["says", "doubt", "next"] {
                assert!(text.contains(one[key].as_str().unwrap()), "{key} of {one} in {text}");
            }
        }
        found.matrix[0].title = "\u{1b}[2J".to_owned();
        let hostile = Diagnoses::of(found.matrix, 1, Vec::new(), found.thresholds, 0.95);
        assert!(!diagnosis_text(&hostile).contains('\u{1b}') && !diagnosis_lines(&hostile).contains('\u{1b}'));
    }
}
