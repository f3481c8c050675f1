//! A small IMAP server for the tests of this module, over real TLS on loopback. It keeps folders, answers what a client
//! of ours asks, writes down what it was told, and can be made to answer any command otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::edge::certified::certified;

/// A message.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) uid: u32,
    pub(super) date: String,
    pub(super) header: String,
    pub(super) category: &'static str,
}

/// A folder.
#[derive(Debug, Clone, Default)]
pub(super) struct Box_ {
    pub(super) flags: &'static str,
    pub(super) validity: u32,
    pub(super) next: u32,
    pub(super) mails: Vec<Mail>,
}

/// What one command is answered instead of the truth. `{tag}` stands for its tag; `{truth}` for the true answer.
#[derive(Debug, Clone)]
pub(super) struct Twist {
    /// How the command begins, behind its tag.
    pub(super) on: String,
    /// How many such commands are answered truly before.
    pub(super) after: usize,
    /// How many are answered otherwise.
    pub(super) times: usize,
    /// The bytes; `\u{4}` closes the connection.
    pub(super) answer: String,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) greeting: String,
    pub(super) capabilities: String,
    pub(super) folders: BTreeMap<String, Box_>,
    pub(super) twists: Vec<Twist>,
    /// All commands, without tags; `--` for each connection.
    pub(super) heard: Vec<String>,
    /// All lines as they came.
    pub(super) lines: Vec<String>,
    /// How many connections stand, and the most that ever did.
    pub(super) open: (usize, usize),
    pub(super) message_limit: Option<usize>,
    pub(super) start_tls: bool,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) ca_file: PathBuf,
    pub(super) world: Arc<Mutex<World>>,
    _dir: tempfile::TempDir,
}

impl Server {
    /// A server with an inbox, a spam folder, and one more.
    pub(super) async fn start() -> Self {
        Self::start_named("localhost").await
    }

    /// The same, with a certificate for this name.
    pub(super) async fn start_named(name: &str) -> Self {
        let (acceptor, pem) = certified(name);
        let dir = tempfile::tempdir().unwrap();
        let ca_file = dir.path().join("ca.pem");
        std::fs::write(&ca_file, pem).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let folder = |flags| Box_ { flags, validity: 1, next: 1, mails: Vec::new() };
        let world = Arc::new(Mutex::new(World {
            greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\r\n".to_owned(),
            capabilities: "IMAP4rev1 ID SPECIAL-USE LIST-EXTENDED".to_owned(),
            folders: BTreeMap::from([
                ("INBOX".to_owned(), folder("")),
                ("Spam".to_owned(), folder("\\Junk")),
                ("Lists".to_owned(), folder("")),
            ]),
            twists: Vec::new(),
            heard: Vec::new(),
            lines: Vec::new(),
            open: (0, 0),
            message_limit: None,
            start_tls: false,
        }));
        let shared = Arc::clone(&world);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let (acceptor, world) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    {
                        let mut world = world.lock().unwrap();
                        world.open.0 += 1;
                        world.open.1 = world.open.1.max(world.open.0);
                    }
                    serve(stream, acceptor, &world).await;
                    world.lock().unwrap().open.0 -= 1;
                });
            }
        });
        Self { port, ca_file, world, _dir: dir }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Puts a message into a folder.
    pub(super) fn deliver(&self, folder: &str, header: &str) -> u32 {
        self.deliver_dated(folder, header, "24-Nov-2026 06:00:00 +0000", "")
    }

    pub(super) fn deliver_dated(&self, folder: &str, header: &str, date: &str, category: &'static str) -> u32 {
        let mut world = self.world();
        let folder = world.folders.get_mut(folder).unwrap();
        let uid = folder.next;
        folder.next += 1;
        folder.mails.push(Mail { uid, date: date.to_owned(), header: header.to_owned(), category });
        uid
    }

    /// Answers such commands otherwise from now on.
    pub(super) fn twist(&self, on: &str, answer: &str) {
        self.twist_some(on, 0, usize::MAX, answer);
    }

    pub(super) fn twist_some(&self, on: &str, after: usize, times: usize, answer: &str) {
        self.world().twists.push(Twist { on: on.to_owned(), after, times, answer: answer.to_owned() });
    }

    pub(super) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.world().heard)
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, world: &Mutex<World>) {
    let start_tls = world.lock().unwrap().start_tls;
    let mut stream = stream;
    if start_tls {
        let mut plain = BufReader::new(stream);
        if !talk(&mut plain, world, true).await {
            return;
        }
        stream = plain.into_inner();
    }
    let Ok(tls) = acceptor.accept(stream).await else { return };
    talk(&mut BufReader::new(tls), world, start_tls).await;
}

/// Talks until the end; whether the client asked for STARTTLS.
async fn talk<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    world: &Mutex<World>,
    start_tls: bool,
) -> bool {
    let greeting = world.lock().unwrap().greeting.clone();
    let encrypted_anew = start_tls && world.lock().unwrap().heard.last().is_some_and(|heard| heard == "STARTTLS");
    if !encrypted_anew {
        world.lock().unwrap().heard.push("--".to_owned());
        if !say(stream, &greeting).await {
            return false;
        }
    }
    let mut selected: Option<String> = None;
    let mut line = String::new();
    loop {
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return false;
        }
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        world.lock().unwrap().lines.push(line.trim_end().to_owned());
        let answer = answer(&mut world.lock().unwrap(), tag, command, &mut selected);
        if !say(stream, &answer).await {
            return false;
        }
        if command == "STARTTLS" && answer.contains(" OK") {
            return true;
        }
        if command == "LOGOUT" {
            return false;
        }
    }
}

async fn say<S: tokio::io::AsyncWrite + Unpin>(stream: &mut S, text: &str) -> bool {
    let (text, closes) = text.split_once('\u{4}').map_or((text, false), |(text, _)| (text, true));
    let said = stream.write_all(text.as_bytes()).await.is_ok() && stream.flush().await.is_ok();
    if closes {
        stream.shutdown().await.ok();
    }
    said && !closes
}

fn answer(world: &mut World, tag: &str, command: &str, selected: &mut Option<String>) -> String {
    world.heard.push(command.to_owned());
    let mut truth = truth(world, tag, command, selected);
    for twist in world.twists.iter_mut().filter(|twist| command.starts_with(&twist.on)) {
        if twist.after > 0 {
            twist.after -= 1;
        } else if twist.times > 0 {
            twist.times -= 1;
            truth = twist.answer.replace("{tag}", tag).replace("{truth}", &truth);
            break;
        }
    }
    truth
}

fn truth(world: &World, tag: &str, command: &str, selected: &mut Option<String>) -> String {
    let verb = command.split(' ').next().unwrap_or_default();
    match verb {
        "CAPABILITY" => format!("* CAPABILITY {}\r\n{tag} OK done\r\n", world.capabilities),
        "LOGIN" | "AUTHENTICATE" => format!("{tag} OK [CAPABILITY {}] in\r\n", world.capabilities),
        "LIST" => {
            let mut text = String::new();
            for (name, folder) in &world.folders {
                let name = name.replace('\\', "\\\\").replace('"', "\\\"");
                let _ = write!(text, "* LIST ({}) \"/\" \"{name}\"\r\n", folder.flags);
            }
            format!("{text}{tag} OK done\r\n")
        }
        "EXAMINE" => {
            let quoted = command.trim_start_matches("EXAMINE ").trim_matches('"');
            let name = quoted.replace("\\\"", "\"").replace("\\\\", "\\");
            *selected = world.folders.contains_key(&name).then(|| name.clone());
            match world.folders.get(&name) {
                None => format!("{tag} NO [NONEXISTENT] no such folder\r\n"),
                Some(folder) => format!(
                    "* FLAGS (\\Seen)\r\n* {} EXISTS\r\n* OK [UIDVALIDITY {}] x\r\n* OK [UIDNEXT {}] x\r\n{tag} OK [READ-ONLY] open\r\n",
                    folder.mails.len(),
                    folder.validity,
                    folder.next
                ),
            }
        }
        "UID" => match selected.as_ref().and_then(|name| world.folders.get(name)) {
            None => format!("{tag} BAD nothing is selected\r\n"),
            Some(folder) => uid(world, folder, tag, command),
        },
        "LOGOUT" => format!("* BYE\r\n{tag} OK bye\r\n"),
        _ => format!("{tag} OK done\r\n"),
    }
}

fn uid(world: &World, folder: &Box_, tag: &str, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    if words[1] == "SEARCH" {
        let category = command.rsplit("category:").next().unwrap().trim_end_matches('"');
        let set = if words[2] == "UID" { words[3] } else { "1:*" };
        let hits = folder.mails.iter().filter(|mail| mail.category == category && names(set, mail.uid, folder));
        let hits: String = hits.fold(String::new(), |all, mail| format!("{all} {}", mail.uid));
        let line = if hits.is_empty() { String::new() } else { format!("* SEARCH{hits}\r\n") };
        return format!("{line}{tag} OK done\r\n");
    }
    let mut shown: Vec<(usize, &Mail)> =
        folder.mails.iter().enumerate().filter(|(_, mail)| names(words[2], mail.uid, folder)).collect();
    let mut code = String::new();
    if let Some(limit) = world.message_limit.filter(|&limit| shown.len() > limit) {
        shown.reverse();
        shown.truncate(limit);
        code = format!("[MESSAGELIMIT {limit} {}] ", shown.last().unwrap().1.uid);
    }
    let mut text = String::new();
    for (at, mail) in shown {
        let _ = write!(text, "* {} FETCH (UID {}", at + 1, mail.uid);
        if command.contains("INTERNALDATE") {
            let date = if mail.date == "NIL" { "NIL".to_owned() } else { format!("\"{}\"", mail.date) };
            let _ = write!(text, " INTERNALDATE {date}");
        }
        if command.contains("HEADER") {
            let _ = write!(text, " BODY[HEADER]<0> {{{}}}\r\n{}", mail.header.len(), mail.header);
        }
        text.push_str(")\r\n");
    }
    format!("{text}{tag} OK {code}done\r\n")
}

fn names(set: &str, uid: u32, folder: &Box_) -> bool {
    let last = folder.mails.last().map_or(0, |mail| mail.uid);
    let number = |text: &str| if text == "*" { last } else { text.parse().unwrap() };
    set.split(',').any(|part| {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        let (from, to) = (number(from), number(to));
        (from.min(to)..=from.max(to)).contains(&uid)
    })
}
