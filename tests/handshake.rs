//! Who gets as far as being asked for a token: every origin, host, credential and route, over the real server.

use std::net::SocketAddr;

use muxwire::auth::{Authenticator, Permission};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::SOON;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;

/// The answer to a request: the status, and the head and the body as text.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }

    fn ticket(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["expires_in_ms"], 30_000);
        body["ticket"].as_str().unwrap().to_owned()
    }
}

/// Says a request to the server, byte for byte, and reads the head of what it answers, and the body if it has a length.
async fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let exchange = async {
        while !is_whole(&read) {
            if stream.read_buf(&mut read).await.unwrap() == 0 {
                break;
            }
        }
    };
    timeout(SOON, exchange).await.expect("an answer comes");
    let read = String::from_utf8_lossy(&read);
    let (head, body) = read
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{request:?}: {read:?}"));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) => body.len() >= length.parse::<usize>().unwrap(),
        None => [" 101 ", " 204 "].iter().any(|bare| head.contains(bare)),
    }
}

/// A way to ask: its request line, and what makes it a handshake if it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Socket(&'static str),
    Get(&'static str, u16),
    Ticket,
    Preflight,
}

const ROUTES: [Route; 9] = [
    Route::Socket("/monitor"),
    Route::Socket("/ws/terminal/main"),
    Route::Get("/monitor", 426),
    Route::Get("/healthz", 200),
    Route::Get("/readyz", 503),
    Route::Get("/metrics", 200),
    Route::Get("/nothing", 404),
    Route::Ticket,
    Route::Preflight,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Token,
    WrongToken,
    /// What a browser would add by itself.
    Cookie,
    Basic,
    InAddress,
}

const SHOWN: [Shown; 6] = [
    Shown::Nothing,
    Shown::Token,
    Shown::WrongToken,
    Shown::Cookie,
    Shown::Basic,
    Shown::InAddress,
];

/// Where a request seems to come from, and whether a server that is asked for as `127.0.0.1` lets it.
const ORIGINS: [(Option<&str>, bool); 8] = [
    (None, true),
    (Some("http://OWN"), true),
    (Some("https://dash.example"), true),
    (Some("https://dash.example.evil.example"), false),
    (Some("https://evil.example"), false),
    (Some("http://REBOUND"), false),
    (Some("http://127.0.0.1:1"), false),
    (Some("null"), false),
];

/// What the server is asked for as, and the status that refuses it.
const HOSTS: [(&str, Option<u16>); 7] = [
    ("host: OWN\r\n", None),
    ("host: 127.0.0.1.evil.example:PORT\r\n", Some(421)),
    ("host: REBOUND\r\n", Some(421)),
    ("host: evil.example\r\n", Some(421)),
    ("host: 10.0.0.7:PORT\r\n", Some(421)),
    ("host: OWN\r\nhost: evil.example\r\n", Some(400)),
    ("", Some(400)),
];

impl Route {
    fn request(self, headers: &str, shown: Shown, token: &str) -> String {
        let (method, path) = match self {
            Self::Socket(path) | Self::Get(path, _) => ("GET", path),
            Self::Ticket => ("POST", "/api/ticket"),
            Self::Preflight => ("OPTIONS", "/api/ticket"),
        };
        let query = match shown {
            Shown::InAddress => format!("?token={token}"),
            _ => String::new(),
        };
        let credential = match shown {
            Shown::Nothing | Shown::InAddress => String::new(),
            Shown::Token => format!("authorization: Bearer {token}\r\n"),
            Shown::WrongToken => "authorization: Bearer mw_wrong\r\n".to_owned(),
            Shown::Cookie => format!("cookie: token={token}; auth={token}\r\n"),
            Shown::Basic => format!("authorization: Basic {token}\r\n"),
        };
        let more = match self {
            Self::Socket(_) => {
                "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                 sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            }
            Self::Ticket => "content-length: 0\r\n",
            Self::Preflight => {
                "access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n"
            }
            Self::Get(..) => "",
        };
        format!("{method} {path}{query} HTTP/1.1\r\n{headers}{credential}{more}\r\n")
    }

    /// The status for who may ask.
    fn status(self, shown: Shown) -> u16 {
        match (self, shown) {
            (_, Shown::InAddress) => 400,
            // Who it is is asked on the socket, where the answer can be read.
            (Self::Socket(_), _) => 101,
            (Self::Get("/metrics", _), Shown::WrongToken | Shown::Basic) => 401,
            (Self::Get(_, status), _) => status,
            (Self::Ticket, Shown::Token) => 200,
            (Self::Ticket, _) => 401,
            (Self::Preflight, _) => 204,
        }
    }
}

async fn started() -> (TestServer, String, Authenticator) {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let authenticator = tokens.authenticator();
    let setup = Setup {
        authenticator: Some(authenticator.clone()),
        allowed_origins: vec!["https://dash.example".parse().unwrap()],
        max_connections: Some(100_000),
        ..Setup::default()
    };
    (TestServer::start(setup).await, token, authenticator)
}

#[tokio::test]
async fn every_origin_host_credential_and_route_is_decided() {
    let (server, token, _) = started().await;
    let port = server.address.port().to_string();
    let (own, rebound) = (
        server.address.to_string(),
        format!("rebound.example:{port}"),
    );
    let mut decided = 0;
    for (host, refused) in HOSTS {
        for (origin, allowed) in ORIGINS {
            for shown in SHOWN {
                for route in ROUTES {
                    let origin_line = origin.map(|origin| format!("origin: {origin}\r\n"));
                    let headers = format!("{host}{}", origin_line.unwrap_or_default());
                    let headers = headers
                        .replace("OWN", &own)
                        .replace("REBOUND", &rebound)
                        .replace("PORT", &port);
                    let answer = ask(server.address, &route.request(&headers, shown, &token)).await;
                    let expected = match (refused, allowed) {
                        (Some(status), _) => status,
                        (None, false) => 403,
                        (None, true) => route.status(shown),
                    };
                    let row = format!("{route:?} {shown:?} {headers:?}: {}", answer.body);
                    assert_eq!(answer.status, expected, "{row}");
                    check_headers(&answer, origin.filter(|_| expected != 403), route, &row);
                    decided += 1;
                }
            }
        }
    }
    assert_eq!(
        decided,
        HOSTS.len() * ORIGINS.len() * SHOWN.len() * ROUTES.len()
    );
}

/// What browsers may do with the answer.
fn check_headers(answer: &Answer, origin: Option<&str>, route: Route, row: &str) {
    let is_upgrade = answer.status == 101;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), (!is_upgrade).then_some(value), "{row}");
    }
    let may_read = matches!(answer.status, 200 | 204 | 401 | 429)
        && matches!(route, Route::Ticket | Route::Preflight);
    let readable = answer.header("access-control-allow-origin");
    assert_eq!(readable.is_some(), origin.is_some() && may_read, "{row}");
    assert!(
        answer.header("access-control-allow-credentials").is_none(),
        "{row}"
    );
}

#[tokio::test]
async fn refusals_say_which_setting_would_let_it_in() {
    let (server, token, _) = started().await;
    let rows = [
        (
            "host: evil.example\r\n",
            "",
            421,
            "security.allowed_hosts",
            "host",
        ),
        (
            "host: 127.0.0.1\r\norigin: https://evil.example\r\n",
            "",
            403,
            "security.allowed_origins",
            "origin",
        ),
        ("", "", 400, "Host", "no_host"),
        (
            "host: 127.0.0.1\r\n",
            "?token=x",
            400,
            "/api/ticket",
            "token_in_address",
        ),
    ];
    for (headers, query, status, word, reason) in rows {
        let request = format!("GET /metrics{query} HTTP/1.1\r\n{headers}\r\n");
        let answer = ask(server.address, &request).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert!(answer.body.contains(word), "{headers:?}: {}", answer.body);
        assert!(!answer.body.contains("evil") && !answer.body.contains(&token));
        let counted = format!("muxwire_refused_total{{reason=\"{reason}\"}} 1");
        assert!(server.get("/metrics").await.contains(&counted), "{counted}");
    }
}

#[tokio::test]
async fn names_that_are_listed_are_the_servers_own() {
    let setup = Setup {
        allowed_hosts: vec![
            "box.example".parse().unwrap(),
            "fixed.example:1".parse().unwrap(),
        ],
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let rows = [
        ("box.example", "http://box.example", 101),
        ("box.example", "https://box.example", 403),
        ("box.example:9", "http://box.example:9", 101),
        ("box.example:9", "http://box.example", 403),
        ("fixed.example:1", "http://fixed.example:1", 101),
        ("fixed.example:2", "http://fixed.example:2", 421),
        ("other.example", "http://other.example", 421),
    ];
    for (host, origin, expected) in rows {
        let headers = format!("host: {host}\r\norigin: {origin}\r\n");
        let request = Route::Socket("/monitor").request(&headers, Shown::Nothing, "");
        let answer = ask(server.address, &request).await;
        assert_eq!(answer.status, expected, "{headers:?}: {}", answer.body);
    }
}

/// Asks for a ticket as a page of this origin would.
async fn ticket(server: &TestServer, origin: Option<&str>, token: &str) -> Answer {
    let host = server.address;
    let origin = origin.map_or_else(String::new, |origin| format!("origin: {origin}\r\n"));
    let headers = format!("host: {host}\r\n{origin}");
    ask(
        server.address,
        &Route::Ticket.request(&headers, Shown::Token, token),
    )
    .await
}

/// How a ticket is presented.
#[derive(Debug, Clone, Copy)]
enum Way {
    Subprotocol,
    Message,
}

/// Connects as a page of this origin, presents a ticket, and returns the result: the permissions, or the code
/// that closed.
async fn present(
    server: &TestServer,
    way: Way,
    origin: Option<&str>,
    ticket: &str,
) -> Result<Value, u16> {
    let mut request = format!("ws://{}/monitor", server.address)
        .into_client_request()
        .unwrap();
    let headers = request.headers_mut();
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().unwrap());
    }
    let offered = match way {
        Way::Subprotocol => format!("muxwire.v1, muxwire.ticket.{ticket}"),
        Way::Message => "muxwire.v1".to_owned(),
    };
    headers.insert("sec-websocket-protocol", offered.parse().unwrap());
    let mut client = Client::connect_with(server.address, request)
        .await
        .ok()
        .unwrap();
    client.expect("hello").await;
    if matches!(way, Way::Message) {
        client
            .send(json!({ "action": "auth", "ticket": ticket }))
            .await;
    }
    let answer = client.expect("auth.response").await;
    if answer["success"] == true {
        client
            .ask(json!({ "action": "subscribe" }), "subscribed")
            .await;
        return Ok(answer["permissions"].clone());
    }
    assert!(!answer.to_string().contains(ticket));
    Err(client.close_code().await.unwrap())
}

#[tokio::test]
async fn a_ticket_lets_its_page_in_once() {
    let (server, token, _) = started().await;
    let own = format!("http://{}", server.address);
    let (dash, none) = (Some("https://dash.example"), None);
    let rows = [
        (dash, dash, Ok(json!(["read"]))),
        (Some(&*own), Some(&*own), Ok(json!(["read"]))),
        (none, none, Ok(json!(["read"]))),
        (dash, Some(&*own), Err(4500)),
        (dash, none, Err(4500)),
        (none, dash, Err(4500)),
    ];
    for way in [Way::Subprotocol, Way::Message] {
        for (asked, presented, expected) in &rows {
            let ticket = ticket(&server, *asked, &token).await.ticket();
            let row = format!("{way:?} {asked:?} {presented:?}");
            assert_eq!(
                &present(&server, way, *presented, &ticket).await,
                expected,
                "{row}"
            );
            // Used up, from wherever it was presented.
            assert_eq!(
                present(&server, way, *asked, &ticket).await,
                Err(4500),
                "{row}"
            );
        }
    }
    let counted = "muxwire_auth_failures_total{reason=\"ticket\"}";
    assert!(server.get("/metrics").await.contains(counted));
}

#[tokio::test]
async fn a_ticket_ends_with_the_token_that_it_was_asked_for_with() {
    let (server, token, authenticator) = started().await;
    let unused = ticket(&server, None, &token).await.ticket();
    let mut request = format!("ws://{}/monitor", server.address)
        .into_client_request()
        .unwrap();
    let used = ticket(&server, None, &token).await.ticket();
    let offered = format!("muxwire.v1, muxwire.ticket.{used}");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", offered.parse().unwrap());
    let mut client = Client::connect_with(server.address, request)
        .await
        .ok()
        .unwrap();
    client.expect("hello").await;
    client.expect("auth.response").await;
    authenticator.replace(Vec::new());
    assert_eq!(client.close_code().await, Some(4503));
    assert_eq!(
        present(&server, Way::Message, None, &unused).await,
        Err(4500)
    );
    assert_eq!(ticket(&server, None, &token).await.status, 401);
}

#[tokio::test]
async fn tickets_are_only_for_who_has_a_token_and_not_too_many() {
    let (server, token, _) = started().await;
    let wrong = ask(
        server.address,
        &Route::Ticket.request(
            &format!("host: {}\r\n", server.address),
            Shown::WrongToken,
            "",
        ),
    )
    .await;
    assert_eq!(
        (wrong.status, wrong.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    let mut given = 0;
    let refused = loop {
        let answer = ticket(&server, None, &token).await;
        if answer.status != 200 {
            break answer;
        }
        given += 1;
        assert!(given <= 128, "more than an eighth of 1024");
    };
    assert_eq!((refused.status, given), (429, 128));
    assert!(refused.header("retry-after").is_some() && refused.body.contains("tickets"));
    let counted = "muxwire_refused_total{reason=\"tickets\"} 1";
    assert!(server.get("/metrics").await.contains(counted));
}

#[tokio::test]
async fn without_authentication_pages_are_still_distinguished() {
    let server = TestServer::open().await;
    let evil = ticket(&server, Some("https://evil.example"), "any").await;
    assert_eq!(evil.status, 403);
    // A page need not know that no ticket is needed.
    let own = format!("http://{}", server.address);
    let ticket = ticket(&server, Some(&own), "any").await.ticket();
    for ticket in [&*ticket, "any"] {
        let found = present(&server, Way::Subprotocol, Some(&own), ticket).await;
        assert_eq!(found, Ok(json!(["emit", "read", "write", "admin"])));
    }
}

#[tokio::test]
async fn two_credentials_are_one_too_many() {
    let (server, token, _) = started().await;
    let host = server.address;
    let headers =
        format!("host: {host}\r\nsec-websocket-protocol: muxwire.v1, muxwire.ticket.x\r\n");
    let request = Route::Socket("/monitor").request(&headers, Shown::Token, &token);
    assert_eq!(ask(server.address, &request).await.status, 400);
    let mut client = server.client().await;
    let both = r#"{"action":"auth","token":"a","ticket":"b"}"#;
    client.send_text(both).await;
    let error = client.expect("error").await;
    assert_eq!(error["code"], "INVALID_MESSAGE");
    assert!(
        error["message"].as_str().unwrap().contains("ticket"),
        "{error}"
    );
}
