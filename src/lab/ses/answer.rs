//! What the API answers to questions: JSON in the shapes of the SES v2 service model.

use serde_json::{Value, json};

use super::identity::{Identity, dkim_tokens};
use super::refusal::Refusal;
use super::settings::SesSettings;

/// The points of `GetSendStatistics`, in the XML of the first version of the API.
pub(super) fn statistics(points: &[(jiff::Timestamp, u64, u64, u64)]) -> String {
    let member = |(at, attempts, bounces, complaints): &(jiff::Timestamp, u64, u64, u64)| {
        format!(
            "<member><Complaints>{complaints}</Complaints><Rejects>0</Rejects><Bounces>{bounces}</Bounces>\
             <DeliveryAttempts>{attempts}</DeliveryAttempts><Timestamp>{at}</Timestamp></member>"
        )
    };
    let members: String = points.iter().map(member).collect();
    format!(
        "<GetSendStatisticsResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><GetSendStatisticsResult>\
         <SendDataPoints>{members}</SendDataPoints></GetSendStatisticsResult><ResponseMetadata><RequestId>\
         7a1bd2a6-0000-4000-a000-1ab0ab0ab0ab</RequestId></ResponseMetadata></GetSendStatisticsResponse>"
    )
}

/// The page of a list that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) size: Option<usize>,
    pub(super) token: Option<String>,
}

/// `GetAccount`.
pub(super) fn account(settings: &SesSettings, sent: f64) -> Value {
    json!({
        "DedicatedIpAutoWarmupEnabled": false,
        "EnforcementStatus": settings.enforcement,
        "ProductionAccessEnabled": settings.production_access,
        "SendQuota": {
            "Max24HourSend": settings.max_24_hour_send,
            "MaxSendRate": settings.max_send_rate,
            "SentLast24Hours": sent,
        },
        "SendingEnabled": settings.sending_enabled,
        "SuppressionAttributes": { "SuppressedReasons": ["BOUNCE", "COMPLAINT"] },
    })
}

/// `ListEmailIdentities`.
pub(super) fn identities(settings: &SesSettings, page: &Page) -> Result<Value, Refusal> {
    let rows = settings.identities.iter().map(|identity| {
        json!({
            "IdentityName": identity.name,
            "IdentityType": kind(identity),
            "SendingEnabled": identity.verified,
            "VerificationStatus": status(identity.verified),
        })
    });
    paged("EmailIdentities", rows.collect(), page, settings.page_size)
}

/// `GetEmailIdentity`.
pub(super) fn identity(settings: &SesSettings, name: &str) -> Result<Value, Refusal> {
    let identity = settings.identities.iter().find(|identity| identity.name.eq_ignore_ascii_case(name));
    let identity = identity.ok_or_else(|| Refusal::not_found(format!("Email identity {name} does not exist.")))?;
    let mut mail_from = json!({ "BehaviorOnMxFailure": "USE_DEFAULT_VALUE" });
    if let Some(custom) = &identity.mail_from {
        let otherwise = if custom.rejects { "REJECT_MESSAGE" } else { "USE_DEFAULT_VALUE" };
        let found = if custom.working { "SUCCESS" } else { "FAILED" };
        mail_from =
            json!({ "BehaviorOnMxFailure": otherwise, "MailFromDomain": custom.domain, "MailFromDomainStatus": found });
    }
    // A domain is given its tokens when it is created, and signs once they are found in DNS.
    let signs = identity.dkim || !identity.name.contains('@');
    let signed = match (signs, identity.dkim) {
        (true, true) => status(identity.verified),
        (true, false) => "PENDING",
        (false, _) => "NOT_STARTED",
    };
    let tokens = if signs { dkim_tokens(&identity.name) } else { Vec::new() };
    Ok(json!({
        "DkimAttributes": {
            "CurrentSigningKeyLength": "RSA_2048_BIT",
            "NextSigningKeyLength": "RSA_2048_BIT",
            "SigningAttributesOrigin": "AWS_SES",
            "SigningEnabled": identity.dkim,
            "SigningHostedZone": "dkim.amazonses.com",
            "Status": signed,
            "Tokens": tokens,
        },
        "FeedbackForwardingStatus": true,
        "IdentityType": kind(identity),
        "MailFromAttributes": mail_from,
        "Policies": {},
        "Tags": [],
        "VerificationStatus": status(identity.verified),
        "VerifiedForSendingStatus": identity.verified,
    }))
}

/// `ListSuppressedDestinations`.
pub(super) fn suppressed(settings: &SesSettings, page: &Page) -> Result<Value, Refusal> {
    let rows = settings.suppressed.iter();
    let rows = rows
        .map(|(address, reason)| json!({ "EmailAddress": address, "LastUpdateTime": SUPPRESSED_AT, "Reason": reason }));
    paged("SuppressedDestinationSummaries", rows.collect(), page, settings.page_size)
}

/// `GetSuppressedDestination`.
pub(super) fn suppression(settings: &SesSettings, address: &str) -> Result<Value, Refusal> {
    let found = settings.suppressed.iter().find(|(listed, _)| listed.eq_ignore_ascii_case(address));
    match found {
        Some((listed, reason)) => Ok(json!({ "SuppressedDestination": {
            "Attributes": {},
            "EmailAddress": listed,
            "LastUpdateTime": SUPPRESSED_AT,
            "Reason": reason,
        } })),
        None => Err(Refusal::not_found(format!("Email address {address} does not exist on your suppression list."))),
    }
}

/// Seconds since 1970, as the API writes times: 1 March 2025.
const SUPPRESSED_AT: f64 = 1_740_787_200.0;

fn kind(identity: &Identity) -> &'static str {
    if identity.name.contains('@') { "EMAIL_ADDRESS" } else { "DOMAIN" }
}

fn status(verified: bool) -> &'static str {
    if verified { "SUCCESS" } else { "PENDING" }
}

/// One page of a list. A token is the number of its first row, made unreadable enough that no client counts on it.
fn paged(name: &str, rows: Vec<Value>, page: &Page, most: usize) -> Result<Value, Refusal> {
    let size = page.size.unwrap_or(most).clamp(1, most.max(1));
    let first = match &page.token {
        None => 0,
        Some(token) => start_of(token).ok_or_else(|| Refusal::bad("Invalid NextToken.".to_owned()))?,
    };
    let total = rows.len();
    let rows: Vec<Value> = rows.into_iter().skip(first).take(size).collect();
    let next = first.saturating_add(size);
    let mut answer = json!({ name: rows });
    if next < total
        && let Some(fields) = answer.as_object_mut()
    {
        fields.insert("NextToken".to_owned(), Value::String(token_of(next)));
    }
    Ok(answer)
}

fn token_of(start: usize) -> String {
    data_encoding::BASE64.encode(format!("from+{start}/").as_bytes())
}

fn start_of(token: &str) -> Option<usize> {
    let text = String::from_utf8(data_encoding::BASE64.decode(token.as_bytes()).ok()?).ok()?;
    text.strip_prefix("from+")?.strip_suffix('/')?.parse().ok()
}
