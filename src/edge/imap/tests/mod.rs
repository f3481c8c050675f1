//! The rules of the harvest against a server that keeps them, and one that breaks them one by one.

mod bearing;
mod keeping;
mod looking;
mod signing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::server::Server;
use super::{Access, Credential, Door, Mailbox, Patience, Pool};
use crate::domain::look::{Look, Sought};
use crate::domain::oauth::OAuthPreset;
use crate::domain::probe::{ProbeId, Tag};
use crate::domain::provider::{Aliases, LoginForm, Provider, ProviderName, Tls};
use crate::domain::seed::{Address, AuthKind, IpFamily, Seed};
use crate::edge::clock::Clock;

const TAG: &str = "abcdefghijklmnopqrstuvwx27";
const PASSWORD: &str = "canary \"of\\ gold";

fn header(tag: &str) -> String {
    format!("Received: by x\r\nX-Inboxed-Probe: {tag}\r\nSubject: hello\r\n\r\n")
}

fn sought() -> Vec<Sought> {
    vec![Sought { probe: ProbeId(1), tag: Tag::parse(TAG), ses_id: None, ask_tab: true }]
}

fn access(server: &Server) -> Access {
    let provider = Provider {
        name: ProviderName::new("stub").unwrap(),
        title: "Stub".to_owned(),
        host: None,
        port: server.port,
        tls: Tls::Implicit,
        names: BTreeMap::new(),
        tabs: true,
        spam_threshold: false,
        max_connections: 10,
        sign_in_gap: Duration::ZERO,
        mailbox_sign_ins: 1000,
        message_limit: None,
        domains: Vec::new(),
        login: LoginForm::Address,
        aliases: Aliases::None,
        sign_in_help: "use an app password".to_owned(),
        oauth: OAuthPreset::default(),
        takes_passwords: true,
        refusals: Vec::new(),
        remedies: BTreeMap::new(),
        receiver: crate::domain::receiver::Receiver::default(),
    };
    let seed = Seed {
        address: Address::new("anna@stub.example").unwrap(),
        provider: provider.name.clone(),
        login: "anna@stub.example".to_owned(),
        auth: AuthKind::Password,
        host: "localhost".to_owned(),
        port: server.port,
        tls: if server.world().start_tls { Tls::StartTls } else { Tls::Implicit },
        ca_file: Some(server.ca_file.clone()),
        ip: IpFamily::V4,
        junk: None,
        labels: Vec::new(),
    };
    let credential = Credential::Password(SecretString::from(PASSWORD));
    Access { seed, provider: Arc::new(provider), credential, shared: None }
}

fn patience() -> Patience {
    let short = Duration::from_millis(400);
    Patience { connect: Duration::from_secs(5), greeting: short, command: short, flight: short * 4, logout: short }
}

/// A pool of so many connections that forgets how sign-ins went.
fn pool_of(most: usize, clock: Clock) -> Arc<Pool> {
    Pool::new(most, clock, Door::fleeting())
}

fn clock() -> Clock {
    Clock::simulated("2026-11-24T05:59:00Z".parse().unwrap(), 1.0)
}

fn mailbox(server: &Server) -> Mailbox {
    Mailbox::new(access(server), pool_of(5, clock()), clock(), patience())
}

/// `folder/uid` of each copy.
fn seen(look: &Look) -> Vec<String> {
    look.copies.iter().map(|copy| format!("{}/{}", copy.sighting.folder.wire(), copy.sighting.uid)).collect()
}
