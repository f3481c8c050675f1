//! `[[stream]]`: the senders under judgement.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::place::required_place;
use super::reader::{Section, one_line};
use super::region::region;
use super::seed::deliverable;
use crate::domain::provider::Tls;
use crate::domain::seed::Address;
use crate::domain::stream::{StreamKind, StreamName, TagMode};
use crate::secret::SecretSource;

/// A stream as configured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stream {
    /// Its name.
    pub(crate) name: StreamName,
    /// What sort of mail it carries.
    pub(crate) kind: StreamKind,
    /// From; `None` leaves what the message says.
    pub(crate) from: Option<String>,
    /// The message's file.
    pub(crate) message: PathBuf,
    /// The way to SES.
    pub(crate) transport: Transport,
    /// The configuration set.
    pub(crate) configuration_set: Option<String>,
    /// The region; `None` leaves that of `[ses]`.
    pub(crate) region: Option<String>,
    /// Whether it is a plain known-good message that tells content from reputation.
    pub(crate) control: bool,
    /// How its probes carry their tag.
    pub(crate) tag: TagMode,
    /// `file:line` of the stream.
    pub(crate) place: String,
}

/// The way to SES.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Transport {
    /// The SES v2 API.
    Api,
    /// SMTP submission.
    Smtp(SmtpSettings),
}

/// `[stream.smtp]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SmtpSettings {
    /// The server.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Encryption of the connection.
    pub(crate) tls: Tls,
    /// What to sign in as.
    pub(crate) user: String,
    /// Where the password lies.
    pub(crate) secret: SecretSource,
    /// Trust only the certificate authorities of this PEM file.
    pub(crate) ca_file: Option<PathBuf>,
}

pub(super) fn read(top: &Section<'_>, base: &Path) -> Vec<Stream> {
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut streams = Vec::new();
    for section in top.sections("stream") {
        let stream = read_one(&section, base);
        section.finish();
        let Some(stream) = stream else { continue };
        // Compared without regard to case: two names that differ in nothing else would be taken for each other in a table.
        if let Some(place) = first.get(&stream.name.as_str().to_ascii_lowercase()) {
            section.fault_of(
                "name",
                format!("{} is a second stream of that name, after {place}; rename one", stream.name),
            );
        } else {
            first.insert(stream.name.as_str().to_ascii_lowercase(), stream.place.clone());
            streams.push(stream);
        }
    }
    streams
}

fn read_one(section: &Section<'_>, base: &Path) -> Option<Stream> {
    let shape = "a stream's name; write a letter, then letters, digits, '.', '_' or '-', 64 at most";
    let name = section.required("name", "\"newsletter\"", shape, StreamName::new);
    let kinds =
        [StreamKind::Marketing, StreamKind::Transactional, StreamKind::Outreach].map(|kind| (kind.word(), kind));
    let kind = section.word("kind", &kinds);
    let from = section.shaped("from", "one sender; write \"News <news@shop.example>\" or only the address", sender);
    deliverable(section, "from", from.as_deref().and_then(address_in));
    let message = message(section, base);
    let transport = transport(section, base);
    let shape = "a configuration set's name; write letters, digits, '-' and '_', 64 at most";
    let configuration_set = section.shaped("configuration_set", shape, |set| {
        let fits = (1..=64).contains(&set.len()) && set.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        fits.then(|| set.to_owned())
    });
    let region = region(section);
    let control = section.flag("control").unwrap_or(false);
    let tag = section.word("tag", &[TagMode::Header, TagMode::None].map(|mode| (mode.word(), mode)));
    Some(Stream {
        name: name?,
        kind: kind.unwrap_or(StreamKind::Marketing),
        from,
        message: message?,
        transport: transport?,
        configuration_set,
        region,
        control,
        tag: tag.unwrap_or(TagMode::Header),
        place: section.place(),
    })
}

fn message(section: &Section<'_>, base: &Path) -> Option<PathBuf> {
    if !section.has("message") {
        section.missing("message", "\"messages/newsletter.eml\"");
        return None;
    }
    section.existing_file("message", base, "give the path of an .eml file")
}

/// A From that names one mailbox (RFC 5322 §3.6.2), as it is written.
fn sender(text: &str) -> Option<String> {
    address_in(text)?;
    one_line(text)
}

fn address_in(text: &str) -> Option<Address> {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>')?,
        None => text,
    };
    Address::new(address.trim())
}

fn transport(section: &Section<'_>, base: &Path) -> Option<Transport> {
    let smtp = section.section("smtp").map(|smtp| {
        let settings = smtp_settings(&smtp, base);
        smtp.finish();
        settings
    });
    let is_smtp = match section.word("transport", &[("ses-api", false), ("ses-smtp", true)]) {
        Some(is_smtp) => is_smtp,
        None if section.has("transport") => return None,
        None => false,
    };
    match (is_smtp, smtp) {
        (false, None) => Some(Transport::Api),
        (true, Some(settings)) => settings.map(Transport::Smtp),
        (false, Some(_)) => {
            section.fault_of("smtp", "is used by transport = \"ses-smtp\" only; write that too, or take this out");
            None
        }
        (true, None) if section.has("smtp") => None,
        (true, None) => {
            section.fault_of("transport", "ses-smtp needs [stream.smtp] with host, port, tls, user and secret; add it");
            None
        }
    }
}

fn smtp_settings(section: &Section<'_>, base: &Path) -> Option<SmtpSettings> {
    let host = section.required("host", "\"email-smtp.eu-central-1.amazonaws.com\"", HOST, host_name);
    let tls = tls(section);
    let default_port = if tls == Some(Tls::Implicit) { 465 } else { 587 };
    let port = port(section).unwrap_or(default_port);
    let user = section.required("user", "\"AKIA…\"", "a user name on one line", one_line);
    let secret = required_place(section, "secret", base);
    let ca_file = ca_file(section, base);
    Some(SmtpSettings { host: host?, port, tls: tls.unwrap_or(Tls::StartTls), user: user?, secret: secret?, ca_file })
}

/// `tls = "implicit"` or `"starttls"`. There is no word for a connection in the clear.
pub(super) fn tls(section: &Section<'_>) -> Option<Tls> {
    section.word("tls", &[("implicit", Tls::Implicit), ("starttls", Tls::StartTls)])
}

/// `port = 993`.
pub(super) fn port(section: &Section<'_>) -> Option<u16> {
    section.whole("port", 1..=65_535).and_then(|port| u16::try_from(port).ok())
}

/// `ca_file = "…"`.
pub(super) fn ca_file(section: &Section<'_>, base: &Path) -> Option<PathBuf> {
    section.existing_file("ca_file", base, "give the path of a PEM file")
}

/// What a host looks like, for the user.
pub(super) const HOST: &str = "a host; write a name such as \"imap.mail.example\" or an address, without port";

/// A host name (RFC 1123 §2.1) or an IP address.
pub(super) fn host_name(text: &str) -> Option<String> {
    let is_name = text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
    (is_name || text.parse::<std::net::IpAddr>().is_ok()).then(|| text.to_owned())
}
