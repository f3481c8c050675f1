//! `[seed.oauth]`, `[oauth.PROVIDER]` and the `[oauth]` of presets: how seeds sign in by OAuth 2.0 (RFC 6749).

use std::path::{Path, PathBuf};

use super::place::place_of;
use super::reader::{Section, TextOrTexts, one_line};
use super::settings::{PRIVATE, private_address};
use crate::domain::oauth::{Flow, OAuthChoice, OAuthPreset};
use crate::secret::SecretSource;

/// `[seed.oauth]` or `[oauth.PROVIDER]`. What it leaves open, the provider decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OAuth {
    /// What was chosen.
    pub(crate) choice: OAuthChoice,
    /// Where the client's secret lies, for a client that has one.
    pub(crate) client_secret: Option<SecretSource>,
}

impl OAuth {
    /// The same, with `other` where this one leaves something open. A secret belongs to its client and comes with it.
    pub(crate) fn or(&self, other: &Self) -> Self {
        let same_client = self.choice.client_id.is_none() || self.choice.client_id == other.choice.client_id;
        let secret = self.client_secret.clone();
        Self {
            choice: self.choice.or(&other.choice),
            client_secret: secret.or_else(|| other.client_secret.clone().filter(|_| same_client)),
        }
    }
}

/// Where tokens are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// The directory; where the keyring keeps the tokens, only their locks lie in it.
    pub(crate) directory: PathBuf,
    /// Whether the system's keyring keeps them.
    pub(crate) keyring: bool,
}

/// `tokens = "DIRECTORY"` or `tokens = "keyring"`.
pub(super) fn tokens(top: &Section<'_>, base: &Path) -> Tokens {
    if top.is_text("tokens") && top.text("tokens").as_deref() == Some("keyring") {
        return Tokens { directory: base.join("tokens"), keyring: true };
    }
    Tokens { directory: top.path("tokens", base).unwrap_or_else(|| base.join("tokens")), keyring: false }
}

/// `[seed.oauth]`.
pub(super) fn oauth(section: &Section<'_>, base: &Path) -> Option<OAuth> {
    section.section("oauth").map(|section| choice(&section, base))
}

/// `[oauth.PROVIDER]` in the main file, each with its line; which providers there are is known only later.
pub(super) fn by_provider(top: &Section<'_>, base: &Path) -> Vec<(String, usize, OAuth)> {
    let named = top.named_sections("oauth");
    named.into_iter().map(|(name, line, section)| (name, line, choice(&section, base))).collect()
}

fn choice(section: &Section<'_>, base: &Path) -> OAuth {
    let line = |key| section.shaped(key, "a text on one line that is not empty", one_line);
    let oauth = OAuth {
        choice: OAuthChoice {
            flow: flow(section),
            client_id: line("client_id"),
            tenant: section.shaped("tenant", "a tenant; write its id or a domain of it", tenant),
            auth_url: section.shaped("auth_url", PRIVATE, private_address),
            token_url: section.shaped("token_url", PRIVATE, private_address),
            device_url: section.shaped("device_url", PRIVATE, private_address),
            scopes: scopes(section, "scopes"),
        },
        client_secret: place_of(section, "client_secret", base),
    };
    section.finish();
    oauth
}

/// The `[oauth]` of a preset.
pub(super) fn preset(top: &Section<'_>) -> OAuthPreset {
    let Some(section) = top.section("oauth") else { return OAuthPreset::default() };
    let preset = OAuthPreset {
        auth_url: section.shaped("auth_url", PRIVATE, private_address),
        token_url: section.shaped("token_url", PRIVATE, private_address),
        device_url: section.shaped("device_url", PRIVATE, private_address),
        tenant: section.shaped("tenant", "a tenant; write its id or a domain of it", tenant),
        flow: flow(&section),
        scopes: scopes(&section, "scopes"),
        app_scopes: scopes(&section, "app_scopes"),
        parameters: section.pairs("parameters"),
        redirect: section.shaped("redirect", "http://127.0.0.1 or http://localhost", |text| {
            ["http://127.0.0.1", "http://localhost"].contains(&text).then(|| text.to_owned())
        }),
        register: section.line_of("register"),
    };
    section.finish();
    preset
}

fn flow(section: &Section<'_>) -> Option<Flow> {
    section.word("flow", &Flow::ALL.map(|flow| (flow.word(), flow)))
}

fn scopes(section: &Section<'_>, key: &'static str) -> Vec<String> {
    match section.text_or_texts(key) {
        Some(TextOrTexts::Text(scopes)) => scopes.split_whitespace().map(str::to_owned).collect(),
        Some(TextOrTexts::Texts(scopes)) => scopes,
        None => Vec::new(),
    }
}

/// It becomes a part of addresses.
fn tenant(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    (fits && text != "." && text != "..").then(|| text.to_owned())
}
