//! `inspect`: what a received message's header testifies. It asks nobody: no network, no database.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::{Context, Failure, Outcome};
use crate::cli::InspectArgs;
use crate::config::{Config, Providers, presets};
use crate::domain::evidence::{self, HEADER_LIMIT, guess, remarks, testify};
use crate::domain::provider::{Provider, ProviderName};
use crate::render::json::inspect_document;
use crate::render::table::{Ascribed, Screen, inspect_table};

/// What stands in for a provider that nothing tells.
const GENERIC: &str = "generic";

/// Runs the verb.
pub(crate) fn execute(context: &Context, args: &InspectArgs) -> Result<Outcome, Failure> {
    let raw = read(&args.file).map_err(Failure::bad_input)?;
    let view = if context.json { View::Document } else { View::Page(context.screen) };
    let told = tell(&raw, &known(context)?, args.provider.as_deref(), view);
    told.map(Outcome::ok).map_err(|failure| Failure {
        error: failure.error.context(args.file.display().to_string()),
        exit: failure.exit,
    })
}

/// How a testimony is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View {
    /// As JSON.
    Document,
    /// As tables.
    Page(Screen),
}

/// What these bytes testify; a fault of the input where they begin with no header field.
pub(crate) fn tell(raw: &[u8], providers: &Providers, named: Option<&str>, view: View) -> Result<String, Failure> {
    if evidence::fields::fields(raw.get(..HEADER_LIMIT).unwrap_or(raw)).is_empty() {
        return Err(Failure::bad_input(anyhow!(
            "this is no mail message: it begins with no header field; save the message's source, with its header, into a file"
        )));
    }
    let (provider, ascribed) = choose(providers, named, raw)?;
    let mut testimony = testify(raw, false, &provider);
    testimony.unknown.push("the folder it lay in: a message does not tell; seeds do".to_owned());
    let said = remarks(&testimony, None, None);
    match view {
        View::Document => inspect_document(&testimony, &said, &provider).map_err(Failure::internal),
        View::Page(screen) => Ok(inspect_table(&testimony, &said, &provider, ascribed, screen)),
    }
}

/// The message's beginning, one byte more than is ever looked at: then it shows that it was cut.
fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let most = u64::try_from(HEADER_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    let mut raw = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut raw).context("read standard input")?;
    } else {
        let open = File::open(file).with_context(|| format!("read {}", file.display()))?;
        open.take(most).read_to_end(&mut raw).with_context(|| format!("read {}", file.display()))?;
    }
    Ok(raw)
}

/// Our presets, and the user's where a configuration lies at hand. A faulty one is no reason not to look at a message.
fn known(context: &Context) -> Result<Providers, Failure> {
    if context.config_path.exists() {
        match Config::load(&context.config_path) {
            Ok(config) => return Ok(config.providers),
            Err(faults) => context.note(&format!("your own presets are left out: {faults}")),
        }
    }
    presets().map_err(Failure::internal)
}

fn choose(providers: &Providers, named: Option<&str>, raw: &[u8]) -> Result<(Arc<Provider>, Ascribed), Failure> {
    let of = |name: &str| ProviderName::new(name).and_then(|name| providers.get(&name)).cloned();
    if let Some(name) = named {
        let known: Vec<&str> = providers.keys().map(ProviderName::as_str).collect();
        let unknown = || anyhow!("--provider {name}: no preset has this name; known are {}", known.join(", "));
        return of(name).map(|provider| (provider, Ascribed::Named)).ok_or_else(|| Failure::bad_input(unknown()));
    }
    let guessed = guess(raw, super::judgement::in_order(providers).map(Arc::as_ref));
    if let Some(found) = guessed.and_then(|found| of(found.name.as_str())) {
        return Ok((found, Ascribed::Guessed));
    }
    let generic = of(GENERIC).ok_or_else(|| Failure::internal(anyhow!("the preset generic is missing")))?;
    Ok((generic, Ascribed::Nobody))
}
