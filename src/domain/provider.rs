//! A provider preset: what is known of a mailbox provider before the first connection.
//!
//! The presets of `seeds/providers/*.toml` are compiled in; a user may add more. Everything here is data: no rule of the
//! program names a provider, it asks the preset.

use std::collections::BTreeMap;
use std::time::Duration;

use super::address::Address;
use super::folder::Role;
use super::oauth::OAuthPreset;
use super::receiver::Receiver;
use super::sign_in::SignIn;

/// The name of a preset, as `provider = "…"` in a seed list spells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ProviderName(String);

impl ProviderName {
    /// Lower-case letters, digits, `.` and `-`, starting with a letter; `None` for anything else.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let starts = name.chars().next().is_some_and(|first| first.is_ascii_lowercase());
        let fits = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-');
        (starts && fits && name.len() <= 64).then(|| Self(name.to_owned()))
    }

    /// The name as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the connection is encrypted. There is no way to leave it in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    /// TLS from the first byte (RFC 8314 §3).
    Implicit,
    /// STARTTLS, refused when the server does not offer it (RFC 3501 §6.2.1).
    StartTls,
}

/// What a provider wants as the login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LoginForm {
    /// The whole address.
    #[default]
    Address,
    /// The part before the @.
    LocalPart,
}

/// What a provider overlooks before the @ of an address, so that several addresses are one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Aliases {
    /// Nothing that is known of.
    #[default]
    None,
    /// A plus and what follows it.
    Plus,
    /// That, and every dot.
    DotsAndPlus,
}

/// A preset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Provider {
    /// Its name.
    pub(crate) name: ProviderName,
    /// What tables and charts call it, such as `Gmail`.
    pub(crate) title: String,
    /// IMAP host; `None` in `generic`, where each seed must name its own.
    pub(crate) host: Option<String>,
    /// IMAP port.
    pub(crate) port: u16,
    /// Encryption of the connection.
    pub(crate) tls: Tls,
    /// Names of folders by role, tried where the server announces no SPECIAL-USE attribute for that role. As a person
    /// reads them (not modified UTF-7); compared without regard to case.
    pub(crate) names: BTreeMap<Role, Vec<String>>,
    /// Whether the inbox is divided into tabs that `X-GM-RAW "category:…"` can tell apart, where the server announces
    /// X-GM-EXT-1.
    pub(crate) tabs: bool,
    /// Whether the guide's threshold on the share of spam applies (Outlook and Microsoft 365).
    pub(crate) spam_threshold: bool,
    /// Most connections at once over all seeds at this provider.
    pub(crate) max_connections: usize,
    /// Least time between the starts of two sign-ins at this provider.
    pub(crate) sign_in_gap: Duration,
    /// Most sign-ins to one mailbox within two minutes.
    pub(crate) mailbox_sign_ins: usize,
    /// Most messages that one command may name before the server cuts its answer (RFC 9738), where known beforehand.
    pub(crate) message_limit: Option<u32>,
    /// Mail domains whose mailboxes live here, for guessing the provider of an address.
    pub(crate) domains: Vec<String>,
    /// What a seed signs in as that names no login.
    pub(crate) login: LoginForm,
    /// What it overlooks in an address.
    pub(crate) aliases: Aliases,
    /// What to tell the user whose sign-in was refused.
    pub(crate) sign_in_help: String,
    /// Its OAuth server, as far as it is known.
    pub(crate) oauth: OAuthPreset,
    /// Whether it takes passwords over IMAP, app passwords included.
    pub(crate) takes_passwords: bool,
    /// Words of its refusals, in lower case, with what they mean there.
    pub(crate) refusals: Vec<(String, SignIn)>,
    /// What to do after an outcome, where this provider has a way of its own.
    pub(crate) remedies: BTreeMap<SignIn, String>,
    /// What is known of the headers that it writes on received mail; by default nothing, and then nothing is ascribed to it.
    pub(crate) receiver: Receiver,
}

impl Provider {
    /// The login of a seed that names none.
    pub(crate) fn login_of<'a>(&self, address: &'a Address) -> &'a str {
        match self.login {
            LoginForm::Address => address.as_str(),
            LoginForm::LocalPart => address.local_part(),
        }
    }

    /// The mailbox that a login opens: what the provider overlooks is left out, and letters have no case.
    pub(crate) fn mailbox_of(&self, login: &str) -> String {
        let login = login.to_lowercase();
        let Some((local, domain)) = login.rsplit_once('@').filter(|_| self.aliases != Aliases::None) else {
            return login;
        };
        let plain = local.split_once('+').map_or(local, |(plain, _)| plain);
        match self.aliases {
            Aliases::DotsAndPlus => format!("{}@{domain}", plain.replace('.', "")),
            Aliases::Plus | Aliases::None => format!("{plain}@{domain}"),
        }
    }

    /// What to do after a sign-in that came out like this.
    pub(crate) fn remedy(&self, outcome: SignIn) -> &str {
        let own = self.remedies.get(&outcome).map(String::as_str);
        own.or(outcome.usual_remedy()).unwrap_or(&self.sign_in_help)
    }
}
