//! History brought in from a file, compared and given out again.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A directory with a configuration that needs no account.
struct Place(TempDir);

struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Place {
    fn new(further: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("inboxed.toml"), format!("seeds = []\n{further}")).unwrap();
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn call(&self, arguments: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_inboxed"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .output()
            .unwrap();
        Said {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let said = self.call(&[arguments, &["--json"]].concat());
        let value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.stderr));
        (said.code, value)
    }
}

/// Weekly runs from 5 January 2026 on. `placed` says where the probe for a seed of a provider lay in a week.
fn history(weeks: usize, seeds: usize, placed: impl Fn(usize, &str, usize) -> &'static str) -> String {
    let mut csv = String::from("started_at,stream,seed,provider,placement\n");
    for week in 0..weeks {
        let day = jiff::civil::date(2026, 1, 5)
            .checked_add(jiff::Span::new().days(i64::try_from(week).unwrap() * 7))
            .unwrap();
        for provider in ["gmail", "outlook", "yahoo"] {
            for seed in 0..seeds {
                let word = placed(week, provider, seed);
                writeln!(csv, "{day}T06:00:00Z,news,s{seed}@{provider}.example,{provider},{word}").unwrap();
            }
        }
    }
    csv
}

/// A little trouble that has nothing to do with the week's side: every seed has a bad week now and then.
fn noise(week: usize, seed: usize) -> &'static str {
    if (week * 7 + seed * 5).is_multiple_of(11) { "spam" } else { "inbox" }
}

#[test]
fn history_is_imported_once_compared_and_exported_without_loss() {
    let place = Place::new("");
    let csv = history(8, 12, |week, provider, seed| match (provider, week) {
        ("gmail", 4..) if seed < 10 => "spam",
        _ => noise(week, seed),
    });
    place.write("theirs.csv", &csv);
    let said = place.call(&["import", "theirs.csv"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(0), "added: 288 probes in 8 new runs (1 to 8)\n"),
        "{}",
        said.stderr
    );
    let (_, again) = place.json(&["import", "theirs.csv"]);
    assert_eq!(again, json!({"runs": [], "added": 0, "known": 288, "different": 0}));

    let (code, document) = place.json(&["compare", "--before", "1,2,3,4", "--after", "2026-02-02.."]);
    assert_eq!(code, Some(2));
    assert_eq!((&document["before"], &document["after"]), (&json!([1, 2, 3, 4]), &json!([5, 6, 7, 8])));
    let words: Vec<&str> =
        document["providers"].as_array().unwrap().iter().map(|one| one["word"].as_str().unwrap()).collect();
    assert_eq!(words, ["worse", "no_clear_change", "no_clear_change"]);
    assert_eq!((&document["scope"], &document["providers"][0]["provider"]), (&json!("single"), &json!("gmail")));
    assert_eq!(document["providers"][0]["change"]["paired"], 12);
    assert_eq!(document["contrasts"].as_array().unwrap().len(), 3);
    let said = place.call(&["compare", "--before", "1,2,3,4", "--after", "last,last~1,last~2,last~3"]);
    assert_eq!(said.code, Some(2));
    for words in [
        "Gmail: worse: ",
        "12 mailboxes, 4 + 4 runs",
        "Outlook: no evidence of change",
        "could have missed a drop smaller than",
        "Only Gmail declined",
        "Promotions do not count as inbox",
        "imported",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }

    for format in [&[][..], &["--json"]] {
        let first = place.call(&[&["export"][..], format].concat());
        assert_eq!(first.code, Some(0), "{}", first.stderr);
        let other = Place::new("");
        other.write("file", &first.stdout);
        assert_eq!(other.call(&["import", "file"]).code, Some(0));
        assert_eq!(other.call(&[&["export"][..], format].concat()).stdout, first.stdout);
        let (_, known) = place.json(&["import", other.path().join("file").to_str().unwrap()]);
        assert_eq!((&known["added"], &known["known"]), (&json!(0), &json!(288)));
    }
    let (_, runs) = place.json(&["runs"]);
    assert_eq!((&runs["runs"][0]["id"], &runs["runs"][0]["imported"]), (&json!(8), &json!(true)));
    assert_eq!(runs["runs"][0]["tally"]["all"]["n"], 36);
    assert!(place.call(&["show", "last"]).stdout.contains("imported"));
    let sweep = place.call(&["sweep", "last"]);
    assert_eq!(sweep.code, Some(65));
    assert!(sweep.stderr.contains("run 8 was imported"), "{}", sweep.stderr);
}

#[test]
fn noise_alone_is_no_evidence_of_change() {
    let place = Place::new("");
    place.write("theirs.csv", &history(8, 12, |week, _, seed| noise(week, seed)));
    assert_eq!(place.call(&["import", "theirs.csv"]).code, Some(0));
    let (code, document) = place.json(&["compare", "--before", "1,2,3,4", "--after", "5,6,7,8"]);
    assert_eq!((code, &document["overall"]["word"]), (Some(0), &json!("no_clear_change")));
    assert!(document["overall"]["unseen_drop"].as_f64().unwrap() > 0.0);
    // Weights of the configuration decide what the overall figure is made of.
    let left_out = "Not counted over all: Outlook; the providers named in [weights] share all of the traffic already.";
    for (weights, words, is_left_out) in [
        ("gmail = 0.5\nyahoo = 0.5\n", "Over all weighs Gmail 50 %, Outlook 0 %, Yahoo 50 %.", true),
        ("gmail = 0.5\n", "Over all weighs Gmail 50 %, Outlook 25 %, Yahoo 25 %.", false),
        ("gmail = 0.5\nyahoo = 0.5\noutlook = 0\n", "Over all weighs Gmail 50 %, Outlook 0 %, Yahoo 50 %.", false),
        ("gmail = 0.2\nyahoo = 0.2\noutlook = 0.1\n", "Over all weighs Gmail 40 %, Outlook 20 %, Yahoo 40 %.", false),
    ] {
        let weighted = Place::new(&format!("[weights]\n{weights}"));
        assert_eq!(place.call(&["backup", weighted.path().join("inboxed.db").to_str().unwrap()]).code, Some(0));
        let said = weighted.call(&["compare", "--before", "1,2,3,4", "--after", "5,6,7,8"]);
        let told = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(words), "{weights}: {}{}", said.stdout, said.stderr);
        assert_eq!(told.contains(left_out), is_left_out, "{weights}: {told}");
    }
    for weights in ["gmail = 0\nyahoo = 0\n", "gmail = -0.5\n", "gmail = nan\n", "gmail = inf\n"] {
        let refused = Place::new(&format!("[weights]\n{weights}")).call(&["runs"]);
        assert_eq!((refused.code, refused.stderr.contains("inboxed.toml:")), (Some(65), true), "{}", refused.stderr);
        assert!(refused.stderr.contains("weights"), "{}", refused.stderr);
    }
}

#[test]
fn selections_that_cannot_be_compared_are_told_why() {
    let place = Place::new("");
    let mut csv = history(3, 6, |week, _, seed| noise(week, seed));
    csv.push_str("2026-03-02T06:00:00Z,bills,s0@gmail.example,gmail,inbox\n");
    place.write("theirs.csv", &csv);
    assert_eq!(place.call(&["import", "theirs.csv"]).code, Some(0));
    for (arguments, words) in [
        (&["--before", "1,2", "--after", "2,3"][..], "run 2 would be on both sides"),
        (&["--before", "9", "--after", "2"], "there is no run 9"),
        (&["--before", "1", "--after", "2027-01-01.."], "no run began on 2027-01-01.."),
        (&["--before", "1", "--after", "4"], "several streams, name one with --stream: bills, news"),
        (&["--before", "1", "--after", "4", "--stream", "news"], "no complete run of the stream news is left"),
        (&["--before", "1", "--after", "2", "--stream", "gone"], "no such run has the stream gone; there are news"),
        (&["--change", "last"], "name one with --stream"),
        (&["--change", "last", "--stream", "news"], "no change of DNS is known for the stream news"),
    ] {
        let said = place.call(&[&["compare"][..], arguments].concat());
        assert_eq!((said.code, said.stdout.as_str()), (Some(65), ""), "{arguments:?}");
        assert!(said.stderr.contains(words), "{arguments:?}: {}", said.stderr);
    }
    for arguments in [&["--before", "1"][..], &[], &["--change", "first"], &["--before", "1..2", "--after", "2"]] {
        assert_eq!(place.call(&[&["compare"][..], arguments].concat()).code, Some(64), "{arguments:?}");
    }
    let (code, document) = place.json(&["compare", "--before", "1", "--after", "2"]);
    assert_eq!((code, &document["overall"]["p"]), (Some(0), &Value::Null), "one run on each side has no p");
}

#[test]
fn a_wrong_row_is_named_and_nothing_of_its_file_is_kept() {
    let place = Place::new("");
    let good = history(1, 2, |_, _, _| "inbox");
    place.write("bad.csv", &format!("{good}2026-01-05T06:00:00Z,news,s9@gmail.example,gmail,delivered\n"));
    let said = place.call(&["import", "bad.csv"]);
    assert_eq!(said.code, Some(65));
    assert!(
        said.stderr.contains("bad.csv, line 8: placement: \"delivered\" is not inbox, promotions"),
        "{}",
        said.stderr
    );
    assert!(!place.path().join("inboxed.db").exists(), "nothing was begun");
    place.write("good.csv", &good);
    assert_eq!(place.call(&["import", "good.csv"]).code, Some(0));
    // Run 1 is stored; a file that tells of another run by that number is refused whole.
    let other = "run_id,started_at,stream,seed,provider,placement\n7,2026-05-01,news,a@x.example,gmail,spam\n\
                 1,2026-05-01,news,s0@gmail.example,gmail,spam\n";
    place.write("other.csv", other);
    let said = place.call(&["import", "other.csv"]);
    assert_eq!(said.code, Some(65));
    assert!(said.stderr.contains("other.csv, line 3: run_id: the probe of run 1"), "{}", said.stderr);
    let (_, runs) = place.json(&["runs"]);
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    for (name, bytes, words) in [
        ("latin.csv", &b"started_at,stream,seed,provider,placement\n\xe4"[..], "line 2: is not UTF-8"),
        ("empty.csv", b"started_at,stream,seed,provider,placement\n", "holds no results"),
        ("none.csv", b"", "lacks started_at"),
    ] {
        std::fs::write(place.path().join(name), bytes).unwrap();
        let said = place.call(&["import", name]);
        assert_eq!(said.code, Some(65));
        assert!(said.stderr.contains(words), "{name}: {}", said.stderr);
    }
    assert_eq!(place.call(&["import", "nowhere.csv"]).code, Some(65));
}

/// Eight runs of several streams to the same six seeds at each of two providers; those that `fall` go to spam in the
/// second half.
fn streams(fall: &[(&str, bool)]) -> String {
    let mut csv = String::from("run_id,started_at,stream,seed,provider,placement\n");
    for run in 1..=8 {
        for (stream, falls) in fall {
            for (provider, seed) in
                ["gmail", "yahoo"].into_iter().flat_map(|provider| (0..6).map(move |n| (provider, n)))
            {
                let word = if *falls && run > 4 && seed > 0 { "spam" } else { noise(run, seed) };
                writeln!(csv, "{run},2026-02-{run:02}T06:00:00Z,{stream},s{seed}@{provider}.example,{provider},{word}")
                    .unwrap();
            }
        }
    }
    csv
}

#[test]
fn streams_of_the_same_runs_are_put_side_by_side_and_the_one_that_declined_is_named() {
    let place = Place::new("");
    place.write("theirs.csv", &streams(&[("news", true), ("bills", false), ("offers", false)]));
    assert_eq!(place.call(&["import", "theirs.csv"]).code, Some(0));
    let sides = ["compare", "--before", "1,2,3,4", "--after", "5,6,7,8", "--stream", "bills"];
    let (code, document) = place.json(&sides);
    assert_eq!(code, Some(0), "the verdict is that of the stream that was asked for: {document:#}");
    let told = &document["streams"];
    assert_eq!(told["scope"], "single", "{told:#}");
    let rows = told["streams"].as_array().unwrap();
    let words: Vec<(&Value, &Value)> = rows.iter().map(|row| (&row["stream"], &row["word"])).collect();
    let no_change = &json!("no_clear_change");
    assert_eq!(words, [(&json!("bills"), no_change), (&json!("news"), &json!("worse")), (&json!("offers"), no_change)]);
    assert!(rows[1]["contrast"]["p"].as_f64().unwrap() < 0.05, "{told:#}");
    let screen = told["screen"].as_array().unwrap();
    assert_eq!((screen.len(), &screen[0]["stream"], &screen[1]["stream"]), (6, &json!("news"), &json!("news")));
    let said = place.call(&sides).stdout;
    assert!(said.contains("Only the stream news declined, in the same mailboxes"), "{said}");
    assert!(said.contains("Streams in the same mailboxes and runs"), "{said}");

    let alone = Place::new("");
    alone.write("theirs.csv", &streams(&[("news", true)]));
    assert_eq!(alone.call(&["import", "theirs.csv"]).code, Some(0));
    let (code, document) = alone.json(&["compare", "--before", "1,2,3,4", "--after", "5,6,7,8"]);
    assert_eq!((code, &document["streams"]), (Some(2), &Value::Null));
}

#[test]
fn plan_tells_what_today_s_seeds_show_and_what_more_of_them_cannot_buy() {
    let place = Place::new("");
    assert_eq!(place.call(&["plan"]).code, Some(65), "no seeds");
    let mut seeds = String::new();
    for provider in ["gmail", "outlook"] {
        for seed in 0..12 {
            let address = format!("s{seed}@{provider}.example");
            writeln!(seeds, "[[seed]]\naddress = \"{address}\"\nprovider = \"{provider}\"\nsecret = {{ env = \"X\" }}")
                .unwrap();
        }
    }
    place.write("seeds.toml", &seeds);
    place.write("inboxed.toml", "seeds = [\"seeds.toml\"]\n");
    let (code, usual) = place.json(&["plan", "--drop", "30"]);
    assert_eq!(code, Some(0));
    let gmail = &usual["providers"][0];
    assert_eq!((&gmail["seeds"], &gmail["rate"], &gmail["tau"]), (&json!(12), &json!(0.9), &json!(0.05)));
    assert_eq!((&gmail["rate_measured"], &usual["stream"]), (&json!(false), &Value::Null));
    assert_eq!(gmail["weeks_to_alarm"], json!(2), "from 90 % to 60 %: a week counts half an alarm at most");
    place.write("theirs.csv", &history(8, 12, |week, _, seed| noise(week, seed)));
    assert_eq!(place.call(&["import", "theirs.csv"]).code, Some(0));
    let (_, known) = place.json(&["plan", "--drop", "30"]);
    let gmail = &known["providers"][0];
    assert_eq!((&gmail["rate_measured"], &gmail["tau_measured"]), (&json!(true), &json!(true)));
    assert_eq!((&known["runs"], &known["stream"]), (&json!(8), &json!("news")));
    let said = place.call(&["plan"]);
    assert!(said.stdout.contains("What more seeds cannot buy"), "{}", said.stdout);
    assert!(said.stdout.contains("History: 8 complete runs of the stream news."), "{}", said.stdout);
    for wrong in [&["--drop", "0"][..], &["--drop", "x"], &["--power", "1"]] {
        assert_eq!(place.call(&[&["plan"][..], wrong].concat()).code, Some(64), "{wrong:?}");
    }
}

#[test]
fn a_wrong_row_is_found_on_its_line_however_lines_end() {
    let place = Place::new("");
    let rows = [
        "started_at,stream,seed,provider,placement,why",
        "2026-01-05,news,a@x.example,gmail,inbox,\"two\nlines\"",
        "2026-01-05,news,b@x.example,gmail,foo,",
        "2026-01-05,news,c@x.example,gmail,inbox,",
        "",
        "2026-01-05,news,d@x.example,gmail,bar,",
    ];
    for end in ["\n", "\r\n"] {
        for last in ["", end] {
            place.write("bad.csv", &(rows.join("\n").replace('\n', end) + last));
            let said = place.call(&["import", "bad.csv"]);
            let lines: Vec<&str> = said.stderr.lines().filter_map(|line| line.split(": placement").next()).collect();
            assert_eq!(
                lines,
                ["inboxed: bad.csv, line 4", "bad.csv, line 7", "nothing was imported"],
                "{end:?} {last:?}: {}",
                said.stderr
            );
        }
    }
    place.write("bad.csv", &format!("{}\r\n2026-01-05,news\r\n", rows[0]));
    assert!(place.call(&["import", "bad.csv"]).stderr.contains("bad.csv, line 2: has 2 cells"));
    place.write("good.csv", &format!("{}\r\n{}\r\n", rows[0], rows[3]));
    assert_eq!(place.call(&["import", "good.csv"]).code, Some(0));
    let (_, told) = place.json(&["export"]);
    assert_eq!(told["results"][0]["why"], Value::Null, "no part of the line's end");
}

#[test]
fn what_other_tools_write_is_taken_once_and_what_cannot_be_true_is_named() {
    let place = Place::new("");
    place.write(
        "tabs.tsv",
        "started_at\tstream\tseed\tprovider\tplacement\n2026-01-05\tnews\ta@x.example\tgmail\tspam\n",
    );
    assert_eq!(place.call(&["import", "tabs.tsv"]).stdout, "added: 1 probe in 1 new run (1)\n");
    let head = "run_id,started_at,stream,seed,provider,placement,folder,arrived_at,tab,why\n";
    let row = "1000000000000,2026-01-06,news,a@x.example,gmail,inbox,INBOX,,,\n";
    place.write("twice.csv", &format!("{head}{row}{row}"));
    let said = place.call(&["import", "twice.csv"]);
    assert_eq!(
        said.stdout, "added: 1 probe in 1 new run (1000000000000); 1 row of the file only repeated\n",
        "{}",
        said.stderr
    );
    let (_, again) = place.json(&["import", "twice.csv"]);
    assert_eq!(again, json!({"runs": [], "added": 0, "known": 2, "different": 0}));
    for (row, told) in [
        (row.replace("inbox,INBOX", "spam,INBOX"), "line 3: seed: a@x.example got a probe of news in line 2 already"),
        (row.replace("1000000000000", "9223372036854775807"), "is not a whole number from 1 to 1000000000000"),
        (
            "7,2026-01-06,news,b@x.example,gmail,missing,Junk,,,\n".to_owned(),
            "line 3: folder: what is missing lay in none",
        ),
        ("7,2026-01-06,news,b@x.example,gmail,spam,,,promotions,\n".to_owned(), "line 3: tab: only the inbox has tabs"),
        (
            "7,2026-01-06,news,b@x.example,gmail,spam,,2025-01-06,,\n".to_owned(),
            "line 3: arrived_at: 2025-01-06T00:00:00Z is more",
        ),
        (
            "7,2026-01-06,news,b@x.example,gmail,spam,,,,\"cut off".to_owned(),
            "line 3: a quote that is opened here is not closed",
        ),
    ] {
        place.write("bad.csv", &format!("{head}1000000000000,2026-01-06,news,a@x.example,gmail,inbox,INBOX,,,\n{row}"));
        let said = place.call(&["import", "bad.csv"]);
        assert_eq!(said.code, Some(65), "{row}");
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
    }
}

#[test]
fn a_told_latency_is_shown_and_nothing_is_said_of_an_imported_probe_that_nobody_did() {
    let place = Place::new("");
    place.write(
        "theirs.csv",
        "started_at,stream,seed,provider,placement,latency_ms\n2026-01-05,news,a@x.example,gmail,inbox,5250\n\
         2026-01-05,news,b@x.example,gmail,inbox,7251\n2026-01-05,news,c@x.example,gmail,missing,9\n",
    );
    assert_eq!(place.call(&["import", "theirs.csv"]).code, Some(0));
    let (_, shown) = place.json(&["show", "1"]);
    let told: Vec<(&Value, &Value)> =
        shown["probes"].as_array().unwrap().iter().map(|one| (&one["latency_ms"], &one["first_seen_at"])).collect();
    assert_eq!(told, [(&json!(5250), &Value::Null), (&json!(7251), &Value::Null), (&Value::Null, &Value::Null)]);
    let story = place.call(&["show", "1", "a@x.example"]).stdout;
    assert!(story.contains("arrived  5.3 s after it was sent") && story.contains("Imported as it was told"), "{story}");
    for untrue in ["watched until", "tag", "first seen", "SES id", "No look"] {
        assert!(!story.contains(untrue), "{untrue}: {story}");
    }
    assert_eq!(place.call(&["report", "--only", "csv"]).code, Some(0));
    let csv = std::fs::read_to_string(place.path().join("reports/report.csv")).unwrap();
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let row: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    let of = |name: &str| row[head.iter().position(|one| one.contains(name)).unwrap_or_else(|| panic!("{head:?}"))];
    assert_eq!((of("median"), of("slowest")), ("6250", "7251"), "{csv}");
}

#[test]
fn where_no_run_was_made_yet_reading_finds_nothing_and_leaves_nothing() {
    let place = Place::new("");
    for (words, text) in [
        (&["runs", "--json"][..], Some(json!({"runs": []}))),
        (&["export", "--json"], Some(json!({"results": []}))),
        (&["runs"], None),
        (&["export"], None),
        (&["diagnose"], None),
    ] {
        let said = place.call(words);
        assert_eq!(said.code, Some(0), "{words:?}: {}", said.stderr);
        assert!(
            said.stderr.starts_with("note: there is no database at ") && said.stderr.lines().count() == 1,
            "{}",
            said.stderr
        );
        if let Some(text) = text {
            assert_eq!(serde_json::from_str::<Value>(&said.stdout).unwrap(), text);
        }
    }
    assert!(place.call(&["export"]).stdout.starts_with("run_id,label,stream,"));
    for (words, code) in [
        (&["status"][..], 3),
        (&["show", "last"], 65),
        (&["report"], 65),
        (&["compare", "--before", "1", "--after", "2"], 65),
        (&["backup", "copy.db"], 65),
        (&["prune", "--older", "2y"], 65),
    ] {
        assert_eq!(place.call(words).code, Some(code), "{words:?}");
    }
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["inboxed.toml"]);
}

#[test]
fn a_picture_that_a_report_does_not_have_any_more_goes_if_it_is_ours() {
    let place = Place::new("");
    place.write("theirs.csv", &history(2, 6, |week, _, seed| noise(week, seed)));
    assert_eq!(place.call(&["import", "theirs.csv"]).code, Some(0));
    assert_eq!(place.call(&["report"]).code, Some(0));
    let path = |name: &str| place.path().join("reports").join(name);
    let ours = std::fs::read(path("trend-news.png")).unwrap();
    for (name, bytes) in [
        ("before-after-news.png", &ours[..]),
        ("before-after-news@dark.png", b"\x89PNG\r\n\x1a\nsomebody's own"),
        ("before-after-other.png", &ours),
    ] {
        std::fs::write(path(name), bytes).unwrap();
    }
    assert_eq!(place.call(&["report", "--only", "trend"]).stderr, "", "not asked for, not looked at");
    let said = place.call(&["report"]);
    assert_eq!((said.code, said.stderr.lines().count()), (Some(0), 1), "{}", said.stderr);
    assert!(
        said.stderr.contains("reports/before-after-news.png: this report compares nothing there"),
        "{}",
        said.stderr
    );
    assert!(!path("before-after-news.png").exists());
    assert!(path("before-after-news@dark.png").exists() && path("before-after-other.png").exists());
    for words in [&["report", "--show", "--out", "x"][..], &["report", "--since", "0s"]] {
        assert_eq!(place.call(words).code, Some(64), "{words:?}");
    }
    let said = place.call(&["report", "--out", "theirs.csv"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (Some(65), "inboxed: theirs.csv is no directory; name one for the files of the report\n")
    );
}
