//! No private key in clear leaves for a repository that is sealed.

use nws_gitops::{
    Commit, CommitError, Edit, Exposure, KeyFormat, Mirror, ObjectId, OutgoingKey, Provenance,
    PushError, Recovery, SecretForm, Tip, manifest,
};

use crate::world::{NOW, World, author, issue, key, message, write};

const PATH: &str = "certs/shop/shop-tls.yaml";

/// A plain Secret with a key that nobody has seen.
fn plain() -> Edit {
    let issued = issue(&["shop.example"]);
    let (key, by) = (key("shop/shop-tls"), Provenance::default());
    write(PATH, manifest(&key, &issued, &by, &SecretForm::default()).as_str())
}

fn found() -> OutgoingKey {
    let what = Exposure::Key { format: KeyFormat::Pem, wrapped: 1 };
    OutgoingKey { path: PATH.parse().unwrap(), what }
}

fn commit(mirror: &Mirror, tip: &Tip, edit: &Edit) -> Result<Option<Commit>, CommitError> {
    mirror.commit(tip, std::slice::from_ref(edit), &message(), &author(), NOW)
}

fn committed(mirror: &Mirror, tip: &Tip, edit: &Edit) -> Commit {
    commit(mirror, tip, edit).unwrap().unwrap()
}

/// What a commit refused is, of a mirror in which nothing can be read.
fn refused(result: Result<Option<Commit>, CommitError>) -> OutgoingKey {
    match result {
        Err(CommitError::Outgoing(key)) => key,
        other => panic!("{other:?}"),
    }
}

fn blob_at(world: &World, mirror: &str, commit: &Commit) -> ObjectId {
    let repository = gix::open(world.path().join(mirror).join("bare.git")).unwrap();
    let commit: gix::ObjectId = commit.id.to_string().parse().unwrap();
    let tree = repository.find_commit(commit).unwrap().tree().unwrap();
    let blob = tree.lookup_entry_by_path(PATH).unwrap().unwrap().object_id();
    blob.to_string().parse().unwrap()
}

fn holds(bare: &std::path::Path, object: ObjectId) -> bool {
    let object: gix::ObjectId = object.to_string().parse().unwrap();
    gix::open(bare).unwrap().has_object(object)
}

#[test]
fn nothing_of_a_refused_commit_is_written_anywhere() {
    let world = World::with(&[("README.md", "apps\n")]);
    let mirror = world.mirror("ours").sealed();
    let tip = mirror.fetch().unwrap();
    let objects = |dir: &str| {
        let bare = gix::open(world.path().join(dir)).unwrap();
        bare.objects.iter().unwrap().count()
    };
    let before = objects("ours/bare.git");
    assert_eq!(refused(commit(&mirror, &tip, &plain())), found());
    assert_eq!(objects("ours/bare.git"), before, "the mirror has no object more");
    assert_eq!(mirror.fetch().unwrap(), tip, "nor has the branch a commit");
}

#[test]
fn a_commit_that_was_not_looked_at_is_not_pushed_and_its_objects_go() {
    let world = World::with(&[("README.md", "apps\n")]);
    let open = world.mirror("ours");
    let tip = open.fetch().unwrap();
    let commit = committed(&open, &tip, &plain());
    let blob = blob_at(&world, "ours", &commit);

    let mirror = world.mirror("ours").sealed();
    let error = mirror.push(&commit).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Operator);
    assert!(matches!(&error, PushError::Outgoing(key) if *key == found()), "{error:?}");
    assert!(!holds(&world.remote_dir(), blob), "the git host has no such object");
    assert_eq!(mirror.fetch().unwrap(), tip);
    assert!(!holds(&world.path().join("ours/bare.git"), blob), "nor has the mirror any more");
}

/// An object that is there is not written again, and pushed all the same.
#[test]
fn a_key_that_the_mirror_has_already_is_refused_as_any() {
    let world = World::with(&[("README.md", "apps\n")]);
    let open = world.mirror("ours");
    let (tip, edit) = (open.fetch().unwrap(), plain());
    committed(&open, &tip, &edit);
    let mirror = world.mirror("ours").sealed();
    assert_eq!(refused(commit(&mirror, &tip, &edit)), found());
}

#[test]
fn what_the_branch_has_in_clear_already_may_change_around_its_key() {
    let world = World::with(&[("README.md", "apps\n")]);
    let edit = plain();
    world.somebody_edits(std::slice::from_ref(&edit));
    let mirror = world.mirror("ours").sealed();
    let tip = mirror.fetch().unwrap();
    let text = world.file(PATH).unwrap();
    let let_go = text.replace("    helm.sh/resource-policy: \"keep\"\n", "");
    assert_ne!(let_go, text);
    let commit = committed(&mirror, &tip, &write(PATH, &let_go));
    let tip = mirror.push(&commit).unwrap();
    assert_eq!(world.file(PATH), Some(let_go.clone()));
    let renewed = self::commit(&mirror, &tip, &plain());
    assert_eq!(refused(renewed), found(), "another key");
    let elsewhere = mirror.commit(&tip, &[write("b.yaml", &let_go)], &message(), &author(), NOW);
    assert_eq!(refused(elsewhere).path, "b.yaml".parse().unwrap(), "another file");
}

/// Whatever it is called: the first look is at the bytes.
#[test]
fn every_new_file_is_looked_at() {
    let world = World::with(&[("README.md", "apps\n")]);
    let mirror = world.mirror("ours").sealed();
    let tip = mirror.fetch().unwrap();
    let key = issue(&["shop.example"]).key().to_pem();
    for path in ["key.pem", "certs/.fleetignore", "docs/README"] {
        let what = refused(commit(&mirror, &tip, &write(path, &key)));
        let in_clear = Exposure::Key { format: KeyFormat::Pem, wrapped: 0 };
        assert_eq!(what, OutgoingKey { path: path.parse().unwrap(), what: in_clear });
    }
    assert!(commit(&mirror, &tip, &write("a.yaml", "kind: ConfigMap\n")).unwrap().is_some());
}
