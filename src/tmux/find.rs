//! Finding the server: now, or as soon as it comes.

use std::time::Duration;

use tokio::time::timeout;

use crate::control::rows::{Row as _, ServerRow, SessionRow};
use crate::file_watch::Woken;
use crate::ids::SessionId;
use crate::tmux::{SocketWatch, Tmux, TmuxError, Version, attachable, reap_stale};

/// How long a helper command may take here.
const DEADLINE: Duration = Duration::from_secs(5);

/// How often to look again right after an event: a server makes its socket a moment before it listens on it, and its
/// first session a moment later.
const SETTLING: [Duration; 7] = [
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
];

/// When to look again at a server that listens and does not answer: it makes no event when it goes on.
const HUNG_RETRY: Duration = Duration::from_millis(500);

/// When to look again at a server that must not be attached to: nothing reports an option that is set.
const REFUSED_RETRY: Duration = Duration::from_secs(5);

/// What a client prints when the server is of a version that it can't talk with.
const MISFIT_SAYINGS: [&str; 3] = [
    "protocol version mismatch",
    "server exited unexpectedly",
    "lost server",
];

/// What to do with a server that ends, with all its sessions, when its last client detaches: the option `exit-unattached`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitUnattached {
    /// It is attached to as any other: it ends later than without muxwire, when that stops.
    Watch,
    /// It is left alone.
    Leave,
}

/// A server that runs and has a session to attach to.
#[derive(Debug, Clone)]
pub struct Found {
    /// The program and the socket, knowing the server's version.
    pub tmux: Tmux,
    /// A session that stays when muxwire detaches: for the control link.
    pub session: SessionId,
    /// Which run of the server it is.
    pub server: ServerRow,
    /// The sessions in groups that were used within one second, the one that was used last alone at the end. Attaching counts
    /// as use, so this is asked before.
    pub by_use: Vec<Vec<SessionId>>,
    /// Whether the server ends, with all its sessions, as soon as no client is attached: the option `exit-unattached`.
    pub exits_unattached: bool,
}

/// Waits for a server with a session that muxwire can attach to. `report` gets each server that can't be used as long as
/// it is of a version that doesn't fit, once for each reason.
///
/// # Errors
/// What waiting doesn't heal: no permission, not a socket, a server that is too old.
pub async fn find_server(
    tmux: &Tmux,
    exit_unattached: ExitUnattached,
    watch: &mut SocketWatch,
    mut report: impl FnMut(&TmuxError),
) -> Result<Found, TmuxError> {
    let mut logged = None;
    let mut settling = SETTLING.iter();
    loop {
        let mut half_dead = false;
        let mut patience = Duration::MAX;
        match look_for_server(tmux, exit_unattached).await {
            Ok(found) => return Ok(found),
            Err(error @ (TmuxError::DestroyUnattached { .. } | TmuxError::ExitUnattached)) => {
                warn_once(&error, &mut logged);
                patience = REFUSED_RETRY;
            }
            Err(error @ TmuxError::Misfit { .. }) => {
                // The server may have been replaced since the last look.
                if warn_once(&error, &mut logged) {
                    report(&error);
                }
            }
            Err(error) if error.heals_by_waiting() => {
                tracing::trace!("{error}");
                // It listens and doesn't answer: perhaps it was killed, and a link of a muxwire that was killed too keeps
                // it from ending.
                half_dead = !matches!(error, TmuxError::NoServer { .. });
            }
            Err(error) => return Err(error),
        }
        match settling.next() {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => {
                if half_dead {
                    reap_stale(tmux).await?;
                    patience = HUNG_RETRY;
                }
                if let Ok(Woken::Event) = timeout(patience, watch.changed()).await {
                    settling = SETTLING.iter();
                }
            }
        }
    }
}

/// Says why a server can't be used, unless that was the last thing said. Returns whether it was new.
fn warn_once(error: &TmuxError, logged: &mut Option<String>) -> bool {
    let text = error.to_string();
    let is_new = logged.as_ref() != Some(&text);
    if is_new {
        tracing::warn!("{error}");
        *logged = Some(text);
    }
    is_new
}

/// Looks once for a server with a session that muxwire can attach to.
///
/// # Errors
/// There is none now, or it can't be used.
pub async fn look_for_server(
    tmux: &Tmux,
    exit_unattached: ExitUnattached,
) -> Result<Found, TmuxError> {
    let found = look(tmux).await?;
    if found.exits_unattached && exit_unattached == ExitUnattached::Leave {
        return Err(TmuxError::ExitUnattached);
    }
    Ok(found)
}

async fn look(tmux: &Tmux) -> Result<Found, TmuxError> {
    // Connecting costs far less than a process, and most looks find nothing.
    tmux.check_socket().await?;
    let looked = ask(tmux).await;
    let fits = match &looked {
        Ok(found) => found.tmux.version() == tmux.program_version(),
        Err(error) => !may_be_misfit(error),
    };
    if fits {
        return looked;
    }
    // Even where the two versions understand each other's greeting, only the server's own program surely fits.
    match tmux.with_program_of_server().await? {
        Some(own) => match ask(&own).await {
            Err(error) if may_be_misfit(&error) => {
                looked.map_err(|first| misfit(tmux, first, Some(own.program_version().clone())))
            }
            asked => asked,
        },
        None => {
            let found = looked.map_err(|error| misfit(tmux, error, None))?;
            attaches(tmux, &found)?;
            Ok(found)
        }
    }
}

/// Whether a program of another version than the server's can attach to it: one before 3.2 lists the sessions of a later
/// server, and waits for ever when it attaches.
fn attaches(tmux: &Tmux, found: &Found) -> Result<(), TmuxError> {
    let (program, server) = (tmux.program_version(), found.tmux.version());
    if program.has_flow_control() || !server.has_flow_control() {
        return Ok(());
    }
    Err(TmuxError::Misfit {
        program: tmux.program_path().to_owned(),
        program_version: program.clone(),
        server_version: Some(server.clone()),
        said: "nothing, since such a program can list the sessions and not attach".to_owned(),
    })
}

/// Whether a program of another version than the server's may be the cause.
fn may_be_misfit(error: &TmuxError) -> bool {
    matches!(
        error,
        TmuxError::Failed { .. } | TmuxError::TimedOut { .. } | TmuxError::Unreadable { .. }
    )
}

/// The error with its cause, where two versions that don't fit are it.
fn misfit(tmux: &Tmux, error: TmuxError, server_version: Option<Version>) -> TmuxError {
    let said = match &error {
        TmuxError::Failed { said, .. }
            if server_version.is_some() || MISFIT_SAYINGS.iter().any(|own| said.contains(own)) =>
        {
            said.clone()
        }
        other if server_version.is_some() => other.to_string(),
        _ => return error,
    };
    TmuxError::Misfit {
        program: tmux.program_path().to_owned(),
        program_version: tmux.program_version().clone(),
        server_version,
        said,
    }
}

/// Asks the server, through this program, for its sessions and who it is.
async fn ask(tmux: &Tmux) -> Result<Found, TmuxError> {
    let listed = tmux
        .run(&["list-sessions", "-F", SessionRow::FORMAT], DEADLINE)
        .await?;
    let rows = sessions(&listed)?;
    let session = choose(tmux, &rows)?;
    let shown = tmux
        .run(&["display-message", "-p", ServerRow::FORMAT], DEADLINE)
        .await?;
    let server = ServerRow::parse(shown.trim_ascii_end())
        .map_err(|error| unreadable("display-message", error.to_string()))?;
    let version = Version::parse(&server.version)
        .ok_or_else(|| unreadable("display-message", format!("version {:?}", server.version)))?;
    Ok(Found {
        tmux: tmux.with_server(version)?,
        session,
        by_use: by_use(&rows, server.session),
        exits_unattached: rows.iter().any(|row| row.exits_unattached),
        server,
    })
}

fn sessions(listed: &[u8]) -> Result<Vec<SessionRow>, TmuxError> {
    let lines = listed.split(|&byte| byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(SessionRow::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable("list-sessions", error.to_string()))
}

/// The sessions in the order in which they were used. tmux keeps seconds only, so it names the last one besides.
fn by_use(rows: &[SessionRow], last: Option<SessionId>) -> Vec<Vec<SessionId>> {
    let use_of = |row: &SessionRow| (Some(row.id) == last, row.activity);
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|row| (use_of(row), row.id));
    let groups = rows.chunk_by(|one, other| use_of(one) == use_of(other));
    let ids = |group: &[&SessionRow]| group.iter().map(|row| row.id).collect();
    groups.map(ids).collect()
}

/// The oldest session that stays when we leave it.
fn choose(tmux: &Tmux, rows: &[SessionRow]) -> Result<SessionId, TmuxError> {
    // A server that has no session yet is as good as none.
    let mut refusal = TmuxError::NoServer {
        socket: tmux.socket_path().to_owned(),
    };
    let mut chosen: Option<SessionId> = None;
    for row in rows {
        match attachable(row) {
            Ok(()) => chosen = Some(chosen.map_or(row.id, |other| other.min(row.id))),
            Err(error) => refusal = error,
        }
    }
    chosen.ok_or(refusal)
}

fn unreadable(command: &str, detail: String) -> TmuxError {
    TmuxError::Unreadable {
        command: command.to_owned(),
        detail,
    }
}
