//! What stood between `%begin` and `%end`.

use std::fmt;

use bytes::Bytes;

/// The body of a block: raw bytes, each line ended by LF.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Body(Bytes);

impl Body {
    /// A body from bytes in which each line ends with LF.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// All bytes, the LF of each line included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same bytes, shared.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The lines, without their LF.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let whole = self.0.strip_suffix(b"\n").unwrap_or(&self.0);
        let lines = if self.0.is_empty() {
            None
        } else {
            Some(whole.split(|&byte| byte == b'\n'))
        };
        lines.into_iter().flatten()
    }

    /// The first line, or nothing at all: where tmux says what went wrong.
    #[must_use]
    pub fn first_line(&self) -> &[u8] {
        self.lines().next().unwrap_or_default()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
