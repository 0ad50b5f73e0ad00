//! A repository in which keys stand in clear is configured as sealed: every file is replaced, and no cluster misses a Secret.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::wait::{self, Look};
use crate::world::{
    Bits, ClusterSettings, DELIVERY, Encryption, Opens, Programs, Recipients, SAMPLES, SealedTo,
    Settings, World, clear_key,
};

/// Two clusters that share a sealing key, and as yet no file that needs one.
const PLAIN: Settings = Settings {
    clusters: [
        ClusterSettings { opens: Opens::SealedSecrets(Bits::Rsa2048), ..ClusterSettings::USUAL },
        ClusterSettings { opens: Opens::SealedSecretsWithKeyOf(0), ..ClusterSettings::USUAL },
    ],
    ..Settings::USUAL
};

const SEALED: Settings = Settings {
    encryption: Encryption {
        way: "sealed-secrets",
        scope: None,
        recipients: &[Recipients { name: None, to: SealedTo::CertificateFile(0), told: "" }],
    },
    ..PLAIN
};

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, PLAIN).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    let leaves = world.wait_all_served(&SAMPLES).await?;
    ensure!(with_key_in_clear(&world).await?.len() == SAMPLES.len(), "keys are not in clear");
    let orders = world.proxy.orders();

    world.daemon.stop().await?;
    world.daemon.configure(SEALED)?;
    world.daemon.start().await?;
    wait::until("no file at the tip has a key in clear", DELIVERY, async || {
        world.daemon.check_running()?;
        let clear = with_key_in_clear(&world).await?;
        Ok(if clear.is_empty() { Look::Done(()) } else { Look::NotYet(format!("{clear:?} have")) })
    })
    .await?;
    wait_all_owned(&mut world).await?;
    ensure!(world.wait_all_served(&SAMPLES).await? == leaves, "other certificates are served");
    for cluster in &world.clusters {
        let (absences, refusals) = (cluster.absences(), cluster.refusals());
        ensure!(absences.is_empty() && refusals.is_empty(), "{absences:?}, {refusals:?}");
    }
    ensure!(world.proxy.orders() == orders, "going sealed led to orders");

    let commits = world.repository.commits_by_daemon().await?;
    world.daemon.sync().await?;
    let after = world.repository.commits_by_daemon().await?;
    ensure!(after == commits, "what is sealed is committed again");
    Ok(format!("{} files sealed, no order, and no cluster missed a Secret", SAMPLES.len()))
}

/// The files at the tip in which a key can be read.
async fn with_key_in_clear(world: &World) -> Result<Vec<String>> {
    let mut clear = Vec::new();
    for blob in world.repository.list(&world.repository.tip()?, "certs/").await? {
        let text = world.repository.show(&blob.id).await?;
        clear.extend(clear_key::find(text.as_bytes()).map(|_| blob.path));
    }
    Ok(clear)
}

/// Waits until every Secret is the controller's in every cluster.
async fn wait_all_owned(world: &mut World) -> Result<()> {
    wait::until("the controllers have taken over all Secrets", DELIVERY, async || {
        world.daemon.check_running()?;
        let owned: Vec<_> = world.clusters.iter().map(|cluster| cluster.owned()).collect();
        let is_all = owned.iter().all(|count| *count == SAMPLES.len());
        Ok(if is_all { Look::Done(()) } else { Look::NotYet(format!("they have {owned:?}")) })
    })
    .await
}
