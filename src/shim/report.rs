//! What the monitor tells the shim of the program, over the socket between them.

use std::io::{self, Read};

/// What happened to the program. Signals are by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// It runs, as the process with this id, which leads its group.
    Started(i32),
    /// This signal stopped it.
    Stopped(i32),
    /// It ended with this code.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
}

impl Report {
    const LENGTH: usize = 5;

    /// As it is sent.
    pub(super) fn bytes(self) -> [u8; Self::LENGTH] {
        let (kind, number) = match self {
            Self::Started(number) => (b'r', number),
            Self::Stopped(number) => (b's', number),
            Self::Exited(number) => (b'x', number),
            Self::Killed(number) => (b'k', number),
        };
        let [a, b, c, d] = number.to_be_bytes();
        [kind, a, b, c, d]
    }

    /// Reads one: nothing when the monitor has closed its end.
    ///
    /// # Errors
    /// Something else came.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut bytes = [0; Self::LENGTH];
        match from.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let [kind, number @ ..] = bytes;
        let number = i32::from_be_bytes(number);
        match kind {
            b'r' => Ok(Some(Self::Started(number))),
            b's' => Ok(Some(Self::Stopped(number))),
            b'x' => Ok(Some(Self::Exited(number))),
            b'k' => Ok(Some(Self::Killed(number))),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn reports_are_read_as_they_were_written() {
        let all = [
            Report::Started(4_194_304),
            Report::Stopped(20),
            Report::Exited(255),
            Report::Killed(9),
        ];
        let bytes: Vec<u8> = all.iter().flat_map(|report| report.bytes()).collect();
        let mut rest = &bytes[..];
        for report in all {
            assert_eq!(Report::read(&mut rest).unwrap(), Some(report));
        }
        assert_eq!(Report::read(&mut rest).unwrap(), None);
        assert!(Report::read(&mut &b"?0000"[..]).is_err());
    }
}
