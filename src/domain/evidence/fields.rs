//! The fields of a received header section, in order, as mail-parser parts them.
//!
//! Nothing is decoded: a value keeps its folds. Bytes that are no UTF-8 become U+FFFD.

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;
use mail_parser::{HeaderName, MessageParser};

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Its name as written.
    pub(crate) name: Cow<'a, str>,
    /// Its value, without the white space around it.
    pub(crate) value: Cow<'a, str>,
}

impl Field<'_> {
    /// Whether it bears this name; field names know no case (RFC 5322 §1.2.2).
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The fields of a message from the top down to the first empty line. A line that is no field is passed over.
pub(crate) fn fields(raw: &[u8]) -> Vec<Field<'_>> {
    // A map that is not empty keeps mail-parser from choosing a parser by the field's name.
    let parser = MessageParser::new().header_raw(HeaderName::Subject).default_header_raw();
    let mut headers = Vec::new();
    MessageStream::new(raw).parse_headers(&parser, &mut headers);
    let slice = |from: u32, to: u32| {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let bytes = raw.get(from..usize::try_from(to).unwrap_or(usize::MAX)).unwrap_or_default();
        String::from_utf8_lossy(bytes.trim_ascii())
    };
    let field = |header: &mail_parser::Header<'_>| {
        // A text that ends before any colon comes for a name alone.
        let name = match slice(header.offset_field, header.offset_start) {
            Cow::Borrowed(name) => Cow::Borrowed(name.strip_suffix(':')?.trim_end()),
            Cow::Owned(name) => Cow::Owned(name.strip_suffix(':')?.trim_end().to_owned()),
        };
        Some(Field { name, value: slice(header.offset_start, header.offset_end) })
    };
    headers.iter().filter_map(field).collect()
}

/// A value on one line, with every run of white space as one space.
pub(crate) fn unfolded(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// A stranger's word within a sentence: in quotes and not long.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = unfolded(text);
    let mut kept: String = text.chars().take(LONGEST).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    format!("\"{kept}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_order_with_their_folds_and_end_at_the_body() {
        let raw = b"Received: by x;\r\n\tdate\r\nX-A :b\r\nno field\r\nAuthentication-Results:\r\n mx; dkim=pass\r\n\r\nBody: x\r\n";
        let fields = fields(raw);
        let shown: Vec<_> = fields.iter().map(|field| (field.name.as_ref(), unfolded(&field.value))).collect();
        let wanted = [("Received", "by x; date"), ("X-A", "b"), ("Authentication-Results", "mx; dkim=pass")];
        assert_eq!(shown, wanted.map(|(name, value)| (name, value.to_owned())));
        assert!(fields[2].is("authentication-RESULTS") && !fields[2].is("Authentication-Result"));
    }

    #[test]
    fn any_bytes_have_fields_or_none() {
        for raw in [
            &b""[..],
            b"\n",
            b":",
            b"\xff\xfe: \xff\r\n x",
            b"a",
            b"a:",
            b"Received:\n\t",
            b"\r\n\r\na: b",
            b"a:b\r\n \r\n c:d",
        ] {
            let _ = fields(raw);
        }
        assert!(fields(b"\xff\xff").is_empty() && fields(b"a b c").is_empty());
        assert_eq!(fields(b"\xff: \xfe\r\n")[0].name, "\u{fffd}");
    }
}
