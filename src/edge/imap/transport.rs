//! The transport: name, address, connection, encryption (RFC 8305, RFC 8314, RFC 3501 §6.2.1).
//!
//! A credential never leaves before the certificate was verified.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rustix::io::Errno;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::Patience;
use super::failure::ImapFailure;
use super::line::{Command, Line};
use super::said::said;
use super::tls::{Trust, fault_of_handshake};
use super::tls_fault::TlsFault;
use super::wire::Wire;
use crate::domain::provider::Tls;
use crate::domain::seed::{IpFamily, Seed};

/// How long one address is tried alone before the next is tried beside it (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// How often it is tried again to get a file descriptor.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A connected, encrypted line to the seed's server, greeted.
pub(super) async fn dial(seed: &Seed, trust: &Trust, patience: Patience) -> Result<Line, ImapFailure> {
    let config = trust.config(&seed.host, seed.ca_file.as_deref())?;
    let addresses = resolve(seed, patience).await?;
    let stream = race(seed, addresses, patience).await?;
    match seed.tls {
        Tls::Implicit => {
            let mut line = Line::new(encrypt(seed, Box::new(stream), config, patience).await?, patience);
            line.greeting(&seed.host).await?;
            Ok(line)
        }
        Tls::StartTls => start_tls(seed, Box::new(stream), config, patience).await,
    }
}

/// The host's addresses, families in turn, IPv6 first.
async fn resolve(seed: &Seed, patience: Patience) -> Result<VecDeque<SocketAddr>, ImapFailure> {
    let host = seed.host.clone();
    let asked = timeout(patience.connect, look_up(&seed.host, seed.port)).await;
    let found = match asked {
        Err(_) => return Err(ImapFailure::Unresolved { host, why: "no answer in time".to_owned() }),
        Ok(Err(error)) if is_no_such_host(&error) => return Err(ImapFailure::NoSuchHost { host }),
        Ok(Err(error)) => return Err(ImapFailure::Unresolved { host, why: error.to_string() }),
        Ok(Ok(found)) => found,
    };
    let (v6, v4): (Vec<_>, Vec<_>) = found.into_iter().partition(SocketAddr::is_ipv6);
    let mut v6 = v6.into_iter().filter(|_| seed.ip == IpFamily::Any);
    let mut v4 = v4.into_iter();
    let mut addresses = VecDeque::new();
    loop {
        let pair = [v6.next(), v4.next()];
        if pair == [None, None] {
            break;
        }
        addresses.extend(pair.into_iter().flatten());
    }
    if addresses.is_empty() {
        return Err(ImapFailure::NotReached {
            host,
            port: seed.port,
            why: "it has no address of the wanted family".to_owned(),
        });
    }
    Ok(addresses)
}

async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    loop {
        match lookup_host((host, port)).await {
            Err(error) if lacks_descriptor(&error) => sleep(BETWEEN_TRIES).await,
            ended => return ended.map(Iterator::collect),
        }
    }
}

/// The C library tells an absence from a failed question by its words alone.
fn is_no_such_host(error: &io::Error) -> bool {
    let words = error.to_string().to_ascii_lowercase();
    ["not known", "no address associated", "does not resolve", "no such host"].iter().any(|sign| words.contains(sign))
}

/// The first connection that stands, all addresses within one budget.
async fn race(seed: &Seed, addresses: VecDeque<SocketAddr>, patience: Patience) -> Result<TcpStream, ImapFailure> {
    let not_reached = |why: String| ImapFailure::NotReached { host: seed.host.clone(), port: seed.port, why };
    match timeout(patience.connect, first_of(addresses)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(not_reached(error.to_string())),
        Err(_) => Err(not_reached("no connection in time".to_owned())),
    }
}

async fn first_of(mut addresses: VecDeque<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = addresses.pop_front() {
            attempts.push(connect(address));
        } else if attempts.is_empty() {
            return Err(last);
        }
        tokio::select! {
            Some(attempt) = attempts.next() => match attempt {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            },
            () = sleep(HEAD_START) => {}
        }
    }
}

/// Whether a file descriptor is lacking. Others of this process give theirs back, so that it is waited for; who waits for
/// the whole sets the limit.
fn lacks_descriptor(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    loop {
        match connect_once(address).await {
            Err(error) if lacks_descriptor(&error) => sleep(BETWEEN_TRIES).await,
            ended => return ended,
        }
    }
}

async fn connect_once(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    socket.set_keepalive(true)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

async fn encrypt(seed: &Seed, wire: Wire, config: Arc<ClientConfig>, patience: Patience) -> Result<Wire, ImapFailure> {
    let failed = |fault: TlsFault| ImapFailure::Tls { host: seed.host.clone(), fault };
    let name = ServerName::try_from(seed.host.clone()).map_err(|_| {
        failed(TlsFault::BadCertificate("the host's name is not one that a certificate can bear".to_owned()))
    })?;
    match timeout(patience.connect, TlsConnector::from(config).connect(name, wire)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(failed(fault_of_handshake(&error))),
        Err(_) => Err(failed(TlsFault::Stalled)),
    }
}

/// STARTTLS. Nothing but the greeting, the capabilities and the switch is said in the clear, and what the server said of
/// itself in the clear is forgotten.
async fn start_tls(
    seed: &Seed,
    wire: Wire,
    config: Arc<ClientConfig>,
    patience: Patience,
) -> Result<Line, ImapFailure> {
    let refused = |why: String| ImapFailure::StartTls { host: seed.host.clone(), why };
    let mut line = Line::new(wire, patience);
    line.greeting(&seed.host).await?;
    let mut ignore = |_: super::line::Event<'_>| Ok(());
    if line.capabilities().is_none() {
        line.flight("CAPABILITY", &[Command::new("CAPABILITY")?], &mut ignore).await?;
    }
    if !line.can("STARTTLS") {
        return Err(refused("it does not offer STARTTLS".to_owned()));
    }
    let replies = line.flight("STARTTLS", &[Command::new("STARTTLS")?], &mut ignore).await?;
    if let Some(reply) = replies.first().filter(|reply| !reply.is_ok()) {
        return Err(refused(format!("STARTTLS was refused: {}", said(&reply.text))));
    }
    let wire =
        line.into_wire().ok_or_else(|| refused("bytes were slipped in behind the answer to STARTTLS".to_owned()))?;
    Ok(Line::new(encrypt(seed, wire, config, patience).await?, patience))
}
