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
            sqlx::query_as("SELECT id, label, started_at, ended_at, wait, simulated FROM run WHERE id = $1")
                .bind(id.0)
                .fetch_optional(&mut *reading)
                .await
                .doing(READ)?;
        let row = row.ok_or_else(|| StoreFault::NoRun { choice: id.0.to_string() })?;
        let streams: Vec<String> = sqlx::query_scalar("SELECT name FROM stream WHERE run = $1 ORDER BY position")
            .bind(id.0)
            .fetch_all(&mut *reading)
            .await
            .doing(READ)?;
        row.run(streams, holder)
    }

    /// The last runs, the newest first, `limit` of them at most.
    pub(crate) async fn runs(&self, limit: u32, holder: Option<RunId>) -> Result<Vec<Run>, StoreFault> {
        let mut reading = self.reader.begin().await.doing(READ)?;
        let rows: Vec<RunRow> = sqlx::query_as(
            "SELECT id, label, started_at, ended_at, wait, simulated FROM run ORDER BY id DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&mut *reading)
        .await
        .doing(READ)?;
        let names: Vec<(i64, String)> = sqlx::query_as(
            "SELECT run, name FROM stream
             WHERE run IN (SELECT id FROM run ORDER BY id DESC LIMIT $1) ORDER BY run, position",
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
                row.run(streams, holder)
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
        sqlx::query_scalar("SELECT id FROM run WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&self.reader)
            .await
            .doing(READ)
    }

    async fn run_back(&self, back: u32) -> Result<Option<i64>, StoreFault> {
        sqlx::query_scalar("SELECT id FROM run ORDER BY id DESC LIMIT 1 OFFSET $1")
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
}

impl RunRow {
    fn run(self, streams: Vec<String>, holder: Option<RunId>) -> Result<Run, StoreFault> {
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
            wait: duration(self.wait)?,
        })
    }
}
