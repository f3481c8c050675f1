//! What is known of a sender before DNS is asked: SES tells its DKIM names and its MAIL FROM domain where it may be asked,
//! and the headers of the last copies that were seen tell what was really used.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::command::preflight::connect;
use crate::command::preparation::Prepared;
use crate::command::{Context, dns::domain_of};
use crate::config::Config;
use crate::domain::dns::name::DomainName;
use crate::domain::dns::subject::{Selector, Subject};
use crate::domain::stream::StreamName;
use crate::edge::ses::{ApiSender, Publication};
use crate::edge::store::Store;

/// How long SES is asked; DNS can be asked without it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many of the last copies are read.
const COPIES: u32 = 8;

/// A stream that sends under a domain.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    stream: Option<StreamName>,
    from: String,
    region: Option<String>,
}

/// The streams that have this domain in From; without any, the domain itself in the region of `[ses]`.
pub(super) fn sendings(config: &Config, streams: &[Prepared], domain: &DomainName) -> Vec<Sending> {
    let region = |own: Option<&String>| own.or(config.ses.region.as_ref()).cloned();
    let mut sendings: Vec<Sending> = streams
        .iter()
        .filter(|one| domain_of(one).as_ref() == Some(domain))
        .map(|one| Sending {
            stream: Some(one.stream.name.clone()),
            from: one.sender.clone(),
            region: region(one.stream.region.as_ref()),
        })
        .collect();
    if sendings.is_empty() {
        sendings.push(Sending { stream: None, from: domain.to_string(), region: region(None) });
    }
    sendings
}

/// Gathers what is known of a domain.
pub(super) async fn subject(
    context: &Context,
    config: &Config,
    domain: &DomainName,
    sendings: &[Sending],
    store: Option<&Store>,
) -> Subject {
    let mut subject = Subject::new(domain.clone());
    let mut asked: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
    for sending in sendings {
        let region = sending.region.as_deref();
        if asked.insert((&sending.from, region)) {
            let api = connect(config, region, context.simulated).await;
            ask_ses(&mut subject, &api, sending).await;
        }
    }
    for sending in sendings {
        let (Some(store), Some(stream)) = (store, &sending.stream) else { continue };
        match store.latest_headers(stream, COPIES).await {
            Ok(headers) => {
                for header in headers {
                    subject.add_headers(&header, sending.region.as_deref());
                }
            }
            Err(fault) => subject.notes.push(format!("what the last run saw could not be read: {fault}")),
        }
    }
    subject
}

async fn ask_ses(subject: &mut Subject, api: &ApiSender, sending: &Sending) {
    match tokio::time::timeout(PATIENCE, api.publication(&sending.from)).await {
        Ok(Ok(publication)) => add_publication(subject, &publication, sending.region.as_deref()),
        Ok(Err(failure)) => subject.notes.push(failure.to_string()),
        Err(_) => subject.notes.push("SES did not tell in time what it wants published".to_owned()),
    }
}

fn add_publication(subject: &mut Subject, publication: &Publication, region: Option<&str>) {
    subject.amazon_mail_from |= publication.amazon_mail_from;
    if let Some(domain) = publication.mail_from.as_deref().and_then(DomainName::typed) {
        subject.add_mail_from(domain, region);
    }
    let Some(signer) = publication.signer.as_deref().and_then(DomainName::typed) else { return };
    for selector in &publication.selectors {
        let Some(name) = signer.below(&format!("{selector}._domainkey")) else { continue };
        let zone = publication.zone.as_deref().filter(|_| publication.easy).and_then(DomainName::new);
        let target = zone.and_then(|zone| zone.below(selector));
        subject.add_selector(Selector { name, target, in_use: false });
    }
}
