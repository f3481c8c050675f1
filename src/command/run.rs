//! `run`: one run of all or the named streams.
//!
//! Plan, baseline, send, watch, judge, say. Every step commits before the next begins, so that `sweep` can finish what
//! was cut off.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures_util::StreamExt as _;

use super::board::Board;
use super::dns::Recorder;
use super::dry_run::dry_run;
use super::field::Field;
use super::interrupt::Interrupt;
use super::outcome::run_outcome;
use super::preflight::{Memory, Preflight, preflight, refuse_unfit};
use super::preparation::Preparation;
use super::remains::refuse_gone_lab;
use super::send::{Sending, send_all};
use super::watch::{Ended, Watch, watch};
use super::{Context, Failure, Outcome};
use crate::cli::RunArgs;
use crate::domain::look::Baseline;
use crate::domain::probe::Probe;
use crate::domain::run::RunId;
use crate::domain::schedule::Period;
use crate::domain::seed::Address;
use crate::edge::imap::{Door, ImapFailure, Mailbox};
use crate::edge::store::{Lock, Store, refuse_place};
use crate::render::progress::Progress;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &RunArgs) -> Result<Outcome, Failure> {
    let preparation = Preparation::new(context, args)?;
    if args.dry_run {
        refuse_place(&preparation.config.database).map_err(Failure::bad_input)?;
        return dry_run(context, &preparation).await;
    }
    let lock = Failure::locked(Lock::try_take(&preparation.config.database, None))?;
    let store = Store::open(&preparation.config.database).await.map_err(Failure::bad_input)?;
    let made = make(context, preparation, lock, store, Interrupt::listen(), None).await?;
    made.ok_or_else(|| Failure::internal(anyhow!("plan a run that no period stands in the way of")))
}

/// Makes a run under the lock, for a period of the schedule where one is named; `None` when that period has its run.
pub(crate) async fn make(
    context: &Context,
    preparation: Preparation,
    lock: Lock,
    store: Store,
    interrupt: Interrupt,
    period: Option<&Period>,
) -> Result<Option<Outcome>, Failure> {
    refuse_gone_lab(context, &preparation.config)?;
    if let Some(note) = preparation.config.shared_mailboxes() {
        context.note(&note);
    }
    let progress = Progress::new(context.progress);
    progress.asking("SES");
    let addresses = preparation.addresses();
    let sendings = preparation.sendings();
    let asked = tokio::select! {
        asked = preflight(
            &preparation.config,
            &sendings,
            &addresses,
            Memory { store: &store, believed: true },
            &context.clock,
            context.simulated,
        ) => asked.map_err(Failure::bad_input)?,
        () = interrupt.wait() => return Err(Failure::interrupted("before anything was planned or sent")),
    };
    progress.asked();
    refuse_unfit(&asked, addresses.len())?;
    for note in &asked.notes {
        context.note(note);
    }
    let (plan, key) = (preparation.plan(context), fresh_key()?);
    let planned = match period {
        None => store.plan_run(&plan, &key).await.map(Some),
        Some(period) => store.plan_scheduled_run(&plan, &key, period).await,
    };
    let Some((run, probes)) = planned.map_err(Failure::internal)? else { return Ok(None) };
    lock.works_on(run).map_err(Failure::internal)?;
    asked.remember_returns(&store, &context.clock).await;
    let is_scheduled = period.is_some();
    let all = Conduct { context, preparation, store, asked, run, is_scheduled, interrupt, progress };
    let recorder = Recorder {
        context,
        config: &all.preparation.config,
        streams: &all.preparation.streams,
        store: &all.store,
        run,
    };
    recorder.beside(conduct(&all, probes)).await.map(Some)
}

/// The key that a run's tags are derived from: random, used once, kept nowhere.
fn fresh_key() -> Result<[u8; 32], Failure> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|error| Failure::internal(anyhow!("draw a key for the tags: {error}")))?;
    Ok(key)
}

/// Everything a planned run needs to be carried out.
struct Conduct<'a> {
    context: &'a Context,
    preparation: Preparation,
    store: Store,
    asked: Preflight,
    run: RunId,
    /// Whether a period of the schedule is spent with it.
    is_scheduled: bool,
    interrupt: Interrupt,
    progress: Progress,
}

async fn conduct(all: &Conduct<'_>, probes: Vec<Probe>) -> Result<Outcome, Failure> {
    let preparation = &all.preparation;
    let patience = preparation.patience();
    let door = Door::remembering(all.store.clone(), false).map_err(Failure::internal)?;
    let seeds = preparation.seeds();
    let mut field = tokio::select! {
        field = Field::prepare(all.context, &preparation.config, &seeds, patience, door) => field,
        () = all.interrupt.wait() => return run_outcome(all.context, &preparation.config, &all.store, all.run, true).await,
    };
    for (seed, why) in &all.asked.undeliverable {
        field.exclude(seed, why.clone());
    }
    let may_pass = tokio::select! {
        taken = take_baselines(all, &mut field) => taken?,
        () = all.interrupt.wait() => return run_outcome(all.context, &preparation.config, &all.store, all.run, true).await,
    };
    for (seed, why) in &field.excluded {
        all.store.exclude_seed(all.run, seed, why).await.map_err(Failure::internal)?;
    }
    if field.mailboxes.is_empty() {
        if all.is_scheduled && may_pass {
            all.store.withdraw_run(all.run).await.map_err(Failure::internal)?;
        } else {
            all.store.close_run(all.run, all.context.clock.now()).await.map_err(Failure::internal)?;
        }
        let reasons: Vec<String> = field.excluded.iter().map(|(seed, why)| format!("{seed}: {why}")).collect();
        return Err(Failure::bad_input(anyhow!(
            "no seed can be used, so nothing was sent\n  {}",
            reasons.join("\n  ")
        )));
    }
    let chosen: Vec<Probe> = probes.into_iter().filter(|probe| field.mailboxes.contains_key(&probe.seed)).collect();
    // A message that cannot be composed for one seed shows before any has left.
    chosen.iter().try_for_each(|probe| preparation.letter(all.run, probe).map(drop))?;
    let board = Arc::new(Board::new(chosen.clone(), preparation.wait, true));
    let ended = send_and_watch(all, field, chosen, board).await?;
    if ended == Ended::Closed {
        all.store.close_run(all.run, all.context.clock.now()).await.map_err(Failure::internal)?;
    }
    all.progress.clear();
    run_outcome(all.context, &preparation.config, &all.store, all.run, ended == Ended::Interrupted).await
}

/// Signs in to every seed and notes where its folders stand. A seed that cannot be read gets no mail. Returns whether some
/// seed was left out for a reason that may pass.
async fn take_baselines(all: &Conduct<'_>, field: &mut Field) -> Result<bool, Failure> {
    let total = field.mailboxes.len();
    let mailboxes = std::mem::take(&mut field.mailboxes);
    let mut taken = futures_util::stream::iter(mailboxes)
        .map(|(address, mailbox)| async move {
            let baseline = patient_baseline(&mailbox, all.preparation.wait).await;
            (address, mailbox, baseline)
        })
        .buffer_unordered(total.max(1));
    let (mut done, mut may_pass) = (0_usize, false);
    while let Some((address, mailbox, baseline)) = taken.next().await {
        done = done.saturating_add(1);
        all.progress.signed_in(done, total);
        match baseline {
            Ok(baseline) => {
                all.store.save_baseline(all.run, &address, &baseline).await.map_err(Failure::internal)?;
                field.mailboxes.insert(address, mailbox);
            }
            Err(failure) => {
                may_pass |= failure.is_temporary();
                field.exclude(&address, failure.told());
            }
        }
    }
    Ok(may_pass)
}

/// A baseline in up to three tries, with pauses that grow, or as long as the server asked for. No pause is longer than a
/// tenth of the run's wait: the others wait for this seed.
async fn patient_baseline(mailbox: &Mailbox, wait: Duration) -> Result<Baseline, ImapFailure> {
    let longest = wait / 10;
    let mut pauses = [longest.min(Duration::from_secs(3)) / 2, longest.min(Duration::from_secs(10))].into_iter();
    loop {
        let failure = match mailbox.baseline().await {
            Err(failure) if failure.is_brief() => failure,
            done => return done,
        };
        let Some(pause) = pauses.next().map(|pause| pause.max(failure.leave_alone().unwrap_or_default())) else {
            return Err(failure);
        };
        if pause > longest {
            return Err(failure);
        }
        tokio::time::sleep(pause).await;
    }
}

async fn send_and_watch(
    all: &Conduct<'_>,
    field: Field,
    probes: Vec<Probe>,
    board: Arc<Board>,
) -> Result<Ended, Failure> {
    let crowded = all.preparation.is_crowded(field.mailboxes.keys(), field.connections);
    let watching = Arc::new(Watch {
        run: all.run,
        wait: all.preparation.wait,
        board: Arc::clone(&board),
        store: all.store.clone(),
        clock: all.context.clock.clone(),
        interrupt: all.interrupt.clone(),
        progress: all.progress.clone(),
        crowded,
        always_close: false,
    });
    let sending = Sending {
        routes: all.asked.routes.clone(),
        wait: all.preparation.wait,
        board,
        store: all.store.clone(),
        clock: all.context.clock.clone(),
        interrupt: all.interrupt.clone(),
        progress: all.progress.clone(),
    };
    let mailboxes: Vec<(Address, _)> = field.mailboxes.into_iter().collect();
    let compose = |probe: &Probe| all.preparation.letter(all.run, probe);
    let (sent, ended) = tokio::join!(send_all(&sending, probes, compose), watch(watching, mailboxes));
    sent?;
    ended.map_err(Failure::internal)
}
