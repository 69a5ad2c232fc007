//! The character sets, of which tmux knows two: text and the line drawing of the VT100.

/// The sets and which of them is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Charset {
    /// Whether G0 and G1 are line drawing, if known.
    drawing: [Option<bool>; 2],
    /// Whether G1 is used, if known.
    g1: Option<bool>,
}

impl Charset {
    /// As a terminal has them that nothing was printed on.
    pub(super) fn fresh() -> Self {
        Self {
            drawing: [Some(false); 2],
            g1: Some(false),
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.g1.is_some() && self.drawing.iter().all(Option::is_some)
    }

    /// Nothing is known any more. What was is not kept as a guess: text in the wrong set can't be read.
    pub(super) fn doubt(&mut self) {
        *self = Self::default();
    }

    pub(super) fn shift(&mut self, to_g1: bool) {
        self.g1 = Some(to_g1);
    }

    pub(super) fn designate(&mut self, g1: bool, drawing: bool) {
        self.drawing[usize::from(g1)] = Some(drawing);
    }

    /// The bytes that bring a terminal there from the state after a reset.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        for (drawing, introducer) in self.drawing.iter().zip([b'(', b')']) {
            if *drawing == Some(true) {
                out.extend_from_slice(&[0x1b, introducer, b'0']);
            }
        }
        if self.g1 == Some(true) {
            out.push(0x0e);
        }
    }

    /// The bytes that undo [`Self::write_to`].
    pub(super) fn undo(&self, out: &mut Vec<u8>) {
        for (drawing, introducer) in self.drawing.iter().zip([b'(', b')']) {
            if *drawing == Some(true) {
                out.extend_from_slice(&[0x1b, introducer, b'B']);
            }
        }
        if self.g1 == Some(true) {
            out.push(0x0f);
        }
    }
}

/// What a byte is in the VT100's line drawing, from `` ` `` to `~`.
pub(super) fn line_drawing(byte: u8) -> Option<char> {
    const FIRST: u8 = b'`';
    const DRAWN: [char; 31] = [
        '\u{25c6}', '\u{2592}', '\u{2409}', '\u{240c}', '\u{240d}', '\u{240a}', '\u{00b0}',
        '\u{00b1}', '\u{2424}', '\u{240b}', '\u{2518}', '\u{2510}', '\u{250c}', '\u{2514}',
        '\u{253c}', '\u{23ba}', '\u{23bb}', '\u{2500}', '\u{23bc}', '\u{23bd}', '\u{251c}',
        '\u{2524}', '\u{2534}', '\u{252c}', '\u{2502}', '\u{2264}', '\u{2265}', '\u{03c0}',
        '\u{2260}', '\u{00a3}', '\u{00b7}',
    ];
    let index = byte.checked_sub(FIRST)?;
    DRAWN.get(usize::from(index)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_drawing_set_is_the_terminals() {
        for (byte, drawn) in [
            (b'q', Some('─')),
            (b'x', Some('│')),
            (b'~', Some('·')),
            (b'a', Some('▒')),
            (b'A', None),
            (0x7f, None),
        ] {
            assert_eq!(line_drawing(byte), drawn);
        }
    }

    #[test]
    fn each_part_is_known_from_when_it_is_set() {
        let mut charset = Charset::default();
        charset.designate(false, true);
        charset.shift(true);
        assert!(!charset.is_known());
        charset.designate(true, false);
        assert!(charset.is_known());
        let mut out = Vec::new();
        charset.write_to(&mut out);
        charset.undo(&mut out);
        assert_eq!(out, b"\x1b(0\x0e\x1b(B\x0f");
    }
}
