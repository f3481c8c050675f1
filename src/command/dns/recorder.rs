//! The snapshot that every run takes of its streams' domains, beside its work.
//!
//! It never holds a run up and never fails one: it goes on beside it, and when the run is over it has one more second.
//! What is not answered by then is stored as unanswered.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;

use super::domains_of;
use super::subject::{Sending, sendings, subject};
use super::survey::survey;
use crate::command::Context;
use crate::command::preparation::Prepared;
use crate::config::Config;
use crate::domain::dns::name::DomainName;
use crate::domain::dns::snapshot::Snapshot;
use crate::domain::dns::subject::Subject;
use crate::domain::run::RunId;
use crate::edge::resolver::Resolver;
use crate::edge::store::Store;

/// How long it may go on while the run does.
const LONGEST: Duration = Duration::from_mins(1);
/// How long the run waits for it at its end.
const GRACE: Duration = Duration::from_secs(1);

/// The snapshots of one run.
#[derive(Debug)]
pub(crate) struct Recorder<'a> {
    /// The surroundings.
    pub(crate) context: &'a Context,
    /// The configuration.
    pub(crate) config: &'a Config,
    /// The streams of the run.
    pub(crate) streams: &'a [Prepared],
    /// Where the snapshots go.
    pub(crate) store: &'a Store,
    /// The run.
    pub(crate) run: RunId,
}

impl Recorder<'_> {
    /// Carries out `run` and takes the snapshots meanwhile. Ends with the run, or a second later.
    pub(crate) async fn beside<T>(&self, run: impl Future<Output = T>) -> T {
        let (over, is_over) = watch::channel(false);
        let run = async {
            let ended = run.await;
            over.send_replace(true);
            ended
        };
        let (ended, ()) = tokio::join!(run, self.record_all(is_over));
        ended
    }

    async fn record_all(&self, is_over: watch::Receiver<bool>) {
        let domains = domains_of(self.streams);
        let resolver = Resolver::new(self.config.dns.resolver);
        let records = domains.iter().map(|domain| {
            let known = sendings(self.config, self.streams, domain);
            let is_over = is_over.clone();
            let resolver = &resolver;
            async move { self.record(resolver, domain, &known, is_over).await }
        });
        futures_util::future::join_all(records).await;
    }

    async fn record(
        &self,
        resolver: &Result<Resolver, String>,
        domain: &DomainName,
        known: &[Sending],
        mut is_over: watch::Receiver<bool>,
    ) {
        let taken_at = self.context.clock.now();
        let mut stop = pin!(async move {
            let over = async {
                let _closed = is_over.wait_for(|over| *over).await;
                tokio::time::sleep(GRACE).await;
            };
            let _either = tokio::time::timeout(LONGEST, over).await;
        });
        let also = match self.store.last_snapshot(domain).await {
            Ok(last) => {
                last.iter().flat_map(Snapshot::own_questions).map(|(one, place)| (one.clone(), place)).collect()
            }
            Err(_) => BTreeMap::new(),
        };
        let asked = tokio::select! {
            subject = subject(self.context, self.config, domain, known, Some(self.store)) => Some(subject),
            () = &mut stop => None,
        };
        let survey = match asked {
            Some(subject) => survey(resolver, subject, also, stop).await,
            None => survey(resolver, Subject::new(domain.clone()), also, std::future::ready(())).await,
        };
        if let Err(fault) = self.store.save_snapshot(&survey.snapshot(taken_at), Some(self.run)).await {
            self.context.note(&format!("the snapshot of {domain}'s DNS was not stored: {fault}"));
        }
    }
}
