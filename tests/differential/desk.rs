//! A tmux server in which programs run one after the other, each watched by some clients.

use std::path::{Path, PathBuf};
use std::time::Duration;

use muxwire::bridge::Settings;
use muxwire::ids::PaneId;
use muxwire::model::ChangeKind;
use tokio::time::timeout;

use super::dialect::Dialect;
use super::emulator::{Shown, Size};
use super::pane::tmux_shows;
use super::quiet::{Stopped, mark};
use super::viewer::{Form, Seen, Viewer};
use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::served::Served;
use crate::support::{Program, TmuxServer};

/// How long a program may take for anything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(9);

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Cells, cursor and modes.
    Cells,
    /// Cells only: tmux and the emulator do not agree on how wide some characters are.
    Text,
}

/// A server, the bridge behind it, and the program that runs now.
pub struct Desk {
    server: TmuxServer,
    bridge: LiveBridge,
    served: Served,
    dialect: Dialect,
    folder: PathBuf,
    pane: String,
    look: Look,
    /// The clients of the program: one in binary from the beginning, one as JSON that comes and goes, one that is slow.
    viewers: Vec<Viewer>,
    pub looks: u32,
    pub begun: u32,
    pub seen: Seen,
}

impl Desk {
    pub async fn start(program: &Program) -> Self {
        let server = TmuxServer::start(program);
        let folder = server.folder().join("desk");
        std::fs::create_dir(&folder).unwrap();
        server.run(["set-option", "-g", "automatic-rename", "off"]);
        // Without bright backgrounds where a capture can't show them.
        let dialect = Dialect::of(&program.version.to_string());
        let term = if dialect.reports_bright_backgrounds() {
            "screen-256color"
        } else {
            "screen"
        };
        server.run(["set-option", "-g", "default-terminal", term]);
        // Old versions report an end only when they are asked.
        let settings = Settings {
            reconcile: Duration::from_millis(500),
            ..SETTINGS
        };
        let bridge = LiveBridge::start_with(server.tmux().await, settings, None);
        bridge.settled().await;
        Self {
            served: bridge.serve().await,
            dialect,
            server,
            bridge,
            folder,
            pane: String::new(),
            look: Look::Cells,
            viewers: Vec::new(),
            looks: 0,
            begun: 0,
            seen: Seen::default(),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a shell command in a window of its own and opens its pane.
    pub async fn begin(&mut self, command: &str, look: Look) {
        // The shell waits for its program, and lives on while that is stopped.
        let command = command.replace("{}", self.folder.to_str().unwrap());
        let command = format!("export LC_ALL=C.UTF-8; {command}; :");
        let pane = self.server.new_window(&command);
        self.pane = pane.to_string();
        self.bridge
            .until("the pane is known", |state| state.panes.contains_key(&pane))
            .await;
        for option in [["remain-on-exit", "on"], ["window-size", "manual"]] {
            self.server
                .run(["set-option", "-w", "-t", &self.pane, option[0], option[1]]);
        }
        self.look = look;
        self.begun += 1;
        self.viewers.clear();
        for (binary, ack_window) in [(true, None), (false, None), (true, Some(4096))] {
            let form = Form {
                binary,
                ack_window,
                scrollback: None,
            };
            let mut viewer = Viewer::new(self.served.address, &self.pane, form);
            viewer.pid = u64::from(self.pid());
            viewer.open(false).await;
            viewer.reach(0).await;
            self.viewers.push(viewer);
        }
    }

    pub fn type_keys(&self, keys: &[&str]) {
        let arguments = ["send-keys", "-t", &self.pane];
        self.server.run(arguments.iter().chain(keys));
    }

    pub fn tmux(&self, arguments: &[&str]) {
        let window = self.server.value(&self.pane, "#{window_id}");
        let filled = arguments.iter().map(|argument| match *argument {
            "{}" => self.pane.clone(),
            "{window}" => window.clone(),
            other => other.to_owned(),
        });
        self.server.run(filled);
    }

    /// Has another program take the place of this one, and waits until the clients have heard of it: old versions
    /// report it only when they are asked.
    pub async fn respawn(&mut self, command: &str) {
        let known = u64::from(self.pid());
        self.server
            .run(["respawn-pane", "-k", "-t", &self.pane, command]);
        self.viewers[1].open(true).await;
        for (number, viewer) in self.viewers.iter_mut().enumerate() {
            if number != 1 {
                viewer.until_respawned(known).await;
            }
        }
        // Whether it came back before that was reported is chance; now it has nothing more to hear of it.
        self.viewers[1].open(true).await;
        self.viewers[1].pid = u64::from(self.pid());
    }

    /// Waits until the first client shows a text.
    pub async fn until(&mut self, text: &str) {
        let viewer = &mut self.viewers[0];
        let shows = async {
            while !viewer.shown().text().contains(text) {
                viewer.take().await;
            }
        };
        if timeout(PATIENCE, shows).await.is_err() {
            let tmux = tmux_shows(&self.server, &self.pane).text();
            panic!(
                "{text:?} does not show, but\n{}tmux:\n{tmux}",
                self.viewers[0].shown().text()
            );
        }
    }

    /// Stops the program, compares what the clients show with tmux, and lets it go on.
    pub async fn check(&mut self) {
        let stopped = Stopped::new(self.pid());
        self.looks += 1;
        let title = format!("quiet-{}-{}", self.begun, self.looks);
        mark(&self.server, &self.pane, &title);
        let offset = self.offset_of(&title).await;
        // One comes back to where it was, one sometimes as new.
        self.viewers[1].open(true).await;
        if self.looks % 2 == 1 {
            self.viewers[2].open(false).await;
        }
        let tmux = self.tmux_shows();
        let size = size_of(&tmux);
        for viewer in &mut self.viewers {
            viewer.reach(offset).await;
            viewer.until_size(size).await;
        }
        self.compare(&tmux);
        drop(stopped);
        // It misses what comes until the next look.
        self.viewers[1].leave();
    }

    /// Waits until the pane's process has ended, compares, and closes the window.
    pub async fn dies(&mut self) {
        let [first, second, third] = &mut self.viewers[..] else {
            panic!("there are three");
        };
        first.until_dead().await;
        third.until_dead().await;
        second.open(false).await;
        second.reach(first.offset()).await;
        self.looks += 1;
        let tmux = self.tmux_shows();
        self.compare(&tmux);
        for viewer in self.viewers.drain(..) {
            self.seen.add(viewer.seen);
        }
        self.server.run(["kill-window", "-t", &self.pane]);
    }

    pub async fn stop(self) {
        self.bridge.stop().await;
    }

    fn pid(&self) -> u32 {
        let pid = self.server.value(&self.pane, "#{pane_pid}");
        pid.parse().unwrap()
    }

    fn tmux_shows(&self) -> Shown {
        tmux_shows(&self.server, &self.pane)
    }

    fn compare(&self, tmux: &Shown) {
        for viewer in &self.viewers {
            let mut shown = self.dialect.as_captured_late(viewer.shown(), tmux);
            if self.look == Look::Text {
                shown.cursor = tmux.cursor;
            }
            let differs = shown.differs(tmux);
            assert!(
                differs.is_empty(),
                "look {} with {:?}, {:?}:\n{differs}\nshown:\n{}\ntmux:\n{}",
                self.looks,
                viewer.form(),
                viewer.seen,
                shown.text(),
                tmux.text()
            );
        }
    }

    /// Where the output ends that sets a title.
    async fn offset_of(&mut self, title: &str) -> u64 {
        let wanted: PaneId = self.pane.parse().unwrap();
        let mark = format!("]2;{title}\x1b\\").into_bytes();
        let (mut tail, mut end) = (Vec::new(), 0);
        loop {
            let event = self
                .bridge
                .event(title, |event| event.change.pane == Some(wanted))
                .await;
            let ChangeKind::PaneOutput { offset, bytes } = &event.change.kind else {
                continue;
            };
            if end != *offset {
                tail.clear();
            }
            tail.extend_from_slice(bytes);
            end = offset + bytes.len() as u64;
            let found = tail.windows(mark.len()).position(|part| part == mark);
            if let Some(at) = found {
                return end - (tail.len() - at - mark.len()) as u64;
            }
            let kept = tail.len().saturating_sub(mark.len());
            tail.drain(..kept);
        }
    }
}

fn size_of(shown: &Shown) -> Size {
    Size {
        cols: shown.rows[0].len(),
        rows: shown.rows.len(),
    }
}
