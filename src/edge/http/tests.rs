use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::edge::certified::certified;

/// A server that answers every connection with these bytes; its port, and what it heard.
async fn server(answer: &str, tls: Option<TlsAcceptor>) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, heard) = tokio::sync::mpsc::unbounded_channel();
    let answer = answer.to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            match &tls {
                None => serve(stream, &answer, &sender).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, &answer, &sender).await,
                    Err(_) => sender.send("no handshake".to_owned()).unwrap(),
                },
            }
        }
    });
    (port, heard)
}

async fn serve<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    mut stream: S,
    answer: &str,
    sender: &tokio::sync::mpsc::UnboundedSender<String>,
) {
    let mut heard = Vec::new();
    let mut part = [0; 4096];
    let whole = |heard: &[u8]| {
        let text = String::from_utf8_lossy(heard).to_ascii_lowercase();
        let Some((fields, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = fields.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        body.len() >= length.unwrap_or(0)
    };
    while !whole(&heard) {
        match stream.read(&mut part).await {
            Ok(length @ 1..) => heard.extend_from_slice(&part[..length]),
            _ => break,
        }
    }
    // The test may have ended.
    let _unheard = sender.send(String::from_utf8_lossy(&heard).into_owned());
    let _gone = stream.write_all(answer.as_bytes()).await;
    let _gone = stream.shutdown().await;
}

fn client(settings: &HttpSettings) -> Http {
    Http::new(settings).unwrap()
}

async fn fault(request: HttpRequest, settings: &HttpSettings) -> HttpFault {
    client(settings).send(request).await.unwrap_err()
}

#[tokio::test]
async fn a_request_is_sent_once_as_it_is_and_its_answer_comes_whole() {
    let (port, mut heard) =
        server("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 5\r\n\r\nhello", None).await;
    let request = HttpRequest::post(&format!("http://127.0.0.1:{port}/a?b=c"), "text/plain", "body")
        .with_header("X-Own", "own value");
    let answer = client(&HttpSettings::default()).send(request).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (302, &b"hello"[..]));
    assert_eq!(answer.header("location"), Some("/elsewhere"));
    assert!(!answer.is_success() && !answer.is_temporary());
    let text = heard.recv().await.unwrap();
    assert!(text.starts_with("POST /a?b=c HTTP/1.1\r\n") && text.ends_with("\r\n\r\nbody"), "{text}");
    for header in ["content-type: text/plain", "x-own: own value", "user-agent: inboxed/"] {
        assert!(text.contains(header), "{text}");
    }
    assert!(heard.try_recv().is_err(), "the redirect was followed");
    let answer = client(&HttpSettings::default()).send(HttpRequest::get(&format!("http://localhost:{port}/"))).await;
    assert_eq!(answer.unwrap().status, 302);
}

#[tokio::test]
async fn no_fault_shows_more_of_an_address_than_its_host() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap().port();
    drop(listener);
    let (short, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhi", None).await;
    let (long, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", None).await;
    let (none, _) = server("220 mx.example ESMTP\r\n", None).await;
    let few = HttpSettings { most: 4, ..HttpSettings::default() };
    for (origin, temporary, words) in [
        (format!("http://127.0.0.1:{closed}"), true, "127.0.0.1 could not be reached: "),
        (format!("http://127.0.0.1:{short}"), true, "the answer of 127.0.0.1 broke off: "),
        (format!("http://127.0.0.1:{none}"), true, "the answer of 127.0.0.1 broke off: "),
        (format!("http://127.0.0.1:{long}"), false, "127.0.0.1 answered with more than 4 bytes"),
        ("http://shop.example".to_owned(), false, "shop.example is not asked in the clear; "),
        ("http://192.0.2.1".to_owned(), false, "192.0.2.1 is not asked in the clear; "),
        ("ftp://127.0.0.1".to_owned(), false, "the request cannot be made: "),
        ("hunter2".to_owned(), false, "the request cannot be made: "),
    ] {
        let request = HttpRequest::post(&format!("{origin}/hunter2?token=hunter2"), "a/b", "hunter2")
            .with_header("authorization", "hunter2");
        let fault = fault(request.clone(), &few).await;
        let shown = format!("{fault} {fault:?} {request:?}");
        assert!(fault.to_string().starts_with(words) && !shown.contains("hunter2"), "{origin}: {shown}");
        assert_eq!(fault.is_temporary(), temporary, "{origin}: {fault}");
    }
    let odd = HttpRequest::get("https://localhost/").with_header("x", "hunter2\r\nhunter2");
    let fault = fault(odd, &few).await;
    assert_eq!(fault, HttpFault::Request("one of its headers holds what no header may"));
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = HttpSettings { total: Duration::from_millis(50), ..HttpSettings::default() };
    let fault = fault(HttpRequest::get(&format!("http://127.0.0.1:{port}/")), &settings).await;
    assert_eq!(fault, HttpFault::Timeout { host: "127.0.0.1".to_owned() });
    assert!(fault.is_temporary());
}

#[tokio::test]
async fn only_a_certificate_of_a_known_authority_for_this_very_host_is_trusted() {
    let (acceptor, pem) = certified("mail.example");
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, pem).unwrap();
    let (port, mut heard) = server("HTTP/1.1 204 No Content\r\n\r\n", Some(acceptor)).await;
    let here: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    let hosts = ["mail.example", "other.example"].map(|host| (host.to_owned(), vec![here]));
    let strict = HttpSettings { hosts: hosts.into(), ..HttpSettings::default() };
    let trusting = HttpSettings { ca_file: Some(ca_file.clone()), ..strict.clone() };
    let get = |host: &str| HttpRequest::get(&format!("https://{host}/hunter2"));
    assert_eq!(client(&trusting).send(get("mail.example")).await.unwrap().status, 204);
    assert!(heard.recv().await.unwrap().starts_with("GET /hunter2 "));
    for (host, settings) in [("mail.example", &strict), ("other.example", &trusting)] {
        let fault = fault(get(host), settings).await;
        assert!(matches!(&fault, HttpFault::Certificate { .. }) && !fault.is_temporary(), "{fault}");
        assert!(fault.to_string().starts_with(&format!("{host} is not trusted: ")), "{fault}");
        assert_eq!(heard.recv().await.unwrap(), "no handshake");
    }
    std::fs::write(&ca_file, "nothing").unwrap();
    let fault = Http::new(&trusting).unwrap_err();
    assert!(fault.to_string().ends_with("it holds no certificate in PEM form"), "{fault}");
}
