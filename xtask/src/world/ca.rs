//! The ACME CA: Pebble, strict, with its bad nonces left on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use http::Uri;
use serde_json::json;

use crate::files;
use crate::http::Http;
use crate::process::{self, Process};
use crate::tls::ListenerCa;
use crate::tools::Pebble;
use crate::wait::{self, Look};
use crate::world::{Net, PATIENCE};

/// Pebble's behaviour that is set by environment: no sleeping before validations, one nonce in twenty refused, no
/// authorization used twice.
const BEHAVIOUR: [(&str, &str); 3] =
    [("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "5"), ("PEBBLE_AUTHZREUSE", "0")];

pub(crate) struct Ca {
    address: SocketAddr,
    management: SocketAddr,
    server: PathBuf,
    dns: SocketAddr,
    folder: PathBuf,
    http: Http,
    process: Process,
    root: String,
}

/// Where a CA goes for what it needs, and what it is to issue.
pub(super) struct CaSettings<'a> {
    pub(super) dns: SocketAddr,
    pub(super) listeners: &'a ListenerCa,
    pub(super) http: &'a Http,
    pub(super) lifetime: Duration,
}

impl Ca {
    /// Starts a CA that validates over the world's HTTP port.
    pub(super) async fn start(
        pebble: &Pebble,
        folder: &Path,
        net: &Net,
        settings: CaSettings<'_>,
    ) -> Result<Self> {
        let (address, management) = (net.part()?, net.part()?);
        let folder = folder.join("pebble");
        let identity = settings.listeners.issue(&[address.ip().to_string()])?;
        files::write(&folder.join("cert.pem"), identity.certificate)?;
        files::write(&folder.join("key.pem"), identity.key)?;
        let lifetime = settings.lifetime.as_secs();
        let config = json!({"pebble": {
            "listenAddress": address, "managementListenAddress": management,
            "certificate": folder.join("cert.pem"), "privateKey": folder.join("key.pem"),
            "httpPort": net.http, "tlsPort": net.https, "ocspResponderURL": "", "externalAccountBindingRequired": false,
            // With several profiles Pebble picks one at random for orders that name none.
            "profiles": {"default": {"description": "the only one", "validityPeriod": lifetime}},
            // The same for Debian's Pebble, which knows no profiles.
            "certificateValidityPeriod": lifetime,
        }});
        files::write(&folder.join("config.json"), config.to_string())?;
        let process = start(&pebble.server, settings.dns, &folder)?;
        let (server, http) = (pebble.server.clone(), settings.http.clone());
        let (dns, root) = (settings.dns, String::new());
        let mut ca = Self { address, management, server, dns, folder, http, process, root };
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

    /// Stops answering, without letting go of anything: connections are taken, requests are read, and that is all.
    pub(crate) fn freeze(&self) -> Result<()> {
        self.process.freeze()
    }

    /// Kills the CA and starts it anew on the same address: it knows no account, no order, and has another root.
    pub(super) async fn restart(&mut self) -> Result<()> {
        self.process.kill();
        self.process = start(&self.server, self.dns, &self.folder)?;
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

fn start(server: &Path, dns: SocketAddr, folder: &Path) -> Result<Process> {
    let mut command = process::isolated(server);
    command.args(["-strict", "-dnsserver", &dns.to_string(), "-config"]);
    command.arg(folder.join("config.json")).envs(BEHAVIOUR);
    Process::start("pebble", command, &folder.join("pebble.log"))
}
