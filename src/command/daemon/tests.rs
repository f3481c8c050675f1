//! A year of waiting by simulated clocks: the vigil and the database are the real ones, the world around them is drawn.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::*;
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::domain::schedule::Rhythm;
use crate::domain::seed::Address;
use crate::edge::store::NewRun;

/// Numbers that look drawn by chance and are the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// True once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.roll().is_multiple_of(times)
    }

    fn seconds(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_secs(range.start + self.roll() % (range.end - range.start))
    }
}

/// The machine: true time, its wall clock, and the steady clock of the living process.
struct World {
    now: Timestamp,
    /// How far the wall clock is off, and until when.
    off: Option<(SignedDuration, Timestamp)>,
    steady: Duration,
    /// No further downtime before this moment, so that no period goes by without the program.
    up_until: Timestamp,
}

impl World {
    fn pass(&mut self, span: Duration, alive: bool) {
        self.now = self.now.checked_add(span).unwrap();
        if alive {
            self.steady += span;
        }
        if self.off.is_some_and(|(_, until)| until <= self.now) {
            self.off = None;
        }
    }

    fn reading(&self) -> Reading {
        let off = self.off.map_or(SignedDuration::ZERO, |(off, _)| off);
        Reading { wall: self.now.checked_add(off).unwrap(), steady: self.steady }
    }

    /// The process dies and is started again after a while.
    fn die(&mut self, dice: &mut Dice) -> Vigil {
        let down = dice.seconds(5..6 * 86_400);
        self.pass(down, false);
        self.steady = dice.seconds(0..1_000_000);
        self.up_until = self.now.checked_add(SignedDuration::from_hours(20)).unwrap();
        Vigil::default()
    }
}

fn plan(started_at: Timestamp) -> NewRun {
    NewRun {
        label: None,
        streams: Vec::new(),
        seeds: vec![(Address::new("anna@gmail.com").unwrap(), ProviderName::new("gmail").unwrap())],
        wait: Duration::from_mins(15),
        simulated: true,
        started_at,
    }
}

/// How often each thing happened.
#[derive(Debug, Default)]
struct Trouble {
    kills: u32,
    outages: u32,
    jumps: u32,
    naps: u32,
    failures: u32,
}

/// One year in one zone; the true moments at which runs were planned, by key.
async fn year(
    zone: &str,
    weekday: Weekday,
    time: Time,
    seed: u64,
) -> (BTreeMap<String, Vec<Timestamp>>, Almanac, Trouble) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("inboxed.db")).await.unwrap();
    let rhythm = Rhythm::every(Duration::from_hours(168), Some(weekday), Some(time));
    let almanac = Almanac::new(rhythm, TimeZone::get(zone).unwrap());
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    // The year begins with the first due time, so that it has its periods whole.
    let start = almanac.next(start).unwrap().due;
    let end = start.checked_add(SignedDuration::from_hours(52 * 168)).unwrap();
    let mut dice = Dice(seed);
    let mut world = World { now: start, off: None, steady: Duration::ZERO, up_until: start };
    let (mut vigil, mut trouble) = (Vigil::default(), Trouble::default());
    let mut made: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    while world.now < end {
        let free = world.up_until <= world.now;
        if free && dice.once_in(700) {
            vigil = world.die(&mut dice);
            trouble.outages += 1;
        } else if world.off.is_none() && dice.once_in(120) {
            let jumps = [3_600, -3_600, 31_536_000, -31_536_000, 7_200];
            let jump = jumps[usize::try_from(dice.roll() % 5).unwrap()];
            let back = world.now.checked_add(dice.seconds(10..420)).unwrap();
            world.off = Some((SignedDuration::from_secs(jump), back));
            trouble.jumps += 1;
        } else if dice.once_in(200) {
            let asleep = dice.seconds(60..40_000);
            world.pass(asleep, false);
            trouble.naps += 1;
        }
        for run in store.unfinished_scheduled(Timestamp::MIN).await.unwrap() {
            store.close_run(run, world.reading().wall).await.unwrap();
        }
        let reading = world.reading();
        let current = almanac.current(reading.wall);
        let ledger = match &current {
            Some(period) => store.ledger(&period.key).await.unwrap(),
            None => Ledger::default(),
        };
        let begins = |period: &Period| period.due.checked_add(almanac.jitter(period, zone)).unwrap();
        let next = almanac.next(reading.wall).map(|period| begins(&period));
        match vigil.step(reading, current.as_ref().map(|period| (period, begins(period))), next, ledger) {
            Step::Sleep { held: Some(_), nap } => world.pass(nap, true),
            Step::Sleep { held: None, .. } => {
                let left =
                    next.map_or(Duration::MAX, |next| Duration::try_from(next.duration_since(reading.wall)).unwrap());
                // Clocks that are off for minutes must not be slept through.
                let longest = if world.off.is_some() { dice.seconds(10..60) } else { dice.seconds(60..3_000) };
                world.pass(left.min(longest).max(Duration::from_secs(1)), true);
            }
            Step::Begin(_) if dice.once_in(6) => {
                vigil.failed(&current.unwrap().key, reading.steady);
                trouble.failures += 1;
            }
            Step::Begin(period) => {
                let planned = store.plan_scheduled_run(&plan(reading.wall), &[1; 32], &period).await.unwrap();
                let again = store.plan_scheduled_run(&plan(reading.wall), &[2; 32], &period).await.unwrap();
                assert!(again.is_none(), "a timer that comes at the same moment finds the week taken");
                let Some((run, _)) = planned else { continue };
                made.entry(period.key.to_string()).or_default().push(world.now);
                finish(&store, run, &mut world, &mut vigil, &mut dice, &mut trouble).await;
            }
        }
    }
    (made, almanac, trouble)
}

/// The rest of a run: it ends, or the process is killed in the middle of it and `sweep` ends it later.
async fn finish(
    store: &Store,
    run: RunId,
    world: &mut World,
    vigil: &mut Vigil,
    dice: &mut Dice,
    trouble: &mut Trouble,
) {
    let lasts = dice.seconds(5..900);
    world.pass(lasts, true);
    if dice.once_in(4) {
        *vigil = world.die(dice);
        trouble.kills += 1;
    } else {
        store.close_run(run, world.reading().wall).await.unwrap();
    }
}

#[tokio::test]
async fn a_year_of_weeks_has_one_run_each_whatever_happens_to_machine_and_clock() {
    let time = |hour, minute| Time::new(hour, minute, 0, 0).unwrap();
    for (number, (zone, weekday, at)) in [
        ("Europe/Berlin", Weekday::Sunday, time(2, 30)),
        ("America/New_York", Weekday::Monday, time(6, 0)),
        ("Asia/Kolkata", Weekday::Wednesday, time(23, 45)),
        ("Australia/Lord_Howe", Weekday::Sunday, time(2, 0)),
    ]
    .into_iter()
    .enumerate()
    {
        let (made, almanac, trouble) = year(zone, weekday, at, u64::try_from(number).unwrap()).await;
        assert_eq!(made.len(), 52, "{zone}: {made:#?}");
        for (key, moments) in &made {
            let [moment] = moments[..] else { panic!("{zone}: {key} has {moments:?}") };
            assert_eq!(almanac.current(moment).unwrap().key.as_str(), key, "{zone}: in its own week by true time");
        }
        let all = [trouble.kills, trouble.outages, trouble.jumps, trouble.naps, trouble.failures];
        assert!(all.iter().all(|times| *times >= 3), "{zone}: too quiet a year: {trouble:?}");
    }
}
