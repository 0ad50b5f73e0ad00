//! Secrets of clusters that were grouped otherwise before.

use super::repository::{fleet_yaml_for, issue};
use super::*;
use crate::{
    AgeRecipients, Destination, GroupName, Inventory, SealGroup, SecretForm, SopsKind, Targets,
    sops_manifest,
};

const ONE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// How a key stands in a file.
#[derive(Clone, Copy)]
enum Kind {
    Clear,
    SopsSecret,
}

fn grouped(groups: &[&str]) -> Discover {
    let clusters = |name: &str| FleetClusters { group: Some(name.into()), ..Default::default() };
    let group = |name: &&str| SealGroup { name: name.parse().unwrap(), clusters: clusters(name) };
    let groups = groups.iter().map(group).collect();
    let destination = Destination { groups, ..Destination::default() };
    Discover { targets: Targets::new(destination), ..Discover::default() }
}

fn text(app: &str, group: Option<&str>, kind: Kind) -> String {
    let group: Option<GroupName> = group.map(|group| group.parse().unwrap());
    let (by, form) = (Provenance { group, ..Default::default() }, SecretForm::default());
    let (issued, key) = (issue(&format!("{app}.example")), key(app));
    let text = match kind {
        Kind::Clear => manifest(&key, &issued, &by, &form),
        Kind::SopsSecret => {
            let to = AgeRecipients::new([ONE]).unwrap();
            sops_manifest(&key, &issued, &by, &form, &to, SopsKind::SopsSecret, NOON).unwrap()
        }
    };
    text.as_str().to_owned()
}

/// A repository with the Secrets of some applications, all in the directory of one namespace, for all clusters or for some.
fn with(mut repository: Repository, group: Option<&str>, apps: &[&str], kind: Kind) -> Repository {
    let root = group.map_or_else(|| "certs".into(), |group| format!("certs/{group}"));
    let clusters = FleetClusters { group: group.map(str::to_owned), ..Default::default() };
    repository.put(&format!("{root}/all/fleet.yaml"), &fleet_yaml_for("all", &clusters));
    for app in apps {
        let in_one = text(app, group, kind);
        let namespace = |of: &str| format!("namespace: \"{of}\"");
        let in_one = in_one.replace(&namespace(app), &namespace("all"));
        repository.put(&format!("{root}/all/{app}.yaml"), &in_one);
    }
    repository
}

/// What goes, when these are the groups.
fn gone(repository: &Repository, groups: &[&str]) -> Vec<String> {
    let inventory: Inventory = repository.inventory_with(&grouped(groups));
    let survey = Survey::of(&inventory, |path| repository.read(path)).unwrap();
    let superseded = survey.superseded.iter().map(|one| one.dir.clone()).collect();
    let due = Due { superseded, ..Due::default() };
    let plan = removals(&survey, &due, |path| repository.read(path)).unwrap();
    assert!(plan.removals.iter().all(|one| one.step == RemovalStep::Move), "{plan:?}");
    assert!(plan.edits.iter().all(|edit| edit.content == Content::Remove), "{plan:?}");
    plan.edits.iter().map(|edit| edit.path.to_string()).collect()
}

const FLEET_YAML: &str = "certs/all/fleet.yaml";
const WHOLE: &[&str] = &["certs/all/blog.yaml", FLEET_YAML, "certs/all/shop.yaml"];
const FILES: &[&str] = &["certs/all/blog.yaml", "certs/all/shop.yaml"];

/// Blog and shop were for all clusters, and both groups have them.
fn moved(kind: Kind) -> Repository {
    let (both, none) = (["blog", "shop"], Repository::default());
    let eu = with(none, Some("eu"), &both, kind);
    with(with(eu, Some("us"), &both, kind), None, &both, kind)
}

#[test]
fn what_goes_once_every_group_has_it() {
    use Kind::{Clear, SopsSecret};
    let config_map = "kind: ConfigMap\nmetadata: {name: a}\n";
    let theirs = "keepResources: true\n";
    let edit = |repository: Repository, from: &str, to: &str| {
        let text = repository.0[FILES[0]].replacen(from, to, 1);
        repository.with(FILES[0], &text)
    };
    let label = "  labels:\n";
    let kept = "    helm.sh/resource-policy: \"keep\"\n";
    let last = "certs/us/all/shop.yaml";
    let cases: [(&str, Repository, &[&str]); 12] = [
        ("the bundle", moved(Clear), WHOLE),
        ("the bundle, though no file says so", moved(SopsSecret), WHOLE),
        ("one group lacks one", moved(Clear).without(last), &[]),
        ("one group has none to go by", moved(Clear).with(last, "a: b\n"), &[]),
        ("somebody edited one", edit(moved(Clear), label, "  labels:\n    a: \"b\"\n"), &[]),
        ("one is let go", edit(moved(Clear), kept, ""), &[]),
        ("beside another", moved(Clear).with("certs/all/a.yaml", config_map), FILES),
        (
            "beside another, and no file says so",
            moved(SopsSecret).with("certs/all/a.yaml", config_map),
            &[],
        ),
        ("in a bundle of theirs", moved(Clear).with(FLEET_YAML, theirs), FILES),
        ("in theirs, and no file says so", moved(SopsSecret).with(FLEET_YAML, theirs), &[]),
        ("without a bundle", moved(SopsSecret).without(FLEET_YAML), FILES),
        (
            "named by a kustomization",
            moved(Clear).with("certs/kustomization.yaml", "resources: [all]\n"),
            &[],
        ),
    ];
    for (case, repository, want) in cases {
        assert_eq!(gone(&repository, &["eu", "us"]), want, "{case}");
    }
}

/// A bundle that lies in another is part of it, too.
#[test]
fn without_a_bundle_of_its_own_but_in_one() {
    let repository = moved(Kind::SopsSecret).without(FLEET_YAML);
    assert_eq!(gone(&repository.with("certs/fleet.yaml", "labels: {}\n"), &["eu", "us"]), [""; 0]);
}

#[test]
fn one_that_no_group_has_stays_and_keeps_what_only_its_bundle_keeps() {
    let more = |kind| with(moved(kind), None, &["wiki"], kind);
    assert_eq!(gone(&more(Kind::Clear), &["eu", "us"]), FILES);
    assert_eq!(gone(&more(Kind::SopsSecret), &["eu", "us"]), [""; 0]);
}

/// Once those for all are there; and those of a group that is gone, once the others have theirs.
#[test]
fn groups_that_are_no_more() {
    let of = |group: &str| {
        ["blog.yaml", "fleet.yaml", "shop.yaml"].map(|file| format!("certs/{group}/all/{file}"))
    };
    for kind in [Kind::Clear, Kind::SopsSecret] {
        let back = moved(kind);
        assert_eq!(gone(&back, &[]), [of("eu"), of("us")].concat());
        let asia = with(back.clone(), Some("asia"), &["blog", "shop"], kind);
        assert_eq!(
            gone(&asia, &["us", "asia"]),
            [WHOLE.iter().map(|path| (*path).to_owned()).collect(), of("eu").to_vec()].concat()
        );
        let not_yet = FILES.iter().fold(back, |back, file| back.without(file));
        assert_eq!(gone(&not_yet, &[]), [""; 0], "there is none for all yet");
    }
}

/// Neither is told where it should be, and what counts is not what is left behind.
#[test]
fn what_is_left_behind_is_told() {
    let told = |groups: &[&str]| {
        let faults = moved(Kind::Clear).inventory_with(&grouped(groups)).faults;
        let paths = faults.iter().filter(|fault| {
            matches!(fault.reason, FaultReason::Conflict(Conflict::LeftBehind { .. }))
        });
        paths.map(|fault| fault.path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told(&["eu", "us"]), FILES);
    let of_groups = [
        "certs/eu/all/blog.yaml",
        "certs/eu/all/shop.yaml",
        "certs/us/all/blog.yaml",
        "certs/us/all/shop.yaml",
    ];
    assert_eq!(told(&[]), of_groups);
}

/// Of several that were left behind, one counts as long as no group has it; that holds back nothing, wherever the others are.
#[test]
fn one_that_no_group_has_stays_in_the_directories_of_all_former_groups() {
    let (both, none) = (["blog", "wiki"], Repository::default());
    let eu = with(none, Some("eu"), &both, Kind::Clear);
    let former = with(eu, Some("us"), &both, Kind::Clear);
    let repository = with(former, None, &["blog"], Kind::Clear);
    let moved = ["certs/eu/all/blog.yaml", "certs/us/all/blog.yaml"];
    assert_eq!(gone(&repository, &[]), moved);
}
