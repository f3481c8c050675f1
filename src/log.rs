//! The log: what the program did, on standard error, for whoever asks by `-v` or `INBOXED_LOG`.
//!
//! It never holds what a library says below INFO: async-imap prints passwords there, hyper whole requests. The AWS SDK is
//! not heard at all, as its warnings quote answers of credential services. No directive of the user's opens that. What
//! libraries write through the `log` crate (async-imap, rustls) goes nowhere.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Starts the log, if it is asked for: by `directives` in the syntax of `INBOXED_LOG`, or by how often `-v` was given.
pub(crate) fn start(directives: Option<&str>, verbose: u8) -> Result<(), String> {
    let directives = match (directives.filter(|text| !text.is_empty()), verbose) {
        (Some(directives), _) => directives,
        (None, 0) => return Ok(()),
        (None, 1) => "inboxed=info",
        (None, _) => "inboxed=debug",
    };
    // `NO_COLOR` and a pipe both take colours away.
    let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let subscriber = subscriber(directives, std::io::stderr, colour)?;
    // A second command line in one process goes on with the first one's log.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

fn subscriber<W>(directives: &str, writer: W, colour: bool) -> Result<impl Subscriber + Send + Sync + use<W>, String>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let wanted = EnvFilter::builder().parse(directives).map_err(|error| {
        format!(
            "INBOXED_LOG: \"{}\" is not understood ({error}); write one such as inboxed=debug",
            directives.escape_debug()
        )
    })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colour);
    Ok(tracing_subscriber::registry().with(lines.with_filter(wanted).with_filter(FilterFn::new(may_speak))))
}

/// Our own modules at any level, the AWS SDK at none, everybody else from INFO up.
fn may_speak(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_ours = target == "inboxed" || target.starts_with("inboxed::");
    is_ours || (*metadata.level() <= Level::INFO && !target.starts_with("aws_"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(directives: &str, speak: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = subscriber(directives, move || writer.clone(), false).unwrap();
        tracing::subscriber::with_default(subscriber, speak);
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn no_directive_makes_a_library_tell_a_secret() {
        let everything =
            "trace,async_imap=trace,async_imap::client=trace,hyper=trace,aws_smithy_runtime=trace,rustls=trace";
        let text = logged(everything, || {
            tracing::trace!(target: "async_imap", "LOGIN \"anna\" \"hunter2\"");
            tracing::trace!(target: "async_imap::client", "LOGIN \"anna\" \"hunter2\"");
            tracing::debug!(target: "hyper::proto::h1", "authorization: hunter2");
            tracing::debug!(target: "aws_smithy_runtime::client", "hunter2");
            tracing::trace!(target: "rustls::client", "hunter2");
            tracing::trace!(target: "inboxed_other", "hunter2");
            tracing::warn!(target: "aws_config::meta::credentials::chain", "body: hunter2");
            tracing::warn!(target: "sqlx::query", "slow");
            tracing::trace!(target: "inboxed::edge", "looked");
            tracing::debug!(target: "inboxed", "ran");
        });
        assert!(!text.contains("hunter2"), "{text}");
        for wanted in ["slow", "looked", "ran"] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
    }

    #[test]
    fn the_log_says_no_more_than_it_was_asked_for() {
        let text = logged("inboxed=info", || {
            tracing::info!(target: "inboxed::command", "first");
            tracing::debug!(target: "inboxed::command", "second");
            tracing::info!(target: "sqlx", "third");
        });
        assert!(text.contains("first") && !text.contains("second") && !text.contains("third"), "{text}");
    }

    #[test]
    fn a_directive_that_is_none_is_told() {
        let fault = start(Some("inboxed=loud"), 0).unwrap_err();
        assert!(fault.starts_with("INBOXED_LOG: \"inboxed=loud\" is not understood ("), "{fault}");
        assert_eq!(start(None, 0), Ok(()));
        assert_eq!(start(Some(""), 0), Ok(()));
    }
}
