//! What an account may send as: domains and addresses that SES verified, and what they publish for it.

use super::noise::Noise;

/// A domain or address that the account has asked SES to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The domain or address.
    pub name: String,
    /// Whether it has been verified.
    pub verified: bool,
    /// Whether mail is signed for this domain (Easy DKIM).
    pub dkim: bool,
    /// The custom MAIL FROM domain.
    pub mail_from: Option<MailFrom>,
}

/// A custom MAIL FROM domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFrom {
    /// The domain.
    pub domain: String,
    /// Whether SES found its MX record.
    pub working: bool,
    /// Whether mail is refused while it does not work; else it leaves under the domain of SES.
    pub rejects: bool,
}

impl Identity {
    /// A verified domain that signs and has no MAIL FROM domain of its own.
    pub fn domain(name: &str) -> Self {
        Self { name: name.to_owned(), verified: true, dkim: true, mail_from: None }
    }

    /// A verified address.
    pub fn address(name: &str) -> Self {
        Self { dkim: false, ..Self::domain(name) }
    }

    /// Not verified yet.
    #[must_use]
    pub fn pending(mut self) -> Self {
        self.verified = false;
        self
    }

    /// Does not sign for its own domain.
    #[must_use]
    pub fn without_dkim(mut self) -> Self {
        self.dkim = false;
        self
    }

    /// With a MAIL FROM domain that works.
    #[must_use]
    pub fn with_mail_from(mut self, domain: &str) -> Self {
        self.mail_from = Some(MailFrom { domain: domain.to_owned(), working: true, rejects: false });
        self
    }
}

/// The three tokens of Easy DKIM that SES asks a domain to publish; the first one is the selector in use.
pub fn dkim_tokens(domain: &str) -> Vec<String> {
    let mut noise = Noise::of(&["easy dkim", domain]);
    (0..3).map(|_| noise.token(32)).collect()
}
