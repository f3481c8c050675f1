use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::lab::ses::{Operation, SesAccount, SesServer, SesSettings};

const REGION: Option<&str> = Some("eu-central-1");

/// An account, and the program's memory of it.
struct Place {
    _directory: tempfile::TempDir,
    account: SesAccount,
    server: SesServer,
    store: Store,
    clock: Clock,
}

impl Place {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("inboxed.db")).await.unwrap();
        // A second between two questions is ten milliseconds, and an hour more than half a minute.
        let clock = Clock::simulated("2026-11-24T05:59:00Z".parse().unwrap(), 100.0);
        let account = SesAccount::new(SesSettings::default(), clock.clone(), Arc::new(|_| {}));
        let server = SesServer::start(account.clone()).await.unwrap();
        Self { _directory: directory, account, server, store, clock }
    }

    /// Asks about two seeds: how many questions SES got, who is said to get no mail, and what could not be asked.
    async fn ask(&self, believed: bool) -> (usize, Vec<String>, usize) {
        self.ask_at(believed, false).await
    }

    async fn ask_at(&self, believed: bool, stand_in: bool) -> (usize, Vec<String>, usize) {
        let seeds = ["anna@gmail.com", "bert@gmail.com"].map(|address| Address::new(address).unwrap());
        let mut found = Preflight {
            routes: BTreeMap::new(),
            regions: Vec::new(),
            undeliverable: BTreeMap::new(),
            stand_in,
            notes: BTreeSet::new(),
        };
        let api = ApiSender::connect_to_lab("eu-central-1", &self.server.endpoint_url(), Patience::default());
        // As before every run: whose account it is shows in the first call.
        api.standing().await.unwrap();
        let before = self.account.journal().count(Operation::GetSuppressedDestination);
        let memory = Memory { store: &self.store, believed };
        ask_suppression(&api, REGION, &seeds, memory, &self.clock, &mut found).await;
        let asked = self.account.journal().count(Operation::GetSuppressedDestination) - before;
        (asked, found.undeliverable.keys().map(ToString::to_string).collect(), found.notes.len())
    }
}

#[tokio::test]
async fn a_run_believes_for_a_day_what_ses_said_and_a_check_asks_anew() {
    let place = Place::new().await;
    let free = |asked| (asked, Vec::<String>::new(), 0);
    assert_eq!(place.ask(false).await, free(2));
    assert_eq!(place.ask(true).await, free(0), "a run believes the check");
    assert_eq!(place.ask(false).await, free(2), "a check proves");
    place.clock.advance(Duration::from_hours(23));
    assert_eq!(place.ask(true).await, free(0));
    place.clock.advance(Duration::from_hours(2));
    assert_eq!(place.ask(true).await, free(2), "it may be on the list since");
    assert_eq!(place.ask(true).await, free(0), "a run's answers are kept as well");
    assert_eq!(place.ask_at(true, true).await, free(2), "a stand-in knows nothing of the account");
}

#[tokio::test]
async fn what_a_stand_in_says_is_not_believed_of_the_account() {
    let place = Place::new().await;
    assert_eq!(place.ask_at(false, true).await.0, 2);
    assert_eq!(place.ask(true).await.0, 2);
}

#[tokio::test]
async fn who_was_on_the_list_is_asked_for_each_time_so_that_a_remedy_works_at_once() {
    let place = Place::new().await;
    place.account.change(|settings| drop(settings.suppressed.insert("anna@gmail.com".to_owned(), "BOUNCE".to_owned())));
    for asked in [2, 1, 1] {
        assert_eq!(place.ask(true).await, (asked, vec!["anna@gmail.com".to_owned()], 0));
    }
    place.account.change(|settings| settings.suppressed.clear());
    assert_eq!(place.ask(true).await, (1, Vec::new(), 0));
    assert_eq!(place.ask(true).await, (0, Vec::new(), 0));
}

#[tokio::test]
async fn what_could_not_be_asked_is_asked_the_next_time() {
    let place = Place::new().await;
    let refusing = BTreeMap::from([(Operation::GetSuppressedDestination, 501)]);
    place.account.change(|settings| settings.unimplemented = refusing);
    for _ in 0..2 {
        let (asked, undeliverable, notes) = place.ask(true).await;
        assert_eq!((asked, undeliverable.len(), notes), (1, 0, 1), "what refuses one question refuses all");
    }
    place.account.change(|settings| settings.unimplemented.clear());
    assert_eq!(place.ask(true).await, (2, Vec::new(), 0));
    assert_eq!(place.ask(true).await, (0, Vec::new(), 0));
}

#[test]
fn who_cannot_reach_a_region_of_no_known_name_is_asked_whether_it_is_a_slip() {
    let unreachable = || SesFailure::Unreachable("no connection to SES (no such host)".to_owned());
    let slip = doubting(unreachable(), Some("eu-cental-1"));
    assert!(matches!(slip, SesFailure::Unreachable(_)), "its exit stays the same: {slip:?}");
    let slip = slip.to_string();
    assert!(slip.contains("did you mean \"eu-central-1\"?") && slip.contains("no such host"), "{slip}");
    assert_eq!(doubting(unreachable(), Some("eu-central-1")), unreachable());
    assert_eq!(doubting(unreachable(), None), unreachable());
    let denied = || SesFailure::Denied("no".to_owned());
    assert_eq!(doubting(denied(), Some("eu-cental-1")), denied(), "what answers is there");
}
