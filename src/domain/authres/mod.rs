//! Authentication-Results (RFC 8601): what a receiver found out about a message, as it wrote it down.
//!
//! The grammar is that of RFC 8601 §2.2, read tolerantly: providers leave out the id (Microsoft), glue a comment to a
//! result (Yahoo), end with a semicolon (Yahoo), write results that no registry knows (`unknown`, `bestguesspass`) and
//! methods of their own (`compauth`). Reading never fails: it returns what was understood and, beside it, the oddities.
//! It runs once over the text, without recursion, and folding makes no difference to it.
//!
//! Whose header it is, and whether it may be believed, is the business of `evidence`, never of this module.

mod grammar;
mod result;
mod tokens;

pub(crate) use grammar::{ReceivedSpf, parse, received_spf};
pub(crate) use result::{MethodResult, Property, domain_of, rfc_word};

/// Most results kept of one header; nobody writes as many.
const MOST_RESULTS: usize = 256;
/// Most properties, and most comments, kept of one result.
const MOST_PROPERTIES: usize = 64;

/// One Authentication-Results header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AuthResults {
    /// Who says so (RFC 8601 §2.5), as written; `None` where the header names nobody.
    pub(crate) authserv_id: Option<String>,
    /// The version of the format, where it is stated.
    pub(crate) version: Option<String>,
    /// The results in order.
    pub(crate) results: Vec<MethodResult>,
    /// What does not follow the grammar, each kind once.
    pub(crate) oddities: Vec<Oddity>,
}

impl AuthResults {
    fn note(&mut self, oddity: Oddity) {
        if !self.oddities.contains(&oddity) {
            self.oddities.push(oddity);
        }
    }
}

/// Something in a header that does not follow the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oddity {
    /// A comment runs to the end of the header.
    OpenComment,
    /// A quoted value runs to the end of the header.
    OpenQuote,
    /// A `)` closes nothing.
    StrayParenthesis,
    /// A word that is no result, no property and no id.
    StrayWord,
    /// A result follows the id without a semicolon.
    NoSemicolon,
    /// A property where a result belongs.
    StrayProperty,
    /// More results, properties or comments than are kept.
    TooMany,
}

impl Oddity {
    /// What is odd, to complete "Authentication-Results: …".
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::OpenComment => "a comment is not closed",
            Self::OpenQuote => "a quoted value is not closed",
            Self::StrayParenthesis => "a ) closes nothing, as if somebody had tried to break out of a comment",
            Self::StrayWord => "a word that is neither result nor property",
            Self::NoSemicolon => "no semicolon after the id",
            Self::StrayProperty => "a property without a result before it",
            Self::TooMany => "more results than are kept",
        }
    }
}

#[cfg(test)]
mod tests;
