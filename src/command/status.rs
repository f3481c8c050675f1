//! `status`: health for machines: the last run, the trend of every stream, the schedule and the outbox.

mod text;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::almanac::{OVERDUE, almanac};
use super::history::{History, unreadable};
use super::interrupt::Interrupt;
use super::judgement::open_to_read;
use super::outcome::exit_of;
use super::{Context, Failure, Outcome};
use crate::Exit;
use crate::cli::{Accepted, StatusArgs};
use crate::config::Config;
use crate::domain::interval::count;
use crate::domain::monitor::{Acceptance, Point, Series, Signal, WeekName};
use crate::domain::reputation::Reputation;
use crate::domain::schedule::{Almanac, Period};
use crate::domain::threshold::{Measure, of_signal, table};
use crate::domain::trend::WeekState;
use crate::edge::exporter::serve;
use crate::edge::store::{Store, StoreFault, Waiting};
use crate::render::diagnosis::sending_value;
use crate::render::json::{document, moment};
use crate::render::metrics::{Exposition, exposition};
use crate::render::table::fitted;
use text::as_text;

/// How far back deliveries that were given up are counted.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Everything that is said.
struct Status {
    exit: Exit,
    history: History,
    series: Vec<Series>,
    schedule: Option<Owed>,
    waiting: Waiting,
    unreadable: Vec<(String, String)>,
    reputations: Vec<Reputation>,
    now: Timestamp,
}

/// How the schedule stands.
struct Owed {
    period: Period,
    is_made: bool,
    is_overdue: bool,
    next: Option<Timestamp>,
}

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &StatusArgs) -> Result<Outcome, Failure> {
    if let Some(address) = args.listen {
        return listen(context, address).await;
    }
    if let Some(change) = &args.accept_change {
        accept(context, change).await?;
    }
    let (config, status) = read(context).await?;
    if let Some(file) = &args.metrics {
        write_whole(file, &exposition(&measured(&config, &status)))?;
        return Ok(Outcome { exit: status.exit, stdout: String::new() });
    }
    let stdout = if context.json {
        document(&as_json(&config, &status)).map_err(Failure::internal)?
    } else {
        fitted(&as_text(&config, &status), context.screen)
    };
    Ok(Outcome { exit: status.exit, stdout })
}

/// Keeps that what a stream does now is its new ordinary.
async fn accept(context: &Context, change: &Accepted) -> Result<(), Failure> {
    let (config, store) = open_to_read(context).await?;
    let zone = almanac(&config)?.zone().clone();
    let now = context.clock.now();
    let history = History::read(&store, &config, zone, 1, now).await.map_err(Failure::internal)?;
    let series = history.series(&store, &config).await.map_err(Failure::internal)?;
    let is_meant = |one: &&Series| {
        one.stream == change.stream && change.provider.as_ref().is_none_or(|provider| one.provider == *provider)
    };
    if !series.iter().any(|one| is_meant(&one)) {
        let known: BTreeSet<String> =
            series.iter().map(|one| format!("{}:{}", one.stream, one.provider.as_str())).collect();
        let known = if known.is_empty() {
            "there is no run yet".to_owned()
        } else {
            format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", "))
        };
        return Err(Failure::bad_input(anyhow!(
            "--accept-change: nothing is known of that stream at that provider; {known}"
        )));
    }
    let accepted = Acceptance { stream: change.stream.clone(), provider: change.provider.clone(), at: now };
    store.accept(&accepted).await.map_err(Failure::internal)?;
    let level = series
        .iter()
        .filter(is_meant)
        .any(|one| one.points.last().and_then(|point| point.step).is_some_and(|step| step.level_alarm));
    let stays = if level { "; the alarm against a healthy sender's level stands until the rate is back" } else { "" };
    context.note(&format!("accepted: from the week after this one {change} is measured against itself anew{stays}"));
    Ok(())
}

async fn read(context: &Context) -> Result<(Config, Status), Failure> {
    let (config, store) = open_to_read(context).await?;
    let status = gather(context, &config, &store).await?;
    Ok((config, status))
}

async fn gather(context: &Context, config: &Config, store: &Store) -> Result<Status, Failure> {
    let now = context.clock.now();
    let almanac = almanac(config)?;
    let zone = almanac.zone().clone();
    let history = History::read(store, config, zone, 1, now).await.map_err(Failure::internal)?;
    let unreadable = match history.last() {
        Some(last) => unreadable(store, last).await.map_err(Failure::internal)?,
        None => std::collections::BTreeMap::new(),
    };
    let since = now.checked_sub(RECENT).unwrap_or(Timestamp::MIN);
    Ok(Status {
        exit: history.last().map_or(Exit::TooFew, |last| exit_of(last.health())),
        series: history.series(store, config).await.map_err(Failure::internal)?,
        schedule: owed(config, &almanac, store, now).await.map_err(Failure::internal)?,
        waiting: store.waiting_deliveries(since).await.map_err(Failure::internal)?,
        unreadable: unreadable.into_iter().map(|(seed, why)| (seed.as_str().to_owned(), why)).collect(),
        reputations: store.reputations().await.map_err(Failure::internal)?,
        history,
        now,
    })
}

/// What the schedule owes; `None` where there is no `[schedule]` and no scheduled run was ever made.
async fn owed(config: &Config, almanac: &Almanac, store: &Store, now: Timestamp) -> Result<Option<Owed>, StoreFault> {
    let Some(period) = almanac.current(now) else { return Ok(None) };
    let ledger = store.ledger(&period.key).await?;
    if config.schedule.is_none() && ledger.newest_due.is_none() {
        return Ok(None);
    }
    let is_late = now.duration_since(period.due) > OVERDUE;
    Ok(Some(Owed {
        is_made: ledger.is_taken,
        is_overdue: !ledger.is_taken && is_late && ledger.newest_due.is_some(),
        next: almanac.next(now).map(|next| next.due),
        period,
    }))
}

fn as_json(config: &Config, status: &Status) -> Value {
    let series: Vec<Value> = status.series.iter().map(|series| series_object(config, series)).collect();
    let run = status.history.last().map(|last| {
        let streams = last.run.streams.iter();
        let streams: serde_json::Map<String, Value> =
            streams.map(|one| (one.to_string(), json!({"health": last.health_of(one).word()}))).collect();
        json!({
            "id": last.run.id.0, "started_at": moment(last.run.started_at), "ended_at": last.run.ended_at.map(moment),
            "state": last.run.state.word(), "simulated": last.run.simulated,
            "streams": streams,
        })
    });
    let schedule = status.schedule.as_ref().map(|owed| {
        json!({
            "key": owed.period.key.as_str(), "due_at": moment(owed.period.due), "made": owed.is_made,
            "overdue": owed.is_overdue, "next_due_at": owed.next.map(moment),
        })
    });
    let thresholds: Vec<Value> = table(config.thresholds)
        .iter()
        .map(|row| {
            json!({
                "measure": measure_word(row.measure), "warn": row.warn, "crit": row.crit,
                "action": row.action,
            })
        })
        .collect();
    let unreadable: Vec<Value> =
        status.unreadable.iter().map(|(seed, why)| json!({"seed": seed, "why": why})).collect();
    json!({
        "health": health_word(status.exit), "trends": worst(&status.series).map(WeekState::word), "at": moment(status.now), "simulated": status.history.is_simulated(), "run": run, "schedule": schedule, "series": series,
        "unreadable": unreadable,
        "sending": status
            .reputations
            .iter()
            .map(|one| sending_value(one, config.judge.confidence, config.thresholds))
            .collect::<Vec<_>>(),
        "alerts": {"pending": status.waiting.pending, "given_up": status.waiting.given_up},
        "thresholds": thresholds,
    })
}

fn series_object(config: &Config, series: &Series) -> Value {
    let last = series.last();
    let step = last.and_then(|point| point.step);
    let rate = last.and_then(Point::rate);
    let threshold = of_signal(series.signal, config.thresholds);
    json!({
        "stream": series.stream.to_string(), "provider": series.provider.as_str(), "signal": series.signal.word(),
        "week": last.map(|point| point.week.to_string()), "rate": rate, "n": last.map(|point| point.measured),
        "state": last.map(|point| point.state.word()), "alarm": series.alarm().map(WeekState::word),
        "since": series.alarm_since().map(|week| week.to_string()),
        "spell": spell(series).map(|(rate, n, first)| json!({"rate": rate, "n": n, "since": first.to_string()})),
        "band": rate.map(|rate| threshold.band(rate).word()),
        "account": {"level": step.map(|step| step.level), "own": step.and_then(|step| step.own)},
        "volatility": series.volatility(), "weeks": series.points.len(),
        "action": series.alarm().map(|_| threshold.action),
    })
}

/// The worst state of all trends, an alarm that stands before what a week shows; `None` without a trend.
fn worst(series: &[Series]) -> Option<WeekState> {
    let state = |one: &Series| one.alarm().or_else(|| one.last().map(|point| point.state));
    series.iter().filter_map(state).max()
}

fn measure_word(measure: Measure) -> String {
    format!("{measure:?}").to_lowercase()
}

/// The rate of the weeks that an alarm rests on, as it is watched, of how many probes, and the first of these weeks.
fn spell(series: &Series) -> Option<(f64, usize, WeekName)> {
    let spell = series.spell().filter(|spell| spell.measured > 0)?;
    let good = count(spell.good) / count(spell.measured);
    Some((if series.signal == Signal::Spam { 1.0 - good } else { good }, spell.measured, series.spell_since()?))
}

fn health_word(exit: Exit) -> &'static str {
    match exit {
        Exit::Ok => "healthy",
        Exit::Warning => "warning",
        Exit::Critical => "critical",
        Exit::TooFew
        | Exit::Usage
        | Exit::BadInput
        | Exit::Unreachable
        | Exit::Internal
        | Exit::Locked
        | Exit::Interrupted => "too_few",
    }
}

/// What the exposition shows.
fn measured(config: &Config, status: &Status) -> Exposition {
    let last = status.history.last();
    let mut found = Exposition {
        exit: status.exit.code(),
        last_run: last.map(|last| (last.run.id.0, last.run.started_at)),
        next_due: status.schedule.as_ref().and_then(|owed| owed.next),
        overdue: status.schedule.as_ref().is_some_and(|owed| owed.is_overdue),
        pending: status.waiting.pending,
        given_up: status.waiting.given_up,
        unreadable: status.unreadable.len(),
        returns: Vec::new(),
        tallies: Vec::new(),
        trends: Vec::new(),
    };
    if let Some(last) = last {
        for (stream, tallies) in last.tallies_by_stream() {
            for one in tallies.providers {
                found.tallies.push((stream.to_string(), one.provider.name.as_str().to_owned(), one.tally));
            }
        }
    }
    for one in &status.reputations {
        if let Some([bounces, complaints]) = one.rates(config.judge.confidence, config.thresholds) {
            let account = one.account.as_ref().map(|account| account.as_str().to_owned());
            found.returns.push((account, one.region.clone().unwrap_or_default(), bounces.rate, complaints.rate));
        }
    }
    for series in &status.series {
        found.trends.push((
            series.stream.to_string(),
            series.provider.as_str().to_owned(),
            series.signal.word(),
            series.alarm().is_some(),
            series.last().and_then(|point| point.step).filter(|_| series.signal != Signal::Missing),
        ));
    }
    found
}

/// Answers `GET /metrics` until the process is asked to stop.
async fn listen(context: &Context, address: SocketAddr) -> Result<Outcome, Failure> {
    if !address.ip().is_loopback() {
        return Err(Failure::bad_input(anyhow!(
            "--listen {address}: only an address of this machine, such as 127.0.0.1:9464; put a proxy with TLS before it"
        )));
    }
    // A fault of the configuration is told now, not to whoever asks first.
    Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let interrupt = Interrupt::listen();
    let ask = async || {
        let context = Context { clock: crate::edge::clock::Clock::system(), ..context.clone() };
        let answer = read(&context).await.map(|(config, status)| exposition(&measured(&config, &status)));
        answer.map_err(|failure| format!("{:#}", failure.error))
    };
    let told = |bound: SocketAddr| context.note(&format!("listening on http://{bound}/metrics"));
    serve(address, told, ask, interrupt.wait())
        .await
        .with_context(|| format!("listen on {address}"))
        .map_err(Failure::bad_input)?;
    Ok(Outcome::ok(String::new()))
}

/// Old or new, never half: the collector may read at any moment.
fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> anyhow::Result<()> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        // Another user's collector reads it; there is no secret in it.
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(file.path(), readable)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("write {}", path.display())).map_err(Failure::bad_input)
}
