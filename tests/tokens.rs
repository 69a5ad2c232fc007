//! Tokens, from the command line to what a server would let in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use muxwire::auth::{
    AuthError, AuthSettings, Authenticator, Ended, NewToken, Permission, Permissions, Scope,
    TokenStore, TokenWatch, read_token_file,
};

use crate::support::program::{Home, Run};
use crate::support::{SOON, TmuxServer, any_program, wait_until};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// An authenticator over what is in the home's store now.
fn authenticator(home: &Home) -> Authenticator {
    let entries = TokenStore::new(home.state_dir()).list().unwrap();
    Authenticator::new(entries, AuthSettings::default()).unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_as_a_hash() {
    let home = Home::new();
    let made = home.run("token create --name me --allow write --session api-* --expires 30d");
    assert_eq!(made.code, Some(0), "{made:?}");
    let token = made.stdout.strip_suffix('\n').unwrap();
    assert!(
        token.starts_with("mw_") && !token.contains(char::is_whitespace),
        "{token:?}"
    );
    assert!(
        made.stderr.contains("read, write in api-* until 20"),
        "{}",
        made.stderr
    );
    assert!(!made.stderr.contains(token));

    let file = home.state_dir().join("tokens.json");
    let secret = token.split('_').nth(2).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("$argon2id$v=19$m=19456,t=2,p=1$") && !text.contains(secret),
        "{text}"
    );
    assert_eq!((mode(&file), mode(&home.state_dir())), (0o600, 0o700));
    let left: Vec<_> = fs::read_dir(home.state_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "tokens.json" && name != "tokens.lock")
        .collect();
    assert!(left.is_empty(), "{left:?}");

    let holder = authenticator(&home).verify(token, None).await.unwrap();
    assert_eq!(holder.name(), "me");
    assert!(holder.may(Permission::Write) && !holder.may(Permission::Admin));
    assert!(holder.sees("api-1") && !holder.sees("web"));
}

#[test]
fn by_default_a_token_may_read_and_no_more() {
    let home = Home::new();
    home.run("token create --name me");
    let listed: serde_json::Value =
        serde_json::from_str(&home.run("token list --json").stdout).unwrap();
    assert_eq!(listed[0]["permissions"], serde_json::json!(["read"]));
    assert_eq!(listed[0]["sessions"], serde_json::json!([]));
    assert_eq!(listed[0]["state"], "active");
    assert_eq!(listed[0]["expires"], serde_json::Value::Null);
    assert!(listed[0].get("hash").is_none());
}

#[tokio::test]
async fn a_token_is_revoked_by_its_name_or_its_id() {
    let home = Home::new();
    let one = home.run("token create --name one").stdout;
    let made = home.run("token create --name two --json").stdout;
    let two: serde_json::Value = serde_json::from_str(&made).unwrap();
    let id = two["id"].as_str().unwrap();
    assert_eq!(home.run("token revoke one").code, Some(0));
    assert_eq!(
        authenticator(&home).verify(one.trim_end(), None).await,
        Err(AuthError::Unknown)
    );
    let listed = home.run("token list").stdout;
    assert!(
        listed.contains("two") && !listed.contains("one"),
        "{listed}"
    );
    assert_eq!(
        home.run(&format!("token revoke {id}")).stdout,
        format!("revoked {id} (two)\n")
    );
    let none = home.run("token list");
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    assert!(none.stderr.contains("muxwire token create"), "{none:?}");
}

/// Arguments, exit code, and what stderr must say.
#[test]
fn mistakes_tell_the_remedy() {
    let home = Home::new();
    assert_eq!(home.run("token create --name taken").code, Some(0));
    let rows = [
        ("token create", 2, "--name <NAME>"),
        (
            "token create --name a --allow root",
            2,
            "these are read, write, emit and admin",
        ),
        (
            "token create --name a --expires soon",
            2,
            "such as 30s, 5m, 12h or 30d",
        ),
        (
            "token create --name a --expires 0s",
            1,
            "would have expired already",
        ),
        ("token create --name a/b", 1, "letters, digits"),
        (
            "token create --name taken",
            1,
            "choose another name, or run `muxwire token revoke ",
        ),
        (
            "token create --name a --allow admin --session x",
            1,
            "leave out --session",
        ),
        ("token revoke nobody", 1, "`muxwire token list` shows all"),
        ("token list --config none.toml", 1, "can't read none.toml"),
        (
            "token list --log-level loud",
            2,
            "--log-level: monitoring.log_level is \"loud\"",
        ),
        (
            "tokens list",
            2,
            "some similar subcommands exist: 'hooks', 'token'",
        ),
    ];
    for (arguments, code, expected) in rows {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments}: {run:?}");
        assert!(run.stderr.contains(expected), "{arguments}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments}");
    }
    assert_eq!(home.run("token list").stdout.lines().count(), 2);
}

#[test]
fn a_store_that_others_can_reach_is_refused_with_the_remedy() {
    let home = Home::new();
    home.run("token create --name me");
    let file = home.state_dir().join("tokens.json");
    let rows = [
        (&file, 0o644, "token list", "chmod 600 "),
        (&file, 0o640, "token create --name a", "chmod 600 "),
        (&file, 0o606, "token revoke me", "chmod 600 "),
        (
            &home.state_dir(),
            0o770,
            "token create --name a",
            "chmod 700 ",
        ),
        (&home.state_dir(), 0o1777, "token revoke me", "chmod 700 "),
    ];
    for (path, bad, arguments, remedy) in rows {
        let good = mode(path);
        set_mode(path, bad);
        let run = home.run(arguments);
        set_mode(path, good);
        assert_eq!(run.code, Some(1), "{arguments}: {run:?}");
        assert!(run.stderr.contains(remedy), "{arguments}: {}", run.stderr);
    }
    assert_eq!(
        home.run("token list").stdout.lines().count(),
        2,
        "nothing was changed"
    );
}

#[test]
fn a_broken_store_is_refused_and_left_alone() {
    let home = Home::new();
    home.run("token create --name me --allow write");
    let file = home.state_dir().join("tokens.json");
    let good = fs::read_to_string(&file).unwrap();
    let entry = &good[good.find("[\n").unwrap() + 2..good.rfind(']').unwrap()];
    let doubled = good.replace(entry, &format!("{},{entry}", entry.trim_end()));
    let rows = [
        (String::new(), "EOF while parsing"),
        (good[..good.len() / 2].to_owned(), "EOF while parsing"),
        (
            good.replace("\"version\": 1", "\"version\": 2"),
            "its version is 2, this muxwire knows 1",
        ),
        (
            good.replace("\"name\"", "\"only_on\": \"mondays\", \"name\""),
            "unknown field `only_on`",
        ),
        (
            good.replace("argon2id", "argon2i"),
            "hash: not a hash that muxwire makes",
        ),
        (
            good.replace("\"write\"", "\"fly\""),
            "\"fly\" is no permission",
        ),
        (
            good.replace("\"me\"", "\"\\u001b[2J\""),
            "can't be a token's name",
        ),
        (
            good.replace("\"sessions\": []", "\"sessions\": [\"\"]"),
            "a pattern is empty",
        ),
        (
            good.replace("\"expires\": null", "\"expires\": \"soon\""),
            "expires: ",
        ),
        (doubled, "it has the id or the name of"),
    ];
    for (text, expected) in rows {
        assert_ne!(text, good, "{expected}");
        fs::write(&file, &text).unwrap();
        for arguments in ["token list", "token create --name a"] {
            let run = home.run(arguments);
            assert_eq!(run.code, Some(1), "{expected}: {run:?}");
            assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
            assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

/// The file of a client, which holds one token.
#[test]
fn a_token_file_is_read_when_it_is_private_and_holds_one_line() {
    let home = Home::new();
    let rows = [
        ("mw_a_b_c\n", 0o600, Ok("mw_a_b_c")),
        ("  mw_a_b_c  ", 0o400, Ok("mw_a_b_c")),
        ("mw_a_b_c\n", 0o644, Err("chmod 600 ")),
        ("mw_a_b_c\n", 0o620, Err("chmod 600 ")),
        ("mw_a_b_c\nmw_d_e_f\n", 0o600, Err("does not hold a token")),
        ("\n", 0o600, Err("does not hold a token")),
    ];
    for (at, (text, mode, expected)) in rows.into_iter().enumerate() {
        let path = home.write(&format!("token{at}"), text);
        set_mode(&path, mode);
        match (read_token_file(&path), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (found, _) => panic!("{text:?} {mode:o}: {found:?}"),
        }
    }
    let missing = read_token_file(&home.path().join("missing"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("can't open"), "{missing}");
}

#[test]
fn writers_at_one_time_lose_nothing() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let home = &home;
            scope.spawn(move || {
                let made = home.run(&format!("token create --name writer{writer}"));
                assert_eq!(made.code, Some(0), "{made:?}");
            });
        }
    });
    assert_eq!(home.run("token list").stdout.lines().count(), 9);
}

#[test]
fn what_a_killed_writer_left_is_no_obstacle() {
    let home = Home::new();
    home.run("token create --name one");
    home.write(".local/state/muxwire/.tokens.json.new", "half a fi");
    assert_eq!(home.run("token create --name two").code, Some(0));
    assert_eq!(home.run("token list").stdout.lines().count(), 3);
}

#[test]
fn a_reader_that_goes_away_is_no_failure_but_for_a_token_that_nobody_saw() {
    let home = Home::new();
    let rows = [
        ("config", 0, ""),
        ("token create --name lost", 1, "so it was revoked"),
    ];
    for (arguments, code, said) in rows {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.muxwire(arguments.split_whitespace());
        let child = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments}: {output:?}");
        assert!(
            String::from_utf8(output.stderr).unwrap().contains(said),
            "{arguments}"
        );
    }
    assert_eq!(home.run("token list").stdout, "");
}

/// What a running server does while an operator types commands.
#[tokio::test]
async fn a_running_server_follows_the_command_line() {
    let home = Home::new();
    let store = TokenStore::new(home.state_dir());
    let (authenticator, watch) = TokenWatch::start(store, AuthSettings::default()).unwrap();
    let running = tokio::spawn(watch.run());
    let mut in_force = authenticator.in_force();
    let steps = async {
        let text = home.run("token create --name me").stdout;
        in_force
            .wait_for(|entries| entries.len() == 1)
            .await
            .unwrap();
        let holder = authenticator.verify(text.trim_end(), None).await.unwrap();
        let ended = authenticator.ended(&holder);
        home.run("token revoke me");
        assert_eq!(ended.await, Ended::Revoked);
        assert_eq!(
            authenticator.verify(text.trim_end(), None).await,
            Err(AuthError::Unknown)
        );
    };
    tokio::time::timeout(Duration::from_secs(30), steps)
        .await
        .unwrap();
    running.abort();
}

#[test]
fn an_admin_can_not_be_made_with_a_scope() {
    let home = Home::new();
    let store = TokenStore::new(home.state_dir());
    let pattern = muxwire::glob::NamePattern::new("api-*").unwrap();
    let new = NewToken {
        name: "boss".to_owned(),
        permissions: Permissions::up_to(Permission::Admin),
        scope: Scope::new([pattern]),
        expires: None,
        redact: false,
    };
    assert!(store.create(new, jiff::Timestamp::now()).is_err());
    assert!(!home.state_dir().exists());
}

#[test]
fn the_help_has_an_example() {
    let home = Home::new();
    for arguments in ["--help", "-h", "help"] {
        let Run { code, stdout, .. } = home.run(arguments);
        assert_eq!(code, Some(0), "{arguments}");
        assert!(stdout.contains("Examples:\n  muxwire "), "{stdout}");
    }
}

#[test]
fn regression_a_scope_that_looks_like_an_id_is_reported_to_be_a_name() {
    let home = Home::new();
    for json in ["", " --json"] {
        let made = home.run(&format!(
            "token create --name n{} --session $9{json}",
            json.len()
        ));
        assert_eq!(made.code, Some(0), "{made:?}");
        assert!(
            made.stderr.contains("$9 is a session that is called so"),
            "{made:?}"
        );
    }
    let made = home.run("token create --name other --session api-*");
    assert!(!made.stderr.contains("called so"), "{made:?}");
}

/// What is printed in a pane, muxwire shows to others.
#[test]
fn regression_a_token_that_is_printed_in_a_pane_is_reported() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_muxwire");
    let rows = [
        ("plain", "env", "", true),
        ("sudo", "env -u TMUX -u TMUX_PANE", "--json", true),
        ("filed", "env", "> token", false),
    ];
    for (name, prefix, more, is_reported) in rows {
        let command = format!(
            "cd {0}; {prefix} HOME={0} {program} token create --name {name} {more}; echo done; exec cat",
            home.path().display()
        );
        server.new_session(name, &command);
        let target = format!("={name}:");
        let read = || server.run(["capture-pane", "-p", "-J", "-S", "-", "-t", &target]);
        wait_until("the token is made", SOON, || {
            read().lines().any(|line| line == "done")
        });
        let text = read();
        assert_eq!(text.contains("mw_"), is_reported, "{text}");
        assert_eq!(
            text.contains("this is a pane of tmux"),
            is_reported,
            "{text}"
        );
    }
}
