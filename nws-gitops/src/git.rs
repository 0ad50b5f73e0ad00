//! The `git` binary, which does what goes over the network.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// How the `git` binary is started: always in the same surroundings, whoever's machine it is.
///
/// The environment is emptied but for `PATH`, a home of our own and the C locale; no system or user configuration, no hooks
/// of the mirror, no prompts, no maintenance in the background; file, ssh and https only. Each command has a time limit and
/// is killed with all its children beyond it; of its output the first [`Git::MAX_OUTPUT`] bytes are kept.
#[derive(Clone, Debug)]
pub struct Git {
    home: PathBuf,
    path: OsString,
    timeout: Duration,
}

impl Git {
    /// The oldest version that will do: `push --porcelain` with leases, `--no-write-fetch-head`, pack fsync.
    pub const OLDEST: Version = Version { major: 2, minor: 39 };
    /// How much of each of a command's two output streams is kept, in bytes.
    pub const MAX_OUTPUT: u64 = 1 << 20;

    /// Starts nothing yet: `home` becomes `HOME`, `path` the `PATH` that `git` and `ssh` are found on, and `timeout` the limit
    /// of one command.
    pub fn new(home: &Path, path: OsString, timeout: Duration) -> Self {
        Self { home: home.into(), path, timeout }
    }

    /// The version of the binary.
    ///
    /// # Errors
    ///
    /// [`GitError::TooOld`] under [`Git::OLDEST`]; otherwise, that it cannot be started or does not say.
    pub fn version(&self) -> Result<Version, GitError> {
        let said = self.output("version", None, &[])?.success("version")?;
        let found =
            Version::parse(&said).ok_or_else(|| GitError::NoVersion { said: words(&said) })?;
        if found < Self::OLDEST { Err(GitError::TooOld { found }) } else { Ok(found) }
    }

    /// Runs `git <name> <args>` on the repository at `dir` and gives what it printed, if it succeeded.
    pub(crate) fn run(
        &self,
        name: &'static str,
        dir: &Path,
        args: &[&str],
    ) -> Result<String, GitError> {
        self.output(name, Some(dir), args)?.success(name)
    }

    /// Runs `git <name> <args>` and gives what it printed, whether or not it succeeded.
    pub(crate) fn output(
        &self,
        name: &'static str,
        dir: Option<&Path>,
        args: &[&str],
    ) -> Result<Output, GitError> {
        let mut command = self.command(dir);
        command.arg(name).args(args);
        let mut child = command.spawn().map_err(|source| GitError::Start { source })?;
        let printed = collect(&mut child);
        match printed.recv_timeout(self.timeout) {
            Ok((stdout, stderr)) => {
                let status = child.wait().map_err(|source| GitError::Start { source })?;
                Ok(Output { status, stdout, stderr })
            }
            Err(_) => {
                kill(&mut child).map_err(|source| GitError::Start { source })?;
                Err(GitError::TimedOut { command: name, after: self.timeout })
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place this crate starts a process")]
    fn command(&self, dir: Option<&Path>) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", &self.home)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
            .args(CONFIGURATION)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(dir) = dir {
            command.env("GIT_DIR", dir);
        }
        command
    }
}

const CONFIGURATION: [&str; 14] = [
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "protocol.allow=never",
    "-c",
    "protocol.file.allow=always",
    "-c",
    "protocol.ssh.allow=always",
    "-c",
    "protocol.https.allow=always",
];

type Printed = (Vec<u8>, Vec<u8>);

/// Reads both streams to their end on threads of their own, so that a full pipe never blocks the command.
fn collect(child: &mut Child) -> mpsc::Receiver<Printed> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let stderr = thread::spawn(move || bounded(stderr));
        let stdout = bounded(stdout);
        // Fails only if the command was given up and nobody listens any more.
        sender.send((stdout, stderr.join().unwrap_or_default())).ok();
    });
    receiver
}

/// The first part of a stream, which is read to its end nevertheless. A stream that breaks ends there.
fn bounded(stream: Option<impl Read>) -> Vec<u8> {
    let mut kept = Vec::new();
    if let Some(mut stream) = stream
        && stream.by_ref().take(Git::MAX_OUTPUT).read_to_end(&mut kept).is_ok()
    {
        io::copy(&mut stream, &mut io::sink()).ok();
    }
    kept
}

/// Ends the command and what it started (ssh, upload-pack), which share its process group.
fn kill(child: &mut Child) -> io::Result<()> {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(group, Signal::KILL).or_else(|error| match error {
            rustix::io::Errno::SRCH => Ok(()),
            other => Err(other),
        })?;
    }
    child.wait().map(drop)
}

/// What a command left.
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Output {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    fn success(self, command: &'static str) -> Result<String, GitError> {
        if self.status.success() {
            Ok(self.stdout())
        } else {
            Err(GitError::Failed { command, status: self.status, said: words(&self.stderr()) })
        }
    }
}

/// What a command or a server said, fit for one line of a log: no control characters, bounded.
pub(crate) fn words(text: &str) -> String {
    const MAX_CHARS: usize = 1000;
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("; ").chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()
}

/// A version of git.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl Version {
    /// Reads `git version 2.39.5` and `git version 2.39.3 (Apple Git-145)`.
    fn parse(said: &str) -> Option<Self> {
        let mut numbers =
            said.strip_prefix("git version ")?.split(['.', ' ', '\n']).map(str::parse);
        Some(Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Why a `git` command gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git` on the path, or it cannot be run.
    #[error("cannot run git; install git 2.39 or newer and see that it is on PATH")]
    Start {
        /// What the system said.
        source: io::Error,
    },
    /// Older than [`Git::OLDEST`].
    #[error("git {found} is too old; install git {} or newer", Git::OLDEST)]
    TooOld {
        /// The version found.
        found: Version,
    },
    /// `git version` said something else.
    #[error("git does not state its version but {said:?}")]
    NoVersion {
        /// What it said.
        said: String,
    },
    /// Killed at its time limit.
    #[error("git {command} did not end within {after:?}")]
    TimedOut {
        /// The command, as in `fetch`.
        command: &'static str,
        /// The limit.
        after: Duration,
    },
    /// Ended with an error of its own.
    #[error("git {command} failed ({status}): {said}")]
    Failed {
        /// The command, as in `fetch`.
        command: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it said on standard error, in one line.
        said: String,
    },
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    #[test]
    fn versions_as_git_states_them() {
        let cases = [
            ("git version 2.39.5\n", Some((2, 39))),
            ("git version 2.39.3 (Apple Git-145)\n", Some((2, 39))),
            ("git version 3.0\n", Some((3, 0))),
            ("git version 2.50.1.windows.1\n", Some((2, 50))),
            ("hg version 6", None),
            ("git version unknown", None),
        ];
        for (said, want) in cases {
            assert_eq!(Version::parse(said).map(|v| (v.major, v.minor)), want, "{said}");
        }
    }

    /// A script cannot be run while another thread's child still holds it open for writing, so these tests take turns.
    static TURN: Mutex<()> = Mutex::new(());

    fn turn() -> MutexGuard<'static, ()> {
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn a_command_beyond_its_limit_is_killed_with_its_children() {
        let _turn = turn();
        let home = tempfile::tempdir().unwrap();
        let sleeper = stand_in(home.path(), "sleep 1000 & sleep 1000");
        let git = Git::new(home.path(), sleeper, Duration::from_millis(50));
        assert!(matches!(git.version(), Err(GitError::TimedOut { command: "version", .. })));
    }

    #[test]
    fn output_is_bounded_and_never_blocks() {
        let _turn = turn();
        let home = tempfile::tempdir().unwrap();
        let talker = stand_in(
            home.path(),
            "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 3",
        );
        let git = Git::new(home.path(), talker, Duration::from_secs(60));
        let output = git.output("version", None, &[]).unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!((output.stdout.len(), output.stderr.len()), (1 << 20, 1 << 20));
    }

    #[test]
    fn an_old_git_and_no_git_are_told_apart() {
        let _turn = turn();
        let home = tempfile::tempdir().unwrap();
        let nowhere = Git::new(home.path(), "/nonexistent".into(), Duration::from_secs(60));
        assert!(matches!(nowhere.version(), Err(GitError::Start { .. })));
        let old = Git::new(
            home.path(),
            stand_in(home.path(), "echo git version 2.30.2"),
            Duration::from_secs(60),
        );
        assert_eq!(
            old.version().unwrap_err().to_string(),
            "git 2.30 is too old; install git 2.39 or newer"
        );
    }

    #[test]
    fn nothing_of_the_callers_environment_reaches_git() {
        let _turn = turn();
        let home = tempfile::tempdir().unwrap();
        let git = Git::new(
            home.path(),
            stand_in(home.path(), "/usr/bin/env | /usr/bin/cut -d= -f1"),
            Duration::from_secs(60),
        );
        let said = git.output("version", None, &[]).unwrap().stdout();
        let mut names: Vec<_> = said
            .lines()
            .filter(|name| !matches!(*name, "PWD" | "SHLVL" | "_" | "OLDPWD"))
            .collect();
        names.sort_unstable();
        let want = [
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_NOSYSTEM",
            "GIT_SSH_COMMAND",
            "GIT_TERMINAL_PROMPT",
            "HOME",
            "LC_ALL",
            "PATH",
        ];
        assert_eq!(names, want);
    }

    #[test]
    fn words_fit_into_one_line() {
        assert_eq!(
            words("remote: frozen\u{1b}[31m  \n\n  until monday\n"),
            "remote: frozen[31m; until monday"
        );
        assert_eq!(words(&"a".repeat(5000)).len(), 1000);
    }

    /// A directory, as a `PATH`, whose `git` is this script.
    fn stand_in(dir: &Path, script: &str) -> OsString {
        use std::os::unix::fs::PermissionsExt;
        let file = dir.join("git");
        std::fs::write(&file, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        dir.as_os_str().to_owned()
    }
}
