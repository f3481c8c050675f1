//! A mailbox: one seed during one run.
//!
//! It remembers between looks what its folders held, not necessarily a connection. Its work runs in a task of its own, so
//! that a panic over hostile data is one failed look and nothing more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::failure::ImapFailure;
use super::folders::Folders;
use super::pass::Pass;
use super::pool::{Permit, Pool};
use super::reading::Reading;
use super::roll::Roll;
use super::session::Session;
use super::survey::Survey;
use super::visit::{Plan, Visit};
use super::{Access, Credential, Patience, baseline, bearer, survey, tabs};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::{Baseline, Look, Sought, Trace};
use crate::domain::sign_in::SignIn;
use crate::edge::clock::Clock;
use crate::edge::oauth::Bearer;

/// A session with its folders listed, or why there is none.
type Opened = Result<(Session, Folders), ImapFailure>;

/// A mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    core: Arc<Core>,
}

#[derive(Debug)]
pub(super) struct Core {
    number: u64,
    pub(super) access: Access,
    pool: Arc<Pool>,
    clock: Clock,
    patience: Patience,
    roll: Mutex<Option<Roll>>,
}

impl Mailbox {
    /// A mailbox. Nothing is connected yet.
    pub(crate) fn new(access: Access, pool: Arc<Pool>, clock: Clock, patience: Patience) -> Self {
        let number = pool.number();
        Self { core: Arc::new(Core { number, access, pool, clock, patience, roll: Mutex::new(None) }) }
    }

    /// Notes where all folders stand. Later looks compare with this.
    pub(crate) async fn baseline(&self) -> Result<Baseline, ImapFailure> {
        let core = Arc::clone(&self.core);
        apart(async move { core.heed(core.baseline().await).await }).await.unwrap_or(Err(ImapFailure::Crashed))
    }

    /// Goes on from a baseline taken earlier.
    pub(crate) fn resume(&self, baseline: Baseline) {
        *self.core.roll() = Some(Roll::of(baseline));
    }

    /// One pass over all folders for these probes, which must all have been sent to this very seed.
    pub(crate) async fn look(&self, sought: &[Sought]) -> Look {
        self.look_through(sought, false).await
    }

    /// The same, with the folders listed anew: a rule may have made one since the baseline. Only after such a look is a
    /// probe called missing.
    pub(crate) async fn look_everywhere(&self, sought: &[Sought]) -> Look {
        self.look_through(sought, true).await
    }

    async fn look_through(&self, sought: &[Sought], anew: bool) -> Look {
        let began_at = self.core.clock.now();
        let core = Arc::clone(&self.core);
        let sought = sought.to_vec();
        let crashed = || {
            let mut pass = Pass::default();
            pass.fail(&ImapFailure::Crashed);
            pass.into_look(began_at, self.core.clock.now())
        };
        apart(async move { core.look(&sought, anew).await }).await.unwrap_or_else(crashed)
    }

    /// What `check` wants to know, also of the probes that earlier runs left at these places.
    pub(crate) async fn survey(&self, traces: Vec<Trace>) -> Result<Survey, ImapFailure> {
        let core = Arc::clone(&self.core);
        apart(async move { core.heed(core.survey(&traces).await).await }).await.unwrap_or(Err(ImapFailure::Crashed))
    }

    /// Signs out, if a session is kept.
    pub(crate) async fn close(&self) {
        if let Some((session, permit)) = self.core.pool.retire(self.core.number) {
            session.close().await;
            drop(permit);
        }
    }
}

/// Runs work in a task of its own, which ends with the caller's interest; `None` if it panicked.
async fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    tasks.join_next().await.and_then(Result::ok)
}

impl Core {
    fn roll(&self) -> MutexGuard<'_, Option<Roll>> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new session with its folders listed, which is what proves a sign-in: Outlook accepts some and then refuses every
    /// command. Nobody is held up while this mailbox must wait. `stale` is an access token that the server no longer takes;
    /// one that it refuses is renewed once, for one more sign-in.
    async fn connect(&self, mut stale: Option<Bearer>) -> Result<(Permit, Session, Folders), ImapFailure> {
        let (door, access) = (self.pool.door(), &self.access);
        let mut refusal = None;
        loop {
            door.wait(access, &self.clock).await?;
            // Seeds of one mailbox knock one after the other, so that a refusal is known to the next.
            let turn = access.shared.as_ref().map(|first| self.pool.turn_of(first));
            let _turn = match &turn {
                Some(turn) => Some(turn.lock().await),
                None => None,
            };
            let permit = self.pool.lease(&access.provider).await;
            let Some(knock) = door.knock(access, &self.clock).await? else { continue };
            let (opened, bearer) = self.open(stale.take(), refusal.take()).await;
            // A token that was refused may just have ended: that counts against nobody. Refused anew, it does.
            let refused = opened.as_ref().is_err_and(|failure| failure.sign_in() == SignIn::TokenRefused);
            match (opened, bearer) {
                (Err(failure), Some((bearer, false))) if refused => (stale, refusal) = (Some(bearer), Some(failure)),
                (opened, bearer) => {
                    door.note(access, &self.clock, knock, opened.as_ref().err()).await?;
                    if let (true, Credential::Bearer(grant), Some((bearer, _))) = (refused, &access.credential, &bearer)
                    {
                        grant.give_up(bearer).await;
                    }
                    return opened.map(|(session, folders)| (permit, session, folders));
                }
            }
        }
    }

    /// Opens a session, and tells by which token and whether that was renewed because of a refusal. Where it cannot be
    /// renewed for no reason of its own, the refusal says more.
    async fn open(&self, stale: Option<Bearer>, refusal: Option<ImapFailure>) -> (Opened, Option<(Bearer, bool)>) {
        let renewed = refusal.is_some();
        let bearer = match &self.access.credential {
            Credential::Password(_) => None,
            Credential::Bearer(grant) => match grant.bearer(stale.as_ref()).await {
                Ok(bearer) => Some(bearer),
                Err(fault) => {
                    let failure = refusal.filter(|_| fault.sign_in() == SignIn::TokenRefused);
                    return (Err(failure.unwrap_or_else(|| bearer::no_token(&self.access, &fault))), None);
                }
            },
        };
        let opened = async {
            let (trust, patience) = (self.pool.trust(), self.patience);
            let mut session = Session::open(&self.access, trust, patience, bearer.as_ref()).await?;
            let folders = session.folders(&self.access).await?;
            Ok((session, folders))
        };
        (opened.await, bearer.map(|bearer| (bearer, renewed)))
    }

    /// Lets later runs know that a server asked to be left alone.
    async fn heed<T>(&self, read: Result<T, ImapFailure>) -> Result<T, ImapFailure> {
        if let Err(ImapFailure::Throttled { wait, .. }) = &read {
            self.pool.door().wishes_quiet(&self.access, &self.clock, *wait).await;
        }
        read
    }

    async fn baseline(&self) -> Result<Baseline, ImapFailure> {
        let (permit, mut session, folders) = self.fresh().await?;
        let taken_at = self.clock.now();
        let (baseline, excess) = baseline::take(&mut session, &folders, taken_at).await?;
        let mut roll = Roll::of(baseline.clone());
        roll.excess = excess;
        *self.roll() = Some(roll);
        self.pool.keep(self.number, session, permit);
        Ok(baseline)
    }

    async fn survey(&self, traces: &[Trace]) -> Result<Survey, ImapFailure> {
        let (permit, mut session, folders) = self.fresh().await?;
        let survey = survey::take(&mut session, &self.access, folders, traces).await?;
        self.pool.keep(self.number, session, permit);
        Ok(survey)
    }

    /// A new session; a kept one would prove nothing about signing in.
    async fn fresh(&self) -> Result<(Permit, Session, Folders), ImapFailure> {
        if let Some((kept, permit)) = self.pool.retire(self.number) {
            kept.close().await;
            drop(permit);
        }
        self.connect(None).await
    }

    async fn look(&self, sought: &[Sought], anew: bool) -> Look {
        let mut pass = Pass::default();
        pass.lists = anew;
        let roll = self.roll().clone();
        let mut began_at = self.clock.now();
        match roll {
            None => pass.failures.push("no baseline was taken of this mailbox".to_owned()),
            Some(roll) => {
                if let Err(failure) = self.look_over(roll, sought, &mut pass, &mut began_at).await {
                    pass.fail(&failure);
                }
            }
        }
        if pass.leave_alone.is_some() {
            self.pool.door().wishes_quiet(&self.access, &self.clock, pass.leave_alone).await;
        }
        pass.into_look(began_at, self.clock.now())
    }

    /// Looks over the kept session; if that turns out to be dead, over a new one at once. The look begins when there is a
    /// connection to look over, or the attempt at one fails.
    async fn look_over(
        &self,
        mut roll: Roll,
        sought: &[Sought],
        pass: &mut Pass,
        began_at: &mut Timestamp,
    ) -> Result<(), ImapFailure> {
        roll.seek(sought);
        let mut stale = None;
        if let Some((mut session, permit)) = self.pool.retire(self.number) {
            match self.pass(&mut session, roll.clone(), sought, pass).await {
                Ok(()) => {
                    self.keep(session, permit, pass);
                    return Ok(());
                }
                Err(failure) if failure.is_dead_session() => {
                    stale = session.bearer().filter(|_| failure.tells_of_token()).cloned();
                    pass.begin_again();
                }
                Err(failure) => return Err(failure),
            }
        }
        let (permit, mut session, folders) = self.connect(stale).await?;
        pass.lists = false;
        *began_at = self.clock.now();
        roll.follow(&folders);
        self.pass(&mut session, roll, sought, pass).await?;
        self.keep(session, permit, pass);
        Ok(())
    }

    fn keep(&self, session: Session, permit: Permit, pass: &Pass) {
        if !pass.session_lost {
            self.pool.keep(self.number, session, permit);
        }
    }

    /// One pass over all folders on the roll. What was read is remembered even if the session breaks afterwards.
    async fn pass(
        &self,
        session: &mut Session,
        mut roll: Roll,
        sought: &[Sought],
        pass: &mut Pass,
    ) -> Result<(), ImapFailure> {
        let mut readings = readings_of(&roll, |_| true);
        let mut failure = read(session, &mut readings, sought, pass).await;
        let left_out = |roll: &Roll, reading: &Reading| reading.is_refused() && roll.can_do_without(reading.folder());
        let is_gone = |one: &Reading| one.is_closed() && !left_out(&roll, one);
        if failure.is_none() && (pass.lists || readings.iter().any(is_gone)) {
            failure = self.list_again(session, &mut roll, &mut readings, sought, pass).await;
        }
        for reading in &readings {
            if let Some(ledger) = reading.ledger() {
                roll.ledgers.insert(reading.folder().clone(), ledger.clone());
            }
            pass.failures.extend(reading.failed().filter(|_| !left_out(&roll, reading)).map(str::to_owned));
            pass.add(reading.copies());
        }
        pass.failures.extend(roll.excess.clone());
        *self.roll() = Some(roll);
        let has_tabs = self.access.provider.tabs && session.can("X-GM-EXT-1");
        if let Some(failure) = failure {
            if has_tabs {
                tabs::leave_open(&mut pass.copies, sought, &failure);
            }
            return Err(failure);
        }
        if has_tabs {
            // A failure here is in the answers; the folders were read all the same.
            if let Some(failure) = tabs::ask(session, &mut pass.copies, sought).await {
                pass.session_lost = true;
                pass.leave_alone = pass.leave_alone.max(failure.leave_alone());
            }
        }
        Ok(())
    }

    /// A folder that cannot be opened may have been removed or renamed, and one may have been made: LIST tells.
    async fn list_again(
        &self,
        session: &mut Session,
        roll: &mut Roll,
        readings: &mut Vec<Reading>,
        sought: &[Sought],
        pass: &mut Pass,
    ) -> Option<ImapFailure> {
        let known = roll.clone();
        match session.folders(&self.access).await {
            Err(failure) => return Some(failure),
            Ok(folders) => roll.follow(&folders),
        }
        readings.retain(|reading| !reading.is_closed() || roll.ledgers.contains_key(reading.folder()));
        let mut added = readings_of(roll, |folder| !known.ledgers.contains_key(folder));
        let failure = read(session, &mut added, sought, pass).await;
        readings.extend(added);
        failure
    }
}

fn readings_of(roll: &Roll, wanted: impl Fn(&FolderName) -> bool) -> Vec<Reading> {
    let mut readings: Vec<(Role, Reading)> = roll
        .ledgers
        .iter()
        .filter(|(folder, _)| wanted(folder))
        .map(|(folder, ledger)| (ledger.role, Reading::new(folder.clone(), ledger.clone(), roll.since)))
        .collect();
    // Spam last among the two that matter most, so that mail moved there during the flight is not missed in both.
    readings.sort_by_key(|(role, _)| match role {
        Role::Inbox => 0,
        Role::Junk => 1,
        Role::Archive | Role::Unknown | Role::Other | Role::Trash => 2,
    });
    readings.into_iter().map(|(_, reading)| reading).collect()
}

/// Reads folders to their end: one flight for all, and further ones only for those that must be asked more.
async fn read(
    session: &mut Session,
    readings: &mut [Reading],
    sought: &[Sought],
    pass: &mut Pass,
) -> Option<ImapFailure> {
    loop {
        let mut open: Vec<(&mut Reading, Plan)> =
            readings.iter_mut().filter_map(|reading| reading.next().map(|plan| (reading, plan))).collect();
        if open.is_empty() {
            return None;
        }
        let plans: Vec<Plan> = open.iter().map(|(_, plan)| plan.clone()).collect();
        let (visits, failure) = session.visit(&plans, sought).await;
        pass.hear(&visits);
        let mut visits = visits.into_iter();
        for (reading, _) in &mut open {
            match (visits.next(), &failure) {
                (Some(visit), None) => reading.take(visit),
                (Some(visit), Some(_)) if is_whole(&visit) => reading.take(visit),
                (visit, _) => reading.abandon(visit),
            }
        }
        if let Some(failure) = failure {
            for (reading, _) in &mut open {
                reading.abandon(None);
            }
            return Some(failure);
        }
    }
}

/// Whether all of a visit was answered before the session broke.
fn is_whole(visit: &Visit) -> bool {
    visit.examined.is_some() && visit.replies.iter().all(Option::is_some)
}
