//! Where one response ends (RFC 3501 §2.2, §4.3): a line, with the literals that it announces.
//!
//! Lengths and nesting are measured here, before any parser sees a byte: a parser that recurses once for each
//! parenthesis can be made to overflow its stack, which nothing can catch.

/// What is taken from a server, at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of one literal.
    pub(super) literal: u64,
    /// Bytes of one response outside its literals.
    pub(super) line: usize,
    /// Bytes of one response.
    pub(super) response: usize,
    /// Parentheses inside each other.
    pub(super) depth: u32,
    /// Bytes during one flight of commands.
    pub(super) flight: u64,
    /// Bytes during one session.
    pub(super) session: u64,
    /// Responses during one flight.
    pub(super) responses: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            literal: 256 * 1024,
            line: 64 * 1024,
            response: 1024 * 1024,
            depth: 64,
            flight: 64 * 1024 * 1024,
            session: 1024 * 1024 * 1024,
            responses: 200_000,
        }
    }
}

/// A bound that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// Of a literal.
    Literal,
    /// Of a line.
    Line,
    /// Of a response.
    Response,
    /// Of nesting.
    Depth,
}

/// How far the response at the front of a buffer was followed.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// Bytes followed so far.
    at: usize,
    /// Bytes outside literals.
    line: usize,
    /// Where the line being followed began: behind the last literal.
    line_began: usize,
    /// Where the literal being skipped ends.
    literal_ends: usize,
    depth: u32,
    quoted: bool,
    escaped: bool,
    /// Whether the rest is words for people (`resp-text`), where quotes, braces and parentheses mean nothing; known once
    /// the first words are there.
    prose: Option<bool>,
    /// Line feeds that no carriage return stands before.
    bare: Vec<usize>,
}

impl Framer {
    /// Follows the response at the front of `bytes`, of which a longer and longer part is passed at each call. `Some` is
    /// its length.
    pub(super) fn follow(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Excess> {
        loop {
            if self.literal_ends > self.at {
                self.at = self.literal_ends.min(bytes.len());
                if self.at < self.literal_ends {
                    return Ok(None);
                }
                self.line_began = self.at;
            }
            let Some(&byte) = bytes.get(self.at) else { return Ok(None) };
            self.at = self.at.saturating_add(1);
            self.line = self.line.saturating_add(1);
            if self.line > limits.line {
                return Err(Excess::Line);
            }
            if self.at > limits.response {
                return Err(Excess::Response);
            }
            if byte == b'\n' {
                if self.ends_here(bytes, limits)? {
                    return Ok(Some(self.at));
                }
            } else {
                self.measure(byte, bytes, limits)?;
            }
        }
    }

    /// Line feeds of the finished response that stand alone.
    pub(super) fn bare_line_feeds(&self) -> &[usize] {
        &self.bare
    }

    fn measure(&mut self, byte: u8, bytes: &[u8], limits: &Limits) -> Result<(), Excess> {
        if self.prose.is_none() && matches!(byte, b' ' | b'(' | b'{' | b'"') {
            self.prose = is_prose(bytes.get(..self.at).unwrap_or_default());
        }
        if self.prose == Some(true) {
            return Ok(());
        }
        if self.quoted {
            (self.quoted, self.escaped) = match byte {
                _ if self.escaped => (true, false),
                b'\\' => (true, true),
                b'"' => (false, false),
                _ => (true, false),
            };
            return Ok(());
        }
        match byte {
            b'"' => self.quoted = true,
            b'(' => self.depth = self.depth.saturating_add(1),
            b')' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > limits.depth { Err(Excess::Depth) } else { Ok(()) }
    }

    /// At a line feed: whether the response ends, or goes on behind a literal.
    fn ends_here(&mut self, bytes: &[u8], limits: &Limits) -> Result<bool, Excess> {
        let line = bytes.get(self.line_began..self.at.saturating_sub(1)).unwrap_or_default();
        let Some(line) = line.strip_suffix(b"\r") else {
            self.bare.push(self.at.saturating_sub(1));
            return Ok(true);
        };
        let in_prose = self.prose.unwrap_or(true);
        let Some(announced) = announced_literal(line).filter(|_| !self.quoted && !in_prose) else { return Ok(true) };
        if announced > limits.literal {
            return Err(Excess::Literal);
        }
        let length = usize::try_from(announced).map_err(|_| Excess::Literal)?;
        self.literal_ends = self.at.saturating_add(length);
        self.line_began = self.literal_ends;
        if self.literal_ends > limits.response { Err(Excess::Response) } else { Ok(false) }
    }
}

/// The length that a line ending in `{n}` announces. More digits than a number can hold are a very long literal.
fn announced_literal(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let inner = inner.strip_suffix(b"+").unwrap_or(inner);
    let open = inner.iter().rposition(|&byte| byte == b'{')?;
    let digits = inner.get(open.saturating_add(1)..)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}

/// Whether a response that begins with these bytes goes on as words for people: continuations, tagged answers and the
/// untagged OK, NO, BAD, BYE and PREAUTH. `None` while that cannot be told.
fn is_prose(start: &[u8]) -> Option<bool> {
    let Some(rest) = start.strip_prefix(b"* ") else { return Some(true) };
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'(' | b'{' | b'"'))?;
    let word = rest.get(..end)?;
    Some([&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows `bytes` as they come one by one, and all at once: both must agree.
    fn follow(bytes: &[u8]) -> Result<Option<usize>, Excess> {
        let limits = Limits::default();
        let at_once = Framer::default().follow(bytes, &limits);
        let mut slowly = Framer::default();
        let mut last = Ok(None);
        for length in 0..=bytes.len() {
            last = slowly.follow(&bytes[..length], &limits);
            if last != Ok(None) {
                break;
            }
        }
        assert_eq!(at_once, last, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
        at_once
    }

    #[test]
    fn a_response_ends_at_its_line_or_behind_its_literals() {
        for (response, rest) in [
            ("* OK hello\r\n", "* BYE\r\n"),
            ("* 1 FETCH (BODY[HEADER] {3}\r\na\nb UID 7)\r\n", "rest"),
            ("* 1 FETCH (BODY[HEADER] {0}\r\n)\r\n", ""),
            ("* 1 FETCH (BODY[HEADER] {2+}\r\n)( X)\r\n", ""),
            ("* OK give me {3}\r\n", "abc"),
            ("i1 NO say \"{3}\r\n", "abc"),
            ("+ {3}\r\n", "abc"),
            ("* LIST () \"/\" \"a{3}\"\r\n", ""),
            ("* LIST () \"/\" \"a{3}\r\n", "abc"),
            ("* LIST () \"/\" {4}\r\n\"(\r\n\r\n", ""),
            ("* SEARCH 1\n", "x"),
            ("\r\n", ""),
        ] {
            let bytes = format!("{response}{rest}");
            assert_eq!(follow(bytes.as_bytes()), Ok(Some(response.len())), "{bytes:?}");
        }
        for unfinished in
            ["", "* OK hello", "* 1 FETCH (BODY[HEADER] {3}\r\na", "* 1 FETCH (BODY[HEADER] {3}\r\nabc)\r"]
        {
            assert_eq!(follow(unfinished.as_bytes()), Ok(None), "{unfinished:?}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused_before_it_is_read() {
        let parens = |n: usize| format!("* 1 FETCH (BODYSTRUCTURE {}", "(".repeat(n)).into_bytes();
        assert_eq!(follow(&parens(1_000)), Err(Excess::Depth));
        assert_eq!(follow(&parens(60)), Ok(None));
        assert_eq!(follow(b"* 1 FETCH (BODY[HEADER] {500000000}\r\n"), Err(Excess::Literal));
        assert_eq!(follow(b"* 1 FETCH (BODY[HEADER] {99999999999999999999999}\r\n"), Err(Excess::Literal));
        let mut long = b"* LIST () NIL ".to_vec();
        long.resize(70_000, b'x');
        assert_eq!(Framer::default().follow(&long, &Limits::default()), Err(Excess::Line));
        let many = format!("* 1 FETCH ({}", format!("X {{200000}}\r\n{} ", "y".repeat(200_000)).repeat(6));
        assert_eq!(Framer::default().follow(many.as_bytes(), &Limits::default()), Err(Excess::Response));
    }

    #[test]
    fn parentheses_in_quotes_literals_and_words_are_no_nesting() {
        let deep = "(".repeat(500);
        for line in [
            format!("* LIST () \"/\" \"{deep}\"\r\n"),
            format!("* LIST () \"/\" {{500}}\r\n{deep}\r\n"),
            format!("* OK {deep}\r\n"),
            format!("i1 BAD {deep}\r\n"),
        ] {
            assert_eq!(follow(line.as_bytes()), Ok(Some(line.len())), "{line}");
        }
    }
}
