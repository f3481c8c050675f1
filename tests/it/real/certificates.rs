//! Certificates for a server of somebody else's: a good one, and such as are bad in exactly one respect.

use std::net::Ipv4Addr;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is for another name.
    WrongName,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is signed by itself.
    SelfSigned,
    /// It is signed by an authority that nobody trusts.
    OtherAuthority,
    /// It is for clients (RFC 5280 §4.2.1.12).
    ClientOnly,
    /// It is an authority's, as `openssl req -x509` makes it where it is told nothing else.
    OfAnAuthority,
}

/// A certificate authority.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2099, 1, 1));
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its own certificate in PEM, for `ca_file`.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for `localhost` and this address, and its key, both in PEM.
    pub(super) fn certify(&self, address: Ipv4Addr, flaw: Option<Flaw>) -> (String, String) {
        let names = if flaw == Some(Flaw::WrongName) { vec!["elsewhere.example"] } else { vec!["localhost"] };
        let mut params = CertificateParams::new(names.into_iter().map(str::to_owned).collect::<Vec<_>>()).unwrap();
        if flaw != Some(Flaw::WrongName) {
            params.subject_alt_names.push(SanType::IpAddress(address.into()));
        }
        let purpose = match flaw {
            Some(Flaw::ClientOnly) => ExtendedKeyUsagePurpose::ClientAuth,
            _ => ExtendedKeyUsagePurpose::ServerAuth,
        };
        params.extended_key_usages = vec![purpose];
        let years = match flaw {
            Some(Flaw::Expired) => (2001, 2002),
            Some(Flaw::NotYetValid) => (2098, 2099),
            _ => (2001, 2099),
        };
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        if flaw == Some(Flaw::OfAnAuthority) {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match flaw {
            Some(Flaw::SelfSigned) => params.self_signed(&key),
            Some(Flaw::OtherAuthority) => params.signed_by(&key, &Self::new().issuer),
            _ => params.signed_by(&key, &self.issuer),
        };
        (certificate.unwrap().pem(), key.serialize_pem())
    }
}
