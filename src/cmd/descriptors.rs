//! Room for as many open files as there may be connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors besides those of clients: HTTP, the links and one-shot commands of tmux, files, and some to spare.
const OTHERS: u64 = 512;

/// Raises the process's soft limit of open files, as far as the hard one allows, to what so many connections take, and
/// says how many of them there is room for.
///
/// No further than that: what muxwire starts inherits the limit, and there are programs that suffer from a high one.
pub(super) fn make_room(connections: u64) -> u64 {
    let needed = connections + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if let Some(raised) = raised(&limit, needed)
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, "the limit of open files can't be raised");
    }
    let Some(most) = limit.maximum.filter(|most| *most < needed) else {
        return connections;
    };
    let room = room(most, connections);
    tracing::warn!(
        most,
        needed,
        room,
        "the system allows too few open files for server.max_connections: fewer clients are let in"
    );
    room
}

/// How many connections leave enough of so many descriptors for the rest: without, the links to tmux could not be opened
/// again. Where there is little to share, half of it.
fn room(descriptors: u64, connections: u64) -> u64 {
    let left = descriptors.saturating_sub(OTHERS).max(descriptors / 2);
    left.min(connections)
}

/// The limit to set; nothing if it is high enough, or can't be higher.
fn raised(limit: &Rlimit, needed: u64) -> Option<Rlimit> {
    let current = limit.current?;
    let most = limit.maximum.unwrap_or(u64::MAX);
    let wanted = needed.min(most);
    (current < wanted).then_some(Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        let rows = [
            (20_000, 1000, 1000),
            (1512, 1000, 1000),
            (1500, 1000, 988),
            (1024, 1000, 512),
            (256, 1000, 128),
            (256, 100, 100),
        ];
        for (descriptors, connections, expected) in rows {
            assert_eq!(room(descriptors, connections), expected, "{descriptors}");
        }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_needed_and_allowed() {
        let rows = [
            ((Some(1024), Some(4096)), 2000, Some(2000)),
            ((Some(1024), Some(4096)), 10_000, Some(4096)),
            ((Some(1024), None), 10_000, Some(10_000)),
            ((Some(1024), Some(4096)), 1000, None),
            ((Some(4096), Some(4096)), 10_000, None),
            ((None, None), 10_000, None),
        ];
        for ((current, maximum), needed, expected) in rows {
            let limit = Rlimit { current, maximum };
            let found = raised(&limit, needed);
            assert_eq!(
                found.as_ref().and_then(|found| found.current),
                expected,
                "{limit:?} {needed}"
            );
            assert!(found.is_none_or(|found| found.maximum == maximum));
        }
    }
}
