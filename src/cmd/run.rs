//! `muxwire run`: a program in a terminal that answers what tmux doesn't.

use std::process::ExitCode;

use crate::cli::RunArgs;
use crate::cmd::output::CommandOutput;
use crate::shim::{self, Stage};

/// Runs the program. Exits as it does; if it can't be run, says why.
pub fn run(args: &RunArgs) -> ExitCode {
    let stage = match args.stage.as_deref() {
        Some("monitor") => Stage::Monitor,
        Some("start") => Stage::Start,
        Some(_) | None => Stage::Shim,
    };
    shim::run(stage, args.outer.as_deref(), &args.argv).unwrap_or_else(|error| {
        // If stderr is closed there is nobody left to read it.
        let _ = CommandOutput::stderr().line(&format!("muxwire: {error}"));
        ExitCode::from(error.exit_code())
    })
}
