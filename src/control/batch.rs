//! Reading back what was sent: a line of several commands, as a recording has it.

use super::command::Command;

/// What stands between two commands of a line.
const SEPARATOR: &str = " ; ";

/// The commands of a line that [`super::ControlClient::enqueue_batch`] wrote, without its LF; nothing for any other line.
#[must_use]
pub fn parse_batch(line: &[u8]) -> Option<Vec<Command>> {
    let line = std::str::from_utf8(line).ok()?;
    let commands = pieces(line).map(|piece| Command::parse(piece.as_bytes()));
    commands.collect()
}

/// A line's pieces between separators; what stands in quotes separates nothing.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let end = end_of_first(line);
        rest = line.get(end + SEPARATOR.len()..);
        Some(&line[..end])
    })
}

fn end_of_first(line: &str) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\'' => quoted = !quoted,
            b'\\' if !quoted => escaped = true,
            b' ' if !quoted && line[at..].starts_with(SEPARATOR) => return at,
            _ => {}
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::control::{ControlClient, Flow, InputBytes, KeyName, Limits, Subscription};
    use crate::ids::PaneId;

    #[test]
    fn what_is_enqueued_is_read_back() {
        let pane = PaneId(3);
        let key = |name| Command::SendKey {
            pane,
            key: KeyName::new(name).unwrap(),
        };
        let bytes = InputBytes::new(&b" ; '"[..]).unwrap();
        let rows = [
            vec![Command::ListSessions],
            vec![
                Command::ListSessions,
                Command::ListWindows,
                Command::ListPanes,
                Command::ListClients,
                Command::ListBuffers,
            ],
            vec![key(";"), key("'"), key("\\"), key("Enter")],
            vec![
                Command::SendBytes { pane, bytes },
                Command::Flow {
                    pane,
                    flow: Flow::Continue,
                },
            ],
            Subscription::ALL
                .map(|subscription| Command::Subscribe { subscription })
                .to_vec(),
            vec![Command::Detach],
        ];
        for commands in rows {
            let mut client = ControlClient::new(Limits::default());
            client.enqueue_batch(commands.clone()).unwrap();
            let line = client.take_outgoing().unwrap();
            let line = line.strip_suffix(b"\n").unwrap();
            assert_eq!(parse_batch(line), Some(commands), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn what_no_client_of_ours_sends_is_nothing() {
        for line in [
            "",
            " ; ",
            "kill-server",
            "detach-client ; ",
            "detach-client;detach-client",
            "detach-client ; 'x",
        ] {
            assert_eq!(parse_batch(line.as_bytes()), None, "{line:?}");
        }
    }
}
