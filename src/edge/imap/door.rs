//! The door of a mailbox: whether we may knock now, and what came of it, remembered from run to run.
//!
//! Every sign-in passes here twice: before its first byte leaves, when it is noted as begun, and after its end. What is
//! decided from that is the business of [`Standing`].

#[cfg(test)]
use std::collections::BTreeMap;
#[cfg(test)]
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sha2::Sha256;

use super::failure::{ImapFailure, clock_time};
use super::{Access, Credential};
use crate::domain::seed::Address;
use crate::domain::sign_in::SignIn;
use crate::domain::standing::{Admission, Mark, Standing};
use crate::edge::clock::Clock;
use crate::edge::store::{Store, StoreFault};

/// How long a server's wish for quiet is waited out; a longer one ends the attempt, and the caller says so.
const PATIENCE_WITH_QUIET: Duration = Duration::from_mins(1);

/// Where standings are kept.
#[derive(Debug)]
enum Memory {
    /// In the database.
    Kept(Store),
    /// Only as long as a test runs.
    #[cfg(test)]
    Fleeting(Mutex<BTreeMap<Address, Standing>>),
}

/// The door to all mailboxes of one program run.
pub(crate) struct Door {
    memory: Memory,
    key: [u8; 32],
    /// Whether mailboxes that refused too often are tried all the same.
    again: bool,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Door").field("memory", &self.memory).field("again", &self.again).finish_non_exhaustive()
    }
}

/// A sign-in that may go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knock {
    mark: Mark,
    began: Timestamp,
}

impl Door {
    /// A door that remembers in this database. `again` tries mailboxes too that are otherwise left alone.
    pub(crate) fn remembering(store: Store, again: bool) -> Result<Self, StoreFault> {
        let key = store.key()?;
        Ok(Self { memory: Memory::Kept(store), key, again })
    }

    /// A door that forgets at the end.
    #[cfg(test)]
    pub(crate) fn fleeting() -> Self {
        Self { memory: Memory::Fleeting(Mutex::default()), key: [0; 32], again: false }
    }

    /// Waits until a sign-in may begin. Nothing is held meanwhile, and nothing is noted.
    pub(super) async fn wait(&self, access: &Access, clock: &Clock) -> Result<(), ImapFailure> {
        loop {
            let (admission, now) = self.ask(access, clock, false).await?;
            match admission {
                Admission::Now => return Ok(()),
                Admission::NotBefore(at) => clock.sleep_until(at).await,
                Admission::Quiet(until) if until.duration_since(now) <= short() => clock.sleep_until(until).await,
                Admission::Quiet(until) => return Err(quiet(access, until, now)),
                Admission::LeftAlone(refused) => {
                    let help = access.provider.remedy(refused.outcome).to_owned();
                    let login = access.seed.login.clone();
                    return Err(ImapFailure::LeftAlone { login, refused: Box::new(refused), help });
                }
            }
        }
    }

    /// Notes that a sign-in begins; `None` if somebody else was faster and it must wait again.
    pub(super) async fn knock(&self, access: &Access, clock: &Clock) -> Result<Option<Knock>, ImapFailure> {
        let (admission, began) = self.ask(access, clock, true).await?;
        Ok((admission == Admission::Now).then(|| Knock { mark: self.mark(access), began }))
    }

    async fn ask(&self, access: &Access, clock: &Clock, begins: bool) -> Result<(Admission, Timestamp), ImapFailure> {
        let mark = self.mark(access);
        let (most, again) = (access.provider.mailbox_sign_ins, self.again);
        // As the database keeps it.
        let now = Timestamp::from_millisecond(clock.now().as_millisecond()).unwrap_or(Timestamp::MIN);
        let weigh = |standing: &mut Standing, begins: bool| {
            let mut admission = standing.admits(mark, most, now);
            if again && matches!(admission, Admission::LeftAlone(_)) {
                admission = Standing { refused: None, ..standing.clone() }.admits(mark, most, now);
            }
            if begins && admission == Admission::Now {
                standing.begins(now);
            }
            (admission, now)
        };
        // What is refused to one seed of a mailbox is refused to all of them, and their sign-ins are counted together.
        if let Some(first) = elder(access) {
            for (seed, begins) in [(&access.seed.address, false), (first, begins)] {
                let weighed = self.change(seed, |standing| weigh(standing, begins)).await?;
                if weighed.0 != Admission::Now {
                    return Ok(weighed);
                }
            }
        }
        self.change(&access.seed.address, |standing| weigh(standing, begins)).await
    }

    /// Notes how it came out.
    pub(super) async fn note(
        &self,
        access: &Access,
        clock: &Clock,
        knock: Knock,
        failure: Option<&ImapFailure>,
    ) -> Result<(), ImapFailure> {
        let outcome = failure.map_or(SignIn::Done, ImapFailure::sign_in);
        let said = failure.map(ImapFailure::words).unwrap_or_default();
        for seed in elder(access).into_iter().chain([&access.seed.address]) {
            self.change(seed, |standing| {
                let now = clock.now();
                // What another seed comes with says nothing about the first one's own secret.
                let other =
                    standing.refused.clone().filter(|one| *seed != access.seed.address && one.mark != knock.mark);
                standing.ended(outcome, &said, knock.mark, knock.began, now);
                standing.refused = other.or_else(|| standing.refused.take());
                if let Some(ImapFailure::Throttled { wait, .. }) = failure {
                    standing.wishes_quiet(*wait, now);
                }
            })
            .await?;
        }
        Ok(())
    }

    /// Notes that a server asked in mid-session to be left alone, for so long if it said so.
    pub(super) async fn wishes_quiet(&self, access: &Access, clock: &Clock, wish: Option<Duration>) {
        for seed in elder(access).into_iter().chain([&access.seed.address]) {
            // What could not be noted is known to this run all the same.
            self.change(seed, |standing| standing.wishes_quiet(wish, clock.now())).await.ok();
        }
    }

    async fn change<T>(&self, seed: &Address, change: impl FnOnce(&mut Standing) -> T) -> Result<T, ImapFailure> {
        match &self.memory {
            Memory::Kept(store) => store
                .change_standing(seed, change)
                .await
                .map_err(|fault| ImapFailure::Unremembered { why: fault.to_string() }),
            #[cfg(test)]
            Memory::Fleeting(standings) => {
                let mut standings = standings.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(change(standings.entry(seed.clone()).or_default()))
            }
        }
    }

    /// The mark of a credential together with all that decides where it goes: a seed that is corrected is a new one.
    fn mark(&self, access: &Access) -> Mark {
        let consent;
        let secret = match &access.credential {
            Credential::Password(secret) => secret.expose_secret(),
            // Tokens come and go; what a person renews is the consent behind them.
            Credential::Bearer(grant) => {
                consent = grant.consent();
                consent.as_str()
            }
        };
        let port = access.seed.port.to_string();
        let parts = [access.seed.host.as_str(), port.as_str(), access.seed.login.as_str(), secret];
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return Mark(0) };
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let mut bytes = mac.finalize().into_bytes().into_iter();
        Mark(u16::from_be_bytes([bytes.next().unwrap_or(0), bytes.next().unwrap_or(0)]))
    }
}

/// The seed under which is kept what all seeds of one mailbox share, where that is another one.
fn elder(access: &Access) -> Option<&Address> {
    access.shared.as_ref().filter(|first| **first != access.seed.address)
}

fn short() -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(PATIENCE_WITH_QUIET).unwrap_or(jiff::SignedDuration::MAX)
}

fn quiet(access: &Access, until: Timestamp, now: Timestamp) -> ImapFailure {
    let wait = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    ImapFailure::Quiet { login: access.seed.login.clone(), until: clock_time(until), wait }
}

#[cfg(test)]
mod tests;
