use super::*;
use crate::domain::finding::Finding;
use crate::domain::folder::{FolderName, Role};
use crate::domain::sighting::{Sighting, Sweep, TabAnswer};
use crate::render::plain::{columns, is_hostile};
use crate::render::report::RunTallies;
use crate::render::samples::{at, bad_day, report};

const TERMINAL: Screen = Screen { width: Some(80), colour: false };
const PIPE: Screen = Screen { width: None, colour: false };

/// The line that starts with these words.
fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines()
        .find(|line| line.starts_with(start))
        .unwrap_or_else(|| panic!("no line starts with {start:?} in\n{text}"))
}

/// A line with its columns a single blank apart.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_run_tells_rates_counts_and_ranges_and_no_rate_over_too_few() {
    let text = run_table(&bad_day(), Closing::Judging, TERMINAL);
    for wanted in [
        "Run 12 · after-dkim",
        "newsletter · 2026-11-24 06:00:00 to 06:15:40 UTC · 15 min 40 s · complete",
        "Inbox 62 % (16 of 26, 95 % range 43–78 %)",
        "Gmail 92 % 11 of 12 65–99 % 1 0 0 0",
        "Outlook 20 % 2 of 10 6–51 % 0 6 1 1",
        "Yahoo 3 of 4 too few 0 0 0 1",
        "Not measured: 2 of 28 probes (Outlook 2). No rate counts them.",
        "Gmail 7.5 s 13 s 12 probes lena@gmail.com",
        "Promotions do not count as inbox (promotions_as_inbox = false).",
    ] {
        assert!(text.lines().any(|line| squeezed(line) == wanted), "{wanted:?} in\n{text}");
    }
    assert!(squeezed(&text).contains("Critical: Outlook inbox range 6–51 % lies below 60 %;"), "{text}");
    assert!(text.trim_end().ends_with("(exit code 2)."), "{text}");
    assert!(!text.contains("simulated") && !text.contains('\x1b'));
}

#[test]
fn every_probe_outside_the_inbox_is_named_with_folder_and_reason() {
    let report = bad_day();
    for screen in [TERMINAL, PIPE, Screen { width: Some(140), colour: false }] {
        let text = run_table(&report, Closing::Judging, screen);
        let (_, listed) = text.split_once("Not counted as inbox: 10 of 28 probes").unwrap();
        for judged in &report.probes {
            let inbox = judged.finding.placement() == Some(crate::domain::finding::Placement::Inbox);
            let moved = matches!(&judged.finding, Finding::Found(evidence) if evidence.moved);
            let times = listed.lines().filter(|line| line.contains(&format!(" {}", judged.probe.seed))).count();
            assert_eq!(times, usize::from(!inbox || moved), "{} at {screen:?}", judged.probe.seed);
        }
        let words = squeezed(listed);
        for part in
            ["Courrier indésirable", "Lists/␛[31mred", "it came later, to Junk", "suppression list", "app password"]
        {
            assert!(words.contains(part), "{part} at {screen:?}");
        }
    }
}

#[test]
fn a_terminal_gets_lines_that_fit_and_a_pipe_one_line_for_each_row() {
    let mut report = bad_day();
    report.run.simulated = true;
    for width in [80, 100, 118, 140, 200] {
        for colour in [false, true] {
            let screen = Screen { width: Some(width), colour };
            for text in
                [run_table(&report, Closing::Judging, screen), runs_table(&[RunTallies::of(report.clone())], screen)]
            {
                for line in text.lines() {
                    let shown = bare(line);
                    assert!(columns(&shown) <= width, "{} columns at {width}: {shown}", columns(&shown));
                    assert!(!shown.chars().any(is_hostile), "{shown:?}");
                }
            }
        }
    }
    let text = run_table(&report, Closing::Judging, PIPE);
    assert!(line(&text, "Outlook   unmeasured  kim@outlook.com").contains("store it as this seed's secret"));
    assert!(!text.contains('\x1b'));
    assert!(run_table(&report, Closing::Judging, Screen { width: None, colour: true }).contains("\x1b[1m"));
}

/// A line without the colours that we put there.
fn bare(line: &str) -> String {
    let mut rest = line;
    let mut bare = String::new();
    while let Some((before, styled)) = rest.split_once("\x1b[") {
        bare.push_str(before);
        rest = styled.split_once('m').unwrap().1;
    }
    bare + rest
}

#[test]
fn the_verdict_names_the_threshold_and_the_exit_code() {
    let seeds: Vec<String> = (0..12).map(|at| format!("s{at}@x.example")).collect();
    let run = |provider: &'static str, good: usize, bad: &'static str, n: usize| {
        let rows: Vec<_> =
            (0..n).map(|at| ("news", seeds[at].as_str(), provider, if at < good { "inbox" } else { bad }, 3)).collect();
        report(&rows)
    };
    for (report, closing, words) in [
        (run("gmail", 12, "spam", 12), Closing::Judging, "Healthy: no provider is beyond a threshold (exit code 0)."),
        (
            run("gmail", 9, "spam", 12),
            Closing::Judging,
            "Healthy: no provider is beyond a threshold (exit code 0). Below 80 %, but with a range that reaches it, so not \
             evidence yet: Gmail at 75 %.",
        ),
        (
            run("gmail", 6, "spam", 12),
            Closing::Judging,
            "Warning: Gmail inbox range 25–75 % lies below 80 % (exit code 1).",
        ),
        (
            run("outlook", 8, "spam", 12),
            Closing::Judging,
            "Warning: Outlook spam range 14–61 % lies above 10 % (exit code 1).",
        ),
        (
            run("gmail", 1, "spam", 12),
            Closing::Showing,
            "Critical: Gmail inbox range 1–35 % lies below 60 % (run and sweep say so with exit code 2).",
        ),
        (run("gmail", 4, "spam", 4), Closing::Judging, "Not judged: no provider has 5 measured probes (exit code 3)."),
        (
            run("gmail", 0, "could not look: down", 12),
            Closing::Judging,
            "Not judged: no provider has 5 measured probes (exit code 3).",
        ),
    ] {
        let text = squeezed(&run_table(&report, closing, PIPE));
        assert!(text.contains(words), "{words:?} in {text}");
    }
    let mut cut_off = run("gmail", 3, "pending", 12);
    cut_off.run.state = RunState::Interrupted;
    let text = run_table(&cut_off, Closing::Judging, PIPE);
    assert!(text.contains("Interrupted: `inboxed sweep 12` finishes it (exit code 130)."), "{text}");
    assert!(text.contains("Still watched for: 9 of 12 probes (Gmail 9). No rate counts them."), "{text}");
}

#[test]
fn nothing_measured_shows_no_rate_and_no_zero() {
    let text = run_table(&report(&[("news", "a@x.example", "gmail", "refused", 0)]), Closing::Judging, PIPE);
    assert_eq!(squeezed(line(&text, "Gmail  ")), "Gmail – unmeasured – – – –");
    assert!(text.contains("Nothing could be measured yet"), "{text}");
    assert!(!text.contains("0 %"), "{text}");
}

#[test]
fn many_unmeasured_probes_widen_what_the_rate_could_have_been() {
    let mut rows = vec![("news", "a@x.example", "gmail", "inbox", 3); 6];
    rows.extend([("news", "b@x.example", "gmail", "could not look: down", 3); 2]);
    let text = run_table(&report(&rows), Closing::Judging, PIPE);
    assert!(text.contains("Gmail: had all been measured, inbox would be 75 % to 100 %."), "{text}");
    rows.truncate(7);
    assert!(!run_table(&report(&rows), Closing::Judging, PIPE).contains("had all been measured"));
}

#[test]
fn several_streams_have_a_table_each() {
    let rows = [("news", "a@x.example", "gmail", "inbox", 3), ("bills", "a@x.example", "gmail", "spam", 3)];
    let text = run_table(&report(&rows), Closing::Judging, PIPE);
    assert!(text.contains("\nStream news\n") && text.contains("\nStream bills\n"), "{text}");
    assert_eq!(squeezed(line(&text, "Gmail     spam")), "Gmail spam bills a@x.example Junk Email");
}

#[test]
fn a_simulated_run_says_so_in_every_table() {
    let mut report = bad_day();
    report.run.simulated = true;
    let judged = report.probes[0].clone();
    let story = Story { judged: &judged, sweeps: &[], headers: None };
    let tables = [
        run_table(&report, Closing::Showing, TERMINAL),
        runs_table(&[RunTallies::of(report.clone())], TERMINAL),
        story_table(&report, &story, TERMINAL),
    ];
    for text in tables {
        assert!(text.contains("simulated"), "{text}");
    }
}

#[test]
fn the_history_has_one_line_for_each_run() {
    assert_eq!(runs_table(&[], TERMINAL), "No runs yet. `inboxed run` makes the first one.\n");
    let text = runs_table(&[RunTallies::of(bad_day())], PIPE);
    let wanted = "12 2026-11-24 06:00 after-dkim newsletter complete 62 % 16 of 26 43–78 % 92 % 20 % 3 of 4 2";
    assert!(text.lines().any(|line| squeezed(line) == wanted), "{text}");
    let narrow = runs_table(&[RunTallies::of(bad_day())], TERMINAL);
    assert!(
        narrow.lines().any(|line| squeezed(line) == "12 2026-11-24 06:00 after-dkim complete 62 % 43–78 % 2"),
        "{narrow}"
    );
}

#[test]
fn a_story_tells_every_look_and_neutralises_what_strangers_wrote() {
    let report = bad_day();
    let copy = |folder: &str, role| Sighting {
        folder: FolderName::from_wire(folder),
        role,
        uid: 4711,
        tab: TabAnswer::NotApplicable,
        arrived_at: Some(at(5_000)),
    };
    let sweeps = [
        Sweep { began_at: at(3_900), ended_at: at(4_300), failed: None, sightings: vec![] },
        Sweep {
            began_at: at(6_900),
            ended_at: at(37_000),
            failed: Some("Junk answered NO \x1b[2J\r\nfake line".to_owned()),
            sightings: vec![copy("Junk", Role::Junk), copy("INBOX", Role::Inbox)],
        },
    ];
    let mut headers =
        "Return-Path: <x@bounce.example>\r\nX-Long: one\r\n\ttwo\r\nX-Evil: \x1b]0;t\x07\u{202e}abc\r\n".to_owned();
    let tag = report.probes[12].probe.tag.as_str();
    headers.push_str(&["x-inboxed-PROBE: ", tag, "\r\n"].concat());
    headers.push_str(&"X-More: y\r\n".repeat(40));
    headers.push_str("\r\nBody: not a header");
    let story = Story { judged: &report.probes[12], sweeps: &sweeps, headers: Some(&headers) };
    let text = story_table(&report, &story, TERMINAL);
    let lines: Vec<String> = text.lines().map(squeezed).collect();
    for wanted in [
        "anna@outlook.com · Outlook · newsletter",
        "spam: seen in Junk Email",
        "taken by SES 2026-11-24 06:00:01 UTC",
        "watched until 2026-11-24 06:15:01 UTC",
        "arrived 2026-11-24 06:00:15 UTC, 14 s after it was sent",
        "SES id 0107019a-0013-000000",
        "06:00:03 0.4 s complete nothing",
        "06:00:06 30 s incomplete INBOX (inbox) UID 4711 arrived 06:00:05",
        "Junk (junk) UID 4711 arrived 06:00:05",
        "Junk answered NO ␛[2J fake line",
        "X-Long: one two",
        "X-Evil: ␛]0;t␇<U+202E>abc",
        "… and 20 more fields",
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted:?} in\n{text}");
    }
    assert!(!text.contains("Body"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !is_hostile(c)));
    assert!(!text.contains(report.probes[12].probe.tag.as_str()), "a whole tag would let a reader forge the probe");
}

#[test]
fn long_lines_are_broken_between_words_under_their_own_beginning_on_a_terminal_only() {
    let text = "head\n    to do: make a placement test of each stream and pause\n  ok    news: inbox 92 %\n";
    assert_eq!(fitted(text, Screen { width: None, colour: false }), text);
    let narrow = fitted(text, Screen { width: Some(30), colour: false });
    let wanted =
        "head\n    to do: make a placement\n      test of each stream and\n      pause\n  ok    news: inbox 92 %\n";
    assert_eq!(narrow, wanted);
    let long = format!("{}\n", "x".repeat(50));
    assert_eq!(fitted(&long, Screen { width: Some(30), colour: false }), long, "a word stays whole");
}
