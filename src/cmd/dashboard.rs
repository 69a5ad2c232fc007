//! Where a browser finds the dashboard, and how it is let in and opened.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;

use crate::auth::{CodeHolder, CodeStore};
use crate::cmd::output::CommandOutput;
use crate::cmd::own_pane::is_in_tmux;
use crate::config::Config;

/// The file that sends a browser on, in the state directory.
const FILE: &str = "open.html";

/// The address of the dashboard, with a slash behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DashboardAddress(String);

impl DashboardAddress {
    /// Where a browser of this machine finds a server that listens at this address.
    pub(super) fn of(config: &Config, listens: SocketAddr) -> Self {
        let scheme = match config.tls.certificate {
            Some(_) => "https",
            None => "http",
        };
        let ip = match listens.ip().to_canonical() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let (host, base) = (
            SocketAddr::new(ip, listens.port()),
            &config.server.base_path,
        );
        Self(format!("{scheme}://{host}{base}/"))
    }

    /// One that somebody gives, below the server's own path unless it names another.
    pub(super) fn given(text: &str, config: &Config) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        match path.trim_end_matches('/') {
            "" => Self(format!("{scheme}://{host}{}/", config.server.base_path)),
            path => Self(format!("{scheme}://{host}/{path}/")),
        }
    }

    /// The same with a code for a browser that nobody has let in, unless nobody needs to.
    pub(super) fn letting_in(&self, config: &Config, holder: CodeHolder) -> anyhow::Result<String> {
        if !config.security.require_auth {
            return Ok(self.0.clone());
        }
        let store = CodeStore::new(config.server.state_dir.clone());
        let code = store
            .create(holder, Timestamp::now())
            .context("there can be no code to let a browser in")?;
        Ok(format!("{}#code={}", self.0, code.expose()))
    }

    /// The address alone.
    pub(super) fn plain(&self) -> &str {
        &self.0
    }
}

/// Tells whoever has started the server in a terminal where the dashboard is, and lets a browser in there. The server serves
/// without that too, so what does not work is told in the log and ends nothing.
pub(super) fn welcome(
    config: &Config,
    address: SocketAddr,
    opens: bool,
    output: &mut CommandOutput<impl Write>,
) {
    let dashboard = DashboardAddress::of(config, address);
    let is_opened = opens && opened(&dashboard, config);
    if !io::stdout().is_terminal() {
        return;
    }
    // What opens browsers may have started and found none.
    let line = match is_opened {
        true => later(&dashboard),
        false => greeting(&dashboard, config),
    };
    if let Err(error) = output.line(&line) {
        tracing::warn!(
            "the dashboard is at {}, which can't be printed: {error:#}",
            dashboard.plain()
        );
    }
}

/// Opens the dashboard. False if that is left to whoever has started the server.
fn opened(dashboard: &DashboardAddress, config: &Config) -> bool {
    let address = dashboard.letting_in(config, CodeHolder::Local);
    let outcome = address.and_then(|url| open(&url, &config.server.state_dir));
    if let Err(error) = &outcome {
        tracing::warn!("the dashboard is not opened: {error:#}; `muxwire url` prints its address");
    }
    outcome.is_ok()
}

/// The line that says where the dashboard is, and lets a browser in if that is for nobody else.
fn greeting(dashboard: &DashboardAddress, config: &Config) -> String {
    // A pane is read by others, and may be one of those that are served.
    if config.security.require_auth && is_in_tmux() {
        return later(dashboard);
    }
    match dashboard.letting_in(config, CodeHolder::Local) {
        Ok(url) => format!("dashboard at {url}"),
        Err(error) => {
            tracing::warn!("no browser is let in by the address that is printed: {error:#}");
            later(dashboard)
        }
    }
}

/// The line that says where the dashboard is, and how a browser comes in.
fn later(dashboard: &DashboardAddress) -> String {
    format!(
        "dashboard at {}; `muxwire url` prints an address that lets a browser in, `muxwire url --open` opens it",
        dashboard.plain()
    )
}

/// Opens an address in the browser of whoever sits here. The address is a secret, and what a program is started with is not: so
/// the browser gets a file that sends it on.
///
/// # Errors
/// The file can't be written, or there is nothing that opens it.
pub(super) fn open(address: &str, state_directory: &Path) -> anyhow::Result<()> {
    let path = state_directory.join(FILE);
    write(&path, address).with_context(|| format!("can't write {}", path.display()))?;
    open::that_detached(&path).context("nothing here opens a browser")
}

fn write(path: &PathBuf, address: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(page(address).as_bytes())
}

fn page(address: &str) -> String {
    let address = address.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>muxwire</title>\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta http-equiv=\"refresh\" content=\"0; url={address}\">\n\
         <p><a href=\"{address}\">Go to muxwire</a></p>\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::{Environment, Inputs, resolve};

    fn config(settings: &[(&str, &str)]) -> Config {
        let variables = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let home = [("HOME".into(), "/nowhere".into())];
        let inputs = Inputs {
            environment: Environment::new(variables.chain(home), "here", "/nowhere"),
            ..Inputs::default()
        };
        resolve(&inputs).unwrap().config
    }

    #[test]
    fn addresses_are_those_that_a_browser_takes() {
        let base = ("MUXWIRE_SERVER_BASE_PATH", "/mux");
        let rows = [
            (false, "127.0.0.1:8765", "http://127.0.0.1:8765/"),
            (false, "[::1]:80", "http://[::1]:80/"),
            (false, "0.0.0.0:8765", "http://127.0.0.1:8765/"),
            (false, "[::]:8765", "http://127.0.0.1:8765/"),
            (true, "[::1]:8765", "http://[::1]:8765/mux/"),
        ];
        for (is_below, listens, expected) in rows {
            let settings = [base].into_iter().filter(|_| is_below).collect::<Vec<_>>();
            let found = DashboardAddress::of(&config(&settings), listens.parse().unwrap());
            assert_eq!(found.plain(), expected);
        }
        let rows = [
            ("https://box.example", "https://box.example/mux/"),
            ("https://box.example/", "https://box.example/mux/"),
            (
                "https://box.example:8443/other",
                "https://box.example:8443/other/",
            ),
            ("https://box.example/mux/", "https://box.example/mux/"),
        ];
        for (given, expected) in rows {
            let found = DashboardAddress::given(given, &config(&[base]));
            assert_eq!(found.plain(), expected, "{given}");
        }
    }

    #[test]
    fn the_file_is_private_and_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "old").unwrap();
        write(&path, "http://box/?a=\"b\"&c#code=x").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let page = fs::read_to_string(&path).unwrap();
        let address = "http://box/?a=&quot;b&quot;&amp;c#code=x";
        assert_eq!(page.matches(address).count(), 2, "{page}");
    }
}
