//! The `muxwire` program: parse, run, exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use muxwire::cli::{Cli, Command};
use muxwire::cmd;
use tokio::runtime::Builder;

/// How long work that blocks, such as a hash, may hold up the end.
const LAST_WORK: Duration = Duration::from_secs(1);

/// One thread does all, so a hop between tasks costs no wake-up, and what is forked is forked from the thread that lives
/// as long as the process.
fn main() -> std::io::Result<ExitCode> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // An agent takes a failure of its hook for a verdict.
        Err(error) if cmd::hook::is_called(std::env::args_os()) && error.use_stderr() => {
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => error.exit(),
    };
    if let Command::Hook(args) = cli.command {
        return Ok(cmd::hook::run(cli.general, args));
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(cmd::run(cli));
    runtime.shutdown_timeout(LAST_WORK);
    Ok(code)
}
