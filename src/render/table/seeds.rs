//! The seed list, and where each secret lies.

use super::grid::{Entry, Grid, Side};
use super::{Screen, Tone};
use crate::render::plain::plain;
use crate::render::words::counted;

/// Longest word in it, in columns.
const WORD: usize = 64;

/// One seed.
#[derive(Debug)]
pub(crate) struct SeedLine {
    /// Its address.
    pub(crate) address: String,
    /// Its preset.
    pub(crate) provider: String,
    /// Host and port.
    pub(crate) server: String,
    /// How it signs in.
    pub(crate) auth: &'static str,
    /// Where its secret lies; `None`: it has none.
    pub(crate) secret: Option<String>,
    /// The user's own words.
    pub(crate) labels: String,
}

/// The list with its length.
pub(crate) fn seeds_table(seeds: &[SeedLine], screen: Screen) -> String {
    let mut grid =
        Grid::new(["seed", "provider", "server", "signs in by", "secret", "labels"].map(|one| (one, Side::Left)));
    for seed in seeds {
        let secret = seed.secret.as_deref().map_or("–".to_owned(), |secret| plain(secret, WORD));
        grid.row(vec![
            Entry::usual(plain(&seed.address, WORD)),
            Entry::usual(seed.provider.as_str()),
            Entry::usual(plain(&seed.server, WORD)),
            Entry::usual(seed.auth),
            Entry::usual(secret),
            Entry::usual(plain(&seed.labels, WORD)),
        ]);
    }
    grid.fit(screen.columns(), &[(5, 8), (4, 12), (2, 12), (0, 16)]);
    grid.draw(screen) + &screen.paint(Tone::Quiet, &counted(seeds.len(), "seed")) + "\n"
}
