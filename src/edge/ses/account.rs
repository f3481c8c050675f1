//! What SES says of the account: its standing, its quota, whether a sender is verified, and in the sandbox which seeds are.
//!
//! Facts and notes, no verdict: what a run does about them is the caller's question. An answer that lacks what SES
//! always gives comes from a stand-in; what it does not tell stays unknown.

use std::collections::BTreeSet;

use aws_sdk_sesv2::operation::list_email_identities::builders::ListEmailIdentitiesFluentBuilder;
use serde_json::Value;

use super::SesFailure;
use super::api::ApiSender;
use crate::domain::seed::Address;

/// Most identities on one page.
const PAGE: i32 = 1000;
/// Most pages of identities that are read.
const PAGES: usize = 20;

/// An account in one region.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Standing {
    /// Whether it may send to verified addresses only.
    pub(crate) sandbox: Option<bool>,
    /// Whether sending is switched on.
    pub(crate) sending_enabled: Option<bool>,
    /// How many messages may still leave within these 24 hours; infinite where SES sets no limit.
    pub(crate) quota_left: Option<f64>,
    /// Messages for each second.
    pub(crate) max_send_rate: Option<f64>,
    /// HEALTHY, PROBATION or SHUTDOWN.
    pub(crate) enforcement: Option<String>,
    /// What could not be asked, in sentences.
    pub(crate) notes: Vec<String>,
}

/// Whether SES sends for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdentityStanding {
    /// The address, its domain or a domain above it is verified.
    Verified,
    /// None of them is.
    Unverified {
        /// What SES knows of them, with the remedy.
        why: String,
    },
    /// It could not be asked; why, in one sentence.
    Unknown(String),
}

impl ApiSender {
    /// The account's standing. What these credentials may not ask, or a stand-in does not know, is a note.
    pub(crate) async fn standing(&self) -> Result<Standing, SesFailure> {
        const QUESTION: &str = "ask SES for the account (GetAccount)";
        let answer = self.ask(|trace| self.client.get_account().customize().interceptor(trace).send()).await;
        match answer {
            Ok(json) => Ok(standing_in(&json)),
            Err(fault) => match self.failure(fault, QUESTION) {
                SesFailure::Denied(note) | SesFailure::Unsupported(note) => {
                    Ok(Standing { notes: vec![note], ..Standing::default() })
                }
                failure @ (SesFailure::Unreachable(_) | SesFailure::Credentials(_)) => Err(failure),
            },
        }
    }

    /// Whether SES sends for this address: asks for the address, its domain and the domains above that.
    pub(crate) async fn identity(&self, address: &str) -> IdentityStanding {
        let mut known = Vec::new();
        let mut unasked = None;
        let names = identities_of(address);
        for name in &names {
            match self.verification(name).await {
                Ok(Some(Verification { verified: true, .. })) => return IdentityStanding::Verified,
                Ok(Some(Verification { status, .. })) => known.push(format!("{name} is {status}")),
                Ok(None) => {}
                Err(failure) => {
                    // What refuses one name refuses the next one too.
                    unasked = Some(failure.to_string());
                    break;
                }
            }
        }
        if let Some(note) = unasked {
            return IdentityStanding::Unknown(note);
        }
        let why = if known.is_empty() {
            format!("SES knows none of {} in this region; verify one of them, best the domain", names.join(", "))
        } else {
            format!(
                "{}; finish its verification: publish the DNS records or follow the link that SES sent",
                known.join(", ")
            )
        };
        IdentityStanding::Unverified { why }
    }

    /// Which of these addresses are verified, themselves or through a domain: the only ones the sandbox sends to.
    pub(crate) async fn verified_among(&self, addresses: &[Address]) -> Result<BTreeSet<Address>, SesFailure> {
        match self.verified_identities().await {
            Ok(verified) => {
                let covers = |address: &&Address| {
                    identities_of(&address.on_the_wire()).iter().any(|name| verified.contains(name))
                };
                Ok(addresses.iter().filter(covers).cloned().collect())
            }
            Err(failure @ (SesFailure::Unreachable(_) | SesFailure::Credentials(_))) => Err(failure),
            Err(SesFailure::Denied(_) | SesFailure::Unsupported(_)) => self.verified_one_by_one(addresses).await,
        }
    }

    async fn verified_one_by_one(&self, addresses: &[Address]) -> Result<BTreeSet<Address>, SesFailure> {
        let mut verified = BTreeSet::new();
        for address in addresses {
            match self.identity(&address.on_the_wire()).await {
                IdentityStanding::Verified => drop(verified.insert(address.clone())),
                IdentityStanding::Unverified { .. } => {}
                IdentityStanding::Unknown(note) => return Err(SesFailure::Unsupported(note)),
            }
        }
        Ok(verified)
    }

    /// The names of all verified identities, in lower case.
    async fn verified_identities(&self) -> Result<BTreeSet<String>, SesFailure> {
        const QUESTION: &str = "ask SES for the verified identities (ListEmailIdentities)";
        let mut verified = BTreeSet::new();
        let mut token: Option<String> = None;
        for page in 0..PAGES {
            if page > 0 {
                tokio::time::sleep(self.patience.pause).await;
            }
            let asked = |trace| self.identity_page(token.clone()).customize().interceptor(trace).send();
            let json = self.ask(asked).await.map_err(|fault| self.failure(fault, QUESTION))?;
            let Some(list) = json.get("EmailIdentities").and_then(Value::as_array) else {
                return Err(SesFailure::Unsupported(format!("{QUESTION}: the answer holds no list of them")));
            };
            verified.extend(list.iter().filter(|entry| verification_in(entry).verified).filter_map(identity_name));
            token = next_token(&json);
            if token.is_none() {
                return Ok(verified);
            }
        }
        Err(SesFailure::Unsupported(format!("{QUESTION}: more than {PAGES} pages of them")))
    }

    fn identity_page(&self, token: Option<String>) -> ListEmailIdentitiesFluentBuilder {
        self.client.list_email_identities().page_size(PAGE).set_next_token(token)
    }

    /// `None` where SES knows no such identity.
    async fn verification(&self, name: &str) -> Result<Option<Verification>, SesFailure> {
        let question = format!("ask SES for the identity {name} (GetEmailIdentity)");
        let asked = |trace| self.client.get_email_identity().email_identity(name).customize().interceptor(trace).send();
        match self.ask(asked).await {
            Ok(json) => match verification_in(&json) {
                Verification { told: false, .. } => {
                    Err(SesFailure::Unsupported(format!("{question}: the answer does not tell whether it is verified")))
                }
                told @ Verification { .. } => Ok(Some(told)),
            },
            Err(fault) if fault.is_not_found() => Ok(None),
            Err(fault) => Err(self.failure(fault, &question)),
        }
    }
}

struct Verification {
    told: bool,
    verified: bool,
    status: String,
}

/// `GetEmailIdentity` says `VerifiedForSendingStatus`, `ListEmailIdentities` says `SendingEnabled`; both say
/// `VerificationStatus`. That status decides where it is told, as a stand-in may leave `VerifiedForSendingStatus` at
/// false for ever; `SendingEnabled` is a switch of its own.
fn verification_in(json: &Value) -> Verification {
    let said = |key: &str| json.get(key).and_then(Value::as_bool);
    let enabled = said("SendingEnabled");
    let flag = said("VerifiedForSendingStatus").or(enabled);
    let status = json.get("VerificationStatus").and_then(Value::as_str);
    Verification {
        told: flag.is_some() || status.is_some(),
        verified: status.map_or(flag == Some(true), |status| status == "SUCCESS" && enabled != Some(false)),
        status: super::one_line(status.unwrap_or("not verified")),
    }
}

fn identity_name(json: &Value) -> Option<String> {
    json.get("IdentityName").and_then(Value::as_str).map(str::to_ascii_lowercase)
}

/// The token of the next page.
pub(super) fn next_token(json: &Value) -> Option<String> {
    json.get("NextToken").and_then(Value::as_str).filter(|token| !token.is_empty()).map(str::to_owned)
}

/// The names under which an address may be verified: itself, its domain, and each domain above with two labels or more.
pub(super) fn identities_of(address: &str) -> Vec<String> {
    let address = address.to_ascii_lowercase();
    let mut domain = address.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
    let mut names = vec![address];
    while domain.contains('.') {
        names.push(domain.clone());
        domain = domain.split_once('.').map(|(_, above)| above.to_owned()).unwrap_or_default();
    }
    names
}

fn standing_in(json: &Value) -> Standing {
    let flag = |key: &str| json.get(key).and_then(Value::as_bool);
    let quota = |key: &str| json.get("SendQuota").and_then(|quota| quota.get(key)).and_then(Value::as_f64);
    let mut standing = Standing {
        sandbox: flag("ProductionAccessEnabled").map(|production| !production),
        sending_enabled: flag("SendingEnabled"),
        quota_left: quota_left(quota("Max24HourSend"), quota("SentLast24Hours")),
        max_send_rate: quota("MaxSendRate").filter(|rate| *rate > 0.0),
        enforcement: json.get("EnforcementStatus").and_then(Value::as_str).map(super::one_line),
        notes: Vec::new(),
    };
    let untold: Vec<&str> = [
        (standing.sandbox.is_none(), "production access"),
        (standing.sending_enabled.is_none(), "whether sending is on"),
        (standing.quota_left.is_none(), "the daily quota"),
        (standing.max_send_rate.is_none(), "the sending rate"),
    ]
    .into_iter()
    .filter_map(|(absent, name)| absent.then_some(name))
    .collect();
    if !untold.is_empty() {
        standing.notes.push(format!("SES did not tell {} (GetAccount)", untold.join(", ")));
    }
    standing
}

/// A quota of -1 stands for none (GetAccount).
fn quota_left(most: Option<f64>, sent: Option<f64>) -> Option<f64> {
    let most = most?;
    if most < 0.0 { Some(f64::INFINITY) } else { Some((most - sent?).max(0.0)) }
}

#[cfg(test)]
mod tests;
