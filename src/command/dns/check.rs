//! `dns check`: what DNS says of each sender now, judged, with the record to publish.

use std::collections::BTreeMap;
use std::time::Duration;

use super::subject::{sendings, subject};
use super::survey::survey;
use super::{domains, domains_of, store_if_any};
use crate::Exit;
use crate::command::preparation::{Prepared, prepare_streams};
use crate::command::{Context, Failure, Outcome};
use crate::config::Config;
use crate::domain::dns::check::{Verdict, checks, shared_keys};
use crate::domain::dns::name::DomainName;
use crate::edge::resolver::Resolver;
use crate::render::dns::{Examined, check_document, check_text};

/// How long DNS is asked about one domain.
const LONGEST: Duration = Duration::from_mins(1);

/// Runs the verb.
pub(super) async fn execute(
    context: &Context,
    config: &Config,
    named: Option<&DomainName>,
) -> Result<Outcome, Failure> {
    let domains = domains(config, named)?;
    let streams = if named.is_some() && config.streams.is_empty() { Vec::new() } else { prepare_streams(config, &[])? };
    let examined = examine(context, config, &streams, &domains).await;
    let exit = exit_of(&examined);
    let stdout =
        if context.json { check_document(&examined).map_err(Failure::internal)? } else { check_text(&examined) };
    Ok(Outcome { exit, stdout })
}

/// Asks and judges the DNS of every stream's domain.
pub(crate) async fn examine_streams(context: &Context, config: &Config, streams: &[Prepared]) -> Vec<Examined> {
    examine(context, config, streams, &domains_of(streams)).await
}

/// Asks and judges the DNS of these domains. Keys that two of them share are told of both.
async fn examine(context: &Context, config: &Config, streams: &[Prepared], domains: &[DomainName]) -> Vec<Examined> {
    let store = store_if_any(config).await;
    let resolver = Resolver::new(config.dns.resolver);
    let mut surveys = Vec::new();
    for domain in domains {
        let known = sendings(config, streams, domain);
        let subject = subject(context, config, domain, &known, store.as_ref()).await;
        surveys.push(survey(&resolver, subject, BTreeMap::new(), tokio::time::sleep(LONGEST)).await);
    }
    let shared = shared_keys(&surveys);
    let judge = |survey: &crate::domain::dns::survey::Survey| {
        let mut found = checks(survey);
        let organisation = survey.subject.domain.organisation();
        let concerns = |owners: &[DomainName]| owners.iter().any(|owner| owner.organisation() == organisation);
        found.extend(shared.iter().filter(|(owners, _)| concerns(owners)).map(|(_, check)| check.clone()));
        Examined { domain: survey.subject.domain.clone(), checks: found, notes: survey.subject.notes.clone() }
    };
    surveys.iter().map(judge).collect()
}

/// The worst decides; what nobody answered may hide anything but what is known to be critical.
fn exit_of(examined: &[Examined]) -> Exit {
    let any = |verdict| examined.iter().flat_map(|one| &one.checks).any(|check| check.verdict == verdict);
    if any(Verdict::Critical) {
        Exit::Critical
    } else if any(Verdict::Unanswered) {
        Exit::TooFew
    } else if any(Verdict::Warning) {
        Exit::Warning
    } else {
        Exit::Ok
    }
}
