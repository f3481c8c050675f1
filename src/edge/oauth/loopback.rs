//! The loopback redirect: the browser signs in and comes back to a port of this machine (RFC 8252 §7.3), with PKCE
//! (RFC 7636) and a state that nobody else can know (RFC 6749 §10.12).
//!
//! The listener takes exactly one answer, the one with our state. Whatever else knocks is turned away and changes nothing.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use oauth2::{AuthUrl, AuthorizationCode, CsrfToken, PkceCodeChallenge, RedirectUrl};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;

use super::issuer::bad_address;
use super::{Issuer, OAuthFault, Prompt, Tokens};

/// How long a person may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long a browser may take to send its request.
const REQUEST: Duration = Duration::from_secs(10);
/// The longest head of a request that is read.
const LONGEST: usize = 16 * 1024;
/// Most connections that are answered at once; a browser opens some ahead and leaves them silent.
const MOST: usize = 16;

/// What the browser brought back.
#[derive(Debug)]
enum Brought {
    /// The code.
    Code(AuthorizationCode),
    /// The server's refusal.
    Refused(OAuthFault),
}

/// Shows the address and waits for the browser.
pub(super) async fn sign_in(
    issuer: &Issuer,
    login: &str,
    show: impl Fn(&Prompt) + Send + Sync,
) -> Result<Tokens, OAuthFault> {
    let unheard = |error: io::Error| OAuthFault::Unavailable {
        why: format!("no port of this machine can be listened on: {error}; try `--flow device`"),
        temporary: true,
    };
    let listeners = listen(&issuer.registration.redirect).await.map_err(unheard)?;
    let port = listeners.first().map(TcpListener::local_addr).transpose().map_err(unheard)?.map_or(0, |at| at.port());
    let redirect = RedirectUrl::new(format!("{}:{port}", issuer.registration.redirect));
    let redirect = redirect.map_err(|_| bad_address("redirect"))?;
    let auth_url = issuer.registration.auth_url.clone().ok_or_else(|| bad_address("auth_url"))?;
    let auth_url = AuthUrl::new(auth_url).map_err(|_| bad_address("auth_url"))?;
    let client = issuer.client()?.set_auth_uri(auth_url);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(CsrfToken::new_random)
        .add_scopes(issuer.scopes())
        .set_pkce_challenge(challenge)
        .set_redirect_uri(Cow::Borrowed(&redirect))
        .add_extra_param("login_hint", login);
    for (name, value) in &issuer.registration.parameters {
        request = request.add_extra_param(name, value);
    }
    let (address, state) = request.url();
    show(&Prompt::Browser { address: address.to_string(), port });
    let brought = timeout(PATIENCE, wait(&listeners, &state)).await;
    drop(listeners);
    let late = || OAuthFault::NoConsent("no browser came back in time; run it again".to_owned());
    match brought.map_err(|_| late())?.map_err(unheard)? {
        Brought::Refused(fault) => Err(fault),
        Brought::Code(code) => {
            let request =
                client.exchange_code(code).set_pkce_verifier(verifier).set_redirect_uri(Cow::Borrowed(&redirect));
            let answer = request.request_async(&issuer.carrier).await.map_err(|error| issuer.fault(error))?;
            Ok(issuer.tokens(&answer, None))
        }
    }
}

/// A port of this machine. A browser may take `localhost` for either family.
async fn listen(redirect: &str) -> io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    if redirect.ends_with("localhost") {
        listeners.extend(TcpListener::bind(("::1", port)).await.ok());
    }
    Ok(listeners)
}

/// Answers whoever knocks until one brings our state.
async fn wait(listeners: &[TcpListener], state: &CsrfToken) -> io::Result<Brought> {
    let mut talks = FuturesUnordered::new();
    let mut doors: FuturesUnordered<_> = listeners.iter().map(open).collect();
    loop {
        tokio::select! {
            Some((listener, stream)) = doors.next(), if talks.len() < MOST => {
                doors.push(open(listener));
                talks.push(timeout(REQUEST, talk(stream?, state)));
            }
            Some(talked) = talks.next() => {
                if let Ok(Some(brought)) = talked {
                    return Ok(brought);
                }
            }
        }
    }
}

async fn open(listener: &TcpListener) -> (&TcpListener, io::Result<TcpStream>) {
    (listener, listener.accept().await.map(|(stream, _)| stream))
}

/// Reads one request and answers it; what it brought, if it was the one.
async fn talk(mut stream: TcpStream, state: &CsrfToken) -> Option<Brought> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > LONGEST || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let brought = read(&head, state);
    let (status, words) = match &brought {
        Some(Brought::Code(_)) => {
            ("200 OK", "Your consent has arrived. You can close this page and go back to inboxed.")
        }
        Some(Brought::Refused(_)) => {
            ("200 OK", "The sign-in did not succeed. inboxed says why; you can close this page.")
        }
        None => ("404 Not Found", "There is nothing here."),
    };
    let page = page(words);
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n\r\n{page}",
        page.len()
    );
    // The browser may have gone; its answer counts all the same.
    stream.write_all(answer.as_bytes()).await.ok();
    stream.shutdown().await.ok();
    brought
}

/// What the head of a request brings: a GET for the top with our state.
fn read(head: &[u8], state: &CsrfToken) -> Option<Brought> {
    let head = std::str::from_utf8(head).ok()?;
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    let url = Url::parse("http://127.0.0.1").ok()?.join(target).ok()?;
    let value = |name: &str| {
        let mut found = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        // A parameter that comes twice means nothing (RFC 6749 §3.1).
        found.next().filter(|_| found.next().is_none())
    };
    let known = value("state")?;
    if url.path() != "/" || !bool::from(known.as_bytes().ct_eq(state.secret().as_bytes())) {
        return None;
    }
    if let Some(error) = value("error") {
        return Some(Brought::Refused(OAuthFault::refused(&error, value("error_description").as_deref())));
    }
    value("code").map(|code| Brought::Code(AuthorizationCode::new(code)))
}

fn page(words: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>inboxed</title>\
         <style>body{{font:1.1em/1.5 sans-serif;margin:15vh auto;max-width:30em;padding:1em;color:#222;background:#fff}}\
         @media(prefers-color-scheme:dark){{body{{color:#eee;background:#181818}}}}</style>\
         <h1>inboxed</h1><p>{words}</p></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(request: &str) -> String {
        match read(request.as_bytes(), &CsrfToken::new("s-1".to_owned())) {
            None => "nothing".to_owned(),
            Some(Brought::Code(code)) => format!("code {}", code.secret()),
            Some(Brought::Refused(fault)) => fault.to_string(),
        }
    }

    #[test]
    fn only_a_request_with_our_state_brings_anything() {
        for (target, wanted) in [
            ("/?code=c%2D1&state=s-1", "code c-1"),
            ("/?state=s-1&code=c-1&iss=https%3A%2F%2Flogin.example&session_state=x", "code c-1"),
            ("/?state=s-1&error=access_denied", "the OAuth server says access_denied; the consent was declined"),
            ("/?code=c-1", "nothing"),
            ("/?code=c-1&state=s-2", "nothing"),
            ("/?code=c-1&state=s-1&state=s-1", "nothing"),
            ("/?code=c-1&code=c-2&state=s-1", "nothing"),
            ("/?state=s-1", "nothing"),
            ("/favicon.ico?code=c-1&state=s-1", "nothing"),
            ("/?error=access_denied&state=", "nothing"),
        ] {
            let found = brought(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
            assert!(found.starts_with(wanted), "{target}: {found}");
        }
        assert_eq!(brought("POST /?code=c-1&state=s-1 HTTP/1.1\r\n\r\n"), "nothing");
        assert_eq!(brought("GET \u{1}\r\n\r\n"), "nothing");
    }

    #[tokio::test]
    async fn a_stranger_at_the_port_neither_ends_nor_holds_up_the_wait() {
        let listeners = listen("http://127.0.0.1").await.unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        let state = CsrfToken::new("s-1".to_owned());
        let knocks = async {
            // One that says nothing, one that says too much, one without the state, and the browser at last.
            let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let mut flood = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            flood.write_all(&vec![b'x'; LONGEST + 4096]).await.ok();
            let mut answers = Vec::new();
            for target in ["/?code=c-0&state=guess", "/?code=c-1&state=s-1"] {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.write_all(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                answers.push(answer);
            }
            answers
        };
        let (brought, answers) = tokio::join!(wait(&listeners, &state), knocks);
        assert!(matches!(brought.unwrap(), Brought::Code(code) if code.secret() == "c-1"));
        assert!(answers[0].starts_with("HTTP/1.1 404 "), "{}", answers[0]);
        assert!(answers[1].starts_with("HTTP/1.1 200 ") && !answers[1].contains("c-1"), "{}", answers[1]);
    }
}
