//! Clients that follow what there is: events must lead from snapshot to snapshot, each once and in order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::follower::{Came, Follower};
use crate::support::fold::Folded;
use crate::support::random::Random;
use crate::world::World;

/// Everything but output.
const TYPES: [&str; 14] = [
    "server.*",
    "session.*",
    "window.*",
    "client.*",
    "buffer.*",
    "pane.created",
    "pane.removed",
    "pane.active_changed",
    "pane.exited",
    "pane.command_changed",
    "pane.title_changed",
    "pane.path_changed",
    "pane.mode_changed",
    "pane.resized",
];

/// What a subscriber holds.
#[derive(Debug, Default)]
struct Held {
    folded: Folded,
    epoch: String,
    seq: u64,
}

impl Held {
    /// Takes in a message; the answer to a request, if that is what it is.
    fn take(&mut self, world: &World, came: Came) -> Option<Value> {
        let message = match came {
            Came::Said(message) => message,
            other => panic!("{other:?} was not asked for"),
        };
        let kind = message["type"].as_str().unwrap();
        if message["seq"].is_u64() && kind != "snapshot" && kind != "subscribed" {
            let seq = message["seq"].as_u64().unwrap();
            assert_eq!(message["epoch"], self.epoch, "{message}");
            if kind == "bookmark" {
                assert!(
                    seq >= self.seq,
                    "a bookmark goes back from {}: {message}",
                    self.seq
                );
            } else {
                assert!(seq > self.seq, "not behind {}: {message}", self.seq);
                self.folded.apply(&message);
                world.count("structural events");
            }
            self.seq = seq;
            return None;
        }
        (kind != "lagged").then_some(message)
    }

    fn begin_with(&mut self, snapshot: &Value) {
        self.folded = Folded::of_snapshot(snapshot);
        snapshot["epoch"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.epoch);
        self.seq = snapshot["seq"].as_u64().unwrap();
    }

    /// Reads until a message of this type comes.
    fn until(&mut self, world: &World, client: &mut Follower, kind: &str) -> Value {
        loop {
            if let Some(message) = self.take(world, client.next())
                && message["type"] == kind
            {
                return message;
            }
        }
    }

    fn subscribe(&mut self, world: &World, client: &mut Follower) {
        if self.epoch.is_empty() {
            client.say(&json!({ "action": "snapshot" }));
            let snapshot = client.find("snapshot");
            self.begin_with(&snapshot);
        }
        let since = json!({ "epoch": self.epoch, "seq": self.seq });
        client
            .say(&json!({ "action": "subscribe", "filters": { "types": TYPES }, "since": since }));
        let subscribed = client.find("subscribed");
        if subscribed["recovered"] == true {
            return world.count("subscriptions resumed");
        }
        world.count("subscriptions begun anew");
        let snapshot = client.find("snapshot");
        self.begin_with(&snapshot);
    }

    /// A fresh snapshot must be what the events led to.
    fn check(&mut self, world: &World, client: &mut Follower) {
        client.say(&json!({ "action": "snapshot" }));
        let snapshot = self.until(world, client, "snapshot");
        let fresh = Folded::of_snapshot(&snapshot);
        if self.folded != fresh {
            let differs = format!(
                "the events lead to {:#?}, and the snapshot is {fresh:#?}",
                self.folded
            );
            self.folded = fresh;
            panic!("{differs}");
        }
        self.seq = self.seq.max(snapshot["seq"].as_u64().unwrap());
        world.count("states compared");
    }
}

fn follow(world: &World, random: &mut Random, most: usize) {
    let mut held = Held::default();
    while !world.is_stopping() {
        let mut client = world.client();
        held.subscribe(world, &mut client);
        for _ in 0..1 + random.below(most) {
            held.check(world, &mut client);
            if world.is_stopping() {
                return;
            }
            world.pause_between(random, 100, 900);
        }
    }
}

pub fn steady(world: &World, random: &mut Random) {
    follow(world, random, 1_000_000);
}

pub fn returning(world: &World, random: &mut Random) {
    follow(world, random, 6);
}

/// Asks for snapshots with screens.
pub fn snapshots(world: &World, random: &mut Random) {
    let mut client = world.client();
    while !world.is_stopping() {
        client.say(&json!({ "action": "snapshot", "screen": true }));
        let snapshot = client.find("snapshot");
        let sessions = snapshot["sessions"].as_array().unwrap();
        assert!(sessions.len() >= 4, "{snapshot}");
        world.count("snapshots with screens");
        world.pause_between(random, 300, 2000);
    }
    world.pause(Duration::ZERO);
}
