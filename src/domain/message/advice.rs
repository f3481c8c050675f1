//! What may go wrong with a message although SES takes it.
//!
//! Advice only: nothing here stops a run. The guide's rules E3 and E8 on unsubscribing, RFC 2369 and RFC 8058 for its
//! fields, RFC 5322 §2.1.1 for the length of lines.

use super::field::Field;
use super::{Template, lines};
use crate::domain::stream::StreamKind;

/// The length beyond which RFC 5322 §2.1.1 advises to break a line.
const ADVISED_LINE: usize = 78;
/// The shortest run of letters and digits that is taken for a token.
const TOKEN: usize = 16;
/// Query keys under which senders put the subscriber.
const SUBSCRIBER_KEYS: [&str; 14] = [
    "email",
    "e",
    "mail",
    "address",
    "uid",
    "user",
    "userid",
    "id",
    "sid",
    "subscriber",
    "contact",
    "token",
    "key",
    "hash",
];
/// Fields that a receiving server writes: the file is a received copy.
const RECEIVED_COPY: [&str; 5] = ["Delivered-To", "X-Received", "Received-SPF", "X-Original-To", "Envelope-To"];

/// Every warning, in the order of the message.
pub(super) fn warnings(template: &Template, kind: StreamKind) -> Vec<String> {
    let mut found = Vec::new();
    for field in &template.fields {
        found.extend(field_warning(template, field));
    }
    found.extend(unsubscribe_warnings(template, kind));
    if template.named("Subject").next().is_none() {
        found.push("the message has no Subject: spam filters count that against it".to_owned());
    }
    found.extend(long_lines(template));
    found
}

fn field_warning(template: &Template, field: &Field) -> Option<String> {
    let Field { name, line, .. } = field;
    if RECEIVED_COPY.iter().any(|known| field.is(known)) {
        return Some(format!(
            "line {line}: {name} is written by a receiving server: use the message as it leaves you, not a received copy"
        ));
    }
    if field.is("To") {
        return None;
    }
    let is_rewritten = field.is("From") && template.own_sender().is_ok_and(|own| own.in_other_script);
    if !is_rewritten && !template.part(&field.range).is_ascii() {
        return Some(format!(
            "line {line}: {name} holds octets outside ASCII: encode them (RFC 2047), SES may refuse it"
        ));
    }
    let link = field.is("List-Unsubscribe").then(|| template.value(field))?;
    carries_token(&link).then(|| {
        format!(
            "line {line}: List-Unsubscribe seems to carry a subscriber's token: a provider that follows it would \
             unsubscribe them; use the link of a test subscriber"
        )
    })
}

fn unsubscribe_warnings(template: &Template, kind: StreamKind) -> Option<String> {
    let offered = template.named("List-Unsubscribe").next();
    let one_click = template.named("List-Unsubscribe-Post").next().is_some();
    match (kind, offered) {
        (StreamKind::Marketing, None) => {
            Some("marketing mail without List-Unsubscribe: Gmail and Yahoo ask bulk senders for it".to_owned())
        }
        (StreamKind::Marketing, Some(field)) if !one_click => Some(format!(
            "line {}: List-Unsubscribe without List-Unsubscribe-Post: Gmail and Yahoo ask for one click (RFC 8058)",
            field.line
        )),
        (StreamKind::Transactional, Some(field)) => Some(format!(
            "line {}: List-Unsubscribe on transactional mail: it belongs on marketing mail and may cost placement here",
            field.line
        )),
        (StreamKind::Marketing | StreamKind::Outreach, Some(_))
        | (StreamKind::Transactional | StreamKind::Outreach, None) => None,
    }
}

fn long_lines(template: &Template) -> Option<String> {
    let body = template.part(&template.body);
    let long = (template.body_line..).zip(lines(body)).filter(|(_, line)| line.len() > ADVISED_LINE);
    let (count, longest) = long.fold((0_usize, None::<(usize, usize)>), |(count, longest), (line, bytes)| {
        let this = (bytes.len(), line);
        let longer = longest.filter(|known| known.0 >= this.0).unwrap_or(this);
        (count.saturating_add(1), Some(longer))
    });
    let (octets, line) = longest?;
    Some(format!(
        "{count} body lines are longer than {ADVISED_LINE} octets, the longest is line {line} with {octets}: a gateway may \
         break them and so the DKIM signature; quoted-printable keeps them short"
    ))
}

/// Whether a link names one subscriber: by an address, by a query key, or by something too long and too mixed for a word.
fn carries_token(value: &str) -> bool {
    value.split(['<', '>', ',']).map(str::trim).any(|link| {
        let lower = link.to_ascii_lowercase();
        let Some(rest) = lower.strip_prefix("mailto:") else {
            return lower.contains("://") && (lower.contains('@') || lower.contains("%40") || names_subscriber(link));
        };
        let local = rest.split('@').next().unwrap_or_default();
        local.contains('+') || names_subscriber(link)
    })
}

fn names_subscriber(link: &str) -> bool {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let by_key = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .any(|(key, value)| !value.is_empty() && SUBSCRIBER_KEYS.contains(&key.to_ascii_lowercase().as_str()));
    // The first part behind `https://` is the host, whose labels may be long.
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    by_key || [path, query].into_iter().flat_map(|part| part.split(['/', '=', '&', '.', '@', ':'])).any(looks_random)
}

fn looks_random(word: &str) -> bool {
    let long = word.len() >= TOKEN && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '%'));
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let mixed = word.chars().any(|c| c.is_ascii_lowercase()) && word.chars().any(|c| c.is_ascii_uppercase());
    long && (digits >= 3 || mixed)
}
