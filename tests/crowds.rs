//! Floods of connections on which nobody authenticates, over real sockets: a client with a token gets in all the same.

use std::net::{IpAddr, SocketAddr};

use muxwire::auth::Permission;
use muxwire::server::{Bounds, ListenOptions};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::{SOON, wait_until_async};

/// What a connection of a flood says before it says nothing more.
#[derive(Debug, Clone, Copy)]
enum Silent {
    AtOnce,
    HalfHead,
    /// A byte more of its head whenever another one comes.
    Slowly,
    HalfTls,
    Upgraded,
    /// It shows tokens that there are not.
    Guessing,
}

const HEAD: &[u8] =
    b"GET /monitor HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Room for both ends of all sockets.
fn allow_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from: IpAddr = from.parse().unwrap();
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// Connections that stay open, from these addresses in turn.
async fn flood(to: SocketAddr, from: &[&str], count: usize, silent: Silent) -> Vec<TcpStream> {
    let mut all: Vec<TcpStream> = Vec::new();
    for number in 0..count {
        let mut stream = connect(from[number % from.len()], to).await;
        let said = match silent {
            Silent::AtOnce => &[][..],
            Silent::HalfHead => &HEAD[..20],
            Silent::Slowly => &HEAD[..1],
            Silent::HalfTls => &[22, 3, 1, 2, 0, 1, 0],
            Silent::Upgraded | Silent::Guessing => HEAD,
        };
        // Those who were sent away can't say anything any more.
        let _ = stream.write_all(said).await;
        if matches!(silent, Silent::Upgraded | Silent::Guessing) {
            let mut answer = [0; 1024];
            let _ = stream.read(&mut answer).await;
        }
        if matches!(silent, Silent::Guessing) {
            // A text frame with an empty mask.
            let text = br#"{"action":"auth","token":"mw_x"}"#;
            let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
            frame.extend(text);
            let _ = stream.write_all(&frame).await;
        }
        if matches!(silent, Silent::Slowly) {
            for (at, other) in all.iter_mut().enumerate().skip(number.saturating_sub(30)) {
                let _ = other.write_all(&HEAD[number - at..=number - at]).await;
            }
        }
        all.push(stream);
    }
    all
}

async fn guarded(bounds: Bounds) -> (TestServer, String) {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let server = TestServer::start(Setup {
        authenticator: Some(tokens.authenticator()),
        bounds,
        ..Setup::default()
    })
    .await;
    (server, token)
}

/// Shows a token with the handshake, from an address of this machine.
async fn bear(server: &TestServer, token: &str) -> Client {
    let request = format!("ws://{}/monitor", server.address);
    let mut request = request.into_client_request().unwrap();
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let connected = Client::connect_with(server.address, request).await;
    let mut client = connected.expect("the handshake succeeds");
    client.expect("hello").await;
    assert_eq!(client.next().await["success"], true);
    client
}

async fn say(server: &TestServer, token: &str) -> Client {
    let mut client = server.client().await;
    let auth = json!({ "action": "auth", "token": token });
    assert_eq!(client.ask(auth, "auth.response").await["success"], true);
    client
}

#[tokio::test]
async fn regression_who_shows_a_token_gets_in_under_floods_of_half_open_sockets() {
    allow_descriptors();
    let one = &["127.0.0.1"][..];
    let three = &["127.0.0.2", "127.0.0.3", "127.0.0.4"][..];
    let rows = [
        (300, one, Silent::HalfHead),
        (300, three, Silent::HalfHead),
        (1000, one, Silent::AtOnce),
        (1000, three, Silent::HalfHead),
        (300, one, Silent::Slowly),
        (1000, one, Silent::HalfTls),
        (300, one, Silent::Upgraded),
        (1000, three, Silent::Upgraded),
        (300, one, Silent::Guessing),
    ];
    for (count, from, silent) in rows {
        let (server, token) = guarded(Bounds::default()).await;
        let mut inside = bear(&server, &token).await;
        let flood = flood(server.address, from, count, silent).await;
        for _ in 0..5 {
            bear(&server, &token).await;
            say(&server, &token).await;
        }
        // A probe is answered too, and who is in stays in.
        assert!(
            server.get("/healthz").await.contains("ok"),
            "{count} {silent:?}"
        );
        inside.ask(json!({ "action": "ping" }), "pong").await;
        assert_eq!(flood.len(), count);
    }
}

/// While others come all the time, a new client still has its turn.
#[tokio::test]
async fn regression_a_flood_that_goes_on_keeps_nobody_out() {
    allow_descriptors();
    let (server, token) = guarded(Bounds {
        unauthenticated: 64,
        ..Bounds::default()
    })
    .await;
    bear(&server, &token).await;
    let address = server.address;
    let flooding = tokio::spawn(async move {
        loop {
            drop(flood(address, &["127.0.0.2", "127.0.0.3"], 128, Silent::HalfHead).await);
        }
    });
    for _ in 0..20 {
        bear(&server, &token).await;
        say(&server, &token).await;
    }
    flooding.abort();
}

/// Whether somebody was sent away: an end or an error instead of silence. A request shows that the others are still heard.
async fn is_answered(mut stream: TcpStream) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    let asked = stream.write_all(request).await;
    asked.is_ok()
        && stream.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

#[tokio::test]
async fn regression_of_those_who_wait_the_oldest_go_first() {
    let (server, token) = guarded(Bounds {
        unauthenticated: 4,
        ..Bounds::default()
    })
    .await;
    // Somebody from elsewhere keeps the place, since most who wait are at the other address.
    let other = connect("127.0.0.2", server.address).await;
    let mut crowd = flood(server.address, &["127.0.0.1"], 6, Silent::AtOnce).await;
    let rest = crowd.split_off(3);
    let refused = "muxwire_refused_total{reason=\"unauthenticated\"} 3";
    wait_until_async(refused, SOON, || {
        server.metrics.text().unwrap().contains(refused)
    })
    .await;
    for gone in crowd {
        assert!(!is_answered(gone).await, "the first three went");
    }
    assert!(is_answered(other).await);
    for stays in rest {
        assert!(is_answered(stays).await, "the last three stayed");
    }
    bear(&server, &token).await;
}

#[tokio::test]
async fn regression_a_unix_socket_is_kept_free_for_its_user() {
    allow_descriptors();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let server = TestServer::start(Setup {
        authenticator: Some(Tokens::new().authenticator()),
        listeners: ListenOptions {
            unix_socket: Some(path.clone()),
            trust_same_user: true,
            ..ListenOptions::default()
        },
        ..Setup::default()
    })
    .await;
    let _flood = flood(server.address, &["127.0.0.1"], 600, Silent::HalfHead).await;
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
}

#[tokio::test]
async fn regression_connections_of_one_token_are_bounded() {
    let mut tokens = Tokens::new();
    let one = tokens.add(Permission::Read, &[], None);
    let other = tokens.add(Permission::Read, &[], None);
    let server = TestServer::start(Setup {
        authenticator: Some(tokens.authenticator()),
        bounds: Bounds {
            token_connections: 2,
            ..Bounds::default()
        },
        ..Setup::default()
    })
    .await;
    let _first = bear(&server, &one).await;
    let mut second = say(&server, &one).await;
    // To authenticate again takes no further one.
    let auth = json!({ "action": "auth", "token": one });
    assert_eq!(
        second.ask(auth.clone(), "auth.response").await["success"],
        true
    );
    let mut third = server.client().await;
    third.send(auth).await;
    assert_eq!(third.close_code().await, Some(4006));
    say(&server, &other).await;
    let text = server.metrics.text().unwrap();
    assert!(
        text.contains("muxwire_limited_total{limit=\"token_connections\"} 1"),
        "{text}"
    );
    drop(second);
    // The server learns of it in its own time.
    loop {
        let mut again = server.client().await;
        again.send(json!({ "action": "auth", "token": one })).await;
        if again
            .read()
            .await
            .is_ok_and(|message| message["success"] == true)
        {
            break;
        }
    }
}
