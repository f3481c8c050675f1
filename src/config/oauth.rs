//! `[seed.oauth]`: how a seed signs in by OAuth 2.0 (RFC 6749).

use std::path::Path;

use super::place::place_of;
use super::reader::{Section, TextOrTexts, one_line};
use super::settings::web_address;
use crate::secret::SecretSource;

/// `[seed.oauth]`. What it leaves open, the provider decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuth {
    /// The flow, as configured.
    pub(crate) flow: Option<String>,
    /// The client's id.
    pub(crate) client_id: Option<String>,
    /// Where the client's secret lies, for a client that has one.
    pub(crate) client_secret: Option<SecretSource>,
    /// The tenant (Microsoft).
    pub(crate) tenant: Option<String>,
    /// The authorization endpoint.
    pub(crate) auth_url: Option<String>,
    /// The token endpoint.
    pub(crate) token_url: Option<String>,
    /// The device authorization endpoint (RFC 8628 §3.1).
    pub(crate) device_url: Option<String>,
    /// What is asked for.
    pub(crate) scopes: Vec<String>,
}

pub(super) fn oauth(section: &Section<'_>, base: &Path) -> Option<OAuth> {
    let section = section.section("oauth")?;
    let line = |key| section.shaped(key, "a text on one line that is not empty", one_line);
    let url =
        |key| section.shaped(key, "an address without a user name; write one that starts with https://", web_address);
    let oauth = OAuth {
        flow: line("flow"),
        client_id: line("client_id"),
        client_secret: place_of(&section, "client_secret", base),
        tenant: line("tenant"),
        auth_url: url("auth_url"),
        token_url: url("token_url"),
        device_url: url("device_url"),
        scopes: match section.text_or_texts("scopes") {
            Some(TextOrTexts::Text(scopes)) => scopes.split_whitespace().map(str::to_owned).collect(),
            Some(TextOrTexts::Texts(scopes)) => scopes,
            None => Vec::new(),
        },
    };
    section.finish();
    Some(oauth)
}
