//! Whether a parser may see a response, and small repairs to responses that mean something but would stop the parser.
//!
//! Servers seen in the wild send names of folders as literals, flags that begin like others, extra data behind LIST,
//! `INTERNALDATE NIL` and text without the blank behind a code. Each of these is turned into the plain form. Nothing is
//! invented: what cannot be repaired without guessing is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};

use imap_proto::Response;

/// What becomes of one response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// The parser reads it whole; these are its bytes, possibly repaired.
    Pass(Vec<u8>),
    /// It is unknown, and it is of a kind that no answer of ours depends on.
    Drop,
    /// It is unknown and may have been part of an answer.
    Refuse(String),
}

/// Kinds of untagged data that are never dropped unread.
const VITAL: [&str; 12] =
    ["FETCH", "UIDFETCH", "LIST", "SEARCH", "ESEARCH", "EXISTS", "OK", "NO", "BAD", "BYE", "PREAUTH", ""];

/// Judges one whole response.
pub(super) fn judge(frame: Vec<u8>) -> Passage {
    if frame == b"\r\n" {
        return Passage::Drop;
    }
    let frame = mend(frame);
    if parses(&frame) {
        return Passage::Pass(frame);
    }
    match keyword(&frame) {
        Some(word) if !VITAL.contains(&word.as_str()) => Passage::Drop,
        Some(word) => Passage::Refuse(format!("an unreadable {word} response")),
        None => Passage::Refuse(super::said::said(&String::from_utf8_lossy(&frame))),
    }
}

/// Whether the parser reads this as exactly one response, without a panic.
fn parses(frame: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| matches!(Response::parse(frame), Ok((rest, _)) if rest.is_empty())))
        .unwrap_or(false)
}

/// The kind of untagged data; `None` for anything else.
fn keyword(frame: &[u8]) -> Option<String> {
    let rest = frame.strip_prefix(b"* ")?;
    let mut words = rest.split(|byte| matches!(byte, b' ' | b'\r' | b'('));
    let first = words.next().unwrap_or_default();
    let word = if !first.is_empty() && first.iter().all(u8::is_ascii_digit) {
        words.next().unwrap_or_default()
    } else {
        first
    };
    Some(String::from_utf8_lossy(word).to_ascii_uppercase())
}

fn mend(frame: Vec<u8>) -> Vec<u8> {
    match keyword(&frame).as_deref() {
        Some("LIST") => plain_list(&frame).unwrap_or(frame),
        Some("FETCH") => dated_fetch(frame),
        Some("UIDFETCH") => dated_fetch(numbered_fetch(frame)),
        Some("OK" | "NO" | "BAD" | "BYE" | "PREAUTH") | None => spaced_code(frame),
        Some(_) => frame,
    }
}

/// A blank behind the code of a status response, without which the parser cuts the text at its first byte.
fn spaced_code(mut frame: Vec<u8>) -> Vec<u8> {
    let mut words = frame.splitn(3, |&byte| byte == b' ');
    let status_at = words.next().zip(words.next()).map(|(tag, status)| tag.len().saturating_add(status.len()));
    let text_at = status_at.map_or(frame.len(), |at| at.saturating_add(2));
    let coded = frame.get(text_at) == Some(&b'[');
    let close = frame.iter().position(|&byte| byte == b']').filter(|&at| coded && at > text_at);
    if let Some(behind) = close.map(|at| at.saturating_add(1))
        && frame.get(behind).is_some_and(|byte| !matches!(byte, b' ' | b'\r'))
    {
        frame.insert(behind, b' ');
    }
    frame
}

/// `* 25900 UIDFETCH (…` of a server in UIDONLY mode (RFC 9586 §3.3) as the FETCH response that it stands for: its number
/// is the UID, and message numbers, of which it has none, mean nothing to us.
fn numbered_fetch(frame: Vec<u8>) -> Vec<u8> {
    let Some(rest) = frame.strip_prefix(b"* ") else { return frame };
    let digits: Vec<u8> = rest.iter().copied().take_while(u8::is_ascii_digit).collect();
    let Some(behind) = rest.get(digits.len()..).and_then(|behind| behind.strip_prefix(b" ")) else { return frame };
    let Some(word) = behind.get(..b"UIDFETCH".len()) else { return frame };
    let items = behind.get(b"UIDFETCH".len()..).and_then(|items| items.strip_prefix(b" ("));
    let Some(items) = items.filter(|_| word.eq_ignore_ascii_case(b"UIDFETCH")) else { return frame };
    let uid = [b"UID ", digits.as_slice()].concat();
    let blank: &[u8] = if items.starts_with(b")") { b"" } else { b" " };
    [b"* ", digits.as_slice(), b" FETCH (", &uid, blank, items].concat()
}

/// `INTERNALDATE NIL` as an empty date, which is read as none.
fn dated_fetch(frame: Vec<u8>) -> Vec<u8> {
    const NIL: &[u8] = b"INTERNALDATE NIL";
    let line_ends = frame.iter().position(|&byte| byte == b'\n').unwrap_or(frame.len());
    let Some(at) = frame.windows(NIL.len()).position(|window| window.eq_ignore_ascii_case(NIL)) else { return frame };
    // Only in the first line or behind the last literal: inside a literal it is a stranger's text.
    let behind_literals = last_line_of(&frame);
    if at > line_ends && at < behind_literals {
        return frame;
    }
    let mut mended = frame.get(..at).unwrap_or_default().to_vec();
    mended.extend_from_slice(b"INTERNALDATE \"\"");
    mended.extend_from_slice(frame.get(at.saturating_add(NIL.len())..).unwrap_or_default());
    mended
}

/// Where the part behind the last literal of a response begins.
fn last_line_of(frame: &[u8]) -> usize {
    let body = frame.len().saturating_sub(2);
    let mut at = 0;
    while let Some(newline) = frame.get(at..body).and_then(|rest| rest.iter().position(|&byte| byte == b'\n')) {
        let line = frame.get(at..at.saturating_add(newline)).unwrap_or_default();
        let length = literal_length(line);
        at = at.saturating_add(newline).saturating_add(1).saturating_add(length);
    }
    at.min(frame.len())
}

fn literal_length(line: &[u8]) -> usize {
    let text = String::from_utf8_lossy(line);
    let number =
        text.trim_end().strip_suffix('}').and_then(|inner| inner.rsplit_once('{')).map(|(_, number)| number.to_owned());
    number.and_then(|number| number.trim_end_matches('+').parse().ok()).unwrap_or(0)
}

/// A LIST response (RFC 3501 §7.2.2) in its plainest form: known flags, delimiter, quoted name, nothing behind it.
fn plain_list(frame: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Tokens(frame.get(b"* LIST ".len()..)?);
    let flags = rest.list()?;
    let delimiter = rest.delimiter()?;
    let name = rest.string()?;
    let Token::Text(name) = name else { return None };
    if name.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
        return None;
    }
    let mut plain = b"* LIST (".to_vec();
    plain.extend_from_slice(&flags.iter().filter(|flag| is_whole(flag)).cloned().collect::<Vec<_>>().join(&b' '));
    plain.extend_from_slice(b") ");
    match delimiter {
        Token::Nil => plain.extend_from_slice(b"NIL"),
        Token::Text(text) => quote_into(&mut plain, &text),
    }
    plain.push(b' ');
    quote_into(&mut plain, &name);
    plain.extend_from_slice(b"\r\n");
    Some(plain)
}

/// Whether a flag is what the parser would take it for. It reads only the beginning of one that it knows, and fails at
/// the rest; such a flag is none that it knows.
fn is_whole(flag: &[u8]) -> bool {
    const KNOWN: [&str; 11] = [
        "\\noinferiors",
        "\\noselect",
        "\\marked",
        "\\unmarked",
        "\\all",
        "\\archive",
        "\\drafts",
        "\\flagged",
        "\\junk",
        "\\sent",
        "\\trash",
    ];
    let flag = String::from_utf8_lossy(flag).to_ascii_lowercase();
    let is_atom =
        flag.strip_prefix('\\').is_some_and(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    is_atom && !KNOWN.iter().any(|known| flag.starts_with(known) && flag != *known)
}

fn quote_into(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

enum Token {
    Nil,
    Text(Vec<u8>),
}

/// The rest of a LIST response.
struct Tokens<'a>(&'a [u8]);

impl Tokens<'_> {
    fn next_byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip_blanks(&mut self) {
        while let Some(rest) = self.0.strip_prefix(b" ") {
            self.0 = rest;
        }
    }

    /// A list of atoms in parentheses.
    fn list(&mut self) -> Option<Vec<Vec<u8>>> {
        self.skip_blanks();
        self.0 = self.0.strip_prefix(b"(")?;
        let end = self.0.iter().position(|&byte| byte == b')')?;
        let (inner, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.strip_prefix(b")")?;
        Some(inner.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// The delimiter. A lone backslash in quotes is one that a server forgot to escape.
    fn delimiter(&mut self) -> Option<Token> {
        self.skip_blanks();
        if let Some(rest) = self.0.strip_prefix(b"\"\\\" ") {
            self.0 = rest;
            return Some(Token::Text(vec![b'\\']));
        }
        self.string()
    }

    /// A quoted string, a literal or an atom.
    fn string(&mut self) -> Option<Token> {
        self.skip_blanks();
        match self.0.first()? {
            b'"' => self.quoted().map(Token::Text),
            b'{' => self.literal().map(Token::Text),
            _ => {
                let end = self.0.iter().position(|byte| matches!(byte, b' ' | b'\r' | b'\n'))?;
                let (atom, rest) = self.0.split_at_checked(end)?;
                self.0 = rest;
                Some(if atom.eq_ignore_ascii_case(b"NIL") { Token::Nil } else { Token::Text(atom.to_vec()) })
            }
        }
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        self.next_byte()?;
        let mut text = Vec::new();
        loop {
            match self.next_byte()? {
                b'"' => return Some(text),
                b'\\' => match self.next_byte()? {
                    escaped @ (b'"' | b'\\') => text.push(escaped),
                    // A server that forgets to escape a backslash means the backslash.
                    plain => text.extend_from_slice(&[b'\\', plain]),
                },
                byte => text.push(byte),
            }
        }
    }

    fn literal(&mut self) -> Option<Vec<u8>> {
        let newline = self.0.iter().position(|&byte| byte == b'\n')?;
        let length = literal_length(self.0.get(..newline)?);
        let (text, rest) = self.0.get(newline.saturating_add(1)..)?.split_at_checked(length)?;
        self.0 = rest;
        Some(text.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_repaired() {
        for (frame, mended) in [
            ("* 3 FETCH (UID 9 INTERNALDATE NIL)\r\n", "* 3 FETCH (UID 9 INTERNALDATE \"\")\r\n"),
            (
                "* 3 FETCH (BODY[HEADER] {18}\r\nX: INTERNALDATE NIL INTERNALDATE NIL)\r\n",
                "* 3 FETCH (BODY[HEADER] {18}\r\nX: INTERNALDATE NIL INTERNALDATE NIL)\r\n",
            ),
            (
                "* 25900 UIDFETCH (INTERNALDATE NIL FLAGS (\\Seen))\r\n",
                "* 25900 FETCH (UID 25900 INTERNALDATE \"\" FLAGS (\\Seen))\r\n",
            ),
            ("* 7 uidfetch (UID 7)\r\n", "* 7 FETCH (UID 7 UID 7)\r\n"),
            ("* 7 UIDFETCH ()\r\n", "* 7 FETCH (UID 7)\r\n"),
            ("* OK [ALERT]é\r\n", "* OK [ALERT] é\r\n"),
            ("i1 OK [READ-ONLY]done\r\n", "i1 OK [READ-ONLY] done\r\n"),
            ("* OK plain [x]y\r\n", "* OK plain [x]y\r\n"),
            (
                "* LIST (\\HasNoChildren) \"/\" {6}\r\nSp\"am\\\r\n",
                "* LIST (\\HasNoChildren) \"/\" \"Sp\\\"am\\\\\"\r\n",
            ),
            ("* LIST (\\AllMail \\Junk) NIL Spam\r\n", "* LIST (\\Junk) NIL \"Spam\"\r\n"),
            ("* LIST () \"/\" \"a\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n", "* LIST () \"/\" \"a\"\r\n"),
            ("* LIST () \"\\\" \"a\\b\"\r\n", "* LIST () \"\\\\\" \"a\\\\b\"\r\n"),
            ("* LIST () \"\\\\\" \"a\\b\"\r\n", "* LIST () \"\\\\\" \"a\\\\b\"\r\n"),
        ] {
            assert_eq!(String::from_utf8(mend(frame.as_bytes().to_vec())).unwrap(), mended, "{frame}");
        }
    }

    #[test]
    fn unknown_data_is_dropped_only_if_no_answer_depends_on_it() {
        for (frame, passes) in [
            ("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n", Some(false)),
            ("* CAPABILITY IMAP4 AUTH=PLAIN\r\n", Some(false)),
            ("* XSOMETHING new\r\n", Some(false)),
            ("\r\n", Some(false)),
            ("* OK [ALERT]é\r\n", Some(true)),
            ("* 2 EXISTS\r\n", Some(true)),
            ("* LIST (\\HasNoChildren) \"/\" \"x\"\r\n", Some(true)),
            ("* 1 FETCH (UID 5 INTERNALDATE NIL)\r\n", Some(true)),
            ("* x EXISTS\r\n", Some(false)),
            ("* 99999999999 EXISTS\r\n", None),
            ("* 5 UIDFETCH (FLAGS ())\r\n", Some(true)),
            ("* 5 UIDFETCH FLAGS\r\n", None),
            // The parser panics at the second one.
            ("* 1 FETCH (UID 5 INTERNALDATE NIL INTERNALDATE NIL)\r\n", None),
            ("* 1 FETCH ()\r\n", None),
            ("* SEARCH 1 2 (MODSEQ 9)\r\n", None),
            ("* LIST nonsense\r\n", None),
            ("* OK \0\r\n", None),
            ("*  OK two blanks\r\n", None),
            ("Server Unavailable.\r\n", None),
            ("220 mx.example ESMTP\r\n", None),
            ("HTTP/1.1 400 Bad Request\r\n", None),
        ] {
            let found = match judge(frame.as_bytes().to_vec()) {
                Passage::Pass(_) => Some(true),
                Passage::Drop => Some(false),
                Passage::Refuse(_) => None,
            };
            assert_eq!(found, passes, "{frame:?}");
        }
    }
}
