//! How a command ends when it cannot do what it was asked.

use std::error::Error;
use std::fmt;

use crate::config::ConfigError;
use crate::control::ControlError;
use crate::open::OpenError;
use crate::serve::ServeError;

/// Why a command failed; its exit code follows from it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration; exit code 78 (EX_CONFIG of sysexits.h).
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state could not be opened; exit code 1, or 78 where a file that the configuration names is at fault.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The daemon could not go on; exit code 1.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The running daemon did not do what it was asked; exit code 1.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The branch could not be looked at, so what was shown is older; exit code 1.
    #[error(
        "the branch cannot be fetched now, so what is shown is how it was last seen; what troubles it is said there"
    )]
    Outdated,
    /// The log filter of the command line; exit code 64 (EX_USAGE).
    #[error(
        "--log {filter:?} is no log filter; write error, warn, info, debug, or for instance \"info,nws_acme=debug\""
    )]
    LogFilter {
        /// As written.
        filter: String,
    },
    /// The runtime did not start; exit code 1.
    #[error("cannot start the asynchronous runtime")]
    Runtime(#[source] std::io::Error),
    /// Standard output is closed or full; exit code 1.
    #[error("cannot write to standard output")]
    Output(#[source] std::io::Error),
}

impl Failure {
    /// The exit code: 1, 64 for usage, 78 for configuration.
    pub fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            Self::Open(error) if error.is_of_configuration() => 78,
            Self::Serve(ServeError::WebhookSecret(_)) => 78,
            Self::LogFilter { .. } => 64,
            Self::Outdated
            | Self::Open(_)
            | Self::Serve(_)
            | Self::Control(_)
            | Self::Runtime(_)
            | Self::Output(_) => 1,
        }
    }

    /// The failure with its causes, in one text.
    pub fn chain(&self) -> String {
        Causes(self).to_string()
    }
}

/// An error and its causes, as `what: why: why`.
pub(crate) struct Causes<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
