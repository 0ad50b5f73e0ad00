//! Into which namespaces the objects of a file are deployed, by all that has a say in it.

use super::kustomize::Object;
use super::surroundings::Surroundings;
use crate::RepoPath;
use crate::fault::FaultReason;

impl Surroundings {
    /// The namespaces of an object that states this one or none: what kustomize makes of it, and Fleet of that.
    ///
    /// Mostly it is one. With several nothing certain is known, and [`Self::objection`] says so.
    ///
    /// # Errors
    ///
    /// The reason why no namespace is known.
    pub(super) fn namespaces_of(
        &self,
        path: &RepoPath,
        own: Option<&str>,
    ) -> Result<Vec<String>, FaultReason> {
        let (mut found, mut reason) = (Vec::new(), None);
        for namespace in self.all_namespaces(path, own) {
            match namespace {
                Ok(namespace) => found.push(namespace),
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        reason.filter(|_| found.is_empty()).map_or(Ok(found), Err)
    }

    /// The same where there is only one.
    pub(super) fn namespace_of(&self, path: &RepoPath, own: Option<&str>) -> Option<String> {
        match &mut *self.all_namespaces(path, own) {
            [Ok(namespace)] => Some(std::mem::take(namespace)),
            _ => None,
        }
    }

    /// Why an object is not what its file says; of several reasons one.
    pub(super) fn objection(&self, path: &RepoPath, object: Object<'_>) -> Option<FaultReason> {
        let changed = self.kustomizations.objection(path, object, &self.discover);
        changed.or_else(|| self.objection_to_namespaces(path, object.namespace))
    }

    fn objection_to_namespaces(&self, path: &RepoPath, own: Option<&str>) -> Option<FaultReason> {
        if self.all_namespaces(path, own).len() < 2 {
            return None;
        }
        let mut givers = self.kustomizations.ways(path)?.iter().filter_map(|way| way.by.as_ref());
        givers.next().map(|giver| FaultReason::KustomizedNamespace {
            kustomization: giver.kustomization.clone(),
            namespace: giver.namespace.clone(),
        })
    }

    /// Each once. A `fleet.yaml` counts where the file lies, and where it is built; if the two do not agree, nobody knows which of
    /// them is meant.
    fn all_namespaces(
        &self,
        path: &RepoPath,
        own: Option<&str>,
    ) -> Vec<Result<String, FaultReason>> {
        let Some(ways) = self.kustomizations.ways(path) else {
            return vec![self.namespaces.resolve(path, own)];
        };
        let mut all = Vec::new();
        for way in ways {
            let own = way.by.as_ref().map(|giver| giver.namespace.as_str()).or(own);
            for place in [path, &way.root] {
                let namespace = self.namespaces.resolve(place, own);
                if !all.contains(&namespace) {
                    all.push(namespace);
                }
            }
        }
        all
    }
}
