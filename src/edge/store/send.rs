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
        fail_point!("unknown-written");
        writing.commit().await.doing(DOING)?;
        fail_point!("unknown-committed");
        Ok(())
    }

    /// Every attempt at one probe, the first one first.
    #[cfg_attr(not(test), allow(dead_code, reason = "the story of a probe shows them once it tells each try"))]
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::folder::Role;
    use crate::domain::sighting::TabAnswer;
    use crate::edge::store::fixture::{Place, at, copy, look, ses_id, sighting};

    fn answers() -> [(Handoff, ProbeState); 5] {
        let why = || "said why".to_owned();
        [
            (Handoff::Accepted(ses_id("0100-1")), ProbeState::Accepted),
            (Handoff::Refused { why: why() }, ProbeState::Refused),
            (Handoff::NotAccepted { why: why(), retry_after: None }, ProbeState::NotAccepted),
            (
                Handoff::NotAccepted { why: why(), retry_after: Some(Duration::from_millis(1_500)) },
                ProbeState::NotAccepted,
            ),
            (Handoff::Unknown { why: why() }, ProbeState::Unknown),
        ]
    }

    #[tokio::test]
    async fn a_claim_and_every_answer_come_back_as_they_were_stored() {
        for (handoff, state) in answers() {
            let (place, run, planned) = Place::with_probe().await;
            assert_eq!(place.store.claim(planned.id, at(10)).await.unwrap(), 1);
            let sending = place.probe(run).await;
            assert_eq!((sending.state, sending.claimed_at), (ProbeState::Sending, Some(at(10))));
            assert_eq!((sending.handed_at, sending.ses_id, sending.why), (None, None, None));
            let attempts = place.store.attempts(planned.id).await.unwrap();
            assert_eq!(attempts, [Attempt { number: 1, claimed_at: at(10), end: None }]);

            place.store.settle(planned.id, 1, &handoff, at(20)).await.unwrap();
            let settled = place.probe(run).await;
            let accepted = state == ProbeState::Accepted;
            assert_eq!(settled.state, state);
            assert_eq!(settled.claimed_at, Some(at(10)));
            assert_eq!(settled.handed_at, accepted.then(|| at(20)));
            assert_eq!(settled.ses_id, accepted.then(|| ses_id("0100-1")));
            assert_eq!(settled.why.is_none(), accepted);
            let attempts = place.store.attempts(planned.id).await.unwrap();
            assert_eq!(attempts, [Attempt { number: 1, claimed_at: at(10), end: Some((at(20), handoff)) }]);
        }
    }

    #[tokio::test]
    async fn only_a_probe_that_surely_never_left_can_be_claimed_again() {
        for (handoff, state) in answers() {
            let (place, run, probe) = Place::with_probe().await;
            place.store.claim(probe.id, at(10)).await.unwrap();
            let twice = place.store.claim(probe.id, at(11)).await.unwrap_err();
            assert_eq!(twice.to_string(), format!("probe {} may not be sent: it is sending", probe.id.0));
            place.store.settle(probe.id, 1, &handoff, at(20)).await.unwrap();
            let again = place.store.claim(probe.id, at(30)).await;
            if state == ProbeState::NotAccepted {
                assert_eq!(again.unwrap(), 2);
                let probe = place.probe(run).await;
                assert_eq!((probe.state, probe.claimed_at, probe.why), (ProbeState::Sending, Some(at(30)), None));
            } else {
                assert!(matches!(again, Err(StoreFault::NotClaimable { .. })), "{state:?}");
                assert_eq!(place.count("SELECT count(*) FROM handoff").await, 1, "{state:?}");
            }
        }
    }

    #[tokio::test]
    async fn the_schema_itself_forbids_a_second_sending() {
        const ALL: [&str; 6] = ["planned", "sending", "accepted", "refused", "not_accepted", "unknown"];
        for (from, allowed) in [
            ("planned", &["sending"][..]),
            ("sending", &["accepted", "refused", "not_accepted", "unknown"]),
            ("accepted", &[]),
            ("refused", &[]),
            ("not_accepted", &["sending", "accepted"]),
            ("unknown", &["accepted"]),
        ] {
            for (to, claims) in ALL.into_iter().flat_map(|to| [(to, false), (to, true)]) {
                let (place, _, probe) = Place::with_probe().await;
                if from != "planned" {
                    place.store.claim(probe.id, at(1)).await.unwrap();
                }
                if !["planned", "sending"].contains(&from) {
                    set(&place, from, false).await.unwrap();
                }
                let stays = from == to && !claims;
                let may = stays || (allowed.contains(&to) && claims == (to == "sending"));
                assert_eq!(set(&place, to, claims).await.is_ok(), may, "{from} to {to}, claims: {claims}");
            }
        }
    }

    async fn set(place: &Place, state: &'static str, claims: bool) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE probe SET state = $1, attempts = attempts + $2")
            .bind(state)
            .bind(claims)
            .execute(&place.store.writer)
            .await
            .map(|_| ())
    }

    #[tokio::test]
    async fn of_many_claims_at_once_one_wins() {
        let (place, _, probe) = Place::with_probe().await;
        let mut claims = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let store = place.store.clone();
            claims.spawn(async move { store.claim(probe.id, at(1)).await.is_ok() });
        }
        let won = claims.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
    }

    #[tokio::test]
    async fn an_answer_is_stored_once_and_for_its_own_attempt() {
        let (place, run, probe) = Place::with_probe().await;
        let refused = Handoff::Refused { why: "no".to_owned() };
        let accepted = Handoff::Accepted(ses_id("0100-1"));
        let fault = place.store.settle(probe.id, 1, &accepted, at(1)).await.unwrap_err();
        assert!(matches!(fault, StoreFault::NotUnderWay { attempt: 1, .. }), "{fault:?}");
        place.store.claim(probe.id, at(1)).await.unwrap();
        assert!(place.store.settle(probe.id, 2, &accepted, at(2)).await.is_err());
        place.store.settle(probe.id, 1, &accepted, at(2)).await.unwrap();
        assert!(place.store.settle(probe.id, 1, &refused, at(3)).await.is_err());
        assert_eq!(place.probe(run).await.state, ProbeState::Accepted);
    }

    #[tokio::test]
    async fn a_copy_seen_before_the_answer_outlives_whatever_the_answer_is() {
        for (handoff, _) in answers() {
            let (place, run, probe) = Place::with_probe().await;
            place.store.claim(probe.id, at(10)).await.unwrap();
            let seen = copy(probe.id, sighting("INBOX", Role::Inbox, 5, TabAnswer::NotApplicable));
            place.store.save_look(run, &probe.seed, &look(20, vec![seen])).await.unwrap();
            assert_eq!(place.probe(run).await.state, ProbeState::Accepted);
            place.store.settle(probe.id, 1, &handoff, at(30)).await.unwrap();
            let settled = place.probe(run).await;
            assert_eq!((settled.state, settled.why), (ProbeState::Accepted, None), "{handoff:?}");
            let id = if let Handoff::Accepted(id) = &handoff { Some(id.clone()) } else { None };
            assert_eq!(settled.handed_at, id.is_some().then(|| at(30)));
            assert_eq!(settled.ses_id, id);
            assert!(place.store.claim(probe.id, at(40)).await.is_err());
        }
    }

    #[tokio::test]
    async fn what_a_dead_process_left_is_unknown_or_not_sent_and_touches_no_other_run() {
        let place = Place::new().await;
        let new = crate::edge::store::fixture::new_run(&["news"], &["a@x.example", "b@x.example", "c@x.example"]);
        let (run, probes) = place.plan(&new).await;
        let (other, others) = place.plan(&new).await;
        place.store.claim(others[0].id, at(1)).await.unwrap();
        place.store.claim(probes[0].id, at(1)).await.unwrap();
        place.store.claim(probes[1].id, at(1)).await.unwrap();
        place.store.settle(probes[1].id, 1, &Handoff::Accepted(ses_id("0100-2")), at(2)).await.unwrap();
        place.store.mark_unknown(run, "the process died during the call").await.unwrap();

        let states = |probes: Vec<crate::domain::probe::Probe>| {
            probes.into_iter().map(|probe| (probe.state, probe.why)).collect::<Vec<_>>()
        };
        let why = Some("the process died during the call".to_owned());
        assert_eq!(
            states(place.store.probes(run).await.unwrap()),
            [
                (ProbeState::Unknown, why),
                (ProbeState::Accepted, None),
                (ProbeState::Planned, Some("not sent".to_owned())),
            ]
        );
        assert_eq!(
            states(place.store.probes(other).await.unwrap()),
            [(ProbeState::Sending, None), (ProbeState::Planned, None), (ProbeState::Planned, None)]
        );
        assert!(place.store.claim(probes[0].id, at(9)).await.is_err());
        place.store.settle(probes[0].id, 1, &Handoff::Accepted(ses_id("0100-3")), at(10)).await.unwrap();
        let late = place.store.probes(run).await.unwrap();
        assert_eq!((late[0].state, late[0].handed_at), (ProbeState::Accepted, Some(at(10))), "an answer after all");
    }

    #[tokio::test]
    async fn a_complete_run_sends_nothing_more() {
        let (place, run, probe) = Place::with_probe().await;
        place.store.close_run(run, at(100)).await.unwrap();
        let refused = place.store.claim(probe.id, at(101)).await.unwrap_err().to_string();
        assert!(refused.ends_with("its run is complete"), "{refused}");
        let nobody = place.store.claim(ProbeId(99), at(101)).await.unwrap_err().to_string();
        assert!(nobody.ends_with("there is no such probe"), "{nobody}");
    }
}
