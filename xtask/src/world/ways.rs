//! How challenges get from the edges to whoever answers them, where that is not as usual.

use anyhow::Result;

use super::net::CENTRAL;
use super::{Edge, Programs, World};

impl World {
    /// Starts a host that answers challenges on the edges' port, and has every edge send the CA there. Before anything is served.
    pub(crate) async fn answer_centrally(
        &mut self,
        programs: &Programs,
        host: &str,
    ) -> Result<Edge> {
        let address = self.net.network.host(CENTRAL);
        let (central, _) =
            Edge::start(programs, &self.folder, "central", &self.net, address).await?;
        self.dns.point(host, &[address]).await?;
        let url = format!("http://{host}:{}", self.net.http);
        for cluster in &mut self.clusters {
            cluster.edge_mut().answer_by(&["redirect", "--central", &url]).await?;
        }
        Ok(central)
    }

    /// Starts a third edge that serves nothing, for a name to lead to as well.
    pub(crate) async fn start_third_edge(&self, programs: &Programs) -> Result<Edge> {
        let address = self.net.network.host(CENTRAL);
        let (third, _) = Edge::start(programs, &self.folder, "third", &self.net, address).await?;
        Ok(third)
    }

    /// Has an edge ask nobody for challenges.
    pub(crate) async fn lead_nowhere(&self, edge: &mut Edge) -> Result<()> {
        let nobody = self.net.part()?.to_string();
        edge.answer_by(&["haproxy", "--backend", &nobody]).await
    }

    /// Has an edge ask the daemon for challenges.
    pub(crate) async fn lead_here(&self, edge: &mut Edge) -> Result<()> {
        let daemon = self.net.challenge.to_string();
        edge.answer_by(&["haproxy", "--backend", &daemon]).await
    }

    /// Has every edge answer challenges from the thumbprint of the account key alone. Before anything is served.
    pub(crate) async fn answer_without_daemon(&mut self) -> Result<()> {
        let config = self.daemon.config().display().to_string();
        for cluster in &mut self.clusters {
            cluster.edge_mut().answer_by(&["haproxy-stateless", "--config", &config]).await?;
        }
        Ok(())
    }
}
