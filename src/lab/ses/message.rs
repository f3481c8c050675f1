//! A message as SES reads it: header fields and body (RFC 5322 §2), and what SES refuses in it.
//!
//! It decodes nothing and looks into no MIME part.

use super::refusal::Refusal;

/// The longest line, with its CRLF (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 1000;

/// Header fields that SES takes once only.
const SINGLE: [&str; 42] = [
    "accept-language",
    "archived-at",
    "auto-submitted",
    "bounces-to",
    "cc",
    "comments",
    "content-class",
    "content-description",
    "content-disposition",
    "content-id",
    "content-language",
    "content-transfer-encoding",
    "content-type",
    "date",
    "delivered-to",
    "disposition-notification-to",
    "dkim-signature",
    "domainkey-signature",
    "errors-to",
    "from",
    "importance",
    "in-reply-to",
    "keywords",
    "list-archive",
    "list-help",
    "list-id",
    "list-owner",
    "list-post",
    "list-subscribe",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "message-id",
    "mime-version",
    "organization",
    "precedence",
    "references",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
    "user-agent",
];

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct Field {
    /// Its name as written.
    pub(in crate::lab) name: String,
    /// Name, colon and value with the CRLFs inside, without the last one.
    pub(in crate::lab) raw: Vec<u8>,
}

impl Field {
    /// Whether it bears this name, in any case.
    pub(in crate::lab) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its value on one line.
    pub(in crate::lab) fn value(&self) -> String {
        let text = String::from_utf8_lossy(&self.raw);
        let value = text.split_once(':').map_or("", |(_, value)| value);
        value.replace("\r\n", "").trim().to_owned()
    }
}

/// A message in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct Message {
    /// Its header, in order.
    pub(in crate::lab) fields: Vec<Field>,
    /// Its body, every line ended by CRLF.
    pub(in crate::lab) body: Vec<u8>,
}

impl Message {
    /// Reads a message; line ends may be LF alone. Fails where a header line is none.
    pub(in crate::lab) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut fields: Vec<Field> = Vec::new();
        let mut body = Vec::new();
        let mut in_header = true;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let ended = line.last() == Some(&b'\n');
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !in_header {
                body.extend_from_slice(line);
                if ended {
                    body.extend_from_slice(b"\r\n");
                }
            } else if line.is_empty() {
                in_header = false;
            } else if let (true, Some(field)) = (matches!(line.first(), Some(b' ' | b'\t')), fields.last_mut()) {
                field.raw.extend_from_slice(b"\r\n");
                field.raw.extend_from_slice(line);
            } else {
                fields.push(field(line)?);
            }
        }
        Ok(Self { fields, body })
    }

    /// The first field of this name.
    pub(in crate::lab) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// The address in From.
    pub(in crate::lab) fn sender(&self) -> Option<String> {
        self.field("From").map(|field| address_in(&field.value()))
    }

    /// What SES finds wrong, in its words where they are known.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        for name in SINGLE {
            if let Some(twice) = self.fields.iter().filter(|field| field.is(name)).nth(1) {
                return Err(Refusal::bad(format!("Duplicate header '{}'.", twice.name)));
            }
        }
        if self.sender().is_none_or(|sender| sender.is_empty()) {
            return Err(Refusal::bad("Missing required header 'From'.".to_owned()));
        }
        let header = self.fields.iter().flat_map(|field| field.raw.split(|&byte| byte == b'\n'));
        let mut lines = header.chain(self.body.split(|&byte| byte == b'\n'));
        if lines.any(|line| line.strip_suffix(b"\r").unwrap_or(line).len() + 2 > LONGEST_LINE) {
            return Err(Refusal::bad(format!("A line of the message is longer than {LONGEST_LINE} characters.")));
        }
        Ok(())
    }
}

fn field(line: &[u8]) -> Result<Field, Refusal> {
    let name = line.split(|&byte| byte == b':').next().filter(|name| name.len() < line.len());
    let name = name.and_then(|name| str::from_utf8(name).ok()).map(str::trim_end);
    match name.filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())) {
        Some(name) => Ok(Field { name: name.to_owned(), raw: line.to_vec() }),
        None => Err(Refusal::bad("Empty header names are illegal.".to_owned())),
    }
}

/// The addr-spec in a mailbox such as `News <news@shop.example>`.
pub(in crate::lab) fn address_in(mailbox: &str) -> String {
    let inside = mailbox.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(mailbox, |(address, _)| address).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_with_its_folds_and_either_line_end() {
        let message = Message::read(b"From: \"A <b\" <a@x.example>\nSubject: one\n two\r\n\nbody\n.\r\nend").unwrap();
        assert_eq!(message.sender().as_deref(), Some("a@x.example"));
        assert_eq!(message.field("subject").unwrap().value(), "one two");
        assert_eq!(message.body, b"body\r\n.\r\nend");
        assert_eq!(Message::read(b"From: a@x.example").unwrap().body, b"");
    }

    #[test]
    fn what_ses_refuses_is_refused_and_nothing_else() {
        let from = "From: a@x.example\r\n";
        let rows = [
            (format!("{from}X-A: 1\r\nX-A: 2\r\nReceived: x\r\nReceived: y\r\n\r\nb"), None),
            (format!("{from}Subject: 1\r\nsubject: 2\r\n\r\nb"), Some("Duplicate header 'subject'.")),
            ("Subject: 1\r\n\r\nFrom: a@x.example".to_owned(), Some("Missing required header 'From'.")),
            ("From:\r\n\r\n".to_owned(), Some("Missing required header 'From'.")),
            (format!("{from}\r\n{}\r\n", "x".repeat(998)), None),
            (format!("{from}\r\n{}\r\n", "x".repeat(999)), Some("longer than 1000")),
            (format!("{from}X-A: {}\r\n\r\n", "x".repeat(994)), Some("longer than 1000")),
            (format!("{from}no field\r\n\r\n"), Some("Empty header names are illegal.")),
            (format!("{from}: x\r\n\r\n"), Some("Empty header names are illegal.")),
        ];
        for (text, expected) in rows {
            let outcome = Message::read(text.as_bytes()).and_then(|message| message.check());
            match (outcome, expected) {
                (Ok(()), None) => {}
                (Err(refusal), Some(words)) => assert!(refusal.message.contains(words), "{text}: {refusal:?}"),
                (outcome, _) => panic!("{text}: {outcome:?}"),
            }
        }
    }
}
