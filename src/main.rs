//! The process: arguments and streams in, exit code out.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use inboxed::Exit;

fn main() -> ExitCode {
    // Tests configure these points by the variable FAILPOINTS; without the feature there are none.
    #[cfg(feature = "failpoints")]
    let _points = fail::FailScenario::setup();
    // What a panic says may quote a stranger's mail or a secret. Where it happened may be logged.
    std::panic::set_hook(Box::new(|panic| {
        #[cfg(feature = "failpoints")]
        die_at_point(panic);
        tracing::error!(at = panic.location().map(tracing::field::display), "panic");
    }));
    let done = inboxed::run(std::env::args_os());
    let _ = write_whole(anstream::stderr(), &done.stderr);
    let code = match write_whole(anstream::stdout(), &done.stdout) {
        Ok(()) => ExitCode::from(done.exit.code()),
        // A reader that went away (`inboxed runs | head -1`) has what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(done.exit.code()),
        Err(error) => {
            let _ = write_whole(anstream::stderr(), &format!("inboxed: write to standard output: {error}\n"));
            ExitCode::from(Exit::Internal.code())
        }
    };
    done.part();
    code
}

/// A fail point whose action is `panic` kills the process as `kill -9` does: nothing is unwound, flushed or rolled back.
#[cfg(feature = "failpoints")]
fn die_at_point(panic: &std::panic::PanicHookInfo<'_>) {
    use rustix::process::{Signal, getpid, kill_process};
    if panic.payload().downcast_ref::<String>().is_some_and(|said| said.starts_with("failpoint ")) {
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

fn write_whole(mut stream: impl Write, text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}
