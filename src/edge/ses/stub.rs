//! An HTTP server on loopback that notes what it is asked and answers, or fails to, as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Patience;

/// Short enough for a test that waits it out.
pub(super) const SHORT: Patience = Patience {
    connect: Duration::from_millis(200),
    attempt: Duration::from_millis(600),
    pause: Duration::from_millis(1),
};

/// What the server does with one request that it has read in full.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Answers with status, error type and body.
    Answer(u16, Option<&'static str>, String),
    /// Answers in single octets.
    Drip(String),
    /// Answers, and closes the connection without having said so.
    AnswerAndClose(String),
    /// Closes without an answer.
    Close,
    /// Resets the connection.
    Reset,
    /// Closes within the body.
    Cut,
    /// Keeps the connection and says nothing.
    Hang,
}

impl Act {
    pub(super) fn ok(body: &str) -> Self {
        Self::Answer(200, None, body.to_owned())
    }

    pub(super) fn error(status: u16, kind: &'static str) -> Self {
        Self::Answer(status, Some(kind), r#"{"message":"told"}"#.to_owned())
    }
}

/// One request as read.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Method and path with query.
    pub(super) line: String,
    pub(super) head: String,
    pub(super) body: String,
}

/// The server; it ends with the test's runtime.
pub(super) struct Stub {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    /// `answer` is given the request and how many came before it.
    pub(super) async fn new(answer: impl Fn(&Request, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (answer, noted) = (Arc::new(answer), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                tokio::spawn(async move { serve(stream, &noted, &*answer).await });
            }
        });
        Self { url, requests }
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, noted: &Mutex<Vec<Request>>, answer: &(impl Fn(&Request, usize) -> Act + Sync)) {
    while let Some(request) = read(&mut stream).await {
        let before = {
            let mut noted = noted.lock().unwrap();
            noted.push(request.clone());
            noted.len() - 1
        };
        match answer(&request, before) {
            Act::Answer(status, kind, body) => {
                let kind = kind.map(|kind| format!("x-amzn-errortype: {kind}\r\n")).unwrap_or_default();
                let head = format!("HTTP/1.1 {status} Told\r\n{kind}content-length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.ok();
            }
            Act::Drip(body) => {
                for octet in format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).bytes() {
                    stream.write_all(&[octet]).await.ok();
                    tokio::task::yield_now().await;
                }
            }
            Act::AnswerAndClose(body) => {
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.ok();
                return;
            }
            Act::Close => return,
            Act::Reset => {
                stream.set_zero_linger().ok();
                return;
            }
            Act::Cut => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"MessageId\":\"0100\"").await.ok();
                return;
            }
            Act::Hang => std::future::pending().await,
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut octets = Vec::new();
    let head_end = loop {
        if let Some(at) = octets.windows(4).position(|run| run == b"\r\n\r\n") {
            break at + 4;
        }
        octets.push(stream.read_u8().await.ok()?);
    };
    let head = String::from_utf8(octets[..head_end].to_vec()).ok()?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|text| text.trim().to_owned()))
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    Some(Request { line, head, body: String::from_utf8_lossy(&body).into_owned() })
}
