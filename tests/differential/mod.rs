//! Exactness: what clients show of a pane is what tmux shows, cell by cell, whatever they miss and whenever they come.
//!
//! Clients of the real server draw in an independent terminal emulator. Once the pane is quiet, every cell and the
//! cursor are compared with tmux's own capture. See `docs/exactness.md`.

mod desk;
mod dialect;
mod differences;
mod emulator;
mod exported;
mod exporting;
mod generate;
mod generated;
mod pane;
mod past;
mod programs;
mod quiet;
mod viewer;
