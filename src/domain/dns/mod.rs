//! DNS as a sender publishes it and as receivers judge it: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989), the MAIL
//! FROM domain, the names of sending addresses, BIMI, MTA-STS (RFC 8461) and TLS-RPT (RFC 8460).
//!
//! Everything here is pure. A [`survey::Survey`] says what is to be asked next, given what is known so far; who asks is
//! the edge's business. A [`snapshot::Snapshot`] is what was answered at one moment, and [`change`] tells two of them
//! apart. A question without an answer is never taken for the absence of a record.

pub(crate) mod answer;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod discovery;
pub(crate) mod dkim_key;
pub(crate) mod dmarc;
pub(crate) mod name;
pub(crate) mod policy;
pub(crate) mod record;
pub(crate) mod snapshot;
pub(crate) mod spf;
pub(crate) mod spf_tree;
pub(crate) mod subject;
pub(crate) mod survey;
