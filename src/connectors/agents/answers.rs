//! What the task asks for and waits for, as futures of its answers.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

use super::hooks::{HookCall, HookSocket};
use super::processes::Seen;
use super::registries::{Entry, Registries};
use super::rules::RuleFiles;
use super::sessions::Search;
use super::transcripts::Transcripts;
use crate::agent::RuleSet;
use crate::bridge::{InputError, PaneView, ReadyInput, ScreenError};
use crate::file_watch::blocking;
use crate::ids::PaneId;
use crate::usage::Usage;

/// What was asked for, or waited for.
pub(super) enum Answer {
    Looked(Vec<Look>),
    Seeded((PaneId, u64), Result<PaneView, ScreenError>),
    Ended((PaneId, u64)),
    Rules(Box<RuleFiles>, Arc<RuleSet>),
    Hook(Box<(HookSocket, io::Result<HookCall>)>),
    Registries(Box<Registries>, Vec<Entry>),
    Found((PaneId, u64), Option<PathBuf>),
    Usages(Box<Transcripts>, Vec<(PaneId, Usage)>),
    Recorded(u64, Result<ReadyInput, InputError>),
    Typed(u64, Result<(), InputError>),
}

/// What a look at the processes of a pane came to.
pub(super) struct Look {
    pub(super) pane: PaneId,
    pub(super) root: u32,
    pub(super) seen: io::Result<Seen>,
}

/// Listens for hooks. Without them the screens and all else still say what agents do.
pub(super) async fn listen(path: PathBuf) -> Option<HookSocket> {
    match blocking(move || HookSocket::bind(&path)).await {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::warn!(%error, "hooks of agents are not heard");
            None
        }
    }
}

/// Waits for the end of a process.
pub(super) fn end_of(of: (PaneId, u64), end: OwnedFd) -> io::Result<BoxFuture<'static, Answer>> {
    #[expect(
        deprecated,
        reason = "what may change its descriptor while it is registered is unsound there; `OwnedFd` never does"
    )]
    let end = AsyncFd::with_interest(end, Interest::READABLE)?;
    Ok(async move {
        if end.readable().await.is_err() {
            // The runtime ends, and this task with it.
            std::future::pending::<()>().await;
        }
        Answer::Ended(of)
    }
    .boxed())
}

pub(super) fn next_rules(mut files: RuleFiles) -> BoxFuture<'static, Answer> {
    async move {
        let rules = files.changed().await;
        Answer::Rules(Box::new(files), rules)
    }
    .boxed()
}

/// Says what there is now, if it is something else than before.
pub(super) fn tell<Of: PartialEq>(sender: &watch::Sender<Of>, now: Of) {
    sender.send_if_modified(|known| {
        let is_new = *known != now;
        *known = now;
        is_new
    });
}

/// Looks for a transcript.
pub(super) fn find(search: Search) -> BoxFuture<'static, Answer> {
    async move {
        let of = (search.pane, search.number);
        Answer::Found(of, blocking(move || search.find()).await)
    }
    .boxed()
}

pub(super) fn next_usages(mut transcripts: Transcripts) -> BoxFuture<'static, Answer> {
    async move {
        let usages = transcripts.changed().await;
        Answer::Usages(Box::new(transcripts), usages)
    }
    .boxed()
}

pub(super) fn next_entries(mut registries: Registries) -> BoxFuture<'static, Answer> {
    async move {
        let entries = registries.changed().await;
        Answer::Registries(Box::new(registries), entries)
    }
    .boxed()
}
