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

/// Secrets outlive their bundle: they are deleted on purpose, not because a directory moved.
pub(crate) fn fleet_yaml(namespace: &str, clusters: &FleetClusters) -> String {
    format!(
        "defaultNamespace: {}\nkeepResources: true\nlabels:\n  {MANAGED_LABEL}: \"true\"\n{}",
        Quoted(namespace),
        clusters.override_targets()
    )
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
        .assert_eq(&fleet_yaml("shop", &clusters));
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
