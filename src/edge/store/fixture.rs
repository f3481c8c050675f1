//! What the tests of the store share: a database in a directory of its own, and facts to put into it.

use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use super::{NewRun, Store, StreamFacts};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::{Copy, Look};
use crate::domain::probe::{Probe, ProbeId, SesId};
use crate::domain::provider::ProviderName;
use crate::domain::run::{Label, RunId};
use crate::domain::seed::Address;
use crate::domain::sighting::{Sighting, TabAnswer};
use crate::domain::stream::{StreamKind, StreamName, TagMode, TransportKind};

/// Milliseconds after a fixed moment.
pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_780_000_000_000 + millis).unwrap()
}

pub(super) fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

pub(super) fn ses_id(text: &str) -> SesId {
    SesId::new(text).unwrap()
}

pub(super) fn stream(name: &str) -> StreamFacts {
    StreamFacts {
        name: StreamName::new(name).unwrap(),
        kind: StreamKind::Marketing,
        from: "News <news@shop.example>".to_owned(),
        transport: TransportKind::SesApi,
        region: None,
        configuration_set: None,
        control: false,
        tag_mode: TagMode::Header,
        message_sha256: [7; 32],
    }
}

/// A run of these streams to these seeds, all of them at `gmail`.
pub(super) fn new_run(streams: &[&str], seeds: &[&str]) -> NewRun {
    NewRun {
        label: None,
        streams: streams.iter().map(|name| stream(name)).collect(),
        seeds: seeds.iter().map(|seed| (address(seed), ProviderName::new("gmail").unwrap())).collect(),
        wait: Duration::from_mins(15),
        simulated: false,
        started_at: at(0),
    }
}

pub(super) fn labelled(label: &str) -> NewRun {
    NewRun { label: Label::new(label), ..new_run(&["news"], &["anna@gmail.com"]) }
}

/// A directory of its own with a database in it.
pub(super) struct Place {
    pub(super) directory: TempDir,
    pub(super) store: Store,
}

impl Place {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("inboxed.db")).await.unwrap();
        Self { directory, store }
    }

    /// A database with one run of one stream to one seed.
    pub(super) async fn with_probe() -> (Self, RunId, Probe) {
        let place = Self::new().await;
        let (run, probes) = place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
        (place, run, probes[0].clone())
    }

    pub(super) async fn plan(&self, new: &NewRun) -> (RunId, Vec<Probe>) {
        self.store.plan_run(new, &[3; 32]).await.unwrap()
    }

    /// The only probe of a run as it is stored now.
    pub(super) async fn probe(&self, run: RunId) -> Probe {
        let probes = self.store.probes(run).await.unwrap();
        assert_eq!(probes.len(), 1);
        probes[0].clone()
    }

    /// One number out of the database.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.store.reader).await.unwrap()
    }
}

pub(super) fn sighting(folder: &str, role: Role, uid: u32, tab: TabAnswer) -> Sighting {
    Sighting { folder: FolderName::from_wire(folder), role, uid, tab, arrived_at: Some(at(5_000)) }
}

pub(super) fn copy(probe: ProbeId, sighting: Sighting) -> Copy {
    Copy { probe, sighting, uid_validity: Some(42), headers: b"Subject: hello\r\n".to_vec(), cut: false }
}

/// A complete look that began so many milliseconds after the fixed moment.
pub(super) fn look(began: i64, copies: Vec<Copy>) -> Look {
    Look { began_at: at(began), ended_at: at(began + 700), failed: None, temporary: false, leave_alone: None, copies }
}
