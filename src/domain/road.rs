//! The road: by which hops a message came, when, from where and how encrypted, as its trace fields tell (RFC 5321 §4.4).
//!
//! Received lines are told from the first hop to the last. Those from the receiver's border upwards were written by the
//! receiver; everything below them is what others claim.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use mail_parser::parsers::MessageStream;
use mail_parser::{Greeting, Host, Protocol, TlsVersion};

use super::evidence::fields::unfolded;

/// Longest Received line that is read; the rest of a longer one says nothing more.
const LONGEST: usize = 4096;

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hop {
    /// What the peer called itself or was called.
    pub(crate) from: Option<String>,
    /// What it said in HELO or EHLO, where that is told apart.
    pub(crate) helo: Option<String>,
    /// The peer's address.
    pub(crate) ip: Option<IpAddr>,
    /// Who took the message.
    pub(crate) by: Option<String>,
    /// The protocol, such as `ESMTPS`.
    pub(crate) with: Option<String>,
    /// The version of TLS, such as `TLS 1.3`.
    pub(crate) tls: Option<String>,
    /// The cipher.
    pub(crate) cipher: Option<String>,
    /// When it was taken.
    pub(crate) at: Option<Timestamp>,
    /// Time since the hop before, for the first one since Date; `None` where a date is missing or the clocks disagree.
    pub(crate) delay: Option<Duration>,
    /// Whether the receiver itself wrote this line.
    pub(crate) trusted: bool,
}

/// The whole road.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Road {
    /// The hops, the first one first.
    pub(crate) hops: Vec<Hop>,
    /// The address that the receiver's border took the message from; `None` where its line was not found or names none.
    pub(crate) sending_ip: Option<IpAddr>,
    /// The address that SES noted as its own (X-SES-Outgoing), as the message claims.
    pub(crate) claimed_ip: Option<IpAddr>,
    /// What the sending host called itself there.
    pub(crate) helo: Option<String>,
    /// The version of TLS and the cipher at the border.
    pub(crate) tls: Option<String>,
    /// Whether the border's line says that the connection was in the clear; `None` where it does not say.
    pub(crate) encrypted: Option<bool>,
    /// When the border took it.
    pub(crate) taken_at: Option<Timestamp>,
    /// The Date field: when SES accepted the message, for mail sent through SES.
    pub(crate) dated_at: Option<Timestamp>,
    /// From the first dated hop, or Date, to the last dated hop; `None` where the clocks disagree.
    pub(crate) took: Option<Duration>,
    /// A host or a mailbox that the message passed twice.
    pub(crate) loops: Vec<String>,
}

impl Hop {
    /// Reads the value of one Received field. It never fails: what is not understood is absent.
    pub(crate) fn read(value: &str) -> Self {
        let mut line = unfolded(value);
        let mut end = line.len().min(LONGEST);
        while !line.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        line.truncate(end);
        line.push('\n');
        let parsed = MessageStream::new(line.as_bytes()).parse_received();
        let Some(received) = parsed.as_received() else { return Self::default() };
        let name = |host: &Host<'_>| match host {
            Host::Name(name) => clean(name),
            Host::IpAddr(ip) => Some(ip.to_string()),
        };
        let address = |host: &Host<'_>| match host {
            Host::Name(_) => None,
            Host::IpAddr(ip) => Some(*ip),
        };
        let helo = received
            .helo
            .as_ref()
            .and_then(name)
            .filter(|_| matches!(received.helo_cmd, Some(Greeting::Ehlo | Greeting::Helo | Greeting::Lhlo)));
        let at = received.date.filter(mail_parser::DateTime::is_valid).and_then(|date| moment(&date));
        Self {
            from: received.from.as_ref().and_then(name),
            helo,
            ip: received.from_ip.or_else(|| received.from.as_ref().and_then(address)),
            by: received.by.as_ref().and_then(name),
            with: received.with.map(protocol),
            tls: received.tls_version.map(version),
            cipher: received.tls_cipher.as_deref().and_then(clean),
            at,
            delay: None,
            trusted: false,
        }
    }
}

/// Puts hops, read from the top of the header down, into the order in which they were passed, with their delays.
///
/// `trusted` is how many of them, from the top, the receiver wrote; the last of those is the border's.
pub(crate) fn road(mut from_the_top: Vec<Hop>, trusted: usize, dated_at: Option<Timestamp>) -> Road {
    for hop in from_the_top.iter_mut().take(trusted) {
        hop.trusted = true;
    }
    let border = trusted.checked_sub(1).and_then(|at| from_the_top.get(at)).cloned();
    let mut hops = from_the_top;
    hops.reverse();
    let mut before: Option<Timestamp> = dated_at;
    for hop in &mut hops {
        hop.delay = before.zip(hop.at).and_then(|(before, at)| between(before, at));
        before = hop.at.or(before);
    }
    let first = dated_at.or_else(|| hops.iter().find_map(|hop| hop.at));
    let last = hops.iter().rev().find_map(|hop| hop.at);
    let took = first.zip(last).and_then(|(first, last)| between(first, last));
    let loops = loops(&hops);
    let border = border.unwrap_or_default();
    let tls = match (&border.tls, &border.cipher) {
        (Some(tls), Some(cipher)) => Some(format!("{tls}, {cipher}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    // SMTPS, ESMTPS and their kin say TLS by their name (RFC 3848 §1).
    let encrypted = match border.with.as_deref() {
        _ if tls.is_some() => Some(true),
        Some(with) => Some(with.ends_with('S') || with.ends_with("SA")).filter(|_| with.contains("SMTP")),
        None => None,
    };
    Road {
        sending_ip: border.ip,
        claimed_ip: None,
        helo: border.helo.clone().or_else(|| border.from.clone()),
        tls,
        encrypted,
        taken_at: border.at,
        dated_at,
        took,
        loops,
        hops,
    }
}

/// Time from one moment to a later one; a clock that runs behind makes it unknown, never negative.
fn between(before: Timestamp, at: Timestamp) -> Option<Duration> {
    Duration::try_from(at.duration_since(before)).ok()
}

/// Hosts that took the message, gave it to another one and took it again.
fn loops(hops: &[Hop]) -> Vec<String> {
    let mut passed: Vec<String> = Vec::new();
    let mut loops: Vec<String> = Vec::new();
    for by in hops.iter().filter_map(|hop| hop.by.as_ref()).take(MOST_HOPS) {
        let by = by.to_ascii_lowercase();
        if passed.last() == Some(&by) {
            continue;
        }
        if passed.contains(&by) && !loops.contains(&by) {
            loops.push(by.clone());
        }
        passed.push(by);
    }
    loops
}

/// Most hops that are looked at; RFC 5321 §6.3 takes 100 for a loop.
pub(crate) const MOST_HOPS: usize = 100;

/// A date field (RFC 5322 §3.3).
pub(crate) fn date(value: &str) -> Option<Timestamp> {
    let line: String = value.chars().take(100).filter(char::is_ascii).collect();
    let line = format!("{}\n", unfolded(&line));
    let parsed = MessageStream::new(line.as_bytes()).parse_date();
    parsed.as_datetime().filter(|date| date.is_valid()).and_then(moment)
}

fn moment(date: &mail_parser::DateTime) -> Option<Timestamp> {
    Timestamp::from_second(date.to_timestamp()).ok()
}

/// The address at the end of X-SES-Outgoing, `2026.03.02-192.0.2.12`.
pub(crate) fn outgoing(value: &str) -> Option<IpAddr> {
    value.trim().split_once('-').and_then(|(_, ip)| ip.trim().parse().ok())
}

/// A name without the signs that stand around it in Received lines; `None` if nothing is left.
fn clean(name: &str) -> Option<String> {
    let name = name.trim_matches(|c: char| c.is_ascii_whitespace() || "[]()<>;,\"".contains(c)).trim_end_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

fn version(version: TlsVersion) -> String {
    match version {
        TlsVersion::SSLv2 => "SSL 2",
        TlsVersion::SSLv3 => "SSL 3",
        TlsVersion::TLSv1_0 => "TLS 1.0",
        TlsVersion::TLSv1_1 => "TLS 1.1",
        TlsVersion::TLSv1_2 => "TLS 1.2",
        TlsVersion::TLSv1_3 => "TLS 1.3",
        TlsVersion::DTLSv1_0 => "DTLS 1.0",
        TlsVersion::DTLSv1_2 => "DTLS 1.2",
        TlsVersion::DTLSv1_3 => "DTLS 1.3",
    }
    .to_owned()
}

/// The protocol's registered name, which is also mail-parser's.
fn protocol(protocol: Protocol) -> String {
    format!("{protocol:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(value: &str) -> Hop {
        Hop::read(value)
    }

    #[test]
    fn the_lines_of_each_provider_are_read() {
        let text = |text: &str| Some(text.to_owned());
        let gmail = hop(
            "from a9-79.smtp-out.amazonses.com (a9-79.smtp-out.amazonses.com. [192.0.2.79])\r\n        by mx.google.com with \
             ESMTPS id a1-20020a05.7.2026.03.02\r\n        for <anna@gmail.com>\r\n        (version=TLS1_3 \
             cipher=TLS_AES_128_GCM_SHA256 bits=128/128);\r\n        Sun, 01 Mar 2026 22:00:07 -0800 (PST)",
        );
        assert_eq!(gmail.from, text("a9-79.smtp-out.amazonses.com"));
        assert_eq!((gmail.by, gmail.with), (text("mx.google.com"), text("ESMTPS")));
        assert_eq!((gmail.tls, gmail.cipher), (text("TLS 1.3"), text("TLS_AES_128_GCM_SHA256")));
        assert_eq!(gmail.ip, "192.0.2.79".parse().ok());
        assert_eq!(gmail.at, "2026-03-02T06:00:07Z".parse().ok());
        let microsoft = hop(
            "from a9-79.smtp-out.amazonses.com (192.0.2.79) by\r\n DB5EUR02FT001.mail.protection.outlook.com (198.51.100.7) \
             with Microsoft SMTP Server\r\n (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8314.16 via Frontend \
             Transport; Mon, 2 Mar 2026 06:00:07 +0000",
        );
        assert_eq!(microsoft.ip, "192.0.2.79".parse().ok());
        assert_eq!(microsoft.by, text("DB5EUR02FT001.mail.protection.outlook.com"));
        assert_eq!((microsoft.tls, microsoft.cipher), (text("TLS 1.3"), text("TLS_AES_256_GCM_SHA384")));
        let yahoo = hop(
            "from 192.0.2.79 (EHLO a9-79.smtp-out.amazonses.com)\r\n by 203.0.113.9 with SMTPs\r\n (version=TLS1_3 \
             cipher=TLS_AES_128_GCM_SHA256);\r\n Mon, 02 Mar 2026 06:00:07 +0000",
        );
        assert_eq!((yahoo.ip, yahoo.helo), ("192.0.2.79".parse().ok(), text("a9-79.smtp-out.amazonses.com")));
        assert_eq!((yahoo.from, yahoo.by), (text("192.0.2.79"), text("203.0.113.9")));
        let internal = hop("by 2002:a05:7300:b0:1:2:3:4 with SMTP id abc; Sun, 1 Mar 2026 22:00:08 -0800 (PST)");
        assert_eq!((internal.from, internal.ip), (None, None));
    }

    #[test]
    fn delays_are_of_one_clock_after_another_and_never_negative() {
        let at = |by: &str, second: i64| Hop {
            by: Some(by.to_owned()),
            at: Timestamp::from_second(1_772_431_200 + second).ok(),
            ..Hop::default()
        };
        let undated = Hop { by: Some("c".to_owned()), ..Hop::default() };
        let way = road(vec![at("d", 9), undated, at("b", 2), at("a", 5)], 1, None);
        let delays: Vec<_> = way.hops.iter().map(|hop| hop.delay.map(|delay| delay.as_secs())).collect();
        assert_eq!(delays, [None, None, None, Some(7)], "b's clock is behind a's; c has no date");
        assert_eq!(way.took, Some(Duration::from_secs(4)));
        assert_eq!(way.hops.iter().map(|hop| hop.trusted).collect::<Vec<_>>(), [false, false, false, true]);
        assert_eq!(road(vec![at("a", 0)], 1, Timestamp::from_second(1_772_431_201).ok()).took, None);
        assert_eq!(road(Vec::new(), 0, None), Road::default());
    }

    #[test]
    fn a_host_that_is_passed_again_is_a_loop_and_two_lines_of_one_host_are_none() {
        let by = |name: &str| Hop { by: Some(name.to_owned()), ..Hop::default() };
        let way = |names: &[&str]| road(names.iter().rev().map(|name| by(name)).collect(), 1, None).loops;
        assert_eq!(way(&["a.example", "a.example", "b.example"]), Vec::<String>::new());
        assert_eq!(way(&["a.example", "b.example", "A.Example", "b.example"]), ["a.example", "b.example"]);
    }

    #[test]
    fn any_line_is_read_without_panic() {
        for odd in [
            "",
            ";",
            "from",
            "by by by",
            "from [",
            "(((((",
            "from x (",
            "; Mon, 99 Zzz 99999 99:99:99 +9999",
            "for <",
            "\u{0}",
            "é",
        ] {
            let _ = hop(odd);
            let _ = date(odd);
            let _ = outgoing(odd);
        }
        assert_eq!(date("Mon, 2 Mar 2026 06:00:07 +0000 (UTC)"), "2026-03-02T06:00:07Z".parse().ok());
        assert_eq!(date("yesterday"), None);
        assert_eq!(outgoing("2026.03.02-192.0.2.12"), "192.0.2.12".parse().ok());
        let _ = hop(&"é(".repeat(10_000));
    }
}
