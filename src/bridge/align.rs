//! Where one pane's bytes, seen on two connections, meet.
//!
//! Two links that show the same window bring the same bytes, but nothing orders one connection with the other. When
//! the link that was listened to goes, the other takes over, and the two tails show how far each of them had come.

/// How far the taking-over link stands from the one that was listened to, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    /// It already brought this many bytes that the old one did not.
    Ahead(usize),
    /// It will bring this many bytes again that the old one has brought.
    Behind(usize),
}

/// The overlap that is proof enough; tails of which half is shorter prove what they can.
const PROOF: usize = 16;

/// Finds the shift at which both tails agree wherever they overlap; the smallest one, if several do.
///
/// Tails that never agree are no copies of one stream: all of the new one's bytes are then new.
pub(super) fn shift(old: &[u8], new: &[u8]) -> Option<Shift> {
    let proof = PROOF.min(old.len().min(new.len()).div_ceil(2));
    for distance in 0..=old.len().max(new.len()) {
        if distance <= new.len() && agree(old, &new[..new.len() - distance], proof) {
            return Some(Shift::Ahead(distance));
        }
        if distance <= old.len() && agree(&old[..old.len() - distance], new, proof) {
            return Some(Shift::Behind(distance));
        }
    }
    None
}

fn agree(one: &[u8], other: &[u8], proof: usize) -> bool {
    let overlap = one.len().min(other.len());
    overlap >= proof && one[one.len() - overlap..] == other[other.len() - overlap..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_meet_where_they_agree() {
        let table: [(&str, &str, Option<Shift>); 8] = [
            ("abcdef", "abcdef", Some(Shift::Ahead(0))),
            ("abcdef", "cdef", Some(Shift::Ahead(0))),
            ("abcdef", "cdefgh", Some(Shift::Ahead(2))),
            ("abcdef", "abcd", Some(Shift::Behind(2))),
            ("yyyy", "yyyyyy", Some(Shift::Ahead(0))),
            ("abc", "xyz", None),
            ("", "", Some(Shift::Ahead(0))),
            ("abc", "", Some(Shift::Ahead(0))),
        ];
        for (old, new, expected) in table {
            assert_eq!(
                shift(old.as_bytes(), new.as_bytes()),
                expected,
                "{old:?} {new:?}"
            );
        }
    }
}
