//! `[[targets]]`, and where the certificates of each go.

use std::collections::BTreeMap;

use nws_gitops::{Destination, FleetClusters, Layout, RepoPath, Target, Targets};

use super::read::Reader;

/// All targets; the default one is what `[git]` says.
pub(super) fn targets(from: &mut Reader) -> Option<Targets> {
    let layout = from.text_or("git.layout", "fleet-bundles");
    let root = from.text_or("git.root", Destination::ROOT);
    let tables = if from.has("targets") { from.tables("targets") } else { Vec::new() };
    let all: Vec<_> = tables.iter().map(|table| one(from, table, layout, root.as_ref())).collect();
    let default = Destination { layout: layout?, ..Destination::at(root?) };
    let mut targets = Targets::new(default);
    for (table, one) in tables.iter().zip(all) {
        let (name, dirs, destination) = one?;
        let with = targets.with(name, dirs, destination);
        targets = with.map_err(|error| from.fault(table, error.to_string())).ok()?;
    }
    Some(targets)
}

type One = (Target, Vec<RepoPath>, Destination);

/// What is not said is as for the default target, in a directory of the target's name.
fn one(
    from: &mut Reader,
    table: &str,
    layout: Option<Layout>,
    above: Option<&RepoPath>,
) -> Option<One> {
    let key = |name: &str| format!("{table}.{name}");
    let name = from.required_text::<Target>(&key("name"), "a name for it, for instance \"eu\"");
    let dirs = from.texts::<RepoPath>(&key("paths"));
    let own_layout = from.optional_text(&key("layout"));
    let own_root = from.optional_text(&key("root"));
    let clusters = clusters(from, &key);
    let (name, dirs, layout) = (name?, dirs?, own_layout?.or(layout)?);
    if dirs.is_empty() {
        from.fault(
            &key("paths"),
            "is missing or empty; write the directories whose manifests are for it, for instance [\"clusters/eu\"]",
        );
        return None;
    }
    let clusters = clusters?;
    if clusters != FleetClusters::default() && !layout.has_fleet_yaml() {
        from.fault(
            table,
            "says which clusters Fleet is to choose, which a layout without a fleet.yaml cannot tell it; remove cluster_group and cluster_selector, or set the layout fleet-bundles or fleet-nested",
        );
        return None;
    }
    let in_its_name = || format!("{}/{name}", above?).parse().ok();
    let root = own_root?.or_else(in_its_name)?;
    Some((name, dirs, Destination { layout, root, clusters }))
}

fn clusters(from: &mut Reader, key: &impl Fn(&str) -> String) -> Option<FleetClusters> {
    let group = from.optional::<String>(&key("cluster_group"));
    let labels = from.optional::<BTreeMap<String, String>>(&key("cluster_selector"));
    let group = group?;
    if group.as_ref().is_some_and(String::is_empty) {
        from.fault(
            &key("cluster_group"),
            "is empty; write the name of a ClusterGroup, or remove it",
        );
        return None;
    }
    Some(FleetClusters { group, labels: labels?.unwrap_or_default() })
}
