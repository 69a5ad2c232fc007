//! Files that are replaced while muxwire runs, also by broken ones.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::recovered;
use super::witness::Witness;
use crate::support::program::Home;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program};

/// Replaces a file as editors do.
fn replace(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&new, path).unwrap();
}

/// Waits until the log holds a text, behind all that it held before.
fn logged(serving: &Serving, behind: &mut usize, text: &str) {
    let since = Instant::now();
    loop {
        let log = serving.log();
        if let Some(at) = log[*behind..].find(text) {
            *behind += at + text.len();
            return;
        }
        assert!(
            since.elapsed() < SOON,
            "no {text:?} in the log: {}",
            &log[*behind..]
        );
        std::thread::yield_now();
    }
}

async fn presented(serving: &Serving, token: &str) -> Result<Client, Client> {
    let mut client = serving.client().await;
    let auth = json!({ "action": "auth", "token": token });
    let answer = client.ask(auth, "auth.response").await;
    if answer["success"] == true {
        Ok(client)
    } else {
        Err(client)
    }
}

#[tokio::test]
async fn tokens_that_are_replaced_count_at_once_and_broken_ones_never() {
    let program = any_program();
    let (home, other) = (Home::new(), Home::new());
    let server = TmuxServer::start(program);
    let create = |home: &Home| {
        home.run("token create --name me --allow write")
            .stdout
            .trim()
            .to_owned()
    };
    let (first, second) = (create(&home), create(&other));
    let path = home.state_dir().join("tokens.json");
    let whole = fs::read_to_string(&path).unwrap();
    let serving = Serving::start_in(home, &server, &[], &[]);
    let mut behind = 0;
    let mut witness = Witness::of(presented(&serving, &first).await.ok().unwrap()).await;
    let broken = [
        "",
        "{",
        "\0\0\0",
        &whole[..whole.len() / 2],
        &whole.replace("argon2id", "argon3"),
        &whole.replace("\"write\"", "\"everything\""),
        &"x".repeat(5 << 20),
    ];
    for text in broken {
        replace(&path, text);
        logged(&serving, &mut behind, "those known before stay in force");
        witness.works("main").await;
        presented(&serving, &first)
            .await
            .ok()
            .expect("it is in force");
    }
    replace(&path, &whole);
    witness.works("main").await;
    let since = Instant::now();
    replace(
        &path,
        &fs::read_to_string(other.state_dir().join("tokens.json")).unwrap(),
    );
    assert_eq!(witness.client.close_code().await, Some(4503));
    recovered(
        "tokens replaced: the old one's client is closed",
        &program.version,
        since,
    );
    let mut refused = presented(&serving, &first)
        .await
        .err()
        .expect("it is revoked");
    assert_eq!(refused.close_code().await, Some(4500));
    let mut witness = Witness::of(presented(&serving, &second).await.ok().unwrap()).await;
    witness.works("main").await;
}

#[tokio::test]
async fn a_configuration_that_is_replaced_is_taken_up_as_far_as_it_can_be_and_a_broken_one_never() {
    let program = any_program();
    let server = TmuxServer::start(program);
    let home = Home::new();
    let good = "[monitoring]\nlog_level = \"info\"\n";
    let path = home.write("conf/muxwire.toml", good);
    let arguments = ["--no-auth", "--config", path.to_str().unwrap()];
    let serving = Serving::start_in(home, &server, &arguments, &[]);
    let mut witness = Witness::start(&serving).await;
    let mut behind = 0;
    let broken = [
        "[monitoring",
        "[monitoring]\nlog_level = 7\n",
        "[monitoring]\nlog_lever = \"info\"\n",
        "\0",
    ];
    for text in broken {
        replace(&path, text);
        logged(&serving, &mut behind, "what was in force before stays");
        witness.works("main").await;
    }
    assert!(!serving.log().contains("DEBUG"));
    let since = Instant::now();
    replace(&path, "[monitoring]\nlog_level = \"debug\"\n");
    logged(&serving, &mut behind, "monitoring.log_level");
    recovered(
        "configuration replaced: it is taken up",
        &program.version,
        since,
    );
    server.run(["rename-window", "-t", "=main:", "noisy"]);
    logged(&serving, &mut behind, "DEBUG");
    // What can't be changed while it runs is named, and disturbs nothing.
    replace(
        &path,
        "[monitoring]\nlog_level = \"info\"\n[server]\nport = 1\n[performance]\nhistory_age = \"2h\"\n",
    );
    logged(&serving, &mut behind, "performance.history_age");
    witness.works("main").await;
    let quiet = serving.log().len();
    server.run(["rename-window", "-t", "=main:", "quiet"]);
    witness.until_renamed("quiet").await;
    assert!(
        !serving.log()[quiet..].contains("DEBUG"),
        "the level is the new one"
    );
    // A file that is gone is like one without settings.
    fs::remove_file(&path).unwrap();
    logged(&serving, &mut behind, "what was in force before stays");
    witness.agrees().await;
}
