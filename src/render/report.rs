//! A report of one run: the run, its judged probes and the settings they were judged by.
//!
//! Every figure that a table, a document or an exit code shows of a run is derived here, once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::evidence::Testimony;
use crate::domain::finding::{Finding, Placement, Rules};
use crate::domain::health::{ENOUGH, Health, Thresholds, health};
use crate::domain::latency::{Arrival, latency};
use crate::domain::probe::Probe;
use crate::domain::provider::ProviderName;
use crate::domain::run::Run;
use crate::domain::share::is_good;
use crate::domain::stream::StreamName;
use crate::domain::tally::{Counted, Tally};

/// What the receiver said about the sender's authentication, in the words of RFC 8601 §2.7; `None` where it said nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AuthWords {
    /// Result of SPF.
    pub(crate) spf: Option<String>,
    /// Result of DKIM.
    pub(crate) dkim: Option<String>,
    /// Result of DMARC.
    pub(crate) dmarc: Option<String>,
    /// Whether SPF or DKIM passed for a domain aligned with the visible From (RFC 9989 §4.4).
    pub(crate) aligned: Option<bool>,
}

impl AuthWords {
    /// The words of a testimony.
    pub(crate) fn of(testimony: &Testimony) -> Self {
        let auth = &testimony.auth;
        let word = |word: Option<&'static str>| word.map(str::to_owned);
        Self {
            spf: word(auth.spf.as_ref().and_then(|check| check.word)),
            dkim: word(auth.dkim_word()),
            dmarc: word(auth.dmarc.as_ref().and_then(|check| check.word)),
            aligned: auth.aligned,
        }
    }
}

/// What the header of the copy that decided testifies, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// The facts.
    pub(crate) testimony: Testimony,
    /// What follows, one sentence each.
    pub(crate) remarks: Vec<String>,
}

/// One probe with its finding and what was read from the copy that decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    /// The probe.
    pub(crate) probe: Probe,
    /// The judgement on it.
    pub(crate) finding: Finding,
    /// Authentication as the receiver saw it.
    pub(crate) auth: AuthWords,
    /// The receiver's own verdicts, by name.
    pub(crate) stamps: BTreeMap<String, String>,
    /// Everything else that its header testifies; `None` where no header was read.
    pub(crate) testimony: Option<Box<Told>>,
    /// The latency that an imported result tells; `None` where none is told, and of a probe of our own.
    pub(crate) told_latency: Option<Duration>,
}

impl Judged {
    /// A judged probe of whose headers nothing is known.
    pub(crate) fn new(probe: Probe, finding: Finding) -> Self {
        let auth = AuthWords::default();
        Self { probe, finding, auth, stamps: BTreeMap::new(), testimony: None, told_latency: None }
    }

    /// Adds what the header testifies.
    pub(crate) fn tell(&mut self, testimony: Testimony, remarks: Vec<String>) {
        self.auth = AuthWords::of(&testimony);
        self.stamps = testimony.stamp_map();
        self.testimony = Some(Box::new(Told { testimony, remarks }));
    }

    /// Time from handoff to arrival; `None` where it is not known.
    pub(crate) fn latency(&self) -> Option<Duration> {
        let Finding::Found(evidence) = &self.finding else { return None };
        self.told_latency.or_else(|| latency(self.probe.sent_at(), evidence.arrived_at))
    }
}

/// A provider as reports name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownProvider {
    /// The preset's name.
    pub(crate) name: ProviderName,
    /// What tables and charts call it.
    pub(crate) title: String,
    /// Whether the threshold on the share of spam applies.
    pub(crate) spam_threshold: bool,
}

/// How an inbox rate stands to the thresholds. It colours a figure; the verdict is [`health`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The rate reaches the warning threshold.
    Good,
    /// It does not.
    Short,
    /// Its whole range lies below the critical threshold.
    Bad,
    /// Measured, but too few for a rate.
    TooFew,
    /// Nothing was measured.
    Unmeasured,
}

impl Standing {
    /// The standing of a tally.
    pub(crate) fn of(tally: &Tally, thresholds: Thresholds) -> Self {
        match tally.rate {
            None => Self::Unmeasured,
            Some(_) if tally.measured() < ENOUGH => Self::TooFew,
            Some(rate) if rate >= thresholds.inbox_warn => Self::Good,
            Some(_) if tally.interval.hi < thresholds.inbox_crit => Self::Bad,
            Some(_) => Self::Short,
        }
    }
}

/// How many probes of a tally count towards the inbox rate.
pub(crate) fn good(tally: &Tally, rules: Rules) -> usize {
    Placement::ALL.into_iter().filter(|placement| is_good(*placement, rules)).map(|one| tally.count(one)).sum()
}

/// A provider with its tally.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProviderTally {
    /// The provider.
    pub(crate) provider: ShownProvider,
    /// Counts of its probes.
    pub(crate) tally: Tally,
}

/// Counts over all probes and by provider.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tallies {
    /// Over all probes.
    pub(crate) all: Tally,
    /// Of the providers that were asked, in the order of the report.
    pub(crate) providers: Vec<ProviderTally>,
}

impl Tallies {
    /// The verdict on them.
    pub(crate) fn health(&self, thresholds: Thresholds) -> Health {
        health(self.providers.iter().map(|one| (&one.tally, one.provider.spam_threshold)), thresholds)
    }
}

/// What a run comes to, without its probes.
#[derive(Debug, Clone)]
pub(crate) struct RunTallies {
    /// The run.
    pub(crate) run: Run,
    /// Over all its streams.
    pub(crate) all: Tallies,
    /// By stream, in the order of the run's streams.
    pub(crate) streams: Vec<(StreamName, Tallies)>,
    /// The rules the findings were made by.
    pub(crate) rules: Rules,
    /// Confidence of the intervals.
    pub(crate) confidence: f64,
    /// Thresholds of the verdict.
    pub(crate) thresholds: Thresholds,
}

impl RunTallies {
    /// Those of a judged run.
    pub(crate) fn of(report: RunReport) -> Self {
        let own = |(name, tallies): (&StreamName, Tallies)| (name.clone(), tallies);
        Self {
            all: report.tallies(),
            streams: report.tallies_by_stream().into_iter().map(own).collect(),
            rules: report.rules,
            confidence: report.confidence,
            thresholds: report.thresholds,
            run: report.run,
        }
    }
}

/// One run, judged.
#[derive(Debug, Clone)]
pub(crate) struct RunReport {
    /// The run.
    pub(crate) run: Run,
    /// Its probes in the order of streams and seeds.
    pub(crate) probes: Vec<Judged>,
    /// Providers in the order of tables and charts; one that is not named here comes last, under its preset's name.
    pub(crate) providers: Vec<ShownProvider>,
    /// The rules the findings were made by.
    pub(crate) rules: Rules,
    /// Confidence of the intervals.
    pub(crate) confidence: f64,
    /// Thresholds of the verdict.
    pub(crate) thresholds: Thresholds,
}

impl RunReport {
    /// Counts over every probe of the run.
    pub(crate) fn tallies(&self) -> Tallies {
        self.tallies_where(|_| true)
    }

    /// Counts by stream, in the order of the run's streams.
    pub(crate) fn tallies_by_stream(&self) -> Vec<(&StreamName, Tallies)> {
        let streams = self.run.streams.iter();
        streams.map(|stream| (stream, self.tallies_where(|judged| judged.probe.stream == *stream))).collect()
    }

    /// The verdict behind the exit code.
    pub(crate) fn health(&self) -> Health {
        self.tallies().health(self.thresholds)
    }

    /// The verdict on one stream.
    pub(crate) fn health_of(&self, stream: &StreamName) -> Health {
        self.tallies_where(|judged| judged.probe.stream == *stream).health(self.thresholds)
    }

    /// Where several streams ran: those that are beyond a threshold taken alone, the gravest first. The verdict behind the
    /// exit code pools the streams of a provider, so that many good ones can hide a bad one.
    pub(crate) fn beyond_alone(&self) -> Vec<(&StreamName, Tallies, Health)> {
        if self.run.streams.len() < 2 {
            return Vec::new();
        }
        let judged = |(name, tallies): (_, Tallies)| {
            let health = tallies.health(self.thresholds);
            (name, tallies, health)
        };
        let mut beyond: Vec<_> = self.tallies_by_stream().into_iter().map(judged).collect();
        beyond.retain(|(_, _, health)| *health >= Health::Warning);
        beyond.sort_by_key(|(_, _, health)| std::cmp::Reverse(*health));
        beyond
    }

    /// Arrival by provider, with the address of the slowest seed; providers of whose probes no latency is known are absent.
    pub(crate) fn arrivals(&self) -> Vec<(ShownProvider, Arrival, &str)> {
        let of = |provider: ShownProvider| {
            let known = || {
                let here = self.probes.iter().filter(|judged| judged.probe.provider == provider.name);
                here.filter_map(|judged| Some((judged.latency()?, judged.probe.seed.as_str())))
            };
            let arrival = Arrival::of(known().map(|(latency, _)| latency))?;
            let slowest = known().find(|(latency, _)| *latency == arrival.slowest).map_or("", |(_, seed)| seed);
            Some((provider, arrival, slowest))
        };
        self.asked().into_iter().filter_map(of).collect()
    }

    /// What reports call a provider.
    pub(crate) fn title<'a>(&'a self, name: &'a ProviderName) -> &'a str {
        let shown = self.providers.iter().find(|provider| provider.name == *name);
        shown.map_or(name.as_str(), |provider| &provider.title)
    }

    /// The providers that this run asked, in order.
    fn asked(&self) -> Vec<ShownProvider> {
        let is_asked = |name: &ProviderName| self.probes.iter().any(|judged| judged.probe.provider == *name);
        let mut asked: Vec<_> = self.providers.iter().filter(|one| is_asked(&one.name)).cloned().collect();
        let mut others: Vec<_> = self.probes.iter().map(|judged| &judged.probe.provider).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|name| !asked.iter().any(|one| one.name == **name));
        asked.extend(others.into_iter().map(|name| ShownProvider {
            name: name.clone(),
            title: name.as_str().to_owned(),
            spam_threshold: false,
        }));
        asked
    }

    fn tallies_where(&self, chosen: impl Fn(&Judged) -> bool) -> Tallies {
        let chosen: Vec<&Judged> = self.probes.iter().filter(|judged| chosen(judged)).collect();
        let tally = |wanted: Option<&ProviderName>| {
            let wanted = chosen.iter().filter(|judged| wanted.is_none_or(|name| judged.probe.provider == *name));
            let counted = wanted.map(|judged| Counted {
                seed: judged.probe.seed.as_str(),
                run: self.run.id.0,
                finding: &judged.finding,
            });
            Tally::of(counted, self.rules, self.confidence)
        };
        let here = |name: &ProviderName| chosen.iter().any(|judged| judged.probe.provider == *name);
        let asked = self.asked().into_iter().filter(|provider| here(&provider.name));
        let providers = asked.map(|provider| ProviderTally { tally: tally(Some(&provider.name)), provider }).collect();
        Tallies { all: tally(None), providers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{bad_day, report};

    #[test]
    fn providers_keep_the_order_of_the_report_and_unknown_ones_come_last() {
        let rows = [
            ("news", "a@x.example", "zmail", "inbox", 3),
            ("news", "b@x.example", "yahoo", "inbox", 3),
            ("news", "c@x.example", "amail", "spam", 3),
            ("news", "d@x.example", "gmail", "pending", 3),
        ];
        let report = report(&rows);
        let tallies = report.tallies();
        let order: Vec<&str> = tallies.providers.iter().map(|one| one.provider.title.as_str()).collect();
        assert_eq!(order, ["Gmail", "Yahoo", "amail", "zmail"], "Outlook was not asked");
        assert_eq!((tallies.all.measured(), tallies.all.pending), (3, 1));
        assert_eq!(
            (report.title(&report.probes[1].probe.provider), report.title(&report.probes[0].probe.provider)),
            ("Yahoo", "zmail")
        );
    }

    #[test]
    fn arrivals_count_known_latencies_only_and_name_the_slowest_seed() {
        let rows = [
            ("news", "a@x.example", "gmail", "inbox", 4),
            ("news", "b@x.example", "gmail", "spam", 31),
            ("news", "clock-behind@x.example", "gmail", "inbox", 0),
            ("news", "d@x.example", "gmail", "missing", 9),
            ("news", "e@x.example", "yahoo", "missing", 9),
        ];
        let report = report(&rows);
        let [(provider, arrival, slowest)] = &report.arrivals()[..] else { panic!("Gmail alone has arrivals") };
        assert_eq!((provider.title.as_str(), arrival.known, *slowest), ("Gmail", 2, "b@x.example"));
        assert_eq!((arrival.median, arrival.slowest), (Duration::from_millis(16_500), Duration::from_secs(30)));
    }

    #[test]
    fn the_verdict_uses_the_spam_threshold_only_where_it_applies() {
        let mut report = bad_day();
        assert_eq!(report.health(), Health::Critical);
        for judged in &mut report.probes {
            judged.finding = Finding::Pending;
        }
        assert_eq!(report.health(), Health::TooFew);
        for (at, judged) in report.probes.iter_mut().enumerate() {
            judged.finding = crate::render::samples::finding(if at % 3 == 0 { "spam" } else { "inbox" }, 3);
        }
        assert_eq!(report.health(), Health::Warning, "Outlook's 4 of 12 in spam lie above a tenth");
        for provider in &mut report.providers {
            provider.spam_threshold = false;
        }
        assert_eq!(report.health(), Health::Healthy);
    }
}
