//! The SES API, version 2.
//!
//! The SDK's own retries are off: its default sends up to three copies of a message when an answer is lost, and
//! `SendEmail` takes no key that would tell SES they are one. Only questions that change nothing are asked again.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Credentials;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::config::{
    Builder, ConfigBag, Intercept, RuntimeComponents, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_sesv2::error::{BoxError, BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use aws_smithy_http_client::tls;

use super::answer::{self, Fault};
use super::{Patience, SesFailure, one_line};
use crate::domain::account::Account;
use crate::domain::handoff::{Handoff, Letter};
use crate::domain::probe::SesId;

/// Most tries of a question.
const TRIES: u32 = 3;
/// Connections idle for longer are not used again: a server that closes one just then would leave an unknown outcome.
const IDLE: std::time::Duration = std::time::Duration::from_secs(15);
/// The region in which requests to a stand-in are signed when none is configured; it reads it from nowhere else.
const STAND_IN_REGION: &str = "us-east-1";

/// The API of one region, with the credentials of the standard AWS chain.
#[derive(Debug)]
pub(crate) struct ApiSender {
    pub(super) client: Client,
    pub(super) patience: Patience,
    /// Whether an `endpoint_url` was given: what answers may be a stand-in.
    custom: bool,
    /// Whose account it is, once a question was signed.
    account: OnceLock<Account>,
    /// Why nothing can be sent, once that is known: each further try would only ask the credential chain again.
    unprepared: OnceLock<String>,
}

impl ApiSender {
    /// Prepares calls to the lab, which takes any credentials.
    pub(crate) fn connect_to_lab(region: &str, endpoint_url: &str, patience: Patience) -> Self {
        let builder = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http_client())
            .region(Region::new(region.to_owned()))
            .credentials_provider(Credentials::new("AKIALABLABLABLABLAB0", "lab", None, None, "lab"))
            .endpoint_url(endpoint_url);
        Self::from_config(builder, true, patience)
    }

    /// Prepares calls; nothing is connected yet, and a fault of the set-up shows in the first call.
    pub(crate) async fn connect(region: Option<&str>, endpoint_url: Option<&str>, patience: Patience) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client());
        let signed_for = region.or(endpoint_url.map(|_| STAND_IN_REGION));
        if let Some(region) = signed_for {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let environment = loader.load().await;
        let mut builder = Builder::from(&environment);
        if let Some(url) = endpoint_url {
            builder = builder.endpoint_url(url);
        }
        let custom = endpoint_url.or(environment.endpoint_url()).is_some();
        let sender = Self::from_config(builder, custom, patience);
        if environment.region().is_none() {
            let why = "no AWS region; set `region` under [ses] or AWS_REGION";
            drop(sender.unprepared.set(why.to_owned()));
        }
        sender
    }

    /// With our own deadlines in place of the SDK's retries. Throughput is not judged apart: the deadline of the attempt
    /// covers a stalled upload and a stalled answer.
    pub(super) fn from_config(builder: Builder, custom: bool, patience: Patience) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(patience.connect)
            .operation_attempt_timeout(patience.attempt)
            .build();
        let config = builder
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            patience,
            custom,
            account: OnceLock::new(),
            unprepared: OnceLock::new(),
        }
    }

    /// Hands one probe over, once.
    pub(crate) async fn send(&self, letter: &Letter) -> Handoff {
        if let Some(why) = self.unprepared.get() {
            return Handoff::Refused { why: why.clone() };
        }
        let request = match self.request(letter) {
            Ok(request) => request,
            Err(error) => {
                return Handoff::Refused { why: one_line(&format!("the probe cannot be put into a call: {error}")) };
            }
        };
        let trace = Trace::default();
        match request.customize().interceptor(trace.clone()).send().await {
            Ok(output) => output.message_id().and_then(SesId::new).map_or_else(
                || Handoff::Unknown { why: "SES answered without a message id".to_owned() },
                Handoff::Accepted,
            ),
            Err(error) => self.remember(answer::fault(&error, trace.left())).handoff(),
        }
    }

    fn request(&self, letter: &Letter) -> Result<SendEmailFluentBuilder, BuildError> {
        let raw = RawMessage::builder().data(Blob::new(letter.bytes.clone())).build()?;
        let mut request = self
            .client
            .send_email()
            .from_email_address(&letter.sender)
            .destination(Destination::builder().to_addresses(letter.seed.on_the_wire()).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_configuration_set_name(letter.configuration_set.clone());
        for (name, value) in &letter.tags {
            request = request.email_tags(MessageTag::builder().name(name).value(value).build()?);
        }
        Ok(request)
    }

    /// Asks a question that changes nothing, up to three times, and gives the answer's JSON. The typed outputs of the SDK
    /// read an absent flag as false; here absent stays absent.
    pub(super) async fn ask<O, E, F>(&self, call: impl Fn(Trace) -> F) -> Result<serde_json::Value, Fault>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if let Some(why) = self.unprepared.get() {
            return Err(Fault::Unprepared(why.clone()));
        }
        let mut attempt = 1;
        loop {
            let trace = Trace::default();
            let answered = call(trace.clone()).await;
            if let Some(account) = trace.account() {
                // It was signed by the same credentials as the question before.
                drop(self.account.set(account));
            }
            let fault = match answered {
                Ok(_) => return trace.json().ok_or_else(|| Fault::Lost("the answer is no JSON".to_owned())),
                Err(error) => self.remember(answer::fault(&error, trace.left())),
            };
            if attempt >= TRIES || !fault.is_worth_another_try() {
                return Err(fault);
            }
            tokio::time::sleep(self.patience.pause.saturating_mul(attempt)).await;
            attempt = attempt.saturating_add(1);
        }
    }

    /// Whose account it is, as the first question was signed; `None` while none was.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.get()
    }

    /// Whether calls can be made at all.
    pub(super) fn is_prepared(&self) -> Result<(), SesFailure> {
        self.unprepared.get().map_or(Ok(()), |why| Err(SesFailure::Credentials(why.clone())))
    }

    /// The failure of a question, with its name.
    pub(super) fn failure(&self, fault: Fault, question: &str) -> SesFailure {
        fault.failure(question, self.custom)
    }

    fn remember(&self, fault: Fault) -> Fault {
        if let Fault::Unprepared(why) = &fault {
            // Another call may have come to the same end at the same time.
            drop(self.unprepared.set(why.clone()));
        }
        fault
    }
}

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(IDLE)
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https()
}

/// What happened on the wire during one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace(Arc<Traced>);

#[derive(Debug, Default)]
struct Traced {
    left: AtomicBool,
    account: OnceLock<Account>,
    body: OnceLock<Vec<u8>>,
}

impl Trace {
    /// Whether the request was handed to the connection.
    pub(super) fn left(&self) -> bool {
        self.0.left.load(Ordering::SeqCst)
    }

    /// The account whose key signed the request; `None` where none did.
    fn account(&self) -> Option<Account> {
        self.0.account.get().cloned()
    }

    /// The answer as it came; `None` where none came or it is not UTF-8.
    pub(super) fn text(&self) -> Option<String> {
        String::from_utf8(self.0.body.get()?.clone()).ok()
    }

    fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.0.body.get()?).ok()
    }
}

impl Intercept for Trace {
    fn name(&self) -> &'static str {
        "trace"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.left.store(true, Ordering::SeqCst);
        // `AWS4-HMAC-SHA256 Credential=<id of the key>/<day>/…`
        let signed = context.request().headers().get("authorization").and_then(|value| value.split_once("Credential="));
        if let Some(account) = signed.and_then(|(_, rest)| Account::of_key(rest.split('/').next()?)) {
            drop(self.0.account.set(account));
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = context.response().body().bytes() {
            drop(self.0.body.set(body.to_vec()));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
