//! The Secrets that a cluster has, and whose they are.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use time::OffsetDateTime;

use crate::world::manifest::{Annotations, Kind, Reference, SecretName};

/// What lets the controller take over a Secret that it did not make.
const MANAGED: &str = "sealedsecrets.bitnami.com/managed";

/// A time in which a Secret that had been there was not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Absence {
    pub(crate) secret: SecretName,
    pub(crate) since: OffsetDateTime,
    /// None while it lasts.
    pub(crate) until: Option<OffsetDateTime>,
}

/// Secrets by name; what they hold is at the edge.
#[derive(Default)]
pub(super) struct Live {
    secrets: BTreeMap<SecretName, Secret>,
    absences: Vec<Absence>,
    refusals: Vec<Refusal>,
}

/// A SealedSecret that the controller made nothing of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) secret: SecretName,
    pub(crate) reason: String,
}

struct Secret {
    annotations: Annotations,
    /// Whether a SealedSecret owns it (`ownerReferences`), with which it goes.
    owned: bool,
}

impl Live {
    pub(super) fn owned(&self) -> usize {
        self.secrets.values().filter(|secret| secret.owned).count()
    }

    pub(super) fn absences(&self) -> &[Absence] {
        &self.absences
    }

    pub(super) fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// A Secret was applied: who owns it already owns it on.
    pub(super) fn applied(
        &mut self,
        name: &SecretName,
        annotations: &Annotations,
        now: OffsetDateTime,
    ) {
        let owned = self.secrets.get(name).is_some_and(|secret| secret.owned);
        self.put(name, Secret { annotations: annotations.clone(), owned }, now);
    }

    /// Whether the controller may write the Secret of a SealedSecret.
    ///
    /// # Errors
    ///
    /// If there is one already that is not its own and does not say that it may be managed.
    pub(super) fn check_ownership(&self, name: &SecretName) -> Result<()> {
        let foreign = self.secrets.get(name).filter(|secret| !secret.owned);
        ensure!(
            foreign.is_none_or(|secret| secret.annotations.say(MANAGED)),
            "{name} already exists and is not managed by SealedSecret"
        );
        Ok(())
    }

    /// A SealedSecret was opened, and owns its Secret from now on.
    pub(super) fn opened(
        &mut self,
        name: &SecretName,
        template: &Annotations,
        now: OffsetDateTime,
    ) {
        self.put(name, Secret { annotations: template.clone(), owned: true }, now);
    }

    /// An object was deleted; gives the Secret that is gone now, if one is.
    pub(super) fn deleted(
        &mut self,
        object: &Reference,
        now: OffsetDateTime,
    ) -> Option<SecretName> {
        let goes = match object.kind {
            Kind::Secret => true,
            Kind::SealedSecret => self.secrets.get(&object.name).is_some_and(|secret| secret.owned),
        };
        let (name, _) = goes.then(|| self.secrets.remove_entry(&object.name))??;
        self.absences.push(Absence { secret: name.clone(), since: now, until: None });
        Some(name)
    }

    /// A SealedSecret came to nothing; its Secret stays as it was.
    pub(super) fn refused(&mut self, name: &SecretName, reason: String) {
        self.refusals.push(Refusal { secret: name.clone(), reason });
    }

    fn put(&mut self, name: &SecretName, secret: Secret, now: OffsetDateTime) {
        self.secrets.insert(name.clone(), secret);
        let ended = |it: &&mut Absence| it.secret == *name && it.until.is_none();
        for absence in self.absences.iter_mut().filter(ended) {
            absence.until = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn name() -> SecretName {
        SecretName { namespace: "shop".into(), name: "tls".into() }
    }

    fn annotations(managed: bool) -> Annotations {
        serde_json::from_value(serde_json::json!({ MANAGED: managed.to_string() })).unwrap()
    }

    fn object(kind: Kind) -> Reference {
        Reference { kind, name: name() }
    }

    #[test]
    fn a_controller_takes_over_what_may_be_managed_and_keeps_what_is_its_own() {
        let check = |live: &Live| live.check_ownership(&name()).is_ok();
        let mut live = Live::default();
        assert!(check(&live), "there is none");
        live.applied(&name(), &annotations(false), NOW);
        assert!(!check(&live), "somebody else's");
        live.applied(&name(), &annotations(true), NOW);
        assert!(check(&live), "one that may be managed");
        live.opened(&name(), &annotations(false), NOW);
        assert!(check(&live), "its own");
        assert_eq!(live.absences(), []);
    }

    #[test]
    fn a_secret_goes_with_the_sealed_secret_that_owns_it_and_its_absence_is_kept() {
        let mut live = Live::default();
        live.applied(&name(), &annotations(true), NOW);
        assert_eq!(live.deleted(&object(Kind::SealedSecret), NOW), None, "nobody owns it");
        live.opened(&name(), &annotations(true), NOW);
        assert_eq!(live.deleted(&object(Kind::SealedSecret), NOW), Some(name()));
        assert_eq!(live.deleted(&object(Kind::Secret), NOW), None, "it is gone already");
        let later = NOW + Duration::SECOND;
        let absence = Absence { secret: name(), since: NOW, until: None };
        assert_eq!(live.absences(), std::slice::from_ref(&absence));
        live.applied(&name(), &annotations(true), later);
        assert_eq!(live.absences(), [Absence { until: Some(later), ..absence }]);
    }
}
