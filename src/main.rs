//! The process: arguments and streams in, exit code out.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use inboxed::Exit;

fn main() -> ExitCode {
    // What a panic says may quote a stranger's mail or a secret. Where it happened may be logged.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(at = panic.location().map(tracing::field::display), "panic");
    }));
    let done = inboxed::run(std::env::args_os());
    let _ = write_whole(anstream::stderr(), &done.stderr);
    match write_whole(anstream::stdout(), &done.stdout) {
        Ok(()) => ExitCode::from(done.exit.code()),
        // A reader that went away (`inboxed runs | head -1`) has what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(done.exit.code()),
        Err(error) => {
            let _ = write_whole(anstream::stderr(), &format!("inboxed: write to standard output: {error}\n"));
            ExitCode::from(Exit::Internal.code())
        }
    }
}

fn write_whole(mut stream: impl Write, text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}
