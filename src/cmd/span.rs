//! How long something is or was, as people read it.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `5s`, `12m`, `3h05m`, `2d`.
pub(super) fn short(span: Duration) -> String {
    match span.as_secs() {
        0..DAY => hours(span),
        seconds => format!("{}d", seconds / DAY),
    }
}

/// The same, and as exact beyond a day: `27h05m`.
pub(super) fn hours(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        _ => format!("{}h{:02}m", seconds / HOUR, seconds / MINUTE % 60),
    }
}

/// As [`short`], and finer below a minute: `120ms`, `1.5s`.
pub(super) fn fine(span: Duration) -> String {
    let millis = span.subsec_millis();
    match span.as_secs() {
        0 => format!("{millis}ms"),
        seconds @ 1..MINUTE => format!("{seconds}.{}s", millis / 100),
        _ => short(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let rows = [
            (0, "0s", "0ms"),
            (999, "0s", "999ms"),
            (1540, "1s", "1.5s"),
            (59_999, "59s", "59.9s"),
            (60_000, "1m", "1m"),
            (3_599_999, "59m", "59m"),
            (3_600_000, "1h00m", "1h00m"),
            (11_100_000, "3h05m", "3h05m"),
            (86_400_000, "1d", "1d"),
            (300_000_000, "3d", "3d"),
        ];
        for (millis, expected, finer) in rows {
            let span = Duration::from_millis(millis);
            assert_eq!([short(span), fine(span)], [expected, finer]);
        }
    }
}
