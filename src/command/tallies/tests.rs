//! A remembered tally is the tally that is judged anew, whatever happened to the run meanwhile.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::finding::Placement;
use crate::domain::folder::{FolderName, Role};
use crate::domain::handoff::Handoff;
use crate::domain::look::{Copy, Look};
use crate::domain::probe::{Probe, SesId};
use crate::domain::provider::ProviderName;
use crate::domain::run::Label;
use crate::domain::seed::Address;
use crate::domain::sighting::{Sighting, TabAnswer};
use crate::domain::stream::{StreamKind, TagMode, TransportKind};
use crate::domain::told::{Told, ToldRun};
use crate::edge::store::{NewRun, StreamFacts};
use crate::render::samples::bad_day;

const SEEDS: [(&str, &str); 3] =
    [("anna@gmail.com", "gmail"), ("bert@yahoo.com", "yahoo"), ("carla@gmail.com", "gmail")];
const STREAMS: [&str; 2] = ["news", "bills"];
const PLACEMENTS: [Option<Placement>; 6] = [
    Some(Placement::Inbox),
    Some(Placement::Promotions),
    Some(Placement::Spam),
    Some(Placement::Elsewhere),
    Some(Placement::Missing),
    None,
];

/// One thing that happens to the database. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Happening {
    Planned { streams: usize },
    Claimed { probe: usize },
    Settled { probe: usize, accepted: bool },
    CutOff,
    Excluded { seed: usize },
    Looked { seed: usize, role: Role, fails: bool },
    Closed,
    Imported { run: usize, rows: Vec<(usize, usize, usize, Option<i64>)> },
    Pruned,
}

fn happening() -> impl Strategy<Value = Happening> {
    let number = || 0_usize..6;
    let role = prop_oneof![Just(Role::Inbox), Just(Role::Junk), Just(Role::Other)];
    let row = (0_usize..2, 0_usize..4, 0_usize..6, proptest::option::of(-5_i64..90_000));
    prop_oneof![
        2 => (1_usize..3).prop_map(|streams| Happening::Planned { streams }),
        6 => number().prop_map(|probe| Happening::Claimed { probe }),
        6 => (number(), any::<bool>()).prop_map(|(probe, accepted)| Happening::Settled { probe, accepted }),
        1 => Just(Happening::CutOff),
        1 => number().prop_map(|seed| Happening::Excluded { seed }),
        6 => (number(), role, any::<bool>()).prop_map(|(seed, role, fails)| Happening::Looked { seed, role, fails }),
        3 => Just(Happening::Closed),
        4 => (0_usize..3, vec(row, 1..9)).prop_map(|(run, rows)| Happening::Imported { run, rows }),
        1 => Just(Happening::Pruned),
    ]
}

/// A database with the newest run that was planned in it.
struct World {
    directory: tempfile::TempDir,
    store: Store,
    run: Option<RunId>,
    second: i64,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn stream(name: &str) -> StreamFacts {
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

fn seed(number: usize) -> (Address, ProviderName) {
    let (address, provider) = SEEDS.get(number).copied().unwrap_or(("zoe@web.de", "elsewhere"));
    (Address::new(address).unwrap(), ProviderName::new(provider).unwrap())
}

impl World {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("inboxed.db")).await.unwrap();
        Self { directory, store, run: None, second: 0 }
    }

    async fn probe(&self, number: usize) -> Option<Probe> {
        let probes = self.store.probes(self.run?).await.unwrap();
        probes.get(number % probes.len().max(1)).cloned()
    }

    /// Whatever is refused did not happen.
    async fn take(&mut self, happening: &Happening) {
        self.second += 40;
        let now = at(self.second);
        match happening {
            Happening::Planned { streams } => {
                let new = NewRun {
                    label: None,
                    streams: STREAMS.iter().take(*streams).map(|name| stream(name)).collect(),
                    seeds: (0..SEEDS.len()).map(seed).collect(),
                    wait: Duration::from_mins(1),
                    simulated: false,
                    started_at: now,
                };
                self.run = Some(self.store.plan_run(&new, &[3; 32]).await.unwrap().0);
            }
            Happening::Claimed { probe } => {
                if let Some(probe) = self.probe(*probe).await {
                    let _ = self.store.claim(probe.id, now).await;
                }
            }
            Happening::Settled { probe, accepted } => {
                if let Some(probe) = self.probe(*probe).await {
                    let id = SesId::new(&format!("0107019a-{}", probe.id.0)).unwrap();
                    let refused = Handoff::Refused { why: "no".to_owned() };
                    let handoff = if *accepted { Handoff::Accepted(id) } else { refused };
                    let _ = self.store.settle(probe.id, 1, &handoff, now).await;
                }
            }
            Happening::CutOff => {
                if let Some(run) = self.run {
                    self.store.mark_unknown(run, "cut off").await.unwrap();
                }
            }
            Happening::Excluded { seed: number } => {
                if let Some(run) = self.run {
                    let _ = self.store.exclude_seed(run, &seed(*number).0, "full").await;
                }
            }
            Happening::Looked { seed: number, role, fails } => self.look(&seed(*number).0, *role, *fails, now).await,
            Happening::Closed => {
                if let Some(run) = self.run {
                    let _ = self.store.close_run(run, now).await;
                }
            }
            Happening::Imported { run, rows } => {
                let run = told_run(*run, rows);
                let _ = self.store.add_told(std::iter::once(Ok(run))).await;
            }
            Happening::Pruned => {
                self.store.forget_runs(at(self.second - 400)).await.unwrap();
            }
        }
    }

    /// A look that saw every probe of the seed that left.
    async fn look(&self, seed: &Address, role: Role, fails: bool, now: Timestamp) {
        let Some(run) = self.run else { return };
        let probes = self.store.probes(run).await.unwrap().into_iter();
        let here = probes.filter(|probe| probe.seed == *seed && probe.claimed_at.is_some() && !fails);
        let copy = |probe: Probe| Copy {
            sighting: Sighting {
                folder: FolderName::from_wire("somewhere"),
                role,
                uid: u32::try_from(probe.id.0).unwrap(),
                tab: TabAnswer::NotApplicable,
                arrived_at: Some(now),
            },
            probe: probe.id,
            uid_validity: Some(1),
            headers: Vec::new(),
            cut: false,
        };
        let look = Look {
            began_at: now,
            ended_at: now,
            failed: fails.then(|| "gone".to_owned()),
            temporary: false,
            leave_alone: None,
            copies: here.map(copy).collect(),
        };
        let _ = self.store.save_look(run, seed, &look).await;
    }
}

/// Rows of one of three runs that are told under a number.
fn told_run(number: usize, rows: &[(usize, usize, usize, Option<i64>)]) -> ToldRun {
    let told = |(stream, number, placement, latency): &(usize, usize, usize, Option<i64>)| {
        let (seed, provider) = seed(*number);
        let millis = |latency: i64| at(7).checked_add(Duration::from_millis(latency.unsigned_abs())).unwrap();
        Told {
            stream: StreamName::new(STREAMS[*stream]).unwrap(),
            seed,
            provider,
            started_at: at(0),
            state: None,
            placement: PLACEMENTS[*placement],
            tab: TabAnswer::NotApplicable,
            folder: None,
            // Neither of the two alone makes a latency.
            arrived_at: latency.filter(|latency| *latency != -1).map(millis),
            latency_ms: latency.filter(|latency| *latency != -2).map(i64::unsigned_abs),
            why: None,
        }
    };
    let mut known = std::collections::BTreeSet::new();
    let rows = rows.iter().map(told).filter(|told| known.insert((told.stream.clone(), told.seed.clone())));
    ToldRun {
        id: Some(RunId(1_000 + i64::try_from(number).unwrap())),
        label: Label::new("a"),
        simulated: false,
        rows: (1..).zip(rows).collect(),
    }
}

const CONFIG: &str = "[ses]\nregion = \"eu-central-1\"\n[[stream]]\nname = \"news\"\nmessage = \"m.eml\"\n";

fn config(directory: &std::path::Path, more: &str) -> Config {
    std::fs::create_dir_all(directory.join("seeds")).unwrap();
    for (name, text) in [("m.eml", "From: a@shop.example\r\n\r\nhello\r\n"), ("seeds/a.toml", "")] {
        std::fs::write(directory.join(name), text).unwrap();
    }
    std::fs::write(directory.join("inboxed.toml"), format!("{CONFIG}{more}")).unwrap();
    Config::load(&directory.join("inboxed.toml")).unwrap()
}

/// Remembered or not, every run comes to what it comes to when it is judged now.
async fn agree(world: &World, config: &Config, now: Timestamp) {
    let runs = world.store.runs(99, None).await.unwrap();
    let mut found = tallied(&world.store, config, &runs, now).await.unwrap();
    for run in &runs {
        let report = judge_run(&world.store, config, run.id, now).await.unwrap();
        let anew = in_order(rows(&report), run, &report.providers);
        let found = found.remove(&run.id).unwrap();
        assert_eq!(found, anew, "run {}", run.id.0);
        if let Some(counted) = of_one_stream(run, found, config) {
            let anew = RunTallies::of(report);
            assert_eq!((counted.all.all, counted.all.providers), (anew.all.all, anew.all.providers));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("INBOXED_LONG").is_some() { 240 } else { 24 },
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_remembered_is_what_is_judged_anew_whatever_happens(happenings in vec(happening(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let strict = config(world.directory.path(), "");
            let kind = config(world.directory.path(), "[judge]\npromotions_as_inbox = true\n");
            for happening in &happenings {
                world.take(happening).await;
                agree(&world, &strict, at(world.second)).await;
            }
            agree(&world, &strict, at(1_000_000)).await;
            agree(&world, &kind, at(1_000_000)).await;
            agree(&world, &strict, at(1_000_000)).await;
        });
    }
}

#[tokio::test]
async fn imported_runs_are_counted_once_and_a_run_of_ours_when_it_is_judged() {
    let mut world = World::new().await;
    let config = config(world.directory.path(), "");
    let remembered = async |world: &World| world.store.tallies(rule(config.judge.rules)).await.unwrap().len();
    world.take(&Happening::Imported { run: 0, rows: vec![(0, 0, 0, Some(4)), (0, 1, 5, None)] }).await;
    assert_eq!(remembered(&world).await, 0);
    count_imported(&world.store, &config).await;
    assert_eq!(remembered(&world).await, 1);
    world.take(&Happening::Planned { streams: 2 }).await;
    let run = world.run.unwrap();
    judged(&world.store, &config, run, at(100)).await.unwrap();
    assert_eq!(remembered(&world).await, 1, "an open run may still change");
    world.take(&Happening::Closed).await;
    judged(&world.store, &config, run, at(100_000)).await.unwrap();
    assert_eq!(remembered(&world).await, 2);
    world.take(&Happening::Excluded { seed: 0 }).await;
    assert_eq!(remembered(&world).await, 1, "a new fact takes it away");
}

#[tokio::test]
async fn an_answer_of_ses_that_is_stored_late_counts_from_then_on() {
    use Happening::{Claimed, Closed, Looked, Planned, Settled};
    let mut world = World::new().await;
    let config = config(world.directory.path(), "");
    let late = Settled { probe: 0, accepted: true };
    let looked = Looked { seed: 0, role: Role::Inbox, fails: false };
    for happening in [Planned { streams: 1 }, Claimed { probe: 0 }, looked, Closed, late] {
        world.take(&happening).await;
        agree(&world, &config, at(100_000)).await;
    }
}

#[test]
fn nothing_is_remembered_of_a_run_that_time_alone_can_change() {
    let mut report = bad_day();
    assert_eq!(memory(&report).unwrap().len(), 3);
    report.run.state = RunState::Interrupted;
    assert_eq!(memory(&report), None, "an open run");
    report.run.state = RunState::Complete;
    report.probes[0].finding = Finding::Pending;
    assert_eq!(memory(&report), None, "a probe that may still arrive");
}
