//! How the mirror's objects are kept, and what a kill leaves of them.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nws_gitops::{Commit, Edit, Git, GitError, Maintenance, Mirror};

use crate::world::{NOW, World, author, message, write};

fn files(count: usize, text: &str) -> Vec<Edit> {
    (0..count)
        .map(|n| write(&format!("certs/{}/{n}.yaml", n % 7), &format!("{text}: {n}\n")))
        .collect()
}

fn commit(mirror: &Mirror, edits: &[Edit]) -> Commit {
    let tip = mirror.fetch().unwrap();
    mirror.commit(&tip, edits, &message(), &author(), NOW).unwrap().unwrap()
}

fn objects(world: &World) -> PathBuf {
    world.path().join("ours/bare.git/objects")
}

/// Loose objects and packs.
fn kept(world: &World) -> (usize, usize) {
    let names = |dir: PathBuf| {
        let entries = fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let fans = names(objects(world)).into_iter().filter(|name| name.len() == 2);
    let loose = fans.map(|fan| names(objects(world).join(fan)).len()).sum();
    let packs =
        names(objects(world).join("pack")).iter().filter(|name| name.ends_with(".pack")).count();
    (loose, packs)
}

#[test]
fn few_objects_are_kept_loose_and_many_as_one_pack() {
    // Each commit adds its blobs, their directories, `certs`, the top and itself.
    let cases = [
        ("one file", 1, (5, 0)),
        ("as many as are kept loose", 21, (31, 0)),
        ("as few as are packed", 22, (0, 1)),
        ("a thousand", 1000, (0, 1)),
    ];
    for (case, count, want) in cases {
        let world = World::new();
        let ours = world.mirror("ours");
        let commit = commit(&ours, &files(count, "x"));
        assert_eq!(kept(&world), want, "{case}");
        world.check(&world.path().join("ours/bare.git"));
        ours.push(&commit).unwrap();
        world.check(&world.remote_dir());
        assert_eq!(world.file("certs/0/0.yaml").unwrap(), "x: 0\n", "{case}");
        assert_eq!(world.commits(), 1, "{case}");
    }
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let world = World::new();
    let ours = world.mirror("ours");
    let first = commit(&ours, &files(40, "x"));
    assert_eq!(commit(&ours, &files(40, "x")), first);
    assert_eq!(kept(&world), (0, 1));
}

#[test]
fn little_is_left_as_it_is() {
    let world = World::new();
    let ours = world.mirror("ours");
    assert_eq!(ours.maintain().unwrap(), Maintenance::NotNeeded);
    ours.push(&commit(&ours, &files(40, "x"))).unwrap();
    assert_eq!(ours.maintain().unwrap(), Maintenance::NotNeeded);
    assert_eq!(kept(&world), (0, 1));
}

#[test]
fn many_packs_become_few_and_the_branch_stays() {
    let world = World::new();
    let ours = world.mirror("ours");
    let commits: Vec<_> = (0..32).map(|n| commit(&ours, &files(40, &format!("x{n}")))).collect();
    ours.push(&commits[31]).unwrap();
    let tip = ours.tip();

    let Maintenance::Done { before, after } = ours.maintain().unwrap() else { panic!() };
    assert_eq!((before.packs, after.packs), (32, 2));
    assert_eq!(kept(&world), (0, 2), "what the branch needs, and what may yet be pushed");
    assert_eq!(ours.maintain().unwrap(), Maintenance::NotNeeded);
    world.check(&world.path().join("ours/bare.git"));
    assert_eq!(ours.tip(), tip);
    ours.push(&commit(&ours, &files(1, "after"))).unwrap();
    assert_eq!(world.commits(), 2);
}

#[test]
fn loose_objects_become_a_pack() {
    let world = World::with(&[("README", "hello\n")]);
    let ours = world.mirror("ours");
    ours.fetch().unwrap();
    litter(&world, "litter");
    let Maintenance::Done { before, .. } = ours.maintain().unwrap() else { panic!() };
    assert!(before.loose >= 2048, "{before:?}");
    assert_eq!(kept(&world), (0, 2), "what is wanted, and what may yet be");
}

#[test]
fn a_commit_that_lost_its_race_stays_for_an_hour_and_then_goes() {
    let world = World::with(&[("README", "hello\n")]);
    let ours = world.mirror("ours");
    let lost = commit(&ours, &files(1, "lost"));
    litter(&world, "litter");
    ours.maintain().unwrap();
    assert!(has(&world, &lost));
    ours.push(&lost).unwrap();

    let lost = commit(&ours, &files(1, "lost again"));
    litter(&world, "more litter");
    age(&world);
    ours.maintain().unwrap();
    assert!(!has(&world, &lost));
    world.check(&world.path().join("ours/bare.git"));
    let error = ours.push(&lost).unwrap_err();
    assert_eq!(error.recovery(), nws_gitops::Recovery::Backoff, "{error}");
    ours.push(&commit(&ours, &files(1, "lost again"))).unwrap();
}

/// SIGKILL is how a command ends at its limit.
#[test]
fn a_mirror_killed_in_the_middle_of_it_works_on() {
    let world = World::with(&[("README", "hello\n")]);
    let ours = world.mirror("ours");
    let mut killed = 0;
    for limit in [1, 2, 4, 7, 12, 20, 40] {
        ours.push(&commit(&ours, &files(400, &format!("x{limit}")))).unwrap();
        litter(&world, &format!("litter {limit}"));
        let git = Git::new(world.path(), world.search_path(), Duration::from_millis(limit));
        match Mirror::open(&world.path().join("ours"), world.remote(), git).unwrap().maintain() {
            Ok(_) => {}
            Err(GitError::TimedOut { .. }) => killed += 1,
            Err(other) => panic!("{other}"),
        }
        let again = world.mirror("ours");
        assert_eq!(again.tip(), ours.tip());
        world.check(&world.path().join("ours/bare.git"));
        again.push(&commit(&again, &files(1, &format!("y{limit}")))).unwrap();
    }
    assert!(killed > 0);
}

#[test]
fn what_a_killed_git_left_half_written_goes() {
    let world = World::with(&[("README", "hello\n")]);
    let ours = world.mirror("ours");
    ours.fetch().unwrap();
    // Without its index a pack is not one yet.
    let half = [
        "../tmp_obj_aaaa",
        "../17/tmp_obj_aaaa",
        "../.tmpAAAA",
        ".tmp-4711-pack-aaaa.pack",
        "tmp_pack_aaaa",
        "tmp_idx_aaaa",
        "pack-0123456789012345678901234567890123456789.pack",
        "pack-0123456789012345678901234567890123456789.rev",
    ];
    let half = half.map(|name| objects(&world).join("pack").join(name));
    let leave = || {
        fs::create_dir_all(objects(&world).join("17")).unwrap();
        half.iter().for_each(|file| fs::write(file, "PACK").unwrap());
    };
    let left = || half.iter().filter(|file| file.exists()).count();

    leave();
    litter(&world, "litter");
    ours.maintain().unwrap();
    assert_eq!(left(), 0, "in maintenance");

    leave();
    drop(world.mirror("ours"));
    assert_eq!(left(), 0, "when it is opened");
}

#[test]
fn locks_of_a_killed_git_stop_nobody() {
    let world = World::with(&[("README", "hello\n")]);
    let ours = world.mirror("ours");
    ours.fetch().unwrap();
    let tip = world.somebody_writes(&[("README", "hello again\n")]);
    let bare = world.path().join("ours/bare.git");
    for lock in ["refs/heads/main.lock", "packed-refs.lock", "HEAD.lock"] {
        fs::write(bare.join(lock), "").unwrap();
    }
    assert_eq!(ours.fetch().unwrap(), tip, "while it runs");

    let tip = world.somebody_writes(&[("README", "hello for good\n")]);
    fs::write(bare.join("refs/heads/main.lock"), "").unwrap();
    assert_eq!(world.mirror("ours").fetch().unwrap(), tip, "after a restart");
}

/// Loose objects that nothing points to, all in the directory from which the number of others is estimated.
fn litter(world: &World, text: &str) {
    let repository = gix::open(world.path().join("ours/bare.git")).unwrap();
    let counted = |text: &String| {
        let kind = gix::objs::Kind::Blob;
        let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, text.as_bytes()).unwrap();
        id.as_slice()[0] == 0x17
    };
    for text in (0..).map(|n| format!("{text} {n}")).filter(counted).take(8) {
        repository.write_blob(text).unwrap();
    }
}

/// Makes every object two days old.
fn age(world: &World) {
    let old = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let mut dirs = vec![objects(world)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                dirs.push(entry.path());
            } else {
                fs::File::open(entry.path()).unwrap().set_modified(old).unwrap();
            }
        }
    }
}

fn has(world: &World, commit: &Commit) -> bool {
    let repository = gix::open(world.path().join("ours/bare.git")).unwrap();
    repository
        .find_commit(gix::ObjectId::from_hex(commit.id.to_string().as_bytes()).unwrap())
        .is_ok()
}
