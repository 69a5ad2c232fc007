//! What clients say of where they come from, and whom the server believes.

use muxwire::network::{LOOPBACK, Network};
use muxwire::server::ListenOptions;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::figure;
use crate::support::SOON;
use crate::support::server::{Client, Setup, TestServer};

async fn server(proxies: &[Network], proxies_only: bool) -> TestServer {
    let listeners = ListenOptions {
        proxies: proxies.to_vec(),
        proxies_only,
        ..ListenOptions::default()
    };
    TestServer::start(Setup {
        listeners,
        ..Setup::default()
    })
    .await
}

#[tokio::test]
async fn an_address_is_believed_from_a_listed_proxy_only() {
    let elsewhere: Network = "10.0.0.7".parse().unwrap();
    let rows: [(&[Network], &str, bool); 4] = [
        (&LOOPBACK, "203.0.113.9", true),
        (&LOOPBACK, "garbage", false),
        (&[], "203.0.113.9", false),
        (&[elsewhere], "203.0.113.9", false),
    ];
    for (proxies, said, believed) in rows {
        let server = server(proxies, false).await;
        let mut request = format!("ws://{}/monitor", server.address)
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("x-forwarded-for", said.parse().unwrap());
        let mut client = Client::connect_with(server.address, request).await.unwrap();
        client.expect("hello").await;
        let stats = client.ask(json!({"action": "stats"}), "stats").await;
        let address = stats["client"]["address"].as_str().unwrap();
        assert_eq!(address == said, believed, "{proxies:?} {said:?}: {address}");
        assert_eq!(address.starts_with("127.0.0.1:"), !believed, "{address}");
    }
}

#[tokio::test]
async fn nobody_gets_past_the_proxies_that_let_people_in() {
    let elsewhere: Network = "10.0.0.7".parse().unwrap();
    for (proxies, may) in [(&LOOPBACK[..], true), (&[elsewhere][..], false)] {
        let server = server(proxies, true).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // It may be closed already.
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        // With nothing, or with a reset.
        let _ = timeout(SOON, stream.read_to_end(&mut answer))
            .await
            .expect("an end");
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), may, "{proxies:?}");
        assert_eq!(answer.is_empty(), !may, "{proxies:?}");
        let metrics = server.metrics.text().unwrap();
        let refused = figure(&metrics, "muxwire_refused_total{reason=\"not_a_proxy\"}");
        assert_eq!(refused == 0, may);
    }
}
