//! TLS: who is trusted, and what is wrong with whom is not (RFC 8446, RFC 9525).
//!
//! There is no way to leave a certificate unchecked. A seed with `ca_file` trusts those authorities alone; all others
//! trust what the system trusts.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, ClientConfig, Error, OtherError, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::failure::ImapFailure;
use super::tls_fault::TlsFault;

/// What webpki says of an authority's certificate that a server shows as its own; rustls has no word for it.
const CA_AS_SERVER: &str = "CaUsedAsEndEntity";

/// The TLS settings of all seeds, made once for each `ca_file` and once for the system's authorities.
#[derive(Debug, Default)]
pub(super) struct Trust {
    configs: Mutex<BTreeMap<Option<PathBuf>, Arc<ClientConfig>>>,
}

impl Trust {
    /// The settings for a seed.
    pub(super) fn config(&self, host: &str, ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ImapFailure> {
        let key = ca_file.map(Path::to_path_buf);
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(build(host, ca_file)?);
        configs.insert(key, Arc::clone(&config));
        Ok(config)
    }
}

fn build(host: &str, ca_file: Option<&Path>) -> Result<ClientConfig, ImapFailure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let fault = |error: &Error| ImapFailure::Tls { host: host.to_owned(), fault: fault_of(error) };
    let verifier: Arc<dyn ServerCertVerifier> = match ca_file {
        Some(path) => own_authorities(path, &provider)?,
        None => {
            Arc::new(rustls_platform_verifier::Verifier::new(Arc::clone(&provider)).map_err(|error| fault(&error))?)
        }
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&error))?;
    // This is how rustls takes any verifier that it did not build itself; both of ours check the whole chain.
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn own_authorities(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, ImapFailure> {
    let fault = |why: String| ImapFailure::CaFile { path: path.display().to_string(), why };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| fault(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| fault(error.to_string()))?;
        roots.add(certificate).map_err(|error| fault(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(fault("it holds no certificate in PEM form".to_owned()));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| fault(error.to_string()))
}

/// What an error of the handshake means.
pub(super) fn fault_of_handshake(error: &io::Error) -> TlsFault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => fault_of(inner),
        None => TlsFault::Broken(error.to_string()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "foreign and open: whatever else it is, it is refused")]
fn fault_of(error: &Error) -> TlsFault {
    match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::WrongName,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
            // An authority of the same name as a trusted one is found out by its signature.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::UnknownAuthority,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => TlsFault::WrongPurpose,
            CertificateError::Revoked => TlsFault::Revoked,
            CertificateError::Other(OtherError(why)) if why.to_string() == CA_AS_SERVER => TlsFault::AuthorityAsServer,
            other => TlsFault::BadCertificate(other.to_string()),
        },
        Error::InvalidMessage(_) => TlsFault::NotTls,
        Error::PeerIncompatible(_) | Error::AlertReceived(_) => TlsFault::Outdated(error.to_string()),
        other => TlsFault::Broken(other.to_string()),
    }
}
