//! On which of the occasions that it fits a rule of the lab strikes: all of them, or so many after so many.

/// The turns of one rule, used up as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Turns {
    skip: u32,
    times: Option<u32>,
}

impl Turns {
    /// Not the first `count` times.
    pub(super) fn skip(&mut self, count: u32) {
        self.skip = count;
    }

    /// Only `count` times.
    pub(super) fn limit(&mut self, count: u32) {
        self.times = Some(count);
    }

    /// Uses up one occasion: whether the rule strikes at it.
    pub(super) fn comes(&mut self) -> bool {
        if self.times == Some(0) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.map(|times| times - 1);
        true
    }
}
