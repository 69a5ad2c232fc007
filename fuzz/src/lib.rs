//! The codec alone: it needs neither tokio nor the rest of muxwire, so that an instrumented build takes seconds.

#[path = "../../src/control/mod.rs"]
pub mod control;
#[path = "../../src/ids.rs"]
pub mod ids;

use bytes::BytesMut;
use control::{Command, ControlClient, Event, Limits, LineRange};

/// Small bounds, so that inputs of a few hundred bytes get over them.
pub const LIMITS: Limits = Limits {
    line: 200,
    body: 600,
    pending: 16,
};

/// The events of a stream that arrives in pieces of this size, as text.
///
/// # Panics
/// If the client holds more than its bounds allow.
pub fn events(stream: &[u8], piece: usize) -> Vec<String> {
    let mut client = ControlClient::new(LIMITS);
    let pane = ids::PaneId(0);
    let lines = LineRange::new(0, 2).expect("a range");
    for batch in [
        vec![Command::ListPanes],
        vec![
            Command::PaneState { pane },
            Command::Capture { pane, lines },
        ],
        vec![
            Command::Flow {
                pane,
                flow: control::Flow::Pause,
            },
            Command::ListSessions,
        ],
    ] {
        client.enqueue_batch(batch).expect("there is room");
    }
    let mut events = Vec::new();
    for bytes in stream.chunks(piece.max(1)) {
        client.feed(bytes);
        while let Some(event) = client.next_event() {
            events.push(shown(&event));
        }
        assert!(client.buffered() <= LIMITS.line);
        assert!(client.incoming().capacity() <= 2 * (LIMITS.line + piece) + 64);
    }
    let left = client.close().len();
    events.push(format!("{left} left"));
    events
}

fn shown(event: &Event<'_>) -> String {
    let mut bytes = BytesMut::new();
    if let Event::Output(output) = event {
        output.unescape_into(&mut bytes);
    }
    format!("{event:?} {bytes:?}")
}
