//! What clients say: any text is read or refused, in the same way by the short way for keystrokes and the long one.
//! The first byte says whether it comes to `/monitor` or to a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use muxwire::wire::terminal::{self, TerminalAction};
use muxwire::wire::{self, Action};

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

/// The action without the field that was added.
fn read_alike(mut action: Action) -> Action {
    match &mut action {
        Action::Command(command) => command.cancel_mode = None,
        Action::SendKeys(keys) => keys.cancel_mode = None,
        _ => {}
    }
    action
}

fn monitor(text: &[u8]) {
    match wire::parse(text) {
        Err(rejected) => assert!(
            !rejected.message.is_empty() && rejected.message.len() < 2_000,
            "{}",
            rejected.message
        ),
        Ok(incoming) => {
            let is_typed = matches!(incoming.action, Action::Command(_) | Action::SendKeys(_));
            if !is_typed || holds(text, "cancel_mode") {
                return;
            }
            let longer = with(text, "\"cancel_mode\":false").expect("a message is an object");
            let Ok(slow) = wire::parse(&longer) else {
                return assert!(longer.len() > wire::MAX_MESSAGE);
            };
            assert!(slow.id == incoming.id && read_alike(slow.action) == read_alike(incoming.action));
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
            if !matches!(incoming.action, TerminalAction::Input(_)) || holds(text, "paste") {
                return;
            }
            let longer = with(text, "\"paste\":false").expect("a message is an object");
            let Ok(mut slow) = terminal::parse(&longer) else {
                return assert!(longer.len() > wire::MAX_MESSAGE);
            };
            if let TerminalAction::Input(input) = &mut slow.action {
                input.paste = None;
            }
            assert!(slow.id == incoming.id && slow.action == incoming.action);
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
