//! What a client said, taken apart: tag, verb and arguments (RFC 3501 §9).
//!
//! As strict as the strictest server: one space between arguments, no empty argument. It knows the grammar of
//! arguments and the names of commands, not what the arguments of each command mean.

use crate::lab::fault::Verb;

/// How deep lists may lie in lists.
const DEEPEST: usize = 8;

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    /// An atom, with what stands in square brackets: `BODY.PEEK[HEADER.FIELDS (From)]<0.100>` is one.
    Atom(String),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    /// A list in parentheses.
    List(Vec<Self>),
}

impl Argument {
    /// What it says where an `astring` or a `list-mailbox` may stand; `None` for a list and for text that is not UTF-8.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Atom(atom) => Some(atom),
            Self::Text(bytes) => str::from_utf8(bytes).ok(),
            Self::List(_) => None,
        }
    }

    /// Whether it is this atom, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Atom(atom) if atom.eq_ignore_ascii_case(word))
    }
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) tag: String,
    pub(super) verb: Verb,
    /// The command's name in capitals, without UID.
    pub(super) name: String,
    /// Whether UID stood before its name.
    pub(super) by_uid: bool,
    pub(super) arguments: Vec<Argument>,
}

/// What could not be taken apart: the tag to refuse it under, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nonsense {
    pub(super) tag: String,
    pub(super) why: &'static str,
}

impl Command {
    /// Takes a command apart, literals inside.
    pub(super) fn parse(raw: &[u8]) -> Result<Self, Nonsense> {
        let tag = raw.split(|byte| *byte == b' ').next().unwrap_or_default();
        let fits = |byte: &u8| byte.is_ascii_graphic() && !b"(){%*\"\\+]".contains(byte);
        if tag.is_empty() || !tag.iter().all(fits) {
            return Err(Nonsense { tag: "*".to_owned(), why: "Invalid tag" });
        }
        let nonsense = |why| Nonsense { tag: String::from_utf8_lossy(tag).into_owned(), why };
        let mut words = Reader { rest: raw }.all().ok_or_else(|| nonsense("Could not parse command"))?.into_iter();
        words.next();
        let mut name = words.next().and_then(word).ok_or_else(|| nonsense("Missing command"))?;
        let by_uid = name == "UID";
        if by_uid {
            name = words.next().and_then(word).ok_or_else(|| nonsense("Missing command"))?;
        }
        let verb = verb(&name).ok_or_else(|| nonsense("Unknown command"))?;
        if by_uid && !matches!(name.as_str(), "FETCH" | "SEARCH" | "STORE" | "COPY" | "MOVE" | "EXPUNGE") {
            return Err(nonsense("Unknown command"));
        }
        let tag = String::from_utf8_lossy(tag).into_owned();
        Ok(Self { tag, verb, name, by_uid, arguments: words.collect() })
    }
}

fn word(argument: Argument) -> Option<String> {
    match argument {
        Argument::Atom(atom) => Some(atom.to_ascii_uppercase()),
        Argument::Text(_) | Argument::List(_) => None,
    }
}

fn verb(name: &str) -> Option<Verb> {
    Some(match name {
        "CAPABILITY" => Verb::Capability,
        "STARTTLS" => Verb::StartTls,
        "LOGIN" => Verb::Login,
        "AUTHENTICATE" => Verb::Authenticate,
        "ID" => Verb::Id,
        "NAMESPACE" => Verb::Namespace,
        "LIST" => Verb::List,
        "STATUS" => Verb::Status,
        "EXAMINE" => Verb::Examine,
        "SELECT" => Verb::Select,
        "FETCH" => Verb::Fetch,
        "SEARCH" => Verb::Search,
        "NOOP" | "CHECK" => Verb::Noop,
        "IDLE" => Verb::Idle,
        "UNSELECT" => Verb::Unselect,
        "CLOSE" => Verb::Close,
        "LOGOUT" => Verb::Logout,
        "STORE" | "COPY" | "MOVE" | "EXPUNGE" | "APPEND" | "CREATE" | "DELETE" | "RENAME" | "SUBSCRIBE"
        | "UNSUBSCRIBE" => Verb::Write,
        _ => return None,
    })
}

/// A command as the journal may keep it: of LOGIN and AUTHENTICATE only what is no secret.
pub(super) fn redacted(raw: &[u8], parsed: Result<&Command, &Nonsense>) -> String {
    let shown: String = String::from_utf8_lossy(raw)
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    match parsed {
        Ok(command) if matches!(command.verb, Verb::Login | Verb::Authenticate) => {
            let first = command.arguments.first().and_then(Argument::text).unwrap_or("***");
            let rest = if command.arguments.len() > 1 { " ***" } else { "" };
            format!("{} {} {first}{rest}", command.tag, command.name)
        }
        Ok(_) => shown,
        Err(_) => {
            let capitals = shown.to_ascii_uppercase();
            if capitals.contains("LOGIN") || capitals.contains("AUTHENTICATE") { "***".to_owned() } else { shown }
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn all(mut self) -> Option<Vec<Argument>> {
        let arguments = self.arguments(0)?;
        self.rest.is_empty().then_some(arguments)
    }

    /// Arguments up to the end, or in a list up to its closing parenthesis.
    fn arguments(&mut self, depth: usize) -> Option<Vec<Argument>> {
        let mut arguments = Vec::new();
        if let ([b')', rest @ ..], 1..) = (self.rest, depth) {
            self.rest = rest;
            return Some(arguments);
        }
        loop {
            arguments.push(self.argument(depth)?);
            match (self.rest, depth) {
                ([b' ', rest @ ..], _) => self.rest = rest,
                ([b')', rest @ ..], 1..) => {
                    self.rest = rest;
                    return Some(arguments);
                }
                ([], 0) => return Some(arguments),
                _ => return None,
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Option<Argument> {
        match self.rest {
            [b'(', rest @ ..] if depth < DEEPEST => {
                self.rest = rest;
                self.arguments(depth + 1).map(Argument::List)
            }
            [b'"', rest @ ..] => {
                self.rest = rest;
                self.quoted().map(Argument::Text)
            }
            [b'{', rest @ ..] => {
                self.rest = rest;
                self.literal().map(Argument::Text)
            }
            _ => self.atom().map(Argument::Atom),
        }
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Some(text);
                }
                [b'\\', escaped @ (b'"' | b'\\'), rest @ ..] => {
                    text.push(*escaped);
                    self.rest = rest;
                }
                [b'\\' | b'\r' | b'\n', ..] | [] => return None,
                [byte, rest @ ..] => {
                    text.push(*byte);
                    self.rest = rest;
                }
            }
        }
    }

    fn literal(&mut self) -> Option<Vec<u8>> {
        let end = self.rest.iter().position(|byte| *byte == b'}')?;
        let (digits, rest) = self.rest.split_at_checked(end)?;
        let digits = digits.strip_suffix(b"+").unwrap_or(digits);
        let length: usize = str::from_utf8(digits).ok()?.parse().ok()?;
        let (literal, rest) = rest.strip_prefix(b"}\r\n")?.split_at_checked(length)?;
        self.rest = rest;
        Some(literal.to_vec())
    }

    fn atom(&mut self) -> Option<String> {
        let mut in_brackets = false;
        let end = self.rest.iter().position(|byte| {
            match byte {
                b'[' => in_brackets = true,
                b']' => in_brackets = false,
                _ => {}
            }
            !in_brackets && b" ()\"{".contains(byte)
        });
        let (atom, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        let fits = !atom.is_empty() && atom.iter().all(|byte| matches!(byte, b' '..=b'~'));
        fits.then(|| String::from_utf8_lossy(atom).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(text: &str) -> Argument {
        Argument::Atom(text.to_owned())
    }

    fn text(text: &str) -> Argument {
        Argument::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn commands_are_taken_apart_with_their_quotes_literals_and_lists() {
        for (raw, verb, by_uid, arguments) in [
            ("a1 NOOP", Verb::Noop, false, vec![]),
            (r#"a login "an\"na" "p\\w""#, Verb::Login, false, vec![text("an\"na"), text("p\\w")]),
            ("a LOGIN {4}\r\nanna {3+}\r\np w", Verb::Login, false, vec![text("anna"), text("p w")]),
            (
                "a UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (From To)]<0.9>)",
                Verb::Fetch,
                true,
                vec![atom("1:*"), Argument::List(vec![atom("UID"), atom("BODY.PEEK[HEADER.FIELDS (From To)]<0.9>")])],
            ),
            ("a ID ()", Verb::Id, false, vec![Argument::List(vec![])]),
            ("a LIST \"\" *", Verb::List, false, vec![text(""), atom("*")]),
        ] {
            let command = Command::parse(raw.as_bytes()).unwrap();
            assert_eq!((command.verb, command.by_uid, command.arguments), (verb, by_uid, arguments), "{raw}");
        }
    }

    #[test]
    fn nonsense_is_refused_under_its_own_tag() {
        for (raw, tag) in [
            ("", "*"),
            ("* OK", "*"),
            ("a", "a"),
            ("a ", "a"),
            ("a  NOOP", "a"),
            ("a NOOP ", "a"),
            ("a DANCE", "a"),
            ("a UID NOOP", "a"),
            ("a LOGIN \"anna", "a"),
            ("a LOGIN \"a\\nb\" c", "a"),
            ("a ID (\"x\" NIL", "a"),
            ("a ID x)", "a"),
            ("a ID (((((((((x)))))))))", "a"),
            ("a LOGIN {9}\r\nanna", "a"),
            ("a LOGIN \u{e9} x", "a"),
        ] {
            assert_eq!(Command::parse(raw.as_bytes()).unwrap_err().tag, tag, "{raw}");
        }
    }

    #[test]
    fn the_journal_never_sees_a_secret() {
        for (raw, kept) in [
            ("a LOGIN anna hunter2", "a LOGIN anna ***"),
            ("a LOGIN {4}\r\nanna {7}\r\nhunter2", "a LOGIN anna ***"),
            ("a AUTHENTICATE PLAIN hunter2", "a AUTHENTICATE PLAIN ***"),
            ("a AUTHENTICATE PLAIN", "a AUTHENTICATE PLAIN"),
            ("a  login anna hunter2", "***"),
            ("a LIST \"\" {1}\r\n*", "a LIST \"\" {1}\\r\\n*"),
        ] {
            let parsed = Command::parse(raw.as_bytes());
            assert_eq!(redacted(raw.as_bytes(), parsed.as_ref()), kept);
        }
    }
}
