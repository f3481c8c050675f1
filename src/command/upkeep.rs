//! `backup` and `prune`: an online copy of the database; old runs away.

use serde_json::json;

use super::{Context, Failure, Outcome};
use crate::cli::{BackupArgs, PruneArgs};
use crate::config::Config;
use crate::edge::store::{Lock, OldRuns, Store};
use crate::render::words::{counted, day_and_year};

/// The configuration and its database, which must be there: of nothing there is no copy, and nothing to remove.
async fn open_existing(context: &Context) -> Result<(Config, Store), Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let store = Store::open_existing(&config.database).await.map_err(Failure::bad_input)?;
    Ok((config, store))
}

/// Copies the database while runs may go on.
pub(crate) async fn backup(context: &Context, args: &BackupArgs) -> Result<Outcome, Failure> {
    let (_, store) = open_existing(context).await?;
    store.backup(&args.file).await.map_err(Failure::bad_input)?;
    let file = args.file.display().to_string();
    Ok(Outcome::ok(if context.json {
        format!("{:#}\n", json!({ "written": file }))
    } else {
        format!("written: {file}\n")
    }))
}

/// Removes runs that are older than asked, with everything they hold; or only says what that would be.
pub(crate) async fn prune(context: &Context, args: &PruneArgs) -> Result<Outcome, Failure> {
    let (config, store) = open_existing(context).await?;
    let before = context.clock.now().checked_sub(args.older).map_err(Failure::bad_input)?;
    if args.dry_run {
        let old = store.old_runs(before).await.map_err(Failure::internal)?;
        return Ok(pruned(context, &old, true));
    }
    let _lock = Failure::locked(Lock::try_take(&config.database, None))?;
    let old = store.old_runs(before).await.map_err(Failure::internal)?;
    store.forget_runs(before).await.map_err(Failure::internal)?;
    Ok(pruned(context, &old, false))
}

fn pruned(context: &Context, old: &OldRuns, is_trial: bool) -> Outcome {
    if context.json {
        let value = if is_trial {
            json!({"dry_run": true, "runs": old.runs, "probes": old.probes})
        } else {
            json!({"removed_runs": old.runs, "removed_probes": old.probes})
        };
        return Outcome::ok(format!("{value:#}\n"));
    }
    let Some((first, last)) = old.started else {
        return Outcome::ok("nothing to remove: no run is that old\n".to_owned());
    };
    let days = if day_and_year(first) == day_and_year(last) {
        day_and_year(first)
    } else {
        format!("{} to {}", day_and_year(first), day_and_year(last))
    };
    let what = format!("{} with {} ({days})", counted(old.runs, "run"), counted(old.probes, "probe"));
    Outcome::ok(if is_trial {
        format!("dry run: would remove {what}; nothing was removed\n")
    } else {
        format!("removed: {what}\n")
    })
}
