//! Probes with everything that was stored about them: what `judge` and the story of one probe are made of.

use std::collections::BTreeMap;

use super::fault::Doing as _;
use super::row::{list, maybe_time, number, parsed, tab_answer, time};
use super::{Store, StoreFault};
use crate::domain::folder::{FolderName, Role};
use crate::domain::probe::{Probe, ProbeId, ProbeState, SesId, Tag};
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::domain::seed::Address;
use crate::domain::sighting::{Sighting, Sweep};
use crate::domain::stream::{StreamName, TagMode};

impl Store {
    /// The probes of a run in the order of its streams and seeds.
    pub(crate) async fn probes(&self, run: RunId) -> Result<Vec<Probe>, StoreFault> {
        Ok(self.probes_of(&[run]).await?.remove(&run).unwrap_or_default())
    }

    /// The same for many runs at once.
    pub(crate) async fn probes_of(&self, runs: &[RunId]) -> Result<BTreeMap<RunId, Vec<Probe>>, StoreFault> {
        let rows: Vec<ProbeRow> = sqlx::query_as(
            "SELECT stream.run, probe.id, stream.name AS stream, stream.tag_mode, seed.address, seed.provider, probe.tag,
                    probe.state, probe.why, handoff.claimed_at, handoff.outcome, handoff.ended_at, handoff.ses_id
             FROM stream JOIN probe ON probe.stream = stream.id JOIN seed ON seed.id = probe.seed
             LEFT JOIN handoff ON handoff.probe = probe.id AND handoff.attempt = probe.attempts
             WHERE stream.run IN (SELECT value FROM json_each($1)) ORDER BY stream.run, stream.position, seed.position",
        )
        .bind(list(runs))
        .fetch_all(&self.reader)
        .await
        .doing("read the probes of a run")?;
        let mut probes: BTreeMap<RunId, Vec<Probe>> = BTreeMap::new();
        for row in rows {
            probes.entry(RunId(row.run)).or_default().push(row.probe()?);
        }
        Ok(probes)
    }

    /// Every look through each probe's seed, oldest first, with the copies of that probe that it saw. A probe whose seed
    /// was never looked at has no entry.
    pub(crate) async fn sweeps(&self, run: RunId) -> Result<BTreeMap<ProbeId, Vec<Sweep>>, StoreFault> {
        self.sweeps_of(&[run]).await
    }

    /// The same for many runs at once.
    pub(crate) async fn sweeps_of(&self, runs: &[RunId]) -> Result<BTreeMap<ProbeId, Vec<Sweep>>, StoreFault> {
        const DOING: &str = "read the looks of a run";
        let mut reading = self.reader.begin().await.doing(DOING)?;
        let looks: Vec<LookRow> = sqlx::query_as(
            "SELECT probe.id AS probe, look.id AS look, look.began_at, look.ended_at, look.failed
             FROM seed JOIN probe ON probe.seed = seed.id JOIN look ON look.seed = seed.id
             WHERE seed.run IN (SELECT value FROM json_each($1)) ORDER BY probe.id, look.id",
        )
        .bind(list(runs))
        .fetch_all(&mut *reading)
        .await
        .doing(DOING)?;
        let seen: Vec<SeenRow> = sqlx::query_as(
            "SELECT sighting.probe, seen.look, sighting.folder, seen.role, sighting.uid, seen.tab, seen.tab_why,
                    seen.arrived_at
             FROM stream JOIN probe ON probe.stream = stream.id JOIN sighting ON sighting.probe = probe.id
             JOIN seen ON seen.sighting = sighting.id
             WHERE stream.run IN (SELECT value FROM json_each($1)) ORDER BY seen.look, sighting.id",
        )
        .bind(list(runs))
        .fetch_all(&mut *reading)
        .await
        .doing(DOING)?;
        let mut copies: BTreeMap<(i64, i64), Vec<Sighting>> = BTreeMap::new();
        for row in seen {
            copies.entry((row.probe, row.look)).or_default().push(row.sighting()?);
        }
        let mut sweeps: BTreeMap<ProbeId, Vec<Sweep>> = BTreeMap::new();
        for row in looks {
            let sightings = copies.remove(&(row.probe, row.look)).unwrap_or_default();
            sweeps.entry(ProbeId(row.probe)).or_default().push(row.sweep(sightings)?);
        }
        Ok(sweeps)
    }

    /// The seeds that take no part in a run, each with the reason.
    #[cfg(test)]
    pub(crate) async fn excluded(&self, run: RunId) -> Result<BTreeMap<Address, String>, StoreFault> {
        Ok(self.excluded_of(&[run]).await?.remove(&run).unwrap_or_default())
    }

    /// The same for many runs at once.
    pub(crate) async fn excluded_of(
        &self,
        runs: &[RunId],
    ) -> Result<BTreeMap<RunId, BTreeMap<Address, String>>, StoreFault> {
        let rows: Vec<(i64, String, String)> = sqlx::query_as(
            "SELECT run, address, excluded FROM seed
             WHERE run IN (SELECT value FROM json_each($1)) AND excluded IS NOT NULL",
        )
        .bind(list(runs))
        .fetch_all(&self.reader)
        .await
        .doing("read the seeds that take no part")?;
        let mut excluded: BTreeMap<RunId, BTreeMap<Address, String>> = BTreeMap::new();
        for (run, address, why) in rows {
            excluded.entry(RunId(run)).or_default().insert(parsed("address", &address, Address::new)?, why);
        }
        Ok(excluded)
    }

    /// The folders that could not be opened before the send, by run and seed; seeds without any are absent.
    pub(crate) async fn shut_of(
        &self,
        runs: &[RunId],
    ) -> Result<BTreeMap<(RunId, Address), Vec<FolderName>>, StoreFault> {
        let rows: Vec<(i64, String, String)> = sqlx::query_as(
            "SELECT seed.run, seed.address, shut.folder FROM seed JOIN shut ON shut.seed = seed.id
             WHERE seed.run IN (SELECT value FROM json_each($1)) ORDER BY seed.id, shut.position",
        )
        .bind(list(runs))
        .fetch_all(&self.reader)
        .await
        .doing("read the folders that were closed")?;
        let mut shut: BTreeMap<(RunId, Address), Vec<FolderName>> = BTreeMap::new();
        for (run, address, folder) in rows {
            let address = parsed("address", &address, Address::new)?;
            shut.entry((RunId(run), address)).or_default().push(FolderName::from_wire(folder));
        }
        Ok(shut)
    }

    /// The header sections of all copies of one probe, in the order in which they were first seen: the folder, the bytes,
    /// and whether the section is longer than what was kept.
    pub(crate) async fn headers(&self, probe: ProbeId) -> Result<Vec<(FolderName, Vec<u8>, bool)>, StoreFault> {
        let rows: Vec<(String, Vec<u8>, bool)> =
            sqlx::query_as("SELECT folder, headers, cut FROM sighting WHERE probe = $1 ORDER BY id")
                .bind(probe.0)
                .fetch_all(&self.reader)
                .await
                .doing("read the headers of a probe")?;
        Ok(rows.into_iter().map(|(folder, headers, cut)| (FolderName::from_wire(folder), headers, cut)).collect())
    }
}

#[derive(sqlx::FromRow)]
struct ProbeRow {
    run: i64,
    id: i64,
    stream: String,
    tag_mode: String,
    address: String,
    provider: String,
    tag: String,
    state: String,
    why: Option<String>,
    claimed_at: Option<i64>,
    outcome: Option<String>,
    ended_at: Option<i64>,
    ses_id: Option<String>,
}

impl ProbeRow {
    fn probe(self) -> Result<Probe, StoreFault> {
        let accepted = self.outcome.as_deref() == Some(ProbeState::Accepted.word());
        Ok(Probe {
            id: ProbeId(self.id),
            stream: parsed("stream name", &self.stream, StreamName::new)?,
            seed: parsed("address", &self.address, Address::new)?,
            provider: parsed("provider", &self.provider, ProviderName::new)?,
            tag: parsed("tag", &self.tag, Tag::parse)?,
            tagged: parsed("tag mode", &self.tag_mode, TagMode::of_word)? == TagMode::Header,
            state: parsed("probe state", &self.state, ProbeState::of_word)?,
            why: self.why,
            claimed_at: maybe_time(self.claimed_at)?,
            handed_at: maybe_time(self.ended_at.filter(|_| accepted))?,
            ses_id: self.ses_id.map(|id| parsed("SES id", &id, SesId::new)).transpose()?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct LookRow {
    probe: i64,
    look: i64,
    began_at: i64,
    ended_at: i64,
    failed: Option<String>,
}

impl LookRow {
    fn sweep(self, sightings: Vec<Sighting>) -> Result<Sweep, StoreFault> {
        Ok(Sweep { began_at: time(self.began_at)?, ended_at: time(self.ended_at)?, failed: self.failed, sightings })
    }
}

#[derive(sqlx::FromRow)]
struct SeenRow {
    probe: i64,
    look: i64,
    folder: String,
    role: String,
    uid: i64,
    tab: String,
    tab_why: Option<String>,
    arrived_at: Option<i64>,
}

impl SeenRow {
    fn sighting(self) -> Result<Sighting, StoreFault> {
        Ok(Sighting {
            folder: FolderName::from_wire(self.folder),
            role: parsed("role", &self.role, Role::of_word)?,
            uid: number(self.uid)?,
            tab: tab_answer(&self.tab, self.tab_why)?,
            arrived_at: maybe_time(self.arrived_at)?,
        })
    }
}
