//! What stands where Secrets go.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{File, Files};
use crate::reader::Text;
use crate::{RepoPath, Targets};

/// All files of a commit, and what those of them say that bear on where Secrets are placed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    pub(super) files: Files,
    /// What stands in those that may be given a line, where some Secrets stand beside manifests.
    texts: BTreeMap<RepoPath, Text>,
    /// Each `fleet.yaml` that deploys a chart from elsewhere.
    charts: BTreeSet<RepoPath>,
}

impl Ground {
    /// Takes in what a file says now.
    pub(super) fn take(&mut self, file: &File, targets: &Targets) {
        self.forget(&file.path);
        if targets.stand_beside_manifests() {
            self.texts.extend(file.parsed.text.clone().map(|text| (file.path.clone(), text)));
            self.charts.extend(file.parsed.names_a_chart.then(|| file.path.clone()));
        }
    }

    /// Forgets what a file said.
    pub(super) fn forget(&mut self, path: &RepoPath) {
        self.texts.remove(path);
        self.charts.remove(path);
    }

    pub(crate) fn has(&self, path: &RepoPath) -> bool {
        self.files.contains(path)
    }

    pub(crate) fn text(&self, path: &RepoPath) -> Option<&str> {
        self.texts.get(path).map(Text::as_str)
    }

    /// The files below a directory, or all.
    pub(crate) fn below(&self, dir: Option<&RepoPath>) -> impl Iterator<Item = &RepoPath> {
        self.files.below(dir)
    }

    /// A file in reach of a line of this name in a directory's `.fleetignore`, but for those of the directory that it is written
    /// for, if that is a bundle of its own: a bundle deploys its files whatever is ignored above it.
    pub(crate) fn hidden_by(&self, dir: Option<&RepoPath>, name: &str) -> Option<RepoPath> {
        let meant = RepoPath::within(dir, name);
        let is_bundle = self.fleet_yaml_in(Some(&meant)).is_some();
        let is_named = |path: &&RepoPath| {
            path.relative_to(dir).is_some_and(|rest| rest.split('/').any(|part| part == name))
        };
        let mut hidden = self.below(dir).filter(is_named);
        hidden.find(|path| !(is_bundle && path.is_below(&meant))).cloned()
    }

    pub(crate) fn fleet_yaml_in(&self, dir: Option<&RepoPath>) -> Option<RepoPath> {
        let names = ["fleet.yaml", "fleet.yml"];
        names.into_iter().map(|name| RepoPath::within(dir, name)).find(|path| self.has(path))
    }

    /// The file that tells kustomize what to build in a directory.
    pub(crate) fn kustomization_in(&self, dir: Option<&RepoPath>) -> Option<RepoPath> {
        let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
        names.into_iter().map(|name| RepoPath::within(dir, name)).find(|path| self.has(path))
    }

    /// What makes Helm deploy the directory that a file lies in, up to the bundle it is part of.
    pub(crate) fn chart_of(&self, path: &RepoPath) -> Option<RepoPath> {
        for dir in path.ancestors().map(Some).chain([None]) {
            let chart = RepoPath::within(dir.as_ref(), "Chart.yaml");
            if self.has(&chart) {
                return Some(chart);
            }
            if let Some(fleet) = self.fleet_yaml_in(dir.as_ref()) {
                return self.charts.contains(&fleet).then_some(fleet);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Entry;

    fn ground(paths: &[&str]) -> Ground {
        let mut ground = Ground::default();
        for path in paths {
            ground.files.set(&path.parse().unwrap(), Entry::Other);
        }
        ground
    }

    #[test]
    fn what_lies_below_a_directory() {
        let ground = ground(&["a", "a-b", "a/b", "a/c/d", "a0", "b/a/x"]);
        let below = |dir: Option<&str>| {
            let dir = dir.map(|dir| dir.parse().unwrap());
            let found = ground.below(dir.as_ref()).map(|path| path.as_str().to_owned());
            found.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(below(Some("a")), "a/b a/c/d");
        assert_eq!(below(Some("b/a")), "b/a/x");
        assert_eq!(below(Some("c")), "");
        assert_eq!(below(None), "a a-b a/b a/c/d a0 b/a/x");
    }

    #[test]
    fn what_a_line_would_hide() {
        let ground =
            ground(&["a/tls/fleet.yaml", "a/tls/x.yaml", "b/c/tls/y.yaml", "d/tls", "e/f"]);
        let cases = [
            (Some("a"), None),
            (Some("b"), Some("b/c/tls/y.yaml")),
            (Some("b/c"), Some("b/c/tls/y.yaml")),
            (Some("d"), Some("d/tls")),
            (Some("e"), None),
            (None, Some("a/tls/fleet.yaml")),
        ];
        for (dir, want) in cases {
            let found = ground.hidden_by(dir.map(|dir| dir.parse().unwrap()).as_ref(), "tls");
            assert_eq!(found.as_ref().map(RepoPath::as_str), want, "{dir:?}");
        }
    }

    #[test]
    fn a_chart_deploys_what_lies_in_it_up_to_the_next_bundle() {
        let mut ground = ground(&["x/Chart.yaml", "x/sub/fleet.yaml", "y/fleet.yaml", "z/a.yaml"]);
        ground.charts.insert("y/fleet.yaml".parse().unwrap());
        let cases = [
            ("x/ingress.yaml", Some("x/Chart.yaml")),
            ("x/crds/a.yaml", Some("x/Chart.yaml")),
            ("x/sub/a.yaml", None),
            ("y/a/b.yaml", Some("y/fleet.yaml")),
            ("z/a.yaml", None),
        ];
        for (path, want) in cases {
            let found = ground.chart_of(&path.parse().unwrap());
            assert_eq!(found.as_ref().map(RepoPath::as_str), want, "{path}");
        }
    }
}
