//! What happens to sessions inside and outside of a scope, and across its border.

use muxwire::ids::{PaneId, SessionId};
use muxwire::model::{Client, Exit};
use serde_json::json;

use super::eye::Eye;
use super::stage::{Role, Stage, dress};
use crate::support::world::stamp;

/// What nobody may learn who sees `api-*` alone.
pub const FORBIDDEN: [&str; 19] = [
    "zq-hidden",
    "zq-renamed",
    "zq-gone",
    "zq-comes",
    "zq-window",
    "zq-second",
    "zq-title",
    "zq-path",
    "zq-command",
    "zq-output",
    "zq-group",
    "zq-tty",
    "zq-buffer",
    "$777",
    "@777",
    "%777",
    "%778",
    "7770777",
    "7770778",
];

/// Lets a session out of scope come, live and go, beside others that cross the border. After each step everybody asks
/// for all that there is. Returns how many events there were.
pub async fn live(stage: &Stage, eyes: &mut [(Role, Eye)]) -> u64 {
    let hidden = SessionId(777);
    stage.change(|world| {
        let inside = world.session("api-1");
        world.window(inside, 1, "shared");
        world.session("api-2");
    });
    stage.change(|world| {
        world.skip_to(777);
        world.session("zq-hidden");
        dress(world);
    });
    look(stage, eyes).await;
    print(stage, PaneId(777), b"zq-output and more");
    print(stage, PaneId(0), b"visible");
    stage.change(|world| {
        let second = world.window(hidden, 2, "zq-second");
        world.pane(second);
    });
    // A window that both have; who sees one side sees the window, and nothing of the other side.
    stage.change(|world| {
        let shared = world.state.panes[&PaneId(1)].window;
        world.link(hidden, 5, shared);
    });
    look(stage, eyes).await;
    print(stage, PaneId(1), b"of both");
    stage.change(|world| world.state.panes.get_mut(&PaneId(1)).unwrap().title = "both".to_owned());
    stage.change(|world| {
        world.state.sessions.get_mut(&hidden).unwrap().active = Some(5);
        world.state.panes.get_mut(&PaneId(777)).unwrap().mode = Some("copy-mode".to_owned());
    });
    // Grouped with a session inside, whose group then has a name.
    stage.change(|world| {
        let group = Some("zq-group".to_owned());
        world.state.sessions.get_mut(&SessionId(0)).unwrap().group = group;
    });
    look(stage, eyes).await;
    // A terminal goes from a session inside to the one outside, and it itself ends there.
    stage.change(|world| {
        let client = Client {
            name: "/dev/ours".to_owned(),
            pid: 900,
            session: Some(SessionId(0)),
            control: false,
            read_only: false,
            tty: "/dev/ours".to_owned(),
        };
        world.state.clients.insert(client.name.clone(), client);
    });
    stage.change(|world| world.state.clients.get_mut("/dev/ours").unwrap().session = Some(hidden));
    stage.change(|world| drop(world.state.clients.remove("/dev/zq-tty")));
    stage.change(|world| world.rename(hidden, "zq-renamed"));
    look(stage, eyes).await;
    // Out of the scope, and into it.
    stage.change(|world| world.rename(SessionId(1), "zq-gone"));
    stage.change(|world| {
        world.skip_to(40);
        world.session("zq-comes");
    });
    stage.change(|world| world.rename(SessionId(40), "api-3"));
    look(stage, eyes).await;
    stage.change(|world| {
        let exit = Exit {
            status: Some(1),
            signal: None,
        };
        world.state.panes.get_mut(&PaneId(777)).unwrap().exit = Some(exit);
        world.state.buffers.clear();
    });
    stage.change(|world| world.remove_session(hidden));
    look(stage, eyes).await;
    stage.server.hub.head().0
}

/// Publishes output of a pane.
pub fn print(stage: &Stage, pane: PaneId, text: &'static [u8]) {
    let output = stage.world.lock().unwrap().output(pane, 0, text);
    stage.server.hub.publish([output], None, stamp());
}

/// Everybody asks for all that there is, with screens; who may not is refused.
async fn look(stage: &Stage, eyes: &mut [(Role, Eye)]) {
    for (role, eye) in eyes {
        let all = json!({ "action": "snapshot", "screen": true });
        let stats = json!({ "action": "stats" });
        let open = json!({ "action": "open", "target": { "pane": "%1" } });
        let close = json!({ "action": "close", "target": { "pane": "%1" } });
        for message in [all, stats, open, close] {
            eye.ask(&message).await;
        }
        stage.look_for_leaks(*role, eye, "asked");
    }
}
