//! A seed grid: every seed's placements over the last runs, so that one bad mailbox shows.

use std::collections::BTreeMap;

use super::{AxisDate, Settings, Slot, dates, newest, span_of};
use crate::domain::finding::{Placement, Rules};
use crate::domain::run::Run;
use crate::domain::sample::Probed;
use crate::domain::share::is_good;
use crate::render::language::{Noun, filled};
use crate::render::plain::plain;

/// Most rows of one grid.
pub(crate) const MOST_SEEDS: usize = 60;
/// Most columns of one grid: half a year of weekly runs.
pub(crate) const MOST_RUNS: usize = 26;
/// Longest address shown, in columns.
const ADDRESS: usize = 44;

/// What one seed answered in one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SeedRow<'a> {
    /// The run.
    pub(crate) slot: Slot,
    /// Whether the lab answered.
    pub(crate) simulated: bool,
    /// The seed's provider then.
    pub(crate) provider: &'a str,
    /// The seed's address.
    pub(crate) seed: &'a str,
    /// What was found.
    pub(crate) cell: Cell,
}

impl<'a> SeedRow<'a> {
    /// The row of one probe of a run.
    pub(crate) fn of(run: &Run, probed: Probed<'a>) -> Self {
        Self {
            slot: Slot { at: run.started_at, run: run.id },
            simulated: run.simulated,
            provider: probed.provider,
            seed: probed.seed,
            cell: probed.placement.map_or(Cell::Unmeasured, Cell::Placed),
        }
    }
}

/// One seed in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Measured.
    Placed(Placement),
    /// Asked, and nothing can be said.
    Unmeasured,
    /// Not asked.
    Absent,
}

/// A grid of seeds and runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeedGrid {
    /// The headline.
    pub(crate) title: String,
    /// What is shown, and of how many seeds.
    pub(crate) subtitle: String,
    /// Whether any run was simulated.
    pub(crate) simulated: bool,
    /// The placements that occur.
    pub(crate) legend: Vec<Placement>,
    /// Whether some cell could not be measured.
    pub(crate) has_gaps: bool,
    /// The runs, in order of time.
    pub(crate) slots: Vec<Slot>,
    /// Seeds by provider; of each the worst first.
    pub(crate) blocks: Vec<Block>,
    /// Dates, by slot.
    pub(crate) dates: Vec<AxisDate>,
    /// How to read it.
    pub(crate) footnote: String,
}

/// The seeds of one provider.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    /// The provider.
    pub(crate) title: String,
    /// Its seeds.
    pub(crate) seeds: Vec<SeedLine>,
}

/// One seed over the runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeedLine {
    /// The address, harmless to print.
    pub(crate) address: String,
    /// One cell for each slot.
    pub(crate) cells: Vec<Cell>,
    /// How often it reached the inbox, and how often it was measured.
    pub(crate) good: (usize, usize),
}

impl SeedGrid {
    /// The grid of the newest runs. Where there are more seeds than rows, those with most trouble are kept.
    pub(crate) fn new(rows: &[SeedRow<'_>], settings: &Settings<'_>) -> Self {
        let (language, words) = (settings.language, settings.language.words());
        let (slots, _) = newest(rows.iter().map(|row| row.slot), MOST_RUNS);
        let mut lines: BTreeMap<(usize, &str, &str), Vec<Cell>> = BTreeMap::new();
        let mut simulated = false;
        for row in rows {
            let Ok(at) = slots.binary_search(&row.slot) else { continue };
            simulated |= row.simulated;
            let rank =
                settings.providers.iter().position(|one| one.name.as_str() == row.provider).unwrap_or(usize::MAX);
            let key = (rank, row.provider, row.seed);
            let cells = lines.entry(key).or_insert_with(|| vec![Cell::Absent; slots.len()]);
            if let Some(cell) = cells.get_mut(at) {
                *cell = row.cell;
            }
        }
        let all = lines.len();
        let mut chosen: Vec<_> =
            lines.into_iter().map(|(key, cells)| (key, trouble(&cells, settings.rules), cells)).collect();
        if all > MOST_SEEDS {
            chosen.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            chosen.truncate(MOST_SEEDS);
        }
        chosen.sort_by(|a, b| {
            (a.0.0, a.0.1).cmp(&(b.0.0, b.0.1)).then_with(|| b.1.cmp(&a.1)).then_with(|| a.0.cmp(&b.0))
        });
        let occurs = |placement: Placement| chosen.iter().any(|one| one.2.contains(&Cell::Placed(placement)));
        let legend = super::trend::STACK.into_iter().filter(|placement| occurs(*placement)).collect();
        let has_gaps = chosen.iter().any(|one| one.2.contains(&Cell::Unmeasured));
        let mut parts = vec![words.grid_subtitle.to_owned()];
        parts.extend(span_of(&slots, language));
        parts.push(language.counted(slots.len(), Noun::RUN));
        parts.push(if all > chosen.len() {
            filled(words.grid_worst, &[("n", &chosen.len().to_string()), ("all", &all.to_string())])
        } else {
            language.counted(all, Noun::SEED)
        });
        parts.push(settings.stream_words());
        Self {
            title: words.grid_title.to_owned(),
            subtitle: parts.join(" · "),
            simulated,
            legend,
            has_gaps,
            blocks: blocks(chosen, settings),
            dates: dates(&slots, language),
            footnote: words.grid_note.to_owned(),
            slots,
        }
    }
}

/// How bad a seed looks: how often it was measured and not in the inbox, then how often it could not be measured.
fn trouble(cells: &[Cell], rules: Rules) -> (usize, usize) {
    let bad = cells.iter().filter(|cell| matches!(cell, Cell::Placed(placement) if !is_good(*placement, rules)));
    (bad.count(), cells.iter().filter(|cell| **cell == Cell::Unmeasured).count())
}

type Chosen<'a> = ((usize, &'a str, &'a str), (usize, usize), Vec<Cell>);

fn blocks(chosen: Vec<Chosen<'_>>, settings: &Settings<'_>) -> Vec<Block> {
    let mut blocks: Vec<(&str, Block)> = Vec::new();
    for ((rank, provider, seed), _, cells) in chosen {
        let measured = cells.iter().filter(|cell| matches!(cell, Cell::Placed(_))).count();
        let good = cells
            .iter()
            .filter(|cell| matches!(cell, Cell::Placed(placement) if is_good(*placement, settings.rules)))
            .count();
        let line = SeedLine { address: plain(seed, ADDRESS), cells, good: (good, measured) };
        match blocks.last_mut() {
            Some((name, block)) if *name == provider => block.seeds.push(line),
            Some(_) | None => {
                let title = settings.providers.get(rank).map_or(provider, |shown| &shown.title);
                blocks.push((provider, Block { title: plain(title, super::NAME), seeds: vec![line] }));
            }
        }
    }
    blocks.into_iter().map(|(_, block)| block).collect()
}
