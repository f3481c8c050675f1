//! Enough HTTP/1.1 (RFC 9112) for one request to a local server, and for reading one as that server.

use std::io::{BufRead, Read, Write as _};
use std::net::TcpStream;

/// A request, as far as a test looks at it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
    /// Whether the client wants the connection to end with the answer.
    pub(super) is_last: bool,
}

impl Request {
    /// The next request on a connection, `None` at its end.
    pub(super) fn read(stream: &mut impl BufRead) -> Option<Self> {
        let mut start = String::new();
        stream.read_line(&mut start).ok()?;
        let mut words = start.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (mut length, mut is_last) = (0, false);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "connection" => is_last = value.trim().eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        Some(Self { method, path, body, is_last })
    }
}

/// Sends one request to a server on loopback and returns the status and the body of its answer.
pub(super) fn exchange(port: u16, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // moto tells services and regions apart by the scope of the signature, and checks no more of it.
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/ses/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
