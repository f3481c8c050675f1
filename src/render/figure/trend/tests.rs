use super::*;
use crate::domain::finding::Rules;
use crate::domain::tally::Counted;
use crate::render::figure::DATES;
use crate::render::language::Language;
use crate::render::report::ProviderTally;
use crate::render::samples::{THRESHOLDS, at, bad_day, finding, provider, three};

const WEEK: i64 = 7 * 86_400_000;
const STRICT: Rules = Rules { promotions_as_inbox: false };

fn tally(words: &[(&str, usize)], rules: Rules) -> Tally {
    let findings: Vec<_> =
        words.iter().flat_map(|(word, n)| std::iter::repeat_with(|| finding(word, 5)).take(*n)).collect();
    let seeds: Vec<String> = (0..findings.len()).map(|at| at.to_string()).collect();
    Tally::of(findings.iter().zip(&seeds).map(|(finding, seed)| Counted { seed, run: 1, finding }), rules, 0.95)
}

fn row(run: i64, millis: i64, provider: &ShownProvider, words: &[(&str, usize)]) -> TrendRow {
    let counts = ProviderTally { provider: provider.clone(), tally: tally(words, STRICT) };
    TrendRow { run: RunId(run), at: at(millis), simulated: false, counts, arrival: None }
}

fn settings(providers: &[ShownProvider], rules: Rules) -> Settings<'_> {
    Settings { providers, stream: None, rules, thresholds: THRESHOLDS, confidence: 0.95, language: Language::English }
}

fn figure(rows: &[TrendRow], changes: &[TrendChange], rules: Rules) -> Trend {
    Trend::new(rows, changes, &settings(&three(), rules))
}

fn change(millis: i64, words: &str) -> TrendChange {
    TrendChange { at: at(millis), words: words.to_owned() }
}

#[test]
fn nothing_measured_is_a_gap_and_never_a_bar_of_zero() {
    let [gmail, outlook, yahoo] = &three()[..] else { unreachable!() };
    let rows = [
        row(2, WEEK, gmail, &[("refused", 12)]),
        row(1, 0, gmail, &[("inbox", 9), ("spam", 2), ("missing", 1)]),
        row(1, 0, outlook, &[("inbox", 3), ("spam", 1), ("refused", 8)]),
        row(2, WEEK, yahoo, &[("spam", 5)]),
    ];
    let figure = figure(&rows, &[], STRICT);
    assert_eq!(figure.slots.len(), 2);
    assert_eq!(
        figure.panels.iter().map(|panel| panel.title.as_str()).collect::<Vec<_>>(),
        ["Gmail", "Outlook", "Yahoo"]
    );
    let [gmail, outlook, yahoo] = &figure.panels[..] else { panic!("three panels") };

    let Bar::Measured { shares, rate, range, label, limit } = &gmail.bars[0] else { panic!("measured") };
    assert_eq!(shares, &[(Placement::Inbox, 0.75), (Placement::Missing, 1.0 / 12.0), (Placement::Spam, 2.0 / 12.0)]);
    assert_eq!((*rate, *range, label.as_str()), (0.75, Some(crate::domain::interval::wilson(9.0, 12.0, 0.95)), "12"));
    assert_eq!(*limit, None, "Gmail has no limit of spam");
    assert_eq!(gmail.bars[1], Bar::Unmeasured);
    assert_eq!((gmail.standing, gmail.headline.as_str()), (Standing::Unmeasured, "–"));
    assert_eq!(gmail.remarks, [Remark::plain("last run not measured")]);

    let Bar::Measured { rate, range, label, .. } = &outlook.bars[0] else { panic!("measured") };
    assert_eq!((*rate, *range, label.as_str()), (0.75, None, "4/12"), "four are too few for a range");
    assert_eq!(outlook.bars[1], Bar::Absent, "a provider that was not asked is blank");
    assert_eq!(outlook.remarks, [Remark::plain("not asked in the last run")]);

    assert_eq!(yahoo.bars[0], Bar::Absent);
    assert_eq!((yahoo.standing, yahoo.headline.as_str()), (Standing::Bad, "0 %"), "measured, and all in spam");
    assert_eq!(figure.legend, [Placement::Inbox, Placement::Missing, Placement::Spam]);
    assert!(figure.has_gaps);
    for part in ["95 % range", "Narrow bars", "not 0 %", "Blank"] {
        assert!(figure.footnote.contains(part), "{part} in {}", figure.footnote);
    }
}

#[test]
fn the_last_run_speaks_for_its_provider() {
    let [_, outlook, _] = &three()[..] else { unreachable!() };
    for (words, standing, headline, remarks) in [
        (
            vec![("inbox", 11), ("spam", 1)],
            Standing::Good,
            "92 %",
            vec![("inbox, last run", false), ("11 of 12, range 65–99 %", false), ("spam 8 %, limit 10 %", false)],
        ),
        (
            vec![("inbox", 6), ("spam", 6)],
            Standing::Short,
            "50 %",
            vec![("inbox, last run", false), ("6 of 12, range 25–75 %", false), ("spam 50 %, limit 10 %", true)],
        ),
        (
            vec![("inbox", 3), ("spam", 1)],
            Standing::TooFew,
            "3 of 4",
            vec![("inbox, last run", false), ("too few for a rate", false)],
        ),
    ] {
        let figure = figure(&[row(1, 0, outlook, &words)], &[], STRICT);
        let panel = &figure.panels[0];
        assert_eq!((panel.standing, panel.headline.as_str()), (standing, headline));
        let said: Vec<_> = panel.remarks.iter().map(|remark| (remark.words.as_str(), remark.alarm)).collect();
        assert_eq!(said, remarks);
    }
}

#[test]
fn the_limit_of_spam_is_marked_where_spam_exceeds_it_and_nowhere_else() {
    let [gmail, outlook, _] = &three()[..] else { unreachable!() };
    let cases = [
        (outlook, vec![("inbox", 12)], None),
        (outlook, vec![("inbox", 8), ("missing", 4)], None),
        (outlook, vec![("inbox", 9), ("spam", 1)], None),
        (outlook, vec![("inbox", 8), ("spam", 2)], Some(0.1)),
        (outlook, vec![("refused", 10)], None),
        (gmail, vec![("spam", 10)], None),
    ];
    for (provider, words, limit) in cases {
        let figure = figure(&[row(1, 0, provider, &words)], &[], STRICT);
        assert_eq!((figure.panels[0].bars[0].limit(), figure.panels[0].spam_limit()), (limit, limit), "{words:?}");
        let told = figure.footnote.contains("Line across spam: the part below it is beyond the 10 % limit.");
        assert_eq!(told, limit.is_some(), "{words:?}: {}", figure.footnote);
    }
}

#[test]
fn promotions_lie_on_the_inbox_so_that_the_rate_is_an_edge_of_the_bar() {
    let [gmail, ..] = &three()[..] else { unreachable!() };
    for (promotions_as_inbox, rate, words) in
        [(false, 0.5, "promotions not counted as inbox"), (true, 0.75, "promotions counted as inbox")]
    {
        let rules = Rules { promotions_as_inbox };
        let mut one = row(1, 0, gmail, &[]);
        one.counts.tally = tally(&[("inbox", 6), ("promotions", 3), ("elsewhere", 1), ("spam", 2)], rules);
        let figure = figure(&[one], &[], rules);
        let Bar::Measured { shares, rate: drawn, .. } = &figure.panels[0].bars[0] else { panic!("measured") };
        let order: Vec<Placement> = shares.iter().map(|(placement, _)| *placement).collect();
        assert_eq!(order, [Placement::Inbox, Placement::Promotions, Placement::Elsewhere, Placement::Spam]);
        assert!((shares.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((drawn - rate).abs() < 1e-12);
        assert!(figure.subtitle.ends_with(words), "{}", figure.subtitle);
    }
}

#[test]
fn a_change_stands_between_the_runs_it_lies_between() {
    let [gmail, ..] = &three()[..] else { unreachable!() };
    let rows: Vec<_> = (0..4).map(|run| row(run, run * WEEK, gmail, &[("inbox", 5)])).collect();
    let changes = [
        change(2 * WEEK + 2, "MX gone\x1b[2J"),
        change(-5, "before all"),
        change(9 * WEEK, "after all"),
        change(WEEK, "at the start of a run"),
        change(2 * WEEK + 1, "SPF changed"),
    ];
    let marks = figure(&rows, &changes, STRICT).marks;
    let shown: Vec<_> = marks.iter().map(|mark| (mark.before, mark.words.as_str())).collect();
    assert_eq!(
        shown,
        [(0, "before all"), (1, "at the start of a run"), (3, "2 changes: SPF changed; MX gone␛[2J"), (4, "after all"),]
    );
}

#[test]
fn a_provider_that_the_settings_do_not_name_still_has_its_panel() {
    let [gmail, outlook, _] = &three()[..] else { unreachable!() };
    let (zmail, amail) = (provider("zmail", "Zmail", false), provider("amail", "Amail", false));
    let five = [("inbox", 5)];
    let rows = [row(1, 0, &zmail, &five), row(1, 0, outlook, &five), row(1, 0, &amail, &five), row(1, 0, gmail, &five)];
    let titles: Vec<String> = figure(&rows, &[], STRICT).panels.into_iter().map(|panel| panel.title).collect();
    assert_eq!(titles, ["Gmail", "Outlook", "Amail", "Zmail"]);
}

#[test]
fn without_a_run_there_is_nothing_to_mark() {
    let figure = figure(&[], &[change(0, "SPF changed")], STRICT);
    assert_eq!((figure.slots.len(), figure.panels.len(), figure.marks.len()), (0, 0, 0));
}

#[test]
fn dates_stay_few_and_even_and_name_the_year_where_there_are_several_and_no_day_over_a_year() {
    let [gmail, ..] = &three()[..] else { unreachable!() };
    let dates = |runs: i64, every: i64| {
        let rows: Vec<_> = (0..runs).map(|run| row(run, run * every, gmail, &[("inbox", 5)])).collect();
        figure(&rows, &[], STRICT).dates
    };
    let words = |runs, every| -> Vec<String> { dates(runs, every).into_iter().map(|date| date.words).collect() };
    assert_eq!(words(1, WEEK), ["24 Nov"]);
    let year = words(8, WEEK);
    assert_eq!((year[0].as_str(), year[7].as_str()), ("24 Nov 2026", "12 Jan 2027"));
    let years = words(104, WEEK);
    assert_eq!((years[0].as_str(), years[1].as_str(), years[11].as_str()), ("Dec 2026", "Feb 2027", "Nov 2028"));
    assert!(years.windows(2).all(|pair| pair[0] != pair[1]) && years.len() == DATES, "{years:?}");
    assert_eq!(words(3, 3_600_000), ["06:00", "07:00", "08:00"]);
    for runs in [1, 2, 11, 12, 13, 25, 60, 104, 200, 299] {
        for every in [WEEK / 7, WEEK, 4 * WEEK] {
            let dates = dates(runs, every);
            assert!(dates.len() <= DATES, "{runs}: {dates:?}");
            assert_eq!(dates[dates.len() - 1].slot + 1, usize::try_from(runs).unwrap(), "the last: {dates:?}");
            let steps: std::collections::BTreeSet<usize> =
                dates.windows(2).map(|pair| pair[1].slot - pair[0].slot).collect();
            assert!(steps.len() <= 1, "{runs}: {dates:?}");
        }
    }
    let texts =
        dates(13, WEEK / 21).into_iter().map(|date| format!("{} {}", date.slot, date.words)).collect::<Vec<_>>();
    assert_eq!(texts, ["2 24 Nov", "4 25 Nov", "8 26 Nov", "10 27 Nov", "12 28 Nov"], "of one day the latest bears it");
    assert!(dates(0, WEEK).is_empty());
}

#[test]
fn rows_of_a_report_follow_its_tallies_and_say_when_it_was_simulated() {
    let mut report = bad_day();
    report.run.simulated = true;
    let rows = TrendRow::of(&report, &report.run.streams[0]);
    let n: Vec<_> = rows.iter().map(|row| (row.counts.provider.title.as_str(), row.counts.tally.measured())).collect();
    assert_eq!(n, [("Gmail", 12), ("Outlook", 10), ("Yahoo", 4)]);
    assert!(figure(&rows, &[], STRICT).simulated);
    let arrivals: Vec<_> = rows.iter().map(|row| row.arrival.map(|arrival| arrival.known)).collect();
    assert_eq!(arrivals, [Some(12), Some(9), Some(3)], "what was found has an arrival");
    assert!(TrendRow::of(&report, &StreamName::new("other").unwrap()).is_empty());
    let hostile = provider("gmail", "Gma\x1b[31mil", false);
    let rows = [row(1, 0, &hostile, &[("inbox", 5)])];
    let title = &Trend::new(&rows, &[], &settings(&[hostile], STRICT)).panels[0].title;
    assert_eq!(title, "Gma␛[31mil");
}

#[test]
fn more_runs_than_have_room_are_cut_to_the_newest_and_the_chart_says_so() {
    let [gmail, ..] = &three()[..] else { unreachable!() };
    let rows: Vec<_> = (0..310).map(|run| row(run, run * WEEK, gmail, &[("inbox", 5)])).collect();
    let figure = figure(&rows, &[change(0, "long ago")], STRICT);
    assert_eq!((figure.slots.len(), figure.slots[0].run), (MOST, RunId(10)));
    assert_eq!(figure.panels[0].bars.len(), MOST);
    assert!(figure.subtitle.contains("newest 300 of 310 runs"), "{}", figure.subtitle);
}

#[test]
fn the_subtitle_says_when_how_often_with_how_many_seeds_and_of_which_stream() {
    let [gmail, outlook, _] = &three()[..] else { unreachable!() };
    let rows = [
        row(1, 0, gmail, &[("inbox", 5)]),
        row(2, WEEK, gmail, &[("inbox", 5), ("refused", 2)]),
        row(2, WEEK, outlook, &[("spam", 4)]),
    ];
    let stream = StreamName::new("news").unwrap();
    let german = Settings { stream: Some(&stream), language: Language::German, ..settings(&[], STRICT) };
    assert_eq!(
        Trend::new(&rows, &[], &german).subtitle,
        "Anteil der gemessenen Proben · 24. Nov. – 1. Dez. 2026 · 2 Läufe · 11 Testpostfächer · Stream news · Werbung \
         zählt nicht als Posteingang"
    );
}
