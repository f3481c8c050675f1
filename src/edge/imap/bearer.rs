//! Signing in with an access token: OAUTHBEARER (RFC 7628) where the server offers it, else XOAUTH2.
//!
//! A refusal comes as a request to go on that holds a little JSON; it is answered as the mechanism wants, and the tagged
//! answer decides. A token that was refused is renewed once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imap_proto::Response;
use secrecy::{ExposeSecret as _, SecretString};

use super::Access;
use super::failure::ImapFailure;
use super::line::{Command, Event, Line};
use super::reply::Reply;
use super::said::said;
use super::sign_in::{judge, refused, unjudged};
use crate::domain::seed::AuthKind;
use crate::domain::sign_in::SignIn;
use crate::edge::oauth::{Bearer, OAuthFault};

/// How often a server may ask on: for the token, and for the answer to its error.
const MOST_ASKED: usize = 3;

/// The mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    /// The standard one.
    OAuthBearer,
    /// Google's, which Microsoft took over.
    XOAuth2,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// The first response (RFC 7628 §3.1).
    fn response(self, access: &Access, token: &str) -> String {
        let login = &access.seed.login;
        let message = match self {
            Self::OAuthBearer => {
                // A GS2 header parts its fields by `,` and `=` (RFC 5801 §4).
                let login = login.replace('=', "=3D").replace(',', "=2C");
                let (host, port) = (&access.seed.host, access.seed.port);
                format!("n,a={login},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}")
            }
            Self::XOAuth2 => format!("user={login}\u{1}auth=Bearer {token}\u{1}\u{1}"),
        };
        STANDARD.encode(message)
    }

    /// What an error challenge is answered with (RFC 7628 §3.2.3): a lone ^A, or nothing.
    fn acknowledgement(self) -> &'static str {
        match self {
            Self::OAuthBearer => "AQ==",
            Self::XOAuth2 => "",
        }
    }
}

/// Signs in. The line knows the server's capabilities afterwards, if it told them.
pub(super) async fn sign_in(line: &mut Line, access: &Access, bearer: &Bearer) -> Result<(), ImapFailure> {
    let token = bearer.token().expose_secret();
    if [access.seed.login.as_str(), token].iter().any(|text| text.contains(['\0', '\u{1}', '\r', '\n'])) {
        return Err(refused(access, SignIn::NoWay, "the login or the token holds what neither may".to_owned()));
    }
    if line.capabilities().is_none() {
        let mut ignore = |_: Event<'_>| Ok(());
        line.flight("CAPABILITY", &[Command::new("CAPABILITY")?], &mut ignore).await?;
    }
    let offered = [Mechanism::OAuthBearer, Mechanism::XOAuth2];
    let Some(mechanism) = offered.into_iter().find(|one| line.can(&format!("AUTH={}", one.name()))) else {
        let why = "the server offers neither OAUTHBEARER nor XOAUTH2".to_owned();
        return Err(refused(access, SignIn::NoWay, why));
    };
    let response = mechanism.response(access, token);
    line.hide(&SecretString::from(response.clone()));
    line.hide(bearer.token());
    let at_once = line.can("SASL-IR");
    let first = if at_once { format!(" {response}") } else { String::new() };
    let command = Command::new(format!("AUTHENTICATE {}{first}", mechanism.name()))?;
    let mut challenge = None;
    let mut asked = 0_usize;
    let mut answer = |text: &str| {
        asked = asked.saturating_add(1);
        let given = match text.trim() {
            // Asked for the token; a server that overlooked it asks for it again.
            "" => response.as_str(),
            error => {
                challenge = Some(decoded(error));
                mechanism.acknowledgement()
            }
        };
        if asked > MOST_ASKED { None } else { Command::new(given).ok() }
    };
    let mut aside = String::new();
    let mut listen = |event: Event<'_>| {
        if let Event::Data(Response::Data { outcome, .. }) = event {
            aside.push(' ');
            aside.push_str(outcome.information.as_deref().unwrap_or_default());
        }
        Ok(())
    };
    let replies = line.answering("the sign-in", &[command], &mut answer, &mut listen).await.map_err(|failure| {
        // A BYE instead of an answer says nothing about the token.
        if let ImapFailure::Bye { said } = &failure {
            return unjudged(access, failure.sign_in(), said.clone());
        }
        failure
    })?;
    let Some(reply) = replies.last() else {
        return Err(ImapFailure::Protocol { why: "the sign-in was not answered".to_owned() });
    };
    let challenge = challenge.unwrap_or_default();
    let reply = Reply { text: format!("{}{challenge}", reply.text), ..reply.clone() };
    judge(access, AuthKind::OAuth, &reply, &aside, false).map_err(|failure| with_renewal(access, failure))
}

/// The failure that the want of a token is.
pub(super) fn no_token(access: &Access, fault: &OAuthFault) -> ImapFailure {
    let outcome = fault.sign_in();
    if fault.is_temporary() {
        return unjudged(access, outcome, fault.to_string());
    }
    let (words, remedy) = match fault {
        OAuthFault::Refused { said, remedy, .. } => (said.clone(), *remedy),
        OAuthFault::Unavailable { .. }
        | OAuthFault::NotSignedIn(_)
        | OAuthFault::Store(_)
        | OAuthFault::NoConsent(_) => (fault.to_string(), None),
    };
    let mut failure = with_renewal(access, refused(access, outcome, words));
    if let (Some(remedy), ImapFailure::SignInRefused { help, .. }) = (remedy, &mut failure) {
        let renews = matches!(outcome, SignIn::ConsentWithdrawn | SignIn::TokenRefused);
        *help = if renews { format!("{remedy}; {help}") } else { remedy.to_owned() };
    }
    failure
}

/// Names the command that signs this very seed in again, where that is the remedy.
fn with_renewal(access: &Access, mut failure: ImapFailure) -> ImapFailure {
    if let ImapFailure::SignInRefused { outcome, help, .. } = &mut failure
        && matches!(outcome, SignIn::ConsentWithdrawn | SignIn::TokenRefused)
    {
        let own = access.provider.remedies.get(outcome).map(|own| format!("; {own}")).unwrap_or_default();
        *help = format!("run `inboxed seeds sign-in {}`{own}", access.seed.address);
    }
    failure
}

/// What an error challenge says: its status, and the scope that is wanted (RFC 7628 §3.2.2).
fn decoded(challenge: &str) -> String {
    let bytes = STANDARD.decode(challenge).unwrap_or_default();
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(&bytes) else { return String::new() };
    let text =
        |key: &str| document.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let Some(status) = text("status") else { return String::new() };
    let scope = text("scope").filter(|scope| !scope.is_empty());
    let scope = scope.map(|scope| format!(", scope {}", said(&scope))).unwrap_or_default();
    format!(" (status {}{scope})", said(&status))
}
