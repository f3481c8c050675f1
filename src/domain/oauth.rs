//! OAuth 2.0 as far as it is data: what a provider offers, what the user registered, and what comes of both (RFC 6749).
//!
//! No client id of anybody's is part of this program. The user registers a client at the provider and names it.

use super::address::Address;

/// How a seed gets its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// A code typed in on another device (RFC 8628).
    Device,
    /// A browser on this machine that comes back to it (RFC 8252 §7.3), with PKCE (RFC 7636).
    Loopback,
    /// The client by itself, for every mailbox that an administrator opened to it (RFC 6749 §4.4).
    App,
}

impl Flow {
    /// Every flow.
    pub(crate) const ALL: [Self; 3] = [Self::Device, Self::Loopback, Self::App];

    /// The word in the configuration and on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Loopback => "loopback",
            Self::App => "app",
        }
    }

    /// The flow that a word names.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.word() == word)
    }
}

/// What a provider's preset says about its authorization server. `{tenant}` stands in an address for the directory that
/// the mailbox belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OAuthPreset {
    /// The authorization endpoint.
    pub(crate) auth_url: Option<String>,
    /// The token endpoint.
    pub(crate) token_url: Option<String>,
    /// The device authorization endpoint; `None` where the provider lets no device read mail.
    pub(crate) device_url: Option<String>,
    /// The tenant, where the user names none.
    pub(crate) tenant: Option<String>,
    /// The flow, where the user names none.
    pub(crate) flow: Option<Flow>,
    /// What is asked for on behalf of a mailbox's owner.
    pub(crate) scopes: Vec<String>,
    /// What a client asks for by itself; empty where the provider has no such way.
    pub(crate) app_scopes: Vec<String>,
    /// Further parameters of the authorization request, by name.
    pub(crate) parameters: Vec<(String, String)>,
    /// Where the browser comes back to, without the port; `None` is `http://127.0.0.1`.
    pub(crate) redirect: Option<String>,
    /// How to register a client, as the beginning of a sentence.
    pub(crate) register: Option<String>,
}

/// What the user wrote about OAuth, for one seed or for all seeds of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OAuthChoice {
    /// The flow.
    pub(crate) flow: Option<Flow>,
    /// The client's id.
    pub(crate) client_id: Option<String>,
    /// The tenant.
    pub(crate) tenant: Option<String>,
    /// The authorization endpoint.
    pub(crate) auth_url: Option<String>,
    /// The token endpoint.
    pub(crate) token_url: Option<String>,
    /// The device authorization endpoint.
    pub(crate) device_url: Option<String>,
    /// What is asked for; empty leaves it to the preset.
    pub(crate) scopes: Vec<String>,
}

impl OAuthChoice {
    /// The same, with `other` where this one leaves something open.
    pub(crate) fn or(&self, other: &Self) -> Self {
        Self {
            flow: self.flow.or(other.flow),
            client_id: self.client_id.clone().or_else(|| other.client_id.clone()),
            tenant: self.tenant.clone().or_else(|| other.tenant.clone()),
            auth_url: self.auth_url.clone().or_else(|| other.auth_url.clone()),
            token_url: self.token_url.clone().or_else(|| other.token_url.clone()),
            device_url: self.device_url.clone().or_else(|| other.device_url.clone()),
            scopes: if self.scopes.is_empty() { other.scopes.clone() } else { self.scopes.clone() },
        }
    }
}

/// A registered client at its authorization server: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    /// How tokens are got at first.
    pub(crate) flow: Flow,
    /// The client's id.
    pub(crate) client_id: String,
    /// The authorization endpoint.
    pub(crate) auth_url: Option<String>,
    /// The token endpoint.
    pub(crate) token_url: String,
    /// The device authorization endpoint.
    pub(crate) device_url: Option<String>,
    /// What is asked for.
    pub(crate) scopes: Vec<String>,
    /// Further parameters of the authorization request.
    pub(crate) parameters: Vec<(String, String)>,
    /// Where the browser comes back to, without the port.
    pub(crate) redirect: String,
}

/// Names of tenants that are many: no client can sign in there by itself.
const MANY: [&str; 3] = ["common", "organizations", "consumers"];

impl Registration {
    /// What preset and choice come to, or what is missing, with the remedy. `flow` overrides the choice, `has_secret` tells
    /// whether a client secret is configured, `place` is where the seed stands.
    pub(crate) fn new(
        seed: (&Address, &str),
        preset: &OAuthPreset,
        choice: &OAuthChoice,
        flow: Option<Flow>,
        has_secret: bool,
    ) -> Result<Self, String> {
        let (address, place) = seed;
        let tenant = choice.tenant.as_deref().or(preset.tenant.as_deref());
        let url = |own: &Option<String>, preset: &Option<String>| {
            own.clone().or_else(|| preset.clone()).map(|url| match tenant {
                Some(tenant) => url.replace("{tenant}", tenant),
                None => url,
            })
        };
        let auth_url = url(&choice.auth_url, &preset.auth_url);
        let device_url = url(&choice.device_url, &preset.device_url);
        let missing =
            |key: &str, why: &str| Err(format!("{why}; write {key} under [seed.oauth] of {address} ({place})"));
        let Some(client_id) = choice.client_id.clone() else {
            let how = preset.register.as_deref().unwrap_or("register a client at the provider");
            return Err(format!(
                "no OAuth client is named: {how}; then write its id as client_id under [seed.oauth] of {address} ({place}), or \
                 once for all seeds of this provider under [oauth.…] in inboxed.toml"
            ));
        };
        let Some(token_url) = url(&choice.token_url, &preset.token_url) else {
            return missing("token_url", "nothing is known of this provider's OAuth server");
        };
        let usual = if device_url.is_some() { Flow::Device } else { Flow::Loopback };
        let flow = flow.or(choice.flow).or(preset.flow).unwrap_or(usual);
        match flow {
            Flow::Device if device_url.is_none() => {
                return missing(
                    "device_url, or flow = \"loopback\",",
                    "this provider is not known to take device codes",
                );
            }
            Flow::Loopback if auth_url.is_none() => {
                return missing("auth_url", "it is not known where a browser signs in at this provider");
            }
            Flow::App if !has_secret => {
                return missing("client_secret = { env = \"…\" }", "a client that signs in by itself needs a secret");
            }
            Flow::App if tenant.is_some_and(|tenant| MANY.contains(&tenant)) => {
                return missing(
                    "tenant = \"…\" (the Directory (tenant) ID)",
                    "a client that signs in by itself belongs to one tenant",
                );
            }
            Flow::Device | Flow::Loopback | Flow::App => {}
        }
        let usual = if flow == Flow::App { &preset.app_scopes } else { &preset.scopes };
        let scopes = if choice.scopes.is_empty() { usual.clone() } else { choice.scopes.clone() };
        if scopes.is_empty() && flow == Flow::App && !preset.scopes.is_empty() {
            return missing("flow = \"loopback\"", "this provider lets no client sign in by itself");
        }
        Ok(Self {
            flow,
            client_id,
            auth_url,
            token_url,
            device_url,
            scopes,
            parameters: preset.parameters.clone(),
            redirect: preset.redirect.clone().unwrap_or_else(|| "http://127.0.0.1".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset() -> OAuthPreset {
        OAuthPreset {
            auth_url: Some("https://login.example/{tenant}/authorize".to_owned()),
            token_url: Some("https://login.example/{tenant}/token".to_owned()),
            device_url: Some("https://login.example/{tenant}/device".to_owned()),
            tenant: Some("organizations".to_owned()),
            scopes: vec!["mail".to_owned()],
            app_scopes: vec![".default".to_owned()],
            ..OAuthPreset::default()
        }
    }

    fn registered(choice: &OAuthChoice, flow: Option<Flow>, has_secret: bool) -> Result<Registration, String> {
        let address = Address::new("anna@shop.example").unwrap();
        Registration::new((&address, "seeds/a.toml:3"), &preset(), choice, flow, has_secret)
    }

    #[test]
    fn a_choice_wins_over_the_preset_and_the_tenant_stands_in_every_address() {
        let choice = OAuthChoice { client_id: Some("id".to_owned()), ..OAuthChoice::default() };
        let plain = registered(&choice, None, false).unwrap();
        assert_eq!((plain.flow, plain.scopes.as_slice()), (Flow::Device, &["mail".to_owned()][..]));
        assert_eq!(plain.token_url, "https://login.example/organizations/token");
        assert_eq!(plain.redirect, "http://127.0.0.1");
        let own = OAuthChoice {
            tenant: Some("t-1".to_owned()),
            token_url: Some("https://own.example/{tenant}".to_owned()),
            scopes: vec!["s".to_owned()],
            ..choice.clone()
        };
        let own = registered(&own, Some(Flow::Loopback), false).unwrap();
        assert_eq!((own.flow, own.token_url.as_str()), (Flow::Loopback, "https://own.example/t-1"));
        assert_eq!((own.auth_url.as_deref(), own.scopes.len()), (Some("https://login.example/t-1/authorize"), 1));
        let app = OAuthChoice { tenant: Some("t-1".to_owned()), flow: Some(Flow::App), ..choice };
        assert_eq!(registered(&app, None, true).unwrap().scopes, [".default"]);
    }

    #[test]
    fn what_is_missing_is_said_with_its_place() {
        let choice = OAuthChoice { client_id: Some("id".to_owned()), ..OAuthChoice::default() };
        for (choice, flow, has_secret, words) in [
            (
                OAuthChoice::default(),
                None,
                false,
                "no OAuth client is named: register a client at the provider; then write",
            ),
            (
                choice.clone(),
                Some(Flow::App),
                false,
                "a client that signs in by itself needs a secret; write client_secret",
            ),
            (
                choice.clone(),
                Some(Flow::App),
                true,
                "a client that signs in by itself belongs to one tenant; write tenant",
            ),
        ] {
            let why = registered(&choice, flow, has_secret).unwrap_err();
            assert!(why.starts_with(words) && why.contains("anna@shop.example (seeds/a.toml:3)"), "{why}");
        }
        let address = Address::new("anna@shop.example").unwrap();
        let why = Registration::new((&address, "a:1"), &OAuthPreset::default(), &choice, None, false).unwrap_err();
        assert!(why.starts_with("nothing is known of this provider's OAuth server; write token_url under"), "{why}");
    }
}
