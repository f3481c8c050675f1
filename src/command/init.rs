//! `init`: writes a commented configuration, an example seed list and an example message. It overwrites nothing.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::{Context, Failure, Outcome};
use crate::cli::InitArgs;

/// What is written where.
const FILES: [(&str, &str); 3] = [
    ("inboxed.toml", include_str!("init/inboxed.toml")),
    ("seeds/example.toml", include_str!("../../seeds/example.toml")),
    ("messages/newsletter.eml", include_str!("init/newsletter.eml")),
];

/// Runs the verb.
pub(crate) fn execute(context: &Context, args: &InitArgs) -> Result<Outcome, Failure> {
    let taken: Vec<String> = FILES
        .iter()
        .map(|(name, _)| args.dir.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !taken.is_empty() {
        let taken = taken.join(", ");
        return Err(Failure::bad_input(anyhow!(
            "{taken} already exists; nothing was written; choose another directory"
        )));
    }
    for (name, text) in FILES {
        write_new(&args.dir.join(name), text).map_err(Failure::bad_input)?;
    }
    let written: Vec<String> = FILES.iter().map(|(name, _)| args.dir.join(name).display().to_string()).collect();
    if context.json {
        return Ok(Outcome::ok(format!("{:#}\n", serde_json::json!({ "written": written }))));
    }
    let list = written.join("\n  ");
    Ok(Outcome::ok(format!(
        "written:\n  {list}\n\nnext:\n  1. set region and From in inboxed.toml, and put your own message into messages/\n  2. take a seed out of \
         its comment in seeds/example.toml and name where its secret lies\n  3. inboxed seeds list\n  4. inboxed run --dry-run\n"
    )))
}

/// A new file that only its owner can read: seed lists say where secrets lie.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("write {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("write {}", path.display()))
}
