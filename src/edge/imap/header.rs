//! Whose probe a message is, by its header section (RFC 5322 §2.2): by the tag that we gave it, or by the id that SES
//! gave it.
//!
//! Only tags and ids of probes that were sent to this very seed are compared, whole, and in a time that does not tell how
//! much of a forged one is right.

use subtle::ConstantTimeEq as _;

use crate::domain::look::Sought;
use crate::domain::probe::{ProbeId, TAG_HEADER};

/// The probe that this header belongs to. A tag goes before an id: nobody outside can guess one.
pub(super) fn claim(header: &[u8], sought: &[Sought]) -> Option<ProbeId> {
    let mut tags = Vec::new();
    let mut ids = Vec::new();
    for (name, value) in fields(header) {
        if name.eq_ignore_ascii_case(TAG_HEADER.as_bytes()) {
            tags.push(value);
        } else if name.eq_ignore_ascii_case(b"Message-ID") || name.eq_ignore_ascii_case(b"Return-Path") {
            ids.extend(local_part(&value).map(<[u8]>::to_vec));
        }
    }
    let among =
        |found: &[Vec<u8>], key: &str| found.iter().any(|text| bool::from(text.as_slice().ct_eq(key.as_bytes())));
    let tagged = sought.iter().find(|probe| probe.tag.as_ref().is_some_and(|tag| among(&tags, tag.as_str())));
    tagged
        .or_else(|| sought.iter().find(|probe| probe.ses_id.as_ref().is_some_and(|id| among(&ids, id.as_str()))))
        .map(|probe| probe.probe)
}

/// The fields of a header section, unfolded and trimmed. It ends at the first empty line; a line that is no field is
/// passed over.
fn fields(header: &[u8]) -> Vec<(&[u8], Vec<u8>)> {
    let mut fields: Vec<(&[u8], Vec<u8>)> = Vec::new();
    let mut in_field = false;
    for line in header.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some((_, value)) = fields.last_mut().filter(|_| in_field) {
                value.extend_from_slice(line);
            }
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':');
        in_field = colon.is_some();
        if let Some((name, rest)) = colon.and_then(|at| line.split_at_checked(at)) {
            fields.push((name.trim_ascii_end(), rest.get(1..).unwrap_or_default().to_vec()));
        }
    }
    for (_, value) in &mut fields {
        *value = value.trim_ascii().to_vec();
    }
    fields
}

/// What stands before the `@` of an id or address, in angle brackets or without.
fn local_part(value: &[u8]) -> Option<&[u8]> {
    let start = value.iter().position(|&byte| byte == b'<').map_or(0, |at| at.saturating_add(1));
    let inner = value.get(start..)?;
    let at = inner.iter().position(|&byte| byte == b'@')?;
    inner.get(..at).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::probe::{SesId, Tag};

    const TAG: &str = "abcdefghijklmnopqrstuvwx27";
    const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn sought() -> Vec<Sought> {
        vec![
            Sought { probe: ProbeId(1), tag: Tag::parse(TAG), ses_id: SesId::new("0107-one-000000"), ask_tab: false },
            Sought { probe: ProbeId(2), tag: None, ses_id: SesId::new("0107-two-000000"), ask_tab: false },
        ]
    }

    #[test]
    fn a_message_belongs_to_the_probe_whose_key_it_bears_whole() {
        for (header, probe) in [
            (format!("X-Inboxed-Probe: {TAG}\r\n\r\n"), Some(1)),
            (format!("x-inboxed-PROBE :\t{TAG} \n\n"), Some(1)),
            (format!("X-Inboxed-Probe:\r\n {TAG}\r\n\r\n"), Some(1)),
            (format!("X-Inboxed-Probe: {OTHER}\r\nX-Inboxed-Probe: {TAG}\r\n\r\n"), Some(1)),
            (format!("A: b\r\n  X-Inboxed-Probe: {TAG}\r\n\r\n"), None),
            (format!("X-Inboxed-Probe: {OTHER}\r\n\r\n"), None),
            (format!("X-Inboxed-Probe: {TAG}x\r\n\r\n"), None),
            (format!("X-Inboxed-Probe: {}\r\n\r\n", TAG.trim_end_matches('7')), None),
            (format!("X-Inboxed-Probe: {}\r\n\r\n", TAG.to_uppercase()), None),
            (format!("Subject: {TAG}\r\n\r\n"), None),
            (format!("A: b\r\n\r\nX-Inboxed-Probe: {TAG}\r\n"), None),
            ("Message-ID: <0107-two-000000@eu-central-1.amazonses.com>\r\n\r\n".to_owned(), Some(2)),
            ("Message-ID:\r\n\t<0107-two-000000@email.amazonses.com>\r\n".to_owned(), Some(2)),
            ("Return-Path: 0107-two-000000@mail.shop.example\r\n".to_owned(), Some(2)),
            ("Return-Path: <0107-two-000000@x>\r\nMessage-ID: <a@b>\r\n".to_owned(), Some(2)),
            ("Message-ID: <0107-two-0000001@x>\r\n".to_owned(), None),
            ("References: <0107-two-000000@x>\r\n".to_owned(), None),
            (format!("Message-ID: <0107-two-000000@x>\r\nX-Inboxed-Probe: {TAG}\r\n"), Some(1)),
            (String::new(), None),
            (":\r\n\u{0}\r\n@\r\n".to_owned(), None),
        ] {
            assert_eq!(claim(header.as_bytes(), &sought()), probe.map(ProbeId), "{header:?}");
        }
    }

    #[test]
    fn the_tag_of_another_seed_is_nobodys() {
        let header = format!("X-Inboxed-Probe: {OTHER}\r\nMessage-ID: <0107-three@x>\r\n\r\n");
        assert_eq!(claim(header.as_bytes(), &sought()), None);
        assert_eq!(claim(header.as_bytes(), &[]), None);
    }
}
