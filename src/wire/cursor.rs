//! The text form of a position. Clients hand it back as it is.

use crate::hub::{Position, Since};
use crate::ids::{Epoch, Seq};

/// The text form of a position.
#[must_use]
pub fn cursor(epoch: &Epoch, seq: Seq) -> String {
    format!("1.{epoch}.{seq}")
}

/// The position that a text stands for. A text of another kind is a position of another log, not an error: it may
/// come from another version of the server, and then the client has to begin anew all the same.
#[must_use]
pub fn since_cursor(text: &str) -> Since {
    read_cursor(text).map_or(Since::Foreign, |(epoch, seq)| {
        Since::Position(Position { epoch, seq })
    })
}

/// What a text says that this version writes for a position.
#[must_use]
pub fn read_cursor(text: &str) -> Option<(Epoch, Seq)> {
    let (epoch, seq) = text.strip_prefix("1.")?.split_once('.')?;
    let digits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
    let seq = digits.then(|| seq.parse().ok()).flatten()?;
    Some((Epoch::new(epoch)?, Seq(seq)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_cursor_stands_for_its_position_and_all_else_is_foreign() {
        let epoch = Epoch::new("b3f1c9").unwrap();
        let position = Position {
            epoch: epoch.clone(),
            seq: Seq(48_213),
        };
        assert_eq!(
            since_cursor(&cursor(&epoch, Seq(48_213))),
            Since::Position(position)
        );
        for text in [
            "",
            "1.",
            "1.b3f1c9",
            "1.b3f1c9.",
            "1.b3f1c9.+1",
            "2.b3f1c9.1",
            "1..1",
            "1.x.99999999999999999999",
        ] {
            assert_eq!(since_cursor(text), Since::Foreign, "{text:?}");
        }
    }
}
