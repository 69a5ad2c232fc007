//! What ends a server of some version while a control client is attached, and no control client can keep away.
//!
//! `docs/tmux-versions.md` reports each, and of those that muxwire avoids by itself.

use super::version::Version;

/// Something that its user does and that ends a server of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hazard {
    /// Its name, which stays the same from version to version.
    pub code: &'static str,
    /// What has to happen for it, as the end of a sentence that begins with "when".
    pub trigger: &'static str,
    /// What can be done against it.
    pub remedy: &'static str,
}

/// The first version that has all of them mended.
const MENDED: &str = "3.8";

/// Of every version before 3.8: the notification that a session's current window is another one runs when the session is
/// gone already, and the server reads its window through a null pointer.
const WINDOWS_END_TOGETHER: Hazard = Hazard {
    code: "windows_end_together",
    trigger: "several windows of a session end at the same moment, as by a signal to all programs in them",
    remedy: "use tmux 3.8 or later; until then end programs one after the other, and set server.attach to on-demand so \
             that muxwire is attached only while somebody listens",
};

const RESPAWN_WHILE_PRINTING: Hazard = Hazard {
    code: "respawn_while_printing",
    trigger: "respawn-pane -k or respawn-window -k is used on a pane that prints at that very moment",
    remedy: "use tmux 3.8 or later; until then stop what prints in a pane before it is respawned",
};

const WINDOW_OF_A_GROUP_KILLED: Hazard = Hazard {
    code: "window_of_a_group_killed",
    trigger: "kill-window is used on a window that was linked into a session of which a group was made since",
    remedy: "use tmux 3.8 or later; until then link no windows into sessions that are in a group",
};

impl Version {
    /// All of it in one sentence, for people, with its names.
    #[must_use]
    pub fn hazards_in_short(&self) -> Option<(String, String)> {
        let hazards = self.hazards();
        let joined = |one: fn(&Hazard) -> &'static str, between| {
            let words: Vec<&str> = hazards.iter().map(one).collect();
            words.join(between)
        };
        let codes = joined(|hazard| hazard.code, ",");
        let triggers = joined(|hazard| hazard.trigger, "; or when ");
        let sentence = format!(
            "tmux {self} ends with all its sessions while muxwire or any other control client is attached when {triggers}. \
             {MENDED} has it mended; until then `muxwire doctor` and docs/tmux-versions.md say what to do"
        );
        (!hazards.is_empty()).then_some((codes, sentence))
    }

    /// What ends a server of this version while muxwire is attached to it.
    #[must_use]
    pub fn hazards(&self) -> &'static [Hazard] {
        if self.has_safe_notifications() {
            &[]
        } else if self.has_flow_control() {
            &[
                WINDOWS_END_TOGETHER,
                RESPAWN_WHILE_PRINTING,
                WINDOW_OF_A_GROUP_KILLED,
            ]
        } else {
            &[WINDOWS_END_TOGETHER]
        }
    }
}

impl Hazard {
    /// The hazard in one sentence, for a server of this version.
    #[must_use]
    pub fn message(&self, version: &Version) -> String {
        format!(
            "tmux {version} ends with all its sessions when {} while muxwire or any other control client is attached; \
             {MENDED} has it mended",
            self.trigger
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn hazards_follow_the_version() {
        let all = [
            "windows_end_together",
            "respawn_while_printing",
            "window_of_a_group_killed",
        ];
        let table: [(&str, &[&str]); 8] = [
            ("3.1c", &all[..1]),
            ("3.2a", &all),
            ("3.3a", &all),
            ("3.5a", &all),
            ("3.7c", &all),
            ("next-3.8", &all),
            ("3.8", &[]),
            ("3.9", &[]),
        ];
        for (text, expected) in table {
            let version = Version::parse(text).unwrap();
            let hazards = version.hazards();
            let codes: Vec<_> = hazards.iter().map(|hazard| hazard.code).collect();
            assert_eq!(codes, expected, "{text}");
            for hazard in hazards {
                let message = hazard.message(&version);
                let start = format!("tmux {text} ends with all its sessions when ");
                assert!(message.starts_with(&start), "{message}");
                assert!(message.ends_with("; 3.8 has it mended"), "{message}");
                assert!(hazard.remedy.contains("tmux 3.8"), "{message}");
            }
        }
    }
}
