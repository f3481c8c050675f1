//! The encrypted connection to the SMTP interface, up to the point where the SMTP dialogue begins.
//!
//! There is no way to send in the clear. STARTTLS is spoken here and not by lettre, whose reading buffer would carry
//! plaintext that someone put behind the server's answer over into the encrypted session: here not one octet is read
//! ahead (RFC 3207 §4.2 and §6). Certificates are verified by the system, or by one file of authorities.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{chain, one_line};
use crate::domain::provider::Tls;

/// Longest reply before encryption that is read.
const LONGEST_REPLY: usize = 8 * 1024;

/// An encrypted connection that counts what it was given to send.
#[derive(Debug)]
pub(super) struct Channel {
    stream: TlsStream<TcpStream>,
    /// A reply that was read before encryption and is read again from here: the server greets once only, and lettre
    /// waits for a greeting.
    greeting: io::Cursor<Vec<u8>>,
    written: Arc<AtomicUsize>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Closed {
    /// It may work later.
    Unreachable(String),
    /// It will not work with these settings.
    Misconfigured(String),
}

impl Channel {
    /// Connects and encrypts. The caller sets the deadline.
    pub(super) async fn open(
        host: &str,
        port: u16,
        tls: Tls,
        trust: &Arc<rustls::ClientConfig>,
    ) -> Result<Self, Closed> {
        let unreachable = |what: &str, error: &(dyn std::error::Error + 'static)| {
            Closed::Unreachable(format!("{what} {host}:{port}: {}", chain(error)))
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            Closed::Misconfigured(format!("{host:?} is no host name; correct host under [stream.smtp]"))
        })?;
        let mut tcp = TcpStream::connect((host, port)).await.map_err(|error| unreachable("connect to", &error))?;
        // Without it the last small packet of a message may wait for the server's acknowledgement.
        tcp.set_nodelay(true).map_err(|error| unreachable("connect to", &error))?;
        let greeting = match tls {
            Tls::Implicit => Vec::new(),
            Tls::StartTls => start_tls(&mut tcp, host).await?,
        };
        let connector = TlsConnector::from(Arc::clone(trust));
        let stream = connector.connect(name, tcp).await.map_err(|error| unreachable("start TLS with", &error))?;
        Ok(Self { stream, greeting: io::Cursor::new(greeting), written: Arc::default() })
    }

    /// How many octets were given to the connection so far.
    pub(super) fn written(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.written)
    }
}

/// Whom to trust: the authorities in a PEM file, or whom the system trusts.
pub(super) fn trust(ca_file: Option<&Path>) -> Result<Arc<rustls::ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("prepare TLS: {error}"))?;
    let config = match ca_file {
        None => config.with_platform_verifier().map_err(|error| format!("prepare TLS: {error}"))?,
        Some(path) => {
            let fault = |what: String| format!("read the authorities in {}: {what}; give a PEM file", path.display());
            let mut roots = rustls::RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fault(error.to_string()))? {
                let certificate = certificate.map_err(|error| fault(error.to_string()))?;
                roots.add(certificate).map_err(|error| fault(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(fault("there is none".to_owned()));
            }
            config.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

/// Greeting, EHLO, STARTTLS; gives the last reply.
async fn start_tls(tcp: &mut TcpStream, host: &str) -> Result<Vec<u8>, Closed> {
    expect(reply(tcp).await, b"220", host, "its greeting")?;
    say(tcp, b"EHLO [127.0.0.1]\r\n", host).await?;
    let offer = expect(reply(tcp).await, b"250", host, "EHLO")?;
    let offers = offer
        .split(|octet| *octet == b'\n')
        .any(|line| line.get(4..).is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"STARTTLS")));
    if !offers {
        let why = format!("{host} does not offer STARTTLS; set tls = \"implicit\" and port 465, or correct the port");
        return Err(Closed::Misconfigured(why));
    }
    say(tcp, b"STARTTLS\r\n", host).await?;
    expect(reply(tcp).await, b"220", host, "STARTTLS")
}

async fn say(tcp: &mut TcpStream, line: &[u8], host: &str) -> Result<(), Closed> {
    tcp.write_all(line).await.map_err(|error| Closed::Unreachable(format!("talk to {host}: {error}")))
}

fn expect(reply: io::Result<Vec<u8>>, code: &[u8], host: &str, to: &str) -> Result<Vec<u8>, Closed> {
    let reply = reply.map_err(|error| Closed::Unreachable(format!("wait for {host} to answer {to}: {error}")))?;
    if reply.starts_with(code) {
        return Ok(reply);
    }
    let words = one_line(&String::from_utf8_lossy(&reply));
    Err(Closed::Unreachable(format!("{host} answered {to} with {words:?}")))
}

/// One reply (RFC 5321 §4.2), octet by octet so that nothing behind it is read.
async fn reply(tcp: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut reply = Vec::new();
    let mut line_start = 0;
    while reply.len() < LONGEST_REPLY {
        reply.push(tcp.read_u8().await?);
        if !reply.ends_with(b"\r\n") {
            continue;
        }
        if reply.get(line_start..).and_then(|line| line.get(3)) != Some(&b'-') {
            return Ok(reply);
        }
        line_start = reply.len();
    }
    Err(io::Error::other("a reply without end"))
}

impl AsyncRead for Channel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.greeting).poll_read(cx, buf) {
            Poll::Ready(Ok(())) if buf.filled().len() == before => Pin::new(&mut self.stream).poll_read(cx, buf),
            done @ (Poll::Ready(_) | Poll::Pending) => done,
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(octets)) = &taken {
            self.written.fetch_add(*octets, Ordering::SeqCst);
        }
        taken
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Channel {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}
