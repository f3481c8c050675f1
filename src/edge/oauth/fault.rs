//! Why there is no token, in one sentence with its remedy.
//!
//! A server in trouble is never taken for a consent that was withdrawn: the one passes, the other ends the seed until
//! somebody signs in again. Of a server's words only the first line is repeated, without what no terminal should see.

use crate::domain::sign_in::SignIn;
use crate::edge::http::HttpFault;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OAuthFault {
    /// The authorization server could not be asked, or had trouble of its own.
    #[error("the OAuth server cannot be asked: {why}")]
    Unavailable {
        /// Why.
        why: String,
        /// Whether it may pass by itself.
        temporary: bool,
    },
    /// The authorization server said no.
    #[error("{said}{}", remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default())]
    Refused {
        /// What it means for the seed.
        outcome: SignIn,
        /// The server's words.
        said: String,
        /// What to do, where that is known better than from the outcome.
        remedy: Option<&'static str>,
    },
    /// Nobody has signed this seed in yet, or not with this client.
    #[error("{0}")]
    NotSignedIn(String),
    /// The tokens cannot be read or kept.
    #[error("{0}")]
    Store(String),
    /// The person did not consent, or not in time.
    #[error("{0}")]
    NoConsent(String),
}

/// What Microsoft's codes mean (`AADSTS…` in the description), with what to do.
const MICROSOFT: [(u32, SignIn, &str); 30] = [
    (
        50_011,
        SignIn::NoWay,
        "add the redirect URI http://localhost under Authentication > Mobile and desktop applications",
    ),
    (
        500_113,
        SignIn::NoWay,
        "add the redirect URI http://localhost under Authentication > Mobile and desktop applications",
    ),
    (50_020, SignIn::Blocked, "the mailbox belongs to another tenant; correct tenant (\"consumers\" for Outlook.com)"),
    (50_034, SignIn::Blocked, "there is no such user in this tenant; correct tenant"),
    (50_053, SignIn::Blocked, "the account is locked for a while; wait, then sign in again"),
    (50_057, SignIn::Blocked, "the account is disabled; ask the administrator"),
    (50_076, SignIn::ConsentWithdrawn, "a second factor is wanted now: sign in again"),
    (50_079, SignIn::ConsentWithdrawn, "a second factor must be set up: sign in again"),
    (
        50_105,
        SignIn::Blocked,
        "the user is not assigned to the app: Enterprise applications > the app > Users and groups",
    ),
    (50_173, SignIn::ConsentWithdrawn, "the password was changed: sign in again"),
    (50_194, SignIn::NoWay, "the app belongs to one tenant; write its Directory (tenant) ID as tenant"),
    (53_000, SignIn::Blocked, "Conditional Access wants a managed device; ask the administrator for an exception"),
    (53_001, SignIn::Blocked, "Conditional Access wants a joined device; ask the administrator for an exception"),
    (53_003, SignIn::Blocked, "Conditional Access blocks it; many tenants block device codes: try `--flow loopback`"),
    (65_001, SignIn::Blocked, "nobody consented: API permissions > Grant admin consent, or sign in again and accept"),
    (65_004, SignIn::Blocked, "the consent was declined; sign in again and accept"),
    (70_000, SignIn::ConsentWithdrawn, "sign in again"),
    (70_008, SignIn::ConsentWithdrawn, "the sign-in has run out: sign in again"),
    (70_011, SignIn::NoWay, "the scope is not one of this app's: API permissions > Add > IMAP.AccessAsUser.All"),
    (70_043, SignIn::ConsentWithdrawn, "the tenant wants a new sign-in from time to time: sign in again"),
    (70_002, SignIn::NoWay, "the app is no public client: Authentication > Allow public client flows > Yes"),
    (90_002, SignIn::NoWay, "there is no such tenant; correct tenant"),
    (90_094, SignIn::Blocked, "only an administrator may consent: API permissions > Grant admin consent"),
    (700_016, SignIn::NoWay, "the tenant does not know this client_id; check client_id and tenant"),
    (700_082, SignIn::ConsentWithdrawn, "it was not used for 90 days: sign in again"),
    (7_000_215, SignIn::NoWay, "the client secret is wrong: store the secret's Value, not its ID"),
    (7_000_218, SignIn::NoWay, "the app is no public client: Authentication > Allow public client flows > Yes"),
    (7_000_222, SignIn::NoWay, "the client secret has expired: Certificates & secrets > New client secret"),
    (
        9_002_327,
        SignIn::NoWay,
        "register http://localhost under Mobile and desktop applications, not as Single-page application",
    ),
    (9_002_346, SignIn::NoWay, "the app takes personal accounts only; write tenant = \"consumers\""),
];

/// What the words of the standards mean (RFC 6749 §4.1.2.1 and §5.2), with what to do.
const STANDARD: [(&str, SignIn, Option<&str>); 11] = [
    ("invalid_grant", SignIn::ConsentWithdrawn, None),
    ("interaction_required", SignIn::ConsentWithdrawn, None),
    ("consent_required", SignIn::ConsentWithdrawn, None),
    ("invalid_client", SignIn::NoWay, Some("check client_id and client_secret")),
    ("deleted_client", SignIn::NoWay, Some("the client was deleted at the provider; register another")),
    ("unauthorized_client", SignIn::NoWay, Some("the client may not use this flow; try another by flow = \"…\"")),
    ("unsupported_grant_type", SignIn::NoWay, Some("the server does not know this flow; try another by flow = \"…\"")),
    ("invalid_scope", SignIn::NoWay, Some("the client may not ask for this; check its permissions and scopes")),
    (
        "redirect_uri_mismatch",
        SignIn::NoWay,
        Some("register the client as a desktop app, so that it may come back to this machine"),
    ),
    ("access_denied", SignIn::Blocked, Some("the consent was declined; sign in again and accept")),
    ("admin_policy_enforced", SignIn::Blocked, Some("the administrator must allow the client for this organisation")),
];

impl OAuthFault {
    /// What an error answer means: its word, and its description where it has one.
    pub(super) fn refused(error: &str, description: Option<&str>) -> Self {
        if matches!(error, "temporarily_unavailable" | "server_error") {
            return Self::Unavailable { why: said(error, description), temporary: true };
        }
        let said = said(error, description);
        let code = description.and_then(microsoft_code);
        if let Some((_, outcome, remedy)) = code.and_then(|code| MICROSOFT.iter().find(|(known, ..)| *known == code)) {
            return Self::Refused { outcome: *outcome, said, remedy: Some(remedy) };
        }
        let known = STANDARD.iter().find(|(word, ..)| *word == error);
        let (outcome, remedy) = known.map_or((SignIn::NoWay, None), |(_, outcome, remedy)| (*outcome, *remedy));
        Self::Refused { outcome, said, remedy }
    }

    /// Whether it may pass by itself.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable { temporary, .. } => *temporary,
            Self::Refused { .. } | Self::NotSignedIn(_) | Self::Store(_) | Self::NoConsent(_) => false,
        }
    }

    /// What it means for the sign-in of a seed.
    pub(crate) fn sign_in(&self) -> SignIn {
        match self {
            Self::Unavailable { .. } => SignIn::Unavailable,
            Self::Refused { outcome, .. } => *outcome,
            Self::NotSignedIn(_) | Self::NoConsent(_) => SignIn::ConsentWithdrawn,
            Self::Store(_) => SignIn::SecretUnreadable,
        }
    }
}

impl From<HttpFault> for OAuthFault {
    fn from(fault: HttpFault) -> Self {
        Self::Unavailable { temporary: fault.is_temporary(), why: fault.to_string() }
    }
}

/// The number behind `AADSTS`.
fn microsoft_code(description: &str) -> Option<u32> {
    let (_, rest) = description.split_once("AADSTS")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The server's words: the error's own, and the first line of its description.
fn said(error: &str, description: Option<&str>) -> String {
    let clean = |text: &str| -> String {
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        // Microsoft puts its numbers for support behind the sentence.
        let line = line.split(" Trace ID:").next().unwrap_or_default();
        line.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().trim_end_matches('.').to_owned()
    };
    let error = clean(error);
    match description.map(clean).filter(|text| !text.is_empty()) {
        Some(description) => format!("the OAuth server says {error}: \u{201c}{description}\u{201d}"),
        None => format!("the OAuth server says {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_it_means_and_a_server_in_trouble_is_none() {
        let unknown = "AADSTS700016: Application with identifier 'x' was not found in the directory 'y'. It can happen.\r\n\
                       Trace ID: 1\r\nCorrelation ID: 2";
        for (error, description, outcome, words) in [
            ("invalid_grant", None, SignIn::ConsentWithdrawn, "the OAuth server says invalid_grant"),
            (
                "invalid_grant",
                Some("AADSTS700082: The refresh token has expired due to inactivity. Trace ID: 5"),
                SignIn::ConsentWithdrawn,
                "\u{201c}AADSTS700082: The refresh token has expired due to inactivity\u{201d}; it was not used for 90 days",
            ),
            ("unauthorized_client", Some(unknown), SignIn::NoWay, "the tenant does not know this client_id; check"),
            ("invalid_client", Some("AADSTS7000222: expired"), SignIn::NoWay, "the client secret has expired: "),
            ("access_denied", Some("AADSTS53003: blocked"), SignIn::Blocked, "try `--flow loopback`"),
            ("invalid_client", Some("AADSTS1: what"), SignIn::NoWay, "check client_id and client_secret"),
            ("a_new_word", Some("hm\u{1b}[2J\nsecond line"), SignIn::NoWay, "a_new_word: \u{201c}hm[2J\u{201d}"),
        ] {
            let fault = OAuthFault::refused(error, description);
            assert_eq!((fault.sign_in(), fault.is_temporary()), (outcome, false), "{error}: {fault}");
            assert!(fault.to_string().contains(words), "{error}: {fault}");
            assert!(!fault.to_string().contains("Trace") && !fault.to_string().contains("second"), "{fault}");
        }
        for error in ["temporarily_unavailable", "server_error"] {
            let fault = OAuthFault::refused(error, Some("AADSTS90033: transient"));
            assert!(fault.is_temporary() && fault.sign_in() == SignIn::Unavailable, "{fault}");
        }
    }

    #[test]
    fn every_code_stands_once() {
        let codes: std::collections::BTreeSet<u32> = MICROSOFT.iter().map(|(code, ..)| *code).collect();
        assert_eq!(codes.len(), MICROSOFT.len());
    }
}
