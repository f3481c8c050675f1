//! The account's suppression list: SES accepts mail to an address on it and never delivers it.
//!
//! SES answers one such question a second. So the list is read page by page where that may take fewer calls than to ask
//! for each seed, and given up after as many pages as there are seeds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::SesFailure;
use super::account::next_token;
use super::api::ApiSender;
use crate::domain::seed::Address;
use crate::edge::clock::Clock;

/// SES's limit for each action other than sending.
const GAP: Duration = Duration::from_secs(1);
/// Most entries on one page.
const PAGE: i32 = 1000;
/// From this many seeds on the list is read before single seeds are asked for.
const WORTH_LISTING: usize = 3;

/// What SES says of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Suppression {
    /// It is on the list.
    Listed {
        /// BOUNCE or COMPLAINT.
        reason: String,
        /// Since when; `None` when SES does not tell.
        since: Option<Timestamp>,
    },
    /// It is not.
    NotListed,
    /// It could not be asked; why, in one sentence.
    Unknown(String),
}

/// A sequence of calls, one a second.
struct Asking<'a> {
    clock: &'a Clock,
    next: Timestamp,
}

impl Asking<'_> {
    async fn turn(&mut self) {
        self.clock.sleep_until(self.next).await;
        self.next = self.clock.now().checked_add(GAP).unwrap_or(Timestamp::MAX);
    }
}

impl ApiSender {
    /// What SES says of each address.
    pub(crate) async fn suppression(&self, addresses: &[Address], clock: &Clock) -> BTreeMap<Address, Suppression> {
        let mut asking = Asking { clock, next: clock.now() };
        let mut found = BTreeMap::new();
        if addresses.len() >= WORTH_LISTING {
            self.read_list(addresses, &mut asking, &mut found).await;
        }
        let mut refused: Option<String> = None;
        for address in addresses {
            if found.contains_key(address) {
                continue;
            }
            let standing = if let Some(note) = &refused {
                Suppression::Unknown(note.clone())
            } else {
                asking.turn().await;
                self.one(address).await.unwrap_or_else(|failure| {
                    // What refuses one question refuses all of them.
                    Suppression::Unknown(refused.insert(failure.to_string()).clone())
                })
            };
            found.insert(address.clone(), standing);
        }
        found
    }

    /// Reads the list. What it did not settle, because it is too long or could not be read, stays open.
    async fn read_list(
        &self,
        addresses: &[Address],
        asking: &mut Asking<'_>,
        found: &mut BTreeMap<Address, Suppression>,
    ) {
        let mut entries: BTreeMap<String, Suppression> = BTreeMap::new();
        let mut token: Option<String> = None;
        let mut complete = false;
        for _page in addresses {
            asking.turn().await;
            let page = self.client.list_suppressed_destinations().page_size(PAGE).set_next_token(token.take());
            let answer = self.ask(|trace| page.clone().customize().interceptor(trace).send()).await;
            let Ok(json) = answer else { break };
            let Some(list) = json.get("SuppressedDestinationSummaries").and_then(Value::as_array) else { break };
            entries.extend(
                list.iter().filter_map(|entry| Some((folded(entry.get("EmailAddress")?.as_str()?), listed(entry)))),
            );
            token = next_token(&json);
            if token.is_none() {
                complete = true;
                break;
            }
        }
        for address in addresses {
            let entry = entries.get(&address.folded()).cloned();
            if let Some(standing) = entry.or_else(|| complete.then_some(Suppression::NotListed)) {
                found.insert(address.clone(), standing);
            }
        }
    }

    async fn one(&self, address: &Address) -> Result<Suppression, SesFailure> {
        const QUESTION: &str = "ask SES for the suppression list (GetSuppressedDestination)";
        let asked = |trace| {
            self.client
                .get_suppressed_destination()
                .email_address(address.on_the_wire())
                .customize()
                .interceptor(trace)
                .send()
        };
        match self.ask(asked).await {
            Ok(json) => json
                .get("SuppressedDestination")
                .map(listed)
                .ok_or_else(|| SesFailure::Unsupported(format!("{QUESTION}: the answer holds no entry"))),
            Err(fault) if fault.is_not_found() => Ok(Suppression::NotListed),
            Err(fault) => Err(self.failure(fault, QUESTION)),
        }
    }
}

/// SES may keep an address in another case than it was sent to.
fn folded(address: &str) -> String {
    address.to_lowercase()
}

fn listed(entry: &Value) -> Suppression {
    let reason =
        entry.get("Reason").and_then(Value::as_str).map_or_else(|| "no reason told".to_owned(), super::one_line);
    Suppression::Listed { reason, since: entry.get("LastUpdateTime").and_then(time) }
}

/// Seconds since 1970, with a fraction.
fn time(value: &Value) -> Option<Timestamp> {
    let seconds = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(seconds).ok()
}

#[cfg(test)]
mod tests;
