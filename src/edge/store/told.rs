//! Imported results, kept as they were told.

mod adding;
mod known;

use std::collections::BTreeMap;

use super::fault::Doing as _;
use super::row::{list, maybe_time, parsed, time};
use super::{Store, StoreFault};
use crate::domain::finding::Placement;
use crate::domain::probe::ProbeState;
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::domain::seed::Address;
use crate::domain::sighting::{Tab, TabAnswer};
use crate::domain::stream::StreamName;
use crate::domain::told::Told;

pub(crate) use adding::NotAdded;

const DOING: &str = "store imported results";
const READ: &str = "read imported results";

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Added {
    /// Runs that were new.
    pub(crate) runs: Vec<RunId>,
    /// Probes that were new.
    pub(crate) probes: usize,
    /// Probes that were there before.
    pub(crate) known: usize,
    /// Those of them whose placement is told differently now; what was stored first stands.
    pub(crate) different: usize,
}

impl Store {
    /// What was told of the probes of these runs, in the order in which it was imported, each with the number of its row.
    pub(crate) async fn told(&self, runs: &[RunId]) -> Result<BTreeMap<RunId, Vec<(i64, Told)>>, StoreFault> {
        let rows: Vec<ToldColumns> = sqlx::query_as(
            "SELECT told.id, told_stream.run, told_stream.name AS stream, seed.address, seed.provider, told.started_at,
                    told.state, told.placement, told.tab, told.folder, told.arrived_at, told.latency, told.why
             FROM told_stream JOIN told ON told.stream = told_stream.id JOIN seed ON seed.id = told.seed
             WHERE told_stream.run IN (SELECT value FROM json_each($1)) ORDER BY told_stream.run, told.id",
        )
        .bind(list(runs))
        .fetch_all(&self.reader)
        .await
        .doing(READ)?;
        let mut told: BTreeMap<RunId, Vec<(i64, Told)>> = BTreeMap::new();
        for row in rows {
            let (run, id) = (RunId(row.run), row.id);
            told.entry(run).or_default().push((id, row.told()?));
        }
        Ok(told)
    }

    /// Where the probes of one stream lay in these imported runs, and nothing more: one text for each run, as
    /// [`ToldPlacements`] reads it. Made for hundreds of thousands of them.
    pub(crate) async fn told_placements(
        &self,
        runs: &[RunId],
        stream: &StreamName,
    ) -> Result<Vec<ToldPlacements>, StoreFault> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT told_stream.run,
                    group_concat(seed.address || char(31) || seed.provider || char(31) || coalesce(told.placement, ''),
                                 char(30))
             FROM told_stream CROSS JOIN told ON told.stream = told_stream.id CROSS JOIN seed ON seed.id = told.seed
             WHERE told_stream.run IN (SELECT value FROM json_each($1)) AND told_stream.name = $2
             GROUP BY told_stream.run",
        )
        .bind(list(runs))
        .bind(stream.as_str())
        .fetch_all(&self.reader)
        .await
        .doing(READ)?;
        Ok(rows.into_iter().map(|(run, text)| ToldPlacements { run: RunId(run), text }).collect())
    }
}

/// The placements of one stream in one imported run.
#[derive(Debug, Clone)]
pub(crate) struct ToldPlacements {
    /// The run.
    pub(crate) run: RunId,
    text: String,
}

impl ToldPlacements {
    /// Seed, provider and placement of each probe. Neither an address nor a provider can hold what separates them.
    pub(crate) fn probes(&self) -> impl Iterator<Item = (&str, &str, Option<Placement>)> {
        self.text.split('\u{1e}').filter_map(|probe| {
            let mut fields = probe.split('\u{1f}');
            let (seed, provider, word) = (fields.next()?, fields.next()?, fields.next()?);
            Some((seed, provider, Placement::of_word(word)))
        })
    }
}

#[derive(sqlx::FromRow)]
struct ToldColumns {
    id: i64,
    run: i64,
    stream: String,
    address: String,
    provider: String,
    started_at: i64,
    state: Option<String>,
    placement: Option<String>,
    tab: Option<String>,
    folder: Option<String>,
    arrived_at: Option<i64>,
    latency: Option<i64>,
    why: Option<String>,
}

impl ToldColumns {
    fn told(self) -> Result<Told, StoreFault> {
        let tab = match self.tab.as_deref() {
            None => TabAnswer::NotApplicable,
            Some("unknown") => TabAnswer::Unknown,
            Some(word) => TabAnswer::Known(parsed("tab", word, Tab::of_word)?),
        };
        Ok(Told {
            stream: parsed("stream name", &self.stream, StreamName::new)?,
            seed: parsed("address", &self.address, Address::new)?,
            provider: parsed("provider", &self.provider, ProviderName::new)?,
            started_at: time(self.started_at)?,
            state: self.state.map(|word| parsed("probe state", &word, ProbeState::of_word)).transpose()?,
            placement: self.placement.map(|word| parsed("placement", &word, Placement::of_word)).transpose()?,
            tab,
            folder: self.folder,
            arrived_at: maybe_time(self.arrived_at)?,
            latency_ms: self.latency.and_then(|latency| u64::try_from(latency).ok()),
            why: self.why,
        })
    }
}
