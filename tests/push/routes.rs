//! `/api/push`: who may subscribe where, and who knows of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use muxwire::auth::Permission;
use muxwire::push::{EndpointRules, PushDesk, PushSettings};
use serde_json::{Value, json};

use super::stage::{Play, Stage, all_at_once, bearer};
use crate::support::push_service::PushBrowser;
use crate::support::server::{Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::{SOON, wait_until_async};

fn names(listed: &Value) -> Vec<&str> {
    let rows = listed["subscriptions"].as_array().unwrap().iter();
    rows.map(|row| row["subscription"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_browser_subscribes_is_listed_for_those_who_may_know_and_removed() {
    let mut tokens = Tokens::new();
    let one = tokens.add(Permission::Read, &[], None);
    let other = tokens.add(Permission::Write, &[], None);
    let admin = tokens.add(Permission::Admin, &[], None);
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        ..Play::default()
    };
    let stage = Stage::new(play).await;
    let key = stage.listed(&one).await["key"].as_str().unwrap().to_owned();
    assert_eq!(stage.listed(&other).await["key"], *key, "there is one key");
    let of_one = stage
        .subscribe(&PushBrowser::new(1), &one, "/1", &all_at_once())
        .await;
    let of_other = stage
        .subscribe(&PushBrowser::new(2), &other, "/2", &all_at_once())
        .await;
    let rows = [
        (&one, vec![&*of_one]),
        (&other, vec![&*of_other]),
        (&admin, vec![&*of_one, &*of_other]),
    ];
    for (token, expected) in rows {
        assert_eq!(names(&stage.listed(token).await), expected);
    }
    let listed = stage.listed(&one).await;
    let row = &listed["subscriptions"][0];
    assert_eq!(row["device"], "Test browser");
    assert_eq!(row["service"], "127.0.0.1");
    assert!(
        !listed.to_string().contains("/1\""),
        "the endpoint is as good as a secret: {listed}"
    );
    // The same browser says anew what it wants: it is the same one.
    let other_wishes = json!({ "kinds": ["failed"], "dwell": 5 });
    let again = stage
        .subscribe(&PushBrowser::new(1), &one, "/1", &other_wishes)
        .await;
    assert_eq!(again, of_one);
    assert_eq!(
        stage.listed(&one).await["subscriptions"][0]["kinds"],
        json!(["failed"])
    );
    let path = stage.folder.path().join("push/subscriptions.json");
    let kept = fs::read_to_string(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(kept.matches("\"id\"").count(), 2, "{kept}");
    // Nobody ends what is another's, and nobody learns whether it is there.
    for (token, id, status) in [
        (&one, &*of_other, 404),
        (&one, "nothing", 404),
        (&one, &*of_one, 204),
        (&one, &*of_one, 404),
        (&admin, &*of_other, 204),
    ] {
        let answer = stage
            .ask(
                "DELETE",
                &format!("/api/push/{id}"),
                &bearer(token),
                &Value::Null,
            )
            .await;
        assert_eq!(answer.status, status, "{id}: {answer:?}");
    }
    assert_eq!(names(&stage.listed(&admin).await), [""; 0]);
    assert!(
        stage.ended.lock().unwrap().is_empty(),
        "none ended by itself"
    );
}

#[tokio::test]
async fn only_who_may_read_subscribes_and_only_from_the_servers_own_pages() {
    let mut tokens = Tokens::new();
    let reader = tokens.add(Permission::Read, &[], None);
    let emitter = tokens.add(Permission::Emit, &[], None);
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        ..Play::default()
    };
    let stage = Stage::new(play).await;
    let body = PushBrowser::new(1).subscription(&stage.service.url("/1"), &all_at_once());
    let own = format!("http://{}", stage.server.address);
    let (reader, emitter) = (bearer(&reader), bearer(&emitter));
    let evil = format!("origin: https://evil.example\r\n{reader}");
    let cookie = {
        let lines = format!("origin: {own}\r\n");
        let token = reader.trim().rsplit(' ').next().unwrap();
        let shown = stage
            .server
            .post(
                "/api/session",
                &lines,
                &json!({ "token": token }).to_string(),
            )
            .await;
        let (_, rest) = shown.split_once("set-cookie: ").unwrap();
        format!("cookie: {}\r\n", rest.split(';').next().unwrap())
    };
    let from_page = format!("origin: {own}\r\n{cookie}");
    let rows: [(&str, u16); 7] = [
        ("", 401),
        ("authorization: Bearer mw_nonsense\r\n", 401),
        (&emitter, 403),
        (&evil, 403),
        // A cookie counts for a page that says that it is this server's.
        (&cookie, 403),
        (&from_page, 200),
        (&reader, 200),
    ];
    for (lines, status) in rows {
        let answer = stage.ask("POST", "/api/push", lines, &body).await;
        assert_eq!(answer.status, status, "{lines}: {answer:?}");
    }
    for lines in ["", &evil] {
        let answer = stage.ask("GET", "/api/push", lines, &Value::Null).await;
        assert!(matches!(answer.status, 401 | 403), "{answer:?}");
    }
    let answer = stage.ask("GET", "/api/push", &cookie, &Value::Null).await;
    assert_eq!(answer.status, 200);
    for body in ["", "[]", "{}", "null"] {
        let answer = stage.ask("POST", "/api/push", &reader, &json!(body)).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_leads_inwards_is_refused() {
    let stage = Stage::new(Play {
        private: false,
        ..Play::default()
    })
    .await;
    let browser = PushBrowser::new(1);
    for (endpoint, said) in [
        ("http://push.example/x", "https"),
        ("https://127.0.0.1/x", "private"),
        ("https://localhost/x", "private"),
        ("https://box/router", "private"),
        ("https://[::1]/x", "private"),
        ("https://127.0.0.1:443/x", "private"),
        ("https://push.example:22/x", "port 443"),
        ("file:///etc/passwd", "no address"),
        ("https://push.example/x\r\nhost: other", "no address"),
    ] {
        let body = browser.subscription(endpoint, &all_at_once());
        let answer = stage.ask("POST", "/api/push", "", &body).await;
        assert_eq!(answer.status, 400, "{endpoint}: {answer:?}");
        assert!(answer.body.contains(said), "{endpoint}: {answer:?}");
    }
    let fine = browser.subscription("https://push.example/x", &all_at_once());
    assert_eq!(stage.ask("POST", "/api/push", "", &fine).await.status, 200);
}

#[tokio::test]
async fn one_holder_can_take_no_places_of_others() {
    let mut tokens = Tokens::new();
    let all: Vec<String> = (0..9)
        .map(|_| tokens.add(Permission::Read, &[], None))
        .collect();
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        most: 16,
        ..Play::default()
    };
    let stage = Stage::new(play).await;
    let browser = PushBrowser::new(1);
    let wishes = all_at_once();
    let mut own = Vec::new();
    for path in ["/a", "/b", "/c"] {
        own.push(stage.subscribe(&browser, &all[0], path, &wishes).await);
    }
    assert_eq!(
        names(&stage.listed(&all[0]).await),
        [&own[1], &own[2]],
        "the oldest goes"
    );
    for (number, token) in all[1..8].iter().enumerate() {
        for half in ["x", "y"] {
            stage
                .subscribe(&browser, token, &format!("/{number}{half}"), &wishes)
                .await;
        }
    }
    let body = browser.subscription(&stage.service.url("/last"), &wishes);
    let answer = stage
        .ask("POST", "/api/push", &bearer(&all[8]), &body)
        .await;
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.body.contains("muxwire push remove"), "{answer:?}");
}

#[tokio::test]
async fn what_a_browser_had_ends_with_its_session_and_comes_back_with_the_next() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        ..Play::default()
    };
    let stage = Stage::new(play).await;
    let origin = format!("origin: http://{}\r\n", stage.server.address);
    let body = PushBrowser::new(1).subscription(&stage.service.url("/1"), &all_at_once());
    for how in ["leaves", "is made to leave"] {
        let shown = json!({ "token": token }).to_string();
        let shown = stage.server.post("/api/session", &origin, &shown).await;
        let (_, rest) = shown.split_once("set-cookie: ").unwrap();
        let lines = format!("{origin}cookie: {}\r\n", rest.split(';').next().unwrap());
        assert_eq!(
            stage.ask("POST", "/api/push", &lines, &body).await.status,
            200
        );
        let listed = stage
            .ask("GET", "/api/push", &lines, &Value::Null)
            .await
            .json();
        assert_eq!(listed["subscriptions"][0]["current"], true, "{listed}");
        let session = stage
            .ask("GET", "/api/session", &lines, &Value::Null)
            .await
            .json();
        let path = match how {
            "leaves" => "/api/session".to_owned(),
            _ => format!("/api/browsers/{}", session["session"].as_str().unwrap()),
        };
        assert_eq!(
            stage
                .ask("DELETE", &path, &lines, &Value::Null)
                .await
                .status,
            204
        );
        wait_until_async("nobody is told", SOON, || stage.desk.own().is_empty()).await;
    }
}

#[tokio::test]
async fn a_server_tells_those_who_subscribed_at_it_after_a_restart_too() {
    let stage = Stage::new(Play::default()).await;
    let id = stage
        .subscribe(&PushBrowser::new(1), "", "/1", &all_at_once())
        .await;
    let key = stage.listed("").await["key"].clone();
    let desk = |address| {
        let settings = PushSettings {
            subject: String::new(),
            endpoints: EndpointRules::default(),
            most: 64,
        };
        let desk = PushDesk::new(
            stage.folder.path(),
            settings,
            (None, Default::default()),
            |_, _| (),
        );
        desk.listens_on(address);
        tokio::spawn(desk.clone().follow());
        desk
    };
    let same = desk(stage.server.address);
    wait_until_async("it is known", SOON, || same.own().len() == 1).await;
    assert_eq!(same.own()[0].id, id);
    assert_eq!(same.key().await.unwrap().public(), key.as_str().unwrap());
    // Another server with the same directory, such as that of a demo, has panes of its own.
    let other = desk("127.0.0.1:1".parse().unwrap());
    wait_until_async("the file is read", SOON, || {
        other.changes().borrow().len() == 1
    })
    .await;
    assert!(other.own().is_empty());
}

#[tokio::test]
async fn where_it_is_off_it_says_so() {
    let server = TestServer::start(Setup::default()).await;
    let listed = server.get("/api/push").await;
    assert!(listed.contains("\"enabled\":false"), "{listed}");
    let body = PushBrowser::new(1).subscription("https://push.example/x", &all_at_once());
    let answer = server.post("/api/push", "", &body.to_string()).await;
    assert!(
        answer.starts_with("HTTP/1.1 404") && answer.contains("push.enabled"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_directory_that_can_not_be_used_is_a_problem_and_not_the_end() {
    let stage = Stage::new(Play::default()).await;
    fs::write(stage.folder.path().join("push"), "no folder").unwrap();
    let listed = stage.listed("").await;
    assert_eq!(listed["enabled"], false, "{listed}");
    assert!(
        listed["problem"].as_str().unwrap().contains("log"),
        "{listed}"
    );
    let body = PushBrowser::new(1).subscription(&stage.service.url("/1"), &all_at_once());
    let answer = stage.ask("POST", "/api/push", "", &body).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    fs::remove_file(stage.folder.path().join("push")).unwrap();
    assert_eq!(stage.listed("").await["enabled"], true, "it heals");
    stage
        .subscribe(&PushBrowser::new(1), "", "/1", &all_at_once())
        .await;
}
