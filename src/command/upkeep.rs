//! `backup` and `prune`: an online copy of the database; old runs away.

use super::judgement::open_to_read;
use super::{Context, Failure, Outcome};
use crate::cli::{BackupArgs, PruneArgs};
use crate::edge::store::Lock;
use crate::render::words::counted;

/// Copies the database while runs may go on.
pub(crate) async fn backup(context: &Context, args: &BackupArgs) -> Result<Outcome, Failure> {
    let (_, store) = open_to_read(&context.config_path).await?;
    store.backup(&args.file).await.map_err(Failure::bad_input)?;
    let file = args.file.display().to_string();
    let words = format!("written: {file}");
    Ok(said(context, "written", &file.into(), words))
}

/// Removes runs that are older than asked, with everything they hold.
pub(crate) async fn prune(context: &Context, args: &PruneArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_to_read(&context.config_path).await?;
    let _lock = Failure::locked(Lock::try_take(&config.database, None))?;
    let before = context.clock.now().checked_sub(args.older).map_err(Failure::bad_input)?;
    let removed = store.forget_runs(before).await.map_err(Failure::internal)?;
    let words = format!("removed: {}", counted(usize::try_from(removed).unwrap_or(usize::MAX), "run"));
    Ok(said(context, "removed_runs", &removed.into(), words))
}

fn said(context: &Context, key: &str, value: &serde_json::Value, words: String) -> Outcome {
    Outcome::ok(if context.json { format!("{:#}\n", serde_json::json!({ key: value })) } else { words + "\n" })
}
