use super::Output;

/// What to seal anew.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Reseal {
    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Order others in place of those whose key is not held, or is known to somebody who is sealed to no more
    #[arg(long)]
    pub reissue: bool,
    /// How it is written what is sealed anew
    #[command(flatten)]
    pub output: Output,
}
