//! What `watches` wants done, without a bridge, a clock or processes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::processes::Seen;
use super::watches::{Effect, Watches};
use crate::agent::{Process, RuleSet};
use crate::bridge::ScreenError;
use crate::ids::{PaneId, WindowId};
use crate::model::{Pane, State};

const PANE: PaneId = PaneId(7);
const ROOT: u32 = 100;
const SECOND: Duration = Duration::from_secs(1);

/// A pane in which a shell runs, and time that passes when the test says so.
struct Scene {
    watches: Watches,
    state: State,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        let rules = Arc::new(RuleSet::built_in().unwrap());
        let mut scene = Self {
            watches: Watches::new(rules),
            state: State::default(),
            now: Instant::now(),
        };
        scene.pane(ROOT, 80);
        scene
    }

    /// The pane is this now.
    fn pane(&mut self, pid: u32, width: u32) {
        let pane = Pane {
            id: PANE,
            window: WindowId(1),
            index: 0,
            width,
            height: 24,
            pid,
            exit: None,
            mode: None,
            title: String::new(),
            command: "sh".to_owned(),
            path: "/".to_owned(),
        };
        self.state.panes.insert(PANE, pane);
        self.watches.sync(&self.state, self.now);
    }

    /// What is to be done now, each in a word.
    fn effects(&mut self) -> Vec<&'static str> {
        self.watches.tick(self.now);
        let effects = self.watches.take_effects();
        let word = |effect: &Effect| match effect {
            Effect::Look { .. } => "look",
            Effect::Seed { .. } => "seed",
            Effect::AwaitEnd { .. } => "await",
            Effect::Started { .. } => "started",
            Effect::Changed { .. } => "changed",
            Effect::Used { .. } => "used",
            Effect::Find(_) => "find",
            Effect::Ended { .. } => "ended",
            Effect::Composing(_) => "composing",
        };
        effects.iter().map(word).collect()
    }

    /// A look has found these processes, the first one a shell.
    fn looked(&mut self, root: u32, below: &[(u32, &str)]) {
        let shell = process(root, 1, "sh");
        let below = below.iter().map(|(pid, name)| process(*pid, root, name));
        let processes: Vec<Process> = [shell].into_iter().chain(below).collect();
        let holds = self.watches.rules().identify(root, &processes).is_some();
        let end = holds.then(|| OwnedFd::from(File::open("/dev/null").unwrap()));
        let seen = Seen {
            processes,
            folder: None,
            end,
        };
        self.watches.looked((PANE, root), Some(seen), self.now);
    }

    /// Time passes until nothing is due any more. What was to be done meanwhile, whose looks find nothing new.
    fn rest(&mut self, below: &[(u32, &str)]) -> Vec<&'static str> {
        let mut done = self.effects();
        let mut rounds = 0;
        loop {
            if done.last() == Some(&"look") {
                self.looked(ROOT, below);
            }
            let Some(deadline) = self.watches.deadline(self.now) else {
                return done;
            };
            rounds += 1;
            assert!(rounds < 100, "it never comes to rest: {done:?}");
            self.now = deadline.max(self.now);
            done.extend(self.effects());
        }
    }
}

fn process(pid: u32, parent: u32, name: &str) -> Process {
    Process {
        pid,
        parent,
        name: name.to_owned(),
        arguments: vec![name.to_owned()],
        started: Some(u64::from(pid)),
        foreground: None,
    }
}

#[test]
fn a_pane_without_an_agent_comes_to_rest() {
    let mut scene = Scene::new();
    assert_eq!(scene.rest(&[]), ["look"; 5]);
    assert_eq!(scene.watches.figures(), (0, 0));
}

#[test]
fn an_agent_is_told_and_its_screen_asked_for_once() {
    let mut scene = Scene::new();
    assert_eq!(scene.effects(), ["look"]);
    scene.looked(ROOT, &[(101, "claude")]);
    assert_eq!(scene.effects(), ["await", "started", "seed"]);
    assert_eq!(
        scene.watches.deadline(scene.now),
        None,
        "the snapshot is waited for"
    );
    assert_eq!(scene.watches.figures(), (1, 80 * 24 * 40));
}

#[test]
fn a_snapshot_that_there_is_not_is_asked_for_again_ever_later() {
    let mut scene = Scene::new();
    scene.effects();
    scene.looked(ROOT, &[(101, "claude")]);
    scene.effects();
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        let error = Err(ScreenError::Unavailable);
        scene.watches.seeded((PANE, 1), error, scene.now);
        let retry = scene.now + wait * SECOND;
        assert_eq!(scene.watches.deadline(scene.now), Some(retry));
        assert_eq!(scene.effects(), [""; 0]);
        scene.now = retry;
        assert_eq!(scene.effects(), ["seed"]);
    }
    // What was asked for another agent is nothing for this one.
    scene
        .watches
        .seeded((PANE, 2), Err(ScreenError::Busy), scene.now);
    assert_eq!(scene.watches.deadline(scene.now), None);
}

#[test]
fn an_end_is_told_although_a_look_that_was_under_way_has_not_seen_it() {
    let mut scene = Scene::new();
    scene.effects();
    scene.looked(ROOT, &[(101, "claude")]);
    scene.effects();
    scene.pane(ROOT, 80);
    scene.watches.ended((PANE, 1), scene.now);
    assert_eq!(scene.effects(), ["look"]);
    scene.watches.ended((PANE, 1), scene.now);
    scene.looked(ROOT, &[(101, "claude")]);
    assert_eq!(scene.effects(), ["look"], "and once more");
    scene.looked(ROOT, &[]);
    let rest = scene.rest(&[]);
    assert_eq!(rest.iter().filter(|word| **word == "ended").count(), 1);
    assert_eq!(scene.watches.figures(), (0, 0));
}

#[test]
fn another_agent_in_a_pane_begins_behind_the_end_of_the_first() {
    let mut scene = Scene::new();
    scene.effects();
    scene.looked(ROOT, &[(101, "claude")]);
    scene.effects();
    scene.watches.ended((PANE, 1), scene.now);
    scene.effects();
    scene.looked(ROOT, &[(102, "claude")]);
    assert_eq!(scene.effects(), ["ended", "await", "started", "seed"]);
    // A respawned pane has none of what was before, and a look at what was there says nothing.
    scene.watches.ended((PANE, 2), scene.now);
    assert_eq!(scene.effects(), ["look"]);
    scene.pane(200, 80);
    assert_eq!(scene.effects(), ["ended"], "a look is under way");
    scene.looked(ROOT, &[(102, "claude")]);
    assert_eq!(scene.effects(), ["look"]);
    scene.looked(200, &[(201, "codex")]);
    assert_eq!(scene.effects(), ["await", "started", "seed"]);
}

#[test]
fn what_may_be_missing_makes_a_new_snapshot() {
    let mut scene = Scene::new();
    scene.effects();
    scene.looked(ROOT, &[(101, "claude")]);
    scene.effects();
    scene
        .watches
        .seeded((PANE, 1), Err(ScreenError::Busy), scene.now);
    scene.pane(ROOT, 100);
    assert_eq!(scene.effects(), ["seed"], "another size");
    scene
        .watches
        .seeded((PANE, 1), Err(ScreenError::Busy), scene.now);
    scene.watches.missed(scene.now);
    assert_eq!(scene.effects(), ["seed", "look"], "events that nobody has");
}

#[test]
fn what_an_earlier_life_has_said_is_taken_back() {
    let mut scene = Scene::new();
    let agent = crate::model::Agent::new(
        "claude",
        crate::model::AgentStatus::Busy,
        jiff::Timestamp::UNIX_EPOCH,
    );
    let mut watches = Watches::new(Arc::clone(scene.watches.rules()));
    scene.state.agents.insert(PANE, Arc::new(agent));
    watches.sync(&scene.state, scene.now);
    scene.watches = watches;
    assert_eq!(scene.effects(), ["look"]);
    scene.looked(ROOT, &[]);
    assert_eq!(scene.effects(), ["ended"]);
}

#[test]
fn agents_that_the_rules_no_longer_know_are_told_as_gone() {
    let mut scene = Scene::new();
    scene.effects();
    scene.looked(ROOT, &[(101, "claude")]);
    scene.effects();
    let none = "id = \"claude\"\nname = \"Claude Code\"\nreplace = true\nuntested = \"nothing\"\n\n[identify]\nnames = [\"another\"]\n";
    let rules = RuleSet::with(&[("claude.toml", none)]).unwrap();
    scene.watches.use_rules(Arc::new(rules), scene.now);
    assert_eq!(scene.effects(), ["look"]);
    scene.looked(ROOT, &[(101, "claude")]);
    assert_eq!(scene.effects(), ["ended"]);
}
