//! What is answered to tokens that no order of this daemon has brought: `challenge.stateless`.

use std::sync::Arc;

use nws_challenge::{Hosts, Stateless, Thumbprint};

use crate::authority::Authority;
use crate::config::StatelessAnswers;
use crate::daemon::Daemon;
use crate::plan::Plan;
use crate::store::Facts;

impl Daemon {
    /// Tells the listeners for whom to answer, and with whose thumbprint, from now on.
    pub(super) fn answer_others(&self, plan: &Plan, facts: &Facts) {
        let authorities = &self.parts.ordering.authorities;
        self.parts.answers.answer_others(others(self.parts.stateless, authorities, plan, facts));
    }
}

/// A host's account is the one at the CA that has an order for it under way, else at the one that an order would go to, else the first.
///
/// The key is the one its account has at that CA, as far as that has said so: no order runs there while it is being changed, and what was
/// offered before is in the table, with the thumbprint it was offered to.
fn others(
    setting: StatelessAnswers,
    authorities: &[Arc<Authority>],
    plan: &Plan,
    facts: &Facts,
) -> Stateless {
    let accounts: Vec<Thumbprint> = authorities.iter().map(|one| one.thumbprint()).collect();
    let Some(first) = accounts.first() else { return Stateless::Off };
    let at = |ca: &str| authorities.iter().position(|one| one.directory() == ca);
    let wanted = plan.certificates.iter().map(|planned| (&planned.key, planned.goes_to));
    let under_way = facts.orders.iter();
    let under_way = under_way.map(|order| (&order.certificate, order.ca.as_deref().and_then(at)));
    // Of a host that is there twice the last counts.
    let hosts = wanted.chain(under_way).flat_map(|(key, place)| {
        let account = place.and_then(|place| accounts.get(place)).unwrap_or(first);
        key.names.iter().map(|name| (name.as_str(), account.clone()))
    });
    match setting {
        StatelessAnswers::Off => Stateless::Off,
        StatelessAnswers::KnownHosts => Stateless::KnownHosts(hosts.collect()),
        StatelessAnswers::Any => {
            let apart: Hosts = hosts.filter(|(_, account)| account != first).collect();
            Stateless::Any { otherwise: first.clone(), hosts: apart }
        }
    }
}
