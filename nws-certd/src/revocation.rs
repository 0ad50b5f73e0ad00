//! Which certificates can be revoked, and when one may be. Pure: what there is in, what follows out.

mod undertaking;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nws_expiry::{Chain, Fingerprint, Leaf};
use nws_gitops::{Delivered, Inventory, RepoPath};
use time::OffsetDateTime;

use crate::plan::{Delivery, Plan, Planned};
use crate::report::instant;
use crate::served::Seen;
use crate::store::{CertificateKey, Facts, Previous, Revocation};

/// A certificate that there is, or the one before it.
#[derive(Clone, Debug)]
pub(crate) struct Revocable {
    pub(crate) leaf: Leaf,
    pub(crate) der: Arc<[u8]>,
    /// The directory of the CA that issued it, where that is known.
    pub(crate) ca: Option<String>,
    /// The files that hold it.
    pub(crate) paths: Vec<RepoPath>,
    /// Those of them that are for no Secret that is wanted.
    pub(crate) unwanted: Vec<RepoPath>,
    /// Whether another has not taken its place yet.
    pub(crate) is_newest: bool,
    /// What it stands for, as far as that is wanted.
    pub(crate) serves: Vec<CertificateKey>,
    /// When it was revoked, if it was.
    pub(crate) revoked_at: Option<OffsetDateTime>,
}

/// Everything that can be revoked: what the branch holds, what is stored, and what was before that.
pub(crate) fn revocable(
    inventory: Option<&Inventory>,
    facts: &Facts,
    previous: &[Previous],
    plan: &Plan,
) -> Vec<Revocable> {
    let mut all = Collected { all: BTreeMap::new(), facts, plan };
    for stored in facts.certificates.iter().filter_map(|known| known.issued.as_ref()) {
        all.add(&stored.chain, stored.ca.as_deref()).is_newest = true;
    }
    for before in previous {
        all.add(&before.chain, before.ca.as_deref());
    }
    if let Some(inventory) = inventory {
        all.add_delivered(inventory);
    }
    all.all.into_values().collect()
}

struct Collected<'a> {
    all: BTreeMap<Fingerprint, Revocable>,
    facts: &'a Facts,
    plan: &'a Plan,
}

impl Collected<'_> {
    fn add(&mut self, chain: &Chain, ca: Option<&str>) -> &mut Revocable {
        let fingerprint = chain.leaf().fingerprint();
        let (facts, plan) = (self.facts, self.plan);
        let one = self.all.entry(fingerprint).or_insert_with(|| Revocable {
            leaf: chain.leaf().clone(),
            der: chain.certificates().next().unwrap_or_default().into(),
            ca: None,
            paths: Vec::new(),
            unwanted: Vec::new(),
            is_newest: false,
            serves: plan.served_by(fingerprint).map(|planned| planned.key.clone()).collect(),
            revoked_at: revoked_at(facts, fingerprint),
        });
        one.ca = one.ca.take().or_else(|| ca.map(str::to_owned));
        one
    }

    fn add_delivered(&mut self, inventory: &Inventory) {
        let wanted = self.plan.paths(inventory);
        for held in inventory.delivered.iter().filter(|held| held.ours) {
            let Some(chain) = &held.chain else { continue };
            let one = self.add(chain, held.provenance.ca.as_deref());
            one.is_newest = true;
            one.paths.push(held.path.clone());
            if !wanted.contains(&held.path) {
                one.unwanted.push(held.path.clone());
            }
        }
    }
}

fn revoked_at(facts: &Facts, fingerprint: Fingerprint) -> Option<OffsetDateTime> {
    let asked = facts.revocations.iter().find(|one| one.wish.leaf.fingerprint() == fingerprint);
    asked.and_then(|one| one.revoked_at)
}

impl Plan {
    /// The files that hold something for whoever wants it.
    fn paths<'a>(&self, inventory: &'a Inventory) -> BTreeSet<&'a RepoPath> {
        let wants = self.certificates.iter().flat_map(|planned| &planned.wants);
        wants.filter_map(|want| Some(&inventory.held(&want.key)?.path)).collect()
    }

    /// The certificates that this leaf is what there is of.
    fn served_by(&self, fingerprint: Fingerprint) -> impl Iterator<Item = &Planned> {
        let is_it = move |leaf: &Leaf| leaf.fingerprint() == fingerprint;
        self.certificates.iter().filter(move |planned| planned.have.as_ref().is_some_and(is_it))
    }
}

impl Revocable {
    /// The CA to ask, or why none can be. One that the operator names goes before the one that is known.
    pub(crate) fn at_ca<'a>(
        &'a self,
        named: Option<&'a str>,
        configured: &[String],
        now: OffsetDateTime,
    ) -> Result<&'a str, Unrevocable> {
        let serial = self.leaf.serial().to_string();
        if let Some(at) = self.revoked_at {
            return Err(Unrevocable::Already { serial, at });
        }
        if self.leaf.not_after() <= now {
            return Err(Unrevocable::Ended { serial, at: self.leaf.not_after() });
        }
        let Some(ca) = named.or(self.ca.as_deref()) else {
            let issuer = self.leaf.issuer();
            return Err(Unrevocable::UnknownCa { serial, issuer });
        };
        if configured.iter().any(|directory| directory == ca) {
            Ok(ca)
        } else {
            Err(Unrevocable::OtherCa { serial, ca: ca.into(), configured: configured.join(", ") })
        }
    }
}

/// Why a certificate cannot be revoked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unrevocable {
    #[error("serial {serial} is revoked since {}", instant(*at))]
    Already { serial: String, at: OffsetDateTime },
    #[error("serial {serial} has ended at {}, so it needs no revocation", instant(*at))]
    Ended { serial: String, at: OffsetDateTime },
    #[error(
        "it is not known which CA issued serial {serial} ({issuer}); name its directory with --ca"
    )]
    UnknownCa { serial: String, issuer: String },
    #[error(
        "serial {serial} was issued by {ca}, which is not configured; add a [[ca]] for it after the others, or name one of these with --ca: {configured}"
    )]
    OtherCa { serial: String, ca: String, configured: String },
}

/// Where the successor of a certificate that is to be replaced first is still to come: it has to be pushed wherever the
/// certificate was delivered, and wherever one for its names is wanted. Nowhere: it may be revoked.
pub(crate) fn awaited(wish: &Revocation, inventory: &Inventory, plan: &Plan) -> Vec<String> {
    if !wish.replacing {
        return Vec::new();
    }
    let is_it = |chain: &Chain| chain.leaf().fingerprint() == wish.leaf.fingerprint();
    let holds = |held: &&Delivered| held.ours && held.chain.as_ref().is_some_and(is_it);
    let held = inventory.delivered.iter().filter(holds).map(|held| held.path.to_string());
    let successors =
        plan.certificates.iter().filter(|planned| wish.leaf.is_for(&planned.key.names));
    let wants = successors.flat_map(|planned| &planned.wants);
    let waiting = wants.filter(|want| !matches!(want.delivery, Delivery::Pushed(_)));
    held.chain(waiting.map(|want| format!("Secret {}", want.key))).collect()
}

/// Which successors, in all files by now, edges are not seen to serve yet: until all do, or have had their time. An edge that never
/// reloads must not keep a key in use that is lost.
pub(crate) fn unserved(
    wish: &Revocation,
    plan: &Plan,
    seen: impl Fn(&CertificateKey, Fingerprint) -> Option<Seen>,
) -> Vec<String> {
    let has_time = |seen: &Seen| seen.served_at.is_none() && !seen.is_late;
    let successors =
        plan.certificates.iter().filter(|planned| wish.leaf.is_for(&planned.key.names));
    let awaited = successors.filter(|planned| {
        let leaf = planned.have.as_ref().map(Leaf::fingerprint);
        leaf.is_some_and(|leaf| seen(&planned.key, leaf).as_ref().is_none_or(has_time))
    });
    awaited.map(|planned| format!("what every edge of {} serves", planned.key.names)).collect()
}

#[cfg(test)]
mod tests;
