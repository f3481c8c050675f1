//! `seeds sign-in SEED`: a person consents once, and the seed is signed in from then on.
//!
//! What the person has to do is told on standard error. The tokens are stored before they are used, and then the mailbox
//! itself is asked, as only that proves anything.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::anyhow;
use serde_json::json;

use super::grants::{Grants, registration, store};
use super::interrupt::Interrupt;
use super::preparation::patience_for;
use super::{Context, Failure, Outcome};
use crate::Exit;
use crate::cli::SignInArgs;
use crate::config::{Config, ConfiguredSeed};
use crate::domain::folder::Role;
use crate::domain::oauth::Flow;
use crate::domain::seed::AuthKind;
use crate::edge::imap::{Access, Credential, Door, Mailbox, Pool, Survey};
use crate::edge::oauth::{Grant, OAuthFault, Prompt, Tokens};
use crate::edge::store::Store;
use crate::render::json::document;
use crate::render::plain::plain;
use crate::render::words::counted;

/// The longest address that is shown whole.
const LONGEST_ADDRESS: usize = 4_000;

/// Runs the verb.
pub(crate) async fn execute(context: &Context, args: &SignInArgs) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let seed = chosen(&config, args)?;
    let interrupt = Interrupt::listen();
    tokio::select! {
        outcome = sign_in(context, &config, seed, args.flow) => outcome,
        () = interrupt.wait() => Err(Failure::interrupted("and nothing was changed unless it was said above")),
    }
}

fn chosen<'c>(config: &'c Config, args: &SignInArgs) -> Result<&'c ConfiguredSeed, Failure> {
    let wanted = args.seed.folded();
    let found = config.seeds.iter().find(|seed| seed.seed.address.folded() == wanted);
    let Some(seed) = found else {
        let file = config.file.display();
        return Err(Failure::bad_input(anyhow!("{file}: there is no seed {}; see `inboxed seeds list`", args.seed)));
    };
    if seed.seed.auth == AuthKind::Password {
        return Err(Failure::bad_input(anyhow!(
            "{}: {} signs in by a password, for which `inboxed check` is enough; for OAuth set auth = \"oauth\" there",
            seed.place,
            seed.seed.address
        )));
    }
    Ok(seed)
}

async fn sign_in(
    context: &Context,
    config: &Config,
    seed: &ConfiguredSeed,
    flow: Option<Flow>,
) -> Result<Outcome, Failure> {
    let address = &seed.seed.address;
    let unready = |why: String| Failure::bad_input(anyhow!("sign in {address}: {why}"));
    let registration = registration(config, seed, flow).map_err(unready)?;
    let flow = registration.flow;
    let issuer = Grants::default().issuer(config, seed, registration, &context.clock).await.map_err(unready)?;
    let failed = |fault: OAuthFault| {
        let exit = match &fault {
            OAuthFault::Unavailable { .. } => Exit::Unreachable,
            OAuthFault::Refused { .. }
            | OAuthFault::NotSignedIn(_)
            | OAuthFault::Store(_)
            | OAuthFault::NoConsent(_) => Exit::BadInput,
        };
        Failure { exit, error: anyhow!("sign in {address}: {fault}") }
    };
    let mut kept = None;
    let grant = if flow == Flow::App {
        Grant::of_client(issuer)
    } else {
        let tokens = issuer.sign_in(&seed.seed.login, show).await.map_err(failed)?;
        let store = store(config, seed);
        store.keep(&tokens).await.map_err(failed)?;
        say(&format!("The tokens are kept in {}; now the mailbox is asked.", store.place()));
        kept = Some((tokens, store.place()));
        Grant::of_seed(address.clone(), issuer, store).await.map_err(failed)?
    };
    let survey = prove(context, config, seed, grant).await?;
    Ok(Outcome::ok(report(context, seed, flow, kept.as_ref(), &survey)?))
}

/// Signs in to the mailbox itself.
async fn prove(context: &Context, config: &Config, seed: &ConfiguredSeed, grant: Grant) -> Result<Survey, Failure> {
    let address = &seed.seed.address;
    let provider = config.providers.get(&seed.seed.provider).cloned();
    let provider = provider.ok_or_else(|| Failure::internal(anyhow!("{address}: its provider has no preset")))?;
    let credential = Credential::Bearer(Arc::new(grant));
    let access = Access { seed: seed.seed.clone(), provider, credential, shared: None };
    // Whoever just consented is let in, whatever was refused before.
    let store = Store::open(&config.database).await.map_err(Failure::bad_input)?;
    let door = Door::remembering(store, true).map_err(Failure::bad_input)?;
    let pool = Pool::new(1, context.clock.clone(), door);
    let mailbox = Mailbox::new(access, pool, context.clock.clone(), patience_for(config.run.wait));
    let survey = mailbox.survey(Vec::new()).await;
    mailbox.close().await;
    survey.map_err(|failure| {
        let exit = if failure.is_temporary() { Exit::Unreachable } else { Exit::BadInput };
        Failure { exit, error: anyhow!("{address} has consented, but its mailbox does not open: {failure}") }
    })
}

/// Tells the person what to do, and opens the browser where one is wanted.
fn show(prompt: &Prompt) {
    match prompt {
        Prompt::Device { address, complete, code, minutes } => {
            say(&format!("Open {} on any device, and type in the code", plain(address, LONGEST_ADDRESS)));
            say(&format!("\n    {}\n", plain(code, 64)));
            if let Some(complete) = complete {
                say(&format!("or open {}", plain(complete, LONGEST_ADDRESS)));
            }
            say(&format!(
                "Sign in there as the seed, not as yourself. The code is good for {}; waiting …",
                counted(usize::try_from(*minutes).unwrap_or(usize::MAX), "minute")
            ));
        }
        Prompt::Browser { address, port } => {
            say("Sign in as the seed, not as yourself, in the browser that opens; if none does, open");
            say(&format!("\n    {}\n", plain(address, LONGEST_ADDRESS)));
            say(&format!(
                "No browser on this machine? From one that has a browser run `ssh -L {port}:127.0.0.1:{port}` to this machine \
                 and open the address there, or use `--flow device` where the provider has it. Waiting …"
            ));
            if let Err(error) = open::that_detached(address) {
                tracing::debug!(%error, "no browser opened");
            }
        }
    }
}

/// Says something that the person must read, also with `--quiet` and `--json`.
fn say(text: &str) {
    // Nobody reads it where standard error is closed.
    writeln!(anstream::stderr(), "{text}").ok();
}

fn report(
    context: &Context,
    seed: &ConfiguredSeed,
    flow: Flow,
    kept: Option<&(Tokens, String)>,
    survey: &Survey,
) -> Result<String, Failure> {
    let address = seed.seed.address.as_str();
    let junk = survey.folders.iter().find(|folder| folder.role == Role::Junk).map(|folder| folder.name.to_string());
    let tokens = kept.map(|(tokens, _)| tokens);
    let place = kept.map(|(_, place)| place.as_str());
    let expires_at = tokens.and_then(|tokens| tokens.expires_at);
    if context.json {
        let found = json!({
            "seed": address,
            "provider": seed.seed.provider.as_str(),
            "flow": flow.word(),
            "tokens": place,
            "scopes": tokens.map(|tokens| &tokens.scopes),
            "access_until": expires_at.map(|at| at.to_string()),
            "renewable": tokens.is_none_or(Tokens::are_renewable),
            "folders": survey.folders.len(),
            "junk": junk,
        });
        return document(&found).map_err(Failure::internal);
    }
    let kept = match place {
        Some(place) => format!("; its tokens are in {}", plain(place, LONGEST_ADDRESS)),
        None => " by the client itself; a new token is asked for as needed, and none is kept".to_owned(),
    };
    let junk = junk.map_or("no spam folder".to_owned(), |junk| format!("spam is {}", plain(&junk, 80)));
    let warning = tokens.filter(|tokens| !tokens.are_renewable()).map_or_else(String::new, |tokens| {
        let until = tokens.expires_at.map_or("at an unknown time".to_owned(), |at| format!("at {at}"));
        format!(
            "warning: the provider gave nothing to renew the sign-in by, so it ends {until}; is offline access among the \
             scopes?\n"
        )
    });
    let (address, folders) = (plain(address, 320), counted(survey.folders.len(), "folder"));
    Ok(format!("{address} is signed in{kept}\nmailbox open: {folders}; {junk}\n{warning}"))
}
