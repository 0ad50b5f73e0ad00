//! The key file is rotated, over a SIGKILL in the middle: what was issued before is delivered after it, with the same account, and the
//! old key file opens nothing. While the daemon runs nothing is begun, and it leaves no core.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::files;
use crate::proxy::Endpoint;
use crate::wait::{self, Look};
use crate::world::{App, Programs, SAMPLES, Settings, Stage, Status, World};

/// Issued certificates wait here for company until they are to be delivered.
const SETTINGS: Settings = Settings { batch: "90s", ..Settings::USUAL };

const ISSUING: Duration = Duration::from_secs(60);
const ROTATED: Duration = Duration::from_secs(20);

/// Ordered afterwards, with the account from before.
const NEWCOMER: App = App { name: "forum", hosts: &["forum.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.daemon.check_no_core()?;
    let all_issued = |status: &Status| {
        SAMPLES.iter().try_for_each(|app| status.expect(app.hosts[0], Stage::Issued).map(drop))
    };
    world.daemon.wait_status("every certificate is issued", ISSUING, all_issued).await?;
    let (key_file, account) = (world.daemon.state().join("key.age"), account(&world).await?);
    let old = files::read(&key_file)?;
    refused_while_the_daemon_runs(&world).await?;
    world.daemon.stop().await?;

    killed_in_the_middle(&world, &key_file, &old).await?;
    let said = world.daemon.tell(&["state", "rotate-key"]).await?;
    let new = files::read(&key_file)?;
    ensure!(identities(&new) == 1 && new != old, "there is no other identity after: {said}");
    opens_nothing(&world, &key_file, &old).await?;
    files::write_with_mode(&key_file, &new, 0o600)?;

    let orders = world.proxy.count(Endpoint::NewOrder);
    world.daemon.reconfigure(r#"batch = "90s""#, r#"batch = "1s""#)?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;
    let ordered = world.proxy.count(Endpoint::NewOrder) - orders;
    ensure!(ordered == 0, "{ordered} orders were made again after the rotation");
    world.add(&[NEWCOMER]).await?;
    world.wait_all_served(&[NEWCOMER]).await?;
    ensure!(self::account(&world).await? == account, "the account is another");
    world.daemon.stop().await?;
    Ok(format!(
        "{} certificates from before it are served, with no order; the old key file is refused",
        SAMPLES.len()
    ))
}

async fn account(world: &World) -> Result<String> {
    Ok(format!("{:?}", world.daemon.status().await?.account()?))
}

fn identities(key_file: &str) -> usize {
    key_file.lines().filter(|line| line.starts_with("AGE-SECRET-KEY-1")).count()
}

async fn refused_while_the_daemon_runs(world: &World) -> Result<()> {
    let (code, said) = world.daemon.complain(&["state", "rotate-key"]).await?;
    ensure!(code == Some(1) && said.contains("in use by another"), "{code:?}, and: {said}");
    Ok(())
}

/// Kills the command as soon as it has begun, which leaves both identities unless it was faster.
async fn killed_in_the_middle(world: &World, key_file: &Path, old: &str) -> Result<()> {
    let mut rotating = world.daemon.begin(&["state", "rotate-key"])?;
    wait::until("the key file is another", ROTATED, async || {
        let begun = files::read(key_file)? != old;
        Ok(if begun { Look::Done(()) } else { Look::NotYet("it is the same".into()) })
    })
    .await?;
    rotating.kill();
    // Whatever was sealed anew by then, everything opens: the state is read, with the account key.
    world.daemon.status().await.map(drop).context("nothing opens after the kill")
}

async fn opens_nothing(world: &World, key_file: &Path, old: &str) -> Result<()> {
    fs::remove_file(key_file)?;
    files::write_with_mode(key_file, old, 0o600)?;
    let (code, said) = world.daemon.refusal().await?;
    let told = said.contains("does not open with the key file");
    ensure!(code == Some(1) && told, "{code:?} with the old key file, and: {said}");
    Ok(())
}
