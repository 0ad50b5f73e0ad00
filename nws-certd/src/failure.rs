//! How a command ends when it cannot do what it was asked.

use std::error::Error;
use std::fmt;

use crate::accounts::AccountsError;
use crate::backup::{BackupError, RestoreError};
use crate::commands::{
    EdgeConfigError, ImportError, SelectionError, SerialsError, TakeAccountError,
};
use crate::config::ConfigError;
use crate::control::ControlError;
use crate::import::FolderError;
use crate::lint::LintError;
use crate::open::OpenError;
use crate::rotation::RotationError;
use crate::serve::ServeError;
use crate::simulate::SimulateError;
use crate::vault::SealError;

/// Why a command failed; its exit code follows from it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration; exit code 78 (EX_CONFIG of sysexits.h).
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Core dumps cannot be switched off; exit code 1.
    #[error("cannot switch off core dumps, which would have private keys in them")]
    CoreDumps(#[source] std::io::Error),
    /// The state could not be opened; exit code 1, or 78 where a file that the configuration names is at fault.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The daemon could not go on; exit code 1.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The running daemon did not do what it was asked; exit code 1.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Something was not done with an account; exit code 1.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A key was not imported; exit code 1.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// No account was taken over; exit code 1.
    #[error(transparent)]
    TakeAccount(#[from] TakeAccountError),
    /// The folder of another client cannot be read; exit code 1.
    #[error(transparent)]
    Folder(FolderError),
    /// A key that was found cannot be sealed; exit code 1.
    #[error("nothing was imported")]
    Seal(#[source] SealError),
    /// Nothing was imported; exit code 1.
    #[error("nothing was imported: {reason}")]
    NotImported {
        /// Why.
        reason: String,
    },
    /// Some certificates were not imported; exit code 1.
    #[error("{failed} of {of} certificates not imported, for the reason shown; the others stand")]
    NotAllImported {
        /// Those.
        failed: usize,
        /// All.
        of: usize,
    },
    /// Something was not done at every CA; exit code 1.
    #[error("not done at {failed} of {of} CAs, for the reason shown; {rest}")]
    NotAtAllCas {
        /// Those.
        failed: usize,
        /// All.
        of: usize,
        /// What becomes of those.
        rest: Rest,
    },
    /// The daemon has another configuration than this command; exit code 1.
    #[error(
        "the running daemon was started with other contacts for {ca}, and has told those; restart it, then tell them again"
    )]
    OtherContacts {
        /// The CA.
        ca: String,
    },
    /// There is no backup; exit code 1.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A backup was not restored; exit code 1.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The key file was not rotated; exit code 1.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The branch could not be looked at, so what was shown is older; exit code 1.
    #[error(
        "the branch cannot be fetched now, so what is shown is how it was last seen; what troubles it is said there"
    )]
    Outdated,
    /// A CA would refuse an order for what was named; exit code 1.
    #[error("nothing can be ordered for these names yet, for the reasons shown")]
    NotReady,
    /// What was named is not there, or not as it would have to be; exit code 1.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The serial numbers of an incident; exit code 64.
    #[error(transparent)]
    Serials(SerialsError),
    /// Nothing was simulated; exit code 64 for options that do not go together, else 1.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// A repository was not looked at; exit code 64 where something else has to be asked for, 78 for the key that the configuration
    /// names, else 1.
    #[error(transparent)]
    Lint(#[from] LintError),
    /// There is something to see to in a repository; exit code 1.
    #[error("there is something to see to")]
    ToSeeTo,
    /// There is no text for an edge; exit code 64, as something else has to be asked for.
    #[error(transparent)]
    EdgeConfig(#[from] EdgeConfigError),
    /// Nobody agreed beforehand, and there is no terminal to ask on; exit code 64.
    #[error(
        "nothing was done, as standard input is no terminal to ask on; look at what is shown, then add --yes"
    )]
    NobodyToAsk,
    /// Somebody was asked, and said no; exit code 1.
    #[error("nothing was done")]
    Declined,
    /// The terminal does not work; exit code 1.
    #[error("nothing was done, as the terminal cannot be asked; add --yes to agree beforehand")]
    Terminal(#[source] std::io::Error),
    /// The daemon knows what to do, and does not say how it gets on; exit code 1.
    #[error("it is asked for, but cannot be followed; see: nws-certd status")]
    NotFollowed(#[source] ControlError),
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

/// What becomes of what was not done at a CA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rest {
    /// It is noted, and the daemon does it.
    GoesOn,
    /// It is for whoever asked.
    IsLeft,
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GoesOn => "a key change goes on by itself where a daemon runs",
            Self::IsLeft => "do it again once that is mended",
        })
    }
}

impl Failure {
    /// The exit code: 1, 64 for usage, 78 for configuration.
    pub fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            Self::Open(error) if error.is_of_configuration() => 78,
            Self::Serve(ServeError::WebhookSecret(_)) => 78,
            Self::Simulate(SimulateError::Contradiction(_)) => 64,
            Self::Lint(error) if error.is_of_usage() => 64,
            Self::Lint(error) if error.is_of_configuration() => 78,
            Self::LogFilter { .. } | Self::Serials(_) | Self::EdgeConfig(_) | Self::NobodyToAsk => {
                64
            }
            Self::CoreDumps(_)
            | Self::Outdated
            | Self::NotReady
            | Self::Open(_)
            | Self::Serve(_)
            | Self::Control(_)
            | Self::Selection(_)
            | Self::Simulate(_)
            | Self::Lint(_)
            | Self::ToSeeTo
            | Self::Declined
            | Self::Terminal(_)
            | Self::NotFollowed(_)
            | Self::Accounts(_)
            | Self::Import(_)
            | Self::TakeAccount(_)
            | Self::Folder(_)
            | Self::Seal(_)
            | Self::NotImported { .. }
            | Self::NotAllImported { .. }
            | Self::NotAtAllCas { .. }
            | Self::OtherContacts { .. }
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Rotation(_)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external_account::ExternalAccountError;
    use crate::store::StoreError;

    #[test]
    fn the_exit_code_says_who_has_to_act() {
        let eab = ExternalAccountError::Exposed { file: "eab".into(), mode: 0o644 };
        let newer = StoreError::Newer { file: "state.db".into(), found: 9, known: 5 };
        let cases = [
            ("the configuration names a file", Failure::Open(OpenError::ExternalAccount(eab)), 78),
            ("the state is of a newer version", Failure::Open(OpenError::Store(newer)), 1),
            ("nobody could be asked", Failure::NobodyToAsk, 64),
            ("it was not meant", Failure::Declined, 1),
        ];
        for (case, failure, want) in cases {
            assert_eq!(failure.code(), want, "{case}");
        }
    }
}
