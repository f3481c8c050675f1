//! What the fuzz targets of `fuzz/` call, and the benches: one function for each reader of strangers' bytes.
//!
//! Each takes any bytes and panics where a promise is broken. The same functions run over the fixtures and over mutations
//! of them in an ordinary test.

mod trials;

use std::sync::OnceLock;

use crate::command::inspect::{View, tell};
use crate::config::{Providers, presets};
use crate::domain::authres::parse;
use crate::render::plain::is_hostile;
use crate::render::table::Screen;

pub use trials::{configuration, dns_record, flight, folder_name, header, listing, template};

/// Reads Authentication-Results; gives how many results and oddities there were.
pub fn authentication_results(bytes: &[u8]) -> usize {
    let header = parse(&String::from_utf8_lossy(bytes));
    header.results.len().saturating_add(header.oddities.len())
}

/// Does what `inspect` does with a message, as JSON and as a page; gives whether it was one.
pub fn message(bytes: &[u8]) -> bool {
    static PRESETS: OnceLock<Providers> = OnceLock::new();
    let presets = PRESETS.get_or_init(|| presets().unwrap_or_default());
    let screen = Screen { width: Some(80), colour: false };
    let mut told = 0_u8;
    for view in [View::Document, View::Page(screen)] {
        match tell(bytes, presets, None, view) {
            Ok(text) => {
                assert!(text.chars().all(|c| c == '\n' || !is_hostile(c)), "a stranger's character came through");
                told = told.saturating_add(1);
            }
            Err(failure) => assert_eq!(failure.exit, crate::Exit::BadInput, "{:#}", failure.error),
        }
    }
    assert!(told != 1, "a message in one view and none in the other");
    told > 0
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The headers of every fixture.
    fn corpus() -> Vec<Vec<u8>> {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/headers");
        let mut corpus = Vec::new();
        for directory in fs::read_dir(top).unwrap() {
            for file in fs::read_dir(directory.unwrap().path()).unwrap() {
                let file = file.unwrap().path();
                if file.extension().is_some_and(|ending| ending == "eml") {
                    corpus.push(fs::read(file).unwrap());
                }
            }
        }
        corpus.sort();
        corpus
    }

    /// Numbers that are the same in every run (xorshift64).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % (limit.max(1) as u64)).unwrap()
        }
    }

    /// Pieces that matter to some reader.
    const PIECES: [&[u8]; 24] = [
        b"\r\n",
        b"\n",
        b"\r\n ",
        b"\t",
        b";",
        b"=",
        b"(",
        b")",
        b"\"",
        b"\\",
        b":",
        b"<",
        b">",
        b"@",
        b"\0",
        b"\xff",
        b"\xe2\x80\xae",
        b"\x1b[2J",
        b"Received: ",
        b"Authentication-Results: ",
        b"mx.google.com",
        b"dkim=pass ",
        b"\r\n\r\n",
        b"[",
    ];

    /// One to eight changes: a byte, a piece put in, a stretch taken out, doubled or moved to another place.
    fn mutate(message: &[u8], numbers: &mut Numbers) -> Vec<u8> {
        let mut bytes = message.to_vec();
        for _ in 0..=numbers.below(8) {
            let at = numbers.below(bytes.len().max(1)).min(bytes.len());
            let end = at.saturating_add(1 + numbers.below(200)).min(bytes.len());
            match numbers.below(6) {
                0 if at < bytes.len() => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
                1 | 2 => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
                3 => drop(bytes.drain(at..end)),
                4 => {
                    let stretch = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, stretch));
                }
                _ => {
                    let stretch: Vec<u8> = bytes.drain(at..end).collect();
                    let to = numbers.below(bytes.len().max(1)).min(bytes.len());
                    drop(bytes.splice(to..to, stretch));
                }
            }
        }
        bytes
    }

    #[test]
    fn every_fixture_is_a_message() {
        for bytes in corpus() {
            assert!(message(&bytes));
            let _ = authentication_results(&bytes);
        }
    }

    /// 1,000,000 of them in a long run, 5,000 otherwise.
    #[test]
    fn a_mutated_message_is_told_or_refused_and_nothing_else() {
        let long = std::env::var_os("INBOXED_LONG").is_some();
        let (count, corpus) = (if long { 1_000_000 } else { 5_000 }, corpus());
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
        let mut told = 0_usize;
        for at in 0..count {
            let bytes = mutate(&corpus[at % corpus.len()], &mut numbers);
            told += usize::from(message(&bytes));
            let _ = authentication_results(&bytes);
        }
        assert!(told > count / 2, "most stay messages: {told} of {count}");
    }

    #[test]
    fn what_is_built_to_be_slow_or_large_is_told_all_the_same() {
        let size = 300_000;
        for piece in [
            "a:\n",
            "Received: from a by mx.google.com; x\n",
            "Received:",
            "Authentication-Results: mx.google.com; dkim=pass\n",
            "From: a@b,",
            "<",
            "(",
            "\"",
            "DKIM-Signature: d=a;s=b;h=c\n",
            "Delivered-To: a\n",
            "X: =?utf-8?q?=1b?=\n",
            "[",
            "a b ",
            "é",
            "List-Unsubscribe: <https://a>,",
            "\n",
            "\r\n ",
            ":",
        ] {
            let bytes = piece.repeat(size / piece.len());
            for start in [
                "",
                "From: x",
                "Received: ",
                "Authentication-Results: mx.google.com; a=",
                "List-Unsubscribe: <",
                "To: ",
            ] {
                let _ = message(format!("{start}{bytes}").as_bytes());
            }
        }
    }
}
