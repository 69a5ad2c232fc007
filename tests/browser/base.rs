//! A server below a path of its own, directly and behind a real nginx, and pages in frames.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use muxwire::auth::{AuthSettings, Permission};
use muxwire::network::LOOPBACK;
use muxwire::server::ListenOptions;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::stage::{Answer, Stage};
use crate::rest::stream::EventStream;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::world::World;
use crate::support::{KillOnDrop, SOON, holds_within};

const BASE: &str = "/tools/mux";
const BROWSER: &str = "accept: text/html\r\n";

fn below() -> Setup {
    Setup {
        base_path: BASE.to_owned(),
        listeners: ListenOptions {
            proxies: LOOPBACK.to_vec(),
            ..ListenOptions::default()
        },
        ..Setup::default()
    }
}

/// What a page loads, by the addresses in it.
fn loaded(page: &Answer) -> Vec<String> {
    let parts = page.body.split(['"']);
    let assets = parts.filter(|part| part.contains("assets/"));
    assets.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_route_is_below_the_path_and_at_the_root() {
    let server = TestServer::start(below()).await;
    let rows = [
        ("/healthz", 200),
        ("/readyz", 503),
        ("/metrics", 200),
        ("/start", 200),
        ("/protocol", 200),
        ("/t/web", 200),
        ("/api/session", 200),
        ("/manifest.webmanifest", 200),
        ("/sw.js", 200),
        ("/nothing", 404),
        ("/monitor", 426),
        ("/", 200),
    ];
    for (path, status) in rows {
        for base in ["", BASE] {
            let path = format!("{base}{path}");
            let answer = Answer::read(&server.get_with(&path, BROWSER).await);
            assert_eq!(answer.status, status, "{path}: {answer:?}");
        }
    }
    for path in ["/", "/t/web", "/protocol"] {
        let page = Answer::read(&server.get_with(&format!("{BASE}{path}"), BROWSER).await);
        let assets = loaded(&page);
        assert!(assets.len() >= 4, "{page:?}");
        for asset in assets {
            assert!(asset.starts_with(&format!("{BASE}/assets/")), "{asset}");
        }
        let says_base = page.body.contains(&format!("data-base=\"{BASE}\""));
        assert_eq!(says_base, path != "/protocol", "{page:?}");
        let manifest = format!("href=\"{BASE}/manifest.webmanifest\"");
        assert_eq!(page.body.contains(&manifest), path != "/protocol");
    }
    // Without the last slash, addresses of the page would lead beside it.
    let moved = Answer::read(&server.get(BASE).await);
    assert_eq!(moved.status, 308, "{moved:?}");
    assert_eq!(moved.header("location"), Some("/tools/mux/"));
    for beside in [
        "/tools",
        "/tools/muxwire/healthz",
        "/tools/mux2",
        "//tools/mux/healthz",
    ] {
        let answer = Answer::read(&server.get(beside).await);
        assert_eq!(answer.status, 404, "{beside}");
    }
    // What programs and people are told names the path as they came.
    let text = server.get(&format!("{BASE}/")).await;
    let address = server.address;
    assert!(
        text.contains(&format!("ws://{address}{BASE}/monitor")),
        "{text}"
    );
    assert!(
        server
            .get("/")
            .await
            .contains(&format!("ws://{address}/monitor"))
    );
    let path = format!("{BASE}/monitor");
    server.client_at(&path, "muxwire.v1").await;
}

/// The rules of a route hold wherever it is asked for.
#[tokio::test]
async fn secrets_in_addresses_and_foreign_pages_are_refused_below_the_path_too() {
    let server = TestServer::start(below()).await;
    let rows = [
        (format!("{BASE}/monitor?token=hunter2"), "", 400),
        (
            format!("{BASE}/api/session"),
            "origin: https://evil.example\r\n",
            403,
        ),
        (format!("{BASE}/assets/../healthz"), "", 404),
    ];
    for (path, lines, status) in rows {
        let answer = Answer::read(&server.get_with(&path, lines).await);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(!answer.body.contains("hunter2"));
    }
}

#[tokio::test]
async fn the_cookie_is_for_the_path_that_the_browser_sees() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let stage = Stage::with(&tokens, AuthSettings::default(), below()).await;
    let proof = json!({ "token": token }).to_string();
    let own = format!("origin: {}\r\n", stage.own());
    let forwarded = "x-forwarded-for: 192.0.2.7\r\n";
    let secure = format!(
        "origin: https://{}\r\n{forwarded}x-forwarded-proto: https\r\n",
        stage.server.address
    );
    let port = stage.server.address.port();
    // How it is asked for, what the cookie is called, and where it goes.
    let rows = [
        (BASE, own.clone(), format!("muxwire-{port}="), "/tools/mux/"),
        ("", own.clone(), format!("muxwire-{port}="), "/"),
        // A proxy took the path off.
        (
            "",
            format!("{own}{forwarded}"),
            format!("muxwire-{port}="),
            "/tools/mux/",
        ),
        (
            "",
            secure.clone(),
            format!("__Secure-muxwire-{port}="),
            "/tools/mux/",
        ),
        (
            BASE,
            secure,
            format!("__Secure-muxwire-{port}="),
            "/tools/mux/",
        ),
    ];
    for (base, lines, name, path) in rows {
        let asked = format!("{base}/api/session");
        let came = Answer::read(&stage.server.post(&asked, &lines, &proof).await);
        assert_eq!(came.status, 200, "{lines} {came:?}");
        let set = came.header("set-cookie").unwrap();
        assert!(set.starts_with(&name), "{lines} {set}");
        assert!(set.contains(&format!("; Path={path}; ")), "{lines} {set}");
        let lines = format!("{lines}cookie: {}\r\n", came.cookie());
        let again = stage.server.get_with(&asked, &lines).await;
        assert_eq!(Answer::read(&again).status, 200, "{lines}");
    }
}

#[tokio::test]
async fn one_terminal_may_be_framed_by_pages_that_are_listed() {
    let listed = ["https://dash.example", "http://box.example:3000"];
    let rows: [(&[&str], &str, Option<&str>); 2] = [
        (&[], "'none'", Some("DENY")),
        (
            &listed,
            "'self' https://dash.example http://box.example:3000",
            None,
        ),
    ];
    for (origins, expected, denied) in rows {
        let server = TestServer::start(Setup {
            frame_ancestors: origins.iter().map(|one| one.parse().unwrap()).collect(),
            ..Setup::default()
        })
        .await;
        let page = Answer::read(&server.get_with("/t/web", BROWSER).await);
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.contains(&format!("; frame-ancestors {expected};")),
            "{policy}"
        );
        assert_eq!(page.header("x-frame-options"), denied);
        // Nothing else ever may.
        for path in [
            "/",
            "/protocol",
            "/start",
            "/healthz",
            "/nothing",
            "/api/session",
        ] {
            let answer = Answer::read(&server.get_with(path, BROWSER).await);
            let policy = answer.header("content-security-policy").unwrap();
            assert!(
                policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        }
    }
}

/// A real nginx in front of a server: at one port it passes the path on, at the other it takes it off and says that it does TLS.
struct Nginx {
    _process: KillOnDrop,
    passing: SocketAddr,
    taking: SocketAddr,
}

impl Nginx {
    /// `None` where there is no nginx: that is said loudly.
    fn start(folder: &Path, server: SocketAddr) -> Option<Self> {
        let known = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
        let Some(program) = known.into_iter().find(|path| Path::new(path).exists()) else {
            eprintln!("SKIPPED: there is no nginx here; apt-get install nginx-light brings it");
            return None;
        };
        // Both are held until both are known, so that they are two.
        let free = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [passing, taking] = free.map(|listener| listener.local_addr().unwrap());
        let own = folder.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {own}/{name};"))
            .join(" ");
        let location = |target: &str, scheme: &str| {
            format!(
                "location {BASE}/ {{ proxy_pass http://{server}{target}; proxy_http_version 1.1;\n\
                 proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;\n\
                 proxy_set_header X-Forwarded-Proto {scheme};\n\
                 proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }}\n"
            )
        };
        let config = format!(
            "daemon off; master_process off; pid {own}/pid; error_log {own}/error.log;\n\
             events {{}}\n\
             http {{ access_log off; {temporary}\n\
             map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n\
             server {{ listen {passing}; location / {{ return 200 other; }} {} }}\n\
             server {{ listen {taking}; {} }} }}\n",
            location("", "http"),
            location("/", "https"),
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, config).unwrap();
        let log = File::create(folder.join("said")).unwrap();
        let child = Command::new(program)
            .arg("-p")
            .arg(folder)
            .arg("-e")
            .arg(folder.join("error.log"))
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let process = KillOnDrop(child);
        let listens = |address: SocketAddr| std::net::TcpStream::connect(address).is_ok();
        let is_up = holds_within(SOON, || listens(passing) && listens(taking));
        assert!(
            is_up,
            "{}",
            fs::read_to_string(folder.join("said")).unwrap()
        );
        Some(Self {
            _process: process,
            passing,
            taking,
        })
    }
}

/// The answer to a request through a proxy.
async fn through(proxy: SocketAddr, method: &str, path: &str, lines: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let length = match body.len() {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    let request = format!("{method} {path} HTTP/1.0\r\nhost: {proxy}\r\n{lines}{length}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    timeout(SOON, read).await.unwrap().unwrap();
    Answer::read(&String::from_utf8_lossy(&answer))
}

#[tokio::test]
async fn an_event_stream_comes_through_nginx_as_it_is_written() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let stage = Stage::with(&tokens, AuthSettings::default(), below()).await;
    let folder = tempfile::tempdir().unwrap();
    let Some(nginx) = Nginx::start(folder.path(), stage.server.address) else {
        return;
    };
    for proxy in [nginx.passing, nginx.taking] {
        let lines = format!("authorization: Bearer {token}\r\n");
        let path = format!("{BASE}/api/events?types=session.created");
        let open = spawn_blocking(move || {
            let mut stream = EventStream::open(proxy, &path, &lines);
            assert_eq!(stream.next().data["type"], "subscribed");
            stream
        });
        let mut stream = open.await.unwrap();
        // A proxy that waits for more would wait for ever.
        let mut world = World::new();
        world.session("api-1");
        world.publish(&stage.server.hub);
        let created = spawn_blocking(move || stream.find("session.created"));
        assert_eq!(created.await.unwrap().data["session"], "api-1");
        World::new().publish(&stage.server.hub);
    }
}

#[tokio::test]
async fn a_browser_behind_nginx_gets_all_of_it() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Write, &[], None);
    let stage = Stage::with(&tokens, AuthSettings::default(), below()).await;
    let folder = tempfile::tempdir().unwrap();
    let Some(nginx) = Nginx::start(folder.path(), stage.server.address) else {
        return;
    };
    for (proxy, scheme, prefix) in [
        (nginx.passing, "http", ""),
        (nginx.taking, "https", "__Secure-"),
    ] {
        let get = async |path: &str| through(proxy, "GET", path, BROWSER, "").await;
        for path in ["/", "/t/web", "/protocol"] {
            let page = get(&format!("{BASE}{path}")).await;
            assert_eq!(page.status, 200, "{page:?}");
            let policy = page.header("content-security-policy").unwrap();
            let sockets = format!("connect-src 'self' ws://{proxy} wss://{proxy};");
            assert!(policy.contains(&sockets), "{policy}");
            let styles = loaded(&page)
                .into_iter()
                .filter(|path| path.ends_with("icon.svg"));
            for asset in styles {
                assert_eq!(get(&asset).await.status, 200, "{asset}");
            }
        }
        // A browser comes in, connects, and leaves.
        let own = format!("origin: {scheme}://{proxy}\r\n");
        let session = format!("{BASE}/api/session");
        let proof = json!({ "token": token }).to_string();
        let came = through(proxy, "POST", &session, &own, &proof).await;
        assert_eq!(came.status, 200, "{came:?}");
        let cookie = came.cookie();
        let name = format!("{prefix}muxwire-{}=", proxy.port());
        assert!(cookie.starts_with(&name), "{cookie}");
        let set = came.header("set-cookie").unwrap();
        assert!(set.contains("; Path=/tools/mux/; "), "{set}");
        let request = format!("ws://{proxy}{BASE}/monitor");
        let mut request = request.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", format!("{scheme}://{proxy}").parse().unwrap());
        headers.insert("cookie", cookie.parse().unwrap());
        let mut client = Client::connect_with(proxy, request).await.ok().unwrap();
        assert_eq!(client.expect("hello").await["auth_required"], false);
        assert_eq!(client.expect("auth.response").await["success"], true);
        let lines = format!("{own}cookie: {cookie}\r\n");
        let left = through(proxy, "DELETE", &session, &lines, "").await;
        assert_eq!(left.status, 204, "{left:?}");
        assert_eq!(client.close_code().await, Some(4503));
        // Another site's page gets no further through a proxy.
        let foreign = "origin: https://evil.example\r\n";
        let refused = through(proxy, "POST", &session, foreign, &proof).await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    // nginx itself sends on whoever leaves the last slash away.
    let moved = through(nginx.passing, "GET", BASE, BROWSER, "").await;
    assert_eq!(moved.status, 301, "{moved:?}");
    let beside = through(nginx.passing, "GET", "/other", "", "").await;
    assert_eq!((beside.status, &*beside.body), (200, "other"));
}
