//! nws-certd itself, run as an operator would.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpStream;

use crate::files;
use crate::process::{self, Process};
use crate::wait::{self, Look};
use crate::world::{PATIENCE, Status};

/// Bounds one call of the command line: a `sync` waits for a whole pass.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// What scenarios turn: how long certificates live, and the daemon's pace.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) lifetime: Duration,
    /// How often the branch is looked at without being told.
    pub(crate) poll: &'static str,
    /// How long commits are collected.
    pub(crate) batch: &'static str,
}

impl Settings {
    /// Ninety days, looked at every five seconds, pushed after one.
    pub(crate) const USUAL: Self =
        Self { lifetime: Duration::from_secs(90 * 86_400), poll: "5s", batch: "1s" };
}

pub(crate) struct Daemon {
    binary: PathBuf,
    config: PathBuf,
    state: PathBuf,
    log: PathBuf,
    challenge: SocketAddr,
    process: Option<Process>,
}

impl Daemon {
    /// Writes the configuration; nothing runs yet.
    pub(crate) fn new(
        binary: &Path,
        folder: &Path,
        directory: &str,
        repository: &str,
        challenge: SocketAddr,
        settings: Settings,
    ) -> Result<Self> {
        let (config, state, log) =
            (folder.join("nws-certd.toml"), folder.join("state"), folder.join("nws-certd.log"));
        files::write(&config, configuration(folder, directory, repository, challenge, settings))?;
        Ok(Self { binary: binary.to_owned(), config, state, log, challenge, process: None })
    }

    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// The public listener's address.
    pub(crate) fn challenge(&self) -> SocketAddr {
        self.challenge
    }

    /// Starts the daemon and waits until it answers challenges and its operators.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let process = Process::start("nws-certd", self.command(&["run"]), &self.log)?;
        self.process = Some(process);
        // Not by `status`: without a daemon it opens the state itself, and a daemon that starts meanwhile finds it taken.
        wait::until("nws-certd listens", PATIENCE, async || {
            self.check_running()?;
            Ok(Look::from(TcpStream::connect(self.challenge).await.map_err(Into::into)))
        })
        .await?;
        wait::until("nws-certd has looked at the branch", PATIENCE, async || {
            self.check_running()?;
            Ok(Look::from(self.status().await))
        })
        .await
        .map(drop)
    }

    /// Ends the daemon with SIGTERM.
    ///
    /// # Errors
    ///
    /// If it does not end soon, or not with exit code 0.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let process = self.process.take().context("nws-certd does not run")?;
        let status = process.terminate(PATIENCE).await?;
        ensure!(status.success(), "nws-certd ended with {status} after SIGTERM");
        Ok(())
    }

    /// Ends the daemon with SIGKILL, and what it started with it.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take());
    }

    /// # Errors
    ///
    /// If the daemon has ended by itself.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        self.process.as_mut().context("nws-certd does not run")?.check_running()
    }

    pub(crate) async fn status(&self) -> Result<Status> {
        let said = process::output(self.command(&["status", "--json"]), COMMAND_LIMIT).await?;
        serde_json::from_slice(&said).context("cannot read what `nws-certd status --json` says")
    }

    /// Has the daemon look at the branch now; returns when it has done what it found.
    pub(crate) async fn sync(&self) -> Result<()> {
        process::output(self.command(&["sync"]), COMMAND_LIMIT).await.map(drop)
    }

    /// Changes one setting for the next start.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) -> Result<()> {
        let config = files::read(&self.config)?;
        ensure!(config.contains(from), "the configuration has no `{from}`");
        files::write(&self.config, config.replace(from, to))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = process::isolated(&self.binary);
        command.args(args).arg("--config").arg(&self.config);
        command
    }
}

fn configuration(
    folder: &Path,
    directory: &str,
    repository: &str,
    challenge: SocketAddr,
    settings: Settings,
) -> String {
    let Settings { poll, batch, .. } = settings;
    let folder = folder.display();
    format!(
        r#"state_dir = "{folder}/state"

[ca]
directory = "{directory}"
terms_agreed = true
roots = "{folder}/ca.pem"

[git]
url = "{repository}"
encryption = "none"
poll = "{poll}"
batch = "{batch}"

[challenge]
listen = ["{challenge}"]
"#
    )
}
