//! Tallies of finished runs, remembered so that a trend need not judge a million probes anew.
//!
//! They are no facts: triggers delete those of a run as soon as anything about it changes, and nothing is lost with them.
//! What was imported is judged by no rule: there counting is enough, and the database does it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fault::Doing as _;
use super::row::{duration, millis, parsed};
use super::{Store, StoreFault};
use crate::domain::finding::Placement;
use crate::domain::latency::Arrival;
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::domain::stream::StreamName;

/// What the findings of one stream at one provider in one finished run come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Remembered {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The provider.
    pub(crate) provider: ProviderName,
    /// Measured probes by placement; a placement that did not occur is absent.
    pub(crate) placements: BTreeMap<Placement, usize>,
    /// Probes about which nothing can be said.
    pub(crate) unmeasured: usize,
    /// How fast they arrived; `None` where no arrival is known.
    pub(crate) arrival: Option<Arrival>,
}

/// What other processes had written at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edition(i64);

impl Store {
    /// Everything that is remembered of findings made by this version of the rules.
    pub(crate) async fn tallies(&self, rule: i64) -> Result<BTreeMap<RunId, Vec<Remembered>>, StoreFault> {
        let rows: Vec<TallyRow> = sqlx::query_as(
            "SELECT run, stream, provider, inbox, promotions, spam, elsewhere, missing, unmeasured, arrivals, median, slowest
             FROM tally WHERE rule = $1 ORDER BY run, stream, provider",
        )
        .bind(rule)
        .fetch_all(&self.reader)
        .await
        .doing("read remembered tallies")?;
        let mut runs: BTreeMap<RunId, Vec<Remembered>> = BTreeMap::new();
        for row in rows {
            runs.entry(RunId(row.run)).or_default().push(row.remembered()?);
        }
        Ok(runs)
    }

    /// What others have written so far; to be asked before facts are read that a tally is made of.
    pub(crate) async fn edition(&self) -> Result<Edition, StoreFault> {
        let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&self.writer).await;
        version.map(Edition).doing("ask for the edition of the database")
    }

    /// Remembers the tallies of a finished run, unless another process has written anything since this edition: the facts
    /// they were made of may have changed.
    pub(crate) async fn remember(
        &self,
        run: RunId,
        rule: i64,
        tallies: &[Remembered],
        edition: Edition,
    ) -> Result<(), StoreFault> {
        const DOING: &str = "remember tallies";
        let mut writing = self.write(DOING).await?;
        let now: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *writing).await.doing(DOING)?;
        if Edition(now) != edition {
            return Ok(());
        }
        for one in tallies {
            let count = |placement| number(one.placements.get(&placement).copied().unwrap_or(0));
            sqlx::query(
                "INSERT INTO tally (run, rule, stream, provider, inbox, promotions, spam, elsewhere, missing, unmeasured,
                                    arrivals, median, slowest)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 ON CONFLICT (run, rule, stream, provider) DO NOTHING",
            )
            .bind(run.0)
            .bind(rule)
            .bind(one.stream.as_str())
            .bind(one.provider.as_str())
            .bind(count(Placement::Inbox))
            .bind(count(Placement::Promotions))
            .bind(count(Placement::Spam))
            .bind(count(Placement::Elsewhere))
            .bind(count(Placement::Missing))
            .bind(number(one.unmeasured))
            .bind(number(one.arrival.map_or(0, |arrival| arrival.known)))
            .bind(one.arrival.map(|arrival| millis(arrival.median)))
            .bind(one.arrival.map(|arrival| millis(arrival.slowest)))
            .execute(&mut *writing)
            .await
            .doing(DOING)?;
        }
        writing.commit().await.doing(DOING)
    }
}

impl Store {
    /// Remembers the tallies of all imported runs that have none: after an import, with another setting, or in a database
    /// that an older version filled. One statement counts and writes, so that no row can come in between.
    pub(crate) async fn tally_told(&self, rule: i64) -> Result<(), StoreFault> {
        const DOING: &str = "count imported results";
        let mut writing = self.write(DOING).await?;
        sqlx::query(
            "WITH one AS (
                 SELECT told_stream.run, told_stream.name AS stream, seed.provider, told.placement,
                        iif(told.placement <> 'missing', told.latency, NULL) AS millis
                 FROM run CROSS JOIN told_stream ON told_stream.run = run.id
                 CROSS JOIN told ON told.stream = told_stream.id CROSS JOIN seed ON seed.id = told.seed
                 WHERE run.imported = 1
                   AND NOT EXISTS (SELECT 1 FROM tally WHERE tally.run = run.id AND tally.rule = $1)
             ), counted AS (
                 SELECT run, stream, provider,
                        count(*) FILTER (WHERE placement = 'inbox') AS inbox,
                        count(*) FILTER (WHERE placement = 'promotions') AS promotions,
                        count(*) FILTER (WHERE placement = 'spam') AS spam,
                        count(*) FILTER (WHERE placement = 'elsewhere') AS elsewhere,
                        count(*) FILTER (WHERE placement = 'missing') AS missing,
                        count(*) FILTER (WHERE placement IS NULL) AS unmeasured
                 FROM one GROUP BY run, stream, provider
             ), placed AS (
                 SELECT run, stream, provider, millis,
                        row_number() OVER (PARTITION BY run, stream, provider ORDER BY millis) AS place,
                        count(*) OVER (PARTITION BY run, stream, provider) AS known
                 FROM one WHERE millis IS NOT NULL
             ), arrived AS (
                 SELECT run, stream, provider, known, max(millis) AS slowest,
                        avg(millis) FILTER (WHERE place IN ((known + 1) / 2, known / 2 + 1)) AS median
                 FROM placed GROUP BY run, stream, provider
             )
             INSERT INTO tally (run, rule, stream, provider, inbox, promotions, spam, elsewhere, missing, unmeasured,
                                arrivals, median, slowest)
             SELECT run, $1, stream, provider, inbox, promotions, spam, elsewhere, missing, unmeasured,
                    coalesce(known, 0), CAST(median AS INTEGER), slowest
             FROM counted LEFT JOIN arrived USING (run, stream, provider)",
        )
        .bind(rule)
        .execute(&mut *writing)
        .await
        .doing(DOING)?;
        writing.commit().await.doing(DOING)
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(sqlx::FromRow)]
struct TallyRow {
    run: i64,
    stream: String,
    provider: String,
    inbox: i64,
    promotions: i64,
    spam: i64,
    elsewhere: i64,
    missing: i64,
    unmeasured: i64,
    arrivals: i64,
    median: Option<i64>,
    slowest: Option<i64>,
}

impl TallyRow {
    fn remembered(self) -> Result<Remembered, StoreFault> {
        let count = |value: i64| usize::try_from(value).unwrap_or(0);
        let placements = [
            (Placement::Inbox, self.inbox),
            (Placement::Promotions, self.promotions),
            (Placement::Spam, self.spam),
            (Placement::Elsewhere, self.elsewhere),
            (Placement::Missing, self.missing),
        ];
        let arrival = |median: Duration, slowest: Duration| Arrival { known: count(self.arrivals), median, slowest };
        let arrival = match (self.median, self.slowest) {
            (Some(median), Some(slowest)) => Some(arrival(duration(median)?, duration(slowest)?)),
            _ => None,
        };
        Ok(Remembered {
            stream: parsed("stream name", &self.stream, StreamName::new)?,
            provider: parsed("provider", &self.provider, ProviderName::new)?,
            placements: placements.into_iter().filter(|(_, n)| *n > 0).map(|(one, n)| (one, count(n))).collect(),
            unmeasured: count(self.unmeasured),
            arrival,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, at, look};

    fn some() -> Vec<Remembered> {
        let arrival = Arrival { known: 3, median: Duration::from_millis(3_500), slowest: Duration::from_secs(9) };
        let one = |provider: &str, arrival| Remembered {
            stream: StreamName::new("news").unwrap(),
            provider: ProviderName::new(provider).unwrap(),
            placements: BTreeMap::from([(Placement::Inbox, 3), (Placement::Missing, 1)]),
            unmeasured: 2,
            arrival,
        };
        vec![one("gmail", Some(arrival)), one("yahoo", None)]
    }

    #[tokio::test]
    async fn what_is_remembered_comes_back_for_its_rule_and_is_gone_when_any_fact_changes() {
        let (place, run, probe) = Place::with_probe().await;
        let store = &place.store;
        let remember = async |rule| store.remember(run, rule, &some(), store.edition().await.unwrap()).await.unwrap();
        remember(2).await;
        remember(2).await;
        assert_eq!(store.tallies(2).await.unwrap(), BTreeMap::from([(run, some())]));
        assert!(store.tallies(3).await.unwrap().is_empty(), "another version of the rules judges anew");
        store.save_look(run, &probe.seed, &look(5, vec![])).await.unwrap();
        assert!(store.tallies(2).await.unwrap().is_empty(), "a look");
        remember(2).await;
        store.claim(probe.id, at(10)).await.unwrap();
        assert!(store.tallies(2).await.unwrap().is_empty(), "a probe");
        remember(2).await;
        store.close_run(run, at(900)).await.unwrap();
        assert!(store.tallies(2).await.unwrap().is_empty(), "the end of the run");
    }

    #[tokio::test]
    async fn nothing_is_remembered_of_facts_that_another_process_may_have_changed_meanwhile() {
        let (place, run, probe) = Place::with_probe().await;
        let edition = place.store.edition().await.unwrap();
        let other = Store::open(&place.directory.path().join("inboxed.db")).await.unwrap();
        other.save_look(run, &probe.seed, &look(5, vec![])).await.unwrap();
        place.store.remember(run, 2, &some(), edition).await.unwrap();
        assert!(place.store.tallies(2).await.unwrap().is_empty());
    }
}
