//! Watching: looks through every seed until all probes are settled or their time is up, then a closing look.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::board::Board;
use super::interrupt::Interrupt;
use crate::domain::look::{Look, Sought};
use crate::domain::run::RunId;
use crate::domain::seed::Address;
use crate::edge::clock::Clock;
use crate::edge::imap::Mailbox;
use crate::edge::store::{Store, StoreFault};
use crate::render::progress::Progress;

/// How long after the first handoff the first look begins.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// The longest gap between two looks through one seed.
const LONGEST_GAP: Duration = Duration::from_mins(1);
/// How often the bars are drawn.
const BETWEEN_DRAWINGS: Duration = Duration::from_millis(200);
/// How many refusals in a row make a seed be left alone: more could lock the mailbox.
const REFUSALS: u32 = 2;

/// Everything a watched run shares between its seeds.
pub(crate) struct Watch {
    /// The run.
    pub(crate) run: RunId,
    /// How long each probe is watched.
    pub(crate) wait: Duration,
    /// What is known of its probes.
    pub(crate) board: Arc<Board>,
    /// Where looks are stored.
    pub(crate) store: Store,
    /// The clock.
    pub(crate) clock: Clock,
    /// Ctrl-C and its like.
    pub(crate) interrupt: Interrupt,
    /// The bars.
    pub(crate) progress: Progress,
    /// Whether there are more seeds than connections, so that most looks must sign in anew.
    pub(crate) crowded: bool,
    /// Whether a closing look is owed even when all probes are settled: `sweep` always looks.
    pub(crate) always_close: bool,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Watch").field("run", &self.run).finish_non_exhaustive()
    }
}

/// How watching ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every seed had its closing look, or all probes were settled before.
    Closed,
    /// It was interrupted; what was seen is stored.
    Interrupted,
}

/// Watches all seeds side by side. Each seed has a task of its own, so that a slow one holds up nobody.
pub(crate) async fn watch(shared: Arc<Watch>, mailboxes: Vec<(Address, Mailbox)>) -> Result<Ended, StoreFault> {
    let mut seeds = JoinSet::new();
    for (address, mailbox) in mailboxes {
        seeds.spawn(watch_seed(Arc::clone(&shared), address, mailbox));
    }
    let ticking = show_progress(Arc::clone(&shared));
    let finished = async {
        let mut fault = None;
        while let Some(joined) = seeds.join_next().await {
            // A panic in one seed's task is that seed's: its probes have no closing look and stay unmeasured.
            if let Ok(Err(error)) = joined {
                fault = Some(error);
            }
        }
        fault.map_or(Ok(()), Err)
    };
    tokio::select! {
        () = ticking => Ok(Ended::Interrupted),
        result = finished => result.map(|()| if shared.interrupt.is_set() { Ended::Interrupted } else { Ended::Closed }),
    }
}

/// Draws how many probes were found; never returns.
async fn show_progress(shared: Arc<Watch>) {
    loop {
        let (sent, seen) = shared.board.counts();
        let left = shared.board.last_deadline().map(|at| at.duration_since(shared.clock.now()));
        shared.progress.found(seen, sent, left.and_then(|left| Duration::try_from(left).ok()));
        tokio::time::sleep(BETWEEN_DRAWINGS).await;
    }
}

/// Watches one seed to its end, or until the interrupt. What a look saw is stored before anything stops.
async fn watch_seed(shared: Arc<Watch>, seed: Address, mailbox: Mailbox) -> Result<(), StoreFault> {
    let result = pursue(&shared, &seed, &mailbox).await;
    mailbox.close().await;
    result
}

async fn pursue(shared: &Watch, seed: &Address, mailbox: &Mailbox) -> Result<(), StoreFault> {
    let Some(first) = first_handoff(shared).await else { return Ok(()) };
    let mut pace = Pace::new(shared, seed, first);
    while !is_over(shared) {
        shared_sleep(shared, pace.next).await;
        if is_over(shared) || pace.gave_up() {
            break;
        }
        if shared.board.seed_is_settled(seed) || shared.board.sought(seed).is_empty() {
            // Nothing more to learn here before the closing look; other seeds need the connection.
            pace.rest(shared.clock.now());
            continue;
        }
        let Some(look) = look_once(shared, seed, mailbox).await? else { return Ok(()) };
        pace.after(&look, shared.clock.now());
    }
    if shared.interrupt.is_set() || (shared.board.milestone().settled && !shared.always_close) {
        return Ok(());
    }
    close(shared, seed, mailbox, &mut pace).await
}

/// Waits for the first handoff of the run; `None` when nothing was sent at all.
async fn first_handoff(shared: &Watch) -> Option<Timestamp> {
    let mut milestones = shared.board.milestones();
    tokio::select! {
        reached = milestones.wait_for(|one| one.first_handoff.is_some() || !one.sending) => {
            reached.ok().and_then(|one| one.first_handoff)
        }
        () = shared.interrupt.wait() => None,
    }
}

/// Whether regular looks have ended: all is settled, the last deadline has passed, or the user wants to stop.
fn is_over(shared: &Watch) -> bool {
    if shared.interrupt.is_set() {
        return true;
    }
    let reached = shared.board.milestone();
    if reached.sending {
        return false;
    }
    reached.settled || shared.board.last_deadline().is_none_or(|at| at <= shared.clock.now())
}

/// Sleeps until `moment`, or until regular looks end.
async fn shared_sleep(shared: &Watch, moment: Timestamp) {
    let mut milestones = shared.board.milestones();
    while !is_over(shared) && shared.clock.now() < moment {
        let until = shared
            .board
            .last_deadline()
            .filter(|_| !shared.board.milestone().sending)
            .map_or(moment, |at| at.min(moment));
        tokio::select! {
            () = shared.clock.sleep_until(until) => {}
            _ = milestones.changed() => {}
            () = shared.interrupt.wait() => {}
        }
    }
}

/// One look, stored before anything is concluded from it; `None` when it was interrupted.
async fn look_once(shared: &Watch, seed: &Address, mailbox: &Mailbox) -> Result<Option<Look>, StoreFault> {
    let sought = shared.board.sought(seed);
    store_look(shared, seed, &sought, mailbox.look(&sought)).await
}

/// One look that may say that a probe is nowhere, hence also through folders made since the baseline.
async fn last_look(shared: &Watch, seed: &Address, mailbox: &Mailbox) -> Result<Option<Look>, StoreFault> {
    let sought = shared.board.sought(seed);
    if !shared.board.seed_lacks_one(seed) {
        return store_look(shared, seed, &sought, mailbox.look(&sought)).await;
    }
    store_look(shared, seed, &sought, mailbox.look_everywhere(&sought)).await
}

async fn store_look(
    shared: &Watch,
    seed: &Address,
    sought: &[Sought],
    looking: impl Future<Output = Look>,
) -> Result<Option<Look>, StoreFault> {
    let look = tokio::select! {
        look = looking => look,
        () = shared.interrupt.wait() => return Ok(None),
    };
    shared.store.save_look(shared.run, seed, &look).await?;
    shared.board.saw(&look, sought);
    Ok(Some(look))
}

/// The closing look, after the last deadline. A probe that it does not see is looked for once more at once, as a copy
/// may be moved from a folder not yet read into one already read. A passing failure is tried again for a little while.
async fn close(shared: &Watch, seed: &Address, mailbox: &Mailbox, pace: &mut Pace) -> Result<(), StoreFault> {
    if pace.gave_up() || shared.board.sought(seed).is_empty() {
        return Ok(());
    }
    let grace = LONGEST_GAP.min((shared.wait / 5).max(Duration::from_secs(3)));
    let until = shared.clock.now().checked_add(grace).unwrap_or(Timestamp::MAX);
    loop {
        // A server's wish to be left alone is honoured as long as the run can wait; without this look nothing is known.
        if !sleep_unless_interrupted(shared, pace.not_before.min(until)).await {
            return Ok(());
        }
        let Some(look) = last_look(shared, seed, mailbox).await? else { return Ok(()) };
        pace.after(&look, shared.clock.now());
        if look.failed.is_none() {
            break;
        }
        if !look.temporary || pace.next > until || !sleep_unless_interrupted(shared, pace.next).await {
            return Ok(());
        }
    }
    if shared.board.seed_lacks_one(seed) {
        last_look(shared, seed, mailbox).await?;
    }
    Ok(())
}

/// Sleeps until `moment`; false when the user wants to stop.
async fn sleep_unless_interrupted(shared: &Watch, moment: Timestamp) -> bool {
    tokio::select! {
        () = shared.clock.sleep_until(moment) => {}
        () = shared.interrupt.wait() => {}
    }
    !shared.interrupt.is_set()
}

/// When the next look through one seed begins.
#[derive(Debug)]
struct Pace {
    next: Timestamp,
    not_before: Timestamp,
    gap: Duration,
    cap: Duration,
    failures: u32,
    refusals: u32,
    salt: u64,
}

impl Pace {
    fn new(shared: &Watch, seed: &Address, first: Timestamp) -> Self {
        let mut hash = DefaultHasher::new();
        (seed, shared.run.0).hash(&mut hash);
        let cap = LONGEST_GAP.min(shared.wait / 10);
        let gap = if shared.crowded { cap } else { FIRST_LOOK.min(cap) };
        let next = first.checked_add(FIRST_LOOK).unwrap_or(Timestamp::MAX);
        Self { next, not_before: Timestamp::MIN, gap, cap, failures: 0, refusals: 0, salt: hash.finish() }
    }

    /// Whether the seed refused so often that it is left alone.
    fn gave_up(&self) -> bool {
        self.refusals >= REFUSALS
    }

    /// Nothing to look for at the moment.
    fn rest(&mut self, now: Timestamp) {
        self.next = now.checked_add(self.cap.max(Duration::from_millis(1))).unwrap_or(Timestamp::MAX);
    }

    /// The gap grows by half after each look; failures double it, and the server's own wish stretches it.
    fn after(&mut self, look: &Look, now: Timestamp) {
        self.failures = if look.failed.is_some() { self.failures.saturating_add(1) } else { 0 };
        self.refusals = if look.failed.is_some() && !look.temporary { self.refusals.saturating_add(1) } else { 0 };
        let backoff = Duration::from_secs(1) * 2_u32.saturating_pow(self.failures.min(6));
        let gap = if self.failures == 0 { self.gap } else { self.gap.max(backoff.min(Duration::from_secs(80))) };
        if let Some(wish) = look.leave_alone {
            self.not_before = now.checked_add(wish.min(Duration::from_mins(5))).unwrap_or(now);
        }
        self.next = now.checked_add(self.jittered(gap)).unwrap_or(Timestamp::MAX).max(self.not_before);
        self.gap = (self.gap * 3 / 2).min(self.cap);
    }

    /// Up to a fifth more or less, so that seeds of one provider do not all look at the same moment.
    fn jittered(&mut self, gap: Duration) -> Duration {
        let mut hash = DefaultHasher::new();
        self.salt.hash(&mut hash);
        self.salt = hash.finish();
        let fifth = u32::try_from(self.salt % 41).unwrap_or(20);
        (gap * (80 + fifth) / 100).max(Duration::from_millis(1))
    }
}
