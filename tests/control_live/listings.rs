//! Rows of every kind, with names that would break a careless format, and layouts.

use std::fs;
use std::os::unix::fs::symlink;

use muxwire::control::rows::{
    BufferRow, CheckRow, ClientRow, PaneRow, PaneStateRow, Row as _, ServerRow, SessionRow,
    WindowRow,
};
use muxwire::control::{Command, Content, DestroyUnattached, Layout, Notification, Outcome};
use muxwire::ids::{PaneId, WindowId};

use super::{Attached, MAIN};
use crate::support::{SOON, TmuxServer, for_each_version, wait_until};

/// Text that would break a format that is not careful.
const AWKWARD: &str = "a|b=c\"'`\\~ #[x] {y} ;z 日本 é =p=e $HOME %H #{pid}";

#[test]
fn rows_of_every_kind_are_read_back() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let found = attached.rows::<ServerRow>(Command::ServerInfo);
        assert_eq!(
            (found[0].pid, &found[0].version),
            (server.pid(), &program.version.to_string())
        );
        assert_eq!(found[0].socket_path, server.socket().to_str().unwrap());

        let found = attached.rows::<SessionRow>(Command::ListSessions);
        assert_eq!((found[0].name.as_str(), found[0].attached), ("main", 1));
        assert!(
            found[0].group.is_none()
                && found[0].destroy_unattached == DestroyUnattached::Off
                && found[0].created > 1_700_000_000
        );

        let found = attached.rows::<WindowRow>(Command::ListWindows);
        assert_eq!(
            (found[0].window, found[0].index, found[0].active),
            (WindowId(0), 0, true)
        );
        assert_eq!(
            (found[0].width, found[0].height, found[0].zoomed),
            (80, 24, false)
        );

        let found = attached.rows::<PaneRow>(Command::ListPanes);
        assert_eq!(
            (found[0].pane, found[0].active, found[0].dead),
            (MAIN, true, false)
        );
        assert_eq!(
            (found[0].mode.as_str(), found[0].command.as_str()),
            ("", "cat")
        );

        let found = attached.rows::<ClientRow>(Command::ListClients);
        assert!(found[0].control && !found[0].read_only && found[0].session.is_some());
        assert!(attached.rows::<BufferRow>(Command::ListBuffers).is_empty());
    });
}

#[test]
fn a_pane_reports_its_state() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let found = attached.rows::<CheckRow>(Command::CheckPane { pane: MAIN });
        assert_eq!(
            (found[0].pane, found[0].dead, found[0].in_mode),
            (Some(MAIN), false, false)
        );
        let found = attached.rows::<PaneStateRow>(Command::PaneState { pane: MAIN });
        assert_eq!(
            (found[0].pane, found[0].height, found[0].cursor_visible),
            (Some(MAIN), Some(24), true)
        );
        assert_eq!(found[0].tabs, "8,16,24,32,40,48,56,64,72");
    });
}

#[test]
fn a_pane_that_is_not_there_is_an_error_or_a_row_without_a_pane() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let pane = PaneId(99);
        match attached.batch(vec![Command::CheckPane { pane }]).remove(0) {
            Outcome::Done(body) => {
                assert_eq!(CheckRow::parse(body.first_line()).unwrap().pane, None)
            }
            Outcome::Failed(body) => assert_eq!(body.first_line(), b"can't find pane: %99"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn awkward_names_come_back_as_they_are() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let name = AWKWARD.replace('#', "##");
        server.run(["new-session", "-d", "-s", &name, "-n", &name, "exec cat"]);
        server.run(["new-session", "-d", "-s", "twin", "-t", "$1"]);
        server.run(["set-buffer", "-b", &name, "x"]);
        // tmux has its own ways with names: what it prints without our formats is what ours must give.
        let printed = |list: &[&str]| {
            let printed = server.run(list);
            let line = printed.lines().find(|line| line.starts_with("a|b=c"));
            line.unwrap().to_owned()
        };

        let session = printed(&["list-sessions", "-F", "#{session_name}"]);
        let found = attached.rows::<SessionRow>(Command::ListSessions);
        assert!(found.iter().any(|row| row.name == session), "{found:?}");
        let groups = found.iter().filter_map(|row| row.group.as_ref());
        assert_eq!(groups.collect::<Vec<_>>(), [&session, &session]);

        let window = printed(&["list-windows", "-a", "-F", "#{window_name}"]);
        let found = attached.rows::<WindowRow>(Command::ListWindows);
        let names = found
            .iter()
            .filter(|row| row.window == WindowId(1))
            .map(|row| &row.name);
        assert_eq!(names.collect::<Vec<_>>(), [&window, &window]);

        let buffer = printed(&["list-buffers", "-F", "#{buffer_name}"]);
        let found = attached.rows::<BufferRow>(Command::ListBuffers);
        assert_eq!((&found[0].name, found[0].size), (&buffer, 1));
    });
}

#[test]
fn awkward_titles_commands_and_paths_come_back_clean() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let folder = server.folder().join("p|=\t\n\u{1}日");
        fs::create_dir(&folder).unwrap();
        symlink("/bin/cat", folder.join("c|=\n%exit")).unwrap();
        let script = "cd \"$FOLDER\"; printf '\\033]2;%s\\033\\\\' \"$TITLE\"; exec './c|=\n%exit'";
        server.run(["set-environment", "-g", "TITLE", AWKWARD]);
        server.run(["set-environment", "-g", "FOLDER", folder.to_str().unwrap()]);
        server.run(["new-session", "-d", "-s", "awkward", "-c", "/", script]);

        let path = folder.to_str().unwrap().replace(['\t', '\n', '\u{1}'], "?");
        wait_until("title, command and path are there", SOON, || {
            let found = attached.rows::<PaneRow>(Command::ListPanes);
            let pane = found.iter().find(|row| row.pane != MAIN).unwrap();
            let title = server.value("%1", "#{pane_title}");
            let titled = title.starts_with("a|b=c") && pane.title == title && pane.path == path;
            // From 3.7 on tmux has no name for a process that is called so.
            titled && ["./c|=?%exit", ""].contains(&pane.command.as_str())
        });
    });
}

#[test]
fn layouts_are_parsed_and_written_again() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let splits = [
            ["-h", "%0"],
            ["-v", "%0"],
            ["-v", "%1"],
            ["-h", "%3"],
            ["-h", "%1"],
            ["-v", "%4"],
        ];
        for (count, [direction, pane]) in splits.into_iter().enumerate() {
            server.run(["split-window", direction, "-t", pane, "exec cat"]);
            let row = attached.rows::<WindowRow>(Command::ListWindows).remove(0);
            let layout = Layout::parse(row.layout.as_bytes()).unwrap();
            assert_eq!(layout.to_string(), row.layout);
            assert_eq!(layout.panes().len(), count + 2);
            assert!(matches!(layout.root.unwrap().content, Content::Columns(_)));
        }
        let listed = attached
            .notifications
            .iter()
            .filter_map(|found| match found {
                Notification::LayoutChange {
                    layout,
                    visible_layout,
                    flags,
                    ..
                } => Some((layout, visible_layout.as_ref(), flags.as_ref())),
                _ => None,
            });
        let listed: Vec<_> = listed.collect();
        assert!(listed.len() >= splits.len());
        for (layout, visible, flags) in listed {
            assert!(Layout::parse(layout.as_bytes()).is_ok());
            assert_eq!(
                (Some(layout), Some(&b"*"[..])),
                (visible, flags.map(|flags| flags.as_bytes()))
            );
        }
    });
}

#[test]
fn floating_panes_are_no_trouble() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        if !server.run(["list-commands"]).contains("new-pane") {
            return;
        }
        let mut attached = Attached::new(&server);
        server.run(["new-pane", "exec cat"]);
        server.run(["split-window", "-t", "%0", "exec cat"]);
        server.run(["new-pane", "-x", "10", "-y", "4", "exec cat"]);
        // In turn: two panes float, one of them fills the window for now, nothing but floating panes is left.
        for command in [
            &["resize-pane", "-Z", "-t", "%1"][..],
            &["kill-pane", "-t", "%0"],
            &["kill-pane", "-t", "%2"],
        ] {
            let row = attached.rows::<WindowRow>(Command::ListWindows).remove(0);
            assert_eq!(
                Layout::parse(row.layout.as_bytes()).unwrap().to_string(),
                row.layout
            );
            server.run(command);
        }
        let row = attached.rows::<WindowRow>(Command::ListWindows).remove(0);
        assert_eq!(
            Layout::parse(row.layout.as_bytes()).unwrap().to_string(),
            row.layout
        );
    });
}
