//! A certificate of its own for a test server on loopback.

use std::sync::Arc;

use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// What a server that bears this name needs, and the certificate in PEM, which a client must be told to trust.
pub(super) fn certified(name: &str) -> (TlsAcceptor, String) {
    let certified = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certified.cert.pem())
}
