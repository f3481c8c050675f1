//! The standing of a seed's mailbox with its provider: what is remembered of its sign-ins from run to run, and whether
//! another one may be tried now.
//!
//! Providers lock mailboxes whose password is wrong again and again, and block those who sign in too often. So a refused
//! credential is tried twice and then no more until another takes its place, a server's wish to be left alone is
//! honoured, and sign-ins to one mailbox keep their distance, however often the program is started.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::sign_in::SignIn;

/// Refusals in a row after which a mailbox is left alone.
const MOST_REFUSALS: u32 = 2;

/// The time over which sign-ins to one mailbox are counted.
pub(crate) const WINDOW: SignedDuration = SignedDuration::from_secs(120);

/// The longest pause that a server can talk us into.
pub(crate) const LONGEST_QUIET: Duration = Duration::from_mins(5);

/// How long a server that asks for quiet without a time gets it; doubled each time in a row.
const UNNAMED_QUIET: Duration = Duration::from_mins(1);

/// What tells one credential from another, and nothing else of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) u16);

/// The last refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What it meant.
    pub(crate) outcome: SignIn,
    /// The server's words.
    pub(crate) said: String,
    /// When.
    pub(crate) at: Timestamp,
    /// Which credential was refused.
    pub(crate) mark: Mark,
    /// How often in a row, at least once.
    pub(crate) times: u32,
}

/// A standing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// The last refusal, unless a sign-in went well since.
    pub(crate) refused: Option<Refused>,
    /// How often in a row the server wished to be left alone.
    pub(crate) throttles: u32,
    /// Until when it wishes so.
    pub(crate) quiet_until: Option<Timestamp>,
    /// When the sign-ins of the last [`WINDOW`] began, in order.
    pub(crate) begun: Vec<Timestamp>,
}

/// Whether a sign-in may be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Now.
    Now,
    /// At this moment, as there were enough lately.
    NotBefore(Timestamp),
    /// After this moment: the server wishes to be left alone.
    Quiet(Timestamp),
    /// Not with this credential.
    LeftAlone(Refused),
}

impl Standing {
    /// Whether a sign-in with the credential of this mark may be tried at `now`, where the provider likes no more than
    /// `most` of them in a [`WINDOW`].
    pub(crate) fn admits(&self, mark: Mark, most: usize, now: Timestamp) -> Admission {
        if let Some(refused) = self.refused.as_ref().filter(|refused| refused.mark == mark)
            && refused.times >= MOST_REFUSALS
        {
            return Admission::LeftAlone(refused.clone());
        }
        // A clock that was set back must not keep a mailbox shut for longer than any rule does.
        if let Some(until) = self.quiet_until.filter(|until| *until > now && *until <= later(now, LONGEST_QUIET)) {
            return Admission::Quiet(until);
        }
        let recent: Vec<Timestamp> = self.recent(now).collect();
        match recent.len().checked_sub(most.max(1)).and_then(|first| recent.get(first)) {
            Some(first) => Admission::NotBefore(first.checked_add(WINDOW).unwrap_or(now)),
            None => Admission::Now,
        }
    }

    fn recent(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let begun = self.begun.iter().copied();
        begun.filter(move |at| now.duration_since(*at) < WINDOW && at.duration_since(now) < WINDOW)
    }

    /// A sign-in begins.
    pub(crate) fn begins(&mut self, now: Timestamp) {
        self.begun = self.recent(now).collect();
        self.begun.push(now);
    }

    /// A sign-in that began at `began` came out like this.
    pub(crate) fn ended(&mut self, outcome: SignIn, said: &str, mark: Mark, began: Timestamp, now: Timestamp) {
        if outcome == SignIn::Done {
            (self.refused, self.throttles, self.quiet_until) = (None, 0, None);
        } else if outcome.refuses_credential() {
            let before = self.refused.take().filter(|refused| refused.mark == mark);
            let times = before.map_or(0, |refused| refused.times).saturating_add(1);
            self.refused = Some(Refused { outcome, said: said.to_owned(), at: now, mark, times });
        } else if !outcome.reached_the_door()
            && let Some(place) = self.begun.iter().rposition(|at| *at == began)
        {
            self.begun.remove(place);
        }
    }

    /// The server wishes to be left alone, for this long if it said so. Two wishes at once are one.
    pub(crate) fn wishes_quiet(&mut self, wish: Option<Duration>, now: Timestamp) {
        let is_new = self.quiet_until.is_none_or(|until| until <= now);
        let unnamed = UNNAMED_QUIET.saturating_mul(2_u32.saturating_pow(self.throttles.min(8)));
        let until = later(now, wish.unwrap_or(unnamed).min(LONGEST_QUIET));
        self.quiet_until = self.quiet_until.filter(|_| !is_new).max(Some(until));
        self.throttles = self.throttles.saturating_add(u32::from(is_new));
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARK: Mark = Mark(7);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + second).unwrap()
    }

    fn refused(standing: &mut Standing, mark: Mark, second: i64) {
        standing.ended(SignIn::WrongPassword, "no", mark, at(second), at(second));
    }

    fn is_left_alone(standing: &Standing, mark: Mark) -> bool {
        matches!(standing.admits(mark, 2, at(1_000_000)), Admission::LeftAlone(_))
    }

    #[test]
    fn two_refusals_in_a_row_shut_the_door_to_that_credential_and_no_other() {
        let mut standing = Standing::default();
        refused(&mut standing, MARK, 0);
        assert!(!is_left_alone(&standing, MARK));
        // What passes by itself neither counts nor forgives.
        standing.ended(SignIn::Unavailable, "busy", MARK, at(1), at(1));
        standing.ended(SignIn::ImapOff, "off", MARK, at(2), at(2));
        refused(&mut standing, MARK, 3);
        assert!(is_left_alone(&standing, MARK));
        assert!(!is_left_alone(&standing, Mark(8)));
        // Another credential begins anew, and the old one with it.
        refused(&mut standing, Mark(8), 4);
        assert!(!is_left_alone(&standing, Mark(8)) && !is_left_alone(&standing, MARK));
        refused(&mut standing, Mark(8), 5);
        assert!(is_left_alone(&standing, Mark(8)));
        standing.ended(SignIn::Done, "", Mark(8), at(6), at(6));
        assert!(!is_left_alone(&standing, Mark(8)));
        assert_eq!(standing.refused, None);
    }

    #[test]
    fn the_third_sign_in_of_two_minutes_waits_for_the_first_to_be_two_minutes_old() {
        let mut standing = Standing::default();
        standing.begins(at(0));
        assert_eq!(standing.admits(MARK, 2, at(10)), Admission::Now);
        standing.begins(at(10));
        assert_eq!(standing.admits(MARK, 2, at(11)), Admission::NotBefore(at(120)));
        assert_eq!(standing.admits(MARK, 2, at(120)), Admission::Now);
        assert_eq!(standing.admits(MARK, 3, at(11)), Admission::Now);
        // One that never reached the server is given back.
        standing.ended(SignIn::Unreachable, "", MARK, at(10), at(11));
        assert_eq!(standing.admits(MARK, 2, at(11)), Admission::Now);
    }

    #[test]
    fn a_wish_for_quiet_is_honoured_up_to_five_minutes_and_grows_where_it_names_no_time() {
        let quiet = |standing: &Standing, now: i64| match standing.admits(MARK, 2, at(now)) {
            Admission::Quiet(until) => until.duration_since(at(now)).as_secs(),
            Admission::Now | Admission::NotBefore(_) | Admission::LeftAlone(_) => 0,
        };
        for (wish, seconds) in [(Some(92), 92), (Some(9_999), 300), (None, 60)] {
            let mut standing = Standing::default();
            standing.wishes_quiet(wish.map(Duration::from_secs), at(0));
            assert_eq!((quiet(&standing, 0), quiet(&standing, seconds)), (seconds, 0), "{wish:?}");
        }
        let mut standing = Standing::default();
        let mut pauses = Vec::new();
        for turn in 0..5 {
            standing.wishes_quiet(None, at(turn * 1_000));
            pauses.push(quiet(&standing, turn * 1_000));
        }
        assert_eq!(pauses, [60, 120, 240, 300, 300]);
        // A clock set back by a year does not shut the door for a year.
        assert_eq!(quiet(&standing, -31_536_000), 0);
        standing.ended(SignIn::Done, "", MARK, at(0), at(0));
        assert_eq!((quiet(&standing, 0), standing.throttles), (0, 0));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_sign_ins_than_allowed(
            most in 1_usize..4,
            gaps in proptest::collection::vec(0_i64..200, 1..60),
        ) {
            let mut standing = Standing::default();
            let (mut now, mut begun) = (0, Vec::new());
            for gap in gaps {
                now += gap;
                match standing.admits(MARK, most, at(now)) {
                    Admission::Now => {}
                    Admission::NotBefore(until) => {
                        prop_assert!(until > at(now) && until.duration_since(at(now)) <= WINDOW);
                        now = until.as_second() - at(0).as_second();
                        prop_assert_eq!(standing.admits(MARK, most, at(now)), Admission::Now);
                    }
                    other @ (Admission::Quiet(_) | Admission::LeftAlone(_)) => prop_assert!(false, "{other:?}"),
                }
                standing.begins(at(now));
                begun.push(now);
            }
            for (place, first) in begun.iter().enumerate() {
                let within = begun[place..].iter().filter(|at| **at - first < 120).count();
                prop_assert!(within <= most, "{within} from {first} on in {begun:?}");
            }
        }
    }
}
