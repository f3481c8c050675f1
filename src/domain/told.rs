//! What another tool told of one probe, or another database of ours.
//!
//! It is a fact of its own: a placement without a look behind it. Nothing judges it anew; it only takes part in what is
//! counted. Rows of a file are gathered into runs here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::finding::{Evidence, Finding, Placement};
use super::folder::{FolderName, Role};
use super::probe::{Probe, ProbeId, ProbeState, Tag};
use super::provider::ProviderName;
use super::run::{Label, RunId};
use super::seed::Address;
use super::sighting::TabAnswer;
use super::stream::StreamName;

/// What was told of one probe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// The stream it asked about.
    pub(crate) stream: StreamName,
    /// The seed it was sent to.
    pub(crate) seed: Address,
    /// That seed's provider.
    pub(crate) provider: ProviderName,
    /// When it was sent, or when its run began: tools differ in which they tell.
    pub(crate) started_at: Timestamp,
    /// How far its sending came; `None`: not told.
    pub(crate) state: Option<ProbeState>,
    /// Where it lay; `None`: not measured.
    pub(crate) placement: Option<Placement>,
    /// Its tab. What does not apply and what was not told are one.
    pub(crate) tab: TabAnswer,
    /// The folder, as people read its name; `None`: not told.
    pub(crate) folder: Option<String>,
    /// When the provider received it; `None`: not told.
    pub(crate) arrived_at: Option<Timestamp>,
    /// Time from handoff to arrival in milliseconds; `None`: not told.
    pub(crate) latency_ms: Option<u64>,
    /// A reason or a remark; `None`: none was told.
    pub(crate) why: Option<String>,
}

impl Told {
    /// The finding that it amounts to.
    pub(crate) fn finding(&self) -> Finding {
        let why = |usual: &str| self.why.clone().unwrap_or_else(|| usual.to_owned());
        let (placement, role) = match self.placement {
            None => return Finding::Unmeasured { why: why("imported without a placement") },
            Some(Placement::Missing) => {
                return Finding::Missing { why: why("told to be missing by an imported result"), late: None };
            }
            Some(placement @ (Placement::Inbox | Placement::Promotions)) => (placement, Role::Inbox),
            Some(placement @ Placement::Spam) => (placement, Role::Junk),
            Some(placement @ Placement::Elsewhere) => (placement, Role::Other),
        };
        Finding::Found(Evidence {
            placement: Some(placement),
            tab: self.tab.clone(),
            folder: FolderName::from_text(self.folder.as_deref().unwrap_or_default()),
            role,
            first_seen_at: self.arrived_at.unwrap_or(self.started_at),
            arrived_at: self.arrived_at,
            moved: false,
            note: self.why.clone(),
        })
    }

    /// The probe that it tells of. It has no tag and no number of ours: `row` makes it one that no probe of ours has.
    pub(crate) fn probe(&self, run: RunId, row: i64) -> Probe {
        let state = self.state.unwrap_or(match self.placement {
            Some(_) => ProbeState::Accepted,
            None => ProbeState::Unknown,
        });
        let latency = self.latency_ms.map(Duration::from_millis);
        let handed_at = self.arrived_at.zip(latency).and_then(|(at, latency)| at.checked_sub(latency).ok());
        Probe {
            id: ProbeId(row.saturating_neg()),
            tag: Tag::derive(&[0; 32], run, &self.stream, &self.seed),
            stream: self.stream.clone(),
            seed: self.seed.clone(),
            provider: self.provider.clone(),
            tagged: false,
            state,
            why: self.why.clone(),
            claimed_at: None,
            handed_at,
            ses_id: None,
        }
    }
}

/// A row of a file of results.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToldRow {
    /// Its line in the file, or its number in a list.
    pub(crate) line: usize,
    /// The number of its run; `None`: the file names none, and rows are gathered by label and time.
    pub(crate) run: Option<RunId>,
    /// The label of its run.
    pub(crate) label: Option<Label>,
    /// What it tells.
    pub(crate) told: Told,
}

/// Rows that are one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToldRun {
    /// Its number, where the file names one.
    pub(crate) id: Option<RunId>,
    /// Its label.
    pub(crate) label: Option<Label>,
    /// Its probes, each with its line, in the order in which they are kept.
    pub(crate) rows: Vec<(usize, Told)>,
}

/// Rows of equal label that follow each other within this time are one run, where the file numbers none.
const ONE_RUN: i64 = 3_600_000;

/// What clocks and zones may differ by.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

impl ToldRun {
    /// When its first probe began.
    pub(crate) fn started_at(&self) -> Option<Timestamp> {
        self.rows.iter().map(|(_, told)| told.started_at).min()
    }

    /// The last moment that its rows tell of.
    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        self.rows.iter().flat_map(|(_, told)| [Some(told.started_at), told.arrived_at]).flatten().max()
    }

    /// Gathers the rows of a file into runs, the numbered ones first. Rows without a number are one run where they bear the
    /// same label and each follows the one before within an hour, until a stream and seed come a second time. What
    /// contradicts itself is told by line.
    pub(crate) fn gather(rows: Vec<ToldRow>) -> (Vec<Self>, Vec<(usize, String)>) {
        let mut wrong = Vec::new();
        let mut numbered: BTreeMap<RunId, Self> = BTreeMap::new();
        let mut loose: BTreeMap<Option<Label>, Vec<(usize, Told)>> = BTreeMap::new();
        for row in rows {
            let Some(id) = row.run else {
                loose.entry(row.label).or_default().push((row.line, row.told));
                continue;
            };
            let run =
                numbered.entry(id).or_insert_with(|| Self { id: Some(id), label: row.label.clone(), rows: Vec::new() });
            if run.label != row.label {
                wrong.push((row.line, format!("run_id: the rows of run {} bear different labels", id.0)));
            }
            run.rows.push((row.line, row.told));
        }
        let mut runs: Vec<Self> = numbered.into_values().collect();
        for (label, mut rows) in loose {
            rows.sort_by_key(|(line, told)| (told.started_at, *line));
            runs.extend(split(label.as_ref(), rows));
        }
        wrong.extend(runs.iter().flat_map(Self::contradictions));
        wrong.sort();
        (runs, wrong)
    }

    /// Rows that tell of a time still to come, by line. A day is left for clocks and zones that differ.
    pub(crate) fn still_to_come(runs: &[Self], now: Timestamp) -> Vec<(usize, String)> {
        let latest = now.checked_add(A_DAY).unwrap_or(Timestamp::MAX);
        let mut wrong = Vec::new();
        for (line, told) in runs.iter().flat_map(|run| &run.rows) {
            for (name, at) in [("started_at", Some(told.started_at)), ("arrived_at", told.arrived_at)] {
                if let Some(at) = at.filter(|at| *at > latest) {
                    wrong.push((
                        *line,
                        format!("{name}: {at} is still to come, and it is only {now}; mend the year or the day"),
                    ));
                }
            }
        }
        wrong.sort();
        wrong
    }

    /// A probe that comes twice, and a seed that is said to be at two providers.
    fn contradictions(&self) -> Vec<(usize, String)> {
        let mut wrong = Vec::new();
        let mut first: BTreeMap<(&StreamName, &Address), usize> = BTreeMap::new();
        let mut providers: BTreeMap<&Address, &ProviderName> = BTreeMap::new();
        for (line, told) in &self.rows {
            let earlier = *first.entry((&told.stream, &told.seed)).or_insert(*line);
            if earlier != *line {
                wrong.push((
                    *line,
                    format!("seed: {} got a probe of {} in line {earlier} already", told.seed.as_str(), told.stream),
                ));
            }
            let known = *providers.entry(&told.seed).or_insert(&told.provider);
            if *known != told.provider {
                let what =
                    format!("provider: {} is at {} in another row of its run", told.seed.as_str(), known.as_str());
                wrong.push((*line, what));
            }
        }
        wrong
    }
}

/// Rows of one label in the order of time, split into runs.
fn split(label: Option<&Label>, rows: Vec<(usize, Told)>) -> Vec<ToldRun> {
    let mut runs: Vec<ToldRun> = Vec::new();
    let mut asked: BTreeSet<(StreamName, Address)> = BTreeSet::new();
    let mut last: Option<Timestamp> = None;
    for (line, told) in rows {
        let key = (told.stream.clone(), told.seed.clone());
        let is_near =
            last.is_some_and(|last| told.started_at.as_millisecond().saturating_sub(last.as_millisecond()) <= ONE_RUN);
        last = Some(told.started_at);
        if is_near
            && !asked.contains(&key)
            && let Some(run) = runs.last_mut()
        {
            run.rows.push((line, told));
        } else {
            asked.clear();
            runs.push(ToldRun { id: None, label: label.cloned(), rows: vec![(line, told)] });
        }
        asked.insert(key);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + minute * 60).unwrap()
    }

    fn row(line: usize, run: Option<i64>, label: &str, seed: &str, minute: i64) -> ToldRow {
        let told = Told {
            stream: StreamName::new("news").unwrap(),
            seed: Address::new(seed).unwrap(),
            provider: ProviderName::new("gmail").unwrap(),
            started_at: at(minute),
            state: None,
            placement: Some(Placement::Spam),
            tab: TabAnswer::NotApplicable,
            folder: None,
            arrived_at: None,
            latency_ms: None,
            why: None,
        };
        ToldRow { line, run: run.map(RunId), label: Label::new(label), told }
    }

    fn lines(runs: &[ToldRun]) -> Vec<Vec<usize>> {
        runs.iter().map(|run| run.rows.iter().map(|(line, _)| *line).collect()).collect()
    }

    #[test]
    fn rows_without_a_number_are_one_run_while_they_follow_within_an_hour_and_no_probe_comes_twice() {
        let rows = vec![
            row(2, None, "a", "x@x.example", 0),
            row(3, None, "b", "x@x.example", 1),
            row(4, None, "a", "z@x.example", 100),
            row(5, None, "a", "y@x.example", 50),
            row(6, None, "a", "x@x.example", 110),
            row(7, None, "a", "y@x.example", 500),
            row(8, Some(9), "", "x@x.example", 0),
        ];
        let (runs, wrong) = ToldRun::gather(rows);
        assert_eq!(lines(&runs), [vec![8], vec![2, 5, 4], vec![6], vec![7], vec![3]]);
        assert_eq!(wrong, []);
        assert_eq!((runs[1].started_at(), runs[1].ended_at()), (Some(at(0)), Some(at(100))));
    }

    #[test]
    fn contradictions_are_told_by_line() {
        let mut moved = row(4, Some(1), "", "x@x.example", 0);
        moved.told.stream = StreamName::new("bills").unwrap();
        moved.told.provider = ProviderName::new("yahoo").unwrap();
        let rows = vec![
            row(2, Some(1), "", "x@x.example", 0),
            row(3, Some(1), "", "x@x.example", 0),
            moved,
            row(5, Some(1), "other", "y@x.example", 0),
        ];
        let (_, wrong) = ToldRun::gather(rows);
        let told: Vec<(usize, &str)> =
            wrong.iter().map(|(line, what)| (*line, what.split(':').next().unwrap())).collect();
        assert_eq!(told, [(3, "seed"), (4, "provider"), (5, "run_id")]);
    }

    #[test]
    fn a_told_placement_is_a_finding_and_none_is_unmeasured() {
        let mut told = row(1, None, "", "x@x.example", 0).told;
        told.folder = Some("Q&-A &AOk-".to_owned());
        let Finding::Found(evidence) = told.finding() else { panic!() };
        assert_eq!((evidence.placement, evidence.folder.to_string().as_str()), (Some(Placement::Spam), "Q&-A &AOk-"));
        told.placement = None;
        assert!(matches!(told.finding(), Finding::Unmeasured { .. }));
        assert_eq!(told.probe(RunId(1), 7).state, ProbeState::Unknown);
        told.placement = Some(Placement::Missing);
        assert_eq!(told.finding().placement(), Some(Placement::Missing));
        told.arrived_at = Some(at(1));
        told.latency_ms = Some(60_000);
        assert_eq!(told.probe(RunId(1), 7).sent_at(), Some(at(0)));
    }
}
