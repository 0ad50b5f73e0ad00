//! A repository as people have it on their disks.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A work tree, made by git itself.
pub(crate) struct WorkTree(tempfile::TempDir);

impl WorkTree {
    /// One without a file.
    pub(crate) fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.git(&["init", "--quiet", "--initial-branch=main"]);
        tree
    }

    pub(crate) fn top(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.top().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs git, which is to succeed.
    pub(crate) fn git(&self, args: &[&str]) {
        let done = self.try_git(args);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{args:?}: {said}");
    }

    pub(crate) fn try_git(&self, args: &[&str]) -> Output {
        #[expect(clippy::disallowed_methods, reason = "work trees are made by git itself")]
        let mut git = Command::new("git");
        git.current_dir(self.top());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(["-c", "user.name=somebody", "-c", "user.email=somebody@ops.example"]);
        git.args(args).output().unwrap()
    }
}
