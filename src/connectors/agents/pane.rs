//! One pane, and the agent in it if there is one: what it prints goes to the engine, from a snapshot on.

use std::path::{Component, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::hooks::HookCall;
use super::looks::Looks;
use super::places::Places;
use super::registries::Entry;
use super::sessions::Search;
use super::transcripts::Session;
use crate::agent::{Look, PaneWatch, Registry, Status};
use crate::bridge::{PaneView, ScreenError};
use crate::ids::PaneId;
use crate::model;
use crate::usage::TranscriptForm;

/// How much of a pane's output is kept while its snapshot is on its way. Beyond, the snapshot is taken anew.
const MOST_WAITING: usize = 1 << 20;

/// How long to wait with another snapshot when there was none, at first and at the most. It doubles each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// How many hooks are kept for an agent that is not known yet, the last ones, and for how long.
const MOST_CALLS: usize = 8;
pub(super) const CALLS_LIVE: Duration = Duration::from_secs(10);

/// What a cell of an emulator takes in memory, about, in bytes: 20 on each of two screens.
const CELL: u64 = 40;

/// A pane.
#[derive(Debug)]
pub(super) struct Pane {
    /// Its first process, 0 if it has ended.
    pub(super) root: u32,
    pub(super) size: (u16, u16),
    pub(super) title: String,
    pub(super) looks: Looks,
    /// Its processes are being looked at.
    pub(super) is_looked_at: bool,
    /// The log says that there is an agent in it.
    pub(super) is_said: bool,
    pub(super) agent: Option<Held>,
    /// Hooks that were called here before the agent was found, each with its time.
    pub(super) calls: Vec<(HookCall, Instant)>,
}

/// An agent in a pane.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) watch: PaneWatch,
    /// Its process, by what tells it from others.
    pub(super) process: (u32, Option<u64>),
    /// Which one of all that were found, so that what was asked for another is told apart.
    pub(super) number: u64,
    screen: Screen,
    /// What was said of it last.
    pub(super) said: Option<Status>,
    /// When the engine is to be asked.
    pub(super) deadline: Option<Instant>,
    retry: Duration,
    /// The folder in which it keeps its files, as far as it is known.
    pub(super) folder: Option<PathBuf>,
    /// What stood in its registry last.
    registry: Option<Registry>,
    /// Its own name for the session.
    session_id: Option<String>,
    /// The transcript of the session.
    session: Option<Session>,
    /// Its transcript may be another one than is known.
    seeks: bool,
}

/// How far the pane's screen is known.
#[derive(Debug)]
enum Screen {
    /// It has to be asked for.
    Wanted,
    /// It is on its way. What was printed meanwhile is kept, with its place.
    Asked {
        since: Vec<(u64, Bytes)>,
        bytes: usize,
        again: bool,
    },
    /// It is known up to this offset.
    Known(u64),
    /// It could not be had; it is asked for again then.
    Missing(Instant),
}

impl Screen {
    const ASKED: Self = Self::Asked {
        since: Vec::new(),
        bytes: 0,
        again: false,
    };
}

impl Pane {
    pub(super) fn new(pane: &model::Pane, is_said: bool, now: Instant) -> Self {
        Self {
            root: pane.pid,
            size: size(pane.width, pane.height),
            title: pane.title.clone(),
            looks: Looks::new(now),
            is_looked_at: false,
            is_said,
            agent: None,
            calls: Vec::new(),
        }
    }

    /// A hook was called in the pane. Of an agent that is not known yet it is kept, and a reason to look. Whether it was
    /// heeded.
    pub(super) fn hook(&mut self, call: HookCall, now: Instant) -> bool {
        if let Some(held) = &mut self.agent {
            return held.hook(&call, now);
        }
        if self.calls.len() == MOST_CALLS {
            self.calls.remove(0);
        }
        self.calls.push((call, now));
        self.looks.changed(now);
        true
    }

    /// The pane has printed something.
    pub(super) fn output(&mut self, offset: u64, bytes: &Bytes, now: Instant) {
        match &mut self.agent {
            Some(held) => held.output(offset, bytes, now),
            None => self.looks.printed(now),
        }
    }

    /// The pane has another size. What it printed since then was for that one, and programs draw anew, so the screen is too.
    pub(super) fn resized(&mut self, width: u32, height: u32, now: Instant) {
        let new = size(width, height);
        if std::mem::replace(&mut self.size, new) == new {
            return;
        }
        if let Some(held) = &mut self.agent {
            held.watch.resize(new.0, new.1);
            held.seed_anew(now);
        }
    }

    /// When something is to be done, although nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let agent = self.agent.as_ref().and_then(|held| held.deadline);
        let look = self.looks.due().filter(|_| self.may_be_looked_at());
        agent.into_iter().chain(look).min()
    }

    pub(super) fn may_be_looked_at(&self) -> bool {
        self.root != 0 && !self.is_looked_at
    }

    /// What its emulator takes in memory, about, in bytes.
    pub(super) fn memory(&self) -> u64 {
        let cells = u64::from(self.size.0) * u64::from(self.size.1);
        self.agent.as_ref().map_or(0, |_| cells * CELL)
    }
}

impl Held {
    /// An agent whose screen is not known yet.
    pub(super) fn new(
        watch: PaneWatch,
        process: (u32, Option<u64>),
        number: u64,
        now: Instant,
    ) -> Self {
        let said = watch.status(now);
        Self {
            said,
            watch,
            process,
            number,
            screen: Screen::Wanted,
            deadline: Some(now),
            retry: FIRST_RETRY,
            folder: None,
            registry: None,
            session_id: None,
            session: None,
            seeks: true,
        }
    }

    /// A hook was called in its pane. Whether it was this agent's, and its rules know it.
    pub(super) fn hook(&mut self, call: &HookCall, now: Instant) -> bool {
        let is_own = self.is(&call.agent) && call.caller.is_none_or(|pid| pid == self.process.0);
        let heeded = is_own && self.watch.hook(&call.hook, now);
        if heeded {
            self.deadline = Some(now);
            self.named(call.hook.session.as_ref());
            self.tie(call.hook.transcript.as_ref().map(PathBuf::from));
        }
        heeded
    }

    /// Whether it is an agent of this type.
    fn is(&self, agent: &str) -> bool {
        self.said.as_ref().is_some_and(|said| said.agent == agent)
    }

    /// The folder of its registry, if it keeps one.
    pub(super) fn registry_folder(&self) -> Option<PathBuf> {
        let places = Places::of(&self.said.as_ref()?.agent)?;
        places.registry(self.folder.as_ref()?)
    }

    /// These are the entries of all registries now.
    pub(super) fn registries(&mut self, entries: &[Entry], now: Instant) {
        let Some(folder) = self.registry_folder() else {
            return;
        };
        let own = |(of, registry): &&Entry| *of == folder && self.watch.keeps(registry);
        // One that it runs as a tool keeps an entry as well.
        let entry = entries.iter().filter(own).map(|(_, registry)| registry);
        let entry = entry.min_by_key(|registry| registry.pid != self.process.0);
        // What stands there still is not said again.
        if entry == self.registry.as_ref() {
            return;
        }
        self.registry = entry.cloned();
        match entry {
            Some(registry) => {
                self.named(registry.session.as_ref());
                self.watch.registry(registry, now);
            }
            None => self.watch.registry_gone(),
        }
        self.deadline = Some(now);
    }

    /// This is its own name for the session.
    fn named(&mut self, session: Option<&String>) {
        if session.is_some() && self.session_id.as_ref() != session {
            self.session_id = session.cloned();
            self.seeks = true;
        }
    }

    /// This is the transcript of its session, if it is one of its own files.
    pub(super) fn tie(&mut self, transcript: Option<PathBuf>) {
        let (Some(path), Some((form, folder))) = (transcript, self.keeps_transcripts()) else {
            return;
        };
        let is_plain = |part: Component<'_>| !matches!(part, Component::ParentDir);
        if path.starts_with(folder) && path.components().all(is_plain) {
            self.session = Some(Session { form, path });
        }
    }

    /// The form of its transcripts, and the folder that they are below.
    fn keeps_transcripts(&self) -> Option<(TranscriptForm, &PathBuf)> {
        let places = Places::of(&self.said.as_ref()?.agent)?;
        Some((places.transcripts()?, self.folder.as_ref()?))
    }

    /// The transcript that is followed for it.
    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// What its transcript is looked for by, if that is to be done now.
    pub(super) fn search(&mut self, pane: PaneId) -> Option<Search> {
        if !std::mem::take(&mut self.seeks) {
            return None;
        }
        let (form, folder) = self.keeps_transcripts()?;
        Some(Search {
            pane,
            number: self.number,
            form,
            folder: folder.clone(),
            pid: self.process.0,
            started: self.process.1,
            session: self.session_id.clone(),
        })
    }

    fn output(&mut self, offset: u64, bytes: &Bytes, now: Instant) {
        let end = offset + bytes.len() as u64;
        match &mut self.screen {
            Screen::Known(known) if end <= *known => {}
            Screen::Known(known) if offset > *known => self.seed_anew(now),
            Screen::Known(known) => {
                let new = behind(bytes, offset, std::mem::replace(known, end));
                self.watch.output(new, now);
                self.deadline = self.next_deadline(now);
            }
            Screen::Asked {
                since,
                bytes: waiting,
                again,
            } => {
                *waiting += bytes.len();
                since.push((offset, bytes.clone()));
                if *waiting > MOST_WAITING {
                    since.clear();
                    (*waiting, *again) = (0, true);
                }
                // A screen that was known before serves until the new one is there.
                if !self.watch.needs_screen() {
                    self.watch.output(bytes, now);
                    self.deadline = self.next_deadline(now);
                }
            }
            Screen::Wanted | Screen::Missing(_) => {}
        }
    }

    /// Something is missing between what is known of the screen and what comes next.
    pub(super) fn seed_anew(&mut self, now: Instant) {
        if let Screen::Asked { again, .. } = &mut self.screen {
            *again = true;
        } else {
            self.screen = Screen::Wanted;
            self.deadline = Some(now);
        }
    }

    /// Whether a snapshot is to be asked for now.
    pub(super) fn asks(&mut self, now: Instant) -> bool {
        let asks = match self.screen {
            Screen::Wanted => true,
            Screen::Missing(retry) => retry <= now,
            Screen::Asked { .. } | Screen::Known(_) => false,
        };
        if asks {
            self.screen = Screen::ASKED;
            self.deadline = self.next_deadline(now);
        }
        asks
    }

    /// The snapshot has come, or the reason why there is none.
    pub(super) fn seeded(
        &mut self,
        view: Result<PaneView, ScreenError>,
        title: &str,
        now: Instant,
    ) {
        let Screen::Asked { since, again, .. } =
            std::mem::replace(&mut self.screen, Screen::Wanted)
        else {
            return;
        };
        let view = match view {
            Ok(view) => view,
            Err(error) => return self.missing(&error, now),
        };
        self.retry = FIRST_RETRY;
        let snapshot = &view.snapshot;
        let (cols, rows) = size(snapshot.cols, snapshot.rows);
        let replay = [&[snapshot.replay(0)], view.since.as_slice()]
            .concat()
            .concat();
        let title = Some(title).filter(|title| !title.is_empty());
        self.watch.seed(cols, rows, &replay, title, now);
        self.screen = Screen::Known(view.offset);
        for (offset, bytes) in since {
            self.output(offset, &bytes, now);
        }
        self.deadline = self.next_deadline(now);
        if again {
            self.seed_anew(now);
        }
    }

    fn missing(&mut self, error: &ScreenError, now: Instant) {
        tracing::debug!(%error, "there is no snapshot of a pane with an agent");
        self.screen = Screen::Missing(now + self.retry);
        self.deadline = self.next_deadline(now);
        self.retry = (self.retry * 2).min(LONGEST_RETRY);
    }

    /// What is said of the agent from now on, if that is something else than before.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Status> {
        let known = !self.watch.needs_screen();
        let status = known.then(|| self.watch.poll(now)).flatten();
        self.deadline = self.next_deadline(now);
        let status = status.filter(|status| self.said.as_ref() != Some(status))?;
        // A session begins with its first turn, and another one may begin with any.
        let goes_on = self
            .said
            .as_ref()
            .is_some_and(|said| said.state == status.state);
        self.seeks |= !goes_on;
        self.said = Some(status.clone());
        Some(status)
    }

    /// A look at the agent, on all that has come in.
    pub(super) fn look(&mut self, now: Instant) -> Option<Look> {
        let look = self.watch.look(now);
        self.deadline = self.next_deadline(now);
        look
    }

    fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let known = !self.watch.needs_screen();
        let engine = known.then(|| self.watch.next_deadline(now)).flatten();
        let screen = match self.screen {
            Screen::Wanted => Some(now),
            Screen::Missing(retry) => Some(retry),
            Screen::Asked { .. } | Screen::Known(_) => None,
        };
        engine.into_iter().chain(screen).min()
    }
}

/// What of these bytes, which begin at an offset, is behind another one.
fn behind(bytes: &Bytes, offset: u64, known: u64) -> &[u8] {
    let skipped = usize::try_from(known.saturating_sub(offset)).unwrap_or(usize::MAX);
    bytes.get(skipped..).unwrap_or_default()
}

fn size(width: u32, height: u32) -> (u16, u16) {
    let side = |cells: u32| u16::try_from(cells).unwrap_or(u16::MAX);
    (side(width), side(height))
}
