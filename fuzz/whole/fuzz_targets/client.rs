//! What clients say: any text is read or refused, in the same way by the short way for keystrokes and the long one.
//! The first byte says whether it comes to `/monitor` or to a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use muxwire::wire::terminal::{self, TerminalMessage};
use muxwire::wire::{self, ClientMessage};

/// The same object with one more field at its end, where the text is one.
fn with(text: &[u8], field: &str) -> Option<Vec<u8>> {
    let rest = text.trim_ascii_end().strip_suffix(b"}")?;
    let comma = if rest.trim_ascii_end().ends_with(b"{") {
        ""
    } else {
        ","
    };
    Some([rest, comma.as_bytes(), field.as_bytes(), b"}"].concat())
}

fn holds(text: &[u8], name: &str) -> bool {
    // A name can be written with escapes too; a text with any is left alone.
    text.contains(&b'\\')
        || text
            .windows(name.len())
            .any(|window| window == name.as_bytes())
}

fn monitor(text: &[u8]) {
    match wire::parse(text) {
        Err(rejected) => assert!(
            !rejected.message.is_empty() && rejected.message.len() < 2_000,
            "{}",
            rejected.message
        ),
        Ok(incoming) => {
            if !matches!(
                incoming.message,
                ClientMessage::Type {
                    cancel_mode: false,
                    ..
                }
            ) || holds(text, "cancel_mode")
            {
                return;
            }
            let longer = with(text, "\"cancel_mode\":false").expect("a message is an object");
            // Known: the long way looks at the types of other messages' fields too, the short one passes them over.
            let Ok(slow) = wire::parse(&longer) else {
                return;
            };
            assert!(slow.id == incoming.id && slow.message == incoming.message);
        }
    }
}

fn at_terminal(text: &[u8]) {
    match terminal::parse(text) {
        Err(rejected) => assert!(
            !rejected.message.is_empty() && rejected.message.len() < 2_000,
            "{}",
            rejected.message
        ),
        Ok(incoming) => {
            if !matches!(
                incoming.message,
                TerminalMessage::Input { paste: false, .. }
            ) || holds(text, "paste")
            {
                return;
            }
            let longer = with(text, "\"paste\":false").expect("a message is an object");
            let Ok(slow) = terminal::parse(&longer) else {
                return;
            };
            assert!(slow.id == incoming.id && slow.message == incoming.message);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    // The socket gives nothing else: in a field that is not looked at, the short way would not notice.
    if std::str::from_utf8(data).is_err() {
        return;
    }
    match data.split_first() {
        Some((b't', text)) => at_terminal(text),
        Some((_, text)) => monitor(text),
        None => {}
    }
});
