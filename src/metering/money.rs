//! Amounts to a millionth, in whole numbers: sums of them are exact.

/// How many digits behind the point count.
const DIGITS: usize = 6;

/// Millionths of a number as JSON has it, to the nearest; nothing if it is none, negative or too large.
#[must_use]
pub fn millionths(number: &str) -> Option<u64> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Where the point stands among the digits, once it is moved by six places.
    let point = i32::try_from(whole.len()).ok()? + exponent + DIGITS as i32;
    if point < 0 {
        return Some(0);
    }
    let point = usize::try_from(point).ok()?;
    if digits.trim_start_matches('0').is_empty() {
        return Some(0);
    }
    // More would be too large for any sum.
    if point > digits.len() + 20 {
        return None;
    }
    let padded = format!("{digits:0<point$}");
    let (kept, rest) = padded.split_at(point);
    let kept: u64 = if kept.is_empty() {
        0
    } else {
        kept.parse().ok()?
    };
    let rounds_up = rest.bytes().next().is_some_and(|digit| digit >= b'5');
    kept.checked_add(u64::from(rounds_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_millionths() {
        let rows = [
            ("0", Some(0)),
            ("0.25", Some(250_000)),
            ("12", Some(12_000_000)),
            ("0.000001", Some(1)),
            ("0.0000004", Some(0)),
            ("0.0000005", Some(1)),
            ("1.23456789", Some(1_234_568)),
            ("1e-3", Some(1000)),
            ("2.5E+2", Some(250_000_000)),
            ("1e-9", Some(0)),
            ("5e-7", Some(1)),
            ("0e99", Some(0)),
            ("18446744073709.551615", Some(u64::MAX)),
            ("18446744073709.551616", None),
            ("1e30", None),
            ("-1", None),
            ("", None),
            (".", None),
            ("1.x", None),
        ];
        for (number, expected) in rows {
            assert_eq!(millionths(number), expected, "{number}");
        }
    }
}
