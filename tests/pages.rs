//! The page at `/start` and what it loads, asked for as browsers do and as nobody should, over the real server.

use std::collections::HashSet;

use muxwire::auth::Permission;
use muxwire::network::LOOPBACK;
use muxwire::server::ListenOptions;

use crate::support::server::{Setup, TestServer};
use crate::support::tokens::Tokens;

const BROWSER: &str = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// An answer, taken apart.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value);
        assert!(
            found.next().is_none(),
            "{name} is there twice: {}",
            self.head
        );
        value
    }
}

async fn ask(server: &TestServer, method: &str, path: &str, lines: &str) -> Answer {
    Answer::read(&server.http(method, path, lines).await)
}

async fn page(server: &TestServer) -> Answer {
    let page = ask(server, "GET", "/start", BROWSER).await;
    assert_eq!(page.status, 200, "{}", page.head);
    page
}

/// The address of the style sheet, as the page names it.
fn style_sheet(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let (address, _) = rest.split_once('"').unwrap();
    format!("/{address}")
}

#[tokio::test]
async fn browsers_get_a_page_that_says_where_to_connect() {
    let open = TestServer::open().await;
    let mut tokens = Tokens::new();
    tokens.add(Permission::Read, &[], None);
    let setup = Setup {
        authenticator: Some(tokens.authenticator()),
        ..Setup::default()
    };
    let closed = TestServer::start(setup).await;
    for (server, needs_token) in [(&open, false), (&closed, true)] {
        let page = page(server).await;
        let address = server.address;
        let parts = [
            "<html lang=\"en\">".to_owned(),
            "name=\"viewport\"".to_owned(),
            "name=\"color-scheme\" content=\"light dark\"".to_owned(),
            "<title>muxwire</title>".to_owned(),
            format!("<code>ws://{address}/monitor</code>"),
            format!("<code>ws://{address}/ws/terminal/<wbr><var>SESSION</var></code>"),
            format!("muxwire watch --url ws://{address}/monitor"),
            "muxwire token create --name me --allow write".to_owned(),
            "<a href=\".\">the dashboard</a>".to_owned(),
            "docs/protocol.md".to_owned(),
            "<a href=\"protocol\">".to_owned(),
            format!(
                "<section aria-labelledby=\"{}\" hidden>",
                if needs_token { "open" } else { "token" }
            ),
        ];
        for part in parts {
            assert!(page.body.contains(&part), "{part}: {}", page.body);
        }
        // Nothing runs, and nothing comes from elsewhere.
        for part in ["<script", "style=", "://cdn", "http:", "https:", "{{"] {
            assert!(!page.body.contains(part), "{part}: {}", page.body);
        }
        let rows = [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-cache"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in rows {
            assert_eq!(page.header(name), Some(value), "{name}");
        }
        let length = page.body.len().to_string();
        assert_eq!(page.header("content-length"), Some(&*length));
    }
}

#[tokio::test]
async fn programs_get_the_text_that_they_got_before() {
    let server = TestServer::open().await;
    let accepts = [
        "",
        "accept: */*\r\n",
        "accept: text/plain\r\n",
        "accept: text/plain, text/html;q=0.5\r\n",
        "accept: text/html;q=0\r\n",
    ];
    for accept in accepts {
        let text = ask(&server, "GET", "/", accept).await;
        assert_eq!(text.status, 200, "{accept}");
        let begins = format!(
            "This is muxwire. Programs connect to\n\n  ws://{}/monitor\n",
            server.address
        );
        assert!(text.body.starts_with(&begins), "{accept}: {}", text.body);
        assert!(text.body.contains("  /healthz   "), "{}", text.body);
        assert!(!text.body.contains("/assets"), "{}", text.body);
        assert_eq!(
            text.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(text.header("cache-control"), Some("no-store"));
        assert_eq!(text.header("content-security-policy"), Some(NO_PAGE));
        assert_eq!(text.header("vary"), Some("accept"));
        assert_eq!(text.header("etag"), None);
    }
}

#[tokio::test]
async fn what_the_page_loads_is_kept_for_good() {
    let server = TestServer::open().await;
    let address = style_sheet(&page(&server).await);
    let sheet = ask(&server, "GET", &address, "accept: text/css,*/*;q=0.1\r\n").await;
    assert_eq!(sheet.status, 200, "{address}");
    assert!(sheet.body.contains("prefers-color-scheme: dark"));
    for part in ["@import", "url("] {
        assert!(!sheet.body.contains(part), "{part}");
    }
    let rows = [
        ("content-type", "text/css; charset=utf-8"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-security-policy", NO_PAGE),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in rows {
        assert_eq!(sheet.header(name), Some(value), "{name}");
    }
    // The name is that of the content: a second server has the same.
    let other = TestServer::open().await;
    assert_eq!(style_sheet(&page(&other).await), address);
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let server = TestServer::open().await;
    let sheet = style_sheet(&page(&server).await);
    for (path, lines) in [("/start", BROWSER), (&*sheet, "")] {
        let first = ask(&server, "GET", path, lines).await;
        let tag = first.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        let rows = [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (tag.replace('"', ""), 200),
            ("\u{e9}".to_owned(), 200),
        ];
        for (known, status) in rows {
            for method in ["GET", "HEAD"] {
                let lines = format!("{lines}if-none-match: {known}\r\n");
                let again = ask(&server, method, path, &lines).await;
                let row = format!("{method} {path} {known}: {}", again.head);
                assert_eq!(again.status, status, "{row}");
                assert_eq!(again.header("etag"), Some(&*tag), "{row}");
                // Of what is not sent, no other length is said than that of the whole.
                let length = again.header("content-length");
                let is_right = length == first.header("content-length");
                assert!(is_right || status == 304 && length.is_none(), "{row}");
                for name in ["cache-control", "content-security-policy", "vary"] {
                    assert_eq!(again.header(name), first.header(name), "{row}");
                }
                let is_sent = method == "GET" && status == 200;
                assert_eq!(again.body == first.body, is_sent, "{row}");
                assert!(is_sent || again.body.is_empty(), "{row}");
            }
        }
    }
}

#[tokio::test]
async fn addresses_beside_the_files_lead_nowhere() {
    let server = TestServer::open().await;
    let sheet = style_sheet(&page(&server).await);
    let name = sheet.rsplit('/').next().unwrap();
    let plain = ask(&server, "GET", &sheet, "").await;
    // Escapes are another way to write the same address.
    let escaped = sheet.replace("start.", "st%61rt%2E");
    assert_ne!(escaped, sheet);
    let same = ask(&server, "GET", &escaped, "").await;
    assert_eq!((same.status, &same.body), (200, &plain.body));
    let nowhere = [
        "/assets".to_owned(),
        "/assets/".to_owned(),
        "/assets/start.css".to_owned(),
        "/assets/start.html".to_owned(),
        "/assets/0000000000000000/start.css".to_owned(),
        sheet.replace("/start.css", ""),
        sheet.replace("/start.css", "/"),
        sheet.replace("/start.css", "/start.html"),
        sheet.replace("/start.css", "/protocol.html"),
        sheet.replace("/start.css", "/manifest.json"),
        format!("{sheet}/"),
        format!("{sheet}%00"),
        format!("{sheet}%20"),
        sheet.to_uppercase(),
        format!("/assets/./{name}"),
        format!("/assets/../assets/{name}"),
        format!("/assets//{name}"),
        format!("/./assets/{name}"),
        format!("/%61ssets%2F{name}"),
        "/assets/..".to_owned(),
        "/assets/../../../../etc/passwd".to_owned(),
        "/assets/..%2f..%2f..%2fetc%2fpasswd".to_owned(),
        "/assets/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/assets/%2e%2e%2f%2e%2e%2fsrc%2fmain.rs".to_owned(),
        "/assets/..%5c..%5cetc%5cpasswd".to_owned(),
        "/assets/%252e%252e%252fetc%252fpasswd".to_owned(),
        "/assets/%00".to_owned(),
        "/assets//etc/passwd".to_owned(),
        "/..".to_owned(),
        "/%2e".to_owned(),
        "//".to_owned(),
        "/start.html".to_owned(),
        "/index.html".to_owned(),
    ];
    for path in nowhere {
        for method in ["GET", "HEAD"] {
            let answer = ask(&server, method, &path, BROWSER).await;
            let row = format!("{method} {path}: {} {}", answer.head, answer.body);
            assert_eq!(answer.status, 404, "{row}");
            assert!(!answer.body.contains("passwd"), "{row}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{row}");
            assert_eq!(
                answer.header("content-security-policy"),
                Some(NO_PAGE),
                "{row}"
            );
            assert_eq!(answer.header("etag"), None, "{row}");
        }
    }
    // What is no text is no name.
    for path in ["/assets/%ff", "/assets/x/%c3%28", "/assets/%ff/x"] {
        let answer = ask(&server, "GET", path, "").await;
        assert!(
            [400, 404].contains(&answer.status),
            "{path}: {}",
            answer.head
        );
    }
    for path in ["/assets/x/y?token=hunter2", "/?token=hunter2"] {
        let answer = ask(&server, "GET", path, BROWSER).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(!answer.body.contains("hunter2"), "{path}");
    }
}

#[tokio::test]
async fn other_methods_are_named_in_the_answer() {
    let server = TestServer::open().await;
    let sheet = style_sheet(&page(&server).await);
    let rows = [
        ("/", "GET,HEAD"),
        ("/start", "GET,HEAD"),
        (&*sheet, "GET,HEAD"),
        ("/assets/no/thing", "GET,HEAD"),
        ("/healthz", "GET,HEAD"),
        ("/api/ticket", "POST,OPTIONS"),
    ];
    for (path, allowed) in rows {
        for method in ["PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
            let answer = ask(&server, method, path, BROWSER).await;
            let row = format!("{method} {path}: {}", answer.head);
            assert_eq!(answer.status, 405, "{row}");
            assert_eq!(answer.header("allow"), Some(allowed), "{row}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{row}");
            assert_eq!(
                answer.header("content-security-policy"),
                Some(NO_PAGE),
                "{row}"
            );
            assert!(answer.body.contains("the header Allow names"), "{row}");
        }
    }
    for path in ["/start", &sheet] {
        let whole = ask(&server, "GET", path, BROWSER).await;
        let head = ask(&server, "HEAD", path, BROWSER).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        for name in [
            "etag",
            "content-type",
            "content-length",
            "cache-control",
            "vary",
        ] {
            assert_eq!(head.header(name), whole.header(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn files_are_for_pages_of_this_server_and_listed_ones() {
    let listed = "https://dash.example";
    let server = TestServer::start(Setup {
        allowed_origins: vec![listed.parse().unwrap()],
        ..Setup::default()
    })
    .await;
    let sheet = style_sheet(&page(&server).await);
    let own = format!("http://{}", server.address);
    let rows = [
        ("/", None, 200),
        ("/", Some(&*own), 200),
        ("/", Some(listed), 200),
        ("/", Some("https://evil.example"), 403),
        ("/start", Some(listed), 200),
        ("/start", Some("https://evil.example"), 403),
        ("/t/web", Some(&*own), 200),
        ("/t/web", Some(listed), 403),
        (&*sheet, None, 200),
        (&*sheet, Some(&*own), 200),
        (&*sheet, Some(listed), 200),
        (&*sheet, Some("https://evil.example"), 403),
        ("/nothing", Some(listed), 404),
        ("/nothing", Some("https://evil.example"), 403),
    ];
    for (path, origin, status) in rows {
        let origin = origin.map_or_else(String::new, |origin| format!("origin: {origin}\r\n"));
        let answer = ask(&server, "GET", path, &format!("{BROWSER}{origin}")).await;
        assert_eq!(answer.status, status, "{path} {origin}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{path} {origin}"
        );
    }
    for path in ["/", &*sheet, "/nothing"] {
        let answer = server.http_as("evil.example", "GET", path, BROWSER).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{path}: {answer}");
    }
    let counted = "muxwire_refused_total{reason=\"host\"} 3";
    assert!(server.get("/metrics").await.contains(counted));
}

#[tokio::test]
async fn the_page_names_the_server_as_it_was_asked_for() {
    let server = TestServer::start(Setup {
        allowed_hosts: vec!["box.example".parse().unwrap()],
        listeners: ListenOptions {
            proxies: LOOPBACK.to_vec(),
            ..ListenOptions::default()
        },
        ..Setup::default()
    })
    .await;
    let secure = "x-forwarded-proto: https\r\n";
    let rows = [
        ("box.example", "", "ws://box.example/monitor"),
        ("BOX.example:81", "", "ws://box.example:81/monitor"),
        ("[::1]:9", "", "ws://[::1]:9/monitor"),
        ("box.example", secure, "wss://box.example/monitor"),
    ];
    let mut tags = HashSet::new();
    for (host, lines, address) in rows {
        let page = Answer::read(
            &server
                .http_as(host, "GET", "/start", &format!("{BROWSER}{lines}"))
                .await,
        );
        let shown = format!("<code>{address}</code>");
        assert!(page.body.contains(&shown), "{address}: {}", page.body);
        // Each has a tag of its own, since the page differs.
        assert!(
            tags.insert(page.header("etag").unwrap().to_owned()),
            "{address}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_on_every_route() {
    let server = TestServer::open().await;
    let rows = [
        ("/api/ticket", 65_536_u64, 200),
        ("/api/ticket", 65_537, 413),
        ("/healthz", 65_536, 405),
        ("/healthz", 1 << 40, 413),
        ("/nothing", 65_537, 413),
        ("/monitor", 65_537, 413),
    ];
    for (path, length, status) in rows {
        // The body never comes: the head is enough to answer.
        let lines = format!("content-length: {length}\r\n");
        let answer = ask(&server, "POST", path, &lines).await;
        assert_eq!(answer.status, status, "{path} {length}");
        if status == 413 {
            assert_eq!(answer.header("connection"), Some("close"), "{path}");
        }
    }
    let counted = "muxwire_refused_total{reason=\"body_bytes\"} 4";
    assert!(server.get("/metrics").await.contains(counted));
}
