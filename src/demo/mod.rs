//! The agents of the demo: recordings of real ones, played in panes, which wait for answers where the real ones did.
//!
//! A process named as the agent plays a scene on its terminal, so that all else (what runs in the pane, what it shows, what is
//! typed into it) is as with the agent itself, and nothing of muxwire knows better.

mod cast;
mod keys;
mod player;
mod scene;

pub use cast::BrokenRecording;
pub use keys::{Key, Keys};
pub use player::Player;
pub use scene::{COLUMNS, ROWS, SCENES, Scene};
