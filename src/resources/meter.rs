//! Two looks, and what each process used between them.
//!
//! A process that has ended is in no look any more, but its parent is told what it used, and the kernel adds that to what it
//! says of the parent's children. So the time of processes that live for less than the span between two looks is not
//! lost: it counts for the parent. What was counted while such a process lived is taken off again.

use std::collections::HashMap;
use std::time::Duration;

use super::reading::{Reading, Spent};
use super::sample::{Sample, Units};
use crate::process_stat::ProcessStat;

/// The looks, one after the other.
#[derive(Debug, Default)]
pub struct Meter {
    last: Option<Sample>,
}

impl Meter {
    /// Takes a look. There is something to be said of what was used from the second one on.
    pub fn take(&mut self, sample: Sample) -> Option<Reading<'_>> {
        let before = self.last.replace(sample);
        let now = self.last.as_ref()?;
        let before = before?;
        let over = now.at.checked_sub(before.at)?;
        if over.is_zero() {
            return None;
        }
        Some(Reading::new(
            now,
            &before.machine,
            spent(&before, now),
            over,
        ))
    }
}

/// What each process that lives used since the look before.
fn spent(before: &Sample, now: &Sample) -> HashMap<u32, Spent> {
    let mut counted = counted_of_ended(before, now);
    let since_then = |(pid, stat): (&u32, &ProcessStat)| {
        let counted = counted.remove(pid).unwrap_or_default();
        let spent = match same(&before.processes, *pid, stat) {
            Some(old) => {
                let ended = stat.children_ticks.saturating_sub(old.children_ticks);
                Spent {
                    own: stat.own_ticks.saturating_sub(old.own_ticks),
                    ended: ended.saturating_sub(counted),
                }
            }
            None if has_begun_since(stat, before.at, now.units) => Spent {
                own: stat.own_ticks,
                ended: stat.children_ticks,
            },
            // It was not to be seen before. When it used what it did is not known.
            None => Spent::default(),
        };
        (*pid, spent)
    };
    now.processes.iter().map(since_then).collect()
}

/// How much of what the processes used that have ended since was counted while they lived, for those that may be told of it:
/// the nearest above each of them that still lives.
fn counted_of_ended(before: &Sample, now: &Sample) -> HashMap<u32, u64> {
    let mut counted: HashMap<u32, u64> = HashMap::new();
    let lives = |pid: u32, stat: &ProcessStat| same(&now.processes, pid, stat).is_some();
    for (pid, ended) in &before.processes {
        if lives(*pid, ended) {
            continue;
        }
        let mut above = ended.parent;
        // A chain is no longer than there are processes, whatever numbers came again while it was read.
        for _ in 0..before.processes.len() {
            match before.processes.get(&above) {
                Some(parent) if !lives(above, parent) => above = parent.parent,
                _ => break,
            }
        }
        *counted.entry(above).or_default() += ended.own_ticks + ended.children_ticks;
    }
    counted
}

/// The same process at another look: a number alone comes again.
fn same<'a>(
    processes: &'a HashMap<u32, ProcessStat>,
    pid: u32,
    stat: &ProcessStat,
) -> Option<&'a ProcessStat> {
    let other = processes.get(&pid)?;
    (other.started == stat.started).then_some(other)
}

/// Whether a process has begun behind a moment. A look takes a while, so one may be seen that began just behind its start.
fn has_begun_since(stat: &ProcessStat, then: Duration, units: Units) -> bool {
    let ticks = then.as_secs().saturating_mul(units.ticks_per_second);
    let part = u64::from(then.subsec_nanos()).saturating_mul(units.ticks_per_second);
    stat.started >= ticks + part / 1_000_000_000
}
