//! What is wrong with the encryption of a connection (RFC 8446, RFC 9525), in words with the remedy.

use std::fmt;

use crate::domain::sign_in::SignIn;

/// What is wrong with the encryption of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsFault {
    /// The certificate is for another name.
    WrongName,
    /// It has expired.
    Expired,
    /// It is not valid yet: one of the two clocks is wrong.
    NotYetValid,
    /// No trusted authority signed it; self-signed ones are among these.
    UnknownAuthority,
    /// It was not issued for servers.
    WrongPurpose,
    /// It was revoked.
    Revoked,
    /// It is that of an authority, which no server may show as its own.
    AuthorityAsServer,
    /// Another fault of the certificate.
    BadCertificate(String),
    /// The server speaks no version or cipher that is safe.
    Outdated(String),
    /// What answered does not speak TLS.
    NotTls,
    /// The handshake did not end in time.
    Stalled,
    /// The connection broke during the handshake.
    Broken(String),
}

impl TlsFault {
    /// The outcome of a sign-in that it stood in the way of.
    pub(super) fn sign_in(&self) -> SignIn {
        match self {
            Self::WrongName => SignIn::CertificateWrongName,
            Self::Expired => SignIn::CertificateExpired,
            Self::NotYetValid => SignIn::CertificateNotYetValid,
            Self::UnknownAuthority => SignIn::CertificateUntrusted,
            Self::WrongPurpose | Self::AuthorityAsServer | Self::Revoked | Self::BadCertificate(_) => {
                SignIn::CertificateInvalid
            }
            Self::Outdated(_) | Self::NotTls | Self::Stalled | Self::Broken(_) => SignIn::NoEncryption,
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongName => out.write_str("its certificate is for another name; check `host` of the seed"),
            Self::Expired => out.write_str("its certificate has expired"),
            Self::NotYetValid => out.write_str("its certificate is not valid yet; check this machine's clock"),
            Self::UnknownAuthority => out.write_str(
                "its certificate is not signed by a trusted authority; if it is a server of your own, name its authority's \
                 certificate as `ca_file` in the seed",
            ),
            Self::WrongPurpose => out.write_str("its certificate was not issued for a server"),
            Self::AuthorityAsServer => out.write_str(
                "its certificate is that of an authority, which no server may show as its own; make it anew with \
                 basicConstraints=CA:FALSE (`openssl req -x509 … -addext basicConstraints=critical,CA:FALSE`), or let an \
                 authority of yours sign one",
            ),
            Self::Revoked => out.write_str("its certificate was revoked"),
            Self::BadCertificate(why) => write!(out, "its certificate cannot be accepted: {why}"),
            Self::Outdated(why) => write!(out, "it offers no safe version of TLS: {why}"),
            Self::NotTls => out.write_str("what answered does not speak TLS; check `port` and `tls` of the seed"),
            Self::Stalled => out.write_str("the handshake took too long"),
            Self::Broken(why) => write!(out, "the handshake was cut off: {why}"),
        }
    }
}
