//! What an order is to the limits of each CA.

use nws_acme::choice::{Choice, Standing};
use nws_expiry::Urgency;
use nws_expiry::allot::alone;
use nws_expiry::budget::{Claim, Exemption};
use time::OffsetDateTime;

use super::CaView;
use super::evidence::{Evidence, Had};
use super::standing::Occasion;
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

    /// How a CA that would take an order stands by what is left of its limits; an order that is open there has used them already.
    pub(super) fn within_limits(
        &self,
        key: &CertificateKey,
        view: &CaView,
        had: Option<Had<'_>>,
        (standing, occasion): (Standing, Occasion),
    ) -> Standing {
        match (standing, occasion) {
            (Standing::Ready | Standing::Probe, Occasion::First | Occasion::Renewal) => {
                let short = self.short(key, view, had);
                short.map_or(standing, |until| Standing::Limited { until })
            }
            (Standing::Ready | Standing::Probe, Occasion::Resumed)
            | (Standing::Away { .. } | Standing::Limited { .. } | Standing::Unfit(_), _) => {
                standing
            }
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

    /// What waits for nothing but the limits of a CA gets in line there, with all others that do.
    pub(super) fn line(
        &self,
        key: &CertificateKey,
        had: Option<Had<'_>>,
        standings: &[Standing],
        choice: Choice,
    ) -> Choice {
        let Choice::Wait { until } = choice else { return choice };
        let waits = |(view, standing): (&CaView, &Standing)| {
            *standing == Standing::Limited { until } && self.short(key, view, had) == Some(until)
        };
        let place = self.cas.iter().zip(standings).position(waits);
        place.map_or(choice, Choice::Use)
    }

    /// Whether a wait is kept: in the last twentieth of a certificate's lifetime no long one is, whoever asked for it.
    pub(super) fn keeps_waiting(&self, had: Option<Had<'_>>, until: OffsetDateTime) -> bool {
        had.is_none_or(|had| {
            had.leaf.validity().keeps_waiting(self.now, until) || until <= self.now
        })
    }
}
