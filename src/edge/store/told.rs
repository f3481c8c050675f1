//! Imported results: kept as they were told, and found again so that importing twice adds nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use sqlx::QueryBuilder;

use super::fault::Doing as _;
use super::row::{list, maybe_time, parsed, time};
use super::{Store, StoreFault, Writing};
use crate::domain::finding::Placement;
use crate::domain::probe::ProbeState;
use crate::domain::provider::ProviderName;
use crate::domain::run::{Label, RunId};
use crate::domain::seed::Address;
use crate::domain::sighting::{Tab, TabAnswer};
use crate::domain::stream::StreamName;
use crate::domain::told::{Told, ToldRun};

const DOING: &str = "store imported results";
const READ: &str = "read imported results";

/// Rows that one statement inserts; each binds ten values, and SQLite takes 32,766.
const AT_ONCE: usize = 1_000;

/// How far from its run's begin a row may lie that is added to an imported run later: a day, in milliseconds.
const ONE_RUN: i64 = 86_400_000;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Added {
    /// Runs that were new.
    pub(crate) runs: Vec<RunId>,
    /// Probes that were new.
    pub(crate) probes: usize,
    /// Probes that were there before.
    pub(crate) known: usize,
    /// Those of them whose placement is told differently now; what was stored first stands.
    pub(crate) different: usize,
}

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

/// A probe that is stored already.
struct Known {
    run: i64,
    started_at: i64,
    placement: Option<String>,
}

impl Store {
    /// Stores results in one transaction: all of them, or none where a row contradicts what is stored. The same run, stream
    /// and seed are the same probe. A run of a number that is taken must be that run: begun at the same time.
    pub(crate) async fn add_told(&self, runs: &[ToldRun]) -> Result<Added, NotAdded> {
        let mut writing = self.write(DOING).await?;
        let known = KnownProbes::read(&mut writing).await?;
        let (mut added, mut wrong) = (Added::default(), Vec::new());
        for run in runs {
            let standing = match run.id {
                Some(id) => standing(&mut writing, id).await?,
                None => match known.run_of(run) {
                    Some(id) => standing(&mut writing, id).await?,
                    None => None,
                },
            };
            match standing {
                None => {
                    let id = insert_run(&mut writing, run).await?;
                    insert_rows(&mut writing, id, &run.rows.iter().map(|(_, told)| told).collect::<Vec<_>>()).await?;
                    added.runs.push(id);
                    added.probes += run.rows.len();
                }
                Some(standing) => {
                    let new = known.sift(run, &standing, &mut added, &mut wrong);
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

    /// What was told of the probes of these runs, in the order in which it was imported, each with the number of its row.
    pub(crate) async fn told(&self, runs: &[RunId]) -> Result<BTreeMap<RunId, Vec<(i64, Told)>>, StoreFault> {
        let rows: Vec<ToldColumns> = sqlx::query_as(
            "SELECT told.id, told_stream.run, told_stream.name AS stream, seed.address, seed.provider, told.started_at,
                    told.state, told.placement, told.tab, told.folder, told.arrived_at, told.latency, told.why
             FROM told_stream JOIN told ON told.stream = told_stream.id JOIN seed ON seed.id = told.seed
             WHERE told_stream.run IN (SELECT value FROM json_each($1)) ORDER BY told_stream.run, told.id",
        )
        .bind(list(runs))
        .fetch_all(&self.reader)
        .await
        .doing(READ)?;
        let mut told: BTreeMap<RunId, Vec<(i64, Told)>> = BTreeMap::new();
        for row in rows {
            let (run, id) = (RunId(row.run), row.id);
            told.entry(run).or_default().push((id, row.told()?));
        }
        Ok(told)
    }

    /// Where the probes of one stream lay in these imported runs, and nothing more: one text for each run, as
    /// [`ToldPlacements`] reads it. Made for hundreds of thousands of them.
    pub(crate) async fn told_placements(
        &self,
        runs: &[RunId],
        stream: &StreamName,
    ) -> Result<Vec<ToldPlacements>, StoreFault> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT told_stream.run,
                    group_concat(seed.address || char(31) || seed.provider || char(31) || coalesce(told.placement, ''),
                                 char(30))
             FROM told_stream CROSS JOIN told ON told.stream = told_stream.id CROSS JOIN seed ON seed.id = told.seed
             WHERE told_stream.run IN (SELECT value FROM json_each($1)) AND told_stream.name = $2
             GROUP BY told_stream.run",
        )
        .bind(list(runs))
        .bind(stream.as_str())
        .fetch_all(&self.reader)
        .await
        .doing(READ)?;
        Ok(rows.into_iter().map(|(run, text)| ToldPlacements { run: RunId(run), text }).collect())
    }
}

/// The placements of one stream in one imported run.
#[derive(Debug, Clone)]
pub(crate) struct ToldPlacements {
    /// The run.
    pub(crate) run: RunId,
    text: String,
}

impl ToldPlacements {
    /// Seed, provider and placement of each probe. Neither an address nor a provider can hold what separates them.
    pub(crate) fn probes(&self) -> impl Iterator<Item = (&str, &str, Option<Placement>)> {
        self.text.split('\u{1e}').filter_map(|probe| {
            let mut fields = probe.split('\u{1f}');
            let (seed, provider, word) = (fields.next()?, fields.next()?, fields.next()?);
            Some((seed, provider, Placement::of_word(word)))
        })
    }
}

/// A run of the database as an import meets it.
struct Standing {
    id: RunId,
    label: Option<String>,
    started_at: i64,
    imported: bool,
}

async fn standing(writing: &mut Writing, id: RunId) -> Result<Option<Standing>, StoreFault> {
    let row: Option<(Option<String>, i64, bool)> =
        sqlx::query_as("SELECT label, started_at, imported FROM run WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut **writing)
            .await
            .doing(DOING)?;
    Ok(row.map(|(label, started_at, imported)| Standing { id, label, started_at, imported }))
}

/// Every probe that is stored, by stream and seed.
struct KnownProbes(HashMap<(String, String), Vec<Known>>);

impl KnownProbes {
    async fn read(writing: &mut Writing) -> Result<Self, StoreFault> {
        let rows: Vec<(String, String, i64, i64, Option<String>)> = sqlx::query_as(
            "SELECT told_stream.name, seed.address, told_stream.run, told.started_at, coalesce(told.placement, '')
             FROM told JOIN told_stream ON told_stream.id = told.stream JOIN seed ON seed.id = told.seed
             UNION ALL
             SELECT stream.name, seed.address, stream.run, run.started_at, NULL
             FROM probe JOIN stream ON stream.id = probe.stream JOIN seed ON seed.id = probe.seed
             JOIN run ON run.id = stream.run",
        )
        .fetch_all(&mut **writing)
        .await
        .doing(DOING)?;
        let mut known: HashMap<(String, String), Vec<Known>> = HashMap::new();
        for (stream, seed, run, started_at, placement) in rows {
            known.entry((stream, seed)).or_default().push(Known { run, started_at, placement });
        }
        Ok(Self(known))
    }

    fn of(&self, told: &Told) -> &[Known] {
        let key = (told.stream.as_str().to_owned(), told.seed.as_str().to_owned());
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The imported run that rows without a number belong to: one that holds one of their probes, at the same moment.
    fn run_of(&self, run: &ToldRun) -> Option<RunId> {
        let same = |told: &Told| {
            let at = told.started_at.as_millisecond();
            self.of(told).iter().find(|known| known.placement.is_some() && known.started_at == at)
        };
        run.rows.iter().find_map(|(_, told)| same(told)).map(|known| RunId(known.run))
    }

    /// The rows of a run that are new; those that are known are counted, and those that cannot belong to it are told.
    fn sift<'a>(
        &self,
        run: &'a ToldRun,
        standing: &Standing,
        added: &mut Added,
        wrong: &mut Vec<(usize, String)>,
    ) -> Vec<&'a Told> {
        let remedy = "it tells of another run; empty its run_id, and rows are gathered by label and time";
        let id = standing.id.0;
        let mut new = Vec::new();
        for (line, told) in &run.rows {
            let at = told.started_at.as_millisecond();
            if let Some(known) = self.of(told).iter().find(|known| known.run == id) {
                if known.started_at != at {
                    let begun = Timestamp::from_millisecond(known.started_at).unwrap_or_default();
                    wrong
                        .push((*line, format!("run_id: the probe of run {id} that is stored began {begun}: {remedy}")));
                    continue;
                }
                added.known += 1;
                let placement = told.placement.map_or("", Placement::word);
                added.different += usize::from(known.placement.as_deref().is_some_and(|known| known != placement));
            } else if !standing.imported {
                wrong.push((*line, format!("run_id: run {id} was made here and sent no such probe: {remedy}")));
            } else if standing.label.as_deref() != run.label.as_ref().map(Label::as_str)
                || at.saturating_sub(standing.started_at).saturating_abs() > ONE_RUN
            {
                wrong.push((*line, format!("run_id: run {id} has another label or time: {remedy}")));
            } else {
                new.push(told);
            }
        }
        new
    }
}

async fn insert_run(writing: &mut Writing, run: &ToldRun) -> Result<RunId, StoreFault> {
    let id = sqlx::query_scalar(
        "INSERT INTO run (id, label, started_at, ended_at, wait, simulated, imported)
         VALUES ($1, $2, $3, $4, 0, 0, 1) RETURNING id",
    )
    .bind(run.id.map(|id| id.0))
    .bind(run.label.as_ref().map(Label::as_str))
    .bind(run.started_at().unwrap_or_default().as_millisecond())
    .bind(run.ended_at().unwrap_or_default().as_millisecond())
    .fetch_one(&mut **writing)
    .await
    .doing(DOING)?;
    Ok(RunId(id))
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

#[derive(sqlx::FromRow)]
struct ToldColumns {
    id: i64,
    run: i64,
    stream: String,
    address: String,
    provider: String,
    started_at: i64,
    state: Option<String>,
    placement: Option<String>,
    tab: Option<String>,
    folder: Option<String>,
    arrived_at: Option<i64>,
    latency: Option<i64>,
    why: Option<String>,
}

impl ToldColumns {
    fn told(self) -> Result<Told, StoreFault> {
        let tab = match self.tab.as_deref() {
            None => TabAnswer::NotApplicable,
            Some("unknown") => TabAnswer::Unknown,
            Some(word) => TabAnswer::Known(parsed("tab", word, Tab::of_word)?),
        };
        Ok(Told {
            stream: parsed("stream name", &self.stream, StreamName::new)?,
            seed: parsed("address", &self.address, Address::new)?,
            provider: parsed("provider", &self.provider, ProviderName::new)?,
            started_at: time(self.started_at)?,
            state: self.state.map(|word| parsed("probe state", &word, ProbeState::of_word)).transpose()?,
            placement: self.placement.map(|word| parsed("placement", &word, Placement::of_word)).transpose()?,
            tab,
            folder: self.folder,
            arrived_at: maybe_time(self.arrived_at)?,
            latency_ms: self.latency.and_then(|latency| u64::try_from(latency).ok()),
            why: self.why,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let rows =
            (2..).zip(all).map(|(line, told)| ToldRow { line, run: id.map(RunId), label: Label::new(label), told });
        let (runs, wrong) = ToldRun::gather(rows.collect());
        assert_eq!(wrong, []);
        runs
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
            let first = place.store.add_told(&runs).await.unwrap();
            // Without a number the rows are found again in run 40, whose probes they are.
            let new = if id.is_some() { 3 } else { 0 };
            assert_eq!((first.probes, first.known), (new, 3 - new));
            let again = place.store.add_told(&runs).await.unwrap();
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
        let third = place.store.add_told(&gathered(Some(40), "theirs", changed)).await.unwrap();
        assert_eq!((third.probes, third.known, third.different), (1, 3, 1), "what was stored first stands");
    }

    #[tokio::test]
    async fn a_run_of_ours_is_recognised_and_a_strange_one_of_its_number_changes_nothing() {
        let place = Place::new().await;
        let (run, _) = place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
        let ours = told("anna@gmail.com", 0, Some(Placement::Inbox));
        let known = place.store.add_told(&gathered(Some(run.0), "", vec![ours.clone()])).await.unwrap();
        assert_eq!(known, Added { known: 1, ..Added::default() });
        let other = told("anna@gmail.com", 1, Some(Placement::Inbox));
        let stranger = told("eve@gmail.com", 0, Some(Placement::Inbox));
        let mut runs = gathered(None, "new", vec![told("x@x.example", 77, None)]);
        runs.extend(gathered(Some(run.0), "", vec![ours, stranger]));
        assert_eq!(lines(place.store.add_told(&runs).await), [3]);
        assert_eq!(lines(place.store.add_told(&gathered(Some(run.0), "", vec![other])).await), [2]);
        assert_eq!(place.count("SELECT count(*) FROM run").await, 1, "all or nothing");
        assert_eq!(place.count("SELECT count(*) FROM told").await, 0);
    }

    #[tokio::test]
    async fn an_imported_run_goes_with_all_it_holds_and_the_last_run_is_the_one_that_began_last() {
        let place = Place::new().await;
        let (ours, _) = place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
        let old = told("anna@gmail.com", -900_000_000, Some(Placement::Inbox));
        let added = place.store.add_told(&gathered(None, "", vec![old])).await.unwrap();
        let order: Vec<RunId> = place.store.runs(9, None).await.unwrap().iter().map(|run| run.id).collect();
        assert_eq!(order, [ours, added.runs[0]]);
        assert_eq!(place.store.forget_runs(at(-1)).await.unwrap(), 1);
        for table in ["SELECT count(*) FROM told", "SELECT count(*) FROM told_stream"] {
            assert_eq!(place.count(table).await, 0, "{table}");
        }
        assert_eq!(place.count("SELECT count(*) FROM seed").await, 1);
    }
}
