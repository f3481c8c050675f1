//! `recover`: the way back by dates, how far it has come, and what to do today.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::anyhow;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::almanac::almanac;
use super::dns::examine_streams;
use super::history::{MOST, complete};
use super::judgement::{judge_runs, open_to_read};
use super::preparation::prepare_streams;
use super::{Context, Failure, Outcome};
use crate::cli::RecoverArgs;
use crate::domain::dns::check::Verdict;
use crate::domain::health::Health;
use crate::domain::recovery::{DnsStanding, Recovery, Today, Trial, end, plan};
use crate::domain::run::Run;
use crate::render::json::document;
use crate::render::plain::plain;
use crate::render::report::RunReport;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &RecoverArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(&context.config_path).await?;
    let zone = almanac(&config)?.zone().clone();
    let now = context.clock.now();
    let today = now.to_zoned(zone.clone()).date();
    let start = args.start.unwrap_or(today);
    if start > today {
        return Err(Failure::bad_input(anyhow!("--start {start} is still to come; begin on that day")));
    }
    let streams = prepare_streams(&config, args.stream.as_slice())?;
    let date = |run: &Run| run.started_at.to_zoned(zone.clone()).date();
    let mut runs = complete(&store, MOST).await.map_err(Failure::internal)?;
    runs.retain(|run| args.stream.as_ref().is_none_or(|stream| run.streams.contains(stream)) && date(run) >= start);
    runs.reverse();
    let reports = judge_runs(&store, &config, runs, now).await.map_err(Failure::internal)?;
    // A stream that fares well must not hide another: the worst of them is the verdict.
    let trial = |report: &RunReport| {
        let streams = report.run.streams.iter().filter(|stream| args.stream.as_ref().is_none_or(|one| one == *stream));
        let worst = streams.map(|stream| report.health_of(stream)).max()?;
        let is_healthy = match worst {
            Health::TooFew => None,
            Health::Healthy => Some(true),
            Health::Warning | Health::Critical => Some(false),
        };
        Some(Trial { date: date(&report.run), is_healthy })
    };
    let trials: Vec<Trial> = reports.iter().filter_map(trial).collect();
    let (mut failing, mut unknown) = (Vec::new(), Vec::new());
    for examined in examine_streams(context, &config, &streams).await {
        for check in examined.checks {
            let line = format!("{}: {}: {}", examined.domain, check.id, check.found);
            match check.verdict {
                Verdict::Critical => failing.push(line),
                Verdict::Unanswered => unknown.push(line),
                Verdict::Ok | Verdict::Warning | Verdict::Info => {}
            }
        }
    }
    let dns = match (failing.is_empty(), unknown.is_empty()) {
        (false, _) => DnsStanding::Failing(failing),
        (true, false) => DnsStanding::Unknown(unknown),
        (true, true) => DnsStanding::Sound,
    };
    let found = plan(start, today, &trials, &dns);
    let stdout = if context.json {
        document(&as_json(&found, today)).map_err(Failure::internal)?
    } else {
        as_text(&found, today)
    };
    Ok(Outcome::ok(stdout))
}

fn today_in_words(today: &Today) -> (&'static str, String) {
    match today {
        Today::MendDns(why) => {
            ("mend_dns", format!("no mail grows while DNS fails or cannot be asked: {}", why.join("; ")))
        }
        Today::Rest => ("rest", "cold mail rests; send only what readers open".to_owned()),
        Today::Test => ("test", "make a placement test first: `inboxed run`".to_owned()),
        Today::Send { most, why } => ("send", format!("up to {most} mails; {why}")),
        Today::Recovered => {
            ("recovered", "stable: go on slowly, about 20 a day more, and keep testing weekly".to_owned())
        }
    }
}

fn as_json(found: &Recovery, today: Date) -> Value {
    let (word, says) = today_in_words(&found.today);
    let faults = if let Today::MendDns(faults) = &found.today { faults.as_slice() } else { &[] };
    let most = if let Today::Send { most, .. } = &found.today { Some(*most) } else { None };
    let steps: Vec<Value> = found
        .steps
        .iter()
        .map(|step| {
            json!({"from": step.from.to_string(), "to": step.to.to_string(), "what": step.what, "done": step.is_done})
        })
        .collect();
    json!({
        "start": found.start.to_string(), "date": today.to_string(), "end": end(found.start).to_string(),
        "stable_expected": [found.stable.0.to_string(), found.stable.1.to_string()],
        "today": {"do": word, "says": says, "most": most, "dns": faults}, "steps": steps,
    })
}

fn as_text(found: &Recovery, today: Date) -> String {
    let mut text = String::new();
    for step in &found.steps {
        let mark = if step.is_done {
            "done"
        } else if step.from <= today && today <= step.to {
            "now"
        } else if step.to < today {
            "missed"
        } else {
            ""
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<6}  {} to {}  {}", mark, step.from, step.to, step.what);
    }
    let (from, to) = found.stable;
    if let Today::MendDns(faults) = &found.today {
        let _ = writeln!(text, "\nToday, {today}: no mail grows while DNS fails or cannot be asked");
        for fault in faults {
            let _ = writeln!(text, "  {}", plain(fault, 300));
        }
        let domains: BTreeSet<&str> = faults.iter().filter_map(|fault| Some(fault.split_once(':')?.0)).collect();
        for domain in domains {
            let _ = writeln!(text, "  `inboxed dns check {}` says what to publish", plain(domain, 100));
        }
    } else {
        let _ = writeln!(text, "\nToday, {today}: {}", plain(&today_in_words(&found.today).1, 1_000));
    }
    let _ = writeln!(text, "It is expected to be stable between {from} and {to}.");
    let _ = writeln!(
        text,
        "Stop at once when bounces or complaints rise three days running. Remove bounced and role addresses and those who \
         have not opened for 60 days; keep bounces below 2 % and complaints below 0.1 %.\nFor a test every third day: \
         `every = \"3d\"` under [schedule]. Begun on another day: --start YYYY-MM-DD."
    );
    text
}
