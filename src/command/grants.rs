//! What it takes to get and renew the tokens of seeds, out of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::config::{Config, ConfiguredSeed};
use crate::domain::oauth::{Flow, Registration};
use crate::edge::clock::Clock;
use crate::edge::http::{Http, HttpSettings};
use crate::edge::oauth::{Grant, Issuer, TokenStore};

/// What tells one client by itself from another.
type ClientKey = (String, String, Vec<String>);

/// The grants of a run. Seeds that one client opens by itself share one grant, and so one token.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    clients: Mutex<BTreeMap<ClientKey, Arc<Grant>>>,
    https: Mutex<BTreeMap<Option<PathBuf>, Http>>,
}

impl Grants {
    /// The grant of a seed, or the reason why there is none, with its remedy.
    pub(crate) async fn grant(
        &self,
        config: &Config,
        seed: &ConfiguredSeed,
        clock: &Clock,
    ) -> Result<Arc<Grant>, String> {
        let registration = registration(config, seed, None)?;
        if registration.flow != Flow::App {
            let issuer = self.issuer(config, seed, registration, clock).await?;
            let grant = Grant::of_seed(seed.seed.address.clone(), issuer, store(config, seed)).await;
            return grant.map(Arc::new).map_err(|fault| fault.to_string());
        }
        let key = (registration.token_url.clone(), registration.client_id.clone(), registration.scopes.clone());
        let mut clients = self.clients.lock().await;
        if let Some(grant) = clients.get(&key) {
            return Ok(Arc::clone(grant));
        }
        let grant = Arc::new(Grant::of_client(self.issuer(config, seed, registration, clock).await?));
        clients.insert(key, Arc::clone(&grant));
        Ok(grant)
    }

    /// The authorization server of a seed, ready to be asked.
    pub(crate) async fn issuer(
        &self,
        config: &Config,
        seed: &ConfiguredSeed,
        registration: Registration,
        clock: &Clock,
    ) -> Result<Issuer, String> {
        let secret = match config.oauth_of(seed).client_secret {
            Some(source) => Some(source.read().await.map_err(|fault| format!("of its OAuth client: {fault}"))?),
            None => None,
        };
        // A server of one's own has its certificate from the same authority as its mailboxes.
        let ca_file = seed.seed.ca_file.clone();
        let mut https = self.https.lock().await;
        let http = if let Some(http) = https.get(&ca_file) {
            http.clone()
        } else {
            let settings = HttpSettings { ca_file: ca_file.clone(), ..HttpSettings::default() };
            let http = Http::new(&settings).map_err(|fault| fault.to_string())?;
            https.insert(ca_file, http.clone());
            http
        };
        Ok(Issuer::new(registration, secret, http, clock.clone()))
    }
}

/// How a seed's client is registered; `flow` overrides what is configured.
pub(crate) fn registration(config: &Config, seed: &ConfiguredSeed, flow: Option<Flow>) -> Result<Registration, String> {
    let provider = config.providers.get(&seed.seed.provider);
    let preset = provider.map(|provider| provider.oauth.clone()).unwrap_or_default();
    let oauth = config.oauth_of(seed);
    let place = (&seed.seed.address, seed.place.as_str());
    Registration::new(place, &preset, &oauth.choice, flow, oauth.client_secret.is_some())
}

/// Where a seed's tokens lie.
pub(crate) fn store(config: &Config, seed: &ConfiguredSeed) -> TokenStore {
    TokenStore::new(&config.tokens.directory, config.tokens.keyring, &seed.seed.address)
}
