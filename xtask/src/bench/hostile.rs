//! `cargo xtask bench hostile`: how long honest validators wait while others do their worst.
//!
//! The listener has core 0 for itself, as it is in the daemon but for its one thread; the attackers are a process of their own on core 1. The
//! honest client asks on a new connection each time, as validators do, and its time counts from there to the last byte of the answer.
//!
//! How hard the attackers press is not measured. Built without optimization, or beside other work, they are what is slow, and a goal that is met
//! then says little: run it with `--release`, on a machine that does nothing else, and see that the listener's core is busy.

mod attack;
mod honest;
mod report;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::loopback::Network;
use crate::process::{self, Process};
use crate::wait::{self, Look};
use crate::{files, ink, tools, workspace};

use attack::Attack;
use report::Outcome;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long honest clients ask during each attack, in seconds
    #[arg(long, default_value = "6")]
    seconds: NonZeroU32,
    /// Be the attacker: what this program starts itself as
    #[arg(long, hide = true, requires = "at")]
    attack: Option<Attack>,
    /// Whom to attack
    #[arg(long, hide = true)]
    at: Option<SocketAddr>,
}

/// Until ten thousand connections are made, and the first of them are shed.
const BEGIN: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    if let (Some(attack), Some(at)) = (args.attack, args.at) {
        attack::run(attack, at).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let cores = std::thread::available_parallelism()?.get();
    ensure!(cores >= 2, "listener and attackers need a core each, and there is {cores}");
    let stage = Stage {
        listener: workspace::build_optimized_bench("nws-challenge", "serve").await?,
        taskset: tools::taskset().await?,
        folder: tempfile::tempdir()?,
        network: Network::claim(),
        lasts: Duration::from_secs(args.seconds.get().into()),
    };
    let mut outcomes = Vec::new();
    for attack in [None].into_iter().chain(Attack::ALL.map(Some)) {
        let outcome = stage.play(attack).await?;
        println!("{}", ink::dim(format!("{} is over", Attack::name_of(attack))));
        outcomes.push(outcome);
    }
    print!("{}", report::text(&outcomes));
    Ok(ExitCode::SUCCESS)
}

struct Stage {
    listener: PathBuf,
    taskset: PathBuf,
    folder: tempfile::TempDir,
    network: Network,
    lasts: Duration,
}

impl Stage {
    /// Each attack meets a listener of its own.
    async fn play(&self, attack: Option<Attack>) -> Result<Outcome> {
        let opening = attack.map_or("http", Attack::opening);
        let at = self.network.free_address(self.network.host(1))?;
        let mut listener = self.listener(opening, at).await?;
        let attacker = attack.map(|attack| self.attacker(attack, at)).transpose()?;
        if attacker.is_some() {
            sleep(BEGIN).await;
        }
        let waits = honest::ask(at, opening == "proxy", self.lasts).await;
        if let Some(mut attacker) = attacker {
            attacker.check_running()?;
        }
        listener.check_running()?;
        let peak_kib = peak_kib(listener.id())?;
        Ok(Outcome { attack, waits, peak_kib })
    }

    async fn listener(&self, opening: &str, at: SocketAddr) -> Result<Process> {
        let mut command = process::isolated(&self.taskset);
        command.args(["--cpu-list", "0"]).arg(&self.listener);
        command.args([opening, &at.to_string(), "10", "1", "512"]);
        let mut listener = Process::start("the listener", command, &self.log("listener"))?;
        wait::until("the listener listens", PATIENCE, async || {
            listener.check_running()?;
            let connected = TcpStream::connect(at).await;
            Ok(Look::from(connected.map(drop).context("nobody listens")))
        })
        .await?;
        Ok(listener)
    }

    fn attacker(&self, attack: Attack, at: SocketAddr) -> Result<Process> {
        let own = std::env::current_exe().context("cannot find this program's own path")?;
        let mut command = process::isolated(&self.taskset);
        command.args(["--cpu-list", "1"]).arg(own).args(["bench", "hostile"]);
        command.args(["--attack", attack.word(), "--at", &at.to_string()]);
        Process::start("the attacker", command, &self.log("attacker"))
    }

    fn log(&self, of: &str) -> PathBuf {
        self.folder.path().join(of)
    }
}

/// The most memory that a process ever held (proc(5)).
fn peak_kib(id: u32) -> Result<u32> {
    let status = files::read(Path::new(&format!("/proc/{id}/status")))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kib.context("the kernel does not tell how much memory a process held")
}
