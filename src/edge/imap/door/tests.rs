use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;

use super::*;
use crate::domain::oauth::OAuthPreset;
use crate::domain::provider::{Aliases, LoginForm, Provider, ProviderName, Tls};
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
            aliases: Aliases::None,
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
            .map(|number| Mailbox::new(alias(number, password), Arc::clone(&pool), clock.clone(), Patience::default()))
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
    let changes: [fn(&mut Seed); 3] = [|seed| seed.port += 1, |seed| seed.login.push('x'), |seed| seed.host.push('x')];
    for change in changes {
        let mut access = place.access("right");
        change(&mut access.seed);
        assert_ne!(door.mark(&access), mark);
    }
}
