//! The codec against real tmux, each version found: every command's line, every format, the blocks as they come.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use bytes::{Bytes, BytesMut};
use muxwire::control::rows::{
    BufferRow, CheckRow, ClientRow, PaneRow, PaneStateRow, Row, ServerRow, SessionRow, WindowRow,
};
use muxwire::control::{
    Body, Command, Content, ControlClient, Event, Flow, InputBytes, KeyName, Layout, Limits,
    LineRange, Notification, Outcome, Subscription, WindowSize, escape,
};
use muxwire::ids::{PaneId, WindowId};

use crate::support::{KillOnDrop, SOON, TmuxServer, for_each_version, wait_until};

/// A control client of a private server, read by a thread.
struct Attached {
    client: ControlClient,
    stdin: ChildStdin,
    read: Receiver<Vec<u8>>,
    notifications: Vec<Notification>,
    /// Whether tmux said `%exit`.
    exited: bool,
    _child: KillOnDrop,
}

impl Attached {
    fn new(server: &TmuxServer) -> Self {
        let mut command = server.command(["-C", "attach-session", "-E", "-t", "=main"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, read) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut attached = Self {
            client: ControlClient::new(Limits::default()),
            stdin,
            read,
            notifications: Vec::new(),
            exited: false,
            _child: KillOnDrop(child),
        };
        // tmux 3.3a and 3.5a die when a session is made or ends while a control client is attaching.
        attached.wait_for("the attachment", |found| {
            matches!(found, Notification::SessionChanged { .. })
        });
        attached
    }

    /// Runs commands on one line.
    fn batch(&mut self, commands: Vec<Command>) -> Vec<Outcome> {
        let shown = format!("{commands:?}");
        for command in &commands {
            assert_eq!(
                Command::parse(command.to_string().as_bytes()).as_ref(),
                Some(command)
            );
        }
        let count = self.client.enqueue_batch(commands).unwrap().len();
        self.stdin
            .write_all(&self.client.take_outgoing().unwrap())
            .unwrap();
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            outcomes.extend(self.read(&shown));
        }
        assert_eq!(self.client.pending(), 0, "{shown}");
        outcomes
    }

    /// Reads once; keeps what it gave, and returns the replies.
    fn read(&mut self, waiting_for: &str) -> Vec<Outcome> {
        self.read_unless_closed(waiting_for)
            .unwrap_or_else(|| panic!("{waiting_for}: tmux closed the connection"))
    }

    /// The same; nothing when tmux has closed the connection.
    fn read_unless_closed(&mut self, waiting_for: &str) -> Option<Vec<Outcome>> {
        let bytes = match self.read.recv_timeout(SOON) {
            Ok(bytes) => bytes,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("{waiting_for}: nothing comes"),
        };
        self.client.feed(&bytes);
        let mut outcomes = Vec::new();
        while let Some(event) = self.client.next_event() {
            match event {
                Event::Reply(reply) => outcomes.push(reply.outcome),
                Event::Notification(found) => self.notifications.push(found),
                Event::Output(_) | Event::Block(_) => {}
                Event::Exit { .. } => self.exited = true,
                Event::Bad(bad) => panic!("{waiting_for}: {bad:?}"),
            }
        }
        Some(outcomes)
    }

    /// Reads until a notification has come.
    fn wait_for(&mut self, what: &str, wanted: impl Fn(&Notification) -> bool) {
        while !self.notifications.iter().any(&wanted) {
            self.read(what);
        }
    }

    /// The body of a command that must succeed.
    fn done(&mut self, command: Command) -> Body {
        let shown = command.to_string();
        match self.batch(vec![command]).pop() {
            Some(Outcome::Done(body)) => body,
            other => panic!("{shown}: {other:?}"),
        }
    }

    /// The rows of a command that must succeed.
    fn rows<R: Row>(&mut self, command: Command) -> Vec<R> {
        let body = self.done(command);
        body.lines()
            .map(|line| R::parse(line).unwrap_or_else(|error| panic!("{error}")))
            .collect()
    }

    /// Types bytes, as much as it takes.
    fn type_bytes(&mut self, pane: PaneId, bytes: &[u8]) {
        for bytes in InputBytes::split(Bytes::copy_from_slice(bytes)) {
            assert!(
                self.done(Command::SendBytes { pane, bytes })
                    .lines()
                    .next()
                    .is_none()
            );
        }
    }
}

const MAIN: PaneId = PaneId(0);

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
                && !found[0].destroy_unattached
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
        let folder = server.folder().join("p|=\t\n\u{1}日");
        fs::create_dir(&folder).unwrap();
        fs::copy("/bin/cat", folder.join("c|=\n%exit")).unwrap();
        let script = server.folder().join("start");
        fs::write(
            &script,
            "cd \"$1\" && printf '\\033]2;%s\\033\\\\' \"$2\" && exec './c|=\n%exit'\n",
        )
        .unwrap();
        let start = format!(
            "exec sh {} '{}' \"$AWKWARD\"",
            script.display(),
            folder.display()
        );
        // tmux has its own ways with names, so that what it prints without our formats is what ours must give.
        let name = AWKWARD.replace('#', "##");
        server.run(["set-environment", "-g", "AWKWARD", AWKWARD]);
        server.run([
            "new-session",
            "-d",
            "-s",
            &name,
            "-n",
            &name,
            "-c",
            "/",
            &start,
        ]);
        server.run(["new-session", "-d", "-s", "twin", "-t", "$1"]);
        server.run(["set-buffer", "-b", &name, "x"]);
        let printed = |list: &[&str]| {
            let printed = server.run(list);
            printed
                .lines()
                .find(|line| line.starts_with("a|b=c"))
                .unwrap()
                .to_owned()
        };

        let session = printed(&["list-sessions", "-F", "#{session_name}"]);
        let found = attached.rows::<SessionRow>(Command::ListSessions);
        assert!(found.iter().any(|row| row.name == session), "{found:?}");
        assert_eq!(
            found
                .iter()
                .filter(|row| row.group.as_deref() == Some(&session))
                .count(),
            2,
            "{found:?}"
        );
        let window = printed(&["list-windows", "-a", "-F", "#{window_name}"]);
        let found = attached.rows::<WindowRow>(Command::ListWindows);
        assert_eq!(
            found.iter().filter(|row| row.name == window).count(),
            2,
            "{found:?}"
        );
        let buffer = printed(&["list-buffers", "-F", "#{buffer_name}"]);
        let found = attached.rows::<BufferRow>(Command::ListBuffers);
        assert!(found[0].name == buffer && found[0].size == 1, "{found:?}");

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
fn bytes_are_typed_exactly() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let typed = server.folder().join("typed");
        let pane = raw_pane(&server, &typed);
        let all: Vec<u8> = (0..=255).cycle().take(2_000).collect();
        attached.type_bytes(pane, &all);
        wait_until("all bytes are typed", SOON, || {
            fs::read(&typed).unwrap().len() >= all.len()
        });
        assert_eq!(fs::read(&typed).unwrap(), all);
    });
}

/// A pane in which what is typed goes to a file, byte for byte.
fn raw_pane(server: &TmuxServer, typed: &std::path::Path) -> PaneId {
    let script = format!("stty raw -echo; : > {0}; exec cat >> {0}", typed.display());
    let (_, pane) = server.new_session("raw", &script);
    wait_until("the pane is ready", SOON, || typed.exists());
    pane.parse().unwrap()
}

#[test]
fn every_key_name_is_a_key() {
    let names = "BSpace BTab DC Delete Down End Enter Escape F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 Home IC Insert KP* \
                 KP+ KP- KP. KP/ KP0 KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9 KPEnter Left NPage PPage PageDown PgUp Right \
                 Space Tab Up C-c M-x C-M-a S-Up C-Left M-Enter M-; C-] M-' M-\\ M-~ M-$ M-{ C-\\";
    let printable = (b'!'..=b'~').map(|byte| char::from(byte).to_string());
    let names: Vec<String> = names
        .split_whitespace()
        .map(str::to_owned)
        .chain(printable)
        .collect();
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let typed = server.folder().join("typed");
        let pane = raw_pane(&server, &typed);
        for name in &names {
            let key = KeyName::new(name).unwrap();
            assert_eq!(
                attached.done(Command::SendKey { pane, key }).as_bytes(),
                b"",
                "{name}"
            );
            attached.type_bytes(pane, b"\0");
        }
        let count = || {
            fs::read(&typed)
                .unwrap()
                .iter()
                .filter(|byte| **byte == 0)
                .count()
        };
        wait_until("all keys are typed", SOON, || count() == names.len());
        let typed = fs::read(&typed).unwrap();
        for (name, keys) in names.iter().zip(typed.split(|byte| *byte == 0)) {
            if name.len() == 1 {
                assert_eq!(keys, name.as_bytes(), "a character is itself");
            } else {
                let shown = keys.escape_ascii();
                assert!(
                    !keys.is_empty() && keys != name.as_bytes(),
                    "{name} is typed as {shown}"
                );
                assert!(keys.len() < 8, "{name} is typed as {shown}");
            }
        }
    });
}

/// What a capture gave, unescaped; how many blanks tmux keeps behind a line is its own affair.
fn unescaped(body: &Body) -> String {
    let line = |line| {
        let mut out = BytesMut::new();
        escape::unescape_capture_into(line, &mut out);
        format!("{}\n", String::from_utf8(out.to_vec()).unwrap().trim_end())
    };
    body.lines().map(line).collect()
}

/// A pane that shows what `printf` prints for `text`, and then waits.
fn showing(server: &TmuxServer, name: &str, text: &str) -> PaneId {
    let (_, pane) = server.new_session(name, &format!("printf '{text}'; exec sleep 1000"));
    wait_until("the text shows", SOON, || {
        server
            .run(["capture-pane", "-p", "-t", &pane])
            .contains("shown")
    });
    pane.parse().unwrap()
}

#[test]
fn captures_have_the_lines_that_were_asked_for() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let pane = showing(&server, "long", &format!("{}shown", "x\\n".repeat(40)));
        for (first, last) in [
            (0, 23),
            (0, 0),
            (5, 9),
            (-10, 23),
            (-17, -1),
            (-5000, 5000),
            (-40, -30),
            (24, 90),
        ] {
            let lines = LineRange::new(first, last).unwrap();
            let capture = Command::Capture { pane, lines };
            let outcomes = attached.batch(vec![Command::PaneState { pane }, capture.clone()]);
            let [Outcome::Done(state), Outcome::Done(body)] = outcomes.as_slice() else {
                panic!("{outcomes:?}")
            };
            let state = PaneStateRow::parse(state.first_line()).unwrap();
            let (history, height) = (state.history.unwrap(), state.height.unwrap());
            assert_eq!(
                body.lines().count() as u32,
                lines.count_within(history, height),
                "{first}..={last}"
            );
        }
    });
}

#[test]
fn captures_are_exact_and_never_taken_for_anything_else() {
    // A percent sign is doubled for printf.
    let text = "%%end 1 2 1\\n%%exit\\n%%begin 1 2 1\\n%%output %%0 x\\n%%message x\\n%%pause %%0\\n\\134\\134033\\134 \\033[31mred \\303\\251\\033[m  \\nshown";
    let expected = "%end 1 2 1\n%exit\n%begin 1 2 1\n%output %0 x\n%message x\n%pause %0\n\\\\033\\ \u{1b}[31mred é\u{1b}[39m\nshown\n";
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let pane = showing(&server, "odd", text);
        let lines = LineRange::new(0, 7).unwrap();
        let body = attached.done(Command::Capture { pane, lines });
        assert_eq!(unescaped(&body), expected);
        assert!(
            attached
                .notifications
                .iter()
                .all(|found| !matches!(found, Notification::Message { .. }))
        );
    });
}

#[test]
fn the_saved_screen_and_unfinished_sequences_are_captured() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let pane = showing(&server, "alt", "primary\\n\\033[?1049hshown\\033[3");
        let primary = attached.done(Command::CaptureSaved { pane, line: 0 });
        let alternate = attached.done(Command::Capture {
            pane,
            lines: LineRange::new(1, 1).unwrap(),
        });
        assert_eq!(
            (unescaped(&primary), unescaped(&alternate)),
            ("primary\n".into(), "shown\n".into())
        );
        assert_eq!(
            unescaped(&attached.done(Command::CapturePending { pane })),
            "\u{1b}[3\n"
        );
        for command in [
            Command::CaptureSaved {
                pane: MAIN,
                line: 7,
            },
            Command::CapturePending { pane: MAIN },
        ] {
            let none = attached.done(command);
            assert!(
                [&b""[..], b"\n"].contains(&none.as_bytes()),
                "no line or an empty one: {none:?}"
            );
        }
        let blank = attached.done(Command::Capture {
            pane: MAIN,
            lines: LineRange::new(0, 23).unwrap(),
        });
        assert_eq!(blank.lines().count(), 24);
    });
}

#[test]
fn panes_are_paused_and_continued() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        for flow in [Flow::Pause, Flow::Continue] {
            let outcome = attached
                .batch(vec![Command::Flow { pane: MAIN, flow }])
                .remove(0);
            if !program.version.has_flow_control() {
                assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
                continue;
            }
            assert_eq!(
                outcome,
                Outcome::Done(Body::default()),
                "what tmux writes into the block is no body"
            );
            let wanted = match flow {
                Flow::Pause => Notification::Pause { pane: MAIN },
                Flow::Continue => Notification::Continue { pane: MAIN },
            };
            attached.wait_for("the notification", |found| *found == wanted);
        }
    });
}

#[test]
fn subscriptions_tell_values() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let all = |command: fn(Subscription) -> Command| Subscription::ALL.map(command).to_vec();
        let outcomes = attached.batch(all(|subscription| Command::Subscribe { subscription }));
        if !program.version.has_subscriptions() {
            assert!(
                matches!(outcomes[..], [Outcome::Failed(_), Outcome::Dropped, ..]),
                "{outcomes:?}"
            );
            return;
        }
        assert!(
            outcomes
                .iter()
                .all(|outcome| *outcome == Outcome::Done(Body::default())),
            "{outcomes:?}"
        );
        for subscription in Subscription::ALL {
            attached.wait_for(subscription.name(), |found| tells(found, subscription));
        }
        let outcomes = attached.batch(all(|subscription| Command::Unsubscribe { subscription }));
        assert!(
            outcomes
                .iter()
                .all(|outcome| *outcome == Outcome::Done(Body::default())),
            "{outcomes:?}"
        );
    });
}

/// Whether a notification tells the value of a subscription for the one pane or window that there is.
fn tells(found: &Notification, subscription: Subscription) -> bool {
    let Notification::SubscriptionChanged {
        name,
        value,
        pane,
        window,
        index,
        ..
    } = found
    else {
        return false;
    };
    let place = match subscription {
        Subscription::WindowFlags => None,
        _ => Some(MAIN),
    };
    let value = match subscription {
        Subscription::PaneCommand => value.as_bytes() == b"cat",
        Subscription::WindowFlags => value.as_bytes() == b"*",
        _ => !value.is_empty(),
    };
    Subscription::from_name(name.as_bytes()) == Some(subscription)
        && (*pane, *window, *index) == (place, Some(WindowId(0)), Some(0))
        && value
}

#[test]
fn a_batch_stops_where_it_fails() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let outcomes = attached.batch(vec![
            Command::Sentinel { nonce: 7 },
            Command::CancelMode { pane: PaneId(99) },
            Command::Sentinel { nonce: 8 },
            Command::ListSessions,
        ]);
        let [
            Outcome::Done(first),
            Outcome::Failed(second),
            Outcome::Dropped,
            Outcome::Dropped,
        ] = outcomes.as_slice()
        else {
            panic!("{outcomes:?}")
        };
        assert_eq!(first.as_bytes(), b"muxwire-0000000000000007\n");
        assert_eq!(second.as_bytes(), b"can't find pane: %99\n");
        assert_eq!(
            attached.done(Command::Sentinel { nonce: 9 }).as_bytes(),
            b"muxwire-0000000000000009\n"
        );
    });
}

#[test]
fn modes_are_seen_and_cancelled_and_windows_resized_and_freed() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        server.run(["copy-mode", "-t", "%0"]);
        let check = attached
            .rows::<CheckRow>(Command::CheckPane { pane: MAIN })
            .remove(0);
        assert_eq!((check.in_mode, check.mode.as_str()), (true, "copy-mode"));
        attached.done(Command::CancelMode { pane: MAIN });
        assert!(!attached.rows::<CheckRow>(Command::CheckPane { pane: MAIN })[0].in_mode);

        let window = WindowId(0);
        attached.done(Command::ResizeWindow {
            window,
            size: WindowSize::new(100, 30).unwrap(),
        });
        let found = attached.rows::<WindowRow>(Command::ListWindows).remove(0);
        assert_eq!((found.width, found.height), (100, 30));
        assert_eq!(
            server.run(["show-options", "-w", "-v", "-t", "@0", "window-size"]),
            "manual\n"
        );
        attached.done(Command::UnsetWindowSize { window });
        assert_eq!(
            server.run(["show-options", "-w", "-v", "-t", "@0", "window-size"]),
            ""
        );

        attached.done(Command::Detach);
        while attached.read_unless_closed("the end").is_some() {}
        // 3.1c says nothing at all: the end of the stream is what counts.
        assert_eq!(attached.exited, program.version.has_flow_control());
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
        let told = attached
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
        let told: Vec<_> = told.collect();
        assert!(told.len() >= splits.len());
        for (layout, visible, flags) in told {
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
