//! One connection from greeting to goodbye: reads commands, lets faults strike, answers.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::answer::{Answer, Then};
use super::command::{Argument, Command, redacted};
use super::wire::{End, Wire};
use super::{Shared, manners};
use crate::lab::fault::{Action, Occasion, Strike, Verb};
use crate::lab::mailbox::{Account, Character, Folder, MessageId};

/// How often an idle session looks for new mail, in real time.
const IDLE_LOOK: Duration = Duration::from_millis(100);

/// How often a session that holds an answer back looks whether it may go, in real time.
const HOLD_LOOK: Duration = Duration::from_millis(10);

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) login: String,
    /// Their mailbox.
    pub(super) address: String,
}

/// The folder that is open, as the client has been told of it (RFC 3501 §5.2).
#[derive(Debug)]
pub(super) struct Open {
    pub(super) folder: String,
    pub(super) read_only: bool,
    pub(super) uid_validity: u32,
    /// UID and message behind each message number, in order.
    pub(super) rows: Vec<(u32, MessageId)>,
}

/// One connection.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) shared: Arc<Shared>,
    pub(super) owner: Option<Owner>,
    pub(super) open: Option<Open>,
    tag_before: String,
}

/// Serves a connection to its end.
pub(super) async fn serve(tcp: TcpStream, shared: Arc<Shared>, implicit: bool) {
    let entry = shared.journal.open(&shared.settings.name, shared.mailboxes.clock().now());
    let wire = Wire::new(tcp, entry);
    let mut session = Session { wire, shared, owner: None, open: None, tag_before: "A0000".to_owned() };
    let end = match session.converse(implicit).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    session.wire.end(end).await;
}

impl Session {
    async fn converse(&mut self, implicit: bool) -> Result<Infallible, End> {
        if implicit {
            self.handshake().await?;
        }
        let greeting = manners::greeting(self.character(), &self.capabilities());
        let strike = self.strike(Verb::Greeting, None, None);
        self.say("*", Answer::ok(greeting), strike).await?;
        loop {
            let raw = match self.wire.command().await {
                Err(End::Close) => {
                    self.wire.write(b"* BYE Command line too long\r\n").await?;
                    return Err(End::Close);
                }
                read => read?,
            };
            self.obey(&raw).await?;
        }
    }

    async fn handshake(&mut self) -> Result<(), End> {
        match self.strike(Verb::Handshake, None, None).map(|strike| strike.action) {
            None => self.wire.start_tls(self.shared.identity.tls()).await,
            Some(Action::Raw(garbage)) => {
                self.wire.write(&garbage).await?;
                Err(End::Close)
            }
            Some(Action::Reset) => Err(End::Reset),
            Some(Action::Hang) => Err(End::Hang),
            Some(_) => Err(End::Cut),
        }
    }

    async fn obey(&mut self, raw: &[u8]) -> Result<(), End> {
        let parsed = Command::parse(raw);
        self.wire.entry.command(redacted(raw, parsed.as_ref()));
        let command = match parsed {
            Ok(command) => command,
            Err(nonsense) => {
                let line = format!("{} BAD {}\r\n", nonsense.tag, nonsense.why);
                return self.wire.write(line.as_bytes()).await;
            }
        };
        if command.verb == Verb::Authenticate {
            self.authenticate(&command).await?;
        } else if command.verb == Verb::Idle {
            self.idle(&command).await?;
        } else {
            let names_folder = matches!(command.verb, Verb::Examine | Verb::Select | Verb::Status);
            let login = argument_text(&command, 0).filter(|_| command.verb == Verb::Login);
            let folder = argument_text(&command, 0).filter(|_| names_folder);
            let strike = self.strike(command.verb, login, folder);
            let answer = self.carry_out_unless(strike.as_ref(), &command);
            self.say(&command.tag, answer, strike).await?;
        }
        self.tag_before = command.tag;
        Ok(())
    }

    /// Carries out the command, unless the fault takes its place.
    fn carry_out_unless(&mut self, strike: Option<&Strike>, command: &Command) -> Answer {
        if strike.is_some_and(|strike| strike.action.replaces_the_command()) {
            if matches!(command.verb, Verb::Examine | Verb::Select) {
                self.open = None;
            }
            return Answer::ok("");
        }
        self.answer(command)
    }

    fn answer(&mut self, command: &Command) -> Answer {
        let needs_owner = matches!(command.verb, Verb::List | Verb::Status | Verb::Examine | Verb::Select);
        let needs_folder = matches!(command.verb, Verb::Fetch | Verb::Search | Verb::Close | Verb::Unselect);
        if self.owner.is_none() && (needs_owner || needs_folder || command.verb == Verb::Write) {
            return Answer::bad("Command received in invalid state: sign in first");
        }
        if self.open.is_none() && needs_folder {
            return Answer::bad("Command received in invalid state: no mailbox is open");
        }
        match command.verb {
            Verb::Capability => {
                let mut answer = self.done(command);
                answer.line(format!("CAPABILITY {}", self.capabilities()));
                answer
            }
            Verb::StartTls => self.start_tls(),
            Verb::Login => self.login(command),
            Verb::Id => self.identify(command),
            Verb::Namespace => {
                let mut answer = self.done(command);
                answer.line("NAMESPACE ((\"\" \"/\")) NIL NIL");
                answer
            }
            Verb::List => self.list(command),
            Verb::Status => self.status(command),
            Verb::Examine | Verb::Select => self.open_folder(command),
            Verb::Fetch => self.fetch(command),
            Verb::Search => self.search(command),
            Verb::Noop => {
                let mut answer = self.done(command);
                self.refresh(&mut answer, true);
                answer
            }
            Verb::Unselect | Verb::Close => self.close(command),
            Verb::Logout => {
                let mut answer = self.done(command);
                answer.line("BYE Logging out");
                answer.then = Then::Close;
                answer
            }
            Verb::Write => self.sin(command),
            Verb::Any | Verb::Handshake | Verb::Greeting | Verb::Authenticate | Verb::Idle => {
                Answer::bad("Unknown command")
            }
        }
    }

    fn start_tls(&self) -> Answer {
        if self.wire.is_encrypted() {
            return Answer::bad("TLS is already on");
        }
        let mut answer = Answer::ok("Begin TLS negotiation now");
        answer.then = Then::StartTls;
        answer
    }

    fn identify(&self, command: &Command) -> Answer {
        match command.arguments.as_slice() {
            [Argument::List(pairs)] if pairs.len().is_multiple_of(2) => {}
            [nil] if nil.is_word("NIL") => {}
            _ => return Answer::bad("Could not parse command"),
        }
        let mut answer = self.done(command);
        answer.line(format!("ID (\"name\" \"inboxed lab\" \"vendor\" \"{}\")", self.character().word()));
        answer
    }

    /// IDLE (RFC 2177): tells of new mail until the client says DONE.
    async fn idle(&mut self, command: &Command) -> Result<(), End> {
        let strike = self.strike(Verb::Idle, None, None);
        if strike.as_ref().is_some_and(|strike| strike.action.replaces_the_command()) {
            return self.say(&command.tag, Answer::ok(""), strike).await;
        }
        if self.owner.is_none() || !command.arguments.is_empty() {
            return self.say(&command.tag, Answer::bad("Could not parse command"), strike).await;
        }
        self.wire.write(b"+ idling\r\n").await?;
        self.wire.flush().await?;
        while !self.wire.is_readable_within(IDLE_LOOK).await? {
            let mut answer = Answer::ok("");
            self.refresh(&mut answer, true);
            answer.send_data(&mut self.wire).await?;
            self.wire.flush().await?;
            if answer.then == Then::Close {
                return Err(End::Close);
            }
        }
        let said = self.wire.command().await?;
        self.wire.entry.command(String::from_utf8_lossy(&said).into_owned());
        let done = said.eq_ignore_ascii_case(b"DONE");
        let answer = if done { self.done(command) } else { Answer::bad("Expected DONE") };
        self.say(&command.tag, answer, strike).await
    }

    /// Sends an answer and does what follows from it.
    pub(super) async fn say(&mut self, tag: &str, answer: Answer, strike: Option<Strike>) -> Result<(), End> {
        if strike.as_ref().is_some_and(|strike| strike.action == Action::Hold) {
            while !self.shared.faults.is_released() {
                tokio::time::sleep(HOLD_LOOK).await;
            }
        }
        match answer.send(&mut self.wire, tag, &self.tag_before, strike).await? {
            Then::GoOn => Ok(()),
            Then::Close => Err(End::Close),
            Then::StartTls => {
                self.wire.flush().await?;
                self.handshake().await
            }
        }
    }

    /// Whether a fault strikes now. Without a login or folder of its own the command is the owner's, in the open folder.
    pub(super) fn strike(&self, command: Verb, login: Option<&str>, folder: Option<&str>) -> Option<Strike> {
        let owner = self.owner.as_ref().map(|owner| owner.login.as_str());
        let open = self.open.as_ref().map(|open| open.folder.as_str());
        let (login, folder) = (login.or(owner), folder.or(open));
        self.shared.faults.strike(&Occasion { command, server: &self.shared.settings.name, login, folder })
    }

    pub(super) fn character(&self) -> Character {
        self.shared.settings.character
    }

    pub(super) fn capabilities(&self) -> String {
        let limit = self.shared.settings.message_limit;
        manners::capabilities(self.character(), self.wire.is_encrypted(), self.owner.is_some(), limit)
    }

    pub(super) fn done(&self, command: &Command) -> Answer {
        Answer::ok(manners::done(self.character(), &command.name))
    }

    /// Works on the owner's mailbox; `None` if nobody is signed in or the mailbox was closed.
    pub(super) fn with_account<T>(&self, work: impl FnOnce(&mut Account) -> T) -> Option<T> {
        let owner = self.owner.as_ref()?;
        self.shared.mailboxes.change(&owner.address, work).ok()
    }

    /// Works on the open folder.
    pub(super) fn with_folder<T>(&self, work: impl FnOnce(&mut Folder) -> T) -> Option<T> {
        let open = self.open.as_ref()?;
        self.with_account(|account| account.folder_mut(&open.folder).map(work)).flatten()
    }

    /// Tells the client what happened in the open folder since it was last told. Without `expunges` only what arrived:
    /// message numbers stay as they are during FETCH, STORE and SEARCH (RFC 3501 §5.5, §7.4.1).
    pub(super) fn refresh(&mut self, answer: &mut Answer, expunges: bool) {
        let found = self.with_folder(|folder| (folder.uid_validity, rows(folder)));
        let Some(open) = &mut self.open else { return };
        let Some((_, now)) = found.filter(|(uid_validity, _)| *uid_validity == open.uid_validity) else {
            answer.line("BYE The mailbox was removed or built anew");
            answer.then = Then::Close;
            return;
        };
        if expunges {
            let left: BTreeSet<_> = now.iter().collect();
            let gone = |row: &(u32, MessageId)| !left.contains(row);
            for (index, _) in open.rows.iter().enumerate().rev().filter(|(_, row)| gone(row)) {
                answer.line(format!("{} EXPUNGE", index + 1));
            }
            open.rows.retain(|row| !gone(row));
        }
        let known: BTreeSet<_> = open.rows.iter().copied().collect();
        let before = open.rows.len();
        open.rows.extend(now.into_iter().filter(|row| !known.contains(row)));
        if open.rows.len() > before {
            answer.line(format!("{} EXISTS", open.rows.len()));
        }
    }
}

/// UID and message of each copy in a folder.
pub(super) fn rows(folder: &Folder) -> Vec<(u32, MessageId)> {
    folder.copies.iter().map(|copy| (copy.uid, copy.id)).collect()
}

/// What the argument at this place says, if it says anything.
pub(super) fn argument_text(command: &Command, at: usize) -> Option<&str> {
    command.arguments.get(at).and_then(Argument::text)
}
