//! One SMTP connection: commands in the order in which they came, each answered once, as SES words it.

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use tokio::net::TcpStream;

use super::wire::{End, Wire};
use crate::lab::ses::account::Submission;
use crate::lab::ses::refusal::Refusal;
use crate::lab::ses::{SesAccount, SmtpFault, SmtpSession, SmtpStep};

const HOST: &str = "email-smtp.amazonaws.com";
const AUTH_FIRST: &str = "530 Authentication required";
const BAD_ORDER: &str = "503 Error: bad sequence of commands";
const BAD_SYNTAX: &str = "501 Invalid parameters";

/// One connection.
struct Session {
    wire: Wire,
    account: SesAccount,
    tls: Arc<ServerConfig>,
    number: usize,
    greeted: bool,
    signed_in: bool,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// Serves a connection to its end.
pub(super) async fn serve(tcp: TcpStream, account: SesAccount, tls: Arc<ServerConfig>, implicit: bool) {
    let number = account.journal().smtp_connected();
    let (wire, recipients) = (Wire::new(tcp), Vec::new());
    let mut session =
        Session { wire, account, tls, number, greeted: false, signed_in: false, sender: None, recipients };
    let end = match session.converse(implicit).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    session.wire.end(end).await;
}

impl Session {
    async fn converse(&mut self, implicit: bool) -> Result<Infallible, End> {
        if implicit {
            self.start_tls().await?;
        }
        self.say(SmtpStep::Connect, async |_| format!("220 {HOST} ESMTP SimpleEmailService-lab")).await?;
        loop {
            let line = self.wire.line().await?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            if verb != "AUTH" {
                self.journal(|session| session.commands.push(line.clone()));
            }
            self.obey(&verb, rest.trim()).await?;
        }
    }

    async fn obey(&mut self, verb: &str, rest: &str) -> Result<(), End> {
        match verb {
            "EHLO" | "HELO" => self.say(SmtpStep::Ehlo, async |session| session.hello(verb)).await,
            "STARTTLS" => self.upgrade().await,
            "AUTH" => self.authenticate(rest).await,
            "MAIL" => self.say(SmtpStep::Mail, async |session| session.mail(rest)).await,
            "RCPT" => {
                // The rule for a recipient looks at whom this command names.
                let named = path_in(rest, "TO:");
                let fault = self.account.smtp_faults().strike(&SmtpStep::Rcpt, named.as_deref());
                self.say_or(fault, async |session| session.rcpt(named)).await
            }
            "DATA" => self.data().await,
            "RSET" => {
                self.forget();
                self.wire.reply("250 Ok").await
            }
            "NOOP" => self.wire.reply("250 Ok").await,
            "QUIT" => {
                self.say(SmtpStep::Quit, async |_| "221 Bye".to_owned()).await?;
                Err(End::Close)
            }
            _ => self.wire.reply("502 Command not implemented").await,
        }
    }

    /// Gives the proper reply, unless a fault takes its place.
    async fn say(&mut self, step: SmtpStep, proper: impl AsyncFnOnce(&mut Self) -> String) -> Result<(), End> {
        let fault = self.account.smtp_faults().strike(&step, self.recipients.first().map(String::as_str));
        self.say_or(fault, proper).await
    }

    async fn say_or(
        &mut self,
        fault: Option<SmtpFault>,
        proper: impl AsyncFnOnce(&mut Self) -> String,
    ) -> Result<(), End> {
        match fault {
            None | Some(SmtpFault::OkWithoutId) => {}
            Some(SmtpFault::Slow(pause)) => tokio::time::sleep(pause).await,
            Some(SmtpFault::Reply(text)) => return self.say_instead(&text).await,
            Some(SmtpFault::Close { .. }) => return Err(End::Cut),
            Some(SmtpFault::Hang { .. }) => return Err(End::Hang),
        }
        let reply = proper(self).await;
        self.wire.reply(&reply).await
    }

    async fn say_instead(&mut self, text: &str) -> Result<(), End> {
        self.wire.reply(text).await?;
        if text.starts_with("421") { Err(End::Close) } else { Ok(()) }
    }

    fn hello(&mut self, verb: &str) -> String {
        self.greeted = true;
        self.forget();
        if verb == "HELO" {
            return format!("250 {HOST}");
        }
        let offered = if self.wire.is_encrypted() { "AUTH PLAIN LOGIN" } else { "STARTTLS" };
        format!("250-{HOST}\r\n250-8BITMIME\r\n250-{offered}\r\n250 Ok")
    }

    async fn upgrade(&mut self) -> Result<(), End> {
        if self.wire.is_encrypted() {
            return self.wire.reply("503 Error: TLS already active").await;
        }
        let faults = self.account.smtp_faults();
        match faults.strike(&SmtpStep::StartTls, None) {
            Some(SmtpFault::Reply(text)) => return self.say_instead(&text).await,
            fault => self.say_or(fault, async |_| "220 Ready to start TLS".to_owned()).await?,
        }
        self.start_tls().await?;
        self.greeted = false;
        self.forget();
        Ok(())
    }

    async fn start_tls(&mut self) -> Result<(), End> {
        self.wire.start_tls(Arc::clone(&self.tls)).await?;
        self.journal(|session| session.encrypted = true);
        Ok(())
    }

    /// PLAIN (RFC 4616) and LOGIN, with or without an initial response (RFC 4954 §4).
    async fn authenticate(&mut self, rest: &str) -> Result<(), End> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let mechanism = mechanism.to_ascii_uppercase();
        self.journal(|session| session.commands.push(format!("AUTH {mechanism} ***")));
        if !self.wire.is_encrypted() {
            return self.wire.reply("530 Must issue a STARTTLS command first").await;
        }
        if !self.greeted || self.signed_in {
            return self.wire.reply(BAD_ORDER).await;
        }
        let credentials = match mechanism.as_str() {
            "PLAIN" => {
                let text = self.response(initial, "334 ").await?;
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            "LOGIN" => {
                let user = self.response(initial, "334 VXNlcm5hbWU6").await?;
                Some((user, self.response("", "334 UGFzc3dvcmQ6").await?))
            }
            _ => return self.wire.reply("504 Unrecognized authentication type").await,
        };
        let settings = self.account.settings();
        let right = credentials == Some((settings.smtp_user.clone(), settings.smtp_password));
        self.say(SmtpStep::Auth, async |session| {
            session.signed_in = right;
            if right {
                session.journal(|entry| entry.user = Some(settings.smtp_user));
                return "235 Authentication successful.".to_owned();
            }
            "535 Authentication Credentials Invalid".to_owned()
        })
        .await
    }

    async fn response(&mut self, initial: &str, challenge: &str) -> Result<String, End> {
        let coded = if initial.is_empty() {
            self.wire.reply(challenge).await?;
            self.wire.line().await?
        } else {
            initial.as_bytes().to_vec()
        };
        Ok(String::from_utf8_lossy(&STANDARD.decode(coded).unwrap_or_default()).into_owned())
    }

    fn mail(&mut self, rest: &str) -> String {
        if !self.signed_in {
            return AUTH_FIRST.to_owned();
        }
        if self.sender.is_some() {
            return BAD_ORDER.to_owned();
        }
        match path_in(rest, "FROM:") {
            Some(sender) => {
                self.sender = Some(sender);
                "250 Ok".to_owned()
            }
            None => BAD_SYNTAX.to_owned(),
        }
    }

    fn rcpt(&mut self, named: Option<String>) -> String {
        if !self.signed_in {
            return AUTH_FIRST.to_owned();
        }
        if self.sender.is_none() {
            return BAD_ORDER.to_owned();
        }
        match named.filter(|address| address.contains('@')) {
            Some(recipient) => {
                self.recipients.push(recipient);
                "250 Ok".to_owned()
            }
            None => BAD_SYNTAX.to_owned(),
        }
    }

    async fn data(&mut self) -> Result<(), End> {
        if self.recipients.is_empty() {
            return self.wire.reply(if self.signed_in { BAD_ORDER } else { AUTH_FIRST }).await;
        }
        let faults = self.account.smtp_faults().clone();
        let recipient = self.recipients.first().cloned();
        match faults.strike(&SmtpStep::Data, recipient.as_deref()) {
            Some(SmtpFault::Reply(text)) => return self.say_instead(&text).await,
            fault => self.say_or(fault, async |_| "354 End data with <CR><LF>.<CR><LF>".to_owned()).await?,
        }
        let message = self.wire.message().await?;
        let submission = self.submission(message);
        let entry = self.account.note(&submission);
        self.forget();
        let take = || {
            self.account
                .submit(entry, &submission)
                .map_or_else(|refusal| refused(&refusal), |id| format!("250 Ok {id}"))
        };
        let reply = match faults.strike(&SmtpStep::Dot, recipient.as_deref()) {
            None => take(),
            Some(SmtpFault::Reply(text)) => text,
            Some(SmtpFault::Close { delivered }) => {
                let _untold = delivered.then(take);
                return Err(End::Cut);
            }
            Some(SmtpFault::Hang { delivered }) => {
                let _untold = delivered.then(take);
                return Err(End::Hang);
            }
            Some(SmtpFault::Slow(pause)) => {
                let reply = take();
                tokio::time::sleep(pause).await;
                reply
            }
            Some(SmtpFault::OkWithoutId) => {
                let _untold = take();
                "250 Ok".to_owned()
            }
        };
        self.account.journal().answered(entry, code_of(&reply));
        self.say_instead(&reply).await
    }

    fn submission(&self, message: Vec<u8>) -> Submission {
        Submission {
            request: "SMTP".to_owned(),
            region: self.account.settings().region,
            sender: self.sender.clone(),
            recipients: self.recipients.clone(),
            message: Arc::from(message),
            configuration_set: None,
            tags: Vec::new(),
        }
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    fn journal(&self, note: impl FnOnce(&mut SmtpSession)) {
        self.account.journal().smtp(self.number, note);
    }
}

/// The address in `FROM:<a@b> SIZE=1`. An empty path is no sender that SES takes.
fn path_in(rest: &str, keyword: &str) -> Option<String> {
    let start = rest.get(..keyword.len()).filter(|start| start.eq_ignore_ascii_case(keyword))?;
    let path = rest.get(start.len()..)?.trim_start();
    let (address, _) = path.strip_prefix('<')?.split_once('>')?;
    Some(address.to_owned()).filter(|address| !address.is_empty())
}

fn code_of(reply: &str) -> u16 {
    reply.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default()
}

/// What the API says with a status, SMTP says with a code.
fn refused(refusal: &Refusal) -> String {
    match refusal.code {
        "TooManyRequestsException" => format!("454 Throttling failure: {}", refusal.message),
        "BadRequestException" => format!("554 Transaction failed: {}", refusal.message),
        _ => format!("554 Message rejected: {}", refusal.message),
    }
}
