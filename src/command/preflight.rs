//! What SES says before the first send: the account, the senders, the seeds. Shared by `run` and `check`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use jiff::Timestamp;

use super::Failure;
use super::send::Route;
use crate::Exit;
use crate::config::region::doubt;
use crate::config::{Config, Stream, Transport};
use crate::domain::account::Account;
use crate::domain::interval::count;
use crate::domain::reputation::Day;
use crate::domain::seed::Address;
use crate::domain::stream::StreamName;
use crate::edge::clock::Clock;
use crate::edge::ses::{
    ApiSender, IdentityStanding, Pace, Patience, Sender, SesFailure, SmtpSender, SmtpSettings, Standing, Suppression,
};
use crate::edge::store::{Listing, Store};

/// How long it is believed that an address is not on the suppression list.
const REMEMBERED: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// How long the figures of bounces and complaints are waited for.
const RETURNS_PATIENCE: Duration = Duration::from_secs(5);

/// The pace where SES does not tell the account's own: that of the sandbox.
const UNKNOWN_RATE: f64 = 1.0;

/// One stream's sender as SES knows it.
#[derive(Debug)]
pub(crate) struct SenderStanding {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The address in From.
    pub(crate) from: String,
    /// What SES says of it.
    pub(crate) identity: IdentityStanding,
}

/// One region's account as SES knows it.
#[derive(Debug)]
pub(crate) struct RegionStanding {
    /// Whose account it is; `None` where no call was signed.
    pub(crate) owner: Option<Account>,
    /// The region as configured; `None` when the AWS chain decides.
    pub(crate) region: Option<String>,
    /// What GetAccount says; the failure if it could not be asked.
    pub(crate) account: Result<Standing, SesFailure>,
    /// Whether some stream sends through the API there; others can do without its answers.
    pub(crate) needs_api: bool,
    /// What SES counted of its mail, by days; or why that is not known.
    pub(crate) returns: Result<Vec<Day>, String>,
    /// The streams that send there.
    pub(crate) senders: Vec<SenderStanding>,
}

/// Everything SES said.
#[derive(Debug)]
pub(crate) struct Preflight {
    /// How each stream's probes leave.
    pub(crate) routes: BTreeMap<StreamName, Route>,
    /// The accounts, by region.
    pub(crate) regions: Vec<RegionStanding>,
    /// Why SES would not deliver to these seeds, with the remedy.
    pub(crate) undeliverable: BTreeMap<Address, String>,
    /// Whether a local stand-in answers instead of Amazon: what it does not know of a sender is no reason to stop.
    pub(crate) stand_in: bool,
    /// What could not be asked, in sentences.
    pub(crate) notes: BTreeSet<String>,
}

/// Where answers about the suppression list are kept: SES answers one such question a second. What a stand-in says is
/// neither kept nor believed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    /// The database.
    pub(crate) store: &'a Store,
    /// Whether what lies there is believed. `check` proves, so that it asks anew; a run believes.
    pub(crate) believed: bool,
}

impl Memory<'_> {
    /// Of whom SES said lately that it delivers to them. That it does not is never believed from memory: who takes an
    /// address off the list wants the next run to know.
    async fn free(&self, account: Option<&Account>, region: Option<&str>, now: Timestamp) -> BTreeSet<String> {
        let since = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        if !self.believed {
            return BTreeSet::new();
        }
        // What cannot be read is asked.
        self.store.known_to_be_free(account, region, since, now).await.unwrap_or_default()
    }
}

/// One stream with its address in From.
pub(crate) struct Sending<'a> {
    /// The stream.
    pub(crate) stream: &'a Stream,
    /// The address in From.
    pub(crate) from: String,
}

/// Asks SES about everything a run depends on. Nothing is sent.
pub(crate) async fn preflight(
    config: &Config,
    streams: &[Sending<'_>],
    seeds: &[Address],
    memory: Memory<'_>,
    clock: &Clock,
    in_lab: bool,
) -> Result<Preflight, SesFailure> {
    let mut found = Preflight {
        routes: BTreeMap::new(),
        regions: Vec::new(),
        undeliverable: BTreeMap::new(),
        stand_in: config.ses.endpoint_url.is_some(),
        notes: BTreeSet::new(),
    };
    let regions: BTreeSet<Option<&str>> =
        streams.iter().map(|sending| sending.stream.region.as_deref().or(config.ses.region.as_deref())).collect();
    for region in regions {
        let here: Vec<&Sending<'_>> = streams
            .iter()
            .filter(|sending| sending.stream.region.as_deref().or(config.ses.region.as_deref()) == region)
            .collect();
        let api = connect(config, region, in_lab).await;
        ask_region(api, region, &here, seeds, memory, clock, &mut found).await?;
    }
    Ok(found)
}

/// The way to SES in one region.
pub(crate) async fn connect(config: &Config, region: Option<&str>, in_lab: bool) -> ApiSender {
    let patience = Patience::default();
    match (in_lab, config.ses.endpoint_url.as_deref()) {
        (true, Some(url)) => ApiSender::connect_to_lab(region.unwrap_or("eu-central-1"), url, patience),
        (_, url) => ApiSender::connect(region, url, patience).await,
    }
}

async fn ask_region(
    api: ApiSender,
    region: Option<&str>,
    streams: &[&Sending<'_>],
    seeds: &[Address],
    memory: Memory<'_>,
    clock: &Clock,
    found: &mut Preflight,
) -> Result<(), SesFailure> {
    let only_smtp = streams.iter().all(|sending| matches!(sending.stream.transport, Transport::Smtp(_)));
    let account = api.standing().await.map_err(|failure| doubting(failure, region));
    let rate = account.as_ref().ok().and_then(|standing| standing.max_send_rate).unwrap_or(UNKNOWN_RATE);
    let pace = Arc::new(Pace::new(rate, clock.clone()));
    let answers = account.is_ok();
    let sandbox = account.as_ref().ok().and_then(|standing| standing.sandbox) == Some(true);
    if only_smtp && let Err(failure) = &account {
        found.notes.insert(format!("the SES API could not be asked about this account: {failure}"));
    }
    let returns =
        if answers { Box::pin(returns(&api)).await } else { Err("SES could not be asked for this account".to_owned()) };
    let api = Arc::new(api);
    let mut region_standing = RegionStanding {
        owner: api.account().cloned(),
        region: region.map(str::to_owned),
        account,
        needs_api: !only_smtp,
        returns,
        senders: Vec::new(),
    };
    for sending in streams {
        if answers {
            let identity = api.identity(&sending.from).await;
            match &identity {
                IdentityStanding::Verified => {}
                IdentityStanding::Unverified { .. } if !found.stand_in => {}
                IdentityStanding::Unverified { why: note } | IdentityStanding::Unknown(note) => {
                    found.notes.insert(format!("stream {}: {note}", sending.stream.name));
                }
            }
            let sender = SenderStanding { stream: sending.stream.name.clone(), from: sending.from.clone(), identity };
            region_standing.senders.push(sender);
        }
        let sender = route(sending.stream, &api).await?;
        found.routes.insert(sending.stream.name.clone(), Route { sender: Arc::new(sender), pace: Arc::clone(&pace) });
    }
    if let Ok(standing) = &region_standing.account {
        found.notes.extend(standing.notes.iter().cloned());
    }
    found.regions.push(region_standing);
    if !answers {
        return Ok(());
    }
    if sandbox {
        ask_sandbox(&api, region, seeds, found).await;
    }
    ask_suppression(&api, region, seeds, memory, clock, found).await;
    Ok(())
}

/// A failure to reach SES in a region that nobody has heard of: most likely its name is wrong.
fn doubting(failure: SesFailure, region: Option<&str>) -> SesFailure {
    match (failure, region.and_then(doubt)) {
        (SesFailure::Unreachable(why), Some(doubt)) => SesFailure::Unreachable(format!("{doubt} ({why})")),
        (failure, _) => failure,
    }
}

/// Bounces and complaints. They are no reason to wait long, and none to stop.
async fn returns(api: &ApiSender) -> Result<Vec<Day>, String> {
    match tokio::time::timeout(RETURNS_PATIENCE, api.returns()).await {
        Ok(answer) => answer.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("SES did not tell bounces and complaints within {} s", RETURNS_PATIENCE.as_secs())),
    }
}

impl Preflight {
    /// Keeps what SES counted. A memory that cannot be written is no reason to stop.
    pub(crate) async fn remember_returns(&self, store: &Store, clock: &Clock) {
        for region in &self.regions {
            let answer = region.returns.as_deref().map_err(String::as_str);
            let (account, name) = (region.owner.as_ref(), region.region.as_deref());
            if let Err(fault) = store.remember_reputation(account, name, answer, clock.now()).await {
                tracing::debug!(%fault, "bounces and complaints are not kept");
            }
        }
    }
}

/// The way one stream's probes leave.
async fn route(stream: &Stream, api: &Arc<ApiSender>) -> Result<Sender, SesFailure> {
    match &stream.transport {
        Transport::Api => Ok(Sender::Api(Arc::clone(api))),
        Transport::Smtp(settings) => {
            let secret = settings.secret.read().await.map_err(|fault| SesFailure::credentials(&fault.to_string()))?;
            Ok(Sender::Smtp(SmtpSender::new(SmtpSettings {
                host: settings.host.clone(),
                port: settings.port,
                tls: settings.tls,
                user: settings.user.clone(),
                secret,
                ca_file: settings.ca_file.clone(),
                region: stream.region.clone(),
            })))
        }
    }
}

/// In the sandbox SES delivers to verified addresses only.
async fn ask_sandbox(api: &ApiSender, region: Option<&str>, seeds: &[Address], found: &mut Preflight) {
    match api.verified_among(seeds).await {
        Ok(verified) => {
            for seed in seeds.iter().filter(|seed| !verified.contains(*seed)) {
                let place = region.unwrap_or("its region");
                found.undeliverable.entry(seed.clone()).or_insert_with(|| {
                    format!(
                        "the SES account in {place} is in the sandbox and {seed} is not verified there; verify the address \
                         or request production access"
                    )
                });
            }
        }
        Err(failure) => {
            found.notes.insert(format!(
                "the account is in the sandbox, but its verified addresses could not be asked: {failure}"
            ));
        }
    }
}

/// A seed on the suppression list is accepted and never delivered.
async fn ask_suppression(
    api: &ApiSender,
    region: Option<&str>,
    seeds: &[Address],
    memory: Memory<'_>,
    clock: &Clock,
    found: &mut Preflight,
) {
    let memory = Some(memory).filter(|_| !found.stand_in);
    let free = match &memory {
        Some(memory) => memory.free(api.account(), region, clock.now()).await,
        None => BTreeSet::new(),
    };
    let ask: Vec<Address> = seeds.iter().filter(|seed| !free.contains(seed.as_str())).cloned().collect();
    let mut told = Vec::new();
    for (seed, standing) in api.suppression(&ask, clock).await {
        match standing {
            Suppression::Listed { reason, .. } => told.push((seed, Listing::Suppressed { why: reason })),
            Suppression::NotListed => told.push((seed, Listing::Free)),
            Suppression::Unknown(note) => drop(found.notes.insert(note)),
        }
    }
    if let Some(memory) = memory {
        // A memory that could not be written costs one more question next time and nothing else.
        memory.store.remember_suppression(api.account(), region, &told, clock.now()).await.ok();
    }
    for (seed, listing) in told {
        if let Listing::Suppressed { why } = listing {
            let why = format!(
                "{seed} is on the SES suppression list ({why}): SES would accept the probe and never deliver it; remove it \
                 with `aws sesv2 delete-suppressed-destination --email-address {}`",
                seed.on_the_wire()
            );
            found.undeliverable.insert(seed, why);
        }
    }
}

/// Refuses a run that SES would not carry, before anything is planned.
pub(crate) fn refuse_unfit(asked: &Preflight, seeds: usize) -> Result<(), Failure> {
    for region in &asked.regions {
        let place = region.region.as_deref().unwrap_or("the region of the AWS environment");
        let unfit = |what: String| Err(Failure::bad_input(anyhow!("{what}; nothing was sent")));
        match &region.account {
            Err(failure @ SesFailure::Unreachable(_)) if region.needs_api => {
                return Err(Failure { exit: Exit::Unreachable, error: anyhow!("{failure}; nothing was sent") });
            }
            Err(failure @ SesFailure::Credentials(_)) if region.needs_api => return unfit(failure.to_string()),
            Err(_) => {}
            Ok(account) => {
                if account.sending_enabled == Some(false) {
                    return unfit(format!("SES has paused sending for this account in {place}; see the SES console"));
                }
                let needed = region.senders.len().saturating_mul(seeds);
                if let Some(left) = account.quota_left.filter(|left| *left < count(needed)) {
                    return unfit(format!(
                        "SES lets this account send {left} more messages today in {place}, and the run needs {needed}"
                    ));
                }
            }
        }
        for sender in &region.senders {
            if let IdentityStanding::Unverified { why } = &sender.identity
                && !asked.stand_in
            {
                return unfit(format!("stream {}: {} may not send: {why}", sender.stream, sender.from));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
