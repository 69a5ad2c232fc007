//! The histogram of recent times: its buckets, its summaries, and what it forgets.

use super::*;

/// Count, median, 99th percentile and longest.
type Figures = (u64, u64, u64, u64);

fn summary(times: &[u64]) -> Option<Figures> {
    let now = Instant::now();
    let mut recent = Recent::default();
    for time in times {
        recent.record(Duration::from_micros(*time), now);
    }
    let found = recent.summary(now);
    found.map(|found| (found.count, found.p50, found.p99, found.max))
}

#[test]
fn buckets_follow_each_other_and_are_narrow() {
    for micros in (0..5000).chain((0..24).flat_map(|power| [(1 << power) - 1, 1 << power])) {
        let end = end_of(bucket(micros));
        assert!(micros <= end, "{micros} is beyond {end}");
        assert!(end - micros <= micros / 8, "{micros} is far from {end}");
        assert_eq!(bucket(end), bucket(micros));
        assert_eq!(bucket(end + 1), bucket(micros) + 1);
    }
}

#[test]
fn summaries_name_the_percentiles_and_the_longest() {
    let hundred: Vec<u64> = (1..=100).collect();
    let rows: [(&[u64], Option<Figures>); 6] = [
        (&[], None),
        (&[0], Some((1, 0, 0, 0))),
        (&[7], Some((1, 7, 7, 7))),
        (&[1000, 3, 3], Some((3, 3, 1000, 1000))),
        // What shares a bucket is counted at its end, but never beyond the longest.
        (&hundred, Some((100, 51, 100, 100))),
        (
            &[u64::MAX / 1000],
            Some((1, LARGEST * 9 / 8 - 1, LARGEST * 9 / 8 - 1, u64::MAX / 1000)),
        ),
    ];
    for (times, expected) in rows {
        assert_eq!(summary(times), expected, "{times:?}");
    }
}

#[test]
fn what_is_ten_seconds_old_is_forgotten() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut recent = Recent::default();
    recent.record(Duration::from_micros(5), at(1));
    recent.record(Duration::from_micros(3), at(6));
    let max = |recent: &mut Recent, seconds| recent.summary(at(seconds)).map(|found| found.max);
    assert_eq!(max(&mut recent, 7), Some(5));
    assert_eq!(max(&mut recent, 11), Some(3), "the first half is gone");
    assert_eq!(max(&mut recent, 30), None);
}
