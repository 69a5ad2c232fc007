//! Composers and dialogs of real agents: what is read of them in the recordings, where the lab typed and answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use muxwire::agent::{ComposerLook, PaneWatch, RuleSet, Shown, State, View, explain_view};

use super::replay::recording::{self, Recording, Step};
use super::replay::{Sources, take};

/// What a recording has shown.
#[derive(Default)]
struct Seen {
    /// Composers that held what was typed, and those that were empty before.
    typed: u32,
    empty: u32,
    /// Dialogs with their choices.
    dialogs: u32,
    wrong: Vec<String>,
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Plays a recording, and looks whenever the lab did something.
fn play(recording: &Recording, rules: &Arc<RuleSet>, seen: &mut Seen) {
    let start = Instant::now();
    let (cols, rows) = recording.size;
    let mut watch = PaneWatch::new(Arc::clone(rules), cols, rows, start);
    let mut clock = start;
    let mut typed: Option<String> = None;
    let mut fingerprints: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (at, step) in &recording.steps {
        let now = start + Duration::from_secs_f64(*at);
        while let Some(due) = watch.next_deadline(clock).filter(|due| *due < now) {
            clock = due.max(clock) + Duration::from_micros(1);
            watch.poll(clock);
        }
        clock = now;
        take(&mut watch, step, Sources::BytesOnly, now);
        if watch.needs_screen() {
            watch.seed(cols, rows, b"", None, now);
        }
        let Some(look) = watch.look(now) else {
            continue;
        };
        let is_in = |of: &recording::Verdict| of.from + 1.0 < *at && *at <= of.to;
        let verdict = recording.verdicts.iter().position(is_in);
        if let (Some(dialog), Some(verdict)) = (&look.dialog, verdict) {
            let known = fingerprints.entry(verdict).or_default();
            known.insert(dialog.dialog.fingerprint.clone());
        }
        let Step::Mark(mark) = step else {
            continue;
        };
        let waits = verdict.is_some_and(|verdict| recording.verdicts[verdict].state == "waiting");
        let is_hidden = matches!(look.composer, ComposerLook::Hidden | ComposerLook::Unknown);
        match (mark.split_once(": "), typed.take()) {
            (Some(("typed", text)), _) if !waits => {
                match look.composer {
                    ComposerLook::Empty => seen.empty += 1,
                    other => seen.wrong.push(format!(
                        "{} at {at}: not empty but {other:?}",
                        recording.name
                    )),
                }
                typed = Some(text.to_owned());
            }
            (Some(("key", "Enter")), Some(text)) => match &look.composer {
                ComposerLook::Text { text: shown, .. } if squeezed(shown) == squeezed(&text) => {
                    seen.typed += 1;
                }
                // It drew what was typed later than 0.6 s, on the machine on which it was recorded.
                ComposerLook::Empty if recording.agent == "copilot" => {}
                other => seen.wrong.push(format!(
                    "{} at {at}: {text:?} was typed, and there is {other:?}",
                    recording.name
                )),
            },
            (Some(("key", "Enter" | "Down")), None) if waits && is_hidden => match &look.dialog {
                Some(dialog) if dialog.dialog.options.len() > 1 => {
                    let sure = dialog.chosen.is_some() || !dialog.keys.is_empty();
                    seen.dialogs += u32::from(sure);
                }
                other => seen.wrong.push(format!(
                    "{} at {at}: a dialog is answered, and there is {other:?}",
                    recording.name
                )),
            },
            _ => {}
        }
    }
    for (verdict, found) in fingerprints {
        // In another size other rows are in sight.
        if found.len() > 1 && !recording.name.ends_with("/resized") {
            let state = &recording.verdicts[verdict].state;
            seen.wrong.push(format!(
                "{}: {} fingerprints in one {state}",
                recording.name,
                found.len()
            ));
        }
    }
}

#[test]
fn composers_and_dialogs_of_real_agents_are_read() {
    let rules = Arc::new(RuleSet::built_in().unwrap());
    let mut agents: BTreeMap<String, Seen> = BTreeMap::new();
    for recording in recording::all() {
        let version = format!("{}-{}", recording.agent, recording.version);
        play(&recording, &rules, agents.entry(version).or_default());
    }
    let mut wrong = Vec::new();
    let mut counts = [0, 0, 0];
    for seen in agents.values() {
        let found = [seen.empty, seen.typed, seen.dialogs];
        counts
            .iter_mut()
            .zip(found)
            .for_each(|(count, found)| *count += found);
        wrong.extend(seen.wrong.iter().cloned());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let [empty, typed, dialogs] = counts;
    assert!(empty > 190 && typed > 175 && dialogs > 45, "{counts:?}");
}

/// The signs that stand before the choice that is chosen now.
const SIGNS: &[char] = &['❯', '›', '●', '•', '>'];

/// Such a screen once somebody has moved the sign to each of the other choices; none if it has no sign.
fn moved(view: &View) -> Vec<View> {
    let is_choice = |line: &str, number: usize| {
        let inner = line.trim_start_matches(|one: char| {
            one.is_whitespace() || SIGNS.contains(&one) || "│┃║".contains(one)
        });
        inner.starts_with(&format!("{number}. "))
    };
    let row_of = |number| {
        let lines = view.lines.iter();
        lines.into_iter().rposition(|line| is_choice(line, number))
    };
    // What is numbered further up is no choice.
    let mut rows: Vec<usize> = Vec::new();
    for row in (1..10).map_while(row_of) {
        if rows.last().is_some_and(|last| *last > row) {
            break;
        }
        rows.push(row);
    }
    let signed = |row: &&usize| view.lines[**row].contains(SIGNS);
    let Some(&from) = rows.iter().find(signed) else {
        return Vec::new();
    };
    let sign = view.lines[from].find(SIGNS).unwrap();
    let column = view.lines[from][..sign].chars().count();
    let mark = view.lines[from][sign..].chars().next().unwrap();
    let put = |line: &str, one: char| -> String {
        let marked = |(at, old)| if at == column { one } else { old };
        line.chars().enumerate().map(marked).collect()
    };
    let others = rows.iter().filter(|row| **row != from);
    let move_to = |to: &usize| {
        let mut view = view.clone();
        view.lines[from] = put(&view.lines[from], ' ');
        view.lines[*to] = put(&view.lines[*to], mark);
        view
    };
    others.map(move_to).collect()
}

#[test]
fn a_dialog_is_one_wherever_its_sign_stands() {
    let rules = RuleSet::built_in().unwrap();
    let (mut count, mut wrong) = (0, BTreeSet::new());
    for recording in recording::all() {
        let agent = rules.agent(&recording.agent).unwrap();
        agent.prepare();
        let (cols, rows) = recording.size;
        let mut shown = Shown::new(cols, rows, Instant::now());
        for (at, step) in &recording.steps {
            match step {
                Step::Output(text) => shown.output(text.as_bytes()),
                // The screen of another size begins anew, and dialogs are looked at before.
                Step::Resize(..) => break,
                Step::Mark(_) => {
                    let mut view = shown.view();
                    view.title = None;
                    let state =
                        |view: &View| explain_view(agent, view).counting().map(|rule| rule.state);
                    if state(&view) != Some(Some(State::Waiting)) {
                        continue;
                    }
                    for other in moved(&view) {
                        count += 1;
                        if state(&other) != Some(Some(State::Waiting)) {
                            wrong.insert(format!(
                                "{} at {at}:\n{}",
                                recording.name,
                                other.lines.join("\n")
                            ));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", Vec::from_iter(wrong).join("\n"));
    assert!(count > 60, "{count}");
}
