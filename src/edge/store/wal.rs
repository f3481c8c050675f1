//! The write-ahead log as it lies on the disk (sqlite.org/fileformat2.html#walformat).
//!
//! SQLite reads a log up to the first frame that does not fit and forgets the others without a word: a power failure leaves
//! the last transaction like that, which nobody was told to be stored. Where whole transactions lie behind such a frame it
//! was no power failure, and what they stored would be gone.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// Octets of the header, and of what stands before each page.
const HEADER: usize = 32;
const FRAME: usize = 24;

/// How a log begins; the last bit says in which order its sums take octets.
const MAGIC: u32 = 0x377f_0682;

/// Most transactions that end behind a frame that does not fit although nothing is lost: one for each power failure since
/// the log was begun.
const TORN: usize = 2;

/// Whether a log has lost transactions that were stored. One that is not there, or cannot be read, has not.
pub(super) fn has_lost(log: &Path) -> bool {
    File::open(log).and_then(|log| lost(&mut BufReader::new(log))).is_ok_and(|lost| lost > TORN)
}

/// How many transactions end behind the first frame that does not fit.
fn lost(log: &mut impl Read) -> std::io::Result<usize> {
    let mut header = [0; HEADER];
    // A log of which not even the header, or nothing but its length, reached the disk never held anything.
    if !fill(log, &mut header)? || header == [0; HEADER] {
        return Ok(0);
    }
    let [magic, _, page, _, first_salt, second_salt, first_sum, second_sum] = words(&header);
    let is_big = magic & 1 == 1;
    let mut sums = summed(is_big, header.iter().copied().take(FRAME), (0, 0));
    let size = usize::try_from(page).unwrap_or(0);
    if magic & !1 != MAGIC || sums != (first_sum, second_sum) || !(512..=65_536).contains(&size) {
        return Ok(usize::MAX);
    }
    let mut frame = vec![0; FRAME.saturating_add(size)];
    let (mut fits, mut lost) = (true, 0_usize);
    while fill(log, &mut frame)? {
        let [_, pages, one_salt, other_salt, one_sum, other_sum] = words(&frame);
        // A frame with other salts is left from before the log was begun anew.
        let is_of_this_log = (one_salt, other_salt) == (first_salt, second_salt);
        if fits {
            sums = summed(is_big, frame.iter().copied().take(8).chain(frame.iter().copied().skip(FRAME)), sums);
            fits = is_of_this_log && sums == (one_sum, other_sum);
        }
        // The last frame of a transaction says how many pages the database has then.
        if !fits && is_of_this_log && pages != 0 {
            lost = lost.saturating_add(1);
        }
    }
    Ok(lost)
}

/// Whether there was as much to read.
fn fill(log: &mut impl Read, octets: &mut [u8]) -> std::io::Result<bool> {
    match log.read_exact(octets) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// The first numbers, each of four octets.
fn words<const N: usize>(octets: &[u8]) -> [u32; N] {
    let mut words = octets.chunks_exact(4);
    std::array::from_fn(|_| words.next().and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_be_bytes(*word)))
}

/// The running sums of a log, taken on over these octets.
fn summed(is_big: bool, octets: impl Iterator<Item = u8>, sums: (u32, u32)) -> (u32, u32) {
    let mut octets = octets.fuse();
    let (mut first, mut second) = sums;
    let mut word = || {
        let word = [octets.next()?, octets.next()?, octets.next()?, octets.next()?];
        Some(if is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    };
    while let Some((one, other)) = word().zip(word()) {
        first = first.wrapping_add(one).wrapping_add(second);
        second = second.wrapping_add(other).wrapping_add(first);
    }
    (first, second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::store::fixture::{Place, new_run};
    use crate::edge::store::place::beside;
    use crate::edge::store::{Store, StoreFault, fold};

    /// A log of several runs, with where the transaction of each ends.
    async fn written() -> (Place, Vec<u8>, Vec<usize>) {
        let place = Place::new().await;
        let log = beside(place.store.path(), "-wal");
        let mut ends = Vec::new();
        for _ in 0..6 {
            place.plan(&new_run(&["news"], &["anna@gmail.com"])).await;
            ends.push(usize::try_from(log.metadata().unwrap().len()).unwrap());
        }
        (place, std::fs::read(&log).unwrap(), ends)
    }

    #[tokio::test]
    async fn a_damaged_log_has_lost_what_lies_behind_the_damage_and_one_that_was_cut_off_has_not() {
        let (_place, log, ends) = written().await;
        assert_eq!(lost(&mut &log[..]).unwrap(), 0);
        for length in (0..log.len()).step_by(211) {
            assert_eq!(lost(&mut &log[..length]).unwrap(), 0, "{length}");
        }
        for at in (HEADER..log.len()).step_by(97) {
            let mut damaged = log.clone();
            damaged[at] ^= 0x10;
            // Where an end mark or its salts are hit, there is one transaction more or less.
            let behind = ends.iter().filter(|end| at < **end).count();
            let found = lost(&mut &damaged[..]).unwrap();
            assert!(found.abs_diff(behind) <= 1, "{at}: {found} of {behind}");
        }
        let mut damaged = log.clone();
        damaged[17] ^= 1;
        assert_eq!(lost(&mut &damaged[..]).unwrap(), usize::MAX, "nothing behind a damaged header is read");
        assert_eq!(lost(&mut &vec![0; 9_000][..]).unwrap(), 0);
    }

    #[tokio::test]
    async fn nothing_is_written_over_what_a_damaged_log_still_holds() {
        let (place, mut log, ends) = written().await;
        log[ends[0] + 2_000..ends[1]].fill(0xA5);
        let other = tempfile::tempdir().unwrap();
        let path = other.path().join("inboxed.db");
        std::fs::copy(place.store.path(), &path).unwrap();
        std::fs::write(beside(&path, "-wal"), &log).unwrap();
        for opened in [Store::open(&path).await, Store::open_existing(&path).await] {
            let fault = opened.map(|_| ()).unwrap_err();
            assert!(matches!(fault, StoreFault::BrokenLog { .. }), "{fault:?}");
            assert!(fault.to_string().contains("inboxed.db-wal is damaged"), "{fault}");
        }
        fold(&path).await;
        assert_eq!(std::fs::read(beside(&path, "-wal")).unwrap(), log);
    }
}
