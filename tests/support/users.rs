//! Users of tmux, who are attached with terminals.

use super::{Program, SOON, TmuxServer, wait_until};

/// Somebody who is attached to a session with a terminal, which is a pane of another server.
pub fn attached_in(outer: &TmuxServer, server: &TmuxServer, program: &Program, session: &str) {
    let others = server.clients().len();
    let (program, socket) = (program.path.display(), server.socket());
    let attach = format!(
        "TMUX= exec {program} -S {} attach-session -t ={session}",
        socket.display()
    );
    outer.run(["new-window", "-d", "-t", "=main:", &attach]);
    wait_until("the user is attached", SOON, || {
        server.clients().len() > others
    });
}
