//! One result: a method, what it came to, and what that was about.

/// What one method came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MethodResult {
    /// The method in lower case: `spf`, `dkim`, `dmarc`, or any other word.
    pub(crate) method: String,
    /// The version of the method, where it is stated.
    pub(crate) version: Option<String>,
    /// The result in lower case, as written: a word of RFC 8601 §2.7, or any other.
    pub(crate) result: String,
    /// The reason that was given.
    pub(crate) reason: Option<String>,
    /// What was checked.
    pub(crate) properties: Vec<Property>,
    /// What was said in parentheses.
    pub(crate) comments: Vec<String>,
}

/// `header.d=shop.example`, or a property without a type such as Microsoft's `action=none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    /// What it was taken from (`header`, `smtp`, `policy`), in lower case.
    pub(crate) ptype: Option<String>,
    /// Its name in lower case.
    pub(crate) name: String,
    /// Its value as written, without quotes.
    pub(crate) value: String,
}

impl Property {
    pub(super) fn new(name: &str, value: String) -> Self {
        match name.split_once('.') {
            Some((ptype, name)) => {
                Self { ptype: Some(ptype.to_ascii_lowercase()), name: name.to_ascii_lowercase(), value }
            }
            None => Self { ptype: None, name: name.to_ascii_lowercase(), value },
        }
    }
}

impl MethodResult {
    /// The value of a property such as `("header", "d")`; an empty type stands for none.
    pub(crate) fn property(&self, ptype: &str, name: &str) -> Option<&str> {
        let fits = |one: &&Property| one.ptype.as_deref().unwrap_or_default() == ptype && one.name == name;
        self.properties.iter().find(fits).map(|one| one.value.as_str())
    }

    /// The word of RFC 8601 §2.7 that the result amounts to; `None` where it amounts to none.
    pub(crate) fn word(&self) -> Option<&'static str> {
        rfc_word(&self.result)
    }

    /// The domain that the result is about, in lower case: the signer's, that of MAIL FROM, or that of From. `None`
    /// where the result does not say, as Zoho's DKIM results do not.
    pub(crate) fn domain(&self) -> Option<String> {
        let named = match self.method.as_str() {
            "dkim" => self.property("header", "d").or_else(|| self.property("header", "i")),
            "spf" => self.property("smtp", "mailfrom").or_else(|| self.property("smtp", "helo")),
            "dmarc" => self.property("header", "from"),
            _ => None,
        };
        // Microsoft writes header.d=none under a message that nobody signed.
        named.filter(|value| !value.eq_ignore_ascii_case("none")).and_then(domain_of)
    }
}

/// The domain of an address, of `@domain` or of a bare domain, in lower case, without a final dot; `None` if nothing is
/// left.
pub(crate) fn domain_of(address: &str) -> Option<String> {
    let address = address.trim().trim_start_matches('<').trim_end_matches('>');
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    let domain = domain.trim().trim_end_matches('.').to_ascii_lowercase();
    (!domain.is_empty()).then_some(domain)
}

/// The word of RFC 8601 §2.7 for a result as providers write it, with their own words: Yahoo's `unknown` for what could
/// not be checked because there was nothing to check, Microsoft's `bestguesspass` for a domain without a DMARC record.
pub(crate) fn rfc_word(result: &str) -> Option<&'static str> {
    Some(match result {
        "pass" => "pass",
        "fail" | "hardfail" => "fail",
        "softfail" => "softfail",
        "neutral" => "neutral",
        "policy" => "policy",
        "none" | "unknown" | "bestguesspass" => "none",
        "temperror" | "temp_error" | "temp_fail" | "error" => "temperror",
        "permerror" | "perm_error" | "perm_fail" | "permfail" => "permerror",
        _ => return None,
    })
}
