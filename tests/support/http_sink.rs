//! A real HTTP server on a loopback address, which answers as a test wants it and keeps what it got.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Got {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Got {
    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

/// The server. It answers each connection once, by the answers in their order; the last one stays.
pub struct HttpSink {
    pub port: u16,
    pub got: mpsc::UnboundedReceiver<Got>,
    task: JoinHandle<()>,
}

/// What a server answers; an empty one is none at all, and the connection stays open.
pub const SILENCE: &str = "";

pub fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n{headers}\r\n")
}

impl HttpSink {
    pub async fn start(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (to, got) = mpsc::unbounded_channel();
        let answers = answers.to_vec();
        let open = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let answer = answers[number.min(answers.len() - 1)].clone();
                let (to, open) = (to.clone(), Arc::clone(&open));
                tokio::spawn(async move {
                    let request = read(&mut stream).await;
                    // The client may hang up in the middle of a long answer.
                    drop(stream.write_all(answer.as_bytes()).await);
                    drop(to.send(request));
                    if answer.is_empty() {
                        open.lock().unwrap().push(stream);
                    }
                });
            }
        });
        Self { port, got, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub async fn next(&mut self) -> Got {
        let next = tokio::time::timeout(super::SOON, self.got.recv());
        next.await.expect("a request comes").unwrap()
    }
}

impl Drop for HttpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut TcpStream) -> Got {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let line = lines.next().unwrap().to_owned();
            let header = |line: &str| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_owned(), value.to_owned())
            };
            let got = Got {
                line,
                headers: lines.map(header).collect(),
                body: body.to_owned(),
            };
            let length: usize = got.header("content-length").parse().unwrap();
            if got.body.len() >= length {
                return got;
            }
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "the request ends too soon: {text}");
        bytes.extend_from_slice(&piece[..count]);
    }
}
