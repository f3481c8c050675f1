//! The diagnosis: where the trouble lies, with evidence, doubt and next step.

use super::unbroken;
use crate::domain::diagnosis::Diagnoses;
use crate::render::language::{Language, Noun, filled};
use crate::render::plain::plain;

/// Longest line of it.
const LINE: usize = 300;

/// What the page says of it.
pub(super) struct DiagnosisView {
    pub(super) rests_on: String,
    pub(super) sending: Vec<String>,
    pub(super) found: Vec<OneView>,
}

/// One diagnosis.
pub(super) struct OneView {
    pub(super) says: String,
    pub(super) evidence: Vec<String>,
    pub(super) doubt: String,
    pub(super) next: &'static str,
}

fn line(said: &str) -> String {
    unbroken(&plain(said, LINE))
}

pub(super) fn view(diagnoses: &Diagnoses, language: Language) -> DiagnosisView {
    let found = diagnoses.found.iter().map(|one| OneView {
        says: line(&language.diagnosis(one)),
        evidence: language.evidence(one).iter().map(|said| line(said)).collect(),
        doubt: line(&language.doubt(one)),
        next: language.next_step(one),
    });
    let sending = diagnoses.reputations.iter();
    let sending = sending.map(|one| line(&language.sending(one, diagnoses.confidence, diagnoses.thresholds)));
    let runs = language.counted(diagnoses.runs, Noun::RUN);
    DiagnosisView {
        rests_on: filled(language.words().diagnosis_of, &[("runs", &runs)]),
        sending: sending.collect(),
        found: found.collect(),
    }
}
