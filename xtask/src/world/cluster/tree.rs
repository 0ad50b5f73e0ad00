//! Which files of a commit are for a cluster, and in which bundle they are, as Fleet decides it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::world::repository::{Blob, Repository};

const FLEET_YAML: &str = "fleet.yaml";

/// A folder of a repository, as a cluster of a group sees it.
pub(super) struct Tree {
    repository: Repository,
    folder: String,
    group: &'static str,
    /// Each `fleet.yaml` that was read, by blob: the same bytes always mean the same.
    read: BTreeMap<String, Bundle>,
}

/// A file to apply, and the folder of its bundle.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct File {
    pub(super) blob: Blob,
    pub(super) bundle: String,
}

/// What a `fleet.yaml` says of the clusters that its bundle is for; without a word, those of the GitRepo.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    override_targets: Option<Vec<Target>>,
}

/// The one way to name clusters that the worlds' clusters know: another is an error, not everybody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Target {
    cluster_group: String,
}

impl Tree {
    pub(super) fn new(repository: Repository, folder: &str, group: &'static str) -> Self {
        Self { repository, folder: folder.to_owned(), group, read: BTreeMap::new() }
    }

    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The files of a commit that are for this cluster.
    pub(super) async fn files(&mut self, commit: &str) -> Result<Vec<File>> {
        let blobs = self.repository.list(commit, &self.folder).await?;
        let mut bundles = BTreeMap::new();
        for (dir, blob) in blobs.iter().filter_map(|blob| Some((bundle_dir(&blob.path)?, blob))) {
            let group = self.group;
            let bundle = self.bundle(blob).await.with_context(|| blob.path.clone())?;
            bundles.insert(dir.to_owned(), bundle.is_for(group));
        }
        Ok(sorted_out(blobs, &bundles))
    }

    async fn bundle(&mut self, Blob { id, .. }: &Blob) -> Result<&Bundle> {
        if !self.read.contains_key(id) {
            let bundle = serde_saphyr::from_str(&self.repository.show(id).await?)?;
            self.read.insert(id.clone(), bundle);
        }
        self.read.get(id).context("it was not read")
    }
}

impl Bundle {
    fn is_for(&self, group: &str) -> bool {
        let targets = self.override_targets.as_ref();
        targets.is_none_or(|targets| targets.iter().any(|target| target.cluster_group == group))
    }
}

/// The folder that a `fleet.yaml` makes a bundle of.
fn bundle_dir(path: &str) -> Option<&str> {
    let dir = path.strip_suffix(FLEET_YAML)?;
    if dir.is_empty() { Some("") } else { dir.strip_suffix('/') }
}

/// The files of the bundles that are for the cluster; what lies in no bundle is, in one of its own.
fn sorted_out(blobs: Vec<Blob>, bundles: &BTreeMap<String, bool>) -> Vec<File> {
    let file = |blob: Blob| {
        let bundle = above(&blob.path).find_map(|dir| bundles.get_key_value(dir));
        let (bundle, is_ours) = bundle.map_or(("", true), |(dir, ours)| (dir.as_str(), *ours));
        is_ours.then(|| File { bundle: bundle.to_owned(), blob })
    };
    blobs.into_iter().filter(|blob| bundle_dir(&blob.path).is_none()).filter_map(file).collect()
}

/// The folders above a file, from the nearest to the root.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.rmatch_indices('/').map(|(end, _)| &path[..end]);
    folders.chain(std::iter::once(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(text: &str) -> Result<Bundle, serde_saphyr::Error> {
        serde_saphyr::from_str(text)
    }

    #[test]
    fn a_bundle_is_for_those_that_it_names_or_else_for_all() {
        let cases = [
            ("nobody named", "defaultNamespace: shop\n", true),
            ("its group", "overrideTargets:\n  - clusterGroup: eu\n", true),
            (
                "its group among others",
                "overrideTargets: [{clusterGroup: us}, {clusterGroup: eu}]\n",
                true,
            ),
            ("another group", "overrideTargets:\n  - clusterGroup: us\n", false),
            ("no target at all", "overrideTargets: []\n", false),
        ];
        for (case, text, want) in cases {
            assert_eq!(bundle(text).unwrap().is_for("eu"), want, "{case}");
        }
        assert!(
            bundle("overrideTargets: [{clusterName: a}]\n").is_err(),
            "another way to name clusters"
        );
    }

    #[test]
    fn a_file_is_in_the_nearest_bundle_above_it() {
        let bundles =
            BTreeMap::from([("certs/eu/shop".to_owned(), true), ("certs/us".to_owned(), false)]);
        let cases = [
            ("in it", "certs/eu/shop/tls.yaml", Some("certs/eu/shop")),
            ("below it", "certs/eu/shop/a/tls.yaml", Some("certs/eu/shop")),
            ("in none", "certs/eu/tls.yaml", Some("")),
            ("in that of others", "certs/us/shop/tls.yaml", None),
            ("the bundle's own words", "certs/eu/shop/fleet.yaml", None),
        ];
        for (case, path, want) in cases {
            let blob = Blob { path: path.to_owned(), id: String::new() };
            let files = sorted_out(vec![blob], &bundles);
            assert_eq!(files.first().map(|file| file.bundle.as_str()), want, "{case}");
        }
    }
}
