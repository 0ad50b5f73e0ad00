//! Two clusters with sealing keys of their own: each gets a file that it alone can open, and both serve the same certificate.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::clear_key;
use crate::world::{
    App, Bits, ClusterSettings, Encryption, Opens, Programs, Recipients, SAMPLES, SealedTo,
    Settings, World,
};

/// Where the second cluster's certificate lies in the repository.
const AMERICAN: &str = "clusters/us/sealed-secrets.pem";

const SETTINGS: Settings = Settings {
    clusters: [
        ClusterSettings {
            group: "europe",
            opens: Opens::SealedSecrets(Bits::Rsa4096),
            ..ClusterSettings::USUAL
        },
        ClusterSettings {
            group: "america",
            opens: Opens::SealedSecrets(Bits::Rsa2048),
            ..ClusterSettings::USUAL
        },
    ],
    encryption: Encryption {
        way: "sealed-secrets",
        scope: None,
        recipients: &[
            Recipients {
                name: Some("eu"),
                to: SealedTo::CertificateFile(0),
                told: "cluster_group = \"europe\"\n",
            },
            Recipients {
                name: Some("us"),
                to: SealedTo::InRepository(AMERICAN),
                told: "cluster_group = \"america\"\n",
            },
        ],
    },
    ..Settings::USUAL
};

/// The folder that the daemon writes to for each cluster, which is that of its group.
const ROOTS: [&str; 2] = ["certs/eu", "certs/us"];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    let american = world.cluster(1)?.controller()?.certificate();
    world.repository.commit(&[(AMERICAN.to_owned(), american)], "Tell of our sealing key").await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;

    for app in SAMPLES {
        expect_opened_by_its_own(&world, app).await?;
    }
    for cluster in &world.clusters {
        let (absences, refusals) = (cluster.absences(), cluster.refusals());
        ensure!(absences.is_empty() && refusals.is_empty(), "{absences:?}, {refusals:?}");
    }
    let key = clear_key::find(&world.repository.all_objects().await?);
    ensure!(key.is_none(), "the git host has a key in clear: {key:?}");

    let (orders, commits) = (world.proxy.orders(), world.repository.commits_by_daemon().await?);
    ensure!(
        orders == SAMPLES.len(),
        "{orders} orders were made for {} certificates",
        SAMPLES.len()
    );
    world.daemon.kill();
    world.daemon.start().await?;
    world.daemon.sync().await?;
    let after = world.repository.commits_by_daemon().await?;
    ensure!(after == commits, "a restart led to a commit");
    Ok(format!("{orders} certificates, each sealed twice and opened once, in {commits} commits"))
}

/// Each cluster opens the file that is for it, and none opens the other's.
async fn expect_opened_by_its_own(world: &World, app: App) -> Result<()> {
    for (owner, root) in ROOTS.iter().enumerate() {
        let path = format!("{root}/{0}/{0}-tls.yaml", app.name);
        let text = world.repository.text(&path).await?;
        for at in 0..ROOTS.len() {
            let opened = world.cluster(at)?.open(text.clone()).await;
            let is_right = opened.is_ok() == (at == owner);
            ensure!(is_right, "cluster {at} and {path}: {:?}", opened.err());
        }
    }
    Ok(())
}
