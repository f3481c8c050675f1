//! What a run is made of before anything leaves the machine: the configuration, the chosen streams with their messages
//! checked, the seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use fail::fail_point;
use sha2::{Digest as _, Sha256};

use super::preflight::Sending;
use super::{Context, Failure};
use crate::cli::RunArgs;
use crate::config::{Config, ConfiguredSeed, Stream, Transport};
use crate::domain::dns::name::DomainName;
use crate::domain::handoff::Letter;
use crate::domain::message::{Composition, Template};
use crate::domain::probe::Probe;
use crate::domain::provider::ProviderName;
use crate::domain::run::{Label, RunId};
use crate::domain::seed::Address;
use crate::domain::stream::{StreamName, TransportKind};
use crate::edge::imap::Patience;
use crate::edge::store::{NewRun, StreamFacts};

/// One chosen stream with its message.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// The stream as configured.
    pub(crate) stream: Stream,
    /// Its message, checked.
    pub(crate) template: Template,
    /// The address in From.
    pub(crate) sender: String,
    /// SHA-256 of the message file.
    pub(crate) digest: [u8; 32],
}

/// Everything that is known before the first connection.
#[derive(Debug)]
pub(crate) struct Preparation {
    /// The configuration.
    pub(crate) config: Config,
    /// The chosen streams, in the order of the configuration.
    pub(crate) streams: Vec<Prepared>,
    /// How long each probe is watched.
    pub(crate) wait: Duration,
    label: Option<Label>,
}

impl Preparation {
    /// Reads and checks everything; a fault of the configuration ends the run here, with nothing sent.
    pub(crate) fn new(context: &Context, args: &RunArgs) -> Result<Self, Failure> {
        let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
        let streams = prepare_streams(&config, &args.streams)?;
        if config.seeds.is_empty() {
            return Err(Failure::bad_input(anyhow!("{}: {}", config.file.display(), no_seed_words(&config))));
        }
        let wait = args.wait.unwrap_or(config.run.wait);
        Ok(Self { streams, wait, label: args.label.clone(), config })
    }

    /// The seeds of the run.
    pub(crate) fn seeds(&self) -> Vec<&ConfiguredSeed> {
        self.config.seeds.iter().collect()
    }

    /// Their addresses.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        self.config.seeds.iter().map(|seed| seed.seed.address.clone()).collect()
    }

    /// The streams as the preflight asks about them.
    pub(crate) fn sendings(&self) -> Vec<Sending<'_>> {
        self.streams.iter().map(|one| Sending { stream: &one.stream, from: one.sender.clone() }).collect()
    }

    /// How patient the program is with a silent server.
    pub(crate) fn patience(&self) -> Patience {
        patience_for(self.wait)
    }

    /// Whether connections must change hands, because there are more seeds than connections in all or at one provider.
    pub(crate) fn is_crowded<'a>(&self, seeds: impl Iterator<Item = &'a Address>, connections: usize) -> bool {
        let providers: BTreeMap<&Address, &ProviderName> =
            self.config.seeds.iter().map(|seed| (&seed.seed.address, &seed.seed.provider)).collect();
        let mut counts: BTreeMap<&ProviderName, usize> = BTreeMap::new();
        let mut all = 0_usize;
        for provider in seeds.filter_map(|seed| providers.get(seed)) {
            all = all.saturating_add(1);
            *counts.entry(provider).or_insert(0) += 1;
        }
        let beyond = |(name, count): (&&ProviderName, &usize)| {
            self.config.providers.get(*name).is_some_and(|provider| *count > provider.max_connections)
        };
        all > connections || counts.iter().any(beyond)
    }

    /// The plan that is committed before anything leaves the machine.
    pub(crate) fn plan(&self, context: &Context) -> NewRun {
        NewRun {
            label: self.label.clone(),
            streams: self.streams.iter().map(Prepared::facts).collect(),
            seeds: self
                .config
                .seeds
                .iter()
                .map(|seed| (seed.seed.address.clone(), seed.seed.provider.clone()))
                .collect(),
            wait: self.wait,
            simulated: context.simulated,
            started_at: context.clock.now(),
        }
    }

    /// One probe's message, ready for SES.
    pub(crate) fn letter(&self, run: RunId, probe: &Probe) -> Result<Letter, Failure> {
        let prepared = self
            .streams
            .iter()
            .find(|one| one.stream.name == probe.stream)
            .ok_or_else(|| Failure::internal(anyhow!("compose a probe of {}: no such stream", probe.stream)))?;
        let tags = vec![
            ("inboxed-run".to_owned(), run.0.to_string()),
            ("inboxed-stream".to_owned(), probe.stream.as_str().replace('.', "_")),
        ];
        let extra = match &prepared.stream.transport {
            Transport::Api => Vec::new(),
            Transport::Smtp(_) => crate::edge::ses::smtp_headers(prepared.stream.configuration_set.as_deref(), &tags),
        };
        let composition = Composition {
            to: &probe.seed,
            from: prepared.stream.from.as_deref(),
            tag: probe.tagged.then_some(&probe.tag),
            extra: &extra,
        };
        let bytes = prepared
            .template
            .compose(&composition)
            .with_context(|| format!("{}", prepared.stream.message.display()))
            .map_err(Failure::bad_input)?;
        Ok(Letter {
            sender: prepared.sender.clone(),
            seed: probe.seed.clone(),
            bytes,
            configuration_set: prepared.stream.configuration_set.clone(),
            tags,
        })
    }
}

impl Prepared {
    /// That the sender stands in a domain which is reserved for examples, as in the file that `init` writes; `None` where it
    /// does not, or where a local stand-in answers for SES.
    pub(crate) fn placeholder(&self, config: &Config) -> Option<String> {
        let domain = DomainName::of_address(&self.sender)?;
        if config.ses.endpoint_url.is_some() || !domain.is_for_examples() {
            return None;
        }
        let key = if self.stream.from.is_some() {
            format!("`from` of the stream {} ({})", self.stream.name, self.stream.place)
        } else {
            format!("From in {}, or `from` of the stream {}", self.stream.message.display(), self.stream.name)
        };
        Some(format!(
            "{domain} is a placeholder that nobody can own (RFC 2606): set {key} to a sender that is verified in SES"
        ))
    }

    fn facts(&self) -> StreamFacts {
        StreamFacts {
            name: self.stream.name.clone(),
            kind: self.stream.kind,
            from: self.sender.clone(),
            transport: match self.stream.transport {
                Transport::Api => TransportKind::SesApi,
                Transport::Smtp(_) => TransportKind::SesSmtp,
            },
            region: self.stream.region.clone(),
            configuration_set: self.stream.configuration_set.clone(),
            control: self.stream.control,
            tag_mode: self.stream.tag,
            message_sha256: self.digest,
        }
    }
}

/// That there is no seed, and where to write one.
pub(crate) fn no_seed_words(config: &Config) -> String {
    format!(
        "no seed is configured; take one out of its comment in the list that `inboxed init` wrote, or write one into a file that \
         `seeds` names ({})",
        config.seed_patterns().join(", ")
    )
}

/// Commands are given as long as the run itself waits, within reason: a hung server must not outlast the run.
pub(crate) fn patience_for(wait: Duration) -> Patience {
    fail_point!("imap-patience", |millis| {
        let each = Duration::from_millis(millis.and_then(|text| text.parse().ok()).unwrap_or(1000));
        Patience { connect: each, greeting: each, command: each, flight: each * 2, logout: each }
    });
    let usual = Patience::default();
    let command = wait.clamp(Duration::from_secs(5), usual.command);
    Patience { command, greeting: usual.greeting.min(command), flight: usual.flight.min(command * 2), ..usual }
}

/// The named streams, or all of them; each message read and checked.
pub(crate) fn prepare_streams(config: &Config, names: &[StreamName]) -> Result<Vec<Prepared>, Failure> {
    let known: BTreeSet<&str> = config.streams.iter().map(|stream| stream.name.as_str()).collect();
    for name in names {
        if !known.contains(name.as_str()) {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Failure::bad_input(anyhow!(
                "{}: there is no stream {name}; known streams: {known}",
                config.file.display()
            )));
        }
    }
    if config.streams.is_empty() {
        return Err(Failure::bad_input(anyhow!(
            "{}: no stream is configured; add a [[stream]] with name, from and message",
            config.file.display()
        )));
    }
    let chosen = |stream: &&Stream| names.is_empty() || names.contains(&stream.name);
    config.streams.iter().filter(chosen).map(prepare_stream).collect()
}

fn prepare_stream(stream: &Stream) -> Result<Prepared, Failure> {
    let path = stream.message.display();
    let raw = std::fs::read(&stream.message)
        .with_context(|| format!("{}: message: read {path}", stream.place))
        .map_err(Failure::bad_input)?;
    let template = Template::parse(&raw).with_context(|| path.to_string()).map_err(Failure::bad_input)?;
    let sender = template.sender(stream.from.as_deref()).map(|(_, address)| address).ok_or_else(|| {
        Failure::bad_input(anyhow!("{path}: it names no sender; add a From line, or `from` to the stream"))
    })?;
    // A trial, so that every fault of the message is found before anything is sent.
    let trial = Address::new("trial@inboxed.example").ok_or_else(|| Failure::internal(anyhow!("compose a trial")))?;
    let composition = Composition { to: &trial, from: stream.from.as_deref(), tag: None, extra: &[] };
    template.compose(&composition).with_context(|| path.to_string()).map_err(Failure::bad_input)?;
    let digest = Sha256::digest(&raw).into();
    Ok(Prepared { stream: stream.clone(), template, sender, digest })
}
