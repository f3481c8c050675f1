//! `man`: the manual pages.

use anyhow::Context as _;
use clap::CommandFactory as _;

use serde_json::{Value, json};

use super::{Context, Failure, Outcome};
use crate::cli::{Cli, ManArgs};
use crate::render::json::document;

/// Runs the verb: all pages to standard output, the main one first, or each into a file of its own in a directory.
pub(crate) fn execute(context: &Context, args: &ManArgs) -> Result<Outcome, Failure> {
    let command = Cli::command();
    let said = |value: Value, text: String| {
        let stdout = if context.json { document(&value).map_err(Failure::internal)? } else { text };
        Ok(Outcome::ok(stdout))
    };
    let Some(dir) = &args.dir else {
        let pages = pages(command).context("write the manual page").map_err(Failure::internal)?;
        let objects: Vec<Value> = pages.iter().map(|(name, page)| json!({"name": name, "page": page})).collect();
        return said(json!({ "pages": objects }), pages.into_iter().map(|(_, page)| page).collect());
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.with_context(|| format!("write manual pages into {}", dir.display())).map_err(Failure::bad_input)?;
    let dir = dir.display().to_string();
    said(json!({ "directory": dir }), format!("manual pages written to {dir}\n"))
}

/// All pages, each with its name.
fn pages(command: clap::Command) -> std::io::Result<Vec<(String, String)>> {
    let page = |command: clap::Command| {
        let man = clap_mangen::Man::new(command);
        let (name, mut page) = (man.get_filename(), Vec::new());
        man.render(&mut page)?;
        Ok((name, String::from_utf8_lossy(&page).into_owned()))
    };
    with_verbs(command).into_iter().map(page).collect()
}

/// The command and all its verbs, each under its full name.
fn with_verbs(mut command: clap::Command) -> Vec<clap::Command> {
    command.build();
    let verbs: Vec<clap::Command> =
        command.get_subcommands().filter(|verb| verb.get_name() != "help").cloned().collect();
    std::iter::once(command).chain(verbs.into_iter().flat_map(with_verbs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_a_page_for_each_verb() {
        let pages = pages(Cli::command()).unwrap();
        for verb in ["inboxed", "inboxed-run", "inboxed-seeds-list", "inboxed-show"] {
            let of_verb = pages.iter().filter(|(name, _)| *name == format!("{verb}.1"));
            let heads = of_verb.filter(|(_, page)| page.contains(&format!(".TH {verb} "))).count();
            assert_eq!(heads, 1, "{verb}");
        }
        assert!(pages.iter().any(|(_, page)| page.contains("can see the folder")));
    }
}
