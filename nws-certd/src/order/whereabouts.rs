//! Where the names of a certificate lead, looked at before another order for one whose names keep failing.
//!
//! It costs the CA nothing, and most names that keep failing have left: their owners have gone elsewhere, or let the domain lapse.

use std::net::IpAddr;
use std::sync::Arc;

use nws_expiry::{DnsName, DnsNames, Failing, Leads, Parking};
use time::Duration;
use tokio::task::JoinSet;
use tracing::{debug, info};

use super::{Attempt, Ended, Ordering};
use crate::edges::{AddressZone, Addresses, LookupError};
use crate::failure::Causes;
use crate::report::instant;
use crate::store::{Parked, Step};

/// Names whose whereabouts are told; whoever has brought those back is told of the next.
const TOLD: usize = 3;
/// Addresses that are told of one name.
const ADDRESSES: usize = 4;

/// Who is looked for, where, and after how long.
#[derive(Clone)]
pub(crate) struct Whereabouts {
    /// Who knows the addresses of names.
    pub(crate) zone: Arc<dyn AddressZone>,
    /// The addresses of the edges; where there are none, every name with an address leads to them, as nobody knows better.
    pub(crate) edges: Vec<IpAddr>,
    /// For how long a certificate has to fail before its names are looked for.
    pub(crate) park_after: Duration,
}

/// Where one name leads, and what to say of it if that is not here.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Sight {
    leads: Option<Leads>,
    why: String,
}

impl Ordering {
    /// Whether its names are looked for before anything else.
    pub(super) fn is_suspect(&self, attempt: &Attempt) -> bool {
        let park_after = self.whereabouts.park_after;
        let is_suspect = |failing: Failing| failing.is_suspect(attempt.began, park_after);
        attempt.failing.is_some_and(is_suspect)
    }

    /// Parks the certificate if its names have left; `None` if it is to be ordered.
    pub(super) async fn park(&self, attempt: &Attempt) -> Option<Ended> {
        let failing = attempt.failing.filter(|_| self.is_suspect(attempt))?;
        let sights = self.whereabouts.look(&attempt.certificate.names).await;
        let now = self.clock.now();
        let leads = Leads::of_all(sights.iter().map(|sight| sight.leads));
        let remaining = attempt.left(now);
        match failing.parking(now, self.whereabouts.park_after, leads, remaining) {
            Parking::GoOn if failing.is_parked => {
                info!("the names are back");
                None
            }
            Parking::GoOn => None,
            Parking::Park { until } => {
                let why = why(&sights);
                info!(why, look_at = instant(until), "nothing is ordered, as a name has left");
                let certificate = attempt.certificate.clone();
                let parked = Parked { since: now, why };
                Some(self.record(Step::Parked { certificate, parked, until }).await)
            }
        }
    }
}

impl Whereabouts {
    /// Why somebody may still be led here by one of the names; `None` if DNS says that every one has left.
    pub(crate) async fn still_here(&self, names: &DnsNames) -> Option<String> {
        let sights = self.look(names).await;
        let mut each = names.iter().zip(&sights);
        each.find_map(|(name, sight)| match sight.leads {
            Some(Leads::Here) if self.edges.is_empty() => Some(format!(
                "{name} has an address, and nobody knows whether it is an edge's; name the edges in edges.addresses"
            )),
            Some(Leads::Here) => Some(format!("{name} still leads to the edges")),
            Some(Leads::Elsewhere | Leads::Nowhere) => None,
            None => Some(sight.why.clone()),
        })
    }

    /// Looks for every name at once.
    async fn look(&self, names: &DnsNames) -> Vec<Sight> {
        let mut asked = JoinSet::new();
        for name in names {
            let (zone, name) = (self.zone.clone(), name.clone());
            asked.spawn(async move { (zone.addresses(&name).await, name) });
        }
        let mut seen: Vec<_> = asked.join_all().await;
        seen.sort_by(|(_, one), (_, other)| one.cmp(other));
        seen.into_iter().map(|(found, name)| sight(&name, &self.edges, found)).collect()
    }
}

fn sight(name: &DnsName, edges: &[IpAddr], found: Result<Addresses, LookupError>) -> Sight {
    let (leads, why) = match found {
        Ok(found) if edges.is_empty() || found.all.iter().any(|ip| edges.contains(ip)) => {
            (Some(Leads::Here), String::new())
        }
        Ok(found) if found.is_whole => (Some(Leads::Elsewhere), elsewhere(name, &found.all)),
        Ok(_) => (None, format!("DNS does not tell all addresses of {name}")),
        Err(error) if error.is_answer() => (Some(Leads::Nowhere), error.to_string()),
        Err(error) => (None, Causes(&error).to_string()),
    };
    if leads.is_none() {
        debug!(%name, why, "it is not known where the name leads");
    }
    Sight { leads, why }
}

fn elsewhere(name: &DnsName, addresses: &[IpAddr]) -> String {
    let mut told: Vec<_> = addresses.iter().take(ADDRESSES).map(ToString::to_string).collect();
    if addresses.len() > ADDRESSES {
        told.push("and others".into());
    }
    let which = if addresses.len() == 1 { "which is" } else { "which are" };
    format!(
        "{name} leads to {}, {which} none of edges.addresses; point it at the edges, or add what is missing there",
        told.join(", ")
    )
}

/// What to say of those that have left; where nobody knows, of those.
fn why(sights: &[Sight]) -> String {
    let has_left = |sight: &&Sight| match sight.leads {
        Some(Leads::Elsewhere | Leads::Nowhere) => true,
        Some(Leads::Here) | None => false,
    };
    let mut told: Vec<_> = sights.iter().filter(has_left).collect();
    if told.is_empty() {
        told = sights.iter().filter(|sight| sight.leads.is_none()).collect();
    }
    let told: Vec<_> = told.into_iter().take(TOLD).map(|sight| &*sight.why).collect();
    told.join("; ")
}

#[cfg(test)]
mod tests;
