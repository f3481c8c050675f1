//! Sequence sets (RFC 3501 §9): `1,4:7,9:*`.

/// A set of message numbers or UIDs; an end that is `None` stands for `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence(Vec<(Option<u32>, Option<u32>)>);

impl Sequence {
    /// `None` for what is no sequence set; 0 is no message.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let end = |text: &str| match text {
            "*" => Some(None),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|number| *number > 0).map(Some)
            }
            _ => None,
        };
        let range = |part: &str| match part.split_once(':') {
            Some((first, last)) => Some((end(first)?, end(last)?)),
            None => end(part).map(|only| (only, only)),
        };
        text.split(',').map(range).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether it holds `number` where `*` means `largest`. `9:*` holds the largest even if that is 7.
    pub(super) fn holds(&self, number: u32, largest: u32) -> bool {
        self.0.iter().any(|(first, last)| {
            let (first, last) = (first.unwrap_or(largest), last.unwrap_or(largest));
            (first.min(last)..=first.max(last)).contains(&number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Sequence;

    #[test]
    fn a_set_holds_what_it_names_and_a_range_to_the_star_at_least_the_last() {
        for (text, held) in [
            ("1", vec![1]),
            ("2:4,7", vec![2, 3, 4, 7]),
            ("4:2", vec![2, 3, 4]),
            ("*", vec![7]),
            ("6:*", vec![6, 7]),
            ("9:*", vec![7]),
            ("*:9", vec![7]),
        ] {
            let set = Sequence::parse(text).unwrap();
            assert_eq!((1..=7).filter(|number| set.holds(*number, 7)).collect::<Vec<u32>>(), held, "{text}");
        }
        for bad in ["", "0", "1,", "1:", ":1", "a", "+1", "1:2:3", "4294967296", "$"] {
            assert_eq!(Sequence::parse(bad), None, "{bad}");
        }
    }
}
