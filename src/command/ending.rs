//! How every verb ends: the database lies whole in its one file, and a fault of the machine is not put down to the input.

use std::io::ErrorKind;
use std::path::Path;

use super::{Failure, Outcome};
use crate::Exit;
use crate::config::Config;
use crate::edge::store::{StoreFault, fold};

/// Folds what was stored into the database's file, so that who copies that file has it all.
pub(crate) async fn fold_database(config_path: &Path) {
    // Without a configuration no verb has stored anything.
    if let Ok(config) = Config::load(config_path) {
        fold(&config.database).await;
    }
}

/// The end of a verb, with the exit code that its fault deserves wherever it showed, and with the name of the database where
/// the fault does not tell it.
pub(crate) fn blamed(outcome: Result<Outcome, Failure>, config_path: &Path) -> Result<Outcome, Failure> {
    outcome.map_err(|failure| {
        let fault = failure.error.chain().find_map(|cause| cause.downcast_ref::<StoreFault>());
        let (of_machine, nameless) = fault.map_or((false, false), |fault| (fault.is_of_machine(), fault.is_nameless()));
        let no_room = failure.error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(is_no_room);
        let is_input = fault.is_some_and(|fault| !fault.is_of_machine() && fault.is_nameless());
        let exit = if of_machine || no_room {
            Exit::Internal
        } else if is_input {
            Exit::BadInput
        } else {
            failure.exit
        };
        let database = if nameless { Config::load(config_path).ok().map(|config| config.database) } else { None };
        let error = match database {
            Some(database) => failure.error.context(database.display().to_string()),
            None => failure.error,
        };
        Failure { exit, error }
    })
}

fn is_no_room(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    fn blame(failure: Failure, config_path: &Path) -> (Exit, String) {
        let failure = blamed(Err(failure), config_path).map(|_| ()).unwrap_err();
        (failure.exit, format!("{:#}", failure.error))
    }

    #[test]
    fn the_machine_s_faults_are_not_put_down_to_the_input_wherever_they_show() {
        let place = tempfile::tempdir().unwrap();
        let config = place.path().join("inboxed.toml");
        std::fs::write(&config, "database = \"facts.db\"\n").unwrap();
        let database = place.path().join("facts.db").display().to_string();
        for put in [Failure::bad_input as fn(StoreFault) -> Failure, Failure::internal] {
            let full = blame(put(StoreFault::Full { doing: "work" }), &config);
            let wanted = format!("{database}: cannot work: the disk is full; make room on it and try again");
            assert_eq!(full, (Exit::Internal, wanted));
            let shut = blame(put(StoreFault::ReadOnly { doing: "work" }), &config);
            assert_eq!(
                shut,
                (Exit::BadInput, format!("{database}: cannot work: its file or directory is write-protected"))
            );
            let damaged = blame(put(StoreFault::Damaged { what: "page 7".to_owned() }), &config);
            assert_eq!(damaged.0, Exit::BadInput);
            assert!(damaged.1.starts_with(&format!("{database}: the database is damaged (page 7): ")), "{}", damaged.1);
        }
        let none = blame(Failure::bad_input(StoreFault::NoRun { choice: "7".to_owned() }), &config);
        assert_eq!(none, (Exit::BadInput, "there is no run 7".to_owned()));
        let written: anyhow::Result<()> =
            Err(std::io::Error::from(ErrorKind::StorageFull)).context("write reports/x.png");
        assert_eq!(blame(Failure::bad_input(written.unwrap_err()), &config).0, Exit::Internal);
        let shut: anyhow::Result<()> = Err(std::io::Error::from(ErrorKind::PermissionDenied)).context("write x");
        assert_eq!(blame(Failure::bad_input(shut.unwrap_err()), &config).0, Exit::BadInput);
    }
}
