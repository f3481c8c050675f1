use super::*;

#[test]
fn quiet_hours_may_run_over_midnight_and_over_a_change_of_the_clocks() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let time = |hour| Time::new(hour, 0, 0, 0).unwrap();
    let night = QuietHours { from: time(22), until: time(7) };
    let noon = QuietHours { from: time(12), until: time(14) };
    for (hours, now, end) in [
        (night, "2026-11-27T20:59:59Z", None),
        (night, "2026-11-27T21:00:00Z", Some("2026-11-28T06:00:00Z")),
        (night, "2026-11-28T05:59:59Z", Some("2026-11-28T06:00:00Z")),
        (night, "2026-11-28T06:00:00Z", None),
        (night, "2026-03-28T22:00:00Z", Some("2026-03-29T05:00:00Z")),
        (noon, "2026-11-27T11:30:00Z", Some("2026-11-27T13:00:00Z")),
        (noon, "2026-11-27T13:00:00Z", None),
    ] {
        let end: Option<Timestamp> = end.map(|end| end.parse().unwrap());
        assert_eq!(hours.end(now.parse().unwrap(), &berlin), end, "{now}");
    }
}

static NOTHING: BTreeMap<String, Band> = BTreeMap::new();

fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

fn aftermath<'a>(
    unreadable: &'a BTreeMap<Address, String>,
    before: &'a BTreeSet<Address>,
    titles: &'a BTreeMap<ProviderName, String>,
) -> Aftermath<'a> {
    Aftermath {
        run: RunId(7),
        week: WeekName::of("2026-11-27T00:00:00Z".parse().unwrap(), &TimeZone::UTC),
        series: &[],
        thresholds: Thresholds { inbox_warn: 0.80, inbox_crit: 0.60, spam_warn: 0.10, spam_crit: 0.20 },
        titles,
        unreadable,
        readable_before: before,
        planned: 20,
        unmeasured: 0,
        dns: &[],
        reputations: &[],
        told: &NOTHING,
        confidence: 0.95,
    }
}

#[test]
fn bounces_are_told_when_they_surely_cross_and_when_they_are_healthy_again_and_silence_changes_nothing() {
    use crate::domain::reputation::Day;
    use crate::domain::threshold::Measure;
    use jiff::civil::date;

    let (nothing, before, titles) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    let told = |days: &[(i8, u64, u64)], unanswered: Option<&str>, last: Option<&str>| {
        let days = days.iter().map(|(of, attempts, bounces)| Day {
            date: date(2026, 11, *of),
            attempts: *attempts,
            bounces: *bounces,
            complaints: 0,
        });
        let one = Reputation {
            account: None,
            region: Some("eu-central-1".to_owned()),
            days: days.collect(),
            asked_at: "2026-11-27T06:00:00Z".parse().unwrap(),
            unanswered: unanswered.map(str::to_owned),
        };
        let part = returned_part(&one, Measure::Bounce);
        let last =
            last.map(|how| (part.clone(), returned_told(&format!("threshold{part}run-6/{how}")))).into_iter().collect();
        let all = [one];
        let after = Aftermath { reputations: &all, told: &last, ..aftermath(&nothing, &before, &titles) };
        events(&after).into_iter().map(|event| event.key).collect::<Vec<_>>()
    };
    let key = |occasion: &str, how: &str| vec![format!("{occasion}/ses/eu-central-1/bounce/run-7/{how}")];
    let none = [""; 0];
    assert_eq!(told(&[(26, 9_000, 300)], None, None), key("threshold", "warning"));
    assert_eq!(told(&[(26, 9_000, 300)], None, Some("healthy")), key("threshold", "warning"));
    assert_eq!(told(&[(26, 9_000, 300)], Some("not allowed"), None), none);
    assert_eq!(told(&[(26, 9_000, 300)], None, Some("warning")), none, "told before");
    assert_eq!(told(&[(26, 9_000, 900)], None, Some("warning")), key("threshold", "critical"));
    assert_eq!(told(&[(26, 9_000, 300)], None, Some("critical")), none, "better, but not healthy");
    assert_eq!(told(&[(26, 30, 1)], None, Some("warning")), none, "no proof of either");
    assert_eq!(told(&[(26, 9_000, 9)], None, Some("critical")), key("recovery", "healthy"));
    assert_eq!(told(&[(26, 9_000, 9)], None, Some("healthy")), none);
    assert_eq!(told(&[(26, 30, 1)], None, None), none, "one of thirty proves nothing");
    let rise = [(23, 9_000, 10), (24, 9_000, 20), (25, 9_000, 40), (26, 9_000, 80)];
    for last in [None, Some("healthy"), Some("warning")] {
        assert_eq!(told(&rise, None, last), key("threshold", "rising"));
    }
    assert_eq!(told(&rise, None, Some("rising")), none, "told before, and not healthy either");
}

#[test]
fn only_a_seed_that_could_be_read_before_is_told_and_a_run_that_could_not_look_is_told_as_that() {
    let (before, titles) = (BTreeSet::from([address("anna@gmail.com"), address("bert@gmail.com")]), BTreeMap::new());
    let why = "the password was refused".to_owned();
    let unreadable = BTreeMap::from([(address("anna@gmail.com"), why.clone()), (address("never@gmail.com"), why)]);
    let calm = aftermath(&unreadable, &before, &titles);
    let told = events(&calm);
    let [event] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        (event.key.as_str(), event.title.as_str()),
        ("seed/run-7", "the seed anna@gmail.com cannot be read any more")
    );
    for (unmeasured, wanted) in [(4, 1), (5, 2)] {
        let run = Aftermath { unmeasured, ..calm.clone() };
        assert_eq!(events(&run).len(), wanted, "{unmeasured} of 20");
    }
    let nothing = BTreeMap::new();
    assert_eq!(events(&aftermath(&nothing, &before, &titles)), []);
}
