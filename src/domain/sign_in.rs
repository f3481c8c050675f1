//! How a sign-in to a seed came out: one word for each outcome, told apart because each has another remedy.
//!
//! Whether the provider judged the credential at all is what matters most. A server that is busy, broken or wants fewer
//! connections has said nothing about the password, and nobody may conclude that it is wrong.

/// How a sign-in came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SignIn {
    /// It led into the mailbox.
    Done,
    /// The provider refused the password.
    WrongPassword,
    /// The provider says the same of a wrong password and of a mailbox whose IMAP is switched off.
    PasswordOrImapOff,
    /// The password is that of the account, and the provider wants one made for programs.
    AppPasswordNeeded,
    /// The password is no longer good and must be renewed at the provider.
    PasswordExpired,
    /// IMAP is switched off for this mailbox, by its owner or an administrator.
    ImapOff,
    /// The provider takes no passwords over IMAP at all.
    BasicAuthDisabled,
    /// The provider refused the access token.
    TokenRefused,
    /// The consent behind the refresh token was withdrawn or has run out.
    ConsentWithdrawn,
    /// A rule of the provider stands in the way until somebody signs in on its web page or an administrator acts.
    Blocked,
    /// The server offers no way to sign in that we have.
    NoWay,
    /// Outlook's half sign-in: accepted, and every later command refused.
    NotConnected,
    /// More connections are open than the provider allows.
    TooManyConnections,
    /// The provider wants fewer requests.
    Throttled,
    /// The server could not judge the credential just now.
    Unavailable,
    /// We did not try: the seed refused too often, or asked to be left alone.
    LeftAlone,
    /// Its host could not be found or reached.
    Unreachable,
    /// The certificate is for another name.
    CertificateWrongName,
    /// The certificate has expired.
    CertificateExpired,
    /// The certificate is not valid yet.
    CertificateNotYetValid,
    /// No trusted authority signed the certificate.
    CertificateUntrusted,
    /// The certificate was issued for something else, was revoked, or cannot be accepted for another reason.
    CertificateInvalid,
    /// No verified encryption came about, for a reason other than the certificate.
    NoEncryption,
    /// What answered is no IMAP server, or one that proves no mailbox.
    NotImap,
    /// The seed's secret, or the file with its authorities, could not be read.
    SecretUnreadable,
}

impl SignIn {
    /// Every outcome.
    pub(crate) const ALL: [Self; 25] = [
        Self::Done,
        Self::WrongPassword,
        Self::PasswordOrImapOff,
        Self::AppPasswordNeeded,
        Self::PasswordExpired,
        Self::ImapOff,
        Self::BasicAuthDisabled,
        Self::TokenRefused,
        Self::ConsentWithdrawn,
        Self::Blocked,
        Self::NoWay,
        Self::NotConnected,
        Self::TooManyConnections,
        Self::Throttled,
        Self::Unavailable,
        Self::LeftAlone,
        Self::Unreachable,
        Self::CertificateWrongName,
        Self::CertificateExpired,
        Self::CertificateNotYetValid,
        Self::CertificateUntrusted,
        Self::CertificateInvalid,
        Self::NoEncryption,
        Self::NotImap,
        Self::SecretUnreadable,
    ];

    /// The word in JSON, in the database and in presets. It never changes.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "signed_in",
            Self::WrongPassword => "wrong_password",
            Self::PasswordOrImapOff => "wrong_password_or_imap_off",
            Self::AppPasswordNeeded => "app_password_needed",
            Self::PasswordExpired => "password_expired",
            Self::ImapOff => "imap_off",
            Self::BasicAuthDisabled => "basic_auth_disabled",
            Self::TokenRefused => "token_refused",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::Blocked => "blocked",
            Self::NoWay => "no_way",
            Self::NotConnected => "not_connected",
            Self::TooManyConnections => "too_many_connections",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::LeftAlone => "left_alone",
            Self::Unreachable => "unreachable",
            Self::CertificateWrongName => "certificate_wrong_name",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::CertificateUntrusted => "certificate_untrusted",
            Self::CertificateInvalid => "certificate_invalid",
            Self::NoEncryption => "no_encryption",
            Self::NotImap => "not_imap",
            Self::SecretUnreadable => "secret_unreadable",
        }
    }

    /// The outcome that [`SignIn::word`] wrote.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// Whether the provider judged the credential and refused it. Only such refusals lock mailboxes, and only a changed
    /// secret cures them.
    pub(crate) fn refuses_credential(self) -> bool {
        matches!(
            self,
            Self::WrongPassword
                | Self::PasswordOrImapOff
                | Self::AppPasswordNeeded
                | Self::PasswordExpired
                | Self::BasicAuthDisabled
                | Self::TokenRefused
                | Self::ConsentWithdrawn
        )
    }

    /// Whether the credential, or at least a wish to sign in, came before the server.
    pub(crate) fn reached_the_door(self) -> bool {
        !matches!(
            self,
            Self::NoWay
                | Self::LeftAlone
                | Self::Unreachable
                | Self::CertificateWrongName
                | Self::CertificateExpired
                | Self::CertificateNotYetValid
                | Self::CertificateUntrusted
                | Self::CertificateInvalid
                | Self::NoEncryption
                | Self::NotImap
                | Self::SecretUnreadable
        )
    }

    /// What happened, for a sentence about `login`.
    pub(crate) fn sentence(self, login: &str) -> String {
        match self {
            Self::Done => format!("signed in as {login}"),
            Self::WrongPassword => format!("the password of {login} was refused"),
            Self::PasswordOrImapOff => {
                format!(
                    "the password of {login} was refused, or IMAP is switched off there: the provider does not tell"
                )
            }
            Self::AppPasswordNeeded => format!("{login} needs an app password"),
            Self::PasswordExpired => format!("the password of {login} has expired"),
            Self::ImapOff => format!("IMAP is switched off for {login}"),
            Self::BasicAuthDisabled => format!("the provider takes no password over IMAP from {login}"),
            Self::TokenRefused => format!("the access token of {login} was refused"),
            Self::ConsentWithdrawn => format!("the consent to read {login} was withdrawn or has run out"),
            Self::Blocked => format!("the provider blocks the sign-in as {login}"),
            Self::NoWay => format!("there is no way to sign in as {login}"),
            Self::NotConnected => format!("the sign-in as {login} was accepted but the mailbox is not connected"),
            Self::TooManyConnections => "too many connections are open".to_owned(),
            Self::Throttled => "the server asks for fewer requests".to_owned(),
            Self::Unavailable => "the server cannot take a sign-in at the moment".to_owned(),
            Self::LeftAlone => format!("{login} is left alone"),
            Self::Unreachable => "the server could not be reached".to_owned(),
            Self::CertificateWrongName
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateUntrusted
            | Self::CertificateInvalid
            | Self::NoEncryption => "no verified encrypted connection came about".to_owned(),
            Self::NotImap => "what answered is no IMAP server".to_owned(),
            Self::SecretUnreadable => format!("the secret of {login} cannot be read"),
        }
    }

    /// What to do where the provider's preset knows nothing better; `None` where its general advice is best.
    pub(crate) fn usual_remedy(self) -> Option<&'static str> {
        match self {
            Self::ImapOff => Some("switch IMAP on in the mailbox's settings, or ask its administrator to"),
            Self::BasicAuthDisabled => {
                Some("set auth = \"oauth\" in the seed and run `inboxed seeds sign-in` with its address")
            }
            Self::TokenRefused | Self::ConsentWithdrawn => Some("run `inboxed seeds sign-in` with the seed's address"),
            Self::PasswordExpired => Some("set a new password at the provider and put it where the seed's secret lies"),
            Self::Blocked => Some(
                "sign in once on the provider's web page and confirm that it was you, or ask the administrator; nothing is \
                 wrong with the seed",
            ),
            Self::NotConnected => {
                Some("switch IMAP on in the mailbox's settings, or set ip = \"v4\" in the seed if it is on")
            }
            Self::TooManyConnections => {
                Some("close other programs that read this mailbox; it is tried again by itself")
            }
            Self::Throttled | Self::Unavailable => Some("nothing is wrong with the seed; it is tried again by itself"),
            Self::Done
            | Self::WrongPassword
            | Self::PasswordOrImapOff
            | Self::AppPasswordNeeded
            | Self::NoWay
            | Self::LeftAlone
            | Self::Unreachable
            | Self::CertificateWrongName
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateUntrusted
            | Self::CertificateInvalid
            | Self::NoEncryption
            | Self::NotImap
            | Self::SecretUnreadable => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        for outcome in SignIn::ALL {
            assert_eq!(SignIn::of_word(outcome.word()), Some(outcome));
            assert!(outcome.word().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{outcome:?}");
            assert!(!outcome.sentence("anna").is_empty());
        }
        let words: std::collections::BTreeSet<&str> = SignIn::ALL.into_iter().map(SignIn::word).collect();
        assert_eq!(words.len(), SignIn::ALL.len());
    }

    #[test]
    fn what_passes_by_itself_is_never_held_against_the_credential() {
        for outcome in [
            SignIn::Unavailable,
            SignIn::Throttled,
            SignIn::TooManyConnections,
            SignIn::NotConnected,
            SignIn::Unreachable,
            SignIn::CertificateExpired,
            SignIn::LeftAlone,
            SignIn::ImapOff,
            SignIn::Blocked,
        ] {
            assert!(!outcome.refuses_credential(), "{outcome:?}");
            assert!(!outcome.sentence("anna").contains("password"), "{outcome:?}");
        }
    }
}
