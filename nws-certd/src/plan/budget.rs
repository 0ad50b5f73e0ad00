//! What an order is to the limits of each CA.

use nws_acme::choice::{Choice, Standing};
use nws_expiry::allot::alone;
use nws_expiry::budget::{Claim, Exemption};
use nws_expiry::{Reason, Urgency};
use time::OffsetDateTime;

use super::CaView;
use super::evidence::{Evidence, Had};
use crate::store::CertificateKey;

impl Evidence<'_> {
    /// What an order is exempt from at a CA: only what was had from itself counts there, and only a CA that is known to have issued it
    /// is told what is replaced.
    pub(super) fn exemption(&self, view: &CaView, had: Option<Had<'_>>) -> Exemption {
        let Some(had) = had else { return Exemption::None };
        let is_its_own = match had.ca {
            Some(ca) => ca == view.directory,
            None => self.cas.len() == 1,
        };
        if !is_its_own {
            return Exemption::None;
        }
        let suggested = had.ca.and_then(|_| self.suggested(had));
        Exemption::of_renewal(self.now, had.leaf.validity(), suggested)
    }

    /// Where an order goes if the limits of the CA that was chosen are used up for it: to another that has room, by the same rule as
    /// where a CA says so; else it gets in line, with all others that wait for nothing else.
    pub(super) fn within_limits(
        &self,
        key: &CertificateKey,
        had: Option<Had<'_>>,
        reason: &Reason,
        standings: &[Standing],
        choice: Choice,
    ) -> Choice {
        let Choice::Use(ca) = choice else { return choice };
        if self.cas.len() == 1 || self.open_at() == Some(ca) {
            return choice;
        }
        let limited = standings.iter().zip(self.cas).map(|(standing, view)| match standing {
            Standing::Ready | Standing::Probe => {
                self.short(key, view, had).map_or(*standing, |until| Standing::Limited { until })
            }
            Standing::Away { .. } | Standing::Limited { .. } | Standing::Unfit(_) => *standing,
        });
        match self.choose(had, Some(reason), &limited.collect::<Vec<_>>()) {
            Choice::Use(other) => Choice::Use(other),
            Choice::Wait { .. } | Choice::Nobody => choice,
        }
    }

    /// Until when a CA's limits are used up for an order, if they are.
    fn short(
        &self,
        key: &CertificateKey,
        view: &CaView,
        had: Option<Had<'_>>,
    ) -> Option<OffsetDateTime> {
        let claim = Claim { names: &key.names, exemption: self.exemption(view, had) };
        let urgency = had.map_or(Urgency::Nothing, |had| Urgency::Ends(had.leaf.not_after()));
        alone(self.now, &view.ledger, claim, urgency).err().map(|(until, _)| until)
    }

    /// Whether a wait is kept: in the last twentieth of a certificate's lifetime no long one is, whoever asked for it.
    pub(super) fn keeps_waiting(&self, had: Option<Had<'_>>, until: OffsetDateTime) -> bool {
        had.is_none_or(|had| {
            had.leaf.validity().keeps_waiting(self.now, until) || until <= self.now
        })
    }
}
