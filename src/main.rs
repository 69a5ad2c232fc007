//! The `muxwire` program: parse, run, exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use muxwire::cli::Cli;
use muxwire::cmd;
use tokio::runtime::Builder;

/// How long work that blocks, such as a hash, may hold up the end.
const LAST_WORK: Duration = Duration::from_secs(1);

/// One thread does all, so a hop between tasks costs no wake-up, and what is forked is forked from the thread that lives
/// as long as the process.
fn main() -> std::io::Result<ExitCode> {
    let cli = Cli::parse();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(cmd::run(cli));
    runtime.shutdown_timeout(LAST_WORK);
    Ok(code)
}
