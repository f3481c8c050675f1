//! The process: arguments and streams in, exit code out.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = inboxed::run(std::env::args_os());
    // A reader that went away (`inboxed runs | head -1`) is no fault of ours.
    let _ = anstream::stdout().write_all(done.stdout.as_bytes());
    let _ = anstream::stderr().write_all(done.stderr.as_bytes());
    ExitCode::from(done.exit.code())
}
