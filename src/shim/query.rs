//! Queries of the program status protocol (OSC 7501) in what a program prints: taken out and answered.
//!
//! A query is `ESC ] 7501 ; ?` and BEL or `ESC \`, and its answer is the same bytes. All else passes as it is. What may
//! become a query is held back, but for no longer than the caller waits; what has been passed by then is followed all the
//! same. Within other strings there is no query: a terminal does not see one there, and tmux passes some of them on.

use memchr::memchr;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// How every query begins.
const BEGINS: &[u8] = b"\x1b]7501;?";

/// How many queries are answered until something is typed: a program that prints what it reads, as `cat` does, would ask
/// again with each answer.
const MOST: u32 = 64;

/// Where in the stream the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In text, or in a sequence that is no string.
    Text,
    /// Behind so many bytes of [`BEGINS`].
    Begun(usize),
    /// Behind all of it and an ESC.
    Ending,
    /// In another OSC string.
    Osc,
    /// In a string of another kind: DCS, SOS, PM or APC.
    Other,
    /// In such a string, behind an ESC.
    OtherEscape,
}

/// What is known of a program's output so far.
#[derive(Debug)]
pub(super) struct Queries {
    place: Place,
    /// How many bytes of what has begun were passed on already.
    passed: usize,
    /// How many queries are answered until something is typed.
    left: u32,
}

impl Queries {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Text,
            passed: 0,
            left: MOST,
        }
    }

    /// Something was typed.
    pub(super) fn typed(&mut self) {
        self.left = MOST;
    }

    /// Takes what the program has printed: what the terminal gets, and what the program is answered.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>, answers: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            if self.place == Place::Text {
                let text = memchr(ESC, rest).unwrap_or(rest.len());
                out.extend_from_slice(&rest[..text]);
                rest = &rest[text..];
                if !rest.is_empty() {
                    rest = &rest[1..];
                    self.place = Place::Begun(1);
                }
                continue;
            }
            rest = &rest[1..];
            self.take(byte, out, answers);
        }
    }

    /// Whether something is held back.
    pub(super) fn is_holding(&self) -> bool {
        self.begun().len() > self.passed
    }

    /// Lets go what is held back.
    pub(super) fn release(&mut self, out: &mut Vec<u8>) {
        let begun = self.begun();
        out.extend_from_slice(&begun[self.passed..]);
        self.passed = begun.len();
    }

    /// What has been read of what may become a query.
    fn begun(&self) -> &'static [u8] {
        match self.place {
            Place::Begun(count) => &BEGINS[..count],
            Place::Ending => b"\x1b]7501;?\x1b",
            Place::Text | Place::Osc | Place::Other | Place::OtherEscape => b"",
        }
    }

    /// Takes one byte, anywhere but in text.
    fn take(&mut self, byte: u8, out: &mut Vec<u8>, answers: &mut Vec<u8>) {
        match self.place {
            Place::Begun(count) if BEGINS.get(count) == Some(&byte) => {
                self.place = Place::Begun(count + 1);
            }
            Place::Begun(count) if count == BEGINS.len() => match byte {
                BEL => self.answer(b"\x1b]7501;?\x07", out, answers),
                ESC => self.place = Place::Ending,
                _ => self.go_on(Place::Osc, byte, out),
            },
            Place::Begun(1) => self.escape(byte, out),
            Place::Begun(_) => self.go_on(Place::Osc, byte, out),
            Place::Ending if byte == b'\\' => self.answer(b"\x1b]7501;?\x1b\\", out, answers),
            Place::Ending => {
                // The ESC began another sequence.
                let was_passed = self.passed > BEGINS.len();
                self.passed = self.passed.min(BEGINS.len());
                self.place = Place::Begun(BEGINS.len());
                self.release(out);
                (self.place, self.passed) = (Place::Begun(1), usize::from(was_passed));
                self.take(byte, out, answers);
            }
            Place::Text | Place::Osc | Place::Other | Place::OtherEscape => {
                self.go_on(self.place, byte, out);
            }
        }
    }

    /// A byte behind an ESC.
    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.release(out);
        self.passed = 0;
        match byte {
            // One more: it may begin something in its turn.
            ESC => self.place = Place::Begun(1),
            b'P' | b'X' | b'^' | b'_' => {
                out.push(byte);
                self.place = Place::Other;
            }
            _ => {
                out.push(byte);
                self.place = Place::Text;
            }
        }
    }

    /// What had begun is no query: it goes on as this, with this byte.
    fn go_on(&mut self, place: Place, byte: u8, out: &mut Vec<u8>) {
        self.release(out);
        self.passed = 0;
        self.place = match (place, byte) {
            // What it begins is looked at: `ESC \` or another sequence.
            (Place::Osc, ESC) => {
                self.place = Place::Begun(1);
                return;
            }
            (Place::Osc, BEL) | (_, CAN | SUB) => Place::Text,
            (Place::Osc, _) => Place::Osc,
            (Place::Other, ESC) => Place::OtherEscape,
            // As tmux has it, nothing else ends such a string.
            (Place::OtherEscape, b'\\') => Place::Text,
            (Place::Other | Place::OtherEscape, _) => Place::Other,
            (other, _) => other,
        };
        out.push(byte);
    }

    /// A query is complete. If a part of it was passed on already, the rest has to follow.
    fn answer(&mut self, query: &[u8], out: &mut Vec<u8>, answers: &mut Vec<u8>) {
        if self.passed > 0 || self.left == 0 {
            out.extend_from_slice(&query[self.passed..]);
        }
        if self.left > 0 {
            answers.extend_from_slice(query);
            self.left -= 1;
        }
        (self.place, self.passed) = (Place::Text, 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds pieces; gives what came out and the answers.
    fn fed(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
        let (mut queries, mut out, mut answers) = (Queries::new(), Vec::new(), Vec::new());
        for piece in pieces {
            queries.feed(piece, &mut out, &mut answers);
        }
        queries.release(&mut out);
        (out, answers)
    }

    #[test]
    fn queries_are_answered_and_nothing_else_is() {
        const QUERY: &[u8] = b"\x1b]7501;?\x07";
        const BY_ST: &[u8] = b"\x1b]7501;?\x1b\\";
        let rows: [(&[u8], &[u8], &[u8]); 17] = [
            (
                b"plain \x1b[31mred\x1b[0m",
                b"plain \x1b[31mred\x1b[0m",
                b"",
            ),
            (QUERY, b"", QUERY),
            (BY_ST, b"", BY_ST),
            (
                b"a\x1b]7501;?\x07b\x1b]7501;?\x1b\\c",
                b"abc",
                b"\x1b]7501;?\x07\x1b]7501;?\x1b\\",
            ),
            (b"\x1b\x1b]7501;?\x07", b"\x1b", QUERY),
            (
                b"\x1b]7501;state=idle\x07",
                b"\x1b]7501;state=idle\x07",
                b"",
            ),
            (b"\x1b]7501;?x\x07", b"\x1b]7501;?x\x07", b""),
            (b"\x1b]7501;?", b"\x1b]7501;?", b""),
            (b"\x1b]75\x1b]7501;?\x07", b"\x1b]75", QUERY),
            (
                b"\x1b]0;title\x1b\\\x1b]7501;?\x07",
                b"\x1b]0;title\x1b\\",
                QUERY,
            ),
            // An ESC that ends no string begins another sequence.
            (b"\x1b]7501;?\x1b]7501;?\x07", b"\x1b]7501;?", QUERY),
            (b"\x1b]7501;?\x1b[c", b"\x1b]7501;?\x1b[c", b""),
            // What tmux passes on is for the terminal behind it.
            (
                b"\x1bPtmux;\x1b\x1b]7501;?\x07\x1b\\\x1b[c",
                b"\x1bPtmux;\x1b\x1b]7501;?\x07\x1b\\\x1b[c",
                b"",
            ),
            (
                b"\x1b_a\x1b]7501;?\x07\x1b\\",
                b"\x1b_a\x1b]7501;?\x07\x1b\\",
                b"",
            ),
            (b"\x1bPq\x18\x1b]7501;?\x07", b"\x1bPq\x18", QUERY),
            (b"\x1b]0;a\x1a\x1b]7501;?\x07", b"\x1b]0;a\x1a", QUERY),
            (b"\x1b", b"\x1b", b""),
        ];
        for (input, out, answers) in rows {
            let expected = (out.to_vec(), answers.to_vec());
            assert_eq!(fed(&[input]), expected, "{input:?}");
            let bytes: Vec<&[u8]> = input.chunks(1).collect();
            assert_eq!(fed(&bytes), expected, "{input:?} byte by byte");
        }
    }

    #[test]
    fn a_program_that_prints_its_answers_is_not_answered_for_ever() {
        let query = b"\x1b]7501;?\x07";
        let (mut queries, mut out, mut answers) = (Queries::new(), Vec::new(), query.to_vec());
        let mut rounds = 0;
        while !answers.is_empty() {
            let printed = std::mem::take(&mut answers);
            queries.feed(&printed, &mut out, &mut answers);
            rounds += 1;
        }
        assert_eq!((rounds, out.as_slice()), (MOST + 1, &query[..]));
        queries.typed();
        queries.feed(query, &mut out, &mut answers);
        assert_eq!(answers, query);
    }

    #[test]
    fn what_was_let_go_is_followed_all_the_same() {
        for query in [&b"\x1b]7501;?\x07"[..], b"\x1b]7501;?\x1b\\"] {
            for at in 1..query.len() {
                let (mut queries, mut out, mut answers) = (Queries::new(), Vec::new(), Vec::new());
                queries.feed(&query[..at], &mut out, &mut answers);
                assert!(queries.is_holding() && out.is_empty());
                queries.release(&mut out);
                assert!(!queries.is_holding());
                queries.feed(&query[at..], &mut out, &mut answers);
                assert_eq!((out.as_slice(), answers.as_slice()), (query, query), "{at}");
            }
        }
    }

    /// Bytes among which there are many that matter.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            Just(b"\x1b]7501;?\x07".to_vec()),
            Just(b"\x1b]7501;?\x1b\\".to_vec()),
            Just(b"\x1b]7501;?".to_vec()),
            Just(b"\x1bP".to_vec()),
            Just(b"\x1b\\".to_vec()),
            Just(b"\x1b]".to_vec()),
            prop::collection::vec(
                prop_oneof![Just(ESC), Just(BEL), Just(CAN), any::<u8>()],
                0..8
            ),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        /// However it is cut, and wherever what is held is let go, the terminal gets all but queries, in order.
        #[test]
        fn cuts_and_pauses_change_nothing(bytes in stream(), cuts in prop::collection::vec((0..64_usize, any::<bool>()), 0..8)) {
            let (whole, answered) = fed(&[&bytes]);
            let (mut queries, mut out, mut answers) = (Queries::new(), Vec::new(), Vec::new());
            let (mut rest, mut has_paused) = (&bytes[..], false);
            for (at, pauses) in cuts {
                let (piece, behind) = rest.split_at(at.min(rest.len()));
                queries.feed(piece, &mut out, &mut answers);
                if pauses {
                    has_paused |= queries.is_holding();
                    queries.release(&mut out);
                }
                rest = behind;
            }
            queries.feed(rest, &mut out, &mut answers);
            queries.release(&mut out);
            prop_assert_eq!(&answers, &answered);
            if has_paused {
                // What was let go of a query stands in it too.
                let mut all = bytes.iter();
                prop_assert!(out.iter().all(|byte| all.any(|other| other == byte)));
                prop_assert!(out.len() >= whole.len());
            } else {
                prop_assert_eq!(&out, &whole);
            }
            prop_assert_eq!(whole.len() + answered.len(), bytes.len());
        }
    }
}
