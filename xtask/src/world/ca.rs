//! The ACME CA: Pebble, strict, with its bad nonces left on.

use std::net::SocketAddr;
use std::path::Path;
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
    root: String,
    _process: Process,
}

impl Ca {
    /// Starts a CA that validates over the world's HTTP port with the DNS server at `dns`, and issues certificates that
    /// live for `lifetime`.
    pub(crate) async fn start(
        pebble: &Pebble,
        folder: &Path,
        net: &Net,
        dns: SocketAddr,
        listeners: &ListenerCa,
        http: &Http,
        lifetime: Duration,
    ) -> Result<Self> {
        let (address, management) = (net.part()?, net.part()?);
        let folder = folder.join("pebble");
        let identity = listeners.issue(&[address.ip().to_string()])?;
        let (certificate, key, config) =
            (folder.join("cert.pem"), folder.join("key.pem"), folder.join("config.json"));
        files::write(&certificate, identity.certificate)?;
        files::write(&key, identity.key)?;
        let settings = json!({"pebble": {
            "listenAddress": address, "managementListenAddress": management,
            "certificate": certificate, "privateKey": key,
            "httpPort": net.http, "tlsPort": net.https, "ocspResponderURL": "", "externalAccountBindingRequired": false,
            // With several profiles Pebble picks one at random for orders that name none.
            "profiles": {"default": {"description": "the only one", "validityPeriod": lifetime.as_secs()}},
            // The same for Debian's Pebble, which knows no profiles.
            "certificateValidityPeriod": lifetime.as_secs(),
        }});
        files::write(&config, settings.to_string())?;

        let mut command = process::isolated(&pebble.server);
        command
            .arg("-strict")
            .arg("-dnsserver")
            .arg(dns.to_string())
            .arg("-config")
            .arg(&config)
            .envs(BEHAVIOUR);
        let mut process = Process::start("pebble", command, &folder.join("pebble.log"))?;
        let (directory, root) =
            (format!("https://{address}/dir"), format!("https://{management}/roots/0"));
        let (directory, root): (Uri, Uri) = (directory.parse()?, root.parse()?);
        let root = wait::until("the CA answers", PATIENCE, async || {
            process.check_running()?;
            Ok(Look::from(async { http.get(&directory).await.and(http.get(&root).await) }.await))
        })
        .await?;
        Ok(Self { address, root: String::from_utf8(root.into())?, _process: process })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root certificate of what this CA issues, PEM; another one at every start.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }
}
