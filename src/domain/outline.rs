//! The outline of a file of results: of each row where it stands and what decides to which run it belongs, and no more.
//!
//! A file may hold millions of rows. They are gathered into runs by their outlines alone, so that only the rows of one run
//! are held at a time. Names are kept once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use super::finding::Placement;
use super::probe::ProbeState;
use super::run::{Label, RunId};
use super::sighting::TabAnswer;
use super::told::ToldRow;

/// Rows of equal label that follow each other within this time are one run, where the file numbers none.
const ONE_RUN: i64 = 3_600_000;

/// A name by its number.
type Name = usize;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Outline {
    /// Its line in the file, or its number in a list.
    pub(crate) line: usize,
    /// Where it is found again: what this means is known to whoever read the file.
    pub(crate) place: u64,
    /// The number of its run; `None`: the file names none.
    run: Option<RunId>,
    /// When it began, in milliseconds.
    started_at: i64,
    label: Option<Name>,
    simulated: bool,
    stream: Name,
    seed: Name,
    provider: Name,
    /// Everything else that it tells, as one number.
    content: u64,
}

impl Outline {
    /// Whether it may be the outline of this row: of that run, begun then, answered by the same.
    pub(crate) fn is_of(&self, row: &ToldRow) -> bool {
        let at = row.told.started_at.as_millisecond();
        self.run == row.run && self.started_at == at && self.simulated == row.simulated
    }
}

/// All rows of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlines {
    names: Vec<String>,
    numbers: HashMap<String, Name>,
    rows: Vec<Outline>,
}

/// Rows that are one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunOutline {
    /// Its number, where the file names one.
    pub(crate) id: Option<RunId>,
    /// Its label.
    pub(crate) label: Option<Label>,
    /// Whether the lab answered it instead of real providers.
    pub(crate) simulated: bool,
    rows: Range<usize>,
}

/// The runs of a file, the numbered ones first.
#[derive(Debug, Clone)]
pub(crate) struct Gathered {
    outlines: Outlines,
    /// The runs.
    pub(crate) runs: Vec<RunOutline>,
    /// Rows of numbered runs that only repeat another one: the same run, stream and seed are the same probe.
    pub(crate) repeated: usize,
}

impl Outlines {
    /// Adds a row, found again by `place`.
    pub(crate) fn add(&mut self, row: &ToldRow, place: u64) {
        let told = &row.told;
        let outline = Outline {
            line: row.line,
            place,
            run: row.run,
            started_at: told.started_at.as_millisecond(),
            label: row.label.as_ref().map(|label| self.number(label.as_str())),
            simulated: row.simulated,
            stream: self.number(told.stream.as_str()),
            seed: self.number(told.seed.as_str()),
            provider: self.number(told.provider.as_str()),
            content: content_of(row),
        };
        self.rows.push(outline);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn number(&mut self, name: &str) -> Name {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    fn name(&self, number: Name) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }

    fn label(&self, number: Option<Name>) -> Option<Label> {
        number.and_then(|number| Label::new(self.name(number)))
    }

    /// Gathers the rows into runs. Rows without a number are one run where they bear the same label, were answered by the
    /// same, and each follows the one before within an hour, until a stream and seed come a second time. What contradicts
    /// itself is told by line.
    pub(crate) fn gather(mut self) -> (Gathered, Vec<(usize, String)>) {
        let mut rows = std::mem::take(&mut self.rows);
        // Numbered rows stay in the order of the file, the others go by time; in both the line decides last.
        let label = |row: &Outline| row.label.map(|label| self.name(label));
        let key = |row: &Outline| match row.run {
            Some(run) => (false, run, None, false, 0, row.line),
            None => (true, RunId(0), label(row), row.simulated, row.started_at, row.line),
        };
        rows.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let all = rows.len();
        let mut rows = without_repeated(rows);
        rows.shrink_to_fit();
        let repeated = all.saturating_sub(rows.len());
        let loose_from = rows.partition_point(|row| row.run.is_some());
        let (numbered, loose) = rows.split_at(loose_from);
        let (mut runs, mut wrong, mut from) = (Vec::new(), Vec::new(), 0_usize);
        for run in numbered.chunk_by(|a, b| a.run == b.run) {
            let Some(first) = run.first() else { continue };
            let id = first.run.map_or(0, |id| id.0);
            let others = run.iter().filter(|row| row.label != first.label);
            wrong.extend(others.map(|row| (row.line, format!("run_id: the rows of run {id} bear different labels"))));
            let others = run.iter().filter(|row| row.simulated != first.simulated);
            wrong.extend(others.map(|row| {
                (row.line, format!("simulated: run {id} was answered by the lab as a whole or not at all"))
            }));
            let rows = from..from.saturating_add(run.len());
            from = rows.end;
            runs.push(RunOutline { id: first.run, label: self.label(first.label), simulated: first.simulated, rows });
        }
        for alike in loose.chunk_by(|a, b| (a.label, a.simulated) == (b.label, b.simulated)) {
            let Some(first) = alike.first() else { continue };
            for length in split(alike) {
                let rows = from..from.saturating_add(length);
                from = rows.end;
                runs.push(RunOutline { id: None, label: self.label(first.label), simulated: first.simulated, rows });
            }
        }
        self.rows = rows;
        let gathered = Gathered { outlines: self, runs, repeated };
        wrong.extend(gathered.runs.iter().flat_map(|run| gathered.contradictions(run)));
        wrong.sort();
        (gathered, wrong)
    }
}

impl Gathered {
    /// The rows of a run, in the order in which they are kept.
    pub(crate) fn rows(&self, run: &RunOutline) -> &[Outline] {
        self.outlines.rows.get(run.rows.clone()).unwrap_or_default()
    }

    /// A probe that comes twice, and a seed that is said to be at two providers.
    fn contradictions(&self, run: &RunOutline) -> Vec<(usize, String)> {
        let name = |number| self.outlines.name(number);
        let mut wrong = Vec::new();
        let mut first: HashMap<(Name, Name), usize> = HashMap::new();
        let mut providers: BTreeMap<Name, Name> = BTreeMap::new();
        for row in self.rows(run) {
            let (stream, seed) = (name(row.stream), name(row.seed));
            let earlier = *first.entry((row.stream, row.seed)).or_insert(row.line);
            if earlier != row.line {
                wrong.push((row.line, format!("seed: {seed} got a probe of {stream} in line {earlier} already")));
            }
            let known = *providers.entry(row.seed).or_insert(row.provider);
            if known != row.provider {
                wrong.push((row.line, format!("provider: {seed} is at {} in another row of its run", name(known))));
            }
        }
        wrong
    }
}

/// A number that two rows share only if they tell the same.
fn content_of(row: &ToldRow) -> u64 {
    let told = &row.told;
    let mut hasher = DefaultHasher::new();
    (told.state.map(ProbeState::word), told.placement.map(Placement::word), &told.folder).hash(&mut hasher);
    (told.arrived_at, told.latency_ms, &told.why).hash(&mut hasher);
    match &told.tab {
        TabAnswer::NotApplicable => "",
        TabAnswer::Unknown | TabAnswer::Failed(_) => "unknown",
        TabAnswer::Known(tab) => tab.word(),
    }
    .hash(&mut hasher);
    hasher.finish()
}

/// Of rows in the order of their runs, those that tell something new. Rows without a number may repeat each other: their
/// runs are made of them only later.
fn without_repeated(rows: Vec<Outline>) -> Vec<Outline> {
    let mut run = None;
    let mut told = HashSet::new();
    let is_new = |row: &Outline| {
        if row.run != run {
            run = row.run;
            told.clear();
        }
        let content = Outline { line: 0, place: 0, ..*row };
        row.run.is_none() || told.insert(content)
    };
    rows.into_iter().filter(is_new).collect()
}

/// The lengths of the runs that rows of one label, answered by the same, make in the order of time.
fn split(rows: &[Outline]) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut asked: HashSet<(Name, Name)> = HashSet::new();
    let mut last: Option<i64> = None;
    for row in rows {
        let is_near = last.is_some_and(|last| row.started_at.saturating_sub(last) <= ONE_RUN);
        last = Some(row.started_at);
        let is_new = asked.insert((row.stream, row.seed));
        match lengths.last_mut() {
            Some(length) if is_near && is_new => *length = length.saturating_add(1),
            Some(_) | None => {
                asked = HashSet::from([(row.stream, row.seed)]);
                lengths.push(1);
            }
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::ProviderName;
    use crate::domain::stream::StreamName;
    use crate::domain::told::tests::row;

    fn gather(rows: &[ToldRow]) -> (Gathered, Vec<(usize, String)>) {
        let mut outlines = Outlines::default();
        for (place, row) in (0..).zip(rows) {
            outlines.add(row, place);
        }
        outlines.gather()
    }

    fn lines(gathered: &Gathered) -> Vec<Vec<usize>> {
        gathered.runs.iter().map(|run| gathered.rows(run).iter().map(|row| row.line).collect()).collect()
    }

    #[test]
    fn rows_without_a_number_are_one_run_while_they_follow_within_an_hour_and_no_probe_comes_twice() {
        let rows = vec![
            row(2, None, "a", "x@x.example", 0),
            row(3, None, "b", "x@x.example", 1),
            row(4, None, "a", "z@x.example", 100),
            row(5, None, "a", "y@x.example", 50),
            row(6, None, "a", "x@x.example", 110),
            row(7, None, "a", "y@x.example", 500),
            row(8, Some(9), "", "x@x.example", 0),
            ToldRow { simulated: true, ..row(9, None, "a", "q@x.example", 1) },
        ];
        let (runs, wrong) = gather(&rows);
        assert_eq!(lines(&runs), [vec![8], vec![2, 5, 4], vec![6], vec![7], vec![9], vec![3]]);
        assert_eq!(wrong, []);
        let labels: Vec<Option<&str>> = runs.runs.iter().map(|run| run.label.as_ref().map(Label::as_str)).collect();
        assert_eq!(labels, [None, Some("a"), Some("a"), Some("a"), Some("a"), Some("b")]);
        let simulated: Vec<usize> = runs.runs.iter().filter(|run| run.simulated).map(|run| run.rows.start).collect();
        assert_eq!(simulated, [6], "what the lab answered is never one run with real answers");
    }

    #[test]
    fn a_row_of_a_numbered_run_that_repeats_another_one_is_the_same_probe() {
        let mut other = row(5, Some(1), "", "x@x.example", 0);
        other.told.why = Some("filtered".to_owned());
        let rows = vec![
            row(2, Some(1), "", "x@x.example", 0),
            row(3, Some(1), "", "y@x.example", 0),
            row(4, Some(1), "", "x@x.example", 0),
            row(6, Some(2), "", "x@x.example", 0),
            row(7, None, "", "z@x.example", 0),
            row(8, None, "", "z@x.example", 0),
        ];
        let (gathered, wrong) = gather(&rows);
        assert_eq!((lines(&gathered), gathered.repeated), (vec![vec![2, 3], vec![6], vec![7], vec![8]], 1));
        assert_eq!(wrong, []);
        let (_, wrong) = gather(&[rows, vec![other]].concat());
        assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [5], "told otherwise, it contradicts");
    }

    #[test]
    fn contradictions_are_told_by_line() {
        let mut moved = row(4, Some(1), "", "x@x.example", 0);
        moved.told.stream = StreamName::new("bills").unwrap();
        moved.told.provider = ProviderName::new("yahoo").unwrap();
        let rows = vec![
            row(2, Some(1), "", "x@x.example", 0),
            row(3, Some(1), "", "x@x.example", 1),
            moved,
            row(5, Some(1), "other", "y@x.example", 0),
            ToldRow { simulated: true, ..row(6, Some(1), "", "z@x.example", 0) },
        ];
        let (_, wrong) = gather(&rows);
        let told: Vec<(usize, &str)> =
            wrong.iter().map(|(line, what)| (*line, what.split(':').next().unwrap())).collect();
        assert_eq!(told, [(3, "seed"), (4, "provider"), (5, "run_id"), (6, "simulated")]);
    }
}
