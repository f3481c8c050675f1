//! The exporter: one page over HTTP on this machine, for a collector that comes and asks.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

/// The media type of the exposition.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How long one collector may take for a question.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers `GET /metrics` with what `ask` gives until `stop` is over. Collectors are served one after the other: there is
/// one, and it comes once a minute. `bound` is told the address once connections are taken.
pub(crate) async fn serve(
    address: SocketAddr,
    bound: impl FnOnce(SocketAddr),
    ask: impl AsyncFn() -> Result<String, String>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    bound(listener.local_addr()?);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => tokio::select! {
                    () = &mut stop => return Ok(()),
                    () = answer(stream, &ask) => {}
                },
                // Too many open files, or a connection that was gone before it was taken: the next one may do better.
                Err(error) => {
                    tracing::warn!(%error, "a collector could not be served");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
}

async fn answer(stream: TcpStream, ask: &impl AsyncFn() -> Result<String, String>) {
    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
        let (status, body) = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/metrics") => match ask().await {
                Ok(text) => (StatusCode::OK, text),
                Err(why) => {
                    tracing::warn!(%why, "no metrics");
                    (StatusCode::SERVICE_UNAVAILABLE, "no metrics; the log has the reason\n".to_owned())
                }
            },
            (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "GET only\n".to_owned()),
            _ => (StatusCode::NOT_FOUND, "the metrics are at /metrics\n".to_owned()),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        if let Ok(value) = MEDIA_TYPE.parse() {
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        Ok::<_, Infallible>(response)
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    if let Ok(Err(error)) = tokio::time::timeout(PATIENCE * 3, connection).await {
        tracing::debug!(%error, "a collector went away");
    }
}
