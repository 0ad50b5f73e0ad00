use nws_expiry::DnsName;

use super::Output;

/// Which names to look at.
#[derive(Debug, clap::Args)]
pub struct Preflight {
    /// Host names, whether anything is wanted for them or not
    #[arg(required = true, value_name = "HOST")]
    pub hosts: Vec<DnsName>,
    /// How it is written what was seen
    #[command(flatten)]
    pub output: Output,
}
