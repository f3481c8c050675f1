//! What a mailbox keeps between looks, how connections are shared, and what is asked besides.

use std::sync::Arc;
use std::time::Duration;

use super::{TAG, access, clock, header, mailbox, pool_of, seen, sought};
use crate::domain::folder::Role;
use crate::domain::provider::Provider;
use crate::domain::sighting::{Tab, TabAnswer};
use crate::edge::clock::Clock;
use crate::edge::imap::server::Server;
use crate::edge::imap::{Mailbox, Patience, Tabs};

#[tokio::test]
async fn a_dead_kept_session_is_replaced_at_once() {
    for farewell in ["* BYE idle too long\r\n\u{4}", "\u{4}"] {
        let server = Server::start().await;
        let mailbox = mailbox(&server);
        mailbox.baseline().await.unwrap();
        server.deliver("INBOX", &header(TAG));
        server.twist_some("EXAMINE", 0, 1, farewell);
        server.heard();
        let look = mailbox.look(&sought()).await;
        assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/1".to_owned()]));
        assert_eq!(server.heard().iter().filter(|command| *command == "--").count(), 1);
    }
}

#[tokio::test]
async fn a_resumed_mailbox_compares_with_the_stored_baseline() {
    let server = Server::start().await;
    let baseline = mailbox(&server).baseline().await.unwrap();
    server.deliver("INBOX", &header(TAG));
    let resumed = mailbox(&server);
    assert!(resumed.look(&sought()).await.failed.unwrap().contains("no baseline"));
    resumed.resume(baseline);
    let look = resumed.look(&sought()).await;
    assert_eq!((look.failed.as_deref(), seen(&look)), (None, vec!["INBOX/1".to_owned()]));
}

#[tokio::test]
async fn tabs_are_asked_where_they_are_and_wanted() {
    for (capabilities, category, twist, answer) in [
        ("IMAP4rev1 X-GM-EXT-1", "promotions", None, TabAnswer::Known(Tab::Promotions)),
        ("IMAP4rev1 X-GM-EXT-1", "", None, TabAnswer::Unknown),
        ("IMAP4rev1", "promotions", None, TabAnswer::NotApplicable),
        ("IMAP4rev1 X-GM-EXT-1", "forums", Some("{tag} NO [SERVERBUG] no\r\n"), TabAnswer::Failed(String::new())),
        ("IMAP4rev1 X-GM-EXT-1", "forums", Some("\u{4}"), TabAnswer::Failed(String::new())),
    ] {
        let server = Server::start().await;
        server.world().capabilities = capabilities.to_owned();
        let mailbox = mailbox(&server);
        mailbox.baseline().await.unwrap();
        server.deliver_dated("INBOX", &header(TAG), "24-Nov-2026 06:00:00 +0000", category);
        if let Some(twist) = twist {
            server.twist("UID SEARCH", twist);
        }
        let look = mailbox.look(&sought()).await;
        assert_eq!(look.failed, None);
        match (&look.copies[0].sighting.tab, &answer) {
            (TabAnswer::Failed(why), TabAnswer::Failed(_)) => assert!(!why.is_empty()),
            (found, expected) => assert_eq!(found, expected),
        }
        let mut unasked = sought();
        unasked[0].ask_tab = false;
        server.heard();
        assert_eq!(mailbox.look(&unasked).await.copies[0].sighting.tab, TabAnswer::NotApplicable);
        assert!(!server.heard().iter().any(|command| command.contains("SEARCH")));
    }
}

#[tokio::test]
async fn any_number_of_seeds_gets_its_turn_under_any_limit() {
    for (most, at_provider) in [(1, 10), (10, 1), (3, 2)] {
        let server = Server::start().await;
        let pool = pool_of(most, clock());
        let mut seeds = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let mut access = access(&server);
            access.provider = Arc::new(Provider { max_connections: at_provider, ..(*access.provider).clone() });
            let mailbox = Mailbox::new(access, Arc::clone(&pool), clock(), Patience::default());
            seeds.spawn(async move {
                mailbox.baseline().await.unwrap();
                for _ in 0..3 {
                    assert_eq!(mailbox.look(&sought()).await.failed, None);
                }
                mailbox.close().await;
            });
        }
        while let Some(done) = seeds.join_next().await {
            done.unwrap();
        }
        // The server notices the end of a connection a moment after we do.
        let most_open = server.world().open.1;
        assert!(most_open <= most.min(at_provider) + 1, "{most_open} of {most}");
    }
}

#[tokio::test]
async fn an_interrupted_look_gives_its_connection_back() {
    let server = Server::start().await;
    let pool = pool_of(1, clock());
    let stuck = Mailbox::new(access(&server), Arc::clone(&pool), clock(), Patience::default());
    stuck.baseline().await.unwrap();
    server.twist("", "");
    let look = tokio::time::timeout(Duration::from_millis(100), stuck.look(&sought())).await;
    assert!(look.is_err());
    server.world().twists.clear();
    let next = Mailbox::new(access(&server), pool, clock(), Patience::default());
    assert!(next.baseline().await.is_ok());
}

#[tokio::test]
async fn a_wish_to_be_left_alone_reaches_the_caller() {
    let server = Server::start().await;
    let mailbox = mailbox(&server);
    mailbox.baseline().await.unwrap();
    server.twist("EXAMINE \"Lists\"", "{tag} NO Request is throttled. Suggested Backoff Time: 30000 milliseconds\r\n");
    let look = mailbox.look(&sought()).await;
    assert!(look.failed.is_some() && look.temporary);
    assert_eq!(look.leave_alone, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn a_survey_shows_folders_roles_tabs_and_the_newest_mail() {
    let server = Server::start().await;
    server.world().capabilities.push_str(" X-GM-EXT-1");
    server.deliver_dated("INBOX", "Subject: x\r\n\r\n", "20-Nov-2026 06:00:00 +0000", "social");
    let survey = mailbox(&server).survey(Vec::new()).await.unwrap();
    assert_eq!(survey.tabs, Tabs::On);
    assert_eq!(survey.newest_in_inbox, Some("2026-11-20T06:00:00Z".parse().unwrap()));
    let roles: Vec<_> =
        survey.folders.iter().map(|folder| (folder.name.wire(), folder.role, folder.exists.clone())).collect();
    assert_eq!(roles, [("INBOX", Role::Inbox, Ok(1)), ("Spam", Role::Junk, Ok(0)), ("Lists", Role::Other, Ok(0))]);
}

#[tokio::test]
async fn sign_ins_at_one_provider_keep_their_distance() {
    let server = Server::start().await;
    let clock = Clock::simulated("2026-11-24T05:59:00Z".parse().unwrap(), 2_000.0);
    let pool = pool_of(5, clock.clone());
    let gap = Duration::from_mins(1);
    let provider = Provider { sign_in_gap: gap, ..(*access(&server).provider).clone() };
    let began = clock.now();
    for turn in 0..3_i32 {
        drop(pool.lease(&provider).await);
        let passed = clock.now().duration_since(began);
        assert!(passed >= jiff::SignedDuration::from_mins(i64::from(turn)), "{turn}: {passed}");
    }
}

#[tokio::test]
async fn who_waits_for_the_gap_between_sign_ins_costs_nobody_a_session() {
    let server = Server::start().await;
    let clock = Clock::simulated("2026-11-24T05:59:00Z".parse().unwrap(), 1_000.0);
    let pool = pool_of(10, clock.clone());
    let mut access = access(&server);
    access.provider = Arc::new(Provider { sign_in_gap: Duration::from_mins(5), ..(*access.provider).clone() });
    let mailboxes =
        [(); 4].map(|()| Mailbox::new(access.clone(), Arc::clone(&pool), clock.clone(), Patience::default()));
    for baseline in futures_util::future::join_all(mailboxes.iter().map(Mailbox::baseline)).await {
        baseline.unwrap();
    }
    assert_eq!(server.heard().iter().filter(|command| *command == "--").count(), 4);
    for mailbox in &mailboxes {
        assert_eq!(mailbox.look(&sought()).await.failed, None);
    }
    assert!(!server.heard().iter().any(|command| command == "--" || command.starts_with("AUTHENTICATE")));
}
