//! Sizes that terminals wish for their windows: applied as long as somebody wishes, and undone behind the last one.
//!
//! A size that was set is manual for tmux from then on, so it is only ever set on an explicit wish, and the option is
//! taken back when the last wish has gone.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::oneshot;

use super::action::Action;
use super::request::{ClientNumber, ResizeError, SizeWish};
use crate::control::{Command, WindowSize};
use crate::ids::WindowId;
use crate::model::State;
use crate::tmux::{LinkId, ReplyError};

/// Where the outcome of a wish goes.
pub(super) type ResizeReply = oneshot::Sender<Result<(), ResizeError>>;

/// The wishes for all windows.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    windows: BTreeMap<WindowId, Wished>,
    under_way: HashMap<u64, ResizeReply>,
    last: u64,
}

#[derive(Debug, Default)]
struct Wished {
    /// By client: the size, and when it was wished.
    wishes: BTreeMap<ClientNumber, (WindowSize, u64)>,
    largest: bool,
    /// What tmux was told last.
    applied: Option<WindowSize>,
    /// The size that the window had before, which it keeps if no client of tmux gives it another one.
    own: Option<WindowSize>,
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
        let wished = self.windows.entry(wish.window).or_default();
        if wished.wishes.is_empty() {
            wished.own = wish.own;
        }
        wished.largest = wish.largest;
        wished.wishes.insert(wish.client, (wish.size, self.last));
        match wished.target() {
            Some(size) if wished.applied != Some(size) => {
                wished.applied = Some(size);
                self.under_way.insert(tag, reply);
                let window = wish.window;
                actions.push(send(link, tag, Command::ResizeWindow { window, size }));
            }
            _ => answer(reply, Ok(())),
        }
    }

    /// A client is gone, or shows another window.
    pub(super) fn leave(&mut self, client: ClientNumber) {
        for wished in self.windows.values_mut() {
            wished.wishes.remove(&client);
        }
    }

    /// Brings windows to what is wished now; those that nobody wishes anything for get their own size back.
    pub(super) fn settle(&mut self, link: LinkId, tag: u64, actions: &mut Vec<Action>) {
        for (window, wished) in &mut self.windows {
            let target = wished.target();
            if target == wished.applied {
                continue;
            }
            wished.applied = target;
            let window = *window;
            if let Some(size) = target.or(wished.own) {
                actions.push(send(link, tag, Command::ResizeWindow { window, size }));
            }
            if target.is_none() {
                actions.push(send(link, tag, Command::UnsetWindowSize { window }));
            }
        }
        self.windows.retain(|_, wished| !wished.wishes.is_empty());
    }

    /// Whether a tag belongs to a wish that is to be answered.
    pub(super) fn owns(&self, tag: u64) -> bool {
        self.under_way.contains_key(&tag)
    }

    /// tmux has answered, or the command did not reach it.
    pub(super) fn reply(&mut self, tag: u64, outcome: Result<(), &ReplyError>) {
        if let Some(reply) = self.under_way.remove(&tag) {
            let outcome = outcome.map_err(|error| match error {
                ReplyError::LinkClosed => ResizeError::Unavailable,
                other => ResizeError::Tmux(other.to_string()),
            });
            answer(reply, outcome);
        }
    }

    /// The command of a tag could not be handed to the link.
    pub(super) fn not_sent(&mut self, tag: u64) {
        if let Some(reply) = self.under_way.remove(&tag) {
            answer(reply, Err(ResizeError::Busy));
        }
    }

    /// Windows that are gone need nothing any more.
    pub(super) fn listed(&mut self, state: &State) {
        self.windows
            .retain(|window, _| state.windows.contains_key(window));
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

fn send(link: LinkId, tag: u64, command: Command) -> Action {
    Action::Send {
        link,
        tag,
        commands: vec![command],
    }
}

fn answer(reply: ResizeReply, outcome: Result<(), ResizeError>) {
    if reply.send(outcome).is_err() {
        tracing::debug!("the client that wished a size is gone");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const LINK: LinkId = LinkId(1);

    /// The size from before, and no longer a manual one.
    const UNDONE: &str = "resize-window -t '@3' -x 200 -y 50; set-option -t '@3' -uw window-size";

    struct Desk {
        sizes: Sizes,
        tag: u64,
    }

    impl Desk {
        fn new() -> Self {
            Self {
                sizes: Sizes::default(),
                tag: 0,
            }
        }

        /// What is sent to tmux for a wish, as text, and what the terminal hears at once.
        fn wish(&mut self, terminal: u64, columns: u32, rows: u32, largest: bool) -> String {
            self.tag += 1;
            let wish = SizeWish {
                window: WindowId(3),
                client: ClientNumber(terminal),
                size: WindowSize::new(columns, rows).unwrap(),
                largest,
                own: WindowSize::new(200, 50),
            };
            let (reply, mut outcome) = oneshot::channel();
            let mut actions = Vec::new();
            self.sizes
                .wish(Some(LINK), self.tag, wish, reply, &mut actions);
            let sent = shown(&actions);
            assert_eq!(outcome.try_recv().is_ok(), sent.is_empty(), "{sent}");
            if !sent.is_empty() {
                assert!(self.sizes.owns(self.tag));
                self.sizes.reply(self.tag, Ok(()));
                assert_eq!(outcome.try_recv().unwrap(), Ok(()));
            }
            sent
        }

        fn leave(&mut self, terminal: u64) -> String {
            let mut actions = Vec::new();
            self.sizes.leave(ClientNumber(terminal));
            self.sizes.settle(LINK, 99, &mut actions);
            shown(&actions)
        }
    }

    fn shown(actions: &[Action]) -> String {
        let sent = actions.iter().map(|action| match action {
            Action::Send { commands, .. } => commands[0].to_string(),
            other => format!("{other:?}"),
        });
        sent.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_last_wish_counts_and_is_undone_behind_the_last_terminal() {
        let mut desk = Desk::new();
        assert_eq!(
            desk.wish(1, 100, 30, false),
            "resize-window -t '@3' -x 100 -y 30"
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
    fn what_can_not_be_done_is_told() {
        let mut desk = Desk::new();
        let wish = SizeWish {
            window: WindowId(3),
            client: ClientNumber(1),
            size: WindowSize::new(80, 24).unwrap(),
            largest: false,
            own: None,
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
        desk.sizes.reply(7, Err(&ReplyError::LinkClosed));
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
