//! Snapshots of DNS, and the changes that they tell.
//!
//! A snapshot is stored whole and never touched again. What changed is worked out from them each time it is asked for
//! ([`crate::domain::dns::change`]): a name that nobody could ask at one time keeps its last answer, and only what the
//! sender itself publishes counts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fault::Doing as _;
use super::row::{parsed, time};
use super::{Store, StoreFault, Writing};
use crate::domain::dns::answer::{Answer, Question, Record, RecordType, Reply, Value};
use crate::domain::dns::change::{Change, changes};
use crate::domain::dns::name::DomainName;
use crate::domain::dns::snapshot::{Entry, Place, Snapshot};
use crate::domain::run::RunId;
use crate::domain::stream::StreamName;

const READ: &str = "read the snapshots of DNS";

impl Store {
    /// Stores a snapshot, with the run that took it.
    pub(crate) async fn save_snapshot(&self, snapshot: &Snapshot, run: Option<RunId>) -> Result<(), StoreFault> {
        const DOING: &str = "store a snapshot of DNS";
        let mut writing = self.write(DOING).await?;
        let id: i64 =
            // A run that was taken back meanwhile leaves its snapshot behind, as what DNS said is true without it.
            sqlx::query_scalar(
                "INSERT INTO snapshot (domain, taken_at, run)
                 VALUES ($1, $2, (SELECT id FROM run WHERE id = $3)) RETURNING id",
            )
                .bind(snapshot.domain.as_str())
                .bind(snapshot.taken_at.as_millisecond())
                .bind(run.map(|run| run.0))
                .fetch_one(&mut *writing)
                .await
                .doing(DOING)?;
        for (question, entry) in &snapshot.entries {
            insert_reply(&mut writing, id, question, entry).await?;
        }
        writing.commit().await.doing(DOING)
    }

    /// Every snapshot of a domain, the oldest first.
    pub(crate) async fn snapshots(&self, domain: &DomainName) -> Result<Vec<Snapshot>, StoreFault> {
        self.snapshots_since(domain, 0).await
    }

    /// Whether a run that the lab answered took one of a domain's snapshots.
    pub(crate) async fn has_simulated_snapshot(&self, domain: &DomainName) -> Result<bool, StoreFault> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM snapshot JOIN run ON run.id = snapshot.run
             WHERE snapshot.domain = $1 AND run.simulated = 1)",
        )
        .bind(domain.as_str())
        .fetch_one(&self.reader)
        .await
        .doing(READ)
    }

    /// The newest snapshot of a domain.
    pub(crate) async fn last_snapshot(&self, domain: &DomainName) -> Result<Option<Snapshot>, StoreFault> {
        let id: Option<i64> =
            sqlx::query_scalar("SELECT id FROM snapshot WHERE domain = $1 ORDER BY taken_at DESC, id DESC LIMIT 1")
                .bind(domain.as_str())
                .fetch_optional(&self.reader)
                .await
                .doing(READ)?;
        match id {
            Some(id) => Ok(self.snapshots_since(domain, id).await?.pop()),
            None => Ok(None),
        }
    }

    /// What changed in the DNS of a domain, the oldest change first. Each [`Change`] holds:
    ///
    /// - its *window*: after `from`, when the old records were last seen, and not after `until`, when the new ones were
    ///   first seen. A run that started at or before `from` saw the old records; one that started at or after `until`
    ///   may still have met a receiver that remembered them;
    /// - [`Change::ttl`] and [`Change::settled_at`]: how long the old answers may be remembered, and from when on every
    ///   receiver sees the new ones. A comparison leaves out the runs between `window.from` and `settled_at()`;
    /// - its *differences*, each with its part (SPF, DKIM, …), name, old and new records and a line in words.
    ///
    /// Empty where nothing changed, where there are fewer than two snapshots, and where nobody could answer.
    pub(crate) async fn dns_changes(&self, domain: &DomainName) -> Result<Vec<Change>, StoreFault> {
        Ok(changes(&self.snapshots(domain).await?))
    }

    /// The same for a stream: the changes of every domain that its runs had in From, in the order of their end.
    #[cfg_attr(not(test), allow(dead_code, reason = "read by comparisons, reports and alerts"))]
    pub(crate) async fn dns_changes_of_stream(&self, stream: &StreamName) -> Result<Vec<Change>, StoreFault> {
        let mut all = Vec::new();
        for domain in self.domains_of_stream(stream).await? {
            all.extend(self.dns_changes(&domain).await?);
        }
        all.sort_by_key(|change| change.window.until);
        Ok(all)
    }

    /// The domains that a stream's runs had in From. A sender that is no address has none.
    #[cfg_attr(not(test), allow(dead_code, reason = "read by comparisons, reports and alerts"))]
    pub(crate) async fn domains_of_stream(&self, stream: &StreamName) -> Result<Vec<DomainName>, StoreFault> {
        let senders: Vec<String> = sqlx::query_scalar("SELECT DISTINCT sender FROM stream WHERE name = $1")
            .bind(stream.as_str())
            .fetch_all(&self.reader)
            .await
            .doing(READ)?;
        let domain = |sender: &String| DomainName::of_address(sender.trim_end_matches('>'));
        let mut domains: Vec<DomainName> = senders.iter().filter_map(domain).collect();
        domains.sort();
        domains.dedup();
        Ok(domains)
    }

    /// Header sections of the newest copies that were seen of a stream's probes, the newest first.
    pub(crate) async fn latest_headers(&self, stream: &StreamName, most: u32) -> Result<Vec<Vec<u8>>, StoreFault> {
        sqlx::query_scalar(
            "SELECT sighting.headers FROM sighting
             JOIN probe ON probe.id = sighting.probe JOIN stream ON stream.id = probe.stream
             WHERE stream.name = $1 AND stream.run = (
                 SELECT max(seen.run) FROM stream AS seen
                 JOIN probe AS sent ON sent.stream = seen.id JOIN sighting AS copy ON copy.probe = sent.id
                 WHERE seen.name = $1)
             ORDER BY sighting.id DESC LIMIT $2",
        )
        .bind(stream.as_str())
        .bind(most)
        .fetch_all(&self.reader)
        .await
        .doing("read the headers of a stream's last run")
    }

    async fn snapshots_since(&self, domain: &DomainName, id: i64) -> Result<Vec<Snapshot>, StoreFault> {
        let mut reading = self.reader.begin().await.doing(READ)?;
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT id, taken_at FROM snapshot WHERE domain = $1 AND id >= $2 ORDER BY taken_at, id")
                .bind(domain.as_str())
                .bind(id)
                .fetch_all(&mut *reading)
                .await
                .doing(READ)?;
        let replies: Vec<ReplyRow> = sqlx::query_as(
            "SELECT reply.snapshot, reply.id, name, kind, place, outcome, ttl, why FROM reply
             JOIN snapshot ON snapshot.id = reply.snapshot WHERE domain = $1 AND snapshot.id >= $2",
        )
        .bind(domain.as_str())
        .bind(id)
        .fetch_all(&mut *reading)
        .await
        .doing(READ)?;
        let records: Vec<RecordRow> = sqlx::query_as(
            "SELECT record.reply, alias, owner, record.kind, record.ttl, value FROM record
             JOIN reply ON reply.id = record.reply JOIN snapshot ON snapshot.id = reply.snapshot
             WHERE domain = $1 AND snapshot.id >= $2 ORDER BY record.reply, position",
        )
        .bind(domain.as_str())
        .bind(id)
        .fetch_all(&mut *reading)
        .await
        .doing(READ)?;
        let mut of_reply: BTreeMap<i64, Vec<RecordRow>> = BTreeMap::new();
        for record in records {
            of_reply.entry(record.reply).or_default().push(record);
        }
        let mut of_snapshot: BTreeMap<i64, BTreeMap<Question, Entry>> = BTreeMap::new();
        for reply in replies {
            let records = of_reply.remove(&reply.id).unwrap_or_default();
            let snapshot = reply.snapshot;
            let (question, entry) = reply.entry(records)?;
            of_snapshot.entry(snapshot).or_default().insert(question, entry);
        }
        rows.into_iter()
            .map(|(id, taken_at)| {
                let entries = of_snapshot.remove(&id).unwrap_or_default();
                Ok(Snapshot { domain: domain.clone(), taken_at: time(taken_at)?, entries })
            })
            .collect()
    }
}

/// Takes out the snapshots before `before`, but for the newest of them of each domain: the next one is compared with it.
pub(super) async fn forget_snapshots(writing: &mut Writing, before: Timestamp) -> Result<(), StoreFault> {
    sqlx::query(
        "DELETE FROM snapshot WHERE taken_at < $1 AND EXISTS (
             SELECT 1 FROM snapshot AS later WHERE later.domain = snapshot.domain AND later.taken_at < $1
             AND (later.taken_at, later.id) > (snapshot.taken_at, snapshot.id))",
    )
    .bind(before.as_millisecond())
    .execute(&mut **writing)
    .await
    .doing("take out old snapshots of DNS")?;
    Ok(())
}

async fn insert_reply(
    writing: &mut Writing,
    snapshot: i64,
    question: &Question,
    entry: &Entry,
) -> Result<(), StoreFault> {
    const DOING: &str = "store an answer of DNS";
    let (outcome, ttl, why, records) = match &entry.reply.answer {
        Answer::Records(records) => ("records", None, None, records.as_slice()),
        Answer::Absent { name_exists: true, ttl } => ("no_record", *ttl, None, &[][..]),
        Answer::Absent { name_exists: false, ttl } => ("no_name", *ttl, None, &[][..]),
        Answer::Unanswered(why) => ("unanswered", None, Some(why.as_str()), &[][..]),
    };
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO reply (snapshot, name, kind, place, outcome, ttl, why) VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING id",
    )
    .bind(snapshot)
    .bind(question.name.as_str())
    .bind(question.kind.word())
    .bind(entry.place.word())
    .bind(outcome)
    .bind(ttl)
    .bind(why)
    .fetch_one(&mut **writing)
    .await
    .doing(DOING)?;
    let aliases = entry.reply.aliases.iter().map(|record| (true, record));
    for (position, (alias, record)) in (0_i64..).zip(aliases.chain(records.iter().map(|record| (false, record)))) {
        sqlx::query(
            "INSERT INTO record (reply, position, alias, owner, kind, ttl, value) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(position)
        .bind(alias)
        .bind(record.owner.as_str())
        .bind(record.value.kind().word())
        .bind(record.ttl)
        .bind(record.value.octets())
        .execute(&mut **writing)
        .await
        .doing(DOING)?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct ReplyRow {
    snapshot: i64,
    id: i64,
    name: String,
    kind: String,
    place: String,
    outcome: String,
    ttl: Option<u32>,
    why: Option<String>,
}

impl ReplyRow {
    fn entry(self, rows: Vec<RecordRow>) -> Result<(Question, Entry), StoreFault> {
        let name = parsed("domain name", &self.name, DomainName::new)?;
        let kind = parsed("record type", &self.kind, RecordType::of_word)?;
        let mut aliases = Vec::new();
        let mut records = Vec::new();
        for row in rows {
            let list = if row.alias { &mut aliases } else { &mut records };
            list.push(row.record()?);
        }
        let answer = match (self.outcome.as_str(), self.why) {
            ("records", None) => Answer::Records(records),
            ("no_record", None) => Answer::Absent { name_exists: true, ttl: self.ttl },
            ("no_name", None) => Answer::Absent { name_exists: false, ttl: self.ttl },
            ("unanswered", Some(why)) => Answer::Unanswered(why),
            (word, _) => return parsed("outcome of a question", word, |_| None),
        };
        let place = parsed("part of a record", &self.place, Place::of_word)?;
        Ok((Question::new(name, kind), Entry { place, reply: Reply { aliases, answer } }))
    }
}

#[derive(sqlx::FromRow)]
struct RecordRow {
    reply: i64,
    alias: bool,
    owner: String,
    kind: String,
    ttl: u32,
    value: Vec<u8>,
}

impl RecordRow {
    fn record(self) -> Result<Record, StoreFault> {
        let kind = parsed("record type", &self.kind, RecordType::of_word)?;
        let shown = String::from_utf8_lossy(&self.value).into_owned();
        Ok(Record {
            owner: parsed("domain name", &self.owner, DomainName::new)?,
            ttl: self.ttl,
            value: parsed("record", &shown, |_| Value::of_octets(kind, self.value))?,
        })
    }
}

#[cfg(test)]
mod tests;
