//! What is looked at of every request before it is served, said byte for byte to the real server.

use muxwire::network::LOOPBACK;
use muxwire::server::ListenOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::SOON;
use crate::support::server::{Setup, TestServer};

/// The statuses of all answers on one connection, which is read until it ends or nothing more is to come.
async fn statuses(server: &TestServer, said: &str) -> (Vec<u16>, String) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    timeout(SOON, stream.read_to_end(&mut read))
        .await
        .expect("the connection ends")
        .unwrap();
    let read = String::from_utf8(read).unwrap();
    let lines = read.split("HTTP/1.1 ").skip(1);
    let statuses = lines.map(|line| line[..3].parse().unwrap()).collect();
    (statuses, read)
}

#[tokio::test]
async fn regression_a_request_with_two_ends_closes_the_connection() {
    let server = TestServer::open().await;
    let port = server.address.port();
    // Behind each stands a request that a reader who sees another end would take for one.
    let rows: [(&str, &str, &str); 14] = [
        (
            "GET",
            "content-length: 5\r\ntransfer-encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "POST",
            "content-length: 5\r\ntransfer-encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "GET",
            "transfer-encoding: chunked\r\ncontent-length: 0\r\n",
            "0\r\n\r\n",
        ),
        ("GET", "content-length: 5\r\n", "abcde"),
        ("HEAD", "content-length: 5\r\n", "abcde"),
        ("OPTIONS", "content-length: 5\r\n", "abcde"),
        ("GET", "transfer-encoding: chunked\r\n", "0\r\n\r\n"),
        ("GET", "content-length: 5\r\ncontent-length: 5\r\n", "abcde"),
        ("GET", "content-length: 0\r\ncontent-length: 5\r\n", "abcde"),
        ("POST", "content-length: 5, 5\r\n", "abcde"),
        ("POST", "content-length: +5\r\n", "abcde"),
        ("POST", "transfer-encoding: identity\r\n", ""),
        ("POST", "transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        (
            "POST",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
    ];
    for (method, headers, body) in rows {
        for path in ["/healthz", "/nothing", "/monitor", "/api/ticket"] {
            let said = format!(
                "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{headers}\r\n{body}\
                 GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n"
            );
            let (statuses, read) = statuses(&server, &said).await;
            assert_eq!(statuses, [400], "{said:?}: {read:?}");
        }
    }
    // What has one end and none that is in question is served as before.
    for headers in ["", "content-length: 0\r\n"] {
        let said = format!(
            "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{headers}\r\n\
             GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(statuses(&server, &said).await.0, [200, 200], "{headers:?}");
    }
}

#[tokio::test]
async fn regression_pages_come_by_the_scheme_that_is_served() {
    let plain = TestServer::open().await;
    let proxied = TestServer::start(Setup {
        listeners: ListenOptions {
            proxies: LOOPBACK.to_vec(),
            ..ListenOptions::default()
        },
        ..Setup::default()
    })
    .await;
    let rows = [
        (&plain, "http", "", 200),
        (&plain, "https", "", 403),
        (&plain, "https", "x-forwarded-proto: https\r\n", 403),
        (&proxied, "http", "", 200),
        (&proxied, "https", "", 403),
        (&proxied, "https", "x-forwarded-proto: https\r\n", 200),
        (&proxied, "http", "x-forwarded-proto: https\r\n", 403),
        (&proxied, "https", "x-forwarded-proto: http, https\r\n", 200),
        (&proxied, "https", "x-forwarded-proto: https, http\r\n", 403),
        (
            &proxied,
            "https",
            "forwarded: for=10.1.1.1;proto=https\r\n",
            200,
        ),
        (
            &proxied,
            "https",
            "forwarded: proto=https, proto=http\r\n",
            403,
        ),
        (
            &proxied,
            "https",
            "forwarded: proto=http\r\nx-forwarded-proto: https\r\n",
            403,
        ),
    ];
    for (server, scheme, headers, expected) in rows {
        let port = server.address.port();
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            let said = format!(
                "GET /healthz HTTP/1.1\r\nhost: {host}:{port}\r\norigin: {scheme}://{host}:{port}\r\n\
                 {headers}connection: close\r\n\r\n"
            );
            let (statuses, read) = statuses(server, &said).await;
            assert_eq!(statuses, [expected], "{said:?}: {read:?}");
        }
    }
}

#[tokio::test]
async fn regression_an_address_with_a_secret_in_disguise_is_refused_and_not_repeated() {
    let server = TestServer::open().await;
    let port = server.address.port();
    for query in [
        "?%74oken=hunter2",
        "?x=1&TO%4Ben=hunter2",
        "?token+=hunter2",
        ";token=hunter2",
    ] {
        for path in ["/monitor", "/healthz", "/nothing"] {
            let said = format!(
                "GET {path}{query} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n"
            );
            let (statuses, read) = statuses(&server, &said).await;
            assert_eq!(statuses, [400], "{said:?}: {read:?}");
            assert!(!read.contains("hunter2"), "{read:?}");
        }
    }
}

#[tokio::test]
async fn regression_a_browser_gets_a_list_of_what_there_is() {
    let server = TestServer::open().await;
    let port = server.address.port();
    let rows = [
        ("GET", "/", 200, "ws://127.0.0.1:PORT/monitor"),
        ("GET", "/favicon.ico", 404, "/healthz"),
        ("GET", "/nothing/hunter2", 404, "/ws/terminal/SESSION"),
        ("POST", "/nothing", 404, "/monitor"),
        ("DELETE", "/healthz", 405, "Allow"),
        ("GET", "/api/ticket", 405, "Allow"),
    ];
    for (method, path, status, part) in rows {
        let said = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n"
        );
        let (statuses, read) = statuses(&server, &said).await;
        assert_eq!(statuses, [status], "{path}: {read:?}");
        assert!(
            read.contains(&part.replace("PORT", &port.to_string())),
            "{path}: {read:?}"
        );
        assert!(
            read.contains("text/plain") && !read.contains("hunter2"),
            "{read:?}"
        );
    }
}
