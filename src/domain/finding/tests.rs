use super::*;
use crate::domain::probe::{ProbeId, SesId, Tag};
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::domain::seed::Address;
use crate::domain::stream::StreamName;

const STRICT: Rules = Rules { promotions_as_inbox: false };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn probe(state: ProbeState) -> Probe {
    let (stream, seed) = (StreamName::new("news").unwrap(), Address::new("anna@gmail.com").unwrap());
    Probe {
        id: ProbeId(1),
        tag: Tag::derive(&[1; 32], RunId(1), &stream, &seed),
        stream,
        seed,
        provider: ProviderName::new("gmail").unwrap(),
        tagged: true,
        state,
        why: None,
        claimed_at: (state != ProbeState::Planned).then(|| at(0)),
        handed_at: (state == ProbeState::Accepted).then(|| at(1)),
        ses_id: (state == ProbeState::Accepted).then(|| SesId::new("0100-1").unwrap()),
    }
}

fn copy(folder: &str, role: Role, tab: TabAnswer) -> Sighting {
    Sighting { folder: FolderName::from_wire(folder), role, uid: 7, tab, arrived_at: Some(at(5)) }
}

fn sweep(begun: i64, failed: Option<&str>, sightings: Vec<Sighting>) -> Sweep {
    Sweep { began_at: at(begun), ended_at: at(begun + 1), failed: failed.map(str::to_owned), sightings }
}

/// Judges with a wait of 100 s, closed after the last sweep unless said otherwise.
fn placed(state: ProbeState, sweeps: &[Sweep], closed: Option<i64>, now: i64) -> Finding {
    let probe = probe(state);
    let deadline = probe.deadline(std::time::Duration::from_secs(100));
    judge(&probe, sweeps, None, deadline, closed.map(at), at(now), STRICT)
}

fn inbox() -> Sighting {
    copy("INBOX", Role::Inbox, TabAnswer::NotApplicable)
}

fn junk() -> Sighting {
    copy("Junk", Role::Junk, TabAnswer::NotApplicable)
}

#[test]
fn missing_needs_a_complete_look_begun_after_the_deadline() {
    let missing = |sweeps: &[Sweep]| placed(ProbeState::Accepted, sweeps, None, 200).placement();
    assert_eq!(missing(&[sweep(150, None, vec![])]), Some(Placement::Missing));
    assert_eq!(missing(&[]), None);
    assert_eq!(missing(&[sweep(50, None, vec![])]), None, "begun before the deadline");
    assert_eq!(missing(&[sweep(150, Some("Junk answered NO"), vec![])]), None, "incomplete");
    assert_eq!(missing(&[sweep(150, Some("NO"), vec![]), sweep(160, None, vec![])]), Some(Placement::Missing));
}

#[test]
fn what_never_surely_left_is_never_missing() {
    for state in
        [ProbeState::Planned, ProbeState::Refused, ProbeState::NotAccepted, ProbeState::Unknown, ProbeState::Sending]
    {
        let finding = placed(state, &[sweep(150, None, vec![])], Some(160), 200);
        assert!(matches!(finding, Finding::Unmeasured { .. }), "{state:?}: {finding:?}");
    }
}

#[test]
fn a_probe_in_its_time_is_pending_and_an_unreadable_seed_says_so() {
    assert_eq!(placed(ProbeState::Accepted, &[sweep(50, None, vec![])], None, 60), Finding::Pending);
    let probe = probe(ProbeState::Planned);
    let finding = judge(&probe, &[], Some("sign-in refused"), None, None, at(1), STRICT);
    assert_eq!(finding, Finding::Unmeasured { why: "sign-in refused".to_owned() });
}

#[test]
fn a_run_that_closed_before_the_deadline_leaves_nothing_pending() {
    let refused = [sweep(10, Some("sign-in refused"), vec![]), sweep(20, Some("sign-in refused"), vec![])];
    let finding = placed(ProbeState::Accepted, &refused, Some(22), 30);
    assert_eq!(finding, Finding::Unmeasured { why: "could not look: sign-in refused".to_owned() });
    assert_eq!(placed(ProbeState::Accepted, &refused, None, 30), Finding::Pending);
}

#[test]
fn precedence_within_a_look_does_not_depend_on_order() {
    let all = copy("[Gmail]/All Mail", Role::Archive, TabAnswer::NotApplicable);
    let filed = copy("Lists", Role::Other, TabAnswer::NotApplicable);
    for (copies, placement) in [
        (vec![inbox(), junk()], Placement::Spam),
        (vec![all.clone(), inbox()], Placement::Inbox),
        (vec![filed.clone(), all.clone()], Placement::Elsewhere),
        (vec![inbox(), filed], Placement::Inbox),
        (vec![all], Placement::Elsewhere),
    ] {
        let mut reversed = copies.clone();
        reversed.reverse();
        for order in [copies, reversed] {
            let finding = placed(ProbeState::Accepted, &[sweep(10, None, order)], Some(20), 200);
            assert_eq!(finding.placement(), Some(placement));
        }
    }
}

#[test]
fn the_last_complete_look_that_saw_it_decides_and_a_later_one_only_says_moved() {
    let run = [sweep(10, None, vec![inbox()]), sweep(110, None, vec![junk()])];
    let Finding::Found(evidence) = placed(ProbeState::Accepted, &run, Some(112), 200) else { panic!() };
    assert_eq!((evidence.placement, evidence.moved), (Some(Placement::Spam), true));
    assert_eq!(evidence.first_seen_at, at(11));

    let gone = [sweep(10, None, vec![inbox()]), sweep(110, None, vec![])];
    assert_eq!(placed(ProbeState::Accepted, &gone, Some(112), 200).placement(), Some(Placement::Inbox));

    let later = [sweep(10, None, vec![inbox()]), sweep(500, None, vec![junk()])];
    let Finding::Found(evidence) = placed(ProbeState::Accepted, &later, Some(112), 600) else { panic!() };
    assert_eq!((evidence.placement, evidence.moved), (Some(Placement::Inbox), true));

    let partial = [sweep(10, None, vec![inbox()]), sweep(110, Some("INBOX answered NO"), vec![junk()])];
    assert_eq!(placed(ProbeState::Accepted, &partial, Some(112), 200).placement(), Some(Placement::Inbox));
}

#[test]
fn a_copy_beside_the_inbox_is_no_placement_while_a_folder_could_not_be_read() {
    let all = || copy("[Gmail]/All Mail", Role::Archive, TabAnswer::NotApplicable);
    for role in [Role::Archive, Role::Other, Role::Trash, Role::Unknown] {
        let beside = copy("Folder", role, TabAnswer::NotApplicable);
        let half = sweep(10, Some("INBOX answered NO"), vec![beside]);
        let finding = placed(ProbeState::Accepted, &[half, sweep(110, None, vec![])], Some(112), 200);
        assert_eq!(finding.placement(), None, "{role:?}");
        assert!(finding.why().unwrap().contains("INBOX answered NO"), "{finding:?}");
    }
    let half = || sweep(10, Some("INBOX answered NO"), vec![all()]);
    let whole = [half(), sweep(50, None, vec![all()])];
    assert_eq!(placed(ProbeState::Accepted, &whole, Some(60), 200).placement(), Some(Placement::Elsewhere));
    let afterwards = [half(), sweep(500, None, vec![all(), inbox()])];
    assert_eq!(placed(ProbeState::Accepted, &afterwards, Some(112), 600).placement(), Some(Placement::Inbox));
    let never = [half(), sweep(500, Some("INBOX answered NO"), vec![all()])];
    assert_eq!(placed(ProbeState::Accepted, &never, Some(112), 600).placement(), None);
}

#[test]
fn a_missing_probe_that_comes_later_stays_missing_and_is_called_late() {
    let sweeps = [sweep(110, None, vec![]), sweep(900, None, vec![junk()])];
    let Finding::Missing { late, .. } = placed(ProbeState::Accepted, &sweeps, Some(112), 1000) else { panic!() };
    assert_eq!(late.map(|late| late.folder), Some(FolderName::from_wire("Junk")));
}

#[test]
fn a_probe_judged_missing_by_a_later_sweep_is_late_when_a_still_later_one_sees_it() {
    let unread = sweep(110, Some("timed out"), vec![]);
    let first = [unread.clone(), sweep(500, None, vec![junk()])];
    assert_eq!(placed(ProbeState::Accepted, &first, Some(112), 1000).placement(), Some(Placement::Spam));
    let second = [unread, sweep(500, None, vec![]), sweep(900, None, vec![junk()])];
    assert_eq!(placed(ProbeState::Accepted, &second, Some(112), 1000).placement(), Some(Placement::Missing));
}

#[test]
fn what_was_first_seen_after_the_close_keeps_its_placement_in_later_sweeps() {
    let unread = || sweep(110, Some("timed out"), vec![]);
    let judged = |later: Vec<Sweep>| {
        let sweeps: Vec<Sweep> = std::iter::once(unread()).chain(later).collect();
        let Finding::Found(evidence) = placed(ProbeState::Accepted, &sweeps, Some(112), 2000) else { panic!() };
        (evidence.placement.unwrap(), evidence.moved, evidence.first_seen_at)
    };
    let first = sweep(500, None, vec![inbox()]);
    assert_eq!(judged(vec![first.clone()]), (Placement::Inbox, false, at(501)));
    let moved = judged(vec![first.clone(), sweep(900, None, vec![junk()])]);
    assert_eq!(moved, (Placement::Inbox, true, at(501)), "a later one only says moved");
    let half = sweep(400, Some("INBOX answered NO"), vec![junk()]);
    assert_eq!(judged(vec![half.clone(), first, sweep(900, None, vec![junk()])]), (Placement::Inbox, true, at(401)));
    let halves = vec![half, sweep(900, Some("Junk answered NO"), vec![inbox()])];
    assert_eq!(judged(halves).0, Placement::Spam, "no complete one: the first that saw it");
}

#[test]
fn a_sighting_settles_a_send_of_unknown_outcome() {
    let finding = placed(ProbeState::Accepted, &[sweep(10, Some("Sent answered NO"), vec![junk()])], None, 60);
    assert_eq!(finding.placement(), Some(Placement::Spam));
}

#[test]
fn a_failed_tab_question_is_no_placement_unless_promotions_count_as_inbox() {
    let failed = || copy("INBOX", Role::Inbox, TabAnswer::Failed("throttled".to_owned()));
    let judged = |copies: Vec<Sighting>, rules| {
        let probe = probe(ProbeState::Accepted);
        judge(&probe, &[sweep(10, None, copies)], None, Some(at(101)), Some(at(20)), at(200), rules)
    };
    assert_eq!(judged(vec![failed()], STRICT).placement(), None);
    assert!(judged(vec![failed()], STRICT).why().unwrap().contains("throttled"));
    let lenient = Rules { promotions_as_inbox: true };
    assert_eq!(judged(vec![failed()], lenient).placement(), Some(Placement::Inbox));
    let unknown = copy("INBOX", Role::Inbox, TabAnswer::Unknown);
    assert_eq!(judged(vec![unknown], STRICT).placement(), Some(Placement::Inbox));
    let promotions = copy("INBOX", Role::Inbox, TabAnswer::Known(Tab::Promotions));
    assert_eq!(judged(vec![promotions], STRICT).placement(), Some(Placement::Promotions));
}

#[test]
fn a_tab_once_known_is_kept_when_it_is_not_asked_again() {
    let known = copy("INBOX", Role::Inbox, TabAnswer::Known(Tab::Promotions));
    let sweeps = [sweep(10, None, vec![known]), sweep(110, None, vec![inbox()])];
    assert_eq!(placed(ProbeState::Accepted, &sweeps, Some(112), 200).placement(), Some(Placement::Promotions));
}
