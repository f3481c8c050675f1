//! File descriptors: how many connections to mailboxes this process may hold at once (getrlimit(2), `RLIMIT_NOFILE`).
//!
//! Each connection takes one. The soft limit is raised where the hard one lets it, and no further than is needed: the
//! programs that print secrets inherit it. Who has fewer than it takes gets fewer connections at once, never a failure.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept free for what is no connection to a mailbox: the database, calls to SES, DNS and OAuth servers, programs that
/// print secrets, and addresses that are tried beside one that hangs.
const RESERVE: u64 = 64;

/// Room for connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Room {
    /// Most connections at once; at least one.
    pub(crate) connections: usize,
    /// What bounds them, in one sentence, where it is the limit of this process.
    pub(crate) note: Option<String>,
}

/// Makes room for so many connections at once, as far as this process may.
pub(crate) fn room_for(wanted: usize) -> Room {
    let limit = getrlimit(Resource::Nofile);
    let (soft, raised) = fit(wanted, &limit);
    let may = match raised {
        Some(more) if setrlimit(Resource::Nofile, Rlimit { current: Some(more), ..limit }).is_ok() => Some(more),
        Some(_) | None => soft,
    };
    room(wanted, may)
}

/// The soft limit as it is, and as it should be where it should be raised; `None` for no limit.
fn fit(wanted: usize, limit: &Rlimit) -> (Option<u64>, Option<u64>) {
    let needed = needed(wanted);
    let soft = limit.current;
    let raised =
        soft.filter(|soft| *soft < needed).map(|soft| limit.maximum.map_or(needed, |hard| hard.min(needed)).max(soft));
    (soft, raised.filter(|raised| Some(*raised) != soft))
}

fn needed(wanted: usize) -> u64 {
    u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(RESERVE)
}

fn room(wanted: usize, may: Option<u64>) -> Room {
    let Some(may) = may.filter(|may| *may < needed(wanted)) else {
        return Room { connections: wanted.max(1), note: None };
    };
    let most = may.saturating_sub(RESERVE).max(may / 4).max(1);
    let connections = usize::try_from(most).unwrap_or(usize::MAX).min(wanted.max(1));
    let note = format!(
        "this process may open {may} files at once, so that {connections} connections stand at once and not {wanted}; for more \
         of them run `ulimit -n {}` first, or set LimitNOFILE in the service",
        needed(wanted)
    );
    Room { connections, note: (connections < wanted).then_some(note) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(current: Option<u64>, maximum: Option<u64>) -> Rlimit {
        Rlimit { current, maximum }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_is_needed_and_allowed_and_never_lowered() {
        for (wanted, current, maximum, raised) in [
            (200, Some(1024), Some(524_288), None),
            (200, Some(256), Some(524_288), Some(264)),
            (200, Some(256), None, Some(264)),
            (200, Some(256), Some(256), None),
            (200, Some(100), Some(150), Some(150)),
            (10_000, None, None, None),
            (usize::MAX, Some(1024), Some(4096), Some(4096)),
        ] {
            let limit = limit(current, maximum);
            assert_eq!(fit(wanted, &limit), (current, raised), "{wanted} within {limit:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_bounded_and_said_and_one_connection_is_always_left() {
        for (wanted, may, connections) in [
            (200, None, 200),
            (200, Some(264), 200),
            (200, Some(263), 199),
            (1000, Some(256), 192),
            (1000, Some(80), 20),
            (1000, Some(3), 1),
            (1, Some(3), 1),
            (0, Some(3), 1),
        ] {
            let room = room(wanted, may);
            assert_eq!(room.connections, connections, "{wanted} with {may:?}");
            assert_eq!(room.note.is_some(), connections < wanted, "{room:?}");
        }
        let told = room(1000, Some(256)).note.unwrap();
        assert_eq!(
            told,
            "this process may open 256 files at once, so that 192 connections stand at once and not 1000; for more of them run \
             `ulimit -n 1064` first, or set LimitNOFILE in the service"
        );
    }
}
