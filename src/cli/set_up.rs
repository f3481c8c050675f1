//! What the verbs take that prepare and prove: `init`, `demo`, `check`, `seeds`, `dns`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::word::{address, domain, flow};
use crate::domain::dns::name::DomainName;
use crate::domain::oauth::Flow;
use crate::domain::seed::Address;

/// Where to write the first configuration.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The directory, made if it does not exist; that of `--config` by default.
    pub(crate) dir: Option<PathBuf>,
}

/// Where to leave the demo.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The directory; `inboxed-demo` by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// How to check.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Sign in also to seeds that are left alone because they refused the same secret twice.
    #[arg(long)]
    pub(crate) again: bool,
}

/// What to do with the seed list.
#[derive(Debug, Args)]
pub(crate) struct SeedsArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: SeedsAction,
}

/// Actions on the seed list.
#[derive(Debug, Subcommand)]
pub(crate) enum SeedsAction {
    /// One line for each seed: provider, server, how it signs in and where its secret comes from.
    List,
    /// Add seeds in bulk from a CSV file with the columns address, provider, login, auth, secret and labels.
    ///
    /// Only `address` must be there. The provider is guessed from the domain where it is empty; `secret` says where the
    /// secret lies (`env:NAME`, `file:PATH`, `command:PROGRAM` or `keyring:ENTRY`; a path is relative to the CSV file) and
    /// is never the secret itself; labels are parted by ';'. A row that is wrong is named by its line and left out.
    Import(ImportSeedsArgs),
    /// Sign a seed in by OAuth: tells what to do, keeps the tokens, and opens the mailbox to prove it.
    SignIn(SignInArgs),
}

/// Which sheet to import.
#[derive(Debug, Args)]
pub(crate) struct ImportSeedsArgs {
    /// The CSV file.
    pub(crate) file: PathBuf,
}

/// Which seed to sign in, and how.
#[derive(Debug, Args)]
pub(crate) struct SignInArgs {
    /// The seed's address.
    #[arg(value_parser = address)]
    pub(crate) seed: Address,
    /// How: device (type in a code), loopback (a browser on this machine) or app (the client by itself); by default what
    /// the seed or its provider says.
    #[arg(long, value_name = "FLOW", value_parser = flow)]
    pub(crate) flow: Option<Flow>,
}

/// What to do about DNS.
#[derive(Debug, Args)]
pub(crate) struct DnsArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: DnsAction,
}

/// Actions on DNS.
#[derive(Debug, Subcommand)]
pub(crate) enum DnsAction {
    /// Judge SPF, DKIM, DMARC, the MAIL FROM domain and the sending addresses, each with the record to publish.
    Check {
        /// The domain in From; those of all streams when none is named.
        #[arg(value_parser = domain)]
        domain: Option<DomainName>,
    },
    /// Record what a sender publishes now, and say what differs from the last time. Every run does so by itself.
    Snapshot {
        /// The domain in From; those of all streams when none is named.
        #[arg(value_parser = domain)]
        domain: Option<DomainName>,
    },
    /// List what changed between the snapshots, each change with the time within which it happened. Asks nobody.
    Diff {
        /// The domain in From; those of all streams when none is named.
        #[arg(value_parser = domain)]
        domain: Option<DomainName>,
    },
}
