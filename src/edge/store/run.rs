//! Runs: found by number, age or label, and closed.

use std::collections::BTreeMap;

use fail::fail_point;
use jiff::Timestamp;

use super::fault::Doing as _;
use super::row::{duration, maybe_time, parsed, time};
use super::{Store, StoreFault};
use crate::domain::run::{Label, Run, RunChoice, RunId, RunState};
use crate::domain::stream::StreamName;

const READ: &str = "read the runs";

impl Store {
    /// One run. `holder` is the run that a living process works on.
    pub(crate) async fn run(&self, id: RunId, holder: Option<RunId>) -> Result<Run, StoreFault> {
        let mut reading = self.reader.begin().await.doing(READ)?;
        let row: Option<RunRow> =
            sqlx::query_as("SELECT id, label, started_at, ended_at, wait, simulated, imported FROM run WHERE id = $1")
                .bind(id.0)
                .fetch_optional(&mut *reading)
                .await
                .doing(READ)?;
        let row = row.ok_or_else(|| StoreFault::NoRun { choice: id.0.to_string() })?;
        let streams: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM (
                 SELECT name, position FROM stream WHERE run = $1
                 UNION ALL SELECT name, position FROM told_stream WHERE run = $1
             ) ORDER BY position",
        )
        .bind(id.0)
        .fetch_all(&mut *reading)
        .await
        .doing(READ)?;
        row.run(&streams, holder)
    }

    /// The runs that began last, the newest first, `limit` of them at most.
    pub(crate) async fn runs(&self, limit: u32, holder: Option<RunId>) -> Result<Vec<Run>, StoreFault> {
        let mut reading = self.reader.begin().await.doing(READ)?;
        let rows: Vec<RunRow> = sqlx::query_as(
            "SELECT id, label, started_at, ended_at, wait, simulated, imported FROM run ORDER BY started_at DESC, id DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&mut *reading)
        .await
        .doing(READ)?;
        let names: Vec<(i64, String)> = sqlx::query_as(
            "SELECT run, name FROM (
                 SELECT run, name, position FROM stream UNION ALL SELECT run, name, position FROM told_stream
             ) WHERE run IN (SELECT id FROM run ORDER BY started_at DESC, id DESC LIMIT $1) ORDER BY run, position",
        )
        .bind(limit)
        .fetch_all(&mut *reading)
        .await
        .doing(READ)?;
        let mut streams: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (run, name) in names {
            streams.entry(run).or_default().push(name);
        }
        rows.into_iter()
            .map(|row| {
                let streams = streams.remove(&row.id).unwrap_or_default();
                row.run(&streams, holder)
            })
            .collect()
    }

    /// Which run the user means.
    pub(crate) async fn resolve(&self, choice: &RunChoice) -> Result<RunId, StoreFault> {
        let (found, written) = match choice {
            RunChoice::Id(id) => (self.run_of_id(*id).await?, id.0.to_string()),
            RunChoice::Last(0) => (self.run_back(0).await?, "yet".to_owned()),
            RunChoice::Last(back) => (self.run_back(*back).await?, format!("last~{back}")),
            RunChoice::Label(label) => (self.run_of_label(label).await?, label.as_str().to_owned()),
        };
        found.map(RunId).ok_or(StoreFault::NoRun { choice: written })
    }

    async fn run_of_id(&self, id: RunId) -> Result<Option<i64>, StoreFault> {
        sqlx::query_scalar("SELECT id FROM run WHERE id = $1").bind(id.0).fetch_optional(&self.reader).await.doing(READ)
    }

    async fn run_back(&self, back: u32) -> Result<Option<i64>, StoreFault> {
        sqlx::query_scalar("SELECT id FROM run ORDER BY started_at DESC, id DESC LIMIT 1 OFFSET $1")
            .bind(back)
            .fetch_optional(&self.reader)
            .await
            .doing(READ)
    }

    /// The one run that bears a label; `None` when none does.
    async fn run_of_label(&self, label: &Label) -> Result<Option<i64>, StoreFault> {
        let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM run WHERE label = $1 ORDER BY id")
            .bind(label.as_str())
            .fetch_all(&self.reader)
            .await
            .doing(READ)?;
        if ids.len() > 1 {
            let ids = ids.into_iter().map(RunId).collect();
            return Err(StoreFault::Ambiguous { label: label.clone(), ids });
        }
        Ok(ids.into_iter().next())
    }

    /// Closes a run: its closing look is stored. A run that is closed keeps its first end, as later looks must not count
    /// as made in time.
    pub(crate) async fn close_run(&self, run: RunId, ended_at: Timestamp) -> Result<(), StoreFault> {
        const DOING: &str = "close a run";
        let mut writing = self.write(DOING).await?;
        let closed = sqlx::query("UPDATE run SET ended_at = coalesce(ended_at, $2) WHERE id = $1")
            .bind(run.0)
            .bind(ended_at.as_millisecond())
            .execute(&mut *writing)
            .await
            .doing(DOING)?;
        if closed.rows_affected() == 0 {
            return Err(StoreFault::NoRun { choice: run.0.to_string() });
        }
        fail_point!("close-written");
        writing.commit().await.doing(DOING)?;
        fail_point!("close-committed");
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct RunRow {
    id: i64,
    label: Option<String>,
    started_at: i64,
    ended_at: Option<i64>,
    wait: i64,
    simulated: bool,
    imported: bool,
}

impl RunRow {
    fn run(self, streams: &[String], holder: Option<RunId>) -> Result<Run, StoreFault> {
        let id = RunId(self.id);
        let state = match self.ended_at {
            Some(_) => RunState::Complete,
            None if holder == Some(id) => RunState::Running,
            None => RunState::Interrupted,
        };
        let streams = streams.iter().map(|name| parsed("stream name", name, StreamName::new));
        Ok(Run {
            id,
            label: self.label.map(|label| parsed("label", &label, Label::new)).transpose()?,
            streams: streams.collect::<Result<_, _>>()?,
            started_at: time(self.started_at)?,
            ended_at: maybe_time(self.ended_at)?,
            state,
            simulated: self.simulated,
            imported: self.imported,
            wait: duration(self.wait)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, at, labelled, new_run};

    #[tokio::test]
    async fn a_run_is_running_only_while_a_living_process_works_on_it() {
        let (place, run, _) = Place::with_probe().await;
        let state = async |holder| place.store.run(run, holder).await.unwrap().state;
        assert_eq!(state(None).await, RunState::Interrupted);
        assert_eq!(state(Some(RunId(run.0 + 1))).await, RunState::Interrupted);
        assert_eq!(state(Some(run)).await, RunState::Running);
        place.store.close_run(run, at(900)).await.unwrap();
        assert_eq!(state(Some(run)).await, RunState::Complete);
    }

    #[tokio::test]
    async fn a_closed_run_keeps_its_first_end() {
        let (place, run, _) = Place::with_probe().await;
        place.store.close_run(run, at(900)).await.unwrap();
        place.store.close_run(run, at(999)).await.unwrap();
        assert_eq!(place.store.run(run, None).await.unwrap().ended_at, Some(at(900)));
        let fault = place.store.close_run(RunId(77), at(1)).await.unwrap_err();
        assert_eq!(fault.to_string(), "there is no run 77");
    }

    #[tokio::test]
    async fn runs_come_newest_first_each_with_its_own_streams() {
        let place = Place::new().await;
        for streams in [&["a", "b"][..], &["c"], &[]] {
            place.plan(&new_run(streams, &["anna@gmail.com"])).await;
        }
        let runs = place.store.runs(2, Some(RunId(2))).await.unwrap();
        let told: Vec<(i64, Vec<&str>, RunState)> = runs
            .iter()
            .map(|run| (run.id.0, run.streams.iter().map(StreamName::as_str).collect(), run.state))
            .collect();
        assert_eq!(told, [(3, vec![], RunState::Interrupted), (2, vec!["c"], RunState::Running)]);
        let all = place.store.runs(u32::MAX, None).await.unwrap();
        assert_eq!(all.len(), 3);
        for run in all {
            assert_eq!(place.store.run(run.id, None).await.unwrap(), run);
        }
    }

    #[tokio::test]
    async fn a_run_is_found_by_number_by_age_and_by_a_label_that_only_it_bears() {
        let place = Place::new().await;
        let choose = async |text: &str| {
            let choice = RunChoice::new(text).unwrap();
            place.store.resolve(&choice).await.map(|id| id.0).map_err(|fault| fault.to_string())
        };
        assert_eq!(choose("last").await, Err("there is no run yet".to_owned()));
        for label in ["weekly", "before-dkim", "weekly"] {
            place.plan(&labelled(label)).await;
        }
        assert_eq!(choose("2").await, Ok(2));
        assert_eq!(choose("last").await, Ok(3));
        assert_eq!(choose("last~2").await, Ok(1));
        assert_eq!(choose("before-dkim").await, Ok(2));
        assert_eq!(choose("last~3").await, Err("there is no run last~3".to_owned()));
        assert_eq!(choose("9").await, Err("there is no run 9".to_owned()));
        assert_eq!(choose("Weekly").await, Err("there is no run Weekly".to_owned()));
        assert_eq!(
            choose("weekly").await,
            Err("the label weekly is borne by runs 1, 3: name one by its number".to_owned())
        );
    }
}
