//! `[[stream]]`: the senders under judgement.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::reader::Section;
use super::{secret, settings};
use crate::domain::provider::Tls;
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
    let mut names = BTreeSet::new();
    let mut streams = Vec::new();
    for section in top.sections("stream") {
        let stream = read_one(&section, base);
        section.finish();
        let Some(stream) = stream else { continue };
        if names.insert(stream.name.clone()) {
            streams.push(stream);
        } else {
            section.fault_of("name", format!("there is another stream {}; every name may stand once", stream.name));
        }
    }
    streams
}

fn read_one(section: &Section<'_>, base: &Path) -> Option<Stream> {
    let name = section.required("name");
    if let Some(name) = &name
        && StreamName::new(name).is_none()
    {
        section.fault_of("name", "must be a letter, then letters, digits, '.', '_' or '-', 64 at most");
    }
    let kind = section.shaped("kind", "one of marketing, transactional, outreach", |word| {
        [StreamKind::Marketing, StreamKind::Transactional, StreamKind::Outreach].into_iter().find(|k| k.word() == word)
    });
    let message = section.required("message").map(|path| base.join(path));
    if let Some(path) = &message
        && !path.is_file()
    {
        section.fault_of("message", format!("{} does not exist; give the path of an .eml file", path.display()));
    }
    let set = section.shaped("configuration_set", "a configuration set's name (letters, digits, '-', '_')", |set| {
        let fits = (1..=64).contains(&set.len()) && set.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        fits.then(|| set.to_owned())
    });
    let from = section.text("from");
    let region = section.shaped("region", "an AWS region such as \"eu-central-1\"", settings::region);
    let control = section.flag("control").unwrap_or(false);
    let tag = section.shaped("tag", "one of header, none", |word| match word {
        "header" => Some(TagMode::Header),
        "none" => Some(TagMode::None),
        _ => None,
    });
    let transport = transport(section, base);
    Some(Stream {
        name: StreamName::new(&name?)?,
        kind: kind.unwrap_or(StreamKind::Marketing),
        from,
        message: message?,
        transport: transport?,
        configuration_set: set,
        region,
        control,
        tag: tag.unwrap_or(TagMode::Header),
        place: section.place(),
    })
}

fn transport(section: &Section<'_>, base: &Path) -> Option<Transport> {
    let smtp = section.section("smtp").map(|smtp| {
        let settings = smtp_settings(&smtp, base);
        smtp.finish();
        settings
    });
    let word = section.text("transport").unwrap_or_else(|| "ses-api".to_owned());
    match (word.as_str(), smtp) {
        ("ses-api", None) => Some(Transport::Api),
        ("ses-api", Some(_)) => {
            section.fault_of("smtp", "needs `transport = \"ses-smtp\"` beside it");
            None
        }
        ("ses-smtp", Some(settings)) => settings.map(Transport::Smtp),
        ("ses-smtp", None) => {
            section.fault_of("transport", "ses-smtp needs [stream.smtp] with host, port, tls, user and secret");
            None
        }
        _ => {
            section.fault_of("transport", "must be one of ses-api, ses-smtp");
            None
        }
    }
}

fn smtp_settings(section: &Section<'_>, base: &Path) -> Option<SmtpSettings> {
    let host = section.required("host");
    let tls = tls(section);
    let default_port = if tls == Some(Tls::Implicit) { 465 } else { 587 };
    let port = section.whole("port", 1..=65_535).and_then(|port| u16::try_from(port).ok()).unwrap_or(default_port);
    let user = section.required("user");
    let ca_file = section.text("ca_file").map(|path| base.join(path));
    if !section.keys().iter().any(|key| key == "secret") {
        section.fault("`secret` is missing");
    }
    let secret = secret(section, base);
    Some(SmtpSettings { host: host?, port, tls: tls.unwrap_or(Tls::StartTls), user: user?, secret: secret?, ca_file })
}

/// `tls = "implicit"` or `"starttls"`.
pub(super) fn tls(section: &Section<'_>) -> Option<Tls> {
    section.shaped("tls", "one of implicit, starttls", |word| match word {
        "implicit" => Some(Tls::Implicit),
        "starttls" => Some(Tls::StartTls),
        _ => None,
    })
}
