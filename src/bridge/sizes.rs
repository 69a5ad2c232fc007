//! Sizes that terminals wish for their windows: applied as long as somebody wishes, and undone behind the last one.
//!
//! A size that was set is manual for tmux from then on, so it is only ever set on an explicit wish. What the window had
//! before is asked for in the same line as the first size is set, and is what it gets back when the last wish has gone.

use std::collections::{BTreeMap, HashMap};

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
    pub(super) fn settle(&mut self, link: LinkId, tag: u64, actions: &mut Vec<Action>) {
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
            wished.applied = target;
            actions.push(Action::Send {
                link,
                tag,
                commands,
            });
        }
        self.windows.retain(|_, wished| wished.applied.is_some());
    }

    /// Whether a tag belongs to a wish that is to be answered.
    pub(super) fn owns(&self, tag: u64) -> bool {
        self.under_way.contains_key(&tag)
    }

    /// tmux has answered a command, or it did not reach it. Returns whether that was the last one.
    pub(super) fn reply(
        &mut self,
        tag: u64,
        command: &Command,
        outcome: Result<Body, ReplyError>,
    ) -> bool {
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
            wished.own = under_way.asks.or(wished.own);
        }
        let outcome = outcome.map(|_| ()).map_err(|error| match error {
            ReplyError::LinkClosed => ResizeError::Unavailable,
            other => ResizeError::Tmux(other.to_string()),
        });
        answer(under_way.reply, outcome);
        true
    }

    /// The commands of a tag could not be handed to the link.
    pub(super) fn not_sent(&mut self, tag: u64) {
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
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;

    const LINK: LinkId = LinkId(1);

    /// What is asked for before the first size is set.
    const ASKED: &str = "display-message -t '@3' -p '#{window_width} #{window_height}'; show-options -t '@3' -wqv window-size; ";
    /// The size from before, and no longer a manual one.
    const UNDONE: &str = "resize-window -t '@3' -x 200 -y 50; set-option -t '@3' -uw window-size";

    struct Desk {
        sizes: Sizes,
        tag: u64,
        /// What is set for the window.
        sizing: &'static str,
    }

    impl Desk {
        fn new() -> Self {
            Self {
                sizes: Sizes::default(),
                tag: 0,
                sizing: "",
            }
        }

        /// What is sent to tmux for a wish, as text, and what the terminal receives at once.
        fn wish(&mut self, terminal: u64, columns: u32, rows: u32, largest: bool) -> String {
            self.tag += 1;
            let wish = SizeWish {
                window: WindowId(3),
                client: ClientNumber(terminal),
                size: WindowSize::new(columns, rows).unwrap(),
                largest,
            };
            let (reply, mut outcome) = oneshot::channel();
            let mut actions = Vec::new();
            self.sizes
                .wish(Some(LINK), self.tag, wish, reply, &mut actions);
            let sent = shown(&actions);
            assert_eq!(outcome.try_recv().is_ok(), sent.is_empty(), "{sent}");
            if !sent.is_empty() {
                assert!(self.sizes.owns(self.tag));
                self.answer(&actions);
                assert_eq!(outcome.try_recv().unwrap(), Ok(()));
            }
            sent
        }

        fn answer(&mut self, actions: &[Action]) {
            let Some(Action::Send { commands, .. }) = actions.first() else {
                return;
            };
            for command in commands {
                let body = match command {
                    Command::WindowExtent { .. } => "200 50\n",
                    Command::WindowSizing { .. } => self.sizing,
                    _ => "",
                };
                let is_last = matches!(command, Command::ResizeWindow { .. });
                let body = Ok(Body::new(body.into()));
                assert_eq!(self.sizes.reply(self.tag, command, body), is_last);
            }
        }

        fn leave(&mut self, terminal: u64) -> String {
            let mut actions = Vec::new();
            self.sizes.leave(ClientNumber(terminal));
            self.sizes.settle(LINK, 99, &mut actions);
            shown(&actions)
        }
    }

    fn shown(actions: &[Action]) -> String {
        let sent = actions.iter().flat_map(|action| match action {
            Action::Send { commands, .. } => commands.iter().map(Command::to_string),
            other => panic!("{other:?}"),
        });
        sent.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_last_wish_counts_and_is_undone_behind_the_last_terminal() {
        let mut desk = Desk::new();
        assert_eq!(
            desk.wish(1, 100, 30, false),
            format!("{ASKED}resize-window -t '@3' -x 100 -y 30")
        );
        assert_eq!(desk.wish(1, 100, 30, false), "", "it has this size");
        assert_eq!(
            desk.wish(2, 80, 24, false),
            "resize-window -t '@3' -x 80 -y 24"
        );
        assert_eq!(desk.leave(2), "resize-window -t '@3' -x 100 -y 30");
        assert_eq!(desk.leave(1), UNDONE);
        assert_eq!(desk.leave(1), "", "nothing is left to undo");
    }

    #[test]
    fn what_was_set_for_the_window_comes_back() {
        let rows = [
            ("manual\n", "resize-window -t '@3' -x 200 -y 50"),
            (
                "largest\n",
                "resize-window -t '@3' -x 200 -y 50; set-option -t '@3' -w window-size largest",
            ),
        ];
        for (sizing, undone) in rows {
            let mut desk = Desk::new();
            desk.sizing = sizing;
            desk.wish(1, 100, 30, false);
            assert_eq!(desk.leave(1), undone);
        }
    }

    #[test]
    fn who_leaves_before_tmux_has_answered_is_undone_when_it_has() {
        let mut desk = Desk::new();
        let (reply, _outcome) = oneshot::channel();
        let mut actions = Vec::new();
        let wish = SizeWish {
            window: WindowId(3),
            client: ClientNumber(1),
            size: WindowSize::new(80, 24).unwrap(),
            largest: false,
        };
        desk.sizes
            .wish(Some(LINK), desk.tag, wish, reply, &mut actions);
        assert_eq!(desk.leave(1), "", "to what is not known yet");
        desk.answer(&actions);
        assert_eq!(desk.leave(1), UNDONE);
    }

    #[test]
    fn the_largest_of_all_holds_them_all() {
        let mut desk = Desk::new();
        desk.wish(1, 100, 20, true);
        assert_eq!(
            desk.wish(2, 80, 50, true),
            "resize-window -t '@3' -x 100 -y 50"
        );
        assert_eq!(desk.wish(3, 10, 10, true), "");
        assert_eq!(desk.leave(1), "resize-window -t '@3' -x 80 -y 50");
        assert_eq!(desk.leave(3), "");
        assert_eq!(desk.leave(2), UNDONE);
    }

    #[test]
    fn what_can_not_be_done_is_answered() {
        let mut desk = Desk::new();
        let wish = SizeWish {
            window: WindowId(3),
            client: ClientNumber(1),
            size: WindowSize::new(80, 24).unwrap(),
            largest: false,
        };
        let mut ask = |link: Option<LinkId>| {
            let (reply, outcome) = oneshot::channel();
            desk.sizes.windows.clear();
            desk.sizes.wish(link, 7, wish, reply, &mut Vec::new());
            (desk.sizes.owns(7), outcome)
        };
        let (owned, mut outcome) = ask(None);
        assert!(!owned);
        assert_eq!(outcome.try_recv().unwrap(), Err(ResizeError::Unavailable));
        let (owned, mut outcome) = ask(Some(LINK));
        assert!(owned);
        let command = Command::ResizeWindow {
            window: WindowId(3),
            size: wish.size,
        };
        desk.sizes.reply(7, &command, Err(ReplyError::LinkClosed));
        assert_eq!(outcome.try_recv().unwrap(), Err(ResizeError::Unavailable));
        let (reply, mut outcome) = oneshot::channel();
        desk.sizes.windows.clear();
        desk.sizes.wish(Some(LINK), 8, wish, reply, &mut Vec::new());
        desk.sizes.not_sent(8);
        assert_eq!(outcome.try_recv().unwrap(), Err(ResizeError::Busy));
        desk.sizes.listed(&State::default());
        assert_eq!(desk.leave(1), "", "the window is gone");
    }
}
