//! One message of the user's, as `inspect` prints it.

use super::evidence::evidence;
use super::{Screen, Tone};
use crate::domain::evidence::Testimony;
use crate::domain::provider::Provider;
use crate::render::plain::plain;

/// How the provider came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ascribed {
    /// The user named it.
    Named,
    /// The Received lines tell it.
    Guessed,
    /// Nothing tells it.
    Nobody,
}

/// The whole page.
pub(crate) fn inspect_table(
    testimony: &Testimony,
    remarks: &[String],
    provider: &Provider,
    ascribed: Ascribed,
    screen: Screen,
) -> String {
    let title = plain(&provider.title, 32);
    let who = match ascribed {
        Ascribed::Named => format!("Received by {title}, as you say"),
        Ascribed::Guessed => format!("Received by {title}, by its Received lines (--provider says otherwise)"),
        Ascribed::Nobody if testimony.road.hops.is_empty() => {
            "Received by nobody yet: no Received line stands in it".to_owned()
        }
        Ascribed::Nobody => "Received by nobody whose headers are known (--provider names who it was)".to_owned(),
    };
    let mut parts = vec![screen.paragraph(Tone::Strong, &who, "")];
    parts.extend(evidence(testimony, remarks, screen));
    parts.join("\n")
}
