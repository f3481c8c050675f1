//! Dovecot as the provider of a whole seed list.
//!
//! Each instance is private: one directory, two free ports on loopback, one unprivileged user, one Maildir for each
//! seed. Mail is put into the Maildir as a delivery agent does it, so that a snapshot of the files tells whatever a
//! client changed: a SELECT alone moves new mail from `new` to `cur`, a flag is part of a file's name.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use super::Server;
use super::certificates::{Authority, Flaw};
use super::daemon::Daemon;
use super::imap::Session;

/// What the instance should look like. Folder names are spelt as on the wire.
#[derive(Debug, Clone, Default)]
pub(super) struct Options<'a> {
    /// How many seeds: `u01@seed.example` and so on.
    pub(super) seeds: usize,
    /// Folders that every seed has beside its INBOX.
    pub(super) folders: &'a [&'a str],
    /// Special-use attributes by the name of the folder that bears it, where a seed has one so named (RFC 6154 §2).
    pub(super) special_use: &'a [(&'a str, &'a str)],
    /// Seeds to whose sign-in Dovecot says something else than yes, whatever their mailbox.
    pub(super) answers: &'a [(usize, Answer)],
    /// Further addresses at which it listens, and what is wrong with them.
    pub(super) places: &'a [(Ipv4Addr, Ailment)],
    /// Further lines of its configuration, which win over others.
    pub(super) settings: &'a str,
}

/// What Dovecot's password database says of a seed whose password is right.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// It may not sign in, for a reason that an administrator wrote.
    Reason(&'static str),
    /// It may not sign in.
    Disabled,
    /// Its password has expired.
    Expired,
    /// The database cannot be asked just now.
    Failure,
    /// Its mailbox is on a server behind this one, which is down.
    Behind,
    /// Its mailbox is on another server (RFC 2221).
    Elsewhere,
    /// Its password is right, and its mailbox cannot be found just now.
    Lost,
}

impl Answer {
    /// The fields beside the password, in Lua.
    fn lua(self) -> String {
        let fields = match self {
            Self::Reason(text) => format!("nologin = \"y\", reason = [==[{text}]==]"),
            Self::Disabled => "nologin = \"y\"".to_owned(),
            Self::Expired => return "PASS_EXPIRED, {}".to_owned(),
            Self::Failure => return "INTERNAL_FAILURE, {}".to_owned(),
            Self::Behind => "proxy = \"y\", host = \"127.0.0.1\", port = \"9\"".to_owned(),
            Self::Elsewhere => "nologin = \"y\", host = \"imap.other.example\", reason = \"It has moved.\"".to_owned(),
            Self::Lost => String::new(),
        };
        format!("OK, {{ password = password, {fields} }}")
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ailment {
    /// The certificate that is shown there.
    Certificate(Flaw),
    /// There is no TLS.
    NoTls,
}

/// A running instance, ended on drop.
#[derive(Debug)]
pub(super) struct Dovecot {
    daemon: Daemon,
    directory: TempDir,
    owner: Owner,
    is_old: bool,
    imaps: u16,
    starttls: u16,
    delivered: AtomicU64,
}

impl Dovecot {
    /// Starts an instance, or says that `test` is left out for want of Dovecot.
    pub(super) fn start(test: &str, options: &Options<'_>) -> Option<Self> {
        Self::start_by(test, options, None)
    }

    /// The same, where tokens open the mailboxes by this mechanism too, and their issuer is asked whose they are
    /// (RFC 7662).
    pub(super) fn start_with_issuer(
        test: &str,
        options: &Options<'_>,
        mechanism: &str,
        introspection_url: &str,
    ) -> Option<Self> {
        Self::start_by(test, options, Some((mechanism, introspection_url)))
    }

    fn start_by(test: &str, options: &Options<'_>, issuer: Option<(&str, &str)>) -> Option<Self> {
        let program = Server::Dovecot.program(test)?;
        let mut complaint = String::new();
        // Another process may take a free port before Dovecot does.
        for _ in 0..5 {
            match Self::attempt(&program, options, issuer) {
                Ok(dovecot) => return Some(dovecot),
                Err(log) if log.contains("Address already in use") => complaint = log,
                // Debian has it in a package of its own.
                Err(log) if !options.answers.is_empty() && log.contains("driver") && log.contains("lua") => {
                    let line = format!("left out: {test} needs Dovecot's Lua: use tests/run\n");
                    std::io::stderr().write_all(line.as_bytes()).unwrap();
                    return None;
                }
                Err(log) => panic!("{log}"),
            }
        }
        panic!("{complaint}");
    }

    fn attempt(program: &Path, options: &Options<'_>, issuer: Option<(&str, &str)>) -> Result<Self, String> {
        let directory = tempfile::Builder::new().prefix("inboxed-dovecot-").tempdir().unwrap();
        let owner = Owner::find();
        let (imaps, starttls) = free_ports();
        let root = directory.path();
        for part in ["run", "state", "mail"] {
            fs::create_dir(root.join(part)).unwrap();
        }
        let authority = Authority::new();
        fs::write(root.join("ca.pem"), authority.pem()).unwrap();
        write_certificate(root, "server", authority.certify(Ipv4Addr::LOCALHOST, None));
        let answered = |seed: &usize| options.answers.iter().any(|(other, _)| other == seed);
        let users: Vec<String> = (1..=options.seeds)
            .filter(|seed| !answered(seed))
            .map(|seed| format!("{}:{{PLAIN}}{}::::::\n", address(seed), password(seed)))
            .collect();
        fs::write(root.join("users"), users.concat()).unwrap();
        let is_old = version(program).starts_with("2.3");
        let mailboxes: Vec<String> = options
            .special_use
            .iter()
            .map(|(folder, attribute)| format!("  mailbox \"{folder}\" {{\n    special_use = {attribute}\n  }}\n"))
            .collect();
        let listen: Vec<String> = options.places.iter().map(|(place, _)| format!(", {place}")).collect();
        let places: Vec<String> = options.places.iter().map(|place| at(root, &authority, *place, is_old)).collect();
        let template = if is_old {
            include_str!("../../real/dovecot-2.3.conf")
        } else {
            include_str!("../../real/dovecot-2.4.conf")
        };
        let config = template
            .replace("{dir}", root.to_str().unwrap())
            .replace("{user}", &owner.user)
            .replace("{group}", &owner.group)
            .replace("{imaps}", &imaps.to_string())
            .replace("{starttls}", &starttls.to_string())
            .replace("{mailboxes}", &mailboxes.concat())
            .replace(
                "{answers}",
                &if options.answers.is_empty() { String::new() } else { answers(root, options, is_old) },
            )
            .replace("{listen}", &listen.concat())
            .replace("{places}", &places.concat())
            .replace("{settings}", options.settings);
        let config = match issuer {
            None => config,
            Some((mechanism, introspection_url)) => with_issuer(program, &config, root, mechanism, introspection_url),
        };
        fs::write(root.join("dovecot.conf"), config).unwrap();
        for seed in 1..=options.seeds {
            for folder in ["INBOX"].iter().chain(options.folders) {
                make_maildir(&maildir(root, seed, folder));
            }
        }
        owner.take_all(root);

        let mut command = Command::new(program);
        command.arg("-F").arg("-c").arg(root.join("dovecot.conf"));
        owner.run_as(&mut command);
        let (daemon, _) = Daemon::start(command, " starting up for ")?;
        Ok(Self { daemon, directory, owner, is_old, imaps, starttls, delivered: AtomicU64::new(0) })
    }

    /// The port with TLS from the first byte.
    pub(super) fn imaps(&self) -> u16 {
        self.imaps
    }

    /// The port that begins in the clear and offers STARTTLS.
    pub(super) fn starttls(&self) -> u16 {
        self.starttls
    }

    /// Whether it is Dovecot 2.3.
    pub(super) fn is_old(&self) -> bool {
        self.is_old
    }

    /// The certificate authority that signed the server's certificate, in PEM.
    pub(super) fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// How often Dovecot asked about this seed's password beyond the file of passwords, where `answers` are given.
    pub(super) fn asked(&self, seed: usize) -> usize {
        let asked = fs::read_to_string(self.directory.path().join("asked")).unwrap_or_default();
        asked.lines().filter(|user| **user == address(seed)).count()
    }

    /// What Dovecot logged so far.
    pub(super) fn log(&self) -> String {
        self.daemon.log()
    }

    /// Gives one seed one more folder.
    pub(super) fn create(&self, seed: usize, folder: &str) {
        let path = maildir(self.directory.path(), seed, folder);
        make_maildir(&path);
        self.owner.take_all(&path);
    }

    /// Puts a new message into a folder of a seed, where it has the next UID from now on. Returns its name there.
    pub(super) fn deliver(&self, seed: usize, folder: &str, message: &[u8]) -> String {
        let name = self.next_name();
        self.put(seed, folder, message, &name, &format!("new/{name}"));
        name
    }

    /// Puts an old message there: one that its owner has seen, with these Maildir flags (`S` seen, `F` flagged).
    pub(super) fn keep(&self, seed: usize, folder: &str, message: &[u8], flags: &str) {
        let name = self.next_name();
        self.put(seed, folder, message, &name, &format!("cur/{name}:2,{flags}"));
    }

    fn next_name(&self) -> String {
        format!("{:06}.inboxed", self.delivered.fetch_add(1, Ordering::Relaxed))
    }

    fn put(&self, seed: usize, folder: &str, message: &[u8], name: &str, place: &str) {
        let maildir = maildir(self.directory.path(), seed, folder);
        let unfinished = maildir.join("tmp").join(name);
        fs::write(&unfinished, message).unwrap();
        self.owner.take(&unfinished);
        fs::rename(unfinished, maildir.join(place)).unwrap();
    }

    /// Everything of one seed that a client could have changed.
    pub(super) fn snapshot(&self, seed: usize) -> Snapshot {
        let root = maildir(self.directory.path(), seed, "INBOX");
        let mut snapshot =
            Snapshot { folders: BTreeMap::new(), subscriptions: fs::read(root.join("subscriptions")).ok() };
        snapshot.read("INBOX", &root);
        snapshot
    }
}

/// The address of a seed, counted from 1.
pub(super) fn address(seed: usize) -> String {
    format!("u{seed:02}@seed.example")
}

/// The password of a seed, with every byte that must be escaped in a quoted string (RFC 9051 §9).
pub(super) fn password(seed: usize) -> String {
    format!("open \"sesame\\{seed:02}")
}

/// What a client can change in a seed: folders, subscriptions, and each message's place, flags and bytes. Dovecot's
/// own lists of UIDs and its indexes are left out, as looking alone changes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    folders: BTreeMap<String, BTreeMap<String, Mail>>,
    subscriptions: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Mail {
    recent: bool,
    flags: String,
    bytes: Vec<u8>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.bytes);
        write!(out, "recent {}, flags {:?}, {text:?}", self.recent, self.flags)
    }
}

impl Snapshot {
    /// Adds what [`Dovecot::deliver`] put there, as it looks while no client has touched it.
    pub(super) fn expect(&mut self, folder: &str, name: String, message: &[u8]) {
        let mail = Mail { recent: true, flags: String::new(), bytes: message.to_owned() };
        self.folders.get_mut(folder).unwrap().insert(name, mail);
    }

    fn read(&mut self, folder: &str, path: &Path) {
        let mut mails = BTreeMap::new();
        for (part, recent) in [("new", true), ("cur", false)] {
            for file in entries(&path.join(part)) {
                let file_name = file.file_name().unwrap().to_str().unwrap();
                let (name, flags) = file_name.split_once(":2,").unwrap_or((file_name, ""));
                let mail = Mail { recent, flags: flags.to_owned(), bytes: fs::read(&file).unwrap() };
                assert!(mails.insert(name.to_owned(), mail).is_none(), "{name} is there twice");
            }
        }
        self.folders.insert(folder.to_owned(), mails);
        for below in entries(path) {
            let name = below.file_name().unwrap().to_str().unwrap();
            if below.join("cur").is_dir() {
                let full = if folder == "INBOX" { name.to_owned() } else { format!("{folder}/{name}") };
                self.read(&full, &below);
            }
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The directory of a folder; the INBOX is the root of all others.
fn maildir(root: &Path, seed: usize, folder: &str) -> PathBuf {
    let inbox = root.join("mail").join(format!("u{seed:02}")).join("Maildir");
    if folder == "INBOX" { inbox } else { inbox.join(folder) }
}

fn make_maildir(path: &Path) {
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(path.join(part)).unwrap();
    }
}

fn write_certificate(root: &Path, name: &str, (certificate, key): (String, String)) {
    fs::write(root.join(format!("{name}.pem")), certificate).unwrap();
    fs::write(root.join(format!("{name}.key")), key).unwrap();
}

/// Databases that are asked about the seeds that the file of passwords does not know, or knows by another password. Each
/// question about a password is written down before it is answered.
fn answers(root: &Path, options: &Options<'_>, is_old: bool) -> String {
    let mut lua = format!(
        "local asked = \"{}\"\nlocal passwords, answers, lost = {{}}, {{}}, {{}}\n",
        root.join("asked").display()
    );
    for (seed, answer) in options.answers {
        let (user, password) = (address(*seed), password(*seed));
        lua.extend([
            format!("passwords[\"{user}\"] = [==[{{PLAIN}}{password}]==]\n"),
            format!("lost[\"{user}\"] = {}\n", matches!(answer, Answer::Lost)),
            format!(
                "answers[\"{user}\"] = function(password) return dovecot.auth.PASSDB_RESULT_{} end\n",
                answer.lua()
            ),
        ]);
    }
    lua.push_str(
        "function auth_passdb_lookup(req)\n\
           local file = io.open(asked, \"a\")\n\
           file:write(req.user .. \"\\n\")\n\
           file:close()\n\
           local answer = answers[req.user]\n\
           if answer == nil then return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, {} end\n\
           return answer(passwords[req.user])\n\
         end\n\
         function auth_userdb_lookup(req)\n\
           if lost[req.user] then return dovecot.auth.USERDB_RESULT_INTERNAL_FAILURE, {} end\n\
           return dovecot.auth.USERDB_RESULT_USER_UNKNOWN, {}\n\
         end\n",
    );
    let file = root.join("answers.lua");
    fs::write(&file, lua).unwrap();
    let file = file.display();
    if is_old {
        format!(
            "passdb {{\n  driver = lua\n  args = file={file}\n}}\n\
             userdb {{\n  driver = lua\n  args = file={file}\n  result_internalfail = return-fail\n}}\n"
        )
    } else {
        format!(
            "passdb lua {{\n  lua_file = {file}\n}}\nuserdb lua {{\n  lua_file = {file}\n  result_internalfail = return-fail\n}}\n"
        )
    }
}

/// What holds at one address alone.
fn at(root: &Path, authority: &Authority, (place, ailment): (Ipv4Addr, Ailment), is_old: bool) -> String {
    let lines = match ailment {
        Ailment::NoTls => "  ssl = no\n".to_owned(),
        Ailment::Certificate(flaw) => {
            write_certificate(root, &place.to_string(), authority.certify(place, Some(flaw)));
            let file = root.join(place.to_string());
            let file = file.display();
            if is_old {
                format!("  ssl_cert = <{file}.pem\n  ssl_key = <{file}.key\n")
            } else {
                format!("  ssl_server_cert_file = {file}.pem\n  ssl_server_key_file = {file}.key\n")
            }
        }
    };
    format!("local {place} {{\n{lines}}}\n")
}

/// Two ports that were free a moment ago.
fn free_ports() -> (u16, u16) {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    (first.local_addr().unwrap().port(), second.local_addr().unwrap().port())
}

/// The configuration with one more mechanism, and whom to ask about its tokens.
fn with_issuer(program: &Path, config: &str, root: &Path, mechanism: &str, introspection_url: &str) -> String {
    let settings = format!(
        "introspection_url = {introspection_url}\nintrospection_mode = post\nforce_introspection = yes\n\
         username_attribute = mailbox\nactive_attribute = active\nactive_value = true\n"
    );
    let mechanisms = format!("auth_mechanisms = plain login {mechanism}");
    let config = config.replace("auth_mechanisms = plain login", &mechanisms);
    if version(program).starts_with("2.3") {
        let file = root.join("oauth2.conf");
        fs::write(&file, settings).unwrap();
        let passdb = format!("  driver = oauth2\n  mechanisms = {mechanism}\n  args = {}", file.display());
        format!("{config}\npassdb {{\n{passdb}\n}}\n")
    } else {
        let settings = settings.replace('\n', "\n  ");
        format!("{config}\npassdb oauth2 {{\n  mechanisms_filter = {mechanism}\n}}\noauth2 {{\n  {settings}\n}}\n")
    }
}

fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The unprivileged user that runs Dovecot: ourselves, or the one its package made if we are root, as Dovecot refuses
/// to serve mail as root.
#[derive(Debug)]
struct Owner {
    user: String,
    group: String,
    uid: u32,
    gid: u32,
    is_us: bool,
}

impl Owner {
    fn find() -> Self {
        let us = rustix::process::geteuid();
        let is_wanted = |name: &str, uid: u32| if us.is_root() { name == "dovenull" } else { uid == us.as_raw() };
        let passwd = fs::read_to_string("/etc/passwd").unwrap();
        for line in passwd.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let &[user, _, uid, gid, ..] = fields.as_slice() else { continue };
            let (uid, gid) = (uid.parse().unwrap(), gid.parse().unwrap());
            if is_wanted(user, uid) {
                return Self { user: user.to_owned(), group: group_name(gid), uid, gid, is_us: !us.is_root() };
            }
        }
        panic!("nobody to run Dovecot as: no entry for {us:?} or dovenull in /etc/passwd");
    }

    fn take(&self, path: &Path) {
        if !self.is_us {
            chown(path, Some(self.uid), Some(self.gid)).unwrap();
        }
    }

    fn take_all(&self, path: &Path) {
        self.take(path);
        if path.is_dir() {
            for entry in entries(path) {
                self.take_all(&entry);
            }
        }
    }

    fn run_as(&self, command: &mut Command) {
        if !self.is_us {
            command.uid(self.uid).gid(self.gid);
        }
    }
}

fn group_name(wanted: u32) -> String {
    let groups = fs::read_to_string("/etc/group").unwrap();
    let named = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(wanted)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| panic!("no group {wanted} in /etc/group"))
}

#[test]
fn a_delivered_message_has_the_next_uid_at_once_and_examine_leaves_it_as_it_was() {
    let options = Options {
        seeds: 2,
        folders: &["Junk", "Spam", "Junk E-Mail"],
        special_use: &[("Junk", "\\Junk"), ("Archive", "\\Archive")],
        ..Options::default()
    };
    let Some(dovecot) = Dovecot::start("the Dovecot fixture", &options) else { return };
    dovecot.create(1, "Archive");
    dovecot.keep(1, "INBOX", b"Subject: old\r\n\r\nold\r\n", "S");
    let before = dovecot.snapshot(1);

    let mut session = Session::sign_in(&dovecot, 1);
    let folders = session.exchange("LIST \"\" \"*\"");
    for wanted in [
        "* LIST (\\HasNoChildren \\Junk) \"/\" Junk",
        "* LIST (\\HasNoChildren \\Archive) \"/\" Archive",
        "* LIST (\\HasNoChildren) \"/\" \"Junk E-Mail\"",
        "* LIST (\\HasNoChildren) \"/\" Spam",
        "* LIST (\\HasNoChildren) \"/\" INBOX",
    ] {
        assert!(folders.lines().any(|line| line == wanted), "{wanted} in {folders}");
    }
    let special = session.exchange("LIST \"\" \"*\" RETURN (SPECIAL-USE)");
    assert!(special.contains("* LIST (\\Junk) \"/\" Junk\r\n"), "{special}");
    assert!(special.contains("* LIST () \"/\" Spam\r\n"), "{special}");

    let opened = session.exchange("EXAMINE INBOX");
    assert!(opened.contains("[UIDNEXT 2]") && opened.contains("OK [READ-ONLY]"), "{opened}");
    let mut expected = before.clone();
    for uid in 2..5 {
        let message = format!("Subject: number {uid}\r\n\r\nnew\r\n");
        let name = dovecot.deliver(1, "INBOX", message.as_bytes());
        expected.expect("INBOX", name, message.as_bytes());
        session.exchange("NOOP");
        let seen = session.exchange(&format!("UID FETCH {uid}:* (UID FLAGS BODY.PEEK[HEADER])"));
        assert!(seen.contains(&format!("(UID {uid} FLAGS (\\Recent) BODY[HEADER]")), "{seen}");
        assert!(seen.contains(&format!("Subject: number {uid}\r\n")), "{seen}");
    }
    assert_eq!(dovecot.snapshot(1), expected);

    // The snapshot notices the slightest touch: a SELECT that takes \Recent away, a fetch that marks a message as seen.
    session.exchange("SELECT INBOX");
    let selected = dovecot.snapshot(1);
    assert_ne!(selected, expected);
    session.exchange("UID FETCH 3 (BODY[HEADER])");
    assert_ne!(dovecot.snapshot(1), selected);
    let log = dovecot.log();
    assert!(log.contains("user=<u01@seed.example>") && log.contains(", TLS"), "{log}");
    assert_eq!(dovecot.snapshot(2).folders["Junk E-Mail"], BTreeMap::new());
}

#[test]
fn fifty_seeds_are_signed_in_at_once_on_either_port() {
    let options = Options { seeds: 50, folders: &[], special_use: &[], ..Options::default() };
    let Some(dovecot) = Dovecot::start("fifty sessions on Dovecot", &options) else { return };
    let mut sessions: Vec<Session> = (1..=50).map(|seed| Session::sign_in(&dovecot, seed)).collect();
    sessions.extend((1..=50).map(|seed| Session::sign_in_by_starttls(&dovecot, seed)));
    for session in &mut sessions {
        assert!(session.exchange("STATUS INBOX (MESSAGES)").contains("* STATUS INBOX (MESSAGES 0)\r\n"));
    }
}
