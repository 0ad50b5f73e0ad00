//! The database is deleted; nothing is ordered again, and the account is the same.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::proxy::Endpoint;
use crate::wait::{self, Look};
use crate::world::{Account, App, Programs, SAMPLES, Settings, Stage, World};

const KNOWN_AGAIN: Duration = Duration::from_secs(60);

/// What is added afterwards: ordering it shows which account the CA knows the daemon by.
const NEWCOMER: App = App { name: "forum", hosts: &["forum.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    let leaves = world.wait_all_served(&SAMPLES).await?;
    let before = Traces::of(&world).await?;

    world.daemon.stop().await?;
    let files = delete_database(world.daemon.state())?;
    world.daemon.start().await?;
    world.daemon.sync().await?;
    wait::until("everything pushed is known again", KNOWN_AGAIN, async || {
        world.daemon.check_running()?;
        Ok(Look::from(all_pushed(&world).await))
    })
    .await?;
    let after = Traces::of(&world).await?;
    let ordered = after.orders - before.orders;
    ensure!(ordered == 0, "{ordered} orders were made after the database was lost");
    let pushed = after.commits - before.commits;
    ensure!(pushed == 0, "{pushed} commits were made after the database was lost");
    ensure!(world.wait_all_served(&SAMPLES).await? == leaves, "other certificates are served");

    world.add(&[NEWCOMER]).await?;
    world.wait_all_served(&[NEWCOMER]).await?;
    let account = world.daemon.status().await?.account()?.clone();
    ensure!(account == before.account, "{account:?} it is now, and was {:?}", before.account);
    Ok(format!("{files} files deleted; no order, no commit, the same account"))
}

/// What a daemon that begins anew would leave more of, or other ones.
struct Traces {
    orders: u64,
    commits: usize,
    account: Account,
}

impl Traces {
    async fn of(world: &World) -> Result<Self> {
        Ok(Self {
            orders: world.proxy.count(Endpoint::NewOrder),
            commits: world.repository.commits_by_daemon().await?,
            account: world.daemon.status().await?.account()?.clone(),
        })
    }
}

pub(super) async fn all_pushed(world: &World) -> Result<()> {
    let status = world.daemon.status().await?;
    for host in SAMPLES.iter().flat_map(|app| app.hosts) {
        let certificate =
            status.certificate(host).with_context(|| format!("{host} is not known"))?;
        ensure!(certificate.stage.is(Stage::Pushed), "{host} is {:?}", certificate.stage);
    }
    Ok(())
}

/// Deletes the database with its journal, and says how many files that were.
pub(super) fn delete_database(state: &Path) -> Result<usize> {
    let mut deleted = 0;
    for entry in fs::read_dir(state).with_context(|| format!("cannot list {}", state.display()))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("state.db")) {
            fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))?;
            deleted += 1;
        }
    }
    ensure!(deleted > 0, "there is no database in {}", state.display());
    Ok(deleted)
}
