//! A server with tokens, and a browser as far as the server sees it.

use muxwire::auth::{AuthSettings, Authenticator};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;

/// A page that may connect, and is not the server's own.
pub const LISTED: &str = "https://dash.example";

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The cookie that the browser is to keep, as it sends it.
    pub fn cookie(&self) -> String {
        let set = self
            .header("set-cookie")
            .unwrap_or_else(|| panic!("{self:?}"));
        set.split(';').next().unwrap().to_owned()
    }
}

/// A server with tokens.
pub struct Stage {
    pub server: TestServer,
    pub authenticator: Authenticator,
}

impl Stage {
    pub async fn new(tokens: &Tokens) -> Self {
        Self::with(tokens, AuthSettings::default(), Setup::default()).await
    }

    pub async fn with(tokens: &Tokens, settings: AuthSettings, setup: Setup) -> Self {
        let authenticator = tokens.with(settings);
        let server = TestServer::start(Setup {
            authenticator: Some(authenticator.clone()),
            allowed_origins: vec![LISTED.parse().unwrap()],
            ..setup
        })
        .await;
        Self {
            server,
            authenticator,
        }
    }

    /// The origin of the server's own pages.
    pub fn own(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The header that says of which page a request is; none for none.
    pub fn lines(origin: Option<&str>, cookie: &str) -> String {
        let origin = origin.map_or_else(String::new, |origin| format!("origin: {origin}\r\n"));
        match cookie {
            "" => origin,
            _ => format!("{origin}cookie: a=b; {cookie}; c=d\r\n"),
        }
    }

    /// Shows a code or a token, from a page of this server.
    pub async fn show(&self, proof: &Value) -> Answer {
        let lines = Self::lines(Some(&self.own()), "");
        let proof = proof.to_string();
        Answer::read(&self.server.post("/api/session", &lines, &proof).await)
    }

    /// Comes in with a token; the cookie.
    pub async fn come_in(&self, token: &str) -> String {
        let answer = self.show(&json!({ "token": token })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.cookie()
    }

    /// What a browser with this cookie gets.
    pub async fn ask(&self, method: &str, path: &str, cookie: &str) -> Answer {
        let lines = Self::lines(Some(&self.own()), cookie);
        Answer::read(&self.server.http(method, path, &lines).await)
    }

    pub async fn status(&self, cookie: &str) -> u16 {
        self.ask("GET", "/api/session", cookie).await.status
    }

    /// A WebSocket that a page of this origin opens with this cookie; the status of the refusal if it is refused.
    pub async fn socket(&self, origin: Option<&str>, cookie: &str) -> Result<Client, u16> {
        let address = self.server.address;
        let request = format!("ws://{address}/monitor");
        let mut request = request.into_client_request().unwrap();
        let headers = request.headers_mut();
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        if !cookie.is_empty() {
            headers.insert("cookie", cookie.parse().unwrap());
        }
        Client::connect_with(address, request).await
    }

    /// One that is let in by its cookie.
    pub async fn open(&self, cookie: &str) -> Client {
        let mut client = self.socket(Some(&self.own()), cookie).await.ok().unwrap();
        let hello = client.expect("hello").await;
        assert_eq!(hello["auth_required"], false, "{hello}");
        client.expect("auth.response").await;
        client
    }
}
