//! The periods of the schedule that had their run.

use jiff::Timestamp;

use super::fault::Doing as _;
use super::row::maybe_time;
use super::{Store, StoreFault, Writing};
use crate::domain::run::RunId;
use crate::domain::schedule::{Ledger, Period, PeriodKey};

const READ: &str = "read the periods of the schedule";

impl Store {
    /// What is known of a period and of those before it.
    pub(crate) async fn ledger(&self, key: &PeriodKey) -> Result<Ledger, StoreFault> {
        let (taken, newest): (bool, Option<i64>) =
            sqlx::query_as("SELECT EXISTS (SELECT 1 FROM period WHERE key = $1), (SELECT max(due_at) FROM period)")
                .bind(key.as_str())
                .fetch_one(&self.reader)
                .await
                .doing(READ)?;
        Ok(Ledger { is_taken: taken, newest_due: maybe_time(newest)? })
    }

    /// Scheduled runs that were planned at `since` or later and cut off, oldest first.
    pub(crate) async fn unfinished_scheduled(&self, since: Timestamp) -> Result<Vec<RunId>, StoreFault> {
        let runs: Vec<i64> = sqlx::query_scalar(
            "SELECT run.id FROM period JOIN run ON run.id = period.run
             WHERE run.ended_at IS NULL AND run.started_at >= $1 ORDER BY run.id",
        )
        .bind(since.as_millisecond())
        .fetch_all(&self.reader)
        .await
        .doing(READ)?;
        Ok(runs.into_iter().map(RunId).collect())
    }
}

/// Gives a period its run; false when it already has one.
pub(super) async fn take_period(
    writing: &mut Writing,
    period: &Period,
    run: RunId,
    doing: &'static str,
) -> Result<bool, StoreFault> {
    let taken = sqlx::query("INSERT INTO period (key, due_at, run) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING")
        .bind(period.key.as_str())
        .bind(period.due.as_millisecond())
        .bind(run.0)
        .execute(&mut **writing)
        .await
        .doing(doing)?;
    Ok(taken.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::schedule::{Almanac, Rhythm};
    use crate::edge::store::fixture::{Place, at, new_run};

    fn period(days_later: i64) -> Period {
        let weekly = Rhythm::every(Duration::from_hours(168), None, None);
        Almanac::new(weekly, TimeZone::UTC).current(at(days_later * 86_400_000)).unwrap()
    }

    async fn plan(place: &Place, period: &Period) -> Option<RunId> {
        let new = new_run(&["news"], &["anna@gmail.com"]);
        place.store.plan_scheduled_run(&new, &[3; 32], period).await.unwrap().map(|(run, _)| run)
    }

    #[tokio::test]
    async fn a_period_has_one_run_and_a_second_plan_leaves_nothing_behind() {
        let place = Place::new().await;
        let (this, next) = (period(0), period(7));
        assert_eq!(place.store.ledger(&this.key).await.unwrap(), Ledger::default());
        let run = plan(&place, &this).await.unwrap();
        assert_eq!(plan(&place, &this).await, None);
        assert_eq!(place.count("SELECT count(*) FROM run").await, 1);
        assert_eq!(place.count("SELECT count(*) FROM probe").await, 1);
        let ledger = place.store.ledger(&this.key).await.unwrap();
        assert_eq!(ledger, Ledger { is_taken: true, newest_due: Some(this.due) });
        assert!(!place.store.ledger(&next.key).await.unwrap().is_taken);
        assert!(plan(&place, &next).await.unwrap() > run);
        assert_eq!(place.store.ledger(&this.key).await.unwrap().newest_due, Some(next.due));
    }

    #[tokio::test]
    async fn of_two_plans_at_once_one_is_made() {
        let place = Place::new().await;
        let this = period(0);
        let plans = (0..8).map(|_| plan(&place, &this));
        let made = futures_util::future::join_all(plans).await;
        assert_eq!(made.iter().flatten().count(), 1, "{made:?}");
        assert_eq!(place.count("SELECT count(*) FROM run").await, 1);
    }

    #[tokio::test]
    async fn a_pruned_run_was_made_all_the_same_and_an_open_one_is_to_be_finished() {
        let place = Place::new().await;
        let this = period(0);
        let run = plan(&place, &this).await.unwrap();
        assert_eq!(place.store.unfinished_scheduled(at(0)).await.unwrap(), [run]);
        assert_eq!(place.store.unfinished_scheduled(at(1)).await.unwrap(), []);
        place.store.close_run(run, at(900)).await.unwrap();
        assert_eq!(place.store.unfinished_scheduled(at(0)).await.unwrap(), []);
        assert_eq!(place.store.forget_runs(at(1)).await.unwrap(), 1);
        assert_eq!(plan(&place, &this).await, None);
    }
}
