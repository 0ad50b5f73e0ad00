//! Repositories that are looked at where they are.

use std::fs;

use nws_gitops::{Discover, Snapshot, SnapshotError};

use crate::work_tree::WorkTree;
use crate::world::{World, ingress};

fn web(name: &str) -> String {
    ingress(name, &format!("shop/{name}"), &[&format!("{name}.example")])
}

fn wanted(snapshot: &Snapshot) -> String {
    let facts = snapshot.facts(&Discover::default(), &[]).unwrap();
    let keys = facts.inventory.wanted.iter().map(|wanted| wanted.key.to_string());
    keys.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_work_tree_is_what_git_tracks_as_it_stands_on_disk() {
    let tree = WorkTree::new();
    let top = tree.top();
    assert_eq!(Snapshot::open(top).unwrap().len(), 0, "nothing yet");
    for name in ["a", "b", "c", "d"] {
        tree.write(&format!("apps/{name}.yaml"), &web(name));
    }
    tree.git(&["add", "apps"]);
    tree.git(&["commit", "--quiet", "--message=apps"]);
    assert_eq!(wanted(&Snapshot::open(top).unwrap()), "shop/a shop/b shop/c shop/d");

    tree.write("apps/a.yaml", &web("changed"));
    fs::remove_file(top.join("apps/b.yaml")).unwrap();
    fs::remove_file(top.join("apps/c.yaml")).unwrap();
    std::os::unix::fs::symlink("d.yaml", top.join("apps/c.yaml")).unwrap();
    tree.write("apps/added.yaml", &web("added"));
    tree.git(&["add", "apps/added.yaml"]);
    tree.write("apps/unknown.yaml", &web("unknown"));
    let snapshot = Snapshot::open(&top.join("apps")).unwrap();
    assert_eq!(wanted(&snapshot), "shop/added shop/changed shop/d", "from below, too");
    assert_eq!(snapshot.tip().commit, None);

    let committed = Snapshot::open_at(top, "main").unwrap();
    assert_eq!(wanted(&committed), "shop/a shop/b shop/c shop/d", "as it was committed");
    let commit = committed.tip().commit.unwrap().to_string();
    for revision in ["HEAD", &commit, "refs/heads/main"] {
        assert_eq!(Snapshot::open_at(top, revision).unwrap().tip(), committed.tip(), "{revision}");
    }
}

/// A conflict leaves three of each file in the index, and one on disk.
#[test]
fn a_merge_in_the_middle_is_looked_at_too() {
    let tree = WorkTree::new();
    let top = tree.top();
    let commit = |branch: &[&str], name: &str| {
        tree.git(branch);
        tree.write("a.yaml", &web(name));
        tree.git(&["add", "a.yaml"]);
        tree.git(&["commit", "--quiet", "--message=a"]);
    };
    commit(&["version"], "a");
    commit(&["checkout", "--quiet", "-b", "other"], "b");
    commit(&["checkout", "--quiet", "main"], "c");
    assert!(!tree.try_git(&["merge", "--quiet", "other"]).status.success(), "a conflict");
    tree.write("a.yaml", &web("resolved"));
    let snapshot = Snapshot::open(top).unwrap();
    assert_eq!((snapshot.len(), &*wanted(&snapshot)), (1, "shop/resolved"));
}

#[test]
fn a_bare_repository_is_what_its_head_has() {
    let world = World::new();
    assert_eq!(Snapshot::open(&world.remote_dir()).unwrap().len(), 0, "no commit yet");
    let tip = world.somebody_writes(&[("a.yaml", &web("a"))]);
    let snapshot = Snapshot::open(&world.remote_dir()).unwrap();
    assert_eq!((snapshot.tip(), &*wanted(&snapshot)), (tip, "shop/a"));

    let mirror = world.mirror("reader");
    let tip = mirror.fetch().unwrap();
    assert_eq!(wanted(&Snapshot::of_mirror(&mirror, &tip).unwrap()), "shop/a");
}

#[test]
fn what_is_not_there_is_named() {
    let world = World::with(&[("a.yaml", "")]);
    let bare = world.remote_dir();
    for revision in ["elsewhere", "not a name", "0123456789012345678901234567890123456789", ""] {
        let error = Snapshot::open_at(&bare, revision).unwrap_err();
        assert!(matches!(error, SnapshotError::NoSuchRevision { .. }), "{revision}: {error}");
        assert!(error.to_string().contains(&format!("{revision:?}")), "{error}");
    }
    let nowhere = world.path().join("nowhere");
    for dir in [nowhere.as_path(), world.path()] {
        let error = Snapshot::open(dir).unwrap_err();
        assert!(matches!(error, SnapshotError::NoRepository { .. }), "{error}");
    }
}

/// The same files give the same inventory, wherever they come from.
#[test]
fn a_snapshot_finds_what_a_mirror_finds() {
    let world = World::with(&[
        ("a/fleet.yaml", "namespace: forced\n"),
        ("a/i.yaml", &web("a")),
        ("b/i.yaml", "kind: Ingress\n: :\n- x"),
        ("b/kustomization.yaml", "namePrefix: p-\nresources: [i.yaml, j.yaml]\n"),
        ("b/j.yaml", &web("j")),
    ]);
    let snapshot = Snapshot::open(&world.remote_dir()).unwrap();
    let facts = snapshot.facts(&Discover::default(), &[]).unwrap();
    assert_eq!(format!("{:?}", facts.inventory), format!("{:?}", world.inventory()));
}
