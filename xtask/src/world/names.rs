//! What DNS says of names, where that is not as usual.

use std::net::IpAddr;

use anyhow::Result;

use super::zone::Zone;
use super::{App, World};

/// The name of the CA for itself in CAA records: Pebble's own.
pub(crate) const CAA_IDENTITY: &str = "pebble.letsencrypt.org";

impl World {
    /// The addresses of all edges.
    pub(crate) fn edges(&self) -> Vec<IpAddr> {
        self.clusters.iter().map(|cluster| cluster.edge().address()).collect()
    }

    /// Starts a signed zone, and has the daemon ask it for names from its next start on.
    pub(crate) async fn ask_a_signed_zone(&self) -> Result<Zone> {
        let zone = Zone::start(&self.folder, &self.net).await?;
        let resolvers = |address| format!("resolvers = [\"{address}\"]");
        self.daemon.reconfigure(&resolvers(self.dns.address()), &resolvers(zone.address()))?;
        Ok(zone)
    }

    /// Points the names of an application at all edges, and at one more address.
    pub(crate) async fn point_also_to(&self, app: &App, other: IpAddr) -> Result<()> {
        for host in app.hosts {
            self.dns.point(host, &[self.edges(), vec![other]].concat()).await?;
        }
        Ok(())
    }

    /// Has the owner of a name let only one CA issue for it and for what is below, or any.
    pub(crate) async fn let_issue(&self, owner: &str, issue: Option<&str>) -> Result<()> {
        self.dns.let_issue(owner, issue).await
    }
}
