//! What is wanted in one repository is delivered into another, where a cluster applies it; what a second wants stays there, for
//! another cluster. One git host that is away holds up only what is for it.

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::wait::{self, Look};
use crate::world::{
    App, ClusterSettings, DELIVERY, Other, Programs, Repository, Settings, Stage, TroubleWith,
    World,
};

/// The first repository is `certs`.
const SETTINGS: Settings = Settings {
    git: "name = \"certs\"\nwants = false\n",
    others: &[("apps", "name = \"apps\"\ndeliver_to = \"certs\"\n"), ("own", "name = \"own\"\n")],
    clusters: [ClusterSettings::USUAL, ClusterSettings::applying("own:certs/")],
    retry: "free = \"1s\"\nfree_max = \"2s\"\n",
    ..Settings::USUAL
};

const SHOP: App = App { name: "shop", hosts: &["shop.example"] };
const WIKI: App = App { name: "wiki", hosts: &["wiki.example"] };
/// Those that come while the host of `certs` is away.
const BLOG: App = App { name: "blog", hosts: &["blog.example"] };
const DOCS: App = App { name: "docs", hosts: &["docs.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    let shop = want(&world, 0, SHOP).await?;
    let wiki = want(&world, 1, WIKI).await?;
    world.daemon.start().await?;
    world.wait_served_at(shop, SHOP.hosts[0]).await?;
    world.wait_served_at(wiki, WIKI.hosts[0]).await?;
    expect_file(&world.repository, "certs/shop/shop-tls.yaml").await?;
    expect_file(&other(&world, 1)?.repository, "certs/wiki/wiki-tls.yaml").await?;

    world.git_host.admit_nobody()?;
    let blog = want(&world, 0, BLOG).await?;
    let docs = want(&world, 1, DOCS).await?;
    world.wait_served_at(docs, DOCS.hosts[0]).await?;
    wait_held_up(&mut world).await?;
    world.git_host.admit_deploy_key()?;
    world.wait_served_at(blog, BLOG.hosts[0]).await?;

    let (orders, commits) = (world.proxy.orders(), commits(&world).await?);
    ensure!(orders == 4, "{orders} orders were made for four certificates");
    ensure!(commits[1] == 0, "{} commits were made where nothing is delivered", commits[1]);
    world.daemon.kill();
    world.daemon.start().await?;
    world.daemon.sync().await?;
    let after = self::commits(&world).await?;
    ensure!(after == commits, "a restart led to commits: {commits:?}, then {after:?}");
    Ok(format!("four certificates into two of three repositories, {commits:?} commits"))
}

/// Commits an application to `apps` or `own`, for the cluster that applies what becomes of it.
async fn want(world: &World, to: usize, app: App) -> Result<IpAddr> {
    let address = world.point_at(app.hosts[0], to).await?;
    let message = format!("Add {}", app.name);
    other(world, to)?.repository.commit(&app.manifests(), &message).await?;
    Ok(address)
}

fn other(world: &World, at: usize) -> Result<&Other> {
    world.others.get(at).context("there is no such repository")
}

/// What is for the host that is away is ordered, and waits for it.
async fn wait_held_up(world: &mut World) -> Result<()> {
    wait::until("blog.example waits for its repository", DELIVERY, async || {
        world.daemon.check_running()?;
        let status = world.daemon.status().await?;
        let trouble = status.trouble(TroubleWith::Fetch).unwrap_or_default().to_owned();
        let stage = status.certificate(BLOG.hosts[0]).map(|found| found.stage);
        Ok(if stage == Some(Stage::Issued) && trouble.starts_with("certs: ") {
            Look::Done(())
        } else {
            Look::NotYet(format!("it is {stage:?}, and the trouble is {trouble:?}"))
        })
    })
    .await
}

async fn commits(world: &World) -> Result<[usize; 3]> {
    let mut all = [world.repository.commits_by_daemon().await?, 0, 0];
    for (count, other) in all.iter_mut().skip(1).zip(&world.others) {
        *count = other.repository.commits_by_daemon().await?;
    }
    Ok(all)
}

async fn expect_file(repository: &Repository, path: &str) -> Result<()> {
    let blobs = repository.list(&repository.tip()?, path).await?;
    ensure!(blobs.len() == 1, "there is no {path}");
    Ok(())
}
