//! tmux's versions and what each can do.

use std::cmp::Ordering;
use std::fmt;

/// A version of tmux, ordered by what it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    rank: Rank,
    text: String,
}

/// Major, minor, whether it is a release (a pre-release comes before it), and the patch letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(u16, u16, bool, u8);

impl Rank {
    const fn release(major: u16, minor: u16) -> Self {
        Self(major, minor, true, 0)
    }
}

impl Version {
    /// The oldest version that muxwire works with, without flow control and subscriptions.
    pub const OLDEST: &'static str = "3.1c";
    /// The oldest version that muxwire supports in full.
    pub const FULL: &'static str = "3.2";

    /// Reads `tmux 3.3a`, `3.3a`, `next-3.9`, `3.9-rc` or a name such as `master`.
    ///
    /// A name without a number is a build from source: it is taken for 3.2, the least that has flow control, so that
    /// every hazard of the older ones is still avoided.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("tmux ").unwrap_or(text);
        if text.is_empty() || text.len() > 40 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let rank = match text.strip_prefix("next-") {
            Some(number) => {
                number_rank(number).map(|Rank(major, minor, ..)| Rank(major, minor, false, 0))
            }
            None => number_rank(text),
        };
        let rank = match rank {
            Some(rank) => rank,
            None if text == "master" || text.starts_with("openbsd-") => Rank::release(3, 2),
            None => return None,
        };
        Some(Self {
            rank,
            text: text.to_owned(),
        })
    }

    /// Whether muxwire can work with it at all: 3.1c.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.rank >= Rank(3, 1, true, b'c')
    }

    /// `attach -f`, pause-after, `%pause` and `refresh-client -A`: 3.2.
    #[must_use]
    pub fn has_flow_control(&self) -> bool {
        self.rank >= Rank::release(3, 2)
    }

    /// `run-shell -d`, which lets tmux do other things between two commands: 3.2.
    #[must_use]
    pub fn pauses_between_commands(&self) -> bool {
        self.rank >= Rank::release(3, 2)
    }

    /// `refresh-client -B`: 3.2.
    #[must_use]
    pub fn has_subscriptions(&self) -> bool {
        self.rank >= Rank::release(3, 2)
    }

    /// Subscriptions to all panes or windows outlive their session without ending the server: 3.7, and 3.8 of course.
    #[must_use]
    pub fn has_safe_subscriptions(&self) -> bool {
        self.rank >= Rank::release(3, 7)
    }

    /// The blocks of commands inside `if-shell` belong to the reply, as its own does: 3.2.
    #[must_use]
    pub fn answers_inside(&self) -> bool {
        self.rank >= Rank::release(3, 2)
    }

    /// `#{pane_key_mode}`, and keys in all forms that programs can ask for: 3.5.
    #[must_use]
    pub fn reports_key_mode(&self) -> bool {
        self.rank >= Rank::release(3, 5)
    }

    /// A notification while a control client attaches ends the server: 3.2 to 3.6, and pre-releases of 3.7 perhaps.
    #[must_use]
    pub fn dies_of_early_notifications(&self) -> bool {
        (Rank(3, 2, false, 0)..Rank::release(3, 7)).contains(&self.rank)
    }

    /// The client's messages to the server have lengths of 32 bits: 3.6.
    #[must_use]
    pub fn has_wide_messages(&self) -> bool {
        self.rank >= Rank(3, 6, false, 0)
    }

    /// `#{bracket_paste_flag}`: 3.7.
    #[must_use]
    pub fn reports_bracketed_paste(&self) -> bool {
        self.rank >= Rank::release(3, 7)
    }

    /// `%layout-change` when panes are swapped, and subscriptions for windows that change places between sessions: 3.2.
    #[must_use]
    pub fn reports_swaps(&self) -> bool {
        self.rank >= Rank::release(3, 2)
    }

    /// `%paste-buffer-changed` and `%paste-buffer-deleted`: 3.4.
    #[must_use]
    pub fn reports_buffers(&self) -> bool {
        self.rank >= Rank::release(3, 4)
    }

    /// `tmux -N`, which never starts a server: 3.2.
    #[must_use]
    pub fn has_no_start_flag(&self) -> bool {
        self.rank >= Rank::release(3, 2)
    }

    /// No notification of a control client reads what is gone already: 3.8.
    #[must_use]
    pub fn has_safe_notifications(&self) -> bool {
        self.rank >= Rank::release(3, 8)
    }

    /// The server keeps the reply to a `capture-pane` on a control connection for ever: 3.2 to 3.5.
    #[must_use]
    pub fn leaks_captures(&self) -> bool {
        (Rank::release(3, 2)..Rank(3, 6, false, 0)).contains(&self.rank)
    }

    /// Captures leave out blanks at the end of a line that were erased with a colour: 3.2 and 3.3.
    #[must_use]
    pub fn captures_lose_blanks(&self) -> bool {
        (Rank::release(3, 2)..Rank(3, 4, false, 0)).contains(&self.rank)
    }
}

/// `3.3a` and `3.9-rc`: two numbers, a letter or none, and for a pre-release what follows the hyphen.
fn number_rank(text: &str) -> Option<Rank> {
    let (number, suffix) = text
        .split_once('-')
        .map_or((text, None), |(number, suffix)| (number, Some(suffix)));
    let (major, rest) = number.split_once('.')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (minor, letters) = rest.split_at(digits);
    let letter = match letters.as_bytes() {
        [] => 0,
        [letter @ b'a'..=b'z'] => *letter,
        _ => return None,
    };
    let release = !suffix.is_some_and(|suffix| suffix.starts_with("rc"));
    Some(Rank(
        major.parse().ok()?,
        minor.parse().ok()?,
        release,
        letter,
    ))
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank
            .cmp(&other.rank)
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn versions_are_read_and_ordered() {
        let ascending = [
            "1.8", "2.9a", "3.0a", "3.1", "3.1b", "3.1c", "next-3.2", "3.2-rc3", "3.2", "3.2a",
            "3.3a",
        ];
        let later = [
            "3.4", "3.5a", "3.6b", "3.7c", "next-3.8", "3.8", "3.10", "4.0",
        ];
        let versions: Vec<Version> = ascending
            .iter()
            .chain(&later)
            .map(|text| Version::parse(&format!("tmux {text}\n")).unwrap())
            .collect();
        // Two pre-releases of one version can do the same, so that they are in no order that matters.
        for pair in versions.windows(2) {
            let same_pre_release = pair[0].rank == pair[1].rank;
            assert!(
                same_pre_release || pair[0] < pair[1],
                "{} before {}",
                pair[0],
                pair[1]
            );
        }
        for bad in [
            "",
            "tmux",
            "tmux ",
            "screen 4.9",
            "3",
            "3.x",
            "a.b",
            "3.3ab",
            "3.3A",
            "3.3\u{1b}[m",
        ] {
            assert_eq!(Version::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn capabilities_follow_the_version() {
        // version, usable at all, usable in full
        let table = [
            ("2.9a", false, false),
            ("3.1b", false, false),
            ("3.1c", true, false),
            ("3.2-rc3", true, false),
            ("3.2a", true, true),
            ("3.8", true, true),
            ("next-3.9", true, true),
            ("master", true, true),
            ("openbsd-7.6", true, true),
        ];
        for (text, usable, full) in table {
            let version = Version::parse(text).unwrap();
            assert_eq!(version.is_usable(), usable, "{text}");
            let found = [
                version.has_flow_control(),
                version.has_subscriptions(),
                version.has_no_start_flag(),
            ];
            assert_eq!(found, [full; 3], "{text}");
        }
    }
}
