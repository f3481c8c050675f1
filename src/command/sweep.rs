//! `sweep`: looks again at an earlier run and never sends.
//!
//! It finishes a run that was cut off: what was never claimed stays unsent, what was claimed and never answered is
//! settled by what is seen. Before the last deadline it watches until then; after it, it makes one complete look.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;

use super::board::Board;
use super::field::Field;
use super::interrupt::Interrupt;
use super::outcome::run_outcome;
use super::preparation::patience_for;
use super::remains::refuse_gone_lab;
use super::watch::{Ended, Watch, watch};
use super::{Context, Failure, Outcome};
use crate::cli::SweepArgs;
use crate::config::{Config, ConfiguredSeed};
use crate::domain::look::Look;
use crate::domain::run::{Run, RunId};
use crate::domain::seed::Address;
use crate::edge::imap::{Door, Mailbox};
use crate::edge::store::{Lock, Store};
use crate::render::progress::Progress;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &SweepArgs) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    refuse_gone_lab(context, &config)?;
    let lock = Failure::locked(Lock::try_take(&config.database, None))?;
    let store = Store::open_existing(&config.database).await.map_err(Failure::bad_input)?;
    let id = store.resolve(&args.run).await.map_err(Failure::bad_input)?;
    if store.run(id, None).await.map_err(Failure::internal)?.imported {
        return Err(Failure::bad_input(anyhow!(
            "run {} was imported: nothing was sent from here, so there is nothing to look for",
            id.0
        )));
    }
    finish(context, &config, &lock, &store, id, Interrupt::listen()).await
}

/// Looks again at a run, under the lock.
pub(crate) async fn finish(
    context: &Context,
    config: &Config,
    lock: &Lock,
    store: &Store,
    id: RunId,
    interrupt: Interrupt,
) -> Result<Outcome, Failure> {
    lock.works_on(id).map_err(Failure::internal)?;
    store.mark_unknown(id, "the program was cut off during the call").await.map_err(Failure::internal)?;
    let run = store.run(id, Some(id)).await.map_err(Failure::internal)?;
    let progress = Progress::new(context.progress);

    let probes = store.probes(id).await.map_err(Failure::internal)?;
    let board = Arc::new(Board::new(probes, run.wait, false));
    board.recall(&store.sweeps(id).await.map_err(Failure::internal)?);
    let (mailboxes, connections) = tokio::select! {
        returned = return_to(context, config, store, &run, &board) => returned?,
        () = interrupt.wait() => return run_outcome(context, config, store, id, true).await,
    };
    let crowded = mailboxes.len() > connections;
    let watching = Arc::new(Watch {
        run: id,
        wait: run.wait,
        board,
        store: store.clone(),
        clock: context.clock.clone(),
        interrupt,
        progress: progress.clone(),
        crowded,
        always_close: true,
    });
    let ended = watch(watching, mailboxes).await.map_err(Failure::internal)?;
    if ended == Ended::Closed && run.ended_at.is_none() {
        store.close_run(id, context.clock.now()).await.map_err(Failure::internal)?;
    }
    progress.clear();
    run_outcome(context, config, store, id, ended == Ended::Interrupted).await
}

/// The mailboxes of the run's seeds, each at the baseline that was stored, and how many connections there are for them. A
/// seed that can no longer be tried gets a failed look with the reason.
async fn return_to(
    context: &Context,
    config: &Config,
    store: &Store,
    run: &Run,
    board: &Board,
) -> Result<(Vec<(Address, Mailbox)>, usize), Failure> {
    let mut baselines = BTreeMap::new();
    for probe in store.probes(run.id).await.map_err(Failure::internal)? {
        if baselines.contains_key(&probe.seed) || board.sought(&probe.seed).is_empty() {
            continue;
        }
        let baseline = store.baseline(run.id, &probe.seed).await.map_err(Failure::internal)?;
        baselines.insert(probe.seed, baseline);
    }
    let known: Vec<&ConfiguredSeed> =
        config.seeds.iter().filter(|seed| baselines.contains_key(&seed.seed.address)).collect();
    let door = Door::remembering(store.clone(), false).map_err(Failure::internal)?;
    let mut field = Field::prepare(context, config, &known, patience_for(run.wait), door).await;
    let mut mailboxes = Vec::new();
    for (address, baseline) in baselines {
        match (field.mailboxes.remove(&address), baseline) {
            (Some(mailbox), Some(baseline)) => {
                mailbox.resume(baseline);
                mailboxes.push((address, mailbox));
            }
            (None, _) => {
                let gone = || "the seed is no longer in the seed list".to_owned();
                let why = field.excluded.remove(&address).unwrap_or_else(gone);
                could_not_look(context, store, run.id, &address, why).await?;
            }
            (Some(_), None) => {
                let why = "no baseline of its folders is stored".to_owned();
                could_not_look(context, store, run.id, &address, why).await?;
            }
        }
    }
    Ok((mailboxes, field.connections))
}

async fn could_not_look(
    context: &Context,
    store: &Store,
    run: RunId,
    seed: &Address,
    why: String,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let look = Look {
        began_at: now,
        ended_at: now,
        failed: Some(why),
        temporary: false,
        leave_alone: None,
        copies: Vec::new(),
    };
    store.save_look(run, seed, &look).await.map_err(Failure::internal)
}
