//! One seed, from an empty world to fifty pushed certificates.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::{Instant, sleep, timeout};

use crate::chaos::audit::{Audit, Pushed, audit};
use crate::chaos::dice::Dice;
use crate::chaos::record::Record;
use crate::e2e::world_folder;
use crate::world::{App, CaOptions, CaSettings, Programs, Settings, SmallWorld, Validation};
use crate::{files, leaks};

const APPLICATIONS: usize = 50;

/// How long a seed may take from the daemon's first start; the usual is half of it.
const LIMIT: Duration = Duration::from_secs(30);

/// How long a first life is, in milliseconds: one in three does not get far beyond its start.
const SHORT_LIFE: Range<u64> = 30..500;
const LONG_LIFE: Range<u64> = 500..2_500;
/// After so many kills lives are twice as long, after twice as many three times: a slow machine gets there too.
const LONGER_AFTER: u32 = 10;

/// What is late when time is up gets so long without another kill, to be told from what is lost.
const GRACE: Duration = Duration::from_secs(60);

/// How long the CA waits for each answer to a challenge, in milliseconds.
const DELAY: Range<u64> = 0..600;

/// How often the branch is looked at; it is one file.
const LOOK: Duration = Duration::from_millis(20);

const CA: CaSettings = CaSettings { bad_nonces: 50, reuse: 100, ..CaSettings::USUAL };

const SETTINGS: Settings =
    Settings { cas: &[(CA, CaOptions::NONE)], batch: "300ms", concurrency: 8, ..Settings::USUAL };

pub(super) async fn run(programs: &Programs, seed: u64) -> Result<Record> {
    let folder = world_folder(&format!("chaos-{seed}"))?;
    let mut dice = Dice::of(seed);
    let mut delays = dice.split();
    let validation = Validation::Late(Box::new(move || delays.milliseconds(DELAY)));
    let mut world = SmallWorld::start(programs, folder.path(), SETTINGS, validation).await?;
    let apps = App::wave("app", APPLICATIONS);
    world.add(&apps).await?;

    let begun = Instant::now();
    let mut kills = 0;
    let outcome = timeout(LIMIT, live_and_die(&mut world, &mut dice, &mut kills)).await;
    let seconds = begun.elapsed().as_secs_f64();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(_) => {
            catch_up(&mut world).await?;
            Err(anyhow!("not all was pushed after {} s", LIMIT.as_secs()))
        }
    };
    world.daemon.kill();
    let ledger = world.proxy.ledger();
    if let Err(error) = leaks::check(&programs.tools.git, folder.path()).await {
        return Err(error.context(format!("everything is kept in {}", folder.keep().display())));
    }
    let audit = audit(ledger, &Pushed::read(&world.repository).await?, &apps);
    let mut record = record(seed, seconds, kills, audit, outcome);
    if !record.is_good() {
        let orders = serde_json::to_string_pretty(&ledger.orders())?;
        files::write(&folder.path().join("orders.json"), orders)?;
        record.logs = Some(folder.keep());
    }
    Ok(record)
}

/// Restarts the daemon each time it has lived as long as the dice say, until all is pushed.
///
/// # Errors
///
/// If it ends by itself.
async fn live_and_die(world: &mut SmallWorld, dice: &mut Dice, kills: &mut u32) -> Result<()> {
    loop {
        world.daemon.launch()?;
        let lives = if dice.one_in(3) { SHORT_LIFE } else { LONG_LIFE };
        let life = dice.milliseconds(lives);
        let life = life + life * *kills / LONGER_AFTER;
        match timeout(life, all_pushed(world)).await {
            Ok(pushed) => return pushed,
            Err(_) => world.daemon.kill(),
        }
        *kills += 1;
    }
}

/// Lets the daemon be until all is pushed, or nothing more is to be hoped for.
async fn catch_up(world: &mut SmallWorld) -> Result<()> {
    world.daemon.kill();
    world.daemon.launch()?;
    // Whatever is missing then is counted by the audit.
    let _enough = timeout(GRACE, all_pushed(world)).await;
    Ok(())
}

async fn all_pushed(world: &mut SmallWorld) -> Result<()> {
    let mut seen = String::new();
    loop {
        world.daemon.check_running()?;
        let tip = world.repository.tip()?;
        if tip != seen {
            let blobs = world.repository.list(&tip, "certs/").await?;
            let secrets = blobs.iter().filter(|blob| blob.path.ends_with("-tls.yaml"));
            if secrets.count() >= APPLICATIONS {
                return Ok(());
            }
        }
        seen = tip;
        sleep(LOOK).await;
    }
}

fn record(seed: u64, seconds: f64, kills: u32, audit: Audit, outcome: Result<()>) -> Record {
    let Audit { orders, finalized, failed, lost, second, missing } = audit;
    let stuck = outcome.err().map(|error| format!("{error:#}"));
    Record {
        seed,
        seconds,
        kills,
        orders,
        finalized,
        failed,
        lost,
        second,
        missing,
        stuck,
        logs: None,
    }
}
