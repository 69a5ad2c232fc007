//! A pane in its present state, made of what the bridge knows of it.

use std::borrow::Cow;

use bytes::Bytes;

use super::binary::Kind;
use super::cursor::cursor;
use super::encoder::Encoder;
use super::form::Form;
use super::framed::Framed;
use super::message::Message;
use super::more::More;
use super::objects::Text;
use super::pane::{
    Alternate, Lines, PaneCursor, PaneModes, PaneScreen, PaneScrollback, PaneSnapshot, Point,
    ScrollRegion, Scrollback, Unfinished,
};
use crate::ids::{PaneId, Seq};
use crate::model::Place;
use crate::screen;

/// Which pane, seen where, at which place of the log.
#[derive(Debug, Clone, Copy)]
pub struct PanePlace<'a> {
    /// The pane.
    pub pane: PaneId,
    /// Where the client sees it.
    pub place: &'a Place,
    /// The place in the log: the events behind it follow.
    pub seq: Seq,
}

/// One page of a pane's history.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Which one, from 0.
    pub index: usize,
    /// Of how many.
    pub pages: usize,
    /// Its lines, the oldest first.
    pub lines: &'a [Bytes],
    /// The offset of the pane's output that the snapshot behind it has.
    pub offset: u64,
}

impl<'a> PaneScreen<'a> {
    /// A snapshot whose replay goes up to `offset`, with so many lines of history before it.
    #[must_use]
    pub fn new(snapshot: &'a screen::PaneSnapshot, offset: u64, scrollback: Scrollback) -> Self {
        let alternate = |alternate: &'a screen::Alternate| Alternate {
            lines: texts(&alternate.lines),
            saved: alternate.saved.map(|(x, y)| Point {
                x,
                y,
                more: More::new(),
            }),
            more: More::new(),
        };
        let words = snapshot.assumed.iter().map(|one| one.word());
        Self {
            offset,
            screen_offset: snapshot.offset,
            exact: snapshot.exact,
            assumed: words.map(Cow::Borrowed).collect(),
            cols: snapshot.cols,
            rows: snapshot.rows,
            primary: Lines {
                lines: texts(&snapshot.primary),
                more: More::new(),
            },
            alternate: snapshot.alternate.as_ref().map(alternate),
            cursor: PaneCursor::from(&snapshot.cursor),
            modes: PaneModes::from(snapshot.modes),
            tabs: Cow::Borrowed(&snapshot.tabs),
            scroll_region: ScrollRegion {
                top: snapshot.scroll_region.top,
                bottom: snapshot.scroll_region.bottom,
                more: More::new(),
            },
            unfinished: Unfinished {
                sequence: String::from_utf8_lossy(&snapshot.unfinished.sequence),
                character: snapshot.unfinished.character.len(),
                more: More::new(),
            },
            history: snapshot.history,
            scrollback,
            replay: None,
            replay_bytes: None,
            more: More::new(),
        }
    }
}

impl<'a> From<&'a screen::Cursor> for PaneCursor<'a> {
    fn from(cursor: &'a screen::Cursor) -> Self {
        let shape = cursor.shape.map(screen::CursorShape::word);
        Self {
            x: cursor.x,
            y: cursor.y,
            visible: cursor.visible,
            shape: shape.map(Cow::Borrowed),
            blinking: cursor.blinking,
            colour: cursor.colour.as_deref().map(Cow::Borrowed),
            more: More::new(),
        }
    }
}

impl From<screen::Modes> for PaneModes<'_> {
    fn from(modes: screen::Modes) -> Self {
        Self {
            insert: modes.insert,
            wrap: modes.wrap,
            origin: modes.origin,
            keypad: modes.keypad,
            cursor_keys: modes.cursor_keys,
            mouse: Cow::Borrowed(modes.mouse.word()),
            mouse_utf8: modes.mouse_utf8,
            mouse_sgr: modes.mouse_sgr,
            bracketed_paste: modes.bracketed_paste,
            focus_events: modes.focus_events,
            synchronized_output: modes.synchronized_output,
            theme_updates: modes.theme_updates,
            keys: Cow::Borrowed(modes.keys.word()),
            more: More::new(),
        }
    }
}

fn texts(lines: &[Bytes]) -> Vec<Cow<'_, str>> {
    let lines = lines.iter();
    lines.map(|line| String::from_utf8_lossy(line)).collect()
}

impl Encoder {
    /// A pane in its present state, and `replay`, which brings a terminal there.
    #[must_use]
    pub fn pane_snapshot(
        &self,
        at: PanePlace<'_>,
        screen: PaneScreen<'_>,
        replay: &[u8],
        form: Form,
    ) -> Vec<Framed> {
        let (epoch, place) = (self.epoch(), at.place);
        let offset = screen.offset;
        let (text, replay_bytes) = replay_fields(replay, form);
        let message = Message::PaneSnapshot(Box::new(PaneSnapshot {
            session: Cow::Borrowed(&place.session_name),
            window: place.window.map(|(_, index)| index),
            session_id: Text(place.session),
            window_id: place.window.map(|(id, _)| Text(id)),
            pane: Text(at.pane),
            host: Cow::Borrowed(self.host()),
            epoch: Cow::Borrowed(epoch.as_str()),
            seq: at.seq.0,
            cursor: cursor(epoch, at.seq).into(),
            data: PaneScreen {
                replay: text,
                replay_bytes,
                ..screen
            },
            more: More::new(),
        }));
        self.with_replay(message.framed(), at, offset, replay, form)
    }

    /// A page of a pane's history. The pages come before the snapshot that they belong to, the oldest first.
    #[must_use]
    pub fn pane_scrollback(
        &self,
        at: PanePlace<'_>,
        page: Page<'_>,
        replay: &[u8],
        form: Form,
    ) -> Vec<Framed> {
        let (text, replay_bytes) = replay_fields(replay, form);
        let message = Message::PaneScrollback(PaneScrollback {
            pane: Text(at.pane),
            page: page.index,
            pages: page.pages,
            lines: texts(page.lines),
            replay: text,
            replay_bytes,
            more: More::new(),
        });
        self.with_replay(message.framed(), at, page.offset, replay, form)
    }

    fn with_replay(
        &self,
        text: Framed,
        at: PanePlace<'_>,
        offset: u64,
        replay: &[u8],
        form: Form,
    ) -> Vec<Framed> {
        match form {
            Form::Json | Form::Terminal | Form::EventStream => vec![text],
            Form::Binary => {
                let place = (at.seq, offset);
                vec![text, self.pane_bytes(Kind::Replay, at.pane, place, replay)]
            }
        }
    }
}

/// The replay as text, or how long it is where it is a message of its own.
fn replay_fields(replay: &[u8], form: Form) -> (Option<Cow<'_, str>>, Option<usize>) {
    match form {
        Form::Binary => (None, Some(replay.len())),
        Form::Json | Form::Terminal | Form::EventStream => {
            (Some(String::from_utf8_lossy(replay)), None)
        }
    }
}
