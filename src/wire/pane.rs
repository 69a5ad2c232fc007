//! A pane as it is, as messages: what shows, what tmux knows of it, and bytes that bring a fresh terminal there.

use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::binary::Kind;
use super::cursor::cursor;
use super::event::Encoder;
use super::form::Form;
use super::framed::{Framed, to_frame};
use super::objects::Text;
use crate::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use crate::model::Place;
use crate::screen::{self, PaneSnapshot};

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

/// What a pane shows.
#[derive(Debug, Serialize)]
pub struct PaneScreen<'a> {
    /// Output from this byte on follows.
    pub offset: u64,
    /// The offset at which the fields stand. What came between the two is at the end of the replay.
    pub screen_offset: u64,
    /// Whether nothing can be missing or doubled between it and the output from there on.
    pub exact: bool,
    /// What tmux does not tell, has not been seen since, and is therefore taken to be as in a fresh terminal.
    pub assumed: Vec<&'a str>,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// The primary screen.
    pub primary: Lines<'a>,
    /// The alternate screen, while it shows.
    pub alternate: Option<Alternate<'a>>,
    /// The cursor.
    pub cursor: PaneCursor<'a>,
    /// The modes.
    pub modes: PaneModes,
    /// The columns of the tab stops, from 0.
    pub tabs: &'a [u32],
    /// The rows that scroll.
    pub scroll_region: ScrollRegion,
    /// What the pane has begun to print.
    pub unfinished: Unfinished<'a>,
    /// Lines in the pane's history.
    pub history: u32,
    /// The history that came before, in pages.
    pub scrollback: Scrollback,
}

/// Lines from the top, with SGR sequences.
#[derive(Debug, Serialize)]
pub struct Lines<'a> {
    /// The lines.
    #[serde(serialize_with = "texts")]
    pub lines: Vec<&'a [u8]>,
}

/// The alternate screen.
#[derive(Debug, Serialize)]
pub struct Alternate<'a> {
    /// The lines from the top, with SGR sequences.
    #[serde(serialize_with = "texts")]
    pub lines: Vec<&'a [u8]>,
    /// Where the cursor goes when the primary screen comes back; nothing if that is not known.
    pub saved: Option<Point>,
}

/// A column and a row, from 0.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Point {
    /// The column.
    pub x: u32,
    /// The row.
    pub y: u32,
}

/// A pane's cursor. `x` may be the number of columns: the next character goes to the next line.
#[derive(Debug, Serialize)]
pub struct PaneCursor<'a> {
    /// The column, from 0.
    pub x: u32,
    /// The row, from 0.
    pub y: u32,
    /// Whether it shows.
    pub visible: bool,
    /// Its shape in tmux's words, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<&'a str>,
    /// Whether it blinks, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blinking: Option<bool>,
    /// Its colour in tmux's words, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<&'a str>,
}

/// A pane's modes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PaneModes {
    /// Characters push others to the right.
    pub insert: bool,
    /// Lines wrap.
    pub wrap: bool,
    /// Rows count from the scroll region's top.
    pub origin: bool,
    /// Application keypad.
    pub keypad: bool,
    /// Application cursor keys.
    pub cursor_keys: bool,
    /// What of the mouse is reported: `off`, `standard`, `button` or `all`.
    pub mouse: &'static str,
    /// Mouse positions are UTF-8.
    pub mouse_utf8: bool,
    /// Mouse positions are SGR.
    pub mouse_sgr: bool,
    /// Pasted text is bracketed.
    pub bracketed_paste: bool,
    /// Focus is reported.
    pub focus_events: bool,
    /// A synchronized update is under way.
    pub synchronized_output: bool,
    /// Changes between dark and light are reported.
    pub theme_updates: bool,
    /// How keys with modifiers are reported, in tmux's words.
    pub keys: &'static str,
}

/// Rows, from 0.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ScrollRegion {
    /// The first one.
    pub top: u32,
    /// The last one.
    pub bottom: u32,
}

/// What the pane has begun to print and the next output goes on with.
#[derive(Debug, Serialize)]
pub struct Unfinished<'a> {
    /// The beginning of an escape sequence.
    #[serde(serialize_with = "text")]
    pub sequence: &'a [u8],
    /// How many bytes of a character there are.
    pub character: usize,
}

/// The part of the history that came with a pane.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Scrollback {
    /// Lines.
    pub lines: usize,
    /// Messages.
    pub pages: usize,
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
    pub fn new(snapshot: &'a PaneSnapshot, offset: u64, scrollback: Scrollback) -> Self {
        let screen::Cursor { x, y, visible, .. } = snapshot.cursor;
        let alternate = |alternate: &'a screen::Alternate| Alternate {
            lines: slices(&alternate.lines),
            saved: alternate.saved.map(|(x, y)| Point { x, y }),
        };
        Self {
            offset,
            screen_offset: snapshot.offset,
            exact: snapshot.exact,
            assumed: snapshot.assumed.iter().map(|one| one.word()).collect(),
            cols: snapshot.cols,
            rows: snapshot.rows,
            primary: Lines {
                lines: slices(&snapshot.primary),
            },
            alternate: snapshot.alternate.as_ref().map(alternate),
            cursor: PaneCursor {
                x,
                y,
                visible,
                shape: snapshot.cursor.shape.map(screen::CursorShape::word),
                blinking: snapshot.cursor.blinking,
                colour: snapshot.cursor.colour.as_deref(),
            },
            modes: PaneModes::from(snapshot.modes),
            tabs: &snapshot.tabs,
            scroll_region: ScrollRegion {
                top: snapshot.scroll_region.top,
                bottom: snapshot.scroll_region.bottom,
            },
            unfinished: Unfinished {
                sequence: &snapshot.unfinished.sequence,
                character: snapshot.unfinished.character.len(),
            },
            history: snapshot.history,
            scrollback,
        }
    }
}

impl From<screen::Modes> for PaneModes {
    fn from(modes: screen::Modes) -> Self {
        Self {
            insert: modes.insert,
            wrap: modes.wrap,
            origin: modes.origin,
            keypad: modes.keypad,
            cursor_keys: modes.cursor_keys,
            mouse: modes.mouse.word(),
            mouse_utf8: modes.mouse_utf8,
            mouse_sgr: modes.mouse_sgr,
            bracketed_paste: modes.bracketed_paste,
            focus_events: modes.focus_events,
            synchronized_output: modes.synchronized_output,
            theme_updates: modes.theme_updates,
            keys: modes.keys.word(),
        }
    }
}

fn slices(lines: &[Bytes]) -> Vec<&[u8]> {
    lines.iter().map(|line| &line[..]).collect()
}

#[derive(Serialize)]
struct SnapshotMessage<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    session: &'a str,
    window: Option<u32>,
    session_id: Text<SessionId>,
    window_id: Option<Text<WindowId>>,
    pane: Text<PaneId>,
    host: &'a str,
    epoch: Text<&'a Epoch>,
    seq: u64,
    cursor: String,
    data: WithReplay<&'a PaneScreen<'a>>,
}

#[derive(Serialize)]
struct PageMessage<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    pane: Text<PaneId>,
    page: usize,
    pages: usize,
    #[serde(flatten)]
    data: WithReplay<Lines<'a>>,
}

#[derive(Serialize)]
struct WithReplay<T> {
    #[serde(flatten)]
    data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<String>,
    /// In the binary form the replay is a message of its own; this is its length.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_bytes: Option<usize>,
}

impl<T> WithReplay<T> {
    fn new(data: T, replay: &[u8], form: Form) -> Self {
        let is_text = form != Form::Binary;
        Self {
            data,
            replay: is_text.then(|| String::from_utf8_lossy(replay).into_owned()),
            replay_bytes: (!is_text).then_some(replay.len()),
        }
    }
}

impl Encoder {
    /// A pane as it is, and `replay`, which brings a terminal there.
    #[must_use]
    pub fn pane_snapshot(
        &self,
        at: PanePlace<'_>,
        screen: &PaneScreen<'_>,
        replay: &[u8],
        form: Form,
    ) -> Vec<Framed> {
        let (epoch, place) = (self.epoch(), at.place);
        let message = SnapshotMessage {
            kind: "pane.snapshot",
            session: &place.session_name,
            window: place.window.map(|(_, index)| index),
            session_id: Text(place.session),
            window_id: place.window.map(|(id, _)| Text(id)),
            pane: Text(at.pane),
            host: self.host(),
            epoch: Text(epoch),
            seq: at.seq.0,
            cursor: cursor(epoch, at.seq),
            data: WithReplay::new(screen, replay, form),
        };
        let text = to_frame(&message);
        self.with_replay(text, at, screen.offset, replay, form)
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
        let lines = slices(page.lines);
        let message = PageMessage {
            kind: "pane.scrollback",
            pane: Text(at.pane),
            page: page.index,
            pages: page.pages,
            data: WithReplay::new(Lines { lines }, replay, form),
        };
        let text = to_frame(&message);
        self.with_replay(text, at, page.offset, replay, form)
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
            Form::Json | Form::Terminal => vec![text],
            Form::Binary => {
                let place = (at.seq, offset);
                vec![text, self.pane_bytes(Kind::Replay, at.pane, place, replay)]
            }
        }
    }
}

fn text<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

fn texts<S: Serializer>(lines: &[&[u8]], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(lines.iter().map(|line| String::from_utf8_lossy(line)))
}
