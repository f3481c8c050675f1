//! `[[seed]]`: the seed lists.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::reader::{Fault, Section, nearest};
use super::secret;
use super::stream::tls;
use crate::domain::provider::{Provider, ProviderName, Tls};
use crate::domain::seed::{Address, AuthKind, IpFamily, Seed};
use crate::secret::SecretSource;

/// A seed with the place of its secret.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConfiguredSeed {
    /// The seed.
    pub(crate) seed: Seed,
    /// Where its secret lies.
    pub(crate) secret: Option<SecretSource>,
    /// `file:line` of the seed.
    pub(crate) place: String,
    file: PathBuf,
}

type Providers = BTreeMap<ProviderName, Arc<Provider>>;

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
    let address = section.required("address");
    if let Some(address) = &address
        && Address::new(address).is_none()
    {
        section.fault_of("address", format!("\"{}\" is not an e-mail address", address.escape_debug()));
    }
    let provider = provider(section, providers);
    let auth = section.shaped("auth", "one of password, oauth", |word| match word {
        "password" => Some(AuthKind::Password),
        "oauth" => Some(AuthKind::OAuth),
        _ => None,
    });
    oauth(section, base);
    let secret = secret(section, base);
    let own_tls = tls(section);
    let host = section.shaped("host", "a host name or address", |host| {
        let fits = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(c));
        fits.then(|| host.to_owned())
    });
    let port = section.whole("port", 1..=65_535).and_then(|port| u16::try_from(port).ok());
    let ca_file = section.text("ca_file").map(|path| base.join(path));
    if let Some(path) = &ca_file
        && !path.is_file()
    {
        section.fault_of("ca_file", format!("{} does not exist", path.display()));
    }
    let ip = section.shaped("ip", "one of any, v4", |word| match word {
        "any" => Some(IpFamily::Any),
        "v4" => Some(IpFamily::V4),
        _ => None,
    });
    let login = section.text("login");
    if login.as_ref().is_some_and(|login| login.chars().any(char::is_control)) {
        section.fault_of("login", "holds a control character");
    }
    let junk = section.text("junk");
    let labels = section.texts("labels").unwrap_or_default();
    let (address, provider) = (Address::new(&address?)?, provider?);
    let Some(host) = host.or_else(|| provider.host.clone()) else {
        section.fault(format!("`host` is missing: the preset {} names none", provider.name.as_str()));
        return None;
    };
    let seed = Seed {
        login: login.unwrap_or_else(|| address.as_str().to_owned()),
        provider: provider.name.clone(),
        auth: auth.unwrap_or(AuthKind::Password),
        host,
        port: port.unwrap_or(match own_tls {
            Some(Tls::StartTls) => 143,
            Some(Tls::Implicit) => 993,
            None => provider.port,
        }),
        tls: own_tls.unwrap_or(provider.tls),
        ca_file,
        ip: ip.unwrap_or_default(),
        junk,
        labels,
        address,
    };
    Some(ConfiguredSeed { seed, secret, place: section.place(), file: file.to_owned() })
}

fn provider(section: &Section<'_>, providers: &Providers) -> Option<Arc<Provider>> {
    let word = section.required("provider")?;
    let found = ProviderName::new(&word).and_then(|name| providers.get(&name));
    if found.is_none() {
        let known = providers.keys().map(ProviderName::as_str);
        let remedy = nearest(&word, known.clone()).map_or_else(
            || format!("known providers: {}", known.collect::<Vec<_>>().join(", ")),
            |nearest| format!("did you mean \"{nearest}\"?"),
        );
        section.fault_of("provider", format!("there is no provider \"{}\"; {remedy}", word.escape_debug()));
    }
    found.cloned()
}

/// `[seed.oauth]` is checked; it is used once signing in by OAuth is there.
fn oauth(section: &Section<'_>, base: &Path) {
    let Some(oauth) = section.section("oauth") else { return };
    for key in ["flow", "client_id", "tenant", "auth_url", "token_url", "device_url"] {
        oauth.text(key);
    }
    oauth.text_or_texts("scopes");
    if oauth.is_text("client_secret") {
        oauth.refuse_text("client_secret");
    } else if let Some(source) = oauth.section("client_secret") {
        for key in ["env", "keyring"] {
            source.text(key);
        }
        source.text("file").map(|path| base.join(path));
        source.text_or_texts("command");
        source.finish();
    }
    oauth.finish();
}

/// One mailbox listed twice would get two probes and count twice.
pub(super) fn refuse_doubles(seeds: &[ConfiguredSeed], faults: &mut Vec<Fault>) {
    let mut first: BTreeMap<String, &ConfiguredSeed> = BTreeMap::new();
    for seed in seeds {
        let address = seed.seed.address.as_str().to_lowercase();
        if let Some(other) = first.get(&address) {
            let line = seed.place.rsplit_once(':').and_then(|(_, line)| line.parse().ok());
            let what =
                format!("{} is listed twice, first at {}; a seed may be listed once", seed.seed.address, other.place);
            faults.push(Fault { file: seed.file.clone(), line, what });
        } else {
            first.insert(address, seed);
        }
    }
}
