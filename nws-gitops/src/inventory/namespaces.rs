//! Which namespace a manifest's objects end up in.

use std::collections::BTreeMap;

use super::File;
use crate::RepoPath;
use crate::fault::FaultReason;
use crate::reader::FleetNamespace;

/// What each directory's `fleet.yaml` says; none stands for the top.
pub(super) struct Namespaces<'a>(BTreeMap<Option<RepoPath>, (&'a RepoPath, &'a FleetNamespace)>);

impl<'a> Namespaces<'a> {
    pub(super) fn of(files: &'a [File]) -> Self {
        let fleets =
            files.iter().filter_map(|file| Some((&file.path, file.parsed.fleet.as_ref()?)));
        Self(fleets.map(|(path, fleet)| (path.parent(), (path, fleet))).collect())
    }

    /// Fleet's rule: the `namespace` of the nearest `fleet.yaml`, else the manifest's own, else its `defaultNamespace`.
    ///
    /// Where none states one, Kubernetes would take whatever the client's context says; that is not guessed at.
    pub(super) fn resolve(
        &self,
        path: &RepoPath,
        own: Option<&str>,
    ) -> Result<String, FaultReason> {
        match (self.nearest(path), own) {
            (Some((_, FleetNamespace::Stated { forced: Some(forced), .. })), _) => {
                Ok(forced.clone())
            }
            (Some((path, FleetNamespace::Unreadable)), _) => {
                Err(FaultReason::FleetUnreadable { path: path.clone() })
            }
            (_, Some(own)) => Ok(own.to_owned()),
            (Some((_, FleetNamespace::Stated { default: Some(default), .. })), None) => {
                Ok(default.clone())
            }
            (Some((_, FleetNamespace::Stated { .. })) | None, None) => {
                Err(FaultReason::NoNamespace)
            }
        }
    }

    fn nearest(&self, path: &RepoPath) -> Option<(&'a RepoPath, &'a FleetNamespace)> {
        path.ancestors().map(Some).chain([None]).find_map(|dir| self.0.get(&dir).copied())
    }
}
