//! The branch, as git shows it.

use super::World;

impl World {
    /// How many commits the branch has, the application's own included.
    pub(in crate::daemon::tests) fn commits(&self) -> usize {
        self.run_git(&["--git-dir=remote.git", "rev-list", "--count", "main"])
            .trim()
            .parse()
            .unwrap()
    }

    /// How many commits changed a file of the branch.
    pub(in crate::daemon::tests) fn commits_to(&self, file: &str) -> usize {
        let commits = ["--git-dir=remote.git", "rev-list", "--count", "main", "--", file];
        self.run_git(&commits).trim().parse().unwrap()
    }

    /// What the branch has in a file.
    pub(in crate::daemon::tests) fn text(&self, file: &str) -> String {
        self.run_git(&["--git-dir=remote.git", "show", &format!("main:{file}")])
    }

    /// The subject of the newest commit.
    pub(in crate::daemon::tests) fn subject(&self) -> String {
        self.run_git(&["--git-dir=remote.git", "log", "-1", "--format=%s", "main"]).trim().into()
    }

    /// The branch's files, a line each.
    pub(in crate::daemon::tests) fn files(&self) -> String {
        self.run_git(&["--git-dir=remote.git", "ls-tree", "-r", "--name-only", "main"])
    }
}
