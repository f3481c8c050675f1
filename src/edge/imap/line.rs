//! The line: a flight of commands out, and responses in until each command has its own tagged answer.
//!
//! Success is our tag with OK and nothing else. NO, BAD, a foreign tag, BYE, the end of the stream and silence are kept
//! apart. All commands of a flight leave in one write (RFC 3501 §5.5 allows it).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use async_imap::Client;
use imap_proto::{Outcome, Response, ResponseCode, Status};
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use super::Patience;
use super::capability::Capabilities;
use super::failure::ImapFailure;
use super::frame::Limits;
use super::guard::{Fault, Guard};
use super::reply::{Reply, Verdict};
use super::said::said;
use super::wire::Wire;
use crate::edge::hidden::Hidden;

/// One command, without tag and line end. It never prints: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Command(Vec<u8>);

impl fmt::Debug for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.0.split(|&byte| byte == b' ').next().unwrap_or_default();
        write!(out, "Command({} …)", String::from_utf8_lossy(verb))
    }
}

impl Command {
    /// A command; refused if it could be read as two.
    pub(super) fn new(text: impl Into<Vec<u8>>) -> Result<Self, ImapFailure> {
        let text = text.into();
        if text.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(ImapFailure::Protocol {
                why: "a name or a password with a line break cannot be sent".to_owned(),
            });
        }
        Ok(Self(text))
    }
}

/// A quoted string (RFC 3501 §4.3).
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What happened during a flight.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// Untagged data.
    Data(&'a Response<'a>),
    /// The command with this index was answered.
    Done(usize, &'a Reply),
}

/// Takes the events of a flight in order; a failure ends the flight and the session.
pub(super) type Sink<'a> = &'a mut (dyn FnMut(Event<'_>) -> Result<(), ImapFailure> + Send);

/// Says what to answer to a request to go on, or that there is nothing left to say.
pub(super) type Answering<'a> = &'a mut (dyn FnMut(&str) -> Option<Command> + Send);

/// A connection on which commands are sent.
#[derive(Debug)]
pub(super) struct Line {
    client: Client<Guard>,
    patience: Patience,
    tags: u64,
    capabilities: Option<Capabilities>,
    hidden: Hidden,
}

impl Line {
    /// A line over this stream. Nothing is read yet.
    pub(super) fn new(wire: Wire, patience: Patience) -> Self {
        Self::with_limits(wire, patience, Limits::default())
    }

    /// A line that takes no more than this from the server.
    pub(super) fn with_limits(wire: Wire, patience: Patience, limits: Limits) -> Self {
        let client = Client::new(Guard::new(wire, limits));
        Self { client, patience, tags: 0, capabilities: None, hidden: Hidden::default() }
    }

    /// From now on none of this is repeated when the server says it back, in whatever it answers.
    pub(super) fn hide(&mut self, secret: &SecretString) {
        self.hidden.add(secret);
    }

    /// What the server last said that it can do; `None` while it said nothing.
    pub(super) fn capabilities(&self) -> Option<&Capabilities> {
        self.capabilities.as_ref()
    }

    /// Whether the server announced this.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.as_ref().is_some_and(|known| known.has(capability))
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.client.get_ref().session_bytes()
    }

    /// Reads the greeting (RFC 3501 §7.1).
    pub(super) async fn greeting(&mut self, host: &str) -> Result<(), ImapFailure> {
        let until = Instant::now() + self.patience.greeting;
        let read = timeout_at(until, self.client.read_response()).await;
        let response = match read {
            Err(_) => return Err(self.silence("greeting")),
            Ok(Ok(Some(response))) => response,
            Ok(Ok(None)) => return Err(self.lost()),
            Ok(Err(error)) => {
                let failure = Fault::of_error(&error);
                if let ImapFailure::Protocol { why } = failure {
                    return Err(ImapFailure::Greeting { host: host.to_owned(), said: why });
                }
                return Err(failure);
            }
        };
        let Response::Data { status, outcome } = response.parsed() else {
            return Err(ImapFailure::Greeting { host: host.to_owned(), said: "something else".to_owned() });
        };
        match status {
            Status::Ok => {
                self.capabilities = announced(outcome).or_else(|| self.capabilities.take());
                Ok(())
            }
            Status::PreAuth => Err(ImapFailure::PreAuth { host: host.to_owned() }),
            Status::Bye => Err(ImapFailure::bye(outcome.information.as_deref().unwrap_or_default())),
            Status::No | Status::Bad => {
                let text = outcome.information.as_deref().unwrap_or_default();
                Err(ImapFailure::Greeting { host: host.to_owned(), said: said(text) })
            }
        }
    }

    /// Sends commands in one write and reads until each is answered.
    pub(super) async fn flight(
        &mut self,
        what: &'static str,
        commands: &[Command],
        sink: Sink<'_>,
    ) -> Result<Vec<Reply>, ImapFailure> {
        self.converse(what, commands, VecDeque::new(), sink).await
    }

    /// A flight in which the server may ask on (`+`, RFC 3501 §7.5): it is given these lines one after the other, then
    /// an empty line once, as the error challenge of OAuth mechanisms wants it (RFC 7628 §3.2.3).
    pub(super) async fn converse(
        &mut self,
        what: &'static str,
        commands: &[Command],
        mut answers: VecDeque<Command>,
        sink: Sink<'_>,
    ) -> Result<Vec<Reply>, ImapFailure> {
        let mut empty = (!answers.is_empty()).then(|| Command(Vec::new()));
        let mut answer = |_: &str| answers.pop_front().or_else(|| empty.take());
        self.answering(what, commands, &mut answer, sink).await
    }

    /// A flight in which the server may ask on; what it asks decides what it is given.
    pub(super) async fn answering(
        &mut self,
        what: &'static str,
        commands: &[Command],
        answer: Answering<'_>,
        sink: Sink<'_>,
    ) -> Result<Vec<Reply>, ImapFailure> {
        let result = self.exchange(what, commands, answer, sink).await;
        let result = result.map_err(|failure| failure.reworded(|words| self.hidden.mask(words)));
        if let Err(failure) = &result {
            // Whatever comes now would be taken for the answer to something else.
            self.client.get_mut().poison(Fault::Broken(failure.to_string()));
        }
        result
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "foreign and open: all other data goes to the sink")]
    async fn exchange(
        &mut self,
        what: &'static str,
        commands: &[Command],
        answer: Answering<'_>,
        sink: Sink<'_>,
    ) -> Result<Vec<Reply>, ImapFailure> {
        let mut open = self.send(commands);
        let mut replies: BTreeMap<usize, Reply> = BTreeMap::new();
        let last = Instant::now() + self.patience.flight;
        let mut until = Instant::now() + self.patience.command;
        while !open.is_empty() {
            let read = timeout_at(until.min(last), self.client.read_response()).await;
            let response = match read {
                Err(_) => return Err(self.silence(what)),
                Ok(Err(error)) => return Err(Fault::of_error(&error)),
                Ok(Ok(None)) => return Err(self.lost()),
                Ok(Ok(Some(response))) => response,
            };
            match response.parsed() {
                Response::Done { tag, status, outcome } => {
                    let Some(index) = open.remove(&tag.0) else {
                        return Err(ImapFailure::Protocol {
                            why: format!("an answer to {}, which was not asked", said(&tag.0)),
                        });
                    };
                    let mut reply = reply_of(status, outcome)?;
                    self.hidden.mask(&mut reply.text);
                    if let Some(capabilities) = &reply.capabilities {
                        self.capabilities = Some(capabilities.clone());
                    }
                    sink(Event::Done(index, &reply))?;
                    replies.insert(index, reply);
                    until = Instant::now() + self.patience.command;
                }
                Response::Continue(asked) => {
                    let Some(Command(text)) = answer(asked.information.as_deref().unwrap_or_default()) else {
                        return Err(ImapFailure::Protocol {
                            why: "a request to go on, where nothing was left to say".to_owned(),
                        });
                    };
                    self.client.get_mut().queue(&text);
                    self.client.get_mut().queue(b"\r\n");
                }
                Response::Data { status: Status::Bye, outcome } => {
                    let mut text = outcome.information.as_deref().unwrap_or_default().to_owned();
                    self.hidden.mask(&mut text);
                    return Err(ImapFailure::bye(&text));
                }
                data => {
                    if let Some(capabilities) = untagged_capabilities(data) {
                        self.capabilities = Some(capabilities);
                    }
                    sink(Event::Data(data))?;
                }
            }
        }
        Ok(replies.into_values().collect())
    }

    /// Queues the commands; their tags with their indices.
    fn send(&mut self, commands: &[Command]) -> BTreeMap<String, usize> {
        let mut open = BTreeMap::new();
        let mut bytes = Vec::new();
        for (index, Command(text)) in commands.iter().enumerate() {
            self.tags = self.tags.saturating_add(1);
            let tag = format!("i{}", self.tags);
            bytes.extend_from_slice(tag.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(text);
            bytes.extend_from_slice(b"\r\n");
            open.insert(tag, index);
        }
        let guard = self.client.get_mut();
        guard.begin_flight();
        guard.queue(&bytes);
        open
    }

    fn silence(&self, what: &'static str) -> ImapFailure {
        ImapFailure::Timeout { what, silent: self.client.get_ref().flight_bytes() == 0 }
    }

    /// The library's reader was closed by an earlier error.
    fn lost(&self) -> ImapFailure {
        ImapFailure::Lost { why: format!("nothing more can be read after {} bytes", self.bytes()) }
    }

    /// Says LOGOUT and waits a little for the answer. It changes nothing that was read.
    pub(super) async fn logout(&mut self) {
        let Ok(command) = Command::new("LOGOUT") else { return };
        let patience: Duration = self.patience.logout;
        let mut ignore = |_: Event<'_>| Ok(());
        tokio::time::timeout(patience, self.flight("LOGOUT", &[command], &mut ignore)).await.ok();
    }

    /// The stream below, if nothing was read from it that nobody asked for.
    pub(super) fn into_wire(self) -> Option<Wire> {
        self.client.into_inner().into_wire()
    }
}

fn reply_of(status: &Status, outcome: &Outcome<'_>) -> Result<Reply, ImapFailure> {
    let verdict = match status {
        Status::Ok => Verdict::Ok,
        Status::No => Verdict::No,
        Status::Bad => Verdict::Bad,
        Status::PreAuth | Status::Bye => {
            return Err(ImapFailure::Protocol { why: "a tagged answer that is neither OK, NO nor BAD".to_owned() });
        }
    };
    let text = outcome.information.as_deref().unwrap_or_default().to_owned();
    Ok(Reply { verdict, text, capabilities: announced(outcome) })
}

fn announced(outcome: &Outcome<'_>) -> Option<Capabilities> {
    match &outcome.code {
        Some(ResponseCode::Capabilities(list)) => Some(Capabilities::of(list)),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "foreign and open: no other response tells capabilities")]
fn untagged_capabilities(response: &Response<'_>) -> Option<Capabilities> {
    match response {
        Response::Capabilities(list) => Some(Capabilities::of(list)),
        Response::Data { outcome, .. } => announced(outcome),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    fn line(buffer: usize, limits: Limits) -> (Line, DuplexStream) {
        let (ours, theirs) = duplex(buffer);
        let patience = Patience { command: Duration::from_millis(300), ..Patience::default() };
        (Line::with_limits(Box::new(ours), patience, limits), theirs)
    }

    async fn fly(line: &mut Line, commands: &[&str]) -> Result<Vec<Verdict>, ImapFailure> {
        let commands: Vec<Command> = commands.iter().map(|text| Command::new(*text).unwrap()).collect();
        let mut ignore = |_: Event<'_>| Ok(());
        let replies = line.flight("NOOP", &commands, &mut ignore).await?;
        Ok(replies.iter().map(|reply| reply.verdict).collect())
    }

    #[tokio::test]
    async fn each_command_needs_its_own_answer_in_whatever_order() {
        for (answer, expected) in [
            ("i2 NO b\r\ni1 OK a\r\n", Some([Verdict::Ok, Verdict::No])),
            ("* 3 EXISTS\r\ni1 BAD a\r\n\r\n* XNEW x\r\ni2 OK b\r\n", Some([Verdict::Bad, Verdict::Ok])),
            ("i1 OK a\ni2 OK b\n", Some([Verdict::Ok, Verdict::Ok])),
            ("i1 OK a\r\ni1 OK again\r\n", None),
            ("i1 OK a\r\ni3 OK c\r\n", None),
            ("i1 OK a\r\n", None),
            ("i1 OK a\r\n* BYE\r\n", None),
            ("i1 PREAUTH a\r\n", None),
            ("", None),
        ] {
            let (mut line, mut server) = line(4096, Limits::default());
            server.write_all(answer.as_bytes()).await.unwrap();
            let flown = fly(&mut line, &["NOOP", "NOOP"]).await;
            assert_eq!(flown.clone().ok(), expected.map(Vec::from), "{answer:?} {flown:?}");
            if expected.is_none() {
                // After a failure nothing is ever read as an answer again.
                server.write_all(b"i3 OK\r\ni4 OK\r\n").await.unwrap();
                assert!(matches!(fly(&mut line, &["NOOP"]).await, Err(ImapFailure::Lost { .. })), "{answer:?}");
            }
        }
    }

    #[tokio::test]
    async fn neither_side_waits_for_the_other_with_both_buffers_full() {
        let (mut line, server) = line(64, Limits::default());
        let (mut reader, mut writer) = tokio::io::split(server);
        let commands = vec!["EXAMINE \"a folder with quite a long name\""; 500];
        let answering = tokio::spawn(async move {
            for tag in 1..=500 {
                // It answers without having read: only then does it read one command.
                writer.write_all(format!("* {tag} EXISTS\r\ni{tag} OK [READ-ONLY] open\r\n").as_bytes()).await.unwrap();
                let mut byte = [0];
                while byte != *b"\n" {
                    reader.read_exact(&mut byte).await.unwrap();
                }
            }
        });
        assert_eq!(fly(&mut line, &commands).await.unwrap().len(), 500);
        answering.await.unwrap();
    }

    #[tokio::test]
    async fn floods_and_drips_come_to_an_end() {
        let limits = Limits { responses: 100, flight: 10_000, ..Limits::default() };
        for (piece, is_limit) in
            [("* 1 EXISTS\r\n", true), ("* OK xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", true)]
        {
            let (mut line, mut server) = line(1024, limits);
            let flood = tokio::spawn(async move { while server.write_all(piece.as_bytes()).await.is_ok() {} });
            let failure = fly(&mut line, &["NOOP"]).await.unwrap_err();
            assert_eq!(matches!(failure, ImapFailure::Limit { .. }), is_limit, "{failure}");
            drop(line);
            flood.await.unwrap();
        }
        // Each byte comes soon enough, the answer does not.
        let (mut line, mut server) = line(1024, Limits::default());
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let drip = tokio::spawn(async move {
            while server.write_all(b"*").await.is_ok() {
                ticks.tick().await;
            }
        });
        let failure = fly(&mut line, &["NOOP"]).await.unwrap_err();
        assert_eq!(failure, ImapFailure::Timeout { what: "NOOP", silent: false });
        drop(line);
        drip.await.unwrap();
    }

    #[test]
    fn no_argument_can_become_a_second_command() {
        for text in ["EXAMINE \"a\r\nx DELETE b\"", "A\nB", "A\rB", "A\0B"] {
            assert!(Command::new(text).is_err(), "{text:?}");
        }
        assert_eq!(quoted("Sp\"am\\x"), "\"Sp\\\"am\\\\x\"");
        assert!(!format!("{:?}", Command::new("LOGIN \"a\" \"secret\"").unwrap()).contains("secret"));
    }
}
