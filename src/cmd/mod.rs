//! The subcommands, a file each. Only here is printing and `anyhow`, and only here exit codes are decided.

mod agents;
pub mod alert;
pub mod audit;
mod audited;
pub mod browser;
pub mod cert;
pub mod config;
mod connectors;
mod counters;
mod dashboard;
pub mod demo_agent;
mod descriptors;
pub mod digest;
pub mod doctor;
mod entry;
pub mod exit;
pub mod explain;
pub mod export;
mod feeding;
pub mod history;
pub mod hook;
pub mod hooks;
mod keeping;
pub mod list;
mod listeners;
mod notify;
pub mod output;
mod own_pane;
mod past;
pub mod prompt;
mod push;
pub mod record;
mod reload;
pub mod remote;
pub mod run;
pub mod schema;
pub mod search;
pub mod seen;
pub mod send;
pub mod serve;
pub mod service;
pub mod signals;
mod span;
pub mod status;
pub mod token;
pub mod top;
pub mod url;
pub mod wait;
pub mod watch;

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::{Cli, Command, General};
use crate::cmd::output::{Closed, CommandOutput};
use crate::config::{Config, ConfigError, Flag, Problem, Resolved, Source};
use crate::logging;

/// Does what the command line asks for, says on stderr what went wrong, and gives the exit code.
pub async fn run(cli: Cli) -> ExitCode {
    let Cli { general, command } = cli;
    let mut output = CommandOutput::stdout();
    let outcome = match command {
        Command::Serve(args) => serve::run(&general, args, &mut output).await,
        Command::Url(args) => url::run(&general, &args, &mut output),
        Command::Push(command) => push::run(&general, command, &mut output),
        Command::Browser(command) => browser::run(&general, command, &mut output).await,
        Command::Watch(args) => watch::run(&general, args).await,
        Command::Top(args) => top::run(&general, args).await,
        Command::History(args) => history::run(&general, args, &mut output).await,
        Command::Search(args) => search::run(&general, args, &mut output).await,
        Command::Export(args) => export::run(&general, args, &mut output).await,
        Command::Status(args) => status::run(&general, args, &mut output).await,
        Command::Seen(args) => seen::run(&general, args).await,
        Command::List(args) => list::run(&general, args, &mut output).await,
        Command::Wait(args) => wait::run(&general, args, &mut output).await,
        Command::Digest(args) => digest::run(&general, args, &mut output).await,
        Command::Explain(args) => explain::run(&general, args, &mut output).await,
        Command::Send(args) => send::run(&general, args).await,
        Command::Prompt(args) => prompt::run(&general, args, &mut output).await,
        Command::Record(args) => record::run(&general, args).await,
        Command::Token(command) => token::run(&general, command, &mut output),
        Command::Alert(command) => alert::run(&general, command, &mut output).await,
        Command::Audit(command) => audit::run(&general, command, &mut output),
        Command::Cert(args) => cert::run(&general, args, &mut output),
        Command::InstallService(args) => service::run(&args, &mut output),
        Command::Run(args) => return run::run(&args),
        Command::Doctor(args) => doctor::run(&general, &args, &mut output).await,
        Command::Config(args) => config::run(&general, &args, &mut output),
        Command::Schema(args) => schema::run(&args, &mut output),
        Command::Hooks(command) => hooks::run(&general, command, &mut output),
        Command::Hook(args) => return hook::run(general, args),
        Command::DemoAgent(args) => demo_agent::run(&args),
    };
    conclude(outcome, &mut CommandOutput::stderr())
}

/// The settings, with logging begun as they say.
///
/// # Errors
/// Whatever is wrong with the settings.
pub fn prepare(general: &General, flags: Vec<Flag>) -> anyhow::Result<Resolved> {
    let resolved = crate::config::resolve(&general.inputs(flags))?;
    logging::start(&resolved.config.monitoring).context("can't begin to log")?;
    for note in &resolved.notes {
        tracing::warn!("{note}");
    }
    Ok(resolved)
}

/// The name of this machine in events.
fn host_name(config: &Config) -> String {
    if config.server.host_name.is_empty() {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    } else {
        config.server.host_name.clone()
    }
}

/// What a command came to, as an exit code: 0 done, 1 failed, 2 wrong usage, or one of those in [`exit`].
fn conclude(
    outcome: anyhow::Result<()>,
    stderr: &mut CommandOutput<impl std::io::Write>,
) -> ExitCode {
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    if error.is::<Closed>() {
        // The reader had enough, as `head` has: nothing went wrong.
        return ExitCode::SUCCESS;
    }
    let usage = error.downcast_ref::<ConfigError>().is_some_and(is_usage);
    let said = explain(&error);
    if !said.is_empty() {
        // If stderr is closed there is nobody left to read it.
        let _ = stderr.line(&format!("muxwire: {}", said.replace('\n', "\nmuxwire: ")));
    }
    let code = exit::own_code(&error);
    ExitCode::from(code.unwrap_or(if usage { exit::USAGE } else { 1 }))
}

/// The error and its causes, without those that the text before them says already.
fn explain(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |mut text, cause| {
            if !text.contains(&cause) {
                let _ = write!(text, "{}{cause}", if text.is_empty() { "" } else { ": " });
            }
            text
        })
}

/// Whether the command line itself is at fault.
fn is_usage(error: &ConfigError) -> bool {
    let from_flag = |problem: &Problem| {
        matches!(
            problem,
            Problem::Value {
                origin: Source::Flag(_),
                ..
            }
        )
    };
    error.0.iter().all(from_flag)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::client::NoTarget;

    #[test]
    fn each_cause_is_named_once() {
        let inner = || io::Error::other("no room");
        let rows = [
            (anyhow::Error::from(inner()), "no room"),
            (
                anyhow::Error::from(inner()).context("can't write"),
                "can't write: no room",
            ),
            (
                anyhow::Error::from(inner()).context("can't write: no room"),
                "can't write: no room",
            ),
        ];
        for (error, expected) in rows {
            assert_eq!(explain(&error), expected);
        }
    }

    #[test]
    fn exit_codes_part_failure_from_usage() {
        let value = |origin| {
            let (value, reason) = (String::new(), String::new());
            ConfigError(vec![Problem::Value {
                origin,
                name: "server.port",
                value,
                reason,
            }])
        };
        let code = exit::TIME_LIMIT;
        let message = String::new();
        let missing = NoTarget::Missing {
            name: "x".to_owned(),
            meant: None,
        };
        let rows: [(anyhow::Result<()>, u8); 7] = [
            (Err(exit::Exit { code, message }.into()), 4),
            (Err(anyhow::Error::from(missing)), 3),
            (Ok(()), 0),
            (Err(Closed.into()), 0),
            (Err(io::Error::from(io::ErrorKind::BrokenPipe).into()), 1),
            (Err(value(Source::Flag("--listen")).into()), 2),
            (Err(value(Source::Default).into()), 1),
        ];
        for (outcome, expected) in rows {
            let shown = format!("{outcome:?}");
            let mut stderr = CommandOutput::new(Vec::new());
            assert_eq!(
                conclude(outcome, &mut stderr),
                ExitCode::from(expected),
                "{shown}"
            );
        }
    }
}
