//! What is stored already, as an import meets it: so that importing twice adds nothing.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Added, DOING};
use crate::domain::finding::Placement;
use crate::domain::run::{Label, RunId};
use crate::domain::told::{Told, ToldRun};
use crate::edge::store::fault::Doing as _;
use crate::edge::store::{StoreFault, Writing};

/// How far from its run's begin a row may lie that is added to an imported run later: a day, in milliseconds.
const ONE_RUN: i64 = 86_400_000;

/// A probe that is stored already.
struct Known {
    started_at: i64,
    /// `None`: it is no imported one.
    placement: Option<String>,
}

/// A run of the database as an import meets it.
pub(super) struct Standing {
    /// Its number.
    pub(super) id: RunId,
    label: Option<String>,
    started_at: i64,
    imported: bool,
    /// Whether the lab answered it instead of real providers.
    pub(super) simulated: bool,
}

/// The run of this number.
pub(super) async fn standing(writing: &mut Writing, id: RunId) -> Result<Option<Standing>, StoreFault> {
    let row: Option<(Option<String>, i64, bool, bool)> =
        sqlx::query_as("SELECT label, started_at, imported, simulated FROM run WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut **writing)
            .await
            .doing(DOING)?;
    Ok(row.map(|(label, started_at, imported, simulated)| Standing { id, label, started_at, imported, simulated }))
}

/// The imported runs that stood before, with the first and last moment that they tell of.
pub(super) struct EarlierRuns(Vec<(RunId, i64, i64)>);

impl EarlierRuns {
    /// Reads them.
    pub(super) async fn read(writing: &mut Writing) -> Result<Self, StoreFault> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT id, started_at, coalesce(ended_at, started_at) FROM run WHERE imported = 1 ORDER BY id",
        )
        .fetch_all(&mut **writing)
        .await
        .doing(DOING)?;
        Ok(Self(rows.into_iter().map(|(id, from, until)| (RunId(id), from, until)).collect()))
    }

    /// The imported run that rows without a number belong to: one that holds one of their probes, at the same moment.
    pub(super) async fn run_of(&self, writing: &mut Writing, run: &ToldRun) -> Result<Option<RunId>, StoreFault> {
        let moments = || run.rows.iter().map(|(_, told)| told.started_at.as_millisecond());
        let (Some(first), Some(last)) = (moments().min(), moments().max()) else { return Ok(None) };
        // A row that was added later may lie outside of what its run tells of by as much.
        let is_near = |(_, from, until): &&(RunId, i64, i64)| {
            from.saturating_sub(ONE_RUN) <= last && until.saturating_add(ONE_RUN) >= first
        };
        for (id, _, _) in self.0.iter().filter(is_near) {
            let known = KnownProbes::read(writing, *id).await?;
            if run.rows.iter().any(|(_, told)| known.holds(told)) {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }
}

/// Every probe of one run that is stored, by stream and seed.
pub(super) struct KnownProbes(HashMap<(String, String), Known>);

impl KnownProbes {
    /// Reads them.
    pub(super) async fn read(writing: &mut Writing, run: RunId) -> Result<Self, StoreFault> {
        let rows: Vec<(String, String, i64, Option<String>)> = sqlx::query_as(
            "SELECT told_stream.name, seed.address, told.started_at, coalesce(told.placement, '')
             FROM told_stream CROSS JOIN told ON told.stream = told_stream.id CROSS JOIN seed ON seed.id = told.seed
             WHERE told_stream.run = $1
             UNION ALL
             SELECT stream.name, seed.address, run.started_at, NULL
             FROM stream CROSS JOIN probe ON probe.stream = stream.id CROSS JOIN seed ON seed.id = probe.seed
             CROSS JOIN run ON run.id = stream.run
             WHERE stream.run = $1",
        )
        .bind(run.0)
        .fetch_all(&mut **writing)
        .await
        .doing(DOING)?;
        let known = rows
            .into_iter()
            .map(|(stream, seed, started_at, placement)| ((stream, seed), Known { started_at, placement }));
        Ok(Self(known.collect()))
    }

    fn of(&self, told: &Told) -> Option<&Known> {
        self.0.get(&(told.stream.as_str().to_owned(), told.seed.as_str().to_owned()))
    }

    /// Whether it is one of them, imported, at the same moment.
    fn holds(&self, told: &Told) -> bool {
        let at = told.started_at.as_millisecond();
        self.of(told).is_some_and(|known| known.placement.is_some() && known.started_at == at)
    }

    /// Whether the run of these rows is an imported one that does not know yet that the lab answered it.
    pub(super) fn lacks_mark(&self, run: &ToldRun, standing: &Standing) -> bool {
        run.simulated && standing.imported && !standing.simulated && run.rows.iter().any(|(_, told)| self.holds(told))
    }

    /// The rows of a run that are new; those that are known are counted, and those that cannot belong to it are told.
    pub(super) fn sift<'a>(
        &self,
        run: &'a ToldRun,
        standing: &Standing,
        added: &mut Added,
        wrong: &mut Vec<(usize, String)>,
    ) -> Vec<&'a Told> {
        let remedy = "it tells of another run; empty its run_id, and rows are gathered by label and time";
        let id = standing.id.0;
        let mut new = Vec::new();
        for (line, told) in &run.rows {
            let at = told.started_at.as_millisecond();
            if let Some(known) = self.of(told) {
                if known.started_at != at {
                    let begun = Timestamp::from_millisecond(known.started_at).unwrap_or_default();
                    wrong
                        .push((*line, format!("run_id: the probe of run {id} that is stored began {begun}: {remedy}")));
                    continue;
                }
                added.known += 1;
                let placement = told.placement.map_or("", Placement::word);
                added.different += usize::from(known.placement.as_deref().is_some_and(|known| known != placement));
            } else if !standing.imported {
                wrong.push((*line, format!("run_id: run {id} was made here and sent no such probe: {remedy}")));
            } else if standing.simulated != run.simulated {
                let by = if standing.simulated { "by the lab" } else { "by real providers" };
                wrong.push((*line, format!("simulated: run {id} was answered {by}: {remedy}")));
            } else if standing.label.as_deref() != run.label.as_ref().map(Label::as_str)
                || at.saturating_sub(standing.started_at).saturating_abs() > ONE_RUN
            {
                wrong.push((*line, format!("run_id: run {id} has another label or time: {remedy}")));
            } else {
                new.push(told);
            }
        }
        new
    }
}
