use std::os::unix::fs::{PermissionsExt as _, symlink};

use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, SqlitePool};

use super::*;
use crate::domain::folder::Role;
use crate::domain::handoff::Handoff;
use crate::domain::probe::ProbeState;
use crate::domain::run::RunId;
use crate::domain::sighting::TabAnswer;
use crate::edge::store::fixture::{Place, at, copy, look, new_run, ses_id, sighting};
use crate::edge::store::{Lock, fold};

async fn asked(pool: &SqlitePool, pragma: &'static str) -> String {
    let row = sqlx::query(pragma).fetch_one(pool).await.unwrap();
    sqlx::Row::try_get_unchecked::<String, _>(&row, 0).unwrap()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn every_commit_is_synced_and_readers_cannot_write() {
    let place = Place::new().await;
    for (pragma, value) in [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA busy_timeout", "120000"),
        ("PRAGMA fullfsync", "1"),
    ] {
        assert_eq!(asked(&place.store.writer, pragma).await, value, "{pragma}");
    }
    assert_eq!(asked(&place.store.reader, "PRAGMA busy_timeout").await, "5000");
    let written = sqlx::query("DELETE FROM run").execute(&place.store.reader).await.doing("write");
    assert!(matches!(written, Err(StoreFault::ReadOnly { .. })), "{written:?}");
}

#[tokio::test]
async fn every_table_is_strict_and_none_holds_a_judgement() {
    let place = Place::new().await;
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&place.store.reader)
    .await
    .unwrap();
    assert!(tables.len() >= 12, "{tables:?}");
    for (table, strict) in tables {
        assert!(strict || table == "_sqlx_migrations", "{table}");
    }
    let columns = "SELECT count(*) FROM sqlite_schema JOIN pragma_table_info(sqlite_schema.name) AS field
                   WHERE field.name IN ('placement', 'finding', 'verdict')
                   -- What another tool told is its own fact, and judged by none of our rules.
                   AND sqlite_schema.name != 'told'";
    assert_eq!(place.count(columns).await, 0);
}

#[tokio::test]
async fn nobody_else_may_read_the_files_even_under_an_open_umask() {
    let before = rustix::process::umask(rustix::fs::Mode::empty());
    let place = Place::new().await;
    place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
    let lock = Lock::try_take(place.store.path(), None).unwrap().unwrap();
    rustix::process::umask(before);
    for ending in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(&beside(place.store.path(), ending)), 0o600, "inboxed.db{ending}");
    }
    drop(lock);
}

#[tokio::test]
async fn a_link_to_nothing_is_not_followed_and_a_link_to_the_database_is() {
    let place = Place::new().await;
    let (link, victim) = (place.directory.path().join("link.db"), place.directory.path().join("victim"));
    symlink(&victim, &link).unwrap();
    let fault = Store::open(&link).await.unwrap_err().to_string();
    assert!(fault.ends_with("link.db: it is a symbolic link to a file that does not exist"), "{fault}");
    assert!(!victim.exists());
    let good = place.directory.path().join("good.db");
    symlink(place.store.path(), &good).unwrap();
    assert_eq!(Store::open(&good).await.unwrap().path(), place.store.path());
}

#[tokio::test]
async fn what_is_not_ours_is_named_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("inboxed.db");
    let foreign = directory.path().join("foreign.db");
    let mut other =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&foreign).create_if_missing(true))
            .await
            .unwrap();
    sqlx::query("CREATE TABLE note (text)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let text = b"Dear diary, this is no database. ".repeat(40);
    for (what, bytes) in [("text", text), ("a foreign database", std::fs::read(&foreign).unwrap())] {
        std::fs::write(&path, &bytes).unwrap();
        for fault in [Store::open(&path).await.unwrap_err(), Store::open_existing(&path).await.unwrap_err()] {
            assert!(matches!(fault, StoreFault::NotOurs { .. }), "{what}: {fault:?}");
            assert!(!fault.is_temporary());
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{what}");
        assert!(!beside(&path, "-wal").exists(), "{what}");
    }
    let fault = Store::open(directory.path()).await.unwrap_err().to_string();
    assert!(fault.ends_with("it is no regular file; name another one as `database`"), "{fault}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let place = Place::new().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9000, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&place.store.writer)
    .await
    .unwrap();
    place.store.close().await;
    let before = std::fs::read(place.store.path()).unwrap();
    for opened in [Store::open(place.store.path()).await, Store::open_existing(place.store.path()).await] {
        let fault = opened.unwrap_err();
        assert!(matches!(fault, StoreFault::Newer { found: 9000, .. }), "{fault:?}");
        assert!(fault.to_string().ends_with("install a newer inboxed"), "{fault}");
    }
    assert_eq!(std::fs::read(place.store.path()).unwrap(), before);
}

#[tokio::test]
async fn damage_anywhere_shows_before_work_begins() {
    let place = Place::new().await;
    let seeds: Vec<String> = (0..300).map(|number| format!("seed{number}@gmail.com")).collect();
    place.plan(&new_run(&["news"], &seeds.iter().map(String::as_str).collect::<Vec<_>>())).await;
    place.store.close().await;
    let path = place.store.path();
    let sound = std::fs::read(path).unwrap();
    let pages = sound.len() / 4096;
    assert!(pages > 20);
    for page in 1..pages {
        let mut bytes = sound.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xA5);
        std::fs::write(path, &bytes).unwrap();
        let fault = Store::open(path).await.unwrap_err();
        assert!(matches!(fault, StoreFault::Damaged { .. }), "page {page}: {fault:?}");
        assert_eq!(std::fs::read(path).unwrap(), bytes, "page {page}");
    }
    std::fs::write(path, &sound[..sound.len() / 2]).unwrap();
    let fault = Store::open(path).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Damaged { .. }), "cut: {fault:?}");
}

#[tokio::test]
async fn the_file_alone_holds_everything_once_its_log_is_folded() {
    let (place, run, probe) = Place::with_probe().await;
    let (path, log) = (place.store.path().to_owned(), beside(place.store.path(), "-wal"));
    let held = Lock::try_take(&path, None).unwrap();
    fold(&path).await;
    assert!(is_filled(&log), "whoever works on runs folds it");
    drop(held);
    fold(&path).await;
    assert!(!is_filled(&log));
    let copy = place.directory.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    assert_eq!(Store::open_existing(&copy).await.unwrap().probes(run).await.unwrap(), std::slice::from_ref(&probe));
    // A reader in the middle of something keeps what it sees, and what was stored since is folded another time.
    let mut reading = place.store.reader.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM probe").fetch_one(&mut *reading).await.unwrap();
    place.store.claim(probe.id, at(1)).await.unwrap();
    fold(&path).await;
    assert!(is_filled(&log));
    drop(reading);
    place.store.close().await;
    assert!(!log.exists());
}

#[tokio::test]
async fn another_program_s_log_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("foreign.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("PRAGMA journal_mode = WAL; CREATE TABLE note (text)").execute(&mut other).await.unwrap();
    let before = std::fs::read(beside(&path, "-wal")).unwrap();
    fold(&path).await;
    assert_eq!(std::fs::read(beside(&path, "-wal")).unwrap(), before);
}

#[tokio::test]
async fn files_that_are_not_empty_and_hold_no_table_are_never_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("inboxed.db");
    let log = beside(&path, "-wal");
    // What is left of a database whose tables lay in a log that was not copied with it.
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut bare = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut bare).await.unwrap();
    bare.close().await.unwrap();
    let header = std::fs::read(&path).unwrap();
    assert!(!header.is_empty());
    let refused = async || {
        for fault in [Store::open(&path).await.unwrap_err(), Store::open_existing(&path).await.unwrap_err()] {
            assert!(matches!(fault, StoreFault::Hollow { .. }), "{fault:?}");
            assert!(fault.to_string().contains("-wal"), "{fault}");
        }
    };
    refused().await;
    assert_eq!(std::fs::read(&path).unwrap(), header);
    for bytes in [Some(&b""[..]), None] {
        std::fs::remove_file(&path).unwrap();
        bytes.inspect(|bytes| std::fs::write(&path, bytes).unwrap());
        std::fs::write(&log, "the only copy of what was stored").unwrap();
        refused().await;
        assert_eq!(std::fs::read(&log).unwrap(), b"the only copy of what was stored");
        std::fs::write(&path, "").unwrap();
    }
}

#[tokio::test]
async fn where_nothing_was_stored_yet_nothing_is_found_and_nothing_is_left() {
    let store = Store::nothing().await.unwrap();
    assert_eq!(store.runs(9, None).await.unwrap(), []);
    let directory = store.path().parent().unwrap().to_owned();
    let other = store.clone();
    drop(store);
    assert!(directory.exists());
    other.close().await;
    drop(other);
    assert!(!directory.exists());
}

#[tokio::test]
async fn reading_verbs_never_create_a_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("inboxed.db");
    for path in [path.clone(), directory.path().join("none").join("inboxed.db")] {
        let fault = Store::open_existing(&path).await.unwrap_err();
        assert!(matches!(fault, StoreFault::Absent { .. }), "{fault:?}");
        assert!(!path.exists());
    }
    let fault = Store::open(&directory.path().join("none").join("inboxed.db")).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Unreachable { .. }), "{fault:?}");
    // What a crash between creating the file and the first commit leaves.
    std::fs::write(&path, "").unwrap();
    let fault = Store::open_existing(&path).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Absent { .. }), "{fault:?}");
    Store::open(&path).await.unwrap();
    Store::open_existing(&path).await.unwrap();
}

#[tokio::test]
async fn a_database_that_may_not_be_written_is_refused_before_work() {
    // Permissions do not bind root; there is nothing to see then.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new().await;
    place.store.close().await;
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    set(place.store.path(), 0o400);
    let file = Store::open(place.store.path()).await;
    set(place.store.path(), 0o600);
    set(place.directory.path(), 0o500);
    let inside = Store::open(place.store.path()).await;
    let fresh = Store::open(&place.directory.path().join("new.db")).await;
    set(place.directory.path(), 0o700);
    assert!(matches!(file, Err(StoreFault::ReadOnly { .. })), "{file:?}");
    assert!(matches!(inside, Err(StoreFault::Unreachable { .. } | StoreFault::ReadOnly { .. })), "{inside:?}");
    assert!(matches!(fresh, Err(StoreFault::Unreachable { .. })), "{fresh:?}");
}

#[tokio::test]
async fn many_first_openings_at_once_all_find_one_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("inboxed.db");
    let mut openings = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let path = path.clone();
        openings.spawn(async move { Store::open(&path).await.map(|_| ()) });
    }
    for opened in openings.join_all().await {
        opened.unwrap();
    }
}

#[tokio::test]
async fn eight_writers_with_connections_of_their_own_wait_for_each_other() {
    let place = Place::new().await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let path = place.store.path().to_owned();
        writers.spawn(async move {
            let store = Store::open_existing(&path).await.unwrap();
            for _ in 0..20 {
                let seed = format!("seed{number}@gmail.com");
                let (run, probes) = store.plan_run(&new_run(&["news"], &[&seed]), &[number; 32]).await?;
                store.claim(probes[0].id, at(1)).await?;
                store.settle(probes[0].id, 1, &Handoff::Accepted(ses_id("0100")), at(2)).await?;
                store.save_look(run, &probes[0].seed, &look(3, vec![])).await?;
                store.close_run(run, at(4)).await?;
            }
            Ok::<(), StoreFault>(())
        });
    }
    for written in writers.join_all().await {
        written.unwrap();
    }
    assert_eq!(place.count("SELECT count(*) FROM run WHERE ended_at IS NOT NULL").await, 160);
    assert_eq!(place.count("SELECT count(*) FROM probe WHERE state = 'accepted'").await, 160);
}

/// Copies the files as they lie on the disk, as a power failure would leave them, and opens the copy.
async fn after_a_crash(store: &Store, directory: &Path) -> Store {
    let copy = directory.join("copy.db");
    for ending in ["", "-wal"] {
        std::fs::copy(beside(store.path(), ending), beside(&copy, ending)).unwrap();
    }
    Store::open(&copy).await.unwrap()
}

#[tokio::test]
async fn what_was_committed_survives_a_kill_and_what_was_not_is_gone() {
    let (place, run, probe) = Place::with_probe().await;
    place.store.claim(probe.id, at(1)).await.unwrap();
    let seen = copy(probe.id, sighting("INBOX", Role::Inbox, 5, TabAnswer::NotApplicable));
    place.store.save_look(run, &probe.seed, &look(10, vec![seen])).await.unwrap();
    let mut cut_off = place.store.write("write").await.unwrap();
    sqlx::query("UPDATE run SET ended_at = 1").execute(&mut *cut_off).await.unwrap();
    sqlx::query("DELETE FROM probe").execute(&mut *cut_off).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let survivor = after_a_crash(&place.store, elsewhere.path()).await;
    drop(cut_off);
    assert_eq!(survivor.run(run, None).await.unwrap().ended_at, None);
    assert_eq!(survivor.probes(run).await.unwrap()[0].state, ProbeState::Accepted);
    assert_eq!(survivor.sweeps(run).await.unwrap(), place.store.sweeps(run).await.unwrap());
    assert_eq!(survivor.complaints().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_log_cut_at_any_point_leaves_a_probe_that_is_never_claimed_twice() {
    let (place, run, probe) = Place::with_probe().await;
    place.store.close().await;
    let store = Store::open(place.store.path()).await.unwrap();
    let base = std::fs::read(store.path()).unwrap();
    store.claim(probe.id, at(1)).await.unwrap();
    let claimed = std::fs::metadata(beside(store.path(), "-wal")).unwrap().len();
    store.settle(probe.id, 1, &Handoff::Unknown { why: "cut".to_owned() }, at(2)).await.unwrap();
    let log = std::fs::read(beside(store.path(), "-wal")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("cut.db");
    for length in (0..=log.len()).step_by(512) {
        std::fs::write(&path, &base).unwrap();
        std::fs::write(beside(&path, "-wal"), &log[..length]).unwrap();
        let cut = Store::open(&path).await.unwrap();
        let state = cut.probes(run).await.unwrap()[0].state;
        let whole = length as u64 >= claimed;
        assert!(!whole || [ProbeState::Sending, ProbeState::Unknown].contains(&state), "{length}: {state:?}");
        assert_eq!(cut.claim(probe.id, at(3)).await.is_ok(), state == ProbeState::Planned, "{length}: {state:?}");
        cut.close().await;
    }
}

#[tokio::test]
async fn a_full_disk_stores_nothing_of_a_plan_and_the_next_try_succeeds() {
    let place = Place::new().await;
    let seeds: Vec<String> = (0..500).map(|number| format!("seed{number}@gmail.com")).collect();
    let new = new_run(&["news"], &seeds.iter().map(String::as_str).collect::<Vec<_>>());
    sqlx::query("PRAGMA max_page_count = 40").execute(&place.store.writer).await.unwrap();
    let fault = place.store.plan_run(&new, &[1; 32]).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Full { .. }), "{fault:?}");
    assert!(fault.is_temporary());
    assert_eq!(fault.to_string(), "cannot store the plan of a run: the disk is full; make room on it and try again");
    assert_eq!(place.count("SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM probe)").await, 0);
    sqlx::query("PRAGMA max_page_count = 100000").execute(&place.store.writer).await.unwrap();
    assert_eq!(place.plan(&new).await.1.len(), 500);
}

#[tokio::test]
async fn a_write_that_is_abandoned_half_way_leaves_nothing_and_blocks_nobody() {
    let (place, run, probe) = Place::with_probe().await;
    for polls in 1..40 {
        let mut claim = Box::pin(place.store.claim(probe.id, at(1)));
        let mut left = polls;
        std::future::poll_fn(|context| {
            left -= 1;
            let done = claim.as_mut().poll(context).is_ready();
            if done || left == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        drop(claim);
        // One statement, one snapshot: the abandoned commit may still be under way in SQLite's own thread.
        let difference = "SELECT (SELECT count(*) FROM handoff) - (SELECT count(*) FROM probe WHERE state = 'sending')";
        assert_eq!(place.count(difference).await, 0, "{polls}");
        let state = place.probe(run).await.state;
        if state == ProbeState::Sending {
            return;
        }
    }
    panic!("the claim never came to its end");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_migration_that_was_shipped_never_changes() {
    let listed = std::fs::read_to_string(root().join("tests/data/schema/hashes")).unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("migrations")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(
        files.len(),
        MIGRATIONS.iter().count(),
        "a file that is no migration, or one not compiled in: save src/edge/store/open.rs"
    );
    let hashes: Vec<String> = files
        .iter()
        .map(|file| {
            let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(std::fs::read(file).unwrap()));
            format!("{hash}  {}", file.file_name().unwrap().to_str().unwrap())
        })
        .collect();
    assert_eq!(hashes, listed.lines().collect::<Vec<_>>());
}

#[tokio::test]
async fn every_older_schema_opens_is_brought_up_to_date_and_keeps_its_run() {
    for migration in MIGRATIONS.iter() {
        let dump = root().join(format!("tests/data/schema/{:04}.sql", migration.version));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("old.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut old = SqliteConnection::connect_with(&options).await.unwrap();
        let text = std::fs::read_to_string(&dump).unwrap_or_else(|_| panic!("keep a dump in {}", dump.display()));
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut old).await.unwrap();
        old.close().await.unwrap();

        let store = Store::open_existing(&path).await.unwrap();
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
        let applied: i64 =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&store.reader).await.unwrap();
        assert_eq!(applied, known);
        let run = RunId(2);
        assert_eq!(store.run(run, None).await.unwrap().label.unwrap().as_str(), "before-dkim");
        let probes = store.probes(run).await.unwrap();
        let states: Vec<ProbeState> = probes.iter().map(|probe| probe.state).collect();
        assert_eq!(states, [ProbeState::Accepted, ProbeState::Refused, ProbeState::Planned]);
        let sweeps = store.sweeps(run).await.unwrap();
        assert_eq!(sweeps[&probes[0].id].len(), 2);
        assert_eq!(sweeps[&probes[0].id][1].sightings[0].folder.wire(), "[Gmail]/Spam");
        assert_eq!(store.headers(probes[0].id).await.unwrap()[0].1, b"Subject: hello\r\n");
        assert_eq!(store.baseline(run, &probes[0].seed).await.unwrap().unwrap().marks.len(), 2);
        assert_eq!(store.excluded(run).await.unwrap().len(), 1);
        assert_eq!(store.complaints().await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_ses_counted_before_accounts_were_told_apart_is_kept_as_nobody_s() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    let text = std::fs::read_to_string(root().join("tests/data/schema/0009.sql")).unwrap()
        + "INSERT INTO reputation VALUES ('eu-central-1', 1780000000000, 'not allowed');
           INSERT INTO sent_day VALUES ('eu-central-1', '2026-05-28', 900, 8, 1);
           INSERT INTO suppression (region, address, asked_at) VALUES (NULL, 'nobody@gmail.com', 1780000000000);";
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut old).await.unwrap();
    old.close().await.unwrap();

    let store = Store::open(&path).await.unwrap();
    let [one] = &store.reputations().await.unwrap()[..] else { panic!("there is one region") };
    assert_eq!((&one.account, one.region.as_deref()), (&None, Some("eu-central-1")));
    assert_eq!((one.days.len(), one.days[0].attempts, one.days[0].bounces, one.days[0].complaints), (1, 900, 8, 1));
    assert_eq!(one.unanswered.as_deref(), Some("not allowed"));
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM suppression WHERE account IS NULL AND address LIKE 'nobody%'")
            .fetch_one(&store.reader)
            .await
            .unwrap();
    assert_eq!(kept, 1);
}
