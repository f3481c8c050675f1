//! Trials: what must hold whatever a stranger sends. Each takes any bytes, and panics only if the program is wrong.
//!
//! The tests run them over a corpus, mutated by a generator that always makes the same inputs.

use std::path::Path;

use crate::config::try_text;
use crate::domain::dns::answer::Value;
use crate::domain::dns::dkim_key::{Key, KeyRecord};
use crate::domain::dns::dmarc::{self, DmarcRecord};
use crate::domain::dns::record::normalised;
use crate::domain::dns::spf::{self, SpfRecord};
use crate::domain::folder::FolderName;
use crate::domain::message::{Composition, Template};
use crate::domain::probe::Tag;
use crate::domain::seed::Address;
use crate::domain::stream::StreamKind;
pub use crate::edge::imap::trial::{try_flight as flight, try_header as header, try_listing as listing};

/// A configuration of any text gives faults with lines that exist, or none.
pub fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split('\n').count();
    for (line, what) in try_text(Path::new("trial.toml"), &text) {
        assert!(line.is_none_or(|line| (1..=lines).contains(&line)), "line {line:?} of {lines}: {what}");
        assert!(!what.is_empty() && what.chars().all(|c| !c.is_control() || c == '\n'), "{what:?}");
    }
}

/// A folder's name is shown decoded or as it is, and goes back to the server as it came.
pub fn folder_name(bytes: &[u8]) {
    let wire = String::from_utf8_lossy(bytes).into_owned();
    let name = FolderName::from_wire(wire.clone());
    assert_eq!(name.wire(), wire);
    let shown = name.to_string();
    // Without the sign that begins base64 (RFC 3501 §5.1.3) there is nothing to decode.
    assert!(wire.contains('&') || shown == wire, "{wire:?} shown as {shown:?}");
    assert_eq!(wire.is_empty(), shown.is_empty());
}

/// A message gives a fault, or probes that name one recipient and one sender and can be read again.
pub fn template(bytes: &[u8]) {
    let (Some(seed), Some(tag)) = (Address::new("anna@gmail.com"), Tag::parse("abcdefghijklmnopqrstuvwx27")) else {
        return;
    };
    let Ok(template) = Template::parse(bytes) else { return };
    template.warnings(StreamKind::Marketing);
    for from in [None, Some("News <news@shop.example>")] {
        let composition = Composition { to: &seed, from, tag: Some(&tag), extra: &[] };
        let Ok(probe) = template.compose(&composition) else { continue };
        let again = Template::parse(&probe);
        assert!(again.is_ok(), "{again:?}: {}", probe.escape_ascii());
        let senders = again.map(|again| again.sender(None).map(|(_, address)| address));
        assert_eq!(senders.ok().flatten(), template.sender(from).map(|(_, address)| address));
        let header =
            probe.windows(4).position(|four| four == b"\r\n\r\n").map_or(probe.as_slice(), |end| probe.split_at(end).0);
        let fields = |name: &[u8]| {
            let begins =
                |line: &&[u8]| line.len() > name.len() && line.split_at(name.len()).0.eq_ignore_ascii_case(name);
            header.split(|byte| *byte == b'\n').filter(begins).count()
        };
        assert_eq!((fields(b"To:"), fields(b"From:"), fields(b"Cc:"), fields(b"Bcc:")), (1, 1, 0, 0));
    }
}

/// A record of DNS is read as SPF, as DMARC and as a key, the same each time, and its normal form is its own normal form.
pub fn dns_record(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let once = normalised(&Value::Text(bytes.to_vec()));
    assert_eq!(normalised(&Value::Text(once.clone().into_bytes())), once, "{text:?}");
    let (spf, dmarc, key) = (SpfRecord::parse(&text), DmarcRecord::parse(&text), KeyRecord::parse(&text));
    assert_eq!((&spf, &dmarc, &key), (&SpfRecord::parse(&text), &DmarcRecord::parse(&text), &KeyRecord::parse(&text)));
    // What receivers evaluate begins with its version; what is wrong in it is said.
    assert!(spf::is_record(&text) || !spf.faults.is_empty(), "{text:?}");
    assert!(dmarc::is_record(&text) || !dmarc.faults.is_empty(), "{text:?}");
    if let Key::Rsa(bits) = key.key {
        assert!(bits <= key.material.len().saturating_mul(6), "{bits} bits in {:?}", key.material);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    type Trial = fn(&[u8]);

    /// Every trial with its name, which is also that of its corpus.
    const ALL: [(&str, Trial); 7] = [
        ("flight", flight),
        ("listing", listing),
        ("header", header),
        ("configuration", configuration),
        ("folder_name", folder_name),
        ("template", template),
        ("dns_record", dns_record),
    ];

    /// Inputs in all with `INBOXED_LONG`; a tenth of them without.
    const ALL_INPUTS: usize = 1_000_000;

    /// Pieces of the languages that the trials read.
    const WORDS: [&str; 32] = [
        "\r\n",
        "\n",
        "\r\n ",
        "* ",
        "+ ",
        "i1 OK ",
        "i2 NO ",
        "i3 BAD x\r\n",
        "(",
        ")",
        "\"",
        "\\",
        "{5}\r\n",
        "{999999999}\r\n",
        "NIL",
        "FETCH (UID 5 ",
        "BODY[HEADER]<0> ",
        "INTERNALDATE ",
        "EXISTS\r\n",
        "[UIDVALIDITY 7]",
        "\\Junk",
        "&",
        "&AMk-",
        "-",
        "From: ",
        "To: a@b.example\r\n",
        "X-Inboxed-Probe: ",
        "abcdefghijklmnopqrstuvwx27",
        "<",
        "=",
        "[[seed]]\n",
        "\u{0}\u{ff}",
    ];

    /// Numbers by a linear congruence: every run of these tests is the same.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % end.max(1)
        }

        fn byte(&mut self) -> u8 {
            u8::try_from(self.below(256)).unwrap()
        }

        fn range(&mut self, length: usize) -> std::ops::Range<usize> {
            let start = self.below(length + 1);
            start..start + self.below((length - start).min(64) + 1)
        }
    }

    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/trials").join(name);
        let mut files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 3, "{}", directory.display());
        files.iter().map(|file| std::fs::read(file).unwrap()).collect()
    }

    fn mutated(corpus: &[Vec<u8>], draw: &mut Draw) -> Vec<u8> {
        let mut bytes = corpus[draw.below(corpus.len())].clone();
        for _ in 0..=draw.below(6) {
            let at = draw.below(bytes.len() + 1);
            match draw.below(7) {
                0 if at < bytes.len() => bytes[at] ^= 1 << draw.below(8),
                1 if at < bytes.len() => bytes[at] = draw.byte(),
                2 => drop(bytes.drain(draw.range(bytes.len()))),
                3 => {
                    let piece = bytes[draw.range(bytes.len())].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
                4 => {
                    let other = &corpus[draw.below(corpus.len())];
                    let piece = other[draw.range(other.len())].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
                5 => bytes.truncate(at),
                _ => drop(bytes.splice(at..at, WORDS[draw.below(WORDS.len())].bytes())),
            }
        }
        bytes
    }

    fn attempt(name: &str, trial: Trial, bytes: &[u8]) {
        let held = catch_unwind(AssertUnwindSafe(|| trial(bytes))).is_ok();
        assert!(held, "{name} does not hold for \"{}\"", bytes.escape_ascii());
    }

    fn hold(index: usize) {
        let (name, trial) = ALL[index];
        let corpus = corpus(name);
        for bytes in &corpus {
            attempt(name, trial, bytes);
        }
        let inputs = if std::env::var_os("INBOXED_LONG").is_some() { ALL_INPUTS } else { ALL_INPUTS / 10 };
        let mut draw = Draw(index as u64);
        for _ in 0..inputs / ALL.len() {
            attempt(name, trial, &mutated(&corpus, &mut draw));
        }
    }

    #[test]
    fn whatever_a_server_answers_to_a_flight() {
        hold(0);
    }

    #[test]
    fn whatever_a_server_lists() {
        hold(1);
    }

    #[test]
    fn whatever_stands_in_a_header() {
        hold(2);
    }

    #[test]
    fn whatever_stands_in_a_configuration() {
        hold(3);
    }

    #[test]
    fn whatever_a_folder_is_called() {
        hold(4);
    }

    #[test]
    fn whatever_a_message_file_holds() {
        hold(5);
    }

    #[test]
    fn whatever_a_name_publishes() {
        hold(6);
    }
}
