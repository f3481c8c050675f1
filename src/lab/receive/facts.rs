//! What a receiver knows of a message when it writes its headers.

use super::{Authentication, Dkim, Policy, Receiver, Spf};
use crate::lab::ses::Accepted;
use crate::lab::ses::message::Message;
use crate::lab::ses::noise::Noise;

/// A signature that the message bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) domain: String,
    pub(super) selector: String,
    /// The first eight characters, by which a result names it (RFC 6008).
    pub(super) b: String,
    pub(super) result: Dkim,
}

/// One message at one receiver.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) accepted: &'a Accepted,
    pub(super) receiver: &'a Receiver,
    /// The domain in From.
    pub(super) domain: String,
    pub(super) signatures: Vec<Signature>,
    /// The envelope sender.
    pub(super) return_path: String,
    /// The name and address that SES connects from.
    pub(super) host: String,
    pub(super) ip: String,
    pub(super) noise: Noise,
}

impl<'a> Facts<'a> {
    pub(super) fn of(accepted: &'a Accepted, receiver: &'a Receiver) -> Self {
        let fields = Message::read(&accepted.message).map(|message| message.fields).unwrap_or_default();
        let signatures = fields.iter().filter(|field| field.is("DKIM-Signature"));
        let region = if accepted.region == "us-east-1" { String::new() } else { format!("{}.", accepted.region) };
        let [.., third, last] = accepted.sending_ip.octets();
        Self {
            accepted,
            receiver,
            domain: domain_of(&accepted.sender),
            signatures: signatures.map(|field| signature(&field.value(), receiver.dkim)).collect(),
            return_path: format!("{}@{}", accepted.ses_id, accepted.mail_from),
            host: format!("a{third}-{last}.smtp-out.{region}amazonses.com"),
            ip: accepted.sending_ip.to_string(),
            noise: Noise::of(&["receiver", &accepted.ses_id]),
        }
    }

    pub(super) fn authentication(&self) -> Authentication {
        let same = |domain: &str| organization(domain) == organization(&self.domain);
        let spf_aligned = self.receiver.spf == Spf::Pass && same(&self.accepted.mail_from);
        let dkim_aligned = self.signatures.iter().any(|one| one.result == Dkim::Pass && same(&one.domain));
        let dmarc = self.receiver.policy.map(|_| spf_aligned || dkim_aligned);
        Authentication { spf_aligned, dkim_aligned, dmarc }
    }

    /// The policy that strikes: that of a record whose check failed.
    pub(super) fn disposition(&self) -> Policy {
        let failed = self.authentication().dmarc == Some(false);
        self.receiver.policy.filter(|_| failed).unwrap_or(Policy::None)
    }

    /// `pass` or `fail`; `None` without a record.
    pub(super) fn dmarc_word(&self) -> Option<&'static str> {
        self.authentication().dmarc.map(|passes| if passes { "pass" } else { "fail" })
    }

    /// The policy in capitals, as Gmail and Yahoo quote it.
    pub(super) fn policy_in_capitals(&self) -> String {
        self.receiver.policy.unwrap_or(Policy::None).word().to_ascii_uppercase()
    }

    /// What SPF found about `who`, as Gmail and Microsoft put it.
    pub(super) fn spf_sentence(&self, who: &str) -> String {
        let ip = &self.ip;
        match self.receiver.spf {
            Spf::Pass => format!("domain of {who} designates {ip} as permitted sender"),
            Spf::Fail => format!("domain of {who} does not designate {ip} as permitted sender"),
            Spf::SoftFail => format!("domain of transitioning {who} does not designate {ip} as permitted sender"),
            Spf::Neutral => format!("{ip} is neither permitted nor denied by best guess record for domain of {who}"),
            Spf::None => format!("{who} does not designate permitted sender hosts"),
            Spf::TempError => format!("error in processing during lookup of {who}: DNS error"),
            Spf::PermError => format!("permanent error in processing during lookup of {who}: duplicate record"),
        }
    }
}

fn signature(value: &str, own: Dkim) -> Signature {
    let tag = |name: &str| {
        let mut tags = value.split(';').filter_map(|tag| tag.trim().split_once('='));
        tags.find(|tag| tag.0 == name).map_or("", |tag| tag.1).to_owned()
    };
    let domain = tag("d");
    let result = if domain == "amazonses.com" { Dkim::Pass } else { own };
    let b = tag("b").chars().filter(|c| !c.is_whitespace()).take(8).collect();
    Signature { domain, selector: tag("s"), b, result }
}

fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_ascii_lowercase()
}

/// The last two labels: enough for the domains that the lab deals in.
fn organization(domain: &str) -> String {
    let labels: Vec<&str> = domain.rsplit('.').take(2).collect();
    labels.join(".").to_ascii_lowercase()
}
