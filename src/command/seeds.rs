//! `seeds list`: the seed list, and where each secret lies. No secret is read.

mod import;

use serde_json::json;

use super::preparation::no_seed_words;
use super::{Context, Failure, Outcome};
use crate::config::{Config, ConfiguredSeed};
use crate::domain::seed::AuthKind;
use crate::render::json::document;
use crate::render::table::{SeedLine, seeds_table};

pub(crate) use import::import;

/// Runs the verb.
pub(crate) fn list(context: &Context) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    if context.json {
        let seeds: Vec<serde_json::Value> = config.seeds.iter().map(object).collect();
        return Ok(Outcome::ok(document(&json!({ "seeds": seeds })).map_err(Failure::internal)?));
    }
    if config.seeds.is_empty() {
        return Ok(Outcome::ok(no_seed_words(&config) + "\n"));
    }
    let lines: Vec<SeedLine> = config.seeds.iter().map(line).collect();
    Ok(Outcome::ok(seeds_table(&lines, context.screen)))
}

fn line(seed: &ConfiguredSeed) -> SeedLine {
    SeedLine {
        address: seed.seed.address.to_string(),
        provider: seed.seed.provider.as_str().to_owned(),
        server: format!("{}:{}", seed.seed.host, seed.seed.port),
        auth: auth(seed),
        secret: secret(seed),
        labels: seed.seed.labels.join(", "),
    }
}

fn auth(seed: &ConfiguredSeed) -> &'static str {
    match seed.seed.auth {
        AuthKind::Password => "password",
        AuthKind::OAuth => "oauth",
    }
}

fn secret(seed: &ConfiguredSeed) -> Option<String> {
    seed.secret.as_ref().map(ToString::to_string)
}

fn object(seed: &ConfiguredSeed) -> serde_json::Value {
    json!({
        "address": seed.seed.address.as_str(),
        "provider": seed.seed.provider.as_str(),
        "login": seed.seed.login,
        "host": seed.seed.host,
        "port": seed.seed.port,
        "auth": auth(seed),
        "secret": secret(seed),
        "labels": seed.seed.labels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::clock::Clock;
    use crate::render::table::Screen;

    const SEEDS: &str = "[[seed]]\naddress = \"anna@gmail.com\"\nprovider = \"gmail\"\nlabels = [\"b2c\", \"old\"]\n\
                         secret = { command = \"echo hunter2\" }\n[[seed]]\naddress = \"bert@mail.example\"\n\
                         provider = \"generic\"\nhost = \"imap.mail.example\"\ntls = \"starttls\"\nauth = \"oauth\"\n";

    fn listed(seeds: &str, json: bool) -> String {
        let dir = tempfile::tempdir().unwrap();
        let config_path = dir.path().join("inboxed.toml");
        std::fs::write(&config_path, "seeds = [\"s.toml\"]\n").unwrap();
        std::fs::write(dir.path().join("s.toml"), seeds).unwrap();
        let screen = Screen { width: None, colour: false };
        let clock = Clock::system();
        list(&Context { config_path, json, screen, clock, progress: false, quiet: false, simulated: false })
            .unwrap()
            .stdout
    }

    #[test]
    fn the_list_says_where_a_secret_lies_and_never_what_it_is() {
        let table = listed(SEEDS, false);
        let rows: Vec<String> = table
            .lines()
            .filter(|line| !line.starts_with('─'))
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            rows,
            [
                "seed provider server signs in by secret labels",
                "anna@gmail.com gmail imap.gmail.com:993 password command echo b2c, old",
                "bert@mail.example generic imap.mail.example:143 oauth –",
                "2 seeds",
            ]
        );
        let document: serde_json::Value = serde_json::from_str(&listed(SEEDS, true)).unwrap();
        assert_eq!(document["seeds"][0]["secret"], "command echo");
        assert_eq!((&document["seeds"][1]["port"], &document["seeds"][1]["secret"]), (&json!(143), &json!(null)));
        assert!(!table.contains("hunter2") && !document.to_string().contains("hunter2"));
    }

    #[test]
    fn a_list_without_seeds_says_how_to_begin() {
        assert!(listed("", false).starts_with("no seed is configured; "));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&listed("", true)).unwrap(), json!({ "seeds": [] }));
    }
}
