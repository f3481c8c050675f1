//! What SES counted of an account's mail in a region, day by day, and when it was asked.

use jiff::Timestamp;
use jiff::civil::Date;

use super::fault::Doing as _;
use super::row::{parsed, time};
use super::{Store, StoreFault};
use crate::domain::account::Account;
use crate::domain::reputation::{Day, Reputation};

const READ: &str = "read what SES counted";

impl Store {
    /// Keeps what SES answered at `at`, or why it did not. A day that SES tells in part, as it lies at the border of what it
    /// tells, never takes the place of the whole one.
    pub(crate) async fn remember_reputation(
        &self,
        account: Option<&Account>,
        region: Option<&str>,
        answer: Result<&[Day], &str>,
        at: Timestamp,
    ) -> Result<(), StoreFault> {
        const DOING: &str = "store what SES counted";
        let mut writing = self.write(DOING).await?;
        sqlx::query(
            "INSERT INTO reputation (account, region, asked_at, why) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account, region) DO UPDATE SET asked_at = excluded.asked_at, why = excluded.why",
        )
        .bind(account.map_or("", Account::as_str))
        .bind(region.unwrap_or_default())
        .bind(at.as_millisecond())
        .bind(answer.err())
        .execute(&mut *writing)
        .await
        .doing(DOING)?;
        let figure = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        for day in answer.unwrap_or_default() {
            sqlx::query(
                "INSERT INTO sent_day (account, region, day, attempts, bounces, complaints)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (account, region, day) DO UPDATE SET
                     attempts = max(attempts, excluded.attempts), bounces = max(bounces, excluded.bounces),
                     complaints = max(complaints, excluded.complaints)",
            )
            .bind(account.map_or("", Account::as_str))
            .bind(region.unwrap_or_default())
            .bind(day.date.to_string())
            .bind(figure(day.attempts))
            .bind(figure(day.bounces))
            .bind(figure(day.complaints))
            .execute(&mut *writing)
            .await
            .doing(DOING)?;
        }
        writing.commit().await.doing(DOING)
    }

    /// Every account and region that was asked about, by name. An answer that is not known to be of an account gives way to
    /// a later one in its region that is: until accounts were told apart, there was no other.
    pub(crate) async fn reputations(&self) -> Result<Vec<Reputation>, StoreFault> {
        let asked: Vec<(String, String, i64, Option<String>)> = sqlx::query_as(
            "SELECT account, region, asked_at, why FROM reputation
             WHERE account <> '' OR NOT EXISTS (
                 SELECT 1 FROM reputation AS known
                 WHERE known.region = reputation.region AND known.account <> '' AND known.asked_at >= reputation.asked_at
             )
             ORDER BY region, account",
        )
        .fetch_all(&self.reader)
        .await
        .doing(READ)?;
        let mut found = Vec::new();
        for (account, region, asked_at, unanswered) in asked {
            let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(
                "SELECT day, attempts, bounces, complaints FROM sent_day WHERE account = $1 AND region = $2 ORDER BY day",
            )
            .bind(account.as_str())
            .bind(region.as_str())
            .fetch_all(&self.reader)
            .await
            .doing(READ)?;
            let day = |(day, attempts, bounces, complaints): (String, i64, i64, i64)| {
                let figure = |value: i64| u64::try_from(value).unwrap_or(0);
                Ok(Day {
                    date: parsed("day", &day, |text| text.parse::<Date>().ok())?,
                    attempts: figure(attempts),
                    bounces: figure(bounces),
                    complaints: figure(complaints),
                })
            };
            found.push(Reputation {
                account: Account::new(&account),
                region: Some(region).filter(|region| !region.is_empty()),
                days: rows.into_iter().map(day).collect::<Result<_, StoreFault>>()?,
                asked_at: time(asked_at)?,
                unanswered,
            });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::edge::store::fixture::{Place, at};

    #[tokio::test]
    async fn days_add_up_over_runs_and_what_was_not_answered_takes_none_away() {
        let place = Place::new().await;
        let day = |of, attempts, bounces| Day { date: date(2026, 11, of), attempts, bounces, complaints: 0 };
        let keep = async |region, answer: Result<&[Day], &str>, then| {
            place.store.remember_reputation(None, region, answer, at(then)).await.unwrap();
        };
        assert_eq!(place.store.reputations().await.unwrap(), []);
        keep(Some("eu-central-1"), Ok(&[day(1, 100, 1), day(2, 50, 0)]), 1).await;
        keep(None, Err("not allowed"), 2).await;
        // Later the first day is told in part, and the second in full.
        keep(Some("eu-central-1"), Ok(&[day(1, 40, 0), day(2, 90, 2)]), 3).await;
        keep(Some("eu-central-1"), Err("no answer"), 4).await;
        let wanted = [
            Reputation {
                account: None,
                region: None,
                days: vec![],
                asked_at: at(2),
                unanswered: Some("not allowed".to_owned()),
            },
            Reputation {
                account: None,
                region: Some("eu-central-1".to_owned()),
                days: vec![day(1, 100, 1), day(2, 90, 2)],
                asked_at: at(4),
                unanswered: Some("no answer".to_owned()),
            },
        ];
        assert_eq!(place.store.reputations().await.unwrap(), wanted);
    }

    #[tokio::test]
    async fn two_accounts_of_one_region_are_told_apart_and_take_the_place_of_what_was_nobody_s() {
        let place = Place::new().await;
        let day = |attempts, bounces| Day { date: date(2026, 11, 1), attempts, bounces, complaints: 0 };
        let accounts = ["029608264753", "AKIAIOSFODNN7EXAMPLE"].map(|text| Account::new(text).unwrap());
        let keep = async |account, days: Day, then| {
            place.store.remember_reputation(account, Some("eu-central-1"), Ok(&[days]), at(then)).await.unwrap();
        };
        let told = async || {
            let all = place.store.reputations().await.unwrap();
            all.into_iter().map(|one| (one.account, one.days[0].attempts)).collect::<Vec<_>>()
        };
        keep(None, day(300, 9), 1).await;
        assert_eq!(told().await, [(None, 300)]);
        keep(Some(&accounts[0]), day(100, 1), 2).await;
        keep(Some(&accounts[1]), day(200, 8), 2).await;
        let [one, other] = accounts.clone().map(Some);
        assert_eq!(told().await, [(one.clone(), 100), (other.clone(), 200)]);
        keep(None, day(400, 9), 3).await;
        assert_eq!(told().await, [(None, 400), (one, 100), (other, 200)], "asked again, and not known by whom");
    }
}
