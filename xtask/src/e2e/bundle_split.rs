//! More certificates in one namespace than a Fleet bundle holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{App, Programs, Repository, Settings, World};

const SETTINGS: Settings = Settings { concurrency: 32, ..Settings::USUAL };

/// What a bundle holds.
const MOST: usize = 200;

/// The first wave fills the bundle and begins its sibling, which the second goes on with.
const WAVES: [(&str, usize); 2] = [("early", 210), ("late", 20)];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.daemon.start().await?;
    let mut before = BTreeSet::new();
    for (name, count) in WAVES {
        let apps = App::wave(name, count);
        add_to_one_namespace(&world, &apps).await?;
        world.wait_all_served(&apps).await?;
        let secrets = secrets(&world.repository).await?;
        ensure!(before.is_subset(&secrets), "some Secrets have moved");
        before = secrets;
    }
    let by_bundle = by_bundle(&before);
    let all: usize = WAVES.iter().map(|(_, count)| count).sum();
    let want = BTreeMap::from([("certs/many", MOST), ("certs/many--2", all - MOST)]);
    ensure!(by_bundle == want, "the Secrets lie in {by_bundle:?}");
    let orders = world.proxy.orders();
    ensure!(orders == all, "{orders} orders were made for {all} certificates");
    Ok(format!("{all} certificates of one namespace in bundles of {:?}", by_bundle.values()))
}

/// As [`World::add`], but with all of them in the namespace `many`.
async fn add_to_one_namespace(world: &World, apps: &[App]) -> Result<()> {
    for app in apps {
        world.point_here(app, 0).await?;
    }
    let manifest = |app: &App| {
        let own = format!("namespace: {}\n", app.name);
        let text = app.ingress().replacen(&own, "namespace: many\n", 1);
        (format!("apps/{}/ingress.yaml", app.name), text)
    };
    let manifests: Vec<_> = apps.iter().map(manifest).collect();
    world.repository.commit(&manifests, "Add many").await
}

/// The paths of all certificates.
async fn secrets(repository: &Repository) -> Result<BTreeSet<String>> {
    let blobs = repository.list(&repository.tip()?, "certs/").await?;
    let paths = blobs.into_iter().map(|blob| blob.path);
    Ok(paths.filter(|path| !path.ends_with("/fleet.yaml")).collect())
}

fn by_bundle(secrets: &BTreeSet<String>) -> BTreeMap<&str, usize> {
    let mut bundles = BTreeMap::new();
    for (dir, _) in secrets.iter().filter_map(|path| path.rsplit_once('/')) {
        *bundles.entry(dir).or_default() += 1;
    }
    bundles
}
