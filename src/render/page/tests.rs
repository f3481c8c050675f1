use std::collections::BTreeMap;

use super::samples::{Sample, of};
use super::*;
use crate::domain::diagnosis::Diagnoses;
use crate::domain::evidence::{remarks, testify};
use crate::domain::finding::Finding;
use crate::domain::folder::FolderName;
use crate::domain::monitor::{Series, Signal};
use crate::domain::provider::ProviderName;
use crate::render::report::{AuthWords, Judged};
use crate::render::samples::{bad_day, diagnoses, finding, probe, provider, returned};

/// A probe whose copy bears the header of a fixture.
pub(super) fn received(provider: &str, what: &str) -> Judged {
    let probe = probe(1, "newsletter", "anna@seed.example", provider, "inbox");
    let mut judged = Judged::new(probe, finding("inbox", 3));
    let path = format!("{}/tests/data/headers/{provider}/{what}.eml", env!("CARGO_MANIFEST_DIR"));
    let presets = crate::config::presets().unwrap();
    let testimony = testify(&std::fs::read(path).unwrap(), false, &presets[&ProviderName::new(provider).unwrap()]);
    let remarks = remarks(&testimony, None, None);
    judged.tell(testimony, remarks);
    judged
}

/// Four weeks of the same bad day, with the headers that its copies bear: good ones in the inbox and bad ones elsewhere.
fn figures() -> Sample {
    let mut reports: Vec<RunReport> = (1..=4).map(samples::week).collect();
    reports.iter_mut().for_each(bear_headers);
    of(&reports, "shop.example", "v=spf1 -all", Language::English)
}

fn bear_headers(report: &mut RunReport) {
    for judged in &mut report.probes {
        let is_good = judged.finding.placement() == Some(Placement::Inbox);
        let what = match judged.probe.provider.as_str() {
            "outlook" if !is_good => "junked-and-not-aligned",
            _ => "aligned",
        };
        if matches!(judged.finding, Finding::Found(_)) {
            let told = received(judged.probe.provider.as_str(), what);
            (judged.auth, judged.stamps, judged.testimony) = (told.auth, told.stamps, told.testimony);
        }
    }
}

fn written(streams: &[Sample], language: Language) -> String {
    let mut known = diagnoses([38, 27, 39]);
    known.reputations = vec![returned(None), returned(Some("not allowed"))];
    told(streams, &known, language)
}

fn told(streams: &[Sample], diagnoses: &Diagnoses, language: Language) -> String {
    let pages: Vec<StreamPage<'_>> = streams.iter().map(Sample::page).collect();
    page(&pages, diagnoses, language, &Fonts::new().unwrap()).unwrap()
}

/// The same figures of another stream.
fn named(stream: &str) -> Sample {
    let mut sample = figures();
    sample.figures.stream = StreamName::new(stream).unwrap();
    sample
}

#[test]
fn the_summary_comes_first_and_every_part_has_its_place() {
    let text = written(&[figures()], Language::English);
    let parts = [
        "<title>Inbox placement report, 15 Dec 2026</title>",
        "Skip to the summary",
        "<h1>Inbox placement report</h1>",
        "As of 15 Dec 2026, 06:00 UTC",
        "Critical",
        "Outlook: surely less than 60\u{a0}% reach the inbox (range 6\u{2060}–\u{2060}51\u{a0}%).",
        "What changed",
        "What to do",
        "Outlook: pause cold mail for at least 72 hours",
        "The DNS of shop.example could be better: dmarc.policy.",
        "Diagnosis: where the trouble lies",
        "From the last runs of each stream, 1 run in all",
        "SES in eu-central-1, two weeks: bounces 160 of 20,000 (0.80\u{a0}%), complaints 4 of 20,000 (0.02\u{a0}%)",
        "SES in eu-central-1: bounces and complaints are not known: not allowed",
        "newsletter: only Outlook files it low",
        "before anything technical look at complaints",
        "this rests on one run alone; make another a week later before acting; seeds do not",
        "newsletter at Gmail: 95\u{a0}% of 40 in the inbox (range 8",
        "Inbox placement by provider",
        "These figures as a table",
        "Before and after the change between 1 and 8 Dec 2026",
        "Every seed, every run",
        "Time to arrival by provider",
        "The last run, probe by probe",
        "dora@outlook.com",
        "DNS: state and changes",
        "As inboxed dns check would have judged it then",
        ">dmarc.policy</th><td class=\"key tone short\">Warning</td>",
        "nobody is kept from sending in your name<br><code>_dmarc.shop.example. IN TXT",
        "Thresholds and what they ask for",
        "What the words mean",
    ];
    let mut rest = text.as_str();
    for part in parts {
        (_, rest) = rest.split_once(part).unwrap_or_else(|| panic!("{part} is missing, or too early"));
    }
}

/// Weeks of a newsletter that lies in spam at one provider half of the time.
fn falling(provider: &str, signal: Signal) -> Vec<Series> {
    let week = |number: i64| crate::domain::monitor::Sample {
        stream: StreamName::new("newsletter").unwrap(),
        provider: ProviderName::new(provider).unwrap(),
        run: crate::domain::run::RunId(number),
        week: crate::domain::monitor::WeekName::of(
            crate::render::samples::at(number * 7 * 86_400_000),
            &jiff::tz::TimeZone::UTC,
        ),
        planned: 20,
        measured: 20,
        good: 10,
        spam: 10,
        missing: 0,
    };
    let weeks: Vec<_> = (0..3).map(week).collect();
    let mut all = crate::domain::monitor::watch(&weeks, &[], crate::render::samples::THRESHOLDS, 0.95, |_| true);
    all.retain(|one| one.signal == signal);
    all
}

#[test]
fn a_trend_in_alarm_stands_before_a_last_run_that_is_well_and_says_what_to_do() {
    let mut good = figures();
    good.last.probes.retain(|judged| judged.finding.placement() == Some(Placement::Inbox));
    let before = told(std::slice::from_ref(&good), &diagnoses([38, 27, 39]), Language::English);
    assert!(!before.contains("in alarm"));
    good.trends = falling("yahoo", Signal::Spam);
    let text = told(std::slice::from_ref(&good), &diagnoses([38, 27, 39]), Language::English);
    for part in [
        "The trend is in alarm",
        "Yahoo: too much has gone to spam since 2026-W48: 50\u{a0}% of 60 probes.",
        "Yahoo: pause bulk mail, and recheck SPF",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let bad = [Sample { trends: falling("outlook", Signal::Inbox), ..figures() }];
    let text = told(&bad, &diagnoses([38, 27, 39]), Language::German);
    assert!(text.contains("Outlook: Seit 2026-W48 kommt zu wenig in den Posteingang: 50\u{a0}% von 60"), "{text}");
    assert!(!text.contains("Der Trend ist im Alarm"), "what the last run says is grave enough");
    assert_eq!(text.matches("Outlook: Setzen Sie Kaltakquise").count(), 1, "one action is said once");
}

#[test]
fn german_readers_get_german() {
    let reports: Vec<_> = [bad_day()].into();
    let text = written(&[of(&reports, "shop.example", "v=spf1 -all", Language::German)], Language::German);
    assert!(text.contains("<html lang=\"de\">"));
    for part in [
        "Zusammenfassung",
        "Stand 24. Nov. 2026",
        "Posteingang",
        "von SES angenommen, nach Ablauf der Zeit",
        "Testpostfächer",
        "Diagnose: woran es liegt",
        "Bounces 160 von 20.000 (0,80\u{a0}%), Beschwerden 4 von 20.000 (0,02\u{a0}%)",
        "newsletter: Nur bei Outlook kommt zu wenig in den Posteingang",
        "newsletter bei Outlook: 68\u{a0}% von 40 im Posteingang",
    ] {
        assert!(text.contains(part), "{part}");
    }
    for english in ["alone", "Doubt", "Summary", "Inbox<", "probes", "accepted by SES", "Promotions<", " runs"] {
        assert!(!text.contains(english), "{english}");
    }
}

/// What a reader sees of a page, the words of its pictures too.
fn read(page: &str) -> String {
    let mut text = String::new();
    for piece in page.split_once("</head>").unwrap().1.split('<').skip(1) {
        let (tag, said) = piece.split_once('>').unwrap();
        text.push_str(if tag == "wbr" { "" } else { " " });
        text.push_str(said);
    }
    text
}

#[test]
fn every_number_of_the_german_page_is_german() {
    let mut report = bad_day();
    report.probes[0].finding = finding("inbox", 3);
    report.run.simulated = true;
    let text = written(&[of(&[report], "shop.example", "v=spf1 -all", Language::German)], Language::German);
    let seen = read(&text);
    let decimal = |part: &&str| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        part.split_once('.').is_some_and(|(whole, rest)| digits(whole) && digits(rest) && rest.len() < 3)
    };
    let wrong: Vec<&str> = seen.split([' ', '\u{a0}', '\n', ',', '(', ')']).filter(decimal).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    for unit in ["%", "Punkte"] {
        for (before, _) in seen.match_indices(unit).map(|(at, unit)| seen.split_at(at + unit.len())) {
            let number = before.strip_suffix(unit).unwrap();
            assert!(!number.ends_with(|sign: char| sign.is_ascii_digit()), "a number runs into its unit before {unit}");
        }
    }
    for english in ["primary", "updates", "forums", "tab ", " tab<", "of 1", "1 Proben", "1 Läufe", "1 Testpostfächer"]
    {
        assert!(!seen.contains(english), "{english}");
    }
    assert!(seen.contains("Posteingang, Tab „Benachrichtigungen“"));
    assert!(text.contains("<caption>Lauf 12, 24. Nov. 2026, 06:00 UTC, abgeschlossen · SIMULIERT: "));
}

#[test]
fn an_address_breaks_only_where_it_is_too_long_and_then_at_a_dot_or_behind_the_at() {
    assert_eq!(parts("a.b@c.example"), ["a", ".b@", "c", ".example"]);
    assert_eq!(parts("so. It is ._domainkey..x"), ["so. It is ", "._domainkey.", ".x"]);
    let mut report = bad_day();
    let long = "outlook-and-its-forty-four-other-names@deep.be-low.outlook.example";
    report.probes[0].probe.seed = crate::domain::seed::Address::new(long).unwrap();
    let text = written(&[of(&[report], "shop.example", "v=spf1 -all", Language::English)], Language::English);
    assert!(text.contains("<th scope=\"row\"><bdi>dora@outlook.com</bdi></th>"), "it stays whole");
    let broken = "outlook-and-its-forty-four-other-names@<wbr>deep<wbr><span class=\"nb\">.be-low</span><wbr>.outlook<wbr>.example";
    assert!(text.contains(&format!("<bdi class=\"long\">{broken}</bdi>")));
}

#[test]
fn one_probe_is_not_several() {
    for (language, line) in [
        (Language::English, "1 probe of the last run could not be measured"),
        (Language::German, "1 Probe des letzten Laufs nicht messbar"),
    ] {
        let mut report = bad_day();
        report
            .probes
            .retain(|judged| !matches!(&judged.finding, Finding::Unmeasured { why } if why.starts_with("refused")));
        let text = written(&[of(&[report], "shop.example", "v=spf1 -all", language)], language);
        assert!(text.contains(line), "{line}");
    }
}

#[test]
fn what_changed_begins_with_all_providers_and_what_to_do_with_the_gravest() {
    let text = written(&[figures()], Language::English);
    let changed = text.split_once("What changed").unwrap().1.split_once("</ul>").unwrap().0;
    let order: Vec<_> = ["Before and after", "All providers", "Gmail", "Outlook", "Yahoo"]
        .iter()
        .map(|one| changed.find(one))
        .collect();
    assert!(order.is_sorted() && order.iter().all(Option::is_some), "{changed}");
    let to_do = text.split_once("What to do").unwrap().1.split_once("</ul>").unwrap().0;
    let first = to_do.split_once("<li>").unwrap().1;
    assert!(first.starts_with("7 probes of the last run passed neither SPF nor DKIM"), "{first}");
    assert_eq!(text.matches("inbox, last run</h3>").count(), 1, "said once above all figures");
    let figures = text.split_once("class=\"tiles\"").unwrap().1.split_once("</ul>").unwrap().0;
    assert!(!figures.contains("last run"), "{figures}");
}

/// A page about senders and receivers who write whatever could break it.
fn hostile_page(language: Language) -> String {
    let hostile = format!(
        "</td></svg><script>alert(1)</script>\"'\u{202e}\0{{{{ 7*7 }}}}<img src=x onerror=y>\u{5d0}\u{5d1} {}",
        "😀".repeat(10_000)
    );
    let mut report = bad_day();
    report.providers = vec![provider("gmail", &hostile, false), provider("outlook", &hostile, true)];
    for judged in &mut report.probes {
        if let Finding::Found(evidence) = &mut judged.finding {
            evidence.folder = FolderName::from_wire(hostile.as_str());
            evidence.note = Some(hostile.clone());
        }
        judged.auth = AuthWords { spf: Some(hostile.clone()), dkim: Some("pass".to_owned()), ..AuthWords::default() };
        judged.stamps = BTreeMap::from([(hostile.clone(), hostile.clone())]);
    }
    let odd = received("generic", "hostile-words");
    let hostile_headers = report.probes.iter_mut().filter(|judged| judged.probe.provider.as_str() == "yahoo");
    for judged in hostile_headers {
        (judged.stamps, judged.testimony) = (odd.stamps.clone(), odd.testimony.clone());
    }
    let long = format!("{}@{}example", "a".repeat(64), "long-name.".repeat(15));
    report.probes[0].probe.seed = crate::domain::seed::Address::new(&long).unwrap();
    let mut before = report.clone();
    before.run.id.0 -= 1;
    before.run.started_at = crate::render::samples::at(-7 * 86_400_000);
    let mut known = diagnoses([38, 27, 39]);
    for cell in &mut known.matrix {
        cell.title.clone_from(&hostile);
    }
    let mut sending = returned(Some(&hostile));
    sending.region = Some(hostile.clone());
    let known = Diagnoses::of(known.matrix, known.runs, vec![sending], known.thresholds, 0.95);
    told(&[of(&[before, report], "shop.example", &hostile, language)], &known, language)
}

#[test]
fn nothing_that_a_stranger_wrote_becomes_markup_and_nothing_asks_the_network() {
    for language in [Language::English, Language::German] {
        let text = hostile_page(language);
        for never in ["<script", "<img", " style=\"", "http://", "https://", "\0", "\u{202e}", "@import", "url("] {
            assert!(!text.contains(never), "{never:?}");
        }
        assert!(text.contains("&#60;script&#62;") || text.contains("&lt;script&gt;"), "it is shown as it is");
        assert!(text.len() < 1_000_000, "{}", text.len());
    }
}

#[expect(clippy::print_stdout, reason = "`tests/run` collects what was left out from standard output")]
/// Judged by html-validate and, in a real browser, by axe-core; `tests/run` installs them.
#[test]
fn the_page_is_valid_and_accessible_whoever_wrote_what_is_on_it() {
    let asked = |name: &str| std::env::var_os(name);
    let (Some(browser), Some(modules)) = (asked("INBOXED_CHROMIUM"), asked("INBOXED_PAGE_JUDGES")) else {
        println!("left out: pages judged by html-validate and axe-core, without Chromium or its judges");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pages = [
        ("english.html", written(&[figures()], Language::English)),
        ("german.html", written(&[figures(), named("receipts")], Language::German)),
        ("hostile.html", hostile_page(Language::English)),
    ];
    let mut command = std::process::Command::new("node");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/page.mjs")).arg(browser).env("NODE_PATH", modules);
    for (name, text) in pages {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        command.arg(path);
    }
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.ends_with("3 pages, 0 faults\n"), "{said}");
}

#[test]
fn only_its_own_style_is_allowed_and_the_same_figures_give_the_same_bytes() {
    let text = written(&[figures()], Language::English);
    let style = text.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(text.contains(&format!("style-src 'sha256-{}'", style::hash(style))));
    for left in ["LIGHT", "DARK", "PAINTS"] {
        assert!(!style.contains(left), "{left}");
    }
    assert_eq!(written(&[figures()], Language::English), text);
}

#[test]
fn several_streams_are_told_apart_and_every_id_is_unique() {
    let text = written(&[figures(), named("receipts")], Language::English);
    let mut ids: Vec<&str> = text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    for target in text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&target), "#{target} leads nowhere");
    }
}

#[test]
fn every_dot_of_before_and_after_is_the_figure_of_its_sentence_and_lies_in_its_range() {
    let mut reports: Vec<_> = (1..=6).map(samples::week).collect();
    for report in reports.iter_mut().skip(2) {
        for judged in report.probes.iter_mut().step_by(2) {
            judged.finding = finding("inbox", 3);
        }
    }
    let sample = of(&reports, "shop.example", "v=spf1 -all", Language::English);
    let pair = sample.figures.before_after.unwrap();
    assert_eq!(pair.rows.len(), 4, "three providers and all together");
    for row in &pair.rows {
        let (before, after) = (row.before.unwrap(), row.after.unwrap());
        assert_eq!(row.rates, format!("{} → {}", percent(before.0), percent(after.0)), "{}", row.title);
        for (rate, range) in [before, after] {
            assert!(range.is_none_or(|range| range.lo <= rate && rate <= range.hi), "{}", row.title);
        }
        let points = super::super::language::points(after.0 - before.0);
        assert!(row.difference.starts_with(&points), "{}: {} and {points}", row.title, row.difference);
    }
    assert!(pair.rows.iter().take(3).all(|row| row.before.is_some_and(|(_, range)| range.is_some())));
}

#[test]
fn only_who_is_in_doubt_is_told_to_wait() {
    let mut report = bad_day();
    let gmail = report.probes.iter_mut().filter(|judged| judged.probe.provider.as_str() == "gmail");
    for judged in gmail.take(3) {
        judged.finding = finding("spam", 3);
    }
    let text = written(&[of(&[report], "shop.example", "v=spf1 -all", Language::English)], Language::English);
    assert!(text.contains("<li>Outlook: pause cold mail for at least 72 hours"), "its whole range is critical");
    assert!(text.contains("<li>Gmail: go on measuring weekly before you act; one test is no evidence."));
}
