//! A DMARC policy (RFC 9989 §4.7), and the words that people write instead of it.
//!
//! A policy that is none, such as one that was translated, is named together with the one that was meant.

/// What a receiver is asked to do with mail that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Policy {
    /// Nothing.
    None,
    /// To treat it with suspicion.
    Quarantine,
    /// To refuse it.
    Reject,
}

impl Policy {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Quarantine, Self::Reject];

    /// The word of the record.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.word().eq_ignore_ascii_case(word))
    }

    /// Words that people write for it: in other languages, and in other forms.
    fn other_words(self) -> &'static [&'static str] {
        match self {
            Self::None => &[
                "keine",
                "keiner",
                "nichts",
                "aucun",
                "aucune",
                "rien",
                "ninguno",
                "ninguna",
                "nada",
                "nessuno",
                "nessuna",
                "nenhum",
                "nenhuma",
                "brak",
                "geen",
                "ingen",
                "ei",
                "yok",
                "no",
                "nothing",
                "off",
                "monitor",
                "monitoring",
                "report",
                "null",
                "false",
                "0",
            ],
            Self::Quarantine => &[
                "quarantäne",
                "quarantaene",
                "quarantaine",
                "quarantena",
                "cuarentena",
                "quarentena",
                "kwarantanna",
                "karantän",
                "karantene",
                "karantæne",
                "karanteeni",
                "karantina",
                "quarantined",
                "isolieren",
                "spam",
                "junk",
            ],
            Self::Reject => &[
                "ablehnen",
                "abgelehnt",
                "abweisen",
                "zurückweisen",
                "zurueckweisen",
                "verwerfen",
                "rejeter",
                "rejet",
                "refuser",
                "rechazar",
                "rechazo",
                "rifiuta",
                "rifiutare",
                "respingere",
                "rejeitar",
                "recusar",
                "odrzuć",
                "odrzuc",
                "weigeren",
                "afwijzen",
                "avvisa",
                "avvis",
                "afvis",
                "hylkää",
                "reddet",
                "rejected",
                "rejects",
                "refuse",
                "deny",
                "block",
                "discard",
                "drop",
            ],
        }
    }

    /// The policy that somebody meant by a word that is none: translated, misspelt, or with an octet lost.
    pub(crate) fn meant(word: &str) -> Option<Self> {
        let word = word.trim().trim_matches(['"', '\'', '.', ',']).to_lowercase();
        let distance = |policy: &Self| {
            let words = std::iter::once(policy.word()).chain(policy.other_words().iter().copied());
            words.map(|known| strsim::osa_distance(&word, known)).min().unwrap_or(usize::MAX)
        };
        let (distance, policy) = Self::ALL.iter().map(|policy| (distance(policy), *policy)).min()?;
        let allowed = match word.chars().count() {
            0 => return None,
            1..=3 => 0,
            4..=6 => 1,
            _ => 2,
        };
        (distance <= allowed).then_some(policy)
    }
}
