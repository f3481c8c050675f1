//! Telling somebody: one notice to one place, once. Who is told what and how often is decided elsewhere.
//!
//! An address may be a secret: no fault shows more of it than the host. Redirects are not followed, and of an answer only
//! its status is read, however much the place sends.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::io::AsyncWriteExt as _;

use super::http::{Http, HttpRequest, HttpSettings};
use super::ses::ApiSender;
use crate::domain::handoff::{Handoff, Letter};
use crate::secret::Secret;

/// How long one place may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest pause that a place may ask for.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Where a notice goes, with what is handed over.
pub(crate) enum Parcel {
    /// A body for an address.
    Post {
        /// The address.
        url: Secret,
        /// Its media type.
        media_type: &'static str,
        /// The body.
        body: String,
    },
    /// An address that is only to be asked.
    Get {
        /// The address.
        url: Secret,
    },
    /// A mail.
    Mail {
        /// The way to SES.
        sender: Box<ApiSender>,
        /// The mail.
        letter: Letter,
    },
    /// A program that reads it from its standard input.
    Program {
        /// The program and its arguments.
        words: Vec<String>,
        /// What it reads.
        body: String,
    },
}

impl fmt::Debug for Parcel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Post { .. } => "Parcel::Post(…)",
            Self::Get { .. } => "Parcel::Get(…)",
            Self::Mail { .. } => "Parcel::Mail(…)",
            Self::Program { .. } => "Parcel::Program(…)",
        })
    }
}

/// Why nobody was told. It holds no address and nothing of what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotTold {
    /// The reason.
    pub(crate) why: String,
    /// How long the place asks to be left alone.
    pub(crate) pause: Option<Duration>,
}

impl NotTold {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), pause: None }
    }
}

/// Hands over one parcel.
pub(crate) async fn hand_over(parcel: Parcel) -> Result<(), NotTold> {
    let handed = async {
        match parcel {
            Parcel::Post { url, media_type, body } => {
                ask(HttpRequest::post(url.expose_secret(), media_type, body)).await
            }
            Parcel::Get { url } => ask(HttpRequest::get(url.expose_secret())).await,
            Parcel::Mail { sender, letter } => mail(&sender, &letter).await,
            Parcel::Program { words, body } => start(&words, &body).await,
        }
    };
    let ended = tokio::time::timeout(PATIENCE, handed).await;
    ended.unwrap_or_else(|_| Err(NotTold::new(format!("it took longer than {} s", PATIENCE.as_secs()))))
}

async fn ask(request: HttpRequest) -> Result<(), NotTold> {
    let settings = HttpSettings { connect: PATIENCE, total: PATIENCE, ..HttpSettings::default() };
    let http = Http::new(&settings).map_err(|fault| NotTold::new(fault.to_string()))?;
    let answer = http.send_for_status(request).await.map_err(|fault| NotTold::new(fault.to_string()))?;
    if answer.is_success() {
        return Ok(());
    }
    let seconds = answer.header("retry-after").and_then(|text| text.trim().parse().ok());
    let why = match answer.status {
        300..=399 => format!("it answered {}, and a redirect is not followed: write the final address", answer.status),
        status => format!("it answered {status}"),
    };
    Err(NotTold { why, pause: seconds.map(Duration::from_secs).map(|pause| pause.min(LONGEST_PAUSE)) })
}

async fn mail(sender: &ApiSender, letter: &Letter) -> Result<(), NotTold> {
    match sender.send(letter).await {
        Handoff::Accepted(_) => Ok(()),
        Handoff::Refused { why } | Handoff::Unknown { why } => Err(NotTold::new(why)),
        Handoff::NotAccepted { why, retry_after } => Err(NotTold { why, pause: retry_after }),
    }
}

/// Starts a program without a shell. What it prints goes nowhere.
async fn start(words: &[String], body: &str) -> Result<(), NotTold> {
    let (program, arguments) = words.split_first().ok_or_else(|| NotTold::new("the command is empty"))?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| NotTold::new(format!("it does not start: {error}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input is none the worse for it.
        let _ = stdin.write_all(body.as_bytes()).await;
    }
    let status = child.wait().await.map_err(|error| NotTold::new(error.to_string()))?;
    if status.success() { Ok(()) } else { Err(NotTold::new(format!("it failed with {status}"))) }
}
