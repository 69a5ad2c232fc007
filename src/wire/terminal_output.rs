//! Output as a terminal gets it, written straight into the frame. [`TerminalMessage`](super::terminal::TerminalMessage) is the
//! same in types.

use jiff::Timestamp;

use super::framed::{FrameBuilder, Framed};
use super::json::{lossy_string, number, string};

/// What all messages of one terminal carry.
#[derive(Debug, Clone, Copy)]
pub struct TerminalContext<'a> {
    /// The session's name.
    pub session: &'a str,
    /// The time of the newest event.
    pub at: Timestamp,
}

/// Bytes that bring a terminal to the pane at an offset.
pub(super) fn replay(
    context: TerminalContext<'_>,
    offset: u64,
    exact: bool,
    replay: &[u8],
) -> Framed {
    let mut frame = begin(context, replay);
    let out = frame.out();
    write_offset(out, offset);
    out.extend_from_slice(b",\"replay\":true,\"exact\":");
    out.extend_from_slice(if exact { b"true" } else { b"false" });
    out.push(b'}');
    frame.text()
}

/// What a pane printed, as a terminal gets it.
pub(super) fn output(context: TerminalContext<'_>, offset: u64, bytes: &[u8]) -> Framed {
    let mut frame = begin(context, bytes);
    let out = frame.out();
    write_offset(out, offset);
    out.extend_from_slice(b",\"bytes\":");
    number(out, bytes.len() as u64);
    if std::str::from_utf8(bytes).is_err() {
        out.extend_from_slice(b",\"lossy\":true");
    }
    out.push(b'}');
    frame.text()
}

fn begin(context: TerminalContext<'_>, data: &[u8]) -> FrameBuilder {
    let mut frame = FrameBuilder::new(data.len() + data.len() / 8 + 160);
    let out = frame.out();
    out.extend_from_slice(b"{\"type\":\"output\",\"sessionId\":");
    string(out, context.session);
    out.extend_from_slice(format!(",\"timestamp\":\"{:.3}\",\"data\":", context.at).as_bytes());
    lossy_string(out, data);
    frame
}

fn write_offset(out: &mut Vec<u8>, offset: u64) {
    out.extend_from_slice(b",\"offset\":");
    number(out, offset);
}
