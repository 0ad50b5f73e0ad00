//! Keys and recipients change while a fleet runs: nothing is written by itself, and everything when a person says so.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::wait::{self, Look};
use crate::world::{
    App, Bits, ClusterSettings, DELIVERY, Encryption, Leaf, Opens, Programs, Recipients, SAMPLES,
    SealedTo, Settings, Traces, World,
};

const SEALED: ClusterSettings =
    ClusterSettings { opens: Opens::SealedSecrets(Bits::Rsa2048), ..ClusterSettings::USUAL };

/// The first cluster is sealed to, and asked itself what with.
const ROTATED: Settings = Settings {
    clusters: [SEALED, ClusterSettings::applying("nothing/")],
    encryption: Encryption {
        way: "sealed-secrets",
        recipients: &[Recipients { name: None, to: SealedTo::Controller(0), told: "" }],
        ..Encryption::NONE
    },
    ..Settings::USUAL
};

const ONE: Settings = Settings {
    clusters: [ClusterSettings { opens: Opens::Sops, ..ClusterSettings::USUAL }; 2],
    encryption: sops(&[Recipients { name: None, to: SealedTo::Age(&[0]), told: "" }]),
    ..Settings::USUAL
};

const BOTH: Settings = Settings {
    encryption: sops(&[Recipients { name: None, to: SealedTo::Age(&[0, 1]), told: "" }]),
    ..ONE
};

const OTHER: Settings = Settings {
    encryption: sops(&[Recipients { name: None, to: SealedTo::Age(&[1]), told: "" }]),
    ..ONE
};

const fn sops(recipients: &'static [Recipients]) -> Encryption {
    Encryption { way: "sops-age", scope: None, recipients }
}

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let rotated = rotate(programs, &folder.join("rotate")).await?;
    let recipients = change_recipients(programs, &folder.join("recipients")).await?;
    Ok(format!("{rotated}; {recipients}"))
}

/// A controller begins another key.
async fn rotate(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, ROTATED).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served_at(0, &SAMPLES).await?;
    let before = Traces::of(&world).await?;

    let controller = world.cluster(0)?.controller()?;
    controller.rotate()?;
    world.daemon.sync().await?;
    ensure!(Traces::of(&world).await? == before, "a key that was rotated led to something");
    world.daemon.tell(&["reseal"]).await?;
    controller.retire_old_keys();
    wait_all_open_at(&mut world, 0).await?;
    let after = Traces::of(&world).await?;
    ensure!(after.orders == before.orders, "sealing anew led to orders");
    let commits = after.commits - before.commits;
    Ok(format!("{} files sealed to another key in {commits} commits", SAMPLES.len()))
}

/// A cluster is added, then another is taken away.
async fn change_recipients(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, ONE).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served_at(0, &SAMPLES).await?;
    let before = Traces::of(&world).await?;

    restart_with(&mut world, BOTH).await?;
    ensure!(Traces::of(&world).await? == before, "a recipient that was added led to something");
    world.daemon.tell(&["reseal"]).await?;
    let leaves = world.wait_all_served(&SAMPLES).await?;
    ensure!(world.proxy.orders() == before.orders, "sealing for one more led to orders");

    restart_with(&mut world, OTHER).await?;
    let said = world.daemon.tell(&["reseal", "--dry-run"]).await?;
    for words in ["must be considered to know the keys of 3 certificates", "reseal --reissue"] {
        ensure!(said.contains(words), "{words:?} is not told:\n{said}");
    }
    world.daemon.tell(&["reseal", "--reissue"]).await?;
    for (app, leaf) in SAMPLES.iter().zip(leaves) {
        wait_replaced_at(&mut world, 1, app, &leaf).await?;
    }
    expect_closed_at(&world, 0).await?;
    let orders = world.proxy.orders() - before.orders;
    ensure!(orders == SAMPLES.len(), "{orders} orders were made for {}", SAMPLES.len());
    Ok(format!("a recipient added without an order, another removed with {orders}"))
}

async fn restart_with(world: &mut World, settings: Settings) -> Result<()> {
    world.daemon.stop().await?;
    world.daemon.configure(settings)?;
    world.daemon.start().await?;
    world.daemon.sync().await
}

fn path(app: &App) -> String {
    format!("certs/{0}/{0}-tls.yaml", app.name)
}

async fn wait_replaced_at(world: &mut World, at: usize, app: &App, before: &Leaf) -> Result<()> {
    let (address, host) = (world.cluster(at)?.edge().address(), app.hosts[0]);
    wait::until(&format!("{host} is served with another certificate"), DELIVERY, async || {
        world.daemon.check_running()?;
        Ok(match world.probe.leaf(address, host).await {
            Ok(leaf) if leaf.serial == before.serial => Look::NotYet("it is the same".into()),
            served => Look::from(served.map(drop)),
        })
    })
    .await
}

async fn wait_all_open_at(world: &mut World, at: usize) -> Result<()> {
    wait::until("all are sealed to what the cluster has now", DELIVERY, async || {
        world.daemon.check_running()?;
        for app in SAMPLES {
            let text = world.repository.text(&path(&app)).await?;
            if let Err(error) = world.cluster(at)?.open(text).await {
                return Ok(Look::NotYet(format!("{error:#}")));
            }
        }
        Ok(Look::Done(()))
    })
    .await
}

async fn expect_closed_at(world: &World, at: usize) -> Result<()> {
    for app in SAMPLES {
        let opened = world.cluster(at)?.open(world.repository.text(&path(&app)).await?).await;
        ensure!(opened.is_err(), "{} opens where it must not", path(&app));
    }
    Ok(())
}
