//! The daemon that orders, renews and publishes certificates, and its command line.
//!
//! It composes the other crates and owns what they may not: a clock, a runtime, sockets, files, the environment. Policy is theirs.
//!
//! The way through: [`Args`] and [`config::Config`] say what is wanted; `open` turns them into parts; `serve` runs the listeners, the
//! control socket and the daemon, whose turns read as the data flows: look at the branch, [`plan::Plan`], publish, order, ask CAs when
//! to renew (`inquiry`), report. An order goes to one of several CAs, after the owners of its names were asked by CAA (`order`).
//! What has to survive is a [`store::Step`] in a [`store::Store`]. The other commands ask the running daemon over its socket; what
//! changes something (`issue`, `renew`, `revoke`, `import`) it takes in between two turns (`daemon/asked.rs`) and keeps before it answers. What
//! is done with accounts is done beside the turns, or by the command itself where no daemon runs. `simulate` and `lint` need neither daemon
//! nor state.
//!
//! Orders have the account at a CA as a lease; its key is changed when nobody has one ([`AccountReport`] says how far that is).

mod at;
pub use at::{At, InvalidAt};
mod args;
pub use args::{
    AccountCommand, Args, Command, ConfigCommand, EdgeBackends, EdgeConfigCommand, EdgeOptions,
    EdgeProgramName, EdgeStateless, ImportAccount, ImportCertbot, ImportCommand, ImportHow,
    ImportLego, Issue, LogFormat, Output, PlanArgs, Preflight, Prune, Renew, Reseal, Revoke,
    RevokedBy, StateCommand,
};
mod clock;
pub use clock::SystemClock;
pub mod config;
mod failure;
pub use failure::{Failure, Rest};
mod core_dumps;
mod logging;
mod state_dir;
pub use state_dir::{StateDir, StateDirError, StatePaths};
mod vault;
pub use vault::{SealError, Sealed, Vault, VaultError};
mod account;
pub use account::{AccountKeyError, AccountName, InvalidAccountName};
mod private_file;

mod external_account;
pub use external_account::ExternalAccountError;
mod authority;
pub use authority::KeyChangeError;
mod accounts;
pub use accounts::{AccountReport, AccountStanding, AccountsError};
mod batch;
pub mod plan;
pub mod store;
pub use batch::Batch;
mod backup;
pub use backup::{BackupError, RestoreError};
mod rotation;
pub use rotation::RotationError;
mod control;
mod daemon;
mod edges;
pub mod explain;
mod guard;
mod import;
mod inquiry;
mod lint;
pub use edges::EdgesError;
pub use import::FolderError;
pub use lint::{FailOn, Lint, LintError};
mod order;
mod pause;
mod preflight;
mod publish;
pub mod report;
mod repositories;
mod repository;
mod reseal;
mod resolver;
mod revocation;
pub use control::ControlError;
pub use resolver::ResolverError;
mod controller;
pub use controller::{ControllerUrl, InvalidControllerUrl};
mod open;
mod sealing;
pub use open::OpenError;
mod serve;
mod served;
pub use serve::ServeError;
mod simulate;
pub use simulate::{
    Contradiction, Counting, InvalidMix, InvalidPercent, InvalidSpan, InventoryError, Mix, Percent,
    Published, Simulate, SimulateError, Span,
};
mod webhook;
pub use webhook::{UnfitSecret, WebhookSecretError};
mod commands;
pub use commands::{
    Condition, Conditions, EdgeConfigError, ImportError, InvalidConditions, SelectionError,
    SerialsError, TakeAccountError, run,
};

#[cfg(test)]
mod captured_log;
#[cfg(any(test, feature = "testing"))]
pub mod fuzzing;
