//! A small world: a CA behind its proxy, a repository on the same disk, and the daemon, with a front before it or without.
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
    _front: Option<Front>,
    _dns: Dns,
    pub(crate) ca: Ca,
    _others: Vec<(CaProxy, Ca)>,
}

/// How the CA's requests for challenges reach whoever answers them.
pub(crate) enum Validation {
    /// At once, at the daemon's own listener.
    Direct,
    /// By a front, which passes the n-th request on after the n-th delay.
    Late(Box<dyn FnMut() -> Duration + Send>),
}

impl SmallWorld {
    /// Starts everything but the daemon.
    ///
    /// To be called from the main thread, since programs end with the thread that started them.
    pub(crate) async fn start(
        programs: &Programs,
        folder: &Path,
        settings: Settings,
        validation: Validation,
    ) -> Result<Self> {
        files::make_folder(folder)?;
        let Programs { tools, nws_certd } = programs;
        let mut net = Net::claim()?;
        let front = match validation {
            Validation::Direct => {
                net.http = net.challenge.port();
                None
            }
            Validation::Late(delays) => {
                let address = (net.network.host(2), net.http).into();
                Some(Front::start(address, net.challenge, delays).await?)
            }
        };
        let asked = front.as_ref().map_or(net.challenge, Front::address);
        let dns = Dns::start(&tools.pebble, folder, &net).await?;
        dns.point_others(asked.ip()).await?;
        let cas = Cas::start(&tools.pebble, folder, &net, dns.address(), settings).await?;
        let repository = Repository::create(&tools.git, folder, settings.beginning).await?;
        let places = Places {
            folder: folder.to_owned(),
            cas: cas.places(settings.way),
            repository: repository.path().display().to_string(),
            ssh: None,
            others: Vec::new(),
            challenge: net.challenge,
            webhook: None,
            edges: Vec::new(),
            keys: Vec::new(),
            https: net.https,
            http: net.http,
            dns: dns.address(),
        };
        let daemon = Daemon::new(nws_certd, places, settings)?;
        let Cas { first: (proxy, ca), others, .. } = cas;
        Ok(Self { daemon, proxy, repository, _front: front, _dns: dns, ca, _others: others })
    }

    /// Commits applications in one push.
    pub(crate) async fn add(&self, apps: &[App]) -> Result<()> {
        let manifests: Vec<_> = apps.iter().flat_map(App::manifests).collect();
        self.repository.commit(&manifests, &format!("Add {} applications", apps.len())).await
    }
}
