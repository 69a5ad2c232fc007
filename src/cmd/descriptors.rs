//! Room for as many open files as there may be connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors besides those of clients: HTTP, the links and one-shot commands of tmux, files, and some to spare.
const OTHERS: u64 = 512;

/// Raises the process's soft limit of open files, as far as the hard one allows, to what so many connections take.
///
/// No further than that: what muxwire starts inherits the limit, and there are programs that suffer from a high one.
pub(super) fn make_room(connections: u64) {
    let needed = connections + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if let Some(raised) = raised(&limit, needed)
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, "the limit of open files can't be raised");
    }
    if let Some(most) = limit.maximum.filter(|most| *most < needed) {
        tracing::warn!(
            most,
            needed,
            "the system allows too few open files for server.max_connections"
        );
    }
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
