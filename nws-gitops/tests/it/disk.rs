//! A disk of four megabytes: what happens when it is full, and once it has room again.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use nws_gitops::{Discover, Edit, FetchError, Mirror, Recovery};

use crate::apart;
use crate::world::{NOW, World, author, ingress, message, write};

/// Plays on a file system in memory, in a mount namespace of its own (unshare(1)), and so in another process: the same test there.
fn on_a_small_disk(test: &str, play: fn(&SmallDisk)) {
    if let Some(path) = apart::told() {
        return play(&SmallDisk { path });
    }
    let dir = tempfile::tempdir().unwrap();
    let mount = r#"mount -t tmpfs -o size=4m tmpfs "$1" || exit 99; shift; exec "$@""#;
    let words = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh"];
    let mut behind = words.map(OsString::from).to_vec();
    behind.push(dir.path().into());
    let output = apart::again(test, &behind, dir.path());
    let said = apart::said(&output);
    if output.status.code() == Some(99) || said.starts_with("unshare: ") {
        return eprintln!("not tried, as namespaces and mounts are not permitted here: {said}");
    }
    apart::check(&output);
}

struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    fn mirror(&self, world: &World) -> Mirror {
        Mirror::open(&self.path.join("mirror"), world.remote(), world.git()).unwrap()
    }

    /// Leaves less than a block.
    fn fill(&self) {
        let filler = fs::File::options().create(true).append(true).open(self.filler()).unwrap();
        let full = std::io::copy(&mut std::io::repeat(b'x').take(1 << 30), &mut &filler);
        assert_eq!(full.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

fn many(count: usize) -> Vec<Edit> {
    (0..count).map(|n| write(&format!("certs/{n}.yaml"), &format!("x: {n}\n"))).collect()
}

#[test]
fn a_commit_that_has_no_room_is_told_and_made_once_there_is() {
    on_a_small_disk("disk::a_commit_that_has_no_room_is_told_and_made_once_there_is", commit);
}

fn commit(disk: &SmallDisk) {
    let world = World::with(&[("README", "hello\n")]);
    let mirror = disk.mirror(&world);
    let tip = mirror.fetch().unwrap();
    // Few objects are written one by one, many as a pack.
    for count in [1, 40] {
        let commit = || mirror.commit(&tip, &many(count), &message(), &author(), NOW);
        disk.fill();
        let error = commit().unwrap_err();
        assert!(
            error.to_string().contains("see that the state directory's disk has room"),
            "{error}"
        );
        assert_eq!(mirror.tip(), Some(tip), "what was there can be read");
        assert_eq!(mirror.fetch().unwrap(), tip, "nothing has to be fetched again");
        disk.make_room();
        assert!(commit().unwrap().is_some(), "{count}");
    }
    let commit = mirror.commit(&tip, &many(40), &message(), &author(), NOW).unwrap().unwrap();
    disk.fill();
    // What is pushed is read only; that the local branch cannot be moved shows at the next fetch.
    mirror.push(&commit).unwrap();
    disk.make_room();
    assert_eq!(mirror.fetch().unwrap().commit, Some(commit.id));
    world.check(&disk.path.join("mirror/bare.git"));
}

#[test]
fn a_fetch_that_has_no_room_is_told_and_leaves_what_there_was() {
    on_a_small_disk("disk::a_fetch_that_has_no_room_is_told_and_leaves_what_there_was", fetch);
}

fn fetch(disk: &SmallDisk) {
    let manifest = ingress("web", "shop/shop-tls", &["shop.example"]);
    let world = World::with(&[("apps/shop.yaml", &manifest)]);
    let mirror = disk.mirror(&world);
    let before = mirror.fetch().unwrap();
    let objects = disk.path.join("mirror/bare.git/objects");
    let noise = noise(2 << 20);
    let after = world.somebody_writes(&[("assets/noise.txt", &noise), ("b.yaml", &manifest)]);
    fs::write(disk.filler(), vec![0; 3 << 20]).unwrap();

    for _ in 0..3 {
        let error = mirror.fetch().unwrap_err();
        let FetchError::Unreachable { source, .. } = &error else { panic!("{error:?}") };
        let source = source.to_string();
        assert!(source.contains("No space left on device"), "{source}");
        assert!(source.contains("; make room on the disk"), "{source}");
        assert_eq!(mirror.tip(), Some(before));
        let inventory = mirror.inventory(&before, &Discover::default()).unwrap();
        assert_eq!(inventory.wanted.len(), 1, "the branch as last seen goes on being used");
        assert!(taken(&objects) < 64 << 10, "nothing half is left to fill the disk for good");
    }
    let commit = mirror.commit(&before, &many(1), &message(), &author(), NOW).unwrap().unwrap();
    assert_eq!(mirror.push(&commit).unwrap_err().recovery(), Recovery::Rebuild);

    disk.make_room();
    assert_eq!(mirror.fetch().unwrap(), after);
    world.check(&disk.path.join("mirror/bare.git"));
}

/// The bytes of all files in a directory.
fn taken(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let sizes = entries.map(|entry| match entry.metadata().unwrap() {
        meta if meta.is_dir() => taken(&entry.path()),
        meta => meta.len(),
    });
    sizes.sum()
}

/// Text that does not compress to less than three quarters.
fn noise(len: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + (state >> 32) as u8 % 64)
    };
    (0..len).map(|_| next()).collect()
}
