//! Provider presets: those compiled in from `seeds/providers/*.toml`, and the user's own with the same keys.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::reader::{Fault, Section, Source};
use super::stream::tls;
use crate::domain::folder::Role;
use crate::domain::provider::{Provider, ProviderName, Tls};

/// The presets of `seeds/providers/`, as compiled in.
const BUILT_IN: [(&str, &str); 12] = [
    ("gmail.toml", include_str!("../../seeds/providers/gmail.toml")),
    ("google-workspace.toml", include_str!("../../seeds/providers/google-workspace.toml")),
    ("outlook.toml", include_str!("../../seeds/providers/outlook.toml")),
    ("microsoft-365.toml", include_str!("../../seeds/providers/microsoft-365.toml")),
    ("yahoo.toml", include_str!("../../seeds/providers/yahoo.toml")),
    ("aol.toml", include_str!("../../seeds/providers/aol.toml")),
    ("icloud.toml", include_str!("../../seeds/providers/icloud.toml")),
    ("gmx.toml", include_str!("../../seeds/providers/gmx.toml")),
    ("web.de.toml", include_str!("../../seeds/providers/web.de.toml")),
    ("zoho.toml", include_str!("../../seeds/providers/zoho.toml")),
    ("fastmail.toml", include_str!("../../seeds/providers/fastmail.toml")),
    ("generic.toml", include_str!("../../seeds/providers/generic.toml")),
];

/// Our own presets. A fault here is a fault of the program; a test reads them all.
pub(super) fn built_in() -> Result<BTreeMap<ProviderName, Arc<Provider>>, Fault> {
    let mut providers = BTreeMap::new();
    for (file, text) in BUILT_IN {
        let source = Source::new(Path::new(file), text.to_owned());
        let provider = source.parse().and_then(|table| {
            let top = Section::top(&source, &table);
            let provider = read(&top);
            top.finish();
            provider
        });
        providers.extend(provider.map(|provider| (provider.name.clone(), Arc::new(provider))));
        if let Some(fault) = source.into_faults().pop() {
            return Err(fault);
        }
    }
    Ok(providers)
}

pub(super) fn read(top: &Section<'_>) -> Option<Provider> {
    let name = top.required("name");
    if let Some(name) = &name
        && ProviderName::new(name).is_none()
    {
        top.fault_of("name", "must be lower-case letters, digits, '.' and '-', starting with a letter");
    }
    let title = top.required("title");
    let host = top.text("host");
    let port = top.whole("port", 1..=65_535).and_then(|port| u16::try_from(port).ok()).unwrap_or(993);
    let tls = tls(top).unwrap_or(Tls::Implicit);
    let names = top.section("folders").map(|section| folders(&section)).unwrap_or_default();
    let most = top.whole("max_connections", 1..=10_000).and_then(|most| usize::try_from(most).ok());
    Some(Provider {
        name: ProviderName::new(&name?)?,
        title: title?,
        host,
        port,
        tls,
        names,
        tabs: top.flag("tabs").unwrap_or(false),
        spam_threshold: top.flag("spam_threshold").unwrap_or(false),
        max_connections: most.unwrap_or(50),
        sign_in_gap: top.duration("sign_in_gap").unwrap_or(Duration::ZERO),
        message_limit: top.whole("message_limit", 1..=1_000_000).and_then(|limit| u32::try_from(limit).ok()),
        domains: top.texts("domains").unwrap_or_default(),
        sign_in_help: top.text("sign_in_help").unwrap_or_default(),
    })
}

fn folders(section: &Section<'_>) -> BTreeMap<Role, Vec<String>> {
    let mut names = BTreeMap::new();
    for (key, role) in
        [("junk", Role::Junk), ("unknown_sender", Role::Unknown), ("trash", Role::Trash), ("archive", Role::Archive)]
    {
        if let Some(list) = section.texts(key) {
            names.insert(role, list);
        }
    }
    section.finish();
    names
}
