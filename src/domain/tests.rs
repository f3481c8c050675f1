//! The statistics against values that other libraries gave, to nine digits.
//!
//! A file of cases says `fn`, `in` and `out`. Each `in` is computed anew and every name of `out` is compared: numbers within
//! 10⁻⁹·max(1, |value|), words, integers and nulls exactly. Besides the file kept here, those that `INBOXED_GOLDEN` names
//! are checked.

use serde_json::{Map, Value, json};

use super::compare::{Comparison, Judgement};
use super::family::{benjamini_hochberg, holm};
use super::finding::{Placement, Rules};
use super::interval::{Interval, Observation, pooled, wilson};
use super::overall::{Contrast, Overall};
use super::plan::Design;
use super::share::Share;
use super::shift::{Answers, Shift, Side};
use super::sign_flip::sign_flip;
use super::trend::{Bands, Reference, Trend, Week, weeks_to_alarm};

const KEPT: &str = include_str!("../../tests/data/golden/statistics-public.json");

#[test]
fn golden_cases_of_every_function_agree_to_nine_digits() {
    check_all("the kept file", KEPT);
    let named = std::env::var_os("INBOXED_GOLDEN").unwrap_or_default();
    for path in std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()) {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        check_all(&path.display().to_string(), &text);
    }
}

fn check_all(file: &str, text: &str) {
    let golden: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let cases = golden.get("cases").unwrap_or(&golden).as_array().unwrap_or_else(|| panic!("{file}: no cases"));
    assert!(!cases.is_empty(), "{file}: no case");
    let mut wrong = Vec::new();
    for case in cases {
        let found = computed(&case["fn"], &case["in"]);
        let place = format!("{} {}", case["id"].as_str().unwrap_or("?"), case["fn"]);
        match found {
            Some(found) => differ(&found, &case["out"], &place, &mut wrong),
            None => wrong.push(format!("{place}: no such function")),
        }
    }
    assert!(wrong.is_empty(), "{file}: {} differences\n{}", wrong.len(), wrong.join("\n"));
}

/// Notes every place where `found` is not what is wanted. A name that is wanted must be there.
fn differ(found: &Value, wanted: &Value, place: &str, wrong: &mut Vec<String>) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (name, wanted) in wanted {
                match found.get(name) {
                    Some(found) => differ(found, wanted, &format!("{place}.{name}"), wrong),
                    None => wrong.push(format!("{place}: {name} was not computed")),
                }
            }
        }
        (Value::Array(found), Value::Array(wanted)) if found.len() == wanted.len() => {
            for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                differ(found, wanted, &format!("{place}[{at}]"), wrong);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let same = if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
                a == b
            } else {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                (a - b).abs() <= 1e-9 * b.abs().max(1.0)
            };
            if !same {
                wrong.push(format!("{place}: {a}, wanted {b}"));
            }
        }
        _ if found == wanted => {}
        _ => wrong.push(format!("{place}: {found}, wanted {wanted}")),
    }
}

fn computed(function: &Value, given: &Value) -> Option<Value> {
    Some(match function.as_str()? {
        "share" => share(given),
        "wilson" => interval(wilson(number(given, "x"), number(given, "n"), or(given, "conf", 0.95))),
        "pooled" => pool(given),
        "sign_flip" => {
            let v: Vec<i64> = list(given, "v").iter().map(|v| v.as_i64().unwrap()).collect();
            let surprise = sign_flip(&v);
            json!({ "p_exact": surprise.exact, "p_mid": surprise.mid })
        }
        "change" => change(&Shift::of(&answers(&given["seeds"]), &sides(given), or(given, "conf", 0.95))),
        "family" => {
            let p: Vec<f64> = list(given, "p").iter().map(|p| p.as_f64().unwrap()).collect();
            json!({ "holm": holm(&p), "bh": benjamini_hochberg(&p) })
        }
        "compare" => compare(given),
        "trend" => trend(given),
        "plan" => {
            let power = design(given).power(number(given, "drop"));
            json!({
                "se_run": power.se_run, "se_seed": power.se_seed, "power_seed": power.of_seeds,
                "power_run": power.of_runs, "power": power.both
            })
        }
        "smallest_drop" => json!({ "drop": design(given).smallest_drop(number(given, "power")) }),
        "weeks_to_alarm" => {
            let reference = Reference { rate: number(given, "reference"), deviation: number(given, "sd") };
            json!({ "weeks": weeks_to_alarm(reference, whole(given, "n"), number(given, "rate")) })
        }
        _ => return None,
    })
}

fn number(given: &Value, name: &str) -> f64 {
    given[name].as_f64().unwrap_or_else(|| panic!("{name} is no number in {given}"))
}

fn or(given: &Value, name: &str, usual: f64) -> f64 {
    if given[name].is_null() { usual } else { number(given, name) }
}

fn whole(given: &Value, name: &str) -> usize {
    let number = given[name].as_u64().unwrap_or_else(|| panic!("{name} is no count in {given}"));
    usize::try_from(number).unwrap()
}

fn list<'a>(given: &'a Value, name: &str) -> &'a [Value] {
    given[name].as_array().unwrap_or_else(|| panic!("{name} is no list in {given}"))
}

fn sides(given: &Value) -> Vec<Side> {
    let side = |run: &Value| match run.as_str() {
        Some("before") => Side::Before,
        Some("after") => Side::After,
        _ => panic!("{run} is no side"),
    };
    list(given, "runs").iter().map(side).collect()
}

fn answers(seeds: &Value) -> Answers {
    let value = |y: &Value| (!y.is_null()).then(|| y.as_f64().unwrap());
    let row = |seed: &Value| seed.as_array().unwrap().iter().map(value).collect();
    Answers { seeds: seeds.as_array().unwrap().iter().map(row).collect() }
}

fn interval(interval: Interval) -> Value {
    json!({ "lo": interval.lo, "hi": interval.hi })
}

fn share(given: &Value) -> Value {
    let placement = |word: &Value| {
        let word = word.as_str()?;
        let known = Placement::ALL.into_iter().find(|placement| placement.word() == word);
        Some(known.unwrap_or_else(|| panic!("{word} is no placement")))
    };
    let rules = Rules { promotions_as_inbox: given["promotions_as_inbox"].as_bool().unwrap() };
    let share = Share::of(list(given, "placements").iter().map(placement), rules);
    json!({
        "good": share.good, "n": share.measured, "unmeasured": share.unmeasured, "rate": share.rate(),
        "worst": share.worst(), "best": share.best()
    })
}

fn pool(given: &Value) -> Value {
    let rows = list(given, "observations");
    let seeds: Vec<String> = rows.iter().map(|row| row[0].to_string()).collect();
    let observations: Vec<_> = rows
        .iter()
        .zip(&seeds)
        .map(|(row, seed)| Observation { seed, run: row[1].as_i64().unwrap(), good: row[2] == 1 })
        .collect();
    let pooled = pooled(&observations, or(given, "conf", 0.95));
    json!({
        "rate": pooled.rate, "n": observations.len(), "seeds": pooled.seeds, "runs": pooled.runs,
        "n_eff": pooled.effective, "lo": pooled.interval.lo, "hi": pooled.interval.hi
    })
}

fn change(shift: &Shift) -> Value {
    json!({
        "paired": shift.paired, "unpaired": shift.unpaired, "runs_before": shift.runs_before,
        "runs_after": shift.runs_after, "diff": shift.diff, "p_seed_exact": shift.p_seed_exact,
        "p_seed": shift.p_seed, "p_run": shift.p_run, "p": shift.p, "lo": shift.interval.lo, "hi": shift.interval.hi
    })
}

fn compare(given: &Value) -> Value {
    let providers: Vec<Answers> = list(given, "providers").iter().map(answers).collect();
    let weights: Vec<f64> = if given["weights"].is_null() {
        vec![1.0; providers.len()]
    } else {
        list(given, "weights").iter().map(|weight| weight.as_f64().unwrap_or(1.0)).collect()
    };
    let comparison = Comparison::of(&providers, &sides(given), &weights, or(given, "alpha", 0.05));
    let judged = |judgement: &Judgement, p: &str| {
        let mut object = Map::new();
        object.insert(p.to_owned(), json!(judgement.p));
        object.insert("word".to_owned(), json!(judgement.verdict.word()));
        object.insert("lo".to_owned(), json!(judgement.interval.lo));
        object.insert("hi".to_owned(), json!(judgement.interval.hi));
        object.insert("unseen_drop".to_owned(), json!(judgement.unseen_drop()));
        object.insert("unseen_rise".to_owned(), json!(judgement.unseen_rise()));
        Value::Object(object)
    };
    let Overall { paired, diff, p_seed, p_run, p, interval, .. } = comparison.overall_change;
    let contrast = |contrast: &Contrast| json!({ "diff": contrast.diff, "p_seed": contrast.p_seed, "p_run": contrast.p_run, "p": contrast.p });
    json!({
        "providers": comparison.providers.iter().map(|one| judged(one, "p_adjusted")).collect::<Vec<_>>(),
        "overall": judged(&comparison.overall, "p"),
        "scope": comparison.scope.word(),
        "overall_change": {
            "paired": paired, "diff": diff, "p_seed": p_seed, "p_run": p_run, "p": p, "lo": interval.lo,
            "hi": interval.hi
        },
        "contrasts": comparison.contrasts.iter().map(contrast).collect::<Vec<_>>(),
    })
}

fn trend(given: &Value) -> Value {
    let week = |week: &Value| {
        let count = |at: usize| usize::try_from(week[at].as_u64().unwrap()).unwrap();
        Week { good: count(0), measured: count(1) }
    };
    let weeks: Vec<Week> = list(given, "weeks").iter().map(week).collect();
    let bands = Bands { warn: number(given, "warn"), crit: number(given, "crit"), healthy: number(given, "healthy") };
    let (trend, steps) = Trend::of(&weeks, bands);
    let own = trend.own_reference();
    let step = |step: &super::trend::Step| json!({ "level": step.level, "own": step.own, "state": step.state.word() });
    json!({
        "weeks": steps.iter().map(step).collect::<Vec<_>>(),
        "own_reference": own.map(|own| own.rate),
        "own_sd": own.map(|own| own.deviation),
    })
}

fn design(given: &Value) -> Design {
    Design {
        seeds: whole(given, "seeds"),
        messages: if given["messages"].is_null() { 1 } else { whole(given, "messages") },
        runs_before: whole(given, "runs_before"),
        runs_after: whole(given, "runs_after"),
        rate: number(given, "rate"),
        icc: or(given, "icc", super::plan::USUAL_ICC),
        tau: or(given, "tau", super::plan::USUAL_TAU),
        alpha: or(given, "alpha", 0.05),
    }
}

#[test]
fn a_golden_case_that_differs_anywhere_is_told() {
    let told = |found: Value, wanted: Value| {
        let mut wrong = Vec::new();
        differ(&found, &wanted, "case", &mut wrong);
        wrong
    };
    assert_eq!(told(json!({"a": 1.0, "b": null}), json!({"a": 1.0, "b": null})), Vec::<String>::new());
    assert_eq!(told(json!({"a": 0.3}), json!({"a": 0.3 + 1e-10})), Vec::<String>::new());
    for (found, wanted) in [
        (json!({"a": 1.0}), json!({"a": 1.0, "b": 2})),
        (json!({"a": 0.3}), json!({"a": 0.300_000_01})),
        (json!({"a": 0.0}), json!({"a": null})),
        (json!({"a": null}), json!({"a": 0.0})),
        (json!({"a": 3}), json!({"a": 4})),
        (json!({"a": [1]}), json!({"a": [1, 2]})),
        (json!({"a": [{"w": "better"}]}), json!({"a": [{"w": "worse"}]})),
    ] {
        assert_eq!(told(found.clone(), wanted.clone()).len(), 1, "{found} {wanted}");
    }
    assert!(computed(&json!("median"), &json!({})).is_none());
}
