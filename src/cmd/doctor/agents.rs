//! What muxwire learns of agents by: rules, hooks, and the Unix socket.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::checks::Check;
use crate::cli::HookedAgent;
use crate::cmd::{agents, hooks};
use crate::config::Config;

/// Whether the rules for agents can be used, those of the user's files among them.
pub(super) async fn rules(config: &Config, folders: Vec<PathBuf>) -> Check {
    const NAME: &str = "agent_rules";
    match agents::rules(folders).await {
        Ok(_) if !config.agents.enabled => Check::warning(
            NAME,
            "agents are not watched, since agents.enabled is false",
            "set agents.enabled to true if `muxwire status` is to show them",
        ),
        Ok(rules) => Check::ok(NAME, format!("for {} agents", rules.agents().count())),
        Err(error) => Check::warning(
            NAME,
            format!("{error:#}"),
            "mend the file or remove it: until then its rules are not in force",
        ),
    }
}

/// Whether hooks that are installed call a program that is there, and for all events.
pub(super) fn hooks() -> Vec<Check> {
    const NAME: &str = "hooks";
    let found = HookedAgent::ALL.map(|agent| (agent.name(), hooks::found(agent)));
    let amiss = found.iter().filter_map(|(name, found)| match found {
        Ok((true, _)) => None,
        Ok((false, said)) => Some(Check::warning(
            NAME,
            said,
            format!("muxwire hooks install {name}, or muxwire hooks remove {name}"),
        )),
        Err(error) => Some(Check::warning(
            NAME,
            format!("{name}: {error:#}"),
            format!("look at its settings, then run muxwire hooks status {name}"),
        )),
    });
    let amiss: Vec<Check> = amiss.collect();
    if !amiss.is_empty() {
        return amiss;
    }
    let said = found.iter().filter_map(|(_, found)| found.as_ref().ok());
    let said: Vec<&str> = said.map(|(_, said)| said.as_str()).collect();
    vec![Check::ok(NAME, said.join("; "))]
}

/// Whether the Unix socket of the settings is one, and somebody listens.
pub(super) fn unix_socket(config: &Config) -> Option<Check> {
    const NAME: &str = "unix_socket";
    let path = config.server.unix_socket.as_deref()?;
    Some(match look_at(path) {
        Ok(true) => Check::ok(NAME, format!("a server listens on {}", path.display())),
        Ok(false) => Check::warning(
            NAME,
            format!("nothing listens on {}", path.display()),
            "start it with: muxwire serve",
        ),
        Err(why) => Check::failed(NAME, why),
    })
}

fn look_at(path: &Path) -> Result<bool, String> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(format!("can't look at {shown}: {error}")),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(format!(
                "{shown} is there and is no socket: remove it, or choose another path as server.unix_socket"
            ));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(false),
        Err(error) => Err(format!(
            "can't connect to {shown}: {error}; its owner alone may, who runs the server"
        )),
    }
}
