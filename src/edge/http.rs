//! HTTP: one request, one answer (RFC 9110).
//!
//! For everybody we ask who is neither Amazon nor a mailbox: OAuth servers, alerts, published policies. Certificates are
//! always verified, and in the clear only this very machine is spoken to. Redirects are not followed, as whoever asks
//! decides what one means. No proxy is taken from the environment, nothing is repeated, and of an answer no more is read
//! than was allowed for. Addresses, headers and bodies may hold secrets: no fault and no debug line shows more of them
//! than the host.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use url::Host;

/// How the client behaves.
#[derive(Debug, Clone)]
pub(crate) struct HttpSettings {
    /// Trust the authorities of this PEM file besides the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// How long a connection with its encryption may take.
    pub(crate) connect: Duration,
    /// How long everything together may take.
    pub(crate) total: Duration,
    /// Most bytes of a body that are taken.
    pub(crate) most: usize,
    /// Where these hosts are, instead of what the system's resolver says. A port of 0 is the usual one of the scheme.
    pub(crate) hosts: BTreeMap<String, Vec<SocketAddr>>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            ca_file: None,
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
            most: 256 * 1024,
            hosts: BTreeMap::new(),
        }
    }
}

/// A request.
#[derive(Clone)]
pub(crate) struct HttpRequest {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HttpRequest({} …)", self.method)
    }
}

impl HttpRequest {
    /// Asks for what lies at this address.
    pub(crate) fn get(url: &str) -> Self {
        Self { method: Method::GET, url: url.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// Hands a body of this media type to this address.
    pub(crate) fn post(url: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![(CONTENT_TYPE.as_str().to_owned(), media_type.to_owned())];
        Self { method: Method::POST, url: url.to_owned(), headers, body: body.into() }
    }

    /// The same with one more header.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What came back, whatever its status.
#[derive(Clone)]
pub(crate) struct HttpAnswer {
    /// The status (RFC 9110 §15).
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
    headers: HeaderMap,
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HttpAnswer({}, {} bytes)", self.status, self.body.len())
    }
}

impl HttpAnswer {
    /// The first header of this name, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether the server did what it was asked for.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the same request may succeed later (RFC 9110 §15.5.9, RFC 6585 §4).
    pub(crate) fn is_temporary(&self) -> bool {
        self.status >= 500 || matches!(self.status, 408 | 425 | 429)
    }
}

/// Why there is no answer. It names the host and nothing else of the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpFault {
    /// The client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Settings(String),
    /// The extra authorities cannot be read.
    #[error("the `ca_file` {path} cannot be used: {why}")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// What was to be asked cannot be.
    #[error("the request cannot be made: {0}")]
    Request(&'static str),
    /// Not encrypted, and not this machine.
    #[error("{host} is not asked in the clear; its address must start with https://")]
    InTheClear {
        /// The host.
        host: String,
    },
    /// The resolver says that there is no such host.
    #[error("there is no host named {host}")]
    NoSuchHost {
        /// The host.
        host: String,
    },
    /// Its certificate is not to be trusted.
    #[error("{host} is not trusted: {why}")]
    Certificate {
        /// The host.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// No connection.
    #[error("{host} could not be reached: {why}")]
    NotReached {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// It took too long.
    #[error("{host} did not answer in time")]
    Timeout {
        /// The host.
        host: String,
    },
    /// The answer broke off or is none.
    #[error("the answer of {host} broke off: {why}")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// More was sent than is taken.
    #[error("{host} answered with more than {most} bytes")]
    TooLong {
        /// The host.
        host: String,
        /// The bound.
        most: usize,
    },
}

impl HttpFault {
    /// Whether it may pass by itself.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::NotReached { .. } | Self::Timeout { .. } | Self::Broken { .. } => true,
            Self::Settings(_)
            | Self::CaFile { .. }
            | Self::Request(_)
            | Self::InTheClear { .. }
            | Self::NoSuchHost { .. }
            | Self::Certificate { .. }
            | Self::TooLong { .. } => false,
        }
    }
}

/// A client. Clones share it.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    most: usize,
}

impl fmt::Debug for Http {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Http(…)")
    }
}

impl Http {
    /// A client that behaves so.
    pub(crate) fn new(settings: &HttpSettings) -> Result<Self, HttpFault> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(trust(settings.ca_file.as_deref())?)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            // A connection that was left idle may be dead: then nobody knows whether the request was heard.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("inboxed/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect)
            .timeout(settings.total);
        for (host, addresses) in &settings.hosts {
            builder = builder.resolve_to_addrs(host, addresses);
        }
        let client = builder.build().map_err(|error| HttpFault::Settings(chain(&error)))?;
        Ok(Self { client, most: settings.most })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFault> {
        let (host, mut response) = self.begin(request).await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| fault_of(&host, &error))? {
            if body.len().saturating_add(part.len()) > self.most {
                return Err(HttpFault::TooLong { host, most: self.most });
            }
            body.extend_from_slice(&part);
        }
        tracing::debug!(%host, status, bytes = body.len(), "HTTP answer");
        Ok(HttpAnswer { status, body, headers })
    }

    /// Sends a request and reads of the answer no more than its status and headers, however long its body is.
    pub(crate) async fn send_for_status(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFault> {
        let (host, response) = self.begin(request).await?;
        let status = response.status().as_u16();
        tracing::debug!(%host, status, "HTTP answer");
        Ok(HttpAnswer { status, body: Vec::new(), headers: response.headers().clone() })
    }

    async fn begin(&self, request: HttpRequest) -> Result<(String, reqwest::Response), HttpFault> {
        let url = Url::parse(&request.url).map_err(|_| HttpFault::Request("its address is not a URL"))?;
        let Some(host) = url.host_str().map(str::to_owned) else {
            return Err(HttpFault::Request("its address names no host"));
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(HttpFault::InTheClear { host }),
            _ => return Err(HttpFault::Request("its address starts with neither https:// nor http://")),
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(HttpFault::Request("one of its headers holds what no header may"));
            };
            value.set_sensitive(true);
            headers.append(name, value);
        }
        tracing::debug!(%host, method = %request.method, "HTTP request");
        let sent = self.client.request(request.method, url).headers(headers).body(request.body).send().await;
        let response = sent.map_err(|error| fault_of(&host, &error))?;
        Ok((host, response))
    }
}

/// Whether an address is one of this machine, which is spoken to without encryption.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whom the client trusts: the system's authorities and those of the file.
fn trust(ca_file: Option<&Path>) -> Result<ClientConfig, HttpFault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let own = ca_file.map_or_else(|| Ok(Vec::new()), authorities)?;
    let verifier = if own.is_empty() {
        Verifier::new(Arc::clone(&provider))
    } else {
        Verifier::new_with_extra_roots(own, Arc::clone(&provider))
    };
    let fault = |error: &rustls::Error| HttpFault::Settings(error.to_string());
    let verifier = verifier.map_err(|error| fault(&error))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&error))?;
    // This is how rustls takes any verifier that it did not build itself; this one checks the whole chain.
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, HttpFault> {
    let fault = |why: String| HttpFault::CaFile { path: path.display().to_string(), why };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| fault(error.to_string()))?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(|error| fault(error.to_string()))?;
    if found.is_empty() {
        return Err(fault("it holds no certificate in PEM form".to_owned()));
    }
    Ok(found)
}

fn fault_of(host: &str, error: &reqwest::Error) -> HttpFault {
    let host = host.to_owned();
    if let Some(rustls::Error::InvalidCertificate(why)) = cause::<rustls::Error>(error) {
        return HttpFault::Certificate { host, why: why.to_string() };
    }
    let why = chain(error);
    if error.is_timeout() {
        return HttpFault::Timeout { host };
    }
    if error.is_connect() {
        let words = why.to_ascii_lowercase();
        if ["not known", "no address associated", "does not resolve"].iter().any(|sign| words.contains(sign)) {
            return HttpFault::NoSuchHost { host };
        }
        return HttpFault::NotReached { host, why };
    }
    HttpFault::Broken { host, why }
}

/// The causes of an error, outermost first, without the address that it may quote.
fn chain(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        // Wrappers repeat the words of what they wrap.
        if causes.last().is_none_or(|last: &String| !last.contains(&words)) {
            causes.push(words);
        }
        next = cause.source();
    }
    if causes.is_empty() { "no further word".to_owned() } else { causes.join(": ") }
}

/// The first cause of this kind. An I/O error hides its own from the chain.
fn cause<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        let within = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = within.map(|within| within as &(dyn Error + 'static)).or_else(|| cause.source());
    }
    None
}

#[cfg(test)]
mod tests;
