//! Who of what is due gets what the CAs allow.

use std::cmp::Reverse;

use nws_expiry::allot::{Allotment, Book, Later, Tenants, Work, allot};
use nws_expiry::budget::{Claim, Exemption};
use nws_expiry::{Leaf, Reason, Urgency};
use time::OffsetDateTime;

use super::{CaView, Next, Obstruction, Plan, Planned};
use crate::store::CertificateKey;

impl Plan {
    /// Shares out what the CAs allow among what is due, each by its place among the certificates.
    pub(crate) fn allot(
        &self,
        now: OffsetDateTime,
        due: &[usize],
        cas: &[CaView],
        tenants: &Tenants,
    ) -> Allotment<usize> {
        let ahead: Vec<_> = (0..cas.len()).map(|ca| self.ahead(ca, cas)).collect();
        let books =
            cas.iter().zip(&ahead).map(|(view, ahead)| Book { ledger: &view.ledger, ahead });
        let works = due.iter().filter_map(|at| self.work(now, *at)).collect();
        allot(now, works, &books.collect::<Vec<_>>(), tenants)
    }

    fn work(&self, now: OffsetDateTime, at: usize) -> Option<Work<'_, usize>> {
        let planned = self.certificates.get(at)?;
        Some(Work {
            key: at,
            ca: planned.goes_to?,
            tenant: planned.tenant(),
            claim: Claim { names: &planned.key.names, exemption: planned.exemption },
            urgency: planned.urgency(now),
            since: planned.next.reason().and_then(Reason::since).unwrap_or(now),
            have: planned.validity(),
        })
    }

    /// When certificates end whose renewals will count as new orders at a CA, in order.
    fn ahead(&self, ca: usize, cas: &[CaView]) -> Vec<OffsetDateTime> {
        let limits = cas.get(ca).map(|view| *view.ledger.limits());
        let Some(limits) = limits.filter(|limits| limits.new_orders.is_some()) else {
            return Vec::new();
        };
        let counted = self.certificates.iter().filter_map(|planned| {
            let leaf = planned.have.as_ref().filter(|_| planned.goes_to == Some(ca))?;
            let Next::Keep { until, .. } = planned.next else { return None };
            let exemption = Exemption::of_renewal(until, leaf.validity(), planned.suggested);
            let claim = Claim { names: &planned.key.names, exemption };
            claim.counts_as_new(&limits).then(|| leaf.not_after())
        });
        let mut ends: Vec<_> = counted.collect();
        ends.sort_unstable();
        ends
    }

    /// Who waits is told for what, and until when; gives their places.
    pub(crate) fn wait(&mut self, cas: &[CaView], later: Vec<Later<usize>>) -> Vec<usize> {
        let mut places = Vec::with_capacity(later.len());
        for Later { key, until, on } in later {
            let Some(planned) = self.certificates.get_mut(key) else { continue };
            let ca = planned.goes_to.and_then(|ca| cas.get(ca)).map_or("", |view| &*view.directory);
            if let Next::Order(reason) = &planned.next {
                let (reason, on) = (reason.clone(), Obstruction::Limit(format!("{ca}: {on}")));
                planned.next = Next::Wait { until, reason, on };
                places.push(key);
            }
        }
        places
    }

    /// Who cannot wait for what was counted is ordered in spite of it; gives their places.
    pub(crate) fn in_spite(&mut self, places: Vec<usize>) -> Vec<usize> {
        for at in &places {
            if let Some(planned) = self.certificates.get_mut(*at) {
                planned.in_spite = true;
            }
        }
        places
    }

    /// The place of a certificate.
    pub(crate) fn place(&self, key: &CertificateKey) -> Option<usize> {
        self.certificates.binary_search_by(|planned| planned.key.cmp(key)).ok()
    }
}

impl Planned {
    /// Whose turn it takes: the namespace of the first Secret it is for.
    pub(crate) fn tenant(&self) -> &str {
        self.wants.first().map_or("", |want| want.key.secret.namespace())
    }

    /// What goes before what. What a person wants replaced gives way to what runs out, until it does itself: in the last third of its
    /// lifetime.
    pub(crate) fn urgency(&self, now: OffsetDateTime) -> Urgency {
        let Some(leaf) = &self.have else {
            return Urgency::Nothing;
        };
        let ends = leaf.not_after();
        match self.next.reason() {
            Some(Reason::Revoked { at }) => Urgency::Ends(*at),
            Some(Reason::Asked { .. }) if now < ends - leaf.lifetime() / 3 => {
                Urgency::Asked { exposure: Reverse(self.wants.len()), ends }
            }
            Some(_) | None => Urgency::Ends(ends),
        }
    }

    /// From when to when what there is is valid.
    pub(crate) fn validity(&self) -> Option<nws_expiry::Validity> {
        self.have.as_ref().map(Leaf::validity)
    }
}
