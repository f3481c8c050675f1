//! The checks: what DNS says of a sender, judged by what Gmail, Outlook and Yahoo ask for.
//!
//! Each check says what was found, how it stands, why it matters, and the record to publish where there is one. What
//! nobody answered is `unanswered`, whatever else is known of it: it may be right or wrong. MTA-STS, TLS-RPT and BIMI do
//! not decide on placement and are told as information.

mod address;
mod dkim;
mod dmarc;
mod mail_from;
mod others;
mod spf;

use super::name::DomainName;
use super::survey::Survey;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// Told for completeness.
    Info,
    /// Worth mending; mail still passes.
    Warning,
    /// Mail fails by it, or will.
    Critical,
    /// Nobody could say.
    Unanswered,
}

impl Verdict {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unanswered => "unanswered",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// What was checked: `spf`, `dkim`, `dmarc.policy` and so on.
    pub(crate) id: &'static str,
    /// How it came out.
    pub(crate) verdict: Verdict,
    /// What was found, with the name it was found at.
    pub(crate) found: String,
    /// Why it matters.
    pub(crate) why: String,
    /// The exact records to publish, one on each line; `None` when nothing is to be published.
    pub(crate) publish: Option<String>,
}

impl Check {
    fn new(id: &'static str, verdict: Verdict, found: impl Into<String>, why: impl Into<String>) -> Self {
        Self { id, verdict, found: found.into(), why: why.into(), publish: None }
    }

    /// With the records to publish.
    fn publish(self, records: impl Into<String>) -> Self {
        Self { publish: Some(records.into()), ..self }
    }
}

/// Everything there is to say about a survey.
pub(crate) fn checks(survey: &Survey) -> Vec<Check> {
    let mut checks = mail_from::checks(survey);
    checks.extend(spf::checks(survey));
    checks.extend(dkim::checks(survey));
    checks.extend(dmarc::checks(survey));
    checks.extend(address::checks(survey));
    checks.extend(others::checks(survey));
    checks
}

/// Keys that two of these domains share, each told once with its domains.
pub(crate) fn shared_keys(surveys: &[Survey]) -> Vec<(Vec<DomainName>, Check)> {
    dkim::shared(surveys)
}

/// A TXT record as zone files have it, its text split into strings of 255 octets at most.
fn txt_line(name: &DomainName, text: &str) -> String {
    let octets: Vec<char> = text.chars().collect();
    let strings: Vec<String> = octets
        .chunks(255)
        .map(|part| part.iter().collect::<String>().replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("{name}. IN TXT \"{}\"", strings.join("\" \""))
}

#[cfg(test)]
mod tests;
