//! The issuer: the authorization server, asked in the name of a registered client (RFC 6749 §3.2).

use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ErrorResponse, HttpResponse, RefreshToken,
    RequestTokenError, Scope, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{OAuthFault, Tokens, device, loopback};
use crate::domain::oauth::{Flow, Registration};
use crate::edge::clock::Clock;
use crate::edge::hidden::Hidden;
use crate::edge::http::{Http, HttpFault, HttpRequest};
use crate::secret::Secret;

/// Fields of a form that no server may repeat to a person.
const SECRET_FIELDS: [&str; 6] =
    ["client_secret", "refresh_token", "code", "code_verifier", "device_code", "client_assertion"];

/// A client that can ask the token endpoint.
pub(super) type TokenClient = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// What a person has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Open the address on any device and type the code in.
    Device {
        /// The address.
        address: String,
        /// The same with the code in it, where the server has one.
        complete: Option<String>,
        /// The code.
        code: String,
        /// For how many minutes it is good.
        minutes: u64,
    },
    /// Open the address in a browser on this machine.
    Browser {
        /// The address.
        address: String,
        /// The port where the browser comes back.
        port: u16,
    },
}

/// Why a request of the library has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unasked {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpFault),
    /// A server in trouble.
    #[error("{host} answered with status {status}")]
    Trouble {
        /// The server.
        host: String,
        /// Its status.
        status: u16,
    },
    /// What cannot be sent or read.
    #[error("{0}")]
    Odd(&'static str),
}

/// What the library sends its requests by.
#[derive(Debug, Clone)]
pub(super) struct Carrier(Http);

/// An answer on its way.
type Carried<'c> = Pin<Box<dyn Future<Output = Result<HttpResponse, Unasked>> + Send + 'c>>;

impl<'c> AsyncHttpClient<'c> for Carrier {
    type Error = Unasked;
    type Future = Carried<'c>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Carried<'c> {
        Box::pin(self.carry(request))
    }
}

impl Carrier {
    /// Carries one request of the library. A server in trouble is no answer: what it says then says nothing about tokens.
    /// One that refuses and repeats what it was sent is read with that masked.
    async fn carry(&self, request: oauth2::HttpRequest) -> Result<HttpResponse, Unasked> {
        let url = request.uri().to_string();
        let host = request.uri().host().unwrap_or_default().to_owned();
        let hidden = secrets_of(&request);
        let media_type = "application/x-www-form-urlencoded";
        let headers = request.headers().clone();
        let mut asked = HttpRequest::post(&url, media_type, request.into_body());
        for (name, value) in &headers {
            if name != oauth2::http::header::CONTENT_TYPE {
                let value = value.to_str().map_err(|_| Unasked::Odd("the client's id or secret cannot be sent"))?;
                asked = asked.with_header(name.as_str(), value);
            }
        }
        let answer = self.0.send(asked).await?;
        if answer.is_temporary() {
            return Err(Unasked::Trouble { host, status: answer.status });
        }
        let mut response = oauth2::http::Response::builder().status(answer.status);
        if let Some(media_type) = answer.header("content-type") {
            response = response.header(oauth2::http::header::CONTENT_TYPE, media_type);
        }
        let body = if answer.status >= 400 { masked(answer.body, &hidden) } else { answer.body };
        response.body(body).map_err(|_| Unasked::Odd("the answer has a status that is none"))
    }
}

/// What a request holds that its server alone may know: in its form (RFC 6749 §2.3.1, RFC 7636 §4.5, RFC 8628 §3.4), or in the
/// header that names the client.
fn secrets_of(request: &oauth2::HttpRequest) -> Hidden {
    let mut hidden = Hidden::default();
    for (name, value) in url::form_urlencoded::parse(request.body()) {
        if SECRET_FIELDS.contains(&name.as_ref()) {
            hidden.add(&SecretString::from(value.into_owned()));
        }
    }
    let credentials = request.headers().get(oauth2::http::header::AUTHORIZATION);
    let basic = credentials.and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Basic "));
    if let Some(basic) = basic {
        hidden.add(&SecretString::from(basic.to_owned()));
        let pair = STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        // Both halves were percent-encoded before.
        let secret = pair.split_once(':').map(|(_, secret)| format!("secret={secret}")).unwrap_or_default();
        for (_, secret) in url::form_urlencoded::parse(secret.as_bytes()) {
            hidden.add(&SecretString::from(secret.into_owned()));
        }
    }
    hidden
}

/// A refusal without what only its server may know. JSON is masked word by word, as it has many ways to escape a letter.
fn masked(body: Vec<u8>, hidden: &Hidden) -> Vec<u8> {
    if let Ok(mut document) = serde_json::from_slice(&body) {
        mask_words(&mut document, hidden);
        return document.to_string().into_bytes();
    }
    String::from_utf8(body).map_or_else(
        |_| Vec::new(),
        |mut text| {
            hidden.mask(&mut text);
            text.into_bytes()
        },
    )
}

fn mask_words(value: &mut Value, hidden: &Hidden) {
    match value {
        Value::String(text) => hidden.mask(text),
        Value::Array(values) => values.iter_mut().for_each(|value| mask_words(value, hidden)),
        Value::Object(fields) => fields.values_mut().for_each(|value| mask_words(value, hidden)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An authorization server with our registration there.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    /// The registration.
    pub(super) registration: Registration,
    secret: Option<Secret>,
    /// What its requests travel by.
    pub(super) carrier: Carrier,
    /// What time it is.
    pub(super) clock: Clock,
}

impl Issuer {
    /// The server of a registration, with the client's secret where it has one.
    pub(crate) fn new(registration: Registration, secret: Option<Secret>, http: Http, clock: Clock) -> Self {
        Self { registration, secret, carrier: Carrier(http), clock }
    }

    /// Gets the first tokens by the registration's flow; `show` tells the person at the screen what to do. `login` is
    /// whose mailbox it is, as a hint for the server.
    pub(crate) async fn sign_in(
        &self,
        login: &str,
        show: impl Fn(&Prompt) + Send + Sync,
    ) -> Result<Tokens, OAuthFault> {
        match self.registration.flow {
            Flow::Device => device::sign_in(self, show).await,
            Flow::Loopback => loopback::sign_in(self, login, show).await,
            Flow::App => self.by_itself().await,
        }
    }

    /// Gets a token for the client itself (RFC 6749 §4.4).
    pub(super) async fn by_itself(&self) -> Result<Tokens, OAuthFault> {
        let client = self.client()?;
        let request = client.exchange_client_credentials().add_scopes(self.scopes());
        let answer = request.request_async(&self.carrier).await.map_err(|error| self.fault(error))?;
        Ok(self.tokens(&answer, None))
    }

    /// Gets new tokens for a refresh token of `before` (RFC 6749 §6).
    pub(super) async fn refresh(&self, before: &Tokens, refresh: &Secret) -> Result<Tokens, OAuthFault> {
        let client = self.client()?;
        let token = RefreshToken::new(refresh.expose_secret().to_owned());
        let request = client.exchange_refresh_token(&token);
        let answer = request.request_async(&self.carrier).await.map_err(|error| self.fault(error))?;
        Ok(self.tokens(&answer, Some(before)))
    }

    /// What is asked for.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        self.registration.scopes.iter().cloned().map(Scope::new).collect()
    }

    /// The tokens of an answer that came just now.
    pub(super) fn tokens(&self, answer: &BasicTokenResponse, before: Option<&Tokens>) -> Tokens {
        Tokens::of(&self.registration, answer, before, self.clock.now())
    }

    /// The library's client.
    pub(super) fn client(&self) -> Result<TokenClient, OAuthFault> {
        let token_url = TokenUrl::new(self.registration.token_url.clone()).map_err(|_| bad_address("token_url"))?;
        let mut client = BasicClient::new(ClientId::new(self.registration.client_id.clone())).set_token_uri(token_url);
        if let Some(secret) = &self.secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        Ok(client)
    }

    /// What an error of the library means.
    pub(super) fn fault(&self, error: RequestTokenError<Unasked, BasicErrorResponse>) -> OAuthFault {
        self.fault_by(error, |response| {
            OAuthFault::refused(response.error().as_ref(), response.error_description().map(String::as_str))
        })
    }

    /// The same where the server's errors are of another type.
    pub(super) fn fault_by<E: ErrorResponse + 'static>(
        &self,
        error: RequestTokenError<Unasked, E>,
        refused: impl FnOnce(&E) -> OAuthFault,
    ) -> OAuthFault {
        match error {
            RequestTokenError::ServerResponse(response) => refused(&response),
            RequestTokenError::Request(Unasked::Http(fault)) => fault.into(),
            RequestTokenError::Request(unasked) => {
                let temporary = matches!(unasked, Unasked::Trouble { .. });
                OAuthFault::Unavailable { why: unasked.to_string(), temporary }
            }
            // What was read instead may hold tokens and is not repeated.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                let host = url::Url::parse(&self.registration.token_url).ok();
                let host = host.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
                OAuthFault::Unavailable {
                    why: format!("the answer of {host} is not that of an OAuth server"),
                    temporary: true,
                }
            }
        }
    }
}

/// An address that the configuration let pass and the library does not take.
pub(super) fn bad_address(key: &str) -> OAuthFault {
    OAuthFault::Unavailable { why: format!("{key} is not an address"), temporary: false }
}
