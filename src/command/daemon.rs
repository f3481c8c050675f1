//! `daemon`: waits in the foreground and makes each run when it is due.
//!
//! It holds the lock only while it works. Between runs it reads the schedule anew when its file has changed, so that a
//! change needs no restart; while the configuration has a fault, the last one without holds. SIGTERM ends it within five
//! seconds, also in the middle of a run, which the next start finishes.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::almanac::almanac;
use super::interrupt::Interrupt;
use super::scheduled::{Attempt, Doubt, attempt, no_arguments, worth_finishing};
use super::{Context, Failure, Outcome, alerts};
use crate::Exit;
use crate::config::Config;
use crate::domain::schedule::{Almanac, Ledger, Period, PeriodKey, Reading, Step, Vigil};
use crate::edge::clock::Clock;
use crate::edge::service::Service;
use crate::edge::store::{Store, StoreFault, fold};
use crate::render::json::document;

/// How long a run may take to stop where it is. What it does is on the disk at every moment.
const GRACE: Duration = Duration::from_secs(4);
/// How long what was read from the database is believed while nothing is due.
const FRESH: Duration = Duration::from_mins(5);
/// How soon a changed configuration is noticed.
const GLANCE: Duration = Duration::from_secs(5);
/// Pause after a run that was cut off could not be finished.
const AGAIN: Duration = Duration::from_hours(1);

/// Runs the verb.
pub(crate) async fn execute(context: &Context) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let mut watch = Watch {
        context,
        interrupt: Interrupt::listen(),
        service: Service::new(),
        steady: Clock::system(),
        vigil: Vigil::default(),
        plan: Plan { stamp: Stamp::of(&context.config_path), almanac: almanac(&config)?, config },
        memory: None,
        finish_at: Duration::ZERO,
        told: None,
        made: Vec::new(),
    };
    Service::ready("waiting");
    let ended = Box::pin(watch.keep()).await;
    Service::stopping();
    ended?;
    watch.outcome()
}

/// What tells a changed file from the same one.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(Option<(u64, u64, i64, i64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        let facts = std::fs::metadata(path).ok();
        Self(facts.map(|facts| (facts.ino(), facts.len(), facts.mtime(), facts.mtime_nsec())))
    }
}

/// The configuration that holds at the moment.
struct Plan {
    stamp: Stamp,
    config: Config,
    almanac: Almanac,
}

/// What was read from the database, and when.
struct Memory {
    key: Option<PeriodKey>,
    ledger: Ledger,
    unfinished: bool,
    /// When the next alert is to be delivered.
    telling_at: Option<Timestamp>,
    at: Duration,
}

struct Watch<'a> {
    context: &'a Context,
    interrupt: Interrupt,
    service: Service,
    steady: Clock,
    vigil: Vigil,
    plan: Plan,
    memory: Option<Memory>,
    finish_at: Duration,
    told: Option<String>,
    made: Vec<(PeriodKey, Exit)>,
}

impl Watch<'_> {
    /// Waits and works until the process is asked to stop.
    async fn keep(&mut self) -> Result<(), Failure> {
        while !self.interrupt.is_set() {
            self.reload();
            let reading = Reading { wall: Clock::system().now(), steady: self.steady.elapsed() };
            let current = self.plan.almanac.current(reading.wall);
            let ledger = match self.remember(current.as_ref(), reading).await {
                Ok(ledger) => ledger,
                Err(fault) => {
                    self.tell(&format!("waiting: {fault}"));
                    self.doze(Duration::from_secs(30)).await;
                    continue;
                }
            };
            if self.memory.as_ref().is_some_and(|memory| memory.unfinished) && reading.steady >= self.finish_at {
                self.finish_at = reading.steady.saturating_add(AGAIN);
                Box::pin(self.work(reading, None)).await;
                continue;
            }
            if self.memory.as_ref().and_then(|memory| memory.telling_at).is_some_and(|at| at <= reading.wall) {
                self.settle().await;
                self.memory = None;
                continue;
            }
            let next = self.plan.almanac.next(reading.wall).map(|period| self.begins(&period));
            let begins = current.as_ref().map(|period| (period, self.begins(period)));
            match self.vigil.step(reading, begins, next, ledger) {
                Step::Begin(period) => Box::pin(self.work(reading, Some(&period))).await,
                Step::Sleep { nap, held } => {
                    self.say_what_it_waits_for(begins.filter(|_| !ledger.is_taken).map(|(_, at)| at).or(next), held);
                    self.doze(nap).await;
                }
            }
        }
        Ok(())
    }

    /// When a period's run begins here.
    fn begins(&self, period: &Period) -> Timestamp {
        let installation = self.plan.config.database.display().to_string();
        period.due.checked_add(self.plan.almanac.jitter(period, &installation)).unwrap_or(period.due)
    }

    /// Reads the configuration anew when its file has changed.
    fn reload(&mut self) {
        let stamp = Stamp::of(&self.context.config_path);
        if stamp == self.plan.stamp {
            return;
        }
        let read = Config::load(&self.context.config_path).map_err(Failure::bad_input);
        let read = read.and_then(|config| Ok((almanac(&config)?, config)));
        match read {
            Ok((almanac, config)) => {
                self.plan = Plan { stamp, config, almanac };
                self.memory = None;
                self.tell("the configuration was read anew");
            }
            Err(failure) => {
                self.plan.stamp = stamp;
                self.tell(&format!("the configuration has a fault, the last one holds: {:#}", failure.error));
            }
        }
    }

    /// What is stored about the present period; read again when it is another one, or after a while.
    async fn remember(&mut self, current: Option<&Period>, reading: Reading) -> Result<Ledger, StoreFault> {
        let key = current.map(|period| &period.key);
        if let Some(memory) = &self.memory
            && memory.key.as_ref() == key
            && reading.steady.saturating_sub(memory.at) < FRESH
        {
            return Ok(memory.ledger);
        }
        let mut memory = Memory {
            key: key.cloned(),
            ledger: Ledger::default(),
            unfinished: false,
            telling_at: None,
            at: reading.steady,
        };
        match Store::open_existing(&self.plan.config.database).await {
            Err(StoreFault::Absent { .. }) => {}
            Err(fault) => return Err(fault),
            Ok(store) => {
                if let Some(key) = key {
                    memory.ledger = store.ledger(key).await?;
                }
                memory.telling_at = store.waiting_deliveries(reading.wall).await?.next_at;
                memory.unfinished = !store.unfinished_scheduled(worth_finishing(reading.wall)).await?.is_empty();
            }
        }
        let ledger = memory.ledger;
        self.memory = Some(memory);
        Ok(ledger)
    }

    /// Makes the run that is due, or finishes one that was cut off.
    async fn work(&mut self, reading: Reading, period: Option<&Period>) {
        self.memory = None;
        self.tell(&period.map_or("finishing a run".to_owned(), |period| format!("run of {}", period.key)));
        // The clock is read anew for each run: over months the first reading would drift from the true time.
        let context = Context { clock: Clock::system(), json: false, ..self.context.clone() };
        let arguments = no_arguments();
        let doubt = if period.is_some() { Doubt::Believe } else { Doubt::Refuse };
        let mut attempt = pin!(attempt(&context, &arguments, self.interrupt.clone(), doubt));
        let stopped = async {
            self.interrupt.wait().await;
            tokio::time::sleep(GRACE).await;
        };
        let mut stopped = pin!(stopped);
        let pulse = self.service.pulse().unwrap_or(Duration::from_hours(1));
        let ended = loop {
            tokio::select! {
                ended = &mut attempt => break Some(ended),
                () = &mut stopped => break None,
                () = tokio::time::sleep(pulse) => self.service.alive(),
            }
        };
        match ended {
            None => self.context.note("stopped in the middle of a run; the next start finishes it"),
            Some(Ok(Attempt::Made(period, outcome))) => {
                self.context.note(&format!("the run of {} ended with {}", period.key, outcome.exit.code()));
                self.made.push((period.key, outcome.exit));
            }
            Some(Ok(Attempt::Finished(_))) => self.context.note("the run that was cut off is finished"),
            Some(Ok(Attempt::Taken(period))) => self.context.note(&format!("{} has had its run", period.key)),
            Some(Err(failure)) => {
                self.context.note(&format!("{:#}", failure.error));
                if let Some(period) = period {
                    self.vigil.failed(&period.key, reading.steady);
                }
            }
        }
        self.settle().await;
    }

    /// Tells those who are to be told, unless the process is asked to stop.
    async fn settle(&self) {
        let context = Context { clock: Clock::system(), ..self.context.clone() };
        self.service.alive();
        tokio::select! {
            () = alerts::settle(&context, true) => {}
            () = self.interrupt.wait() => {}
        }
        fold(&self.plan.config.database).await;
    }

    /// Sleeps, giving signs of life; ends early when the process is asked to stop or the configuration has changed.
    async fn doze(&self, nap: Duration) {
        let mut left = nap;
        let is_changed = || Stamp::of(&self.context.config_path) != self.plan.stamp;
        while !left.is_zero() && !self.interrupt.is_set() && !is_changed() {
            self.service.alive();
            let part = left.min(self.service.pulse().unwrap_or(left)).min(GLANCE);
            tokio::select! {
                () = tokio::time::sleep(part) => {}
                () = self.interrupt.wait() => {}
            }
            left = left.saturating_sub(part);
        }
    }

    fn say_what_it_waits_for(&mut self, next: Option<Timestamp>, held: Option<&str>) {
        let zone = self.plan.almanac.zone().clone();
        let status = match (held, next) {
            (Some(held), _) => format!("a run is due and held: {held}"),
            (None, Some(next)) => format!("next run {}", next.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M %Z")),
            (None, None) => "no run will be due".to_owned(),
        };
        self.tell(&status);
    }

    /// Tells the service manager, and whoever reads standard error, when it is something new.
    fn tell(&mut self, status: &str) {
        if self.told.as_deref() == Some(status) {
            return;
        }
        Service::status(status);
        self.context.note(status);
        self.told = Some(status.to_owned());
    }

    fn outcome(&self) -> Result<Outcome, Failure> {
        if !self.context.json {
            return Ok(Outcome::ok(String::new()));
        }
        let made: Vec<_> =
            self.made.iter().map(|(key, exit)| json!({"key": key.as_str(), "exit": exit.code()})).collect();
        document(&json!({ "made": made })).map(Outcome::ok).map_err(Failure::internal)
    }
}

#[cfg(test)]
mod tests;
