//! The table of agents, versions and states: how late each was said, and how long something else was.

use std::collections::BTreeMap;
use std::fmt;

use super::recording::{Recording, Verdict};
use super::{FLICKER, Said, Sources};

/// One row.
#[derive(Debug, Default)]
struct Row {
    verdicts: usize,
    /// Seconds that were judged, and those of them that were judged wrongly.
    time: f64,
    wrong: f64,
    longest: f64,
    delays: Vec<f64>,
}

/// All rows.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<(String, String, String), Row>,
    /// States that were left within half a second, and how often; and all that were said.
    brief: BTreeMap<String, usize>,
    said: usize,
}

impl Table {
    /// Counts the states that were said, and those that did not last.
    pub fn count(&mut self, sources: Sources, said: &[Said]) {
        let changes = said
            .iter()
            .enumerate()
            .filter(|(at, one)| *at == 0 || said[at - 1].status.state != one.status.state);
        let changes: Vec<&Said> = changes.map(|(_, one)| one).collect();
        self.said += changes.len();
        for pair in changes.windows(2) {
            if pair[1].at - pair[0].at < FLICKER {
                let state = |one: &Said| {
                    let source = one.status.source;
                    let source = source.map_or("nothing", |source| source.name());
                    format!("{} ({source})", one.status.state)
                };
                let what = format!("{sources:?}: {}, then {}", state(pair[0]), state(pair[1]));
                *self.brief.entry(what).or_default() += 1;
            }
        }
    }

    pub fn add(
        &mut self,
        recording: &Recording,
        sources: Sources,
        verdict: &Verdict,
        wrong: &[(f64, f64, String)],
        said: &[Said],
    ) {
        let agent = format!("{} {}", recording.agent, recording.version);
        let state = match &verdict.reason {
            Some(reason) => format!("{} ({reason})", verdict.state),
            None => verdict.state.clone(),
        };
        let row = self
            .rows
            .entry((agent, state, format!("{sources:?}")))
            .or_default();
        row.verdicts += 1;
        row.time += verdict.to - verdict.from;
        row.wrong += wrong.iter().map(|(_, lasted, _)| lasted).sum::<f64>();
        row.longest = wrong
            .iter()
            .map(|(_, lasted, _)| *lasted)
            .fold(row.longest, f64::max);
        // The change to this state is said somewhere in the gap before the verdict, or in it.
        let changes = said
            .windows(2)
            .filter(|pair| pair[0].status.state != pair[1].status.state);
        let first = changes.map(|pair| &pair[1]).find(|one| {
            one.status.state.name() == verdict.state
                && one.at > verdict.from - 2.0
                && one.at <= verdict.to
        });
        row.delays.extend(first.map(|one| one.delay));
    }
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((sorted.len() * percent / 100).min(last))
        .copied()
        .unwrap_or(f64::NAN)
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "| agent | state | sources | verdicts | delay p50, p99 in ms | wrong | longest wrong |"
        )?;
        writeln!(formatter, "| --- | --- | --- | ---: | ---: | ---: | ---: |")?;
        let (mut time, mut wrong, mut all) = (0.0, 0.0, Vec::new());
        for ((agent, state, sources), row) in &self.rows {
            let mut delays = row.delays.clone();
            delays.sort_by(f64::total_cmp);
            let (half, most) = (percentile(&delays, 50) * 1e3, percentile(&delays, 99) * 1e3);
            let (verdicts, share) = (row.verdicts, row.wrong / row.time * 100.0);
            writeln!(
                formatter,
                "| {agent} | {state} | {sources} | {verdicts} | {half:.0}, {most:.0} | {share:.2} % | {:.2} s |",
                row.longest
            )?;
            time += row.time;
            wrong += row.wrong;
            all.extend(delays);
        }
        all.sort_by(f64::total_cmp);
        let (half, most) = (percentile(&all, 50) * 1e3, percentile(&all, 99) * 1e3);
        let share = wrong / time * 100.0;
        writeln!(
            formatter,
            "| all | {time:.0} s | | | {half:.0}, {most:.0} | {share:.2} % | |"
        )?;
        let brief: usize = self.brief.values().sum();
        write!(
            formatter,
            "{} states were said, {brief} of them left within {FLICKER} s:",
            self.said
        )?;
        self.brief
            .iter()
            .try_for_each(|(what, count)| write!(formatter, "\n  {count} times {what}"))
    }
}
