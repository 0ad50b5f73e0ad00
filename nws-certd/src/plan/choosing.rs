//! Which CA an order goes to, by what keeps from each and what is left of its limits.

use nws_acme::choice::{Choice, Standing};
use nws_expiry::allot::alone;
use nws_expiry::budget::{Claim, Exemption};
use nws_expiry::{Reason, Urgency};
use time::OffsetDateTime;

use super::CaView;
use super::evidence::{Evidence, Had};
use crate::store::CertificateKey;

impl Evidence<'_> {
    /// Where an order goes, with how the CAs stand. In the last twentieth of a certificate's lifetime, where everything that keeps from
    /// CAs would be waited for, what takes too long counts for nothing.
    pub(super) fn chosen(
        &self,
        key: &CertificateKey,
        had: Option<Had<'_>>,
        reason: &Reason,
    ) -> (Choice, Vec<Standing>) {
        let standings = self.standings(key, had, |_| true);
        let choice = self.choose(had, Some(reason), &standings);
        if let Choice::Use(_) = choice {
            return (self.within_limits(key, had, reason, &standings, choice), standings);
        }
        let in_time = self.standings(key, had, |met| self.keeps_waiting(had, met.until));
        match self.choose(had, Some(reason), &in_time) {
            Choice::Use(ca) => (Choice::Use(ca), standings),
            Choice::Wait { .. } | Choice::Nobody => (choice, standings),
        }
    }

    /// Whether a CA is asked though something keeps from it.
    pub(super) fn is_in_spite(
        &self,
        key: &CertificateKey,
        had: Option<Had<'_>>,
        ca: Option<usize>,
    ) -> bool {
        // Before that nobody is.
        if had.is_none_or(|had| had.leaf.validity().longest_wait(self.now).is_none()) {
            return false;
        }
        let standings = self.standings(key, had, |_| true);
        let standing = ca.and_then(|ca| standings.get(ca));
        standing.is_some_and(|it| !matches!(it, Standing::Ready | Standing::Probe))
    }

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
    fn within_limits(
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
