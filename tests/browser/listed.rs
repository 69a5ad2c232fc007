//! `muxwire browser`: who is let in, and an end to it, asked of the running program.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::stage::Answer;
use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, wait_until};

/// A browser that is let in with this address; its cookie.
fn let_in(serving: &Serving, token: &str) -> String {
    let listen = serving.address.to_string();
    let arguments = match token {
        "" => vec!["url", "--listen", &listen],
        token => vec!["url", "--listen", &listen, "--token", token],
    };
    let printed = Run::of(&mut serving.home.muxwire(arguments));
    let (_, code) = printed.stdout.trim_end().split_once("#code=").unwrap();
    let body = json!({ "code": code }).to_string();
    let answer = asked(serving, "POST", "", &body);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.cookie()
}

fn asked(serving: &Serving, method: &str, cookie: &str, body: &str) -> Answer {
    use std::io::{Read as _, Write as _};
    let address = serving.address;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let length = match body.len() {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    let request = format!(
        "{method} /api/session HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncookie: {cookie}\r\n{length}\
         connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Answer::read(&answer)
}

fn run(serving: &Serving, arguments: &str, token: Option<&str>) -> Run {
    let url = format!("ws://{}", serving.address);
    let mut command = serving.home.muxwire(arguments.split_whitespace());
    command.env("MUXWIRE_URL", url);
    if let Some(token) = token {
        command.env("MUXWIRE_TOKEN", token);
    }
    Run::of(&mut command)
}

fn listed(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{run:?}");
    let all: Value = serde_json::from_str(&run.stdout).unwrap();
    all.as_array().unwrap().clone()
}

#[test]
fn browsers_are_listed_and_ended() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &[]);
    let made = serving.home.run("token create --name phone");
    let token = made.stdout.trim_end().to_owned();
    wait_until("the token is known", SOON, || {
        serving.log().contains("the tokens changed")
    });
    let none = run(&serving, "browser list", None);
    assert_eq!((none.code, &*none.stdout), (Some(0), ""), "{none:?}");
    assert!(none.stderr.contains("`muxwire url`"), "{none:?}");
    let (first, second) = (let_in(&serving, ""), let_in(&serving, "phone"));

    // Without a token all are seen, and the command itself is none of them.
    for _ in 0..2 {
        let all = listed(&run(&serving, "browser list --json", None));
        let names: Vec<&Value> = all.iter().map(|one| &one["name"]).collect();
        assert_eq!(names, [&json!("local"), &json!("phone")]);
    }
    // With one, its own.
    let own = listed(&run(&serving, "browser list --json", Some(&token)));
    assert_eq!(own.len(), 1, "{own:?}");
    let table = run(&serving, "browser list", Some(&token));
    let name = own[0]["session"].as_str().unwrap();
    let mut lines = table.stdout.lines();
    assert!(lines.next().unwrap().starts_with("NAME "), "{table:?}");
    let row = lines.next().unwrap();
    assert!(
        row.starts_with(name) && row.contains(" phone "),
        "{table:?}"
    );
    assert_eq!(lines.next(), None);

    let refused = run(&serving, &format!("browser end {name} nobody"), None);
    assert_eq!(
        (refused.code, &*refused.stdout),
        (Some(1), ""),
        "{refused:?}"
    );
    assert!(
        refused.stderr.contains("`muxwire browser list` shows all"),
        "{refused:?}"
    );
    assert_eq!(
        asked(&serving, "GET", &second, "").status,
        200,
        "none is ended"
    );
    let ended = run(&serving, &format!("browser end {name}"), None);
    assert_eq!(ended.stdout, format!("ended {name}\n"), "{ended:?}");
    let status = [&first, &second].map(|cookie| asked(&serving, "GET", cookie, "").status);
    assert_eq!(status, [200, 401]);
}

/// Settings of the command, exit code, and what stderr must say.
#[test]
fn what_keeps_from_asking_is_told() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &[]);
    let other = Home::new();
    let url = format!("ws://{}", serving.address);
    let rows = [
        (
            &*url,
            None,
            "a server with another state directory needs a token",
        ),
        (&url, Some("mw_x"), "the server answers 401"),
        ("ws://127.0.0.1:1", Some("mw_x"), "can't connect to"),
    ];
    for (url, token, said) in rows {
        let mut command = other.muxwire(["browser", "list", "--url", url]);
        command.envs(token.map(|token| ("MUXWIRE_TOKEN", token)));
        let run = Run::of(&mut command);
        assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{run:?}");
        assert!(run.stderr.contains(said), "{said}: {run:?}");
    }
}

#[test]
fn the_unix_socket_and_no_authentication_need_no_code() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let folder = home.path().join("run");
    std::fs::create_dir(&folder).unwrap();
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&folder, private).unwrap();
    let socket = folder.join("socket").display().to_string();
    let settings = [
        ("MUXWIRE_SERVER_UNIX_SOCKET", &*socket),
        ("MUXWIRE_SECURITY_TRUST_SAME_USER", "true"),
    ];
    let serving = Serving::start_in(home, &server, &[], &settings);
    let_in(&serving, "");
    let url = format!("unix:{socket}");
    let mut command = serving
        .home
        .muxwire(["browser", "list", "--json", "--url", &url]);
    assert_eq!(listed(&Run::of(&mut command)).len(), 1);
    let open = Serving::start(&server, &["--no-auth"]);
    assert!(listed(&run(&open, "browser list --json", None)).is_empty());
}
