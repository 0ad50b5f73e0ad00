//! A world: everything nws-certd lives among, real and small, on loopback addresses of its own.
//!
//! A CA (Pebble) behind the CA proxy, the DNS the CA looks names up in, a bare git repository behind a git host (OpenSSH),
//! two edges (HAProxy) each with a cluster that applies the repository to it, and the daemon. Dropping a world ends all of it.

mod app;
mod ca;
mod cas;
pub(crate) mod clear_key;
mod cluster;
mod daemon;
mod dns;
mod edge;
mod explanation;
mod front;
mod git_host;
mod https_host;
mod manifest;
mod names;
mod net;
mod probe;
mod repository;
mod small;
mod status;
mod traces;
mod ways;
mod webhook;
mod zone;

pub(crate) use app::{App, SAMPLES};
pub(crate) use ca::{Ca, CaSettings, ExternalAccount};
pub(crate) use cluster::{Bits, Cluster, ClusterSettings, Opens};
pub(crate) use daemon::{CaOptions, Daemon, Encryption, Recipients, SealedTo, Settings, WayToCa};
pub(crate) use explanation::Explanation;
pub(crate) use git_host::GitHost;
pub(crate) use https_host::{HttpsHost, instead_of_ssh};
pub(crate) use manifest::TlsSecret;
pub(crate) use names::CAA_IDENTITY;
pub(crate) use probe::{Leaf, Probe};
pub(crate) use repository::{BRANCH, Beginning, Blob, Repository};
pub(crate) use small::{SmallWorld, Validation};
pub(crate) use status::{Account, Certificate, Fault, Stage, Status, TroubleWith, Unwanted};
pub(crate) use traces::Traces;
pub(crate) use webhook::{Signature, Webhook};

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::files;
use crate::proxy::{self, CaProxy, Effect, Endpoint, Scope, Times};
use crate::tools::{self, Tools};
use crate::wait::{self, Look};
use crate::workspace;

use cas::Cas;
use daemon::{Places, Ssh, Told};
use dns::Dns;
use edge::Edge;
use net::Net;

/// How long one of a world's own parts may take to get ready, and to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a certificate may take from its commit to both edges; far above what is usual, for machines under load.
pub(crate) const DELIVERY: Duration = Duration::from_secs(120);

/// How long an order may take from the commit of what it is for to its challenge.
const CHALLENGED: Duration = Duration::from_secs(60);

/// The programs that worlds are made of.
pub(crate) struct Programs {
    pub(crate) tools: Tools,
    pub(crate) nws_certd: PathBuf,
}

impl Programs {
    /// Finds, installs or builds them.
    pub(crate) async fn find_or_make() -> Result<Self> {
        Ok(Self {
            tools: tools::find_or_install().await?,
            nws_certd: workspace::build_daemon().await?,
        })
    }
}

/// Fields end in the order in which they stand here: who asks goes before who answers.
pub(crate) struct World {
    pub(crate) daemon: Daemon,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) proxy: CaProxy,
    pub(crate) git_host: GitHost,
    pub(crate) repository: Repository,
    /// The repositories beside it.
    pub(crate) others: Vec<Other>,
    pub(crate) webhook: Webhook,
    pub(crate) probe: Probe,
    /// The root certificates of what the CA issues and has issued, PEM.
    pub(crate) roots: String,
    dns: Dns,
    pub(crate) ca: Ca,
    /// The CAs after the first, with their proxies.
    pub(crate) fallbacks: Vec<(CaProxy, Ca)>,
    net: Net,
    folder: PathBuf,
}

impl World {
    /// Starts everything but the daemon, with a repository that holds nothing to serve yet. All files lie in `folder`.
    ///
    /// To be called from the main thread, since programs end with the thread that started them.
    pub(crate) async fn start(
        programs: &Programs,
        folder: &Path,
        settings: Settings,
    ) -> Result<Self> {
        files::make_folder(folder)?;
        let Programs { tools, nws_certd } = programs;
        let net = Net::claim()?;
        let dns = Dns::start(&tools.pebble, folder, &net).await?;
        let cas = Cas::start(&tools.pebble, folder, &net, dns.address(), settings).await?;
        files::write(&folder.join("root.pem"), cas.roots())?;
        let repository = Repository::create(&tools.git, folder, settings.beginning).await?;
        let git_host = GitHost::start(tools, folder, &net).await?;
        let webhook = Webhook::new(folder, net.part()?)?;
        let others = start_others(tools, folder, &net, settings).await?;
        let all = (&repository, &others[..]);
        let clusters = start_clusters(programs, folder, &net, all, settings.clusters).await?;
        let places = Places {
            folder: folder.to_owned(),
            cas: cas.places(settings.way),
            repository: git_host.url(repository.path()),
            ssh: Some(ssh(&git_host)),
            others: others
                .iter()
                .zip(settings.others)
                .map(|(other, (_, told))| (other.url(), ssh(&other.host), *told))
                .collect(),
            challenge: net.challenge,
            webhook: Some(Told {
                listen: webhook.address(),
                secret_file: webhook.secret_file().to_owned(),
            }),
            edges: clusters.iter().map(|cluster| cluster.edge().address()).collect(),
            keys: clusters.iter().map(Cluster::public_key).collect(),
            https: net.https,
            http: net.http,
            dns: dns.address(),
        };
        let daemon = Daemon::new(nws_certd, places, settings)?;
        let roots = cas.roots();
        let probe = Probe::new(&roots, net.https)?;
        let Cas { first: (proxy, ca), others: fallbacks, .. } = cas;
        let folder = folder.to_owned();
        Ok(Self {
            daemon,
            clusters,
            proxy,
            git_host,
            repository,
            others,
            webhook,
            probe,
            roots,
            dns,
            ca,
            fallbacks,
            net,
            folder,
        })
    }

    /// Kills the CA and starts it anew on the same address; it remembers nothing. What it issued before stays trusted.
    pub(crate) async fn restart_ca(&mut self) -> Result<()> {
        self.ca.restart().await?;
        self.roots.push_str(self.ca.root());
        files::write(&self.folder.join("root.pem"), &self.roots)?;
        self.probe = Probe::new(&self.roots, self.probe.port())?;
        Ok(())
    }

    /// Commits applications in one push and points their names at the edges, each at another edge first, so that the CA
    /// comes in through every one of them.
    pub(crate) async fn add(&self, apps: &[App]) -> Result<()> {
        for (at, app) in apps.iter().enumerate() {
            self.point_here(app, at).await?;
        }
        let manifests: Vec<_> = apps.iter().flat_map(App::manifests).collect();
        let names: Vec<_> = apps.iter().map(|app| app.name).collect();
        self.repository.commit(&manifests, &format!("Add {}", names.join(", "))).await
    }

    /// Points the names of an application at the edges, at one of them first.
    pub(crate) async fn point_here(&self, app: &App, first: usize) -> Result<()> {
        let mut addresses = self.edges();
        addresses.rotate_left(first % self.clusters.len());
        for host in app.hosts {
            self.dns.point(host, &addresses).await?;
        }
        Ok(())
    }

    /// Points a name at one edge, and gives its address.
    pub(crate) async fn point_at(&self, host: &str, edge: usize) -> Result<IpAddr> {
        let address = self.cluster(edge)?.edge().address();
        self.dns.point(host, &[address]).await?;
        Ok(address)
    }

    /// Points the names of an application at an address where nobody is, which it gives.
    pub(crate) async fn point_away(&self, app: &App) -> Result<IpAddr> {
        let nobody = self.net.network.host(9);
        for host in app.hosts {
            self.dns.point(host, &[nobody]).await?;
        }
        Ok(nobody)
    }

    /// As [`World::add`], with a CA that answers nothing about the challenge once it was asked to validate, until the proxy's faults
    /// are cleared.
    ///
    /// # Errors
    ///
    /// If the daemon ends, or it takes too long.
    pub(crate) async fn add_and_hang_at_challenge(&mut self, app: App) -> Result<()> {
        self.proxy.inject(proxy::Fault {
            scope: Scope::Only(Endpoint::Challenge),
            effect: Effect::Hang,
            times: Times::UntilCleared,
        });
        let asked = self.proxy.count(Endpoint::Challenge);
        self.add(&[app]).await?;
        wait::until("the order is at its challenge", CHALLENGED, async || {
            self.daemon.check_running()?;
            let is_there = self.proxy.count(Endpoint::Challenge) > asked;
            Ok(if is_there { Look::Done(()) } else { Look::NotYet("it is not".into()) })
        })
        .await
    }

    /// Points every name that was not added at an edge, so that hosts can be made up and committed by hand.
    pub(crate) async fn welcome_any_host(&self) -> Result<()> {
        let cluster = self.clusters.first().context("there is no edge")?;
        self.dns.point_others(cluster.edge().address()).await
    }

    /// What every edge serves for `host`.
    ///
    /// # Errors
    ///
    /// If an edge serves nothing that a client would accept, or two edges serve different certificates.
    pub(crate) async fn served(&self, host: &str) -> Result<Leaf> {
        let mut found: Option<Leaf> = None;
        for cluster in &self.clusters {
            let leaf = self.probe.leaf(cluster.edge().address(), host).await?;
            if let Some(other) = &found {
                ensure!(*other == leaf, "the edges serve {host} with different certificates");
            }
            found = Some(leaf);
        }
        found.context("there is no edge")
    }

    /// Waits until every edge serves `host` with one certificate.
    ///
    /// # Errors
    ///
    /// If the daemon ends, or it takes too long.
    pub(crate) async fn wait_served(&mut self, host: &str) -> Result<Leaf> {
        wait::until(&format!("{host} is served"), DELIVERY, async || {
            self.daemon.check_running()?;
            Ok(Look::from(self.served(host).await))
        })
        .await
    }

    /// As [`World::wait_served`], with another certificate than this one.
    pub(crate) async fn wait_replaced(&mut self, host: &str, before: &Leaf) -> Result<Leaf> {
        wait::until(&format!("{host} is served with another certificate"), DELIVERY, async || {
            self.daemon.check_running()?;
            Ok(match self.served(host).await {
                Ok(leaf) if leaf.serial == before.serial => Look::NotYet("it is the same".into()),
                served => Look::from(served),
            })
        })
        .await
    }

    /// As [`World::wait_served`], for every host of `apps`; in their order.
    pub(crate) async fn wait_all_served(&mut self, apps: &[App]) -> Result<Vec<Leaf>> {
        let mut leaves = Vec::new();
        for host in apps.iter().flat_map(|app| app.hosts) {
            leaves.push(self.wait_served(host).await?);
        }
        Ok(leaves)
    }

    /// As [`World::wait_all_served`], by one edge.
    pub(crate) async fn wait_all_served_at(&mut self, edge: usize, apps: &[App]) -> Result<()> {
        let address = self.cluster(edge)?.edge().address();
        for host in apps.iter().flat_map(|app| app.hosts) {
            self.wait_served_at(address, host).await?;
        }
        Ok(())
    }

    /// Waits until an edge serves `host`.
    pub(crate) async fn wait_served_at(&mut self, edge: IpAddr, host: &str) -> Result<Leaf> {
        wait::until(&format!("{host} is served on {edge}"), DELIVERY, async || {
            self.daemon.check_running()?;
            Ok(Look::from(self.probe.leaf(edge, host).await))
        })
        .await
    }

    pub(crate) fn cluster(&self, at: usize) -> Result<&Cluster> {
        self.clusters.get(at).context("there is no such cluster")
    }
}

/// A repository beside the first, behind a git host of its own.
pub(crate) struct Other {
    name: &'static str,
    pub(crate) repository: Repository,
    pub(crate) host: GitHost,
}

impl Other {
    fn url(&self) -> String {
        self.host.url(self.repository.path())
    }
}

async fn start_others(
    tools: &Tools,
    folder: &Path,
    net: &Net,
    settings: Settings,
) -> Result<Vec<Other>> {
    let mut others = Vec::new();
    for (name, _) in settings.others {
        let folder = folder.join(name);
        files::make_folder(&folder)?;
        let repository = Repository::create(&tools.git, &folder, settings.beginning).await?;
        others.push(Other { name, repository, host: GitHost::start(tools, &folder, net).await? });
    }
    Ok(others)
}

fn ssh(host: &GitHost) -> Ssh {
    Ssh { deploy_key: host.deploy_key(), known_hosts: host.known_hosts() }
}

async fn start_clusters(
    programs: &Programs,
    folder: &Path,
    net: &Net,
    (first, others): (&Repository, &[Other]),
    settings: [ClusterSettings; 2],
) -> Result<Vec<Cluster>> {
    let mut clusters = Vec::new();
    for ((name, host), settings) in [("edge-a", 2), ("edge-b", 3)].into_iter().zip(settings) {
        let (of, tree) = settings.tree.split_once(':').unwrap_or(("", settings.tree));
        let other = others.iter().find(|other| other.name == of);
        let repository = other.map_or(first, |other| &other.repository).clone();
        let edge = Edge::start(programs, folder, name, net, net.network.host(host)).await?;
        let around = (&programs.tools, folder, net);
        clusters.push(Cluster::start(around, edge, repository, (tree, settings), &clusters).await?);
    }
    Ok(clusters)
}
