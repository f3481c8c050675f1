//! Planning: a run, its streams, its seeds and one probe for each pair, written down before anything leaves.

use std::time::Duration;

use fail::fail_point;
use jiff::Timestamp;

use super::fault::Doing as _;
use super::period::take_period;
use super::row::{millis, parsed};
use super::{Store, StoreFault, Writing};
use crate::domain::probe::{Probe, ProbeId, ProbeState, Tag};
use crate::domain::provider::ProviderName;
use crate::domain::run::{Label, RunId};
use crate::domain::schedule::Period;
use crate::domain::seed::Address;
use crate::domain::stream::{StreamKind, StreamName, TagMode, TransportKind};

/// A stream as it is configured at the time of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamFacts {
    /// Its name.
    pub(crate) name: StreamName,
    /// What sort of mail it carries.
    pub(crate) kind: StreamKind,
    /// The From of its probes.
    pub(crate) from: String,
    /// How its probes reach SES.
    pub(crate) transport: TransportKind,
    /// Its region; `None` where the AWS environment decides.
    pub(crate) region: Option<String>,
    /// Its configuration set, if it names one.
    pub(crate) configuration_set: Option<String>,
    /// Whether it is the plain message that tells content from reputation.
    pub(crate) control: bool,
    /// How its probes carry their tag.
    pub(crate) tag_mode: TagMode,
    /// SHA-256 of its message.
    pub(crate) message_sha256: [u8; 32],
}

/// A run that is to be planned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewRun {
    /// Its label, if the user gave one.
    pub(crate) label: Option<Label>,
    /// The streams it asks about, in the order of the configuration.
    pub(crate) streams: Vec<StreamFacts>,
    /// The seeds, in the order of the seed lists, each with its provider.
    pub(crate) seeds: Vec<(Address, ProviderName)>,
    /// How long each probe is watched.
    pub(crate) wait: Duration,
    /// Whether the lab answers instead of real providers.
    pub(crate) simulated: bool,
    /// The present time.
    pub(crate) started_at: Timestamp,
}

const PLAN: &str = "store the plan of a run";

impl Store {
    /// Stores a run with one planned probe for each stream and seed, in this order. `key` is the run's own random key; it
    /// is not kept, as the tags derived from it are.
    pub(crate) async fn plan_run(&self, new: &NewRun, key: &[u8; 32]) -> Result<(RunId, Vec<Probe>), StoreFault> {
        let mut writing = self.write(PLAN).await?;
        let run = insert_run(&mut writing, new).await?;
        plan_probes(writing, run, new, key).await
    }

    /// The same for the run that a period of the schedule owes; `None` when the period already had its run.
    pub(crate) async fn plan_scheduled_run(
        &self,
        new: &NewRun,
        key: &[u8; 32],
        period: &Period,
    ) -> Result<Option<(RunId, Vec<Probe>)>, StoreFault> {
        let mut writing = self.write(PLAN).await?;
        let run = insert_run(&mut writing, new).await?;
        if !take_period(&mut writing, period, run, PLAN).await? {
            return Ok(None);
        }
        plan_probes(writing, run, new, key).await.map(Some)
    }

    /// Takes back a run of the schedule of which nothing has left and nothing can: its period is owed again. False, and
    /// nothing is changed, if something may have left.
    pub(crate) async fn withdraw_run(&self, run: RunId) -> Result<bool, StoreFault> {
        const DOING: &str = "take a run back";
        let mut writing = self.write(DOING).await?;
        sqlx::query("DELETE FROM period WHERE run = $1").bind(run.0).execute(&mut *writing).await.doing(DOING)?;
        let gone = sqlx::query(
            "DELETE FROM run WHERE id = $1 AND NOT EXISTS (
                 SELECT 1 FROM probe JOIN stream ON stream.id = probe.stream
                 WHERE stream.run = $1 AND probe.state != 'planned'
             )",
        )
        .bind(run.0)
        .execute(&mut *writing)
        .await
        .doing(DOING)?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        fail_point!("withdrawal-written");
        writing.commit().await.doing(DOING)?;
        Ok(true)
    }

    /// Keeps a seed out of a run: it gets no mail, and its probes of this run are unmeasured for this reason. The first
    /// reason stands.
    pub(crate) async fn exclude_seed(&self, run: RunId, seed: &Address, why: &str) -> Result<(), StoreFault> {
        const DOING: &str = "keep a seed out of a run";
        let changed = sqlx::query("UPDATE seed SET excluded = coalesce(excluded, $3) WHERE run = $1 AND address = $2")
            .bind(run.0)
            .bind(seed.as_str())
            .bind(why)
            .execute(&self.writer)
            .await
            .doing(DOING)?;
        fail_point!("exclusion-committed");
        if changed.rows_affected() == 1 { Ok(()) } else { Err(StoreFault::no_seed(DOING, seed)) }
    }

    /// The streams of a run as they were configured then.
    pub(crate) async fn streams(&self, run: RunId) -> Result<Vec<StreamFacts>, StoreFault> {
        let rows: Vec<StreamRow> = sqlx::query_as(
            "SELECT name, kind, sender, transport, region, configuration_set, control, tag_mode, message_sha256
             FROM stream WHERE run = $1 ORDER BY position",
        )
        .bind(run.0)
        .fetch_all(&self.reader)
        .await
        .doing("read the streams of a run")?;
        rows.into_iter().map(StreamRow::facts).collect()
    }
}

#[derive(sqlx::FromRow)]
struct StreamRow {
    name: String,
    kind: String,
    sender: String,
    transport: String,
    region: Option<String>,
    configuration_set: Option<String>,
    control: bool,
    tag_mode: String,
    message_sha256: Vec<u8>,
}

impl StreamRow {
    fn facts(self) -> Result<StreamFacts, StoreFault> {
        let no_hash = |_| StoreFault::Damaged { what: "no SHA-256 of a message".to_owned() };
        Ok(StreamFacts {
            name: parsed("stream name", &self.name, StreamName::new)?,
            kind: parsed("stream kind", &self.kind, StreamKind::of_word)?,
            from: self.sender,
            transport: parsed("transport", &self.transport, TransportKind::of_word)?,
            region: self.region,
            configuration_set: self.configuration_set,
            control: self.control,
            tag_mode: parsed("tag mode", &self.tag_mode, TagMode::of_word)?,
            message_sha256: self.message_sha256.try_into().map_err(no_hash)?,
        })
    }
}

/// One planned probe for each stream and seed of a run; then everything is committed.
async fn plan_probes(
    mut writing: Writing,
    run: RunId,
    new: &NewRun,
    key: &[u8; 32],
) -> Result<(RunId, Vec<Probe>), StoreFault> {
    let mut seeds = Vec::with_capacity(new.seeds.len());
    for (position, (address, provider)) in (0_i64..).zip(&new.seeds) {
        let row = insert_seed(&mut writing, run, position, address, provider).await?;
        seeds.push((row, address, provider));
    }
    let mut probes = Vec::with_capacity(new.streams.len().saturating_mul(seeds.len()));
    for (position, stream) in (0_i64..).zip(&new.streams) {
        let row = insert_stream(&mut writing, run, position, stream).await?;
        for (seed, address, provider) in &seeds {
            let tag = Tag::derive(key, run, &stream.name, address);
            let id = insert_probe(&mut writing, row, *seed, &tag).await?;
            probes.push(planned(id, tag, stream, address, provider));
        }
    }
    fail_point!("plan-written");
    writing.commit().await.doing(PLAN)?;
    fail_point!("plan-committed");
    Ok((run, probes))
}

async fn insert_run(writing: &mut Writing, new: &NewRun) -> Result<RunId, StoreFault> {
    let id =
        sqlx::query_scalar("INSERT INTO run (label, started_at, wait, simulated) VALUES ($1, $2, $3, $4) RETURNING id")
            .bind(new.label.as_ref().map(Label::as_str))
            .bind(new.started_at.as_millisecond())
            .bind(millis(new.wait))
            .bind(new.simulated)
            .fetch_one(&mut **writing)
            .await
            .doing(PLAN)?;
    Ok(RunId(id))
}

async fn insert_seed(
    writing: &mut Writing,
    run: RunId,
    position: i64,
    address: &Address,
    provider: &ProviderName,
) -> Result<i64, StoreFault> {
    sqlx::query_scalar("INSERT INTO seed (run, position, address, provider) VALUES ($1, $2, $3, $4) RETURNING id")
        .bind(run.0)
        .bind(position)
        .bind(address.as_str())
        .bind(provider.as_str())
        .fetch_one(&mut **writing)
        .await
        .doing(PLAN)
}

async fn insert_stream(
    writing: &mut Writing,
    run: RunId,
    position: i64,
    stream: &StreamFacts,
) -> Result<i64, StoreFault> {
    sqlx::query_scalar(
        "INSERT INTO stream (run, position, name, kind, sender, transport, region, configuration_set, control,
                             tag_mode, message_sha256)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
    )
    .bind(run.0)
    .bind(position)
    .bind(stream.name.as_str())
    .bind(stream.kind.word())
    .bind(stream.from.as_str())
    .bind(stream.transport.word())
    .bind(stream.region.as_deref())
    .bind(stream.configuration_set.as_deref())
    .bind(stream.control)
    .bind(stream.tag_mode.word())
    .bind(stream.message_sha256.as_slice())
    .fetch_one(&mut **writing)
    .await
    .doing(PLAN)
}

async fn insert_probe(writing: &mut Writing, stream: i64, seed: i64, tag: &Tag) -> Result<ProbeId, StoreFault> {
    let id = sqlx::query_scalar("INSERT INTO probe (stream, seed, tag) VALUES ($1, $2, $3) RETURNING id")
        .bind(stream)
        .bind(seed)
        .bind(tag.as_str())
        .fetch_one(&mut **writing)
        .await
        .doing(PLAN)?;
    Ok(ProbeId(id))
}

fn planned(id: ProbeId, tag: Tag, stream: &StreamFacts, seed: &Address, provider: &ProviderName) -> Probe {
    Probe {
        id,
        stream: stream.name.clone(),
        seed: seed.clone(),
        provider: provider.clone(),
        tag,
        tagged: stream.tag_mode == TagMode::Header,
        state: ProbeState::Planned,
        why: None,
        claimed_at: None,
        handed_at: None,
        ses_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, address, at, new_run, stream};

    #[tokio::test]
    async fn a_plan_comes_back_as_it_was_made() {
        let place = Place::new().await;
        let plain = StreamFacts { kind: StreamKind::Outreach, ..stream("plain") };
        let full = StreamFacts {
            kind: StreamKind::Transactional,
            transport: TransportKind::SesSmtp,
            region: Some("us-east-1".to_owned()),
            configuration_set: Some("receipts".to_owned()),
            control: true,
            tag_mode: TagMode::None,
            message_sha256: std::array::from_fn(|index| u8::try_from(index).unwrap()),
            ..stream("full")
        };
        let new = NewRun {
            label: Label::new("before-dkim"),
            streams: vec![plain.clone(), full.clone()],
            wait: Duration::from_millis(90_001),
            simulated: true,
            started_at: at(123),
            ..new_run(&[], &["bert@gmail.com", "anna@gmail.com"])
        };
        let (id, planned) = place.plan(&new).await;
        assert_eq!(place.store.streams(id).await.unwrap(), [plain, full]);
        assert_eq!(place.store.probes(id).await.unwrap(), planned);
        let order: Vec<(&str, &str, bool)> =
            planned.iter().map(|probe| (probe.stream.as_str(), probe.seed.as_str(), probe.tagged)).collect();
        assert_eq!(
            order,
            [
                ("plain", "bert@gmail.com", true),
                ("plain", "anna@gmail.com", true),
                ("full", "bert@gmail.com", false),
                ("full", "anna@gmail.com", false)
            ]
        );
        let run = place.store.run(id, None).await.unwrap();
        assert_eq!((run.label, run.wait, run.simulated), (new.label, new.wait, true));
        assert_eq!((run.started_at, run.ended_at), (at(123), None));
        assert_eq!(run.streams.iter().map(StreamName::as_str).collect::<Vec<_>>(), ["plain", "full"]);
    }

    #[tokio::test]
    async fn a_tag_is_derived_from_the_number_of_its_run() {
        let place = Place::new().await;
        let new = new_run(&["news"], &["anna@gmail.com"]);
        let (first, probes) = place.plan(&new).await;
        let (second, others) = place.plan(&new).await;
        let expected = |run| Tag::derive(&[3; 32], run, &new.streams[0].name, &new.seeds[0].0);
        assert_eq!(probes[0].tag, expected(first));
        assert_eq!(others[0].tag, expected(second));
        assert_ne!(probes[0].tag, others[0].tag);
    }

    #[tokio::test]
    async fn numbers_of_runs_and_probes_are_never_used_twice() {
        let place = Place::new().await;
        let new = new_run(&["news"], &["anna@gmail.com"]);
        let (first, probes) = place.plan(&new).await;
        assert_eq!(place.store.forget_runs(at(1)).await.unwrap(), 1);
        let (second, others) = place.plan(&new).await;
        assert!(second > first, "{second:?} after {first:?}");
        assert!(others[0].id > probes[0].id);
    }

    #[tokio::test]
    async fn a_plan_that_fails_leaves_nothing_behind() {
        let place = Place::new().await;
        let twice = new_run(&["news"], &["anna@gmail.com", "anna@gmail.com"]);
        assert!(place.store.plan_run(&twice, &[3; 32]).await.is_err());
        for table in ["SELECT count(*) FROM run", "SELECT count(*) FROM seed", "SELECT count(*) FROM probe"] {
            assert_eq!(place.count(table).await, 0, "{table}");
        }
    }

    #[tokio::test]
    async fn an_excluded_seed_keeps_its_first_reason_and_its_probes_cannot_be_claimed() {
        let place = Place::new().await;
        let (run, probes) = place.plan(&new_run(&["news"], &["anna@gmail.com", "bert@gmail.com"])).await;
        let anna = address("anna@gmail.com");
        place.store.exclude_seed(run, &anna, "secret unreadable").await.unwrap();
        place.store.exclude_seed(run, &anna, "something later").await.unwrap();
        let excluded = place.store.excluded(run).await.unwrap();
        assert_eq!(excluded.into_iter().collect::<Vec<_>>(), [(anna, "secret unreadable".to_owned())]);
        let refused = place.store.claim(probes[0].id, at(1)).await.unwrap_err().to_string();
        assert!(refused.ends_with("its seed takes no part: secret unreadable"), "{refused}");
        assert_eq!(place.store.claim(probes[1].id, at(1)).await.unwrap(), 1);
        let stranger = place.store.exclude_seed(run, &address("eve@gmail.com"), "x").await.unwrap_err();
        assert_eq!(stranger.to_string(), "cannot keep a seed out of a run: eve@gmail.com is not part of it");
    }
}
