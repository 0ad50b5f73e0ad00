//! `nws-certd edge-config`.

use std::sync::Arc;

use nws_acme::Clock;
use nws_challenge::{
    Account, Backend, Backends, EdgeConfig, EdgeProgram, EdgeWay, InvalidBackends, MapFile,
    OtherPaths, Preamble, Thumbprints,
};

use super::{Answer, ask_or_open, write};
use crate::accounts::AccountReport;
use crate::args::{EdgeBackends, EdgeConfigCommand, EdgeOptions, EdgeProgramName};
use crate::config::Config;
use crate::control::Control;
use crate::failure::Failure;

/// Writes what an edge is told, if nothing but the configuration has to be known for it; without one all has to be said.
///
/// # Errors
///
/// [`EdgeConfigError`], or if it cannot be written. What needs the accounts comes back.
pub(super) fn without_accounts(
    asked: &EdgeConfigCommand,
    config: Option<&Config>,
) -> Result<(), Failure> {
    let (edge, way) = match asked {
        EdgeConfigCommand::Haproxy { backends, send_proxy, edge } => {
            let preamble = if *send_proxy { Preamble::Proxy } else { Preamble::None };
            (edge, EdgeWay::Haproxy { backends: replicas(backends, config)?, preamble })
        }
        EdgeConfigCommand::Nginx { backends, edge } => {
            (edge, EdgeWay::Nginx { backends: replicas(backends, config)? })
        }
        EdgeConfigCommand::Redirect { central, by, edge } => {
            let by = match by {
                EdgeProgramName::Haproxy => EdgeProgram::Haproxy,
                EdgeProgramName::Nginx => EdgeProgram::Nginx,
            };
            (edge, EdgeWay::Redirect { to: central.clone(), by })
        }
    };
    write(&text(edge, way))
}
