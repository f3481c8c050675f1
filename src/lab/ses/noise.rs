//! Made-up ids, hashes and signatures: the same inputs give the same noise, in every run and on every machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A source of bytes that look random and depend on nothing but what it was made from.
#[derive(Debug, Clone)]
pub(in crate::lab) struct Noise {
    state: [u8; 32],
}

impl Noise {
    /// Noise of these parts; their borders count, so `["a", "bc"]` and `["ab", "c"]` differ.
    pub(in crate::lab) fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self { state: hash.finalize().into() }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 32);
        while bytes.len() < count {
            self.state = Sha256::digest(self.state).into();
            bytes.extend_from_slice(&self.state);
        }
        bytes.truncate(count);
        bytes
    }

    /// A number below `limit`; 0 below 0.
    pub(in crate::lab) fn below(&mut self, limit: u64) -> u64 {
        let number = self.bytes(8).into_iter().fold(0_u64, |number, byte| (number << 8) | u64::from(byte));
        number.checked_rem(limit).unwrap_or_default()
    }

    /// Hexadecimal digits in lower case.
    pub(in crate::lab) fn hex(&mut self, count: usize) -> String {
        let mut text = data_encoding::HEXLOWER.encode(&self.bytes(count / 2 + 1));
        text.truncate(count);
        text
    }

    /// Characters of base64, without padding.
    pub(in crate::lab) fn base64(&mut self, count: usize) -> String {
        let mut text = STANDARD_NO_PAD.encode(self.bytes(count));
        text.truncate(count);
        text
    }

    /// Letters and digits in lower case, as in the tokens of Easy DKIM.
    pub(in crate::lab) fn token(&mut self, count: usize) -> String {
        let mut text = data_encoding::BASE32_NOPAD.encode(&self.bytes(count)).to_ascii_lowercase();
        text.truncate(count);
        text
    }

    /// A UUID by its looks.
    pub(in crate::lab) fn uuid(&mut self) -> String {
        format!("{}-{}-4{}-a{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_make_the_same_noise_and_others_other() {
        let text = |parts: &[&str]| Noise::of(parts).base64(200);
        assert_eq!(text(&["a", "bc"]), text(&["a", "bc"]));
        assert_ne!(text(&["a", "bc"]), text(&["ab", "c"]));
        assert_eq!(text(&["a"]).len(), 200);
        let mut noise = Noise::of(&["a"]);
        assert_ne!(noise.hex(7), noise.hex(7), "it goes on");
        assert_eq!((noise.hex(7).len(), noise.token(32).len(), noise.uuid().len()), (7, 32, 36));
        assert!((0..100).all(|_| noise.below(3) < 3) && noise.below(0) == 0);
    }
}
