//! An SMTP server on loopback with a certificate of its own that answers, or fails to, as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{SHORT, SmtpSender, SmtpSettings, Tls};
use crate::edge::certified::certified;

/// Where in a dialogue the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    PlainGreeting,
    PlainEhlo,
    StartTls,
    Greeting,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    Dot,
}

/// What it does there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// What a server in good order does.
    Go,
    /// Answers with these lines.
    Say(&'static str),
    /// Answers with these octets and closes.
    Cut(&'static str),
    Close,
    Hang,
}

/// What the server has seen so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The number of this connection, from 1.
    pub(super) connection: usize,
    /// Complete messages on all connections.
    pub(super) messages: usize,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Received {
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) text: Vec<u8>,
}

type Script = dyn Fn(Seen, Step) -> Act + Send + Sync;

struct State {
    script: Box<Script>,
    connections: AtomicUsize,
    messages: Mutex<Vec<Received>>,
    lines: Mutex<Vec<String>>,
}

pub(super) struct Server {
    port: u16,
    tls: Tls,
    ca: tempfile::NamedTempFile,
    state: Arc<State>,
}

impl Server {
    pub(super) async fn new(tls: Tls, script: impl Fn(Seen, Step) -> Act + Send + Sync + 'static) -> Self {
        let (acceptor, pem) = certified("localhost");
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), pem).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            script: Box::new(script),
            connections: AtomicUsize::new(0),
            messages: Mutex::default(),
            lines: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
                let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(async move {
                    let dialogue = Dialogue { state: shared, connection };
                    dialogue.run(tcp, tls, &acceptor).await
                });
            }
        });
        Self { port, tls, ca, state }
    }

    pub(super) fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: self.port,
            tls: self.tls,
            user: "AKIDEXAMPLE".to_owned(),
            secret: SecretString::from("s3cret"),
            ca_file: Some(self.ca.path().to_owned()),
            region: Some("eu-central-1".to_owned()),
        }
    }

    pub(super) fn sender(&self) -> SmtpSender {
        SmtpSender::new(self.settings()).with_patience(SHORT)
    }

    pub(super) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    pub(super) fn messages(&self) -> Vec<Received> {
        self.state.messages.lock().unwrap().clone()
    }

    /// Every command that was read.
    pub(super) fn lines(&self) -> Vec<String> {
        self.state.lines.lock().unwrap().clone()
    }
}

struct Dialogue {
    state: Arc<State>,
    connection: usize,
}

impl Dialogue {
    /// `None` ends the connection.
    async fn run(&self, mut tcp: TcpStream, tls: Tls, acceptor: &TlsAcceptor) -> Option<()> {
        if tls == Tls::StartTls {
            let mut plain = BufReader::new(&mut tcp);
            self.answer(&mut plain, Step::PlainGreeting, "220 here").await?;
            self.line(&mut plain).await?;
            self.answer(&mut plain, Step::PlainEhlo, "250-here\r\n250-STARTTLS\r\n250 Ok").await?;
            self.line(&mut plain).await?;
            self.answer(&mut plain, Step::StartTls, "220 go").await?;
        }
        let mut stream = BufReader::new(acceptor.accept(tcp).await.ok()?);
        if tls == Tls::Implicit {
            self.answer(&mut stream, Step::Greeting, "220 here").await?;
        }
        let mut received = Received::default();
        loop {
            let line = self.line(&mut stream).await?;
            match line.split([' ', ':']).next()? {
                "EHLO" => {
                    self.answer(&mut stream, Step::Ehlo, "250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN").await?;
                }
                "AUTH" => self.answer(&mut stream, Step::Auth, "235 welcome").await?,
                "MAIL" => {
                    received = Received { sender: line, ..Received::default() };
                    self.answer(&mut stream, Step::Mail, "250 Ok").await?;
                }
                "RCPT" => {
                    received.recipients.push(line);
                    self.answer(&mut stream, Step::Rcpt, "250 Ok").await?;
                }
                "DATA" => {
                    self.answer(&mut stream, Step::Data, "354 go on").await?;
                    received.text = self.text(&mut stream).await?;
                    self.state.messages.lock().unwrap().push(received.clone());
                    self.answer(&mut stream, Step::Dot, "250 Ok 0107019aa-b-000000").await?;
                }
                "QUIT" => return None,
                _ => self.say(&mut stream, "500 what").await?,
            }
        }
    }

    fn act(&self, step: Step) -> Act {
        let seen = Seen { connection: self.connection, messages: self.state.messages.lock().unwrap().len() };
        (self.state.script)(seen, step)
    }

    async fn answer(&self, stream: &mut (impl AsyncWrite + Unpin), step: Step, usual: &str) -> Option<()> {
        match self.act(step) {
            Act::Go => self.say(stream, usual).await,
            Act::Say(lines) => self.say(stream, lines).await,
            Act::Cut(octets) => {
                stream.write_all(octets.as_bytes()).await.ok()?;
                stream.flush().await.ok()?;
                None
            }
            Act::Close => None,
            Act::Hang => std::future::pending().await,
        }
    }

    async fn say(&self, stream: &mut (impl AsyncWrite + Unpin), lines: &str) -> Option<()> {
        stream.write_all(format!("{lines}\r\n").as_bytes()).await.ok()?;
        stream.flush().await.ok()
    }

    async fn line(&self, stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
        let mut line = String::new();
        let octets = stream.read_line(&mut line).await.ok()?;
        let line = line.trim_end().to_owned();
        self.state.lines.lock().unwrap().push(line.clone());
        (octets > 0).then_some(line)
    }

    /// The message up to the dot, as it was before its dots were doubled.
    async fn text(&self, stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
        if matches!(self.act(Step::Body), Act::Close) {
            stream.read_u8().await.ok()?;
            return None;
        }
        let mut text = Vec::new();
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
                return None;
            }
            if line == b".\r\n" {
                return Some(text);
            }
            text.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}
