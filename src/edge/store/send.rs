//! Sending as the store sees it: a claim before each call, what SES answered after it.
//!
//! A claim is on the disk before [`Store::claim`] returns, so a process that dies during the call leaves a probe in
//! `sending`. Such a probe is never claimed again: a sighting proves that it left, or its outcome stays unknown.

use fail::fail_point;
use jiff::Timestamp;

use super::fault::Doing as _;
use super::row::{duration, millis, number, parsed, time};
use super::{Store, StoreFault, Writing};
use crate::domain::handoff::Handoff;
use crate::domain::probe::{ProbeId, ProbeState, SesId};
use crate::domain::run::RunId;

/// One claim of a probe and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    /// 1 for the first.
    pub(crate) number: u32,
    /// When the claim was made, just before the call.
    pub(crate) claimed_at: Timestamp,
    /// When the call ended, and how; `None` when its process did not live to say.
    pub(crate) end: Option<(Timestamp, Handoff)>,
}

const CLAIM: &str = "store the claim of a probe";
const SETTLE: &str = "store what SES answered";

impl Store {
    /// Claims a probe for one call to SES and returns the number of the attempt. Only a probe that surely never left can
    /// be claimed: one that is planned or was not accepted, of a seed that takes part, in a run that is still open.
    pub(crate) async fn claim(&self, probe: ProbeId, at: Timestamp) -> Result<u32, StoreFault> {
        let mut writing = self.write(CLAIM).await?;
        let attempt: Option<i64> = sqlx::query_scalar(
            "UPDATE probe SET state = 'sending', attempts = attempts + 1, why = NULL
             WHERE id = $1 AND state IN ('planned', 'not_accepted')
               AND EXISTS (SELECT 1 FROM seed JOIN run ON run.id = seed.run
                           WHERE seed.id = probe.seed AND seed.excluded IS NULL AND run.ended_at IS NULL)
             RETURNING attempts",
        )
        .bind(probe.0)
        .fetch_optional(&mut *writing)
        .await
        .doing(CLAIM)?;
        let Some(attempt) = attempt else { return Err(not_claimable(&mut writing, probe).await?) };
        sqlx::query("INSERT INTO handoff (probe, attempt, claimed_at) VALUES ($1, $2, $3)")
            .bind(probe.0)
            .bind(attempt)
            .bind(at.as_millisecond())
            .execute(&mut *writing)
            .await
            .doing(CLAIM)?;
        fail_point!("claim-written");
        writing.commit().await.doing(CLAIM)?;
        fail_point!("claim-committed");
        number(attempt)
    }

    /// Stores how the call of one attempt ended. Where the probe was seen in its seed meanwhile it stays accepted,
    /// whatever the call said.
    pub(crate) async fn settle(
        &self,
        probe: ProbeId,
        attempt: u32,
        handoff: &Handoff,
        at: Timestamp,
    ) -> Result<(), StoreFault> {
        let end = HandoffColumns::of(handoff);
        let mut writing = self.write(SETTLE).await?;
        let settled = sqlx::query(
            "UPDATE handoff SET outcome = $3, ended_at = $4, ses_id = $5, why = $6, retry_after = $7
             WHERE probe = $1 AND attempt = $2 AND outcome IS NULL",
        )
        .bind(probe.0)
        .bind(attempt)
        .bind(end.outcome.word())
        .bind(at.as_millisecond())
        .bind(end.ses_id)
        .bind(end.why)
        .bind(end.retry_after)
        .execute(&mut *writing)
        .await
        .doing(SETTLE)?;
        if settled.rows_affected() == 0 {
            return Err(StoreFault::NotUnderWay { probe, attempt });
        }
        sqlx::query(
            "UPDATE probe SET state = $3, why = $4
             WHERE id = $1 AND attempts = $2 AND (state = 'sending' OR (state = 'unknown' AND $3 = 'accepted'))",
        )
        .bind(probe.0)
        .bind(attempt)
        .bind(end.outcome.word())
        .bind(end.why)
        .execute(&mut *writing)
        .await
        .doing(SETTLE)?;
        fail_point!("settle-written");
        writing.commit().await.doing(SETTLE)?;
        fail_point!("settle-committed");
        Ok(())
    }

    /// What is left of a run whose process died: calls that were under way have an unknown outcome, for the reason given,
    /// and what was still planned will not be sent any more.
    pub(crate) async fn mark_unknown(&self, run: RunId, why: &str) -> Result<(), StoreFault> {
        const DOING: &str = "mark calls that were cut off";
        let mut writing = self.write(DOING).await?;
        sqlx::query(
            "UPDATE probe SET state = 'unknown', why = $2
             WHERE state = 'sending' AND stream IN (SELECT id FROM stream WHERE run = $1)",
        )
        .bind(run.0)
        .bind(why)
        .execute(&mut *writing)
        .await
        .doing(DOING)?;
        sqlx::query(
            "UPDATE probe SET why = coalesce(why, 'not sent')
             WHERE state = 'planned' AND stream IN (SELECT id FROM stream WHERE run = $1)",
        )
        .bind(run.0)
        .execute(&mut *writing)
        .await
        .doing(DOING)?;
        writing.commit().await.doing(DOING)
    }

    /// Every attempt at one probe, the first one first.
    pub(crate) async fn attempts(&self, probe: ProbeId) -> Result<Vec<Attempt>, StoreFault> {
        let rows: Vec<AttemptRow> = sqlx::query_as(
            "SELECT attempt, claimed_at, outcome, ended_at, ses_id, why, retry_after
             FROM handoff WHERE probe = $1 ORDER BY attempt",
        )
        .bind(probe.0)
        .fetch_all(&self.reader)
        .await
        .doing("read the attempts at a probe")?;
        rows.into_iter().map(AttemptRow::attempt).collect()
    }
}

/// Why a probe could not be claimed.
async fn not_claimable(writing: &mut Writing, probe: ProbeId) -> Result<StoreFault, StoreFault> {
    let row: Option<(String, Option<String>, Option<i64>)> = sqlx::query_as(
        "SELECT probe.state, seed.excluded, run.ended_at
         FROM probe JOIN seed ON seed.id = probe.seed JOIN run ON run.id = seed.run WHERE probe.id = $1",
    )
    .bind(probe.0)
    .fetch_optional(&mut **writing)
    .await
    .doing(CLAIM)?;
    let why = match row {
        None => "there is no such probe".to_owned(),
        Some((_, Some(excluded), _)) => format!("its seed takes no part: {excluded}"),
        Some((_, None, Some(_))) => "its run is complete".to_owned(),
        Some((state, None, None)) => format!("it is {state}"),
    };
    Ok(StoreFault::NotClaimable { probe, why })
}

struct HandoffColumns<'a> {
    outcome: ProbeState,
    ses_id: Option<&'a str>,
    why: Option<&'a str>,
    retry_after: Option<i64>,
}

impl<'a> HandoffColumns<'a> {
    fn of(handoff: &'a Handoff) -> Self {
        let with = |outcome, why| Self { outcome, ses_id: None, why: Some(why), retry_after: None };
        match handoff {
            Handoff::Accepted(id) => {
                Self { outcome: ProbeState::Accepted, ses_id: Some(id.as_str()), why: None, retry_after: None }
            }
            Handoff::Refused { why } => with(ProbeState::Refused, why),
            Handoff::NotAccepted { why, retry_after } => {
                Self { retry_after: retry_after.map(millis), ..with(ProbeState::NotAccepted, why) }
            }
            Handoff::Unknown { why } => with(ProbeState::Unknown, why),
        }
    }
}

#[derive(sqlx::FromRow)]
struct AttemptRow {
    attempt: i64,
    claimed_at: i64,
    outcome: Option<String>,
    ended_at: Option<i64>,
    ses_id: Option<String>,
    why: Option<String>,
    retry_after: Option<i64>,
}

impl AttemptRow {
    fn attempt(self) -> Result<Attempt, StoreFault> {
        let (number, claimed_at) = (number(self.attempt)?, time(self.claimed_at)?);
        let end = match self.ended_at {
            Some(at) => Some((time(at)?, self.handoff()?)),
            None => None,
        };
        Ok(Attempt { number, claimed_at, end })
    }

    fn handoff(self) -> Result<Handoff, StoreFault> {
        let word = self.outcome.unwrap_or_default();
        let why = self.why.unwrap_or_default();
        match parsed("outcome", &word, ProbeState::of_word)? {
            ProbeState::Accepted => {
                parsed("SES id", &self.ses_id.unwrap_or_default(), SesId::new).map(Handoff::Accepted)
            }
            ProbeState::Refused => Ok(Handoff::Refused { why }),
            ProbeState::NotAccepted => {
                Ok(Handoff::NotAccepted { why, retry_after: self.retry_after.map(duration).transpose()? })
            }
            ProbeState::Unknown => Ok(Handoff::Unknown { why }),
            ProbeState::Planned | ProbeState::Sending => {
                Err(StoreFault::Damaged { what: format!("no outcome: {word}") })
            }
        }
    }
}
