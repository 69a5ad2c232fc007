//! What is checked of this machine: settings, files and tmux.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::auth::TokenStore;
use crate::config::{Config, ConfigError, Inputs, Unattached, listening};
use crate::tmux::{ExitUnattached, Found, Tmux, TmuxError, Version, look_for_server};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckResult {
    /// All is well.
    Ok,
    /// It works, and there is something to know.
    Warning,
    /// It does not work.
    Failed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// What was looked at, in a word for programs.
    pub(super) name: &'static str,
    /// How it came out.
    pub(super) state: CheckResult,
    /// What was found.
    pub(super) found: String,
    /// What to do about it, unless what was found says so already.
    pub(super) remedy: Option<String>,
}

impl CheckResult {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Check {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckResult::Ok, found, None)
    }

    pub(super) fn failed(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, CheckResult::Failed, found, None)
    }

    pub(super) fn warning(
        name: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(name, CheckResult::Warning, found, Some(remedy.into()))
    }

    fn new(
        name: &'static str,
        state: CheckResult,
        found: impl Into<String>,
        remedy: Option<String>,
    ) -> Self {
        Self {
            name,
            state,
            found: found.into(),
            remedy,
        }
    }

    /// The check for programs.
    pub(super) fn described(&self) -> Value {
        json!({
            "check": self.name,
            "state": self.state.word(),
            "found": self.found,
            "remedy": self.remedy,
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, name) = (self.state.word(), self.name);
        write!(f, "{state:8} {name:14} {}", self.found)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n{:23} -> {remedy}", ""),
            None => Ok(()),
        }
    }
}

/// Whether the settings can be read and make sense.
pub(super) fn configuration(inputs: &Inputs, error: Option<&ConfigError>) -> Check {
    if let Some(error) = error {
        return Check::failed("configuration", error.to_string());
    }
    let there = inputs.files().into_iter().find(|file| file.exists());
    match there {
        Some(file) => Check::ok("configuration", format!("read from {}", file.display())),
        None => Check::ok("configuration", "no file, so defaults and variables"),
    }
}

/// Whether muxwire can listen where the configuration says.
pub(super) fn address(config: &Config) -> Check {
    match listening(config) {
        Ok(listening) => Check::ok("address", listening.address.to_string()),
        Err(error) => Check::failed("address", error.to_string()),
    }
}

/// Whether the tokens can be read, by nobody else, and whether there are any.
pub(super) fn state(config: &Config) -> Vec<Check> {
    let folder = &config.server.state_dir;
    let shown = folder.display();
    let of_folder = match fs::metadata(folder) {
        Ok(found) => {
            let mode = found.permissions().mode() & 0o7777;
            Check::ok("state_dir", format!("{shown}, mode {mode:04o}"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Check::ok(
            "state_dir",
            format!("{shown} is not there yet; the first token makes it"),
        ),
        Err(error) => Check::failed("state_dir", format!("can't look at {shown}: {error}")),
    };
    let of_tokens = match TokenStore::new(folder.clone()).list() {
        Err(error) => Check::failed("tokens", error.to_string()),
        Ok(tokens) if tokens.is_empty() && config.security.require_auth => Check::warning(
            "tokens",
            "there is none, so nobody is let in",
            "muxwire token create --name me --allow write",
        ),
        Ok(tokens) => Check::ok("tokens", format!("{} in {shown}", tokens.len())),
    };
    vec![of_folder, of_tokens]
}

/// The program, the server, and what is to be said of its version. Tells besides whether there is a server.
pub(super) async fn tmux(config: &Config) -> (Vec<Check>, bool) {
    let program = &config.server.tmux;
    let tmux = match Tmux::probe(program, config.server.tmux_socket.clone()).await {
        Ok(tmux) => tmux,
        Err(error) => {
            return (
                vec![Check::failed("tmux_program", error.to_string())],
                false,
            );
        }
    };
    let version = tmux.version().clone();
    let mut checks = vec![of_program(program, &version)];
    match look_for_server(&tmux, ExitUnattached::Watch).await {
        Ok(found) => {
            checks.push(of_server(&found, &version));
            checks.extend(of_exit_unattached(&found, config));
            checks.extend(of_hazards(found.tmux.version()));
            (checks, true)
        }
        Err(error) => {
            checks.push(of_no_server(&error));
            checks.extend(of_hazards(match &error {
                TmuxError::Misfit {
                    server_version: Some(running),
                    ..
                } => running,
                _ => &version,
            }));
            (checks, false)
        }
    }
}

fn of_program(program: &std::path::Path, version: &Version) -> Check {
    let found = format!("tmux {version} at {}", program.display());
    if version.has_flow_control() {
        Check::ok("tmux_program", found)
    } else {
        let found = format!("{found} works without flow control and subscriptions");
        Check::warning("tmux_program", found, "use tmux 3.2 or later, best 3.8")
    }
}

fn of_server(found: &Found, program: &Version) -> Check {
    let (server, socket) = (&found.server, found.tmux.socket_path().display());
    let said = format!(
        "tmux {}, process {}, on {socket}",
        server.version, server.pid
    );
    if found.tmux.version() == program {
        return Check::ok("tmux_server", said);
    }
    let said = format!("{said}, from before the program was replaced by {program}");
    if found.tmux.is_of_server() {
        let said = format!("{said}; muxwire uses the program of the server itself");
        return Check::ok("tmux_server", said);
    }
    let remedy = "the server's own program can't be found, and this one may not understand all that the server says: end \
                  its sessions and start it anew when you can, or set server.tmux to its program";
    Check::warning("tmux_server", said, remedy)
}

fn of_exit_unattached(found: &Found, config: &Config) -> Option<Check> {
    let (said, remedy) = match config.server.exit_unattached {
        _ if !found.exits_unattached => return None,
        Unattached::Watch => (
            "the server ends with all its sessions when muxwire stops while nobody else is attached",
            "set it off with `tmux set-option -s exit-unattached off`, or server.exit_unattached to leave",
        ),
        Unattached::Leave => (
            "the option is on and server.exit_unattached is leave, so that muxwire leaves the server alone",
            "set it off with `tmux set-option -s exit-unattached off`, or server.exit_unattached to watch",
        ),
    };
    Some(Check::warning("exit_unattached", said, remedy))
}

fn of_no_server(error: &TmuxError) -> Check {
    Check::failed("tmux_server", error.to_string())
}

fn of_hazards(version: &Version) -> Vec<Check> {
    let hazards = version.hazards().iter();
    let checks = hazards
        .map(|hazard| Check::warning(hazard.code, hazard.message(version), hazard.remedy))
        .collect::<Vec<_>>();
    if checks.is_empty() {
        let said = format!("none is known of tmux {version}");
        return vec![Check::ok("hazards", said)];
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line_and_its_remedy_another() {
        let rows = [
            (
                Check::ok("tokens", "2 in /x"),
                "ok       tokens         2 in /x",
            ),
            (
                Check::warning("tokens", "none", "make one"),
                "warning  tokens         none\n                        -> make one",
            ),
            (
                Check::failed("tmux_server", "no server"),
                "failed   tmux_server    no server",
            ),
        ];
        for (check, expected) in rows {
            assert_eq!(check.to_string(), expected);
        }
    }
}
