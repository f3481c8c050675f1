//! How an account stands: its limits, its identities, its lists, what came back.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::identity::Identity;
use super::journal::Operation;

/// What SES counted in one quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// How many whole days ago.
    pub days_ago: u32,
    /// Mails that SES tried to deliver.
    pub attempts: u64,
    /// Those that bounced.
    pub bounces: u64,
    /// Those that somebody called spam.
    pub complaints: u64,
}

/// How the account stands. Every field may be changed while the servers run.
#[derive(Debug, Clone, PartialEq)]
pub struct SesSettings {
    /// The region of the SMTP endpoint, and of API calls that name none.
    pub region: String,
    /// Whether the account may write to anybody; in the sandbox only to verified addresses.
    pub production_access: bool,
    /// Whether sending is switched on.
    pub sending_enabled: bool,
    /// HEALTHY, PROBATION or SHUTDOWN.
    pub enforcement: String,
    /// Messages within 24 hours; -1 for no limit.
    pub max_24_hour_send: f64,
    /// Messages for each second.
    pub max_send_rate: f64,
    /// Messages that left before the lab began.
    pub sent_last_24_hours: f64,
    /// Whether SES refuses what comes faster than that, by the lab's clock.
    pub enforces_rate: bool,
    /// What the account may send as.
    pub identities: Vec<Identity>,
    /// The account's suppression list: addresses, and BOUNCE or COMPLAINT.
    pub suppressed: BTreeMap<String, String>,
    /// The configuration sets there are; `None` for every one that is named.
    pub configuration_sets: Option<BTreeSet<String>>,
    /// What came back before the lab began: days ago, mails, bounces and complaints. What the lab took itself came back from
    /// nobody.
    pub returned: Vec<Returned>,
    /// What is answered as a stand-in answers what it does not know: this status and no error of AWS.
    pub unimplemented: BTreeMap<Operation, u16>,
    /// How many entries of a list fit on a page.
    pub page_size: usize,
    /// Where mail leaves from.
    pub sending_ips: Vec<Ipv4Addr>,
    /// The user name for SMTP.
    pub smtp_user: String,
    /// The password for SMTP.
    pub smtp_password: String,
    /// Other seeds make other ids.
    pub seed: u64,
}

impl Default for SesSettings {
    /// A healthy account in eu-central-1 with production access and nothing verified.
    fn default() -> Self {
        Self {
            region: "eu-central-1".to_owned(),
            production_access: true,
            sending_enabled: true,
            enforcement: "HEALTHY".to_owned(),
            max_24_hour_send: 50_000.0,
            max_send_rate: 14.0,
            sent_last_24_hours: 0.0,
            enforces_rate: false,
            identities: Vec::new(),
            suppressed: BTreeMap::new(),
            configuration_sets: None,
            returned: Vec::new(),
            unimplemented: BTreeMap::new(),
            page_size: 1000,
            sending_ips: (10..14).map(|last| Ipv4Addr::new(192, 0, 2, last)).collect(),
            smtp_user: "AKIALABLABLABLABLAB0".to_owned(),
            smtp_password: "lab-smtp-password".to_owned(),
            seed: 0,
        }
    }
}

impl SesSettings {
    /// The account with these verified domains, all of them signing.
    pub fn with_domains(domains: &[&str]) -> Self {
        Self { identities: domains.iter().map(|name| Identity::domain(name)).collect(), ..Self::default() }
    }

    /// Verified identities that cover the address: itself, its domain, and the domains above.
    pub(super) fn covering(&self, address: &str) -> Vec<&Identity> {
        let mut names = vec![address];
        let mut rest = address.split_once('@').map(|(_, domain)| domain);
        while let Some(domain) = rest.filter(|domain| domain.contains('.')) {
            names.push(domain);
            rest = domain.split_once('.').map(|(_, above)| above);
        }
        let bears = |identity: &Identity, name: &str| identity.verified && identity.name.eq_ignore_ascii_case(name);
        names.iter().filter_map(|name| self.identities.iter().find(|identity| bears(identity, name))).collect()
    }
}
