//! What is asked of tmux for the sizes that terminals wish.

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
        self.sizes.leave(ClientNumber(terminal));
        self.settle()
    }

    /// What is sent so that windows have what is wished now, in a line of this tag.
    fn settle(&mut self) -> String {
        let mut actions = Vec::new();
        self.sizes.settle(LINK, || 99, &mut actions);
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
fn regression_what_does_not_reach_tmux_is_undone_the_next_time() {
    let mut desk = Desk::new();
    desk.wish(1, 100, 30, false);
    assert_eq!(desk.leave(1), UNDONE);
    desk.sizes.not_sent(99);
    assert_eq!(desk.settle(), UNDONE, "the link had no room for it");
    let command = Command::UnsetWindowSize {
        window: WindowId(3),
    };
    assert!(desk.sizes.owns(99));
    desk.sizes.reply(99, &command, Err(ReplyError::LinkClosed));
    assert!(!desk.sizes.owns(99));
    assert_eq!(desk.settle(), UNDONE, "the link has ended");
    desk.sizes.reply(99, &command, Ok(Body::new("".into())));
    desk.sizes.reply(99, &command, Ok(Body::new("".into())));
    assert!(!desk.sizes.owns(99));
    assert_eq!(desk.settle(), "");
    // Who wishes a size meanwhile has it.
    desk.wish(1, 100, 30, false);
    desk.leave(1);
    desk.wish(2, 80, 24, false);
    desk.sizes.not_sent(99);
    assert_eq!(desk.settle(), "");
    assert_eq!(desk.leave(2), UNDONE);
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
