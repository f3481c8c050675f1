//! A finding: the judgement on one probe, with its evidence.
//!
//! [`judge`] is pure. It never says `Missing` where the truth is "could not look", and never takes the absence from one
//! folder for presence in another. Facts are stored and findings derived, so a changed rule judges old runs anew.

use jiff::Timestamp;

use super::folder::{FolderName, Role};
use super::probe::{Probe, ProbeState};
use super::sighting::{Sighting, Sweep, Tab, TabAnswer};

/// Where a probe landed. Updates, social and forums are inbox, with their tab kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Placement {
    /// The inbox, whatever tab but promotions.
    Inbox,
    /// Gmail's Promotions tab.
    Promotions,
    /// The spam folder.
    Spam,
    /// Some other folder: a filter's, the archive, the trash, `Unbekannt`.
    Elsewhere,
    /// Nowhere, and we could look everywhere.
    Missing,
}

impl Placement {
    /// Every placement, in the order of tables and charts.
    pub(crate) const ALL: [Self; 5] = [Self::Inbox, Self::Promotions, Self::Spam, Self::Elsewhere, Self::Missing];

    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Promotions => "promotions",
            Self::Spam => "spam",
            Self::Elsewhere => "elsewhere",
            Self::Missing => "missing",
        }
    }

    /// The placement that [`Placement::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|placement| placement.word() == word)
    }
}

/// What the judgement says of a copy that was seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    /// Where it lay; `None` where that cannot be told: in an inbox whose tab could not be asked, or beside the inbox in a
    /// look that could not read every folder, so that a copy in the inbox may have been overlooked.
    pub(crate) placement: Option<Placement>,
    /// Its tab, as far as it is known.
    pub(crate) tab: TabAnswer,
    /// The folder that decided.
    pub(crate) folder: FolderName,
    /// That folder's role.
    pub(crate) role: Role,
    /// End of the first sweep that saw any copy.
    pub(crate) first_seen_at: Timestamp,
    /// When the provider received it.
    pub(crate) arrived_at: Option<Timestamp>,
    /// Whether sweeps saw it in different places.
    pub(crate) moved: bool,
    /// A sentence about what is odd; `None` for an ordinary find.
    pub(crate) note: Option<String>,
}

/// A copy seen only after the deadline of a probe that was missing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Late {
    /// Where it lay.
    pub(crate) folder: FolderName,
    /// When the provider received it, else when we saw it.
    pub(crate) at: Timestamp,
}

/// The judgement on one probe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Finding {
    /// It was seen.
    Found(Evidence),
    /// It was sent, its deadline has passed, and a complete sweep begun after that saw it nowhere.
    Missing {
        /// What was looked at.
        why: String,
        /// Whether it turned up afterwards.
        late: Option<Late>,
    },
    /// It was sent and is still being watched for.
    Pending,
    /// Nothing can be said: it was not sent, or we could not look.
    Unmeasured {
        /// The reason, with the remedy where there is one.
        why: String,
    },
}

impl Finding {
    /// Only a placement enters a denominator. `None` is never 0 %.
    pub(crate) fn placement(&self) -> Option<Placement> {
        match self {
            Self::Found(evidence) => evidence.placement,
            Self::Missing { .. } => Some(Placement::Missing),
            Self::Pending | Self::Unmeasured { .. } => None,
        }
    }

    /// Why there is no placement, or why it is what it is; `None` for an ordinary find.
    pub(crate) fn why(&self) -> Option<String> {
        match self {
            Self::Found(evidence) => evidence.note.clone(),
            Self::Missing { why, late } => Some(match late {
                Some(late) => format!("{why}; it came later, to {}", late.folder),
                None => why.clone(),
            }),
            Self::Pending => Some("not seen yet, still within its time".to_owned()),
            Self::Unmeasured { why } => Some(why.clone()),
        }
    }
}

/// What [`judge`] needs beyond the facts about one probe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Promotions count as inbox: then a tab that could not be asked changes no figure.
    pub(crate) promotions_as_inbox: bool,
}

/// The version of the rules below. It goes up with every change that could make another finding, or another latency, of the
/// same facts.
pub(crate) const RULES: i64 = 5;

/// Judges one probe.
///
/// `sweeps` are all sweeps through its seed since the run's plan, oldest first, each with the copies of this probe that
/// it saw. `unreadable` says why the seed got no mail. `closed_at` is the end of the run's closing look; `None` while it
/// is still open. `deadline` is `None` for a probe that never left.
pub(crate) fn judge(
    probe: &Probe,
    sweeps: &[Sweep],
    unreadable: Option<&str>,
    deadline: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    now: Timestamp,
    rules: Rules,
) -> Finding {
    let in_time = |sweep: &&Sweep| closed_at.is_none_or(|closed| sweep.began_at <= closed);
    let during: Vec<&Sweep> = sweeps.iter().filter(in_time).collect();
    let after: Vec<&Sweep> = sweeps.iter().filter(|sweep| !in_time(sweep)).collect();
    if let Some(finding) = found(&during, &after, rules) {
        let overlooked = || during.iter().all(|sweep| sweep.sightings.is_empty() || !sweep.is_complete());
        return match finding.placement() {
            None if overlooked() => found_after(&after, rules).unwrap_or(finding),
            _ => finding,
        };
    }
    // Not seen while the run was open: it was missing if a complete look said so before the first one that saw it.
    let before_sighting = sweeps.iter().take_while(|sweep| sweep.sightings.is_empty());
    if !deadline.is_some_and(|at| nowhere(before_sighting, at))
        && let Some(finding) = found_after(&after, rules)
    {
        return finding;
    }
    // Nobody watches any more once the run is closed, be it that its seed was given up before the deadline.
    let is_watched = closed_at.is_none() && deadline.is_some_and(|deadline| now < deadline);
    unseen(probe, sweeps, &after, unreadable, deadline, is_watched)
}

/// The judgement on a probe that nobody could look for while the run was open: the first complete sweep that saw it
/// decides, else the first that saw it. What came after only says `moved`.
fn found_after(after: &[&Sweep], rules: Rules) -> Option<Finding> {
    let saw = |sweep: &&Sweep| !sweep.sightings.is_empty();
    let complete = after.iter().position(|sweep| saw(sweep) && sweep.is_complete());
    let decided = complete.or_else(|| after.iter().position(saw))?;
    let (until, later) = after.split_at_checked(decided.saturating_add(1))?;
    found(until, later, rules)
}

/// Whether some complete sweep begun after the deadline saw no copy.
fn nowhere<'a>(mut sweeps: impl Iterator<Item = &'a Sweep>, deadline: Timestamp) -> bool {
    sweeps.any(|sweep| sweep.is_complete() && sweep.began_at >= deadline && sweep.sightings.is_empty())
}

/// The judgement on a probe that none of the sweeps up to the closing one saw.
fn unseen(
    probe: &Probe,
    sweeps: &[Sweep],
    after: &[&Sweep],
    unreadable: Option<&str>,
    deadline: Option<Timestamp>,
    is_watched: bool,
) -> Finding {
    let unmeasured = |why: String| Finding::Unmeasured { why };
    if let Some(reason) = unreadable {
        return unmeasured(reason.to_owned());
    }
    let with_reason = |said: &str| match &probe.why {
        Some(why) if why.starts_with(said) => why.clone(),
        Some(why) => format!("{said}: {why}"),
        None => said.to_owned(),
    };
    let Some(deadline) = deadline else {
        return unmeasured(match probe.state {
            ProbeState::Refused => with_reason("refused by SES"),
            ProbeState::NotAccepted => with_reason("not accepted by SES"),
            ProbeState::Planned | ProbeState::Sending | ProbeState::Accepted | ProbeState::Unknown => {
                with_reason("not sent")
            }
        });
    };
    if is_watched {
        return Finding::Pending;
    }
    if probe.state != ProbeState::Accepted {
        return unmeasured(with_reason("send outcome unknown"));
    }
    let looked: Vec<&Sweep> = sweeps.iter().filter(|sweep| sweep.began_at >= deadline).collect();
    if nowhere(sweeps.iter(), deadline) {
        let late = after.iter().find_map(|sweep| {
            let copy = deciding(&sweep.sightings)?;
            Some(Late { folder: copy.folder.clone(), at: copy.arrived_at.unwrap_or(sweep.ended_at) })
        });
        return Finding::Missing { why: "accepted by SES, in no folder after its time was up".to_owned(), late };
    }
    let failure = looked.last().or(sweeps.last().as_ref()).and_then(|sweep| sweep.failed.as_ref());
    unmeasured(match failure {
        Some(reason) => format!("could not look: {reason}"),
        None => "could not look: no look was made after its time was up; run sweep".to_owned(),
    })
}

/// The judgement on a probe that some sweep saw; `None` if none did.
///
/// The last complete sweep that saw it decides. Where no complete sweep did, the last sweep that did decides: a copy
/// that was seen in inbox or spam is a fact even if another folder could not be read. A copy beside them is not: Gmail's
/// archive holds what lies in the inbox too.
fn found(during: &[&Sweep], after: &[&Sweep], rules: Rules) -> Option<Finding> {
    let first = during.iter().find(|sweep| !sweep.sightings.is_empty())?;
    let saw = |complete: bool| {
        during.iter().rev().find(move |sweep| !sweep.sightings.is_empty() && (sweep.is_complete() || !complete))
    };
    let last = saw(true).or_else(|| saw(false))?;
    let copy = deciding(&last.sightings)?;
    let tab = tab_of(during, copy);
    let (placement, note) = placement_of(copy.role, &tab, rules, last);
    let moved = during
        .iter()
        .chain(after)
        .filter(|sweep| sweep.is_complete())
        .filter_map(|sweep| deciding(&sweep.sightings))
        .any(|other| other.folder != copy.folder);
    Some(Finding::Found(Evidence {
        placement,
        tab,
        folder: copy.folder.clone(),
        role: copy.role,
        first_seen_at: first.ended_at,
        arrived_at: earliest_arrival(during).or(copy.arrived_at),
        moved,
        note,
    }))
}

/// The copy that decides among those of one sweep: by role, then by name and UID so that order never matters.
fn deciding(sightings: &[Sighting]) -> Option<&Sighting> {
    sightings.iter().min_by(|a, b| (a.role, &a.folder, a.uid).cmp(&(b.role, &b.folder, b.uid)))
}

/// When the first copy arrived. A copy that was moved may carry a later INTERNALDATE.
fn earliest_arrival(sweeps: &[&Sweep]) -> Option<Timestamp> {
    sweeps.iter().flat_map(|sweep| &sweep.sightings).filter_map(|copy| copy.arrived_at).min()
}

/// What is known of a copy's tab. The tab is asked for only until it is known, so the last answer that says something
/// about this folder holds: a known tab before an unknown one, an unknown one before a failed one.
fn tab_of(sweeps: &[&Sweep], copy: &Sighting) -> TabAnswer {
    let answers = || {
        sweeps
            .iter()
            .rev()
            .flat_map(|sweep| &sweep.sightings)
            .filter(|seen| seen.folder == copy.folder && seen.role == Role::Inbox)
            .map(|seen| &seen.tab)
    };
    if copy.role != Role::Inbox {
        return TabAnswer::NotApplicable;
    }
    answers()
        .find(|tab| matches!(tab, TabAnswer::Known(_)))
        .or_else(|| answers().find(|tab| matches!(tab, TabAnswer::Unknown)))
        .or_else(|| answers().find(|tab| matches!(tab, TabAnswer::Failed(_))))
        .unwrap_or(&copy.tab)
        .clone()
}

/// Role and tab to placement, with a sentence where there is something to say.
fn placement_of(role: Role, tab: &TabAnswer, rules: Rules, sweep: &Sweep) -> (Option<Placement>, Option<String>) {
    let partial = sweep.failed.as_ref().map(|reason| format!("seen in an incomplete look: {reason}"));
    match role {
        Role::Unknown | Role::Trash | Role::Archive | Role::Other if partial.is_some() => (None, partial),
        Role::Junk => (Some(Placement::Spam), partial),
        Role::Inbox => match tab {
            TabAnswer::Known(Tab::Promotions) => (Some(Placement::Promotions), partial),
            TabAnswer::Failed(reason) if !rules.promotions_as_inbox => {
                (None, Some(format!("in the inbox, but its tab could not be asked: {reason}")))
            }
            TabAnswer::Known(Tab::Primary | Tab::Social | Tab::Updates | Tab::Forums)
            | TabAnswer::NotApplicable
            | TabAnswer::Unknown
            | TabAnswer::Failed(_) => (Some(Placement::Inbox), partial),
        },
        Role::Unknown => (
            Some(Placement::Elsewhere),
            Some("filed under unknown senders: neither inbox nor spam; let the recipient add the sender".to_owned()),
        ),
        Role::Trash => (Some(Placement::Elsewhere), Some("in the trash: a filter or a person put it there".to_owned())),
        Role::Archive => {
            (Some(Placement::Elsewhere), Some("only in the archive: a filter let it skip the inbox".to_owned()))
        }
        Role::Other => (Some(Placement::Elsewhere), Some("a filter put it in a folder".to_owned())),
    }
}

#[cfg(test)]
mod tests;
