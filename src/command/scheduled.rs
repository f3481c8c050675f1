//! `run --scheduled`: the run that the present period of the schedule owes, made once whoever asks for it.
//!
//! A timer, cron, launchd and the daemon all end here. What an earlier scheduled run left unfinished is finished first.

use anyhow::anyhow;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::almanac::almanac;
use super::interrupt::Interrupt;
use super::preparation::Preparation;
use super::{Context, Failure, Outcome, run, sweep};
use crate::Exit;
use crate::cli::RunArgs;
use crate::config::Config;
use crate::domain::schedule::Period;
use crate::edge::store::{Lock, Store};
use crate::render::json::{document, moment};

/// A scheduled run that was cut off is finished within this time; afterwards it says little and is left to `sweep`.
const WORTH_FINISHING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How a scheduled start ended.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// The period's run was made.
    Made(Period, Outcome),
    /// No run was owed; an earlier one was finished.
    Finished(Outcome),
    /// No run was owed: this period has had its run.
    Taken(Period),
}

/// Whether the clock may show a time before the last scheduled run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Then nothing is sent.
    Refuse,
    /// Who waits has watched it long enough.
    Believe,
}

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &RunArgs) -> Result<Outcome, Failure> {
    match attempt(context, args, Interrupt::listen(), Doubt::Refuse).await? {
        Attempt::Made(_, outcome) | Attempt::Finished(outcome) => Ok(outcome),
        Attempt::Taken(period) => {
            let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
            let next = almanac(&config)?.next(context.clock.now());
            taken(context, &period, next.as_ref())
        }
    }
}

/// A timer that fires often must not fill a mailbox: without `--json` there is nothing on standard output.
fn taken(context: &Context, period: &Period, next: Option<&Period>) -> Result<Outcome, Failure> {
    if context.json {
        let next = next.map(|next| json!({"key": next.key.as_str(), "due_at": moment(next.due)}));
        let value = json!({"scheduled": {"key": period.key.as_str(), "made": false, "next": next}});
        return document(&value).map(Outcome::ok).map_err(Failure::internal);
    }
    let next = next.map_or(String::new(), |next| format!("; the next is due {}", moment(next.due)));
    context.note(&format!("{} has had its run{next}", period.key));
    Ok(Outcome::ok(String::new()))
}

/// Makes the run of the present period, unless it was made.
pub(crate) async fn attempt(
    context: &Context,
    args: &RunArgs,
    interrupt: Interrupt,
    doubt: Doubt,
) -> Result<Attempt, Failure> {
    let preparation = Preparation::new(context, args)?;
    let almanac = almanac(&preparation.config)?;
    let lock = Failure::locked(Lock::try_take(&preparation.config.database, None))?;
    let store = Store::open(&preparation.config.database).await.map_err(Failure::bad_input)?;
    let finished = finish_cut_off(context, &preparation.config, &lock, &store, &interrupt).await?;
    if let Some(outcome) = finished.as_ref().filter(|outcome| outcome.exit == Exit::Interrupted) {
        return Ok(Attempt::Finished(Outcome { exit: outcome.exit, stdout: outcome.stdout.clone() }));
    }
    let now = context.clock.now();
    let period = almanac.current(now).ok_or_else(|| {
        Failure::bad_input(anyhow!("{}: schedule: no run was ever due", preparation.config.file.display()))
    })?;
    let ledger = store.ledger(&period.key).await.map_err(Failure::internal)?;
    if ledger.is_taken {
        return Ok(finished.map_or(Attempt::Taken(period), Attempt::Finished));
    }
    if doubt == Doubt::Refuse && ledger.is_ahead_of(now) {
        return Err(behind(now, ledger.newest_due));
    }
    let made = run::make(context, preparation, lock, store, interrupt, Some(&period)).await?;
    Ok(made.map_or_else(|| Attempt::Taken(period.clone()), |outcome| Attempt::Made(period.clone(), outcome)))
}

fn behind(now: Timestamp, newest: Option<Timestamp>) -> Failure {
    let newest = newest.map_or(String::new(), moment);
    Failure::bad_input(anyhow!(
        "the clock says {}, which is before the last scheduled run of {newest}; set the clock, or make a run without \
         --scheduled; nothing was sent",
        moment(now)
    ))
}

/// Finishes scheduled runs that were cut off; the outcome of the last one, if there was one. One of which nothing had left
/// is taken back, so that its period still gets its run.
async fn finish_cut_off(
    context: &Context,
    config: &Config,
    lock: &Lock,
    store: &Store,
    interrupt: &Interrupt,
) -> Result<Option<Outcome>, Failure> {
    let mut last = None;
    for id in store.unfinished_scheduled(worth_finishing(context.clock.now())).await.map_err(Failure::internal)? {
        if store.withdraw_run(id).await.map_err(Failure::internal)? {
            context.note(&format!("run {} was cut off before anything was sent; it is made anew", id.0));
            continue;
        }
        context.note(&format!("run {} was cut off; finishing it", id.0));
        let outcome = sweep::finish(context, config, lock, store, id, interrupt.clone()).await?;
        let stopped = outcome.exit == Exit::Interrupted;
        last = Some(outcome);
        if stopped {
            break;
        }
    }
    Ok(last)
}

/// From when on a run that was cut off is finished by itself.
pub(crate) fn worth_finishing(now: Timestamp) -> Timestamp {
    now.checked_sub(WORTH_FINISHING).unwrap_or(Timestamp::MIN)
}

/// What a scheduled run takes from the command line: nothing.
pub(crate) fn no_arguments() -> RunArgs {
    RunArgs { streams: Vec::new(), wait: None, label: None, dry_run: false, scheduled: true }
}
