//! Adding imported results, and knowing those again that are there, so that importing twice adds nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use sqlx::QueryBuilder;

use super::known::{EarlierRuns, KnownProbes, standing};
use super::{Added, DOING};
use crate::domain::finding::Placement;
use crate::domain::probe::ProbeState;
use crate::domain::run::{Label, RunId};
use crate::domain::sighting::TabAnswer;
use crate::domain::stream::StreamName;
use crate::domain::told::{Told, ToldRun};
use crate::edge::store::fault::Doing as _;
use crate::edge::store::{Store, StoreFault, Writing};

/// Rows that one statement inserts; each binds ten values, and SQLite takes 32,766.
const AT_ONCE: usize = 1_000;

/// Why nothing was imported.
#[derive(Debug)]
pub(crate) enum NotAdded {
    /// The store failed.
    Store(StoreFault),
    /// Rows contradict what is stored, by line.
    Wrong(Vec<(usize, String)>),
}

impl From<StoreFault> for NotAdded {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl Store {
    /// Stores results in one transaction: all of them, or none where a row contradicts what is stored or cannot be read. The
    /// same run, stream and seed are the same probe. A run of a number that is taken must be that run: begun at the same
    /// time. What was stored first stands, but for one thing: an imported run that is told to be the lab's bears that mark
    /// from then on, as it is no longer honest without. One run is held at a time.
    pub(crate) async fn add_told(
        &self,
        runs: impl Iterator<Item = Result<ToldRun, Vec<(usize, String)>>>,
    ) -> Result<Added, NotAdded> {
        let mut writing = self.write(DOING).await?;
        let earlier = EarlierRuns::read(&mut writing).await?;
        let (mut added, mut wrong) = (Added::default(), Vec::new());
        for run in runs {
            let run = match run {
                Ok(run) => run,
                Err(unread) => {
                    wrong.extend(unread);
                    break;
                }
            };
            let id = match run.id {
                Some(id) => Some(id),
                None => earlier.run_of(&mut writing, &run).await?,
            };
            let standing = match id {
                Some(id) => standing(&mut writing, id).await?,
                None => None,
            };
            match standing {
                None => {
                    let id = insert_run(&mut writing, &run).await?;
                    insert_rows(&mut writing, id, &run.rows.iter().map(|(_, told)| told).collect::<Vec<_>>()).await?;
                    added.runs.push(id);
                    added.probes += run.rows.len();
                }
                Some(mut standing) => {
                    let known = KnownProbes::read(&mut writing, standing.id).await?;
                    if known.lacks_mark(&run, &standing) {
                        mark(&mut writing, standing.id).await?;
                        standing.simulated = true;
                    }
                    let new = known.sift(&run, &standing, &mut added, &mut wrong);
                    added.probes += new.len();
                    insert_rows(&mut writing, standing.id, &new).await?;
                }
            }
        }
        if !wrong.is_empty() {
            // Dropping the transaction takes everything back.
            return Err(NotAdded::Wrong(wrong));
        }
        writing.commit().await.doing(DOING)?;
        Ok(added)
    }
}

async fn insert_run(writing: &mut Writing, run: &ToldRun) -> Result<RunId, StoreFault> {
    let id = sqlx::query_scalar(
        "INSERT INTO run (id, label, started_at, ended_at, wait, simulated, imported)
         VALUES ($1, $2, $3, $4, 0, $5, 1) RETURNING id",
    )
    .bind(run.id.map(|id| id.0))
    .bind(run.label.as_ref().map(Label::as_str))
    .bind(run.started_at().unwrap_or_default().as_millisecond())
    .bind(run.ended_at().unwrap_or_default().as_millisecond())
    .bind(run.simulated)
    .fetch_one(&mut **writing)
    .await
    .doing(DOING)?;
    Ok(RunId(id))
}

/// Marks an imported run as one that the lab answered.
async fn mark(writing: &mut Writing, run: RunId) -> Result<(), StoreFault> {
    sqlx::query("UPDATE run SET simulated = 1 WHERE id = $1").bind(run.0).execute(&mut **writing).await.doing(DOING)?;
    Ok(())
}

/// Adds probes to an imported run, with the streams and seeds that it did not have yet.
async fn insert_rows(writing: &mut Writing, run: RunId, rows: &[&Told]) -> Result<(), StoreFault> {
    let mut streams: BTreeMap<&StreamName, i64> = BTreeMap::new();
    for told in rows {
        if !streams.contains_key(&told.stream) {
            streams.insert(&told.stream, stream_row(writing, run, &told.stream).await?);
        }
    }
    let seeds = seed_rows(writing, run, rows).await?;
    for rows in rows.chunks(AT_ONCE) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO told (stream, seed, started_at, state, placement, tab, folder, arrived_at, latency, why) ",
        );
        insert.push_values(rows, |mut row, told| {
            row.push_bind(streams.get(&told.stream).copied())
                .push_bind(seeds.get(told.seed.as_str()).copied())
                .push_bind(told.started_at.as_millisecond())
                .push_bind(told.state.map(ProbeState::word))
                .push_bind(told.placement.map(Placement::word))
                .push_bind(tab_word(&told.tab))
                .push_bind(told.folder.as_deref())
                .push_bind(told.arrived_at.map(Timestamp::as_millisecond))
                .push_bind(told.latency_ms.and_then(|latency| i64::try_from(latency).ok()))
                .push_bind(told.why.as_deref());
        });
        insert.build().execute(&mut **writing).await.doing(DOING)?;
    }
    Ok(())
}

async fn stream_row(writing: &mut Writing, run: RunId, stream: &StreamName) -> Result<i64, StoreFault> {
    sqlx::query_scalar(
        "INSERT INTO told_stream (run, position, name) VALUES ($1, (SELECT count(*) FROM told_stream WHERE run = $1), $2)
         ON CONFLICT (run, name) DO UPDATE SET name = excluded.name RETURNING id",
    )
    .bind(run.0)
    .bind(stream.as_str())
    .fetch_one(&mut **writing)
    .await
    .doing(DOING)
}

/// The seeds of an imported run by address, with those of these rows added in their order. The provider that was told
/// first stands.
async fn seed_rows(writing: &mut Writing, run: RunId, rows: &[&Told]) -> Result<HashMap<String, i64>, StoreFault> {
    let known = seeds_of(writing, run).await?;
    let mut asked: HashSet<&str> = HashSet::new();
    let mut new: Vec<&Told> = Vec::new();
    for &told in rows {
        if !known.contains_key(told.seed.as_str()) && asked.insert(told.seed.as_str()) {
            new.push(told);
        }
    }
    if new.is_empty() {
        return Ok(known);
    }
    let first: i64 = sqlx::query_scalar("SELECT coalesce(max(position), -1) + 1 FROM seed WHERE run = $1")
        .bind(run.0)
        .fetch_one(&mut **writing)
        .await
        .doing(DOING)?;
    let placed: Vec<(i64, &Told)> = (first..).zip(new).collect();
    for some in placed.chunks(AT_ONCE) {
        let mut insert = QueryBuilder::new("INSERT INTO seed (run, position, address, provider) ");
        insert.push_values(some, |mut row, (position, told)| {
            row.push_bind(run.0).push_bind(*position).push_bind(told.seed.as_str()).push_bind(told.provider.as_str());
        });
        insert.build().execute(&mut **writing).await.doing(DOING)?;
    }
    seeds_of(writing, run).await
}

async fn seeds_of(writing: &mut Writing, run: RunId) -> Result<HashMap<String, i64>, StoreFault> {
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT address, id FROM seed WHERE run = $1")
        .bind(run.0)
        .fetch_all(&mut **writing)
        .await
        .doing(DOING)?;
    Ok(rows.into_iter().collect())
}

/// What does not apply and what was not told are one in a file.
fn tab_word(tab: &TabAnswer) -> Option<&'static str> {
    match tab {
        TabAnswer::NotApplicable => None,
        TabAnswer::Unknown | TabAnswer::Failed(_) => Some("unknown"),
        TabAnswer::Known(tab) => Some(tab.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outline::{Outlines, RunOutline};
    use crate::domain::provider::ProviderName;
    use crate::domain::sighting::Tab;
    use crate::domain::told::ToldRow;
    use crate::edge::store::fixture::{Place, address, at, new_run};

    fn told(seed: &str, after: i64, placement: Option<Placement>) -> Told {
        Told {
            stream: StreamName::new("news").unwrap(),
            seed: address(seed),
            provider: ProviderName::new("gmail").unwrap(),
            started_at: at(after),
            state: Some(ProbeState::Accepted),
            placement,
            tab: TabAnswer::Known(Tab::Social),
            folder: Some("Q&-A".to_owned()),
            arrived_at: Some(at(after + 9)),
            latency_ms: Some(7),
            why: Some("it was so".to_owned()),
        }
    }

    fn gathered(id: Option<i64>, label: &str, all: Vec<Told>) -> Vec<ToldRun> {
        let mut outlines = Outlines::default();
        let mut by_line: BTreeMap<usize, Told> = (2..).zip(all).collect();
        for (line, told) in &by_line {
            let (run, label, told) = (id.map(RunId), Label::new(label), told.clone());
            let row = ToldRow { line: *line, run, label, simulated: false, told };
            outlines.add(&row, 0);
        }
        let (gathered, wrong) = outlines.gather();
        assert_eq!(wrong, []);
        let mut rows = |run: &RunOutline| {
            let lines = gathered.rows(run).iter().map(|row| row.line);
            lines.map(|line| (line, by_line.remove(&line).unwrap())).collect()
        };
        let run = |run: &RunOutline| ToldRun {
            id: run.id,
            label: run.label.clone(),
            simulated: run.simulated,
            rows: rows(run),
        };
        gathered.runs.iter().map(run).collect()
    }

    fn each(runs: Vec<ToldRun>) -> impl Iterator<Item = Result<ToldRun, Vec<(usize, String)>>> {
        runs.into_iter().map(Ok)
    }

    fn lines(result: Result<Added, NotAdded>) -> Vec<usize> {
        match result {
            Err(NotAdded::Wrong(wrong)) => wrong.into_iter().map(|(line, _)| line).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn what_was_told_comes_back_and_twice_adds_nothing() {
        let place = Place::new().await;
        let all = vec![
            told("b@x.example", 0, Some(Placement::Spam)),
            told("a@x.example", 5, None),
            told("c@x.example", 9, Some(Placement::Inbox)),
        ];
        for id in [Some(40), None] {
            let runs = gathered(id, "theirs", all.clone());
            let first = place.store.add_told(each(runs.clone())).await.unwrap();
            // Without a number the rows are found again in run 40, whose probes they are.
            let new = if id.is_some() { 3 } else { 0 };
            assert_eq!((first.probes, first.known), (new, 3 - new));
            let again = place.store.add_told(each(runs.clone())).await.unwrap();
            assert_eq!((again.probes, again.known, again.different), (0, 3, 0));
        }
        let back = place.store.told(&[RunId(40)]).await.unwrap();
        assert_eq!(back[&RunId(40)].iter().map(|(_, told)| told.clone()).collect::<Vec<_>>(), all);
        let run = place.store.run(RunId(40), None).await.unwrap();
        assert!(run.imported && run.ended_at == Some(at(18)) && run.started_at == at(0));
        assert_eq!(run.streams, [StreamName::new("news").unwrap()]);
        let lean = place.store.told_placements(&[RunId(40)], &run.streams[0]).await.unwrap();
        let mut lean: Vec<_> = lean[0].probes().collect();
        lean.sort_unstable();
        assert_eq!(
            lean,
            [
                ("a@x.example", "gmail", None),
                ("b@x.example", "gmail", Some(Placement::Spam)),
                ("c@x.example", "gmail", Some(Placement::Inbox)),
            ]
        );
        let mut changed = all.clone();
        changed[0].placement = Some(Placement::Inbox);
        changed.push(told("d@x.example", 9, None));
        let third = place.store.add_told(each(gathered(Some(40), "theirs", changed))).await.unwrap();
        assert_eq!((third.probes, third.known, third.different), (1, 3, 1), "what was stored first stands");
    }

    #[tokio::test]
    async fn a_run_told_to_be_the_lab_s_bears_the_mark_and_never_loses_it() {
        let place = Place::new().await;
        let real = gathered(Some(40), "", vec![told("a@x.example", 0, None)]);
        let mark = |runs: &[ToldRun]| -> Vec<ToldRun> {
            runs.iter().map(|run| ToldRun { simulated: true, ..run.clone() }).collect()
        };
        let is_marked = async || place.store.run(RunId(40), None).await.unwrap().simulated;
        place.store.add_told(each(real.clone())).await.unwrap();
        assert!(!is_marked().await);
        // Another probe cannot be the lab's while the run is not.
        let other = gathered(Some(40), "", vec![told("b@x.example", 0, None)]);
        assert_eq!(lines(place.store.add_told(each(mark(&other))).await), [2]);
        assert!(!is_marked().await);
        let again = place.store.add_told(each(mark(&real))).await.unwrap();
        assert_eq!((again.probes, again.known, is_marked().await), (0, 1, true));
        let again = place.store.add_told(each(real)).await.unwrap();
        assert_eq!((again.known, is_marked().await), (1, true), "a file that does not say so takes nothing back");
        assert_eq!(lines(place.store.add_told(each(other.clone())).await), [2], "nor adds real answers to it");
        assert_eq!(place.store.add_told(each(mark(&other))).await.unwrap().probes, 1);
    }

    #[tokio::test]
    async fn a_run_that_cannot_be_read_leaves_nothing_of_those_before_it() {
        let place = Place::new().await;
        let runs = gathered(None, "", vec![told("a@x.example", 0, None)]).into_iter().map(Ok);
        let runs = runs.chain([Err(vec![(7, "it changed".to_owned())])]);
        assert_eq!(lines(place.store.add_told(runs).await), [7]);
        assert_eq!(place.count("SELECT count(*) FROM run").await, 0);
    }

    #[tokio::test]
    async fn rows_without_a_number_find_their_run_among_its_neighbours() {
        let place = Place::new().await;
        let day = 86_400;
        let week: Vec<Told> = (0..7).map(|n| told("a@x.example", n * day, Some(Placement::Inbox))).collect();
        let first = place.store.add_told(each(gathered(None, "", week.clone()))).await.unwrap();
        assert_eq!((first.runs.len(), first.probes), (7, 7));
        let mut later = week;
        later.push(told("b@x.example", 3 * day + 60, None));
        let again = place.store.add_told(each(gathered(None, "", later))).await.unwrap();
        assert_eq!((again.runs.len(), again.probes, again.known), (0, 1, 7), "one more of the fourth day's run");
        let twice = [told("c@x.example", 0, None), told("c@x.example", 0, None)];
        let apart = place.store.add_told(each(gathered(None, "other", twice.to_vec()))).await.unwrap();
        assert_eq!((apart.runs.len(), apart.known), (2, 0), "rows of one file are not taken for each other");
    }

    #[tokio::test]
    async fn a_run_of_ours_is_recognised_and_a_strange_one_of_its_number_changes_nothing() {
        let place = Place::new().await;
        let (run, _) = place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
        let ours = told("anna@gmail.com", 0, Some(Placement::Inbox));
        let known = place.store.add_told(each(gathered(Some(run.0), "", vec![ours.clone()]))).await.unwrap();
        assert_eq!(known, Added { known: 1, ..Added::default() });
        let other = told("anna@gmail.com", 1, Some(Placement::Inbox));
        let stranger = told("eve@gmail.com", 0, Some(Placement::Inbox));
        let mut runs = gathered(None, "new", vec![told("x@x.example", 77, None)]);
        runs.extend(gathered(Some(run.0), "", vec![ours, stranger]));
        assert_eq!(lines(place.store.add_told(each(runs.clone())).await), [3]);
        assert_eq!(lines(place.store.add_told(each(gathered(Some(run.0), "", vec![other]))).await), [2]);
        assert_eq!(place.count("SELECT count(*) FROM run").await, 1, "all or nothing");
        assert_eq!(place.count("SELECT count(*) FROM told").await, 0);
    }

    #[tokio::test]
    async fn an_imported_run_goes_with_all_it_holds_and_the_last_run_is_the_one_that_began_last() {
        let place = Place::new().await;
        let (ours, _) = place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
        let old = told("anna@gmail.com", -900_000_000, Some(Placement::Inbox));
        let added = place.store.add_told(each(gathered(None, "", vec![old]))).await.unwrap();
        let order: Vec<RunId> = place.store.runs(9, None).await.unwrap().iter().map(|run| run.id).collect();
        assert_eq!(order, [ours, added.runs[0]]);
        assert_eq!(place.store.forget_runs(at(-1)).await.unwrap(), 1);
        for table in ["SELECT count(*) FROM told", "SELECT count(*) FROM told_stream"] {
            assert_eq!(place.count(table).await, 0, "{table}");
        }
        assert_eq!(place.count("SELECT count(*) FROM seed").await, 1);
    }
}
