//! `run --dry-run`: what would be sent, and what can be seen to stand in the way, without a connection or a row.
//!
//! Secrets in files and variables are looked at. No program is started for one and no keyring opened: which secrets were not
//! looked at is said.

use std::collections::BTreeMap;

use anyhow::anyhow;
use serde_json::json;

use super::field::NO_SECRET;
use super::grants::{registration, store};
use super::preparation::{Preparation, Prepared};
use super::{Context, Failure, Outcome};
use crate::config::{Config, ConfiguredSeed, Transport};
use crate::domain::oauth::Flow;
use crate::domain::seed::AuthKind;
use crate::domain::stream::TagMode;
use crate::render::json::document;
use crate::render::plain::plain;
use crate::render::words::counted;
use crate::secret::SecretSource;

/// Most columns of one line about a seed.
const WIDEST: usize = 600;

/// What can be seen of how a seed or a stream signs in.
enum Glance {
    /// Nothing stands in the way.
    Fine,
    /// It cannot sign in; why, with the remedy.
    Unusable(String),
    /// What was not looked at.
    NotLookedAt(String),
}

/// Everything that is said.
struct DryRun<'a> {
    preparation: &'a Preparation,
    /// Seeds that would get a probe of each stream.
    usable: Vec<&'a ConfiguredSeed>,
    /// Seeds that would take no part, with the reason.
    unusable: Vec<(&'a ConfiguredSeed, String)>,
    /// Whose secrets were not looked at, and where those lie.
    not_looked_at: Vec<(String, String)>,
    /// What else is to be known.
    notes: Vec<String>,
}

/// Looks, and says what a run would do. It ends as the run would where nothing could be sent.
pub(crate) async fn dry_run(context: &Context, preparation: &Preparation) -> Result<Outcome, Failure> {
    let config = &preparation.config;
    let mut found = DryRun {
        preparation,
        usable: Vec::new(),
        unusable: Vec::new(),
        not_looked_at: Vec::new(),
        notes: config.shared_mailboxes().into_iter().collect(),
    };
    for one in &preparation.streams {
        let Transport::Smtp(settings) = &one.stream.transport else { continue };
        match of_secret(&settings.secret).await {
            Glance::Fine => {}
            Glance::Unusable(why) => {
                return Err(Failure::bad_input(anyhow!("stream {}: {why}; nothing would be sent", one.stream.name)));
            }
            Glance::NotLookedAt(place) => {
                found.not_looked_at.push((format!("stream {}", one.stream.name), place));
            }
        }
    }
    for seed in &config.seeds {
        match glance(config, seed).await {
            Glance::Unusable(why) => {
                found.unusable.push((seed, why));
                continue;
            }
            Glance::NotLookedAt(place) => found.not_looked_at.push((seed.seed.address.to_string(), place)),
            Glance::Fine => {}
        }
        found.usable.push(seed);
    }
    if found.usable.is_empty() {
        let reasons: Vec<String> =
            found.unusable.iter().map(|(seed, why)| format!("{}: {why}", seed.seed.address)).collect();
        let reasons = reasons.join("\n  ");
        return Err(Failure::bad_input(anyhow!("no seed can be used, so nothing would be sent\n  {reasons}")));
    }
    if context.json {
        found.document().map(Outcome::ok).map_err(Failure::internal)
    } else {
        Ok(Outcome::ok(found.text()))
    }
}

/// What can be seen of a seed's sign-in.
async fn glance(config: &Config, seed: &ConfiguredSeed) -> Glance {
    if seed.seed.auth == AuthKind::Password {
        return match &seed.secret {
            None => Glance::Unusable(NO_SECRET.to_owned()),
            Some(source) => of_secret(source).await,
        };
    }
    let registration = match registration(config, seed, None) {
        Ok(registration) => registration,
        Err(why) => return Glance::Unusable(why),
    };
    let of_client = match config.oauth_of(seed).client_secret {
        Some(source) => of_secret(&source).await,
        None => Glance::Fine,
    };
    if let Glance::Unusable(why) = of_client {
        return Glance::Unusable(format!("of its OAuth client: {why}"));
    }
    if registration.flow == Flow::App {
        return of_client;
    }
    let store = store(config, seed);
    match store.is_there() {
        Some(true) => of_client,
        Some(false) => {
            Glance::Unusable(format!("it is not signed in yet; run `inboxed seeds sign-in {}`", seed.seed.address))
        }
        None => Glance::NotLookedAt(store.place()),
    }
}

async fn of_secret(source: &SecretSource) -> Glance {
    match source.read_if_at_hand().await {
        None => Glance::NotLookedAt(source.to_string()),
        Some(Ok(_)) => Glance::Fine,
        Some(Err(fault)) => Glance::Unusable(fault.to_string()),
    }
}

fn tagged(one: &Prepared) -> &'static str {
    if one.stream.tag == TagMode::Header { "header" } else { "none" }
}

impl DryRun<'_> {
    fn probes(&self) -> usize {
        self.preparation.streams.len().saturating_mul(self.usable.len())
    }

    fn document(&self) -> serde_json::Result<String> {
        let stream = |one: &Prepared| {
            json!({
                "stream": one.stream.name.as_str(), "from": one.sender, "tag": tagged(one),
                "message": one.stream.message.display().to_string(), "notes": one.template.notes(),
            })
        };
        let streams: Vec<_> = self.preparation.streams.iter().map(stream).collect();
        let seeds: Vec<&str> = self.usable.iter().map(|seed| seed.seed.address.as_str()).collect();
        let unusable = self.unusable.iter().map(|(seed, why)| json!({"seed": seed.seed.address.as_str(), "why": why}));
        let not_looked_at = self.not_looked_at.iter().map(|(whose, place)| json!({"of": whose, "secret": place}));
        document(&json!({
            "dry_run": true, "streams": streams, "seeds": seeds, "probes": self.probes(),
            "unusable": unusable.collect::<Vec<_>>(), "not_looked_at": not_looked_at.collect::<Vec<_>>(),
            "notes": self.notes,
        }))
    }

    fn text(&self) -> String {
        let mut lines = vec![format!(
            "dry run: {} ({} × {}), nothing sent",
            counted(self.probes(), "probe"),
            counted(self.preparation.streams.len(), "stream"),
            counted(self.usable.len(), "seed")
        )];
        for one in &self.preparation.streams {
            let message = one.stream.message.display();
            lines.push(format!("\n{}  from {}  message {message}", one.stream.name, one.sender));
            lines.extend(one.placeholder(&self.preparation.config).map(|why| format!("  {why}")));
            lines.extend(one.template.notes().iter().map(|note| format!("  {note}")));
        }
        if !self.unusable.is_empty() {
            lines.push(format!("\nleft out: {}", counted(self.unusable.len(), "seed")));
            let one = |(seed, why): &(&ConfiguredSeed, String)| format!("  {}: {why}", seed.seed.address);
            lines.extend(self.unusable.iter().map(|left_out| plain_line(&one(left_out))));
        }
        let mut lines_of_notes: Vec<String> = self.notes.iter().map(|note| format!("note: {note}")).collect();
        lines_of_notes.extend(self.not_looked_at_words());
        if !lines_of_notes.is_empty() {
            lines.push(String::new());
            lines.extend(lines_of_notes.iter().map(|note| plain_line(note)));
        }
        lines.join("\n") + "\n"
    }

    /// How many secrets were not looked at, by the kind of their place.
    fn not_looked_at_words(&self) -> Option<String> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, place) in &self.not_looked_at {
            *kinds.entry(place.split(' ').next().unwrap_or_default()).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} by {kind}")).collect();
        let all = counted(self.not_looked_at.len(), "secret");
        (!kinds.is_empty()).then(|| format!("note: not looked at: {all} ({}); `inboxed check` does", kinds.join(", ")))
    }
}

/// A line made harmless, its indent kept.
fn plain_line(line: &str) -> String {
    let rest = line.trim_start_matches(' ');
    format!("{}{}", " ".repeat(line.len().saturating_sub(rest.len())), plain(rest, WIDEST))
}
