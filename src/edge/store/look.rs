//! Baselines and looks: what was in the folders before the send, and what each pass over them saw.

use std::collections::BTreeMap;

use fail::fail_point;
use jiff::Timestamp;

use super::fault::Doing as _;
use super::row::{HEADER_LIMIT, millis, number, parsed, tab_columns, time};
use super::{Store, StoreFault, Writing};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::{Baseline, Copy, Look, Mark, Trace};
use crate::domain::run::RunId;
use crate::domain::seed::Address;

const BASELINE: &str = "store a baseline";
const LOOK: &str = "store a look";

impl Store {
    /// Stores where a seed's folders stood. The first baseline of a run stands: a later one could lie behind a probe that
    /// has arrived meanwhile, and hide it.
    pub(crate) async fn save_baseline(
        &self,
        run: RunId,
        seed: &Address,
        baseline: &Baseline,
    ) -> Result<(), StoreFault> {
        let mut writing = self.write(BASELINE).await?;
        let row = seed_row(&mut writing, run, seed, BASELINE).await?;
        let added = sqlx::query("INSERT INTO baseline (seed, taken_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(row)
            .bind(baseline.taken_at.as_millisecond())
            .execute(&mut *writing)
            .await
            .doing(BASELINE)?;
        if added.rows_affected() == 1 {
            insert_folders(&mut writing, row, baseline).await?;
        }
        fail_point!("baseline-written");
        writing.commit().await.doing(BASELINE)?;
        fail_point!("baseline-committed");
        Ok(())
    }

    /// The baseline of a seed in a run; `None` when none was taken.
    pub(crate) async fn baseline(&self, run: RunId, seed: &Address) -> Result<Option<Baseline>, StoreFault> {
        const DOING: &str = "read a baseline";
        let mut reading = self.reader.begin().await.doing(DOING)?;
        let row: Option<(i64, i64)> = sqlx::query_as(
            "SELECT seed.id, baseline.taken_at FROM seed JOIN baseline ON baseline.seed = seed.id
             WHERE seed.run = $1 AND seed.address = $2",
        )
        .bind(run.0)
        .bind(seed.as_str())
        .fetch_optional(&mut *reading)
        .await
        .doing(DOING)?;
        let Some((row, taken_at)) = row else { return Ok(None) };
        let marks: Vec<(String, String, Option<i64>, i64, i64)> = sqlx::query_as(
            "SELECT folder, role, uid_validity, uid_next, message_count FROM mark WHERE seed = $1 ORDER BY position",
        )
        .bind(row)
        .fetch_all(&mut *reading)
        .await
        .doing(DOING)?;
        let shut: Vec<(String, String, String)> =
            sqlx::query_as("SELECT folder, role, why FROM shut WHERE seed = $1 ORDER BY position")
                .bind(row)
                .fetch_all(&mut *reading)
                .await
                .doing(DOING)?;
        let marks = marks.into_iter().map(|(folder, role, uid_validity, uid_next, exists)| {
            Ok(Mark {
                folder: FolderName::from_wire(folder),
                role: parsed("role", &role, Role::of_word)?,
                uid_validity: uid_validity.map(number).transpose()?,
                uid_next: number(uid_next)?,
                exists: number(exists)?,
            })
        });
        let shut = shut
            .into_iter()
            .map(|(folder, role, why)| Ok((FolderName::from_wire(folder), parsed("role", &role, Role::of_word)?, why)));
        Ok(Some(Baseline {
            taken_at: time(taken_at)?,
            marks: marks.collect::<Result<_, StoreFault>>()?,
            shut: shut.collect::<Result<_, StoreFault>>()?,
        }))
    }

    /// Stores a look with every copy it saw. A copy of a probe whose sending had no good end proves that SES took it.
    pub(crate) async fn save_look(&self, run: RunId, seed: &Address, look: &Look) -> Result<(), StoreFault> {
        let mut writing = self.write(LOOK).await?;
        let seed_row = seed_row(&mut writing, run, seed, LOOK).await?;
        let look_row: i64 = sqlx::query_scalar(
            "INSERT INTO look (seed, began_at, ended_at, failed, temporary, leave_alone)
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        )
        .bind(seed_row)
        .bind(look.began_at.as_millisecond())
        .bind(look.ended_at.as_millisecond())
        .bind(look.failed.as_deref())
        .bind(look.temporary)
        .bind(look.leave_alone.map(millis))
        .fetch_one(&mut *writing)
        .await
        .doing(LOOK)?;
        for copy in &look.copies {
            accept_seen(&mut writing, seed_row, copy).await?;
            insert_sighting(&mut writing, copy).await?;
            insert_seen(&mut writing, look_row, copy).await?;
        }
        fail_point!("look-written");
        writing.commit().await.doing(LOOK)?;
        fail_point!("look-committed");
        Ok(())
    }
}

impl Store {
    /// Where the probes of the last few runs were seen, by seed.
    pub(crate) async fn traces(&self, runs: u32) -> Result<BTreeMap<Address, Vec<Trace>>, StoreFault> {
        let rows: Vec<(String, String, Option<i64>, i64)> = sqlx::query_as(
            "SELECT seed.address, sighting.folder, sighting.uid_validity, sighting.uid
             FROM seed JOIN probe ON probe.seed = seed.id JOIN sighting ON sighting.probe = probe.id
             WHERE seed.run IN (SELECT id FROM run ORDER BY id DESC LIMIT $1)
             ORDER BY sighting.id DESC",
        )
        .bind(runs)
        .fetch_all(&self.reader)
        .await
        .doing("read where earlier probes lie")?;
        let mut traces: BTreeMap<Address, Vec<Trace>> = BTreeMap::new();
        for (address, folder, uid_validity, uid) in rows {
            let trace = Trace {
                folder: FolderName::from_wire(folder),
                uid_validity: uid_validity.map(number).transpose()?,
                uid: number(uid)?,
            };
            traces.entry(parsed("address", &address, Address::new)?).or_default().push(trace);
        }
        Ok(traces)
    }
}

async fn seed_row(writing: &mut Writing, run: RunId, seed: &Address, doing: &'static str) -> Result<i64, StoreFault> {
    sqlx::query_scalar("SELECT id FROM seed WHERE run = $1 AND address = $2")
        .bind(run.0)
        .bind(seed.as_str())
        .fetch_optional(&mut **writing)
        .await
        .doing(doing)?
        .ok_or_else(|| StoreFault::no_seed(doing, seed))
}

async fn insert_folders(writing: &mut Writing, seed: i64, baseline: &Baseline) -> Result<(), StoreFault> {
    for (position, mark) in (0_i64..).zip(&baseline.marks) {
        sqlx::query(
            "INSERT INTO mark (seed, position, folder, role, uid_validity, uid_next, message_count)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(seed)
        .bind(position)
        .bind(mark.folder.wire())
        .bind(mark.role.word())
        .bind(mark.uid_validity)
        .bind(mark.uid_next)
        .bind(mark.exists)
        .execute(&mut **writing)
        .await
        .doing(BASELINE)?;
    }
    for (position, (folder, role, why)) in (0_i64..).zip(&baseline.shut) {
        sqlx::query("INSERT INTO shut (seed, position, folder, role, why) VALUES ($1, $2, $3, $4, $5)")
            .bind(seed)
            .bind(position)
            .bind(folder.wire())
            .bind(role.word())
            .bind(why.as_str())
            .execute(&mut **writing)
            .await
            .doing(BASELINE)?;
    }
    Ok(())
}

/// A sighting settles what SES did, and binds the copy to the seed that its probe was sent to.
async fn accept_seen(writing: &mut Writing, seed: i64, copy: &Copy) -> Result<(), StoreFault> {
    let found = sqlx::query(
        "UPDATE probe SET
             why = CASE WHEN state IN ('sending', 'unknown', 'not_accepted') THEN NULL ELSE why END,
             state = CASE WHEN state IN ('sending', 'unknown', 'not_accepted') THEN 'accepted' ELSE state END
         WHERE id = $1 AND seed = $2",
    )
    .bind(copy.probe.0)
    .bind(seed)
    .execute(&mut **writing)
    .await
    .doing(LOOK)?;
    if found.rows_affected() == 1 {
        return Ok(());
    }
    Err(StoreFault::NotPart { doing: LOOK, object: format!("probe {}", copy.probe.0) })
}

/// Adds a copy that no earlier look saw. Headers that an earlier look could not read are filled in, and read ones stay.
async fn insert_sighting(writing: &mut Writing, copy: &Copy) -> Result<(), StoreFault> {
    let kept = copy.headers.get(..HEADER_LIMIT);
    sqlx::query(
        "INSERT INTO sighting (probe, folder, uid_validity, uid, headers, cut) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (probe, folder, coalesce(uid_validity, -1), uid) DO UPDATE
         SET headers = excluded.headers, cut = excluded.cut WHERE length(sighting.headers) = 0",
    )
    .bind(copy.probe.0)
    .bind(copy.sighting.folder.wire())
    .bind(copy.uid_validity)
    .bind(copy.sighting.uid)
    .bind(kept.unwrap_or(&copy.headers))
    .bind(copy.cut || copy.headers.len() > HEADER_LIMIT)
    .execute(&mut **writing)
    .await
    .doing(LOOK)?;
    Ok(())
}

/// Says that this look saw the copy. A server that lists one message twice in one answer shows one copy.
async fn insert_seen(writing: &mut Writing, look: i64, copy: &Copy) -> Result<(), StoreFault> {
    let (tab, tab_why) = tab_columns(&copy.sighting.tab);
    sqlx::query(
        "INSERT INTO seen (look, sighting, role, tab, tab_why, arrived_at)
         SELECT $1, id, $6, $7, $8, $9 FROM sighting
         WHERE probe = $2 AND folder = $3 AND coalesce(uid_validity, -1) = coalesce($4, -1) AND uid = $5
         ON CONFLICT (look, sighting) DO NOTHING",
    )
    .bind(look)
    .bind(copy.probe.0)
    .bind(copy.sighting.folder.wire())
    .bind(copy.uid_validity)
    .bind(copy.sighting.uid)
    .bind(copy.sighting.role.word())
    .bind(tab)
    .bind(tab_why)
    .bind(copy.sighting.arrived_at.map(Timestamp::as_millisecond))
    .execute(&mut **writing)
    .await
    .doing(LOOK)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::handoff::Handoff;
    use crate::domain::probe::{ProbeId, ProbeState};
    use crate::domain::sighting::{Tab, TabAnswer};
    use crate::edge::store::fixture::{Place, address, at, copy, look, new_run, sighting};

    fn inbox(uid: u32) -> crate::domain::sighting::Sighting {
        sighting("INBOX", Role::Inbox, uid, TabAnswer::NotApplicable)
    }

    #[tokio::test]
    async fn a_baseline_comes_back_as_it_was_taken_and_the_first_one_stands() {
        let (place, run, probe) = Place::with_probe().await;
        assert_eq!(place.store.baseline(run, &probe.seed).await.unwrap(), None);
        let mark = |folder: &str, role, uid_validity, uid_next| Mark {
            folder: FolderName::from_wire(folder),
            role,
            uid_validity,
            uid_next,
            exists: 3,
        };
        let taken = Baseline {
            taken_at: at(7),
            marks: vec![
                mark("INBOX", Role::Inbox, Some(u32::MAX), u32::MAX),
                mark("Entw&APw-rfe\0\u{7f}", Role::Other, None, 1),
                mark("[Gmail]/Spam", Role::Junk, Some(0), 0),
                mark("[Gmail]/All Mail", Role::Archive, Some(1), 9),
                mark("Unbekannt", Role::Unknown, Some(1), 9),
                mark("Trash", Role::Trash, Some(1), 9),
            ],
            shut: vec![
                (FolderName::from_wire("Zoo"), Role::Other, "NO [NOPERM]".to_owned()),
                (FolderName::from_wire("Archive"), Role::Archive, String::new()),
            ],
        };
        place.store.save_baseline(run, &probe.seed, &taken).await.unwrap();
        let later = Baseline { taken_at: at(9), marks: vec![mark("New", Role::Other, Some(1), 99)], shut: vec![] };
        place.store.save_baseline(run, &probe.seed, &later).await.unwrap();
        assert_eq!(place.store.baseline(run, &probe.seed).await.unwrap(), Some(taken));
        let stranger = place.store.save_baseline(run, &address("eve@gmail.com"), &later).await;
        assert!(matches!(stranger, Err(StoreFault::NotPart { .. })), "{stranger:?}");
    }

    #[tokio::test]
    async fn looks_come_back_for_each_probe_of_their_seed_oldest_first() {
        let place = Place::new().await;
        let (run, probes) = place.plan(&new_run(&["news", "receipts"], &["anna@gmail.com", "bert@gmail.com"])).await;
        let (news, receipts) = (probes[0].id, probes[2].id);
        let anna = address("anna@gmail.com");
        let tabs = [
            TabAnswer::Failed("NO [LIMIT]".to_owned()),
            TabAnswer::Unknown,
            TabAnswer::NotApplicable,
            TabAnswer::Known(Tab::Promotions),
        ];
        let empty = Look {
            failed: Some("Junk answered NO".to_owned()),
            temporary: true,
            leave_alone: Some(Duration::from_millis(30_500)),
            ..look(1_000, vec![])
        };
        let mut looks = vec![empty];
        for (began, tab) in (2_000..).step_by(1_000).zip(tabs) {
            let mut undated = sighting("[Gmail]/All Mail", Role::Archive, 70, TabAnswer::NotApplicable);
            undated.arrived_at = None;
            let copies = vec![copy(news, sighting("INBOX", Role::Inbox, 5, tab)), copy(news, undated)];
            looks.push(look(began, copies));
        }
        // The owner has said meanwhile that INBOX.Junk is the spam folder.
        for (began, role) in [(7_000, Role::Other), (8_000, Role::Junk)] {
            let lies = sighting("INBOX.Junk", role, 6, TabAnswer::NotApplicable);
            looks.push(look(began, vec![copy(receipts, lies)]));
        }
        for look in &looks {
            place.store.save_look(run, &anna, look).await.unwrap();
        }
        let sweeps = place.store.sweeps(run).await.unwrap();
        assert_eq!(sweeps.keys().copied().collect::<Vec<_>>(), [news, receipts], "nobody looked at the other seed");
        for probe in [news, receipts] {
            assert_eq!(sweeps[&probe].len(), looks.len());
            for (sweep, look) in sweeps[&probe].iter().zip(&looks) {
                assert_eq!((sweep.began_at, sweep.ended_at), (look.began_at, look.ended_at));
                assert_eq!(sweep.failed, look.failed);
                let copies = look.copies.iter().filter(|copy| copy.probe == probe);
                assert_eq!(sweep.sightings, copies.map(|copy| copy.sighting.clone()).collect::<Vec<_>>());
            }
        }
        assert_eq!(place.count("SELECT count(*) FROM sighting").await, 3, "a copy seen again is the same copy");
        assert_eq!(place.count("SELECT temporary * leave_alone FROM look WHERE failed IS NOT NULL").await, 30_500);
        assert_eq!(place.count("SELECT count(*) FROM look WHERE temporary = 0 AND leave_alone IS NULL").await, 6);
    }

    #[tokio::test]
    async fn a_copy_is_the_same_only_in_the_same_folder_under_the_same_uid_and_uidvalidity() {
        let (place, run, probe) = Place::with_probe().await;
        let base = || copy(probe.id, inbox(5));
        let unnamed = || Copy { uid_validity: None, ..base() };
        let other_folder = copy(probe.id, sighting("Spam", Role::Junk, 5, TabAnswer::NotApplicable));
        let copies = vec![
            base(),
            base(),
            copy(probe.id, inbox(6)),
            Copy { uid_validity: Some(43), ..base() },
            unnamed(),
            unnamed(),
            other_folder,
        ];
        for _ in 0..2 {
            place.store.save_look(run, &probe.seed, &look(10, copies.clone())).await.unwrap();
        }
        assert_eq!(place.count("SELECT count(*) FROM sighting").await, 5);
        assert_eq!(place.count("SELECT count(*) FROM seen").await, 10);
    }

    #[tokio::test]
    async fn headers_are_kept_as_bytes_first_read_and_64_kib_at_most() {
        let (place, run, probe) = Place::with_probe().await;
        let with = |uid, headers: Vec<u8>, cut| Copy { headers, cut, ..copy(probe.id, inbox(uid)) };
        let odd: Vec<u8> = (0..=255).collect();
        let save = async |copies| place.store.save_look(run, &probe.seed, &look(10, copies)).await.unwrap();
        save(vec![with(1, odd.clone(), false), with(2, vec![], false), with(3, vec![b'x'; 70_000], false)]).await;
        save(vec![with(1, vec![], false), with(2, b"A: b\r\n".to_vec(), true)]).await;
        save(vec![with(1, b"later".to_vec(), true), with(2, b"later".to_vec(), false)]).await;
        let folder = FolderName::from_wire("INBOX");
        assert_eq!(
            place.store.headers(probe.id).await.unwrap(),
            [
                (folder.clone(), odd, false),
                (folder.clone(), b"A: b\r\n".to_vec(), true),
                (folder, vec![b'x'; 65_536], true),
            ]
        );
    }

    #[tokio::test]
    async fn a_sighting_settles_a_sending_of_unknown_outcome_and_nothing_else_does() {
        let unknown = Handoff::Unknown { why: "the connection was lost".to_owned() };
        let turned_away = Handoff::NotAccepted { why: "throttled".to_owned(), retry_after: None };
        let refused = Handoff::Refused { why: "no".to_owned() };
        for (end, after) in [
            (None, ProbeState::Accepted),
            (Some(unknown), ProbeState::Accepted),
            (Some(turned_away), ProbeState::Accepted),
            (Some(refused), ProbeState::Refused),
        ] {
            let (place, run, probe) = Place::with_probe().await;
            place.store.claim(probe.id, at(10)).await.unwrap();
            if let Some(end) = &end {
                place.store.settle(probe.id, 1, end, at(11)).await.unwrap();
            }
            let before = place.probe(run).await;
            place.store.save_look(run, &probe.seed, &look(12, vec![])).await.unwrap();
            assert_eq!(place.probe(run).await, before, "a look that saw nothing");
            place.store.save_look(run, &probe.seed, &look(13, vec![copy(probe.id, inbox(5))])).await.unwrap();
            let seen = place.probe(run).await;
            assert_eq!(seen.state, after, "{end:?}");
            assert_eq!((seen.claimed_at, seen.handed_at, seen.ses_id), (Some(at(10)), None, None));
            assert!(place.store.claim(probe.id, at(14)).await.is_err(), "{end:?}");
        }
    }

    #[tokio::test]
    async fn a_copy_counts_only_in_the_seed_that_its_probe_was_sent_to() {
        let place = Place::new().await;
        let (run, probes) = place.plan(&new_run(&["news"], &["anna@gmail.com", "bert@gmail.com"])).await;
        for (seed, probe) in [("bert@gmail.com", probes[0].id), ("anna@gmail.com", ProbeId(999))] {
            let stray = look(10, vec![copy(probe, inbox(5))]);
            let fault = place.store.save_look(run, &address(seed), &stray).await.unwrap_err();
            assert_eq!(fault.to_string(), format!("cannot store a look: probe {} is not part of it", probe.0));
        }
        assert_eq!(place.count("SELECT (SELECT count(*) FROM look) + (SELECT count(*) FROM sighting)").await, 0);
    }
}
