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

    fn take_note(&mut self, role: Role, tab: &TabAnswer, asked: bool) {
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
                self.elsewhere = self.elsewhere.saturating_add(1);
            }
        }
    }
}

#[derive(Debug)]
struct Inner {
    pursuits: BTreeMap<ProbeId, Pursuit>,
    sending: bool,
    first_handoff: Option<Timestamp>,
}

/// The board.
#[derive(Debug)]
pub(crate) struct Board {
    inner: Mutex<Inner>,
    wait: Duration,
    changes: watch::Sender<u64>,
}

impl Board {
    /// A board for these probes. `sending` says whether more of them are still to leave.
    pub(crate) fn new(probes: impl IntoIterator<Item = Probe>, wait: Duration, sending: bool) -> Self {
        let pursuits: BTreeMap<ProbeId, Pursuit> = probes
            .into_iter()
            .map(|probe| (probe.id, Pursuit { probe, tab_known: false, tab_questions: 0, home: false, elsewhere: 0 }))
            .collect();
        let first_handoff = pursuits.values().filter_map(|pursuit| pursuit.probe.sent_at()).min();
        let inner = Mutex::new(Inner { pursuits, sending, first_handoff });
        Self { inner, wait, changes: watch::Sender::new(0) }
    }

    /// Takes over what earlier looks of an interrupted run had seen.
    pub(crate) fn recall(&self, sweeps: &BTreeMap<ProbeId, Vec<Sweep>>) {
        let mut inner = self.lock();
        for (probe, seen) in sweeps {
            let Some(pursuit) = inner.pursuits.get_mut(probe) else { continue };
            for sighting in seen.iter().flat_map(|sweep| &sweep.sightings) {
                pursuit.take_note(sighting.role, &sighting.tab, false);
            }
        }
    }

    /// A receiver that wakes whenever anything on the board changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
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
            let asked = look.failed.is_none() && sought.iter().any(|one| one.probe == copy.probe && one.ask_tab);
            self.with(copy.probe, |pursuit| pursuit.take_note(copy.sighting.role, &copy.sighting.tab, asked));
        }
        self.announce();
    }

    /// What to look for in one seed: every probe of it that may have arrived.
    pub(crate) fn sought(&self, seed: &Address) -> Vec<Sought> {
        let inner = self.lock();
        let here = |pursuit: &&Pursuit| pursuit.probe.seed == *seed && pursuit.has_left();
        inner
            .pursuits
            .values()
            .filter(here)
            .map(|pursuit| Sought {
                probe: pursuit.probe.id,
                tag: pursuit.probe.tagged.then(|| pursuit.probe.tag.clone()),
                ses_id: pursuit.probe.ses_id.clone(),
                ask_tab: !pursuit.tab_known && pursuit.tab_questions < TAB_QUESTIONS,
            })
            .collect()
    }

    /// When the first probe of the run left.
    pub(crate) fn first_handoff(&self) -> Option<Timestamp> {
        self.lock().first_handoff
    }

    /// Whether more probes are still to leave.
    pub(crate) fn is_sending(&self) -> bool {
        self.lock().sending
    }

    /// The last deadline of all probes that left; `None` when none did.
    pub(crate) fn last_deadline(&self) -> Option<Timestamp> {
        self.lock().pursuits.values().filter_map(|pursuit| pursuit.probe.deadline(self.wait)).max()
    }

    /// Whether every probe that may have left this seed's sender is settled.
    pub(crate) fn seed_is_settled(&self, seed: &Address) -> bool {
        let inner = self.lock();
        !inner.sending
            && inner.pursuits.values().filter(|p| p.probe.seed == *seed && p.has_left()).all(Pursuit::is_settled)
    }

    /// Whether some probe of this seed was not seen yet.
    pub(crate) fn seed_lacks_one(&self, seed: &Address) -> bool {
        self.lock().pursuits.values().any(|p| p.probe.seed == *seed && p.has_left() && !p.is_seen())
    }

    /// Whether nothing is left to wait for: all is sent, and every probe that left is settled.
    pub(crate) fn is_settled(&self) -> bool {
        let inner = self.lock();
        !inner.sending && inner.pursuits.values().filter(|p| p.has_left()).all(Pursuit::is_settled)
    }

    /// How many probes left, and how many of them were seen.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let inner = self.lock();
        let left = inner.pursuits.values().filter(|pursuit| pursuit.has_left());
        left.fold((0, 0), |(sent, seen), pursuit| (sent + 1, seen + usize::from(pursuit.is_seen())))
    }

    fn with(&self, probe: ProbeId, change: impl FnOnce(&mut Pursuit)) {
        if let Some(pursuit) = self.lock().pursuits.get_mut(&probe) {
            change(pursuit);
        }
    }

    fn announce(&self) {
        self.changes.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// A panic while the lock was held leaves whole values behind: every change is one assignment.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
