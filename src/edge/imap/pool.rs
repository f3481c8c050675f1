//! The pool: how many connections stand at once, in all and at each provider, and how fast sign-ins follow each other.
//!
//! A permit is held for one look. A session is kept with its permit while nobody waits for one; the moment somebody does,
//! the session that was idle longest is closed. So any number of seeds gets its turn under any limit.
//!
//! Of those who wait, the provider with the fewest open connections comes first: a provider that hangs fills its own
//! share and never the pool, and who waits for a provider's sign-in gap holds nothing meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::door::Door;
use super::session::Session;
use super::tls::Trust;
use crate::domain::provider::{Provider, ProviderName};
use crate::domain::seed::Address;
use crate::edge::clock::Clock;

/// Who waits for a connection to one provider.
#[derive(Debug, Default)]
struct Queue {
    limit: usize,
    tickets: BTreeSet<u64>,
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
    queues: BTreeMap<ProviderName, Queue>,
}

impl State {
    fn open_at(&self, provider: &ProviderName) -> usize {
        self.by_provider.get(provider).copied().unwrap_or(0)
    }

    fn is_full(&self, provider: &ProviderName, limit: usize) -> bool {
        self.open_at(provider) >= limit
    }

    /// The mailbox whose session was idle longest among those that would make room.
    fn longest_idle(&self, provider: &ProviderName, limit: usize, most: usize) -> Option<u64> {
        let provider_binds = self.is_full(provider, limit);
        if !provider_binds && self.open < most {
            return None;
        }
        let fits = |idle: &Idle| !provider_binds || idle.permit.provider == *provider;
        self.idle.iter().filter(|(_, idle)| fits(idle)).min_by_key(|(_, idle)| idle.since).map(|(&mailbox, _)| mailbox)
    }

    /// When the provider may see another sign-in, if that is still to come.
    fn not_before(&self, provider: &ProviderName, now: Timestamp) -> Option<Timestamp> {
        self.next_sign_in.get(provider).copied().filter(|at| *at > now)
    }

    fn could_go(&self, provider: &ProviderName, limit: usize, most: usize, now: Timestamp) -> bool {
        self.not_before(provider, now).is_none()
            && (!self.is_full(provider, limit) && self.open < most
                || self.longest_idle(provider, limit, most).is_some())
    }

    /// Whether somebody at another provider comes before this ticket.
    fn yields(&self, ticket: u64, provider: &ProviderName, most: usize, now: Timestamp) -> bool {
        let rank = (self.open_at(provider), ticket);
        self.queues.iter().filter(|(name, _)| *name != provider).any(|(name, queue)| {
            queue
                .tickets
                .first()
                .is_some_and(|first| (self.open_at(name), *first) < rank && self.could_go(name, queue.limit, most, now))
        })
    }
}

/// The pool.
#[derive(Debug)]
pub(crate) struct Pool {
    most: usize,
    clock: Clock,
    door: Door,
    trust: Trust,
    state: Mutex<State>,
    turns: Mutex<BTreeMap<Address, Arc<tokio::sync::Mutex<()>>>>,
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
    provider: &'a Provider,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.pool.state().queues.get_mut(&self.provider.name) {
            queue.tickets.remove(&self.number);
        }
        self.pool.changed.notify_waiters();
    }
}

enum Turn {
    Go(Permit),
    Close(Box<Idle>),
    /// Until something changes, or this moment if there is one.
    Wait(Option<Timestamp>),
}

impl Pool {
    /// A pool of at most this many connections. The limits of providers come with each [`super::Access`].
    pub(crate) fn new(max_connections: usize, clock: Clock, door: Door) -> Arc<Self> {
        Arc::new(Self {
            most: max_connections.max(1),
            clock,
            door,
            trust: Trust::default(),
            state: Mutex::new(State::default()),
            turns: Mutex::default(),
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

    /// Whose turn it is to knock among the seeds of one mailbox, of which this is the first.
    pub(super) fn turn_of(&self, first: &Address) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(first.clone()).or_default())
    }

    /// The TLS settings shared by all seeds.
    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The door to the mailboxes.
    pub(super) fn door(&self) -> &Door {
        &self.door
    }

    /// Waits for a permit to hold a new connection, and for the moment at which the provider may see another sign-in.
    pub(super) async fn lease(self: &Arc<Self>, provider: &Provider) -> Permit {
        let ticket = Ticket { pool: self, provider, number: self.number() };
        {
            let mut state = self.state();
            let queue = state.queues.entry(provider.name.clone()).or_default();
            queue.limit = provider.max_connections.max(1);
            queue.tickets.insert(ticket.number);
        }
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.turn(&ticket) {
                Turn::Go(permit) => return permit,
                Turn::Close(idle) => {
                    idle.session.close().await;
                    drop(idle.permit);
                }
                Turn::Wait(None) => changed.await,
                Turn::Wait(Some(at)) => tokio::select! {
                    () = changed => {}
                    () = self.clock.sleep_until(at) => {}
                },
            }
        }
    }

    fn turn(self: &Arc<Self>, ticket: &Ticket<'_>) -> Turn {
        let now = self.clock.now();
        let (name, limit) = (&ticket.provider.name, ticket.provider.max_connections.max(1));
        let mut state = self.state();
        let first_here = state.queues.get(name).and_then(|queue| queue.tickets.first().copied());
        if first_here != Some(ticket.number) {
            return Turn::Wait(None);
        }
        if let Some(at) = state.not_before(name, now) {
            return Turn::Wait(Some(at));
        }
        if state.yields(ticket.number, name, self.most, now) {
            return Turn::Wait(None);
        }
        if let Some(mailbox) = state.longest_idle(name, limit, self.most) {
            return state.idle.remove(&mailbox).map_or(Turn::Wait(None), |idle| Turn::Close(Box::new(idle)));
        }
        if state.is_full(name, limit) || state.open >= self.most {
            return Turn::Wait(None);
        }
        state.open = state.open.saturating_add(1);
        let open = state.by_provider.entry(name.clone()).or_default();
        *open = open.saturating_add(1);
        let next = now.checked_add(ticket.provider.sign_in_gap).unwrap_or(now);
        state.next_sign_in.insert(name.clone(), next);
        Turn::Go(Permit { pool: Arc::downgrade(self), provider: name.clone() })
    }

    /// Keeps a session for the mailbox's next look, unless somebody waits for its permit.
    pub(super) fn keep(&self, mailbox: u64, session: Session, permit: Permit) {
        let idle = Idle { session, permit, since: self.number() };
        let mut state = self.state();
        let wanted = state.queues.iter().filter(|(_, queue)| !queue.tickets.is_empty()).any(|(name, queue)| {
            // Who only waits for the provider's gap needs no room.
            let (own, binds, full) =
                (*name == idle.permit.provider, state.is_full(name, queue.limit), state.open >= self.most);
            if own { binds || full } else { !binds && full }
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
}
