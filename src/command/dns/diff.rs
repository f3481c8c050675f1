//! `dns snapshot` records what a sender publishes; `dns diff` tells what changed between the snapshots, and when.

use std::time::Duration;

use super::subject::{sendings, subject};
use super::survey::survey;
use super::{domains, store_if_any};
use crate::command::preparation::prepare_streams;
use crate::command::{Context, Failure, Outcome};
use crate::config::Config;
use crate::domain::dns::change::changes;
use crate::domain::dns::name::DomainName;
use crate::domain::dns::snapshot::Snapshot;
use crate::edge::resolver::Resolver;
use crate::edge::store::Store;
use crate::render::dns::{History, Taken, diff_document, diff_text, snapshot_document, snapshot_text};

/// How long a snapshot by itself may take.
const LONGEST: Duration = Duration::from_mins(1);

/// Takes a snapshot of the domain, or of every stream's.
pub(super) async fn snapshot(
    context: &Context,
    config: &Config,
    named: Option<&DomainName>,
) -> Result<Outcome, Failure> {
    let domains = domains(config, named)?;
    // A domain may be recorded before the first stream is configured.
    let streams = if named.is_some() && config.streams.is_empty() { Vec::new() } else { prepare_streams(config, &[])? };
    let store = Store::open(&config.database).await.map_err(Failure::bad_input)?;
    let resolver = Resolver::new(config.dns.resolver);
    let mut taken = Vec::new();
    for domain in domains {
        let known = sendings(config, &streams, &domain);
        let subject = subject(context, config, &domain, &known, Some(&store)).await;
        let last = store.last_snapshot(&domain).await.map_err(Failure::internal)?;
        let also = last.iter().flat_map(Snapshot::own_questions);
        let also = also.map(|(question, place)| (question.clone(), place)).collect();
        let taken_at = context.clock.now();
        let survey = survey(&resolver, subject, also, tokio::time::sleep(LONGEST)).await;
        let snapshot = survey.snapshot(taken_at);
        store.save_snapshot(&snapshot, None).await.map_err(Failure::internal)?;
        let changes = store.dns_changes(&domain).await.map_err(Failure::internal)?;
        let change = changes.into_iter().find(|change| change.window.until == millisecond(taken_at));
        taken.push(Taken { snapshot, change, notes: survey.subject.notes.clone() });
    }
    let text = if context.json { snapshot_document(&taken).map_err(Failure::internal)? } else { snapshot_text(&taken) };
    Ok(Outcome::ok(text))
}

/// The moment as the database keeps it.
fn millisecond(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Tells the changes of the domain, or of every stream's.
pub(super) async fn execute(
    context: &Context,
    config: &Config,
    named: Option<&DomainName>,
) -> Result<Outcome, Failure> {
    let domains = domains(config, named)?;
    let store = store_if_any(config).await;
    let mut histories = Vec::new();
    for domain in domains {
        let history = match &store {
            Some(store) => {
                let snapshots = store.snapshots(&domain).await.map_err(Failure::internal)?;
                let changes = changes(&snapshots);
                let simulated = store.has_simulated_snapshot(&domain).await.map_err(Failure::internal)?;
                let taken = |snapshot: Option<&Snapshot>| snapshot.map(|one| one.taken_at);
                History {
                    domain,
                    snapshots: snapshots.len(),
                    simulated,
                    first: taken(snapshots.first()),
                    last: taken(snapshots.last()),
                    changes,
                }
            }
            None => History { domain, snapshots: 0, simulated: false, first: None, last: None, changes: Vec::new() },
        };
        histories.push(history);
    }
    let text = if context.json { diff_document(&histories).map_err(Failure::internal)? } else { diff_text(&histories) };
    Ok(Outcome::ok(text))
}
