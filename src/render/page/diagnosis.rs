//! The diagnosis: where the trouble lies, with evidence, doubt and next step.

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

pub(super) fn view(diagnoses: &Diagnoses, language: Language) -> DiagnosisView {
    let found = diagnoses.found.iter().map(|one| OneView {
        says: plain(&language.diagnosis(one), LINE),
        evidence: language.evidence(one).iter().map(|line| plain(line, LINE)).collect(),
        doubt: plain(&language.doubt(one), LINE),
        next: language.next_step(one),
    });
    let sending = diagnoses.reputations.iter();
    let sending = sending.map(|one| plain(&language.sending(one, diagnoses.confidence, diagnoses.thresholds), LINE));
    let runs = language.counted(diagnoses.runs, Noun::RUN);
    DiagnosisView {
        rests_on: filled(language.words().diagnosis_of, &[("runs", &runs)]),
        sending: sending.collect(),
        found: found.collect(),
    }
}
