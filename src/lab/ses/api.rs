//! One connection to the API: requests in, faults in between, answers out (REST-JSON over HTTP/1.1).

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::account::{SesAccount, Submission};
use super::answer::{self, Page};
use super::fault::SesFault;
use super::journal::{Call, Entry, Operation};
use super::refusal::Refusal;

/// The largest request that is read: 40 MB of message in base64, and what is around it.
const LARGEST: usize = 64 * 1024 * 1024;

/// Serves a connection to its end.
pub(super) async fn serve(mut tcp: TcpStream, account: SesAccount) {
    account.journal().connected();
    match account.faults().strike(&Operation::Connection, None) {
        Some(SesFault::Hang { .. }) => {
            let mut ignored = Vec::new();
            let _until_the_client_leaves = tcp.read_to_end(&mut ignored).await;
            return;
        }
        Some(_) => return,
        None => {}
    }
    let service = service_fn(move |request| respond(request, account.clone()));
    // The connection ends in an error whenever a fault closed it.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await;
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the lab closes the connection")
    }
}

impl std::error::Error for Dropped {}

/// What is asked for, with the thing it is asked of and the page.
struct Question {
    operation: Operation,
    subject: String,
    page: Page,
}

impl Question {
    fn of(head: &Parts) -> Self {
        let path = head.uri.path().strip_prefix("/v2/email/").unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        let (operation, subject) = match (&head.method, segments.as_slice()) {
            (&Method::POST, ["outbound-emails"]) => (Operation::SendEmail, ""),
            (&Method::GET, ["account"]) => (Operation::GetAccount, ""),
            (&Method::GET, ["identities"]) => (Operation::ListEmailIdentities, ""),
            (&Method::GET, ["identities", name]) => (Operation::GetEmailIdentity, *name),
            (&Method::GET, ["suppression", "addresses"]) => (Operation::ListSuppressedDestinations, ""),
            (&Method::GET, ["suppression", "addresses", address]) => (Operation::GetSuppressedDestination, *address),
            (&Method::GET | &Method::POST, [""]) if is_statistics(head) => (Operation::GetSendStatistics, ""),
            _ => (Operation::Other, ""),
        };
        let mut page = Page::default();
        for (name, value) in head.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "PageSize" => page.size = value.parse().ok(),
                "NextToken" => page.token = Some(decoded(value)),
                _ => {}
            }
        }
        Self { operation, subject: decoded(subject), page }
    }
}

/// Whether this is the one call of the first version of the API that the lab knows.
fn is_statistics(head: &Parts) -> bool {
    head.uri.path() == "/"
        && head.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "Action=GetSendStatistics"))
}

async fn respond(request: Request<Incoming>, account: SesAccount) -> Result<Response<Reply>, Dropped> {
    let (head, body) = request.into_parts();
    let question = Question::of(&head);
    if account.faults().strike_with(&question.operation, None, SesFault::is_early).is_some() {
        return Err(Dropped);
    }
    let body = Limited::new(body, LARGEST).collect().await.map_err(|_| Dropped)?.to_bytes();
    let signature = signature_in(&head);
    let region = signature.clone().unwrap_or_else(|_| account.settings().region);
    let submission = (question.operation == Operation::SendEmail).then(|| submission_in(&body, &head, &region));
    let (entry, recipient) = note(&account, &head, &question, &region, submission.as_ref());
    let later = |fault: &SesFault| !fault.is_early();
    let fault = account.faults().strike_with(&question.operation, recipient.as_deref(), later);
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.takes_message()) {
        return misbehave(fault, &account, entry, None).await;
    }
    let outcome = match (account.settings().unimplemented.get(&question.operation), signature, submission) {
        (Some(&status), _, _) => Answer::foreign(status),
        (None, Err(refusal), _) => Answer::of(Err(refusal)),
        (None, Ok(_), None) if question.operation == Operation::GetSendStatistics => {
            Answer { status: 200, code: None, body: answer::statistics(&account.counted()) }
        }
        (None, Ok(_), Some(submission)) => {
            let id = submission.and_then(|submission| account.submit(entry, &submission));
            Answer::of(id.map(|id| json!({ "MessageId": id })))
        }
        (None, Ok(_), None) => Answer::of(told(&account, &question)),
    };
    match fault {
        Some(fault) => misbehave(&fault, &account, entry, Some(outcome)).await,
        None => Ok(outcome.sent(&account, entry)),
    }
}

fn note(
    account: &SesAccount,
    head: &Parts,
    question: &Question,
    region: &str,
    submission: Option<&Result<Submission, Refusal>>,
) -> (Entry, Option<String>) {
    if let Some(Ok(submission)) = submission {
        return (account.note(submission), submission.recipients.first().cloned());
    }
    let entry = account.journal().open(Call {
        operation: question.operation,
        request: format!("{} {}", head.method, head.uri),
        region: region.to_owned(),
        recipients: Vec::new(),
        message: Arc::from(&b""[..]),
        at: account.now(),
        id: None,
        delivered: false,
        status: None,
    });
    (entry, None)
}

/// Answers a question that changes nothing.
fn told(account: &SesAccount, question: &Question) -> Result<Value, Refusal> {
    let settings = account.settings();
    match question.operation {
        Operation::GetAccount => Ok(answer::account(&settings, account.sent_last_24_hours())),
        Operation::ListEmailIdentities => answer::identities(&settings, &question.page),
        Operation::GetEmailIdentity => answer::identity(&settings, &question.subject),
        Operation::ListSuppressedDestinations => answer::suppressed(&settings, &question.page),
        Operation::GetSuppressedDestination => answer::suppression(&settings, &question.subject),
        Operation::Connection | Operation::SendEmail | Operation::GetSendStatistics | Operation::Other => {
            Err(Refusal {
                status: 404,
                code: "UnknownOperationException",
                message: "The lab does not know this operation.".to_owned(),
            })
        }
    }
}

/// Commits a fault: with the proper answer where the request was carried out.
async fn misbehave(
    fault: &SesFault,
    account: &SesAccount,
    entry: Entry,
    outcome: Option<Answer>,
) -> Result<Response<Reply>, Dropped> {
    let answer = match fault {
        SesFault::CloseBeforeRead | SesFault::CloseAfterRequest { .. } => return Err(Dropped),
        SesFault::Hang { .. } => {
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        SesFault::CutBody => return outcome.map(Answer::cut).ok_or(Dropped),
        SesFault::Status { status, code, message, .. } if code.is_empty() => {
            Answer { body: message.clone(), ..Answer::foreign(*status) }
        }
        SesFault::Status { status, code, message, .. } => Answer::error(*status, code, message),
        SesFault::OkWithoutId => Answer { body: "{}".to_owned(), ..Answer::foreign(200) },
        SesFault::OkGarbage => Answer { body: "<html>It works!</html>".to_owned(), ..Answer::foreign(200) },
        SesFault::Slow(pause) => {
            tokio::time::sleep(*pause).await;
            outcome.ok_or(Dropped)?
        }
    };
    Ok(answer.sent(account, entry))
}

/// An answer before it is one of HTTP.
struct Answer {
    status: u16,
    code: Option<String>,
    body: String,
}

impl Answer {
    fn of(outcome: Result<Value, Refusal>) -> Self {
        match outcome {
            Ok(json) => Self { status: 200, code: None, body: json.to_string() },
            Err(refusal) => Self::error(refusal.status, refusal.code, &refusal.message),
        }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        Self { status, code: Some(code.to_owned()), body: json!({ "message": message }).to_string() }
    }

    /// As something that is not AWS answers.
    fn foreign(status: u16) -> Self {
        Self { status, code: None, body: "not implemented\n".to_owned() }
    }

    fn sent(self, account: &SesAccount, entry: Entry) -> Response<Reply> {
        account.journal().answered(entry, self.status);
        self.response(false)
    }

    fn cut(self) -> Response<Reply> {
        self.response(true)
    }

    fn response(self, cut: bool) -> Response<Reply> {
        let mut body = Bytes::from(self.body);
        let length = body.len();
        if cut {
            body.truncate(length / 2);
        }
        let mut response = Response::new(Reply { data: Some(body), cut, waited: false });
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let json = ("content-type", "application/json".to_owned());
        let id = ("x-amzn-requestid", "7a1bd2a6-0000-4000-a000-1ab0ab0ab0ab".to_owned());
        let error = self.code.map(|code| ("x-amzn-errortype", code));
        for (name, value) in [json, id, ("content-length", length.to_string())].into_iter().chain(error) {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A body that may break off: the bytes there are go out first.
struct Reply {
    data: Option<Bytes>,
    cut: bool,
    waited: bool,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if !self.cut {
            return Poll::Ready(None);
        }
        if !self.waited {
            self.waited = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other(Dropped))))
    }
}

/// The region that the request is signed for (AWS Signature Version 4, credential scope).
fn signature_in(head: &Parts) -> Result<String, Refusal> {
    let refused = |code, message: &str| Err(Refusal { status: 403, code, message: message.to_owned() });
    let header = head.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(parts) = header.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return refused("MissingAuthenticationTokenException", "Missing Authentication Token");
    };
    let part = |name: &str| parts.split(',').find_map(|part| part.trim().strip_prefix(name));
    let (Some(credential), Some(_), Some(_)) = (part("Credential="), part("SignedHeaders="), part("Signature=")) else {
        return refused("IncompleteSignatureException", "Authorization header requires existence of Signature.");
    };
    let scope: Vec<&str> = credential.split('/').collect();
    match scope.as_slice() {
        [_, _, region, "ses", "aws4_request"] => Ok((*region).to_owned()),
        _ => refused("InvalidSignatureException", "Credential should be scoped to correct service: 'ses'."),
    }
}

fn submission_in(body: &[u8], head: &Parts, region: &str) -> Result<Submission, Refusal> {
    let bad = |message: &str| Refusal::bad(message.to_owned());
    let json: Value = serde_json::from_slice(body).map_err(|_| bad("The request is no JSON."))?;
    let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let data = json.pointer("/Content/Raw/Data").and_then(Value::as_str);
    let data = data.ok_or_else(|| bad("The lab takes raw messages only."))?;
    let message = STANDARD.decode(data).map_err(|_| bad("Content.Raw.Data is no base64."))?;
    let mut recipients = Vec::new();
    for list in ["ToAddresses", "CcAddresses", "BccAddresses"] {
        let addresses = json.get("Destination").and_then(|destination| destination.get(list)).and_then(Value::as_array);
        recipients.extend(addresses.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    let tags = json.get("EmailTags").and_then(Value::as_array).into_iter().flatten().filter_map(|tag| {
        let part = |key: &str| tag.get(key).and_then(Value::as_str).map(str::to_owned);
        part("Name").zip(part("Value"))
    });
    Ok(Submission {
        request: format!("{} {}", head.method, head.uri),
        region: region.to_owned(),
        sender: text("FromEmailAddress"),
        recipients,
        message: Arc::from(message),
        configuration_set: text("ConfigurationSetName"),
        tags: tags.collect(),
    })
}

/// Percent-encoding undone (RFC 3986 §2.1).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let code = behind.get(..2).and_then(|digits| data_encoding::HEXUPPER_PERMISSIVE.decode(digits).ok());
        match code.as_deref() {
            Some(&[byte]) if first == b'%' => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
