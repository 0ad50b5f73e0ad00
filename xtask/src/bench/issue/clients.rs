//! The clients, and one run of each.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::cpu;
use crate::e2e::world_folder;
use crate::peers::{self, Post};
use crate::process;
use crate::wait::{self, Look};
use crate::world::{App, CaOptions, CaSettings, Programs, Settings, SmallWorld, Validation};

/// What is measured: the daemon, or a program with what it is.
pub(super) enum Client {
    Daemon,
    Bare(PathBuf),
    Obtain(PathBuf),
    Lego(PathBuf),
    Certbot(PathBuf),
}

#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) certificates: usize,
    pub(super) in_flight: NonZeroUsize,
}

/// What one run came to.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub(super) per_second: f64,
    /// Milliseconds of the client's CPU for each certificate.
    pub(super) client_ms: f64,
    /// Of the CA's.
    pub(super) ca_ms: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_second, client_ms, ca_ms } = self;
        write!(
            f,
            "{per_second:.2} a second, {client_ms:.2} ms of CPU each, {ca_ms:.2} ms of the CA's"
        )
    }
}

const CA: CaSettings = CaSettings { bad_nonces: 0, ..CaSettings::USUAL };

/// Nothing is pushed while it is measured.
const SETTINGS: Settings =
    Settings { cas: &[(CA, CaOptions::NONE)], batch: "10m", ..Settings::USUAL };

/// One run; the slowest make a few certificates in as many seconds each.
const LIMIT: Duration = Duration::from_secs(300);

/// Peers that sleep for seconds are not asked for more than this.
const FEW: usize = 5;

impl Client {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Daemon => "nws-certd",
            Self::Bare(_) => "bare loop",
            Self::Obtain(_) => "obtain",
            Self::Lego(_) => "lego",
            Self::Certbot(_) => "certbot",
        }
    }

    /// Whether a call of it makes one certificate.
    pub(super) fn is_one_at_a_time(&self) -> bool {
        match self {
            Self::Daemon | Self::Bare(_) | Self::Obtain(_) => false,
            Self::Lego(_) | Self::Certbot(_) => true,
        }
    }

    pub(super) fn enough(&self, certificates: usize) -> usize {
        if self.is_one_at_a_time() { certificates.min(FEW) } else { certificates }
    }

    /// Runs it in a world of its own.
    ///
    /// To be called from the main thread, since programs end with the thread that started them.
    pub(super) async fn measure(&self, programs: &Programs, load: Load) -> Result<Sample> {
        let folder = world_folder("bench")?;
        let concurrency = u32::try_from(load.in_flight.get())?;
        let settings = Settings { concurrency, ..SETTINGS };
        let mut world =
            SmallWorld::start(programs, folder.path(), settings, Validation::Direct).await?;
        let ca = cpu::of_process(world.ca.process_id())?;
        let client = match self {
            Self::Daemon => daemon(&mut world, load).await?,
            Self::Bare(program) => loops(program, "bare", &world, folder.path(), load).await?,
            Self::Obtain(program) => loops(program, "obtain", &world, folder.path(), load).await?,
            Self::Lego(program) => {
                let post = post(&world, folder.path());
                each(load, &world, |name| peers::lego(program, &post, &[name])).await?
            }
            Self::Certbot(program) => {
                let post = post(&world, folder.path());
                each(load, &world, |name| peers::certbot(program, &post, &[name])).await?
            }
        };
        let ca = cpu::of_process(world.ca.process_id())? - ca;
        let issuance = world.proxy.issuance();
        ensure!(
            issuance.certificates == load.certificates,
            "{} certificates were made, not {}",
            issuance.certificates,
            load.certificates
        );
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let certificates = load.certificates as f64;
        Ok(Sample {
            per_second: certificates / issuance.took.as_secs_f64(),
            client_ms: client.as_secs_f64() * 1000.0 / certificates,
            ca_ms: ca.as_secs_f64() * 1000.0 / certificates,
        })
    }
}

/// The client's CPU.
async fn daemon(world: &mut SmallWorld, load: Load) -> Result<Duration> {
    world.add(&App::wave("bench", load.certificates)).await?;
    let before = cpu::of_ended_children()?;
    world.daemon.launch()?;
    wait::until("every certificate is made", LIMIT, async || {
        world.daemon.check_running()?;
        Ok(made(world, load))
    })
    .await?;
    world.daemon.kill();
    Ok(cpu::of_ended_children()? - before)
}

fn made(world: &SmallWorld, load: Load) -> Look<()> {
    match world.proxy.issuance().certificates {
        made if made >= load.certificates => Look::Done(()),
        made => Look::NotYet(format!("{made} of {} are made", load.certificates)),
    }
}

async fn loops(
    program: &Path,
    way: &str,
    world: &SmallWorld,
    folder: &Path,
    load: Load,
) -> Result<Duration> {
    let mut command = process::isolated(program);
    command.args([way, &world.proxy.directory()]).arg(folder.join("ca.pem"));
    command.arg(world.daemon.challenge().to_string());
    command.args([load.certificates.to_string(), load.in_flight.to_string()]);
    let before = cpu::of_ended_children()?;
    process::output(command, LIMIT).await?;
    Ok(cpu::of_ended_children()? - before)
}

/// One call for each certificate. The account is made before, so that no certificate pays for it.
async fn each(
    load: Load,
    world: &SmallWorld,
    command: impl Fn(&str) -> Command,
) -> Result<Duration> {
    process::output(command("first.example"), LIMIT).await?;
    world.proxy.forget_issuance();
    let before = cpu::of_ended_children()?;
    for number in 1..=load.certificates {
        process::output(command(&format!("bench-{number}.example")), LIMIT).await?;
    }
    Ok(cpu::of_ended_children()? - before)
}

fn post<'a>(world: &SmallWorld, folder: &'a Path) -> Post<'a> {
    Post {
        directory: world.proxy.directory(),
        roots: folder.join("ca.pem"),
        challenge: world.daemon.challenge(),
        folder,
    }
}
