//! `recover`: the way back by dates, how far it has come, and what to do today.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::anyhow;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::almanac::almanac;
use super::dns::examine_streams;
use super::history::{History, MOST, complete, titles};
use super::judgement::{judge_runs, open_to_read};
use super::preparation::{Prepared, prepare_streams};
use super::remains::is_gone;
use super::{Context, Failure, Outcome};
use crate::cli::RecoverArgs;
use crate::config::Config;
use crate::domain::dns::check::Verdict;
use crate::domain::health::Health;
use crate::domain::monitor::Series;
use crate::domain::recovery::{DnsStanding, Recovery, Today, Trial, end, plan};
use crate::domain::run::Run;
use crate::domain::stream::StreamName;
use crate::edge::store::Store;
use crate::render::json::document;
use crate::render::plain::plain;
use crate::render::report::RunReport;
use crate::render::table::fitted;
use crate::render::words::SIMULATED;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &RecoverArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(context).await?;
    let zone = almanac(&config)?.zone().clone();
    let now = context.clock.now();
    let today = now.to_zoned(zone.clone()).date();
    let start = args.start.unwrap_or(today);
    if start > today {
        return Err(Failure::bad_input(anyhow!("--start {start} is still to come; begin on that day")));
    }
    let streams = prepare_streams(&config, args.stream.as_slice())?;
    let need = need(&store, &config, zone.clone(), args.stream.as_ref(), now).await?;
    let date = |run: &Run| run.started_at.to_zoned(zone.clone()).date();
    let mut runs = complete(&store, MOST).await.map_err(Failure::internal)?;
    runs.retain(|run| args.stream.as_ref().is_none_or(|stream| run.streams.contains(stream)));
    let simulated = runs.iter().any(|run| run.simulated);
    runs.retain(|run| date(run) >= start);
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
    let dns = dns_standing(context, &config, &streams).await;
    let found = plan(start, today, &trials, &dns);
    let stdout = if context.json {
        document(&as_json(&found, &need, simulated, today)).map_err(Failure::internal)?
    } else if args.start.is_none() && !matches!(need, Need::Found(_)) {
        need.words() + &without_plan(&dns, today)
    } else {
        format!("{}\n{}", need.words(), as_text(&found, today))
    };
    if context.json {
        return Ok(Outcome::ok(stdout));
    }
    let mark = if simulated { format!("{SIMULATED}\n") } else { String::new() };
    Ok(Outcome::ok(mark + &fitted(&stdout, context.screen)))
}

/// Whether there is anything to recover from.
enum Need {
    /// This speaks for it.
    Found(Vec<String>),
    /// Nothing does, and this against it.
    Nothing(String),
    /// Nothing is known, because of this.
    Unknown(String),
}

impl Need {
    fn words(&self) -> String {
        match self {
            Self::Found(why) => {
                format!("To recover from:\n  {}\n", why.join("\n  "))
            }
            Self::Nothing(why) => format!("Nothing to recover from: {why}.\n"),
            Self::Unknown(why) => format!("It is not known whether there is anything to recover from: {why}.\n"),
        }
    }
}

/// What the last run and the trends say of these streams.
async fn need(
    store: &Store,
    config: &Config,
    zone: TimeZone,
    stream: Option<&StreamName>,
    now: Timestamp,
) -> Result<Need, Failure> {
    let history = History::read(store, config, zone, 1, now).await.map_err(Failure::internal)?;
    let is_meant = |one: &StreamName| stream.is_none_or(|stream| stream == one);
    let series = history.series(store, config).await.map_err(Failure::internal)?;
    let titles = history.last().map(titles).unwrap_or_default();
    let told = |one: &Series| {
        let title = titles.get(&one.provider).map_or(one.provider.as_str(), String::as_str);
        let since = one.alarm_since().map(|week| format!(" since {week}")).unwrap_or_default();
        let (what, title) = (one.signal.word(), plain(title, 40));
        one.alarm()
            .map(|alarm| format!("{} / {title}: the trend of {what} is in alarm{since} ({})", one.stream, alarm.word()))
    };
    let mut found: Vec<String> = series.iter().filter(|one| is_meant(&one.stream)).filter_map(told).collect();
    let health = history.last().and_then(|last| {
        let streams = last.run.streams.iter().filter(|one| is_meant(one));
        streams.map(|one| last.health_of(one)).max().map(|health| (last.run.id.0, health))
    });
    match health {
        Some((run, Health::Warning | Health::Critical)) => {
            found.push(format!("run {run} is not healthy (`inboxed show {run}`)"));
        }
        Some((run, health)) if found.is_empty() => {
            return Ok(if health == Health::Healthy {
                Need::Nothing(format!("run {run} is healthy, and no trend is in alarm"))
            } else {
                Need::Unknown(format!("run {run} measured too little to judge, and no trend is in alarm"))
            });
        }
        None if found.is_empty() => {
            return Ok(Need::Unknown("no complete run was made here yet; `inboxed run` makes one".to_owned()));
        }
        Some(_) | None => {}
    }
    Ok(Need::Found(found))
}

/// What DNS says of these streams. The lab of a demo is not asked any more.
async fn dns_standing(context: &Context, config: &Config, streams: &[Prepared]) -> DnsStanding {
    if is_gone(context, config) {
        return DnsStanding::Unknown(vec!["the lab that answered for DNS ended with the demo".to_owned()]);
    }
    let (mut failing, mut unknown) = (Vec::new(), Vec::new());
    let real: Vec<Prepared> = streams.iter().filter(|one| one.placeholder(config).is_none()).cloned().collect();
    for examined in examine_streams(context, config, &real).await {
        for check in examined.checks {
            let line = format!("{}: {}: {}", examined.domain, check.id, check.found);
            match check.verdict {
                Verdict::Critical => failing.push(line),
                Verdict::Unanswered => unknown.push(line),
                Verdict::Ok | Verdict::Warning | Verdict::Info => {}
            }
        }
    }
    match (failing.is_empty(), unknown.is_empty()) {
        (false, _) => DnsStanding::Failing(failing),
        (true, false) => DnsStanding::Unknown(unknown),
        (true, true) => DnsStanding::Sound,
    }
}

/// What is said instead of a plan. Faults of DNS are to be mended all the same.
fn without_plan(dns: &DnsStanding, today: Date) -> String {
    let faults = match dns {
        DnsStanding::Failing(faults) => format!("\nDNS fails, though:\n{}", fault_lines(faults)),
        DnsStanding::Sound | DnsStanding::Unknown(_) => String::new(),
    };
    format!("{faults}A plan all the same: `inboxed recover --start {today}`\n")
}

/// Each fault on its line, and how to learn the remedy.
fn fault_lines(faults: &[String]) -> String {
    let lines = faults.iter().map(|fault| format!("  {}\n", plain(fault, 300)));
    let domains: BTreeSet<&str> = faults.iter().filter_map(|fault| Some(fault.split_once(": ")?.0)).collect();
    let remedies = domains
        .into_iter()
        .map(|domain| format!("  `inboxed dns check {}` says what to publish\n", plain(domain, 100)));
    lines.chain(remedies).collect()
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

fn as_json(found: &Recovery, need: &Need, simulated: bool, today: Date) -> Value {
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
    let (needed, why) = match need {
        Need::Found(why) => (Some(true), why.clone()),
        Need::Nothing(why) => (Some(false), vec![why.clone()]),
        Need::Unknown(why) => (None, vec![why.clone()]),
    };
    json!({
        "needed": needed, "why": why, "simulated": simulated,
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
        text.push_str(&fault_lines(faults));
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
