//! Clusters of Flux's: the repository's own `.sops.yaml` says for whom, and `sops` opens what the daemon pushed.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{
    ClusterSettings, Encryption, Opens, Programs, SAMPLES, Settings, World, clear_key,
};

/// Without recipients: the creation rule is all there is.
const SETTINGS: Settings = Settings {
    clusters: [ClusterSettings { opens: Opens::Sops, ..ClusterSettings::USUAL }; 2],
    encryption: Encryption { way: "sops-age", ..Encryption::NONE },
    git: "layout = \"tree\"\n",
    ..Settings::USUAL
};

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    let rules = (".sops.yaml".to_owned(), creation_rules(&world)?);
    world.repository.commit(&[rules], "Say for whom Secrets are encrypted").await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;

    for app in SAMPLES {
        expect_encrypted_for_both(&world, &format!("certs/{0}/{0}-tls.yaml", app.name)).await?;
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
    Ok(format!("{orders} certificates, encrypted for two clusters in {commits} commits"))
}

fn creation_rules(world: &World) -> Result<String> {
    let recipients = world.clusters.iter().map(|cluster| Ok(cluster.decryption()?.recipient()));
    let recipients = recipients.collect::<Result<Vec<_>>>()?.join(",");
    Ok(format!(
        "creation_rules:\n  - path_regex: ^certs/.*\\.yaml$\n    encrypted_regex: ^(data|stringData)$\n    age: {recipients}\n"
    ))
}

/// Both clusters open the file as it was pushed, and neither once somebody has changed a word that stands in clear.
async fn expect_encrypted_for_both(world: &World, path: &str) -> Result<()> {
    let text = world.repository.text(path).await?;
    let changed = text.replacen("namespace: \"", "namespace: \"x", 1);
    ensure!(changed != text, "{path} has no namespace:\n{text}");
    for cluster in &world.clusters {
        let secret = cluster.open(text.clone()).await?;
        ensure!(!secret.identity.key.is_empty(), "{path} holds no key");
        let refusal = cluster.open(changed.clone()).await.err().map(|error| format!("{error:#}"));
        ensure!(refusal.as_ref().is_some_and(|it| it.contains("MAC")), "{path}: {refusal:?}");
    }
    Ok(())
}
