//! A server process of the test's own: started, waited for by what it says, ended with the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to come up on a busy machine, and to go down.
const START: Duration = Duration::from_mins(1);
const END: Duration = Duration::from_secs(10);

/// A running server. What it wrote is shown if the test fails.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    lines: Mutex<Receiver<String>>,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts `command` and returns it together with the first line on its standard error that holds `ready`; or what
    /// it wrote instead before it ended.
    pub(super) fn start(mut command: Command, ready: &str) -> Result<(Self, String), String> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("start {command:?}: {error}"))?;
        let output = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                kept.lock().unwrap().extend([&line, "\n"]);
                // Nobody listens once the server is up; the log is kept all the same.
                let _unheard = sender.send(line);
            }
        });
        let daemon = Self { child, lines: Mutex::new(lines), log };
        loop {
            let line = daemon.lines.lock().unwrap().recv_timeout(START);
            match line {
                Ok(line) if line.contains(ready) => return Ok((daemon, line)),
                Ok(_) => {}
                Err(_) => return Err(format!("{command:?} did not say {ready:?} but:\n{}", daemon.log())),
            }
        }
    }

    /// What the server has written so far.
    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Daemon {
    /// Asks the server to end, and waits until it and its children have closed their end of the log.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _unread = std::io::stderr().write_all(self.log().as_bytes());
        }
        let asked = Pid::from_raw(self.child.id().cast_signed())
            .is_some_and(|process| kill_process(process, Signal::TERM).is_ok());
        if asked {
            let lines = self.lines.get_mut().unwrap();
            while lines.recv_timeout(END).is_ok() {}
        }
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
