//! Who may ask at all: the gates of all routes hold for these too, and say so as problem details.

use muxwire::auth::Permission;

use super::stage::{Answer, Stage, exchange};
use crate::browser::stage::{LISTED, Stage as Browsers};
use crate::support::any_program;
use crate::support::tokens::Tokens;

/// The routes, with their methods.
const ROUTES: [(&str, &str); 9] = [
    ("GET", "/api/sessions"),
    ("GET", "/api/panes"),
    ("GET", "/api/panes/1/screen"),
    ("GET", "/api/agents"),
    ("GET", "/api/alerts"),
    ("POST", "/api/command"),
    ("POST", "/api/keys"),
    ("POST", "/api/prompt"),
    ("POST", "/api/answer"),
];

#[test]
fn the_gates_of_all_routes_hold() {
    let stage = Stage::new(any_program());
    let address = stage.serving.address;
    let token = stage.lines("w");
    for (method, path) in ROUTES {
        let ask = |lines: &str| exchange(address, &format!("{method} {path}"), lines, "");
        let wrong = "authorization: Bearer mw_AAAAAAAAAAAA_x\r\n";
        let foreign = format!("host: evil.example\r\n{token}");
        let page = format!("{token}origin: https://evil.example\r\n");
        let rows = [
            ("", 401, "urn:muxwire:refused:no_token"),
            (wrong, 401, "urn:muxwire:refused:bad_token"),
            (&*foreign, 421, "urn:muxwire:refused:host"),
            (&*page, 403, "urn:muxwire:refused:origin"),
        ];
        for (lines, status, kind) in rows {
            let answer = ask(lines);
            let problem = answer.problem(status);
            assert_eq!(problem["type"], kind, "{method} {path} {lines}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let asks = answer.header("www-authenticate");
            assert_eq!(asks, (status == 401).then_some("Bearer"), "{answer:?}");
        }
        let other = exchange(address, &format!("DELETE {path}"), &token, "");
        other.problem(405);
        assert!(other.header("allow").is_some(), "{other:?}");
        let in_address = format!("{method} {path}?token={}", stage.token("w"));
        exchange(address, &in_address, "", "").problem(400);
    }
}

#[tokio::test]
async fn listed_pages_read_the_answers_and_own_pages_ask_by_their_cookie() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &[], None);
    let stage = Browsers::new(&tokens).await;
    let cookie = stage.come_in(&token).await;
    let address = stage.server.address;
    let done = tokio::task::spawn_blocking(move || {
        let listed = format!("origin: {LISTED}\r\nauthorization: Bearer {token}\r\n");
        let allowed = |answer: &Answer| {
            answer
                .header("access-control-allow-origin")
                .map(ToOwned::to_owned)
        };
        for (method, path) in ROUTES {
            let request = format!("{method} {path}");
            let answer = exchange(address, &request, &listed, "");
            assert_eq!(allowed(&answer).as_deref(), Some(LISTED), "{answer:?}");
            let preflight =
                format!("origin: {LISTED}\r\naccess-control-request-method: {method}\r\n");
            let preflight = exchange(address, &format!("OPTIONS {path}"), &preflight, "");
            assert_eq!(preflight.status, 204, "{preflight:?}");
            let methods = preflight.header("access-control-allow-methods");
            assert_eq!(methods, Some(method), "{preflight:?}");

            // A page of this server is let in by its cookie to read, and to nothing else; and no other page is.
            let by = |more: &str| {
                exchange(
                    address,
                    &request,
                    &format!("cookie: {cookie}\r\n{more}"),
                    "",
                )
            };
            let own = by("sec-fetch-site: same-origin\r\n");
            match (method, path) {
                ("POST", _) => assert_eq!(own.status, 401, "{own:?}"),
                (_, "/api/panes/1/screen") => assert_eq!(own.code(404), "NOT_FOUND"),
                _ => drop(own.json()),
            }
            for foreign in [
                "",
                "sec-fetch-site: cross-site\r\n",
                "sec-fetch-site: same-site\r\n",
            ] {
                assert_eq!(by(foreign).status, 401, "{request} {foreign}");
            }
            let by_listed = by(&format!("origin: {LISTED}\r\n"));
            assert_eq!(by_listed.status, 401, "{by_listed:?}");
        }
    });
    done.await.unwrap();
}
