//! Sending: one call to SES for each probe, claimed before and settled after.
//!
//! A probe whose call has an unknown outcome is never sent again. One that SES surely did not take (it throttled, the
//! connection could not be opened) is tried again within the run's wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fail::fail_point;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;

use super::Failure;
use super::board::Board;
use super::interrupt::Interrupt;
use crate::domain::handoff::{Handoff, Letter};
use crate::domain::probe::Probe;
use crate::domain::stream::StreamName;
use crate::edge::clock::Clock;
use crate::edge::ses::{Pace, Sender};
use crate::edge::store::{Store, StoreFault};
use crate::render::progress::Progress;

/// Most calls under way at once. SES answers within a fraction of a second, so this carries well over 30 a second.
const CALLS_AT_ONCE: usize = 10;
/// How long a call may still take once the user wished to stop.
const LAST_PATIENCE: Duration = Duration::from_secs(3);
/// Most tries for one probe.
const TRIES: u32 = 6;

/// How one stream's probes leave.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The way to SES.
    pub(crate) sender: Arc<Sender>,
    /// Its pace, shared by all streams of one account and region.
    pub(crate) pace: Arc<Pace>,
}

/// Everything the sending of one run shares.
#[derive(Debug)]
pub(crate) struct Sending {
    /// The ways, by stream.
    pub(crate) routes: BTreeMap<StreamName, Route>,
    /// How long a probe that was turned away may be tried again.
    pub(crate) wait: Duration,
    /// What is known of the probes.
    pub(crate) board: Arc<Board>,
    /// Where claims are committed.
    pub(crate) store: Store,
    /// The clock.
    pub(crate) clock: Clock,
    /// Ctrl-C and its like.
    pub(crate) interrupt: Interrupt,
    /// The bars.
    pub(crate) progress: Progress,
}

/// Sends every probe, and marks the board when the last one is settled. Each message is composed when its turn has come:
/// a thousand copies of a large one would not fit into memory.
pub(crate) async fn send_all(
    sending: &Sending,
    probes: Vec<Probe>,
    compose: impl Fn(&Probe) -> Result<Letter, Failure>,
) -> Result<(), Failure> {
    let all = probes.len();
    let compose = &compose;
    let done = AtomicUsize::new(0);
    let done = &done;
    let outcome = futures_util::stream::iter(probes.into_iter().map(Ok))
        .try_for_each_concurrent(CALLS_AT_ONCE, |probe| async move {
            send_one(sending, &probe, &compose(&probe)?).await.map_err(Failure::internal)?;
            sending.progress.sent(done.fetch_add(1, Ordering::Relaxed).saturating_add(1), all);
            Ok(())
        })
        .await;
    sending.board.sending_ended();
    outcome
}

async fn send_one(sending: &Sending, probe: &Probe, letter: &Letter) -> Result<(), StoreFault> {
    let Some(route) = sending.routes.get(&probe.stream) else { return Ok(()) };
    let mut give_up_at = None;
    for attempt in 1..=TRIES {
        if stopped(sending, route).await {
            return Ok(());
        }
        let claimed_at = sending.clock.now();
        let number = match sending.store.claim(probe.id, claimed_at).await {
            Ok(number) => number,
            // A look saw it meanwhile, so it had arrived after all.
            Err(StoreFault::NotClaimable { .. }) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        sending.board.claimed(probe.id, claimed_at);
        fail_point!("call-begins");
        let handoff = tokio::select! {
            handoff = route.sender.send(letter) => handoff,
            () = out_of_patience(sending) => {
                Handoff::Unknown { why: "the program was interrupted during the call".to_owned() }
            }
        };
        fail_point!("call-ended");
        let at = sending.clock.now();
        sending.store.settle(probe.id, number, &handoff, at).await?;
        sending.board.settled(probe.id, &handoff, at);
        let give_up_at = *give_up_at.get_or_insert(claimed_at.checked_add(sending.wait).unwrap_or(Timestamp::MAX));
        match handoff {
            Handoff::Accepted(_) | Handoff::Refused { .. } | Handoff::Unknown { .. } => return Ok(()),
            Handoff::NotAccepted { retry_after: None, why } => {
                route.pace.stop(&why);
                return Ok(());
            }
            Handoff::NotAccepted { retry_after: Some(pause), .. } => {
                let again = at.checked_add(pause * attempt).unwrap_or(Timestamp::MAX);
                if again >= give_up_at {
                    return Ok(());
                }
                tokio::select! {
                    () = sending.clock.sleep_until(again) => {}
                    () = sending.interrupt.wait() => return Ok(()),
                }
            }
        }
    }
    Ok(())
}

/// Returns some time after the user wished to stop: a call under way is given the chance to end well.
async fn out_of_patience(sending: &Sending) {
    sending.interrupt.wait().await;
    tokio::time::sleep(LAST_PATIENCE).await;
}

/// Waits for the account's pace; true when nothing may be sent any more.
async fn stopped(sending: &Sending, route: &Route) -> bool {
    tokio::select! {
        () = route.pace.turn() => {}
        () = sending.interrupt.wait() => {}
    }
    sending.interrupt.is_set() || route.pace.is_stopped()
}
