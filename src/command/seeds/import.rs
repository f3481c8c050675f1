//! `seeds import`: seeds in bulk from a sheet into one seed list.
//!
//! What stands in the list stays byte for byte; new seeds are added at its end, and the file changes in one step or not
//! at all. Importing a sheet again changes nothing.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::{Context, Failure, Outcome};
use crate::cli::ImportSeedsArgs;
use crate::config::{Config, Fault, Sheet, SheetRow};
use crate::render::json::document;
use crate::render::plain::plain;
use crate::render::words::counted;

/// How a list begins that an import makes.
const HEAD: &str = "# Seeds imported by `inboxed seeds import`. Edit them as you like: another import adds what is not here yet \
                    and changes\n# nothing that is.\n";

/// What an import did.
struct Imported {
    list: PathBuf,
    added: Vec<SheetRow>,
    unchanged: Vec<SheetRow>,
    faults: Vec<Fault>,
}

/// Runs the verb.
pub(crate) fn import(context: &Context, args: &ImportSeedsArgs) -> Result<Outcome, Failure> {
    let config = Config::load(&context.config_path).map_err(Failure::bad_input)?;
    let bytes = fs::read(&args.file)
        .with_context(|| format!("{}: cannot be read", args.file.display()))
        .map_err(Failure::bad_input)?;
    let sheet =
        Sheet::read(&args.file, &bytes, &config.providers).map_err(|fault| Failure::bad_input(anyhow!("{fault}")))?;
    let list = config.import_list().map_err(Failure::bad_input)?;
    let imported = sort(&config, &args.file, list, sheet);
    if !imported.added.is_empty() {
        append(&imported.list, &imported.added).map_err(Failure::bad_input)?;
    }
    told(context, &args.file, &imported)
}

/// Parts the rows into new seeds, known ones, and those that contradict a seed that is there.
fn sort(config: &Config, file: &Path, list: PathBuf, sheet: Sheet) -> Imported {
    let mut imported = Imported { list, added: Vec::new(), unchanged: Vec::new(), faults: sheet.faults };
    for row in sheet.rows {
        let address = row.address.folded();
        let known = config.seeds.iter().find(|seed| seed.seed.address.folded() == address);
        match known.map(|known| (known, row.difference(known))) {
            None => imported.added.push(row),
            Some((_, None)) => imported.unchanged.push(row),
            Some((known, Some(key))) => {
                let what = format!(
                    "{} is a seed already, at {}, with another {key}; change it there, or take the row out",
                    row.address, known.place
                );
                imported.faults.push(Fault { file: file.to_owned(), line: Some(row.line), what });
            }
        }
    }
    imported.faults.sort_by_key(|fault| fault.line);
    imported
}

/// Adds seeds at the end of a list, which is the old one or the new one at any moment.
fn append(list: &Path, rows: &[SheetRow]) -> anyhow::Result<()> {
    // A link stays one: what it names is replaced.
    let path = list.canonicalize().unwrap_or_else(|_| list.to_owned());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let doing = || format!("write the seed list {}", list.display());
    fs::create_dir_all(directory).with_context(doing)?;
    let before = match fs::read(&path) {
        Ok(before) => Some(before),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(doing),
    };
    let mut text = before.clone().unwrap_or_else(|| HEAD.as_bytes().to_vec());
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    for row in rows {
        let seed = row.as_toml(directory).ok_or_else(|| {
            anyhow!(
                "line {}: secret: the path from {} to it is no UTF-8 text and cannot be written into a list; name it from / on, \
                 or move the sheet",
                row.line,
                directory.display()
            )
        })?;
        text.extend_from_slice(seed.as_bytes());
    }
    let mut file = tempfile::Builder::new().prefix(".inboxed-seeds-").tempfile_in(directory).with_context(doing)?;
    if before.is_some() {
        let mode = fs::metadata(&path).with_context(doing)?.permissions().mode();
        file.as_file().set_permissions(fs::Permissions::from_mode(mode)).with_context(doing)?;
    }
    file.write_all(&text).with_context(doing)?;
    file.as_file().sync_all().with_context(doing)?;
    if fs::read(&path).ok() != before {
        return Err(anyhow!(
            "{} changed while seeds were added to it; nothing was written, import again",
            list.display()
        ));
    }
    file.persist(&path).map_err(|error| error.error).with_context(doing)?;
    fs::File::open(directory).and_then(|directory| directory.sync_all()).with_context(doing)
}

fn told(context: &Context, file: &Path, imported: &Imported) -> Result<Outcome, Failure> {
    let summary = format!(
        "{} added to {}, {} there already",
        counted(imported.added.len(), "seed"),
        imported.list.display(),
        imported.unchanged.len()
    );
    if !imported.faults.is_empty() {
        let faults: Vec<String> = imported.faults.iter().map(|fault| format!("\n  {fault}")).collect();
        let wrong = counted(imported.faults.len(), "row");
        return Err(Failure::bad_input(anyhow!("{}: {wrong} left out; {summary}{}", file.display(), faults.concat())));
    }
    if context.json {
        let row = |row: &SheetRow| json!({"address": row.address.as_str(), "provider": row.provider.as_str(), "guessed": row.guessed, "line": row.line});
        let document = document(&json!({
            "list": imported.list.display().to_string(),
            "added": imported.added.iter().map(row).collect::<Vec<_>>(),
            "unchanged": imported.unchanged.iter().map(row).collect::<Vec<_>>(),
        }));
        return Ok(Outcome::ok(document.map_err(Failure::internal)?));
    }
    let line = |row: &SheetRow| {
        let how = if row.guessed { " (guessed from its domain)" } else { "" };
        format!("added {}: {}{how}\n", plain(row.address.as_str(), 64), row.provider.as_str())
    };
    let lines: String = imported.added.iter().map(line).collect();
    Ok(Outcome::ok(format!("{lines}{summary}\n")))
}
