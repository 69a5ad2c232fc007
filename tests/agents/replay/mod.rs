//! The engine on recordings of real agents: right within a second, and without a flicker.

pub mod recording;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use muxwire::agent::{Hook, PaneWatch, Registry, RuleSet, Source, State, Status};

use recording::{Recording, Step, Verdict};

/// The longest that a wrong state may be said, in seconds.
const LONGEST_WRONG: f64 = 1.0;

/// A state that is left sooner is a flicker, unless it was right, in seconds.
const FLICKER: f64 = 0.5;

/// What comes in beside the bytes and the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sources {
    /// Nothing: no hooks are installed, and no registry is read.
    BytesOnly,
    /// All that was recorded.
    All,
}

/// What was said, from one second on.
#[derive(Debug, Clone)]
pub struct Said {
    at: f64,
    status: Status,
    /// From the step that brought it to its being said.
    delay: f64,
}

/// Plays a recording and gives what was said.
fn play(
    recording: &Recording,
    rules: &Arc<RuleSet>,
    sources: Sources,
) -> (Vec<Said>, Vec<(usize, Status)>) {
    let start = Instant::now();
    let time = |seconds: f64| start + Duration::from_secs_f64(seconds);
    let (cols, rows) = recording.size;
    let mut watch = PaneWatch::new(Arc::clone(rules), cols, rows, start);
    let mut said = Vec::new();
    let mut steps = recording.steps.iter().peekable();
    let end = recording.verdicts.last().map_or(0.0, |last| last.to);
    let mut shown: Vec<(usize, Status)> = Vec::new();
    let mut ends = recording.verdicts.iter().enumerate().peekable();
    let mut last_step = 0.0;
    let mut now = 0.0;
    for turn in 0.. {
        assert!(
            turn < 1_000_000,
            "{}: the deadlines never end",
            recording.name
        );
        let deadline = watch.next_deadline(time(now));
        // Rounded up by a microsecond, so that the deadline is over.
        let deadline =
            deadline.map(|at| (at.saturating_duration_since(start).as_secs_f64() + 1e-6).max(now));
        let step = steps.peek().map(|(at, _)| *at);
        // The status at the end of each verdict, before anything later comes in.
        let next = deadline
            .into_iter()
            .chain(step)
            .fold(f64::INFINITY, f64::min);
        while let Some((index, verdict)) = ends.peek().filter(|(_, verdict)| verdict.to < next) {
            shown.extend(
                watch
                    .status(time(verdict.to))
                    .map(|status| (*index, status)),
            );
            ends.next();
        }
        if next > end + 1.0 || next.is_infinite() {
            break;
        }
        now = next;
        if step.is_some_and(|at| at <= next) {
            let (_, step) = steps.next().unwrap();
            take(&mut watch, step, sources, time(now));
            last_step = now;
        }
        if let Some(status) = watch.poll(time(now)) {
            let since = status.since.saturating_duration_since(start).as_secs_f64();
            let delay = now - since.min(last_step);
            said.push(Said {
                at: now,
                status,
                delay,
            });
        }
    }
    (said, shown)
}

pub fn take(watch: &mut PaneWatch, step: &Step, sources: Sources, now: Instant) {
    match step {
        Step::Output(text) => watch.output(text.as_bytes(), now),
        Step::Resize(cols, rows) => watch.resize(*cols, *rows),
        Step::Processes(root, processes) => watch.processes(*root, processes, now),
        Step::Hook(_) | Step::Registry(_) if sources == Sources::BytesOnly => {}
        Step::Hook(json) => {
            watch.hook(&Hook::read(json).unwrap(), now);
        }
        Step::Registry(Some(json)) => {
            if let Some(registry) = Registry::read(json).unwrap() {
                watch.registry(&registry, now);
            }
        }
        Step::Registry(None) => watch.registry_gone(),
        Step::Mark(_) => {}
    }
}

/// What is said at that time.
fn said_at(said: &[Said], at: f64) -> Option<&Status> {
    said.iter()
        .rev()
        .find(|one| one.at <= at)
        .map(|one| &one.status)
}

/// Whether what is said is right. What is not known yet counts as unknown.
fn is_right(status: Option<&Status>, verdict: &Verdict) -> bool {
    let state = status.map_or(State::Unknown, |status| status.state);
    let reason = status.and_then(|status| status.reason.as_ref());
    // Not every agent shows that it retries or was interrupted.
    let may_lack = matches!(state, State::Busy | State::Ready);
    let right_reason =
        |wanted: &String| reason.map_or(may_lack, |reason| reason.as_str() == wanted);
    state.name() == verdict.state && verdict.reason.as_ref().is_none_or(right_reason)
}

/// The stretches of a verdict in which something else was said: from, how long, and what.
fn wrong(said: &[Said], verdict: &Verdict) -> Vec<(f64, f64, String)> {
    let changes = said
        .iter()
        .map(|one| one.at)
        .filter(|at| *at > verdict.from && *at < verdict.to);
    let edges: Vec<f64> = std::iter::once(verdict.from)
        .chain(changes)
        .chain([verdict.to])
        .collect();
    let mut found: Vec<(f64, f64, String)> = Vec::new();
    let mut last_end = -1.0;
    for edge in edges.windows(2) {
        let status = said_at(said, edge[0]);
        if is_right(status, verdict) {
            continue;
        }
        let what = status.map_or_else(
            || "nothing".to_owned(),
            |status| {
                let reason = status.reason.as_ref().map_or("", |reason| reason.as_str());
                format!("{} {reason}", status.state)
            },
        );
        match found.last_mut() {
            Some(last) if last_end == edge[0] => last.1 += edge[1] - edge[0],
            _ => found.push((edge[0], edge[1] - edge[0], what)),
        }
        last_end = edge[1];
    }
    found
}

/// States that were said for a moment only, although they were not right then.
fn flickers(said: &[Said], recording: &Recording) -> Vec<String> {
    let mut found = Vec::new();
    for (at, pair) in said.windows(2).enumerate() {
        let (one, next) = (&pair[0], &pair[1]);
        let lasted = next.at - one.at;
        if lasted >= FLICKER
            || one.status.state == next.status.state
            || one.status.state == State::Unknown
        {
            continue;
        }
        // Within a gap the agent may have passed through it, but not there and back, unless it says so itself.
        let state = one.status.state.name();
        let overlapping = |verdict: &&Verdict| verdict.from <= next.at && one.at <= verdict.to;
        let is_right = recording
            .verdicts
            .iter()
            .filter(overlapping)
            .any(|verdict| verdict.state == state);
        let in_gap = recording
            .verdicts
            .iter()
            .all(|verdict| !overlapping(&verdict));
        let returns = at > 0 && said[at - 1].status.state == next.status.state;
        let is_own = one.status.source == Some(Source::Report);
        if !(is_right || in_gap && (is_own || !returns)) {
            found.push(format!("{state} for {lasted:.3} s at {:.3}", one.at));
        }
    }
    found
}

/// What a status says otherwise than the screen shows. What it doesn't say may be absent.
fn mistaken(status: &Status, verdict: &Verdict) -> Vec<String> {
    let text = |name: &str, wanted: &Option<String>, there: &Option<String>| {
        let differs = wanted.is_some() && there.is_some() && wanted != there;
        differs.then(|| format!("{name} is {there:?}, not {wanted:?}"))
    };
    let number = |name: &str, wanted: Option<i64>, there: Option<u32>| {
        let differs = wanted.is_some_and(|wanted| wanted != i64::from(there.unwrap_or(0)));
        differs.then(|| format!("{name} is {there:?}, not {wanted:?}"))
    };
    let vitals = &status.vitals;
    [
        text("model", &verdict.model, &vitals.model),
        text("mode", &verdict.mode, &vitals.mode),
        number("shells", verdict.shells, vitals.background.shells),
        number("agents", verdict.agents, vitals.background.agents),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is said wrongly, and for too long, when the recording in this file is played.
pub fn said_wrongly(cast: &Path) -> Vec<String> {
    let rules = Arc::new(RuleSet::built_in().unwrap());
    let recording = recording::read(cast);
    let (said, _) = play(&recording, &rules, Sources::BytesOnly);
    let wrong = recording
        .verdicts
        .iter()
        .flat_map(|verdict| wrong(&said, verdict));
    let lasting = wrong.filter(|(_, lasted, _)| *lasted > LONGEST_WRONG);
    lasting.map(|(.., what)| what.trim().to_owned()).collect()
}

#[test]
fn recordings_of_real_agents_are_judged_rightly() {
    let rules = Arc::new(RuleSet::built_in().unwrap());
    let mut table = table::Table::default();
    let mut complaints = Vec::new();
    for recording in recording::all() {
        for sources in [Sources::BytesOnly, Sources::All] {
            let (said, shown) = play(&recording, &rules, sources);
            table.count(sources, &said);
            let mut complain =
                |what: String| complaints.push(format!("{} ({sources:?}): {what}", recording.name));
            for verdict in &recording.verdicts {
                let wrong = wrong(&said, verdict);
                table.add(&recording, sources, verdict, &wrong, &said);
                for (at, lasted, what) in wrong
                    .iter()
                    .filter(|(_, lasted, _)| *lasted > LONGEST_WRONG)
                {
                    let reason = verdict.reason.as_deref().unwrap_or("");
                    complain(format!(
                        "{what} for {lasted:.2} s at {at:.2}, not {} {reason}",
                        verdict.state
                    ));
                }
            }
            for flicker in flickers(&said, &recording) {
                complain(flicker);
            }
            for (index, status) in &shown {
                let verdict = &recording.verdicts[*index];
                for what in mistaken(status, verdict) {
                    complain(format!("{what} at {:.2}", verdict.to));
                }
            }
        }
    }
    eprintln!("{table}");
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}
