//! The command line: what each subcommand takes, and which settings its flags stand for.
//!
//! This module only describes. A flag that is a setting too goes into [`Inputs`], so that `config` decides what holds.

mod access;
mod address;
mod alert;
mod audit;
mod browser;
mod demo;
mod doctor;
mod explain;
mod hooks;
mod past;
mod push;
mod remote;
mod run;
mod token;
mod top;
mod typing;
mod url;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::access::AccessArgs;
use self::address::listen;
pub use self::alert::{AlertCommand, AlertListArgs, AlertTestArgs};
pub use self::audit::{AuditCommand, AuditShowArgs, AuditVerifyArgs, Moment, Noted};
pub use self::browser::{BrowserAccess, BrowserCommand, BrowserEndArgs, BrowserListArgs};
pub use self::demo::DemoAgentArgs;
pub use self::doctor::DoctorArgs;
pub use self::explain::{ExplainArgs, RightState, ScreenSize};
pub use self::hooks::{HookArgs, HookedAgent, HooksArgs, HooksCommand, HooksStatusArgs};
pub use self::past::{
    ExportArgs, ExportFormat, ExportTheme, HistoryArgs, LeastSeverity, PastArgs, SearchArgs, When,
};
pub use self::push::{PushCommand, PushListArgs, PushRemoveArgs};
pub use self::remote::{DigestArgs, ListArgs, SeenArgs, StatusArgs, Until, WaitArgs};
pub use self::run::RunArgs;
pub use self::token::{TokenCommand, TokenCreateArgs, TokenListArgs, TokenRevokeArgs};
pub use self::top::{TopArgs, TopColours};
pub use self::typing::{PromptArgs, SendArgs};
pub use self::url::UrlArgs;
pub use self::watch::{Colours, WatchArgs};
use crate::config::{Environment, Flag, Inputs, unit};
use crate::glob::{NamePattern, PatternError};
use crate::tls::SubjectName;

const EXAMPLES: &str = "\
Examples:
  muxwire serve --demo                             serve a private tmux server with a few lively sessions
  muxwire serve                                    serve your own tmux server on ws://127.0.0.1:8765/monitor
  muxwire token create --name me --allow write     make a token; it is shown once
  muxwire watch --type 'pane.*' --session 'api-*'  show what happens in some sessions
  muxwire top                                      see all agents and panes live, and type into them
  muxwire status                                   show what each coding agent does
  muxwire wait work --until ready --timeout 10m    wait until the agent in the session work is ready
  muxwire search connection refused                find lines that panes printed, whenever it was
  muxwire export work --from -1h -o work.cast      write what a pane printed as a recording for asciinema
  muxwire config                                   show every setting and where it comes from

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such pane, 4 time limit, 5 can't happen any more; `wait` has more.
Settings: flags over MUXWIRE_* variables over a file over defaults.";

/// The heading of what every subcommand takes.
const GENERAL: &str = "General options";

/// Watch and steer everything that runs in tmux, from any WebSocket client.
#[derive(Debug, Parser)]
#[command(name = "muxwire", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// What every subcommand takes.
    #[command(flatten)]
    pub general: General,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Follow a tmux server and serve what happens there to WebSocket clients
    Serve(ServeArgs),
    /// Print an address that lets a browser in, once
    Url(UrlArgs),
    /// List the browsers that are let in, and let them in no longer
    #[command(subcommand)]
    Browser(BrowserCommand),
    /// List the browsers that are told by push while their pages are closed, and tell them no longer
    #[command(subcommand)]
    Push(PushCommand),
    /// Show events as they happen, and come back and resume whenever the connection goes
    Watch(WatchArgs),
    /// Show agents and panes live in this terminal, type into them, and answer what they ask
    Top(TopArgs),
    /// Show what happened: events that were kept on disk, also of times when nobody watched
    History(HistoryArgs),
    /// Find lines that panes printed, in the history on disk
    Search(SearchArgs),
    /// Write what a pane printed as a recording, text, a page or a picture, or what happened as NDJSON
    Export(ExportArgs),
    /// Show which coding agents there are, what each does, and which of them waits for you
    Status(StatusArgs),
    /// Show what agents did while you were away: how long each worked and waited, what failed, and what it cost
    Digest(DigestArgs),
    /// Mark agents as seen, so that those which you have not looked at yet stand out in `status`
    Seen(SeenArgs),
    /// Show every pane that there is, with its place and what runs in it
    List(ListArgs),
    /// Wait until an agent waits, is ready or has gone, or until a pane shows a text
    Wait(WaitArgs),
    /// Show why an agent is taken to do what it is said to do: every rule, and the text that it looked at
    Explain(ExplainArgs),
    /// Type text or press keys in a pane
    Send(SendArgs),
    /// Submit a prompt to an agent, with proof that it has it
    Prompt(PromptArgs),
    /// Record what tmux says, byte for byte, until interrupted
    Record(RecordArgs),
    /// Make, list and revoke the tokens that let clients in
    #[command(subcommand)]
    Token(TokenCommand),
    /// Look at the audit log: who connected, who typed where, and whether the log is as it was written
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Try where alerts are sent, and see by which rules they are raised
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Make a TLS certificate that nobody vouches for, to start with
    Cert(CertArgs),
    /// Let systemd start and watch over muxwire
    InstallService(InstallServiceArgs),
    /// Run a program in a terminal that answers what tmux doesn't, so that agents report what they do
    Run(RunArgs),
    /// Look whether all that muxwire needs is there, and say what to do about what isn't
    Doctor(DoctorArgs),
    /// Show every setting and where its value comes from
    Config(ConfigArgs),
    /// Print the JSON Schemas of the protocol
    Schema(SchemaArgs),
    /// Let coding agents say what they do, by hooks in their own settings
    #[command(subcommand)]
    Hooks(HooksCommand),
    /// What those hooks call: it prints nothing, takes no time and never fails
    #[command(hide = true)]
    Hook(HookArgs),
    /// What plays an agent in a pane of the demo
    #[command(hide = true)]
    DemoAgent(DemoAgentArgs),
}

/// What every subcommand takes.
#[derive(Debug, Clone, Default, Args)]
pub struct General {
    /// Read settings from this file (.toml, .yaml or .yml) instead of the usual places
    #[arg(long, global = true, value_name = "FILE", help_heading = GENERAL)]
    pub config: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace or off, or directives
    #[arg(long, global = true, value_name = "LEVEL", help_heading = GENERAL)]
    pub log_level: Option<String>,
    /// The form of log lines on stderr
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["text", "json"], help_heading = GENERAL)]
    pub log_format: Option<String>,
}

impl General {
    /// The settings that these flags and those of a subcommand stand for, over the surroundings of this process.
    #[must_use]
    pub fn inputs(&self, flags: Vec<Flag>) -> Inputs {
        let own = [
            flag(
                "--log-level",
                "monitoring.log_level",
                self.log_level.clone(),
            ),
            flag(
                "--log-format",
                "monitoring.log_format",
                self.log_format.clone(),
            ),
        ];
        let flags = own.into_iter().flatten().chain(flags).collect();
        Inputs {
            flags,
            file: self.config.clone(),
            environment: Environment::of_process(),
        }
    }
}

/// Which tmux server is meant.
#[derive(Debug, Clone, Default, Args)]
pub struct SocketArgs {
    /// The tmux server of this name, as with tmux -L
    #[arg(short = 'L', value_name = "NAME", value_parser = socket_name)]
    pub socket_name: Option<String>,
    /// The tmux server at this socket, as with tmux -S
    #[arg(short = 'S', value_name = "PATH", conflicts_with = "socket_name", value_parser = socket_path)]
    pub socket_path: Option<String>,
}

impl SocketArgs {
    /// The settings that these flags stand for.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        let name = flag("-L", "server.tmux_socket", self.socket_name.clone());
        let path = flag("-S", "server.tmux_socket", self.socket_path.clone());
        name.into_iter().chain(path).collect()
    }
}

/// Where tokens are kept.
#[derive(Debug, Clone, Default, Args)]
pub struct StateArgs {
    /// Where tokens are kept [default: $XDG_STATE_HOME/muxwire]
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub state_dir: Option<String>,
}

impl StateArgs {
    /// The settings that these flags stand for.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        flag("--state-dir", "server.state_dir", self.state_dir.clone())
            .into_iter()
            .collect()
    }
}

/// The settings of a server that have flags.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerArgs {
    /// The address to listen on, or a port of this machine; port 0 takes a free one [default: 127.0.0.1:8765]
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    pub listen: Option<SocketAddr>,
    /// The tmux server.
    #[command(flatten)]
    pub socket: SocketArgs,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
    /// Let everybody in who can connect, to do everything; on loopback, or behind a proxy that lets people in
    #[arg(long)]
    pub no_auth: bool,
    /// A proxy in front does what is missing here of TLS and authentication
    #[arg(long)]
    pub behind_proxy: bool,
}

impl ServerArgs {
    /// The settings that these flags stand for.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        let own = [
            flag(
                "--listen",
                "server.host",
                self.listen.map(|address| address.ip().to_string()),
            ),
            flag(
                "--listen",
                "server.port",
                self.listen.map(|address| address.port().to_string()),
            ),
            flag(
                "--no-auth",
                "security.require_auth",
                self.no_auth.then(|| "false".to_owned()),
            ),
            flag(
                "--behind-proxy",
                "server.behind_proxy",
                self.behind_proxy.then(|| "true".to_owned()),
            ),
        ];
        own.into_iter()
            .flatten()
            .chain(self.socket.flags())
            .chain(self.state.flags())
            .collect()
    }
}

/// `muxwire serve`
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The settings.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Start a private tmux server with shells and agents that are played from recordings, and serve that one
    #[arg(long, conflicts_with_all = ["socket_name", "socket_path", "replay"])]
    pub demo: bool,
    /// Serve a recording instead of a tmux server
    #[arg(long, value_name = "FILE", conflicts_with_all = ["socket_name", "socket_path"])]
    pub replay: Option<PathBuf>,
    /// Open the dashboard in the browser of this machine
    #[arg(long)]
    pub open: bool,
    /// How fast to replay: original or max
    #[arg(
        long,
        value_name = "SPEED",
        requires = "replay",
        default_value = "original",
        hide_possible_values = true
    )]
    pub replay_speed: ReplaySpeed,
}

/// How fast a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReplaySpeed {
    /// As it was recorded.
    Original,
    /// As fast as it goes.
    Max,
}

/// `muxwire record`
#[derive(Debug, Clone, Args)]
pub struct RecordArgs {
    /// The tmux server.
    #[command(flatten)]
    pub socket: SocketArgs,
    /// Where to write; without it, stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How long to record, such as 30s or 5m; without it, until interrupted
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub duration: Option<Duration>,
    /// Record also what panes print in which a recording or its like is printed: which records its own output without end
    #[arg(long, conflicts_with = "output")]
    pub include_own_pane: bool,
}

/// `muxwire schema`
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Print one schema only, by its name, or a document that describes the server
    #[arg(value_parser = ["client", "server", "event", "objects", "http", "openapi", "asyncapi"])]
    pub name: Option<String>,
}

/// `muxwire cert`
#[derive(Debug, Clone, Args)]
pub struct CertArgs {
    /// The names and addresses by which clients reach the server, besides localhost and loopback [default: this machine's
    /// name]
    #[arg(value_name = "NAME|ADDRESS")]
    pub names: Vec<SubjectName>,
    /// The folder for cert.pem and key.pem [default: tls in the state directory]
    #[arg(long, value_name = "DIR", value_parser = absolute)]
    pub dir: Option<String>,
    /// How long it is to be valid
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

/// `muxwire install-service`
#[derive(Debug, Clone, Args)]
pub struct InstallServiceArgs {
    /// For your own tmux, by your own systemd; this is the default
    #[arg(long, conflicts_with = "system")]
    pub user: bool,
    /// For any user's tmux, by the system's systemd and hardened further; needs root
    #[arg(long)]
    pub system: bool,
    /// Print the unit, and install nothing
    #[arg(long)]
    pub print: bool,
    /// Replace a unit that is there already and differs
    #[arg(long, conflicts_with = "print")]
    pub force: bool,
    /// The folder for the unit [default: where systemd looks for it]
    #[arg(long, value_name = "DIR", value_parser = absolute, conflicts_with = "print")]
    pub dir: Option<String>,
}

/// `muxwire config`
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// The settings, as `serve` takes them.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn flag(flag: &'static str, setting: &'static str, value: Option<String>) -> Option<Flag> {
    value.map(|value| Flag {
        flag,
        setting,
        value,
    })
}

fn pattern(text: &str) -> Result<NamePattern, PatternError> {
    NamePattern::new(text)
}

/// A pattern for a token, which lasts longer than anyone who could see that it fits nothing.
fn session_pattern(text: &str) -> Result<NamePattern, PatternError> {
    let pattern = pattern(text)?;
    pattern.check_session()?;
    Ok(pattern)
}

fn span(text: &str) -> Result<Duration, String> {
    unit::read_span(text)
        .ok_or_else(|| "a time is a number and a unit, such as 30s, 5m, 12h or 30d".to_owned())
}

/// `ADDRESS:PORT`, where the address may be `localhost`.
fn socket_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains('/') {
        return Err("a name is not empty and has no slash; -S takes a path".to_owned());
    }
    Ok(text.to_owned())
}

fn socket_path(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a path is not empty".to_owned());
    }
    absolute(text)
}

fn absolute(text: &str) -> Result<String, String> {
    let path = std::path::absolute(text).map_err(|error| error.to_string())?;
    path.into_os_string()
        .into_string()
        .map_err(|_| "the path is not valid Unicode".to_owned())
}

#[cfg(test)]
mod tests;
