//! oidc-provider as the authorization server, and a browser that consents.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::Server;
use super::daemon::Daemon;

/// A client that introspects.
const INTROSPECTING: &str = "dovecot:introspects";

/// A running authorization server, ended on drop.
#[derive(Debug)]
pub(super) struct Issuer {
    daemon: Daemon,
    directory: TempDir,
    port: u16,
}

impl Issuer {
    /// Starts a server, or says that `test` is left out for want of it.
    pub(super) fn start(test: &str) -> Option<Self> {
        let modules = Server::Issuer.program(test)?;
        let directory = tempfile::Builder::new().prefix("inboxed-issuer-").tempdir().unwrap();
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/real/authorization-server.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(modules).arg(directory.path());
        let (daemon, line) = Daemon::start(command, "listening on ").unwrap_or_else(|log| panic!("{log}"));
        let port = line.rsplit(' ').next().unwrap().parse().unwrap();
        Some(Self { daemon, directory, port })
    }

    /// An address of the server.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where Dovecot asks whose a token is (RFC 7662), with its credentials.
    pub(super) fn introspection_url(&self) -> String {
        format!("http://{INTROSPECTING}@127.0.0.1:{}/token/introspection", self.port)
    }

    /// How often tokens were asked for so far.
    pub(super) fn token_requests(&self) -> usize {
        self.daemon.log().matches("token request").count()
    }

    /// From now on the token endpoint answers with this status, or truly.
    pub(super) fn trouble(&self, status: Option<u16>) {
        let file = self.directory.path().join("trouble");
        match status {
            Some(status) => fs::write(file, status.to_string()).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
    }

    /// Ends a token before its time (RFC 7009); with a refresh token ends the consent.
    pub(super) fn revoke(&self, token: &str) {
        let form = [("token", token), ("client_id", "inboxed-tests")];
        let answer = Browser::default().send("POST", &self.url("/token/revocation"), &encoded(&form));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

/// A browser of one person: it follows redirects, keeps cookies and fills in forms.
#[derive(Debug, Default)]
pub(super) struct Browser {
    cookies: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Browser {
    /// Signs in as `login` from this address on and consents to everything; the last page.
    pub(super) fn consent(&mut self, address: &str, login: &str) -> String {
        let mut address = address.to_owned();
        let mut answer = self.send("GET", &address, "");
        for _ in 0..20 {
            if let Some(location) = &answer.location {
                address = joined(&address, location);
                answer = self.send("GET", &address, "");
            } else if let Some((action, form)) = form(&answer.body, login) {
                address = joined(&address, &action);
                answer = self.send("POST", &address, &form);
            } else {
                return answer.body;
            }
        }
        panic!("no end of redirects and forms at {address}");
    }

    fn send(&mut self, method: &str, address: &str, body: &str) -> Answer {
        let rest = address.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, path.to_owned()));
        let mut stream = TcpStream::connect(host).unwrap();
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let head = format!(
            "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let fields = |wanted: &'static str| {
            head.lines()
                .filter_map(move |line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case(wanted)))
        };
        for (_, cookie) in fields("set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, location: fields("location").next().map(|(_, to)| to.to_owned()), body: body.to_owned() }
    }
}

/// Where a relative address leads.
fn joined(base: &str, target: &str) -> String {
    url::Url::parse(base).unwrap().join(target).unwrap().into()
}

/// The first form of a page, filled in: where it goes, and what with.
fn form(page: &str, login: &str) -> Option<(String, String)> {
    let form = page.split("<form").nth(1)?.split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        tag.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
    };
    let fields: Vec<(String, String)> = form
        .split("<input")
        .skip(1)
        .filter_map(|tag| {
            let name = attribute(tag, "name")?;
            let value = match name.as_str() {
                "login" => login.to_owned(),
                "password" => "any".to_owned(),
                _ => attribute(tag, "value").unwrap_or_default(),
            };
            Some((name, value))
        })
        .collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Some((attribute(form, "action").unwrap(), encoded(&fields)))
}

fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
