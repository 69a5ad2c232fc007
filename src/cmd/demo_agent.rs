//! `muxwire demo-agent`: plays an agent in a pane of the demo, on a terminal that is raw already.

use std::io::{self, Read as _, Write as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::cli::DemoAgentArgs;
use crate::demo::{Key, Keys, Player, Scene};

/// How long after an Escape nothing may come for it to be the key.
const DECIDING: Duration = Duration::from_millis(50);

/// Plays until the terminal is gone.
///
/// # Errors
/// There is no such scene, or the terminal can't be written.
pub fn run(args: &DemoAgentArgs) -> anyhow::Result<()> {
    let scene = Scene::named(&args.session)
        .with_context(|| format!("the demo has no agent in a session {:?}", args.session))?;
    let mut player = Player::new(scene, Instant::now())?;
    let typed = typed()?;
    let mut keys = Keys::default();
    loop {
        let now = Instant::now();
        let printed = player.print(now);
        if !printed.is_empty() {
            let mut out = io::stdout().lock();
            out.write_all(printed.as_bytes())
                .and_then(|()| out.flush())
                .context("the terminal can't be written")?;
        }
        let due = player.due().map(|due| due.saturating_duration_since(now));
        let Some(pressed) = wait(&typed, &mut keys, due) else {
            return Ok(());
        };
        let now = Instant::now();
        for key in pressed {
            player.press(key, now);
        }
    }
}

/// What is typed until then, if anything is; `None` once nobody types any more.
fn wait(typed: &Receiver<Vec<u8>>, keys: &mut Keys, due: Option<Duration>) -> Option<Vec<Key>> {
    let deciding = keys.is_undecided().then_some(DECIDING);
    let limit = due.into_iter().chain(deciding).min();
    let came = match limit {
        Some(limit) => typed.recv_timeout(limit),
        None => typed.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match came {
        Ok(bytes) => Some(keys.read(&bytes)),
        Err(RecvTimeoutError::Timeout) if deciding.is_some() => {
            Some(keys.decide().into_iter().collect())
        }
        Err(RecvTimeoutError::Timeout) => Some(Vec::new()),
        Err(RecvTimeoutError::Disconnected) => None,
    }
}

/// Reads the terminal on a thread of its own, which ends with the process.
fn typed() -> anyhow::Result<Receiver<Vec<u8>>> {
    let (send, receive) = mpsc::channel();
    let read = move || {
        let mut bytes = [0; 4096];
        let mut terminal = io::stdin().lock();
        loop {
            match terminal.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(count @ 1..) if send.send(bytes[..count].to_vec()).is_ok() => {}
                _ => return,
            }
        }
    };
    thread::Builder::new()
        .spawn(read)
        .context("the terminal can't be read")?;
    Ok(receive)
}
