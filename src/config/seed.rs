//! `[[seed]]`: the seed lists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Providers;
use super::oauth::{OAuth, oauth};
use super::place::place_of;
use super::reader::{Fault, Section, one_line};
use super::settings::no_provider;
use super::stream::{HOST, ca_file, host_name, port, tls};
use crate::domain::provider::{Provider, ProviderName, Tls};
use crate::domain::seed::{Address, AuthKind, IpFamily, Seed};
use crate::secret::SecretSource;

/// A seed with the place of its secret.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConfiguredSeed {
    /// The seed.
    pub(crate) seed: Seed,
    /// Where its secret lies; `None` makes it unusable with `auth = "password"`.
    pub(crate) secret: Option<SecretSource>,
    /// `[seed.oauth]`.
    pub(crate) oauth: Option<OAuth>,
    /// `file:line` of the seed.
    pub(crate) place: String,
    file: PathBuf,
}

/// The seeds of one file.
pub(super) fn read(top: &Section<'_>, file: &Path, providers: &Providers) -> Vec<ConfiguredSeed> {
    let base = file.parent().unwrap_or(Path::new("."));
    let mut seeds = Vec::new();
    for section in top.sections("seed") {
        let seed = read_one(&section, file, base, providers);
        section.finish();
        seeds.extend(seed);
    }
    seeds
}

fn read_one(section: &Section<'_>, file: &Path, base: &Path, providers: &Providers) -> Option<ConfiguredSeed> {
    let shape = "an e-mail address; write one such as \"anna@gmail.com\"";
    let address = section.required("address", "\"anna@gmail.com\"", shape, Address::new);
    let address = deliverable(section, "address", address);
    let provider = provider(section, address.as_ref(), providers);
    let login = section.shaped("login", "a login on one line that is not empty", one_line);
    let auth = section.word("auth", &[("password", AuthKind::Password), ("oauth", AuthKind::OAuth)]);
    let secret = place_of(section, "secret", base);
    let oauth = oauth(section, base);
    let own_host = section.shaped("host", HOST, host_name);
    let own_port = port(section);
    let own_tls = tls(section);
    let ca_file = ca_file(section, base);
    let ip = section.word("ip", &[("any", IpFamily::Any), ("v4", IpFamily::V4)]);
    let junk = section.line_of("junk");
    let labels = labels(section);
    let (address, provider) = (address?, provider?);
    let Some(host) = own_host.or_else(|| provider.host.clone()) else {
        if !section.has("host") {
            section
                .missing("host", &format!("\"imap.{}\", as {} names none", address.domain(), provider.name.as_str()));
        }
        return None;
    };
    let seed = Seed {
        login: login.unwrap_or_else(|| provider.login_of(&address).to_owned()),
        provider: provider.name.clone(),
        auth: auth.unwrap_or(AuthKind::Password),
        host,
        port: own_port.unwrap_or_else(|| default_port(own_tls, &provider)),
        tls: own_tls.unwrap_or(provider.tls),
        ca_file,
        ip: ip.unwrap_or_default(),
        junk,
        labels,
        address,
    };
    Some(ConfiguredSeed { seed, secret, oauth, place: section.place(), file: file.to_owned() })
}

/// An address that SES delivers to.
pub(super) fn deliverable(section: &Section<'_>, key: &'static str, address: Option<Address>) -> Option<Address> {
    let address = address?;
    let why = address.undeliverable();
    if let Some(why) = why {
        section.fault_of(key, format!("\"{address}\" {why}"));
    }
    why.is_none().then_some(address)
}

/// The preset's port, or the usual one of an encryption that is not the preset's.
fn default_port(own_tls: Option<Tls>, provider: &Provider) -> u16 {
    match own_tls {
        Some(own) if own != provider.tls => match own {
            Tls::Implicit => 993,
            Tls::StartTls => 143,
        },
        Some(_) | None => provider.port,
    }
}

fn provider(section: &Section<'_>, address: Option<&Address>, providers: &Providers) -> Option<Arc<Provider>> {
    if !section.has("provider") {
        let domain = address.map(Address::domain).unwrap_or_default();
        let guess = providers.values().find(|provider| provider.domains.contains(&domain));
        let guess = guess.map_or("generic", |provider| provider.name.as_str());
        section.missing("provider", &format!("\"{guess}\""));
        return None;
    }
    let word = section.text("provider")?;
    let found = ProviderName::new(&word).and_then(|name| providers.get(&name));
    if found.is_none() {
        section.fault_of("provider", no_provider(&word, providers));
    }
    found.cloned()
}

/// Free labels; `;` and `,` part them in lists.
fn labels(section: &Section<'_>) -> Vec<String> {
    let labels = section.texts("labels").unwrap_or_default();
    if labels.iter().any(|label| label.contains([';', ',']) || label.trim() != label || label.chars().count() > 64) {
        let what = "has a label with ';', ',' or a space at an end, or of more than 64 characters; shorten or split it";
        section.fault_of("labels", what);
    }
    labels
}

/// One mailbox listed twice would get two probes and count twice.
pub(super) fn refuse_doubles(seeds: &[ConfiguredSeed], faults: &mut Vec<Fault>) {
    let mut first: BTreeMap<String, &ConfiguredSeed> = BTreeMap::new();
    for seed in seeds {
        let address = seed.seed.address.folded();
        if let Some(other) = first.get(&address) {
            let line = seed.place.rsplit_once(':').and_then(|(_, line)| line.parse().ok());
            let what =
                format!("seed.address: {} is listed twice, first at {}; take one out", seed.seed.address, other.place);
            faults.push(Fault { file: seed.file.clone(), line, what });
        } else {
            first.insert(address, seed);
        }
    }
}
