//! Fetching, committing and pushing alone.

use std::fs;

use nws_gitops::{Author, CommitError, Discover, FetchError, Mirror, MirrorError, Recovery, Tip};
use time::Duration;

use crate::world::{NOW, World, author, ingress, message, remove, write};

#[test]
fn an_empty_repository_gets_its_first_commit() {
    let world = World::new();
    let mirror = world.mirror("ours");
    assert_eq!(mirror.tip(), None);
    let tip = mirror.fetch().unwrap();
    assert_eq!(tip, Tip { commit: None });
    assert!(mirror.inventory(&tip, &Discover::default()).unwrap().wanted.is_empty());

    let commit = mirror
        .commit(&tip, &[write("a/b.yaml", "x: 1\n")], &message(), &author(), NOW)
        .unwrap()
        .unwrap();
    let landed = mirror.push(&commit).unwrap();
    assert_eq!(landed, Tip { commit: Some(commit.id) });
    assert_eq!(world.file("a/b.yaml").unwrap(), "x: 1\n");
    assert_eq!(mirror.tip(), Some(landed));
    assert_eq!(mirror.fetch().unwrap(), landed);
}

#[test]
fn the_same_facts_make_the_same_commit() {
    let world = World::with(&[("README", "hello\n")]);
    let (one, two) = (world.mirror("one"), world.mirror("two"));
    let commit = |mirror: &Mirror| {
        let tip = mirror.fetch().unwrap();
        mirror
            .commit(&tip, &[write("certs/a.yaml", "a: 1\n")], &message(), &author(), NOW)
            .unwrap()
            .unwrap()
    };
    assert_eq!(commit(&one), commit(&two));
    assert_ne!(
        commit(&one),
        one.commit(
            &one.tip().unwrap(),
            &[write("certs/a.yaml", "a: 1\n")],
            &message(),
            &Author::new("somebody", "else@ops.example").unwrap(),
            NOW + Duration::SECOND,
        )
        .unwrap()
        .unwrap()
    );
}

#[test]
fn a_commit_leaves_the_branch_where_it_is() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    mirror.commit(&tip, &[write("a", "1\n")], &message(), &author(), NOW).unwrap().unwrap();
    assert_eq!(mirror.tip(), Some(tip));
    assert_eq!(world.commits(), 1);
}

#[test]
fn what_changes_nothing_is_no_commit() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    let commit = |edits: &[_]| mirror.commit(&tip, edits, &message(), &author(), NOW).unwrap();
    assert_eq!(commit(&[]), None);
    assert_eq!(commit(&[write("README", "hello\n")]), None);
    assert_eq!(commit(&[remove("not-there")]), None);
}

#[test]
fn only_the_edited_files_change() {
    let world = World::with(&[
        ("README", "hello\n"),
        ("apps/shop/a.yaml", "a: 1\n"),
        ("apps/shop/b.yaml", "b: 1\n"),
    ]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    let edits = [write("apps/shop/a.yaml", "a: 2\n"), remove("apps/shop/b.yaml")];
    let commit = mirror.commit(&tip, &edits, &message(), &author(), NOW).unwrap().unwrap();
    mirror.push(&commit).unwrap();
    let files = ["README", "apps/shop/a.yaml", "apps/shop/b.yaml"].map(|path| world.file(path));
    assert_eq!(files, [Some("hello\n".into()), Some("a: 2\n".into()), None]);
    assert_eq!(world.commits(), 2);
}

#[test]
fn a_file_is_never_replaced_by_a_directory() {
    let world = World::with(&[("certs", "a note\n")]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    let error = mirror
        .commit(&tip, &[write("certs/shop/a.yaml", "a: 1\n")], &message(), &author(), NOW)
        .unwrap_err();
    assert!(matches!(error, CommitError::NotADirectory { .. }));
    assert_eq!(error.to_string(), "cannot write into certs/shop: certs is a file, not a directory");
}

#[test]
fn a_fetch_follows_the_branch_wherever_it_goes() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let first = mirror.fetch().unwrap();
    let second = world.somebody_writes(&[("README", "hello again\n")]);
    assert_eq!(mirror.fetch().unwrap(), second);

    let branch = world.remote_dir().join("refs/heads/main");
    fs::write(&branch, format!("{first}\n")).unwrap();
    assert_eq!(mirror.fetch().unwrap(), first, "rewound by force");

    fs::remove_file(&branch).unwrap();
    assert_eq!(mirror.fetch().unwrap(), Tip { commit: None }, "deleted");
    assert_eq!(mirror.tip(), None);
}

#[test]
fn a_remote_that_is_not_there_is_unreachable() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    let commit =
        mirror.commit(&tip, &[write("a", "1\n")], &message(), &author(), NOW).unwrap().unwrap();

    fs::rename(world.remote_dir(), world.path().join("away.git")).unwrap();
    assert!(matches!(mirror.fetch(), Err(FetchError::Unreachable { .. })));
    assert_eq!(mirror.push(&commit).unwrap_err().recovery(), Recovery::Backoff);
    assert_eq!(mirror.tip(), Some(tip), "what was fetched stays readable");

    fs::rename(world.path().join("away.git"), world.remote_dir()).unwrap();
    mirror.push(&commit).unwrap();
}

#[test]
fn a_mirror_that_was_there_is_used_again() {
    let world = World::with(&[("README", "hello\n")]);
    let tip = world.mirror("ours").fetch().unwrap();
    assert_eq!(world.mirror("ours").tip(), Some(tip));
}

#[test]
fn a_mirror_of_another_repository_is_rebuilt() {
    let (here, there) =
        (World::with(&[("README", "here\n")]), World::with(&[("README", "there\n")]));
    here.mirror("ours").fetch().unwrap();
    let mirror = Mirror::open(&here.path().join("ours"), there.remote(), here.git()).unwrap();
    assert_eq!(mirror.tip(), None);
    assert_eq!(mirror.fetch().unwrap(), there.mirror("theirs").fetch().unwrap());
}

#[test]
fn a_strangers_directory_is_left_alone() {
    let world = World::new();
    let dir = world.path().join("precious");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("thesis.txt"), "42").unwrap();
    let error = Mirror::open(&dir, world.remote(), world.git()).unwrap_err();
    assert!(matches!(error, MirrorError::NotOurs { .. }));
    assert_eq!(fs::read_to_string(dir.join("thesis.txt")).unwrap(), "42");
}

#[test]
fn a_rebuild_that_was_cut_short_is_done_again() {
    let world = World::with(&[("README", "hello\n")]);
    let tip = world.mirror("ours").fetch().unwrap();
    let dir = world.path().join("ours");
    fs::write(dir.join("nws-certd-mirror"), "being rebuilt\n").unwrap();
    fs::remove_file(dir.join("bare.git/HEAD")).unwrap();
    assert_eq!(world.mirror("ours").fetch().unwrap(), tip);
}

#[test]
fn objects_lost_before_the_mirror_is_opened_are_fetched_again() {
    let world =
        World::with(&[("apps/ingress.yaml", &ingress("web", "shop/shop-tls", &["shop.example"]))]);
    world.mirror("ours").fetch().unwrap();
    delete_objects(&world);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    assert_eq!(mirror.inventory(&tip, &Discover::default()).unwrap().wanted.len(), 1);
}

#[test]
fn a_file_that_cannot_be_read_is_fetched_again() {
    let manifest = ingress("web", "shop/shop-tls", &["shop.example"]);
    let world = World::with(&[("apps/ingress.yaml", &manifest)]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    empty_blob(&world, &manifest);
    mirror.inventory(&tip, &Discover::default()).unwrap_err();
    assert_eq!(mirror.fetch().unwrap(), tip);
    assert_eq!(mirror.inventory(&tip, &Discover::default()).unwrap().wanted.len(), 1);
}

#[test]
fn a_mirror_deleted_under_a_running_daemon_is_made_again() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    fs::remove_dir_all(world.path().join("ours")).unwrap();
    assert_eq!(mirror.fetch().unwrap(), tip);
}

#[test]
fn an_object_that_a_power_cut_left_empty_is_written_again() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    let commit =
        || mirror.commit(&tip, &[write("certs/a.yaml", "a: 1\n")], &message(), &author(), NOW);
    commit().unwrap();
    empty_blob(&world, "a: 1\n");
    commit().unwrap_err();
    mirror.fetch().unwrap();
    mirror.push(&commit().unwrap().unwrap()).unwrap();
    assert_eq!(world.file("certs/a.yaml").unwrap(), "a: 1\n");
}

/// Leaves the loose object of these contents there, but without content.
fn empty_blob(world: &World, text: &str) {
    let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, text.as_bytes())
        .unwrap()
        .to_string();
    let file = world.path().join("ours/bare.git/objects").join(&id[..2]).join(&id[2..]);
    fs::remove_file(&file).unwrap();
    fs::write(&file, "").unwrap();
}

#[test]
fn a_fetch_that_fails_for_lost_objects_begins_anew() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    mirror.fetch().unwrap();
    delete_objects(&world);
    let tip = world.somebody_writes(&[("README", "hello again\n")]);
    assert_eq!(mirror.fetch().unwrap(), tip);
}

fn delete_objects(world: &World) {
    let objects = world.path().join("ours/bare.git/objects");
    fs::remove_dir_all(&objects).unwrap();
    fs::create_dir(&objects).unwrap();
}
