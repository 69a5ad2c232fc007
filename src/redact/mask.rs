//! What stands for a character that is hidden: one of as many bytes and as many columns, so that offsets, lines and the
//! cursor stay where they are.

use unicode_width::UnicodeWidthChar as _;

/// What a byte of a pane is to the matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing that is ever hidden.
    Other,
    /// Text, to be shown as far as is known.
    Shown,
    /// The content of a string sequence, to be shown as far as is known.
    Content,
    /// Part of a secret.
    Hidden,
}

/// Masks the characters of which a byte is hidden. Returns whether there was one.
pub(super) fn mask(bytes: &mut [u8], marks: &[Mark]) -> bool {
    let mut any = false;
    let mut at = 0;
    while at < bytes.len() {
        if marks[at] == Mark::Other {
            at += 1;
            continue;
        }
        let length = character(&bytes[at..], &marks[at..]);
        if marks[at..at + length].contains(&Mark::Hidden) {
            any |= replace(&mut bytes[at..at + length]);
        }
        at += length;
    }
    any
}

/// How many bytes the first character takes; 1 if it is none.
fn character(bytes: &[u8], marks: &[Mark]) -> usize {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let is_text = |count: usize| marks[..count].iter().all(|mark| *mark != Mark::Other);
    let whole = bytes.len() >= length && is_text(length);
    let is_one = whole && std::str::from_utf8(&bytes[..length]).is_ok();
    if is_one { length } else { 1 }
}

/// Puts the mask in a character's place; control characters stay.
fn replace(bytes: &mut [u8]) -> bool {
    if bytes.len() == 1 {
        let hides = bytes[0] >= 0x20 && bytes[0] != 0x7f;
        if hides {
            bytes[0] = b'*';
        }
        return hides;
    }
    let width = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.chars().next())
        .and_then(|c| c.width())
        .unwrap_or(0);
    let mask = match (bytes.len(), width) {
        (2, 0) => "\u{34f}",
        (2, _) => "\u{b7}",
        (3, 0) => "\u{200b}",
        (3, 1) => "\u{2022}",
        (3, _) => "\u{ff0a}",
        (_, 0) => "\u{e0100}",
        (_, 1) => "\u{1f784}",
        _ => "\u{1f512}",
    };
    bytes.copy_from_slice(mask.as_bytes());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_takes_the_room_of_what_it_hides() {
        let rows = [
            "a",
            " ",
            "\u{fc}",
            "\u{301}",
            "\u{e01}",
            "\u{6f22}",
            "\u{20e3}",
            "\u{1f511}",
            "\u{1d400}",
            "\u{e0101}",
        ];
        for text in rows {
            let mut bytes = text.as_bytes().to_vec();
            let marks = vec![Mark::Hidden; bytes.len()];
            assert!(mask(&mut bytes, &marks), "{text:?}");
            let masked = String::from_utf8_lossy(&bytes).into_owned();
            assert_ne!(masked, text);
            assert_eq!(masked.len(), text.len(), "{text:?}");
            let width = |text: &str| text.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
            assert_eq!(width(&masked), width(text), "{text:?} became {masked:?}");
        }
    }

    #[test]
    fn a_character_is_hidden_whole_and_control_characters_never() {
        use Mark::{Hidden, Other, Shown};
        let rows: [(&[u8], &[Mark], &[u8]); 5] = [
            (b"ab", &[Shown, Hidden], b"a*"),
            (
                "\u{fc}b".as_bytes(),
                &[Hidden, Shown, Shown],
                "\u{b7}b".as_bytes(),
            ),
            (b"a\r\nb", &[Hidden; 4], b"*\r\n*"),
            (b"\xffb", &[Hidden, Hidden], b"**"),
            (b"\xc3\x1b\xbc", &[Hidden, Other, Hidden], b"*\x1b*"),
        ];
        for (text, marks, expected) in rows {
            let mut bytes = text.to_vec();
            mask(&mut bytes, marks);
            assert_eq!(bytes, expected, "{text:?}");
        }
    }
}
