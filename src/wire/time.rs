//! Times as text. Events come many in a second, and nearly all of the text is the second's.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// Writes times as RFC 3339 in UTC, with milliseconds that are cut off and not rounded. It knows the last second's text.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    second: i64,
    /// All but the milliseconds and what follows them; empty before the first.
    text: String,
}

impl Times {
    pub(super) fn write(&self, out: &mut Vec<u8>, at: Timestamp) {
        let nanosecond = at.as_nanosecond();
        let millisecond = i64::try_from(nanosecond.div_euclid(1_000_000)).unwrap_or_default();
        let second = millisecond.div_euclid(1000);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.second != second || known.text.is_empty() {
            let start = Timestamp::from_second(second).unwrap_or_default();
            let text = format!("{start:.0}");
            known.text = text.trim_end_matches('Z').to_owned();
            known.second = second;
        }
        out.extend_from_slice(known.text.as_bytes());
        drop(known);
        // Each is below 10, so the casts lose nothing.
        let digit = |unit: i64| b'0' + (millisecond.div_euclid(unit).rem_euclid(10)) as u8;
        out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1), b'Z']);
    }
}

/// The same for a time that stands alone.
pub(super) fn text_of(at: Timestamp) -> String {
    let mut out = Vec::new();
    Times::default().write(&mut out, at);
    String::from_utf8_lossy(&out).into_owned()
}

/// The same for a time in milliseconds since 1970.
#[must_use]
pub fn time_text(millis: i64) -> String {
    text_of(Timestamp::from_millisecond(millis).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn times_are_as_the_library_writes_them() {
        let times = Times::default();
        let rows = [
            1_763_614_800_000_000_000,
            1_763_614_800_123_999_999,
            1_763_614_800_999_999_999,
            1_763_614_801_000_000_000,
            1_763_614_800_005_000_000,
            0,
            999_999,
            -1,
            -1_000_000_001,
            253_402_207_199_999_000_000,
        ];
        for nanosecond in rows {
            let at = Timestamp::from_nanosecond(nanosecond).unwrap();
            let mut out = Vec::new();
            times.write(&mut out, at);
            let millisecond = nanosecond.div_euclid(1_000_000);
            let floored = Timestamp::from_nanosecond(millisecond * 1_000_000).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), format!("{floored:.3}"));
        }
    }
}
