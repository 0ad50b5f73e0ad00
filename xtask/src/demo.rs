//! `cargo xtask demo`: the whole path before one's eyes.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use tokio::time::Instant;

use crate::e2e::world_folder;
use crate::interrupt::{INTERRUPTED, interrupted};
use crate::wait::{self, Look};
use crate::world::{DELIVERY, Leaf, Programs, SAMPLES, Settings, World};
use crate::{files, ink, table};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Stop after the table: exit 0, or 1 if anything is not served
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let folder = world_folder("demo")?;
    let code = play(&args, folder.path()).await;
    if !matches!(code, Ok(Code::Served | Code::Interrupted)) {
        println!("\nThe logs are kept in {}", folder.keep().display());
    }
    code.map(ExitCode::from)
}

/// How the demo ended.
enum Code {
    Served,
    NotServed,
    Interrupted,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        match code {
            Code::Served => Self::SUCCESS,
            Code::NotServed => Self::FAILURE,
            Code::Interrupted => Self::from(INTERRUPTED),
        }
    }
}

async fn play(args: &Args, folder: &Path) -> Result<Code> {
    let (mut world, code) = tokio::select! {
        shown = show(folder) => shown?,
        signalled = interrupted() => return signalled.map(|()| Code::Interrupted),
    };
    if !args.once {
        println!("{}", around(&world, folder));
        interrupted().await?;
        println!("\nStopping.");
    }
    if matches!(code, Code::Served) {
        world.daemon.stop().await?;
    }
    Ok(code)
}

async fn show(folder: &Path) -> Result<(World, Code)> {
    step("Looking for what the demo needs (git, OpenSSH, HAProxy, Pebble) and building nws-certd.");
    let programs = Programs::find_or_make().await?;
    step("Starting a CA, its DNS, two edges on two addresses, and a GitOps repository behind ssh.");
    let mut world = World::start(&programs, folder, Settings::USUAL).await?;
    for cluster in &world.clusters {
        let edge = cluster.edge();
        println!(
            "  {} is HAProxy on {}; its cluster applies the repository's Secrets to it",
            edge.name(),
            edge.address()
        );
    }
    step("Starting nws-certd with this configuration:");
    for line in files::read(world.daemon.config())?.lines() {
        println!("  {}", ink::dim(line));
    }
    world.daemon.start().await?;
    world.welcome_any_host().await?;
    step("Committing three applications, each an Ingress with its hosts, and pushing.");
    world.add(&SAMPLES).await?;
    let served = watch(&mut world).await;
    println!("\n{}", table::render(HEADER, &rows(&world, &served).await));
    let all = served.iter().all(|one| one.after.is_some());
    Ok((world, if all { Code::Served } else { Code::NotServed }))
}

fn step(text: &str) {
    println!("\n{}", ink::bold(text));
}

/// When a host was first served on both edges, counted from the push.
struct Served {
    host: &'static str,
    after: Option<Duration>,
}

/// Watches the edges until every host is served, the daemon ends or time is up; the push has just happened.
async fn watch(world: &mut World) -> Vec<Served> {
    let pushed = Instant::now();
    let hosts = SAMPLES.iter().flat_map(|app| app.hosts);
    let mut all: Vec<_> = hosts.map(|host| Served { host, after: None }).collect();
    let watched = wait::until("every host is served", DELIVERY, async || {
        world.daemon.check_running()?;
        let mut missing = Ok(());
        for one in all.iter_mut().filter(|one| one.after.is_none()) {
            match world.served(one.host).await {
                Ok(_) => one.note(pushed.elapsed()),
                Err(error) => missing = Err(error),
            }
        }
        Ok(Look::from(missing))
    })
    .await;
    if let Err(error) = watched {
        println!("  {} {error:#}", ink::red("failed:"));
    }
    all
}

impl Served {
    fn note(&mut self, after: Duration) {
        println!("  {} {} after {:.1} s", ink::green("served"), self.host, after.as_secs_f64());
        self.after = Some(after);
    }
}

const HEADER: [&str; 6] = ["HOST", "EDGE", "ISSUER", "NOT AFTER", "SERVED", "SECONDS FROM COMMIT"];

async fn rows(world: &World, served: &[Served]) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for Served { host, after } in served {
        for cluster in &world.clusters {
            let address = cluster.edge().address();
            let leaf = world.probe.leaf(address, host).await;
            let seconds =
                after.map_or_else(|| "-".to_owned(), |after| format!("{:.1}", after.as_secs_f64()));
            rows.push(row(host, &address.to_string(), leaf.ok(), seconds));
        }
    }
    rows
}

fn row(host: &str, edge: &str, leaf: Option<Leaf>, seconds: String) -> [String; 6] {
    let (issuer, not_after, served) = match leaf {
        Some(leaf) => (leaf.issuer, timestamp(leaf.not_after), "yes"),
        None => ("-".to_owned(), "-".to_owned(), "no"),
    };
    [host.to_owned(), edge.to_owned(), issuer, not_after, served.to_owned(), seconds]
}

/// RFC 3339, to the second.
fn timestamp(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    at.to_offset(UtcOffset::UTC).format(format).unwrap_or_else(|_| at.to_string())
}

/// What can be tried while the demo stays up.
fn around(world: &World, folder: &Path) -> String {
    let address = world.clusters[0].edge().address();
    let (port, host) = (world.probe.port(), SAMPLES[0].hosts[0]);
    let (folder, config, binary) =
        (folder.display(), world.daemon.config().display(), world.daemon.binary().display());
    let title = ink::bold("Everything stays up until Ctrl-C. Look around from another terminal:");
    format!(
        r#"
{title}

  what an edge serves
    curl --cacert {folder}/root.pem --resolve {host}:{port}:{address} https://{host}:{port}/

  what nws-certd knows, and what it pushed
    {binary} status --config {config}
    git --git-dir {folder}/gitops.git log --stat

  an application of your own: mine.example
    cd {folder}/developer && git pull
    mkdir apps/mine && sed s/shop/mine/g apps/shop/ingress.yaml > apps/mine/ingress.yaml
    git add apps && git commit -m "Add mine" && git push

  logs and everything else
    {folder}
"#
    )
}
