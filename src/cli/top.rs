//! What `muxwire top` takes.

use clap::{Args, ValueEnum};

use super::access::AccessArgs;
use crate::top::config::Colouring;

/// `muxwire top`
#[derive(Debug, Clone, Args)]
pub struct TopArgs {
    /// The server.
    #[command(flatten)]
    pub access: AccessArgs,
    /// The colours, whatever top.toml says; auto is as the terminal and NO_COLOR say
    #[arg(long, value_name = "COLOURS")]
    pub colours: Option<TopColours>,
    /// Leave the mouse to the terminal, so that it selects text
    #[arg(long)]
    pub no_mouse: bool,
}

/// The colours that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TopColours {
    /// As the terminal says.
    Auto,
    /// For a dark ground.
    Dark,
    /// For a light one.
    Light,
    /// The 16 colours that every terminal has.
    #[value(name = "16")]
    Sixteen,
    /// None.
    None,
}

impl From<TopColours> for Colouring {
    fn from(colours: TopColours) -> Self {
        match colours {
            TopColours::Auto => Self::Auto,
            TopColours::Dark => Self::Dark,
            TopColours::Light => Self::Light,
            TopColours::Sixteen => Self::Sixteen,
            TopColours::None => Self::None,
        }
    }
}
