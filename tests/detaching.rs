//! Links that end while tmux has output for them (danger 17): whoever ends them and however, the server lives.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use muxwire::tmux::{CloseReason, LinkKind};
use rustix::process::Signal;

use crate::support::holder::hold;
use crate::support::owner::{Owner, session};
use crate::support::{
    SOON, TmuxServer, for_each_version, for_each_version_async, holds_within, pause, signal,
    wait_until,
};

/// More than a pipe and tmux's buffers for a client hold, so that tmux has the rest queued.
const BACKLOG: usize = 150_000;

/// What a terminal holds of a pane that tmux doesn't read.
const MORE: usize = 3_000;

/// A session whose pane prints when it is told to.
struct Pane {
    session: String,
    orders: PathBuf,
    done: PathBuf,
    printed: u64,
}

impl Pane {
    fn start(server: &TmuxServer) -> Self {
        let [orders, done] = ["orders", "done"].map(|name| server.folder().join(name));
        let command = format!(
            "mkfifo {0}; exec 3<>{0}; : > {1}; while read -r count <&3; do head -c $count /dev/zero | tr '\\0' x; echo >> {1}; done",
            orders.display(),
            done.display(),
        );
        let (session, _) = server.new_session("work", &command);
        wait_until("the pane takes orders", SOON, || done.exists());
        Self {
            session,
            orders,
            done,
            printed: 0,
        }
    }

    /// Gives the program the time to get rid of it. Some versions hold it up while their clients don't read.
    fn print(&mut self, count: usize) {
        let order = format!("{count}\n");
        let mut orders = fs::OpenOptions::new()
            .append(true)
            .open(&self.orders)
            .unwrap();
        orders.write_all(order.as_bytes()).unwrap();
        self.printed += 1;
        holds_within(Duration::from_millis(300), || {
            fs::metadata(&self.done).unwrap().len() >= self.printed
        });
    }
}

/// How a link ends, and how long tmux stands still meanwhile.
#[derive(Debug, Clone, Copy)]
enum Way {
    Detached(Duration),
    Killed(Duration),
    Dropped,
}

/// A moment, and longer than a link waits for tmux before it ends it by force.
const MOMENT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_millis(2_300);

#[test]
fn regression_a_link_that_ends_with_output_queued_leaves_the_server_alive() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let mut pane = Pane::start(&server);
        let tmux = server.tmux().await;
        let mut owner = Owner::new(1 << 16);
        // With a client that is up to date, tmux goes on reading the pane.
        let main = LinkKind::Control {
            session: session("$0"),
        };
        let control = owner.open(&tmux, 0, main);
        owner.attached(&control).await;
        let moments = [Way::Detached(MOMENT), Way::Killed(MOMENT), Way::Dropped];
        let ways = moments.iter().copied().cycle().take(24);
        let slow = [Way::Detached(LONG), Way::Killed(LONG)];
        for (number, way) in (1..).zip(ways.chain(slow)) {
            let kind = LinkKind::Output {
                session: session(&pane.session),
            };
            let link = owner.open(&tmux, number, kind);
            owner.attached(&link).await;
            // Links are served by this thread, so that nobody reads meanwhile.
            pane.print(BACKLOG);
            signal(server.pid(), Signal::STOP);
            let id = link.id();
            let mut link = Some(link);
            let still = match way {
                Way::Detached(still) => {
                    link.iter().for_each(muxwire::tmux::LinkHandle::detach);
                    still
                }
                Way::Killed(still) => {
                    link.iter().for_each(muxwire::tmux::LinkHandle::kill);
                    still
                }
                Way::Dropped => {
                    link = None;
                    MOMENT
                }
            };
            pause(still).await;
            pane.print(MORE);
            signal(server.pid(), Signal::CONT);
            let reason = owner.closed_id(id).await;
            assert_eq!(reason, CloseReason::Requested, "{way:?}");
            drop(link);
            // It answers, so that all that came before has been taken.
            assert_eq!(server.clients(), [control.pid()], "{way:?}, link {number}");
        }
    });
}

#[test]
fn regression_a_muxwire_that_is_killed_with_output_queued_leaves_the_server_alive() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut pane = Pane::start(&server);
        for _ in 0..10 {
            let mut holder = hold(&server, &["$0", &pane.session], &[]);
            signal(holder.0.id(), Signal::STOP);
            pane.print(BACKLOG);
            signal(server.pid(), Signal::STOP);
            holder.0.kill().unwrap();
            holder.0.wait().unwrap();
            pane.print(MORE);
            signal(server.pid(), Signal::CONT);
            wait_until("the links have ended", SOON, || server.clients().is_empty());
        }
    });
}
