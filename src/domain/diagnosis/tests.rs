use super::rules::diagnose;
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
        runs: 3,
        measured: 40,
        rate: Some(count(good) / 40.0),
        interval: wilson(count(good), 40.0, 0.95),
        missing_low: 0.0,
    }
}

#[track_caller]
fn check(cells: &[Cell], wanted: &[Cause]) -> Vec<Diagnosis> {
    let found = diagnose(cells, GUIDE);
    assert_eq!(found.iter().map(Diagnosis::cause).collect::<Vec<_>>(), wanted, "{found:#?}");
    found
}

#[test]
fn each_rule_speaks_where_its_pattern_shows_and_only_there() {
    let news = |good: [usize; 3]| -> Vec<Cell> {
        ["gmail", "outlook", "yahoo"].iter().zip(good).map(|(provider, good)| cell("news", provider, good)).collect()
    };
    check(&news([39, 38, 39]), &[]);
    check(&news([27, 38, 39]), &[Cause::Behaviour, Cause::Trailing]);
    check(&news([38, 27, 39]), &[Cause::Behaviour]);
    check(&news([22, 21, 20]), &[Cause::DomainTrust]);
    check(&news([10, 38, 39]), &[Cause::Behaviour, Cause::Content, Cause::Trailing]);
    // Neither low nor well: nobody is accused and nobody cleared.
    check(&news([31, 31, 31]), &[]);
    let unsettled = &check(&news([22, 38, 31]), &[Cause::Behaviour, Cause::Content, Cause::Trailing])[0].unsettled;
    assert_eq!(unsettled, &["yahoo"]);
    let few = Cell { measured: 4, ..cell("news", "gmail", 2) };
    check(&[few], &[Cause::Unknown]);
    let lost = Cell { missing_low: 0.15, ..cell("news", "gmail", 34) };
    check(&[lost], &[Cause::Dropped]);
}

#[test]
fn what_only_the_low_streams_share_is_named() {
    let cells =
        [cell("news", "gmail", 39), cell("news", "yahoo", 38), cell("west", "gmail", 20), cell("west", "yahoo", 21)];
    let found = check(&cells, &[Cause::DomainTrust, Cause::Assignment]);
    assert_eq!(found[1].pattern, Pattern::Shared(vec![(Trait::Region, "us-west-2".to_owned())]));
    assert_eq!((found[0].stream(), found[1].stream()), (Some("west"), None));
    // What nobody knows is shared by nobody.
    let unknown = cells.map(|cell| Cell { region: None, identity: String::new(), ..cell });
    check(&unknown, &[Cause::DomainTrust]);
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
fn a_diagnosis_says_when_some_of_its_evidence_is_from_one_run_alone() {
    let cells = [cell("news", "gmail", 20), cell("news", "yahoo", 21)];
    assert!(diagnose(&cells, GUIDE).iter().all(|one| !one.one_run));
    let young = [cells[0].clone(), Cell { runs: 1, ..cells[1].clone() }];
    assert!(diagnose(&young, GUIDE).iter().all(|one| one.one_run));
}

#[test]
fn bounces_and_complaints_are_told_when_they_surely_cross_or_rise_and_not_when_nobody_could_ask() {
    use jiff::civil::date;

    use crate::domain::reputation::Day;

    let reputation = |days: Vec<Day>, unanswered: Option<&str>| Reputation {
        account: None,
        region: Some("eu-central-1".to_owned()),
        days,
        asked_at: "2026-11-27T06:00:00Z".parse().unwrap(),
        unanswered: unanswered.map(str::to_owned),
    };
    let day = |of, bounces, complaints| Day { date: date(2026, 11, of), attempts: 9_000, bounces, complaints };
    let causes = |one: Reputation| {
        let found = Diagnoses::of(vec![cell("news", "gmail", 39)], 3, vec![one], GUIDE, 0.95).found;
        found.iter().map(Diagnosis::cause).collect::<Vec<_>>()
    };
    assert_eq!(causes(reputation(vec![], Some("not allowed"))), []);
    assert_eq!(causes(reputation(vec![day(26, 100, 5)], None)), []);
    assert_eq!(causes(reputation(vec![day(26, 400, 60)], None)), [Cause::Bounces, Cause::Complaints]);
    let rise = (0..4).map(|more| day(23 + more, 20 << more, 0)).collect();
    assert_eq!(causes(reputation(rise, None)), [Cause::Bounces], "healthy, and rising three days running");
}
