//! Provider presets: those compiled in from `seeds/providers/*.toml`, and the user's own with the same keys.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::oauth;
use super::reader::{Fault, Section, Source, one_line};
use super::stream::{HOST, host_name, port, tls};
use crate::domain::folder::Role;
use crate::domain::provider::{Aliases, LoginForm, Provider, ProviderName, Tls};
use crate::domain::receiver::{HostPattern, Receiver};
use crate::domain::sign_in::SignIn;

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

/// What to tell a user whose preset says nothing of its own.
const CHECK_LOGIN: &str = "check login and password, and that IMAP is switched on for this mailbox";

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
    let shape = "a preset's name; write lower-case letters, digits, '.' and '-', starting with a letter";
    let name = top.required("name", "\"my-provider\"", shape, ProviderName::new);
    let title = top.required("title", "\"My provider\"", "a text on one line that is not empty", one_line);
    let most = top.whole("max_connections", 1..=10_000).and_then(|most| usize::try_from(most).ok());
    Some(Provider {
        host: top.shaped("host", HOST, host_name),
        port: port(top).unwrap_or(993),
        tls: tls(top).unwrap_or(Tls::Implicit),
        names: top.section("folders").map(|section| folders(&section)).unwrap_or_default(),
        tabs: top.flag("tabs").unwrap_or(false),
        spam_threshold: top.flag("spam_threshold").unwrap_or(false),
        max_connections: most.unwrap_or(10),
        sign_in_gap: top.duration("sign_in_gap").unwrap_or(Duration::ZERO),
        mailbox_sign_ins: top.whole("mailbox_sign_ins", 1..=100_000).and_then(|n| usize::try_from(n).ok()).unwrap_or(2),
        message_limit: top.whole("message_limit", 1..=1_000_000).and_then(|limit| u32::try_from(limit).ok()),
        domains: domains(top),
        login: top
            .word("login", &[("address", LoginForm::Address), ("local part", LoginForm::LocalPart)])
            .unwrap_or_default(),
        aliases: top
            .word("aliases", &[("plus", Aliases::Plus), ("dots and plus", Aliases::DotsAndPlus)])
            .unwrap_or_default(),
        sign_in_help: top.line_of("sign_in_help").unwrap_or_else(|| CHECK_LOGIN.to_owned()),
        oauth: oauth::preset(top),
        takes_passwords: top.flag("takes_passwords").unwrap_or(true),
        refusals: refusals(top),
        remedies: remedies(top),
        receiver: top.section("headers").map(|section| receiver(&section)).unwrap_or_default(),
        name: name?,
        title: title?,
    })
}

/// `[refusals]`: for each outcome, words of the provider that mean it.
fn refusals(top: &Section<'_>) -> Vec<(String, SignIn)> {
    let Some(section) = top.section("refusals") else { return Vec::new() };
    let texts = |outcome: SignIn| {
        let texts = section.texts(outcome.word()).unwrap_or_default();
        texts.into_iter().map(move |text| (text.to_lowercase(), outcome))
    };
    let refusals = SignIn::ALL.into_iter().filter(|outcome| *outcome != SignIn::Done).flat_map(texts).collect();
    section.finish();
    refusals
}

/// `[remedies]`: what to do after an outcome, where this provider has a way of its own.
fn remedies(top: &Section<'_>) -> BTreeMap<SignIn, String> {
    let Some(section) = top.section("remedies") else { return BTreeMap::new() };
    let remedy = |outcome: SignIn| section.line_of(outcome.word()).map(|text| (outcome, text));
    let remedies = SignIn::ALL.into_iter().filter(|outcome| *outcome != SignIn::Done).filter_map(remedy).collect();
    section.finish();
    remedies
}

/// What the provider writes on received mail.
fn receiver(section: &Section<'_>) -> Receiver {
    let receiver = Receiver {
        authserv_ids: patterns(section, "authserv_ids"),
        nameless: section.flag("nameless").unwrap_or(false),
        results_below: section.flag("results_below").unwrap_or(false),
        border: patterns(section, "border"),
        inner: patterns(section, "inner"),
        own: patterns(section, "own"),
        stamps: section.texts("stamps").unwrap_or_default(),
        stamps_below: section.flag("stamps_below").unwrap_or(false),
        silent: section.line_of("silent"),
    };
    section.finish();
    receiver
}

fn patterns(section: &Section<'_>, key: &'static str) -> Vec<HostPattern> {
    let texts = section.texts(key).unwrap_or_default();
    if let Some(odd) = texts.iter().find(|text| HostPattern::new(text).is_none()) {
        let odd = odd.escape_debug();
        section.fault_of(
            key,
            format!("\"{odd}\" is no host; write one such as \"mx.mail.example\" or \"mx*.mail.example\""),
        );
    }
    texts.iter().filter_map(|text| HostPattern::new(text)).collect()
}

/// Mail domains, compared in lower case.
fn domains(top: &Section<'_>) -> Vec<String> {
    let domains = top.texts("domains").unwrap_or_default();
    if let Some(odd) = domains.iter().find(|domain| host_name(domain).is_none()) {
        top.fault_of(
            "domains",
            format!("\"{}\" is not a domain; write one such as \"mail.example\"", odd.escape_debug()),
        );
    }
    domains.iter().map(|domain| domain.to_ascii_lowercase()).collect()
}

fn folders(section: &Section<'_>) -> BTreeMap<Role, Vec<String>> {
    let roles =
        [("junk", Role::Junk), ("unknown_sender", Role::Unknown), ("trash", Role::Trash), ("archive", Role::Archive)];
    let names = roles.into_iter().filter_map(|(key, role)| section.texts(key).map(|names| (role, names))).collect();
    section.finish();
    names
}
