//! A repository is sealed, and somebody configures it as if it were not: no key in clear is pushed into it, until a person says
//! that this is meant.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::world::{
    Bits, ClusterSettings, Encryption, Opens, Programs, Recipients, SAMPLES, SealedTo, Settings,
    Stage, Status, TroubleWith, World,
};

const SEALED: Settings = Settings {
    clusters: [
        ClusterSettings { opens: Opens::SealedSecrets(Bits::Rsa2048), ..ClusterSettings::USUAL },
        ClusterSettings { opens: Opens::SealedSecretsWithKeyOf(0), ..ClusterSettings::USUAL },
    ],
    encryption: Encryption {
        way: "sealed-secrets",
        scope: None,
        recipients: &[Recipients { name: None, to: SealedTo::CertificateFile(0), told: "" }],
    },
    ..Settings::USUAL
};

/// The mistake.
const IN_CLEAR: Settings = Settings { encryption: Encryption::NONE, ..SEALED };

const REASON: &str = "would hold a private key in clear";
const REMEDY: &str = "git.unseal = true";

const NOTICED: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SEALED).await?;
    world.add(&SAMPLES[..1]).await?;
    world.daemon.start().await?;
    let sealed = world.wait_all_served(&SAMPLES[..1]).await?;

    world.daemon.stop().await?;
    world.daemon.configure(IN_CLEAR)?;
    world.add(&SAMPLES[1..2]).await?;
    let before = world.repository.objects().await?;
    world.daemon.start().await?;
    let serial = held(&mut world).await?;
    let after = world.repository.objects().await?;
    ensure!(after == before, "the git host had {before} objects, and has {after}");

    world.daemon.stop().await?;
    let (none, meant) = ("encryption = \"none\"\n", "encryption = \"none\"\nunseal = true\n");
    world.daemon.reconfigure(none, meant)?;
    world.daemon.start().await?;
    let served = world.wait_all_served(&SAMPLES[..2]).await?;
    ensure!(served[1].serial == serial, "{serial} was held, and {} is served", served[1].serial);
    ensure!(served[0] == sealed[0], "what is sealed was replaced");
    let trouble = world.daemon.status().await?.trouble(TroubleWith::Push).map(str::to_owned);
    ensure!(trouble.is_none(), "there is trouble with pushing yet: {trouble:?}");
    let orders = world.proxy.orders();
    ensure!(orders == 2, "{orders} orders were made for two certificates");
    Ok("held with file and reason, and no object of it at the git host; delivered once it was meant, without another order".into())
}

/// Waits until the certificate is held for its key, and returns its serial.
async fn held(world: &mut World) -> Result<String> {
    let look = |status: &Status| {
        let certificate = status.expect(SAMPLES[1].hosts[0], Stage::Held)?;
        let trouble = status.trouble(TroubleWith::Push).unwrap_or_default();
        for words in [REASON, REMEDY] {
            ensure!(trouble.contains(words), "the trouble is {trouble:?}");
        }
        certificate.serial.clone().context("what is held has no serial")
    };
    world.daemon.wait_status("the certificate is held", NOTICED, look).await
}
