//! Files that are watched as long as somebody wants them.

use std::path::PathBuf;

use tokio::sync::watch;

use crate::file_watch::{FileWatch, Timing, WholeFolder, blocking};

/// What is wanted, as a channel says, and the watch over its files.
#[derive(Debug)]
pub(super) struct Wanted<T> {
    wanted: watch::Receiver<T>,
    watched: T,
    watch: Option<FileWatch>,
}

/// What is to be watched: files, whole folders, and how.
pub(super) type Watched = (Vec<PathBuf>, Vec<WholeFolder>, Timing);

impl<T: Clone + Default + PartialEq> Wanted<T> {
    /// Nothing as yet.
    pub(super) fn new() -> (Self, watch::Sender<T>) {
        let (sender, wanted) = watch::channel(T::default());
        let wanted = Self {
            wanted,
            watched: T::default(),
            watch: None,
        };
        (wanted, sender)
    }

    /// What is wanted, once that has changed or something in its files; `over` says what those are, if there are any.
    pub(super) async fn changed(&mut self, over: impl FnOnce(&T) -> Option<Watched>) -> T {
        if *self.wanted.borrow_and_update() == self.watched {
            self.wait().await;
        }
        let wanted = self.wanted.borrow_and_update().clone();
        if wanted != self.watched {
            self.watch = match over(&wanted) {
                Some((files, folders, timing)) => {
                    let watch = move || FileWatch::with_folders(files, folders, timing);
                    Some(blocking(watch).await)
                }
                None => None,
            };
            self.watched.clone_from(&wanted);
        }
        wanted
    }

    async fn wait(&mut self) {
        let changed = async {
            match &mut self.watch {
                Some(watch) => {
                    watch.changed().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            others = self.wanted.changed() => {
                if others.is_err() {
                    // The source ends, and this with it.
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}
