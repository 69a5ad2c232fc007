//! Noticing that files changed while the program runs: one watch, with one policy, for all who need it.
//!
//! - The folder of a file is watched rather than the file, which programs replace by renaming. Where the folder is
//!   missing, the nearest ancestor that exists is watched, so a folder that goes and comes again is found again.
//! - A file that is a link is watched where it leads to as well, and whatever happens beside it counts: links are
//!   exchanged under other names, as Kubernetes does.
//! - Events are gathered until it is quiet for a moment, because what belongs together is written in several steps.
//! - Events can be lost (limits, file systems that have none, links to other folders), so a look from time to time stands
//!   behind them.
//! - An error is logged once, and again only after it has changed or gone.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

/// How often a watch is set anew when folders are exchanged meanwhile; the next look does the rest.
const ATTEMPTS: usize = 5;

/// How many times the quiet moment events are gathered at most: a file that is written for ever is read all the same.
const MOST_MOMENTS: u32 = 10;

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

/// A watch on some files, which need not exist.
#[derive(Debug)]
pub struct FileWatch {
    files: Vec<PathBuf>,
    timing: Timing,
    changes: Arc<Notify>,
    watched: Option<Watched>,
    complaint: Complaint,
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
        let mut watch = Self::unset(files, timing);
        let set = set(&watch.files, None, &watch.changes)?;
        watch.watched = set;
        Ok(watch)
    }

    /// Begins to watch. Where the folders can't be watched, the looks alone remain, and the log says so. Blocks on the
    /// disk for a moment.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, timing: Timing) -> Self {
        let mut watch = Self::unset(files, timing);
        let set = set(&watch.files, None, &watch.changes);
        watch.put_in_force(set);
        watch
    }

    fn unset(files: Vec<PathBuf>, timing: Timing) -> Self {
        let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
        Self {
            files: files.into_iter().map(absolute).collect(),
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
        let files = self.files.clone();
        let in_force = self.watched.as_ref();
        let in_force = in_force.filter(|watched| !watched.gone.load(Ordering::Acquire));
        let plan = in_force.map(|watched| watched.plan.clone());
        let changes = Arc::clone(&self.changes);
        let set = blocking(move || set(&files, plan.as_ref(), &changes)).await;
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
    files: &[PathBuf],
    in_force: Option<&Plan>,
    changes: &Arc<Notify>,
) -> Result<Option<Watched>, WatchError> {
    let mut plan = Plan::of(files);
    for _ in 1..ATTEMPTS {
        if in_force == Some(&plan) {
            return Ok(None);
        }
        let watched = watch(plan.clone(), changes);
        let now = Plan::of(files);
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
    let mut watcher = notify::recommended_watcher(handler).map_err(failed(first))?;
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
    fn of(files: &[PathBuf]) -> Self {
        let mut plan = Self::default();
        for file in files {
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

    /// Whether an event concerns a file or a folder above it. Its neighbours don't matter, nor does mere reading, which
    /// follows each change.
    fn concerns(&self, event: &Event) -> bool {
        let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
        let ours = |path: &PathBuf| {
            self.files.iter().any(|file| file.starts_with(path))
                || path
                    .parent()
                    .is_some_and(|folder| self.links.contains(folder))
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::symlink;

    use super::*;

    async fn woken(watch: &mut FileWatch, what: &str) {
        // Far below the time between two looks: the event itself arrived.
        let woken = timeout(Duration::from_secs(3), watch.changed()).await;
        assert_eq!(woken, Ok(Woken::Event), "{what}");
    }

    /// Waits until all that happened so far is reported.
    async fn quiet(watch: &mut FileWatch) {
        while timeout(Duration::from_millis(300), watch.changed())
            .await
            .is_ok()
        {}
    }

    #[tokio::test]
    async fn a_file_is_noticed_through_folders_that_come_and_go() {
        for timing in [Timing::FILE, Timing::FILES, Timing::SOCKET] {
            let temp = tempfile::tempdir().unwrap();
            let folder = temp.path().join("tmux-0");
            let file = folder.join("default");
            let mut watch = FileWatch::new(vec![file.clone()], timing);
            fs::write(temp.path().join("neighbour"), "").unwrap();
            let quiet = timeout(Duration::from_millis(300), watch.changed()).await;
            assert!(quiet.is_err(), "a neighbour is of no interest");
            for round in ["first", "again"] {
                fs::create_dir(&folder).unwrap();
                woken(&mut watch, round).await;
                fs::write(&file, "").unwrap();
                woken(&mut watch, round).await;
                fs::remove_dir_all(&folder).unwrap();
                woken(&mut watch, round).await;
            }
        }
    }

    #[tokio::test]
    async fn each_way_of_changing_a_file_is_noticed_and_reading_is_not() {
        let temp = tempfile::tempdir().unwrap();
        let (file, next) = (temp.path().join("file"), temp.path().join("next"));
        fs::write(&file, "1").unwrap();
        let mut watch = FileWatch::start(vec![file.clone()], Timing::FILE).unwrap();
        fs::write(&next, "2").unwrap();
        fs::read(&file).unwrap();
        let quiet_time = timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(quiet_time.is_err(), "reading is no change");
        fs::rename(&next, &file).unwrap();
        woken(&mut watch, "renamed").await;
        quiet(&mut watch).await;
        fs::write(&file, "3").unwrap();
        woken(&mut watch, "written").await;
        quiet(&mut watch).await;
        fs::remove_file(&file).unwrap();
        woken(&mut watch, "removed").await;
    }

    #[tokio::test]
    async fn a_folder_that_is_exchanged_is_followed() {
        let temp = tempfile::tempdir().unwrap();
        let (folder, old, next) = (
            temp.path().join("folder"),
            temp.path().join("old"),
            temp.path().join("next"),
        );
        fs::create_dir(&folder).unwrap();
        fs::create_dir(&next).unwrap();
        let file = folder.join("file");
        let mut watch = FileWatch::start(vec![file.clone()], Timing::FILE).unwrap();
        fs::rename(&folder, &old).unwrap();
        fs::rename(&next, &folder).unwrap();
        woken(&mut watch, "exchanged").await;
        quiet(&mut watch).await;
        fs::write(&file, "").unwrap();
        woken(&mut watch, "in the new one").await;
    }

    #[tokio::test]
    async fn a_folder_that_comes_again_at_once_is_followed() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("folder");
        let file = folder.join("file");
        fs::create_dir(&folder).unwrap();
        let mut watch = FileWatch::start(vec![file.clone()], Timing::FILE).unwrap();
        for round in 0..10 {
            // The new one often has the inode of the old one.
            fs::remove_dir_all(&folder).unwrap();
            fs::create_dir(&folder).unwrap();
            quiet(&mut watch).await;
            fs::write(&file, "").unwrap();
            woken(&mut watch, &round.to_string()).await;
        }
    }

    #[tokio::test]
    async fn links_are_followed_and_may_be_exchanged() {
        let temp = tempfile::tempdir().unwrap();
        let live = temp.path().join("live");
        for folder in ["live", "1", "2"] {
            fs::create_dir(temp.path().join(folder)).unwrap();
        }
        symlink(temp.path().join("1"), live.join("..data")).unwrap();
        symlink("..data/file", live.join("file")).unwrap();
        fs::write(temp.path().join("1/file"), "").unwrap();
        let mut watch = FileWatch::start(vec![live.join("file")], Timing::FILE).unwrap();
        fs::write(temp.path().join("1/file"), "1").unwrap();
        woken(&mut watch, "written where the link leads to").await;
        quiet(&mut watch).await;
        symlink(temp.path().join("2"), live.join("..new")).unwrap();
        fs::rename(live.join("..new"), live.join("..data")).unwrap();
        woken(&mut watch, "exchanged").await;
        quiet(&mut watch).await;
        fs::write(temp.path().join("2/file"), "2").unwrap();
        woken(&mut watch, "written in the new folder").await;
    }

    #[tokio::test]
    async fn many_events_are_one_and_endless_ones_do_not_hold_it_up() {
        let temp = tempfile::tempdir().unwrap();
        let files = [temp.path().join("cert"), temp.path().join("key")];
        let mut watch = FileWatch::start(files.to_vec(), Timing::FILES).unwrap();
        for file in &files {
            fs::write(file, "").unwrap();
        }
        woken(&mut watch, "both").await;
        let more = timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(more.is_err(), "both were one change");
        let endless = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            loop {
                ticks.tick().await;
                fs::write(&files[0], "").unwrap();
            }
        };
        tokio::select! {
            () = endless => {}
            woken = watch.changed() => assert_eq!(woken, Woken::Event),
        }
    }

    #[test]
    fn an_error_is_new_once() {
        let mut complaint = Complaint::default();
        assert!(complaint.is_new(&"a"));
        assert!(!complaint.is_new(&"a"));
        assert!(complaint.is_new(&"b"));
        complaint.clear();
        assert!(complaint.is_new(&"b"));
    }
}
