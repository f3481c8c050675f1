//! What one call to the SES API came to, and what that means for a probe or for a question.
//!
//! The rule for a probe: SES refuses before it takes, and says so with the name of an error. So a status below 500 with
//! such a name is a refusal, and so is a status of that kind without a name, wherever it is one that a server or a proxy
//! gives before it passes anything on. Whatever else was answered, and silence after the request left, is unknown.

use std::time::Duration;

use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};

use super::{SesFailure, cause, chain, one_line};
use crate::domain::handoff::Handoff;

/// How long to wait after SES said that the account sends too fast.
pub(super) const THROTTLED: Duration = Duration::from_secs(2);
/// How long to wait after a connection that could not be opened.
pub(super) const DISCONNECTED: Duration = Duration::from_secs(5);
/// Longest `Retry-After` that is believed.
const LONGEST_HINT: Duration = Duration::from_mins(1);

/// Untyped answers that come before a message is taken: the request was malformed, refused, sent to the wrong place or
/// too large. Not among them is 408, which a proxy may give after it passed the request on.
const BEFORE_TAKING: [u16; 14] = [400, 401, 403, 404, 405, 406, 407, 411, 413, 414, 415, 421, 422, 431];

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing could be sent for want of credentials or region. The text has the remedy.
    Unprepared(String),
    /// No connection: the request did not leave.
    Disconnected(String),
    /// The request left, and what became of it is not known.
    Lost(String),
    /// SES, or something in its place, answered with an error.
    Answered(Answer),
}

/// An error as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// The name of the error; `None` when the answer does not look like one of SES.
    pub(super) code: Option<String>,
    /// Its words.
    pub(super) message: String,
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
}

/// Sorts the SDK's error. `left` says whether the request was handed to the connection.
pub(super) fn fault<E>(error: &SdkError<E, HttpResponse>, left: bool) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(response) = error.raw_response() {
        return answered(error, response);
    }
    let timed_out = matches!(error, SdkError::TimeoutError(_));
    if !left {
        let network = timed_out || cause::<std::io::Error>(error).is_some() || is_connect(error);
        let why = unprepared(error, network);
        return if network { Fault::Disconnected(why) } else { Fault::Unprepared(why) };
    }
    if is_connect(error) {
        return Fault::Disconnected(format!(
            "no connection to SES ({}); check the network, the region and endpoint_url",
            root(error)
        ));
    }
    if timed_out {
        return Fault::Lost("SES did not answer in time".to_owned());
    }
    Fault::Lost(format!("the connection to SES broke before its answer ({})", chain(error)))
}

/// Where the standard chain looks first.
const CREDENTIALS: &str =
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`";

/// Why nothing could be sent, in one sentence. The SDK lists all that it tried; the log has it.
fn unprepared(error: &(dyn std::error::Error + 'static), network: bool) -> String {
    let all = chain(error);
    tracing::debug!(%all, "nothing was sent");
    let root = root(error);
    if root.to_lowercase().contains("region") {
        return format!("no AWS region to send from ({root}); set `region` under [ses]");
    }
    let remedy = if network { "check the network" } else { CREDENTIALS };
    // The role of the machine is the last thing that is tried: it is asked where there is nothing else.
    if ["not enabled", "no credentials found", "IMDS"].iter().any(|sign| all.contains(sign)) {
        return format!("no AWS credentials were found; {CREDENTIALS}");
    }
    format!("the AWS credentials could not be loaded ({root}); {remedy}")
}

/// The innermost cause, as one clause.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    one_line(&root.to_string()).trim_end_matches('.').to_owned()
}

fn is_connect(error: &(dyn std::error::Error + 'static)) -> bool {
    cause::<hyper_util::client::legacy::Error>(error).is_some_and(hyper_util::client::legacy::Error::is_connect)
}

fn answered<E>(error: &SdkError<E, HttpResponse>, response: &HttpResponse) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = response.status().as_u16();
    if (200..300).contains(&status) {
        return Fault::Lost("SES answered, but the answer could not be read".to_owned());
    }
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let seconds = response.headers().get("retry-after").and_then(|text| text.trim().parse().ok());
    Fault::Answered(Answer {
        status,
        code: meta.and_then(|meta| meta.code()).map(one_line),
        message: meta.and_then(|meta| meta.message()).map(first_paragraph).unwrap_or_default(),
        retry_after: seconds.map(Duration::from_secs).map(|hint| hint.min(LONGEST_HINT)),
    })
}

/// What SES says. Behind the first paragraph AWS repeats the request that it could not verify, session token included.
fn first_paragraph(message: &str) -> String {
    one_line(message.split("\n\n").next().unwrap_or_default())
}

impl Fault {
    /// What it means for a probe.
    pub(super) fn handoff(self) -> Handoff {
        match self {
            Self::Unprepared(why) => Handoff::Refused { why },
            Self::Disconnected(why) => Handoff::NotAccepted { why, retry_after: Some(DISCONNECTED) },
            Self::Lost(why) => Handoff::Unknown { why },
            Self::Answered(answer) => answer.handoff(),
        }
    }

    /// What it means for a question. Stand-ins (`custom`) answer what they do not know in many ways.
    pub(super) fn failure(self, question: &str, custom: bool) -> SesFailure {
        match self {
            Self::Unprepared(why) => SesFailure::Credentials(why),
            Self::Disconnected(why) => SesFailure::Unreachable(why),
            Self::Lost(why) => SesFailure::Unreachable(format!("{question}: {why}; try again")),
            Self::Answered(answer) => answer.failure(question, custom),
        }
    }

    /// Whether a question that changes nothing is worth asking again at once.
    pub(super) fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Disconnected(_) => true,
            Self::Answered(answer) => answer.is_throttled() || (answer.status >= 500 && answer.status != 501),
            Self::Unprepared(_) | Self::Lost(_) => false,
        }
    }

    /// Whether SES said that the thing asked for does not exist.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Answered(answer) if answer.status == 404 && answer.is_named(&["NotFoundException"]))
    }
}

impl Answer {
    fn is_named(&self, names: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| names.contains(&code))
    }

    fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    fn is_throttled(&self) -> bool {
        let named =
            self.is_named(&["TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"]);
        self.status == 429 || named || self.says("maximum sending rate exceeded")
    }

    fn ends_sending(&self) -> bool {
        self.is_named(&["LimitExceededException", "SendingPausedException", "AccountSuspendedException"])
            || self.says("daily message quota exceeded")
    }

    /// A signature that is refused because of the time in it (AWS Signature Version 4 holds for five minutes).
    fn blames_clock(&self) -> bool {
        let skewed = self.is_named(&["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"]);
        let signature = self.is_named(&["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"]);
        skewed || (signature && (self.says("expired") || self.says("not yet current")))
    }

    fn blames_credentials(&self) -> bool {
        self.blames_clock()
            || self.is_named(&[
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                "IncompleteSignature",
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "InvalidAccessKeyId",
                "MissingAuthenticationToken",
                "MissingAuthenticationTokenException",
                "ExpiredToken",
                "ExpiredTokenException",
            ])
    }

    fn denies(&self) -> bool {
        self.is_named(&[
            "AccessDeniedException",
            "AccessDenied",
            "NotAuthorized",
            "UnauthorizedOperation",
            "OptInRequired",
        ])
    }

    fn handoff(&self) -> Handoff {
        let why = self.sentence();
        if self.status >= 500 || self.status == 408 {
            return Handoff::Unknown { why };
        }
        if self.ends_sending() {
            return Handoff::NotAccepted { why, retry_after: None };
        }
        if self.is_throttled() {
            return Handoff::NotAccepted { why, retry_after: Some(self.retry_after.unwrap_or(THROTTLED)) };
        }
        let before_taking = BEFORE_TAKING.contains(&self.status) || (300..400).contains(&self.status);
        if self.code.is_some() || before_taking { Handoff::Refused { why } } else { Handoff::Unknown { why } }
    }

    fn failure(&self, question: &str, custom: bool) -> SesFailure {
        let why = format!("{question}: {}", self.sentence());
        if self.blames_credentials() {
            return SesFailure::Credentials(why);
        }
        if self.denies() {
            return SesFailure::Denied(why);
        }
        let unimplemented = matches!(self.status, 500 | 501) || (self.status < 500 && self.code.is_none());
        if custom && unimplemented && !self.is_throttled() {
            return SesFailure::Unsupported(why);
        }
        if self.is_throttled() || self.status >= 500 || self.status == 408 {
            return SesFailure::Unreachable(why);
        }
        if self.status == 403 { SesFailure::Denied(why) } else { SesFailure::Unsupported(why) }
    }

    /// What was answered, and the remedy. The words that come with a refused signature are left out: they repeat the
    /// signed request, and with it the session token.
    fn sentence(&self) -> String {
        if self.blames_clock() {
            return "SES refused the signature for its time: this machine's clock is wrong; set the clock".to_owned();
        }
        let Some(code) = &self.code else {
            return format!(
                "HTTP {} without an error of SES; check endpoint_url and any proxy on the way",
                self.status
            );
        };
        if self.blames_credentials() {
            return format!(
                "SES does not accept the AWS credentials ({code}); renew them, and check that key and secret belong together"
            );
        }
        let remedy = self.remedy(code);
        if self.message.is_empty() {
            format!("SES: {code}; {remedy}")
        } else {
            format!("SES: {} ({code}); {remedy}", self.message.trim_end_matches('.'))
        }
    }

    fn remedy(&self, code: &str) -> &'static str {
        if self.says("daily message quota exceeded") {
            return "wait until the 24 hours are over, or ask AWS for a higher quota";
        }
        if self.is_throttled() {
            return "the account sends faster than its rate; it is tried again more slowly";
        }
        match code {
            "MessageRejected" if self.says("not verified") => {
                "verify the address or its domain in this region; in the sandbox also each seed, or request production access"
            }
            "MessageRejected" => "change what SES objects to in the message",
            "MailFromDomainNotVerifiedException" => "publish the MX record of the custom MAIL FROM domain",
            "AccountSuspendedException" => "answer the AWS review of this account; nothing can be sent until then",
            "SendingPausedException" => "resume sending for the account or the configuration set",
            "LimitExceededException" => "wait, or ask AWS for a higher limit",
            "NotFoundException" => "check the configuration set's name and the region",
            _ if self.denies() => "allow ses:SendEmail and ses:SendRawEmail, and to read: ses:Get* and ses:List*",
            _ if self.status >= 500 => "SES has a fault of its own; try again later",
            _ => "correct what SES names",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str, message: &str) -> Answer {
        let code = Some(code.to_owned()).filter(|code| !code.is_empty());
        Answer { status, code, message: message.to_owned(), retry_after: None }
    }

    fn kind(handoff: &Handoff) -> &'static str {
        match handoff {
            Handoff::Accepted(_) => "accepted",
            Handoff::Refused { .. } => "refused",
            Handoff::NotAccepted { retry_after: Some(_), .. } => "later",
            Handoff::NotAccepted { retry_after: None, .. } => "stop",
            Handoff::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn an_answer_is_a_refusal_only_where_no_message_can_have_been_taken() {
        let rows = [
            (400, "MessageRejected", "Email address is not verified.", "refused", "verify"),
            (400, "MailFromDomainNotVerifiedException", "", "refused", "MX record"),
            (400, "BadRequestException", "Missing final '@domain'", "refused", "'@domain'"),
            (404, "NotFoundException", "Configuration set <x> does not exist.", "refused", "configuration set"),
            (403, "AccessDeniedException", "not authorized", "refused", "ses:SendRawEmail"),
            (403, "UnrecognizedClientException", "invalid token", "refused", "credentials"),
            (403, "InvalidSignatureException", "Signature expired: 2026 is now earlier than", "refused", "clock"),
            (403, "SignatureDoesNotMatch", "Signature not yet current: x", "refused", "clock"),
            (403, "RequestTimeTooSkewed", "", "refused", "clock"),
            (429, "TooManyRequestsException", "Maximum sending rate exceeded.", "later", "slowly"),
            (400, "ThrottlingException", "Rate exceeded", "later", "slowly"),
            (400, "LimitExceededException", "x", "stop", "limit"),
            (429, "TooManyRequestsException", "Daily message quota exceeded.", "stop", "24 hours"),
            (400, "Throttling", "Daily message quota exceeded", "stop", "24 hours"),
            (400, "SendingPausedException", "x", "stop", "resume"),
            (400, "AccountSuspendedException", "x", "stop", "review"),
            (429, "", "", "later", "HTTP 429"),
            (400, "", "", "refused", "HTTP 400"),
            (407, "", "", "refused", "proxy"),
            (302, "", "", "refused", "HTTP 302"),
            (408, "", "", "unknown", "HTTP 408"),
            (408, "RequestTimeout", "", "unknown", "RequestTimeout"),
            (409, "", "", "unknown", "HTTP 409"),
            (499, "", "", "unknown", "HTTP 499"),
            (500, "InternalFailure", "", "unknown", "fault of its own"),
            (503, "ServiceUnavailable", "", "unknown", "fault of its own"),
            (503, "Throttling", "", "unknown", "Throttling"),
            (502, "", "", "unknown", "HTTP 502"),
        ];
        for (status, code, message, expected, words) in rows {
            let handoff = answer(status, code, message).handoff();
            assert_eq!(kind(&handoff), expected, "{status} {code} {message}");
            let (Handoff::Refused { why } | Handoff::NotAccepted { why, .. } | Handoff::Unknown { why }) = &handoff
            else {
                panic!("{handoff:?}")
            };
            assert!(why.contains(words), "{status} {code}: {why}");
        }
    }

    #[test]
    fn a_refused_signature_never_repeats_the_request() {
        for code in ["SignatureDoesNotMatch", "InvalidSignatureException", "ExpiredTokenException"] {
            let told = answer(403, code, "should have been 'x-amz-security-token:SECRET' Signature expired");
            for text in [format!("{:?}", told.handoff()), told.failure("ask", false).to_string()] {
                assert!(!text.contains("SECRET"), "{text}");
            }
        }
    }

    #[test]
    fn a_hint_is_honoured_within_reason() {
        let mut throttled = answer(429, "TooManyRequestsException", "");
        throttled.retry_after = Some(Duration::from_secs(9));
        let Handoff::NotAccepted { retry_after, .. } = throttled.handoff() else { panic!("{throttled:?}") };
        assert_eq!(retry_after, Some(Duration::from_secs(9)));
    }

    #[test]
    fn a_question_tells_unreachable_denied_unknown_credentials_and_a_stand_in_apart() {
        let rows = [
            (403, "AccessDeniedException", false, SesFailure::Denied as fn(String) -> SesFailure),
            (403, "UnrecognizedClientException", false, SesFailure::Credentials),
            (403, "ExpiredTokenException", true, SesFailure::Credentials),
            (403, "", false, SesFailure::Denied),
            (429, "TooManyRequestsException", false, SesFailure::Unreachable),
            (503, "", false, SesFailure::Unreachable),
            (503, "", true, SesFailure::Unreachable),
            (500, "", false, SesFailure::Unreachable),
            (500, "", true, SesFailure::Unsupported),
            (501, "", true, SesFailure::Unsupported),
            (404, "", true, SesFailure::Unsupported),
            (405, "", true, SesFailure::Unsupported),
            (400, "BadRequestException", false, SesFailure::Unsupported),
        ];
        for (status, code, custom, make) in rows {
            let failure = answer(status, code, "").failure("GetAccount", custom);
            assert_eq!(failure, make(failure.to_string()), "{status} {code} {custom}");
            assert_eq!(failure.is_temporary(), matches!(failure, SesFailure::Unreachable(_)));
            assert!(failure.to_string().starts_with("GetAccount: "));
        }
    }
}
