//! Alerts: what the last run is worth telling, and telling it.
//!
//! All of it happens after a run is stored and printed, within a short time; what cannot be delivered by then waits in the
//! outbox for the next invocation, for a day at most. Nothing here can fail a run.

use std::collections::BTreeMap;
use std::time::Duration;

use fail::fail_point;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::almanac::{OVERDUE, almanac};
use super::history::{History, MOST, readable, titles, unreadable};
use super::preparation::prepare_streams;
use super::{Context, Failure, Outcome};
use crate::Exit;
use crate::config::{Alert, Channel, Config};
use crate::domain::alert::{
    Aftermath, DnsNews, Event, Occasion, events, heartbeat, overdue, returned_part, returned_told, trial,
};
use crate::domain::dns::change::Difference;
use crate::domain::handoff::Letter;
use crate::domain::run::{RunId, RunState};
use crate::domain::threshold::Measure;
use crate::edge::notify::{NotTold, Parcel, hand_over};
use crate::edge::ses::{ApiSender, Patience};
use crate::edge::store::{Delivery, NewEvent, Store, StoreFault};
use crate::render::json::document;
use crate::render::notice::{Notice, event_document};
use crate::render::plain::plain;
use crate::secret::SecretSource;

/// How long telling may hold up the end of the process.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// After this time an event is no news any more.
const STALE: SignedDuration = SignedDuration::from_hours(24);
/// How long the address of a receiver is waited for, and one try in all: short of [`PATIENCE`], so that there is time to keep
/// why it failed.
fn patience() -> (Duration, Duration) {
    fail_point!("alert-patience", |millis| {
        let address = Duration::from_millis(millis.and_then(|text| text.parse().ok()).unwrap_or(100));
        (address, Duration::from_secs(12))
    });
    (Duration::from_secs(8), Duration::from_secs(12))
}

/// First pause after a try that failed, doubled with each.
const PAUSE: Duration = Duration::from_mins(1);
/// Longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What is done after the process has printed: the last run's events are noted and what is due is told. Whatever goes wrong
/// is a note. `unattended` says that the schedule was to make a run: one that is long owed is told, too.
pub(crate) async fn settle(context: &Context, unattended: bool) {
    let work = async {
        let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
        if config.alerts.is_empty() {
            return Ok(());
        }
        let store = Store::open_existing(&config.database).await.map_err(Failure::bad_input)?;
        note_last_run(context, &config, &store).await?;
        if unattended {
            note_overdue(context, &config, &store).await?;
        }
        tell_all(context, &config, &store).await
    };
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => context.note(&format!("alerts: {:#}", failure.error)),
        Err(_) => context.note("alerts: some are not delivered yet; the next invocation tries again"),
    }
}

/// Notes what the newest complete run is worth telling, unless that was done. A run that was imported was not made: it is no
/// sign of life, and hides none of those that were.
async fn note_last_run(context: &Context, config: &Config, store: &Store) -> Result<(), Failure> {
    let newest = store.runs(MOST, store.holder_run()).await.map_err(Failure::internal)?;
    let made = newest.iter().find(|run| run.state == RunState::Complete && !run.imported);
    let Some(run) = made.map(|run| run.id) else { return Ok(()) };
    let beat = heartbeat(run);
    if store.has_event(&beat.key).await.map_err(Failure::internal)? {
        return Ok(());
    }
    let mut found = aftermath(context, config, store, run).await?;
    // The sign of life is the mark that the run was dealt with, and stored together with what it found.
    found.push(beat);
    note(context, config, store, &found, Some(run)).await
}

/// Notes, once for each period, that its run was due long ago and still cannot be made.
async fn note_overdue(context: &Context, config: &Config, store: &Store) -> Result<(), Failure> {
    let now = context.clock.now();
    let Some(period) = almanac(config)?.current(now) else { return Ok(()) };
    let is_taken = store.ledger(&period.key).await.map_err(Failure::internal)?.is_taken;
    if is_taken || now.duration_since(period.due) <= OVERDUE {
        return Ok(());
    }
    note(context, config, store, &[overdue(&period)], None).await
}

/// The events of a run, seen from its own time.
async fn aftermath(context: &Context, config: &Config, store: &Store, run: RunId) -> Result<Vec<Event>, Failure> {
    let zone = almanac(config)?.zone().clone();
    let mut history = History::read(store, config, zone, 2, context.clock.now()).await.map_err(Failure::internal)?;
    history.end_at(run);
    let Some(last) = history.last() else { return Ok(Vec::new()) };
    let readable_before = match history.before_last() {
        Some(before) => readable(store, before).await.map_err(Failure::internal)?,
        None => std::collections::BTreeSet::new(),
    };
    let since = history.before_last().map(|before| before.run.started_at);
    let dns = match since {
        Some(since) => dns_news(store, last, since).await.map_err(Failure::internal)?,
        None => Vec::new(),
    };
    let unreadable = unreadable(store, last).await.map_err(Failure::internal)?;
    let series = history.series(store, config).await.map_err(Failure::internal)?;
    let titles = titles(last);
    let reputations = store.reputations().await.map_err(Failure::internal)?;
    let mut told = BTreeMap::new();
    for one in &reputations {
        for part in [Measure::Bounce, Measure::Complaint].map(|measure| returned_part(one, measure)) {
            let last = store.last_event(&part).await.map_err(Failure::internal)?;
            told.extend(last.map(|key| (part, returned_told(&key))));
        }
    }
    let all = last.tallies().all;
    Ok(events(&Aftermath {
        run: last.run.id,
        week: history.week(&last.run),
        series: &series,
        thresholds: config.thresholds,
        titles: &titles,
        unreadable: &unreadable,
        readable_before: &readable_before,
        planned: last.probes.len(),
        unmeasured: all.unmeasured,
        dns: &dns,
        reputations: &reputations,
        told: &told,
        confidence: config.judge.confidence,
    }))
}

/// Changes of DNS that were first seen after a moment.
async fn dns_news(
    store: &Store,
    report: &crate::render::report::RunReport,
    since: Timestamp,
) -> Result<Vec<DnsNews>, StoreFault> {
    let mut news = BTreeMap::new();
    for stream in &report.run.streams {
        for change in store.dns_changes_of_stream(stream).await? {
            if change.window.until > since {
                let differences = change.differences.iter().map(Difference::words).collect();
                let domain = change.domain.to_string();
                let one = DnsNews { domain: domain.clone(), seen_at: change.window.until, differences };
                news.insert((domain, change.window.until), one);
            }
        }
    }
    Ok(news.into_values().collect())
}

async fn note(
    context: &Context,
    config: &Config,
    store: &Store,
    found: &[Event],
    run: Option<RunId>,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let receivers = receivers(config);
    let new: Vec<NewEvent> = found
        .iter()
        .map(|event| NewEvent {
            key: event.key.clone(),
            occasion: event.occasion.word(),
            run,
            document: event_document(event, run, now),
            receivers: receivers
                .iter()
                .filter(|(_, alert)| hears(alert, event.occasion))
                .map(|(name, _)| name.clone())
                .collect(),
        })
        .collect();
    store.note_events(&new, now).await.map_err(Failure::internal)?;
    Ok(())
}

/// Whether a receiver is told of an occasion.
fn hears(alert: &Alert, occasion: Occasion) -> bool {
    match (&alert.channel, occasion) {
        (_, Occasion::Test) | (Channel::Heartbeat(_), Occasion::Heartbeat) => true,
        (Channel::Heartbeat(_), _) | (_, Occasion::Heartbeat) => false,
        (_, occasion) => alert.on.contains(&occasion),
    }
}

/// The receivers by name. A name says the kind and the place in the configuration, and never an address that may be a
/// secret; two that would have the same name are numbered.
fn receivers(config: &Config) -> Vec<(String, &Alert)> {
    let mut named: Vec<(String, &Alert)> = Vec::new();
    for alert in &config.alerts {
        let place = |kind: &str, source: &SecretSource| format!("{kind} {source}");
        let name = match &alert.channel {
            Channel::Webhook(url) => place("webhook", url),
            Channel::Slack(url) => place("slack", url),
            Channel::Teams(url) => place("teams", url),
            Channel::Heartbeat(url) => place("heartbeat", url),
            Channel::Email { to, .. } => format!("email {}", to.as_str()),
            Channel::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
        };
        let same = named.iter().filter(|(other, _)| other.split(" #").next() == Some(name.as_str())).count();
        named.push((if same == 0 { name } else { format!("{name} #{}", same.saturating_add(1)) }, alert));
    }
    named
}

/// Tells everything that is due, side by side.
async fn tell_all(context: &Context, config: &Config, store: &Store) -> Result<(), Failure> {
    let due = store.due_deliveries(context.clock.now()).await.map_err(Failure::internal)?;
    let told = due.iter().map(|delivery| tell(context, config, store, delivery));
    for outcome in futures_util::future::join_all(told).await {
        outcome.map_err(Failure::internal)?;
    }
    Ok(())
}

/// One delivery: claimed, tried, and its end stored.
async fn tell(context: &Context, config: &Config, store: &Store, delivery: &Delivery) -> Result<(), StoreFault> {
    let now = context.clock.now();
    let give_up = |why: &'static str| store.not_delivered(delivery, None, why);
    if now.duration_since(delivery.happened_at) > STALE {
        return give_up("a day has passed since it happened").await;
    }
    let receivers = receivers(config);
    let Some((_, alert)) = receivers.iter().find(|(name, _)| *name == delivery.receiver) else {
        return give_up("it is no longer configured").await;
    };
    let Some(notice) = Notice::new(delivery.event, &delivery.document) else {
        return give_up("what was kept of it cannot be read").await;
    };
    let zone = almanac(config).map_or(jiff::tz::TimeZone::UTC, |almanac| almanac.zone().clone());
    let is_urgent =
        notice.is_critical() || [Occasion::Heartbeat, Occasion::Test].map(Occasion::word).contains(&notice.occasion());
    if let Some(end) = alert.quiet.filter(|_| !is_urgent).and_then(|quiet| quiet.end(now, &zone)) {
        return store.not_delivered(delivery, Some(end), "quiet hours").await;
    }
    let pause = PAUSE.saturating_mul(2_u32.saturating_pow(delivery.tries)).min(LONGEST_PAUSE);
    let after = |pause: Duration| now.checked_add(pause).unwrap_or(Timestamp::MAX);
    if !store.claim_delivery(delivery, after(pause)).await? {
        return Ok(());
    }
    match deliver(config, alert, &notice).await {
        Ok(()) => store.delivered(delivery, context.clock.now()).await,
        Err(failed) => {
            let why = plain(&failed.why, 300);
            context.note(&format!("alert {} to {} not delivered: {why}", delivery.event, delivery.receiver));
            if notice.occasion() == Occasion::Test.word() {
                return store.not_delivered(delivery, None, &why).await;
            }
            let again = after(failed.pause.unwrap_or(pause).max(pause));
            store.not_delivered(delivery, Some(again), &why).await
        }
    }
}

/// One try at one receiver, within its time.
async fn deliver(config: &Config, alert: &Alert, notice: &Notice) -> Result<(), NotTold> {
    let (_, whole) = patience();
    let late = |_| NotTold { why: format!("it took longer than {} s", whole.as_secs()), pause: None };
    tokio::time::timeout(whole, try_once(config, alert, notice)).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
}

async fn try_once(config: &Config, alert: &Alert, notice: &Notice) -> Result<(), NotTold> {
    let address = async |source: &SecretSource| {
        source.read_within(patience().0).await.map_err(|fault| NotTold { why: fault.to_string(), pause: None })
    };
    let post = |url, body| Parcel::Post { url, media_type: "application/json", body };
    let parcel = match &alert.channel {
        Channel::Webhook(url) => post(address(url).await?, notice.generic()),
        Channel::Slack(url) => post(address(url).await?, notice.slack()),
        Channel::Teams(url) => post(address(url).await?, notice.teams()),
        Channel::Heartbeat(url) => Parcel::Get { url: address(url).await? },
        Channel::Command(words) => Parcel::Program { words: words.clone(), body: notice.generic() },
        Channel::Email { to, from } => {
            let failed = |why: &str| NotTold { why: why.to_owned(), pause: None };
            let streams = prepare_streams(config, &[]).map_err(|failure| failed(&format!("{:#}", failure.error)))?;
            let sender = from.as_ref().map(|from| from.on_the_wire().into_owned());
            let sender = sender.or_else(|| streams.first().map(|first| first.sender.clone()));
            let sender = sender.ok_or_else(|| failed("no stream names a sender; add `from`"))?;
            let bytes = notice.mail(&sender, to).ok_or_else(|| failed("the mail cannot be written"))?;
            let (region, endpoint) = (config.ses.region.as_deref(), config.ses.endpoint_url.as_deref());
            let api = ApiSender::connect(region, endpoint, Patience::default()).await;
            let tags = vec![("inboxed-alert".to_owned(), notice.occasion().to_owned())];
            let letter = Letter { sender, seed: to.clone(), bytes, configuration_set: None, tags };
            Parcel::Mail { sender: Box::new(api), letter }
        }
    };
    hand_over(parcel).await
}

/// Sends one test alert to every receiver, and says who was reached.
pub(crate) async fn test(context: &Context) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    if config.alerts.is_empty() {
        let file = config.file.display();
        return Err(Failure::bad_input(anyhow::anyhow!("{file}: nobody is to be told; add an [[alert]]")));
    }
    let now = context.clock.now();
    let text = event_document(&trial(now), None, now);
    let notice = Notice::new(0, &text).ok_or_else(|| Failure::internal(anyhow::anyhow!("write a test alert")))?;
    let receivers = receivers(&config);
    let tries = receivers.iter().map(async |(name, alert)| (name, deliver(&config, alert, &notice).await));
    let ended = futures_util::future::join_all(tries).await;
    let all_reached = ended.iter().all(|(_, outcome)| outcome.is_ok());
    let why = |outcome: &Result<(), NotTold>| outcome.as_ref().err().map(|failed| plain(&failed.why, 300));
    let stdout = if context.json {
        let rows: Vec<_> = ended
            .iter()
            .map(|(name, outcome)| json!({"receiver": name, "delivered": outcome.is_ok(), "why": why(outcome)}))
            .collect();
        document(&json!({ "alerts": rows })).map_err(Failure::internal)?
    } else {
        let line = |(name, outcome): &(&String, Result<(), NotTold>)| match why(outcome) {
            None => format!("delivered      {}\n", plain(name, 80)),
            Some(why) => format!("NOT delivered  {}: {why}\n", plain(name, 80)),
        };
        ended.iter().map(line).collect()
    };
    if all_reached {
        return Ok(Outcome::ok(stdout));
    }
    Ok(Outcome { exit: Exit::Warning, stdout })
}

#[cfg(test)]
mod tests;
