//! Tokens: what an authorization server gave for one seed, and how it is written down.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use oauth2::basic::BasicTokenResponse;
use oauth2::{Scope, TokenResponse as _};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::domain::oauth::Registration;
use crate::secret::Secret;

/// The version of what is written down.
const VERSION: u64 = 1;

/// A token is renewed so long before its end, or a fifth of its life where that is less: a sign-in takes its time, and
/// clocks differ.
const MARGIN: Duration = Duration::from_mins(2);

/// What the authorization server gave.
#[derive(Clone)]
pub(crate) struct Tokens {
    /// The client that they were given to.
    pub(super) client_id: String,
    /// Who gave them, and renews them.
    pub(super) token_url: String,
    /// What opens the mailbox for a while.
    pub(super) access: Secret,
    /// What gets the next access token; `None` for a client that signs in by itself.
    pub(super) refresh: Option<Secret>,
    /// What they are good for, where the server said so.
    pub(crate) scopes: Vec<String>,
    /// When somebody consented; renewing changes nothing of it.
    pub(super) granted_at: Timestamp,
    /// When they came.
    pub(super) issued_at: Timestamp,
    /// When the access token ends; `None` where the server did not say.
    pub(crate) expires_at: Option<Timestamp>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Tokens(of {}, until {:?})", self.client_id, self.expires_at)
    }
}

impl Tokens {
    /// What an answer holds that came at `now`. A renewal that brings no new refresh token leaves `before` in use
    /// (RFC 6749 §6).
    pub(super) fn of(
        registration: &Registration,
        answer: &BasicTokenResponse,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Self {
        let refresh = answer.refresh_token().map(|token| Secret::from(token.secret().clone()));
        Self {
            client_id: registration.client_id.clone(),
            token_url: registration.token_url.clone(),
            access: Secret::from(answer.access_token().secret().clone()),
            refresh: refresh.or_else(|| before?.refresh.clone()),
            scopes: answer.scopes().into_iter().flatten().map(|scope: &Scope| scope.to_string()).collect(),
            granted_at: before.map_or(now, |before| before.granted_at),
            issued_at: now,
            expires_at: answer.expires_in().and_then(|life| now.checked_add(life).ok()),
        }
    }

    /// Whether the access token is good for a sign-in that begins now.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let Some(expires_at) = self.expires_at else { return true };
        let life = Duration::try_from(expires_at.duration_since(self.issued_at)).unwrap_or_default();
        let margin = MARGIN.min(life / 5);
        // A clock that was set back says nothing about the token's age.
        now >= self.issued_at && now.checked_add(margin).is_ok_and(|then| then < expires_at)
    }

    /// Whether they were given to this client by this server. Others must not be sent there.
    pub(super) fn belong_to(&self, registration: &Registration) -> bool {
        self.client_id == registration.client_id && self.token_url == registration.token_url
    }

    /// Whether this is their access token.
    pub(super) fn open_by(&self, access: &Secret) -> bool {
        self.access.expose_secret() == access.expose_secret()
    }

    /// Whether they can be renewed without a person.
    pub(crate) fn are_renewable(&self) -> bool {
        self.refresh.is_some()
    }

    /// As they are written down.
    pub(super) fn written(&self) -> Secret {
        let document = json!({
            "version": VERSION,
            "client_id": self.client_id,
            "token_url": self.token_url,
            "access_token": self.access.expose_secret(),
            "refresh_token": self.refresh.as_ref().map(Secret::expose_secret),
            "scopes": self.scopes,
            "granted_at": self.granted_at.to_string(),
            "issued_at": self.issued_at.to_string(),
            "expires_at": self.expires_at.map(|at| at.to_string()),
        });
        Secret::from(format!("{document:#}\n"))
    }

    /// What was written down; `None` if it is not whole.
    pub(super) fn read(written: &Secret) -> Option<Self> {
        let document: Value = serde_json::from_str(written.expose_secret()).ok()?;
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
        if document.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return None;
        }
        let scopes = document.get("scopes")?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Some(Self {
            client_id: text("client_id")?,
            token_url: text("token_url")?,
            access: Secret::from(text("access_token")?),
            refresh: text("refresh_token").map(Secret::from),
            scopes,
            granted_at: text("granted_at")?.parse().ok()?,
            issued_at: text("issued_at")?.parse().ok()?,
            expires_at: match text("expires_at") {
                Some(at) => Some(at.parse().ok()?),
                None => None,
            },
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::edge::oauth) fn tokens(refresh: &str, access: &str, life: Option<i64>) -> Tokens {
        let issued_at: Timestamp = "2026-11-24T06:00:00Z".parse().unwrap();
        Tokens {
            client_id: "client-1".to_owned(),
            token_url: "https://login.example/token".to_owned(),
            access: Secret::from(access),
            refresh: Some(Secret::from(refresh)),
            scopes: vec!["mail".to_owned()],
            granted_at: issued_at,
            issued_at,
            expires_at: life.map(|life| issued_at + jiff::SignedDuration::from_secs(life)),
        }
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        for (life, passed, fresh) in [
            (Some(3600), 0, true),
            (Some(3600), 3479, true),
            (Some(3600), 3480, false),
            (Some(3600), 9999, false),
            (Some(10), 7, true),
            (Some(10), 8, false),
            (Some(0), 0, false),
            (None, 1_000_000, true),
            // The clock was set back.
            (Some(3600), -5, false),
        ] {
            let tokens = tokens("r", "a", life);
            let now = tokens.issued_at + jiff::SignedDuration::from_secs(passed);
            assert_eq!(tokens.is_fresh(now), fresh, "{life:?} {passed}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_half_of_it_is_nothing() {
        for tokens in [tokens("canary-r", "canary-a", Some(3600)), tokens("canary-r", "canary-a", None)] {
            let written = tokens.written();
            let again = Tokens::read(&written).unwrap();
            assert_eq!(again.written().expose_secret(), written.expose_secret());
            assert!(!format!("{tokens:?} {written:?}").contains("canary"));
            let text = written.expose_secret();
            for length in 0..text.trim_end().len() {
                let half: String = text.chars().take(length).collect();
                assert!(Tokens::read(&Secret::from(half)).is_none(), "{length}");
            }
        }
        assert!(Tokens::read(&Secret::from("{\"version\":2}")).is_none());
    }
}
