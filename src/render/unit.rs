//! Unit files, crontab lines and property lists: what other programs read to start the runs.
//!
//! Every path stands in the quoting of its reader. The timer may fire more often than a run is due: the program itself
//! knows which period lacks its run, so that no reader's idea of weeks, zones and daylight saving matters.

use std::fmt::Write as _;

/// First line of every file of ours; one without it is somebody else's.
pub(crate) const MARK: &str = "Written by `inboxed schedule`; another `inboxed schedule install` writes it anew.";

/// A path or text that no reader could be given safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unquotable(pub(crate) String);

/// What the units say.
#[derive(Debug, Clone)]
pub(crate) struct UnitText {
    /// The name of the units.
    pub(crate) name: String,
    /// The program, an absolute path.
    pub(crate) program: String,
    /// The configuration, an absolute path.
    pub(crate) config: String,
    /// The directory of the configuration.
    pub(crate) directory: String,
    /// What the program writes into: the directories of the database, of tokens and of reports. Whether each exists.
    pub(crate) writable: Vec<(String, bool)>,
    /// Secrets that systemd hands over: name and file.
    pub(crate) credentials: Vec<(String, String)>,
    /// The AWS credentials file.
    pub(crate) aws: Option<String>,
    /// When systemd's timer fires.
    pub(crate) calendar: String,
    /// Minute of the hour at which cron and launchd ask whether a run is due.
    pub(crate) minute: i8,
    /// The longest a run takes, in seconds.
    pub(crate) patience: u64,
    /// The user and group the service runs as, where it is one for the whole machine and not root's.
    pub(crate) user: Option<(u32, u32)>,
    /// Whether it is for the whole machine.
    pub(crate) system: bool,
}

impl UnitText {
    /// Refuses what has control characters: none of the readers can be given a line end in a path.
    pub(crate) fn check(&self) -> Result<(), Unquotable> {
        let paths = [&self.program, &self.config, &self.directory].into_iter().chain(&self.aws);
        let further = self.writable.iter().map(|(path, _)| path);
        let secrets = self.credentials.iter().map(|(_, path)| path);
        match paths.chain(further).chain(secrets).find(|path| path.chars().any(char::is_control)) {
            Some(path) => Err(Unquotable(path.clone())),
            None => Ok(()),
        }
    }

    /// The service: one run started by a timer, or the daemon.
    pub(crate) fn service(&self, daemon: bool) -> String {
        let mut text = format!("# {MARK}\n[Unit]\n");
        let what = if daemon { "makes each run when it is due" } else { "the run that is due" };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "Description=inboxed: {what}\nWants=network-online.target time-sync.target\nAfter=network-online.target time-sync.target\n"
        );
        if daemon {
            text.push_str("StartLimitIntervalSec=0\n");
        }
        let verb = if daemon { "daemon" } else { "run --scheduled" };
        let command = format!("{} --config {} {verb}", quoted(&self.program), quoted(&self.config));
        let _ = write!(text, "\n[Service]\nExecStart={command}\nWorkingDirectory={}\n", escaped(&self.directory));
        if daemon {
            text.push_str("Type=notify\nWatchdogSec=3min\nTimeoutStopSec=10\nRestart=on-failure\nRestartSec=1min\n");
        } else {
            // 1 to 3 are judgements of mail, 75 says that another run is at work. After another end it is tried again.
            text.push_str("Type=oneshot\nSuccessExitStatus=1 2 3 75\nRestart=on-failure\nRestartSec=30min\n");
            let _ = write!(text, "TimeoutStartSec={}\nTimeoutStopSec=10\n", self.patience);
        }
        if let Some((user, group)) = self.user {
            let _ = write!(text, "User={user}\nGroup={group}\n");
        }
        self.push_secrets(&mut text, daemon);
        self.push_hardening(&mut text);
        if daemon {
            let target = if self.system { "multi-user.target" } else { "default.target" };
            let _ = write!(text, "\n[Install]\nWantedBy={target}\n");
        }
        text
    }

    /// A file that is not there must keep neither the service from starting nor the other seeds from being read, so that
    /// each has a default (systemd.exec, `SetCredential=`): one that is no secret, and a file without credentials.
    fn push_secrets(&self, text: &mut String, daemon: bool) {
        let environment = format!("{}/{}.env", self.directory, self.name);
        let _ = write!(text, "\n# Secrets that are environment variables stand in this file, which may be absent.\n");
        let _ = writeln!(text, "EnvironmentFile=-{}", escaped(&environment));
        for (name, file) in &self.credentials {
            let _ = writeln!(text, "LoadCredential={name}:{}\nSetCredential={name}:\\x00", escaped(file));
        }
        if let Some(file) = &self.aws {
            let _ = writeln!(text, "LoadCredential=aws:{}\nSetCredential=aws:#", escaped(file));
            // A daemon lives longer than a copy stays true.
            let place = if daemon {
                quoted_path(&format!("AWS_SHARED_CREDENTIALS_FILE={file}"))
            } else {
                "AWS_SHARED_CREDENTIALS_FILE=%d/aws".to_owned()
            };
            let _ = writeln!(text, "Environment={place}");
        }
    }

    /// What the program never does, so that nobody can make it do it. In a user's own manager all of it rests on a user
    /// namespace; what one cannot give is left to services of the whole machine.
    fn push_hardening(&self, text: &mut String) {
        text.push_str(
            "\nUMask=0077\nNoNewPrivileges=yes\nLockPersonality=yes\nMemoryDenyWriteExecute=yes\nRestrictRealtime=yes\n\
             RestrictSUIDSGID=yes\nRestrictNamespaces=yes\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n\
             SystemCallArchitectures=native\nSystemCallFilter=@system-service\nSystemCallErrorNumber=EPERM\n\
             KeyringMode=private\nPrivateTmp=yes\nPrivateDevices=yes\nProtectSystem=strict\nProtectHome=read-only\n\
             ProtectKernelTunables=yes\nProtectControlGroups=yes\n",
        );
        text.push_str(if self.system {
            "CapabilityBoundingSet=\nAmbientCapabilities=\nProtectClock=yes\nProtectHostname=yes\nProtectKernelLogs=yes\n\
             ProtectKernelModules=yes\nProtectProc=invisible\nProcSubset=pid\nRemoveIPC=yes\n"
        } else {
            "PrivateUsers=yes\n"
        });
        for (path, exists) in &self.writable {
            let _ = writeln!(text, "ReadWritePaths={}{}", if *exists { "" } else { "-" }, quoted_path(path));
        }
    }

    /// The timer of the service.
    pub(crate) fn timer(&self) -> String {
        format!(
            "# {MARK}\n[Unit]\nDescription=inboxed: when the run is due\n\n[Timer]\nOnCalendar={}\n\
             # Every hour it asks whether something is left: a run that could not begin, an alert not yet delivered.\n\
             OnCalendar=*-*-* *:23:00\nPersistent=true\n\
             RandomizedDelaySec=10min\nFixedRandomDelay=true\nAccuracySec=1min\n\n[Install]\nWantedBy=timers.target\n",
            self.calendar
        )
    }

    /// The lines of a crontab: they ask every hour, which makes up for a machine that was off and for cron's own zone.
    pub(crate) fn crontab(&self) -> String {
        // cron turns a bare % into a line end.
        let command = shell_words::join([&self.program, "--config", &self.config, "--quiet", "run", "--scheduled"]);
        let command = command.replace('%', "\\%");
        format!("# inboxed {}: {MARK}\n{} * * * * {command}\n", self.name, self.minute)
    }

    /// The property list of a launchd agent.
    pub(crate) fn property_list(&self) -> String {
        let arguments = [&self.program, "--config", &self.config, "--quiet", "run", "--scheduled"];
        let arguments: String = arguments
            .iter()
            .flat_map(|argument| ["    <string>".to_owned(), markup(argument), "</string>\n".to_owned()])
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- {MARK} -->\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST \
             1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n  \
             <key>Label</key>\n  <string>{}</string>\n  <key>ProgramArguments</key>\n  <array>\n{arguments}  </array>\n  \
             <key>WorkingDirectory</key>\n  <string>{}</string>\n  <key>StartCalendarInterval</key>\n  <dict>\n    \
             <key>Minute</key>\n    <integer>{}</integer>\n  </dict>\n  <key>RunAtLoad</key>\n  <true/>\n  \
             <key>Umask</key>\n  <integer>63</integer>\n</dict>\n</plist>\n",
            self.name,
            markup(&self.directory),
            self.minute
        )
    }
}

/// A path where systemd expands specifiers but splits no words.
fn escaped(path: &str) -> String {
    path.replace('%', "%%")
}

/// A word of a command line (systemd.service, "Command lines"): quoted, with specifiers and variables taken literally.
fn quoted(word: &str) -> String {
    let inner = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{inner}\"")
}

/// A path in a list of paths: no variables there.
fn quoted_path(path: &str) -> String {
    let inner = path.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{inner}\"")
}

fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> UnitText {
        UnitText {
            name: "inboxed".to_owned(),
            program: "/usr/bin/in boxed".to_owned(),
            config: "/srv/100% \"mine\"/$x/inboxed.toml".to_owned(),
            directory: "/srv/100% \"mine\"/$x".to_owned(),
            writable: vec![("/srv/db".to_owned(), true), ("/srv/re ports".to_owned(), false)],
            credentials: vec![("seed-1".to_owned(), "/srv/anna.secret".to_owned())],
            aws: Some("/srv/aws".to_owned()),
            calendar: "Mon *-*-* 06:00:00 Europe/Berlin".to_owned(),
            minute: 3,
            patience: 4_500,
            user: Some((1_000, 1_000)),
            system: true,
        }
    }

    #[test]
    fn each_reader_gets_paths_in_its_own_quoting() {
        let service = text().service(false);
        let start =
            "ExecStart=\"/usr/bin/in boxed\" --config \"/srv/100%% \\\"mine\\\"/$$x/inboxed.toml\" run --scheduled\n";
        assert!(service.contains(start), "{service}");
        assert!(service.contains("ReadWritePaths=\"/srv/db\"\nReadWritePaths=-\"/srv/re ports\"\n"), "{service}");
        let secret = "LoadCredential=seed-1:/srv/anna.secret\nSetCredential=seed-1:\\x00\n";
        let aws = "LoadCredential=aws:/srv/aws\nSetCredential=aws:#\nEnvironment=AWS_SHARED_CREDENTIALS_FILE=%d/aws\n";
        assert!(service.contains(secret) && service.contains(aws), "{service}");
        let daemon = text().service(true);
        assert!(daemon.contains("\nEnvironment=\"AWS_SHARED_CREDENTIALS_FILE=/srv/aws\"\n"), "{daemon}");
        let crontab = text().crontab();
        let line = crontab.lines().nth(1).unwrap();
        let wanted =
            "3 * * * * '/usr/bin/in boxed' --config '/srv/100\\% \"mine\"/$x/inboxed.toml' --quiet run --scheduled";
        assert_eq!(line, wanted);
        assert_eq!(crontab.lines().count(), 2);
        assert!(text().property_list().contains("<string>/srv/100% \"mine\"/$x</string>"));
    }

    #[test]
    fn a_path_with_a_line_end_is_refused_wherever_it_stands() {
        assert_eq!(text().check(), Ok(()));
        let bad = || "/srv/a\n* * * * * root evil".to_owned();
        for unit in [
            UnitText { config: bad(), ..text() },
            UnitText { aws: Some(bad()), ..text() },
            UnitText { credentials: vec![("a".to_owned(), bad())], ..text() },
            UnitText { writable: vec![(bad(), true)], ..text() },
        ] {
            assert_eq!(unit.check(), Err(Unquotable(bad())));
        }
    }

    #[test]
    fn a_user_s_own_units_ask_for_nothing_that_only_root_may_do() {
        let mine = UnitText { system: false, user: None, ..text() }.service(true);
        for word in ["User=", "CapabilityBoundingSet", "ProtectClock"] {
            assert!(!mine.lines().any(|line| line.starts_with(word)), "{word} in {mine}");
        }
        for line in ["Type=notify", "WantedBy=default.target", "PrivateUsers=yes", "ReadWritePaths=\"/srv/db\""] {
            assert!(mine.lines().any(|found| found == line), "{line} in {mine}");
        }
    }
}
