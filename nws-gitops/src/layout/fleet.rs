//! What Fleet is told of a bundle of Secrets.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::RepoPath;
use crate::manifest::{MANAGED_LABEL, Quoted};

/// The clusters that a bundle is for, as `overrideTargets` of a `fleet.yaml` has them; where nothing is said, those of the
/// GitRepo.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FleetClusters {
    /// The name of a ClusterGroup.
    pub group: Option<String>,
    /// The labels that each of them has; beside a group, the two together.
    pub labels: BTreeMap<String, String>,
}

impl FleetClusters {
    fn override_targets(&self) -> String {
        let mut fields = Vec::new();
        if let Some(group) = &self.group {
            fields.push(format!("clusterGroup: {}\n", Quoted(group)));
        }
        if !self.labels.is_empty() {
            let mut field = "clusterSelector:\n      matchLabels:\n".to_owned();
            for (label, value) in &self.labels {
                // Writing to a string does not fail.
                let _ = writeln!(field, "        {}: {}", Quoted(label), Quoted(value));
            }
            fields.push(field);
        }
        match fields[..] {
            [] => String::new(),
            [..] => format!("overrideTargets:\n  - {}", fields.join("    ")),
        }
    }
}

/// The `fleet.yaml` of a bundle of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FleetYaml<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) clusters: &'a FleetClusters,
    /// Whether clusters have objects of these names from another bundle. Without it the first installation of this one would fail
    /// there, as Helm adopts nothing of another release by itself; it does in every later one.
    pub(crate) adopts: bool,
}

impl FleetYaml<'_> {
    /// Secrets outlive their bundle: they are deleted on purpose, not because a directory moved.
    pub(crate) fn text(self) -> String {
        format!("{}{}", self.head(), self.clusters.override_targets())
    }

    fn head(self) -> String {
        format!(
            "defaultNamespace: {}\nkeepResources: true\nlabels:\n  {MANAGED_LABEL}: \"true\"\n{}",
            Quoted(self.namespace),
            if self.adopts { "helm:\n  takeOwnership: true\n" } else { "" }
        )
    }

    /// Both ways to write it.
    pub(crate) fn variants(self) -> [Self; 2] {
        [false, true].map(|adopts| Self { adopts, ..self })
    }
}

/// Whether a `fleet.yaml` is one of ours that keeps live objects, whichever clusters it is for.
pub(crate) fn keeps_resources(text: &str, namespace: &str) -> bool {
    let clusters = &FleetClusters::default();
    let of_any = FleetYaml { namespace, clusters, adopts: false };
    let mut behind = of_any.variants().into_iter().filter_map(|one| text.strip_prefix(&one.head()));
    behind.any(|rest| {
        let targets = rest.strip_prefix("overrideTargets:\n");
        rest.is_empty()
            || targets.is_some_and(|rest| rest.lines().all(|line| line.starts_with("  ")))
    })
}

pub(super) fn is_fleet_yaml(path: &RepoPath) -> bool {
    matches!(path.file_name(), "fleet.yaml" | "fleet.yml")
}

/// Whether a `.fleetignore` has the line already.
pub(super) fn ignores(text: &str, name: &str) -> bool {
    text.lines().any(|line| line.trim() == name)
}

/// A `.fleetignore` with one more line, and everything else as it is.
pub(super) fn ignoring(text: &str, name: &str) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{name}{end}")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn of(clusters: &FleetClusters) -> FleetYaml<'_> {
        FleetYaml { namespace: "shop", clusters, adopts: false }
    }

    #[test]
    fn a_bundle_takes_over_what_another_has_installed() {
        let clusters = FleetClusters { group: Some("eu".into()), ..FleetClusters::default() };
        expect![[r#"
            defaultNamespace: "shop"
            keepResources: true
            labels:
              nws-certd/managed: "true"
            helm:
              takeOwnership: true
            overrideTargets:
              - clusterGroup: "eu"
        "#]]
        .assert_eq(&FleetYaml { adopts: true, ..of(&clusters) }.text());
    }

    #[test]
    fn which_bundles_of_ours_keep_what_they_installed() {
        let some = FleetClusters { group: Some("eu".into()), ..FleetClusters::default() };
        for clusters in [&some, &FleetClusters::default()] {
            for one in of(clusters).variants() {
                assert!(keeps_resources(&one.text(), "shop"), "{one:?}");
            }
        }
        let text = of(&some).text();
        for other in [
            text.replace("keepResources: true", "keepResources: false"),
            text.replace("shop", "blog"),
            format!("{text}diff: {{}}\n"),
            format!("# mine\n{text}"),
            text.replace("overrideTargets", "targetCustomizations"),
            String::new(),
        ] {
            assert!(!keeps_resources(&other, "shop"), "{other}");
        }
    }

    #[test]
    fn a_bundle_names_its_clusters_where_they_are_configured() {
        let clusters = FleetClusters {
            group: Some("eu".into()),
            labels: BTreeMap::from([("region".into(), "eu-1".into()), ("a/b".into(), "on".into())]),
        };
        expect![[r#"
            defaultNamespace: "shop"
            keepResources: true
            labels:
              nws-certd/managed: "true"
            overrideTargets:
              - clusterGroup: "eu"
                clusterSelector:
                  matchLabels:
                    "a/b": "on"
                    "region": "eu-1"
        "#]]
        .assert_eq(&of(&clusters).text());
        let labels_only = FleetClusters { group: None, ..clusters };
        expect![[r#"
            overrideTargets:
              - clusterSelector:
                  matchLabels:
                    "a/b": "on"
                    "region": "eu-1"
        "#]]
        .assert_eq(&labels_only.override_targets());
        assert_eq!(FleetClusters::default().override_targets(), "");
    }

    #[test]
    fn one_line_is_added_and_the_rest_is_kept() {
        let cases = [
            ("", "tls\n"),
            ("# ours\n*.md\n", "# ours\n*.md\ntls\n"),
            ("*.md", "*.md\ntls\n"),
            ("a\r\n", "a\r\ntls\r\n"),
        ];
        for (text, want) in cases {
            assert!(!ignores(text, "tls"), "{text:?}");
            assert_eq!(ignoring(text, "tls"), want, "{text:?}");
            assert!(ignores(want, "tls"), "{text:?}");
        }
        assert!(!ignores("tls--2\n#tls\n", "tls"));
    }
}
