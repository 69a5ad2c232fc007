//! What tmux watches for us, since no notification reports it: titles, commands, directories and processes of panes.
//!
//! From 3.7 on each link asks for all panes of its session at once. Before, that ends the server when the session does;
//! so each window is asked for by its id, and asked for anew as windows come and go. What this doesn't show is a window
//! that comes into a session without a notification, as by `swap-window`: one link watches that for all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::Core;
use crate::bridge::action::Action;
use crate::control::{Command, Subscription, Watch};
use crate::ids::WindowId;
use crate::model::State;
use crate::tmux::{LinkId, Version};

/// What is asked for in all panes at once.
const SUBSCRIPTIONS: [Subscription; 6] = [
    Subscription::PaneTitle,
    Subscription::PaneCommand,
    Subscription::PanePath,
    Subscription::PaneProcess,
    Subscription::PaneDead,
    Subscription::WindowFlags,
];

/// The most commands that are sent to a link at once, so that others find room there.
const MOST_AT_ONCE: usize = 64;

/// What each link watches by way of a window.
#[derive(Debug, Default)]
pub(super) struct Watched {
    links: BTreeMap<LinkId, Link>,
}

#[derive(Debug, Default)]
struct Link {
    watches: BTreeSet<Watch>,
    /// The tag under which it was last sent what to watch.
    tag: u64,
}

impl Watched {
    /// A link has ended.
    pub(super) fn closed(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// The commands of this tag were not sent. `true` if they were such as these: they are to be sent again.
    pub(super) fn not_sent(&mut self, tag: u64) -> bool {
        let unsent = self.links.values_mut().find(|link| link.tag == tag);
        if let Some(link) = unsent {
            // What was sent before is sent once more; tmux replaces it.
            link.watches.clear();
            return true;
        }
        false
    }

    /// The commands that bring a link to watch all of these. `true` if more are left than may be sent at once.
    fn adjust(&mut self, link: LinkId, wanted: &BTreeSet<Watch>, tag: u64) -> (Vec<Command>, bool) {
        let link = self.links.entry(link).or_default();
        let gone = link.watches.difference(wanted).copied();
        let gone = gone.map(|watch| (watch, Command::Unwatch { watch }));
        let new = wanted.difference(&link.watches).copied();
        let new = new.map(|watch| (watch, Command::Watch { watch }));
        let all: Vec<(Watch, Command)> = gone.chain(new).collect();
        let is_left = all.len() > MOST_AT_ONCE;
        let now = all.into_iter().take(MOST_AT_ONCE);
        let commands: Vec<Command> = now
            .map(|(watch, command)| {
                if !link.watches.remove(&watch) {
                    link.watches.insert(watch);
                }
                command
            })
            .collect();
        if !commands.is_empty() {
            link.tag = tag;
        }
        (commands, is_left)
    }
}

impl Core {
    /// A link has attached: it asks for all panes, where that is safe.
    pub(super) fn subscribe(&mut self, link: LinkId) {
        let is_safe = |version: &Version| version.has_safe_subscriptions();
        if self.version.as_ref().is_some_and(is_safe) {
            let tag = self.next_tag();
            let commands = SUBSCRIPTIONS
                .map(|subscription| Command::Subscribe { subscription })
                .to_vec();
            self.actions.push(Action::Send {
                link,
                tag,
                commands,
            });
        }
    }

    /// A listing has come: each link watches the windows that its session has now, where it can't ask for all.
    pub(super) fn watch_windows(&mut self, now: Instant) {
        let asks_each =
            |version: &Version| version.has_subscriptions() && !version.has_safe_subscriptions();
        if !self.setup.live || !self.version.as_ref().is_some_and(asks_each) {
            return;
        }
        let mut shows_places = false;
        for link in self.outputs.ids().collect::<Vec<LinkId>>() {
            let windows = self.windows_of(link, &self.state);
            let mut wanted: BTreeSet<Watch> = windows.iter().copied().map(Watch::Panes).collect();
            if let Some(window) = windows.first().filter(|_| !shows_places) {
                wanted.insert(Watch::Places(*window));
                shows_places = true;
            }
            let tag = self.next_tag();
            let (commands, is_left) = self.watched.adjust(link, &wanted, tag);
            if !commands.is_empty() {
                self.actions.push(Action::Send {
                    link,
                    tag,
                    commands,
                });
            }
            if is_left {
                self.relist.request(now);
            }
        }
    }

    /// The windows of an attached link's session.
    fn windows_of(&self, link: LinkId, state: &State) -> BTreeSet<WindowId> {
        let session = self.outputs.session_of(link);
        let session = session.filter(|_| self.outputs.is_attached(link));
        let session = session.and_then(|session| state.sessions.get(&session));
        session
            .map(|session| session.windows.values().copied().collect())
            .unwrap_or_default()
    }
}
