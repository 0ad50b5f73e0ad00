//! Others push too.

use nws_gitops::{Commit, Discover, FetchError, Mirror, PushError, Recovery, Tip};

use crate::world::{NOW, World, author, ingress, message, write};

fn committed(mirror: &Mirror, path: &str) -> Commit {
    let tip = mirror.fetch().unwrap();
    mirror.commit(&tip, &[write(path, "x: 1\n")], &message(), &author(), NOW).unwrap().unwrap()
}

#[test]
fn of_two_commits_on_one_tip_the_second_is_told_and_built_again() {
    let world = World::with(&[("README", "hello\n")]);
    let (one, two) = (world.mirror("one"), world.mirror("two"));
    let (first, second) = (committed(&one, "one.yaml"), committed(&two, "two.yaml"));
    one.push(&first).unwrap();

    let error = two.push(&second).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Rebuild);
    let PushError::Moved { expected, found, .. } = error else { panic!("{error}") };
    assert_eq!((expected, found), (second.parent.commit, Some(first.id)));

    two.push(&committed(&two, "two.yaml")).unwrap();
    assert!(world.file("one.yaml").is_some() && world.file("two.yaml").is_some());
    assert_eq!(world.commits(), 3);
}

#[test]
fn of_two_first_commits_the_second_is_told() {
    let world = World::new();
    let (one, two) = (world.mirror("one"), world.mirror("two"));
    let (first, second) = (committed(&one, "one.yaml"), committed(&two, "two.yaml"));
    one.push(&first).unwrap();
    assert!(matches!(two.push(&second), Err(PushError::Moved { expected: None, .. })));
}

#[test]
fn a_branch_that_moves_during_the_push_has_moved_whatever_the_server_says() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "ours.yaml");
    let theirs = world.somebody_writes(&[("theirs.yaml", "x: 1\n")]);
    let parent = commit.parent;
    world.rewind(parent);
    world.move_during_the_push(theirs);

    let error = mirror.push(&commit).unwrap_err();
    assert!(matches!(error, PushError::Moved { .. }), "{error}");
    assert_eq!(mirror.fetch().unwrap(), theirs);
}

#[test]
fn a_branch_that_is_rewritten_meanwhile_is_followed_and_not_put_back() {
    let world = World::with(&[("README", "hello\n")]);
    let first = world.mirror("theirs").fetch().unwrap();
    world.somebody_writes(&[("secret.txt", "hunter2\n")]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "ours.yaml");
    // Somebody takes a commit back by force, as after a leak, and it is not to come back with ours.
    world.rewind(first);
    let error = mirror.push(&commit).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Rebuild, "{error}");
    let PushError::Moved { found, .. } = error else { panic!("{error}") };
    assert_eq!(found, first.commit);

    mirror.push(&committed(&mirror, "ours.yaml")).unwrap();
    assert_eq!((world.file("secret.txt"), world.commits()), (None, 2));
    assert!(world.file("ours.yaml").is_some() && world.file("README").is_some());
}

#[test]
fn a_branch_that_is_deleted_meanwhile_is_not_made_again() {
    let world = World::with(&[("web.yaml", &ingress("web", "shop/tls", &["shop.example"]))]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "ours.yaml");
    let branch = world.remote_dir().join("refs/heads/main");
    std::fs::remove_file(&branch).unwrap();
    let error = mirror.push(&commit).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Rebuild, "{error}");
    assert!(matches!(error, PushError::Moved { found: None, .. }), "{error}");
    assert!(!branch.exists());

    // Of a deleted branch nobody is to think that it wants nothing any more: what was last seen of it is what counts.
    let error = mirror.fetch().unwrap_err();
    assert!(matches!(error, FetchError::Gone { .. }), "{error}");
    let inventory = mirror.inventory(&mirror.tip().unwrap(), &Discover::default()).unwrap();
    assert_eq!(inventory.wanted.len(), 1);

    world.rewind(commit.parent);
    mirror.push(&committed(&mirror, "ours.yaml")).unwrap();
    assert_eq!(world.commits(), 2, "it is back, and so are we");
}

#[test]
fn a_commit_that_does_not_follow_the_tip_is_never_pushed_in_its_place() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let mut stray = committed(&mirror, "ours.yaml");
    let theirs = world.somebody_writes(&[("theirs.yaml", "x: 1\n")]);
    mirror.fetch().unwrap();
    // The lease would hold, and git would let the commit take the place of theirs.
    stray.parent = theirs;
    let error = mirror.push(&stray).unwrap_err();
    assert!(matches!(error, PushError::Stray { .. }), "{error}");
    assert_eq!((error.recovery(), mirror.fetch().unwrap()), (Recovery::Backoff, theirs));
}

#[test]
fn a_push_whose_answer_was_lost_has_landed() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "a.yaml");
    // The branch has moved by then, and the server dies before it says so.
    world.hook("post-receive", "kill -9 $PPID");
    assert_eq!(mirror.push(&commit).unwrap(), Tip { commit: Some(commit.id) });
    assert_eq!(world.commits(), 2);
}

#[test]
fn a_server_that_dies_before_it_decides_is_asked_again_later() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "a.yaml");
    world.hook("pre-receive", "kill -9 $PPID");
    let error = mirror.push(&commit).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Backoff, "{error}");
    assert_eq!(world.commits(), 1);
}

#[test]
fn a_push_that_another_process_made_has_landed() {
    let world = World::with(&[("README", "hello\n")]);
    let commit = committed(&world.mirror("one"), "a.yaml");
    world.mirror("one").push(&commit).unwrap();
    // The same commit from another process, whose lease cannot hold any more.
    let again = committed_on(&world.mirror("two"), commit.parent);
    assert_eq!(again, commit);
    assert_eq!(world.mirror("two").push(&again).unwrap(), Tip { commit: Some(commit.id) });
    assert_eq!(world.commits(), 2);
}

fn committed_on(mirror: &Mirror, tip: Tip) -> Commit {
    mirror.fetch().unwrap();
    mirror.commit(&tip, &[write("a.yaml", "x: 1\n")], &message(), &author(), NOW).unwrap().unwrap()
}

#[test]
fn a_server_that_refuses_is_quoted() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "ours.yaml");
    world.hook("pre-receive", "echo 'the tree is frozen until monday' >&2; exit 1");
    let error = mirror.push(&commit).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Operator);
    assert_eq!(
        error.to_string(),
        "the remote refused a push to main: pre-receive hook declined; the tree is frozen until monday"
    );
    assert_eq!(world.commits(), 1);
}

#[test]
fn words_of_git_hosts_that_refuse() {
    for words in [
        "error: GH006: Protected branch update failed for refs/heads/main.",
        "error: GH013: Repository rule violations found for refs/heads/main.",
        "GitLab: You are not allowed to push code to protected branches on this project.",
        "Gitea: Not allowed to push to protected branch main",
    ] {
        let world = World::with(&[("README", "hello\n")]);
        let mirror = world.mirror("ours");
        let commit = committed(&mirror, "ours.yaml");
        world.hook("pre-receive", &format!("echo '{words}' >&2; exit 1"));
        let error = mirror.push(&commit).unwrap_err();
        assert_eq!(error.recovery(), Recovery::Operator, "{words}");
        assert!(error.to_string().ends_with(words), "{error}");
    }
}

#[test]
fn a_push_that_is_too_large_is_no_verdict() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "ours.yaml");
    let config = world.remote_dir().join("config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}[receive]\n\tmaxInputSize = 10\n")).unwrap();
    let error = mirror.push(&commit).unwrap_err();
    assert!(matches!(error, PushError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("maximum allowed size"), "{error}");
    assert_eq!(error.recovery(), Recovery::Backoff);
}

#[test]
fn many_lost_races_in_a_row_are_still_lost_races() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    for n in 0..12 {
        let commit = committed(&mirror, "ours.yaml");
        let theirs = world.somebody_writes(&[("theirs.yaml", &format!("x: {n}\n"))]);
        if n % 2 == 1 {
            world.rewind(commit.parent);
            world.move_during_the_push(theirs);
        }
        assert_eq!(mirror.push(&commit).unwrap_err().recovery(), Recovery::Rebuild, "{n}");
        world.hook("pre-receive", "exit 0");
    }
    mirror.push(&committed(&mirror, "ours.yaml")).unwrap();
    assert_eq!(world.commits(), 14);
}

#[test]
fn a_server_that_is_busy_is_asked_again_later() {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = world.mirror("ours");
    let commit = committed(&mirror, "ours.yaml");
    let lock = world.remote_dir().join("refs/heads/main.lock");
    std::fs::write(&lock, "").unwrap();
    let error = mirror.push(&commit).unwrap_err();
    assert_eq!(error.recovery(), Recovery::Backoff, "{error}");
    std::fs::remove_file(&lock).unwrap();
    mirror.push(&commit).unwrap();
}

#[test]
fn twenty_races_lose_no_edit() {
    let world = World::with(&[("README", "hello\n")]);
    let names = ["one", "two", "three", "four"];
    std::thread::scope(|scope| {
        for name in names {
            let mirror = world.mirror(name);
            scope.spawn(move || {
                (0..5)
                    .for_each(|index| push_until_it_lands(&mirror, &format!("{name}/{index}.yaml")))
            });
        }
    });
    for name in names {
        (0..5).for_each(|index| {
            assert!(world.file(&format!("{name}/{index}.yaml")).is_some(), "{name}/{index}")
        });
    }
    assert_eq!(world.commits(), 21);
}

fn push_until_it_lands(mirror: &Mirror, path: &str) {
    let landed = (0..200).any(|_| match mirror.push(&committed(mirror, path)) {
        Ok(_) => true,
        Err(error) => {
            assert_ne!(error.recovery(), Recovery::Operator, "{error}");
            false
        }
    });
    assert!(landed, "{path}");
}
