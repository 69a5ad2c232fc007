//! The modes as the pane's bytes set them, for those that a version of tmux doesn't report.

use super::kinds::KeyMode;
use super::pen::number;

/// The private modes that are tracked, each with its place in a set of bits.
const TRACKED: [u16; 5] = [6, 1004, 2004, 2026, 2031];

/// What is known of the modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TrackedModes {
    on: u8,
    known: u8,
    /// Those set or reset since the last listing of panes, and between it and the one before.
    set_lately: [u8; 2],
    keys: Option<KeyMode>,
}

impl TrackedModes {
    /// As a terminal has them that nothing was printed on.
    pub(super) fn fresh() -> Self {
        Self {
            on: 0,
            known: u8::MAX,
            set_lately: [u8::MAX; 2],
            keys: Some(KeyMode::Vt10x),
        }
    }

    /// RIS.
    pub(super) fn reset(&mut self) {
        *self = Self::fresh();
    }

    /// What was known is now a guess.
    pub(super) fn doubt(&mut self) {
        self.known = 0;
        self.keys = None;
    }

    /// A listing of panes has come.
    pub(super) fn listed(&mut self) {
        self.set_lately = [0, self.set_lately[0]];
    }

    /// A new process has taken the pane since the last listing but one: what was set since then is taken to be its own.
    pub(super) fn doubt_earlier(&mut self) {
        let [last, earlier] = self.set_lately;
        self.known = last | earlier;
        self.keys = None;
    }

    /// A private mode is set or reset; one that isn't tracked is passed over.
    pub(super) fn set(&mut self, mode: u16, on: bool) {
        let Some(bit) = bit(mode) else { return };
        self.known |= bit;
        self.set_lately[0] |= bit;
        if on {
            self.on |= bit;
        } else {
            self.on &= !bit;
        }
    }

    /// Whether a private mode is on; the default as long as it is not known.
    pub(super) fn is_on(&self, mode: u16) -> bool {
        bit(mode).is_some_and(|bit| self.on & bit != 0)
    }

    /// Whether it is known if a private mode is on.
    pub(super) fn is_known(&self, mode: u16) -> bool {
        bit(mode).is_some_and(|bit| self.known & bit != 0)
    }

    pub(super) fn origin(&self) -> Option<bool> {
        self.is_known(6).then(|| self.is_on(6))
    }

    pub(super) fn set_origin(&mut self, origin: Option<bool>) {
        match origin {
            Some(on) => self.set(6, on),
            None => self.known &= !1,
        }
    }

    pub(super) fn keys(&self) -> Option<KeyMode> {
        self.keys
    }

    /// `CSI > 4 ; n m` and `CSI > 4 n`.
    pub(super) fn set_keys(&mut self, parameters: &[u8], set: bool) {
        let mut numbers = parameters.split(|byte| *byte == b';').map(number);
        if numbers.next() != Some(Some(4)) {
            return;
        }
        self.keys = match numbers.next().flatten() {
            Some(2) if set => Some(KeyMode::Extended2),
            Some(1) if set => Some(KeyMode::Extended1),
            _ => Some(KeyMode::Vt10x),
        };
    }
}

fn bit(mode: u16) -> Option<u8> {
    let place = TRACKED.iter().position(|tracked| *tracked == mode)?;
    Some(1 << place)
}
