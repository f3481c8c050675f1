//! `seeds list`: the seed list, and where each secret lies. No secret is read.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::{Context, Failure, Outcome};
use crate::config::{Config, ConfiguredSeed};
use crate::domain::seed::AuthKind;
use crate::render::json::document;
use crate::render::plain::plain;

/// Runs the verb.
pub(crate) fn list(context: &Context) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    if context.json {
        let seeds: Vec<serde_json::Value> = config.seeds.iter().map(object).collect();
        return Ok(Outcome::ok(document(&json!({ "seeds": seeds })).map_err(Failure::internal)?));
    }
    if config.seeds.is_empty() {
        return Ok(Outcome::ok(
            "no seed is configured; take one out of its comment in seeds/example.toml\n".to_owned(),
        ));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = context.screen.width {
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    table.set_header(["SEED", "PROVIDER", "SERVER", "SIGNS IN BY", "SECRET", "LABELS"]);
    for seed in &config.seeds {
        table.add_row([
            plain(seed.seed.address.as_str(), 64),
            seed.seed.provider.as_str().to_owned(),
            format!("{}:{}", seed.seed.host, seed.seed.port),
            auth(seed).to_owned(),
            plain(&secret(seed).unwrap_or_else(|| "none".to_owned()), 64),
            plain(&seed.seed.labels.join(", "), 48),
        ]);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    Ok(Outcome::ok(format!("{}\n{} seeds\n", lines.join("\n"), config.seeds.len())))
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
