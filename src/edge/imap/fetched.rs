//! What one FETCH response says of one message: its UID, when it arrived, and its header.

use imap_proto::{AttributeValue, MessageSection, SectionPath};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// A message as one response showed it. A response may show any part of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched<'a> {
    /// Its UID; without one the response is of no use.
    pub(super) uid: Option<u32>,
    /// INTERNALDATE, if there was one that means a moment.
    pub(super) arrived_at: Option<Timestamp>,
    /// Its header section; `None` if the response has none, NIL, or one without any field: no message came over the
    /// internet without one, and servers answer so for what they cannot read at the moment.
    pub(super) header: Option<&'a [u8]>,
    /// Whether somebody answered it.
    pub(super) answered: bool,
    /// Whether somebody starred it.
    pub(super) flagged: bool,
}

impl<'a> Fetched<'a> {
    /// Reads the attributes of a FETCH response. An attribute that we did not ask for is passed over.
    #[expect(clippy::wildcard_enum_match_arm, reason = "foreign and open: other attributes say nothing that was asked")]
    pub(super) fn of(attributes: &'a [AttributeValue<'a>]) -> Self {
        let mut fetched = Self::default();
        for attribute in attributes {
            match attribute {
                AttributeValue::Uid(uid) => fetched.uid = Some(*uid).filter(|&uid| uid > 0),
                AttributeValue::Flags(flags) => {
                    let has = |wanted: &str| flags.iter().any(|flag| flag.eq_ignore_ascii_case(wanted));
                    (fetched.answered, fetched.flagged) = (has("\\Answered"), has("\\Flagged"));
                }
                AttributeValue::InternalDate(text) => fetched.arrived_at = internal_date(text),
                AttributeValue::BodySection {
                    section: Some(SectionPath::Full(MessageSection::Header)),
                    index: None | Some(0),
                    data,
                }
                | AttributeValue::Rfc822Header(data) => {
                    let read = data.as_deref().filter(|header| header.contains(&b':'));
                    fetched.header = read.or(fetched.header);
                }
                _ => {}
            }
        }
        fetched
    }
}

/// A `date-time` (RFC 3501 §9), such as `17-Jul-1996 02:44:25 -0700`, with a blank before a single digit of the day.
fn internal_date(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let mut date = date.split('-');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let mut time = time.split(':');
    let (hour, minute, second) = (time.next()?, time.next()?, time.next()?);
    let civil = Date::new(year.parse().ok()?, month_number(month)?, day.parse().ok()?).ok()?.at(0, 0, 0, 0);
    // A leap second counts as the last of its minute.
    let second: i8 = second.parse::<i8>().ok()?.min(59);
    let civil = civil.with().hour(hour.parse().ok()?).minute(minute.parse().ok()?).second(second).build().ok()?;
    offset(zone)?.to_timestamp(civil).ok()
}

fn month_number(name: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let at = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month))?;
    i8::try_from(at).ok()?.checked_add(1)
}

fn offset(zone: &str) -> Option<Offset> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let seconds =
        hours.parse::<i32>().ok()?.checked_mul(3600)?.checked_add(minutes.parse::<i32>().ok()?.checked_mul(60)?)?;
    Offset::from_seconds(seconds.checked_mul(sign)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_moment_or_nothing() {
        for (text, moment) in [
            ("17-Jul-1996 02:44:25 -0700", Some("1996-07-17T09:44:25Z")),
            (" 5-Nov-2026 10:00:00 +0000", Some("2026-11-05T10:00:00Z")),
            ("5-nov-2026 10:00:00 +0530", Some("2026-11-05T04:30:00Z")),
            ("31-Dec-2016 23:59:60 +0000", Some("2016-12-31T23:59:59Z")),
            ("", None),
            ("31-Feb-2026 10:00:00 +0000", None),
            ("05-Nov-2026 25:00:00 +0000", None),
            ("05-Nov-2026 10:00:00", None),
            ("05-Nov-2026 10:00:00 é000", None),
            ("99999999999-Nov-2026 1:1:1 +9999", None),
        ] {
            assert_eq!(internal_date(text), moment.map(|text| text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_header_is_taken_in_every_form_that_servers_give_it() {
        for (line, uid, header) in [
            ("* 3 FETCH (UID 9 BODY[HEADER]<0> {2}\r\nA:)\r\n", Some(9), Some("A:")),
            ("* 3 FETCH (BODY[HEADER] \"A:\" UID 9)\r\n", Some(9), Some("A:")),
            ("* 3 FETCH (UID 9 RFC822.HEADER {2}\r\nA:)\r\n", Some(9), Some("A:")),
            ("* 3 FETCH (UID 9 BODY[HEADER]<0> NIL)\r\n", Some(9), None),
            ("* 3 FETCH (UID 9 BODY[HEADER]<0> {0}\r\n)\r\n", Some(9), None),
            ("* 3 FETCH (UID 9 BODY[HEADER] \"\")\r\n", Some(9), None),
            ("* 3 FETCH (UID 9 BODY[HEADER]<0> {2}\r\n\r\n)\r\n", Some(9), None),
            ("* 3 FETCH (UID 9 BODY[TEXT] {2}\r\nA:)\r\n", Some(9), None),
            ("* 3 FETCH (UID 9 BODY[HEADER]<5> {2}\r\nA:)\r\n", Some(9), None),
            ("* 3 FETCH (UID 0 FLAGS (\\Seen))\r\n", None, None),
        ] {
            let (_, response) = imap_proto::Response::parse(line.as_bytes()).unwrap();
            let imap_proto::Response::Fetch(_, attributes) = response else { panic!("{line}") };
            let fetched = Fetched::of(&attributes);
            assert_eq!((fetched.uid, fetched.header), (uid, header.map(str::as_bytes)), "{line}");
        }
    }
}
