//! Where a piece of output may be cut so that no character is split.

/// How many bytes at the end begin a UTF-8 character that is not complete yet; at most three.
pub(super) fn unfinished(bytes: &[u8]) -> usize {
    for length in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - length];
        match byte {
            0x80..=0xbf => {}
            0xc2..=0xf4 => {
                let tail = &bytes[bytes.len() - length..];
                let unfinished =
                    std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none());
                return if unfinished { length } else { 0 };
            }
            _ => return 0,
        }
    }
    0
}

/// Whether it is known behind these bytes if a character is begun, whatever came before them.
pub(super) fn decides_a_character(bytes: &[u8]) -> bool {
    let continues = |byte: &u8| matches!(byte, 0x80..=0xbf);
    bytes.len() > 3 || !bytes.iter().all(continues)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_begun_character_is_unfinished() {
        let table: [(&[u8], usize); 9] = [
            (b"", 0),
            (b"plain", 0),
            ("\u{e9}".as_bytes(), 0),
            (b"a\xc3", 1),
            (b"\xe2\x82", 2),
            (b"x\xf0\x9f\x98", 3),
            (b"\xf0\x9f\x98\x80", 0),
            (b"\x80\x80\x80\x80", 0),
            (b"\xe2\x28", 0),
        ];
        for (bytes, expected) in table {
            assert_eq!(unfinished(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn every_cut_of_a_text_rejoins_without_replacement_marks() {
        let text = "a\u{e9}\u{20ac}\u{1f600}z".as_bytes();
        for cut in 0..=text.len() {
            let kept = unfinished(&text[..cut]);
            assert!(
                std::str::from_utf8(&text[..cut - kept]).is_ok(),
                "cut at {cut}"
            );
            assert!(
                std::str::from_utf8(&text[cut - kept..]).is_ok(),
                "cut at {cut}"
            );
        }
    }
}
