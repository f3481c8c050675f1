//! SES on loopback: an account, and the API through which it is asked to send.
//!
//! It knows the operations that the program uses, answers everything else as an unknown one, and checks that a request
//! is signed but not whether the signature is right.

pub mod account;
mod answer;
mod api;
mod delivered;
pub mod fault;
mod identity;
pub mod journal;
pub(in crate::lab) mod message;
pub(in crate::lab) mod noise;
pub(in crate::lab) mod refusal;
mod settings;

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::LabError;
pub use account::{Accepted, Deliver, SesAccount};
pub use fault::{Rule, SesFault, SesFaults, SmtpFault, SmtpFaults, SmtpStep};
pub use identity::{Identity, MailFrom, dkim_tokens};
pub use journal::{Call, Operation, SesJournal, SmtpSession};
pub use settings::{Returned, SesSettings};

/// The API's endpoint, until it is dropped; then its port and connections close.
#[derive(Debug)]
pub struct SesServer {
    port: u16,
    listening: JoinHandle<()>,
}

impl SesServer {
    /// Listens on a free port of 127.0.0.1, in the runtime of the caller.
    pub async fn start(account: SesAccount) -> Result<Self, LabError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(LabError::Listen)?;
        let port = listener.local_addr().map_err(LabError::Listen)?.port();
        Ok(Self { port, listening: tokio::spawn(serve(listener, account)) })
    }

    /// For `endpoint_url`.
    pub fn endpoint_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for SesServer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(listener: TcpListener, account: SesAccount) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((tcp, _)) => {
                let _harmless = tcp.set_nodelay(true);
                connections.spawn(api::serve(tcp, account.clone()));
            }
            // Out of file descriptors: the clients that are there will give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

#[cfg(test)]
mod tests;
