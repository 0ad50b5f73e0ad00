//! Which namespace a manifest's objects end up in.

use std::collections::BTreeMap;

use super::file::File;
use crate::RepoPath;
use crate::fault::FaultReason;
use crate::reader::FleetNamespace;

/// What each directory's `fleet.yaml` says, and which file that is; none stands for the top.
#[derive(Clone, Debug, Default)]
pub(super) struct Namespaces(BTreeMap<Option<RepoPath>, BTreeMap<RepoPath, FleetNamespace>>);

impl Namespaces {
    /// Takes in what a file says now. Whether it said something else before.
    pub(super) fn take(&mut self, file: &File) -> bool {
        let Some(says) = &file.parsed.fleet else {
            return self.forget(&file.path);
        };
        let of_dir = self.0.entry(file.path.parent()).or_default();
        of_dir.insert(file.path.clone(), says.clone()).as_ref() != Some(says)
    }

    /// Forgets a file. Whether it said something.
    pub(super) fn forget(&mut self, path: &RepoPath) -> bool {
        let dir = path.parent();
        let Some(of_dir) = self.0.get_mut(&dir) else {
            return false;
        };
        let said = of_dir.remove(path).is_some();
        if of_dir.is_empty() {
            self.0.remove(&dir);
        }
        said
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

    /// Of two in one directory the last by name, `fleet.yml`, counts.
    fn nearest(&self, path: &RepoPath) -> Option<(&RepoPath, &FleetNamespace)> {
        let mut dirs = path.ancestors().map(Some).chain([None]);
        dirs.find_map(|dir| self.0.get(&dir)?.last_key_value())
    }
}
