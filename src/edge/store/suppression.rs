//! The memory of SES's suppression list, so that a thousand seeds are not asked for before each run.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::fault::Doing as _;
use super::{Store, StoreFault};
use crate::domain::account::Account;
use crate::domain::seed::Address;

/// What SES said of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listing {
    /// It is not on the list.
    Free,
    /// It is on the list: SES accepts mail to it and delivers none.
    Suppressed {
        /// Why it was put there.
        why: String,
    },
}

impl Store {
    /// The addresses of which SES said between `since` and `now` that they are not on the list of an account in a region.
    /// Without a region the one of the AWS environment is meant; of an account that is not known nothing is. An address to which a probe left since then that was seen nowhere is not
    /// among them: it may have bounced, and be on the list by now.
    pub(crate) async fn known_to_be_free(
        &self,
        account: Option<&Account>,
        region: Option<&str>,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<BTreeSet<String>, StoreFault> {
        let addresses: Vec<String> = sqlx::query_scalar(
            "WITH unseen AS (
                 SELECT seed.address AS address, max(handoff.claimed_at) AS claimed_at
                 FROM handoff
                 JOIN probe ON probe.id = handoff.probe
                 JOIN seed ON seed.id = probe.seed
                 WHERE handoff.claimed_at >= $2
                   AND NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.probe = probe.id)
                 GROUP BY seed.address
             )
             SELECT address FROM suppression
             WHERE account = $4 AND coalesce(region, '') = coalesce($1, '') AND why IS NULL AND asked_at BETWEEN $2 AND $3
               AND NOT EXISTS (
                   SELECT 1 FROM unseen
                   WHERE unseen.address = suppression.address AND unseen.claimed_at >= suppression.asked_at
               )",
        )
        .bind(region)
        .bind(since.as_millisecond())
        .bind(now.as_millisecond())
        .bind(account.map(Account::as_str))
        .fetch_all(&self.reader)
        .await
        .doing("read what is known of the suppression list")?;
        Ok(addresses.into_iter().collect())
    }

    /// Keeps what SES said at `at` of each address, in place of what it said before.
    pub(crate) async fn remember_suppression(
        &self,
        account: Option<&Account>,
        region: Option<&str>,
        answers: &[(Address, Listing)],
        at: Timestamp,
    ) -> Result<(), StoreFault> {
        const DOING: &str = "store what is known of the suppression list";
        let mut writing = self.write(DOING).await?;
        for (address, listing) in answers {
            let why = match listing {
                Listing::Free => None,
                Listing::Suppressed { why } => Some(why.as_str()),
            };
            sqlx::query(
                "INSERT INTO suppression (account, region, address, why, asked_at) VALUES ($5, $1, $2, $3, $4)
                 ON CONFLICT (coalesce(account, ''), coalesce(region, ''), address)
                 DO UPDATE SET why = excluded.why, asked_at = excluded.asked_at",
            )
            .bind(region)
            .bind(address.as_str())
            .bind(why)
            .bind(at.as_millisecond())
            .bind(account.map(Account::as_str))
            .execute(&mut *writing)
            .await
            .doing(DOING)?;
        }
        writing.commit().await.doing(DOING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::folder::Role;
    use crate::domain::sighting::TabAnswer;
    use crate::edge::store::fixture::{Place, address, at, copy, look, new_run, sighting};

    fn mine() -> Account {
        Account::new("029608264753").unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_known_for_its_region_and_time_and_the_newest_one_holds() {
        let place = Place::new().await;
        let (anna, bert) = (address("anna@gmail.com"), address("bert@gmail.com"));
        let bounced = Listing::Suppressed { why: "BOUNCE".to_owned() };
        let known = async |region, since, now| {
            let known = place.store.known_to_be_free(Some(&mine()), region, at(since), at(now)).await.unwrap();
            known.into_iter().collect::<Vec<_>>().join(" ")
        };
        let answers = [(anna.clone(), Listing::Free), (bert.clone(), bounced.clone())];
        place.store.remember_suppression(Some(&mine()), Some("eu-central-1"), &answers, at(100)).await.unwrap();
        place.store.remember_suppression(Some(&mine()), None, &[(anna.clone(), bounced)], at(100)).await.unwrap();
        assert_eq!(known(Some("eu-central-1"), 100, 200).await, "anna@gmail.com");
        assert_eq!(known(Some("eu-central-1"), 101, 200).await, "", "asked too long ago");
        assert_eq!(known(Some("eu-central-1"), 0, 99).await, "", "the clock was wrong then, or is now");
        assert_eq!(known(Some("us-east-1"), 0, 200).await, "", "another region");
        assert_eq!(known(None, 0, 200).await, "");
        place.store.remember_suppression(Some(&mine()), None, &[(anna, Listing::Free)], at(200)).await.unwrap();
        assert_eq!(known(None, 150, 300).await, "anna@gmail.com");
        assert_eq!(place.count("SELECT count(*) FROM suppression").await, 3);

        let other = Account::new("AKIAIOSFODNN7EXAMPLE").unwrap();
        for (account, wanted) in [(Some(&other), 0), (None, 0), (Some(&mine()), 1)] {
            let free = place.store.known_to_be_free(account, None, at(150), at(300)).await.unwrap();
            assert_eq!(free.len(), wanted, "{account:?}: another account has another list");
        }
        // Nobody's answers are kept and never believed.
        place.store.remember_suppression(None, None, &[(bert, Listing::Free)], at(200)).await.unwrap();
        assert_eq!(place.store.known_to_be_free(None, None, at(150), at(300)).await.unwrap().len(), 0);
        assert_eq!(place.count("SELECT count(*) FROM suppression").await, 4);
    }

    #[tokio::test]
    async fn who_was_sent_a_probe_since_that_was_seen_nowhere_is_not_known_to_be_free() {
        let place = Place::new().await;
        let (run, probes) =
            place.plan(&new_run(&["news"], &["anna@gmail.com", "bert@gmail.com", "carla@gmail.com"])).await;
        let seeds: Vec<_> = probes.iter().map(|probe| (probe.seed.clone(), Listing::Free)).collect();
        let known = async || place.store.known_to_be_free(Some(&mine()), None, at(0), at(1_000)).await.unwrap();
        place.store.remember_suppression(Some(&mine()), None, &seeds, at(100)).await.unwrap();
        let all = known().await;
        assert_eq!(all.len(), 3);
        for probe in &probes[..2] {
            place.store.claim(probe.id, at(200)).await.unwrap();
        }
        let seen = copy(probes[1].id, sighting("INBOX", Role::Inbox, 7, TabAnswer::NotApplicable));
        place.store.save_look(run, &probes[1].seed, &look(300, vec![seen])).await.unwrap();
        let left = known().await;
        assert_eq!(left.into_iter().collect::<Vec<_>>(), ["bert@gmail.com", "carla@gmail.com"]);
        place.store.remember_suppression(Some(&mine()), None, &seeds, at(300)).await.unwrap();
        assert_eq!(known().await, all, "asked anew");
    }
}
