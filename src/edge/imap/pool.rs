//! The pool: how many connections stand at once, in all and at each provider, and how fast sign-ins follow each other.
//!
//! A permit is held for one look. A session is kept with its permit while nobody waits for one; the moment somebody does,
//! the session that was idle longest is closed. So any number of seeds gets its turn under any limit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::session::Session;
use super::tls::Trust;
use crate::domain::provider::{Provider, ProviderName};
use crate::edge::clock::Clock;

/// Who waits in which order.
#[derive(Debug, Clone)]
struct Waiting {
    provider: ProviderName,
    limit: usize,
}

/// A session that nobody uses at the moment.
#[derive(Debug)]
struct Idle {
    session: Session,
    permit: Permit,
    since: u64,
}

#[derive(Debug, Default)]
struct State {
    open: usize,
    by_provider: BTreeMap<ProviderName, usize>,
    next_sign_in: BTreeMap<ProviderName, Timestamp>,
    idle: BTreeMap<u64, Idle>,
    waiting: BTreeMap<u64, Waiting>,
}

impl State {
    fn is_full(&self, waiting: &Waiting) -> bool {
        self.by_provider.get(&waiting.provider).copied().unwrap_or(0) >= waiting.limit
    }

    /// The mailbox whose session was idle longest among those that would make room.
    fn longest_idle(&self, waiting: &Waiting, most: usize) -> Option<u64> {
        let provider_binds = self.is_full(waiting);
        if !provider_binds && self.open < most {
            return None;
        }
        let fits = |idle: &Idle| !provider_binds || idle.permit.provider == waiting.provider;
        self.idle.iter().filter(|(_, idle)| fits(idle)).min_by_key(|(_, idle)| idle.since).map(|(&mailbox, _)| mailbox)
    }

    fn could_go(&self, waiting: &Waiting, most: usize) -> bool {
        !self.is_full(waiting) && self.open < most || self.longest_idle(waiting, most).is_some()
    }
}

/// The pool.
#[derive(Debug)]
pub(crate) struct Pool {
    most: usize,
    clock: Clock,
    trust: Trust,
    state: Mutex<State>,
    changed: Notify,
    counter: AtomicU64,
}

/// The right to hold one connection. It is given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    pool: Weak<Pool>,
    provider: ProviderName,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        let mut state = pool.state();
        state.open = state.open.saturating_sub(1);
        if let Some(open) = state.by_provider.get_mut(&self.provider) {
            *open = open.saturating_sub(1);
        }
        drop(state);
        pool.changed.notify_waiters();
    }
}

/// A place in the queue. It is given up when dropped.
#[derive(Debug)]
struct Ticket<'a> {
    pool: &'a Pool,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.pool.state().waiting.remove(&self.number);
        self.pool.changed.notify_waiters();
    }
}

enum Turn {
    Go(Permit),
    Close(Box<Idle>),
    Wait,
}

impl Pool {
    /// A pool of at most this many connections. The limits of providers come with each [`super::Access`].
    pub(crate) fn new(max_connections: usize, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            most: max_connections.max(1),
            clock,
            trust: Trust::default(),
            state: Mutex::new(State::default()),
            changed: Notify::new(),
            counter: AtomicU64::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that was not given before.
    pub(super) fn number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// The TLS settings shared by all seeds.
    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Waits for a permit, and gives the mailbox's own session back if it is still there.
    pub(super) async fn lease(self: &Arc<Self>, mailbox: u64, provider: &Provider) -> (Permit, Option<Session>) {
        let kept = self.state().idle.remove(&mailbox);
        if let Some(Idle { session, permit, .. }) = kept {
            return (permit, Some(session));
        }
        let waiting = Waiting { provider: provider.name.clone(), limit: provider.max_connections.max(1) };
        let ticket = Ticket { pool: self, number: self.number() };
        self.state().waiting.insert(ticket.number, waiting.clone());
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.turn(&ticket, &waiting) {
                Turn::Go(permit) => return (permit, None),
                Turn::Close(idle) => {
                    idle.session.close().await;
                    drop(idle.permit);
                }
                Turn::Wait => changed.await,
            }
        }
    }

    fn turn(self: &Arc<Self>, ticket: &Ticket<'_>, waiting: &Waiting) -> Turn {
        let mut state = self.state();
        let earlier_goes = state.waiting.range(..ticket.number).any(|(_, earlier)| state.could_go(earlier, self.most));
        if earlier_goes {
            return Turn::Wait;
        }
        if let Some(mailbox) = state.longest_idle(waiting, self.most) {
            return state.idle.remove(&mailbox).map_or(Turn::Wait, |idle| Turn::Close(Box::new(idle)));
        }
        if state.is_full(waiting) || state.open >= self.most {
            return Turn::Wait;
        }
        state.open = state.open.saturating_add(1);
        let open = state.by_provider.entry(waiting.provider.clone()).or_default();
        *open = open.saturating_add(1);
        Turn::Go(Permit { pool: Arc::downgrade(self), provider: waiting.provider.clone() })
    }

    /// Keeps a session for the mailbox's next look, unless somebody waits for its permit.
    pub(super) fn keep(&self, mailbox: u64, session: Session, permit: Permit) {
        let idle = Idle { session, permit, since: self.number() };
        let mut state = self.state();
        let wanted = state.waiting.values().any(|waiting| {
            waiting.provider == idle.permit.provider || !state.is_full(waiting) && state.open >= self.most
        });
        if !wanted {
            let before = state.idle.insert(mailbox, idle);
            drop(state);
            drop(before);
            self.changed.notify_waiters();
            return;
        }
        drop(state);
        tokio::spawn(async move {
            idle.session.close().await;
            drop(idle.permit);
        });
    }

    /// Takes the mailbox's kept session out for good.
    pub(super) fn retire(&self, mailbox: u64) -> Option<(Session, Permit)> {
        let idle = self.state().idle.remove(&mailbox);
        idle.map(|Idle { session, permit, .. }| (session, permit))
    }

    /// Waits until the provider may see another sign-in.
    pub(super) async fn sign_in_turn(&self, provider: &Provider) {
        let at = {
            let mut state = self.state();
            let now = self.clock.now();
            let at = state.next_sign_in.get(&provider.name).copied().unwrap_or(now).max(now);
            let next = at.checked_add(provider.sign_in_gap).unwrap_or(at);
            state.next_sign_in.insert(provider.name.clone(), next);
            at
        };
        self.clock.sleep_until(at).await;
    }
}
