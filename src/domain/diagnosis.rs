//! A diagnosis: where the trouble lies, with its evidence and its doubt.
//!
//! It is made of facts; their words, with the next step of the guide, belong to whoever shows it. It reads the matrix of
//! streams and providers over the last runs. Not seen is never cleared: a provider counts as well only when its whole
//! interval says so, and one that is neither low nor well is told as not settled. One run alone is a reason to make another
//! one, and every diagnosis from it says so.

mod rules;

use super::account::Account;
use super::health::{ENOUGH, Thresholds};
use super::interval::Interval;
use super::reputation::Reputation;

/// One stream at one provider over the last runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    /// The stream.
    pub(crate) stream: String,
    /// Whether it is the plain message that tells content from reputation.
    pub(crate) control: bool,
    /// The domain in From; empty where it is not known.
    pub(crate) identity: String,
    /// The configuration set, if it has one.
    pub(crate) configuration_set: Option<String>,
    /// The region, where one is named.
    pub(crate) region: Option<String>,
    /// The provider's preset.
    pub(crate) provider: String,
    /// What tables call it.
    pub(crate) title: String,
    /// Runs in which something was measured.
    pub(crate) runs: usize,
    /// Measured probes.
    pub(crate) measured: usize,
    /// The share in the inbox; `None` over none.
    pub(crate) rate: Option<f64>,
    /// Its interval.
    pub(crate) interval: Interval,
    /// Lower end of the interval of the share that lies nowhere.
    pub(crate) missing_low: f64,
}

/// How a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Surely below the warning threshold.
    Low,
    /// Surely not far below it.
    Well,
    /// Neither is sure.
    Unsettled,
    /// Too few probes were measured.
    TooFew,
}

impl Standing {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Well => "well",
            Self::Unsettled => "unsettled",
            Self::TooFew => "too_few",
        }
    }
}

impl Cell {
    /// How it stands.
    pub(crate) fn standing(&self, thresholds: Thresholds) -> Standing {
        let Some(rate) = self.rate.filter(|_| self.measured >= ENOUGH) else { return Standing::TooFew };
        if self.interval.hi < thresholds.inbox_warn {
            Standing::Low
        } else if rate >= thresholds.inbox_warn && self.interval.lo >= thresholds.inbox_crit {
            Standing::Well
        } else {
            Standing::Unsettled
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence::Placed {
            stream: self.stream.clone(),
            provider: self.title.clone(),
            rate: self.rate,
            measured: self.measured,
            interval: self.interval,
        }
    }
}

/// What the trouble comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// One provider's own judgement of this sender.
    Behaviour,
    /// The domain's reputation, or what all providers see alike.
    DomainTrust,
    /// What only some streams share: identity, configuration set or region.
    Assignment,
    /// The message itself.
    Content,
    /// Not the message: a plain one fares no better.
    Reputation,
    /// Mail that is taken and lies nowhere.
    Dropped,
    /// Yahoo usually follows Gmail by some days.
    Trailing,
    /// Mail to addresses that do not exist.
    Bounces,
    /// Readers who call it spam.
    Complaints,
    /// Too little was measured.
    Unknown,
}

impl Cause {
    /// The word of the JSON contract.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Behaviour => "behaviour",
            Self::DomainTrust => "domain_trust",
            Self::Assignment => "assignment",
            Self::Content => "content",
            Self::Reputation => "reputation",
            Self::Dropped => "dropped",
            Self::Trailing => "trailing",
            Self::Bounces => "bounces",
            Self::Complaints => "complaints",
            Self::Unknown => "unknown",
        }
    }
}

/// What a stream is sent by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trait {
    /// The region of SES.
    Region,
    /// The configuration set.
    ConfigurationSet,
    /// The domain in From.
    Identity,
}

/// The pattern that shows in the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Every provider files the stream low.
    Everywhere {
        /// The stream.
        stream: String,
    },
    /// One provider alone files the stream low.
    OneProvider {
        /// The stream.
        stream: String,
        /// The provider, as tables call it.
        provider: String,
    },
    /// The best and the worst provider of a stream are far apart.
    FarApart {
        /// The stream.
        stream: String,
        /// The best provider.
        best: String,
        /// The worst.
        worst: String,
    },
    /// Mail that SES took lies nowhere.
    Lost {
        /// The stream.
        stream: String,
    },
    /// Gmail is low and Yahoo not yet.
    YahooTrails {
        /// The stream.
        stream: String,
    },
    /// Only streams that share these are low.
    Shared(Vec<(Trait, String)>),
    /// The control message arrives where the other does not.
    ControlArrives,
    /// The control message fares no better.
    ControlFails,
    /// SES counts too many bounces or complaints.
    Returned {
        /// The account; `None`: not known.
        account: Option<Account>,
        /// The region; `None` where the AWS environment decides.
        region: Option<String>,
        /// Of what.
        what: Returned,
        /// Whether the rate rose three days running.
        rising: bool,
    },
    /// Too little was measured.
    TooLittle,
}

/// What SES counts besides deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    /// Mail that came back.
    Bounces,
    /// Mail that was called spam.
    Complaints,
}

/// What a diagnosis rests on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Evidence {
    /// Where one stream's probes lay at one provider.
    Placed {
        /// The stream.
        stream: String,
        /// The provider, as tables call it.
        provider: String,
        /// The share in the inbox.
        rate: Option<f64>,
        /// Of how many measured probes.
        measured: usize,
        /// Its interval.
        interval: Interval,
    },
    /// At least this share lies nowhere.
    Missing {
        /// The provider.
        provider: String,
        /// Lower end of the interval.
        low: f64,
    },
    /// What SES counted in two weeks.
    Counted {
        /// How many came back.
        hits: u64,
        /// Of how many.
        attempts: u64,
        /// Their share.
        rate: f64,
        /// Its interval.
        interval: Interval,
    },
    /// Streams that are low, or well.
    Streams {
        /// Low or well.
        standing: Standing,
        /// Their names.
        names: Vec<String>,
    },
}

/// Everything that the last runs allow to say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diagnoses {
    /// How many runs it rests on.
    pub(crate) runs: usize,
    /// Whether the lab answered one of them instead of real providers.
    pub(crate) simulated: bool,
    /// Streams × providers.
    pub(crate) matrix: Vec<Cell>,
    /// What SES counted, by account and region.
    pub(crate) reputations: Vec<Reputation>,
    /// The thresholds it was judged by.
    pub(crate) thresholds: Thresholds,
    /// The confidence of every interval.
    pub(crate) confidence: f64,
    /// What shows; none when nothing is surely low.
    pub(crate) found: Vec<Diagnosis>,
}

impl Diagnoses {
    /// Reads a matrix that real providers answered, and what SES counted.
    pub(crate) fn of(
        matrix: Vec<Cell>,
        runs: usize,
        reputations: Vec<Reputation>,
        thresholds: Thresholds,
        confidence: f64,
    ) -> Self {
        let mut found = rules::diagnose(&matrix, thresholds);
        found.extend(reputations.iter().flat_map(|one| rules::returned(one, thresholds, confidence)));
        Self { runs, simulated: false, matrix, reputations, thresholds, confidence, found }
    }
}

/// One diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diagnosis {
    /// What shows.
    pub(crate) pattern: Pattern,
    /// What it rests on.
    pub(crate) evidence: Vec<Evidence>,
    /// Providers that are neither low nor well, where that casts doubt on it.
    pub(crate) unsettled: Vec<String>,
    /// Whether some of the evidence is from one run alone.
    pub(crate) one_run: bool,
}

impl Diagnosis {
    /// What it comes from.
    pub(crate) fn cause(&self) -> Cause {
        match &self.pattern {
            Pattern::Everywhere { .. } => Cause::DomainTrust,
            Pattern::OneProvider { .. } => Cause::Behaviour,
            Pattern::FarApart { .. } | Pattern::ControlArrives => Cause::Content,
            Pattern::Lost { .. } => Cause::Dropped,
            Pattern::YahooTrails { .. } => Cause::Trailing,
            Pattern::Shared(_) => Cause::Assignment,
            Pattern::ControlFails => Cause::Reputation,
            Pattern::Returned { what: Returned::Bounces, .. } => Cause::Bounces,
            Pattern::Returned { what: Returned::Complaints, .. } => Cause::Complaints,
            Pattern::TooLittle => Cause::Unknown,
        }
    }

    /// The stream that it is about; `None` where it is about several.
    pub(crate) fn stream(&self) -> Option<&str> {
        match &self.pattern {
            Pattern::Everywhere { stream }
            | Pattern::OneProvider { stream, .. }
            | Pattern::FarApart { stream, .. }
            | Pattern::Lost { stream }
            | Pattern::YahooTrails { stream } => Some(stream),
            Pattern::Shared(_)
            | Pattern::ControlArrives
            | Pattern::ControlFails
            | Pattern::Returned { .. }
            | Pattern::TooLittle => None,
        }
    }
}

#[cfg(test)]
mod tests;
