//! Baselines and looks: what was in the folders before the send, and what each pass over them saw.

use fail::fail_point;

use super::fault::Doing as _;
use super::row::{HEADER_LIMIT, millis, number, parsed, tab_columns, time};
use super::{Store, StoreFault, Writing};
use crate::domain::folder::{FolderName, Role};
use crate::domain::look::{Baseline, Copy, Look, Mark};
use crate::domain::run::RunId;
use crate::domain::seed::Address;

const BASELINE: &str = "store a baseline";
const LOOK: &str = "store a look";

impl Store {
    /// Stores where a seed's folders stood. The first baseline of a run stands: a later one could lie behind a probe that
    /// has arrived meanwhile, and hide it.
    pub(crate) async fn save_baseline(&self, run: RunId, seed: &Address, baseline: &Baseline) -> Result<(), StoreFault> {
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
        writing.commit().await.doing(BASELINE)
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
        let shut = shut.into_iter().map(|(folder, role, why)| {
            Ok((FolderName::from_wire(folder), parsed("role", &role, Role::of_word)?, why))
        });
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
    .bind(copy.sighting.arrived_at.map(|at| at.as_millisecond()))
    .execute(&mut **writing)
    .await
    .doing(LOOK)?;
    Ok(())
}
