//! What is asked of a look at a repository.

use std::path::PathBuf;

use clap::ValueEnum;
use nws_expiry::RenewBefore;
use nws_gitops::{FleetPath, RepositoryName};

use crate::args::Output;
use crate::at::At;

const EXAMPLES: &str = "Examples:
  nws-certd lint                                                  # the work tree around here, as git tracks it
  nws-certd lint --fleet-path 'apps/*' --fleet-path 'certs/*' --fail-on warning
  nws-certd lint --config nws-certd.toml --dns                    # and CAA records, where challenge.stateless answers
  nws-certd lint https://git.example/platform/gitops.git --rev main --json";

/// A repository to look at.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Lint {
    /// A directory in its work tree, a bare repository, or its URL
    #[arg(value_name = "PATH|URL", default_value = ".")]
    pub(super) repository: PathBuf,
    /// Look at this branch, tag or commit and not at the files on disk; of a URL it has to be a branch
    /// [default: HEAD of a bare repository; of a URL git.branch, or main]
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    /// Which of the configured repositories it is, where there are several [default: the one of that URL]
    #[arg(long = "as", value_name = "NAME")]
    pub(super) configured_as: Option<RepositoryName>,
    /// Where Fleet looks for bundles, as spec.paths of the GitRepo has it, "." for the top; may be repeated
    /// [default: unknown, so that only what has a fleet.yaml counts]
    #[arg(long = "fleet-path", value_name = "PATH")]
    pub(super) fleet_paths: Vec<FleetPath>,
    /// How long before its end somebody else's certificate is to be renewed, for instance 14d or 20%
    /// [default: a third of its lifetime, half if that is under ten days]
    #[arg(long, value_name = "TIME")]
    pub(super) within: Option<RenewBefore>,
    /// Look at it as at another instant: as 2026-12-24T18:00:00Z, or as +30d from now on
    #[arg(long, value_name = "TIME", default_value_t = At::NOW, hide_default_value = true)]
    pub(super) at: At,
    /// Where challenge.stateless of the configuration answers without an order: ask DNS, too, for CAA records that keep other accounts
    /// of the CA out, and the CA for what they call it
    #[arg(long)]
    pub(crate) dns: bool,
    /// What the exit code 1 is for
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub(crate) fail_on: FailOn,
    /// Show everything that is wanted, too
    #[arg(long)]
    pub(crate) wanted: bool,
    /// How it is written; with --json, what is wanted is always in it
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The findings that make the command fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// None
    Never,
}
