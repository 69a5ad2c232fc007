//! Noticing that files changed while the program runs: one watch, with one policy, for all who need it.
//!
//! - The folder of a file is watched rather than the file, which programs replace by renaming. Where the folder is
//!   missing, the nearest ancestor that exists is watched, so a folder that goes and comes again is found again.
//! - Of a whole folder all files count that end as asked for, whatever they are called.
//! - A file that is a link is watched where it leads to as well, and whatever happens beside it counts: links are
//!   exchanged under other names, as Kubernetes does.
//! - Events are gathered until it is quiet for a moment, because what belongs together is written in several steps.
//! - Events can be lost (limits, file systems that have none, links to other folders), so a look from time to time stands
//!   behind them.
//! - An error is logged once, and again only after it has changed or gone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{
    Config, Event, EventKind, EventKindMask, RecommendedWatcher, RecursiveMode, Watcher as _,
};
use tokio::sync::Notify;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

/// How often a watch is set anew when folders are exchanged meanwhile; the next look does the rest.
const ATTEMPTS: usize = 5;

/// How many times the quiet moment events are gathered at most: a file that is written for ever is read all the same.
const MOST_MOMENTS: u32 = 10;

/// What is reported. That a file is opened or read is not: folders such as `/etc` are read by each program that starts,
/// and each time the thread would wake.
const CHANGES: EventKindMask = EventKindMask::CORE.union(EventKindMask::ACCESS_CLOSE);

/// How soon changes are reported.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long it must be quiet after an event.
    quiet: Duration,
    /// How long to wait for an event before looking all the same.
    look: Duration,
}

impl Timing {
    /// For a single file: it is in force at once, but not each part of it.
    pub const FILE: Self = Self {
        quiet: Duration::from_millis(20),
        look: Duration::from_secs(30),
    };
    /// For files that belong together, and those that editors write in several steps.
    pub const FILES: Self = Self {
        quiet: Duration::from_millis(200),
        look: Duration::from_secs(30),
    };
    /// For a socket, which is there from one moment to the next.
    pub const SOCKET: Self = Self {
        quiet: Duration::ZERO,
        look: Duration::from_secs(5),
    };
}

/// A folder in which every file counts, by whatever name it comes. What is below its own folders doesn't.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WholeFolder {
    /// The folder, which need not exist.
    pub path: PathBuf,
    /// How the names of its files end, behind the dot.
    pub extension: &'static str,
}

/// Why [`FileWatch::changed`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The file system reported a change.
    Event,
    /// Nothing was reported for a while.
    Retry,
}

/// A folder can't be watched.
#[derive(Debug, thiserror::Error)]
#[error("can't watch {} for changes: {source}", path.display())]
pub struct WatchError {
    path: PathBuf,
    source: notify::Error,
}

/// A watch on some files and folders, which need not exist.
#[derive(Debug)]
pub struct FileWatch {
    wanted: Wanted,
    timing: Timing,
    changes: Arc<Notify>,
    watched: Option<Watched>,
    complaint: Complaint,
}

/// What is to be watched.
#[derive(Debug, Clone, Default)]
struct Wanted {
    files: Vec<PathBuf>,
    folders: Vec<WholeFolder>,
}

/// A plan in force.
#[derive(Debug)]
struct Watched {
    plan: Plan,
    /// Whether a folder went: one that comes in its place may even have its inode.
    gone: Arc<AtomicBool>,
    _watcher: RecommendedWatcher,
}

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Plan {
    /// The files, and the files to which those lead that are links.
    files: BTreeSet<PathBuf>,
    /// The folders in which all counts, because a link is in them.
    links: BTreeSet<PathBuf>,
    /// The folders in which each file counts that ends as asked for.
    whole: BTreeSet<WholeFolder>,
    folders: BTreeSet<Folder>,
}

/// A folder as it was when the watch was set; a new one of the same name is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Folder {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileWatch {
    /// Begins to watch. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// The folders can't be watched.
    pub fn start(files: Vec<PathBuf>, timing: Timing) -> Result<Self, WatchError> {
        let mut watch = Self::unset(files, Vec::new(), timing);
        let set = set(&watch.wanted, None, &watch.changes)?;
        watch.watched = set;
        Ok(watch)
    }

    /// Begins to watch. Where the folders can't be watched, the looks alone remain, and the log says so. Blocks on the
    /// disk for a moment.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, timing: Timing) -> Self {
        Self::with_folders(files, Vec::new(), timing)
    }

    /// The same for files and all that is in folders.
    #[must_use]
    pub fn with_folders(files: Vec<PathBuf>, folders: Vec<WholeFolder>, timing: Timing) -> Self {
        let mut watch = Self::unset(files, folders, timing);
        let set = set(&watch.wanted, None, &watch.changes);
        watch.put_in_force(set);
        watch
    }

    fn unset(files: Vec<PathBuf>, folders: Vec<WholeFolder>, timing: Timing) -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let whole = |folder: WholeFolder| WholeFolder {
            path: absolute(folder.path),
            ..folder
        };
        Self {
            wanted: Wanted {
                files: files.into_iter().map(absolute).collect(),
                folders: folders.into_iter().map(whole).collect(),
            },
            timing,
            changes: Arc::new(Notify::new()),
            watched: None,
            complaint: Complaint::default(),
        }
    }

    /// Waits until something may have changed since the last call: look again then. Nothing is lost when the future is
    /// dropped.
    pub async fn changed(&mut self) -> Woken {
        if self.follow().await {
            return Woken::Event;
        }
        let Timing { quiet, look } = self.timing;
        if timeout(look, self.changes.notified()).await.is_err() {
            return Woken::Retry;
        }
        if !quiet.is_zero() {
            let gather = async { while timeout(quiet, self.changes.notified()).await.is_ok() {} };
            // Both outcomes are a reason to look: it is quiet, or it never is.
            let _ = timeout(quiet * MOST_MOMENTS, gather).await;
        }
        Woken::Event
    }

    /// Watches what is there now. True if that is something else than before: something may have happened in it before the
    /// watch stood.
    async fn follow(&mut self) -> bool {
        let wanted = self.wanted.clone();
        let in_force = self.watched.as_ref();
        let in_force = in_force.filter(|watched| !watched.gone.load(Ordering::Acquire));
        let plan = in_force.map(|watched| watched.plan.clone());
        let changes = Arc::clone(&self.changes);
        let set = blocking(move || set(&wanted, plan.as_ref(), &changes)).await;
        self.put_in_force(set)
    }

    fn put_in_force(&mut self, set: Result<Option<Watched>, WatchError>) -> bool {
        match set {
            Ok(set) => {
                self.complaint.clear();
                let is_new = set.is_some();
                // The old watch is dropped behind the new one: no moment is without one.
                self.watched = set.or_else(|| self.watched.take());
                is_new
            }
            Err(error) => {
                if self.complaint.is_new(&error) {
                    tracing::warn!(%error, "changes are looked for from time to time");
                }
                false
            }
        }
    }
}

/// Watches what is to be watched now, if that differs from the plan in force.
fn set(
    wanted: &Wanted,
    in_force: Option<&Plan>,
    changes: &Arc<Notify>,
) -> Result<Option<Watched>, WatchError> {
    let mut plan = Plan::of(wanted);
    for _ in 1..ATTEMPTS {
        if in_force == Some(&plan) {
            return Ok(None);
        }
        let watched = watch(plan.clone(), changes);
        let now = Plan::of(wanted);
        if watched.is_ok() && now == plan {
            return watched.map(Some);
        }
        // A folder went or came meanwhile, or a limit is reached.
        plan = now;
    }
    watch(plan, changes).map(Some)
}

fn watch(plan: Plan, changes: &Arc<Notify>) -> Result<Watched, WatchError> {
    let (changes, of_interest) = (Arc::clone(changes), plan.clone());
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = Arc::clone(&gone);
    let handler = move |event: notify::Result<Event>| {
        if event
            .as_ref()
            .is_ok_and(|event| of_interest.loses_a_folder(event))
        {
            is_gone.store(true, Ordering::Release);
        }
        if event.map_or(true, |event| of_interest.concerns(&event)) {
            changes.notify_one();
        }
    };
    let failed = |path: PathBuf| move |source| WatchError { path, source };
    let first = plan.files.first().cloned().unwrap_or_default();
    let config = Config::default().with_event_kinds(CHANGES);
    let mut watcher = RecommendedWatcher::new(handler, config).map_err(failed(first))?;
    for folder in &plan.folders {
        watcher
            .watch(&folder.path, RecursiveMode::NonRecursive)
            .map_err(failed(folder.path.clone()))?;
    }
    Ok(Watched {
        plan,
        gone,
        _watcher: watcher,
    })
}

impl Plan {
    fn of(wanted: &Wanted) -> Self {
        let mut plan = Self::default();
        for folder in &wanted.folders {
            // What is in it, and that it comes, goes or leads elsewhere.
            plan.folders.extend(Folder::at(&folder.path));
            plan.whole.insert(folder.clone());
        }
        let folders = wanted.folders.iter().map(|folder| &folder.path);
        for file in wanted.files.iter().chain(folders) {
            plan.add(file.clone());
            let is_link = fs::symlink_metadata(file).is_ok_and(|found| found.is_symlink());
            if is_link {
                plan.links.extend(file.parent().map(Path::to_owned));
                if let Ok(target) = fs::canonicalize(file) {
                    plan.add(target);
                }
            }
        }
        plan
    }

    fn add(&mut self, file: PathBuf) {
        let nearest = file.ancestors().skip(1).find_map(Folder::at);
        self.folders.extend(nearest);
        self.files.insert(file);
    }

    /// Whether an event concerns a file, a folder above it, or a file in a whole folder. Its neighbours don't matter, nor does mere reading, which
    /// follows each change.
    fn concerns(&self, event: &Event) -> bool {
        let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
        let ours = |path: &PathBuf| {
            self.files.iter().any(|file| file.starts_with(path))
                || path
                    .parent()
                    .is_some_and(|folder| self.links.contains(folder))
                || self.whole.iter().any(|folder| folder.holds(path))
        };
        !reading && (event.need_rescan() || event.paths.iter().any(ours))
    }

    /// Whether a folder that is watched was removed or renamed.
    fn loses_a_folder(&self, event: &Event) -> bool {
        let is_loss = matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        let is_watched = |path: &PathBuf| self.folders.iter().any(|folder| folder.path == *path);
        is_loss && event.paths.iter().any(is_watched)
    }
}

impl WholeFolder {
    fn holds(&self, path: &Path) -> bool {
        path.parent() == Some(&self.path)
            && path.extension().is_some_and(|end| end == self.extension)
    }
}

impl Folder {
    fn at(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
        Some(Self {
            path: path.to_owned(),
            device: found.dev(),
            inode: found.ino(),
        })
    }
}

/// What was wrong the last time, so that it is logged once.
#[derive(Debug, Default)]
pub struct Complaint(Option<String>);

impl Complaint {
    /// Whether an error differs from that of the last time.
    pub fn is_new(&mut self, error: &impl ToString) -> bool {
        let text = error.to_string();
        let is_new = self.0.as_ref() != Some(&text);
        self.0 = Some(text);
        is_new
    }

    /// All is well: the next error is worth a line.
    pub fn clear(&mut self) {
        self.0 = None;
    }
}

/// The text of a file, and nothing if there is none. Of one that is longer than this comes one byte more, by which it is
/// known.
///
/// # Errors
/// It can't be read, or is no UTF-8.
pub fn read_text(path: &Path, longest: usize) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = String::new();
    file.take(longest as u64 + 1).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Runs what may block away from the runtime. A panic there is carried on here.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work)
        .await
        .map_err(JoinError::try_into_panic)
    {
        Ok(outcome) => outcome,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // Cancelled: the runtime is going, and this task with it.
        Err(Err(_)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
