use std::collections::BTreeMap;

use nws_gitops::{Destination, FleetClusters, Layout, Target};

use super::*;

fn destination(config: &Config, target: &str) -> Destination {
    config.discover.targets.destination(&target.parse().unwrap()).clone()
}

#[test]
fn without_any_all_goes_into_bundles_under_certs() {
    let config = read(WHOLE).unwrap();
    assert_eq!(destination(&config, "default"), Destination::default());
    assert_eq!(
        config.discover.targets.of(&"clusters/eu/a.yaml".parse().unwrap()),
        Target::default()
    );
}

#[test]
fn a_target_is_as_the_default_one_but_for_what_it_says() {
    let text = format!(
        r#"{WHOLE}layout = "fleet-nested"
root = "tls/certs"
[[targets]]
name = "eu"
paths = ["clusters/eu", "shared/eu"]
cluster_group = "europe"
cluster_selector = {{ tier = "prod" }}
[[targets]]
name = "lab"
paths = ["clusters/eu/lab"]
layout = "tree"
root = "clusters/eu/lab/certs"
"#
    );
    let config = read(&text).unwrap();
    let root = |text: &str| Destination::at(text.parse().unwrap());
    let nested = Layout::FleetNested;
    assert_eq!(
        destination(&config, "default"),
        Destination { layout: nested, ..root("tls/certs") }
    );
    let labels = BTreeMap::from([("tier".to_owned(), "prod".to_owned())]);
    let clusters = FleetClusters { group: Some("europe".into()), labels };
    let eu = Destination { layout: nested, clusters, ..root("tls/certs/eu") };
    assert_eq!(destination(&config, "eu"), eu);
    let lab = Destination { layout: Layout::Tree, ..root("clusters/eu/lab/certs") };
    assert_eq!(destination(&config, "lab"), lab);
    for (file, target) in [("shared/eu/a.yaml", "eu"), ("clusters/eu/lab/a.yaml", "lab")] {
        let found = config.discover.targets.of(&file.parse().unwrap());
        assert_eq!(found.as_str(), target, "{file}");
    }
}

#[test]
fn targets_that_cannot_be_say_what_to_write() {
    let text = format!(
        r#"{WHOLE}layout = "nested"
root = "/certs"
[[targets]]
name = "EU"
cluster_group = ""
[[targets]]
paths = ["clusters/eu/"]
layout = "flat"
clusters = "eu"
"#
    );
    check_faults(
        &text,
        expect![[r#"
        config.toml: git.layout: "nested" is no layout; write "fleet-bundles", "fleet-nested", "beside", "kustomize" or "tree"
        config.toml: git.root: "/certs" is no path in a repository, because of its part ""; write it relative to the top, as in "certs/shop"
        config.toml: targets.1.name: "EU" is no target; a target has up to 63 of a-z, 0-9 and inner '-'
        config.toml: targets.1.cluster_group: is empty; write the name of a ClusterGroup, or remove it
        config.toml: targets.2.name: is missing; write a name for it, for instance "eu"
        config.toml: targets.2.paths: "clusters/eu/" is no path in a repository, because of its part ""; write it relative to the top, as in "certs/shop"
        config.toml: targets.2.layout: "flat" is no layout; write "fleet-bundles", "fleet-nested", "beside", "kustomize" or "tree"
        config.toml: targets.2.clusters: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
    let target = |name: &str, rest: &str| format!("[[targets]]\nname = \"{name}\"\n{rest}\n");
    let cases = [
        (
            target("eu", ""),
            expect![[
                r#"config.toml: targets.1.paths: is missing or empty; write the directories whose manifests are for it, for instance ["clusters/eu"]"#
            ]],
        ),
        (
            target("eu", "paths = [\"eu\"]").repeat(2),
            expect![
                "config.toml: targets.2: there are two targets eu; give one of them another name"
            ],
        ),
        (
            target("eu", "paths = [\"a\"]") + &target("us", "paths = [\"a\"]"),
            expect![
                "config.toml: targets.2: a is for target us and for target eu; give it to one of them"
            ],
        ),
        (
            target("eu", "paths = [\"a\"]\nroot = \"certs\""),
            expect![
                "config.toml: targets.1: the secrets of target eu would stand in certs, as do those of target default; give one of them another root"
            ],
        ),
        (
            target("eu", "paths = [\"a\"]\nlayout = \"tree\"\ncluster_group = \"eu\""),
            expect![
                "config.toml: targets.1: says which clusters Fleet is to choose, which a layout without a fleet.yaml cannot tell it; remove cluster_group and cluster_selector, or set the layout fleet-bundles or fleet-nested"
            ],
        ),
    ];
    for (targets, want) in cases {
        check_faults(&format!("{WHOLE}{targets}"), want);
    }
}
