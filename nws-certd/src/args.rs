//! The command line.

mod edge_config;
mod preflight;
mod reseal;
mod revoke;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use nws_gitops::SecretRef;

use crate::account::AccountName;
use crate::at::At;
use crate::commands::Conditions;
use crate::config::Config;
use crate::lint::Lint;
use crate::simulate::Simulate;

pub use edge_config::{
    EdgeBackends, EdgeConfigCommand, EdgeOptions, EdgeProgramName, EdgeStateless,
};
pub use preflight::Preflight;
pub use reseal::Reseal;
pub use revoke::{Revoke, RevokedBy};

/// The variable that names the configuration file.
pub(crate) const CONFIG_VARIABLE: &str = "NWS_CERTD_CONFIG";

/// Certificates for applications that run on many clusters at once, delivered through git.
#[derive(Debug, Parser)]
#[command(name = "nws-certd", version, max_term_width = 100)]
pub struct Args {
    /// The configuration file
    #[arg(long, short, global = true, env = CONFIG_VARIABLE, default_value = Config::DEFAULT_FILE)]
    pub config: PathBuf,

    /// How the log is written to standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What is logged: error, warn, info, debug, or filters such as "info,nws_acme=debug"
    /// [default: info for run, little but errors for all else]
    #[arg(long, global = true)]
    pub log: Option<String>,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Order, renew and publish certificates until told to stop
    Run,
    /// Show what would be ordered and why; nothing is done
    Plan(PlanArgs),
    /// Show every certificate and where it stands, most urgent first
    Status(Output),
    /// Tell the whole story of one host name, from the file that wants it to each edge
    Explain {
        /// The host name
        #[arg(value_parser = host)]
        host: String,
        /// How the story is written
        #[command(flatten)]
        output: Output,
    },
    /// Look at host names as a CA will: DNS, CAA, and a token at every address; nothing is ordered
    Preflight(Preflight),
    /// Make the running daemon look at the repository at once, and ask git host and CA again if they were away
    Sync(Output),
    /// Order now what is wanted and has no certificate yet, however long its next try would wait
    Issue(Issue),
    /// Order another certificate in place of one that there is, or of all that an incident concerns
    Renew(Renew),
    /// Have the CA revoke a certificate; it is shown first, and revoked once somebody agrees
    Revoke(Revoke),
    /// Take over certificates that other clients have made, as they are; nothing is ordered
    #[command(subcommand)]
    Import(ImportCommand),
    /// Show the secrets that nobody wants, and say that their removal is meant, however many they are
    Prune(Prune),
    /// Seal anew what is sealed to others than it would be now, some at a time; nothing is ordered unless asked for
    Reseal(Reseal),
    /// Look at a repository for what somebody should see to; nothing is ordered, and no configuration is needed
    Lint(Box<Lint>),
    /// Let time pass for certificates that there are or might be: what expires, and which limit is met first; no configuration is needed
    Simulate(Box<Simulate>),
    /// Write what an edge is told, so that challenges reach whoever answers them
    #[command(subcommand)]
    EdgeConfig(EdgeConfigCommand),
    /// Show and change the accounts at the CAs
    #[command(subcommand)]
    Account(AccountCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Copy everything that has to survive this machine, put it back, and rotate the key file
    #[command(subcommand)]
    State(StateCommand),
}

impl Command {
    /// What is logged unless something else is asked for: a daemon's log is its voice, a command's is its output.
    pub(crate) const fn usual_log(&self) -> &'static str {
        match self {
            Self::Run => "info",
            // Whoever makes the key file, even in passing, is told what it is.
            Self::Plan(_)
            | Self::Status(_)
            | Self::Explain { .. }
            | Self::Preflight(_)
            | Self::Sync(_)
            | Self::Issue(_)
            | Self::Renew(_)
            | Self::Revoke(_)
            | Self::Import(_)
            | Self::Prune(_)
            | Self::Reseal(_)
            | Self::Lint(_)
            | Self::Simulate(_)
            | Self::EdgeConfig(_)
            | Self::Account(_)
            | Self::Config(_)
            | Self::State(_) => "error,nws_certd::vault=warn",
        }
    }
}

/// What to plan for.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Plan for another instant: as 2026-12-24T18:00:00Z, or as +36h from now on
    #[arg(long, value_name = "TIME", default_value_t = At::NOW, hide_default_value = true)]
    pub at: At,
    /// How it is written
    #[command(flatten)]
    pub output: Output,
}

/// What to order now.
#[derive(Debug, clap::Args)]
pub struct Issue {
    /// Host names of the certificates
    #[arg(required = true, value_name = "HOST", value_parser = host)]
    pub hosts: Vec<String>,
    /// How it is written how they stand then
    #[command(flatten)]
    pub output: Output,
}

/// What to replace.
#[derive(Debug, clap::Args)]
pub struct Renew {
    /// Host names of the certificates
    #[arg(required_unless_present = "all", value_name = "HOST", value_parser = host)]
    pub hosts: Vec<String>,
    /// All certificates, or those that --where selects; they are shown first, and replaced once somebody agrees
    #[arg(long, conflicts_with = "hosts")]
    pub all: bool,
    /// Which of all: issuer=TEXT, ca=DIRECTORY, host=GLOB, serial-in=FILE, issued-before=DATE, separated by commas; what meets
    /// all of them
    #[arg(long = "where", requires = "all", conflicts_with = "hosts", value_name = "CONDITIONS")]
    pub conditions: Vec<Conditions>,
    /// Agree beforehand
    #[arg(long, conflicts_with = "hosts")]
    pub yes: bool,
    /// Do not wait until all are replaced
    #[arg(long, conflicts_with = "hosts")]
    pub no_wait: bool,
    /// How it is written what is replaced
    #[command(flatten)]
    pub output: Output,
}

/// What to say of secrets that nobody wants.
#[derive(Debug, clap::Args)]
pub struct Prune {
    /// Agree beforehand
    #[arg(long)]
    pub confirm: bool,
    /// How it is written which they are
    #[command(flatten)]
    pub output: Output,
}

/// A host name in any case; one that cannot be served has a story too, so it is not looked at more closely.
fn host(text: &str) -> Result<String, String> {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || "-._*".contains(c);
    if text.is_empty() || !text.chars().all(is_of_a_name) {
        return Err("write a host name, an international one in its xn-- form".into());
    }
    Ok(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase())
}

/// What to do with the configuration.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report every fault in the configuration
    Check,
}

/// Where certificates are taken over from.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Secrets in the repository that somebody else wrote, as cert-manager or kubectl: they become ours, where they are
    Repo {
        /// Which ones
        #[arg(required_unless_present = "all", value_name = "NAMESPACE/SECRET")]
        secrets: Vec<SecretRef>,
        /// All that a manifest wants
        #[arg(long, conflicts_with = "secrets")]
        all: bool,
        /// How it is done
        #[command(flatten)]
        how: ImportHow,
    },
    /// The lineages of certbot
    Certbot(ImportCertbot),
    /// The certificates of lego
    Lego(ImportLego),
}

/// What to take over from certbot.
#[derive(Debug, clap::Args)]
pub struct ImportCertbot {
    /// Its configuration folder
    #[arg(default_value = "/etc/letsencrypt")]
    pub dir: PathBuf,
    /// Its accounts
    #[command(flatten)]
    pub account: ImportAccount,
    /// How it is done
    #[command(flatten)]
    pub how: ImportHow,
}

/// What to take over from lego.
#[derive(Debug, clap::Args)]
pub struct ImportLego {
    /// Its folder
    #[arg(default_value = ".lego")]
    pub dir: PathBuf,
    /// Its accounts
    #[command(flatten)]
    pub account: ImportAccount,
    /// How it is done
    #[command(flatten)]
    pub how: ImportHow,
}

/// What becomes of the accounts that certificates were ordered with.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ImportAccount {
    /// Go on with the account at each configured CA, too, so that renewals say what they replace; the daemon must not run
    #[arg(long)]
    pub account: bool,
    /// Even where we have an account there, which is given up; its key is kept beside the other
    #[arg(long, requires = "account")]
    pub replace_account: bool,
}

/// How certificates are taken over.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ImportHow {
    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// How it is written what became of each
    #[command(flatten)]
    pub output: Output,
}

/// What to do with the accounts at the CAs.
#[derive(Clone, Debug, Subcommand)]
pub enum AccountCommand {
    /// Show the account at each CA, and the thumbprint of its key
    Show(Output),
    /// Tell every CA the configured contacts
    Contact(Output),
    /// Give the accounts a new key, once orders that are under way are over
    Rollover {
        /// Only the account at this CA, and those that share its key
        #[arg(long, value_name = "DIRECTORY")]
        ca: Option<String>,
        /// How the result is written
        #[command(flatten)]
        output: Output,
    },
    /// End the account at a CA for good; nothing is ordered there with it any more
    Deactivate {
        /// The CA
        #[arg(long, value_name = "DIRECTORY")]
        ca: String,
        /// Do not ask whether this is meant
        #[arg(long)]
        yes: bool,
        /// How the result is written
        #[command(flatten)]
        output: Output,
    },
    /// Go on with the account of another client, by its key; the daemon must not run
    ///
    /// The key is a PEM file, or certbot's private_key.json. ECDSA P-256 becomes the account key; RSA gives its account at the CA
    /// over to the account key.
    Import {
        /// The key
        file: PathBuf,
        /// The name of the account key
        #[arg(long, value_name = "NAME", default_value = "account")]
        account: AccountName,
        /// The CA of an RSA key, where several are configured
        #[arg(long, value_name = "DIRECTORY")]
        ca: Option<String>,
        /// Take the place of the account key that there is, which is kept beside it
        #[arg(long)]
        replace: bool,
    },
}

/// What to do with the state.
#[derive(Clone, Debug, Subcommand)]
pub enum StateCommand {
    /// Write state, account keys and key file into FILE; the daemon may run meanwhile
    Backup {
        /// The file, which must not exist yet
        file: PathBuf,
    },
    /// Fill the empty state directory from FILE; the daemon must not run
    Restore {
        /// A file that `state backup` has written
        file: PathBuf,
    },
    /// Make a new identity in the key file, and seal every key to it; the daemon must not run
    ///
    /// The old identity opens nothing here then. It still opens what was copied before: backups, snapshots, blocks that a disk has not
    /// written over yet. If it became known together with those, the keys themselves are known, and have to be replaced: nws-certd renew
    /// --all and nws-certd account rollover. Interrupted at any instant, nothing is lost, and doing it again ends it.
    RotateKey,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Output {
    /// Write JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests;
