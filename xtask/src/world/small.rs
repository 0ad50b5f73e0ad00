//! A small world: a CA behind its proxy, a repository on the same disk, one front, and the daemon.
//!
//! For what looks at the CA and the repository only and wants to begin within a second: no edges that serve, no ssh.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::files;
use crate::proxy::CaProxy;
use crate::world::cas::Cas;
use crate::world::daemon::Places;
use crate::world::dns::Dns;
use crate::world::front::Front;
use crate::world::{App, Ca, Daemon, Net, Programs, Repository, Settings};

/// Fields end in the order in which they stand here: who asks goes before who answers.
pub(crate) struct SmallWorld {
    pub(crate) daemon: Daemon,
    pub(crate) proxy: CaProxy,
    pub(crate) repository: Repository,
    _front: Front,
    _dns: Dns,
    _ca: Ca,
    _others: Vec<(CaProxy, Ca)>,
}

impl SmallWorld {
    /// Starts everything but the daemon. The front passes the n-th request of the CA on after the n-th of `delays`.
    ///
    /// To be called from the main thread, since programs end with the thread that started them.
    pub(crate) async fn start(
        programs: &Programs,
        folder: &Path,
        settings: Settings,
        delays: impl FnMut() -> Duration + Send + 'static,
    ) -> Result<Self> {
        files::make_folder(folder)?;
        let Programs { tools, nws_certd } = programs;
        let net = Net::claim()?;
        let dns = Dns::start(&tools.pebble, folder, &net).await?;
        let front =
            Front::start((net.network.host(2), net.http).into(), net.challenge, delays).await?;
        dns.point_others(front.address().ip()).await?;
        let cas = Cas::start(&tools.pebble, folder, &net, dns.address(), settings).await?;
        let repository = Repository::create(&tools.git, folder, settings.beginning).await?;
        let places = Places {
            folder: folder.to_owned(),
            cas: cas.places(settings.way),
            repository: repository.path().display().to_string(),
            ssh: None,
            challenge: net.challenge,
            webhook: None,
            https: net.https,
            dns: dns.address(),
        };
        let daemon = Daemon::new(nws_certd, &places, settings)?;
        let Cas { first: (proxy, ca), others, .. } = cas;
        Ok(Self { daemon, proxy, repository, _front: front, _dns: dns, _ca: ca, _others: others })
    }

    /// Commits applications in one push.
    pub(crate) async fn add(&self, apps: &[App]) -> Result<()> {
        let manifests: Vec<_> = apps.iter().flat_map(App::manifests).collect();
        self.repository.commit(&manifests, &format!("Add {} applications", apps.len())).await
    }
}
