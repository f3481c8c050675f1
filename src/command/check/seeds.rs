//! The seeds' part of `check`: each one's sign-in, its folders with their roles, its tabs, its newest mail, what the last
//! run found there, and signs that it is no fair witness any more.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::Check;
use crate::command::field::Field;
use crate::command::judgement::{hear, judge_run};
use crate::command::preparation::patience_for;
use crate::command::{Context, Failure};
use crate::config::{Config, ConfiguredSeed};
use crate::domain::finding::{Finding, Placement};
use crate::domain::folder::Role;
use crate::domain::look::Trace;
use crate::domain::provider::ProviderName;
use crate::domain::run::RunId;
use crate::domain::seed::Address;
use crate::domain::sign_in::SignIn;
use crate::domain::stamp::Stamp;
use crate::edge::imap::{Door, Found, Mailbox, Survey, SurveyedFolder, Tabs};
use crate::edge::store::Store;
use crate::render::progress::Progress;
use crate::render::table::Verdict;
use crate::render::words::day_and_year;

/// Of how many runs the traces in a mailbox are looked after.
const RUNS_LOOKED_AFTER: u32 = 5;

/// What the last run found in one seed, for one stream.
#[derive(Debug, Clone)]
struct LastResult {
    stream: String,
    placement: Option<&'static str>,
    /// Whether it was still watched for.
    is_pending: bool,
    why: Option<String>,
}

/// What is known of the seeds from earlier runs.
#[derive(Debug, Default)]
struct History {
    run: Option<RunId>,
    results: BTreeMap<Address, Vec<LastResult>>,
    /// Why a seed is no fair witness, as stamps of the last run tell it.
    stamped: BTreeMap<Address, Vec<String>>,
    traces: BTreeMap<Address, Vec<Trace>>,
}

impl History {
    async fn read(context: &Context, config: &Config, store: &Store) -> Result<Self, Failure> {
        let mut history =
            Self { traces: store.traces(RUNS_LOOKED_AFTER).await.map_err(Failure::internal)?, ..Self::default() };
        let runs = store.runs(1, store.holder_run()).await.map_err(Failure::internal)?;
        let Some(last) = runs.first() else { return Ok(history) };
        let mut report = judge_run(store, config, last.id, context.clock.now()).await.map_err(Failure::internal)?;
        hear(store, config, &mut report).await.map_err(Failure::internal)?;
        history.run = Some(last.id);
        for judged in report.probes {
            let seed = judged.probe.seed.clone();
            let stamps = judged.testimony.iter().flat_map(|told| &told.testimony.stamps);
            let reasons = stamps.filter_map(Stamp::contaminates).map(str::to_owned);
            let known = history.stamped.entry(seed.clone()).or_default();
            for reason in reasons {
                if !known.contains(&reason) {
                    known.push(reason);
                }
            }
            history.results.entry(seed).or_default().push(LastResult {
                stream: judged.probe.stream.to_string(),
                placement: judged.finding.placement().map(Placement::word),
                is_pending: judged.finding == Finding::Pending,
                why: judged.finding.why(),
            });
        }
        Ok(history)
    }
}

/// One seed as `check` found it.
#[derive(Debug)]
pub(super) struct SeedCheck {
    /// Its line.
    pub(super) check: Check,
    address: Address,
    provider: ProviderName,
    /// What the survey found, or why there is none.
    survey: Result<Survey, String>,
    last: Vec<LastResult>,
    run: Option<RunId>,
    warnings: Vec<String>,
}

/// Signs in to all seeds side by side.
pub(super) async fn seed_checks(
    context: &Context,
    config: &Config,
    undeliverable: &BTreeMap<Address, String>,
    store: &Store,
    again: bool,
) -> Result<Vec<SeedCheck>, Failure> {
    let door = Door::remembering(store.clone(), again).map_err(Failure::bad_input)?;
    let history = History::read(context, config, store).await?;
    let seeds: Vec<&ConfiguredSeed> = config.seeds.iter().collect();
    let field = Field::prepare(context, config, &seeds, patience_for(config.run.wait), door).await;
    let progress = Progress::new(context.progress);
    let total = field.mailboxes.len();
    let mut surveying = futures_util::stream::iter(&field.mailboxes)
        .map(|(seed, mailbox)| {
            let traces = history.traces.get(seed).cloned().unwrap_or_default();
            async move { (seed.clone(), survey(mailbox, traces).await) }
        })
        .buffer_unordered(total.max(1));
    let mut found: BTreeMap<Address, Result<Survey, (SignIn, String)>> = BTreeMap::new();
    while let Some((seed, survey)) = surveying.next().await {
        found.insert(seed, survey);
        progress.signed_in(found.len(), total);
    }
    progress.clear();
    drop(surveying);
    for (seed, why) in &field.excluded {
        found.insert(seed.clone(), Err((SignIn::SecretUnreadable, why.clone())));
    }
    let mut checks: Vec<SeedCheck> = seeds
        .into_iter()
        .filter_map(|seed| Some((seed, found.remove(&seed.seed.address)?)))
        .map(|(seed, survey)| {
            let elder = config.first_of_mailbox(&seed.seed).filter(|first| *first != seed.seed.address);
            seed_check(seed, survey, elder.as_ref(), undeliverable.get(&seed.seed.address), &history)
        })
        .collect();
    checks.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(checks)
}

async fn survey(mailbox: &Mailbox, traces: Vec<Trace>) -> Result<Survey, (SignIn, String)> {
    let survey = mailbox.survey(traces).await.map_err(|failure| (failure.sign_in(), failure.to_string()));
    mailbox.close().await;
    survey
}

fn seed_check(
    seed: &ConfiguredSeed,
    survey: Result<Survey, (SignIn, String)>,
    elder: Option<&Address>,
    undeliverable: Option<&String>,
    history: &History,
) -> SeedCheck {
    let address = seed.seed.address.clone();
    let mut warnings = history.stamped.get(&address).cloned().unwrap_or_default();
    warnings.extend(elder.map(|elder| format!("its mailbox is that of {elder}, and one mailbox is one witness")));
    let (mut verdict, sign_in, mut parts, survey) = match survey {
        Ok(survey) => {
            warnings.extend(touched(&survey));
            warnings.extend(survey.excess.clone());
            if let Tabs::Failed(why) = &survey.tabs {
                warnings.push(format!("tabs could not be asked: {why}"));
            }
            (Verdict::Ok, SignIn::Done, shown(&survey), Ok(survey))
        }
        Err((sign_in, why)) => (Verdict::Critical, sign_in, vec![why.clone()], Err(why)),
    };
    let last = history.results.get(&address).cloned().unwrap_or_default();
    parts.extend(last_run(history.run, &last));
    if verdict == Verdict::Ok && !warnings.is_empty() {
        verdict = Verdict::Warning;
    }
    let fair = |warning: &String| format!("no fair witness: {warning}");
    parts.splice(0..0, warnings.iter().map(fair));
    if let Some(why) = undeliverable {
        verdict = Verdict::Critical;
        parts.insert(0, why.clone());
    }
    let name = address.as_str().to_owned();
    let check = Check { part: "seed", name, verdict, found: parts.join("; "), sign_in: Some(sign_in) };
    SeedCheck { check, address, provider: seed.seed.provider.clone(), survey, last, run: history.run, warnings }
}

/// What the owner of a seed did to earlier probes: providers learn from it.
fn touched(survey: &Survey) -> Vec<String> {
    let count = |count: usize, what: &str| {
        let probes = if count == 1 { "a probe of an earlier run was" } else { "probes of earlier runs were" };
        (count > 0).then(|| format!("{probes} {what}; leave what arrives untouched, or take another mailbox"))
    };
    count(survey.answered, "answered").into_iter().chain(count(survey.flagged, "starred")).collect()
}

/// The parts of a line about a seed that can be read.
fn shown(survey: &Survey) -> Vec<String> {
    let mut parts = vec!["signed in".to_owned()];
    for folder in &survey.folders {
        let Some(how) = how(folder.found) else { continue };
        match (&folder.exists, folder.role) {
            (_, Role::Inbox) => {}
            (Ok(_), role) => parts.push(format!("{} is {} ({how})", role.word(), folder.name)),
            (Err(why), role) => parts.push(format!("{} {} cannot be opened: {why}", role.word(), folder.name)),
        }
    }
    match &survey.tabs {
        Tabs::NotOffered | Tabs::Failed(_) => {}
        Tabs::On => parts.push("tabs on".to_owned()),
        Tabs::NotSeen => parts.push("no mail under any tab yet".to_owned()),
    }
    parts.push(
        survey.newest_in_inbox.map_or("inbox empty".to_owned(), |at| format!("newest mail {}", day_and_year(at))),
    );
    parts
}

fn how(found: Found) -> Option<&'static str> {
    match found {
        Found::BySeed => Some("named by you"),
        Found::BySpecialUse => Some("marked by the server"),
        Found::ByName => Some("by its name"),
        Found::NotSpecial => None,
    }
}

/// What the last run found here; nothing where it had no probe for this seed.
fn last_run(run: Option<RunId>, results: &[LastResult]) -> Option<String> {
    let run = run.filter(|_| !results.is_empty())?;
    let one = |result: &LastResult| {
        let placement = result.placement.unwrap_or(if result.is_pending { "pending" } else { "unmeasured" });
        if results.len() == 1 { placement.to_owned() } else { format!("{} {placement}", result.stream) }
    };
    Some(format!("last run ({}): {}", run.0, results.iter().map(one).collect::<Vec<_>>().join(", ")))
}

impl SeedCheck {
    /// Everything about the seed, for machines.
    pub(super) fn object(&self) -> Value {
        let results =
            |result: &LastResult| json!({"stream": result.stream, "placement": result.placement, "why": result.why});
        let last = self
            .run
            .filter(|_| !self.last.is_empty())
            .map(|run| json!({"run": run.0, "results": self.last.iter().map(results).collect::<Vec<_>>()}));
        let survey = self.survey.as_ref().ok();
        json!({
            "address": self.address.as_str(),
            "provider": self.provider.as_str(),
            "verdict": self.check.verdict.word(),
            "sign_in": self.check.sign_in.map(SignIn::word),
            "why": self.survey.as_ref().err(),
            "folders": survey.map(|survey| survey.folders.iter().map(folder).collect::<Vec<_>>()),
            "tabs": survey.map(|survey| match survey.tabs {
                Tabs::NotOffered => "not_offered",
                Tabs::On => "on",
                Tabs::NotSeen => "not_seen",
                Tabs::Failed(_) => "failed",
            }),
            "newest_mail": survey.and_then(|survey| survey.newest_in_inbox).map(|at| at.to_string()),
            "last_run": last,
            "warnings": self.warnings,
        })
    }
}

fn folder(folder: &SurveyedFolder) -> Value {
    let found = match folder.found {
        Found::BySeed => "seed",
        Found::BySpecialUse => "special_use",
        Found::ByName => "name",
        Found::NotSpecial => "none",
    };
    json!({
        "name": folder.name.to_string(), "role": folder.role.word(), "found_by": found,
        "messages": folder.exists.as_ref().ok(), "why": folder.exists.as_ref().err(),
    })
}
