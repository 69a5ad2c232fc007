//! What `history`, `search` and `export` have in common: which file they read, of which time and of which pane.
//!
//! The file is for its owner alone (0600), so whoever can read it may see all that is in it; a server need not run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Zoned;
use jiff::civil::Time;

use crate::cli::{General, PastArgs, When};
use crate::cmd::exit::{self, Exit};
use crate::cmd::output::CommandOutput;
use crate::cmd::{keeping, prepare};
use crate::config::Config;
use crate::history::{KnownPane, PaneQuery, Reader, StoreError, TimeLimit};
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::tmux::Tmux;

/// How long one question may take. Nobody waits behind it but the one who asks.
const LIMIT: TimeLimit = TimeLimit(Duration::from_secs(60));

/// How many panes are named where several fit.
const NAMED: usize = 8;

/// The history that is read.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) reader: Reader,
    /// When the command began.
    now: Zoned,
    /// The time that is asked for, in milliseconds since 1970.
    pub(super) from: Option<i64>,
    /// Its end; now unless it was given.
    pub(super) to: i64,
    /// Whether secrets that were kept are masked.
    pub(super) redacted: bool,
}

impl Past {
    /// Opens the file.
    ///
    /// # Errors
    /// There is none, it can't be read, or a time can't be.
    pub(super) async fn open(general: &General, args: &PastArgs) -> anyhow::Result<Self> {
        let flags = [args.socket.flags(), args.state.flags()].concat();
        let names_server = !args.socket.flags().is_empty();
        let config = prepare(general, flags)?.config;
        let path = match &args.store {
            Some(path) => path.clone(),
            None => choose(&config, names_server).await?,
        };
        fs::File::open(&path).with_context(|| format!("can't read {}", path.display()))?;
        let rules = (config.redaction.rules.clone(), config.redaction.defaults);
        let reader = Reader::open(&path, rules)?.within(LIMIT);
        try_out(&reader)
            .await
            .with_context(|| format!("can't read {}", path.display()))?;
        let now = Zoned::now();
        let from = args.from.map(|from| moment(from, &now)).transpose()?;
        let to = args.to.map(|to| moment(to, &now)).transpose()?;
        let to = to.unwrap_or_else(|| now.timestamp().as_millisecond());
        if let Some(from) = from.filter(|from| *from > to) {
            bail!(
                "--from is {} and --to is {}: the first is to be the earlier one",
                told(from),
                told(to)
            );
        }
        Ok(Self {
            reader,
            now,
            from,
            to,
            redacted: !args.secrets,
        })
    }

    /// The lives of the pane that is meant, the oldest first: a pane goes on where a log ended and another one began.
    ///
    /// # Errors
    /// There is none, or it could be several.
    pub(super) async fn pane(&self, target: &str) -> anyhow::Result<Vec<KnownPane>> {
        let all = PaneQuery {
            to: Some(self.to),
            limit: usize::MAX,
            ..PaneQuery::default()
        };
        let found = if let Ok(pane) = target.parse::<PaneId>() {
            match self.reader.pane_at(pane, self.to).await {
                Ok(pane) => vec![pane],
                Err(StoreError::NotKept) => Vec::new(),
                Err(error) => return Err(error.into()),
            }
        } else {
            let known = self.reader.panes(all).await?;
            fitting(known, target)
        };
        // The newest come first.
        let Some(last) = found.first() else {
            return Err(no_pane(format!(
                "the history has no pane {} before {}; `muxwire history --type 'pane.*' --from -1d` shows which there were",
                escaped(target),
                told(self.to)
            )));
        };
        let is_same = |pane: &KnownPane| pane.pane == last.pane && pane.server == last.server;
        let others: Vec<_> = found.iter().filter(|pane| !is_same(pane)).collect();
        // A pane that ended before this one began gave way to it.
        let rival = others.iter().find(|other| {
            self.from.is_none_or(|from| other.last_at >= from) && other.last_at >= last.first_at
        });
        if rival.is_some() {
            return Err(several(target, &found));
        }
        let query = PaneQuery {
            panes: vec![last.pane],
            to: Some(self.to),
            from: self.from,
            limit: usize::MAX,
            ..PaneQuery::default()
        };
        let mut lives = self.reader.panes(query).await?;
        lives.retain(is_same);
        if lives.is_empty() {
            lives.push(last.clone());
        }
        lives.sort_by_key(|pane| (pane.first_at, pane.key));
        Ok(lives)
    }

    /// The time, here.
    pub(super) fn local(&self, at: i64) -> Option<Zoned> {
        let time = jiff::Timestamp::from_millisecond(at).ok()?;
        Some(time.to_zoned(self.now.time_zone().clone()))
    }
}

/// Whether the file is a history at all.
async fn try_out(reader: &Reader) -> anyhow::Result<()> {
    let one = PaneQuery {
        limit: 1,
        ..PaneQuery::default()
    };
    match reader.panes(one).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_damage() => {
            let remedy = "it is damaged, or no history: --store names another one, and `muxwire serve` sets a damaged one aside";
            Err(anyhow::Error::from(error).context(remedy))
        }
        Err(error) => Err(error.into()),
    }
}

/// A time as it is told, so that it can be given again.
pub(super) fn told(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| format!("{at:.3}"))
}

/// Panes whose session, window or agent is meant.
fn fitting(known: Vec<KnownPane>, target: &str) -> Vec<KnownPane> {
    let (session, window) = match target.split_once(':') {
        Some((session, window)) => (session, Some(window)),
        None => (target, None),
    };
    let is_there = |pane: &KnownPane| {
        (pane.session == session || pane.session_id == session)
            && window.is_none_or(|window| pane.window == window || pane.window_id == window)
    };
    let is_agent = |pane: &KnownPane| pane.agent.as_deref() == Some(target);
    match known.iter().any(is_there) {
        true => known.into_iter().filter(is_there).collect(),
        false => known.into_iter().filter(is_agent).collect(),
    }
}

fn no_pane(message: String) -> anyhow::Error {
    let code = exit::NO_TARGET;
    Exit { code, message }.into()
}

fn several(target: &str, found: &[KnownPane]) -> anyhow::Error {
    let mut message = format!(
        "{} could be several panes; name one by its id:",
        escaped(target)
    );
    for pane in found.iter().take(NAMED) {
        let place = format!("{}:{}", pane.session, pane.window);
        message.push_str(&format!(
            "\n  {} in {}, {} to {}",
            pane.pane,
            escaped(&place),
            told(pane.first_at),
            told(pane.last_at)
        ));
    }
    if found.len() > NAMED {
        message.push_str(&format!("\n  and {} more", found.len() - NAMED));
    }
    no_pane(message)
}

/// The file of the tmux server that is meant; without a word on it, the only one, or that of the usual server.
async fn choose(config: &Config, names_server: bool) -> anyhow::Result<PathBuf> {
    let folder = keeping::folder(config);
    let files = files(&folder);
    if let ([only], false) = (&*files, names_server) {
        return Ok(only.clone());
    }
    if files.is_empty() {
        bail!(
            "there is no history below {}: `muxwire serve` keeps it; --state-dir and --store say where else it is",
            folder.display()
        );
    }
    let choice = config.server.tmux_socket.clone();
    let tmux = Tmux::probe(&config.server.tmux, choice).await?;
    let chosen = keeping::file(config, tmux.socket_path());
    let others = |but: Option<&Path>| {
        let others = files.iter().filter(|file| Some(file.as_path()) != but);
        let names: Vec<_> = others
            .filter_map(|file| file.file_name())
            .map(shown)
            .collect();
        names.join(", ")
    };
    if !files.contains(&chosen) {
        bail!(
            "there is no history of the tmux server {}; there are, in {}: {}. -L, -S or --store chooses one",
            tmux.socket_path().display(),
            folder.display(),
            others(None)
        );
    }
    if !names_server && files.len() > 1 {
        CommandOutput::stderr().line(&format!(
            "muxwire: this is the history of the tmux server {}; -L, -S or --store chooses another one: {}",
            tmux.socket_path().display(),
            others(Some(&chosen))
        ))?;
    }
    Ok(chosen)
}

fn shown(name: &OsStr) -> String {
    escaped(&name.to_string_lossy()).into_owned()
}

/// The files below a folder; none if it can't be read.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension() == Some(OsStr::new("db")))
        .collect();
    files.sort();
    files
}

/// A time that people give, in milliseconds since 1970.
fn moment(when: When, now: &Zoned) -> anyhow::Result<i64> {
    let zone = now.time_zone();
    let at = match when {
        When::At(at) => at,
        When::Ago(ago) => now.timestamp().checked_sub(ago)?,
        When::Local(local) => local.to_zoned(zone.clone())?.timestamp(),
        When::Clock(clock) => last(clock, now)?.timestamp(),
    };
    Ok(at.as_millisecond())
}

/// The last time that it was so late.
fn last(clock: Time, now: &Zoned) -> anyhow::Result<Zoned> {
    let today = now
        .date()
        .to_datetime(clock)
        .to_zoned(now.time_zone().clone())?;
    if today <= *now {
        return Ok(today);
    }
    let yesterday = now.date().yesterday()?;
    Ok(yesterday
        .to_datetime(clock)
        .to_zoned(now.time_zone().clone())?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn times_are_those_of_here() {
        let now: Zoned = "2026-11-20T05:00:00+01:00[Europe/Vienna]".parse().unwrap();
        let rows = [
            (
                When::At("2026-11-20T03:00:00Z".parse().unwrap()),
                "2026-11-20T03:00:00.000Z",
            ),
            (
                When::Ago(Duration::from_secs(8 * 3600)),
                "2026-11-19T20:00:00.000Z",
            ),
            (
                When::Clock("03:12".parse().unwrap()),
                "2026-11-20T02:12:00.000Z",
            ),
            (
                When::Clock("05:00".parse().unwrap()),
                "2026-11-20T04:00:00.000Z",
            ),
            (
                When::Clock("05:00:01".parse().unwrap()),
                "2026-11-19T04:00:01.000Z",
            ),
            (
                When::Local("2026-07-01T00:00".parse().unwrap()),
                "2026-06-30T22:00:00.000Z",
            ),
        ];
        for (when, expected) in rows {
            assert_eq!(told(moment(when, &now).unwrap()), expected, "{when:?}");
        }
    }
}
