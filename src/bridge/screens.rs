//! Capturing screens, one capture at a time, which all requests that come meanwhile share.
//!
//! A capture has no exact place in the pane's stream: tmux orders its reply with nothing that another link brings. So
//! a screen's offset is that of the moment before it was asked for: nothing is lost between the two, and what the
//! pane printed in between stands in both. The exact way, which pauses the pane on its output link, is not taken:
//! tmux throws away what a paused pane prints, and clients that follow the stream would miss that.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::action::Action;
use super::request::{Screen, ScreenError, ScreensRequest};
use crate::control::rows::{PaneStateRow, Row as _};
use crate::ids::PaneId;
use crate::redact::Rules;
use crate::screen::mask_lines;

/// Where the screens of one request go.
pub(super) type ScreensReply = oneshot::Sender<Vec<(PaneId, Result<Screen, ScreenError>)>>;

/// What tmux printed for each pane: a row of its state, then its visible lines.
pub(super) type Captured = Vec<(PaneId, Result<Bytes, ScreenError>)>;

/// The capture under way and the requests that wait for it or for the next one.
#[derive(Debug, Default)]
pub(super) struct Screens {
    waiting: Vec<Waiting>,
    under_way: Option<UnderWay>,
    /// How many lines above a screen are captured to find the secrets on it.
    context: u32,
}

#[derive(Debug)]
struct Waiting {
    request: ScreensRequest,
    reply: ScreensReply,
}

#[derive(Debug)]
struct UnderWay {
    requests: Vec<Waiting>,
    /// The streams' offsets when it began.
    offsets: HashMap<PaneId, u64>,
}

impl Screens {
    /// Begins a request, now or as soon as the capture under way has ended.
    pub(super) fn begin(
        &mut self,
        request: ScreensRequest,
        reply: ScreensReply,
        context: u32,
        offset: impl Fn(PaneId) -> u64,
        actions: &mut Vec<Action>,
    ) {
        self.waiting.push(Waiting { request, reply });
        self.context = context;
        self.start(offset, actions);
    }

    /// Answers the requests of a capture that has ended, and begins the next one.
    pub(super) fn captured(
        &mut self,
        captured: Captured,
        rules: Option<&Arc<Rules>>,
        offset: impl Fn(PaneId) -> u64,
        actions: &mut Vec<Action>,
    ) {
        let Some(UnderWay { requests, offsets }) = self.under_way.take() else {
            return;
        };
        let printed: HashMap<PaneId, Result<Bytes, ScreenError>> = captured.into_iter().collect();
        for Waiting { request, reply } in requests {
            let screen = |pane: PaneId| {
                let printed = printed.get(&pane).ok_or(ScreenError::NoSuchPane)?;
                let offset = offsets.get(&pane).copied().unwrap_or_default();
                let printed = printed.as_ref().map_err(Clone::clone)?;
                let (screen, above) = screen(pane, offset, printed)?;
                match rules {
                    _ if !request.redacted => Ok(screen),
                    Some(rules) => Ok(masked(rules, screen, above)),
                    None => Err(ScreenError::Unavailable),
                }
            };
            let panes = request.panes.iter();
            answer(reply, panes.map(|pane| (*pane, screen(*pane))).collect());
        }
        self.start(offset, actions);
    }

    fn start(&mut self, offset: impl Fn(PaneId) -> u64, actions: &mut Vec<Action>) {
        if self.under_way.is_some() || self.waiting.is_empty() {
            return;
        }
        let requests = std::mem::take(&mut self.waiting);
        let panes: BTreeSet<PaneId> = requests
            .iter()
            .flat_map(|waiting| waiting.request.panes.iter().copied())
            .collect();
        let offsets = panes.iter().map(|pane| (*pane, offset(*pane))).collect();
        actions.push(Action::Capture {
            panes: panes.into_iter().collect(),
            context: self.context,
        });
        self.under_way = Some(UnderWay { requests, offsets });
    }
}

/// Refuses a request for one reason.
pub(super) fn refuse(panes: Vec<PaneId>, reply: ScreensReply, error: &ScreenError) {
    answer(
        reply,
        panes
            .into_iter()
            .map(|pane| (pane, Err(error.clone())))
            .collect(),
    );
}

fn answer(reply: ScreensReply, screens: Vec<(PaneId, Result<Screen, ScreenError>)>) {
    if reply.send(screens).is_err() {
        tracing::debug!("the client that asked for screens is gone");
    }
}

/// The screen, and the lines above it.
fn screen(pane: PaneId, offset: u64, printed: &Bytes) -> Result<(Screen, Vec<Bytes>), ScreenError> {
    let printed = printed
        .strip_suffix(b"\n")
        .map_or_else(|| printed.clone(), |whole| printed.slice_ref(whole));
    let mut lines = printed.split(|byte| *byte == b'\n');
    let state = PaneStateRow::parse(lines.next().unwrap_or_default())
        .map_err(|error| ScreenError::Tmux(error.to_string()))?;
    if state.pane != Some(pane) {
        return Err(ScreenError::NoSuchPane);
    }
    let height = state.height.unwrap_or_default();
    let mut above: Vec<Bytes> = lines.map(|line| printed.slice_ref(line)).collect();
    let lines = above.split_off(above.len().saturating_sub(height as usize));
    let screen = Screen {
        offset,
        exact: false,
        width: state.width.unwrap_or_default(),
        height,
        cursor: (
            state.cursor_x.unwrap_or_default(),
            state.cursor_y.unwrap_or_default(),
        ),
        cursor_visible: state.cursor_visible,
        alternate: state.alternate_on,
        lines,
    };
    Ok((screen, above))
}

/// The screen with its secrets masked.
fn masked(rules: &Arc<Rules>, screen: Screen, above: Vec<Bytes>) -> Screen {
    let count = above.len();
    let lines = [above, screen.lines].concat();
    let cursor = Some(count + screen.cursor.1 as usize);
    let mut lines = mask_lines(rules, &lines, screen.width, cursor);
    Screen {
        lines: lines.split_off(count),
        ..screen
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn printed(pane: u32, text: &str) -> Bytes {
        let row = format!("%{pane}|20|2|0|3|1|1|0|||0|1|0|1|0|0|0|0|0|0|0|0||||||||8,16");
        Bytes::from(format!("{row}\n{text}\n\n"))
    }

    fn plain(panes: &[PaneId]) -> ScreensRequest {
        ScreensRequest {
            panes: panes.to_vec(),
            redacted: false,
        }
    }

    /// What stands above a screen helps to find the secrets on it, and does not show.
    #[test]
    fn a_screen_is_masked_for_those_from_whom_secrets_are_kept() {
        let rules = Arc::new(Rules::new::<&str>(&[], true).unwrap());
        let rows: [(&str, bool, [&str; 2]); 3] = [
            (
                "ghp_abcdefghijklmnop\nqrstuv\nghp_abcdefgh",
                false,
                ["qrstuv", "ghp_abcdefgh"],
            ),
            (
                "ghp_abcdefghijklmnop\nqrstuv\nghp_abcdefgh",
                true,
                ["******", "ghp_********"],
            ),
            ("qrstuv\npassword=a b", true, ["qrstuv", "password=* b"]),
        ];
        for (text, redacted, expected) in rows {
            let mut screens = Screens::default();
            let mut actions = Vec::new();
            let (reply, mut captured) = oneshot::channel();
            let request = ScreensRequest {
                panes: vec![PaneId(1)],
                redacted,
            };
            screens.begin(request, reply, 9, |_| 10, &mut actions);
            assert!(matches!(actions[..], [Action::Capture { context: 9, .. }]));
            let text = printed(1, text);
            let text = text.slice(..text.len() - 1);
            let of_pane = vec![(PaneId(1), Ok(text))];
            screens.captured(of_pane, Some(&rules), |_| 40, &mut actions);
            let screen = captured.try_recv().unwrap().remove(0).1.unwrap();
            assert_eq!(screen.lines, expected.map(Bytes::from), "{expected:?}");
        }
    }

    #[test]
    fn requests_share_the_next_capture_and_get_the_offset_from_before_it() {
        let mut screens = Screens::default();
        let mut actions = Vec::new();
        let (first, mut first_screens) = oneshot::channel();
        let (second, mut second_screens) = oneshot::channel();
        let (third, mut third_screens) = oneshot::channel();
        screens.begin(plain(&[PaneId(1)]), first, 0, |_| 10, &mut actions);
        screens.begin(
            plain(&[PaneId(1), PaneId(2)]),
            second,
            0,
            |_| 20,
            &mut actions,
        );
        screens.begin(plain(&[PaneId(2)]), third, 0, |_| 30, &mut actions);
        assert_eq!(actions.len(), 1, "one at a time");

        screens.captured(
            vec![(PaneId(1), Ok(printed(1, "old")))],
            None,
            |_| 40,
            &mut actions,
        );
        let screen = first_screens.try_recv().unwrap().remove(0).1.unwrap();
        assert_eq!((screen.offset, screen.lines[0].as_ref()), (10, &b"old"[..]));
        assert_eq!(
            (screen.width, screen.height, screen.cursor),
            (20, 2, (3, 1))
        );
        assert!(
            second_screens.try_recv().is_err(),
            "asked for after the capture began"
        );
        assert!(
            matches!(&actions[1], Action::Capture { panes, context: 0 } if *panes == [PaneId(1), PaneId(2)])
        );

        screens.captured(
            vec![
                (PaneId(1), Ok(printed(1, "new"))),
                (PaneId(2), Err(ScreenError::NoSuchPane)),
            ],
            None,
            |_| 50,
            &mut actions,
        );
        let shared = second_screens.try_recv().unwrap();
        assert_eq!(shared[0].1.as_ref().unwrap().offset, 40);
        assert_eq!(shared[1], (PaneId(2), Err(ScreenError::NoSuchPane)));
        assert_eq!(
            third_screens.try_recv().unwrap()[0].1,
            Err(ScreenError::NoSuchPane)
        );
        assert_eq!(actions.len(), 2, "nobody waits any more");
    }
}
