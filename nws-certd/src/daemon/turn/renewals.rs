//! Whom to ask when to renew what, and when (RFC 9773).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use nws_acme::{Availability, CertificateId};
use nws_expiry::{Fingerprint, Leaf, Spread};
use time::{Duration, OffsetDateTime};
use tokio::task::{JoinError, JoinSet};
use tracing::error;

use crate::authority::Authority;
use crate::daemon::Daemon;
use crate::inquiry::{Inquiry, Round};
use crate::order::Ended;
use crate::plan::{Plan, Planned};
use crate::store::{Facts, RenewalFacts};

/// The rounds in which CAs are asked. They begin apart from each other and are bounded, so that ten thousand certificates that
/// are asked about for the first time are spread over a quarter of an hour, and a CA that does not answer holds up no more than a
/// round.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Inquiries {
    /// The round under way; one at most.
    pub(in crate::daemon) round: JoinSet<Ended>,
    began: Option<OffsetDateTime>,
    /// When the next is wanted, if none is under way.
    pub(in crate::daemon) next: Option<OffsetDateTime>,
}

impl Inquiries {
    const BETWEEN: Duration = Duration::seconds(10);
    const MOST: usize = 100;
    /// In so many rounds all are asked about, however many there are: within the shortest time after which Let's Encrypt wants to be
    /// asked again, 17,280 s.
    const ROUNDS: usize = 1_728;

    /// How many are asked about in a round.
    fn most(certificates: usize) -> usize {
        Self::MOST.max(certificates.div_ceil(Self::ROUNDS))
    }
}

/// A certificate that a CA may be asked about.
struct Candidate<'a> {
    /// Not before.
    at: OffsetDateTime,
    planned: &'a Planned,
    leaf: &'a Leaf,
    id: CertificateId,
    authority: &'a Arc<Authority>,
    /// Whether the CA was away, and may still be.
    is_probe: bool,
    known: Option<&'a RenewalFacts>,
}

impl Daemon {
    /// Asks about what it is time to ask about, longest due first.
    pub(super) fn inquire(&mut self, now: OffsetDateTime, plan: &Plan, facts: &Facts) {
        self.inquiries.next = None;
        if !self.inquiries.round.is_empty() || self.stuck.until(now).is_some() {
            return;
        }
        let candidates = self.candidates(now, plan, facts);
        let Some(earliest) = candidates.first().map(|candidate| candidate.at) else { return };
        // A clock that was set back does not keep the next round away.
        let began = self.inquiries.began.filter(|began| *began <= now);
        let at = began.map_or(earliest, |began| earliest.max(began + Inquiries::BETWEEN));
        if now < at {
            self.inquiries.next = Some(at);
            return;
        }
        let most = Inquiries::most(candidates.len());
        let due = candidates.into_iter().take_while(|candidate| candidate.at <= now);
        // Who may still be away is not asked about everything at once.
        let mut probed = BTreeSet::new();
        let due = due.filter(|one| !one.is_probe || probed.insert(one.authority.directory()));
        let installation = &self.parts.rules.installation;
        let inquiries = due.take(most).map(|one| one.inquiry(installation)).collect();
        let (store, clock) = (self.parts.store.clone(), self.parts.clock.clone());
        self.inquiries.round.spawn(Round { inquiries, store, clock }.run());
        self.inquiries.began = Some(now);
    }

    /// Every certificate that stands and that a CA which answers can be asked about, by when that is due.
    fn candidates<'a>(
        &'a self,
        now: OffsetDateTime,
        plan: &'a Plan,
        facts: &'a Facts,
    ) -> Vec<Candidate<'a>> {
        let known: HashMap<Fingerprint, _> =
            facts.renewals.iter().map(|said| (said.fingerprint, said)).collect();
        let candidate = |planned: &'a Planned| {
            let leaf = planned.have.as_ref().filter(|leaf| now < leaf.not_after())?;
            let id = CertificateId::of(leaf)?;
            let authority = self.issuer(planned)?;
            let known = known.get(&leaf.fingerprint()).copied();
            // What was asked later than now was asked by a clock that was set back since.
            let next = known.filter(|known| known.asked_at <= now).map(|known| known.next_at);
            let at = next.unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let is_probe = match authority.availability(now) {
                Availability::Up => false,
                Availability::Probe => true,
                Availability::Away { .. } => return None,
            };
            Some(Candidate { at, planned, leaf, id, authority, is_probe, known })
        };
        let mut found: Vec<_> = plan.certificates.iter().filter_map(candidate).collect();
        found.sort_by_key(|candidate| candidate.at);
        found
    }

    /// The CA that issued what there is; where nobody noted it, the only one there is.
    fn issuer(&self, planned: &Planned) -> Option<&Arc<Authority>> {
        let authorities = &self.parts.ordering.authorities;
        match (&planned.issued_by, &authorities[..]) {
            (Some(ca), _) => authorities.iter().find(|one| one.directory() == ca),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// Takes in the end of a round; what was said is in the store.
    pub(in crate::daemon) fn collect_round(&mut self, ended: Result<Ended, JoinError>) {
        match ended {
            Ok(ended) => self.note(ended),
            Err(error) => error!(%error, "inquiries were broken off by a bug; they are made again"),
        }
    }
}

impl Candidate<'_> {
    fn inquiry(self, installation: &str) -> Inquiry {
        Inquiry {
            certificate: self.planned.key.clone(),
            fingerprint: self.leaf.fingerprint(),
            id: self.id,
            spread: Spread::of(installation, &self.planned.key.names),
            issued_at: self.planned.issued_at.unwrap_or_else(|| self.leaf.not_before()),
            authority: self.authority.clone(),
            known: self.known.cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_certificates_are_asked_about_before_the_ca_is_to_be_asked_again() {
        let shortest = Duration::seconds(17_280);
        for certificates in [1usize, 100, 10_000, 172_800, 1_000_000, 10_000_000] {
            let rounds = certificates.div_ceil(Inquiries::most(certificates));
            let all = Inquiries::BETWEEN * i32::try_from(rounds).unwrap();
            assert!(all <= shortest, "{certificates} within {all}");
        }
        assert_eq!(Inquiries::most(10_000), 100, "never fewer, and no more than it takes");
    }
}
