//! LOGIN and AUTHENTICATE: PLAIN (RFC 4616) and XOAUTH2, with or without an initial response (RFC 4959).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::Answer;
use super::command::Command;
use super::manners;
use super::session::{Owner, Session, argument_text};
use super::wire::End;
use crate::lab::fault::Verb;

/// What XOAUTH2 says of a token it does not take.
const TOKEN_REFUSED: &[u8] = br#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#;

/// Who somebody claims to be, and what they prove it with.
enum Claim {
    Password { login: String, password: String },
    Token { login: String, token: String },
}

impl Claim {
    fn login(&self) -> &str {
        match self {
            Self::Password { login, .. } | Self::Token { login, .. } => login,
        }
    }
}

impl Session {
    pub(super) fn login(&mut self, command: &Command) -> Answer {
        let (Some(login), Some(password), 2) =
            (argument_text(command, 0), argument_text(command, 1), command.arguments.len())
        else {
            return Answer::bad("Could not parse command");
        };
        self.admit(command, &Claim::Password { login: login.to_owned(), password: password.to_owned() })
    }

    pub(super) async fn authenticate(&mut self, command: &Command) -> Result<(), End> {
        let mechanism = argument_text(command, 0).unwrap_or_default().to_ascii_uppercase();
        let known = matches!(mechanism.as_str(), "PLAIN" | "XOAUTH2") && command.arguments.len() <= 2;
        let response = match argument_text(command, 1) {
            Some(initial) => initial.as_bytes().to_vec(),
            None if known => {
                self.wire.write(b"+ \r\n").await?;
                self.wire.command().await?
            }
            None => Vec::new(),
        };
        let claim = if mechanism == "PLAIN" { plain(&response) } else { xoauth2(&response) };
        let strike = self.strike(Verb::Authenticate, claim.as_ref().map(Claim::login), None);
        if strike.as_ref().is_some_and(|strike| strike.action.replaces_the_command()) {
            return self.say(&command.tag, Answer::ok(""), strike).await;
        }
        let answer = match claim {
            _ if !known => Answer::no("Unsupported authentication mechanism"),
            None => Answer::bad("Invalid SASL argument"),
            Some(claim) => {
                let answer = self.admit(command, &claim);
                if matches!(claim, Claim::Token { .. }) && !answer.is_ok() {
                    self.wire.write(format!("+ {}\r\n", STANDARD.encode(TOKEN_REFUSED)).as_bytes()).await?;
                    self.wire.command().await?;
                }
                answer
            }
        };
        self.say(&command.tag, answer, strike).await
    }

    /// Lets somebody in, or not.
    fn admit(&mut self, command: &Command, claim: &Claim) -> Answer {
        if self.owner.is_some() {
            return Answer::bad("Already signed in");
        }
        if !self.wire.is_encrypted() {
            self.wire.entry.sin(format!("{} {} in the clear", command.tag, command.name));
            return Answer::no("[PRIVACYREQUIRED] Signing in is not allowed without TLS");
        }
        let (mailboxes, character) = (&self.shared.mailboxes, self.character());
        let now = mailboxes.clock().now();
        let address = match claim {
            Claim::Password { login, password } => mailboxes.by_password(character, login, password),
            Claim::Token { login, token } => mailboxes.by_token(character, login, token),
        };
        let login = claim.login();
        let Some(address) = address else {
            self.wire.entry.refused(login, now);
            return Answer::no(manners::refusal(character, &command.name));
        };
        if !self.wire.entry.sign_in(login, now, self.shared.settings.max_sessions) {
            return Answer::no("[ALERT] Too many simultaneous connections. (Failure)");
        }
        self.owner = Some(Owner { login: login.to_owned(), address });
        let capabilities = self.capabilities();
        let mut answer = Answer::ok(manners::welcome(character, &command.name, login, &capabilities));
        if character == crate::lab::mailbox::Character::Gmail {
            answer.line(format!("CAPABILITY {capabilities}"));
        }
        answer
    }
}

/// `authorization NUL authentication NUL password`, in base64.
fn plain(response: &[u8]) -> Option<Claim> {
    let decoded = String::from_utf8(STANDARD.decode(response).ok()?).ok()?;
    let mut parts = decoded.split('\0');
    let (_, login, password, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    Some(Claim::Password { login: login.to_owned(), password: password.to_owned() })
}

/// `user=… ^A auth=Bearer … ^A ^A`, in base64.
fn xoauth2(response: &[u8]) -> Option<Claim> {
    let decoded = String::from_utf8(STANDARD.decode(response).ok()?).ok()?;
    let (user, bearer) = decoded.strip_suffix("\x01\x01")?.split_once('\x01')?;
    let (login, token) = (user.strip_prefix("user=")?, bearer.strip_prefix("auth=Bearer ")?);
    Some(Claim::Token { login: login.to_owned(), token: token.to_owned() })
}
