//! nws-certd itself, run as an operator would.

mod config;

pub(crate) use config::{CaOptions, Encryption, Recipients, SealedTo};
pub(super) use config::{CaPlaces, Places, PublicKey, Ssh, Told};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpStream;

use crate::files;
use crate::process::{self, Process};
use crate::wait::{self, Look};
use crate::world::{
    Beginning, CaSettings, ClusterSettings, Explanation, PATIENCE, Status, TroubleWith,
};

/// Bounds one call of the command line: a `sync` waits for a whole pass.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// How long it may take until trouble is noticed, with the waits of a daemon that is troubled already.
const TOLD: Duration = Duration::from_secs(60);

/// What scenarios turn: what the CAs are like, what the repository begins with, and the daemon's pace.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// The CAs, in the daemon's order, and what it is told of each.
    pub(crate) cas: &'static [(CaSettings, CaOptions)],
    pub(crate) beginning: Beginning,
    pub(crate) way: WayToCa,
    /// How often the branch is looked at without being told.
    pub(crate) poll: &'static str,
    /// How long commits are collected.
    pub(crate) batch: &'static str,
    /// How long one request to the CA may take.
    pub(crate) request: &'static str,
    /// How many orders run at a time.
    pub(crate) concurrency: u32,
    /// The lines of `[retry]`, in place of the daemon's own waits.
    pub(crate) retry: &'static str,
    /// What the daemon is told of the repository beyond where it is.
    pub(crate) git: &'static str,
    /// More repositories, each behind a git host of its own: a name, and what the daemon is told of it.
    pub(crate) others: &'static [(&'static str, &'static str)],
    /// The tables of `[[targets]]`.
    pub(crate) targets: &'static str,
    /// What the clusters apply and open.
    pub(crate) clusters: [ClusterSettings; 2],
    /// What becomes of keys in the first repository; in the others they stand in clear.
    pub(crate) encryption: Encryption,
    /// The lines of `[deletion]`; nothing is removed where there are none.
    pub(crate) deletion: &'static str,
    /// The lines of `[discover]`.
    pub(crate) discover: &'static str,
}

impl Settings {
    /// One CA; the branch is looked at every five seconds, pushed to after one.
    pub(crate) const USUAL: Self = Self {
        cas: &[(CaSettings::USUAL, CaOptions::NONE)],
        beginning: Beginning::OneCommit,
        way: WayToCa::Proxy,
        poll: "5s",
        batch: "1s",
        request: "30s",
        concurrency: 8,
        retry: "",
        git: "",
        others: &[],
        targets: "",
        clusters: [ClusterSettings::USUAL; 2],
        encryption: Encryption::NONE,
        deletion: "",
        discover: "",
    };
}

/// How the daemon reaches the CA.
#[derive(Clone, Copy)]
pub(crate) enum WayToCa {
    /// Through the proxy, which counts, keeps the CA from locking up, and breaks things on request.
    Proxy,
    /// As it is.
    Direct,
}

pub(crate) struct Daemon {
    binary: PathBuf,
    config: PathBuf,
    state: PathBuf,
    log: PathBuf,
    /// Whatever commands say, for the search for keys.
    said: PathBuf,
    places: Places,
    process: Option<Process>,
}

impl Daemon {
    /// Writes the configuration; nothing runs yet.
    pub(super) fn new(binary: &Path, places: Places, settings: Settings) -> Result<Self> {
        let folder = &places.folder;
        let (config, state, log) =
            (folder.join("nws-certd.toml"), folder.join("state"), folder.join("nws-certd.log"));
        let said = folder.join("said.log");
        let binary = binary.to_owned();
        let daemon = Self { binary, config, state, log, said, places, process: None };
        daemon.configure(settings)?;
        Ok(daemon)
    }

    /// Writes the configuration anew, for the next start. What it was stays beside it, as what was delivered by it does.
    pub(crate) fn configure(&self, settings: Settings) -> Result<()> {
        if self.config.exists() {
            files::write(&self.config.with_extension("toml.before"), files::read(&self.config)?)?;
        }
        files::write(&self.config, self.places.configuration(settings)?)
    }

    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Where it keeps its copy of the repository.
    pub(crate) fn mirror(&self) -> PathBuf {
        self.state.join("mirror.git")
    }

    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// The public listener's address.
    pub(crate) fn challenge(&self) -> SocketAddr {
        self.places.challenge
    }

    /// Starts the daemon, and waits for nothing.
    pub(crate) fn launch(&mut self) -> Result<()> {
        let process = Process::start("nws-certd", self.command(&["run"]), &self.log)?;
        self.process = Some(process);
        Ok(())
    }

    /// Starts the daemon and waits until it answers challenges and its operators.
    pub(crate) async fn start(&mut self) -> Result<()> {
        self.launch()?;
        // Not by `status`: without a daemon it opens the state itself, and a daemon that starts meanwhile finds it taken.
        wait::until("nws-certd listens", PATIENCE, async || {
            self.check_running()?;
            Ok(Look::from(TcpStream::connect(self.challenge()).await.map_err(Into::into)))
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
        let said = self.tell(&["status", "--json"]).await?;
        serde_json::from_str(&said).context("cannot read what `nws-certd status --json` says")
    }

    /// Waits until `status` is as `look` wants it to be; what `look` fails with is the reason if it never is.
    pub(crate) async fn wait_status<T>(
        &mut self,
        what: &str,
        limit: Duration,
        look: impl Fn(&Status) -> Result<T>,
    ) -> Result<T> {
        wait::until(what, limit, async || {
            self.check_running()?;
            Ok(Look::from(self.status().await.and_then(|status| look(&status))))
        })
        .await
    }

    /// Waits until `status` tells of trouble in all of these words.
    pub(crate) async fn wait_trouble(&mut self, with: TroubleWith, words: &[&str]) -> Result<()> {
        self.wait_status(&format!("trouble is told: {words:?}"), TOLD, |status| {
            let trouble = status.trouble(with).context("no trouble is reported")?;
            let missing = words.iter().find(|word| !trouble.contains(*word));
            ensure!(missing.is_none(), "{missing:?} is not in the trouble: {trouble}");
            Ok(())
        })
        .await
    }

    /// The whole story of the certificate for `host`.
    pub(crate) async fn explain(&self, host: &str) -> Result<Explanation> {
        let said = self.tell(&["explain", host, "--json"]).await?;
        serde_json::from_str(&said).context("cannot read what `nws-certd explain --json` says")
    }

    /// The log's lines that hold `text`.
    pub(crate) fn logged(&self, text: &str) -> Result<Vec<String>> {
        let log = files::read(&self.log)?;
        Ok(log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect())
    }

    /// Has the daemon look at the branch now; returns when it has done what it found.
    pub(crate) async fn sync(&self) -> Result<()> {
        self.tell(&["sync"]).await.map(drop)
    }

    /// What a command of the command line prints.
    ///
    /// # Errors
    ///
    /// If it does not succeed, with what it says of that.
    pub(crate) async fn tell(&self, args: &[&str]) -> Result<String> {
        let Output { status, stdout, stderr } = self.ended(args, COMMAND_LIMIT).await?;
        let (args, said) = (args.join(" "), String::from_utf8_lossy(&stderr));
        ensure!(status.success(), "`nws-certd {args}` failed ({status}): {}", said.trim());
        Ok(String::from_utf8(stdout)?)
    }

    /// The same of one that need not succeed, with its exit code.
    pub(crate) async fn ask(&self, args: &[&str]) -> Result<(Option<i32>, String)> {
        let ended = self.ended(args, COMMAND_LIMIT).await?;
        Ok((ended.status.code(), String::from_utf8(ended.stdout)?))
    }

    /// What a command says of why it does nothing, with its exit code.
    pub(crate) async fn complain(&self, args: &[&str]) -> Result<(Option<i32>, String)> {
        let ended = self.ended(args, COMMAND_LIMIT).await?;
        Ok((ended.status.code(), String::from_utf8(ended.stderr)?))
    }

    async fn ended(&self, args: &[&str], limit: Duration) -> Result<Output> {
        let ended = process::ended(self.command(args), limit).await?;
        files::append(&self.said, &[&ended.stdout[..], &ended.stderr].concat())?;
        Ok(ended)
    }

    /// Starts a command of the command line, which ends with what is returned.
    pub(crate) fn begin(&self, args: &[&str]) -> Result<Process> {
        Process::start("nws-certd's command line", self.command(args), &self.log)
    }

    /// Starts the daemon, which is not to run: its exit code, and what it says.
    pub(crate) async fn refusal(&self) -> Result<(Option<i32>, String)> {
        self.complain(&["run"]).await
    }

    /// # Errors
    ///
    /// If a crash of the daemon would leave its memory in a file.
    pub(crate) fn check_no_core(&self) -> Result<()> {
        let process = self.process.as_ref().context("nws-certd does not run")?;
        let limits = files::read(Path::new(&format!("/proc/{}/limits", process.id())))?;
        let core = limits.lines().find(|line| line.starts_with("Max core file size"));
        let core = core.context("there is no limit of core files")?;
        let is_none = core.split_whitespace().skip(4).take(2).eq(["0", "0"]);
        ensure!(is_none, "nws-certd may leave a core: {core}");
        Ok(())
    }

    /// Changes one setting for the next start.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) -> Result<()> {
        let config = files::read(&self.config)?;
        ensure!(config.contains(from), "the configuration has no `{from}`");
        files::append(&self.config.with_added_extension("before"), config.as_bytes())?;
        files::write(&self.config, config.replace(from, to))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = process::isolated(&self.binary);
        command.args(args).arg("--config").arg(&self.config);
        command
    }
}
