//! The pages that are programs and what they load, as browsers ask for them. Whether they work is tried in a browser (`.ci/pages`).

use std::collections::HashSet;
use std::io::Read as _;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::SOON;
use crate::support::server::{Setup, TestServer};

const BROWSER: &str = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";

/// An answer, taken apart.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    async fn to(server: &TestServer, method: &str, path: &str, lines: &str) -> Self {
        let bytes = fetched(server.address, method, path, lines).await;
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// What stands between two texts in the body, each time.
    fn between<'a>(&'a self, before: &'a str, after: char) -> impl Iterator<Item = &'a str> {
        let parts = self.text().split(before).skip(1);
        parts.map(move |rest| rest.split(after).next().unwrap())
    }
}

/// An answer in bytes: a body that is compressed is no text.
async fn fetched(address: SocketAddr, method: &str, path: &str, lines: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n{lines}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    timeout(SOON, read).await.unwrap().unwrap();
    answer
}

/// What a page loads, by the addresses in it, which browsers read as beginning in the folder that the page is in.
async fn loaded(server: &TestServer, path: &str) -> Vec<String> {
    let page = Answer::to(server, "GET", path, BROWSER).await;
    let addresses = page
        .between("href=\"", '"')
        .chain(page.between("src=\"", '"'));
    let up = "../".repeat(path.matches('/').count() - 1);
    let assets = addresses.filter_map(|address| address.strip_prefix(&*up));
    let assets = assets.filter(|address| address.starts_with("assets/"));
    let found: Vec<String> = assets.map(|address| format!("/{address}")).collect();
    assert!(found.len() >= 4, "{path} {found:?}");
    found
}

/// The pages, and what the policy of each allows besides.
const PAGES: [(&str, &str, &str); 6] = [
    ("/protocol", "", "'none'"),
    ("/websocket-test", "", "'none'"),
    ("/", MORE, "muxwire"),
    ("/t/pile", MORE, "muxwire"),
    ("/t/%24x%3Cimg%20src%3E?pane=%257", MORE, "muxwire"),
    ("/protocol", "", "'none'"),
];
const MORE: &str = " data: blob:; worker-src 'self'; manifest-src 'self'";

#[tokio::test]
async fn the_page_may_do_what_it_needs_and_nothing_else() {
    let server = TestServer::open().await;
    let mut nonces = HashSet::new();
    for (path, more, types) in PAGES {
        let page = Answer::to(&server, "GET", path, BROWSER).await;
        assert_eq!(page.status, 200, "{path}");
        let nonce = page.between("nonce=\"", '"').next().unwrap().to_owned();
        assert_eq!(nonce.len(), 22, "128 bits: {nonce}");
        let address = server.address;
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self'{more}; \
             connect-src 'self' ws://{address} wss://{address}; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types {types}"
        );
        let length = page.body.len().to_string();
        let rows = [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("content-security-policy", &*policy),
            ("content-length", &*length),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in rows {
            assert_eq!(page.header(name), Some(value), "{path} {name}");
        }
        let varies = (path == "/").then_some("accept");
        assert_eq!(page.header("vary"), varies, "{path}");
        // No script stands in the page, nothing comes from elsewhere, and the address is not repeated.
        for part in ["{{", "<script>", "style=", "onload", "//", "<img", "pile"] {
            assert!(!page.text().contains(part), "{part}: {}", page.text());
        }
        let version = format!("data-version=\"{}\"", env!("CARGO_PKG_VERSION"));
        assert_eq!(page.text().contains(" data-base=\"\""), !more.is_empty());
        assert!(page.text().contains(&version), "{}", page.text());
        assert!(nonces.insert(nonce), "each has a nonce of its own");
    }
}

/// A policy with another nonce than that of the page which a browser has would take its styles away.
#[tokio::test]
async fn a_page_that_is_there_keeps_its_policy() {
    let server = TestServer::open().await;
    for (path, _, _) in PAGES {
        stays(&server, path).await;
    }
}

async fn stays(server: &TestServer, path: &str) {
    let first = Answer::to(server, "GET", path, BROWSER).await;
    let tag = first.header("etag").unwrap();
    for (known, status) in [(tag, 304), ("*", 304), ("\"other\"", 200)] {
        for method in ["GET", "HEAD"] {
            let lines = format!("{BROWSER}if-none-match: {known}\r\n");
            let again = Answer::to(server, method, path, &lines).await;
            let row = format!("{method} {path} {known}: {}", again.head);
            assert_eq!(again.status, status, "{row}");
            assert_eq!(again.header("etag"), Some(tag), "{row}");
            assert_eq!(
                again.body.is_empty(),
                status == 304 || method == "HEAD",
                "{row}"
            );
            let policy = again.header("content-security-policy");
            assert_eq!(policy.is_some(), status == 200, "{row}");
            assert_eq!(
                again.header("x-content-type-options"),
                Some("nosniff"),
                "{row}"
            );
        }
    }
}

#[tokio::test]
async fn files_come_compressed_as_the_browser_takes_them() {
    let server = TestServer::open().await;
    let mut folders = HashSet::new();
    for path in loaded(&server, "/protocol").await {
        let plain = Answer::to(&server, "GET", &path, "").await;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        let rows = [
            ("br, gzip", "br"),
            ("gzip, deflate, br, zstd", "br"),
            ("gzip", "gzip"),
            ("br;q=0.1, gzip", "gzip"),
            ("br;q=0, gzip;q=0", ""),
            ("identity", ""),
            ("zstd", ""),
        ];
        let mut tags = HashSet::new();
        for (accepted, expected) in rows {
            let lines = format!("accept-encoding: {accepted}\r\n");
            let answer = Answer::to(&server, "GET", &path, &lines).await;
            let row = format!("{path} {accepted}: {}", answer.head);
            assert_eq!(answer.status, 200, "{row}");
            let encoding = answer.header("content-encoding").unwrap_or_default();
            assert_eq!(encoding, expected, "{row}");
            assert_eq!(unpacked(encoding, &answer.body), plain.body, "{row}");
            let length = answer.body.len().to_string();
            assert_eq!(answer.header("content-length"), Some(&*length), "{row}");
            assert_eq!(answer.header("vary"), Some("accept-encoding"), "{row}");
            assert_eq!(
                answer.header("content-type"),
                plain.header("content-type"),
                "{row}"
            );
            let kept = Some("public, max-age=31536000, immutable");
            assert_eq!(answer.header("cache-control"), kept, "{row}");
            let tag = answer.header("etag").unwrap().to_owned();
            let head = Answer::to(&server, "HEAD", &path, &lines).await;
            assert!(head.body.is_empty(), "{row}");
            for name in ["etag", "content-encoding", "content-length", "vary"] {
                assert_eq!(head.header(name), answer.header(name), "{name} {row}");
            }
            let lines = format!("{lines}if-none-match: {tag}\r\n");
            let again = Answer::to(&server, "GET", &path, &lines).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{row}");
            tags.insert((encoding.to_owned(), tag));
        }
        // What is packed otherwise has another tag.
        assert_eq!(tags.len(), 3, "{path}");
        folders.insert(path.rsplit_once('/').unwrap().0.to_owned());
    }
    assert_eq!(folders.len(), 1, "files find each other in one folder");
    for path in ["/", "/t/web"] {
        for path in loaded(&server, path).await {
            let folder = path.rsplit_once('/').unwrap().0.to_owned();
            assert!(!folders.insert(folder), "{path} is in the same folder");
        }
    }
}

fn unpacked(encoding: &str, mut body: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    match encoding {
        "br" => brotli::BrotliDecompress(&mut body, &mut unpacked).unwrap(),
        "gzip" => drop(
            flate2::read::GzDecoder::new(body)
                .read_to_end(&mut unpacked)
                .unwrap(),
        ),
        _ => unpacked.extend_from_slice(body),
    }
    unpacked
}

#[tokio::test]
async fn the_page_is_listed_and_takes_no_other_method() {
    let server = TestServer::open().await;
    let listing = server.get("/").await;
    for path in ["/", "/t/SESSION", "/protocol"] {
        let line = format!("\n  {path} ");
        assert!(listing.contains(&line), "{listing}");
    }
    for path in ["/protocol", "/websocket-test", "/", "/t/web"] {
        let answer = Answer::to(&server, "PUT", path, BROWSER).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{path}");
        let evil = format!("{BROWSER}origin: https://evil.example\r\n");
        let answer = Answer::to(&server, "GET", path, &evil).await;
        assert_eq!(answer.status, 403, "{path}");
    }
}

/// Who works on the pages sees each change when the page is loaded anew.
#[tokio::test]
async fn files_are_read_from_a_folder_that_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("bundle");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(folder.path().join("secret.js"), "hunter2").unwrap();
    for name in [".hidden.js", "none", "x.key"] {
        std::fs::write(dir.join(name), "hunter2").unwrap();
    }
    let server = TestServer::start(Setup {
        assets_dir: Some(dir.clone()),
        ..Setup::default()
    })
    .await;
    let paths = loaded(&server, "/").await;
    let path = paths.iter().find(|path| path.ends_with("/dashboard.js"));
    let path = path.unwrap();
    assert_eq!(path, "/assets/from-disk/dashboard.js");
    assert_eq!(Answer::to(&server, "GET", path, "").await.status, 404);
    let mut tags = HashSet::new();
    for text in ["one", "two"] {
        std::fs::write(dir.join("dashboard.js"), text).unwrap();
        let answer = Answer::to(&server, "GET", path, "accept-encoding: br\r\n").await;
        assert_eq!((answer.status, answer.text()), (200, text));
        let rows = [
            ("content-type", "text/javascript; charset=utf-8"),
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
        ];
        for (name, value) in rows {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        let tag = answer.header("etag").unwrap().to_owned();
        let lines = format!("if-none-match: {tag}\r\n");
        assert_eq!(Answer::to(&server, "GET", path, &lines).await.status, 304);
        assert!(tags.insert(tag));
    }
    let nowhere = [
        "/assets/from-disk/..%2fsecret.js",
        "/assets/from-disk/../secret.js",
        "/assets/from-disk/.hidden.js",
        "/assets/from-disk/none",
        "/assets/from-disk/x.key",
        "/assets/from-disk/%2fetc%2fpasswd",
        "/assets/from-disk/dashboard.js%00",
        "/assets/other/dashboard.js",
    ];
    for path in nowhere {
        let answer = Answer::to(&server, "GET", path, "").await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(!answer.text().contains("hunter2"), "{path}");
    }
}

/// What makes the page an app stands at a fixed address, is asked for anew each time, and can do nothing else.
#[tokio::test]
async fn the_manifest_the_worker_and_the_icon_are_kept_up_to_date() {
    let server = TestServer::open().await;
    let rows = [
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/icon.png", "image/png"),
    ];
    for (path, content_type) in rows {
        let answer = Answer::to(&server, "GET", path, "").await;
        let length = answer.body.len().to_string();
        let headers = [
            ("content-type", content_type),
            ("cache-control", "no-cache"),
            (
                "content-security-policy",
                "default-src 'none'; img-src 'self'; frame-ancestors 'none'",
            ),
            ("content-length", &*length),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        assert_eq!(answer.status, 200, "{path}");
        for (name, value) in headers {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
        let tag = answer.header("etag").unwrap();
        let lines = format!("if-none-match: {tag}\r\n");
        let again = Answer::to(&server, "GET", path, &lines).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let answer = Answer::to(&server, "PUT", path, "").await;
        assert_eq!(answer.status, 405, "{path}");
        let evil = "origin: https://evil.example\r\n";
        let answer = Answer::to(&server, "GET", path, evil).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    let manifest = Answer::to(&server, "GET", "/manifest.webmanifest", "").await;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest.body).unwrap();
    // Below whatever path it is served: addresses in it begin at its own.
    for name in ["id", "start_url", "scope"] {
        assert_eq!(manifest[name], "./", "{name}");
    }
    let icons = manifest["icons"].as_array().unwrap();
    assert_eq!(icons.len(), 4);
    for icon in icons {
        let path = format!("/{}", icon["src"].as_str().unwrap());
        let answer = Answer::to(&server, "GET", &path, "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), icon["type"].as_str());
    }
    let worker = Answer::to(&server, "GET", "/sw.js", "").await;
    for word in ["fetch", "caches", "importScripts"] {
        assert!(!worker.text().contains(word), "{word} in {}", worker.text());
    }
}
