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

use crate::Ssh;

mod remedy;
pub use remedy::Remedy;

/// How the `git` binary is started: always in the same surroundings, whoever's machine it is.
///
/// The environment is emptied but for `PATH`, a home of our own and the C locale; no system or user configuration, no hooks
/// of the mirror, no prompts, no maintenance in the background; file and https only, and ssh with the key and host keys of
/// [`Git::with_ssh`]. What a command writes is synced to the disk before it ends. Each has a time limit and is killed with all
/// its children beyond it; of its output the first [`Git::MAX_OUTPUT`] bytes are kept.
#[derive(Clone, Debug)]
pub struct Git {
    home: PathBuf,
    path: OsString,
    timeout: Duration,
    ssh: Option<Ssh>,
}

impl Git {
    /// The oldest version that will do: `push --porcelain` with leases, `--no-write-fetch-head`, pack fsync.
    pub const OLDEST: Version = Version { major: 2, minor: 39 };
    /// How much of each of a command's two output streams is kept, in bytes.
    pub const MAX_OUTPUT: u64 = 1 << 20;

    /// Starts nothing yet: `home` becomes `HOME`, `path` the `PATH` that `git` and `ssh` are found on, and `timeout` the limit
    /// of one command.
    pub fn new(home: &Path, path: OsString, timeout: Duration) -> Self {
        Self { home: home.into(), path, timeout, ssh: None }
    }

    /// Goes over ssh with this key and these host keys; without, git refuses to go over ssh at all.
    pub fn with_ssh(self, ssh: Ssh) -> Self {
        Self { ssh: Some(ssh), ..self }
    }

    /// The limit of one command.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
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
        let child = command.spawn().map_err(|source| GitError::Start { source })?;
        self.wait(name, child)
    }

    fn wait(&self, name: &'static str, mut child: Child) -> Result<Output, GitError> {
        let printed = collect(&mut child);
        let limit = self.limit(name);
        match printed.recv_timeout(limit) {
            Ok((stdout, stderr)) => {
                let status = child.wait().map_err(|source| GitError::Start { source })?;
                Ok(Output { status, stdout, stderr })
            }
            Err(_) => {
                kill(&mut child).map_err(|source| GitError::Start { source })?;
                Err(GitError::TimedOut { command: name, after: limit })
            }
        }
    }

    /// What only asks a question gets no time for a transfer: a host that hangs is found out in a minute.
    fn limit(&self, name: &str) -> Duration {
        const QUESTION: Duration = Duration::from_secs(60);
        if name == "ls-remote" { self.timeout.min(QUESTION) } else { self.timeout }
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
            .args(CONFIGURATION)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(ssh) = &self.ssh {
            command
                .args(["-c", "protocol.ssh.allow=always"])
                .env("GIT_SSH_COMMAND", ssh.command())
                .env("GIT_SSH_VARIANT", "ssh");
        }
        if let Some(dir) = dir {
            command.env("GIT_DIR", dir);
        }
        command
    }
}

/// What git writes is synced before it is done (core.fsync), which by default it leaves out for loose objects.
const CONFIGURATION: [&str; 18] = [
    "-c",
    "core.fsync=all",
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
    "protocol.https.allow=always",
    // An https transfer that has stalled for half a minute is over, as ssh's keep-alives end one.
    "-c",
    "http.lowSpeedLimit=1",
    "-c",
    "http.lowSpeedTime=30",
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
            let stderr = self.stderr();
            let (said, remedy) = (words(&stderr), Remedy::of(&stderr));
            Err(GitError::Failed { command, status: self.status, said, remedy })
        }
    }
}

/// What git says after ssh has said what is wrong, and ssh's frames.
const EMPTY_WORDS: [&str; 5] = [
    "",
    "fatal: Could not read from remote repository.",
    "Please make sure you have the correct access rights",
    "and the repository exists.",
    "Please contact your system administrator.",
];

/// What a command or a server said, fit for one line of a log: no control characters, no commonplaces, bounded.
pub(crate) fn words(text: &str) -> String {
    const MAX_CHARS: usize = 1000;
    let lines = text.lines().map(|line| line.trim_matches(|c: char| c == '@' || c.is_whitespace()));
    let lines: Vec<_> = lines.filter(|line| !EMPTY_WORDS.contains(line)).collect();
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
    #[error("git {command} failed ({status}): {said}{}", helps(remedy))]
    Failed {
        /// The command, as in `fetch`.
        command: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it said on standard error, in one line.
        said: String,
        /// What helps, if that is known.
        remedy: Option<Remedy>,
    },
}

/// The remedy as the end of a sentence.
pub(crate) fn helps(remedy: &Option<Remedy>) -> String {
    remedy.map_or_else(String::new, |remedy| format!("; {remedy}"))
}

#[cfg(test)]
pub(crate) mod tests;
