//! Finding the server: now, or as soon as it comes.

use std::time::Duration;

use tokio::time::timeout;

use crate::control::rows::{Row as _, ServerRow, SessionRow};
use crate::ids::SessionId;
use crate::tmux::{SocketWatch, Tmux, TmuxError, Version, Woken, attachable, reap_stale};

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

/// What a client prints when the server is of a version that it can't talk with.
const MISFIT_SAYINGS: [&str; 3] = [
    "protocol version mismatch",
    "server exited unexpectedly",
    "lost server",
];

/// A server that runs and has a session to attach to.
#[derive(Debug, Clone)]
pub struct Found {
    /// The program and the socket, knowing the server's version.
    pub tmux: Tmux,
    /// A session that stays when muxwire detaches: for the control link.
    pub session: SessionId,
    /// Which run of the server it is.
    pub server: ServerRow,
    /// The sessions, the one that was used last at the end. Attaching counts as use, so this is asked before.
    pub by_use: Vec<SessionId>,
    /// Whether the server ends, with all its sessions, as soon as no client is attached: the option `exit-unattached`.
    pub exits_unattached: bool,
}

/// Waits for a server with a session that muxwire can attach to. `tell` hears of a server that can't be used as long as
/// it is of a version that doesn't fit, once for each reason.
///
/// # Errors
/// What waiting doesn't heal: no permission, not a socket, a server that is too old.
pub async fn find_server(
    tmux: &Tmux,
    watch: &mut SocketWatch,
    mut tell: impl FnMut(&TmuxError),
) -> Result<Found, TmuxError> {
    let mut warned = false;
    let mut told = None;
    let mut settling = SETTLING.iter();
    loop {
        let mut half_dead = false;
        match look_for_server(tmux).await {
            Ok(found) => return Ok(found),
            Err(error @ TmuxError::DestroyUnattached { .. }) => {
                if !warned {
                    tracing::warn!("{error}");
                }
                warned = true;
            }
            Err(error @ TmuxError::Misfit { .. }) => {
                // The server may have been replaced since the last look.
                let text = error.to_string();
                if told.as_ref() != Some(&text) {
                    tracing::warn!("{error}");
                    tell(&error);
                    told = Some(text);
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
                let mut patience = Duration::MAX;
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

/// Looks once for a server with a session that muxwire can attach to.
///
/// # Errors
/// There is none now, or it can't be used.
pub async fn look_for_server(tmux: &Tmux) -> Result<Found, TmuxError> {
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
    let session = choose(tmux, &listed)?;
    let shown = tmux
        .run(&["display-message", "-p", ServerRow::FORMAT], DEADLINE)
        .await?;
    let server = ServerRow::parse(shown.trim_ascii_end())
        .map_err(|error| unreadable("display-message", error.to_string()))?;
    let option = ["show-options", "-s", "-v", "exit-unattached"];
    let exits = tmux.run(&option, DEADLINE).await?;
    let version = Version::parse(&server.version)
        .ok_or_else(|| unreadable("display-message", format!("version {:?}", server.version)))?;
    Ok(Found {
        tmux: tmux.with_server(version)?,
        session,
        server,
        by_use: sessions_by_use(tmux).await?,
        exits_unattached: exits.trim_ascii() == b"on",
    })
}

/// The sessions in the order in which they were used. tmux tells seconds only, so it names the last one besides.
async fn sessions_by_use(tmux: &Tmux) -> Result<Vec<SessionId>, TmuxError> {
    let all = ["list-sessions", "-F", "#{session_activity} #{session_id}"];
    let last = [";", "display-message", "-p", "#{session_id}"];
    let listed = tmux.run(&[&all[..], &last[..]].concat(), DEADLINE).await?;
    let text = String::from_utf8_lossy(&listed);
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.pop().and_then(|line| line.parse().ok());
    let mut used: Vec<(u64, SessionId)> = lines
        .into_iter()
        .filter_map(|line| {
            let (activity, session) = line.split_once(' ')?;
            Some((activity.parse().ok()?, session.parse().ok()?))
        })
        .collect();
    used.sort_by_key(|(activity, session)| (Some(*session) == last, *activity, *session));
    Ok(used.into_iter().map(|(_, session)| session).collect())
}

/// The oldest session that stays when we leave it.
fn choose(tmux: &Tmux, listed: &[u8]) -> Result<SessionId, TmuxError> {
    // A server that has no session yet is as good as none.
    let mut refusal = TmuxError::NoServer {
        socket: tmux.socket_path().to_owned(),
    };
    let mut chosen: Option<SessionId> = None;
    for line in listed
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let row = SessionRow::parse(line)
            .map_err(|error| unreadable("list-sessions", error.to_string()))?;
        match attachable(&row) {
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
