//! The wire of one SMTP connection: lines in, replies out, in the clear or over TLS.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The longest line that is read: far above what SES takes, so that SES's own limit is what a client meets.
const LONGEST_LINE: usize = 1024 * 1024;
/// The largest message, of 40 MB as SES sets it.
const LARGEST_MESSAGE: usize = 40 * 1024 * 1024;

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client left, or the network broke.
    Gone,
    /// The server closes in good order.
    Close,
    /// The server closes without a word: FIN, but no TLS `close_notify`.
    Cut,
    /// Silence until the client leaves.
    Hang,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Neither,
}

/// One connection.
pub(super) struct Wire {
    stream: Stream,
    input: Vec<u8>,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { stream: Stream::Clear(tcp), input: Vec::new() }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Serves the handshake. What the client sent before it in the clear is forgotten (RFC 3207 §4.2).
    pub(super) async fn start_tls(&mut self, config: Arc<ServerConfig>) -> Result<(), End> {
        self.input.clear();
        let Stream::Clear(tcp) = std::mem::replace(&mut self.stream, Stream::Neither) else { return Err(End::Gone) };
        self.stream = Stream::Tls(Box::new(TlsAcceptor::from(config).accept(tcp).await?));
        Ok(())
    }

    /// The next line without its end.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, End> {
        let mut seen = 0;
        loop {
            let rest = self.input.get(seen..).unwrap_or_default();
            if let Some(found) = rest.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.input.drain(..=seen + found).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            seen = self.input.len();
            if seen > LONGEST_LINE {
                return Err(End::Close);
            }
            self.fill().await?;
        }
    }

    /// The lines up to the one with a single dot, the stuffed dots taken away (RFC 5321 §4.5.2).
    pub(super) async fn message(&mut self) -> Result<Vec<u8>, End> {
        let mut message = Vec::new();
        loop {
            let line = self.line().await?;
            if line == b"." {
                return Ok(message);
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            message.extend_from_slice(b"\r\n");
            if message.len() > LARGEST_MESSAGE {
                return Err(End::Close);
            }
        }
    }

    async fn fill(&mut self) -> Result<(), End> {
        let count = match &mut self.stream {
            Stream::Clear(tcp) => tcp.read_buf(&mut self.input).await?,
            Stream::Tls(tls) => tls.read_buf(&mut self.input).await?,
            Stream::Neither => 0,
        };
        if count == 0 { Err(End::Gone) } else { Ok(()) }
    }

    /// Sends one reply, its line end added.
    pub(super) async fn reply(&mut self, text: &str) -> Result<(), End> {
        let bytes = format!("{text}\r\n");
        match &mut self.stream {
            Stream::Clear(tcp) => tcp.write_all(bytes.as_bytes()).await?,
            Stream::Tls(tls) => {
                tls.write_all(bytes.as_bytes()).await?;
                tls.flush().await?;
            }
            Stream::Neither => return Err(End::Gone),
        }
        Ok(())
    }

    /// Ends the connection as told.
    pub(super) async fn end(mut self, end: End) {
        match end {
            End::Gone | End::Cut => {}
            End::Close => {
                let _already_gone = match &mut self.stream {
                    Stream::Clear(tcp) => tcp.shutdown().await,
                    Stream::Tls(tls) => tls.shutdown().await,
                    Stream::Neither => Ok(()),
                };
            }
            End::Hang => {
                while self.fill().await.is_ok() {
                    self.input.clear();
                }
            }
        }
    }
}
