//! The one place that starts programs.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::AsyncWriteExt as _;

use crate::files;
use crate::programs;
use crate::wait::{self, Look};

/// A program with nothing of the developer's environment but the search path, in a process group of its own, so that
/// Ctrl-C reaches it only through us.
pub(crate) fn isolated(program: &Path) -> Command {
    let mut command = new(program);
    command
        .env_clear()
        .env("PATH", programs::search_path())
        .env("LC_ALL", "C.UTF-8")
        .process_group(0);
    command
}

/// A program as the developer would start it: cargo, apt-get, go.
pub(crate) fn of_user(program: &Path) -> Command {
    new(program)
}

#[expect(clippy::disallowed_methods, reason = "the one place that starts programs")]
fn new(program: &Path) -> Command {
    Command::new(program)
}

/// Runs to the end with our own input and output.
///
/// # Errors
///
/// If the program cannot be started or ends with anything but 0.
pub(crate) async fn run(command: Command) -> Result<()> {
    let shown = shown(&command);
    let mut command = tokio::process::Command::from(command);
    let status = command
        .kill_on_drop(true)
        .status()
        .await
        .with_context(|| format!("cannot start `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(())
}

/// Runs to the end and returns standard output.
///
/// # Errors
///
/// As [`run`], with what the program said on standard error; and if it takes longer than `limit`.
pub(crate) async fn output(command: Command, limit: Duration) -> Result<Vec<u8>> {
    let shown = shown(&command);
    let output = ended(command, limit).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{shown}` failed ({}): {}", output.status, said.trim());
    Ok(output.stdout)
}

/// Runs to the end, whatever that is.
///
/// # Errors
///
/// If the program cannot be started, or takes longer than `limit`.
pub(crate) async fn ended(command: Command, limit: Duration) -> Result<Output> {
    let shown = shown(&command);
    let mut command = tokio::process::Command::from(command);
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let Ok(output) = tokio::time::timeout(limit, running).await else {
        bail!("`{shown}` took longer than {} s", limit.as_secs());
    };
    output.with_context(|| format!("cannot start `{shown}`"))
}

/// As [`ended`], with `input` on its standard input.
pub(crate) async fn fed(command: Command, input: &[u8], limit: Duration) -> Result<Output> {
    let shown = shown(&command);
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let mut stdin = child.stdin.take().context("there is no standard input")?;
    let feed = async move {
        // A program that does not want all of it says why when it ends.
        stdin.write_all(input).await.ok();
    };
    let running = async { tokio::join!(feed, child.wait_with_output()).1 };
    let Ok(output) = tokio::time::timeout(limit, running).await else {
        bail!("`{shown}` took longer than {} s", limit.as_secs());
    };
    output.with_context(|| format!("cannot wait for `{shown}`"))
}

/// A running program. Dropping it kills it, with whatever it started, and waits until it is gone.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` in the background; both its outputs are appended to the file `log`.
    ///
    /// The kernel kills the program when the *thread* that started it ends, which covers a SIGKILL of this process; so
    /// this has to be called from a thread that lives as long as the program should: the main one.
    pub(crate) fn start(name: &str, command: Command, log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log);
        let out = out.with_context(|| format!("cannot open {}", log.display()))?;
        let mut command = dying_with_us(command);
        command.stdin(Stdio::null()).stderr(out.try_clone()?).stdout(out);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// # Errors
    ///
    /// If the program has ended, with the end of its log.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                bail!("{} ended ({status}):\n{}", self.name, files::tail(&self.log, 10))
            }
        }
    }

    /// Asks the program to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    ///
    /// If it has ended by itself, or still runs after `limit`.
    pub(crate) async fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        self.check_running()?;
        if let Some(pid) = self.pid() {
            kill_process(pid, Signal::TERM)
                .with_context(|| format!("cannot signal {}", self.name))?;
        }
        let what = format!("{} ends after SIGTERM", self.name);
        wait::until(&what, limit, async || {
            let ended = self.child.try_wait()?;
            Ok(ended.map_or_else(|| Look::NotYet("it still runs".to_owned()), Look::Done))
        })
        .await
    }

    /// Stops the program where it is (SIGSTOP): it lives, and does nothing.
    pub(crate) fn freeze(&self) -> Result<()> {
        let pid = self.pid().with_context(|| format!("{} has no process", self.name))?;
        kill_process(pid, Signal::STOP).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Ends the program with SIGKILL, with whatever it started, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        // A child that is already reaped keeps its number in `Child`, so look before signalling: the number may be reused.
        if let (Ok(None), Some(group)) = (self.child.try_wait(), self.pid())
            && kill_process_group(group, Signal::KILL).is_ok()
            && let Err(error) = self.child.wait()
        {
            eprintln!("cannot wait for {}: {error}", self.name);
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.id()).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn dying_with_us(command: Command) -> Command {
    let Some(setpriv) = programs::find("setpriv") else {
        return command;
    };
    let mut wrapped = isolated(&setpriv);
    wrapped.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    wrapped.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A path as one word of a shell.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::quoted;

    #[test]
    fn a_quoted_path_is_one_word_whatever_is_in_it() {
        let cases = [("/a/b", "'/a/b'"), ("/a b/$c", "'/a b/$c'"), ("/it's", r"'/it'\''s'")];
        for (path, word) in cases {
            assert_eq!(quoted(Path::new(path)), word, "{path}");
        }
    }
}
