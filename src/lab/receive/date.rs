//! Dates in header fields (RFC 5322 §3.3), each provider's way.

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};

/// `Mon, 02 Mar 2026 06:00:07 +0000`.
pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// `Mon, 2 Mar 2026 06:00:07 +0000`.
pub(super) fn short_utc(at: Timestamp) -> String {
    at.strftime("%a, %-d %b %Y %H:%M:%S +0000").to_string()
}

/// `Sun, 01 Mar 2026 22:00:07 -0800 (PST)`, in winter and summer.
pub(super) fn pacific(at: Timestamp) -> String {
    let there = at.to_zoned(TimeZone::fixed(offset(-8)));
    there.strftime("%a, %d %b %Y %H:%M:%S -0800 (PST)").to_string()
}
