//! What a diagnosis says, rests on and asks for, in the language of a report.

use super::super::words::percent;
use super::{Language, filled, range};
use crate::domain::account::Account;
use crate::domain::diagnosis::{Diagnosis, Evidence, Pattern, Returned, Standing, Trait};
use crate::domain::health::Thresholds;
use crate::domain::reputation::Reputation;

impl Language {
    /// A diagnosis in one sentence.
    pub(crate) fn diagnosis(self, one: &Diagnosis) -> String {
        let words = self.words();
        match &one.pattern {
            Pattern::Everywhere { stream } => filled(words.says_everywhere, &[("stream", stream)]),
            Pattern::OneProvider { stream, provider } => {
                filled(words.says_one_provider, &[("stream", stream), ("provider", provider)])
            }
            Pattern::FarApart { stream, best, worst } => {
                filled(words.says_far_apart, &[("stream", stream), ("best", best), ("worst", worst)])
            }
            Pattern::Lost { stream } => filled(words.says_lost, &[("stream", stream)]),
            Pattern::YahooTrails { stream } => filled(words.says_yahoo_trails, &[("stream", stream)]),
            Pattern::Shared(traits) => {
                let named: Vec<String> = traits.iter().map(|(one, value)| self.shared(*one, value)).collect();
                filled(words.says_shared, &[("shared", &named.join(&format!(" {} ", words.and)))])
            }
            Pattern::ControlArrives => words.says_control_arrives.to_owned(),
            Pattern::ControlFails => words.says_control_fails.to_owned(),
            Pattern::Returned { account, region, what, rising } => {
                let sentence = match (what, rising) {
                    (Returned::Bounces, false) => words.says_bounces,
                    (Returned::Complaints, false) => words.says_complaints,
                    (Returned::Bounces, true) => words.says_bounces_rise,
                    (Returned::Complaints, true) => words.says_complaints_rise,
                };
                filled(sentence, &[("region", &self.account_in(account.as_ref(), region.as_deref()))])
            }
            Pattern::TooLittle => words.says_too_little.to_owned(),
        }
    }

    fn shared(self, one: Trait, value: &str) -> String {
        let words = self.words();
        let sentence = match one {
            Trait::Region => words.trait_region,
            Trait::ConfigurationSet => words.trait_set,
            Trait::Identity => words.trait_identity,
        };
        filled(sentence, &[("value", value)])
    }

    /// What a diagnosis rests on, a line each.
    pub(crate) fn evidence(self, one: &Diagnosis) -> Vec<String> {
        one.evidence.iter().map(|evidence| self.one_evidence(evidence)).collect()
    }

    fn one_evidence(self, evidence: &Evidence) -> String {
        let words = self.words();
        match evidence {
            Evidence::Placed { stream, provider, rate, measured, interval } => {
                let rate = rate.map_or("–".to_owned(), percent);
                let gaps = [
                    ("stream", stream.as_str()),
                    ("provider", provider),
                    ("rate", &rate),
                    ("n", &self.number(measured)),
                    ("range", &range(*interval)),
                ];
                filled(words.evidence_placed, &gaps)
            }
            Evidence::Missing { provider, low } => {
                filled(words.evidence_missing, &[("provider", provider), ("share", &percent(*low))])
            }
            Evidence::Counted { hits, attempts, rate, interval } => {
                let ends = format!("{}–{}", self.small_percent(interval.lo), self.small_percent(interval.hi));
                let (n, all) = (self.number(hits), self.number(attempts));
                let gaps = [("n", n.as_str()), ("all", &all), ("rate", &self.small_percent(*rate)), ("range", &ends)];
                filled(words.evidence_counted, &gaps)
            }
            Evidence::Streams { standing, names } => {
                let sentence = if *standing == Standing::Low { words.evidence_low } else { words.evidence_well };
                filled(sentence, &[("names", &names.join(", "))])
            }
        }
    }

    /// What speaks against a diagnosis.
    pub(crate) fn doubt(self, one: &Diagnosis) -> String {
        let words = self.words();
        let doubt = match &one.pattern {
            Pattern::OneProvider { .. } if !one.unsettled.is_empty() => {
                filled(words.doubt_unsettled, &[("providers", &one.unsettled.join(", "))])
            }
            Pattern::Everywhere { .. } => words.doubt_everywhere.to_owned(),
            Pattern::OneProvider { .. } => words.doubt_one_provider.to_owned(),
            Pattern::FarApart { .. } => words.doubt_far_apart.to_owned(),
            Pattern::Lost { .. } => words.doubt_lost.to_owned(),
            Pattern::YahooTrails { .. } => words.doubt_yahoo_trails.to_owned(),
            Pattern::Shared(_) => words.doubt_shared.to_owned(),
            Pattern::ControlArrives => words.doubt_control_arrives.to_owned(),
            Pattern::ControlFails => words.doubt_control_fails.to_owned(),
            Pattern::Returned { .. } => words.doubt_returned.to_owned(),
            Pattern::TooLittle => words.doubt_too_little.to_owned(),
        };
        if one.one_run { filled(words.doubt_one_run, &[("doubt", &doubt)]) } else { doubt }
    }

    /// The next step of the guide.
    pub(crate) fn next_step(self, one: &Diagnosis) -> &'static str {
        let words = self.words();
        match &one.pattern {
            Pattern::Everywhere { .. } => words.next_everywhere,
            Pattern::OneProvider { .. } => words.next_one_provider,
            Pattern::FarApart { .. } => words.next_far_apart,
            Pattern::Lost { .. } => words.next_lost,
            Pattern::YahooTrails { .. } => words.next_yahoo_trails,
            Pattern::Shared(_) => words.next_shared,
            Pattern::ControlArrives => words.next_control_arrives,
            Pattern::ControlFails => words.next_control_fails,
            Pattern::Returned { rising: true, .. } => words.next_rising,
            Pattern::Returned { what: Returned::Bounces, .. } => words.next_bounces,
            Pattern::Returned { what: Returned::Complaints, .. } => words.next_complaints,
            Pattern::TooLittle => words.next_too_little,
        }
    }

    /// A region, with the account's number where that is known.
    fn account_in(self, account: Option<&Account>, region: Option<&str>) -> String {
        let words = self.words();
        let region = region.unwrap_or(words.its_region);
        match account.and_then(Account::number) {
            Some(number) => filled(words.region_of_account, &[("region", region), ("account", number)]),
            None => region.to_owned(),
        }
    }

    /// What SES counted in one region, or why that is not known.
    pub(crate) fn sending(self, one: &Reputation, confidence: f64, thresholds: Thresholds) -> String {
        let words = self.words();
        let place = self.account_in(one.account.as_ref(), one.region.as_deref());
        let rates = one.rates(confidence, thresholds).map(|[bounces, complaints]| {
            let gaps = [
                ("region", place.as_str()),
                ("bounces", &self.small_percent(bounces.rate)),
                ("complaints", &self.small_percent(complaints.rate)),
                ("bounced", &self.number(bounces.hits)),
                ("complained", &self.number(complaints.hits)),
                ("all", &self.number(bounces.attempts)),
            ];
            filled(words.sending_rates, &gaps)
        });
        match (rates, &one.unanswered) {
            (Some(rates), None) => rates,
            (Some(rates), Some(why)) => filled(words.sending_stale, &[("rates", &rates), ("why", why)]),
            (None, None) => filled(words.sending_none, &[("region", &place)]),
            (None, Some(why)) => filled(words.sending_unknown, &[("region", &place), ("why", why)]),
        }
    }
}
