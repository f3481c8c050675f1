//! The SMTP interface of SES.
//!
//! What an error means depends on the step it comes in. Until the final dot is on its way SES has no message (RFC 5321
//! §4.1.1.4), so every loss before it is [`Handoff::NotAccepted`]; silence after it is [`Handoff::Unknown`]. The envelope
//! has one recipient, the seed, and is never read from the message.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::answer::{DISCONNECTED, THROTTLED};
use super::channel::{self, Channel, Closed};
use super::{Patience, one_line};
use crate::domain::handoff::{Handoff, Letter};
use crate::domain::probe::SesId;
use crate::domain::provider::Tls;
use crate::secret::Secret;

/// Most connections at once. A dialogue takes some four round trips, so this carries well over 10 messages a second.
const CONNECTIONS: usize = 4;
/// How many times the patience for one reply the reply to the whole message may take: SES checks it meanwhile.
const AFTER_THE_DOT: u32 = 4;

/// How to reach the SMTP interface.
#[derive(Debug, Clone)]
pub(crate) struct SmtpSettings {
    /// Host, such as `email-smtp.eu-central-1.amazonaws.com`.
    pub(crate) host: String,
    /// Port: 465 or 2465 with TLS from the start, 587, 2587 or 25 with STARTTLS.
    pub(crate) port: u16,
    /// Encryption.
    pub(crate) tls: Tls,
    /// SMTP user name, which is not that of the console.
    pub(crate) user: String,
    /// SMTP password, which is not the secret access key.
    pub(crate) secret: Secret,
    /// Trust only the certificate authorities of this PEM file, instead of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// The region the credentials are for, where configured.
    pub(crate) region: Option<String>,
}

/// The SMTP interface, with connections kept from one probe to the next.
pub(crate) struct SmtpSender {
    settings: SmtpSettings,
    patience: Patience,
    permits: Semaphore,
    idle: Mutex<Vec<Line>>,
    /// Why nothing can be sent, once that is known: each further sign-in would only bring a lock-out nearer.
    hopeless: OnceLock<String>,
}

impl fmt::Debug for SmtpSender {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SmtpSender").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A connection on which someone is signed in.
struct Line {
    connection: AsyncSmtpConnection,
    written: Arc<AtomicUsize>,
}

/// What became of one dialogue.
enum Dialogue {
    /// It came to its end. The connection is kept only if that end was the normal one.
    Ended(Handoff),
    /// The connection was dead before it took anything.
    Dead(Handoff),
}

/// The header fields by which the SMTP interface is told what the API takes as parameters (`X-SES-…`). SES removes them.
pub(crate) fn smtp_headers(configuration_set: Option<&str>, tags: &[(String, String)]) -> Vec<(String, String)> {
    let set = configuration_set.map(|name| ("X-SES-CONFIGURATION-SET".to_owned(), name.to_owned()));
    let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let tags = (!pairs.is_empty()).then(|| ("X-SES-MESSAGE-TAGS".to_owned(), pairs.join(", ")));
    set.into_iter().chain(tags).collect()
}

impl SmtpSender {
    /// Nothing is connected before the first probe.
    pub(crate) fn new(settings: SmtpSettings) -> Self {
        Self {
            settings,
            patience: Patience::default(),
            permits: Semaphore::new(CONNECTIONS),
            idle: Mutex::default(),
            hopeless: OnceLock::new(),
        }
    }

    #[cfg(test)]
    fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Hands one probe over, once. A kept connection that turns out to be dead is replaced, as long as it took nothing.
    pub(crate) async fn send(&self, letter: &Letter) -> Handoff {
        let Ok(_permit) = self.permits.acquire().await else {
            return not_now("the SMTP connections are closed".to_owned());
        };
        if let Some(why) = self.hopeless.get() {
            return Handoff::Refused { why: why.clone() };
        }
        // The line leaves the list for the length of the dialogue: one that is broken off half-way is never used again.
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(line) = kept
            && let Dialogue::Ended(handoff) = self.talk(line, letter).await
        {
            return handoff;
        }
        match self.open().await {
            Ok(line) => match self.talk(line, letter).await {
                Dialogue::Ended(handoff) | Dialogue::Dead(handoff) => handoff,
            },
            Err(Closed::Unreachable(why)) => not_now(why),
            Err(Closed::Misconfigured(why)) => {
                // Another probe may have come to the same end at the same time.
                drop(self.hopeless.set(why.clone()));
                Handoff::Refused { why }
            }
        }
    }

    async fn open(&self) -> Result<Line, Closed> {
        let SmtpSettings { host, port, tls, ca_file, .. } = &self.settings;
        let trust = channel::trust(ca_file.as_deref()).map_err(Closed::Misconfigured)?;
        let silent = |_| Closed::Unreachable(format!("{host}:{port} did not answer in time"));
        let channel =
            timeout(self.patience.connect, Channel::open(host, *port, *tls, &trust)).await.map_err(silent)??;
        let written = channel.written();
        let hello = ClientId::default();
        let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(channel), &hello);
        let connection = timeout(self.patience.attempt, greeted).await.map_err(silent)?;
        let connection = connection.map_err(|error| Closed::Unreachable(format!("greet {host}: {}", words(&error))))?;
        self.sign_in(Line { connection, written }).await
    }

    async fn sign_in(&self, mut line: Line) -> Result<Line, Closed> {
        let SmtpSettings { host, user, secret, region, .. } = &self.settings;
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if line.connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(Closed::Misconfigured(format!(
                "{host} offers no sign-in with a password; correct host and port"
            )));
        }
        let credentials = Credentials::new(user.clone(), secret.expose_secret().to_owned());
        let signed_in = timeout(self.patience.attempt, line.connection.auth(&mechanisms, &credentials)).await;
        match signed_in {
            Ok(Ok(_)) => Ok(line),
            Ok(Err(error)) if error.is_permanent() => {
                let region = region.as_deref().unwrap_or("the region of the host");
                // The server's words are left out: nothing says that they do not repeat what it was sent.
                let code = error.status().map(|code| code.to_string()).unwrap_or_default();
                Err(Closed::Misconfigured(format!(
                    "{host} refused the SMTP sign-in ({code}); create SMTP credentials for {region} in the SES console: they \
                     hold for one region and are not the AWS access keys"
                )))
            }
            Ok(Err(error)) => {
                let code = error.status().map_or_else(|| "the connection broke".to_owned(), |code| code.to_string());
                Err(Closed::Unreachable(format!("sign in to {host}: {code}")))
            }
            Err(_) => Err(Closed::Unreachable(format!("{host} did not answer the sign-in in time"))),
        }
    }

    /// One message over one line.
    async fn talk(&self, mut line: Line, letter: &Letter) -> Dialogue {
        if let Err(dialogue) = self.envelope(&mut line.connection, letter).await {
            return dialogue;
        }
        // lettre ends every message with CRLF.CRLF, so one that ends in CRLF would gain an empty line.
        let message = letter.bytes.strip_suffix(b"\r\n").unwrap_or(&letter.bytes);
        let before = line.written.load(Ordering::SeqCst);
        let patience = self.patience.attempt.saturating_mul(AFTER_THE_DOT);
        let reply = timeout(patience, line.connection.message(message)).await;
        let sent = line.written.load(Ordering::SeqCst).saturating_sub(before);
        let dotted = sent >= octets_on_the_wire(message);
        Dialogue::Ended(match reply {
            Ok(Ok(reply)) => {
                let handoff = accepted(&reply);
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                handoff
            }
            Ok(Err(error)) if error.status().is_some() => refusal(&error, "the message"),
            Ok(Err(error)) if dotted => {
                Handoff::Unknown { why: format!("no answer to the whole message: {}", words(&error)) }
            }
            Err(_) if dotted => Handoff::Unknown { why: "SES did not answer the whole message in time".to_owned() },
            Ok(Err(error)) => not_now(format!("the connection broke within the message: {}", words(&error))),
            Err(_) => not_now("the message could not be written in time".to_owned()),
        })
    }

    /// MAIL, RCPT and DATA; the error is how the dialogue ended.
    async fn envelope(&self, connection: &mut AsyncSmtpConnection, letter: &Letter) -> Result<(), Dialogue> {
        let refuse = |why: String| Dialogue::Ended(Handoff::Refused { why });
        let address = |text: &str| {
            text.parse::<lettre::Address>().map_err(|_| refuse(format!("{text:?} is no address for an SMTP envelope")))
        };
        let (sender, seed) = (address(&letter.sender)?, address(&letter.seed.on_the_wire())?);
        let info = connection.server_info();
        let mut parameters = Vec::new();
        if !(letter.sender.is_ascii() && letter.seed.on_the_wire().is_ascii()) {
            return Err(refuse("SES takes no address outside ASCII; write the domain in its xn-- form".to_owned()));
        }
        if !letter.bytes.is_ascii() {
            if !info.supports_feature(Extension::EightBitMime) {
                return Err(refuse("the server takes only ASCII; encode the message as quoted-printable".to_owned()));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let mail = timeout(self.patience.attempt, connection.command(Mail::new(Some(sender), parameters))).await;
        self.expect(mail, Severity::PositiveCompletion, "MAIL", true)?;
        let rcpt = timeout(self.patience.attempt, connection.command(Rcpt::new(seed, Vec::new()))).await;
        self.expect(rcpt, Severity::PositiveCompletion, "RCPT", false)?;
        let data = timeout(self.patience.attempt, connection.command(Data)).await;
        self.expect(data, Severity::PositiveIntermediate, "DATA", false)
    }

    /// A reply before the message. A kept connection shows its death in the first one: closed, or with the timeout
    /// that the server announced while nobody listened.
    fn expect(
        &self,
        reply: Result<Result<Response, SmtpError>, tokio::time::error::Elapsed>,
        wanted: Severity,
        step: &str,
        first: bool,
    ) -> Result<(), Dialogue> {
        match reply {
            Ok(Ok(reply)) if reply.code().severity == wanted => Ok(()),
            Ok(Ok(reply)) => {
                Err(Dialogue::Ended(not_now(format!("{} answered {step} with {}", self.settings.host, reply.code()))))
            }
            Ok(Err(error)) => {
                let code = error.status().map(|code| code.to_string());
                let dead = first && matches!(code.as_deref(), None | Some("421" | "451"));
                let handoff = match code {
                    Some(_) => refusal(&error, step),
                    None => not_now(format!("the connection broke at {step}: {}", words(&error))),
                };
                Err(if dead { Dialogue::Dead(handoff) } else { Dialogue::Ended(handoff) })
            }
            Err(_) => Err(Dialogue::Ended(not_now(format!("{} did not answer {step} in time", self.settings.host)))),
        }
    }
}

/// The message with its dots doubled (RFC 5321 §4.5.2) and its end.
fn octets_on_the_wire(message: &[u8]) -> usize {
    let dots =
        usize::from(message.starts_with(b".")).saturating_add(message.windows(3).filter(|run| run == b"\r\n.").count());
    message.len().saturating_add(dots).saturating_add(b"\r\n.\r\n".len())
}

/// `250 Ok <id>`.
fn accepted(reply: &Response) -> Handoff {
    let line = reply.message().last().unwrap_or_default().to_owned();
    let mut parts = line.split_whitespace();
    let ok = parts.next().is_some_and(|word| word.eq_ignore_ascii_case("ok"));
    let id = parts.next().and_then(SesId::new);
    match (reply.code().severity, id, parts.next()) {
        (Severity::PositiveCompletion, Some(id), None) if ok => Handoff::Accepted(id),
        _ => Handoff::Unknown { why: format!("SES took the message but gave no id: {:?}", one_line(&line)) },
    }
}

/// A reply of 4xx or 5xx: whatever the step, no message was taken.
fn refusal(error: &SmtpError, step: &str) -> Handoff {
    let words = words(error);
    let lower = words.to_ascii_lowercase();
    if lower.contains("daily message quota exceeded") {
        let why = format!("{words}; wait until the 24 hours are over, or ask AWS for a higher quota");
        return Handoff::NotAccepted { why, retry_after: None };
    }
    if lower.contains("sending paused") || lower.contains("sending is paused") || lower.contains("account is suspended")
    {
        let why = format!("{words}; resume sending for the account or the configuration set");
        return Handoff::NotAccepted { why, retry_after: None };
    }
    if error.is_transient() {
        return Handoff::NotAccepted { why: format!("SES put off {step}: {words}"), retry_after: Some(THROTTLED) };
    }
    let remedy = if lower.contains("not verified") {
        "verify the address or its domain in this region; in the sandbox also each seed, or request production access"
    } else {
        "correct what SES names"
    };
    Handoff::Refused { why: format!("SES refused {step}: {words}; {remedy}") }
}

fn not_now(why: String) -> Handoff {
    Handoff::NotAccepted { why, retry_after: Some(DISCONNECTED) }
}

/// lettre's sentence with the server's words, on one line.
fn words(error: &SmtpError) -> String {
    one_line(&error.to_string())
}

#[cfg(test)]
mod tests;
