//! Commits that are signed, as git judges them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nws_gitops::{Commit, Mirror, SigningKey};

use crate::world::{NOW, World, author, message, write};

/// Each kind of key, as ssh-keygen is told to make it.
const KINDS: [(&str, &[&str]); 4] = [
    ("ed25519", &["-t", "ed25519"]),
    ("ecdsa-256", &["-t", "ecdsa", "-b", "256"]),
    ("ecdsa-384", &["-t", "ecdsa", "-b", "384"]),
    ("rsa", &["-t", "rsa", "-b", "3072"]),
];

#[test]
fn git_verifies_the_commits_of_each_kind_of_key() {
    let world = World::with(&[("README", "hello\n")]);
    for (name, kind) in KINDS {
        let key = make_key(&world, name, kind);
        let mirror = world.mirror("ours").signing_with(SigningKey::read(&key).unwrap());
        let commit = committed(&mirror, name);
        mirror.push(&commit).unwrap();
        let judged = verify(&world, &key, &commit);
        let said = String::from_utf8(judged.stderr).unwrap();
        assert!(judged.status.success(), "{name}: {said}");
        assert!(
            said.contains("Good \"git\" signature for nws-certd@ops.example"),
            "{name}: {said}"
        );
    }
    world.check(&world.remote_dir());
    assert_eq!(world.commits(), 1 + KINDS.len());
}

#[test]
fn the_same_facts_make_the_same_signed_commit() {
    let world = World::with(&[("README", "hello\n")]);
    let mut seen = BTreeSet::new();
    for (name, kind) in KINDS {
        let key = make_key(&world, name, kind);
        let signing = |mirror| {
            let key = SigningKey::read(&key).unwrap();
            committed(&world.mirror(mirror).signing_with(key), "certs/a.yaml")
        };
        let (one, two) = (signing("one"), signing("two"));
        assert_eq!(one, two, "{name}");
        assert!(seen.insert(one.id.to_string()), "another key, another commit: {name}");
    }
    assert!(seen.insert(committed(&world.mirror("plain"), "certs/a.yaml").id.to_string()));
}

#[test]
fn what_was_not_signed_or_by_another_key_or_for_something_else_does_not_verify() {
    let world = World::with(&[("README", "hello\n")]);
    let (ours, theirs) =
        (make_key(&world, "ours-key", KINDS[0].1), make_key(&world, "k", KINDS[0].1));
    let mirror = world.mirror("ours");
    let unsigned = committed(&mirror, "unsigned");
    mirror.push(&unsigned).unwrap();
    assert!(!verify(&world, &ours, &unsigned).status.success());

    let mirror = world.mirror("ours").signing_with(SigningKey::read(&theirs).unwrap());
    let signed = committed(&mirror, "signed");
    mirror.push(&signed).unwrap();
    assert!(!verify(&world, &ours, &signed).status.success(), "by another key");
    assert!(verify(&world, &theirs, &signed).status.success());

    let text = git(&world, &["cat-file", "commit", &signed.id.to_string()]);
    let forged = String::from_utf8(text.stdout).unwrap().replace("nws-certd <", "somebody <");
    std::fs::write(world.path().join("forged"), forged).unwrap();
    let file = world.path().join("forged");
    let made = git(&world, &["hash-object", "-t", "commit", "-w", file.to_str().unwrap()]);
    let forged = String::from_utf8(made.stdout).unwrap();
    let judged = verify_named(&world, &theirs, forged.trim());
    assert!(!judged.status.success(), "signed as something else");
}

fn committed(mirror: &Mirror, path: &str) -> Commit {
    let tip = mirror.fetch().unwrap();
    mirror.commit(&tip, &[write(path, "x: 1\n")], &message(), &author(), NOW).unwrap().unwrap()
}

fn make_key(world: &World, name: &str, kind: &[&str]) -> PathBuf {
    let file = world.path().join(name);
    let args = ["-q", "-N", "", "-C", "", "-f", file.to_str().unwrap()];
    let made = run("ssh-keygen", &[&args[..], kind].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    file
}

fn verify(world: &World, key: &Path, commit: &Commit) -> Output {
    verify_named(world, key, &commit.id.to_string())
}

/// What `git verify-commit` says to somebody who trusts the author with this key alone.
fn verify_named(world: &World, key: &Path, commit: &str) -> Output {
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let allowed = world.path().join("allowed_signers");
    std::fs::write(&allowed, format!("nws-certd@ops.example {public}")).unwrap();
    let allowed = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
    git(world, &["-c", &allowed, "verify-commit", commit])
}

fn git(world: &World, args: &[&str]) -> Output {
    let dir = format!("--git-dir={}", world.remote_dir().display());
    run("git", &[&[dir.as_str()], args].concat())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the judges are git and ssh-keygen, not the code under test"
)]
fn run(program: &str, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.args(args).output().unwrap()
}
