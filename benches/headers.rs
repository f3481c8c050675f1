//! Time for each byte of Authentication-Results from 1 KB to 10 MB, which must stay flat, and of whole headers up to the
//! cap that `inspect` reads.
//!
//! `cargo bench --bench headers`, or faster to build `cargo bench --profile dev --bench headers`.

#![expect(clippy::print_stdout, reason = "its table is what a measurement is for")]

use std::time::Instant;

use inboxed::fuzz::{authentication_results, message};

/// What a value of any length is made of.
const PIECES: [(&str, &str); 6] = [
    ("results", "dkim=pass (2048-bit key) header.d=shop.example header.b=\"MR/ADaan\";\r\n "),
    ("properties", "header.i=@shop.example "),
    ("open comments", "("),
    ("semicolons", ";"),
    ("an open quote", "\"a\\"),
    ("spaced equals", "a = b "),
];

fn main() {
    println!(
        "{:<16}{:>12}{:>12}{:>12}{:>12}{:>12}  ns for each byte",
        "of", "1 KB", "10 KB", "100 KB", "1 MB", "10 MB"
    );
    for (name, piece) in PIECES {
        let row = [1_000, 10_000, 100_000, 1_000_000, 10_000_000].map(|size| {
            let value = format!("mx.google.com; {}", piece.repeat(size / piece.len()));
            format!(
                "{:>12.1}",
                nanoseconds_a_byte(value.as_bytes(), |bytes| {
                    let _ = authentication_results(bytes);
                })
            )
        });
        println!("{name:<16}{}", row.concat());
    }
    println!("\n{:<16}{:>12}{:>12}{:>12}  ns for each byte", "headers of", "1 KB", "16 KB", "256 KB");
    for (name, piece) in [
        ("X-A", "X-A: b\r\n"),
        ("results", "Authentication-Results: mx.google.com; dkim=pass header.d=a.example\r\n"),
        ("hops", "Received: from a.example ([192.0.2.1]) by mx.google.com; Mon, 2 Mar 2026 06:00:07 +0000\r\n"),
    ] {
        let row = [1_000, 16_000, 256_000].map(|size| {
            let header = piece.repeat(size / piece.len());
            format!(
                "{:>12.1}",
                nanoseconds_a_byte(header.as_bytes(), |bytes| {
                    let _ = message(bytes);
                })
            )
        });
        println!("{name:<16}{}", row.concat());
    }
}

/// The best of several rounds, each over about as many bytes.
#[expect(clippy::cast_precision_loss, reason = "a table of one decimal")]
fn nanoseconds_a_byte(bytes: &[u8], work: impl Fn(&[u8])) -> f64 {
    let repeats = (2_000_000 / bytes.len()).clamp(1, 1000);
    let round = || {
        let begin = Instant::now();
        for _ in 0..repeats {
            work(bytes);
        }
        begin.elapsed().as_nanos() as f64 / (repeats * bytes.len()) as f64
    };
    (0..3).map(|_| round()).fold(f64::INFINITY, f64::min)
}
