//! A bridge in the test's own process, following a private tmux server.

use std::sync::Arc;
use std::time::Duration;

use muxwire::auth::{Authorized, Permission, Principal};
use muxwire::bridge::{
    self, Attach, ClientNumber, Counters, Ends, Handle, InputError, InputRequest, Key, PaneView,
    Screen, ScreenError, ScreensRequest, Settings, ViewRequest,
};
use muxwire::hub::{HistoryLimits, Hub, Next, Published, Reader};
use muxwire::ids::{Epoch, PaneId, Seq};
use muxwire::model::{ChangeKind, Debounce, State};
use muxwire::tmux::{ExitUnattached, Tap, Tmux, TmuxError};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::SOON;
use super::served::Served;

/// How the tests' bridges follow tmux: as by default, but for a reconciler that they call when they want it.
pub const SETTINGS: Settings = Settings {
    debounce: Debounce {
        quiet: Duration::from_millis(20),
        at_most: Duration::from_millis(50),
    },
    reconcile: Duration::from_secs(3600),
    submit_delay: Duration::from_millis(150),
    attach: Attach::Always,
    exit_unattached: ExitUnattached::Watch,
};

/// A running bridge and a reader of all that it publishes.
#[derive(Debug)]
pub struct LiveBridge {
    pub hub: Hub,
    pub handle: Handle,
    pub counters: Arc<Counters>,
    pub reader: Reader,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), TmuxError>>,
}

impl LiveBridge {
    pub fn start(tmux: Tmux) -> Self {
        Self::start_with(tmux, SETTINGS, None)
    }

    pub fn start_with(tmux: Tmux, settings: Settings, tap: Option<Tap>) -> Self {
        let limits = HistoryLimits {
            bytes: 256 << 20,
            events: 1_000_000,
            age: Duration::from_secs(3600),
        };
        let hub = Hub::new(limits, Epoch::new("test").unwrap());
        let counters = Arc::new(Counters::default());
        let (handle, requests) = Handle::pair();
        let ends = Ends {
            demand: handle.demand().clone(),
            hub: hub.clone(),
            counters: Arc::clone(&counters),
            requests,
        };
        let cancel = CancellationToken::new();
        let reader = hub.reader();
        let task = tokio::spawn(bridge::follow(tmux, settings, ends, tap, cancel.clone()));
        Self {
            hub,
            handle,
            counters,
            reader,
            cancel,
            task,
        }
    }

    /// The state now.
    pub fn state(&self) -> Arc<State> {
        self.hub.snapshot().0
    }

    /// Waits until the state is as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&State) -> bool) -> Arc<State> {
        let mut reader = self.hub.reader();
        let wait = async {
            loop {
                let state = self.state();
                if wanted(&state) {
                    return state;
                }
                reader.readable().await;
                while let Next::Event(_) = reader.pull() {}
            }
        };
        match timeout(SOON, wait).await {
            Ok(state) => state,
            Err(_) => panic!(
                "{what} did not come about; the state is {:#?}",
                self.state()
            ),
        }
    }

    /// Waits until every session has its link.
    ///
    /// A change while a control client attaches can end the servers of some versions, so tests change nothing then.
    pub async fn settled(&self) -> Arc<State> {
        let links = |state: &State| state.sessions.len() as u64 + 1;
        let settled = || {
            !self.state().sessions.is_empty()
                && self.counters.counts().links == links(&self.state())
        };
        let wait = async {
            while !settled() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if timeout(SOON, wait).await.is_err() {
            panic!(
                "links did not settle: {:?} for {:#?}",
                self.counters.counts(),
                self.state()
            );
        }
        self.state()
    }

    /// The next event that is wanted; those before it are passed over.
    pub async fn event(
        &mut self,
        what: &str,
        wanted: impl Fn(&Published) -> bool,
    ) -> Arc<Published> {
        let wait = async {
            loop {
                match self.reader.pull() {
                    Next::Event(event) if wanted(&event) => return event,
                    Next::Event(_) => {}
                    Next::Head => self.reader.readable().await,
                    Next::Archived(_) | Next::Evicted => panic!("the test's history is too short"),
                }
            }
        };
        timeout(SOON, wait).await.unwrap_or_else(|_| {
            panic!(
                "{what} did not come; the panes are {:?}",
                self.hub.snapshot().0.panes
            )
        })
    }

    /// The bytes of a pane until they hold a text, gaps as `<gap>`.
    pub async fn output(&mut self, pane: PaneId, until: &str) -> String {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(until) {
            let event = self
                .event(until, |event| event.change.pane == Some(pane))
                .await;
            match &event.change.kind {
                ChangeKind::PaneOutput { bytes, .. } => seen.extend_from_slice(bytes),
                ChangeKind::PaneGap { .. } => seen.extend_from_slice(b"<gap>"),
                _ => {}
            }
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// The bytes of a pane from an offset on, until they hold a text.
    pub async fn output_from(&mut self, pane: PaneId, from: u64, until: &str) -> String {
        self.reader = self.hub.position(&self.hub.position_at(Seq(0))).unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(until) {
            let event = self
                .event(until, |event| event.change.pane == Some(pane))
                .await;
            if let ChangeKind::PaneOutput { offset, bytes } = &event.change.kind {
                let known = from.saturating_sub(*offset).min(bytes.len() as u64);
                seen.extend_from_slice(&bytes[usize::try_from(known).unwrap()..]);
            }
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// A request of somebody who may do everything.
    fn authorized<T>(&self, permission: Permission, request: T) -> Authorized<T> {
        let state = self.state();
        let names = state.sessions.values().map(|session| &*session.name);
        Principal::unrestricted()
            .authorize(permission, names, request)
            .unwrap()
    }

    /// Captures a pane's screen.
    pub async fn screen(&self, pane: PaneId) -> Result<Screen, ScreenError> {
        let request = ScreensRequest {
            panes: vec![pane],
            redacted: false,
        };
        let panes = self.authorized(Permission::Read, request);
        let mut screens = timeout(SOON, self.handle.screens(panes)).await.unwrap();
        assert_eq!(screens.len(), 1);
        screens.remove(0).1
    }

    /// Shows a pane.
    pub async fn view(&self, pane: PaneId, scrollback: u32) -> Result<PaneView, ScreenError> {
        let view = self.read_request(pane, scrollback);
        timeout(SOON, self.handle.view(view)).await.unwrap()
    }

    /// The request for a pane to be shown.
    pub fn read_request(&self, pane: PaneId, scrollback: u32) -> Authorized<ViewRequest> {
        let request = ViewRequest {
            pane,
            scrollback,
            redacted: false,
        };
        self.authorized(Permission::Read, request)
    }

    /// Types into a pane.
    pub async fn input(
        &self,
        pane: PaneId,
        keys: Vec<Key>,
        cancel_mode: bool,
    ) -> Result<(), InputError> {
        self.input_by(ClientNumber(u64::MAX), pane, keys, cancel_mode)
            .await
    }

    /// The same as one client among others.
    pub async fn input_by(
        &self,
        client: ClientNumber,
        pane: PaneId,
        keys: Vec<Key>,
        cancel_mode: bool,
    ) -> Result<(), InputError> {
        let typed = self.unlimited_input(client, pane, keys, cancel_mode);
        timeout(SOON, typed).await.unwrap()
    }

    /// The same, however long it takes.
    pub async fn unlimited_input(
        &self,
        client: ClientNumber,
        pane: PaneId,
        keys: Vec<Key>,
        cancel_mode: bool,
    ) -> Result<(), InputError> {
        let request = InputRequest {
            client,
            pane,
            keys,
            cancel_mode,
            submit_delay: None,
        };
        let input = self.authorized(Permission::Write, request);
        self.handle.input(input).await
    }

    /// A server in front of the bridge.
    pub async fn serve(&self) -> Served {
        Served::start(&self.hub, &self.handle, None).await
    }

    /// Ends the bridge and waits until its links are gone.
    pub async fn stop(self) {
        self.cancel.cancel();
        timeout(SOON, self.task).await.unwrap().unwrap().unwrap();
    }
}
