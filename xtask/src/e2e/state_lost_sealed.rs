//! The database is deleted, and with it every key: what is sealed is served on without an order, but it can be sealed to nobody
//! else, which is told and left to a person.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::e2e::state_lost::{all_pushed, delete_database};
use crate::wait::{self, Look};
use crate::world::{
    App, ClusterSettings, DELIVERY, Encryption, Opens, Programs, Recipients, SAMPLES, SealedTo,
    Settings, Traces, World,
};

/// The second cluster comes later: what it cannot open yet it does not serve.
const ONE: Settings = Settings {
    clusters: [ClusterSettings { opens: Opens::Sops, ..ClusterSettings::USUAL }; 2],
    encryption: sops(&[Recipients { name: None, to: SealedTo::Age(&[0]), told: "" }]),
    ..Settings::USUAL
};

const BOTH: Settings = Settings {
    encryption: sops(&[Recipients { name: None, to: SealedTo::Age(&[0, 1]), told: "" }]),
    ..ONE
};

const fn sops(recipients: &'static [Recipients]) -> Encryption {
    Encryption { way: "sops-age", scope: None, recipients }
}

/// What is added afterwards has a key, and is sealed to both.
const NEWCOMER: App = App { name: "forum", hosts: &["forum.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, ONE).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served_at(0, &SAMPLES).await?;
    let before = Traces::of(&world).await?;

    world.daemon.stop().await?;
    let files = delete_database(world.daemon.state())?;
    world.daemon.configure(BOTH)?;
    world.daemon.start().await?;
    world.daemon.sync().await?;
    wait::until("everything pushed is known again", DELIVERY, async || {
        world.daemon.check_running()?;
        Ok(Look::from(all_pushed(&world).await))
    })
    .await?;
    for command in [&["reseal", "--dry-run"][..], &["plan"]] {
        let said = world.daemon.tell(command).await?;
        ensure!(said.contains("reissue: key not held"), "{command:?} does not tell:\n{said}");
    }
    ensure!(Traces::of(&world).await? == before, "a lost database led to something");

    world.add(&[NEWCOMER]).await?;
    world.wait_all_served(&[NEWCOMER]).await?;
    world.wait_all_served_at(0, &SAMPLES).await?;
    let orders = world.proxy.orders() - before.orders;
    ensure!(orders == 1, "{orders} orders were made for one that came");
    Ok(format!("{files} files deleted; no order, and what cannot be sealed again is told"))
}
