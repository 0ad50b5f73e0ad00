//! `nws-certd edge-config`.

use std::sync::Arc;

use nws_acme::Clock;
use nws_challenge::{
    Account, Backend, Backends, EdgeConfig, EdgeProgram, EdgeWay, InvalidBackends, MapFile,
    OtherPaths, Preamble, Thumbprint, Thumbprints,
};

use super::{Answer, ask_or_open, write};
use crate::accounts::AccountReport;
use crate::args::{EdgeBackends, EdgeConfigCommand, EdgeOptions, EdgeProgramName, EdgeStateless};
use crate::config::Config;
use crate::control::Control;
use crate::failure::Failure;

/// Writes what an edge is told that needs no account; a configuration need not be there.
pub(super) fn from_configuration(
    asked: &EdgeConfigCommand,
    config: Option<&Config>,
) -> Option<Result<(), Failure>> {
    let (edge, way) = match asked {
        EdgeConfigCommand::Haproxy { backends, send_proxy, edge } => {
            let preamble = if *send_proxy { Preamble::Proxy } else { Preamble::None };
            let way = |backends| EdgeWay::Haproxy { backends, preamble };
            (edge, replicas(backends, config).map(way))
        }
        EdgeConfigCommand::Nginx { backends, edge } => {
            (edge, replicas(backends, config).map(|backends| EdgeWay::Nginx { backends }))
        }
        EdgeConfigCommand::Redirect { central, by, edge } => {
            (edge, Ok(EdgeWay::Redirect { to: central.clone(), by: program(*by) }))
        }
        EdgeConfigCommand::HaproxyStateless(_) => return None,
    };
    let text = way.map(|way| text(edge, way)).map_err(Failure::from);
    Some(text.and_then(|text| write(&text)))
}

/// Writes what an edge is told that answers for our accounts: those of the running daemon, or of what it left. No CA is asked.
pub(super) async fn from_accounts(
    asked: &EdgeStateless,
    control: &Control,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<(), Failure> {
    let reports = match ask_or_open(config, clock, async || control.accounts().await).await? {
        Answer::Daemon(reports) => reports,
        Answer::Nobody(opened) => opened.accounts().show(),
    };
    let way = stateless(&reports, asked.ca.as_deref(), asked.map.as_ref())?;
    write(&text(&asked.edge, way))
}

fn text(edge: &EdgeOptions, way: EdgeWay) -> String {
    let EdgeOptions { name, listen, leave_others } = edge;
    let others = if *leave_others { OtherPaths::Untouched } else { OtherPaths::ToHttps };
    let name = name.clone().unwrap_or_default();
    EdgeConfig { name, listen: listen.clone(), others, way }.text()
}

fn program(by: EdgeProgramName) -> EdgeProgram {
    match by {
        EdgeProgramName::Haproxy => EdgeProgram::Haproxy,
        EdgeProgramName::Nginx => EdgeProgram::Nginx,
    }
}

/// Those that are named, else where the daemon itself listens.
fn replicas(asked: &EdgeBackends, config: Option<&Config>) -> Result<Backends, EdgeConfigError> {
    let backends = match (&asked.backends[..], config) {
        ([], None) => return Err(EdgeConfigError::NoBackend),
        ([], Some(config)) => {
            let listen = config.challenge.listen.iter();
            let listen = listen.map(|&address| Backend::try_from(address));
            listen.collect::<Result<_, _>>().map_err(|_| EdgeConfigError::NoBackend)?
        }
        (named, _) => named.to_vec(),
    };
    Backends::new(backends).map_err(EdgeConfigError::Backends)
}

fn stateless(
    reports: &[AccountReport],
    ca: Option<&str>,
    map: Option<&MapFile>,
) -> Result<EdgeWay, EdgeConfigError> {
    let of_ca = |account: &&Account| ca.is_none_or(|ca| account.ca.to_string() == ca);
    let accounts: Vec<_> = reports.iter().map(account).collect::<Result<_, _>>()?;
    let known = || reports.iter().map(|report| report.ca.clone()).collect();
    let Some(first) = accounts.iter().find(of_ca).map(|account| account.thumbprint.clone()) else {
        return Err(EdgeConfigError::UnknownCa {
            ca: ca.unwrap_or_default().into(),
            known: known(),
        });
    };
    let is_one = |accounts: &[Account]| accounts.iter().all(|it| it.thumbprint == first);
    let thumbprints = match (map, ca) {
        (Some(map), _) => Thumbprints::ByHost { map: map.clone(), otherwise: first.clone() },
        (None, None) if !is_one(&accounts) => {
            return Err(EdgeConfigError::SeveralKeys { known: known() });
        }
        (None, Some(_) | None) => Thumbprints::One(first.clone()),
    };
    let is_answered = |account: &Account| map.is_some() || account.thumbprint == first;
    let accounts = accounts.into_iter().filter(is_answered).collect();
    Ok(EdgeWay::HaproxyStateless { thumbprints, accounts })
}

/// The account as an edge knows it.
fn account(report: &AccountReport) -> Result<Account, EdgeConfigError> {
    let unfit = || EdgeConfigError::Unfit { ca: report.ca.clone() };
    let thumbprint = |text: &str| text.parse::<Thumbprint>().map_err(|_| unfit());
    let uri = report.url.as_deref().map(|url| url.parse().map_err(|_| unfit()));
    Ok(Account {
        ca: report.ca.parse().map_err(|_| unfit())?,
        uri: uri.transpose()?,
        thumbprint: thumbprint(&report.thumbprint)?,
        next: report.next_thumbprint.as_deref().map(thumbprint).transpose()?,
    })
}

/// Why there is no text for an edge.
#[derive(Debug, thiserror::Error)]
pub enum EdgeConfigError {
    /// Nobody knows where the replicas are.
    #[error(
        "where do edges reach nws-certd? challenge.listen does not say one address; name each replica with --backend HOST:PORT"
    )]
    NoBackend,
    /// They do not go together.
    #[error("the backends cannot be used")]
    Backends(#[source] InvalidBackends),
    /// It is not in the configuration.
    #[error("{ca} is no configured CA; name one of: {}", known.join(", "))]
    UnknownCa {
        /// As named.
        ca: String,
        /// Those that are.
        known: Vec<String>,
    },
    /// One answer has one thumbprint.
    #[error(
        "the accounts have several keys, and an edge gives one answer: let them share one (account of [[ca]]), choose with --ca, or tell hosts apart with --map; there are {}", known.join(", ")
    )]
    SeveralKeys {
        /// The CAs.
        known: Vec<String>,
    },
    /// What it is called cannot stand in a configuration.
    #[error(
        "the directory or the account at {ca:?} has characters that cannot stand in an edge's configuration"
    )]
    Unfit {
        /// The CA.
        ca: String,
    },
}

#[cfg(test)]
mod tests;
