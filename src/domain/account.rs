//! The AWS account that SES answers for, as far as the credentials of a call tell it.
//!
//! One database may serve several of them, and what SES counts or suppresses is of one alone. Not to be taken for a seed,
//! which is a mailbox. No secret is read: the id of an access key stands in the open in every signed call.

use data_encoding::BASE32_NOPAD;

/// Length of an access key's id.
const ID_LENGTH: usize = 20;
/// Longest id that is taken.
const LONGEST: usize = 128;

/// An account: its number where the id of the access key tells it, else that id, which is the account's alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Account(String);

impl Account {
    /// A number or an id, as it was stored.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let is_shaped = (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        is_shaped.then(|| Self(text.to_owned()))
    }

    /// The account that an access key belongs to; `None` for what is no id of one.
    pub(crate) fn of_key(id: &str) -> Option<Self> {
        number_in(id).map(Self).or_else(|| Self::new(id))
    }

    /// As it is stored and printed for machines.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its number, as people know it; `None` where only the id of a key is known.
    pub(crate) fn number(&self) -> Option<&str> {
        let is_number = self.0.len() == 12 && self.0.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(self.0.as_str())
    }
}

/// The account's number in the id of an access key, permanent or temporary.
///
/// Ids that AWS has given out since 2019 hold it: behind the four letters of the kind, base32 whose first six octets are a
/// set bit, forty bits of the number and seven others. AWS does not document that, only the call `GetAccessKeyInfo` that
/// answers the same; seen in November 2026, and the published pair is in the test. An older id has the first bit unset.
fn number_in(id: &str) -> Option<String> {
    const SET: u64 = 1 << 47;
    let coded = id.strip_prefix("AKIA").or_else(|| id.strip_prefix("ASIA")).filter(|_| id.len() == ID_LENGTH)?;
    let octets = BASE32_NOPAD.decode(coded.as_bytes()).ok()?;
    let head = octets.iter().take(6).fold(0_u64, |head, octet| (head << 8) | u64::from(*octet));
    let number = (head & (SET - 1)) >> 7;
    (head & SET != 0 && number < 1_000_000_000_000).then(|| format!("{number:012}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_its_number_where_the_key_tells_it_and_else_by_the_key() {
        for (id, known, number) in [
            ("ASIAQNZGKIQY56JQ7WML", Some("029608264753"), Some("029608264753")),
            ("AKIAQNZGKIQY56JQ7WMM", Some("029608264753"), Some("029608264753")),
            ("AKIAIOSFODNN7EXAMPLE", Some("AKIAIOSFODNN7EXAMPLE"), None),
            ("AKIALABLABLABLABLAB0", Some("AKIALABLABLABLABLAB0"), None),
            ("test", Some("test"), None),
            ("", None, None),
            ("a b", None, None),
            ("\u{1b}[2J", None, None),
        ] {
            let account = Account::of_key(id);
            assert_eq!(account.as_ref().map(Account::as_str), known, "{id}");
            assert_eq!(account.as_ref().and_then(Account::number), number, "{id}");
            assert_eq!(account.as_ref().and_then(|one| Account::new(one.as_str())), account, "{id}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_number_is_read_back_from_a_key_that_holds_it(number in 0_u64..1_000_000_000_000, rest in 0_u8..128) {
            let head = (1_u64 << 47) | (number << 7) | u64::from(rest);
            let octets: Vec<u8> = head.to_be_bytes()[2..].iter().copied().chain([1, 2, 3, 4]).collect();
            let id = format!("AKIA{}", BASE32_NOPAD.encode(&octets));
            let account = Account::of_key(&id).unwrap();
            let wanted = format!("{number:012}");
            proptest::prop_assert_eq!(account.number(), Some(wanted.as_str()));
        }
    }
}
