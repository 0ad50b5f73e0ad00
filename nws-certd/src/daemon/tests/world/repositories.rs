//! One repository, or three: what `apps` wants goes to `certs`, and what `own` wants stays there.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration as StdDuration;

use nws_gitops::{
    Author, Destination, Discover, Mirror, RepoPath, RepositoryName, SealGroup, SharedHosts,
    Target, Targets,
};

use super::{QUIET, World, path};
use crate::batch::Batch;
use crate::config::RecipientSettings;
use crate::repositories::Repositories;
use crate::repository::{Habits, Repository};

const NAMES: [&str; 3] = ["apps", "certs", "own"];

/// How a repository is configured to hold private keys.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::daemon::tests) enum Keys {
    /// `encryption = "none"`.
    #[default]
    InClear,
    /// The same with `unseal = true`.
    Unsealed,
    /// Any other.
    Sealed,
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

/// Several namespaces may want one host, as several Secrets of one certificate do in many tests.
fn of_one() -> Discover {
    Discover { shared_hosts: SharedHosts::Allow, ..Discover::default() }
}

fn discover() -> Discover {
    let into = |of: &str| Destination::at(RepoPath::in_repository(&name(of), "certs").unwrap());
    let targets = Targets::new(into("certs"));
    let targets = targets.with_elsewhere(Target::default(), name("own"), into("own"));
    let nothing_wanted_in = [name("certs")].into();
    Discover { targets: targets.unwrap(), nothing_wanted_in, ..of_one() }
}

impl World {
    /// A world with three repositories, and these Ingresses in `apps` and in `own`.
    pub(in crate::daemon::tests) async fn of_several(apps: &str, own: &str) -> Self {
        let world = Self::with("").await;
        world.several.store(true, Ordering::SeqCst);
        for of in NAMES {
            let remote = remote(of);
            world.run_git(&["init", "--quiet", "--bare", "--initial-branch=main", &remote]);
        }
        world.writes_to("apps", "a.yaml", apps);
        world.writes_to("own", "a.yaml", own);
        world
    }

    /// What the repositories are called.
    pub(super) fn names(&self) -> Vec<RepositoryName> {
        let are_several = self.several.load(Ordering::SeqCst);
        if are_several { NAMES.map(name).into() } else { vec![RepositoryName::default()] }
    }

    pub(super) fn repositories(&self) -> Repositories {
        if !self.several.load(Ordering::SeqCst) {
            let mirror = self.mirror_with("mirror", self.search_path());
            let one = match *self.keys.lock().unwrap() {
                Keys::InClear => repository(mirror),
                Keys::Unsealed => repository(mirror).unsealing(true),
                Keys::Sealed => repository(mirror.sealed()),
            };
            return Repositories::new(vec![one], self.grouped());
        }
        let mirror = |of: &str| {
            self.mirror_of(&remote(of), &format!("mirror-{of}"), self.search_path()).named(name(of))
        };
        Repositories::new(NAMES.map(|of| repository(mirror(of))).into(), discover())
    }

    /// With a place for each group that is sealed to.
    fn grouped(&self) -> Discover {
        let seal = self.seal.lock().unwrap();
        let group = |one: &RecipientSettings| SealGroup {
            name: one.name.clone(),
            clusters: one.clusters.clone(),
        };
        let groups = seal.recipients.iter().map(group).collect();
        let targets = Targets::new(Destination { groups, ..Destination::default() });
        Discover { targets, ..of_one() }
    }

    /// Somebody commits a file to one of several.
    pub(in crate::daemon::tests) fn writes_to(&self, of: &str, file: &str, text: &str) {
        let theirs = self.mirror_of(&remote(of), &format!("theirs-{of}"), path());
        self.writes_with(&theirs, file, text);
    }

    /// The server of one of several runs this hook (githooks(5)).
    pub(in crate::daemon::tests) fn hook_in(&self, of: &str, name: &str, script: &str) {
        self.hook_of(&remote(of), name, script);
    }

    /// The subjects of the commits of one of several by the daemon, the newest first; of each a line.
    pub(in crate::daemon::tests) fn subjects_in(&self, of: &str) -> String {
        let dir = format!("--git-dir={}", remote(of));
        self.run_git(&[&dir, "log", "--author=nws-certd", "--format=%s", "--all"])
    }

    /// The files of one of several, a line each.
    pub(in crate::daemon::tests) fn files_in(&self, of: &str) -> String {
        let dir = format!("--git-dir={}", remote(of));
        self.run_git(&[&dir, "ls-tree", "-r", "--name-only", "main"])
    }

    /// A file of one of several.
    pub(in crate::daemon::tests) fn text_in(&self, of: &str, file: &str) -> String {
        let dir = format!("--git-dir={}", remote(of));
        self.run_git(&[&dir, "show", &format!("main:{file}")])
    }

    /// Somebody takes our label off a Secret.
    pub(in crate::daemon::tests) fn disowns(&self, of: &str, file: &str) {
        let text = self.text_in(of, file);
        self.writes_to(of, file, &text.replace("nws-certd/managed", "somebody/managed"));
    }

    /// The daemon's mirror of one has its branch as it is now, and lacks a file of it.
    pub(in crate::daemon::tests) fn mirror_lacks(&self, of: &str, file: &str) {
        let mirror = format!("mirror-{of}");
        self.mirror_of(&remote(of), &mirror, path()).fetch().unwrap();
        let dir = format!("--git-dir={mirror}/bare.git");
        let blob = self.run_git(&[&dir, "rev-parse", &format!("main:{file}")]);
        let (first, rest) = blob.trim().split_at(2);
        std::fs::remove_file(self.place(&format!("{mirror}/bare.git/objects/{first}/{rest}")))
            .unwrap();
    }

    /// Until [`Self::hangs_no_more`], whoever asks this host where its branch is waits.
    pub(in crate::daemon::tests) fn hangs(&self, of: &str) {
        self.git_asks_of(&remote(of));
    }

    /// Who waits is turned away, and who asks from now on is answered.
    pub(in crate::daemon::tests) fn hangs_no_more(&self) {
        std::fs::remove_file(self.place("bin/git")).unwrap();
        self.answer();
    }

    pub(in crate::daemon::tests) fn goes_away(&self, of: &str) {
        std::fs::rename(self.place(&remote(of)), self.place(&format!("{of}-gone"))).unwrap();
    }

    pub(in crate::daemon::tests) fn comes_back(&self, of: &str) {
        std::fs::rename(self.place(&format!("{of}-gone")), self.place(&remote(of))).unwrap();
    }

    pub(super) fn place(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }
}

fn remote(of: &str) -> String {
    format!("{of}.git")
}

fn repository(mirror: Mirror) -> Repository {
    let author = Author::new("nws-certd", "certd@example.invalid").unwrap();
    let batch = Batch { quiet: QUIET, most: QUIET * 4 };
    Repository::new(mirror, author, Habits { poll: StdDuration::from_secs(60), batch })
}
