//! What is asked of a simulation.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::ValueEnum;
use nws_expiry::budget::{Limit, Limits, Renewals};

use super::mix::Mix;
use super::percent::Percent;
use super::span::Span;
use crate::args::Output;

const EXAMPLES: &str = "Examples:
  nws-certd simulate --certificates 100000 --lifetime 45d --new-per-day 500
  nws-certd simulate --certificates 50000 --import 7d --import-from 30d --new-orders 1000/3h --plot import.svg
  nws-certd status --json | nws-certd simulate --inventory - --outage 2d";

/// A world to let time pass in.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Simulate {
    /// How many certificates there are at the beginning
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(..=50_000_000))]
    pub(super) certificates: u32,
    /// How long certificates live, for instance 45d or "90d=80%,160h=20%"
    /// [default: 90d; with --inventory, as long as those there do]
    #[arg(long, value_name = "MIX")]
    pub(super) lifetime: Option<Mix>,
    /// How many new names are asked for each day
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) new_per_day: u32,
    /// Among how many tenants (namespaces) they are shared out
    #[arg(long, value_name = "N", default_value = "100")]
    pub(super) tenants: NonZeroU32,
    /// How many certificates belong to one registered domain
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) names_per_domain: NonZeroU32,
    /// The certificates of a real installation: what `nws-certd status --json` prints, - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["certificates", "import", "tenants", "names_per_domain"])]
    pub(super) inventory: Option<PathBuf>,

    /// How many of the orders fail, as the CA cannot validate the name
    #[arg(help_heading = "What happens", long, value_name = "PERCENT", default_value = "0%")]
    pub(super) failures: Percent,
    /// The CA answers nothing for that long
    #[arg(help_heading = "What happens", long, value_name = "SPAN")]
    pub(super) outage: Option<Span>,
    /// When it begins to answer nothing
    #[arg(
        help_heading = "What happens",
        long,
        value_name = "SPAN",
        default_value = "30d",
        requires = "outage"
    )]
    pub(super) outage_at: Span,
    /// So many certificates are called back by the CA at once, which tells so by ARI
    #[arg(help_heading = "What happens", long, value_name = "N", conflicts_with = "import")]
    pub(super) revoke: Option<u32>,
    /// When it calls them back
    #[arg(
        help_heading = "What happens",
        long,
        value_name = "SPAN",
        default_value = "30d",
        requires = "revoke"
    )]
    pub(super) revoke_at: Span,
    /// How long after that it revokes what was not replaced
    #[arg(
        help_heading = "What happens",
        long,
        value_name = "SPAN",
        default_value = "1d",
        requires = "revoke"
    )]
    pub(super) notice: Span,
    /// All certificates come from another CA and end within this time, instead of having all ages
    #[arg(help_heading = "What happens", long, value_name = "SPAN")]
    pub(super) import: Option<Span>,
    /// When the first of them ends
    #[arg(
        help_heading = "What happens",
        long,
        value_name = "SPAN",
        default_value = "30d",
        requires = "import"
    )]
    pub(super) import_from: Span,

    /// Whose limits hold
    #[arg(help_heading = "What the CA allows", long, value_enum, default_value_t = Published::Letsencrypt)]
    pub(super) limits: Published,
    /// Another limit for new orders of the account, for instance 300/3h
    #[arg(help_heading = "What the CA allows", long, value_name = "LIMIT")]
    pub(super) new_orders: Option<Limit>,
    /// Another limit for new certificates of a registered domain
    #[arg(help_heading = "What the CA allows", long, value_name = "LIMIT")]
    pub(super) registered_domain: Option<Limit>,
    /// Another limit for certificates for exactly the same names
    #[arg(help_heading = "What the CA allows", long, value_name = "LIMIT")]
    pub(super) exact_set: Option<Limit>,
    /// Another limit for failed validations of a name
    #[arg(help_heading = "What the CA allows", long, value_name = "LIMIT")]
    pub(super) failed_validations: Option<Limit>,
    /// Whether renewals count as new orders [default: as at the CA of --limits]
    #[arg(help_heading = "What the CA allows", long, value_enum)]
    pub(super) renewals: Option<Counting>,
    /// The CA suggests no windows for renewals (ARI, RFC 9773)
    #[arg(help_heading = "What the CA allows", long)]
    pub(super) no_ari: bool,

    /// How many orders run at a time, as orders.concurrency says
    #[arg(help_heading = "What the daemon does", long, value_name = "N", default_value = "8")]
    pub(super) concurrency: NonZeroU32,
    /// How long one order takes; with --concurrency this bounds how many certificates there are a day at most
    #[arg(help_heading = "What the daemon does", long, value_name = "SPAN", default_value = "5s")]
    pub(super) issue_time: Span,

    /// For how long
    #[arg(
        help_heading = "How it is simulated",
        long = "for",
        value_name = "SPAN",
        default_value = "365d"
    )]
    pub(super) length: Span,
    /// What chance is drawn from: the same number, the same course
    #[arg(help_heading = "How it is simulated", long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Draw orders, what is left at renewals and the use of the budget over time
    #[arg(help_heading = "How it is simulated", long, value_name = "FILE.svg")]
    pub(super) plot: Option<PathBuf>,
    /// How the summary is written
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Limits that are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Published {
    /// Those of Let's Encrypt
    Letsencrypt,
    /// Those of its staging environment
    LetsencryptStaging,
    /// None at all
    None,
}

/// What renewals are to the limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Counting {
    /// They are exempt as at Let's Encrypt
    Free,
    /// They count as anything new
    Counted,
}

impl Simulate {
    /// The limits that hold.
    pub(super) fn limits(&self) -> Limits {
        let limits = match self.limits {
            Published::Letsencrypt => Limits::LETS_ENCRYPT,
            Published::LetsencryptStaging => Limits::LETS_ENCRYPT_STAGING,
            Published::None => Limits::NONE,
        };
        let renewals = self.renewals.map(|renewals| match renewals {
            Counting::Free => Renewals::Free,
            Counting::Counted => Renewals::Counted,
        });
        Limits {
            new_orders: self.new_orders.or(limits.new_orders),
            registered_domain: self.registered_domain.or(limits.registered_domain),
            exact_set: self.exact_set.or(limits.exact_set),
            failed_validations: self.failed_validations.or(limits.failed_validations),
            renewals: renewals.unwrap_or(limits.renewals),
        }
    }
}
