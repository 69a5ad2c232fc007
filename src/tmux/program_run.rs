//! Running a program of the user's that is no part of tmux: it is given something on its input, and has to end in time.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::FusedFuture as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::time::timeout;

use super::output::printable;
use super::spawn;

/// How much of what it complains about is kept, in bytes.
const LONGEST_COMPLAINT: usize = 1024;

/// How long its last words may take once it has ended: a process that it left behind may hold its stderr.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Why a program did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It can't be started.
    #[error("{program} can't be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It ended badly.
    #[error("{program} ended with {status}: {said}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said on stderr.
        said: String,
    },
    /// It did not end in time, and was ended.
    #[error("{program} did not end within {after:?}, and was ended")]
    TimedOut {
        /// The program.
        program: String,
        /// How long it had.
        after: Duration,
    },
}

/// Runs a program with its arguments, which no shell reads, and gives it this on its input. What it prints is not kept.
///
/// It and what it starts are a process group of their own, which is ended if it takes too long.
///
/// # Errors
/// It can't be started, fails, or does not end in time.
pub async fn run_program(
    argv: &[String],
    input: &[u8],
    limit: Duration,
) -> Result<(), ProgramError> {
    let program = || argv.first().cloned().unwrap_or_default();
    let failed = |source| ProgramError::Start {
        program: program(),
        source,
    };
    let mut child = command(argv).spawn().map_err(failed)?;
    let group = child
        .id()
        .and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    let mut said = Vec::new();
    match ended(&mut child, input, &mut said, limit).await {
        Some(Ok(status)) if status.success() => Ok(()),
        Some(Ok(status)) => Err(ProgramError::Failed {
            program: program(),
            status,
            said: printable(&said),
        }),
        Some(Err(error)) => Err(failed(error)),
        None => {
            if let Some(group) = group
                && let Err(error) = kill_process_group(group, Signal::KILL)
            {
                tracing::debug!(%error, "a program that took too long has ended by itself");
            }
            Err(ProgramError::TimedOut {
                program: program(),
                after: limit,
            })
        }
    }
}

fn command(argv: &[String]) -> Command {
    let mut command = Command::new(argv.first().map_or("", String::as_str));
    command
        .args(argv.iter().skip(1))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    spawn::clean_environment(&mut command);
    spawn::end_with_parent(&mut command);
    command
}

/// Waits for the end of a program that is given its input; nothing if that takes too long.
async fn ended(
    child: &mut Child,
    input: &[u8],
    said: &mut Vec<u8>,
    limit: Duration,
) -> Option<io::Result<ExitStatus>> {
    let talk = talk((child.stdin.take(), child.stderr.take()), input, said);
    let mut talk = pin!(talk.fuse());
    let talked = async {
        talk.as_mut().await;
        std::future::pending().await
    };
    let ended = timeout(limit, async {
        tokio::select! {
            status = child.wait() => status,
            never = talked => never,
        }
    });
    let ended = ended.await.ok();
    if !talk.is_terminated() && timeout(LAST_WORDS, talk).await.is_err() {
        tracing::debug!("a program left a process behind that holds its stderr");
    }
    ended
}

/// Writes the input, and reads what it complains about.
async fn talk(
    (stdin, stderr): (Option<ChildStdin>, Option<ChildStderr>),
    input: &[u8],
    said: &mut Vec<u8>,
) {
    let feed = async {
        if let Some(mut stdin) = stdin
            && let Err(error) = stdin.write_all(input).await
        {
            tracing::debug!(%error, "a program did not read all of its input");
        }
    };
    let listen = async {
        let Some(mut stderr) = stderr else {
            return;
        };
        let mut piece = [0; 512];
        // Read to the end, so that it never waits for us.
        while let Ok(count @ 1..) = stderr.read(&mut piece).await {
            let room = LONGEST_COMPLAINT.saturating_sub(said.len());
            said.extend_from_slice(&piece[..count.min(room)]);
        }
    };
    tokio::join!(feed, listen);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    async fn run(argv: &[&str], limit: Duration) -> Result<(), String> {
        let argv: Vec<String> = argv.iter().map(|text| (*text).to_owned()).collect();
        let ran = run_program(&argv, b"{\"a\":1}\n", limit).await;
        ran.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_program_is_given_its_input_and_no_shell() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a; b $HOME");
        let name = file.to_str().unwrap();
        let long = Duration::from_secs(60);
        run(&["tee", name], long).await.unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"a\":1}\n");
        run(&["true"], long).await.unwrap();
        let error = run(&["/no/such"], long).await.unwrap_err();
        assert!(error.starts_with("/no/such can't be started"), "{error}");
        let script = "cat >/dev/null; echo 'no\u{1b} way' >&2; exit 3";
        let error = run(&["sh", "-c", script], long).await.unwrap_err();
        assert_eq!(error, "sh ended with exit status: 3: no? way");
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("lock");
        let name = lock.to_str().unwrap();
        // Both hold the file open for as long as they live.
        let script = "exec 9>\"$0\"; flock 9; sleep 1000 & sleep 1000";
        let error = run(&["sh", "-c", script, name], Duration::from_millis(500)).await;
        assert!(error.unwrap_err().contains("did not end within 500ms"));
        let free = ["flock", name, "true"];
        run(&free, Duration::from_secs(60)).await.unwrap();
    }

    #[tokio::test]
    async fn a_program_that_floods_stderr_or_leaves_a_process_behind_ends() {
        let script = "yes no >&2 & kill=$!; sleep 0.2; kill $kill; exit 1";
        let error = run(&["sh", "-c", script], Duration::from_secs(60)).await;
        assert!(error.unwrap_err().ends_with(": no"));
        let script = "sleep 3 & exit 0";
        run(&["sh", "-c", script], Duration::from_secs(60))
            .await
            .unwrap();
    }
}
