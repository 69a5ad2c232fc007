//! Writing JSON text straight into a buffer, for what is too frequent to go through a tree.

use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;

/// For each byte: 0 if it stands for itself, `u` if it is written as `\u00XX`, else the letter behind the backslash.
const ESCAPES: [u8; 256] = escapes();

const fn escapes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
}

/// Writes a string with its quotes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// Writes bytes as a string with its quotes; each run of invalid UTF-8 becomes U+FFFD. Returns whether there was one.
pub(super) fn lossy_string(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Much quicker than chunk by chunk, and nearly all output is valid.
        string(out, text);
        return false;
    }
    let mut lossy = false;
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        escape(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            lossy = true;
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
    lossy
}

/// Bytes that are looked at together: most need no escape, and the compiler compares them all at once.
const TOGETHER: usize = 32;

fn escape(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len());
    let mut plain = 0;
    let (groups, rest) = bytes.as_chunks::<TOGETHER>();
    for (number, group) in groups.iter().enumerate() {
        if needs_escape(group) {
            plain = escape_in(
                out,
                bytes,
                plain,
                number * TOGETHER..(number + 1) * TOGETHER,
            );
        }
    }
    let plain = escape_in(out, bytes, plain, bytes.len() - rest.len()..bytes.len());
    out.extend_from_slice(&bytes[plain..]);
}

fn needs_escape(group: &[u8; TOGETHER]) -> bool {
    let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    group.iter().fold(false, |any, byte| any | special(byte))
}

/// Writes up to the last escape of a range; what lies between `plain` and the range needs none. Says what is written.
fn escape_in(out: &mut Vec<u8>, bytes: &[u8], mut plain: usize, range: Range<usize>) -> usize {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for index in range {
        let byte = bytes[index];
        let escape = ESCAPES[usize::from(byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[plain..index]);
        plain = index + 1;
        out.extend_from_slice(&[b'\\', escape]);
        if escape == b'u' {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out.extend_from_slice(&[b'0', b'0', HEX[high], HEX[low]]);
        }
    }
    plain
}

/// Writes a whole number.
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Writes any of our own types as JSON text.
#[expect(
    clippy::expect_used,
    reason = "memory takes every byte, and our types have no keys but strings"
)]
pub(super) fn write_json(out: &mut Vec<u8>, message: &impl Serialize) {
    serde_json::to_writer(out, message).expect("our own messages can be written");
}

/// Any of our own types as JSON text.
pub(super) fn to_json(message: &impl Serialize) -> Bytes {
    let mut out = Vec::with_capacity(128);
    write_json(&mut out, message);
    out.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn strings_read_back_as_what_was_written() {
        let every: String = (0..=0x2fff).filter_map(char::from_u32).collect();
        for text in [
            "",
            "plain",
            "\"\\/\u{8}\t\n\u{c}\r\u{1b}[31m\u{7f}",
            "\u{2028}\u{1f600}",
            &every,
        ] {
            let mut out = Vec::new();
            string(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn invalid_bytes_become_replacement_characters() {
        let rows: [&[u8]; 6] = [
            b"a\xffb",
            b"\xe2\x82",
            b"\xe2\x82\xac",
            b"\xf0\x9f\x98",
            b"\xc3\x28",
            b"\x80\x80",
        ];
        for bytes in rows {
            let mut out = Vec::new();
            assert!(!lossy_string(&mut Vec::new(), b"valid"));
            let lossy = lossy_string(&mut out, bytes);
            assert_eq!(lossy, std::str::from_utf8(bytes).is_err(), "{bytes:?}");
            let read: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(read, String::from_utf8_lossy(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        for value in [0, 9, 10, 48_213, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
