//! Where a Secret's file stands, and what stands with it.

use std::str::FromStr;

use crate::{GroupName, RepoPath, SealGroup};

mod fleet;
mod kustomization;
mod placer;
mod refusal;

pub use fleet::FleetClusters;
pub(crate) use fleet::{FleetYaml, keeps_resources};
pub(crate) use placer::Placer;
pub use refusal::RefusalReason;

/// How Secrets are laid out in files.
///
/// It says where new ones go. A Secret of ours that is there stays where it is, whatever the layout says now: what moves from one
/// Fleet bundle or Flux Kustomization to another may be deleted on its way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Layout {
    /// For Fleet: bundles of their own beside the applications, `ROOT/<namespace>/<secret>.yaml` with a `fleet.yaml`.
    ///
    /// So a renewal touches that bundle and no application. A bundle has a size limit (etcd's, and that of Helm's release
    /// records), so at most [`Layout::MAX_PER_BUNDLE`] Secrets go into one; further ones go to `ROOT/<namespace>--2`.
    #[default]
    FleetBundles,
    /// For Fleet, where a certificate has to go to the same clusters as its application: a bundle in the directory of the
    /// manifest that wants it, `tls/<secret>.yaml` with a `fleet.yaml`, and the line `tls` in the `.fleetignore` beside that
    /// manifest, without which the application's bundle would change with each renewal. Split as above.
    FleetNested,
    /// For plain manifests of any tool: beside the manifest that wants it, `<secret>.yaml`. The application's bundle, Kustomization or
    /// Application deploys it.
    Beside,
    /// For kustomize, by any tool: beside the manifest that wants it, with an entry under `resources` of the
    /// `kustomization.yaml` that lists the manifest.
    Kustomize,
    /// For Flux and Argo CD: a tree of its own, `ROOT/<namespace>/<secret>.yaml`, and no other file: both take a `fleet.yaml` for a
    /// broken manifest.
    Tree,
}

impl Layout {
    /// How many Secrets a Fleet bundle holds: each takes some 4 to 5 kB of the 1.5 MiB that etcd allows an object.
    pub const MAX_PER_BUNDLE: usize = 200;

    const NAMES: [(&str, Self); 5] = [
        ("fleet-bundles", Self::FleetBundles),
        ("fleet-nested", Self::FleetNested),
        ("beside", Self::Beside),
        ("kustomize", Self::Kustomize),
        ("tree", Self::Tree),
    ];

    /// Whether Secrets stand among the manifests that want them, and so in their repository.
    pub fn is_beside_manifests(self) -> bool {
        match self {
            Self::FleetNested | Self::Beside | Self::Kustomize => true,
            Self::FleetBundles | Self::Tree => false,
        }
    }

    /// Whether Fleet is told of its bundles.
    pub fn has_fleet_yaml(self) -> bool {
        match self {
            Self::FleetBundles | Self::FleetNested => true,
            Self::Beside | Self::Kustomize | Self::Tree => false,
        }
    }

    /// How many Secrets a directory of them takes.
    fn most(self) -> usize {
        if self.has_fleet_yaml() { Self::MAX_PER_BUNDLE } else { usize::MAX }
    }
}

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(text: &str) -> Result<Self, UnknownLayout> {
        let named = Self::NAMES.into_iter().find(|(name, _)| *name == text);
        named.map(|(_, layout)| layout).ok_or_else(|| UnknownLayout { found: text.into() })
    }
}

/// A text that names no [`Layout`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no layout; write \"fleet-bundles\", \"fleet-nested\", \"beside\", \"kustomize\" or \"tree\""
)]
pub struct UnknownLayout {
    /// As written.
    pub found: String,
}

/// Where the Secrets of one target go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    /// How they are laid out.
    pub layout: Layout,
    /// The directory of all their directories, in a layout that has one; and of those that no manifest asks for.
    pub root: RepoPath,
    /// What is said to Fleet of the clusters, in a `fleet.yaml` that we make.
    pub clusters: FleetClusters,
    /// Who they are sealed to. Of several groups each has a file of its own for each Secret, in a directory of its name below the
    /// root.
    pub groups: Vec<SealGroup>,
}

/// Where the Secrets of one target go for one group of clusters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place<'a> {
    /// The group, where there are several.
    pub(crate) group: Option<&'a GroupName>,
    /// Who opens what lies there; none where nobody is named.
    pub(crate) recipients: Option<&'a GroupName>,
    /// The directory of all their directories.
    pub(crate) root: RepoPath,
    /// What is said to Fleet of the clusters.
    pub(crate) clusters: &'a FleetClusters,
}

impl Destination {
    /// The directory where nothing else is said.
    pub const ROOT: &str = "certs";

    /// Fleet bundles in this directory, for the clusters that it is for anyway.
    pub fn at(root: RepoPath) -> Self {
        let (layout, clusters) = (Layout::default(), FleetClusters::default());
        Self { layout, root, clusters, groups: Vec::new() }
    }

    /// Where each group's go: one place, unless there are several groups.
    pub(crate) fn places(&self) -> Vec<Place<'_>> {
        match &self.groups[..] {
            [] => vec![self.only_place(None)],
            [only] => vec![self.only_place(Some(&only.name))],
            several => several.iter().map(|group| self.place_of(group)).collect(),
        }
    }

    fn only_place<'a>(&'a self, recipients: Option<&'a GroupName>) -> Place<'a> {
        let (root, clusters) = (self.root.clone(), &self.clusters);
        Place { group: None, recipients, root, clusters }
    }

    fn place_of<'a>(&'a self, group: &'a SealGroup) -> Place<'a> {
        let root = RepoPath::within(Some(&self.root), group.name.as_str());
        let name = Some(&group.name);
        Place { group: name, recipients: name, root, clusters: &group.clusters }
    }
}

impl Default for Destination {
    fn default() -> Self {
        Self::at(RepoPath::within(None, Self::ROOT))
    }
}
