//! The SMTP door of an SES account: submission over TLS on loopback (RFC 5321, RFC 6409).
//!
//! Two ports, as SES has them: TLS from the first byte, and STARTTLS. Nothing is taken without TLS and AUTH, and one
//! message has one recipient. It relays nothing: what it takes goes to whoever the account delivers to.

mod session;
mod wire;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::LabError;
use super::ses::SesAccount;

/// A submission server, until it is dropped; then its ports and connections close.
#[derive(Debug)]
pub struct SmtpServer {
    port: u16,
    starttls_port: u16,
    listening: [JoinHandle<()>; 2],
}

impl SmtpServer {
    /// Listens on two free ports of 127.0.0.1, in the runtime of the caller.
    pub async fn start(account: SesAccount, tls: Arc<ServerConfig>) -> Result<Self, LabError> {
        let (implicit, starttls) = (listener().await?, listener().await?);
        let port = implicit.local_addr().map_err(LabError::Listen)?.port();
        let starttls_port = starttls.local_addr().map_err(LabError::Listen)?.port();
        let listening = [
            tokio::spawn(serve(implicit, account.clone(), Arc::clone(&tls), true)),
            tokio::spawn(serve(starttls, account, tls, false)),
        ];
        Ok(Self { port, starttls_port, listening })
    }

    /// The port with TLS from the first byte, as 465 of SES.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port that begins in the clear and offers STARTTLS, as 587 of SES.
    pub fn starttls_port(&self) -> u16 {
        self.starttls_port
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.listening.iter().for_each(JoinHandle::abort);
    }
}

async fn listener() -> Result<TcpListener, LabError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(LabError::Listen)
}

async fn serve(listener: TcpListener, account: SesAccount, tls: Arc<ServerConfig>, implicit: bool) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((tcp, _)) => {
                let _harmless = tcp.set_nodelay(true);
                connections.spawn(session::serve(tcp, account.clone(), Arc::clone(&tls), implicit));
            }
            // Out of file descriptors: the clients that are there will give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

#[cfg(test)]
mod tests;
