//! An SES account: what it may send, for whom, and what becomes of a message that is handed in.
//!
//! The API and the SMTP server are two doors of the same account. An account has the same identities and limits in
//! every region; a message leaves through the region whose endpoint was asked.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::delivered::Departure;
use super::fault::{SesFaults, SmtpFaults};
use super::identity::Identity;
use super::journal::{Call, Entry, Operation, SesJournal};
use super::message::{Message, address_in};
use super::noise::Noise;
use super::refusal::Refusal;
use super::settings::SesSettings;
use crate::lab::Clock;

const DAY: Duration = Duration::from_hours(24);

/// A message that SES took, as it sets out for the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The id that SES answers.
    pub ses_id: String,
    /// The region it leaves from.
    pub region: String,
    /// The address in From.
    pub sender: String,
    /// Whom it is for.
    pub recipient: String,
    /// The domain of the envelope sender; the local part is the id.
    pub mail_from: String,
    /// The address it is sent from.
    pub sending_ip: Ipv4Addr,
    /// The message as SES delivers it.
    pub message: Vec<u8>,
    /// The configuration set that was named.
    pub configuration_set: Option<String>,
    /// The message's tags, names and values.
    pub tags: Vec<(String, String)>,
    /// When SES took it, by the lab's clock.
    pub accepted_at: Timestamp,
}

/// Who gets what SES delivers. Called before the client has its answer.
pub type Deliver = Arc<dyn Fn(Accepted) + Send + Sync>;

/// A message as it is handed in.
#[derive(Debug, Clone)]
pub(in crate::lab) struct Submission {
    pub(in crate::lab) request: String,
    pub(in crate::lab) region: String,
    /// The sender that was named beside the message.
    pub(in crate::lab) sender: Option<String>,
    pub(in crate::lab) recipients: Vec<String>,
    pub(in crate::lab) message: Arc<[u8]>,
    pub(in crate::lab) configuration_set: Option<String>,
    pub(in crate::lab) tags: Vec<(String, String)>,
}

#[derive(Debug)]
struct State {
    settings: SesSettings,
    taken: Vec<Timestamp>,
    next: u64,
}

struct Inner {
    clock: Clock,
    deliver: Deliver,
    state: Mutex<State>,
    faults: SesFaults,
    smtp_faults: SmtpFaults,
    journal: SesJournal,
}

/// One account, shared by its servers. Clones are the same account.
#[derive(Clone)]
pub struct SesAccount(Arc<Inner>);

impl fmt::Debug for SesAccount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SesAccount")
    }
}

impl SesAccount {
    /// An account that hands what it delivers to `deliver`.
    pub fn new(settings: SesSettings, clock: Clock, deliver: Deliver) -> Self {
        let state = Mutex::new(State { settings, taken: Vec::new(), next: 0 });
        let (faults, smtp_faults) = (SesFaults::new(), SmtpFaults::new());
        Self(Arc::new(Inner { clock, deliver, state, faults, smtp_faults, journal: SesJournal::new() }))
    }

    /// What its API shall do wrong.
    pub fn faults(&self) -> &SesFaults {
        &self.0.faults
    }

    /// What its SMTP server shall do wrong.
    pub fn smtp_faults(&self) -> &SmtpFaults {
        &self.0.smtp_faults
    }

    /// What clients asked of it.
    pub fn journal(&self) -> &SesJournal {
        &self.0.journal
    }

    /// Its settings as they are now.
    pub fn settings(&self) -> SesSettings {
        self.lock().settings.clone()
    }

    /// Changes its settings.
    pub fn change(&self, work: impl FnOnce(&mut SesSettings)) {
        work(&mut self.lock().settings);
    }

    pub(in crate::lab) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// How many messages count against the quota of 24 hours.
    pub(super) fn sent_last_24_hours(&self) -> f64 {
        let now = self.now();
        let state = self.lock();
        state.settings.sent_last_24_hours + counted(within(&state.taken, now, DAY))
    }

    /// What SES counted in two weeks: when, mails, bounces, complaints.
    pub(super) fn counted(&self) -> Vec<(Timestamp, u64, u64, u64)> {
        let now = self.now();
        let ago = |span: Duration| now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let mut points = Vec::new();
        for one in self.settings().returned {
            points.push((ago(DAY.saturating_mul(one.days_ago)), one.attempts, one.bounces, one.complaints));
        }
        let since = ago(DAY.saturating_mul(14));
        for call in self.journal().calls_of(Operation::SendEmail) {
            if call.id.is_some() && call.at >= since {
                points.push((call.at, 1, 0, 0));
            }
        }
        points
    }

    /// Writes down that a message came, before anything is done about it.
    pub(in crate::lab) fn note(&self, submission: &Submission) -> Entry {
        self.0.journal.open(Call {
            operation: Operation::SendEmail,
            request: submission.request.clone(),
            region: submission.region.clone(),
            recipients: submission.recipients.clone(),
            message: Arc::clone(&submission.message),
            at: self.now(),
            id: None,
            delivered: false,
            status: None,
        })
    }

    /// Takes a message or refuses it. The id is that of a message taken, delivered or not.
    pub(in crate::lab) fn submit(&self, entry: Entry, submission: &Submission) -> Result<String, Refusal> {
        let (accepted, suppressed) = self.judge(submission)?;
        let id = accepted.ses_id.clone();
        self.0.journal.taken(entry, &id, !suppressed);
        if !suppressed {
            (self.0.deliver)(accepted);
        }
        Ok(id)
    }

    fn judge(&self, submission: &Submission) -> Result<(Accepted, bool), Refusal> {
        let now = self.now();
        let message = Message::read(&submission.message)?;
        message.check()?;
        let [recipient] = submission.recipients.as_slice() else {
            return Err(Refusal::bad("The lab takes exactly one recipient.".to_owned()));
        };
        let sender = message.sender().unwrap_or_default();
        let mut state = self.lock();
        may_send(&state, now)?;
        let settings = &state.settings;
        verified(settings, submission, &sender, recipient)?;
        let named = message.field("X-SES-CONFIGURATION-SET").map(super::message::Field::value);
        let configuration_set = submission.configuration_set.clone().or(named);
        if let (Some(known), Some(name)) = (&settings.configuration_sets, &configuration_set)
            && !known.contains(name)
        {
            return Err(Refusal::not_found(format!("Configuration set <{name}> does not exist.")));
        }
        let covering = settings.covering(&sender);
        let mail_from = mail_from(&covering, &submission.region)?;
        let tags = if submission.tags.is_empty() { tags_in(&message) } else { submission.tags.clone() };
        let ses_id = ses_id(settings.seed, state.next, &submission.region, now);
        let sending_ip = ip_for(&settings.sending_ips, &ses_id);
        let departure = Departure {
            id: &ses_id,
            region: &submission.region,
            at: now,
            sending_ip: &sending_ip.to_string(),
            signer: covering.iter().copied().find(|identity| identity.dkim),
            tags: &tags,
        };
        let accepted = Accepted {
            message: departure.compose(&message),
            ses_id,
            region: submission.region.clone(),
            sender,
            recipient: recipient.clone(),
            mail_from,
            sending_ip,
            configuration_set,
            tags,
            accepted_at: now,
        };
        let suppressed = settings.suppressed.keys().any(|address| address.eq_ignore_ascii_case(recipient));
        state.next += 1;
        state.taken.push(now);
        Ok((accepted, suppressed))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn within(taken: &[Timestamp], now: Timestamp, span: Duration) -> usize {
    let from = now.checked_sub(span).unwrap_or(Timestamp::MIN);
    taken.iter().filter(|&&time| time > from).count()
}

fn counted(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

fn may_send(state: &State, now: Timestamp) -> Result<(), Refusal> {
    let settings = &state.settings;
    if settings.enforcement == "SHUTDOWN" {
        let message = "Account is suspended.".to_owned();
        return Err(Refusal { status: 400, code: "AccountSuspendedException", message });
    }
    if !settings.sending_enabled {
        let message = "Email sending is disabled for this account.".to_owned();
        return Err(Refusal { status: 400, code: "SendingPausedException", message });
    }
    let sent = settings.sent_last_24_hours + counted(within(&state.taken, now, DAY));
    if settings.max_24_hour_send >= 0.0 && sent >= settings.max_24_hour_send {
        return Err(Refusal::too_many("Daily message quota exceeded."));
    }
    let this_second = counted(within(&state.taken, now, Duration::from_secs(1)));
    if settings.enforces_rate && this_second >= settings.max_send_rate {
        return Err(Refusal::too_many("Maximum sending rate exceeded."));
    }
    Ok(())
}

fn verified(settings: &SesSettings, submission: &Submission, sender: &str, recipient: &str) -> Result<(), Refusal> {
    let mut failed: Vec<String> = Vec::new();
    let envelope = submission.sender.as_deref().map(address_in);
    for address in envelope.as_deref().into_iter().chain([sender]) {
        if settings.covering(address).is_empty() && !failed.iter().any(|other| other == address) {
            failed.push(address.to_owned());
        }
    }
    let simulator = recipient.to_ascii_lowercase().ends_with("@simulator.amazonses.com");
    if !settings.production_access && !simulator && settings.covering(recipient).is_empty() {
        failed.push(recipient.to_owned());
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Refusal::rejected(format!(
        "Email address is not verified. The following identities failed the check in region {}: {}",
        submission.region.to_ascii_uppercase(),
        failed.join(", ")
    )))
}

fn mail_from(covering: &[&Identity], region: &str) -> Result<String, Refusal> {
    let own_domain = if region == "us-east-1" { String::new() } else { format!("{region}.") };
    match covering.iter().find_map(|identity| identity.mail_from.as_ref()) {
        Some(custom) if custom.working => Ok(custom.domain.clone()),
        Some(custom) if custom.rejects => Err(Refusal {
            status: 400,
            code: "MailFromDomainNotVerifiedException",
            message: format!("The MAIL FROM domain <{}> is not verified.", custom.domain),
        }),
        Some(_) | None => Ok(format!("{own_domain}amazonses.com")),
    }
}

/// `a=b, c=d`, as in the header field for SMTP.
fn tags_in(message: &Message) -> Vec<(String, String)> {
    let value = message.field("X-SES-MESSAGE-TAGS").map(super::message::Field::value).unwrap_or_default();
    let pairs = value.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// An id by its looks: a number of the region, the milliseconds of its day, a UUID, and the attempt.
fn ses_id(seed: u64, number: u64, region: &str, at: Timestamp) -> String {
    let uuid = Noise::of(&["id", &seed.to_string(), &number.to_string()]).uuid();
    let place = match region {
        "us-east-1" => "0100",
        "us-west-2" => "0101",
        "eu-west-1" => "0102",
        "eu-central-1" => "0107",
        _ => "010c",
    };
    format!("{place}{:012x}-{uuid}-000000", at.as_millisecond())
}

fn ip_for(ips: &[Ipv4Addr], id: &str) -> Ipv4Addr {
    let number = Noise::of(&["ip", id]).below(ips.len() as u64);
    let chosen = usize::try_from(number).ok().and_then(|number| ips.get(number)).copied();
    chosen.unwrap_or(Ipv4Addr::new(192, 0, 2, 10))
}

#[cfg(test)]
mod tests;
