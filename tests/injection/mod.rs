//! Nothing that comes from outside is ever anything but what it is: what clients send is typed or refused, and what tmux
//! and its panes say is data.
//!
//! [`typing`] brings a corpus to tmux in every way that a client has; [`names`] has tmux bring one to muxwire;
//! [`captures`] has panes print lines of control mode while their screens are captured; [`operator`] looks at what
//! reaches the terminal of a person who watches.

mod captures;
mod corpus;
mod names;
mod operator;
mod typing;

use std::fs;

use crate::support::TmuxServer;

/// All of a tmux server that a client could change otherwise than by typing, as tmux reports it.
pub fn everything(server: &TmuxServer) -> Vec<(String, String)> {
    let questions: [&[&str]; 12] = [
        &["show-options", "-s"],
        &["show-options", "-g"],
        &["show-options", "-gw"],
        &["show-options", "-t", "=main:"],
        &["show-hooks", "-g"],
        &["show-environment", "-g"],
        &["show-environment", "-t", "=main"],
        &["list-keys"],
        &["list-buffers", "-F", "#{buffer_name} #{buffer_size}"],
        &[
            "list-sessions",
            "-F",
            "#{session_id} #{session_name} #{session_windows} #{session_attached} #{session_path}",
        ],
        &[
            "list-windows",
            "-a",
            "-F",
            "#{session_id} #{window_index} #{window_id} #{window_name} #{window_layout} #{window_active}",
        ],
        &[
            "list-panes",
            "-a",
            "-F",
            "#{pane_id} #{pane_pid} #{pane_dead} #{pane_in_mode} #{pane_pipe} #{pane_title} #{pane_start_command}",
        ],
    ];
    let answer = |question: &[&str]| (question.join(" "), server.run(question));
    questions.into_iter().map(answer).collect()
}

/// What the corpus has made, if anything of it was ever run.
pub fn hits(server: &TmuxServer) -> Vec<String> {
    let names = fs::read_dir(server.folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("hit")).collect()
}
