//! Spans of time and sizes with their units, as people write them.

use std::time::Duration;

const SPANS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
const SIZES: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// A whole number and one of the units ms, s, m, h, d, w: `20ms`, `30d`.
#[must_use]
pub fn read_span(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let (_, millis) = SPANS.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*millis).map(Duration::from_millis)
}

/// The span in the largest unit that gives a whole number. What is below a millisecond is left out.
#[must_use]
pub fn show_span(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    // Days read better than weeks, and nothing is lost by it.
    show(millis, &SPANS[1..], "0s")
}

/// A whole number of bytes, or one with B, KiB, MiB or GiB: `64MiB`.
#[must_use]
pub fn read_size(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = if unit.is_empty() { "B" } else { unit };
    let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*bytes)
}

/// The size in the largest unit that gives a whole number.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES, "0B")
}

fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

fn show(amount: u64, units: &[(&str, u64)], zero: &str) -> String {
    let exact = units
        .iter()
        .find(|(_, size)| amount > 0 && amount.is_multiple_of(*size));
    exact.map_or_else(
        || zero.to_owned(),
        |(name, size)| format!("{}{name}", amount / size),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown() {
        let rows = [
            ("20ms", Some(20), "20ms"),
            ("30s", Some(30_000), "30s"),
            ("90s", Some(90_000), "90s"),
            ("60s", Some(60_000), "1m"),
            ("2h", Some(7_200_000), "2h"),
            ("30 d", Some(2_592_000_000), "30d"),
            ("1w", Some(604_800_000), "7d"),
            ("0s", Some(0), "0s"),
            ("", None, ""),
            ("5", None, ""),
            ("s", None, ""),
            ("-5s", None, ""),
            ("1.5h", None, ""),
            ("5y", None, ""),
            ("5M", None, ""),
            ("99999999999999999999s", None, ""),
            ("18446744073709551615w", None, ""),
        ];
        for (text, millis, shown) in rows {
            let span = read_span(text);
            assert_eq!(span, millis.map(Duration::from_millis), "{text:?}");
            assert_eq!(span.map_or_else(String::new, show_span), shown, "{text:?}");
        }
    }

    #[test]
    fn sizes_are_read_and_shown() {
        let rows = [
            ("4096", Some(4096), "4KiB"),
            ("1000B", Some(1000), "1000B"),
            ("64MiB", Some(64 << 20), "64MiB"),
            ("1 GiB", Some(1 << 30), "1GiB"),
            ("0", Some(0), "0B"),
            ("64MB", None, ""),
            ("64mib", None, ""),
            ("", None, ""),
            ("-1", None, ""),
            ("99999999999GiB", None, ""),
        ];
        for (text, bytes, shown) in rows {
            let size = read_size(text);
            assert_eq!(size, bytes, "{text:?}");
            assert_eq!(size.map_or_else(String::new, show_size), shown, "{text:?}");
        }
    }
}
