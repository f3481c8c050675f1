//! The field: the seeds of a run, with their secrets read, their mailboxes ready, and those that cannot take part named.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::Context;
use super::grants::Grants;
use crate::config::{Config, ConfiguredSeed};
use crate::domain::seed::{Address, AuthKind};
use crate::edge::clock::Clock;
use crate::edge::descriptors::room_for;
use crate::edge::imap::{Access, Credential, Door, Mailbox, Patience, Pool};

/// Most secrets read at once: each may start a program.
const SECRETS_AT_ONCE: usize = 8;

/// Why a seed without a secret cannot be used.
pub(crate) const NO_SECRET: &str = "no secret is configured; add `secret = …` to the seed";

/// The seeds of a run.
#[derive(Debug, Default)]
pub(crate) struct Field {
    /// Mailboxes that can be tried, by address.
    pub(crate) mailboxes: BTreeMap<Address, Mailbox>,
    /// Why each other seed takes no part.
    pub(crate) excluded: BTreeMap<Address, String>,
    /// Most connections that stand at once.
    pub(crate) connections: usize,
}

impl Field {
    /// Reads the secrets of these seeds and makes their mailboxes. Nothing is connected yet.
    pub(crate) async fn prepare(
        context: &Context,
        config: &Config,
        seeds: &[&ConfiguredSeed],
        patience: Patience,
        door: Door,
    ) -> Self {
        let clock = &context.clock;
        let room = room_for(config.run.max_connections.min(seeds.len()));
        if let Some(note) = &room.note {
            context.note(note);
        }
        let pool = Pool::new(room.connections, clock.clone(), door);
        let grants = Grants::default();
        let accesses: Vec<_> = futures_util::stream::iter(seeds.iter().copied())
            .map(|seed| async { (seed.seed.address.clone(), access(config, seed, &grants, clock).await) })
            .buffer_unordered(SECRETS_AT_ONCE)
            .collect()
            .await;
        let mut field = Self { connections: room.connections, ..Self::default() };
        for (address, access) in accesses {
            match access {
                Ok(access) => {
                    let mailbox = Mailbox::new(access, Arc::clone(&pool), clock.clone(), patience);
                    field.mailboxes.insert(address, mailbox);
                }
                Err(why) => {
                    field.excluded.insert(address, why);
                }
            }
        }
        field
    }

    /// Takes a seed out, with the reason.
    pub(crate) fn exclude(&mut self, address: &Address, why: String) {
        self.mailboxes.remove(address);
        self.excluded.insert(address.clone(), why);
    }
}

/// What it takes to sign in to one seed, or the reason why it cannot be tried.
async fn access(config: &Config, seed: &ConfiguredSeed, grants: &Grants, clock: &Clock) -> Result<Access, String> {
    let provider = config
        .providers
        .get(&seed.seed.provider)
        .ok_or_else(|| format!("its provider {} has no preset", seed.seed.provider.as_str()))?;
    let credential = match seed.seed.auth {
        AuthKind::Password => {
            let secret = seed.secret.as_ref().ok_or(NO_SECRET)?;
            Credential::Password(secret.read().await.map_err(|fault| fault.to_string())?)
        }
        AuthKind::OAuth => Credential::Bearer(grants.grant(config, seed, clock).await?),
    };
    let shared = config.first_of_mailbox(&seed.seed);
    Ok(Access { seed: seed.seed.clone(), provider: Arc::clone(provider), credential, shared })
}
