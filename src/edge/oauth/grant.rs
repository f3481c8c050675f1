//! A grant: the standing consent to read one seed, or the right of a client by itself.
//!
//! It hands out access tokens and renews them before they end, or when a mailbox refused one. However many ask at once,
//! here or in other processes, one renewal is made and all get what it brought. What it brought is stored before anybody
//! gets it.

use std::fmt;
use std::sync::{Mutex as PlainMutex, PoisonError};

use fail::fail_point;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::store::StoreLock;
use super::{Issuer, OAuthFault, TokenStore, Tokens};
use crate::domain::seed::Address;
use crate::domain::sign_in::SignIn;
use crate::secret::Secret;

/// An access token.
#[derive(Clone)]
pub(crate) struct Bearer(Secret);

impl fmt::Debug for Bearer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Bearer(…)")
    }
}

impl Bearer {
    /// The token itself, for the mailbox alone.
    pub(crate) fn token(&self) -> &Secret {
        &self.0
    }
}

/// What is remembered between two who ask.
#[derive(Debug, Default)]
struct Memory {
    /// The tokens in use.
    held: Option<Tokens>,
    /// Tokens that could not be stored when they came. Nobody gets them before they are.
    unsaved: Option<Tokens>,
    /// A refresh token that was refused, with what was said: asking again would change nothing.
    dead: Option<(Secret, OAuthFault)>,
    /// An access token that was refused although it was new.
    vain: Option<Secret>,
}

/// A grant.
#[derive(Debug)]
pub(crate) struct Grant {
    issuer: Issuer,
    /// Where its tokens are kept, and whose they are; `None` for a client by itself, which gets new ones at any time.
    kept: Option<(Address, TokenStore)>,
    memory: Mutex<Memory>,
    /// When somebody last consented, as far as it was read.
    granted_at: PlainMutex<Option<Timestamp>>,
}

impl Grant {
    /// The consent that a person gave for a seed. It asks no server.
    pub(crate) async fn of_seed(seed: Address, issuer: Issuer, store: TokenStore) -> Result<Self, OAuthFault> {
        let kept = Some((seed.clone(), store.clone()));
        let grant = Self { issuer, kept, memory: Mutex::default(), granted_at: PlainMutex::default() };
        grant.stored(&seed, &store).await?;
        Ok(grant)
    }

    /// A client by itself.
    pub(crate) fn of_client(issuer: Issuer) -> Self {
        Self { issuer, kept: None, memory: Mutex::default(), granted_at: PlainMutex::default() }
    }

    /// What tells one consent from another: the client, and when somebody consented. It is no secret.
    pub(crate) fn consent(&self) -> String {
        let at = *self.granted_at.lock().unwrap_or_else(PoisonError::into_inner);
        let at = at.map(|at| at.to_string()).unwrap_or_default();
        format!("{} {at}", self.issuer.registration.client_id)
    }

    /// An access token that is good for a while. `refused` is one that a mailbox did not take.
    pub(crate) async fn bearer(&self, refused: Option<&Bearer>) -> Result<Bearer, OAuthFault> {
        let mut memory = self.memory.lock().await;
        if let (Some(Bearer(refused)), Some(vain)) = (refused, &memory.vain)
            && refused.expose_secret() == vain.expose_secret()
        {
            return Err(OAuthFault::Refused {
                outcome: SignIn::TokenRefused,
                said: "the mailbox refuses new access tokens too".to_owned(),
                remedy: None,
            });
        }
        let is_good = |tokens: &Tokens| {
            tokens.is_fresh(self.issuer.clock.now()) && !refused.is_some_and(|Bearer(refused)| tokens.open_by(refused))
        };
        if let Some(held) = memory.held.as_ref().filter(|held| is_good(held)) {
            return Ok(Bearer(held.access.clone()));
        }
        let tokens = match &self.kept {
            None => self.issuer.by_itself().await?,
            Some((seed, store)) => self.renewed(seed, store, &mut memory, is_good).await?,
        };
        let bearer = Bearer(tokens.access.clone());
        memory.held = Some(tokens);
        Ok(bearer)
    }

    /// Says that a mailbox refused this token right after it had refused the one before: renewing does not help.
    pub(crate) async fn give_up(&self, refused: &Bearer) {
        self.memory.lock().await.vain = Some(refused.0.clone());
    }

    async fn renewed(
        &self,
        seed: &Address,
        store: &TokenStore,
        memory: &mut Memory,
        is_good: impl Fn(&Tokens) -> bool,
    ) -> Result<Tokens, OAuthFault> {
        if memory.unsaved.is_none() {
            let stored = self.stored(seed, store).await?;
            if is_good(&stored) {
                return Ok(stored);
            }
        }
        let lock = store.lock().await?;
        if let Some(tokens) = memory.unsaved.take() {
            return saved(store, memory, tokens, &lock).await;
        }
        // Another process may have renewed them meanwhile.
        let stored = self.stored(seed, store).await?;
        if is_good(&stored) {
            return Ok(stored);
        }
        let Some(refresh) = &stored.refresh else {
            return Err(OAuthFault::Refused {
                outcome: SignIn::ConsentWithdrawn,
                said: "its access token has run out, and the provider gave no token to renew it".to_owned(),
                remedy: None,
            });
        };
        if let Some((dead, fault)) = &memory.dead
            && dead.expose_secret() == refresh.expose_secret()
        {
            return Err(fault.clone());
        }
        let renewed = self.issuer.refresh(&stored, refresh).await;
        tracing::info!(seed = %seed, done = renewed.is_ok(), "access token renewed");
        match renewed {
            Ok(tokens) => {
                fail_point!("tokens-answered");
                saved(store, memory, tokens, &lock).await
            }
            Err(fault) => {
                if matches!(fault, OAuthFault::Refused { .. }) {
                    memory.dead = Some((refresh.clone(), fault.clone()));
                }
                Err(fault)
            }
        }
    }

    async fn stored(&self, seed: &Address, store: &TokenStore) -> Result<Tokens, OAuthFault> {
        let sign_in = || format!("run `inboxed seeds sign-in {seed}`");
        match store.load().await? {
            None => Err(OAuthFault::NotSignedIn(format!("it is not signed in yet; {}", sign_in()))),
            Some(tokens) if tokens.belong_to(&self.issuer.registration) => {
                *self.granted_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens.granted_at);
                Ok(tokens)
            }
            Some(_) => {
                let why = "its tokens were given to another OAuth client or by another server than is configured now";
                Err(OAuthFault::NotSignedIn(format!("{why}; {}", sign_in())))
            }
        }
    }
}

/// Stores new tokens. Those that cannot be are not lost while this process lives.
async fn saved(
    store: &TokenStore,
    memory: &mut Memory,
    tokens: Tokens,
    lock: &StoreLock,
) -> Result<Tokens, OAuthFault> {
    if let Err(fault) = store.save(&tokens, lock).await {
        memory.unsaved = Some(tokens);
        return Err(fault);
    }
    fail_point!("tokens-saved");
    Ok(tokens)
}
