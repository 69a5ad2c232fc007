//! `muxwire top` on real terminals: panes of a tmux of its own, with keys and captures.

mod ends;
mod history;
mod hostile;
mod panes;
mod stage;
