//! Each limit of the configuration, reached over the real server: what the client gets, and what is counted.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use muxwire::auth::Permission;
use muxwire::bridge::Request;
use muxwire::server::{AddressLimits, Bounds, ConnectionLimits, HttpLimits, ListenOptions, Rate};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::SOON;
use crate::support::server::{Client, Setup, TestServer, patient};
use crate::support::tokens::Tokens;
use crate::support::world::World;

/// A rate that a test does not reach by waiting.
const fn few(burst: u64) -> Rate {
    Rate {
        per_second: 1,
        burst,
    }
}

async fn limited(limits: ConnectionLimits) -> TestServer {
    let setup = Setup {
        limits,
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    server
}

async fn bounded(bounds: Bounds) -> TestServer {
    let setup = Setup {
        bounds,
        ..Setup::default()
    };
    TestServer::start(setup).await
}

/// Waits until a figure is at least this.
async fn counted(server: &TestServer, figure: &str, least: u64) {
    let reached = async {
        loop {
            let text = server.metrics.text().unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix(figure));
            let value = line.and_then(|value| value.trim().parse::<u64>().ok());
            if value.is_some_and(|value| value >= least) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = timeout(SOON, reached).await;
    assert!(
        found.is_ok(),
        "{figure} is below {least}\n{}",
        server.metrics.text().unwrap()
    );
}

#[tokio::test]
async fn requests_beyond_the_rate_are_refused_with_a_time_and_going_on_closes() {
    let server = limited(ConnectionLimits {
        messages: few(10),
        ..patient()
    })
    .await;
    let mut client = server.client().await;
    for id in 0..10 {
        client
            .ask(json!({ "action": "ping", "id": id }), "pong")
            .await;
    }
    for id in 10..15 {
        let error = client
            .ask(json!({ "action": "ping", "id": id }), "error")
            .await;
        let named = (&error["code"], &error["retryable"], &error["id"]);
        assert_eq!(named, (&json!("RATE_LIMITED"), &json!(true), &json!(id)));
        // A quarter of ten comes back at one a second.
        let wait = error["retry_after_ms"].as_u64().unwrap();
        assert!((1_000..=2_000).contains(&wait), "{error}");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("limits.message_rate"),
            "{error}"
        );
    }
    let ping = Message::text(r#"{"action":"ping"}"#);
    let (mut says, mut hears) = client.socket.split();
    let flood = async {
        // The server may close while this still sends.
        while says.send(ping.clone()).await.is_ok() {}
    };
    let closed = async {
        while let Some(Ok(message)) = hears.next().await {
            if let Message::Close(Some(frame)) = message {
                return Some(u16::from(frame.code));
            }
        }
        None
    };
    let code = timeout(SOON, async {
        tokio::select! {
            code = closed => code,
            () = flood => None,
        }
    });
    assert_eq!(code.await.unwrap(), Some(4004));
    counted(&server, "muxwire_limited_total{limit=\"messages\"} ", 5).await;
    counted(&server, "muxwire_limited_total{limit=\"persistent\"} ", 1).await;
    // Others are not touched by it.
    server
        .client()
        .await
        .ask(json!({ "action": "ping" }), "pong")
        .await;
}

#[tokio::test]
async fn bytes_of_requests_count_too() {
    let server = limited(ConnectionLimits {
        input_bytes: few(10_000),
        ..patient()
    })
    .await;
    let mut client = server.client().await;
    let long = json!({ "action": "ping", "padding": "x".repeat(6_000) }).to_string();
    client.send_text(&long).await;
    client.expect("pong").await;
    client.send_text(&long).await;
    assert_eq!(client.expect("error").await["code"], "RATE_LIMITED");
    counted(&server, "muxwire_limited_total{limit=\"input_bytes\"} ", 1).await;
}

/// What reaches the bridge of a terminal's input, in order.
async fn typed(server: &mut TestServer, bytes: usize) -> usize {
    let mut typed = 0;
    while typed < bytes {
        if let Request::Input { input, reply } = server.request().await {
            for key in input.into_request().keys {
                typed += match key {
                    muxwire::bridge::Key::Text(text) | muxwire::bridge::Key::Paste(text) => {
                        text.len()
                    }
                    muxwire::bridge::Key::Named(_) => 1,
                };
            }
            let _ = reply.send(Ok(()));
        }
    }
    typed
}

async fn terminal(server: &mut TestServer) -> Client {
    let mut client = server.client_at("/ws/terminal/a", "muxwire.v1.bin").await;
    client.send(json!({ "type": "connect" })).await;
    // Nobody answers for the pane's picture here, and none is needed to type.
    while !matches!(server.request().await, Request::View { .. }) {}
    client
}

#[tokio::test]
async fn typing_into_terminals_is_put_off_and_none_is_lost() {
    let rates = [
        (
            "input",
            Rate {
                per_second: 200,
                burst: 10,
            },
            Rate {
                per_second: 1 << 30,
                burst: 1 << 30,
            },
        ),
        (
            "input_bytes",
            Rate {
                per_second: 1 << 30,
                burst: 1 << 30,
            },
            Rate {
                per_second: 2_000,
                burst: 100,
            },
        ),
    ];
    for (limit, input, input_bytes) in rates {
        let mut server = limited(ConnectionLimits {
            input,
            input_bytes,
            ..patient()
        })
        .await;
        let mut client = terminal(&mut server).await;
        for _ in 0..60 {
            client.send_bytes(b"0123456789".to_vec()).await;
        }
        assert_eq!(typed(&mut server, 600).await, 600, "{limit}");
        counted(
            &server,
            &format!("muxwire_limited_total{{limit=\"{limit}\"}} "),
            1,
        )
        .await;
    }
}

#[tokio::test]
async fn a_paste_of_a_megabyte_goes_through_by_default_without_a_pause() {
    let mut server = limited(patient()).await;
    let mut client = terminal(&mut server).await;
    let paste = async {
        for _ in 0..32 {
            client.send_bytes(vec![b'x'; 32 << 10]).await;
        }
    };
    let (typed, ()) = tokio::join!(typed(&mut server, 1 << 20), paste);
    assert_eq!(typed, 1 << 20);
    assert!(
        !server
            .metrics
            .text()
            .unwrap()
            .contains("muxwire_limited_total{")
    );
}

#[tokio::test]
async fn subscriptions_panes_and_lengths_are_bounded() {
    let server = limited(ConnectionLimits {
        subscriptions: 2,
        open_panes: 0,
        message_bytes: 2_000,
        ..patient()
    })
    .await;
    let mut client = server.client().await;
    let subscribe = |kind: &str| json!({ "action": "subscribe", "filters": { "types": [kind] } });
    for kind in ["session.*", "window.*"] {
        client.ask(subscribe(kind), "subscribed").await;
    }
    let long = json!({ "action": "ping", "padding": "x".repeat(2_000) });
    let open = json!({ "action": "open", "target": { "pane": "%0" } });
    let rows = [
        (subscribe("pane.*"), "LIMIT_REACHED", "subscriptions"),
        (open, "LIMIT_REACHED", "open_panes"),
        (long, "TOO_LARGE", "message_bytes"),
    ];
    for (message, code, limit) in rows {
        client.send_text(&message.to_string()).await;
        let error = client.expect("error").await;
        assert_eq!(error["code"], code, "{error}");
        let key = format!("limits.{limit}");
        assert!(error["message"].as_str().unwrap().contains(&key), "{error}");
        counted(
            &server,
            &format!("muxwire_limited_total{{limit=\"{limit}\"}} "),
            1,
        )
        .await;
    }
    client
        .ask(json!({ "action": "unsubscribe" }), "unsubscribed")
        .await;
    client.ask(subscribe("pane.*"), "subscribed").await;
}

/// Whether a connection is let in: its handshake is answered with this status, or not at all.
async fn status(address: SocketAddr, headers: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
    // The server may have closed before it is written.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = [0; 12];
    let read = timeout(SOON, stream.read_exact(&mut answer)).await.unwrap();
    read.ok()?;
    std::str::from_utf8(&answer[9..]).unwrap().parse().ok()
}

#[tokio::test]
async fn an_address_has_so_many_connections_at_a_time() {
    let server = bounded(Bounds {
        local: AddressLimits {
            connections: 2,
            rate: Rate {
                per_second: 1 << 20,
                burst: 1 << 20,
            },
        },
        ..Bounds::default()
    })
    .await;
    let _first = server.client().await;
    let second = server.client().await;
    assert_eq!(status(server.address, "").await, None);
    counted(&server, "muxwire_refused_total{reason=\"address\"} ", 1).await;
    drop(second);
    let room = async { while status(server.address, "").await.is_none() {} };
    timeout(SOON, room).await.unwrap();
}

#[tokio::test]
async fn an_address_comes_so_often() {
    let server = bounded(Bounds {
        local: AddressLimits {
            connections: 100,
            rate: few(3),
        },
        ..Bounds::default()
    })
    .await;
    for _ in 0..3 {
        assert_eq!(status(server.address, "").await, Some(200));
    }
    assert_eq!(status(server.address, "").await, None);
    counted(
        &server,
        "muxwire_refused_total{reason=\"address_rate\"} ",
        1,
    )
    .await;
}

#[tokio::test]
async fn clients_behind_a_proxy_are_counted_by_their_own_address() {
    let setup = Setup {
        bounds: Bounds {
            remote: AddressLimits {
                connections: 1,
                rate: few(100),
            },
            // The proxy itself is not counted.
            local: AddressLimits {
                connections: 0,
                rate: few(1),
            },
            ..Bounds::default()
        },
        listeners: ListenOptions {
            proxies: vec!["127.0.0.0/8".parse().unwrap()],
            ..ListenOptions::default()
        },
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let connect = async |address: &str| {
        let mut request = format!("ws://{}/monitor", server.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("x-forwarded-for", address.parse().unwrap());
        Client::connect_with(server.address, request).await
    };
    let first = connect("192.0.2.1").await;
    assert!(first.is_ok());
    assert_eq!(connect("192.0.2.1").await.err(), Some(429));
    assert!(connect("192.0.2.2").await.is_ok());
    counted(&server, "muxwire_refused_total{reason=\"address\"} ", 1).await;
}

#[tokio::test]
async fn those_who_have_not_authenticated_have_a_room_of_their_own() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let setup = Setup {
        authenticator: Some(tokens.authenticator()),
        bounds: Bounds {
            unauthenticated: 2,
            ..Bounds::default()
        },
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    // A client that is let in leaves that room.
    let mut inside = Vec::new();
    for _ in 0..5 {
        let mut client = server.client().await;
        client
            .ask(json!({ "action": "auth", "token": token }), "auth.response")
            .await;
        inside.push(client);
    }
    let mut outside = vec![server.client().await, server.client().await];
    // For one more, the oldest has to go.
    assert_eq!(status(server.address, "").await, Some(200));
    assert_eq!(outside.remove(0).close_code().await, Some(4004));
    counted(
        &server,
        "muxwire_refused_total{reason=\"unauthenticated\"} ",
        1,
    )
    .await;
    for client in &mut inside {
        client.ask(json!({ "action": "ping" }), "pong").await;
    }
    let mut entering = outside.pop().unwrap();
    entering
        .ask(json!({ "action": "auth", "token": token }), "auth.response")
        .await;
    assert_eq!(status(server.address, "").await, Some(200));
}

/// Says something and reads until the server closes.
async fn exchange(server: &TestServer, said: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = timeout(SOON, stream.read_to_end(&mut answer))
        .await
        .expect("it is closed");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn heads_are_bounded_in_size_number_and_time() {
    let http = HttpLimits {
        head_bytes: 8 << 10,
        headers: 20,
        head_timeout: Duration::from_millis(300),
        ..HttpLimits::default()
    };
    let server = bounded(Bounds {
        http,
        ..Bounds::default()
    })
    .await;
    let head = |more: &str| {
        format!(
            "GET /healthz HTTP/1.1\r\nhost: {}\r\n{more}\r\n",
            server.address
        )
    };
    let many: String = (0..30).map(|number| format!("x-{number}: y\r\n")).collect();
    let rows = [
        (
            head(&format!("x: {}\r\n", "y".repeat(10_000))),
            "HTTP/1.1 431",
            "head_bytes",
        ),
        (head(&many), "HTTP/1.1 431", "head_bytes"),
        // Half a head, and one that is idle after its answer.
        ("GET /healthz HT".to_owned(), "", "head_timeout"),
        (head(""), "HTTP/1.1 200", "head_timeout"),
    ];
    for (said, expected, _) in &rows {
        let answer = exchange(&server, said).await;
        let shown: String = said.chars().take(60).collect();
        assert!(answer.starts_with(expected), "{shown:?}: {answer:?}");
        assert!(
            !expected.is_empty() || answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer:?}"
        );
    }
    for reason in ["head_bytes", "head_timeout"] {
        counted(
            &server,
            &format!("muxwire_refused_total{{reason=\"{reason}\"}} "),
            2,
        )
        .await;
    }
}

#[tokio::test]
async fn a_connection_serves_http_for_so_long_and_a_websocket_longer() {
    let http = HttpLimits {
        lifetime: Duration::from_millis(300),
        ..HttpLimits::default()
    };
    let server = bounded(Bounds {
        http,
        ..Bounds::default()
    })
    .await;
    let mut client = server.client().await;
    let asks = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut answers = 0;
    let served = async {
        // It asks again and again, so it is never idle.
        loop {
            let mut buffer = [0; 4096];
            if stream.write_all(asks.as_bytes()).await.is_err() {
                return;
            }
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => answers += 1,
            }
        }
    };
    timeout(SOON, served).await.expect("it is closed");
    assert!(answers > 0);
    let pong: Value = client.ask(json!({ "action": "ping" }), "pong").await;
    assert_eq!(pong["type"], "pong");
}
