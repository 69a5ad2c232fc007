//! A private tmux server with shells, and with agents that are played from recordings, so that a newcomer sees something at once.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, io, process};

use crate::demo::{COLUMNS, ROWS, SCENES};
use crate::tmux::{SocketChoice, Tmux, TmuxError};

/// How long tmux may take for one command here.
const DEADLINE: Duration = Duration::from_secs(5);

/// The sessions besides those of agents: a name, and what its pane runs. `$1` is the process that the demo is for, `$2` tmux, `$3` the socket.
///
/// Each loop ends with that process, and the first one takes the server and its folder with it, so that nothing is left
/// behind even if muxwire is killed.
const SESSIONS: [(&str, &str); 4] = [
    ("clock", CLOCK),
    ("build", BUILD),
    ("logs", LOGS),
    ("shell", "PS1='demo$ ' exec sh -i"),
];

const CLOCK: &str = r#"
while kill -0 $1 2>/dev/null; do
  printf '\r%s ' "$(date '+%H:%M:%S')"
  sleep 1
done
# The end of the server must not be the end of this.
trap '' HUP
# Without its socket, as when somebody has cleaned up, it takes no command.
"$2" -S "$3" kill-server || kill $PPID
rm -f -- "$3" "$3.lock" "${3%/*}/claude" "${3%/*}/codex"
rmdir -- "${3%/*}""#;

const BUILD: &str = r#"
while kill -0 $1 2>/dev/null; do
  n=0
  while [ $n -lt 40 ]; do
    n=$((n + 1))
    printf '\r\033[K\033[1;32m%12s\033[0m unit %2d/40' Compiling $n
    sleep 0.25
  done
  printf '\r\033[K\033[1;32m%12s\033[0m in 10 s\n' Finished
  sleep 2
done"#;

const LOGS: &str = r#"
n=0
while kill -0 $1 2>/dev/null; do
  n=$((n + 1))
  case $((n % 7)) in
    5) printf '\033[33mwarning:\033[0m request %d was slow: 812 ms\n' $n ;;
    6) printf '\033[31merror:\033[0m request %d failed: connection refused\n' $n ;;
    *) printf 'info: request %d took 23 ms\n' $n ;;
  esac
  sleep 1
done"#;

/// What the pane of an agent runs, with the program of the agent as `$4`. It ends with the terminal.
const AGENT: &str = r#"stty raw -echo && exec "$4" demo-agent "$0""#;

/// How large the panes of shells are.
const SHELL_SIZE: (u16, u16) = (100, 30);

/// A running demo. [`Demo::stop`] ends it; if muxwire dies first, it ends by itself within a second.
#[derive(Debug)]
pub struct Demo {
    tmux: Tmux,
    folder: PathBuf,
}

impl Demo {
    /// Starts the server in a folder of its own that nobody else can read.
    ///
    /// # Errors
    /// tmux can't be used, or the folder can't be made.
    pub async fn start(program: &Path) -> Result<Self, TmuxError> {
        let folder = env::temp_dir().join(format!("muxwire-demo-{}", process::id()));
        let socket = folder.join("tmux");
        let tmux = Tmux::probe(program, SocketChoice::Path(socket.clone())).await?;
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(|source| TmuxError::System {
                what: "making the demo's folder",
                source,
            })?;
        let demo = Self { tmux, folder };
        // By its name an agent is known, wherever its program comes from.
        let own = env::current_exe().map_err(|source| TmuxError::System {
            what: "finding muxwire's own program",
            source,
        })?;
        for scene in SCENES {
            let agent = demo.folder.join(scene.agent);
            match symlink(&own, &agent) {
                Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(TmuxError::System {
                        what: "naming the demo's agents",
                        source,
                    });
                }
                _ => {}
            }
        }
        for (name, script) in SESSIONS {
            demo.session(name, SHELL_SIZE, script, program, None)
                .await?;
        }
        for scene in SCENES {
            let agent = demo.folder.join(scene.agent);
            demo.session(scene.session, (COLUMNS, ROWS), AGENT, program, Some(&agent))
                .await?;
        }
        Ok(demo)
    }

    /// Makes a session that runs a script, with `$1` to `$4` as the scripts want them.
    async fn session(
        &self,
        name: &str,
        (cols, rows): (u16, u16),
        script: &str,
        program: &Path,
        agent: Option<&Path>,
    ) -> Result<(), TmuxError> {
        let (cols, rows) = (cols.to_string(), rows.to_string());
        let parent = process::id().to_string();
        let mut arguments: Vec<OsString> = ["-f", "/dev/null"].map(Into::into).to_vec();
        let session = [
            "new-session",
            "-d",
            "-s",
            name,
            "-x",
            &cols,
            "-y",
            &rows,
            "sh",
            "-c",
            script,
            name,
            &parent,
        ];
        arguments.extend(session.map(Into::into));
        arguments.extend([program.into(), self.folder.join("tmux").into()]);
        arguments.extend(agent.map(Into::into));
        self.tmux.start_server(&arguments, DEADLINE).await?;
        Ok(())
    }

    /// The server.
    #[must_use]
    pub fn tmux(&self) -> &Tmux {
        &self.tmux
    }

    /// Ends the server and removes its folder.
    ///
    /// # Errors
    /// Something of it is left behind.
    pub async fn stop(self) -> Result<(), TmuxError> {
        let ended = self.tmux.run(&["kill-server"], DEADLINE).await;
        let removed = fs::remove_dir_all(&self.folder);
        match removed {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(TmuxError::System {
                what: "removing the demo's folder",
                source,
            }),
            _ => ended.map(drop),
        }
    }
}
