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
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use secrecy::SecretString;

    use super::*;
    use crate::domain::oauth::OAuthPreset;
    use crate::domain::provider::{LoginForm, Provider, ProviderName, Tls};
    use crate::domain::seed::{AuthKind, IpFamily, Seed};
    use crate::edge::imap::{Mailbox, Patience, Pool};
    use crate::lab::Lab;
    use crate::lab::fault::{Action, Rule, Verb};
    use crate::lab::mailbox::{Character, NewAccount};

    const ANNA: &str = "anna@plain.example";

    struct Place {
        directory: tempfile::TempDir,
        lab: Lab,
    }

    impl Place {
        async fn new(speed: f64) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let lab = Lab::start(Clock::simulated("2026-11-24T05:59:00Z".parse().unwrap(), speed)).await.unwrap();
            lab.mailboxes.open(NewAccount::new(Character::Plain, ANNA, "right"));
            std::fs::write(directory.path().join("ca.pem"), lab.ca_pem()).unwrap();
            Self { directory, lab }
        }

        fn access(&self, password: &str) -> Access {
            let provider = Provider {
                name: ProviderName::new("stub").unwrap(),
                title: "Stub".to_owned(),
                host: None,
                port: 993,
                tls: Tls::Implicit,
                names: BTreeMap::new(),
                tabs: false,
                spam_threshold: false,
                max_connections: 10,
                sign_in_gap: Duration::ZERO,
                mailbox_sign_ins: 2,
                message_limit: None,
                domains: Vec::new(),
                login: LoginForm::Address,
                sign_in_help: "use an app password".to_owned(),
                oauth: OAuthPreset::default(),
                takes_passwords: true,
                refusals: Vec::new(),
                remedies: BTreeMap::new(),
                receiver: crate::domain::receiver::Receiver::default(),
            };
            let seed = Seed {
                address: Address::new(ANNA).unwrap(),
                provider: provider.name.clone(),
                login: ANNA.to_owned(),
                auth: AuthKind::Password,
                host: "127.0.0.1".to_owned(),
                port: self.lab.imap(Character::Plain).port(),
                tls: Tls::Implicit,
                ca_file: Some(self.directory.path().join("ca.pem")),
                ip: IpFamily::V4,
                junk: None,
                labels: Vec::new(),
            };
            let credential = Credential::Password(SecretString::from(password));
            Access { seed, provider: Arc::new(provider), credential, shared: None }
        }

        /// A program of its own signs in once.
        async fn start(&self, password: &str, again: bool) -> Result<(), ImapFailure> {
            let store = Store::open(Path::new(&self.directory.path().join("inboxed.db"))).await.unwrap();
            let door = Door::remembering(store, again).unwrap();
            let clock = self.lab.clock.clone();
            let pool = Pool::new(5, clock.clone(), door);
            let mailbox = Mailbox::new(self.access(password), pool, clock, Patience::default());
            let baseline = mailbox.baseline().await;
            mailbox.close().await;
            baseline.map(|_| ())
        }

        fn sign_ins(&self) -> usize {
            self.lab.journal.sign_ins().len()
        }
    }

    #[tokio::test]
    async fn a_refused_password_is_tried_twice_and_no_more_until_it_changes() {
        let place = Place::new(1_000.0).await;
        for turn in 0..2 {
            let failure = place.start("wrong", false).await.unwrap_err();
            assert_eq!(failure.sign_in(), SignIn::WrongPassword, "{turn}: {failure}");
        }
        for _ in 0..3 {
            let failure = place.start("wrong", false).await.unwrap_err();
            assert_eq!((failure.sign_in(), failure.is_temporary()), (SignIn::LeftAlone, false), "{failure}");
            let told = failure.to_string();
            let head = "the password of anna@plain.example was refused 2 times in a row, last at 2026-11-24 ";
            assert!(told.starts_with(head), "{told}");
            assert!(told.contains("left alone until its secret changes; use an app password; then put the new secret"));
        }
        assert_eq!(place.sign_ins(), 2);
        // Asked for by hand, once more; and it counts.
        let failure = place.start("wrong", true).await.unwrap_err();
        assert_eq!((failure.sign_in(), place.sign_ins()), (SignIn::WrongPassword, 3), "{failure}");
        assert_eq!(place.start("wrong", false).await.unwrap_err().sign_in(), SignIn::LeftAlone);
        assert_eq!(place.sign_ins(), 3);
        place.start("right", false).await.unwrap();
        place.start("wrong", false).await.unwrap_err();
        assert_eq!(place.sign_ins(), 5, "a good sign-in wipes the slate");
    }

    #[tokio::test]
    async fn the_seeds_of_one_mailbox_share_its_refusals_however_many_they_are() {
        let place = Place::new(1_000.0).await;
        let store = Store::open(Path::new(&place.directory.path().join("inboxed.db"))).await.unwrap();
        let clock = place.lab.clock.clone();
        let alias = |number: usize, password: &str| {
            let mut access = place.access(password);
            access.seed.address = Address::new(&format!("anna+{number}@plain.example")).unwrap();
            access.shared = Address::new("anna+0@plain.example");
            access
        };
        let outcomes = async |password: &str| {
            let pool = Pool::new(10, clock.clone(), Door::remembering(store.clone(), false).unwrap());
            let mailboxes: Vec<Mailbox> = (0..6)
                .map(|number| {
                    Mailbox::new(alias(number, password), Arc::clone(&pool), clock.clone(), Patience::default())
                })
                .collect();
            let tried = futures_util::future::join_all(mailboxes.iter().map(Mailbox::baseline)).await;
            for mailbox in &mailboxes {
                mailbox.close().await;
            }
            let of = |outcome| {
                let is_it = |tried: &Result<_, ImapFailure>| {
                    tried.as_ref().map_or_else(ImapFailure::sign_in, |_| SignIn::Done) == outcome
                };
                tried.iter().filter(|tried| is_it(tried)).count()
            };
            (of(SignIn::WrongPassword), of(SignIn::LeftAlone), of(SignIn::Done))
        };
        assert_eq!(outcomes("wrong").await, (2, 4, 0));
        assert_eq!(outcomes("wrong").await, (0, 6, 0));
        assert_eq!(place.sign_ins(), 2);
        let began = clock.now();
        assert_eq!(outcomes("right").await, (0, 0, 6));
        // Two in two minutes: the fifth comes four minutes after the first.
        let last = place.lab.journal.sign_ins().last().unwrap().at;
        assert!(last.duration_since(began) >= jiff::SignedDuration::from_mins(4), "{began} to {last}");
    }

    #[tokio::test]
    async fn a_dead_secret_is_given_up_although_another_one_opens_the_same_mailbox() {
        let place = Place::new(1_000.0).await;
        let store = Store::open(Path::new(&place.directory.path().join("inboxed.db"))).await.unwrap();
        let clock = place.lab.clock.clone();
        for wanted in [SignIn::WrongPassword, SignIn::WrongPassword, SignIn::LeftAlone] {
            let pool = Pool::new(10, clock.clone(), Door::remembering(store.clone(), false).unwrap());
            for (address, password, outcome) in
                [(ANNA, "wrong", wanted), ("anna+shop@plain.example", "right", SignIn::Done)]
            {
                let mut access = place.access(password);
                (access.seed.address, access.shared) = (Address::new(address).unwrap(), Address::new(ANNA));
                let mailbox = Mailbox::new(access, Arc::clone(&pool), clock.clone(), Patience::default());
                let tried = mailbox.baseline().await;
                mailbox.close().await;
                assert_eq!(tried.map_or_else(|failure| failure.sign_in(), |_| SignIn::Done), outcome, "{address}");
            }
        }
    }

    #[tokio::test]
    async fn a_busy_server_never_shuts_the_door() {
        let place = Place::new(1_000.0).await;
        place.lab.faults.add(Rule::on(Verb::Authenticate, Action::No("[UNAVAILABLE] later".to_owned())));
        for _ in 0..4 {
            assert_eq!(place.start("right", false).await.unwrap_err().sign_in(), SignIn::Unavailable);
        }
        place.lab.faults.clear();
        place.start("right", false).await.unwrap();
    }

    #[tokio::test]
    async fn a_hundred_starts_in_a_row_are_no_storm() {
        let place = Place::new(4_000.0).await;
        let began = place.lab.clock.now();
        for _ in 0..100 {
            place.start("right", false).await.unwrap();
        }
        let sign_ins = place.lab.journal.sign_ins();
        assert_eq!(sign_ins.len(), 100);
        // Two in two minutes: the hundredth comes 49 times two minutes after the second. A slow machine only adds to that.
        let all = sign_ins[99].at.duration_since(began);
        assert!(all >= jiff::SignedDuration::from_mins(98), "a hundred within {all}");
    }

    #[tokio::test]
    async fn a_wish_for_quiet_outlives_the_program_and_no_connection_is_made_meanwhile() {
        let place = Place::new(1.0).await;
        place.lab.faults.add(Rule::on(Verb::Authenticate, Action::outlook_throttle(92_415)).once());
        let failure = place.start("right", false).await.unwrap_err();
        assert_eq!(failure.leave_alone(), Some(Duration::from_millis(92_415)));
        for _ in 0..3 {
            let failure = place.start("right", false).await.unwrap_err();
            assert!(matches!(failure, ImapFailure::Quiet { .. }) && failure.is_temporary(), "{failure}");
            assert_eq!(failure.sign_in(), SignIn::Throttled);
            assert!(failure.leave_alone().is_some_and(|wait| wait <= Duration::from_millis(92_415)));
        }
        assert_eq!(place.lab.journal.connection_count().total, 1);
        place.lab.clock.advance(Duration::from_secs(93));
        place.start("right", false).await.unwrap();
    }

    #[tokio::test]
    async fn the_mark_changes_with_the_secret_the_login_and_the_server_and_is_one_guess_in_many() {
        let place = Place::new(1.0).await;
        let (door, other) = (Door { key: [1; 32], ..Door::fleeting() }, Door::fleeting());
        let access = place.access("right");
        let mark = door.mark(&access);
        assert_eq!(door.mark(&place.access("right")), mark);
        assert_ne!(other.mark(&access), mark, "without the key it is no guide");
        assert_ne!(door.mark(&place.access("rigth")), mark);
        let changes: [fn(&mut Seed); 3] =
            [|seed| seed.port += 1, |seed| seed.login.push('x'), |seed| seed.host.push('x')];
        for change in changes {
            let mut access = place.access("right");
            change(&mut access.seed);
            assert_ne!(door.mark(&access), mark);
        }
    }
}
