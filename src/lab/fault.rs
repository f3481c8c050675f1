//! Faults: what an IMAP server of the lab shall do wrong, to whom, at which command and how often.
//!
//! Rules are looked at in the order in which they were added; the first that fits is used up by one and decides. A rule
//! never changes what the mailboxes hold.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::turns::Turns;

/// The commands that a rule can wait for, and the two moments before the first command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Whatever the client says; not the handshake and not the greeting.
    Any,
    /// The TLS handshake of a new connection (or after STARTTLS), before the server's first byte.
    Handshake,
    /// The server's greeting.
    Greeting,
    /// CAPABILITY.
    Capability,
    /// STARTTLS.
    StartTls,
    /// LOGIN.
    Login,
    /// AUTHENTICATE.
    Authenticate,
    /// ID.
    Id,
    /// NAMESPACE.
    Namespace,
    /// LIST.
    List,
    /// STATUS.
    Status,
    /// EXAMINE.
    Examine,
    /// SELECT.
    Select,
    /// FETCH and UID FETCH.
    Fetch,
    /// SEARCH and UID SEARCH.
    Search,
    /// NOOP and CHECK.
    Noop,
    /// IDLE.
    Idle,
    /// UNSELECT.
    Unselect,
    /// CLOSE.
    Close,
    /// LOGOUT.
    Logout,
    /// Everything that could change the mailbox: STORE, COPY, MOVE, EXPUNGE, APPEND and the like.
    Write,
}

/// What the server does instead of, or to, its answer.
///
/// In [`Action::Raw`], [`Action::RawBefore`] and [`Action::RawAfter`], `<tag>` stands for the command's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Refuses with NO and this text; the command is not carried out.
    No(String),
    /// Refuses with BAD and this text; the command is not carried out.
    Bad(String),
    /// Says BYE with this text and closes the connection in good order.
    Bye(String),
    /// Closes the connection without a word: FIN, but no TLS `close_notify`.
    Cut,
    /// Resets the connection.
    Reset,
    /// Says nothing more and keeps the connection open.
    Hang,
    /// Does what it is asked and holds the answer back until [`Faults::release`].
    Hold,
    /// Answers under a tag that nobody used.
    WrongTag,
    /// Answers under the tag of the command before.
    StaleTag,
    /// Says OK and leaves out all data.
    OkWithoutData,
    /// Gives the data, and this text after the OK.
    OkWithText(String),
    /// Sends these bytes instead of the answer; the command is not carried out.
    Raw(Vec<u8>),
    /// Sends these bytes, then the answer.
    RawBefore(Vec<u8>),
    /// Sends these bytes after the answer, in the same flight. After STARTTLS they are in the clear.
    RawAfter(Vec<u8>),
    /// Sends so many bytes of the answer, then as [`Action::Cut`].
    CutAfterBytes(usize),
    /// Sends so many bytes of the answer, then as [`Action::Reset`].
    ResetAfterBytes(usize),
    /// Sends so many bytes of the answer, then as [`Action::Hang`].
    HangAfterBytes(usize),
    /// Inverts the bits of one byte of the answer, counted from 0.
    GarbleAt(usize),
    /// Sends the answer byte by byte, at this many bytes for each second of real time.
    DripBytes {
        /// The pace; 0 counts as 1.
        per_second: u32,
    },
    /// Announces a literal of so many bytes in a FETCH, sends 1 KiB of it and then hangs.
    HugeLiteral(u64),
    /// Sends a FETCH with so many open parentheses (and as many closed), then the answer.
    DeepParens(usize),
    /// Sends so many untagged lines without meaning, then the answer.
    Flood(usize),
}

impl Action {
    /// What Outlook says when it has had enough of a client.
    pub fn outlook_throttle(milliseconds: u32) -> Self {
        Self::No(format!("Request is throttled. Suggested Backoff Time: {milliseconds} milliseconds"))
    }

    /// Whether the server does this without carrying out the command.
    pub(super) fn replaces_the_command(&self) -> bool {
        match self {
            Self::No(_)
            | Self::Bad(_)
            | Self::Bye(_)
            | Self::Cut
            | Self::Reset
            | Self::Hang
            | Self::Raw(_)
            | Self::HugeLiteral(_) => true,
            Self::Hold
            | Self::WrongTag
            | Self::StaleTag
            | Self::OkWithoutData
            | Self::OkWithText(_)
            | Self::RawBefore(_)
            | Self::RawAfter(_)
            | Self::CutAfterBytes(_)
            | Self::ResetAfterBytes(_)
            | Self::HangAfterBytes(_)
            | Self::GarbleAt(_)
            | Self::DripBytes { .. }
            | Self::DeepParens(_)
            | Self::Flood(_) => false,
        }
    }
}

/// When a server misbehaves, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    command: Verb,
    action: Action,
    server: Option<String>,
    login: Option<String>,
    folder: Option<String>,
    turns: Turns,
    lasts: bool,
}

impl Rule {
    /// Each time this command comes, on any server and in any mailbox.
    pub fn on(command: Verb, action: Action) -> Self {
        Self { command, action, server: None, login: None, folder: None, turns: Turns::default(), lasts: false }
    }

    /// Only on the server of this name.
    #[must_use]
    pub fn at_server(mut self, name: &str) -> Self {
        self.server = Some(name.to_owned());
        self
    }

    /// Only for whoever signs in or is signed in with this login. Never true before LOGIN or AUTHENTICATE.
    #[must_use]
    pub fn for_login(mut self, login: &str) -> Self {
        self.login = Some(login.to_owned());
        self
    }

    /// Only for this folder (its name on the wire): the one named, or the one that is open.
    #[must_use]
    pub fn in_folder(mut self, name: &str) -> Self {
        self.folder = Some(name.to_owned());
        self
    }

    /// Not the first `count` times.
    #[must_use]
    pub fn after(mut self, count: u32) -> Self {
        self.turns.skip(count);
        self
    }

    /// Only `count` times.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.turns.limit(count);
        self
    }

    /// Once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Counts bytes through all that the server says from here to the end of the connection, not through one answer
    /// only: of use with the actions that count bytes, and with the drip.
    #[must_use]
    pub fn for_the_rest_of_the_session(mut self) -> Self {
        self.lasts = true;
        self
    }

    fn fits(&self, occasion: &Occasion<'_>) -> bool {
        let early = matches!(occasion.command, Verb::Handshake | Verb::Greeting);
        let command = self.command == occasion.command || (self.command == Verb::Any && !early);
        let server = self.server.as_deref().is_none_or(|server| server == occasion.server);
        let login = self.login.as_deref().is_none_or(|login| occasion.login == Some(login));
        let folder = self.folder.as_deref().is_none_or(|folder| {
            let inbox = folder.eq_ignore_ascii_case("INBOX");
            occasion.folder.is_some_and(|other| other == folder || (inbox && other.eq_ignore_ascii_case(folder)))
        });
        command && server && login && folder
    }
}

/// What is happening when a fault may strike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) command: Verb,
    pub(super) server: &'a str,
    pub(super) login: Option<&'a str>,
    pub(super) folder: Option<&'a str>,
}

/// A fault that strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strike {
    pub(super) action: Action,
    /// Whether it goes on to the end of the connection.
    pub(super) lasts: bool,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    strikes: u64,
    released: bool,
}

/// The rules in force. Clones are the same rules.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

impl Faults {
    /// No rules: servers behave.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule behind those there are.
    pub fn add(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    /// Takes back every rule.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// Lets every answer go that is held back, and holds none any more.
    pub fn release(&self) {
        self.lock().released = true;
    }

    pub(super) fn is_released(&self) -> bool {
        self.lock().released
    }

    /// How often a rule has struck so far: a test of a fault makes sure that the fault happened.
    pub fn strikes(&self) -> u64 {
        self.lock().strikes
    }

    pub(super) fn strike(&self, occasion: &Occasion<'_>) -> Option<Strike> {
        let mut state = self.lock();
        for rule in &mut state.rules {
            if !rule.fits(occasion) || !rule.turns.comes() {
                continue;
            }
            let strike = Strike { action: rule.action.clone(), lasts: rule.lasts };
            state.strikes += 1;
            return Some(strike);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occasion(command: Verb, folder: Option<&'static str>) -> Occasion<'static> {
        Occasion { command, server: "gmail", login: Some("anna"), folder }
    }

    #[test]
    fn a_rule_strikes_at_its_command_and_folder_and_mailbox_only() {
        let rule = || Rule::on(Verb::Fetch, Action::Hang).for_login("anna").in_folder("INBOX").at_server("gmail");
        let fetch = occasion(Verb::Fetch, Some("Inbox"));
        for (name, occasion, strikes) in [
            ("fits, INBOX in any case", fetch, true),
            ("another folder", occasion(Verb::Fetch, Some("Spam")), false),
            ("no folder", occasion(Verb::Fetch, None), false),
            ("another command", occasion(Verb::Search, Some("INBOX")), false),
            ("another server", Occasion { server: "yahoo", ..fetch }, false),
            ("another login", Occasion { login: Some("bert"), ..fetch }, false),
            ("nobody yet", Occasion { login: None, ..fetch }, false),
        ] {
            let faults = Faults::new();
            faults.add(rule());
            assert_eq!(faults.strike(&occasion).is_some(), strikes, "{name}");
            assert_eq!(faults.strikes(), u64::from(strikes), "{name}");
        }
    }

    #[test]
    fn skipped_and_limited_strikes_are_counted() {
        let faults = Faults::new();
        faults.add(Rule::on(Verb::Noop, Action::Cut).after(2).times(1));
        let struck: Vec<bool> = (0..5).map(|_| faults.strike(&occasion(Verb::Noop, None)).is_some()).collect();
        assert_eq!(struck, [false, false, true, false, false]);
    }

    #[test]
    fn any_command_is_neither_the_greeting_nor_the_handshake() {
        let faults = Faults::new();
        faults.add(Rule::on(Verb::Any, Action::Cut));
        for (command, strikes) in [(Verb::Greeting, false), (Verb::Handshake, false), (Verb::Logout, true)] {
            assert_eq!(faults.strike(&occasion(command, None)).is_some(), strikes, "{command:?}");
        }
    }
}
