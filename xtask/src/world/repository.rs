//! The GitOps repository: bare, with a clone to commit from as a developer would.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::{files, process};

pub(crate) const BRANCH: &str = "main";

/// Who commits applications; what is by anyone else on the branch is the daemon's.
const DEVELOPER: (&str, &str) = ("A Developer", "developer@apps.example");

const GIT_LIMIT: Duration = Duration::from_secs(30);

/// How often a push is tried again when the daemon was faster.
const PUSHES: u32 = 5;

/// What a repository holds when the daemon first sees it.
#[derive(Clone, Copy)]
pub(crate) enum Beginning {
    /// Nothing, not even a branch.
    NoCommit,
    /// A commit without anything to serve.
    OneCommit,
}

#[derive(Clone)]
pub(crate) struct Repository {
    git: PathBuf,
    bare: PathBuf,
    clone: PathBuf,
}

/// A file of a commit.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Blob {
    pub(crate) path: String,
    pub(crate) id: String,
}

impl Repository {
    /// Creates `gitops.git` in `folder`.
    pub(crate) async fn create(git: &Path, folder: &Path, beginning: Beginning) -> Result<Self> {
        let repository = Self {
            git: git.to_owned(),
            bare: folder.join("gitops.git"),
            clone: folder.join("developer"),
        };
        repository
            .run(folder, &["init", "--quiet", "--bare", "--initial-branch", BRANCH, "gitops.git"])
            .await?;
        // Refs stay loose, so that `tip` can read them as files.
        repository.run(&repository.bare, &["config", "gc.auto", "0"]).await?;
        // Where the branch has ever been is what scenarios find lost commits by.
        repository.run(&repository.bare, &["config", "core.logAllRefUpdates", "true"]).await?;
        repository.run(folder, &["clone", "--quiet", "gitops.git", "developer"]).await?;
        match beginning {
            Beginning::NoCommit => {}
            Beginning::OneCommit => {
                let readme = ("README.md".to_owned(), "What runs on our clusters.\n".to_owned());
                repository.commit(&[readme], "Begin").await?;
            }
        }
        Ok(repository)
    }

    /// The bare repository.
    pub(crate) fn path(&self) -> &Path {
        &self.bare
    }

    /// Has the server run a shell script at every push, as git names its hooks.
    pub(crate) fn set_hook(&self, name: &str, script: &str) -> Result<()> {
        files::write_with_mode(&self.hook(name), script, 0o755)
    }

    pub(crate) fn remove_hook(&self, name: &str) -> Result<()> {
        let hook = self.hook(name);
        fs::remove_file(&hook).with_context(|| format!("cannot delete {}", hook.display()))
    }

    fn hook(&self, name: &str) -> PathBuf {
        self.bare.join("hooks").join(name)
    }

    /// Commits files (path and text) and pushes.
    pub(crate) async fn commit(&self, files: &[(String, String)], message: &str) -> Result<()> {
        for (path, text) in files {
            files::write(&self.clone.join(path), text)?;
        }
        self.run(&self.clone, &["add", "--all"]).await?;
        self.run(&self.clone, &["commit", "--quiet", "--message", message]).await?;
        for _ in 0..PUSHES {
            match self.run(&self.clone, &["push", "--quiet", "origin", BRANCH]).await {
                Ok(_) => return Ok(()),
                Err(_lost_the_race) => self.catch_up().await?,
            }
        }
        bail!("{BRANCH} moved {PUSHES} times while a commit was being pushed")
    }

    /// Takes in what others have pushed, as whoever changes a file of theirs does first.
    pub(crate) async fn catch_up(&self) -> Result<()> {
        let pull = ["pull", "--quiet", "--rebase", "origin", BRANCH];
        self.run(&self.clone, &pull).await.map(drop)
    }

    /// Deletes files and pushes that.
    pub(crate) async fn remove(&self, paths: &[String], message: &str) -> Result<()> {
        for path in paths {
            let file = self.clone.join(path);
            fs::remove_file(&file).with_context(|| format!("cannot delete {}", file.display()))?;
        }
        self.commit(&[], message).await
    }

    /// The subjects of all commits, oldest first.
    pub(crate) async fn subjects(&self) -> Result<Vec<String>> {
        let log = self.run(&self.bare, &["log", "--reverse", "--format=%s", BRANCH]).await?;
        Ok(log.lines().map(str::to_owned).collect())
    }

    /// The commit the branch points at. A file read, cheap enough to be asked for all the time.
    pub(crate) fn tip(&self) -> Result<String> {
        Ok(files::read(&self.bare.join("refs/heads").join(BRANCH))?.trim().to_owned())
    }

    /// The files below `folder` in `commit`.
    pub(crate) async fn list(&self, commit: &str, folder: &str) -> Result<Vec<Blob>> {
        let listed = self.run(&self.bare, &["ls-tree", "-r", "-z", commit, "--", folder]).await?;
        listed.split_terminator('\0').map(entry).collect()
    }

    pub(crate) async fn show(&self, blob: &str) -> Result<String> {
        self.run(&self.bare, &["cat-file", "blob", blob]).await
    }

    /// How many objects there are, whether or not anything leads to them.
    pub(crate) async fn objects(&self) -> Result<usize> {
        let all = ["cat-file", "--batch-all-objects", "--batch-check"];
        Ok(self.run(&self.bare, &all).await?.lines().count())
    }

    /// The text of a file at the tip.
    pub(crate) async fn text(&self, path: &str) -> Result<String> {
        let blobs = self.list(&self.tip()?, path).await?;
        let blob = blobs.first().with_context(|| format!("there is no {path}"))?;
        self.show(&blob.id).await
    }

    /// All objects that the server has, whether the branch leads to them or not, one after the other.
    pub(crate) async fn all_objects(&self) -> Result<Vec<u8>> {
        let all = ["cat-file", "--batch-all-objects", "--batch"];
        process::output(self.command(&self.bare, &all), GIT_LIMIT).await
    }

    /// How many commits on the branch are not by the developer, hence by the daemon.
    pub(crate) async fn commits_by_daemon(&self) -> Result<usize> {
        Ok(self.ids_by_daemon().await?.len())
    }

    /// The names of these commits, newest first.
    pub(crate) async fn ids_by_daemon(&self) -> Result<Vec<String>> {
        let log = self.run(&self.bare, &["log", "--format=%H %ae", BRANCH]).await?;
        let commits = log.lines().filter_map(|line| line.split_once(' '));
        Ok(commits.filter(|(_, by)| *by != DEVELOPER.1).map(|(id, _)| id.to_owned()).collect())
    }

    /// Has git verify a commit for somebody who trusts these signers (ssh-keygen(1), ALLOWED SIGNERS).
    ///
    /// # Errors
    ///
    /// With git's words, if it is not signed, or not by one of them.
    pub(crate) async fn verify(&self, commit: &str, signers: &Path) -> Result<()> {
        let signers = format!("gpg.ssh.allowedSignersFile={}", signers.display());
        self.run(&self.bare, &["-c", &signers, "verify-commit", commit]).await.map(drop)
    }

    /// How many commits the branch has.
    ///
    /// # Errors
    ///
    /// If one of them is a merge, or the branch has ever been at a commit that is not among them any more.
    pub(crate) async fn whole_history(&self) -> Result<usize> {
        let log = self.run(&self.bare, &["log", "--format=%H %P", BRANCH]).await?;
        let merge = log.lines().find(|line| line.split(' ').count() > 2);
        ensure!(merge.is_none(), "the branch has a merge: {merge:?}");
        let commits: BTreeSet<_> = log.lines().filter_map(|line| line.split(' ').next()).collect();
        let been = files::read(&self.bare.join("logs/refs/heads").join(BRANCH))?;
        for at in been.lines().filter_map(|line| line.split(' ').nth(1)) {
            ensure!(commits.contains(at), "{at} was on the branch and is not any more");
        }
        Ok(commits.len())
    }

    async fn run(&self, folder: &Path, args: &[&str]) -> Result<String> {
        let said = process::output(self.command(folder, args), GIT_LIMIT).await?;
        String::from_utf8(said)
            .with_context(|| format!("git {} answers with no text", args.join(" ")))
    }

    fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = process::isolated(&self.git);
        command.current_dir(folder).args(args);
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0");
        let (name, mail) = DEVELOPER;
        command.env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", mail);
        command.env("GIT_COMMITTER_NAME", name).env("GIT_COMMITTER_EMAIL", mail);
        command
    }
}

/// Reads a line of `ls-tree`: `mode type id TAB path`.
fn entry(line: &str) -> Result<Blob> {
    let parsed = line.split_once('\t').and_then(|(about, path)| {
        let id = about.split(' ').nth(2)?;
        Some(Blob { path: path.to_owned(), id: id.to_owned() })
    });
    parsed.with_context(|| format!("git ls-tree answers strangely: {line}"))
}
