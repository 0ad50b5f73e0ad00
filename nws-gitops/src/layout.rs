//! Where a Secret's file stands.

use std::collections::BTreeMap;

use crate::manifest::{MANAGED_LABEL, Quoted};
use crate::{Inventory, RepoPath, Target, WantKey};

/// How Secrets are laid out in files.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Layout {
    /// Fleet bundles of their own, beside the applications: `certs/<namespace>/<secret>.yaml` for the default target,
    /// `certs/<target>/<namespace>/<secret>.yaml` for others.
    ///
    /// So a renewal touches that bundle and no application. A bundle has a size limit (etcd's, and that of Helm's release
    /// records), so at most [`Layout::MAX_PER_BUNDLE`] Secrets go into one; further ones go to `certs/<namespace>--2`. A
    /// Secret that is there stays where it is.
    #[default]
    FleetBundles,
}

/// Where a Secret's file goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Placement {
    /// The file.
    pub path: RepoPath,
}

impl Layout {
    /// How many Secrets a Fleet bundle holds: each takes some 4 to 5 kB of the 1.5 MiB that etcd allows an object.
    pub const MAX_PER_BUNDLE: usize = 200;
    /// The directory of all bundles.
    pub const ROOT: &str = "certs";

    /// The place of a wanted Secret: where it is, or where it would be put next.
    pub fn place(&self, inventory: &Inventory, key: &WantKey) -> Placement {
        match self {
            Self::FleetBundles => Placement { path: Bundles::of(inventory).place(inventory, key) },
        }
    }
}

/// How full each bundle is, counting what is about to be added.
pub(crate) struct Bundles(BTreeMap<String, usize>);

impl Bundles {
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let mut bundles = BTreeMap::new();
        for dir in inventory
            .files()
            .under(Layout::ROOT)
            .filter(|path| !is_fleet(path))
            .filter_map(RepoPath::parent)
        {
            *bundles.entry(dir.to_string()).or_default() += 1;
        }
        Self(bundles)
    }

    /// The path of the Secret's file, taking up room in its bundle if it is new.
    pub(crate) fn place(&mut self, inventory: &Inventory, key: &WantKey) -> RepoPath {
        if let Some(held) = inventory.held(key) {
            return held.path.clone();
        }
        let mut number = 1;
        loop {
            let dir = bundle(key, number);
            let filled = self.0.entry(dir.clone()).or_default();
            if *filled < Layout::MAX_PER_BUNDLE {
                *filled += 1;
                return RepoPath::of_parts(&dir, &file_name(key.secret.name()));
            }
            number += 1;
        }
    }
}

fn bundle(key: &WantKey, number: usize) -> String {
    let target = if key.target.is_default() { String::new() } else { format!("{}/", key.target) };
    let sibling = if number == 1 { String::new() } else { format!("--{number}") };
    format!("{}/{target}{}{sibling}", Layout::ROOT, key.secret.namespace())
}

/// Two names would make Fleet take the file for its own or for kustomize's.
fn file_name(secret: &str) -> String {
    match secret {
        "fleet" | "kustomization" => format!("{secret}.secret.yaml"),
        _ => format!("{secret}.yaml"),
    }
}

fn is_fleet(path: &RepoPath) -> bool {
    matches!(path.file_name(), "fleet.yaml" | "fleet.yml")
}

/// Whether a path lies under the root, or is it.
pub(crate) fn is_within(path: &RepoPath) -> bool {
    path.as_str().split('/').next() == Some(Layout::ROOT)
}

/// The target a file's place speaks of; a Secret that somebody moved out of the layout serves the default one.
pub(crate) fn target_of(path: &RepoPath) -> Target {
    let parts: Vec<_> = path.as_str().split('/').collect();
    match parts[..] {
        [Layout::ROOT, target, _, _] => target.parse().unwrap_or_default(),
        _ => Target::default(),
    }
}

/// The bundle's own file, for a Secret's path, if it has none yet.
pub(crate) fn missing_fleet_yaml(inventory: &Inventory, secret: &RepoPath) -> Option<RepoPath> {
    let dir = secret.parent().filter(|_| is_within(secret))?;
    let file = |name| RepoPath::of_parts(dir.as_str(), name);
    let there =
        ["fleet.yaml", "fleet.yml"].into_iter().any(|name| inventory.files().contains(&file(name)));
    (!there).then(|| file("fleet.yaml"))
}

/// Secrets outlive their bundle: they are deleted on purpose, not because a directory moved.
pub(crate) fn fleet_yaml(namespace: &str) -> String {
    format!(
        "defaultNamespace: {}\nkeepResources: true\nlabels:\n  {MANAGED_LABEL}: \"true\"\n",
        Quoted(namespace)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_read_from_the_path() {
        let cases = [
            ("certs/shop/shop-tls.yaml", "default"),
            ("certs/shop--2/shop-tls.yaml", "default"),
            ("certs/eu/shop/shop-tls.yaml", "eu"),
            ("apps/eu/shop/shop-tls.yaml", "default"),
            ("shop-tls.yaml", "default"),
        ];
        for (path, want) in cases {
            assert_eq!(target_of(&path.parse().unwrap()).as_str(), want, "{path}");
        }
    }

    #[test]
    fn bundles_by_target_and_number() {
        let key = |target: &str| WantKey {
            target: target.parse().unwrap(),
            secret: "shop/shop-tls".parse().unwrap(),
        };
        assert_eq!(bundle(&key("default"), 1), "certs/shop");
        assert_eq!(bundle(&key("default"), 2), "certs/shop--2");
        assert_eq!(bundle(&key("eu"), 3), "certs/eu/shop--3");
    }

    #[test]
    fn no_secret_becomes_a_file_that_fleet_understands_otherwise() {
        assert_eq!(file_name("shop-tls"), "shop-tls.yaml");
        assert_eq!(file_name("fleet"), "fleet.secret.yaml");
        assert_eq!(file_name("kustomization"), "kustomization.secret.yaml");
    }
}
