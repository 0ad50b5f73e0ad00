//! What CAA records say of one name.

use std::sync::Arc;
use std::time::Duration;

use nws_acme::caa::{CaaRecord, CaaVerdict, permits};
use nws_challenge::preflight::Weight;
use nws_expiry::DnsName;
use tokio::time::timeout;

use super::{CaaFailure, Issuer, Obstruction};
use crate::guard::{Guard, Unknown};
use crate::order::{CaaFault, CaaZone, climb, remedy};

/// For all levels of a name, whatever resolvers and tries there are.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen of a name's CAA records.
pub(super) enum Seen {
    /// Those that count, and whose they are; none where anybody may issue.
    Records(Option<(String, Vec<CaaRecord>)>, Option<Obstruction>),
    /// They are not known: where they would be, why, and what that weighs.
    Unknown(String, CaaFailure, Weight),
}

pub(super) async fn look(zone: &Arc<dyn CaaZone>, name: &DnsName, issuer: Option<&Issuer>) -> Seen {
    match timeout(PATIENCE, climb(&**zone, name)).await {
        Ok(Ok(found)) => {
            let forbidden =
                found.as_ref().zip(issuer).and_then(|(found, issuer)| forbids(found, issuer));
            Seen::Records(found, forbidden)
        }
        Ok(Err((owner, CaaFault::Bogus))) => {
            Seen::Unknown(owner, CaaFailure::Bogus, Weight::Refused)
        }
        Ok(Err((owner, CaaFault::Servers))) => {
            Seen::Unknown(owner, CaaFailure::Servers, Weight::Refused)
        }
        // Of resolvers that say nothing it is told with the addresses, which they say nothing of, either.
        Ok(Err((owner, CaaFault::Unasked(_)))) => {
            Seen::Unknown(owner, CaaFailure::TimedOut, Weight::Advisory)
        }
        Err(_elapsed) => Seen::Unknown(name.to_string(), CaaFailure::TimedOut, Weight::Advisory),
    }
}

/// Whether CAA keeps other accounts of the CA from a name.
pub(crate) async fn guard(zone: &Arc<dyn CaaZone>, name: &DnsName, issuer: &Issuer) -> Guard {
    look(zone, name, None).await.guard(name, issuer)
}

fn forbids((owner, records): &(String, Vec<CaaRecord>), issuer: &Issuer) -> Option<Obstruction> {
    match permits(records, &issuer.identities, issuer.account.as_ref()) {
        CaaVerdict::Permitted | CaaVerdict::Unknown => None,
        CaaVerdict::Forbidden(obstacle) => {
            let remedy = remedy(&obstacle, owner, &issuer.identities, issuer.account.as_ref());
            Some(Obstruction::Forbidden { owner: owner.clone(), obstacle, remedy })
        }
    }
}

impl Seen {
    /// What is in the way of it, and how much.
    pub(super) fn obstruction(self) -> Option<(Weight, Obstruction)> {
        match self {
            Self::Records(_, forbidden) => forbidden.map(|forbidden| (Weight::Refused, forbidden)),
            Self::Unknown(owner, why, weight) => Some((weight, Obstruction::Caa { owner, why })),
        }
    }

    /// Whether they keep other accounts of the CA from the name.
    pub(super) fn guard(&self, name: &DnsName, issuer: &Issuer) -> Guard {
        match self {
            Self::Records(found, _) => Guard::of(name, found.as_ref(), issuer),
            Self::Unknown(owner, why, _) => {
                Guard::Unknown(Unknown::Records { owner: owner.clone(), why: *why })
            }
        }
    }

    /// The records, as a zone file has them.
    pub(super) fn records(&self) -> Vec<String> {
        let Self::Records(Some((owner, records)), _) = self else { return Vec::new() };
        let text = |record: &CaaRecord| {
            let flags = if record.critical { 128 } else { 0 };
            format!("{owner}. CAA {flags} {} {:?}", record.tag, record.value)
        };
        records.iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests;
