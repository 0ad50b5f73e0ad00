//! Two clusters that each have a Secret of the same namespace and name, in its own tree and layout.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{App, ClusterSettings, Programs, Settings, World};

const SETTINGS: Settings = Settings {
    targets: r#"[[targets]]
name = "eu"
paths = ["clusters/eu"]
cluster_group = "europe"

[[targets]]
name = "us"
paths = ["clusters/us"]
layout = "kustomize"

"#,
    clusters: [
        ClusterSettings { group: "europe", ..ClusterSettings::applying("certs/eu/") },
        ClusterSettings::applying("clusters/us/"),
    ],
    ..Settings::USUAL
};

/// The same application, by one host name in each cluster.
const EU: App = App { name: "shop", hosts: &["eu.shop.example"] };
const US: App = App { name: "shop", hosts: &["us.shop.example"] };

const KUSTOMIZATION: &str = "# what runs in the US\nresources:\n  - ingress.yaml # the web\n";
const LISTED: &str =
    "# what runs in the US\nresources:\n  - ingress.yaml # the web\n  - shop-tls.yaml\n";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    let edges = [world.point_at(EU.hosts[0], 0).await?, world.point_at(US.hosts[0], 1).await?];
    let manifests = [
        ("clusters/eu/shop/ingress.yaml".to_owned(), EU.ingress()),
        ("clusters/us/shop/ingress.yaml".to_owned(), US.ingress()),
        ("clusters/us/shop/kustomization.yaml".to_owned(), KUSTOMIZATION.to_owned()),
    ];
    world.repository.commit(&manifests, "Run the shop in two places").await?;
    world.daemon.start().await?;
    let eu = world.wait_served_at(edges[0], EU.hosts[0]).await?;
    let us = world.wait_served_at(edges[1], US.hosts[0]).await?;
    ensure!(eu.serial != us.serial, "both clusters serve one certificate");
    for (edge, host) in [(edges[0], US.hosts[0]), (edges[1], EU.hosts[0])] {
        let served = world.probe.leaf(edge, host).await;
        ensure!(served.is_err(), "{host} is served by the cluster that it is not for");
    }

    let fleet = world.repository.text("certs/eu/shop/fleet.yaml").await?;
    ensure!(
        fleet.contains("clusterGroup: \"europe\""),
        "Fleet is not told of the clusters:\n{fleet}"
    );
    let kustomization = world.repository.text("clusters/us/shop/kustomization.yaml").await?;
    ensure!(kustomization == LISTED, "the kustomization is now\n{kustomization}");

    let (orders, commits) = (world.proxy.orders(), world.repository.commits_by_daemon().await?);
    ensure!(orders == 2, "{orders} orders were made for two certificates");
    world.daemon.kill();
    world.daemon.start().await?;
    world.daemon.sync().await?;
    ensure!(world.repository.commits_by_daemon().await? == commits, "a restart led to a commit");
    Ok(format!("one Secret's name in two clusters, two certificates, {commits} commits"))
}
