//! The wish to stop: Ctrl-C, SIGTERM and a closed terminal.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Set once, never unset. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    set: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP from now on. A signal that cannot be listened for keeps its default, which
    /// ends the process; the database is safe then, too.
    pub(crate) fn listen() -> Self {
        let (sender, set) = watch::channel(false);
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let Ok(mut signals) = signal(kind) else { continue };
            let sender = sender.clone();
            tokio::spawn(async move {
                if signals.recv().await.is_some() {
                    sender.send_replace(true);
                }
            });
        }
        Self { set }
    }

    /// Whether the process was asked to stop.
    pub(crate) fn is_set(&self) -> bool {
        *self.set.borrow()
    }

    /// Returns when the process is asked to stop, and never if nobody can ask any more.
    pub(crate) async fn wait(&self) {
        let mut set = self.set.clone();
        if set.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
