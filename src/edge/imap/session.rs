//! A session: a line that is signed in, and what is done on it.

use imap_proto::{MailboxDatum, Response};

use super::failure::ImapFailure;
use super::folders::{Folders, Listed, resolve};
use super::line::{Command, Event, Line};
use super::reply::Verdict;
use super::sign_in::{refusal, refused, sign_in};
use super::tls::Trust;
use super::transport::dial;
use super::visit::{Plan, Visit, Visits};
use super::{Access, Credential, Patience, bearer};
use crate::domain::look::Sought;
use crate::domain::sign_in::SignIn;
use crate::edge::oauth::Bearer;

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    line: Line,
    /// The access token that opened it.
    bearer: Option<Bearer>,
}

impl Session {
    /// Connects and signs in, by this access token where the seed does so.
    pub(super) async fn open(
        access: &Access,
        trust: &Trust,
        patience: Patience,
        bearer: Option<&Bearer>,
    ) -> Result<Self, ImapFailure> {
        let mut line = dial(&access.seed, trust, patience).await?;
        match (&access.credential, bearer) {
            (_, Some(bearer)) => bearer::sign_in(&mut line, access, bearer).await?,
            (Credential::Password(secret), None) => sign_in(&mut line, access, secret).await?,
            (Credential::Bearer(_), None) => {
                return Err(refused(access, SignIn::NoWay, "there is no access token".to_owned()));
            }
        }
        Ok(Self { line, bearer: bearer.cloned() })
    }

    /// The access token that opened it, if there was one.
    pub(super) fn bearer(&self) -> Option<&Bearer> {
        self.bearer.as_ref()
    }

    /// Whether the server announced this.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.line.can(capability)
    }

    /// Lists the folders, and in the same flight says who we are (RFC 2971) and asks for what is not known yet.
    pub(super) async fn folders(&mut self, access: &Access) -> Result<Folders, ImapFailure> {
        const PLAIN: &str = "LIST \"\" \"*\"";
        let mut commands = Vec::new();
        if self.line.can("ID") {
            let version = env!("CARGO_PKG_VERSION");
            commands.push(Command::new(format!("ID (\"name\" \"inboxed\" \"version\" \"{version}\")"))?);
        }
        if self.line.capabilities().is_none() {
            commands.push(Command::new("CAPABILITY")?);
        }
        let extended = self.line.can("SPECIAL-USE") && self.line.can("LIST-EXTENDED");
        let list = if extended { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { PLAIN };
        commands.push(Command::new(list)?);
        let (mut listed, mut verdict) = self.list(&commands, access).await?;
        if extended && verdict.is_err() {
            // Some servers announce the extension and do not understand it.
            (listed, verdict) = self.list(&[Command::new(PLAIN)?], access).await?;
        }
        verdict?;
        listed.extend(Listed::missing_inbox(&listed));
        resolve(&listed, access.seed.junk.as_deref(), &access.provider.names)
    }

    /// One flight that ends with LIST: what it listed, and whether it was done.
    async fn list(
        &mut self,
        commands: &[Command],
        access: &Access,
    ) -> Result<(Vec<Listed>, Result<(), ImapFailure>), ImapFailure> {
        let mut listed = Vec::new();
        let mut sink = |event: Event<'_>| {
            if let Event::Data(Response::MailboxData(MailboxDatum::List(list))) = event {
                listed.push(Listed::of(list));
            }
            Ok(())
        };
        let replies = self.line.flight("LIST", commands, &mut sink).await?;
        if let Some(reply) = replies.iter().find(|reply| !reply.is_ok() && reply.says("not connected")) {
            return Err(refusal(access, SignIn::NotConnected, reply));
        }
        let verdict = match replies.last() {
            Some(reply) if reply.verdict == Verdict::Ok => Ok(()),
            Some(reply) => Err(ImapFailure::refused("LIST", reply)),
            None => Err(ImapFailure::Protocol { why: "LIST was not answered".to_owned() }),
        };
        Ok((listed, verdict))
    }

    /// Makes these visits in one flight. What came before a failure comes with it.
    pub(super) async fn visit(&mut self, plans: &[Plan], sought: &[Sought]) -> (Vec<Visit>, Option<ImapFailure>) {
        let (commands, mut visits) = match Visits::plan(plans, sought) {
            Ok(planned) => planned,
            Err(failure) => return (Vec::new(), Some(failure)),
        };
        let mut sink = |event: Event<'_>| visits.take(&event);
        let flown = self.line.flight("the folders' contents", &commands, &mut sink).await;
        (visits.into_visits(), flown.err())
    }

    /// Says LOGOUT and lets go.
    pub(super) async fn close(mut self) {
        self.line.logout().await;
    }
}
