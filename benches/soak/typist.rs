//! Terminals that type and paste: every byte must arrive, once and in order.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::LONG;
use crate::follower::{Came, Follower};
use crate::support::random::Random;
use crate::support::{TmuxServer, holds_within, wait_until};
use crate::world::{World, until_pong};

/// What is typed into a pane, and the file in which the program there keeps it.
pub struct Sheet {
    name: &'static str,
    file: PathBuf,
    typed: Vec<u8>,
    /// How much of it has been seen in the file.
    seen: usize,
}

impl Sheet {
    /// A session of this name, whose program writes down what it gets.
    pub fn new(tmux: &TmuxServer, name: &'static str) -> Self {
        let file = tmux.folder().join(name);
        let shown = file.display();
        let script = format!("stty raw -echo; printf READY; exec cat > {shown}");
        let (_, pane) = tmux.new_session(name, &script);
        wait_until("the pane is ready", LONG, || {
            tmux.run(["capture-pane", "-p", "-t", &pane])
                .contains("READY")
        });
        Self {
            name,
            file,
            typed: Vec::new(),
            seen: 0,
        }
    }

    /// Waits until all is there; what is wrong if it isn't.
    pub fn check(&mut self) -> Result<(), String> {
        let name = self.name;
        let expected = self.typed.len() as u64;
        let length = || fs::metadata(&self.file).unwrap().len();
        if !holds_within(LONG, || length() >= expected) {
            return Err(format!("{name}: {} of {expected} bytes arrived", length()));
        }
        let found = fs::read(&self.file).unwrap();
        let same = found[self.seen..] == self.typed[self.seen..];
        self.seen = self.typed.len().min(found.len());
        same.then_some(())
            .ok_or_else(|| format!("{name}: what arrived is not what was typed"))
    }

    pub fn length(&self) -> usize {
        self.typed.len()
    }
}

fn terminal(world: &World, name: &str) -> Follower {
    let mut client = Follower::connect_to(
        world.address(),
        &format!("/ws/terminal/{name}"),
        Some(&world.token),
    );
    client.find("auth.response");
    client.say(&json!({ "type": "connect" }));
    client.find("connect");
    client
}

/// Types what `text` says, until the end; each time the terminal is another one.
fn type_all(
    world: &World,
    random: &mut Random,
    which: usize,
    paste: bool,
    text: impl Fn(&mut Random) -> String,
) {
    let sheet = &world.sheets[which];
    while !world.is_stopping() {
        let name = sheet.lock().unwrap().name;
        let mut client = terminal(world, name);
        for _ in 0..5 + random.below(40) {
            if world.is_stopping() {
                return;
            }
            let text = text(random);
            {
                let _change = world.change();
                let mut sheet = sheet.lock().unwrap();
                sheet.typed.extend_from_slice(text.as_bytes());
                client.say(&json!({ "type": "input", "data": text, "paste": paste }));
                let taken = until_pong(&mut client, refuse_errors);
                assert_eq!(taken, Ok(()));
            }
            world.count(if paste { "pastes" } else { "keys" });
            world.pause_between(random, 20, if paste { 800 } else { 120 });
        }
    }
}

fn refuse_errors(came: &Came) {
    if let Came::Said(message) = came {
        assert!(message["type"] != "error", "{message}");
    }
}

pub fn keys(world: &World, random: &mut Random) {
    type_all(world, random, 0, false, |random| {
        let keys = [
            "a",
            "\r",
            "\u{1b}[A",
            "\u{e9}",
            "\u{4e2d}",
            "\t",
            " ",
            "'",
            "#{pid}",
            ";",
            "\u{3}",
            "\u{1f600}",
        ];
        keys[random.below(keys.len())].to_owned()
    });
}

pub fn pastes(world: &World, random: &mut Random) {
    type_all(world, random, 1, true, |random| {
        let lines = 1 + random.below(200);
        let line = |number| format!("{number:04} {:016x} # ; $HOME \"'\n", random.next());
        (0..lines).map(line).collect()
    });
    world.pause(Duration::ZERO);
}
