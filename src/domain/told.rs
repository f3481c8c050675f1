//! What another tool told of one probe, or another database of ours.
//!
//! It is a fact of its own: a placement without a look behind it. Nothing judges it anew; it only takes part in what is
//! counted. [`super::outline`] gathers the rows of a file into runs.

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
    /// What of it cannot be true together. Only who told it can say which of the two is.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let before = self.arrived_at.filter(|at| at.checked_add(A_DAY).is_ok_and(|at| at < self.started_at));
        if let Some(at) = before {
            let started = self.started_at;
            return Some(format!("arrived_at: {at} is more than a day before started_at, {started}; mend one of them"));
        }
        match (self.placement, &self.folder, &self.tab) {
            (Some(Placement::Missing), Some(_), _) => {
                Some("folder: what is missing lay in none; empty the folder, or mend the placement".to_owned())
            }
            (Some(Placement::Missing | Placement::Spam), _, TabAnswer::Known(_)) => {
                Some("tab: only the inbox has tabs; empty the tab, or mend the placement".to_owned())
            }
            (Some(_) | None, _, _) => None,
        }
    }

    /// Time from handoff to arrival as it was told, of a probe that arrived.
    pub(crate) fn latency(&self) -> Option<Duration> {
        let arrived = self.placement.is_some_and(|placement| placement != Placement::Missing);
        self.latency_ms.filter(|_| arrived).map(Duration::from_millis)
    }

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
    /// Whether the lab answered its run instead of real providers. A file that does not say so tells of real ones.
    pub(crate) simulated: bool,
    /// What it tells.
    pub(crate) told: Told,
}

impl ToldRow {
    /// What is wrong with a row that tells of a time still to come. A day is left for clocks and zones that differ.
    pub(crate) fn still_to_come(&self, now: Timestamp) -> Option<String> {
        let latest = now.checked_add(A_DAY).unwrap_or(Timestamp::MAX);
        let times = [("started_at", Some(self.told.started_at)), ("arrived_at", self.told.arrived_at)];
        let (name, at) = times.into_iter().find_map(|(name, at)| Some((name, at.filter(|at| *at > latest)?)))?;
        Some(format!("{name}: {at} is still to come, and it is only {now}; mend the year or the day"))
    }
}

/// Rows that are one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ToldRun {
    /// Its number, where the file names one.
    pub(crate) id: Option<RunId>,
    /// Its label.
    pub(crate) label: Option<Label>,
    /// Whether the lab answered it instead of real providers.
    pub(crate) simulated: bool,
    /// Its probes, each with its line, in the order in which they are kept.
    pub(crate) rows: Vec<(usize, Told)>,
}

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
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + minute * 60).unwrap()
    }

    pub(crate) fn row(line: usize, run: Option<i64>, label: &str, seed: &str, minute: i64) -> ToldRow {
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
        ToldRow { line, run: run.map(RunId), label: Label::new(label), simulated: false, told }
    }

    #[test]
    fn what_cannot_be_true_together_is_told_and_what_another_tool_counts_otherwise_is_not() {
        use crate::domain::sighting::Tab::Promotions;
        let of = |placement, folder: bool, tab: bool, arrived: Option<i64>| {
            let mut told = row(1, None, "", "x@x.example", 3_000).told;
            told.placement = placement;
            told.folder = folder.then(|| "Lists".to_owned());
            told.tab = if tab { TabAnswer::Known(Promotions) } else { TabAnswer::Unknown };
            told.arrived_at = arrived.map(at);
            told.contradiction().map(|what| what.split(':').next().unwrap().to_owned())
        };
        for (told, column) in [
            (of(Some(Placement::Missing), true, false, None), Some("folder")),
            (of(Some(Placement::Missing), false, true, None), Some("tab")),
            (of(Some(Placement::Spam), true, true, None), Some("tab")),
            (of(Some(Placement::Inbox), true, true, Some(3_000 - 1_441)), Some("arrived_at")),
            (of(Some(Placement::Inbox), true, true, Some(3_000 - 1_440)), None),
            (of(Some(Placement::Spam), true, false, None), None),
            (of(Some(Placement::Missing), false, false, Some(4_000)), None),
            (of(None, true, true, None), None),
        ] {
            assert_eq!(told.as_deref(), column);
        }
    }

    #[test]
    fn a_told_placement_is_a_finding_and_none_is_unmeasured() {
        let mut told = row(1, None, "", "x@x.example", 0).told;
        told.folder = Some("Q&-A &AOk-".to_owned());
        let Finding::Found(evidence) = told.finding() else { panic!() };
        assert_eq!((evidence.placement, evidence.folder.to_string().as_str()), (Some(Placement::Spam), "Q&-A &AOk-"));
        told.latency_ms = Some(5_250);
        assert_eq!(told.latency(), Some(Duration::from_millis(5_250)), "no arrival is needed to have taken so long");
        told.placement = None;
        assert!(matches!(told.finding(), Finding::Unmeasured { .. }));
        assert_eq!(told.latency(), None);
        assert_eq!(told.probe(RunId(1), 7).state, ProbeState::Unknown);
        told.placement = Some(Placement::Missing);
        assert_eq!(told.finding().placement(), Some(Placement::Missing));
        told.arrived_at = Some(at(1));
        told.latency_ms = Some(60_000);
        assert_eq!(told.probe(RunId(1), 7).sent_at(), Some(at(0)));
    }
}
