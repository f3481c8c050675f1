//! The system's keyring: the Secret Service on Linux, the Keychain on macOS.
//!
//! All entries of this program are of the service `inboxed`, told apart by their user name. Where there is no keyring, as on
//! most servers, one sentence says so.

use std::time::Duration;

use keyring::{Entry, Error};
use secrecy::ExposeSecret as _;

use super::Secret;

/// The service that all entries are of.
const SERVICE: &str = "inboxed";

/// How long the keyring may take; it may ask its owner for a password.
const PATIENCE: Duration = Duration::from_mins(1);

/// What an entry holds; `None` when there is no such entry.
pub(crate) async fn read(name: &str) -> Result<Option<Secret>, String> {
    let name = name.to_owned();
    apart(move || match entry(&name)?.get_password() {
        Ok(text) => Ok(Some(Secret::from(text))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(words(&error)),
    })
    .await
}

/// Makes or replaces an entry.
pub(crate) async fn write(name: &str, secret: &Secret) -> Result<(), String> {
    let (name, secret) = (name.to_owned(), secret.clone());
    apart(move || entry(&name)?.set_password(secret.expose_secret()).map_err(|error| words(&error))).await
}

fn entry(name: &str) -> Result<Entry, String> {
    if let Err(error) = Entry::store_status() {
        return Err(format!("there is no keyring in this session ({})", words(error)));
    }
    Entry::new(SERVICE, name).map_err(|error| words(&error))
}

/// The keyring's library waits for its answers; nothing else shall.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err("the keyring's library failed".to_owned()),
        Err(_) => Err(format!("the keyring did not answer within {} s; is it locked?", PATIENCE.as_secs())),
    }
}

/// What an error says, without the bytes that some of them carry.
#[expect(clippy::wildcard_enum_match_arm, reason = "foreign and open: what is not known shows none of its contents")]
fn words(error: &Error) -> String {
    match error {
        Error::PlatformFailure(why) => why.to_string(),
        Error::NoStorageAccess(why) => format!("it is locked or closed to this program: {why}"),
        Error::NoEntry => "it has no such entry".to_owned(),
        Error::BadEncoding(_) => "the entry is not UTF-8".to_owned(),
        Error::Ambiguous(_) => "it has several such entries; remove all but one".to_owned(),
        Error::NoDefaultStore => "there is none".to_owned(),
        _ => "the entry cannot be used".to_owned(),
    }
}
