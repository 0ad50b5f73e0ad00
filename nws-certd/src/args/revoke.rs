use std::fmt;

use nws_acme::RevocationReason;

use super::{Output, host};
use crate::commands::serial_of;

/// What to revoke, and how.
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// Which certificate
    #[command(flatten)]
    pub by: RevokedBy,
    /// Why: unspecified, keyCompromise, superseded or cessationOfOperation
    #[arg(long, default_value_t = RevocationReason::Unspecified)]
    pub reason: RevocationReason,
    /// First order another in its place, and revoke it once that is pushed wherever it was and edges serve it
    #[arg(long)]
    pub replace: bool,
    /// The directory of the CA that revokes it, where it is not known or not configured any more
    #[arg(long, value_name = "DIRECTORY")]
    pub ca: Option<String>,
    /// Agree beforehand
    #[arg(long)]
    pub yes: bool,
    /// How it is written what becomes of it
    #[command(flatten)]
    pub output: Output,
}

/// Which certificate to revoke.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct RevokedBy {
    /// The host name whose certificate it is
    #[arg(value_name = "HOST", value_parser = host)]
    pub host: Option<String>,
    /// Its serial number in hexadecimal, as status --json and explain show it
    #[arg(long, value_name = "HEX", value_parser = serial)]
    pub serial: Option<String>,
}

impl fmt::Display for RevokedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, &self.serial) {
            (Some(host), _) => write!(f, "for {host}"),
            (None, Some(serial)) => write!(f, "with serial {serial}"),
            (None, None) => f.write_str("of no name"),
        }
    }
}

fn serial(text: &str) -> Result<String, String> {
    serial_of(text).ok_or_else(|| "write a serial number in hexadecimal".into())
}
