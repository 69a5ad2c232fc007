//! Sizes that terminals wish for their windows: applied as long as somebody wishes, and undone behind the last one.
//!
//! A size that was set is manual for tmux from then on, so it is only ever set on an explicit wish. What the window had
//! before is asked for in the same line as the first size is set, and is what it gets back when the last wish has gone.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::mem;

use tokio::sync::oneshot;

use super::action::Action;
use super::request::{ClientNumber, ResizeError, SizeWish};
use crate::control::{Body, Command, Sizing, WindowSize};
use crate::ids::WindowId;
use crate::model::State;
use crate::tmux::{LinkId, ReplyError};

/// Where the outcome of a wish goes.
pub(super) type ResizeReply = oneshot::Sender<Result<(), ResizeError>>;

/// The wishes for all windows.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    windows: BTreeMap<WindowId, Wished>,
    under_way: HashMap<u64, UnderWay>,
    settling: HashMap<u64, Settling>,
    last: u64,
}

#[derive(Debug, Default)]
struct Wished {
    /// By client: the size, and when it was wished.
    wishes: BTreeMap<ClientNumber, (WindowSize, u64)>,
    largest: bool,
    /// What tmux was asked for last.
    applied: Option<WindowSize>,
    /// What the window had before; nothing until tmux has said it.
    own: Option<Own>,
}

/// What is undone to.
#[derive(Debug, Clone, Copy, Default)]
struct Own {
    /// The size, which stays if no client of tmux gives the window another one.
    size: Option<WindowSize>,
    /// What was set for the window alone.
    sizing: Option<Sizing>,
}

/// A wish that tmux carries out.
#[derive(Debug)]
struct UnderWay {
    window: WindowId,
    client: ClientNumber,
    reply: ResizeReply,
    /// What tmux was asked for before.
    before: Option<WindowSize>,
    /// What the window had before all wishes, as far as it is known, if that is asked for as well.
    asks: Option<Own>,
}

/// A size that nobody waits for, on its way to tmux.
#[derive(Debug)]
struct Settling {
    window: WindowId,
    /// What tmux was asked for before, and is asked for now.
    before: Option<WindowSize>,
    target: Option<WindowSize>,
    own: Option<Own>,
    /// The commands that have not been answered.
    left: usize,
}

impl Sizes {
    /// A client wishes a size, in place of the one that it wished before.
    pub(super) fn wish(
        &mut self,
        link: Option<LinkId>,
        tag: u64,
        wish: SizeWish,
        reply: ResizeReply,
        actions: &mut Vec<Action>,
    ) {
        let Some(link) = link else {
            return answer(reply, Err(ResizeError::Unavailable));
        };
        self.last += 1;
        // It shows one window at a time.
        for (window, wished) in &mut self.windows {
            if *window != wish.window {
                wished.wishes.remove(&wish.client);
            }
        }
        let window = wish.window;
        let wished = self.windows.entry(window).or_default();
        wished.largest = wish.largest;
        wished.wishes.insert(wish.client, (wish.size, self.last));
        let Some(size) = wished.target().filter(|size| wished.applied != Some(*size)) else {
            return answer(reply, Ok(()));
        };
        let before = wished.applied.replace(size);
        let mut commands = Vec::new();
        if before.is_none() {
            commands.push(Command::WindowExtent { window });
            commands.push(Command::WindowSizing { window });
        }
        commands.push(Command::ResizeWindow { window, size });
        let under_way = UnderWay {
            window,
            client: wish.client,
            reply,
            before,
            asks: before.is_none().then(Own::default),
        };
        self.under_way.insert(tag, under_way);
        actions.push(Action::Send {
            link,
            tag,
            commands,
        });
    }

    /// A client is gone, or shows another window.
    pub(super) fn leave(&mut self, client: ClientNumber) {
        for wished in self.windows.values_mut() {
            wished.wishes.remove(&client);
        }
    }

    /// Brings windows to what is wished now; those that nobody wishes anything for get back what they had.
    pub(super) fn settle(
        &mut self,
        link: LinkId,
        mut next_tag: impl FnMut() -> u64,
        actions: &mut Vec<Action>,
    ) {
        for (&window, wished) in &mut self.windows {
            let target = wished.target();
            if target == wished.applied {
                continue;
            }
            let is_asked = |one: &UnderWay| one.window == window && one.asks.is_some();
            let commands = match target {
                Some(size) => vec![Command::ResizeWindow { window, size }],
                // It is undone when tmux has said to what.
                None if self.under_way.values().any(is_asked) => continue,
                None => wished.own.unwrap_or_default().undo(window),
            };
            let before = mem::replace(&mut wished.applied, target);
            if commands.is_empty() {
                continue;
            }
            let tag = next_tag();
            let settling = Settling {
                window,
                before,
                target,
                own: wished.own,
                left: commands.len(),
            };
            self.settling.insert(tag, settling);
            actions.push(Action::Send {
                link,
                tag,
                commands,
            });
        }
        self.windows.retain(|_, wished| wished.applied.is_some());
    }

    /// Whether a tag belongs to commands from here.
    pub(super) fn owns(&self, tag: u64) -> bool {
        self.under_way.contains_key(&tag) || self.settling.contains_key(&tag)
    }

    /// tmux has answered a command, or it did not reach it. Returns whether a wish is answered with it.
    pub(super) fn reply(
        &mut self,
        tag: u64,
        command: &Command,
        outcome: Result<Body, ReplyError>,
    ) -> bool {
        self.settled(tag, &outcome);
        let Some(under_way) = self.under_way.get_mut(&tag) else {
            return false;
        };
        if let (Some(own), Ok(body)) = (&mut under_way.asks, &outcome) {
            let line = body.lines().next().unwrap_or_default();
            match command {
                Command::WindowExtent { .. } => own.size = WindowSize::from_reply(line),
                Command::WindowSizing { .. } => own.sizing = Sizing::from_word(line),
                _ => {}
            }
        }
        if !matches!(command, Command::ResizeWindow { .. }) {
            return false;
        }
        let Some(under_way) = self.under_way.remove(&tag) else {
            return false;
        };
        if let Some(wished) = self.windows.get_mut(&under_way.window) {
            wished.own = wished.own.or(under_way.asks);
        }
        let outcome = outcome.map(|_| ()).map_err(|error| match error {
            ReplyError::LinkClosed => ResizeError::Unavailable,
            other => ResizeError::Tmux(other.to_string()),
        });
        answer(under_way.reply, outcome);
        true
    }

    /// tmux has answered a command that nobody waits for, or it did not reach it.
    fn settled(&mut self, tag: u64, outcome: &Result<Body, ReplyError>) {
        let Entry::Occupied(mut settling) = self.settling.entry(tag) else {
            return;
        };
        if matches!(outcome, Err(ReplyError::LinkClosed)) {
            let settling = settling.remove();
            return self.unsettle(settling);
        }
        settling.get_mut().left -= 1;
        if settling.get().left == 0 {
            settling.remove();
        }
    }

    /// The next time it is tried again, if nobody has wished another size meanwhile.
    fn unsettle(&mut self, settling: Settling) {
        let wished = self.windows.entry(settling.window).or_default();
        if wished.applied == settling.target {
            wished.applied = settling.before;
        }
        wished.own = settling.own.or(wished.own);
    }

    /// The commands of a tag could not be handed to the link.
    pub(super) fn not_sent(&mut self, tag: u64) {
        if let Some(settling) = self.settling.remove(&tag) {
            return self.unsettle(settling);
        }
        let Some(under_way) = self.under_way.remove(&tag) else {
            return;
        };
        if let Some(wished) = self.windows.get_mut(&under_way.window) {
            wished.applied = under_way.before;
            wished.wishes.remove(&under_way.client);
        }
        answer(under_way.reply, Err(ResizeError::Busy));
    }

    /// Windows that are gone need nothing any more.
    pub(super) fn listed(&mut self, state: &State) {
        self.windows
            .retain(|window, _| state.windows.contains_key(window));
    }

    /// The server is gone, and the windows of the next one are others.
    pub(super) fn clear(&mut self) {
        self.windows.clear();
        self.settling.clear();
    }
}

impl Own {
    fn undo(self, window: WindowId) -> Vec<Command> {
        let resize = self.size.map(|size| Command::ResizeWindow { window, size });
        let sizing = match self.sizing {
            // That is what a size that was set leaves behind.
            Some(Sizing::Manual) => None,
            Some(sizing) => Some(Command::SetWindowSizing { window, sizing }),
            None => Some(Command::UnsetWindowSize { window }),
        };
        resize.into_iter().chain(sizing).collect()
    }
}

impl Wished {
    fn target(&self) -> Option<WindowSize> {
        if !self.largest {
            let newest = self.wishes.values().max_by_key(|(_, when)| *when);
            return newest.map(|(size, _)| *size);
        }
        let sizes = || self.wishes.values().map(|(size, _)| size);
        let columns = sizes().map(|size| size.columns()).max()?;
        WindowSize::new(columns, sizes().map(|size| size.rows()).max()?)
    }
}

fn answer(reply: ResizeReply, outcome: Result<(), ResizeError>) {
    if reply.send(outcome).is_err() {
        tracing::debug!("the client that wished a size is gone");
    }
}

#[cfg(test)]
#[path = "sizes_tests.rs"]
mod tests;
