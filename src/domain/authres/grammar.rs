//! From tokens to results (RFC 8601 §2.2).

use super::tokens::{Chunk, Lexer, Token};
use super::{AuthResults, MOST_PROPERTIES, MOST_RESULTS, MethodResult, Oddity, Property};

/// Reads the value of one Authentication-Results header, folds and all.
pub(crate) fn parse(value: &str) -> AuthResults {
    let mut lexer = Lexer::new(value);
    let mut reading = Reading::default();
    for token in lexer.by_ref() {
        match token {
            Token::Semicolon => reading.end_segment(),
            Token::Comment(text) => reading.comment(text),
            Token::Chunk(chunk) => reading.chunk(chunk),
        }
    }
    reading.end_segment();
    for oddity in lexer.oddities {
        reading.header.note(oddity);
    }
    reading.header
}

/// A word that may still get its `=` or its value: white space is allowed on both sides.
#[derive(Debug)]
struct Pending {
    name: String,
    has_equals: bool,
}

#[derive(Debug, Default)]
struct Reading {
    header: AuthResults,
    /// The result of the segment at hand.
    open: Option<MethodResult>,
    pending: Option<Pending>,
    /// How many semicolons have been passed.
    segment: usize,
}

impl Reading {
    fn chunk(&mut self, chunk: Chunk) {
        match self.pending.take() {
            None => self.start(chunk),
            Some(Pending { name, has_equals: false }) if chunk.name.is_empty() && chunk.value.is_some() => {
                self.start(Chunk { name, ..chunk });
            }
            // White space is allowed around the point of a property, too.
            Some(Pending { name, has_equals: false })
                if self.open.is_some() && (name.ends_with('.') || chunk.name.starts_with('.')) =>
            {
                self.start(Chunk { name: format!("{name}{}", chunk.name), ..chunk });
            }
            Some(Pending { name, has_equals: false }) => {
                self.word(name);
                self.start(chunk);
            }
            // `smtp.mailfrom= header.from=x`: the next property is no value of this one.
            Some(Pending { name, has_equals: true }) if chunk.value.is_some() && chunk.name.contains('.') => {
                self.pair(&name, String::new());
                self.start(chunk);
            }
            Some(Pending { name, has_equals: true }) => self.pair(&name, chunk.whole()),
        }
    }

    fn start(&mut self, chunk: Chunk) {
        match chunk.value {
            Some(value) if !value.is_empty() || chunk.quoted => self.pair(&chunk.name, value),
            Some(_) => self.pending = Some(Pending { name: chunk.name, has_equals: true }),
            None => self.pending = Some(Pending { name: chunk.name, has_equals: false }),
        }
    }

    fn flush(&mut self) {
        match self.pending.take() {
            Some(Pending { name, has_equals: true }) => self.pair(&name, String::new()),
            Some(Pending { name, has_equals: false }) => self.word(name),
            None => {}
        }
    }

    fn end_segment(&mut self) {
        self.flush();
        self.segment = self.segment.saturating_add(1);
        if let Some(result) = self.open.take() {
            if self.header.results.len() < MOST_RESULTS {
                self.header.results.push(result);
            } else {
                self.header.note(Oddity::TooMany);
            }
        }
    }

    fn comment(&mut self, text: String) {
        // A word before the comment is complete, unless its `=` is still to come.
        if self.open.is_none() {
            return;
        }
        match self.open.as_mut() {
            Some(result) if result.comments.len() < MOST_PROPERTIES => result.comments.push(text),
            _ => self.header.note(Oddity::TooMany),
        }
    }

    /// `name=value`: a result where none is open, else a reason or a property.
    fn pair(&mut self, name: &str, value: String) {
        let Some(result) = self.open.as_mut() else {
            self.result(name, &value);
            return;
        };
        if name.eq_ignore_ascii_case("reason") {
            result.reason = Some(value);
        } else if result.properties.len() < MOST_PROPERTIES {
            result.properties.push(Property::new(name, value));
        } else {
            self.header.note(Oddity::TooMany);
        }
    }

    fn result(&mut self, name: &str, value: &str) {
        if self.segment == 0 && self.header.authserv_id.is_some() {
            self.header.note(Oddity::NoSemicolon);
        }
        if name.contains('.') || name.is_empty() {
            self.header.note(Oddity::StrayProperty);
        }
        let (method, version) = match name.split_once('/') {
            Some((method, version)) => (method, Some(version.to_owned())),
            None => (name, None),
        };
        self.open = Some(MethodResult {
            method: method.to_ascii_lowercase(),
            version,
            result: value.to_ascii_lowercase(),
            reason: None,
            properties: Vec::new(),
            comments: Vec::new(),
        });
    }

    /// A word without `=`: the id and its version at the beginning, `none` where nothing was checked.
    fn word(&mut self, word: String) {
        let at_start = self.segment == 0 && self.open.is_none();
        if at_start && self.header.authserv_id.is_none() {
            self.header.authserv_id = Some(word);
        } else if at_start && self.header.version.is_none() && word.chars().all(|c| c.is_ascii_digit()) {
            self.header.version = Some(word);
        } else if self.open.is_some() || !word.eq_ignore_ascii_case("none") {
            self.header.note(Oddity::StrayWord);
        }
    }
}

/// What Received-SPF says (RFC 7208 §9.1): a word, what it is about in parentheses, and pairs such as `client-ip`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ReceivedSpf {
    /// The result in lower case.
    pub(crate) result: String,
    /// The sentence in parentheses.
    pub(crate) comment: Option<String>,
    /// Names in lower case, with their values.
    pub(crate) pairs: Vec<(String, String)>,
}

impl ReceivedSpf {
    /// The value of a pair.
    pub(crate) fn pair(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the value of one Received-SPF header, in whatever order its parts come.
pub(crate) fn received_spf(value: &str) -> ReceivedSpf {
    let mut read = ReceivedSpf::default();
    for token in Lexer::new(value) {
        match token {
            Token::Chunk(Chunk { name, value: Some(value), .. }) if read.pairs.len() < MOST_PROPERTIES => {
                read.pairs.push((name.to_ascii_lowercase(), value));
            }
            Token::Chunk(Chunk { name, value: None, .. }) if read.result.is_empty() => {
                read.result = name.to_ascii_lowercase();
            }
            Token::Comment(text) if read.comment.is_none() => read.comment = Some(text),
            Token::Chunk(_) | Token::Comment(_) | Token::Semicolon => {}
        }
    }
    read
}
