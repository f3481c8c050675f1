//! The board of a run: how far each probe is, shared by sending and watching.
//!
//! It holds nothing that is not also stored: after a crash it is rebuilt from the database.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::domain::folder::Role;
use crate::domain::handoff::Handoff;
use crate::domain::look::{Look, Sought};
use crate::domain::probe::{Probe, ProbeId, ProbeState};
use crate::domain::seed::Address;
use crate::domain::sighting::{Sweep, TabAnswer};

/// How often a tab that no search finds is asked for before it is called unknown.
const TAB_QUESTIONS: u8 = 2;

/// How often a probe must be seen outside inbox and spam before it is believed to stay there: a copy in the archive may
/// be read a moment before the one in the inbox.
const SIGHTINGS_ELSEWHERE: u8 = 2;

/// What is known of one probe while its run is open.
#[derive(Debug)]
struct Pursuit {
    probe: Probe,
    tab_known: bool,
    tab_questions: u8,
    home: bool,
    elsewhere: u8,
}

impl Pursuit {
    /// Whether looking again could change what is known, short of somebody moving it.
    fn is_settled(&self) -> bool {
        if self.home {
            self.tab_known || self.tab_questions >= TAB_QUESTIONS
        } else {
            self.elsewhere >= SIGHTINGS_ELSEWHERE
        }
    }

    fn is_seen(&self) -> bool {
        self.home || self.elsewhere > 0
    }

    /// Whether it may have reached its seed.
    fn has_left(&self) -> bool {
        matches!(self.probe.state, ProbeState::Accepted | ProbeState::Unknown | ProbeState::Sending)
    }

    /// Enters one copy. `asked` says that its tab was asked for, `complete` that the look read every folder.
    fn take_note(&mut self, role: Role, tab: &TabAnswer, asked: bool, complete: bool) {
        match role {
            Role::Junk => (self.home, self.tab_known) = (true, true),
            Role::Inbox => {
                self.home = true;
                match tab {
                    TabAnswer::Known(_) => self.tab_known = true,
                    // Without the question the answer says nothing; with it, there are no tabs to ask for.
                    TabAnswer::NotApplicable => self.tab_known |= asked,
                    TabAnswer::Unknown | TabAnswer::Failed(_) => {
                        self.tab_questions = self.tab_questions.saturating_add(u8::from(asked));
                    }
                }
            }
            Role::Unknown | Role::Other | Role::Trash | Role::Archive => {
                self.elsewhere = self.elsewhere.saturating_add(u8::from(complete));
            }
        }
    }
}

/// What all seeds of a run wait for. It changes a few times in a run, not with each probe: a thousand seeds wake each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Milestone {
    /// When the first probe of the run left.
    pub(crate) first_handoff: Option<Timestamp>,
    /// Whether more probes are still to leave.
    pub(crate) sending: bool,
    /// Whether nothing is left to wait for: all is sent, and every probe that left is settled.
    pub(crate) settled: bool,
}

/// The pursuits with what is counted of them, so that no question costs more with more probes.
#[derive(Debug, Default)]
struct Inner {
    pursuits: BTreeMap<ProbeId, Pursuit>,
    by_seed: BTreeMap<Address, Vec<ProbeId>>,
    /// Deadlines of those that left, each with how many bear it.
    deadlines: BTreeMap<Timestamp, usize>,
    left: usize,
    seen: usize,
    open: usize,
    sending: bool,
    first_handoff: Option<Timestamp>,
}

impl Inner {
    /// Adds a pursuit to the counts, or takes it out of them.
    fn count(&mut self, probe: ProbeId, wait: Duration, add: bool) {
        let Some(pursuit) = self.pursuits.get(&probe).filter(|pursuit| pursuit.has_left()) else { return };
        let by = |count: usize, counts: bool| match (counts, add) {
            (false, _) => count,
            (true, true) => count.saturating_add(1),
            (true, false) => count.saturating_sub(1),
        };
        self.left = by(self.left, true);
        self.seen = by(self.seen, pursuit.is_seen());
        self.open = by(self.open, !pursuit.is_settled());
        if let Some(deadline) = pursuit.probe.deadline(wait) {
            let bearing = self.deadlines.entry(deadline).or_default();
            *bearing = by(*bearing, true);
            if *bearing == 0 {
                self.deadlines.remove(&deadline);
            }
        }
    }

    fn milestone(&self) -> Milestone {
        Milestone { first_handoff: self.first_handoff, sending: self.sending, settled: !self.sending && self.open == 0 }
    }

    /// The probes of one seed that may have reached it.
    fn here<'a>(&'a self, seed: &Address) -> impl Iterator<Item = &'a Pursuit> {
        let ids = self.by_seed.get(seed).into_iter().flatten();
        ids.filter_map(|id| self.pursuits.get(id)).filter(|pursuit| pursuit.has_left())
    }
}

/// The board.
#[derive(Debug)]
pub(crate) struct Board {
    inner: Mutex<Inner>,
    wait: Duration,
    milestones: watch::Sender<Milestone>,
}

impl Board {
    /// A board for these probes. `sending` says whether more of them are still to leave.
    pub(crate) fn new(probes: impl IntoIterator<Item = Probe>, wait: Duration, sending: bool) -> Self {
        let mut inner = Inner { sending, ..Inner::default() };
        for probe in probes {
            let id = probe.id;
            inner.first_handoff = match (inner.first_handoff, probe.sent_at()) {
                (Some(first), Some(sent)) => Some(first.min(sent)),
                (first, sent) => first.or(sent),
            };
            inner.by_seed.entry(probe.seed.clone()).or_default().push(id);
            let pursuit = Pursuit { probe, tab_known: false, tab_questions: 0, home: false, elsewhere: 0 };
            inner.pursuits.insert(id, pursuit);
            inner.count(id, wait, true);
        }
        let milestones = watch::Sender::new(inner.milestone());
        Self { inner: Mutex::new(inner), wait, milestones }
    }

    /// Takes over what earlier looks of an interrupted run had seen.
    pub(crate) fn recall(&self, sweeps: &BTreeMap<ProbeId, Vec<Sweep>>) {
        for (probe, seen) in sweeps {
            self.with(*probe, |pursuit| {
                for sweep in seen {
                    for sighting in &sweep.sightings {
                        pursuit.take_note(sighting.role, &sighting.tab, false, sweep.is_complete());
                    }
                }
            });
        }
        self.announce();
    }

    /// A receiver that wakes at each milestone.
    pub(crate) fn milestones(&self) -> watch::Receiver<Milestone> {
        self.milestones.subscribe()
    }

    /// A probe was claimed: from now on it may have left.
    pub(crate) fn claimed(&self, probe: ProbeId, at: Timestamp) {
        self.with(probe, |pursuit| {
            pursuit.probe.state = ProbeState::Sending;
            pursuit.probe.claimed_at = Some(at);
        });
    }

    /// SES answered, or did not.
    pub(crate) fn settled(&self, probe: ProbeId, handoff: &Handoff, at: Timestamp) {
        self.with(probe, |pursuit| match handoff {
            Handoff::Accepted(id) => {
                pursuit.probe.state = ProbeState::Accepted;
                pursuit.probe.ses_id = Some(id.clone());
                pursuit.probe.handed_at = Some(at);
            }
            Handoff::Unknown { .. } => pursuit.probe.state = ProbeState::Unknown,
            Handoff::Refused { .. } => pursuit.probe.state = ProbeState::Refused,
            Handoff::NotAccepted { .. } => pursuit.probe.state = ProbeState::NotAccepted,
        });
        if matches!(handoff, Handoff::Accepted(_) | Handoff::Unknown { .. }) {
            self.lock().first_handoff.get_or_insert(at);
        }
        self.announce();
    }

    /// No probe will leave any more.
    pub(crate) fn sending_ended(&self) {
        self.lock().sending = false;
        self.announce();
    }

    /// Enters what a look saw.
    pub(crate) fn saw(&self, look: &Look, sought: &[Sought]) {
        for copy in &look.copies {
            // A look that broke off did not come to asking for tabs.
            let complete = look.failed.is_none();
            let asked = complete && sought.iter().any(|one| one.probe == copy.probe && one.ask_tab);
            self.with(copy.probe, |pursuit| pursuit.take_note(copy.sighting.role, &copy.sighting.tab, asked, complete));
        }
        self.announce();
    }

    /// What to look for in one seed: every probe of it that may have arrived.
    pub(crate) fn sought(&self, seed: &Address) -> Vec<Sought> {
        let inner = self.lock();
        inner
            .here(seed)
            .map(|pursuit| Sought {
                probe: pursuit.probe.id,
                tag: pursuit.probe.tagged.then(|| pursuit.probe.tag.clone()),
                ses_id: pursuit.probe.ses_id.clone(),
                ask_tab: !pursuit.tab_known && pursuit.tab_questions < TAB_QUESTIONS,
            })
            .collect()
    }

    /// What was reached so far.
    pub(crate) fn milestone(&self) -> Milestone {
        *self.milestones.borrow()
    }

    /// The last deadline of all probes that left; `None` when none did.
    pub(crate) fn last_deadline(&self) -> Option<Timestamp> {
        self.lock().deadlines.last_key_value().map(|(&deadline, _)| deadline)
    }

    /// Whether every probe that may have left this seed's sender is settled.
    pub(crate) fn seed_is_settled(&self, seed: &Address) -> bool {
        let inner = self.lock();
        !inner.sending && inner.here(seed).all(Pursuit::is_settled)
    }

    /// Whether some probe of this seed was not seen yet.
    pub(crate) fn seed_lacks_one(&self, seed: &Address) -> bool {
        self.lock().here(seed).any(|pursuit| !pursuit.is_seen())
    }

    /// How many probes left, and how many of them were seen.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.left, inner.seen)
    }

    fn with(&self, probe: ProbeId, change: impl FnOnce(&mut Pursuit)) {
        let mut inner = self.lock();
        inner.count(probe, self.wait, false);
        if let Some(pursuit) = inner.pursuits.get_mut(&probe) {
            change(pursuit);
        }
        inner.count(probe, self.wait, true);
    }

    /// Wakes those who wait if a milestone was reached.
    fn announce(&self) {
        let inner = self.lock();
        let reached = inner.milestone();
        self.milestones.send_if_modified(|known| std::mem::replace(known, reached) != reached);
    }

    /// Nothing that is done while the lock is held can panic.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
