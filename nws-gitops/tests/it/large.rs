//! A repository that grew by much overnight.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nws_gitops::{Discover, Git, Mirror};

use crate::apart;
use crate::world::{World, ingress};

/// What git may allocate, in kilobytes (`ulimit -d`): half of the largest file below.
const MEMORY: u32 = 30 << 10;
/// What this process may have had in memory at most, in kilobytes: too little for the smallest file below beside the rest.
const OUR_MEMORY: u64 = 34 << 10;

/// In a process of its own, whose memory is that of this test alone.
#[test]
fn large_files_are_fetched_in_little_memory_and_not_read() {
    if let Some(path) = apart::told() {
        return fetch_large_files(&path);
    }
    let dir = tempfile::tempdir().unwrap();
    let test = "large::large_files_are_fetched_in_little_memory_and_not_read";
    apart::check(&apart::again(test, &[], dir.path()));
}

/// Files that do not compress, one of them by its name a manifest; git keeps few objects one by one, and many as a pack.
fn fetch_large_files(dir: &Path) {
    let world = World::with(&[("apps/shop.yaml", &ingress("web", "shop/tls", &["shop.example"]))]);
    let mirror = Mirror::open(&dir.join("ours"), world.remote(), frugal(&world)).unwrap();
    mirror.fetch().unwrap();
    somebody_adds(&world, &[("assets/film.mp4", "60M"), ("apps/data.yaml", "12M")]);
    mirror.fetch().unwrap();
    somebody_adds(&world, &[("assets/sequel.mp4", "60M")]);
    let small: Vec<_> = (0..200).map(|n| (format!("docs/{n}"), n.to_string())).collect();
    let small: Vec<_> = small.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    world.somebody_writes(&small);

    let tip = mirror.fetch().unwrap();
    let inventory = mirror.inventory(&tip, &Discover::default()).unwrap();
    assert_eq!(inventory.wanted.len(), 1);
    let faults: Vec<_> = inventory.faults.iter().map(ToString::to_string).collect();
    assert!(faults.len() == 1 && faults[0].starts_with("apps/data.yaml"), "{faults:?}");
    let most = peak();
    assert!(most < OUR_MEMORY, "{most} kB");
}

/// A git that fails where it would need more.
fn frugal(world: &World) -> Git {
    let bin = world.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let path = world.search_path().into_string().unwrap();
    let script = format!("#!/bin/sh\nulimit -d {MEMORY}\nPATH='{path}' exec git \"$@\"\n");
    fs::write(bin.join("git"), script).unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{path}", bin.display());
    Git::new(world.path(), path.into(), Duration::from_secs(60))
}

/// Commits files of noise as git does it, since they are to be in no memory of ours.
fn somebody_adds(world: &World, files: &[(&str, &str)]) {
    let script = r#"
        git config core.bigFileThreshold 1m; git config core.looseCompression 0; git config pack.compression 0
        export GIT_INDEX_FILE="$GIT_DIR/theirs" GIT_AUTHOR_NAME=S GIT_AUTHOR_EMAIL=s@ops.example
        export GIT_COMMITTER_NAME=S GIT_COMMITTER_EMAIL=s@ops.example
        git read-tree main
        while [ $# -gt 0 ]; do
            head -c "$2" /dev/urandom > "$GIT_DIR/noise"
            git update-index --add --cacheinfo "100644,$(git hash-object -w "$GIT_DIR/noise"),$1"
            shift 2
        done
        git update-ref refs/heads/main "$(git commit-tree -p main -m noise "$(git write-tree)")""#;
    #[expect(clippy::disallowed_methods, reason = "somebody else's git")]
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", script, "sh"]).args(files.iter().flat_map(|(path, size)| [path, size]));
    let ended = shell.env("GIT_DIR", world.remote_dir()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// The most that this process has had in memory, in kilobytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
