//! The DNS server that the CA asks: Pebble's companion, set at run time.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::Result;
use http::Uri;
use serde_json::json;

use crate::http::Http;
use crate::process::{self, Process};
use crate::tools::Pebble;
use crate::wait::{self, Look};
use crate::world::{Net, PATIENCE};

/// Services that are not wanted here.
const OFF: [&str; 5] = ["-http01", "-https01", "-tlsalpn01", "-defaultIPv4", "-defaultIPv6"];

pub(crate) struct Dns {
    address: SocketAddr,
    management: SocketAddr,
    http: Http,
    process: Process,
}

impl Dns {
    pub(crate) async fn start(pebble: &Pebble, folder: &Path, net: &Net) -> Result<Self> {
        let http = Http::in_clear(PATIENCE);
        let (address, management) =
            (net.network.free_dns_address(net.network.host(1))?, net.part()?);
        let mut command = process::isolated(&pebble.dns);
        command.args(pebble.dns_options()).arg(address.to_string());
        command.arg("-management").arg(management.to_string());
        // Only DNS, and no answers of its own invention: a name that nobody pointed anywhere does not exist.
        command.args(OFF.iter().flat_map(|option| [option, ""]));
        let process = Process::start("pebble-challtestsrv", command, &folder.join("dns.log"))?;
        let mut dns = Self { address, management, http, process };
        wait::until("the DNS server answers", PATIENCE, async || {
            dns.process.check_running()?;
            Ok(Look::from(dns.tell("clear-a", &json!({"host": "ready.invalid"})).await))
        })
        .await?;
        Ok(dns)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers queries for `host` with `addresses`, in that order, and no others; the CA tries the first, of IPv6 if there is one.
    pub(crate) async fn point(&self, host: &str, addresses: &[IpAddr]) -> Result<()> {
        let (v4, v6): (Vec<IpAddr>, Vec<_>) =
            addresses.iter().partition(|address| address.is_ipv4());
        for (clear, add, addresses) in [("clear-a", "add-a", v4), ("clear-aaaa", "add-aaaa", v6)] {
            self.tell(clear, &json!({"host": host})).await?;
            if !addresses.is_empty() {
                self.tell(add, &json!({"host": host, "addresses": addresses})).await?;
            }
        }
        Ok(())
    }

    /// Answers queries for CAA records of `host` with one, or with none.
    pub(super) async fn let_issue(&self, host: &str, issue: Option<&str>) -> Result<()> {
        self.tell("clear-caa", &json!({"host": host})).await?;
        let Some(value) = issue else { return Ok(()) };
        let policies = json!([{"tag": "issue", "value": value}]);
        self.tell("add-caa", &json!({"host": host, "policies": policies})).await
    }

    /// Answers queries for all names that have no addresses of their own.
    pub(super) async fn point_others(&self, address: IpAddr) -> Result<()> {
        self.tell("set-default-ipv4", &json!({"ip": address})).await
    }

    async fn tell(&self, what: &str, json: &serde_json::Value) -> Result<()> {
        let uri: Uri = format!("http://{}/{what}", self.management).parse()?;
        self.http.post(&uri, json).await.map(drop)
    }
}
