//! `dns`: what DNS says now, recorded, and what changed and when.

mod check;
mod diff;
mod recorder;
mod subject;
mod survey;

use anyhow::anyhow;

use super::preparation::{Prepared, prepare_streams};
use super::remains::refuse_gone_lab;
use super::{Context, Failure, Outcome};
use crate::cli::{DnsAction, DnsArgs};
use crate::config::Config;
use crate::domain::dns::name::DomainName;
use crate::edge::store::Store;
pub(crate) use check::examine_streams;
pub(crate) use recorder::Recorder;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &DnsArgs) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    match &args.action {
        DnsAction::Check { domain } => {
            refuse_gone_lab(context, &config)?;
            check::execute(context, &config, domain.as_ref()).await
        }
        DnsAction::Snapshot { domain } => {
            refuse_gone_lab(context, &config)?;
            diff::snapshot(context, &config, domain.as_ref()).await
        }
        DnsAction::Diff { domain } => diff::execute(context, &config, domain.as_ref()).await,
    }
}

/// The domain that was named, or those in From of every stream.
fn domains(config: &Config, named: Option<&DomainName>) -> Result<Vec<DomainName>, Failure> {
    if let Some(domain) = named {
        return Ok(vec![domain.clone()]);
    }
    let domains = domains_of(&prepare_streams(config, &[])?);
    if domains.is_empty() {
        return Err(Failure::bad_input(anyhow!("no stream has a domain in From; name one")));
    }
    Ok(domains)
}

/// The domains in From of these streams.
fn domains_of(streams: &[Prepared]) -> Vec<DomainName> {
    let mut domains: Vec<DomainName> = streams.iter().filter_map(domain_of).collect();
    domains.sort();
    domains.dedup();
    domains
}

/// The domain in a stream's From.
fn domain_of(prepared: &Prepared) -> Option<DomainName> {
    DomainName::of_address(&prepared.sender)
}

/// The database, if there is one: what earlier runs saw is welcome and not needed.
async fn store_if_any(config: &Config) -> Option<Store> {
    Store::open_existing(&config.database).await.ok()
}
