//! What the verbs take that work without anybody watching: `status`, `alerts`, `schedule`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::word::unit_name;
use crate::domain::provider::ProviderName;
use crate::domain::stream::StreamName;

/// What to say and where.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Write metrics into this file, for Prometheus' textfile collector, and print nothing.
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    pub(crate) metrics: Option<PathBuf>,
    /// Take what a stream does now, at one provider or at all, for its new ordinary: the alarm against its own past starts over.
    #[arg(long, value_name = "STREAM[:PROVIDER]", conflicts_with_all = ["metrics", "listen"], value_parser = Accepted::parse)]
    pub(crate) accept_change: Option<Accepted>,
    /// Answer GET /metrics at this address of this machine, such as 127.0.0.1:9464, until stopped.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,
}

/// A stream, at one provider or at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The provider; `None` for all.
    pub(crate) provider: Option<ProviderName>,
}

impl Accepted {
    fn parse(text: &str) -> Result<Self, String> {
        let (stream, provider) =
            text.split_once(':').map_or((text, None), |(stream, provider)| (stream, Some(provider)));
        let named = |name| ProviderName::new(name).ok_or_else(|| format!("{name:?} is no provider, such as gmail"));
        Ok(Self {
            stream: StreamName::new(stream).ok_or_else(|| format!("{stream:?} is no name of a stream"))?,
            provider: provider.map(named).transpose()?,
        })
    }
}

impl std::fmt::Display for Accepted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.provider {
            Some(provider) => write!(out, "{} at {}", self.stream, provider.as_str()),
            None => write!(out, "{}", self.stream),
        }
    }
}

/// What to do about alerts.
#[derive(Debug, Args)]
pub(crate) struct AlertsArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: AlertsAction,
}

/// Actions on alerts.
#[derive(Debug, Subcommand)]
pub(crate) enum AlertsAction {
    /// Send one test alert to every receiver, and say who was reached.
    Test,
}

/// What to do about the schedule.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// The action.
    #[command(subcommand)]
    pub(crate) action: ScheduleAction,
}

/// Actions on the schedule.
#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleAction {
    /// Print the unit files, the crontab lines or the property list.
    Print(UnitArgs),
    /// Write them where they belong and switch them on; a file of somebody else is left as it is.
    Install(InstallArgs),
}

/// Who starts the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Starter {
    /// A systemd timer.
    Systemd,
    /// A line in the crontab.
    Cron,
    /// A launchd agent (macOS).
    Launchd,
}

/// Which units.
#[derive(Debug, Clone, Args)]
pub(crate) struct UnitArgs {
    /// Who starts the runs; systemd by default, launchd on macOS.
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: Option<Starter>,
    /// For the whole machine instead of this user.
    #[arg(long)]
    pub(crate) system: bool,
    /// A systemd service that runs `daemon` instead of a timer.
    #[arg(long)]
    pub(crate) daemon: bool,
    /// The name of the units, where several configurations share a machine.
    #[arg(long, value_name = "NAME", default_value = "inboxed", value_parser = unit_name)]
    pub(crate) name: String,
    /// The AWS credentials file that the service is given; by default the one of the user, if there is one.
    #[arg(long, value_name = "FILE", env = "AWS_SHARED_CREDENTIALS_FILE")]
    pub(crate) aws_credentials: Option<PathBuf>,
    /// The user's own directory.
    #[arg(long, env = "HOME", hide = true)]
    pub(crate) home: Option<PathBuf>,
    /// Where the user's configuration lies.
    #[arg(long, env = "XDG_CONFIG_HOME", hide = true)]
    pub(crate) config_home: Option<PathBuf>,
}

/// Which units, and where to.
#[derive(Debug, Clone, Args)]
pub(crate) struct InstallArgs {
    /// Which units.
    #[command(flatten)]
    pub(crate) unit: UnitArgs,
    /// Write the files into this directory and switch nothing on.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
