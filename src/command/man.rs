//! `man`: the manual pages.

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::{Failure, Outcome};
use crate::cli::{Cli, ManArgs};

/// Runs the verb: all pages to standard output, the main one first, or each into a file of its own in a directory.
pub(crate) fn execute(args: &ManArgs) -> Result<Outcome, Failure> {
    let command = Cli::command();
    let Some(dir) = &args.dir else {
        let mut pages = Vec::new();
        for command in with_verbs(command) {
            clap_mangen::Man::new(command)
                .render(&mut pages)
                .context("write the manual page")
                .map_err(Failure::internal)?;
        }
        return Ok(Outcome::ok(String::from_utf8_lossy(&pages).into_owned()));
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.with_context(|| format!("write manual pages into {}", dir.display())).map_err(Failure::bad_input)?;
    Ok(Outcome::ok(format!("manual pages written to {}\n", dir.display())))
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
        let pages = execute(&ManArgs { dir: None }).unwrap().stdout;
        for verb in ["inboxed", "inboxed-run", "inboxed-seeds-list", "inboxed-show"] {
            let heads = pages.lines().filter(|line| line.starts_with(&format!(".TH {verb} "))).count();
            assert_eq!(heads, 1, "{verb}\n{pages}");
        }
        assert!(pages.contains("can see the folder"));
    }

    #[test]
    fn a_directory_gets_one_file_a_verb() {
        let dir = tempfile::tempdir().unwrap();
        execute(&ManArgs { dir: Some(dir.path().join("man")) }).unwrap();
        for name in ["inboxed.1", "inboxed-run.1", "inboxed-seeds-list.1"] {
            assert!(dir.path().join("man").join(name).is_file(), "{name}");
        }
    }
}
