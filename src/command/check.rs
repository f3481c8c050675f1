//! `check`: proves the set-up before anything is sent: configuration and messages, SES, each seed's sign-in and folders.
//!
//! One line each, with the remedy. It sends nothing, stores nothing but how sign-ins went and whom SES delivers
//! to, and waits for no lock.

mod seeds;

use serde_json::json;

use super::dns::examine_streams;
use super::preflight::{Memory, Preflight, Sending, preflight, refuse_unfit};
use super::preparation::{Prepared, no_seed_words, prepare_streams};
use super::remains::refuse_gone_lab;
use super::{Context, Failure, Outcome};
use crate::Exit;
use crate::cli::CheckArgs;
use crate::config::Config;
use crate::domain::dns::check as dns;
use crate::domain::seed::Address;
use crate::domain::sign_in::SignIn;
use crate::edge::ses::IdentityStanding;
use crate::edge::store::Store;
use crate::render::json::document;
use crate::render::progress::Progress;
use crate::render::table::{CheckLine, Screen, Verdict, checks_table};
use crate::render::words::counted;
use seeds::{SeedCheck, seed_checks};

/// Octets of a record that a line of a check has room for.
const SHORT: usize = 160;

/// One line.
#[derive(Debug)]
struct Check {
    part: &'static str,
    name: String,
    verdict: Verdict,
    found: String,
    /// How the sign-in came out, of a seed that was tried.
    sign_in: Option<SignIn>,
}

impl Check {
    /// A line about anything but a seed that was tried.
    fn new(part: &'static str, name: impl Into<String>, verdict: Verdict, found: String) -> Self {
        Self { part, name: name.into(), verdict, found, sign_in: None }
    }
}

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &CheckArgs) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let streams = prepare_streams(&config, &[])?;
    refuse_gone_lab(context, &config)?;
    let store = Store::open(&config.database).await.map_err(Failure::bad_input)?;
    let progress = Progress::new(context.progress);
    let mut checks: Vec<Check> = streams.iter().flat_map(message_checks).collect();
    let addresses: Vec<Address> = config.seeds.iter().map(|seed| seed.seed.address.clone()).collect();
    let sendings: Vec<Sending<'_>> =
        streams.iter().map(|one| Sending { stream: &one.stream, from: one.sender.clone() }).collect();
    let memory = Memory { store: &store, believed: false };
    progress.asking("SES");
    let asked = preflight(&config, &sendings, &addresses, memory, &context.clock, context.simulated)
        .await
        .map_err(Failure::bad_input)?;
    let (strange, streams): (Vec<Prepared>, Vec<Prepared>) =
        streams.into_iter().partition(|one| is_placeholder(one, &config, &asked));
    checks.extend(strange.iter().filter_map(|one| placeholder_check(one, &config)));
    let fit = refuse_unfit(&asked, addresses.len());
    let can_send = fit.is_ok() && strange.is_empty();
    checks.extend(ses_checks(&asked, fit.err()));
    progress.asking("DNS");
    checks.extend(dns_checks(context, &config, &streams).await);
    progress.asked();
    let seeds = seed_checks(context, &config, &asked.undeliverable, &store, args.again).await?;
    let usable = seeds.iter().filter(|seed| seed.check.verdict != Verdict::Critical).count();
    let all_usable = usable == seeds.len();
    let objects: Vec<serde_json::Value> = seeds.iter().map(SeedCheck::object).collect();
    if seeds.is_empty() {
        checks.push(Check::new("seed", "none", Verdict::Critical, no_seed_words(&config)));
    }
    checks.extend(seeds.into_iter().map(|seed| seed.check));
    let exit = match (can_send && usable > 0, all_usable) {
        (false, _) => Exit::Critical,
        (true, false) => Exit::Warning,
        (true, true) => Exit::Ok,
    };
    let stdout = if context.json {
        document_of(&checks, &objects)?
    } else {
        lines(&checks, context.screen) + &closing(usable, exit)
    };
    Ok(Outcome { exit, stdout })
}

/// Whether a sender is one of those in files that `init` wrote. Where SES knows it, whatever answers for SES knows better.
fn is_placeholder(prepared: &Prepared, config: &Config, asked: &Preflight) -> bool {
    let mut senders = asked.regions.iter().flat_map(|region| &region.senders);
    let is_known =
        senders.any(|sender| sender.stream == prepared.stream.name && sender.identity == IdentityStanding::Verified);
    !is_known && prepared.placeholder(config).is_some()
}

/// A sender that `init` wrote, in a domain that nobody can own.
fn placeholder_check(prepared: &Prepared, config: &Config) -> Option<Check> {
    let found = prepared.placeholder(config)?;
    Some(Check::new("sender", prepared.sender.clone(), Verdict::Critical, found))
}

/// A message that can be sent, and each of its warnings on a line of its own.
fn message_checks(prepared: &Prepared) -> Vec<Check> {
    let line = |verdict, found| Check::new("message", prepared.stream.name.to_string(), verdict, found);
    let mut remarks = vec![format!("from {}", prepared.sender)];
    remarks.extend(prepared.template.notes().iter().cloned());
    let mut lines = vec![line(Verdict::Ok, remarks.join("; "))];
    let warnings = prepared.template.warnings(prepared.stream.kind);
    lines.extend(warnings.into_iter().map(|warning| line(Verdict::Warning, warning)));
    lines
}

fn ses_checks(asked: &Preflight, unfit: Option<Failure>) -> Vec<Check> {
    let mut checks = Vec::new();
    for region in &asked.regions {
        let name = region.region.clone().unwrap_or_else(|| "region of the AWS environment".to_owned());
        let (verdict, found) = match &region.account {
            Ok(account) => {
                let sandbox = match account.sandbox {
                    Some(true) => "sandbox: only verified addresses get mail",
                    Some(false) => "production access",
                    None => "sandbox unknown",
                };
                let rate = account.max_send_rate.map_or("rate unknown".to_owned(), |rate| format!("{rate} a second"));
                let left = account.quota_left.map_or("quota unknown".to_owned(), |left| {
                    if left.is_finite() { format!("{left} left today") } else { "no daily limit".to_owned() }
                });
                let verdict = if account.sandbox == Some(false) { Verdict::Ok } else { Verdict::Warning };
                (verdict, format!("{sandbox}; {rate}; {left}"))
            }
            Err(failure) if region.needs_api => (Verdict::Critical, failure.to_string()),
            Err(failure) => (Verdict::Warning, failure.to_string()),
        };
        checks.push(Check::new("ses", name, verdict, found));
        // Where the account itself could not be asked, that is said already.
        if let (Ok(_), Err(why)) = (&region.account, &region.returns) {
            let name = "bounces and complaints".to_owned();
            checks.push(Check::new("ses", name, Verdict::Warning, why.clone()));
        }
        for sender in &region.senders {
            let (verdict, found) = match &sender.identity {
                IdentityStanding::Verified => (Verdict::Ok, "verified".to_owned()),
                IdentityStanding::Unverified { why } => (Verdict::Critical, why.clone()),
                IdentityStanding::Unknown(note) => (Verdict::Warning, note.clone()),
            };
            checks.push(Check::new("sender", sender.from.clone(), verdict, found));
        }
    }
    checks.extend(asked.notes.iter().cloned().map(|found| Check::new("ses", "note", Verdict::Warning, found)));
    // What a line above says already needs no second one.
    let unfit = unfit.map(|unfit| format!("{:#}", unfit.error));
    let is_told = |what: &str| {
        checks.iter().any(|check| check.verdict == Verdict::Critical && what.contains(check.found.as_str()))
    };
    if let Some(found) = unfit.filter(|what| !is_told(what)) {
        checks.push(Check::new("ses", "cannot send", Verdict::Critical, found));
    }
    checks
}

/// What DNS says of every stream's domain. It keeps no run from sending; it decides where the mail lands.
async fn dns_checks(context: &Context, config: &Config, streams: &[Prepared]) -> Vec<Check> {
    let mut lines = Vec::new();
    for one in examine_streams(context, config, streams).await {
        let line = |verdict, found| Check::new("dns", one.domain.to_string(), verdict, found);
        let before = lines.len();
        for check in &one.checks {
            let verdict = match check.verdict {
                dns::Verdict::Ok | dns::Verdict::Info => continue,
                dns::Verdict::Warning | dns::Verdict::Unanswered => Verdict::Warning,
                dns::Verdict::Critical => Verdict::Critical,
            };
            let silent = if check.verdict == dns::Verdict::Unanswered { "unanswered: " } else { "" };
            // A record is there to be copied whole; a long one stands on lines of its own elsewhere.
            let publish = |record: &String| {
                if record.len() <= SHORT && !record.contains('\n') {
                    format!("; publish {record}")
                } else {
                    format!("; `inboxed dns check {}` has the record to publish", one.domain)
                }
            };
            let publish = check.publish.as_ref().map(publish).unwrap_or_default();
            lines.push(line(verdict, format!("{}: {silent}{}{publish}", check.id, check.found)));
        }
        if lines.len() == before {
            lines.push(line(Verdict::Ok, "nothing to mend; `inboxed dns check` tells all".to_owned()));
        }
    }
    lines
}

fn document_of(checks: &[Check], seeds: &[serde_json::Value]) -> Result<String, Failure> {
    let rows: Vec<serde_json::Value> = checks
        .iter()
        .map(|one| {
            json!({
                "part": one.part, "name": one.name, "verdict": one.verdict.word(), "found": one.found,
                "sign_in": one.sign_in.map(SignIn::word),
            })
        })
        .collect();
    document(&json!({ "checks": rows, "seeds": seeds })).map_err(Failure::internal)
}

fn lines(checks: &[Check], screen: Screen) -> String {
    let line = |one| {
        let Check { part, name, verdict, found, .. }: &Check = one;
        CheckLine { part, name, verdict: *verdict, found }
    };
    checks_table(&checks.iter().map(line).collect::<Vec<_>>(), screen)
}

fn closing(usable: usize, exit: Exit) -> String {
    let seeds = counted(usable, "seed");
    match exit {
        Exit::Ok => format!("\nReady: {seeds} can be used. Next: `inboxed run`.\n"),
        Exit::Warning => {
            format!("\nReady with {seeds}; the others are left out of a run and reported as unmeasured.\n")
        }
        Exit::Critical
        | Exit::TooFew
        | Exit::Usage
        | Exit::BadInput
        | Exit::Unreachable
        | Exit::Internal
        | Exit::Locked
        | Exit::Interrupted => {
            "\nNot ready, a run would send nothing: mend what is critical, then check again.\n".to_owned()
        }
    }
}
