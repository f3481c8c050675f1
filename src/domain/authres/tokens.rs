//! Tokens of Authentication-Results: chunks, comments and semicolons.
//!
//! A chunk is a run of characters without white space outside quotes, such as `dkim=pass` or `header.b="MR/ADaan"`. White
//! space of any kind only parts chunks, and within quotes and comments any run of it is one space, so that no folding
//! (RFC 5322 §2.2.3) changes a token. Each character is looked at once.

use std::iter::Peekable;
use std::str::Chars;

use super::Oddity;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A run without white space.
    Chunk(Chunk),
    /// A comment without its outer parentheses (RFC 5322 §3.2.2).
    Comment(String),
    /// What parts results.
    Semicolon,
}

/// A run of characters, parted at its first `=` outside quotes; quotes and backslashes are resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Chunk {
    /// What stands before the `=`, or all of it.
    pub(super) name: String,
    /// What stands behind the `=`; `None` without one.
    pub(super) value: Option<String>,
    /// Whether the value, or the whole chunk without one, holds a quoted part: then an empty value is meant.
    pub(super) quoted: bool,
}

impl Chunk {
    fn push(&mut self, c: char) {
        self.value.as_mut().unwrap_or(&mut self.name).push(c);
    }

    /// The text as if the `=` parted nothing.
    pub(super) fn whole(self) -> String {
        match self.value {
            Some(value) => format!("{}={value}", self.name),
            None => self.name,
        }
    }
}

/// Reads tokens, one at a time, to the end of the text.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    /// What was odd.
    pub(super) oddities: Vec<Oddity>,
    /// How many characters were taken; a test holds it against the length of the text.
    #[cfg(test)]
    pub(super) taken: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            chars: text.chars().peekable(),
            oddities: Vec::new(),
            #[cfg(test)]
            taken: 0,
        }
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.chars.next();
        #[cfg(test)]
        {
            self.taken += usize::from(taken.is_some());
        }
        taken
    }

    fn note(&mut self, oddity: Oddity) {
        if !self.oddities.contains(&oddity) {
            self.oddities.push(oddity);
        }
    }

    /// The rest of a comment whose parenthesis has been taken. Depth is counted, not recursed.
    fn comment(&mut self) -> String {
        let mut text = String::new();
        let mut depth = 1_usize;
        while let Some(c) = self.take() {
            match c {
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                '\\' => {
                    if let Some(quoted) = self.take() {
                        push_spaced(&mut text, quoted);
                    }
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                text.truncate(text.trim_end().len());
                return text;
            }
            push_spaced(&mut text, c);
        }
        self.note(Oddity::OpenComment);
        text.truncate(text.trim_end().len());
        text
    }

    /// A chunk that begins with the character at hand.
    fn chunk(&mut self) -> Chunk {
        let mut chunk = Chunk::default();
        while let Some(&c) = self.chars.peek() {
            match c {
                ';' | '(' => break,
                c if is_space(c) => break,
                ')' => self.note(Oddity::StrayParenthesis),
                '"' => {
                    self.take();
                    self.quoted(&mut chunk);
                    continue;
                }
                '=' if chunk.value.is_none() => {
                    self.take();
                    chunk.value = Some(String::new());
                    chunk.quoted = false;
                    continue;
                }
                _ => {}
            }
            self.take();
            chunk.push(c);
        }
        chunk
    }

    /// The rest of a quoted string (RFC 5322 §3.2.4) whose quote has been taken.
    fn quoted(&mut self, chunk: &mut Chunk) {
        chunk.quoted = true;
        let mut text = String::new();
        loop {
            match self.take() {
                Some('"') => break,
                Some('\\') => {
                    if let Some(c) = self.take() {
                        push_spaced(&mut text, c);
                    }
                }
                Some(c) => push_spaced(&mut text, c),
                None => {
                    self.note(Oddity::OpenQuote);
                    text.truncate(text.trim_end().len());
                    break;
                }
            }
        }
        chunk.value.as_mut().unwrap_or(&mut chunk.name).push_str(&text);
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            match *self.chars.peek()? {
                c if is_space(c) => drop(self.take()),
                ';' => {
                    self.take();
                    return Some(Token::Semicolon);
                }
                '(' => {
                    self.take();
                    return Some(Token::Comment(self.comment()));
                }
                _ => return Some(Token::Chunk(self.chunk())),
            }
        }
    }
}

/// White space of header fields, with the line ends of their folds.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Adds a character, a run of white space as one space and none at the beginning.
fn push_spaced(text: &mut String, c: char) {
    if !is_space(c) {
        text.push(c);
    } else if !text.is_empty() && !text.ends_with(' ') {
        text.push(' ');
    }
}
