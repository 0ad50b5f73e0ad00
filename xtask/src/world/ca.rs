//! The ACME CA: Pebble, strict, as good or as bad as it is told to be.

mod management;
mod settings;

pub(crate) use settings::{CaSettings, ExternalAccount};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use http::Uri;

use crate::files;
use crate::http::Http;
use crate::process::{self, Process};
use crate::tls::{self, ListenerCa};
use crate::tools::Pebble;
use crate::wait::{self, Look};
use crate::world::PATIENCE;

pub(crate) struct Ca {
    address: SocketAddr,
    management: SocketAddr,
    server: PathBuf,
    dns: SocketAddr,
    folder: PathBuf,
    settings: CaSettings,
    http: Http,
    process: Process,
    root: String,
}

/// Where a CA listens, and where it goes for what it needs.
pub(super) struct Sites<'a> {
    pub(super) api: SocketAddr,
    pub(super) management: SocketAddr,
    pub(super) dns: SocketAddr,
    /// The ports that it validates over.
    pub(super) http: u16,
    pub(super) https: u16,
    /// Who certifies its listeners.
    pub(super) listeners: &'a ListenerCa,
}

impl Ca {
    pub(super) async fn start(
        pebble: &Pebble,
        folder: &Path,
        sites: &Sites<'_>,
        settings: CaSettings,
    ) -> Result<Self> {
        let Sites { api, management, dns, listeners, .. } = *sites;
        let identity = listeners.issue(&[api.ip().to_string()])?;
        files::write(&folder.join("cert.pem"), identity.certificate)?;
        files::write(&folder.join("key.pem"), identity.key)?;
        let config = settings.configuration(folder, sites);
        files::write(&folder.join("config.json"), config.to_string())?;
        let mut ca = Self {
            address: api,
            management,
            server: pebble.server.clone(),
            dns,
            process: start(&pebble.server, dns, folder, settings)?,
            folder: folder.to_owned(),
            settings,
            http: Http::new(tls::client_trusting(&listeners.pem())?, Duration::from_secs(5)),
            root: String::new(),
        };
        ca.wait_ready().await?;
        Ok(ca)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The ACME directory, without the proxy.
    pub(crate) fn directory(&self) -> String {
        format!("https://{}/dir", self.address)
    }

    /// The root certificate of what this CA issues, PEM; another one at every start.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Stops answering, without letting go of anything: connections are taken, requests are read, and that is all.
    pub(crate) fn freeze(&self) -> Result<()> {
        self.process.freeze()
    }

    /// Ends the CA with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Kills the CA and starts it anew on the same address: it knows no account, no order, and has another root.
    pub(super) async fn restart(&mut self) -> Result<()> {
        self.process.kill();
        self.process = start(&self.server, self.dns, &self.folder, self.settings)?;
        self.wait_ready().await
    }

    async fn wait_ready(&mut self) -> Result<()> {
        let directory: Uri = self.directory().parse()?;
        let root: Uri = format!("https://{}/roots/0", self.management).parse()?;
        let Self { process, http, .. } = self;
        let root = wait::until("the CA answers", PATIENCE, async || {
            process.check_running()?;
            Ok(Look::from(async { http.get(&directory).await.and(http.get(&root).await) }.await))
        })
        .await?;
        self.root = String::from_utf8(root.into())?;
        Ok(())
    }
}

fn start(server: &Path, dns: SocketAddr, folder: &Path, settings: CaSettings) -> Result<Process> {
    let mut command = process::isolated(server);
    command.args(["-strict", "-dnsserver", &dns.to_string(), "-config"]);
    command.arg(folder.join("config.json")).envs(settings.environment());
    Process::start("pebble", command, &folder.join("pebble.log"))
}
