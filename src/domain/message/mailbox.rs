//! A mailbox: a name and an address (RFC 5322 §3.4), as From carries it.
//!
//! Exactly one; groups and lists are refused, as SES needs one sender. A domain outside ASCII is written in its `xn--` form;
//! a name before the @ that is outside ASCII is refused: SES speaks no SMTPUTF8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::MessageFault;
use crate::domain::seed::Address;

/// Most octets of UTF-8 in one encoded word, so that it stays within 75 characters (RFC 2047 §2).
const OCTETS_PER_WORD: usize = 45;

/// One mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mailbox {
    /// The name, without quotes; `None` where there is none.
    name: Option<String>,
    /// Whether the name was written in quotes.
    quoted: bool,
    /// The address, its domain in ASCII.
    pub(super) address: String,
    /// Whether its domain was written outside ASCII.
    pub(super) in_other_script: bool,
}

/// Reads one mailbox; the error completes "From: …".
pub(super) fn parse(text: &str) -> Result<Mailbox, String> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a control character".to_owned());
    }
    let mut reading = Reading::default();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => reading.quoted_string(&mut chars)?,
            '(' => skip_comment(&mut chars)?,
            '<' => reading.angle(&mut chars)?,
            ',' | ';' | ':' => {
                return Err(format!("`{c}` outside quotes: several senders, or a name that needs quotes"));
            }
            '>' | ')' => return Err(format!("`{c}` without its opening")),
            other => reading.plain(other)?,
        }
    }
    reading.finish()
}

#[derive(Default)]
struct Reading {
    phrase: String,
    quoted: bool,
    address: Option<String>,
}

impl Reading {
    fn quoted_string(&mut self, chars: &mut std::str::Chars<'_>) -> Result<(), String> {
        if self.address.is_some() {
            return Err("text after the address".to_owned());
        }
        self.quoted = true;
        loop {
            match chars.next() {
                Some('"') => return Ok(()),
                Some('\\') => self.phrase.extend(chars.next()),
                Some(c) => self.phrase.push(c),
                None => return Err("a quote is not closed".to_owned()),
            }
        }
    }

    fn angle(&mut self, chars: &mut std::str::Chars<'_>) -> Result<(), String> {
        if self.address.is_some() {
            return Err("two addresses".to_owned());
        }
        let mut address = String::new();
        loop {
            match chars.next() {
                Some('>') => break,
                Some(c) => address.push(c),
                None => return Err("`<` without its `>`".to_owned()),
            }
        }
        self.address = Some(address.trim().to_owned());
        Ok(())
    }

    fn plain(&mut self, c: char) -> Result<(), String> {
        if self.address.is_some() && !c.is_whitespace() {
            return Err("text after the address".to_owned());
        }
        self.phrase.push(c);
        Ok(())
    }

    fn finish(self) -> Result<Mailbox, String> {
        let phrase = self.phrase.split_whitespace().collect::<Vec<_>>().join(" ");
        let (name, address) = match self.address {
            Some(address) => (Some(phrase).filter(|phrase| !phrase.is_empty()), address),
            None if self.quoted => return Err("a name without an address".to_owned()),
            None => (None, phrase),
        };
        let read = Address::new(&address).ok_or_else(|| format!("{address:?} is no mail address"))?;
        if let Some(why) = read.undeliverable() {
            return Err(format!("{address:?} {why}"));
        }
        let written = read.on_the_wire();
        Ok(Mailbox { name, quoted: self.quoted, in_other_script: *written != *address, address: written.into_owned() })
    }
}

fn skip_comment(chars: &mut std::str::Chars<'_>) -> Result<(), String> {
    let mut depth = 1_usize;
    while depth > 0 {
        match chars.next() {
            Some('(') => depth = depth.saturating_add(1),
            Some(')') => depth = depth.saturating_sub(1),
            Some('\\') => drop(chars.next()),
            Some(_) => {}
            None => return Err("a comment is not closed".to_owned()),
        }
    }
    Ok(())
}

impl Mailbox {
    /// The name as a person reads it, encoded words decoded (RFC 2047).
    pub(super) fn readable_name(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        if self.quoted || !name.contains("=?") {
            return Some(name.clone());
        }
        let line = format!("{name}\n");
        let decoded = mail_parser::parsers::MessageStream::new(line.as_bytes()).parse_unstructured();
        Some(decoded.as_text().map_or_else(|| name.clone(), str::to_owned))
    }

    /// The From line; `None` where it would be too long.
    pub(super) fn line(&self) -> Option<Vec<u8>> {
        let written = format!("From: {}\r\n", self.written());
        let fits = super::lines(written.as_bytes()).all(|line| line.len() <= super::LONGEST_LINE);
        fits.then(|| written.into_bytes())
    }

    /// The line that goes out in place of a message's own From; `None` where that may go out as it is.
    pub(super) fn rewritten(&self) -> Result<Option<Vec<u8>>, MessageFault> {
        if !self.in_other_script {
            return Ok(None);
        }
        let fault = || MessageFault::new(None, "From would be too long", "shorten the name in it");
        self.line().map(Some).ok_or_else(fault)
    }

    /// The value of a From field. A name outside ASCII is encoded, one word to a line.
    fn written(&self) -> String {
        let Some(name) = &self.name else { return self.address.clone() };
        if !name.is_ascii() {
            return format!("{}\r\n <{}>", encoded_words(name), self.address);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
        if !self.quoted && name.chars().all(plain) {
            return format!("{name} <{}>", self.address);
        }
        let escaped: String = name.chars().flat_map(|c| escape(c).into_iter().flatten()).collect();
        format!("\"{escaped}\" <{}>", self.address)
    }
}

fn escape(c: char) -> [Option<char>; 2] {
    [matches!(c, '"' | '\\').then_some('\\'), Some(c)]
}

/// UTF-8 in base64, cut between characters (RFC 2047 §5).
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len().saturating_add(c.len_utf8()) > OCTETS_PER_WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let encoded: Vec<String> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    encoded.join("\r\n ")
}
