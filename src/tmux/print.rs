//! Printing a pane whole, through a helper command of its own: captures on a link leak in the servers of some versions.

use std::time::Duration;

use bytes::Bytes;

use super::{Tmux, TmuxError};
use crate::control::rows::{PaneStateRow, Row as _};
use crate::ids::PaneId;

/// What stands between the parts of what is printed. In a capture that is escaped, a backslash has another one or a digit
/// behind it, so no screen can show such a line.
pub(super) const SEPARATOR: &str = "\\muxwire";

/// All that tmux says of a pane in one turn, each line ended by LF. All but the state is escaped as captures are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanePrint {
    /// A [`PaneStateRow`].
    pub state: Bytes,
    /// Scrollback and the screen that shows.
    pub screen: Bytes,
    /// The primary screen, if it does not show; else nothing or empty lines.
    pub saved: Bytes,
    /// The unfinished sequence: one line, or nothing.
    pub pending: Bytes,
}

impl Tmux {
    /// Prints a pane whole, with the last `scrollback` lines above its screen.
    ///
    /// # Errors
    /// As with [`Self::run`]; a pane that is gone makes the command fail.
    pub async fn print_whole(
        &self,
        pane: PaneId,
        scrollback: u32,
        deadline: Duration,
    ) -> Result<PanePrint, TmuxError> {
        let pane = pane.to_string();
        let start = format!("-{scrollback}");
        let separator = [";", "display-message", "-p", SEPARATOR, ";"];
        let capture = ["capture-pane", "-p", "-e", "-N", "-C", "-t", &pane];
        let commands = [
            &["display-message", "-p", "-t", &pane, PaneStateRow::FORMAT][..],
            &separator,
            &capture,
            &["-S", &start],
            &separator,
            // Without -q, a pane that has no saved screen is an error.
            &capture,
            &["-a", "-q"],
            &separator,
            &["capture-pane", "-p", "-P", "-C", "-t", &pane],
        ];
        let printed = self.run(&commands.concat(), deadline).await?;
        PanePrint::parse(&Bytes::from(printed)).ok_or_else(|| TmuxError::Failed {
            command: "capture-pane".to_owned(),
            said: "less than was asked for".to_owned(),
        })
    }
}

impl PanePrint {
    fn parse(printed: &Bytes) -> Option<Self> {
        let [state, screen, saved, pending] = parts(printed)?;
        Some(Self {
            state,
            screen,
            saved,
            pending,
        })
    }
}

/// What stands between separators, if there are as many parts as expected.
pub(super) fn parts<const COUNT: usize>(printed: &Bytes) -> Option<[Bytes; COUNT]> {
    let mut parts = [const { Bytes::new() }; COUNT];
    let (mut part, mut start, mut at) = (0, 0, 0);
    for line in printed.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        if line.strip_suffix(b"\n") == Some(SEPARATOR.as_bytes()) {
            *parts.get_mut(part)? = printed.slice(start..at);
            (part, start) = (part + 1, end);
        }
        at = end;
    }
    *parts.get_mut(part)? = printed.slice(start..);
    (part + 1 == COUNT).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_stand_between_separators() {
        let rows: [(&str, Option<[&str; 4]>); 5] = [
            (
                "s\n\\muxwire\na\nb\n\\muxwire\n\n\\muxwire\np\n",
                Some(["s\n", "a\nb\n", "\n", "p\n"]),
            ),
            (
                "s\n\\muxwire\na\n\\muxwire\n\\muxwire\n",
                Some(["s\n", "a\n", "", ""]),
            ),
            (
                "s\n\\muxwire\n\\\\muxwire\n\\muxwire\n\\muxwire\n",
                Some(["s\n", "\\\\muxwire\n", "", ""]),
            ),
            ("s\n\\muxwire\na\n", None),
            ("\\muxwire\n\\muxwire\n\\muxwire\n\\muxwire\n", None),
        ];
        for (printed, expected) in rows {
            let print = PanePrint::parse(&Bytes::from(printed));
            let expected = expected.map(|[state, screen, saved, pending]| PanePrint {
                state: state.into(),
                screen: screen.into(),
                saved: saved.into(),
                pending: pending.into(),
            });
            assert_eq!(print, expected, "{printed:?}");
        }
    }
}
