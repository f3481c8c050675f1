//! The wire of one connection: commands in, bytes out, in the clear or over TLS.
//!
//! It knows lines and literals (RFC 3501 §4.3, RFC 7888) and no command. It writes late: output is held back until the
//! client's next bytes are not there yet, so that the answers to pipelined commands travel together. Buffers are given
//! back between commands.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::unconstrained;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::journal::Entry;

/// The longest command the lab reads, literals included.
const LONGEST_COMMAND: usize = 64 * 1024;
/// How much output is held back at most.
const HELD_BACK: usize = 16 * 1024;

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client left, or the network broke.
    Gone,
    /// The server has said its last word and closes in good order.
    Close,
    /// FIN without `close_notify`.
    Cut,
    /// RST.
    Reset,
    /// Silence until the client leaves.
    Hang,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// What happens to the output at a certain byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// The connection ends so, before this byte.
    Stop(End),
    /// Its bits are inverted.
    Garble,
}

/// The connection below.
enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Between the two, or after the end.
    Neither,
}

/// One connection.
pub(super) struct Wire {
    stream: Stream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Whether anything was sent since the last round trip was counted.
    answered: bool,
    damage: Option<(usize, Damage)>,
    drip: Option<u32>,
    /// Its part of the journal.
    pub(super) entry: Entry,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream, entry: Entry) -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        Self { stream: Stream::Clear(tcp), input, output, answered: false, damage: None, drip: None, entry }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Serves the handshake. What the client sent before it in the clear is forgotten (RFC 3501 §6.2.1).
    pub(super) async fn start_tls(&mut self, config: Arc<ServerConfig>) -> Result<(), End> {
        self.flush().await?;
        self.input = Vec::new();
        let Stream::Clear(tcp) = std::mem::replace(&mut self.stream, Stream::Neither) else { return Err(End::Gone) };
        let tls = TlsAcceptor::from(config).accept(tcp).await?;
        self.stream = Stream::Tls(Box::new(tls));
        // The handshake was the server's last word: what comes next is a flight of its own.
        self.answered = true;
        Ok(())
    }

    /// The next command with its literals, without the CRLF at its end. `Err(Close)` if it is too long.
    pub(super) async fn command(&mut self) -> Result<Vec<u8>, End> {
        let mut end = 0;
        loop {
            let line_end = self.line_end(end).await?;
            let line = self.input.get(end..line_end).unwrap_or_default();
            let Some((length, waits)) = announced_literal(line) else {
                let mut command: Vec<u8> = self.input.drain(..line_end + 2).collect();
                command.truncate(line_end);
                if self.input.is_empty() {
                    self.input = Vec::new();
                }
                return Ok(command);
            };
            end = line_end + 2 + length;
            if end > LONGEST_COMMAND {
                return Err(End::Close);
            }
            if waits {
                self.write(b"+ Ready for additional command text\r\n").await?;
            }
            while self.input.len() < end {
                self.fill().await?;
            }
        }
    }

    /// The place of the next CRLF at or behind `from`.
    async fn line_end(&mut self, from: usize) -> Result<usize, End> {
        let mut seen = from;
        loop {
            let rest = self.input.get(seen..).unwrap_or_default();
            if let Some(found) = rest.windows(2).position(|pair| pair == b"\r\n") {
                return Ok(seen + found);
            }
            seen = self.input.len().saturating_sub(1).max(from);
            if self.input.len() > LONGEST_COMMAND {
                return Err(End::Close);
            }
            self.fill().await?;
        }
    }

    /// Waits a while for input; `false` if none came. Output is sent first.
    pub(super) async fn is_readable_within(&mut self, patience: Duration) -> Result<bool, End> {
        if self.input.is_empty() {
            match tokio::time::timeout(patience, self.fill()).await {
                Ok(filled) => filled?,
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Reads some bytes; sends the output first if there are none yet.
    async fn fill(&mut self) -> Result<(), End> {
        // Without the budget of cooperative scheduling, so that "not yet" always means that the client is silent.
        let at_once = unconstrained(poll_fn(|context| match self.poll_fill(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => Poll::Ready(None),
        }))
        .await;
        let read = if let Some(outcome) = at_once {
            outcome?
        } else {
            self.flush().await?;
            let read = poll_fn(|context| self.poll_fill(context)).await?;
            if read > 0 && std::mem::replace(&mut self.answered, false) {
                self.entry.round_trip();
            }
            read
        };
        self.entry.received(read);
        if read == 0 { Err(End::Gone) } else { Ok(()) }
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [0; 4096];
        let mut buffer = ReadBuf::new(&mut space);
        let polled = match &mut self.stream {
            Stream::Clear(tcp) => Pin::new(tcp).poll_read(context, &mut buffer),
            Stream::Tls(tls) => Pin::new(&mut **tls).poll_read(context, &mut buffer),
            Stream::Neither => Poll::Ready(Ok(())),
        };
        polled.map_ok(|()| {
            self.input.extend_from_slice(buffer.filled());
            buffer.filled().len()
        })
    }

    /// What is to happen `bytes` from here; `None` forgets what was.
    pub(super) fn damage(&mut self, damage: Option<(usize, Damage)>) {
        self.damage = damage;
    }

    /// Sends byte by byte from here; `None` at full speed again.
    pub(super) async fn drip(&mut self, per_second: Option<u32>) -> Result<(), End> {
        if self.drip != per_second {
            self.flush().await?;
            self.drip = per_second;
        }
        Ok(())
    }

    /// Sends, sooner or later.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let Some((left, damage)) = self.damage else { return self.push(bytes).await };
        match damage {
            Damage::Stop(end) if left <= bytes.len() => {
                self.push(bytes.get(..left).unwrap_or_default()).await?;
                self.flush().await?;
                return Err(end);
            }
            Damage::Garble if left < bytes.len() => {
                self.damage = None;
                let garbled = bytes.iter().enumerate().map(|(at, byte)| if at == left { !byte } else { *byte });
                return self.push(&garbled.collect::<Vec<u8>>()).await;
            }
            Damage::Stop(_) | Damage::Garble => self.damage = Some((left - bytes.len(), damage)),
        }
        self.push(bytes).await
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), End> {
        let Some(per_second) = self.drip else {
            if self.output.len() + bytes.len() > HELD_BACK {
                self.flush().await?;
            }
            self.output.extend_from_slice(bytes);
            return Ok(());
        };
        for byte in bytes {
            self.output.push(*byte);
            self.flush().await?;
            tokio::time::sleep(Duration::from_secs(1) / per_second.max(1)).await;
        }
        Ok(())
    }

    /// Sends now.
    pub(super) async fn flush(&mut self) -> Result<(), End> {
        if self.output.is_empty() {
            return Ok(());
        }
        let output = std::mem::take(&mut self.output);
        match &mut self.stream {
            Stream::Clear(tcp) => tcp.write_all(&output).await?,
            Stream::Tls(tls) => {
                tls.write_all(&output).await?;
                tls.flush().await?;
            }
            Stream::Neither => return Err(End::Gone),
        }
        self.entry.sent(output.len());
        self.answered = true;
        Ok(())
    }

    /// Ends the connection in this way.
    pub(super) async fn end(mut self, end: End) {
        match end {
            End::Hang => {
                if self.flush().await.is_ok() {
                    while self.fill().await.is_ok() {
                        self.input.clear();
                    }
                }
            }
            End::Gone => {}
            End::Close => {
                let _unheard = self.flush().await;
                self.entry.close();
                if let Stream::Tls(tls) = &mut self.stream {
                    let _unheard = tls.shutdown().await;
                }
                drain(self.into_tcp()).await;
            }
            End::Cut => {
                self.entry.close();
                drain(self.into_tcp()).await;
            }
            End::Reset => {
                if let Some(tcp) = self.into_tcp() {
                    let _harmless = tcp.set_zero_linger();
                }
            }
        }
    }

    fn into_tcp(self) -> Option<TcpStream> {
        match self.stream {
            Stream::Clear(tcp) => Some(tcp),
            Stream::Tls(tls) => Some(tls.into_inner().0),
            Stream::Neither => None,
        }
    }
}

/// Sends FIN and waits until the client has closed too: a socket closed with unread input would send RST instead.
async fn drain(tcp: Option<TcpStream>) {
    let Some(mut tcp) = tcp else { return };
    if tcp.shutdown().await.is_ok() {
        let mut space = [0; 512];
        while tcp.read(&mut space).await.is_ok_and(|read| read > 0) {}
    }
}

/// The length of the literal that a line announces at its end, and whether the client waits for leave to send it.
fn announced_literal(line: &[u8]) -> Option<(usize, bool)> {
    let inner = line.strip_suffix(b"}")?;
    let at = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = inner.get(at + 1..)?;
    let (digits, waits) = digits.strip_suffix(b"+").map_or((digits, true), |digits| (digits, false));
    Some((str::from_utf8(digits).ok()?.parse().ok()?, waits))
}

#[cfg(test)]
mod tests {
    use super::announced_literal;

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line_only() {
        for (line, announced) in [
            (&b"a LOGIN {4}"[..], Some((4, true))),
            (b"a LOGIN {4+}", Some((4, false))),
            (b"a LOGIN {0}", Some((0, true))),
            (b"a LOGIN {4} x", None),
            (b"a LOGIN {}", None),
            (b"a LOGIN {-1}", None),
            (b"a LOGIN 4}", None),
            (b"", None),
        ] {
            assert_eq!(announced_literal(line), announced);
        }
    }
}
