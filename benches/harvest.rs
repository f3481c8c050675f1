//! Counts what the harvest of many seeds costs, against the lab: round trips and bytes for each seed, and memory.
//!
//! Nothing is timed. `cargo bench --bench harvest`, or faster to build
//! `cargo bench --profile dev --bench harvest`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that cannot go on says so by panicking, and its table is what it is for"
)]
#![allow(dead_code, reason = "the scenario serves the tests, too")]

#[path = "../tests/it/cost.rs"]
mod cost;
#[path = "../tests/it/scenario.rs"]
mod scenario;

use inboxed::lab::mailbox::Character;

use cost::measure;

/// Provider, seeds, most connections.
const ROWS: [(Character, usize, usize); 6] = [
    (Character::Plain, 1, 10),
    (Character::Plain, 100, 1000),
    (Character::Plain, 1000, 1000),
    (Character::Plain, 100, 10),
    (Character::Plain, 1000, 100),
    (Character::Gmail, 100, 1000),
];

fn main() {
    let columns = [
        "provider",
        "seeds",
        "connections",
        "sessions",
        "round trips to the first full look",
        "for a later look",
        "KB to the first look",
        "KB for a later look",
        "resident MB",
        "KB for each open session",
    ];
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
    let mut alone = 0;
    for (character, seeds, connections) in ROWS {
        let cost = measure(character, seeds, connections);
        if seeds == 1 {
            alone = cost.resident;
        }
        // Where connections are fewer than seeds, what a seed without one costs cannot be told apart.
        let more = if seeds > connections { 0 } else { seeds as u64 - 1 };
        let session = cost.resident.saturating_sub(alone).checked_div(more);
        println!(
            "| {} | {seeds} | {} | {} | {} | {:.1} | {} | {} | {} | {} |",
            character.word(),
            cost.peak,
            cost.sessions,
            cost.first_trips,
            cost.look_trips,
            tenths(cost.first_bytes),
            tenths(cost.look_bytes),
            cost.resident / 1024,
            session.map_or("–".to_owned(), |session| session.to_string()),
        );
    }
}

/// Bytes as KB with one decimal.
fn tenths(bytes: u64) -> String {
    format!("{}.{}", bytes / 1000, bytes % 1000 / 100)
}
