//! The certificate authority of the lab: made anew at each start, good and bad server certificates on demand.
//!
//! Its key never leaves memory and its root is trusted only where `ca_file` names it. Certificates are for `localhost`
//! and 127.0.0.1 (RFC 9525 §6); the bad ones are bad in exactly one respect. Clients judge validity by the system's
//! clock, not by the lab's, so the good ones are valid for decades around today.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::LabError;

/// In which one respect a server certificate is bad, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certificate {
    /// For `localhost` and 127.0.0.1, valid today, signed by the lab's authority.
    Good,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// For `elsewhere.example` only.
    WrongHost,
    /// Signed by itself.
    SelfSigned,
    /// Signed by an authority of the same name that nobody trusts.
    OtherAuthority,
    /// For client authentication only (RFC 5280 §4.2.1.12).
    ClientOnly,
}

impl Certificate {
    /// Every kind of bad certificate.
    pub const BAD: [Self; 6] =
        [Self::Expired, Self::NotYetValid, Self::WrongHost, Self::SelfSigned, Self::OtherAuthority, Self::ClientOnly];

    fn params(self) -> Result<CertificateParams, rcgen::Error> {
        let host = if self == Self::WrongHost { "elsewhere.example" } else { "localhost" };
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        if self != Self::WrongHost {
            params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        }
        params.distinguished_name.push(DnType::CommonName, host);
        params.extended_key_usages = vec![match self {
            Self::ClientOnly => ExtendedKeyUsagePurpose::ClientAuth,
            Self::Good
            | Self::Expired
            | Self::NotYetValid
            | Self::WrongHost
            | Self::SelfSigned
            | Self::OtherAuthority => ExtendedKeyUsagePurpose::ServerAuth,
        }];
        (params.not_before, params.not_after) = match self {
            Self::Expired => (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1)),
            Self::NotYetValid => (date_time_ymd(2098, 1, 1), date_time_ymd(2099, 1, 1)),
            Self::Good | Self::WrongHost | Self::SelfSigned | Self::OtherAuthority | Self::ClientOnly => {
                (date_time_ymd(2001, 1, 1), date_time_ymd(2099, 1, 1))
            }
        };
        Ok(params)
    }
}

/// What a server shows and proves in the handshake.
#[derive(Clone)]
pub struct Identity(Arc<ServerConfig>);

impl Identity {
    /// The configuration for a TLS acceptor.
    pub fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Identity")
    }
}

/// A certificate authority that lives as long as the lab.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl fmt::Debug for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Authority")
    }
}

impl Authority {
    /// A new authority with a new key.
    pub fn new() -> Result<Self, LabError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "inboxed lab");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2099, 1, 1));
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// The root certificate as a PEM file, for `ca_file`.
    pub fn ca_pem(&self) -> &str {
        &self.pem
    }

    /// Makes a server's key and certificate.
    pub fn certify(&self, kind: Certificate) -> Result<Identity, LabError> {
        let key = KeyPair::generate()?;
        let params = kind.params()?;
        let certificate = match kind {
            Certificate::SelfSigned => params.self_signed(&key)?,
            Certificate::OtherAuthority => params.signed_by(&key, &Self::new()?.issuer)?,
            Certificate::Good
            | Certificate::Expired
            | Certificate::NotYetValid
            | Certificate::WrongHost
            | Certificate::ClientOnly => params.signed_by(&key, &self.issuer)?,
        };
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)?;
        // Nothing is kept between connections: each one proves itself, and a thousand of them cost little memory.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Identity(Arc::new(config)))
    }
}
