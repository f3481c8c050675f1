//! The demo through the real binary: the whole job, with nothing prepared.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn inboxed(arguments: &[&str], config: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inboxed"));
    command.env_clear().env("INBOXED_CONFIG", config).args(arguments).output().unwrap()
}

fn json(arguments: &[&str], config: &Path) -> Value {
    let ended = inboxed(arguments, config);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn the_demo_does_the_whole_job_and_what_it_leaves_goes_on_working() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path().join("demo");
    let config = dir.join("inboxed.toml");
    let ended = inboxed(&["demo", "--dir", dir.to_str().unwrap()], &config);
    let (said, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!(ended.status.code(), Some(0), "{complained}");
    assert!(said.contains("simulated") && said.contains("Try next"), "{said}");

    reports_are_whole_and_the_same_each_time(&dir, &config);

    let runs = json(&["runs", "--json"], &config);
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 12);
    for run in runs {
        assert_eq!(run["state"], "complete");
        assert_eq!(run["simulated"], true);
        let all = &run["tally"]["all"];
        assert_eq!((&all["unmeasured"], &all["pending"], &all["n"]), (&0.into(), &0.into(), &36.into()), "{run}");
    }
    let spam = |runs: &[Value]| runs.iter().map(|run| run["tally"]["all"]["spam"].as_u64().unwrap()).sum::<u64>();
    // Newest first: the six weeks after the change, then the six before.
    let (after, before) = runs.split_at(6);
    assert!(spam(after) * 2 < spam(before), "{} after, {} before", spam(after), spam(before));

    let shown = json(&["show", "last", "--json"], &config);
    let probes = shown["probes"].as_array().unwrap();
    assert_eq!(probes.len(), 36);
    assert!(probes.iter().any(|probe| probe["placement"] == "promotions" && probe["tab"] == "promotions"));
    assert!(probes.iter().all(|probe| probe["latency_ms"].as_i64().is_none_or(|latency| latency >= 0)));

    // The lab is gone: what changed is told from what the runs recorded.
    let told = json(&["dns", "diff", "shop.example", "--json"], &config);
    assert_eq!((&told["domain"], &told["snapshots"]), (&"shop.example".into(), &12.into()));
    let changes = told["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{told:#}");
    let places: Vec<&str> =
        changes[0]["differences"].as_array().unwrap().iter().map(|one| one["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["spf_mail_from", "mail_from_mx", "dkim", "dkim", "dkim"]);
    let started = |week: usize| runs[12 - week]["started_at"].as_str().unwrap();
    let (from, until) = (changes[0]["from"].as_str().unwrap(), changes[0]["until"].as_str().unwrap());
    assert!(started(6) <= from && from < started(7) && started(7) <= until && until < started(8), "{told:#}");
    assert_eq!(changes[0]["ttl_seconds"], 900);

    // The evidence tells the story: nothing aligned before the change, everything after it.
    let aligned = |run: &str, wanted: bool| {
        let probes = json(&["show", run, "--json"], &config)["probes"].as_array().unwrap().clone();
        let seen: Vec<&Value> = probes.iter().filter(|probe| !probe["folder"].is_null()).collect();
        assert!(seen.len() > 30, "{run}");
        for probe in seen {
            let auth = &probe["auth"];
            assert_eq!(
                (&auth["aligned"], &auth["spf"]),
                (&Value::from(wanted), &Value::from("pass")),
                "{run}: {probe}"
            );
            assert_eq!(auth["dmarc"], if wanted { "pass" } else { "fail" }, "{run}: {probe}");
            let outlook = probe["provider"] == "outlook";
            assert_eq!(outlook, probe["stamps"]["SCL"].is_string(), "{run}: {probe}");
            if outlook {
                let spam = probe["placement"] == "spam";
                assert_eq!(spam, probe["stamps"]["dest"] == "J", "{run}: {probe}");
            }
        }
    };
    aligned("week-6", false);
    aligned("last", true);
    assert!(said.contains("none of 14 aligned, DMARC fail in 14") && said.contains("all 10 aligned"), "{said}");
    let (_, next) = said.split_once(" show week-6 ").unwrap();
    let seed = next.split_whitespace().next().unwrap();
    let story = json(&["show", "week-6", seed, "--json"], &config);
    let probe = &story["probes"][0];
    assert_eq!((&probe["placement"], &probe["auth"]["aligned"]), (&"spam".into(), &false.into()), "{probe}");
    assert!(probe["remarks"][0].as_str().unwrap().starts_with("DMARC failed for shop.example"), "{probe}");
    assert_eq!(probe["road"]["hops"].as_array().unwrap().len(), 3, "{probe}");
    let page = inboxed(&["show", "week-6", seed], &config);
    let page = String::from_utf8_lossy(&page.stdout);
    for part in ["What this says", "Authentication, as the receiver found it", "Stamps of the", "Identity", "Road"] {
        assert!(page.contains(part), "{part} in {page}");
    }

    // Six weeks lie before the change and five after it: the seventh began before every receiver could see the new records.
    let compared = json(&["compare", "--change", "last", "--json"], &config);
    let sides = |compared: &Value| ["before", "after"].map(|side| compared[side].as_array().unwrap().len());
    assert_eq!((sides(&compared), &compared["change"]["domain"]), ([6, 5], &"shop.example".into()), "{compared:#}");
    assert_eq!(compared["overall"]["word"], "better", "{compared:#}");
    what_the_change_did_is_said_in_one_line(&said, &compared);
    // Two weeks and the next two: nothing but noise lies between them.
    let sides = ["compare", "--before", "week-9,week-10", "--after", "week-11,week-12", "--json"];
    let compared = json(&sides, &config);
    assert_eq!(compared["overall"]["word"], "no_clear_change", "{compared:#}");
    let providers = compared["providers"].as_array().unwrap();
    assert!(providers.iter().all(|one| one["word"] != "better" && one["word"] != "worse"), "{compared:#}");

    what_rests_on_the_lab_says_so(&config);
    what_is_exported_stays_simulated(directory.path(), &config);
    what_needs_the_lab_says_that_it_is_gone(&config);
    what_to_do_next_is_said_by_paths_that_work(&said, &dir);

    // A directory that is somebody's own is left as it is, whatever its configuration is called.
    let own = directory.path().join("own");
    std::fs::create_dir_all(own.join("messages")).unwrap();
    std::fs::write(own.join("messages/newsletter.eml"), "mine\n").unwrap();
    let refused = inboxed(&["demo", "--dir", own.to_str().unwrap()], &config);
    assert_eq!(refused.status.code(), Some(65));
    assert_eq!(std::fs::read_to_string(own.join("messages/newsletter.eml")).unwrap(), "mine\n");
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 1);
    std::fs::write(&config, "# mine\n").unwrap();
    let refused = inboxed(&["demo", "--dir", dir.to_str().unwrap()], &config);
    assert_eq!(refused.status.code(), Some(65));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "# mine\n");
}

/// The line says what the comparison does.
fn what_the_change_did_is_said_in_one_line(said: &str, compared: &Value) {
    let overall = compared["overall"]["sentence"].as_str().unwrap();
    let (rates, _) = overall.split_once(", ").unwrap();
    let result = said.lines().find(|line| line.starts_with("What the change did: over all improved: ")).unwrap();
    assert!(
        result.contains(&format!("over all {rates} (")) && result.contains("; most at Outlook, improved: "),
        "{result}"
    );
    for next in [" status\n", " report --show\n"] {
        assert!(said.contains(next), "{said}");
    }
    assert!(said.contains("Left out, begun while the change was under way: run 7."), "{said}");
}

/// What is advised and told from simulated runs bears their mark.
fn what_rests_on_the_lab_says_so(config: &Path) {
    let planned = String::from_utf8(inboxed(&["plan"], config).stdout).unwrap();
    assert!(planned.lines().next().is_some_and(|title| title.contains("[simulated: ")), "{planned}");
    assert_eq!(json(&["plan", "--json"], config)["simulated"], true);
    assert_eq!(json(&["recover", "--json"], config)["simulated"], true);
    let recover = String::from_utf8(inboxed(&["recover"], config).stdout).unwrap();
    assert!(recover.starts_with("[simulated: the lab answered, no real provider]\n"), "{recover}");
    assert_eq!(json(&["dns", "diff", "--json"], config)["simulated"], true);
    let diff = String::from_utf8(inboxed(&["dns", "diff"], config).stdout).unwrap();
    assert!(diff.lines().nth(1).is_some_and(|mark| mark.starts_with("[simulated: ")), "{diff}");
}

/// The demo's results in another database: every verb that shows them still says that the lab answered.
fn what_is_exported_stays_simulated(directory: &Path, demo: &Path) {
    for format in ["csv", "json"] {
        let export = ["export", "--json"];
        let export = &export[..if format == "json" { 2 } else { 1 }];
        let written = inboxed(export, demo).stdout;
        let there = directory.join(format);
        std::fs::create_dir(&there).unwrap();
        let (config, file) = (there.join("inboxed.toml"), there.join("results"));
        std::fs::write(&config, "seeds = []\n").unwrap();
        std::fs::write(&file, &written).unwrap();
        assert_eq!(json(&["import", file.to_str().unwrap(), "--json"], &config)["added"], 12 * 36);
        assert!(inboxed(export, &config).stdout == written, "what comes out again is what went in");

        let report = inboxed(&["report"], &config);
        assert_eq!(report.status.code(), Some(0), "{}", String::from_utf8_lossy(&report.stderr));
        let made = there.join("reports");
        let page = std::fs::read_to_string(made.join("report.html")).unwrap();
        assert!(page.matches("SIMULATED: the lab answered").count() > 4, "the page and each of its pictures");
        // The only picture without a mark for the change of DNS, which is no result and stays behind.
        let seeds = "seeds-newsletter.png";
        let [one, other] =
            [&made, &demo.with_file_name("reports")].map(|there| std::fs::read(there.join(seeds)).unwrap());
        assert!(one == other, "{seeds} differs from the demo's");
        let rows: Value = serde_json::from_slice(&std::fs::read(made.join("report.json")).unwrap()).unwrap();
        assert_eq!(rows["streams"][0]["simulated"], true, "{rows}");
        let table = std::fs::read_to_string(made.join("report.csv")).unwrap();
        let marked = table.lines().skip(1).all(|line| line.split(',').any(|cell| cell == "true"));
        assert!(table.lines().next().unwrap().contains("simulated") && marked, "{table}");

        let runs = json(&["runs", "--json"], &config);
        let marks = runs["runs"].as_array().unwrap().iter().map(|run| (&run["simulated"], &run["imported"]));
        assert!(marks.eq([(&Value::from(true), &Value::from(true)); 12]), "{runs}");
        let sides = ["compare", "--before", "1,2,3,4,5,6", "--after", "8,9,10,11,12"];
        assert_eq!(json(&[&sides[..], &["--json"]].concat(), &config)["simulated"], true);
        let status: Value = serde_json::from_slice(&inboxed(&["status", "--json"], &config).stdout).unwrap();
        assert_eq!(status["simulated"], true, "{status}");
        for words in [&["runs"][..], &["show", "last"], &sides, &["status"], &["diagnose"], &["report", "--show"]] {
            let said = String::from_utf8(inboxed(words, &config).stdout).unwrap();
            assert!(said.to_lowercase().contains("simulated"), "{words:?}: {said}");
        }
    }
}

/// Nobody is there any more who could be asked, and that is said at once; what needs nobody works.
fn what_needs_the_lab_says_that_it_is_gone(config: &Path) {
    for verb in [&["check"][..], &["run"], &["sweep", "last"], &["dns", "check"], &["dns", "snapshot"]] {
        let refused = inboxed(verb, config);
        let why = String::from_utf8(refused.stderr).unwrap();
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(69), 0), "{verb:?}: {why}");
        assert!(why.contains("the lab that answered for SES, DNS and the mailboxes ended with it"), "{why}");
        assert!(why.contains("show last") && !why.contains("refused"), "{why}");
    }
    for verb in [&["recover"][..], &["status"], &["diagnose"], &["plan"], &["run", "--dry-run"]] {
        let ended = inboxed(verb, config);
        assert_eq!(ended.status.code(), Some(0), "{verb:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

/// Without a PATH only the program's own path calls it; the directory of the pictures is told once.
fn what_to_do_next_is_said_by_paths_that_work(said: &str, dir: &Path) {
    assert!(said.contains(&format!("  {} --config ", env!("CARGO_BIN_EXE_inboxed"))), "{said}");
    let reports = dir.join("reports").display().to_string();
    assert_eq!(said.matches(&reports).count(), 1, "{said}");
    assert!(
        said.contains("report.html ") && said.contains("trend-newsletter.png ") && said.contains("9 further files"),
        "{said}"
    );
}

/// Every file of the report that the demo left, and the same bytes when it is made again.
fn reports_are_whole_and_the_same_each_time(dir: &Path, config: &Path) {
    let names = |directory: &Path| {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let first = dir.join("reports");
    let pictures = ["before-after", "latency", "seeds", "trend"];
    let mut wanted: Vec<String> =
        pictures.iter().flat_map(|name| ["", "@dark"].map(|ending| format!("{name}-newsletter{ending}.png"))).collect();
    wanted.extend(["report.csv", "report.html", "report.json"].map(str::to_owned));
    wanted.sort();
    assert_eq!(names(&first), wanted);
    let again = dir.join("again");
    let ended = inboxed(&["report", "--out", again.to_str().unwrap()], config);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(names(&again), wanted);
    for name in wanted {
        let bytes = std::fs::read(first.join(&name)).unwrap();
        assert!(bytes == std::fs::read(again.join(&name)).unwrap(), "{name} differs");
        let is_picture = bytes.starts_with(b"\x89PNG\r\n\x1a\n");
        assert!(bytes.len() > 1_000 && is_picture != name.starts_with("report"), "{name}");
    }
    let only = dir.join("only");
    let ended = inboxed(&["report", "--only", "trend,html", "--out", only.to_str().unwrap()], config);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(names(&only), ["report.html", "trend-newsletter.png", "trend-newsletter@dark.png"]);
    for name in names(&only) {
        assert!(std::fs::read(first.join(&name)).unwrap() == std::fs::read(only.join(&name)).unwrap(), "{name} alone");
    }
    let page = std::fs::read_to_string(first.join("report.html")).unwrap();
    for part in ["SIMULATED", "What changed", "DNS of shop.example changed", "improved", "spf"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    samples_are_of_today(&first);
    let shown = inboxed(&["report", "--show", "--lang", "de"], config);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("SIMULIERT") && shown.contains("▲ ") && shown.contains("12 Läufe"), "{shown}");
    assert_eq!(json(&["report", "--show", "--json"], config)["streams"][0]["rows"].as_array().unwrap().len(), 36);
    for wrong in [["report", "--stream", "other"], ["report", "--only", "pie"]] {
        let code = inboxed(&wrong, config).status.code();
        assert!([Some(64), Some(65)].contains(&code), "{wrong:?}: {code:?}");
    }
}

/// The samples in the repository are another demo's: dates and latencies differ, but neither the style nor what every page
/// says, nor the size of a picture.
fn samples_are_of_today(reports: &Path) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports");
    let pages = [reports.join("report.html"), samples.join("sample-report.html")];
    let [today, sample] = pages.map(|path| std::fs::read_to_string(path).unwrap());
    let always = |page: &str| {
        let between = |begin: &str, end: &str| {
            let (_, rest) = page.split_once(begin).unwrap_or_else(|| panic!("{begin}"));
            rest.split_once(end).unwrap_or_else(|| panic!("{end}")).0.to_owned()
        };
        let mut said =
            vec![between("<style>", "</style>"), between("<nav", "</nav>"), between("id=\"thresholds\"", "</body>")];
        said.extend(
            page.split("<th scope=\"col\"").skip(1).filter_map(|rest| Some(rest.split_once("</th>")?.0.to_owned())),
        );
        said.extend(page.split("<h2 ").skip(1).filter_map(|rest| Some(rest.split_once("</h2>")?.0.to_owned())));
        said
    };
    assert!(
        always(&today) == always(&sample),
        "reports/sample-report.html is stale: copy the reports of a new demo there"
    );
    // Width and height stand at a fixed place (PNG, §11.2.1).
    let size = |path: &Path| std::fs::read(path).unwrap()[16..24].to_owned();
    for name in ["before-after", "latency", "seeds", "trend"] {
        let sample = samples.join(format!("sample-{name}.png"));
        assert_eq!(
            size(&sample),
            size(&reports.join(format!("{name}-newsletter.png"))),
            "{} is stale",
            sample.display()
        );
    }
}
