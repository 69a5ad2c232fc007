//! What `muxwire run` takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

const ABOUT: &str = "\
Some agents, such as Claude Code, report what they do only to a terminal that says it understands (OSC 7501), which tmux does
not. Run in a pane by this command, they do, and muxwire reads it there. All else passes as it is, both ways; nothing depends
on a server.

The exit code is the program's, or 128 and the number of the signal that ended it; 127 if there is no such program, 126 if it
can't be run, 125 if muxwire fails itself. Where standard input and output are no terminal, the program simply takes the
place of muxwire.";

/// What `muxwire run` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = ABOUT)]
pub struct RunArgs {
    /// Which of the processes of a run this is; muxwire gives it to itself
    #[arg(long, hide = true, value_parser = ["shim", "monitor", "start"])]
    pub stage: Option<String>,
    /// The terminal that the run is in; muxwire gives it to itself
    #[arg(long, hide = true)]
    pub outer: Option<PathBuf>,
    /// The program and its arguments, behind --
    #[arg(last = true, required = true, num_args = 1.., value_name = "PROGRAM")]
    pub argv: Vec<OsString>,
}
